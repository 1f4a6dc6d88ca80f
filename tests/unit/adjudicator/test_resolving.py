"""What has become of a Commit without an answer (resolving.py): from an adjudicator that knows, and from one that makes
sure that it never counts."""

from __future__ import annotations

from actors.adjudicator.coordinator import RecoveredOutcomes
from actors.adjudicator.outcomes import UNRESOLVED, Outcomes
from actors.common.errors import DatabaseError
from actors.common.messages import AskCommit, Committed
from actors.common.refusals import NotCommitted
from tests.unit.adjudicator.test_reign import BEGIN, Answer, Bench, is_error, play

NAME = (7).to_bytes(16, "big")


def ask(bench: Bench, start_ts: int = BEGIN) -> Answer:
    answer = Answer()
    try:
        bench.reign.resolving.ask(AskCommit(NAME, start_ts), answer)
    except DatabaseError as error:
        answer.fail(error)
    return answer


def recovered(commit_ts: int = 0, forgotten_ts: int = 0) -> RecoveredOutcomes:
    found = RecoveredOutcomes()
    if commit_ts:
        found.recent.remember(NAME, commit_ts, commit_ts)
    found.recent.forgotten_ts = forgotten_ts
    return found


def test_one_under_way_is_answered_with_it_and_later_too() -> None:
    def scenario() -> None:
        bench = Bench()
        first = bench.commit(7)
        asked = ask(bench)
        assert asked.message is None
        bench.writer.commit_all()
        assert isinstance(asked.message, Committed) and first.message == asked.message == ask(bench).message

    play(scenario)


def test_one_that_an_older_epoch_has_committed_is_known_by_its_record() -> None:
    def scenario() -> None:
        bench = Bench(recovered(BEGIN - 10))
        assert ask(bench, BEGIN - 20).message == Committed(BEGIN - 10)
        assert bench.commit(7, start_ts=BEGIN - 20).message == Committed(BEGIN - 10), "a copy that comes late"

    play(scenario)


def test_one_that_has_not_come_never_counts() -> None:
    def scenario() -> None:
        bench = Bench()
        asked = ask(bench)
        assert is_error(asked, "08006") and isinstance(asked.message.refusal, NotCommitted)  # type: ignore[union-attr]
        assert is_error(bench.commit(7), "40001")
        assert not bench.writer.waiting and bench.reign.lease.last >= BEGIN, "the next epoch begins above its start"

    play(scenario)


def test_one_of_an_older_epoch_without_a_record_has_lost() -> None:
    def scenario() -> None:
        assert is_error(ask(Bench(), BEGIN - 20), "40001")

    play(scenario)


def test_beyond_the_lease_nothing_is_said_before_the_lease_reaches_as_far() -> None:
    """Whoever has been outbid cannot extend it."""

    def scenario() -> None:
        bench = Bench()
        bench.reign.lease.durable_end = bench.reign.lease.asked_end = BEGIN + 10
        asked = ask(bench, BEGIN + 20)
        assert asked.message is None
        bench.writer.commit_all()
        assert is_error(asked, "08006") and bench.reign.lease.last >= BEGIN + 20
        assert is_error(bench.commit(7, start_ts=BEGIN + 20), "40001")

    play(scenario)


def test_what_may_be_forgotten_is_not_known() -> None:
    def scenario() -> None:
        assert is_error(ask(Bench(recovered(forgotten_ts=BEGIN - 10)), BEGIN - 20), "08007")
        assert is_error(ask(Bench(recovered(forgotten_ts=BEGIN - 30)), BEGIN - 20), "40001")
        bench = Bench()
        bench.reign.end("deposed")
        bench.reign.over = True
        assert is_error(ask(bench), "08007")

    play(scenario)


def test_a_journals_records_decide_what_an_earlier_reign_has_left_open() -> None:
    answered = Outcomes(20_000_000)
    answered.remember(NAME, UNRESOLVED, BEGIN - 5)
    answered.remember(b"refused", 0, BEGIN - 5)
    found = recovered(BEGIN - 10).recent
    found.remember(b"refused", BEGIN - 9, BEGIN - 9)
    answered.take_over(found, BEGIN)
    assert answered.get(NAME) == BEGIN - 10 and answered.get(b"refused") == 0
