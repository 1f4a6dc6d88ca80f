"""Shards are parted, joined and moved under load, and whoever takes part dies on the way: virtual seconds, so every
step can be met."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.messages import Scan
from actors.common.messages.arrow_rows import ArrowRows
from actors.crossbar.crossbar import Crossbar
from actors.runtime.simulation.disk import SimulatedDisk
from actors.storage.replica import StorageReplica
from actors.storage.upkeep import Upkeep
from cluster.reshaping import Reshaping
from cluster.shards import begun, resized
from cluster.simulation.hostile import small_key
from cluster.simulation.simulated_cluster import CONTROLLER
from cluster.state import Reshape
from tests.sim.test_moving_ranges import Scene

TABLE = bytes.fromhex("000040000001")
"""The first table's rows."""
KEY, MIDDLE, END = TABLE + small_key(0), TABLE + small_key(10), TABLE + small_key(1000)


class Shards(Scene):
    """Shard 1 holds keys below 0, shard 2 the others, which the writer writes."""

    async def begin(self, parents: list[int], cut: bytes | None = None) -> None:
        assert self.controller is not None
        await self.controller.change(lambda state: begun(state, parents, cut))

    @property
    def reshape(self) -> Reshape | None:
        return self.controller.state.reshape if self.controller is not None else None

    @property
    def is_over(self) -> bool:
        return (
            self.controller is not None
            and self.controller.state.shards_ever > 0
            and self.controller.state.reshape is None
        )

    async def over(self) -> None:
        await self.until(lambda: self.is_over, 40.0)

    def owners(self, *keys: int) -> list[int]:
        assert self.controller is not None
        return [self.controller.state.shard_map.shard(bytes(6) + small_key(key)) for key in keys]

    def replicas(self) -> list[str]:
        return self.cluster.roles("storage/")

    def storage(self, role: str) -> StorageReplica:
        replica = self.cluster.running(role)
        assert isinstance(replica, StorageReplica)
        return replica

    def files(self, role: str) -> list[str]:
        return sorted(
            path
            for process in self.world.processes.values()
            if role in process.disks
            for path in process.disks[role].files
        )


def test_a_shard_is_parted_joined_with_its_neighbour_and_moved_under_load() -> None:
    scene = Shards()

    async def scenario() -> None:
        for parents, cut, owners in (
            ([2], small_key(10), [1, 3, 3, 4, 4]),
            ([1, 3], None, [5, 5, 5, 4, 4]),
            ([4], None, [5, 5, 5, 6, 6]),
        ):
            before = scene.written
            await scene.begin(parents, cut)
            await scene.over()
            assert scene.owners(-1, 0, 9, 10, 99) == owners
            await scene.until(lambda before=before: scene.written > before + 40)  # type: ignore[misc]
        await scene.until(lambda: scene.replicas() == [f"storage/{shard}/{az}" for shard in (5, 6) for az in "abc"])
        await scene.until(
            lambda: not any(scene.files(f"storage/{shard}/{az}") for shard in (1, 2, 3, 4) for az in "abc")
        )

    scene.play(scenario)
    assert scene.refused == [], "nobody is refused anything"


@pytest.mark.parametrize(
    ("victim", "step"),
    [
        *((CONTROLLER, step) for step in ("begun", "filled", "handed on")),
        *(("crossbar-1", step) for step in ("begun", "handed on")),
        *(("storage-2-a", step) for step in ("begun", "handed on")),
        *(("storage-3-a", step) for step in ("begun", "filled", "handed on")),
    ],
)
def test_whoever_dies_on_the_way_the_shards_are_there(victim: str, step: str) -> None:
    scene = Shards()

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        if step == "filled":
            await scene.until(lambda: any(scene.files(f"storage/{shard}/a") for shard in (3, 4)))
        elif step == "handed on":
            await scene.until(lambda: (now := scene.reshape) is None or now.is_handed_on)
        if victim in scene.world.processes:
            scene.world.crash(victim)
            await scene.until(lambda: victim not in scene.world.processes or scene.world.processes[victim].up)
        await scene.over()
        assert scene.owners(-1, 5, 15) == [1, 3, 4]
        before = scene.written
        await scene.until(lambda: scene.written > before + 20)

    scene.play(scenario)


def test_nothing_is_handed_on_while_a_process_may_not_know_the_children() -> None:
    """The crossbar in it would let journals be trimmed without a thought for them."""
    scene = Shards()

    async def scenario() -> None:
        processors = [name for name in scene.world.processes if name.startswith("query_processor")]
        scene.world.network.partition([CONTROLLER], processors)
        await scene.begin([2], small_key(10))
        await scene.until(lambda: bool(scene.files("storage/3/a")))
        await asyncio.sleep(1.0)
        state = scene.reshape
        assert state is not None and not state.is_handed_on
        scene.world.network.heal()
        await scene.over()

    scene.play(scenario)


def test_parents_answer_who_does_not_know_the_new_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query processor that is cut off from the controller reads on; nothing ends before it knows better, within a
    time."""
    scene = Shards()
    monkeypatch.setattr("cluster.reshaping.PATIENCE_S", 2.0)

    async def scenario() -> None:
        processors = [name for name in scene.world.processes if name.startswith("query_processor")]
        await scene.begin([2], small_key(10))
        await scene.until(lambda: bool(scene.files("storage/3/a")))
        scene.world.network.partition([CONTROLLER], processors)
        await scene.until(lambda: (now := scene.reshape) is not None and now.is_handed_on)
        before = scene.written
        await asyncio.sleep(1.0)
        assert scene.reshape is not None and scene.written > before + 20
        await scene.over()  # then they are refused, and told nothing wrong
        scene.world.network.heal()

    scene.play(scenario)


def test_a_crossbar_feeds_no_shard_that_its_map_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Shards()
    dismissed: list[str] = []
    dismiss = Crossbar._dismiss

    def noting(crossbar: Crossbar, name: str) -> None:
        dismissed.append(name)
        dismiss(crossbar, name)

    monkeypatch.setattr(Crossbar, "_dismiss", noting)

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        await scene.over()
        await scene.until(lambda: dismissed == ["storage/2/a", "storage/2/b", "storage/2/c"])
        crossbar = scene.cluster.running("crossbar/1")
        assert isinstance(crossbar, Crossbar)
        await scene.until(lambda: sorted(crossbar._subscribers) == scene.replicas())

    scene.play(scenario)


def test_children_hold_their_own_columns_and_no_others() -> None:
    scene = Shards()

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        await scene.over()
        for role, low, high in (("storage/3/a", 0, 10), ("storage/4/a", 10, 1000)):
            replica = scene.storage(role)
            await scene.until(lambda replica=replica: not replica.store.foreign)  # type: ignore[misc]
            keys = [key for source in replica.store.sources for key in _keys(source)]
            assert keys and all(small_key(low) <= key[6:] < small_key(high) for key in keys if len(key) == 10)

    scene.play(scenario)


def test_children_share_their_parents_segments_until_they_are_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is made of both again meanwhile has no old version of anything."""
    scene = Shards()
    monkeypatch.setattr(Upkeep, "_tidy", lambda upkeep: None)

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        await scene.over()
        before = scene.written
        await scene.until(lambda: scene.written > before + 40)
        children = [scene.storage("storage/3/a").store, scene.storage("storage/4/a").store]
        shares = [share for store in children for share in store.foreign.values()]
        assert shares and all(0.0 < share < 1.0 for share in shares) and abs(sum(shares) - len(shares) / 2) < 0.1
        assert all(store.size_bytes < sum(source.bytes for source in store.sources) for store in children)
        at = scene.world.clock.now().latest
        parts = [
            await scene.world.bus.call("test", f"storage/{shard}/a", Scan(start, end, at))
            for shard, start, end in ((3, KEY, MIDDLE), (4, MIDDLE, END))
        ]
        await scene.begin([3, 4])
        await scene.over()
        assert not scene.storage("storage/5/a").store.foreign
        whole = await scene.world.bus.call("test", "storage/5/a", Scan(KEY, END, at))
        assert parts[0].count and parts[1].count
        assert _decoded(whole.rows) == [*_decoded(parts[0].rows), *_decoded(parts[1].rows)]

    scene.play(scenario)
    assert scene.refused == []


def test_where_no_file_has_two_names_segments_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Shards()

    monkeypatch.setattr(SimulatedDisk, "link", lambda *_: False)
    monkeypatch.setattr(Upkeep, "_tidy", lambda upkeep: None)

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        await scene.over()
        for role in ("storage/3/a", "storage/4/b"):
            store = scene.storage(role).store
            assert store.segments and not store.foreign, "clipped at once"

    scene.play(scenario)
    assert scene.refused == []


def test_replicas_that_only_serve_reads_come_and_go_under_load() -> None:
    scene = Shards()

    async def scenario() -> None:
        assert scene.controller is not None
        await scene.controller.change(lambda state: resized(state, 2, 5))

        def there(az: str) -> bool:
            replica = scene.cluster.running(f"storage/2/{az}")
            return isinstance(replica, StorageReplica) and replica.whole

        await scene.until(lambda: there("a2") and there("b3"))
        scene.world.crash("storage-2-a2", power_failure=True)
        await scene.until(lambda: scene.world.processes["storage-2-a2"].up and there("a2"))
        at = scene.world.clock.now().latest
        answers = [
            await scene.world.bus.call("test", f"storage/2/{az}", Scan(KEY, END, at)) for az in ("a", "a2", "b3")
        ]
        first, *others = [_decoded(answer.rows) for answer in answers]
        assert first and others == [first, first], "at one time all say the same"
        await scene.begin([2], small_key(10))
        await scene.over()
        await scene.until(lambda: len(scene.replicas()) == 3 + 5 + 5)
        await scene.controller.change(lambda state: resized(resized(state, 3, 3), 4, 3))
        await scene.until(lambda: scene.replicas() == [f"storage/{shard}/{az}" for shard in (1, 3, 4) for az in "abc"])
        await scene.until(lambda: not any(scene.files(f"storage/{shard}/a2") for shard in (2, 3, 4)))

    scene.play(scenario)
    assert scene.refused == []


def _decoded(rows: ArrowRows) -> list[dict[str, object]]:
    return rows.batch.to_pylist()  # type: ignore[no-any-return]


def _keys(source: object) -> list[bytes]:
    footer = getattr(source, "footer", None)
    if footer is None:
        return list(source.versions)  # type: ignore[attr-defined]
    return [key for number in range(len(footer.blocks)) for key in source.block(number).batch.column(0).to_pylist()]  # type: ignore[attr-defined]


def test_a_reshape_is_pursued_by_the_controller_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not any more takes no step."""
    scene = Shards()
    steps: list[str] = []
    step = Reshaping._step

    async def noting(reshaping: Reshaping, what: object, reshape: Reshape) -> None:
        steps.append(getattr(what, "__name__", ""))
        await step(reshaping, what, reshape)  # type: ignore[arg-type]

    monkeypatch.setattr(Reshaping, "_step", noting)

    async def scenario() -> None:
        await scene.begin([2], small_key(10))
        await scene.over()

    scene.play(scenario)
    assert steps == ["handed_on", "ended"]
