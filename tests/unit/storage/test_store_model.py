"""The store against a model: a dict of versions that forgets nothing, with checkpoints, merges and restarts in
between."""

from __future__ import annotations

import asyncio
from random import Random
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common import write_set
from actors.common.messages import Deliver, Stage
from actors.storage import block_scan, maintenance, segment, staging
from actors.storage.block_scan import block_part
from actors.storage.maintenance import Maintenance
from actors.storage.staging import Staging
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

KEYS = [bytes([0, 0, 0, 1, 0, 1]) + bytes([number]) for number in range(40)]
AGE = 6


class Model:
    def __init__(self) -> None:
        self.versions: dict[bytes, dict[int, bytes | None]] = {}
        self.drops: list[tuple[bytes, bytes, int]] = []

    def get(self, key: bytes, at: int) -> bytes | None:
        time = max((time for time in self.versions.get(key, {}) if time <= at), default=0)
        if not time or any(start <= key < end and time < drop <= at for start, end, drop in self.drops):
            return None
        return self.versions[key][time]

    def scan(self, start: bytes, end: bytes, at: int) -> list[tuple[bytes, bytes]]:
        found = ((key, self.get(key, at)) for key in KEYS if start <= key < end)
        return [(key, value) for key, value in found if value is not None]


def scan(store: Store, start: bytes, end: bytes, at: int, reverse: bool, rows_max: int) -> list[tuple[bytes, bytes]]:
    rows: list[tuple[bytes, bytes]] = []
    for _ in range(1000):
        window = store.window(start, end, at, reverse, rows_max)
        rows += zip(window.keys, window.values, strict=True)
        if window.resume is None:
            return rows
        if reverse:
            assert window.resume < end
            end = window.resume
        else:
            assert window.resume > start
            start = window.resume
    raise AssertionError("the scan does not end")


def scan_by_blocks(store: Store, start: bytes, end: bytes, at: int) -> list[tuple[bytes, bytes]]:
    """Block by block where that can be done, else in windows."""
    rows: list[tuple[bytes, bytes]] = []
    place: bytes | None = start
    while place is not None and place < end:
        part = block_part(store, place, end, at)
        if part is None:
            window = store.window(place, end, at, False, 3)
            rows += zip(window.keys, window.values, strict=True)
            place = window.resume
        else:
            keys, values = part.pick(part.block.batch.column(0)), part.pick(part.block.batch.column(2))
            rows += sorted([*zip(keys.to_pylist(), values.to_pylist()), *zip(part.overlay_keys, part.overlay_values)])  # noqa: B905
            place = part.resume
    return rows


writes = st.tuples(
    st.just("write"),
    st.dictionaries(
        st.sampled_from(KEYS), st.one_of(st.none(), st.binary(min_size=1, max_size=3)), min_size=1, max_size=12
    ),
)
large = st.tuples(
    st.just("large"),
    st.dictionaries(
        st.sampled_from(KEYS), st.one_of(st.none(), st.binary(min_size=1, max_size=3)), min_size=1, max_size=30
    ),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
drops = st.tuples(st.just("drop"), st.sampled_from(KEYS), st.sampled_from(KEYS))
steps = st.lists(
    st.one_of(
        writes,
        writes,
        large,
        drops,
        st.tuples(st.just("checkpoint")),
        st.tuples(st.just("merge")),
        st.tuples(st.just("merge_all")),
        st.tuples(st.just("restart")),
    ),
    max_size=30,
)


def encode(rows: dict[bytes, bytes | None]) -> bytes:
    keys = sorted(rows)
    return write_set.encode(
        keys,
        [rows[key] for key in keys],
        [write_set.PUT if rows[key] is not None else write_set.DELETE for key in keys],
    )


class World:
    """A store that is driven by steps, what was delivered since its checkpoint, and the model."""

    def __init__(self) -> None:
        self.disk = MemoryDisk()
        self.store = Store(self.disk)
        self.maintenance = Maintenance(self.store, 2)
        self.model = Model()
        self.staging = Staging(self.store)
        self.log: list[tuple[int, list[bytes]]] = []
        self.now = 0

    @property
    def horizon(self) -> int:
        return max(self.now - AGE, 0)

    def deliver(self, payload: bytes) -> None:
        self.log.append((self.now, [payload]))
        self.store.apply(payload, self.now)

    def deliver_large(self, rows: dict[bytes, bytes | None], piece_rows: int, random: Random) -> None:
        """In pieces that may overtake each other."""
        keys = sorted(rows)
        pieces = [
            encode({key: rows[key] for key in keys[at : at + piece_rows]}) for at in range(0, len(keys), piece_rows)
        ]
        if random.random() < 0.5:
            random.shuffle(pieces)
        self.log.append((self.now, pieces))
        self.stage(pieces, self.now)

    def stage(self, pieces: list[bytes], commit_ts: int) -> None:
        """As a stream does, which always begins with nothing staged."""
        name = commit_ts.to_bytes(16, "big")
        for number, piece in enumerate(pieces):
            assert self.staging.take(Stage(1, 1, 1, name, number, [piece]))
        message = Deliver(1, 1, 0, [], [], [], commit_ts, [(commit_ts, 1, name, len(pieces))])
        assert self.staging.complete(message, commit_ts - 1)
        self.staging.apply(message, commit_ts - 1)

    async def step(self, step: tuple) -> None:  # type: ignore[type-arg]
        if step[0] == "write":
            self.now += 1
            for key, value in step[1].items():
                self.model.versions.setdefault(key, {})[self.now] = value
            self.deliver(encode(step[1]))
        elif step[0] == "large":
            self.now += 1
            for key, value in step[1].items():
                self.model.versions.setdefault(key, {})[self.now] = value
            self.deliver_large(*step[1:])
        elif step[0] == "drop":
            start, end = min(step[1:]), max(step[1:])
            if start < end:
                self.now += 1
                self.model.drops.append((start, end, self.now))
                self.deliver(write_set.encode([start], [end], [write_set.DROP_RANGE]))
        elif step[0] == "checkpoint":
            await self.maintenance.checkpoint(self.now, self.horizon)
        elif step[0] == "merge":
            await self.maintenance.merge(self.horizon)
        elif step[0] == "merge_all":
            if len(self.store.segments) > 1:
                await self.maintenance.merge_run(self.store.segments, self.horizon)
        else:
            self.store = Store(self.disk)
            self.maintenance = Maintenance(self.store, 2)
            self.staging = Staging(self.store)
            after = self.store.checkpoint_ts
            for commit_ts, payloads in self.log:
                if len(payloads) > 1 and commit_ts > after:
                    self.stage(payloads, commit_ts)
                elif commit_ts > max(after - 2, 0):
                    for payload in payloads:
                        self.store.apply(payload, commit_ts)

    def check(self) -> None:
        for at in range(max(self.store.horizon, 1), self.now + 2):
            for key in KEYS:
                assert self.store.get(key, at) == self.model.get(key, at), (key, at)
        for at in {max(self.store.horizon, 1), self.now, (self.store.horizon + self.now) // 2 + 1}:
            for start, end in ((KEYS[0], KEYS[-1] + b"\x00"), (KEYS[7], KEYS[20]), (KEYS[20], KEYS[7])):
                expected = self.model.scan(start, end, at)
                assert scan_by_blocks(self.store, start, end, at) == expected
                for rows_max in (1, 3, 100):
                    assert scan(self.store, start, end, at, False, rows_max) == expected
                    assert scan(self.store, start, end, at, True, rows_max) == expected[::-1]


@settings(max_examples=200, deadline=None)
@given(steps, st.sampled_from([1, 3, 100]), st.sampled_from([1, 1000, 1 << 20]))
def test_store_agrees_with_the_model(script: list[tuple], block_rows: int, large_bytes: int) -> None:  # type: ignore[type-arg]
    async def run() -> None:
        world = World()
        for step in script:
            await world.step(step)
        world.check()

    with (
        patch.object(segment, "BLOCK_ROWS_MAX", block_rows),
        patch.object(segment, "SPARSE_ROWS", 2),
        patch.object(maintenance, "SLICE_ROWS", 2),
        patch.object(maintenance, "LARGE_BYTES", large_bytes),
        patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 1),
        patch.object(staging, "MEMORY_PIECES_MAX", 2),
    ):
        asyncio.run(run())
