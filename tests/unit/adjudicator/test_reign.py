"""One reign with a journal and a bus that do what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from actors.adjudicator import reign as reign_module
from actors.adjudicator.adjudicator import Recovery
from actors.adjudicator.coordinator import RecoveredOutcomes
from actors.adjudicator.lease import Lease
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.ownership import BISECT_KEYS_MIN, Ownership
from actors.adjudicator.reign import Reign
from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import AskOutcome, Commit, Committed, OutcomeIs, Prepare, Prepared
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.refusals import NotCommitted
from actors.common.settings import Settings
from actors.common.timestamps import Interval
from actors.journal.record import COMMIT, EPOCH_BEGIN, LEASE, RecordHeader
from actors.runtime.interfaces import Context
from actors.runtime.simulation.loop import SimulatedLoop

BEGIN = 1_000_000
KEY = (7).to_bytes(4, "big") + b"\0\0\x10"


class Writer:
    """Keeps the callbacks until the test lets the records become durable."""

    epoch = 4
    last_lsn = 0
    map_version = 0
    set_version = 0
    has_ended = False

    def __init__(self) -> None:
        self.records: list[tuple[int, int]] = []
        self.waiting: list[Callable[[], None]] = []
        self.has_room = True
        self.is_cut_off = False
        self.stopped = False

    def append(
        self, kind: int, commit_ts: int, promise: int, epoch_end: int, *, on_committed: Callable[[], None], **_: Any
    ) -> None:
        assert not self.stopped, "a deposed writer appends nothing"
        self.records.append((kind, commit_ts))
        self.waiting.append(on_committed)

    def commit_all(self) -> None:
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


class Answer:
    def __init__(self) -> None:
        self.message: Message | DatabaseError | None = None

    def __call__(self, message: Message) -> None:
        self.message = self.message or message

    def fail(self, error: DatabaseError) -> None:
        self.message = self.message or error


class Bus:
    topology = None

    def __init__(self) -> None:
        self.requests: list[tuple[str, Message, Callable[[Message], None]]] = []
        self.failures: list[Callable[[DatabaseError], None]] = []

    def request(
        self, sender: str, destination: str, message: Message, on_reply: Any, on_failure: Any, timeout_s: float = 10.0
    ) -> None:
        self.requests.append((destination, message, on_reply))
        self.failures.append(on_failure)

    def post(self, sender: str, destination: str, message: Message) -> None:
        self.requests.append((destination, message, lambda _: None))


class Clock:
    def now(self) -> Interval:
        return Interval(BEGIN + 1000, BEGIN + 1000)


class Bench:
    def __init__(self, recovered: RecoveredOutcomes | None = None) -> None:
        self.writer = Writer()
        self.bus = Bus()
        context = Context("adjudicator/1", "a", self.bus, Clock(), None, Random(1), None, Settings())  # type: ignore[arg-type]
        lease = Lease(BEGIN, BEGIN + 500_000, 500_000)
        ownership = Ownership(ShardMap(1, (b"\x80",), (1, 2), (1, 2)))
        self.reign = Reign(
            context, 1, self.writer, lease, recovered or RecoveredOutcomes(), ownership, Outcomes(20_000_000)
        )  # type: ignore[arg-type]

    def commit(self, number: int, *keys: bytes, start_ts: int = BEGIN, checked: list[bytes] | None = None) -> Answer:
        answer = Answer()
        written = keys or (KEY,)
        payload = write_set.encode(list(written), [b"v"] * len(written), [write_set.PUT] * len(written))
        try:
            self.reign.commit(Commit(number.to_bytes(16, "big"), start_ts, start_ts, payload, checked or []), answer)
        except DatabaseError as error:
            answer.fail(error)
        return answer


def is_error(answer: Answer, sqlstate: str) -> bool:
    return isinstance(answer.message, DatabaseError) and answer.message.sqlstate == sqlstate


def play(scenario: Callable[[], None]) -> None:
    loop = SimulatedLoop()

    async def main() -> None:
        scenario()

    loop.run_until_complete(main())
    loop.close()


def test_answers_wait_for_the_journal_and_conflicts_do_not() -> None:
    def scenario() -> None:
        bench = Bench()
        first, second = bench.commit(1), bench.commit(2)
        assert (
            first.message is None and isinstance(second.message, DatabaseError) and second.message.sqlstate == "40001"
        )
        bench.writer.commit_all()
        assert first.message == Committed(BEGIN + 1000)

    play(scenario)


def test_what_was_appended_is_unknown_when_the_epoch_ends() -> None:
    def scenario() -> None:
        bench = Bench()
        appended, spanning = bench.commit(1), Answer()
        payload = write_set.encode([KEY + b"x", KEY[:6] + b"\xf0"], [b"v", b"v"], [write_set.PUT] * 2)
        bench.reign.commit(Commit(b"s" * 16, BEGIN, BEGIN, payload), spanning)
        assert [type(message) for _, message, _ in bench.bus.requests] == [Prepare]
        bench.reign.end("deposed")
        assert isinstance(appended.message, DatabaseError) and appended.message.sqlstate == "08007"
        assert isinstance(spanning.message, DatabaseError) and spanning.message.refusal == NotCommitted()
        refused = bench.commit(2, KEY + b"y").message
        assert isinstance(refused, DatabaseError) and refused.refusal == NotCommitted()

    play(scenario)


def test_too_many_commits_under_way_are_refused_retryably(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reign_module, "COMMITS_MAX", 3)

    def scenario() -> None:
        bench = Bench()
        answers = [bench.commit(number, KEY + bytes([number])) for number in range(4)]
        assert [answer.message is None for answer in answers] == [True, True, True, False]
        assert isinstance(answers[3].message, DatabaseError) and answers[3].message.sqlstate == "40001"
        bench.writer.commit_all()
        assert bench.commit(5, KEY + b"z").message is None

    play(scenario)


def prepared(bench: Bench, name: bytes, written: list[bytes], checked: list[bytes]) -> Prepared:
    answer = Answer()
    bench.reign.participant.prepare(Prepare(name, 2, 9, BEGIN, BEGIN, written, checked), answer)
    assert isinstance(answer.message, Prepared)
    return answer.message


def test_what_was_refused_stays_refused_when_it_arrives_again() -> None:
    """Its sender has tried again under another name, or told the client: a repeated request that were let in now would
    be committed beside that."""

    def scenario() -> None:
        bench = Bench()
        bench.writer.has_room = False
        assert is_error(bench.commit(1), "53100")
        bench.writer.has_room = True
        assert is_error(bench.commit(1), "40001")
        payload = write_set.encode([KEY + b"x", KEY[:6] + b"\xf0"], [b"v", b"v"], [write_set.PUT] * 2)
        spanning, repeated = Commit(b"s" * 16, BEGIN, BEGIN, payload), Answer()
        bench.reign.commit(spanning, Answer())
        bench.bus.failures[0](DatabaseError("08006", "adjudicator/2 does not answer"))
        with pytest.raises(DatabaseError, match="conflicts"):
            bench.reign.commit(spanning, repeated)
        assert all(kind != COMMIT for kind, _ in bench.writer.records)

    play(scenario)


def test_a_decision_pushes_later_commit_times_above_it() -> None:
    def scenario() -> None:
        bench = Bench()
        offer = prepared(bench, b"n" * 20, [], [KEY])
        waiting = bench.commit(1)
        assert not bench.writer.records, "a writer of a checked key waits"
        bench.reign.participant.decided(b"n" * 20, offer.epoch_end)
        assert bench.writer.records == [(COMMIT, offer.epoch_end + 1)], (
            "what was checked at its commit time was unwritten until then"
        )
        assert waiting.message is None

    play(scenario)


def test_an_outcome_that_nobody_knows_any_more_counts_as_the_latest_commit_possible() -> None:
    async def main() -> None:
        bench = Bench()
        offer = prepared(bench, b"n" * 20, [KEY], [])
        await asyncio.sleep(1)
        [(destination, question, on_reply)] = bench.bus.requests
        assert destination == "adjudicator/2" and question == AskOutcome(b"n" * 20, 9)
        on_reply(OutcomeIs("undecided"))
        assert bench.reign.window.pending == 1
        await asyncio.sleep(1)
        bench.bus.requests[-1][2](OutcomeIs("unknown"))
        assert bench.reign.window.pending == 0
        late = bench.commit(1, start_ts=offer.epoch_end - 1)
        assert isinstance(late.message, DatabaseError) and "OC000" in late.message.message

    loop = SimulatedLoop()
    loop.run_until_complete(main())
    loop.close()


def header(lsn: int, epoch: int, kind: int, transaction: bytes = b"") -> RecordHeader:
    return RecordHeader(lsn, epoch, kind, lsn, lsn, lsn + 100, transaction)


def test_a_coordinator_knows_which_epochs_it_knows_whole() -> None:
    recovery = Recovery()
    for record in (
        header(50, 3, COMMIT, b"a" * 20),
        header(51, 3, LEASE),
        header(52, 4, EPOCH_BEGIN),
        header(53, 4, COMMIT, b"b" * 16),
    ):
        recovery.record(record)
    recovery.finish(5, 0)
    assert recovery.last_end == 153 and recovery.outcomes.commits == {b"a" * 20: 50}
    coordinator = Bench(recovery.outcomes).reign.coordinator
    assert coordinator.outcome(AskOutcome(b"a" * 20, 3)) == OutcomeIs("committed", 50)
    assert coordinator.outcome(AskOutcome(b"c" * 20, 3)) == OutcomeIs("unknown")
    assert coordinator.outcome(AskOutcome(b"c" * 20, 4)) == OutcomeIs("aborted")
    assert coordinator.outcome(AskOutcome(b"c" * 20, 5)) == OutcomeIs("undecided"), "a later epoch than this one"
    whole = Recovery()
    whole.record(header(1, 1, EPOCH_BEGIN))
    assert Bench(whole.outcomes).reign.coordinator.outcome(AskOutcome(b"c" * 20, 1)) == OutcomeIs("aborted")
    trimmed = Recovery()
    trimmed.record(header(50, 3, COMMIT, b"a" * 20))
    trimmed.finish(4, 0)
    assert Bench(trimmed.outcomes).reign.coordinator.outcome(AskOutcome(b"c" * 20, 3)) == OutcomeIs("unknown")


def test_many_keys_written_and_many_checked_have_one_owner() -> None:
    """Each list is sorted; one after the other they are not."""

    def scenario() -> None:
        bench = Bench()
        keys = [KEY + number.to_bytes(2, "big") for number in range(BISECT_KEYS_MIN + 2)]
        answer = bench.commit(1, *keys[5:9], checked=[*keys[:5], *keys[9:]])
        bench.writer.commit_all()
        assert answer.message == Committed(BEGIN + 1000)

    play(scenario)


def test_who_waits_for_a_transaction_that_the_end_aborts_is_refused_with_it() -> None:
    """To be woken is not to be decided: the writer has been stopped."""

    def scenario() -> None:
        bench = Bench()
        bench.commit(1, KEY, KEY[:6] + b"\xf0", start_ts=BEGIN + 10)
        alone, spanning, prepared = (
            bench.commit(2, start_ts=BEGIN + 20),
            bench.commit(3, KEY, KEY[:6] + b"\xf1", start_ts=BEGIN + 30),
            Answer(),
        )
        _, _, on_prepared = bench.bus.requests[-1]
        on_prepared(Prepared(9, BEGIN + 5, BEGIN + 400_000))
        bench.reign.participant.prepare(Prepare(b"p" * 20, 2, 1, BEGIN + 20, BEGIN + 20, [KEY], []), prepared)
        assert len(bench.reign.waiting) >= 2 and alone.message is prepared.message is None
        bench.writer.stopped = True
        bench.reign.end("deposed")
        assert not bench.writer.records
        for answer in (alone, spanning, prepared):
            assert isinstance(answer.message, DatabaseError) and answer.message.sqlstate in ("08006", "40001")

    play(scenario)


def test_a_commit_that_comes_again_after_the_end_is_not_called_off() -> None:
    def scenario() -> None:
        bench = Bench()
        first = bench.commit(1)
        bench.reign.end("deposed")
        assert is_error(first, "08007") and is_error(bench.commit(1), "08007")

    play(scenario)


def test_once_an_outcome_is_too_old_nobody_is_told_of_an_abort() -> None:
    outcomes = Outcomes(1000)
    outcomes.remember(b"refused", 0, 0)
    outcomes.remember(b"second", 5, 2000)
    assert not outcomes.has_expired
    outcomes.remember(b"third", 6, 4000)
    assert outcomes.has_expired

    def scenario() -> None:
        bench = Bench()
        assert bench.reign.coordinator.outcome(AskOutcome(b"n" * 20, 4)) == OutcomeIs("aborted")
        bench.reign.coordinator._outcomes.forgotten_ts = 1
        assert bench.reign.coordinator.outcome(AskOutcome(b"n" * 20, 4)) == OutcomeIs("unknown")

    play(scenario)


def test_a_participant_whose_offer_ends_too_early_is_asked_once_more() -> None:
    def scenario() -> None:
        for second_end, comes_through in ((BEGIN + 5000, True), (BEGIN + 900, False)):
            bench = Bench()
            answer = bench.commit(1, KEY, KEY[:6] + b"\xf0", start_ts=BEGIN + 10)
            bench.bus.requests[-1][2](Prepared(9, BEGIN + 20, BEGIN + 800))
            destination, again, on_prepared = bench.bus.requests[-1]
            assert (
                destination == "adjudicator/2" and isinstance(again, Prepare) and again.coordinator_last > BEGIN + 800
            )
            assert len(bench.bus.requests) == 2 and not bench.writer.records
            on_prepared(Prepared(9, BEGIN + 20, second_end))
            bench.writer.commit_all()
            assert is_error(answer, "40001") != comes_through
            assert len(bench.writer.records) == comes_through

    play(scenario)
