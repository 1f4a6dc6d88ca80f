"""What a transaction does after an attempt that failed, from the error alone."""

from __future__ import annotations

import random

import psycopg
import pytest
from psycopg import errors

import eagleray
from eagleray.transactions import PAUSE_S_MAX, PAUSE_S_MIN, Retries, UnknownOutcome


class Fixed(random.Random):
    """The longest pause that chance may give."""

    def uniform(self, a: float, b: float) -> float:
        return b


def lost() -> psycopg.OperationalError:
    return psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_conflict_pauses_longer_each_time_up_to_a_bound_and_is_raised_in_the_end() -> None:
    told: list[int] = []
    retries = Retries(attempts_max=10, jitter=Fixed(), on_retry=lambda attempt, error: told.append(attempt))
    conflict = errors.SerializationFailure("change conflicts with another transaction (OC000)")
    pauses = [retries.failed(conflict, lost=False) for _ in range(9)]
    assert pauses == sorted(pauses) and pauses[0] == 2 * PAUSE_S_MIN and pauses[-1] == PAUSE_S_MAX
    assert told == list(range(1, 10))
    with pytest.raises(errors.SerializationFailure):
        retries.failed(conflict, lost=False)


@pytest.mark.parametrize(
    "error",
    [
        lost(),
        errors.ConnectionFailure("08006"),
        errors.TransactionResolutionUnknown("08007"),
        errors.AdminShutdown("57P01"),
    ],
)
def test_a_commit_that_is_lost_is_never_run_again(error: psycopg.OperationalError) -> None:
    retries = Retries(reconnect_s_max=30)
    retries.begin()
    retries.commit("result")
    with pytest.raises(UnknownOutcome) as unknown:
        retries.failed(error, lost=True)
    assert unknown.value.__cause__ is error


def test_what_is_lost_before_commit_runs_again_where_there_can_be_another_connection() -> None:
    retries = Retries(reconnect_s_max=30)
    retries.begin()
    assert 0 < retries.failed(lost(), lost=True) <= PAUSE_S_MAX
    alone = Retries()
    alone.begin()
    with pytest.raises(psycopg.OperationalError):
        alone.failed(lost(), lost=True)


def test_a_token_settles_a_doubtful_commit() -> None:
    retries = Retries(reconnect_s_max=30, once="app.tokens")
    assert retries.claim is not None
    assert retries.claim[0].as_string() == 'INSERT INTO "app"."tokens" (token) VALUES (%s)'
    known = errors.UniqueViolation("duplicate key value")
    with pytest.raises(errors.UniqueViolation):  # nothing was in doubt: another's token
        retries.happened(known)
    retries.begin()
    retries.commit("first")
    assert retries.failed(lost(), lost=True) <= PAUSE_S_MAX
    retries.begin()
    assert retries.happened(known) == "first"


def test_doubt_stays_where_the_next_attempt_fails_otherwise() -> None:
    retries = Retries(reconnect_s_max=30, once="tokens")
    retries.begin()
    retries.commit(None)
    retries.failed(lost(), lost=True)
    retries.begin()
    with pytest.raises(UnknownOutcome):
        retries.failed(errors.ProgramLimitExceeded("54000"), lost=False)


def test_doubt_is_told_where_no_connection_can_be_made() -> None:
    retries = Retries(once="tokens")
    retries.begin()
    retries.commit(None)
    with pytest.raises(UnknownOutcome):
        retries.failed(lost(), lost=True)


def test_bad_options_show_where_the_function_is_defined() -> None:
    with pytest.raises(ValueError, match="attempts_max"):
        eagleray.transaction(attempts_max=0)(lambda cursor: None)
    with pytest.raises(TypeError):
        eagleray.transaction(attempt=3)(lambda cursor: None)  # type: ignore[call-overload]


def test_a_transaction_runs_on_what_can_run_one() -> None:
    @eagleray.transaction
    def work(cursor: object) -> None:
        raise AssertionError("no attempt is made")

    @eagleray.transaction
    async def work_async(cursor: object) -> None:
        raise AssertionError("no attempt is made")

    with pytest.raises(TypeError, match="not on str"):
        work("postgresql://localhost")
    with pytest.raises(TypeError, match="async"):
        work(eagleray.AsyncSession())
    with pytest.raises(TypeError, match="async"):
        work_async(eagleray.Session())
