"""The end of a reign over some keys: what goes on, what is refused, and the time that it ends with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.adjudicator.ownership import Ownership
from actors.adjudicator.releasing import DRAIN_S
from actors.common.errors import DatabaseError, is_redirected
from actors.common.messages import Commit, Committed, OutcomeIs, Prepare, Prepared, Release, Released
from actors.common.ranges import ShardMap, moved
from actors.common.refusals import StaleCatalog
from actors.journal.record import COMMIT, RELEASE
from actors.runtime.simulation.loop import SimulatedLoop
from tests.unit.adjudicator.test_reign import BEGIN, KEY, Answer, Bench, is_error

MAP = ShardMap(1, (b"\x80",), (1, 2), (1, 2))
LOW = (7).to_bytes(4, "big") + b"\0\0\x01"
"""Stays where it is; KEY goes from adjudicator 1 to 2."""
AFTER = moved(MAP, b"\x10", b"\x80", 2, 0)


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = SimulatedLoop()
    loop.run_until_complete(scenario())
    loop.close()


def release(bench: Bench, shard_map: ShardMap = AFTER) -> Answer:
    answer = Answer()
    try:
        bench.reign.releasing.release(Release(shard_map), answer)
    except DatabaseError as error:
        answer.fail(error)
    return answer


def prepare(
    bench: Bench,
    name: bytes,
    written: list[bytes],
    start_ts: int = BEGIN,
    map_version: int = 1,
    changes: list[int] | None = None,
) -> Answer:
    answer = Answer()
    try:
        message = Prepare(name, 2, 9, start_ts, start_ts, written, [], changes or [], map_version=map_version)
        bench.reign.participant.prepare(message, answer)
    except DatabaseError as error:
        answer.fail(error)
    return answer


def redirected(answer: Answer) -> bool:
    return isinstance(answer.message, DatabaseError) and is_redirected(answer.message)


def test_released_keys_are_refused_others_go_on_and_the_answer_waits_for_the_journal() -> None:
    async def scenario() -> None:
        bench = Bench()
        before = bench.commit(1)
        answer = release(bench)
        assert answer.message is None and redirected(bench.commit(2)) and redirected(prepare(bench, b"p" * 20, [KEY]))
        bench.writer.commit_all()
        until = bench.reign.lease.last
        assert (
            isinstance(before.message, Committed)
            and answer.message == Released(until)
            and until >= before.message.commit_ts
        )
        assert (RELEASE, until) in bench.writer.records and bench.writer.map_version == 2
        assert bench.commit(3, LOW).message is None and bench.writer.records[-1] == (COMMIT, until + 1)
        assert release(bench).message == Released(bench.reign.lease.last), "asked again, it says at least as much"

    play(scenario)


def test_what_is_undecided_is_waited_for_and_what_was_offered_bounds_the_end() -> None:
    async def scenario() -> None:
        bench = Bench()
        offer = prepare(bench, b"p" * 20, [KEY])
        assert isinstance(offer.message, Prepared)
        answer = release(bench)
        await asyncio.sleep(DRAIN_S / 2)
        bench.writer.commit_all()
        assert answer.message is None, "it may be decided yet"
        await asyncio.sleep(DRAIN_S)
        bench.writer.commit_all()
        assert answer.message == Released(offer.message.epoch_end)
        assert redirected(prepare(bench, b"p" * 20, [KEY])), "no later time is offered to a coordinator that asks again"
        bench.reign.participant.decided(b"p" * 20, offer.message.epoch_end)
        assert bench.reign.window.pending == 0

    play(scenario)


def test_a_decision_within_the_time_ends_the_wait() -> None:
    async def scenario() -> None:
        bench = Bench()
        prepare(bench, b"p" * 20, [KEY])
        answer = release(bench)
        bench.reign.participant.decided(b"p" * 20, BEGIN + 2000)
        await asyncio.sleep(DRAIN_S / 2)
        bench.writer.commit_all()
        assert answer.message == Released(BEGIN + 2000)

    play(scenario)


def test_own_undecided_transactions_of_the_keys_are_refused_at_the_end() -> None:
    async def scenario() -> None:
        bench = Bench()
        spanning = bench.commit(1, KEY, KEY[:6] + b"\x90")
        assert [type(message) for _, message, _ in bench.bus.requests] == [Prepare]
        waiting = bench.commit(2, KEY, start_ts=BEGIN + 10)
        answer = release(bench)
        await asyncio.sleep(2 * DRAIN_S)
        bench.writer.commit_all()
        assert redirected(spanning) and redirected(waiting) and isinstance(answer.message, Released)
        assert bench.reign.under_way == 0 and len(bench.reign.waiting) == 0

    play(scenario)


def test_the_offer_that_an_unknown_outcome_stands_for_is_not_above_the_end() -> None:
    async def scenario() -> None:
        bench = Bench()
        offer = prepare(bench, b"p" * 20, [KEY])
        answer = release(bench)
        await asyncio.sleep(2 * DRAIN_S)
        bench.reign.covering.append_note(RELEASE)
        bench.writer.commit_all()
        assert isinstance(offer.message, Prepared) and answer.message == Released(offer.message.epoch_end)
        bench.reign.lease.asked_end = bench.reign.lease.durable_end = BEGIN + 9_000_000
        await asyncio.sleep(1.0)
        asked = next(on_reply for _, message, on_reply in bench.bus.requests if type(message).__name__ == "AskOutcome")
        asked(OutcomeIs("unknown"))
        assert bench.reign.lease.last == offer.message.epoch_end

    play(scenario)


def test_the_new_owner_refuses_what_began_before_it_and_old_catalogs() -> None:
    async def scenario() -> None:
        bench = Bench()
        gained = (8).to_bytes(4, "big") + b"\0\0\xd0"
        bench.reign.follow(Ownership(moved(MAP, b"\xc0", None, 1, BEGIN + 500)))
        early = bench.commit(1, gained, start_ts=BEGIN + 499)
        assert is_error(early, "40001")
        payload = bench.commit(2, KEY, start_ts=BEGIN + 1)
        assert payload.message is None, "other keys take older transactions still"
        answer = Answer()
        message = Commit(b"c" * 16, BEGIN + 600, BEGIN + 499, b"", [gained])
        with pytest.raises(DatabaseError) as stale:
            bench.reign.commit(message, answer)
        assert stale.value.sqlstate == "55000" and stale.value.refusal == StaleCatalog(BEGIN + 500)
        assert bench.commit(3, gained, start_ts=BEGIN + 500).message is None

    play(scenario)


@pytest.mark.parametrize("version", [1, 3])
def test_what_concerns_everybody_is_refused_where_the_coordinator_knows_another_map(version: int) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.reign.follow(Ownership(moved(MAP, b"\xc0", None, 1, BEGIN)))
        assert redirected(prepare(bench, b"p" * 20, [], BEGIN + 5, version, [7]))
        assert isinstance(prepare(bench, b"q" * 20, [], BEGIN + 5, 2, [7]).message, Prepared)

    play(scenario)


def test_a_reign_goes_by_no_map_older_than_its_journal() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.writer.map_version = 2
        bench.reign.ownership = None
        bench.reign.follow(Ownership(MAP))
        assert redirected(bench.commit(1)) and redirected(prepare(bench, b"p" * 20, [], changes=[7]))
        bench.reign.follow(Ownership(AFTER))
        assert redirected(bench.commit(2)) and bench.commit(3, LOW).message is None

    play(scenario)


def test_an_end_of_the_reign_ends_the_release() -> None:
    async def scenario() -> None:
        bench = Bench()
        prepare(bench, b"p" * 20, [KEY])
        answer = release(bench)
        bench.reign.end("deposed")
        await asyncio.sleep(2 * DRAIN_S)
        assert is_error(answer, "08006") and RELEASE not in [kind for kind, _ in bench.writer.records]
        assert is_error(release(bench), "08006")

    play(scenario)
