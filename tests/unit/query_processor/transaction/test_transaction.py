"""Transactions: snapshot reads with own writes, one commit message, limits, and what a failing peer turns into."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError, conflict, unavailable
from actors.common.messages import Commit, Get, Suspect
from actors.common.refusals import NotCommitted, StaleCatalog
from actors.common.settings import Limits, Settings
from actors.common.timestamps import Interval
from actors.query_processor.transaction import CatalogStale, Transaction, committing, resolving
from actors.query_processor.transaction import scanner as scanner_module
from actors.query_processor.transaction import transaction as transaction_module
from actors.reading import storage_client as storage_client_module
from actors.runtime.fiber import Fiber, as_future
from tests.unit.query_processor.support.cluster import FakeCluster, run

SPACE = b"\x00\x00\x40\x00\x00\x01"
END = b"\x00\x00\x40\x00\x00\x02"


def key(number: int) -> bytes:
    return SPACE + bytes([number])


def on_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """For what pauses: drive a fiber's coroutine under asyncio."""

    async def main() -> Any:
        return await as_future(coroutine)

    return asyncio.run(main())


async def everything(transaction: Transaction, reverse: bool = False, limit: int = 0) -> list[tuple[bytes, bytes]]:
    scanner = transaction.scan(SPACE, END, reverse=reverse, limit=limit)
    rows: list[tuple[bytes, bytes]] = []
    while (batch := await scanner.next_rows()) is not None:
        assert batch
        rows += batch
    return rows


def test_reads_at_start_ts_and_sees_its_own_writes() -> None:
    cluster = FakeCluster()
    cluster.write({key(1): b"one", key(200): b"two hundred"})
    transaction = cluster.begin()
    cluster.write({key(1): b"later"})
    transaction.put(key(2), b"mine")
    transaction.delete(key(200))
    assert run(transaction.get([key(200), key(1), key(2), key(3)])) == [None, b"one", b"mine", None]
    assert run(transaction.get_one(key(1))) == b"one"
    assert run(everything(transaction)) == [(key(1), b"one"), (key(2), b"mine")]


def test_get_asks_each_shard_once() -> None:
    cluster = FakeCluster()
    cluster.write({key(number): bytes([number]) for number in range(0, 256, 16)})
    transaction = cluster.begin()
    cluster.bus.sent.clear()
    keys = [key(number) for number in range(240, -1, -16)]
    assert run(transaction.get(keys)) == [k[6:] for k in keys]
    assert [name for name, message in cluster.bus.sent if isinstance(message, Get)] == ["storage/2/a", "storage/1/a"]


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    stored=st.dictionaries(st.integers(0, 255), st.binary(max_size=3), max_size=20),
    own=st.dictionaries(st.integers(0, 255), st.none() | st.binary(max_size=3), max_size=10),
    reverse=st.booleans(),
    limit=st.integers(0, 6),
    bytes_max=st.integers(1, 40),
    slice_rows=st.integers(1, 3),
)
def test_scan_is_the_merge_of_both(
    stored: dict[int, bytes], own: dict[int, bytes | None], reverse: bool, limit: int, bytes_max: int, slice_rows: int
) -> None:
    cluster = FakeCluster(shards=4)
    cluster.scan_bytes_max = bytes_max
    cluster.write({key(number): value for number, value in stored.items()})
    transaction = cluster.begin()
    for number, value in own.items():
        if value is None:
            transaction.delete(key(number))
        else:
            transaction.put(key(number), value)
    expected = [
        (key(number), value)
        for number, value in sorted({**stored, **own}.items(), reverse=reverse)
        if value is not None
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner_module, "SLICE_ROWS", slice_rows)
        assert on_loop(everything(transaction, reverse, limit)) == (expected[:limit] if limit else expected)


def test_commit_sends_one_sorted_write_set_to_the_owner_of_most_keys() -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    for number in (250, 3, 240, 230):
        transaction.put(key(number), b"x")
    transaction.check(key(9))
    transaction.check(key(3))
    commit_ts = run(transaction.commit())
    [(name, message)] = [(name, message) for name, message in cluster.bus.sent if isinstance(message, Commit)]
    assert name == "adjudicator/2" and message.checked == [key(9)] and message.start_ts == transaction.start_ts
    assert commit_ts > transaction.start_ts and cluster.keys(commit_ts, SPACE) == [key(3), key(230), key(240), key(250)]


def test_a_reader_ends_when_its_snapshot_is_past_on_every_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who begins after it, on a slower clock, might not see what it saw."""
    cluster = FakeCluster()
    transaction = cluster.begin()
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def commit_at(earliest: int, latest: int) -> None:
        cluster.clock.now = lambda: Interval(transaction.start_ts + earliest, transaction.start_ts + latest)  # type: ignore[method-assign]
        assert run(transaction.commit()) is None

    monkeypatch.setattr(transaction_module, "pause", pause)
    commit_at(0, 0)
    assert pauses == []
    commit_at(-20_000, 500)
    assert pauses == [0.02]
    commit_at(-3_600_000_000, -3_599_999_000)
    assert pauses == [0.02, 0.001], "not for an hour, where the clock was set back by one"


def test_a_transaction_without_writes_sends_nothing() -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    cluster.bus.sent.clear()
    assert run(transaction.commit()) is None and cluster.bus.sent == []
    transaction = cluster.begin()
    transaction.check(key(1))
    transaction.rollback()
    assert run(transaction.commit()) is None and cluster.bus.sent == []


def test_a_transaction_that_only_checked_commits_with_nothing_to_write() -> None:
    cluster = FakeCluster()
    locks, writes = cluster.begin(), cluster.begin()
    for number in (250, 3, 230):
        locks.check(key(number))
    assert run(locks.commit()) > locks.start_ts
    [(name, message)] = [(name, message) for name, message in cluster.bus.sent if isinstance(message, Commit)]
    assert name == "adjudicator/2" and message.write_set == b"" and message.checked == [key(3), key(230), key(250)]
    locks = cluster.begin()
    locks.check(key(3))
    writes.put(key(3), b"x")
    run(writes.commit())
    with pytest.raises(DatabaseError) as failure:
        run(locks.commit())
    assert failure.value.sqlstate == "40001" and "(OC000)" in failure.value.message


def test_first_committer_wins() -> None:
    cluster = FakeCluster()
    one, two = cluster.begin(), cluster.begin()
    one.put(key(1), b"1")
    two.put(key(1), b"2")
    run(one.commit())
    with pytest.raises(DatabaseError) as failure:
        run(two.commit())
    assert failure.value.sqlstate == "40001" and "(OC000)" in failure.value.message


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(transaction_rows_max=2), "transaction row limit exceeded"),
        (Limits(transaction_bytes_max=1 << 20), "transaction size limit 1mb exceeded"),
        (Limits(row_bytes_max=100), "maximum row size exceeded"),
    ],
)
def test_limits(limits: Limits, message: str) -> None:
    transaction = FakeCluster(replace(Settings(), limits=limits)).begin()
    transaction.put(key(1), b"x" * 100)
    transaction.put(key(1), b"y" * 100)
    transaction.put(key(2), b"z" * 100, counts=False)
    with pytest.raises(DatabaseError) as failure:
        for number in range(3, 5):
            transaction.put(key(number), b"z" * 600_000)
    assert (failure.value.sqlstate, failure.value.message) == ("54000", message)


def test_index_entries_are_not_rows() -> None:
    transaction = FakeCluster(replace(Settings(), limits=Limits(transaction_rows_max=1))).begin()
    transaction.put(key(1), b"x")
    for number in range(2, 50):
        transaction.put(key(number), b"", counts=False)
    assert transaction.buffer.rows == 1


def test_age_limit() -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.clock.time += 300_000_001
    with pytest.raises(DatabaseError, match="transaction age limit of 300s exceeded"):
        run(transaction.commit())


def test_another_replica_answers_when_the_nearest_is_away() -> None:
    cluster = FakeCluster()
    cluster.write({key(1): b"one"})
    transaction = cluster.begin()
    cluster.bus.failures["storage/1/a"] = [unavailable("storage/1/a")] * 5
    assert run(transaction.get_one(key(1))) == b"one"
    assert run(transaction.get([key(1), key(2)])) == [b"one", None]
    assert len(cluster.bus.failures["storage/1/a"]) == 4, "the replica that failed is not asked again at once"
    cluster.clock.time += 6_000_000
    cluster.bus.failures.clear()
    cluster.bus.sent.clear()
    run(transaction.get_one(key(1)))
    assert cluster.bus.sent[-1][0] == "storage/1/a", "the nearest is preferred again after a while"


def test_scan_moves_to_another_replica() -> None:
    cluster = FakeCluster()
    cluster.write({key(number): b"" for number in range(0, 256, 8)})
    transaction = cluster.begin()
    cluster.bus.failures["storage/2/a"] = [unavailable("storage/2/a")] * 5
    assert len(run(everything(transaction))) == 32


def test_reads_give_up_after_bounded_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_client_module, "ATTEMPT_PAUSE_S", 0.0)
    cluster = FakeCluster()
    transaction = cluster.begin()
    for az in "abc":
        cluster.bus.failures[f"storage/1/{az}"] = [unavailable("storage/1")] * 100
    for read in (transaction.get_one(key(1)), everything(transaction)):
        cluster.bus.sent.clear()
        with pytest.raises(DatabaseError, match="unavailable"):
            on_loop(read)
        assert len(cluster.bus.sent) <= storage_client_module.ATTEMPTS_MAX + 2


def test_a_redirect_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_client_module, "ATTEMPT_PAUSE_S", 0.0)
    monkeypatch.setattr(committing, "COMMIT_PAUSE_S", 0.0)
    cluster = FakeCluster()
    transaction = cluster.begin()
    cluster.bus.failures["storage/1/a"] = [DatabaseError("55000", "Redirected")] * 2
    cluster.bus.failures["adjudicator/1"] = [DatabaseError("55000", "Redirected")] * 2
    assert on_loop(transaction.get_one(key(1))) is None
    transaction.put(key(1), b"x")
    assert on_loop(transaction.commit()) is not None


def test_no_answer_to_a_commit_nor_to_what_became_of_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "RESOLVE_S", 0.03)
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.bus.failures["adjudicator/1"] = [unavailable("adjudicator/1", "no answer in time")] * 9
    with pytest.raises(DatabaseError) as failure:
        on_loop(transaction.commit())
    assert (failure.value.sqlstate, failure.value.message) == ("08007", "transaction resolution unknown")
    assert cluster.bus.posts == [("controller", Suspect("adjudicator/1"))]


@pytest.mark.parametrize("refusal", [conflict(), DatabaseError("08006", "it has not come", refusal=NotCommitted())])
def test_whoever_leads_next_says_what_became_of_a_commit(refusal: DatabaseError) -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.bus.failures["adjudicator/1"] = [unavailable("adjudicator/1", "it has moved"), unavailable("", ""), refusal]
    with pytest.raises(DatabaseError) as failure:
        on_loop(transaction.commit())
    assert failure.value is refusal and not cluster.bus.failures["adjudicator/1"]


def test_certainly_not_committed_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "COMMIT_PAUSE_S", 0.0)
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.bus.failures["adjudicator/1"] = [DatabaseError("08006", "no participant", refusal=NotCommitted())] * 3
    assert on_loop(transaction.commit()) is not None


def test_the_first_read_finds_a_stale_catalog() -> None:
    cluster = FakeCluster()
    cluster.begin()
    cluster.catalog_changes.append(cluster.clock.now().latest)
    transaction = cluster.begin()
    with pytest.raises(CatalogStale):
        run(transaction.get_one(key(1)))
    run(transaction.reload_catalog())
    assert run(transaction.get_one(key(1))) is None and transaction.verified
    assert transaction.catalog.version == cluster.catalog_changes[0]
    assert cluster.begin().catalog is transaction.catalog, "the process has learnt of the change"


def test_commit_revalidates_the_catalog_when_asked() -> None:
    cluster = FakeCluster()
    cluster.begin()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.bus.failures["adjudicator/1"] = [
        DatabaseError("55000", "catalog must be revalidated", refusal=StaleCatalog(12345))
    ]
    assert run(transaction.commit()) is not None
    commits = [message for _, message in cluster.bus.sent if isinstance(message, Commit)]
    assert len(commits) == 2 and commits[1].catalog_ts == transaction.start_ts > commits[0].catalog_ts
    assert commits[0].transaction != commits[1].transaction, "a stale copy of the first must not stand in the way"


def test_drop_range_forgets_own_writes_in_it() -> None:
    cluster = FakeCluster()
    cluster.write({key(number): b"old" for number in (1, 2, 3)})
    transaction = cluster.begin()
    transaction.put(key(2), b"new")
    transaction.drop_range(SPACE, END)
    transaction.put(END + b"1", b"elsewhere")
    commit_ts = run(transaction.commit())
    assert cluster.keys(commit_ts) == [END + b"1"]


def on_a_loop(test: Callable[[], None]) -> Callable[[], None]:
    """Commits that wait are watched by a timer."""

    @functools.wraps(test)
    def run_it() -> None:
        async def main() -> None:
            test()

        asyncio.run(main())

    return run_it


@on_a_loop
def test_a_commit_that_is_sent_is_not_cancelled() -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    held: list[Any] = []
    answer = cluster.bus.request
    cluster.bus.request = lambda *arguments: held.append(arguments)  # type: ignore[method-assign,assignment]
    ends: list[tuple[Any, BaseException | None]] = []
    fiber = Fiber(transaction.commit(), lambda value, error: ends.append((value, error)))
    for _ in range(3):
        fiber.cancel(DatabaseError("57014", "canceling statement due to user request"))
    assert not ends
    answer(*held[0])
    assert ends[0][1] is None and ends[0][0] > transaction.start_ts


@on_a_loop
def test_a_session_that_ends_during_its_commit_does_not_know() -> None:
    cluster = FakeCluster()
    transaction = cluster.begin()
    transaction.put(key(1), b"x")
    cluster.bus.request = lambda *arguments: None  # type: ignore[method-assign,assignment]
    ends: list[Any] = []
    fiber = Fiber(transaction.commit(), lambda value, error: ends.append(error))
    fiber.cancel(DatabaseError("57P01", "terminating connection due to administrator command"))
    assert ends[0].sqlstate == "08007"
