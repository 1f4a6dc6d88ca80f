"""What timeouts end, message by message, by virtual time: statements, transactions, idle sessions, old connections; and
that no commit is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.common.settings import Limits, Settings
from actors.query_processor.connection import Connection
from actors.query_processor.role import QueryProcessor
from actors.runtime.fiber import Completion
from actors.runtime.simulation.loop import SimulatedLoop
from tests.unit.postgres.fake_session import FakeSession
from tests.unit.postgres.raw_client import SYNC, Client, bind, execute, kinds, message, parse, query, sqlstate
from tests.unit.postgres.server import context


class CommittingSession(FakeSession):
    """`sync` waits for `outcome` where there is one, as a commit waits for its adjudicator."""

    outcome: Completion[None] | None = None

    async def sync(self) -> None:
        if self.outcome is not None:
            self.committing = True
            try:
                await self.outcome
            finally:
                self.committing = False


def simulated(test: Callable[[QueryProcessor], Any], settings: Settings | None = None) -> None:
    async def main() -> None:
        made = QueryProcessor(context(settings or Settings()), 1, make_session=lambda *_: CommittingSession())  # type: ignore[arg-type,return-value]
        await made.start()
        await test(made)

    loop = SimulatedLoop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def connect(processor: QueryProcessor, **timeouts: int) -> Client:
    client = Client(processor)
    for name, value in timeouts.items():
        setattr(client.session.run_time.timeouts, name, value)
    client.session.run_time.timeouts.used = True
    return client


def test_a_statement_is_ended_and_the_session_goes_on() -> None:
    async def check(processor: QueryProcessor) -> None:
        client = connect(processor, statement_ms=100)
        assert client.send(query("wait")) == []
        await asyncio.sleep(0.2)
        answers = client.answers()
        assert kinds(answers) == "EZ" and sqlstate(answers) == "57014"
        assert b"canceling statement due to statement timeout" in answers[0][1]
        assert kinds(client.send(query("select 1"))) == "TDCZ"
        client.send(parse("wait"), bind(), execute())
        await asyncio.sleep(0.2)
        answers = client.answers()
        assert sqlstate(answers) == "57014" and kinds(client.send(SYNC)) == "Z"
        await asyncio.sleep(60)
        assert kinds(client.send(query("select 1; select 2"))) == "TDCTDCZ"

    simulated(check)


def test_each_statement_of_a_string_has_its_time() -> None:
    async def check(processor: QueryProcessor) -> None:
        client = connect(processor, statement_ms=100)
        client.send(query("wait; wait; select 3"))
        for _ in range(2):
            await asyncio.sleep(0.08)
            client.session.waiting.succeed(None)
        assert kinds(client.answers()) == "TDCTDCTDCZ"

    simulated(check)


def test_copy_from_a_client_that_sends_nothing() -> None:
    async def check(processor: QueryProcessor) -> None:
        client = connect(processor, statement_ms=100)
        assert kinds(client.send(query("copyin text"))) == "G"
        await asyncio.sleep(0.2)
        answers = client.answers()
        assert sqlstate(answers) == "57014" and kinds(answers) == "EZ"
        assert kinds(client.send(message("d", b"1\tx\n"), message("c"), query("select 1"))) == "TDCZ"

    simulated(check)


@pytest.mark.parametrize(
    ("timeouts", "before", "code"),
    [
        ({"idle_ms": 100}, "select 1", "57P05"),
        ({"idle_in_transaction_ms": 100}, "begin", "25P03"),
        ({"idle_in_transaction_ms": 100}, "begin; fail 22012", "25P03"),
        ({"transaction_ms": 100}, "begin", "25P04"),
        ({"transaction_ms": 100, "statement_ms": 100}, "begin; wait", "25P04"),
        ({"transaction_ms": 100}, "wait", "25P04"),
    ],
)
def test_a_session_is_ended(timeouts: dict[str, int], before: str, code: str) -> None:
    async def check(processor: QueryProcessor) -> None:
        client = connect(processor, **timeouts)
        client.send(query(before))
        await asyncio.sleep(0.09)
        client.answers()
        assert not client.transport.closed
        await asyncio.sleep(0.1)
        answers = client.answers()
        assert sqlstate(answers) == code and b"SFATAL" in answers[-1][1] and client.transport.closed
        assert client.session.closed

    simulated(check)


def test_nothing_ends_what_is_in_time() -> None:
    async def check(processor: QueryProcessor) -> None:
        client = connect(processor, idle_ms=100, idle_in_transaction_ms=100, transaction_ms=300)
        for text in ("begin", "select 1", "commit", "select 1", "begin", "rollback"):
            client.send(query(text))
            await asyncio.sleep(0.09)
        client.send(query("begin; fail 22012"))
        for _ in range(10):
            await asyncio.sleep(0.09)
            client.send(query("select 1"))
        assert not client.transport.closed

    simulated(check)


@pytest.mark.parametrize("how", ["statement", "transaction", "stop"])
def test_a_commit_under_way_is_awaited(how: str) -> None:
    async def check(processor: QueryProcessor) -> None:
        timeouts = {"statement": {"statement_ms": 100}, "transaction": {"transaction_ms": 100}}
        client = connect(processor, **timeouts.get(how, {}))
        client.session.outcome = Completion()
        client.send(query("select 1"))
        if how == "stop":
            client.connection.terminate()
        await asyncio.sleep(1)
        assert client.transport.writes == 1 and client.answers() == [], "neither success nor failure is known"
        client.session.outcome.succeed(None)
        await asyncio.sleep(0)
        answers = client.answers()
        if how == "stop":
            assert kinds(answers) == "TDCZE" and sqlstate(answers) == "57P01" and client.transport.closed
        else:
            assert kinds(answers) == "TDCZ" and not client.transport.closed

    simulated(check)


def test_an_old_connection_ends_between_transactions() -> None:
    async def check(processor: QueryProcessor) -> None:
        idle, busy, piped = Client(processor), Client(processor), Client(processor)
        busy.send(query("begin"))
        piped.send(query("wait"))
        await asyncio.sleep(61)
        assert sqlstate(idle.answers()) == "57P01" and idle.transport.closed
        assert kinds(busy.send(query("select 1"))) == "TDCZ"
        answers = busy.send(query("commit"))
        assert (
            kinds(answers) == "CZE"
            and sqlstate(answers) == "57P01"
            and b"connection age limit of 60s exceeded" in answers[-1][1]
        )
        piped.connection.data_received(query("select 1"))
        piped.session.waiting.succeed(None)
        assert kinds(piped.answers()) == "TDCZE", "what was sent after it is not run"
        assert kinds(Client(processor).send(query("select 1"))) == "TDCZ"

    simulated(check, Settings(limits=Limits(connection_age_s=60)))


def test_sessions_without_timeouts_make_no_timer() -> None:
    async def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert isinstance(client.connection, Connection)
        for _ in range(10):
            client.send(query("select 1"), parse("select 1"), bind(), execute(), SYNC)
        assert client.connection.deadlines._timer is None

    simulated(check, Settings(limits=Limits(connection_age_s=0)))
