"""The pure parts of the crossbar: merge and router, against what they should be by definition."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common import write_set
from actors.common.ranges import ShardMap
from actors.crossbar.merge import Merge
from actors.crossbar.router import route
from actors.journal.record import COMMIT, EPOCH_BEGIN, LEASE, RecordHeader


def header(lsn: int, commit_ts: int, epoch: int = 1, kind: int = COMMIT) -> RecordHeader:
    return RecordHeader(lsn, epoch, kind, commit_ts, commit_ts, commit_ts + 1000)


def times(merge: Merge) -> list[int]:
    return [commit_ts for commit_ts, *_ in merge.take()]


def test_a_record_waits_for_every_journal() -> None:
    merge = Merge([1, 2])
    merge.add(1, [(header(1, 10), b""), (header(2, 20), b"")])
    assert times(merge) == []
    merge.add(2, [(header(1, 15), b"")])
    assert times(merge) == [10, 15] and merge.watermark == 15
    merge.promised(2, 1, 30, 1)
    assert times(merge) == [20] and merge.watermark == 20


def test_a_promise_counts_after_its_place_in_the_stream() -> None:
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b"")])
    merge.promised(1, 1, 100, 3)
    assert times(merge) == [10] and merge.watermark == 10
    merge.add(1, [(header(2, 50), b"")])
    assert times(merge) == [50] and merge.watermark == 50
    merge.add(1, [(header(3, 60), b"")])
    assert times(merge) == [60] and merge.watermark == 100


def test_a_later_promise_may_count_before_an_earlier_one() -> None:
    """Commits that are dated ahead: a promise of now, after record 1, and one far ahead, after record 3."""
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b"")])
    merge.promised(1, 1, 100, 3)
    merge.promised(1, 1, 30, 1)
    assert times(merge) == [10] and merge.watermark == 30
    merge.add(1, [(header(2, 50), b""), (header(3, 60), b"")])
    assert times(merge) == [50, 60] and merge.watermark == 100


def test_a_promise_of_a_past_epoch_is_void() -> None:
    """Epoch 1 promised 100 after record 3 of its own, which was lost with it; epoch 2's record 3 is another."""
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b""), (header(2, 20), b"")])
    merge.promised(1, 1, 100, 3)
    merge.add(1, [(header(3, 50, epoch=2, kind=EPOCH_BEGIN), b""), (header(4, 60, epoch=2), b"")])
    assert times(merge) == [10, 20, 60] and merge.watermark == 60


def test_a_promise_of_a_coming_epoch_waits_for_it() -> None:
    merge = Merge([1])
    merge.add(1, [(header(5, 10), b"")])
    merge.promised(1, 2, 100, 1)
    assert times(merge) == [10] and merge.watermark == 10
    merge.add(1, [(header(6, 50, epoch=2, kind=EPOCH_BEGIN), b"")])
    merge.take()
    assert merge.watermark == 100


def test_a_lease_moves_the_watermark_and_brings_nothing() -> None:
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b""), (header(2, 40, kind=LEASE), b"")])
    assert times(merge) == [10] and merge.watermark == 40


def test_a_commit_at_or_below_a_promise_is_an_impossible_state() -> None:
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b"")])
    merge.promised(1, 1, 100, 1)
    with pytest.raises(AssertionError, match="I5"):
        merge.add(1, [(header(2, 100), b"")])


def test_a_gap_is_an_impossible_state() -> None:
    merge = Merge([1])
    merge.add(1, [(header(1, 10), b"")])
    with pytest.raises(AssertionError):
        merge.add(1, [(header(3, 30), b"")])


@given(st.integers(0, 2**32))
def test_any_interleaving_gives_one_order(seed: int) -> None:
    random = Random(seed)
    streams: dict[int, list[int]] = {
        journal: sorted(random.sample(range(1, 400), random.randint(0, 40)))
        for journal in range(1, random.randint(2, 5))
    }
    merge = Merge(list(streams))
    sent = dict.fromkeys(streams, 0)
    seen: list[tuple[int, int]] = []
    while any(sent[journal] < len(commits) for journal, commits in streams.items()):
        journal = random.choice([journal for journal in streams if sent[journal] < len(streams[journal])])
        upto = min(len(streams[journal]), sent[journal] + random.randint(1, 5))
        merge.add(journal, [(header(place + 1, streams[journal][place]), b"x") for place in range(sent[journal], upto)])
        sent[journal] = upto
        seen += [(commit_ts, number) for commit_ts, number, *_ in merge.take()]
        expected = sorted(
            (commit_ts, number)
            for number, commits in streams.items()
            for commit_ts in commits
            if commit_ts <= merge.watermark
        )
        assert seen == expected
    for journal, commits in streams.items():
        merge.promised(journal, 1 if commits else 0, 1000, len(commits))
    seen += [(commit_ts, number) for commit_ts, number, *_ in merge.take()]
    assert seen == sorted((commit_ts, number) for number, commits in streams.items() for commit_ts in commits)
    assert merge.watermark == 1000 and merge.held_bytes == 0


MAP = ShardMap(1, (b"\x40", b"\x80", b"\xc0"), (1, 2, 1, 2), (1, 2, 3, 1))


@given(st.sets(st.tuples(st.integers(1, 3), st.binary(max_size=3)), min_size=1, max_size=20), st.booleans())
def test_each_row_goes_to_its_shard(places: set[tuple[int, bytes]], deletes: bool) -> None:
    keys = sorted(b"\0\0\0" + bytes([table]) + b"\0\0" + rest for table, rest in places)
    values: list[bytes | None] = [None if deletes and number % 2 else b"v%d" % number for number in range(len(keys))]
    kinds = [write_set.DELETE if value is None else write_set.PUT for value in values]
    payload = write_set.encode(keys, values, kinds)
    parts = route(payload, MAP)
    assert {shard: list(write_set.rows(part)) for shard, part in parts.items()} == {
        shard: [row for row in zip(keys, values, kinds, strict=True) if MAP.shard(row[0]) == shard] for shard in parts
    }
    assert set(parts) == {MAP.shard(one) for one in keys}
    if len(parts) == 1:
        assert next(iter(parts.values())) is payload, "one shard's write set is passed on as it is"


def test_a_dropped_range_goes_to_the_shards_that_it_touches() -> None:
    space = b"\0\0\0\x01\0\0"

    def drop(start: bytes, end: bytes) -> list[int]:
        return sorted(route(write_set.encode([start], [end], [write_set.DROP_RANGE]), MAP))

    assert drop(space + b"\x41", space + b"\x90") == [2, 3]
    assert drop(space, b"\0\0\0\x01\0\x01") == [1, 2, 3]


def test_a_write_set_without_rows_goes_nowhere() -> None:
    assert route(write_set.encode([], [], []), MAP) == {}
