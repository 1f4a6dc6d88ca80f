"""The runner and a client's retries, against a connection whose answers a test decides. No server: what is tested is
what clients do about each answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from eagleray.transactions import ATTEMPTS_MAX, UnknownOutcome
from eagleray.workload import Client, Rollback, Workload, client, runner
from eagleray.workload.report import Report
from eagleray.workload.runner import Plan
from eagleray.workload.schedule import arrivals, constant
from eagleray.workload.workload import WorkloadError


class Scripted:
    """A connection: `answers` maps a statement to errors that it raises in turn, then it succeeds."""

    def __init__(self, answers: dict[str, list[BaseException]]) -> None:
        self.answers = answers
        self.sent: list[str] = []
        self.open = True
        self.inside = False

    async def execute(self, statement: str, *arguments: Any) -> str:
        self.sent.append(statement)
        await asyncio.sleep(0)
        if self.answers.get(statement):
            error = self.answers[statement].pop(0)
            self.inside = self.inside and statement != "COMMIT"
            raise error
        self.inside = statement.startswith("BEGIN") or (self.inside and statement not in ("COMMIT", "ROLLBACK"))
        return statement

    async def fetch(self, statement: str, *arguments: Any) -> list[str]:
        return [await self.execute(statement)]

    async def fetchval(self, statement: str) -> str:
        return "PostgreSQL 18.6 on x, compiled"

    def is_closed(self) -> bool:
        return not self.open

    def is_in_transaction(self) -> bool:
        return self.inside

    def terminate(self) -> None:
        self.open = False

    async def close(self, timeout: float) -> None:
        self.open = False


def error(sqlstate: str) -> asyncpg.PostgresError:
    made = asyncpg.PostgresError("told so")
    made.sqlstate = sqlstate
    return made


class Server:
    def __init__(self, answers: dict[str, list[BaseException]]) -> None:
        self.answers = answers
        self.connections: list[Scripted] = []

    async def connect(self, url: str) -> Scripted:
        self.connections.append(Scripted(self.answers))
        return self.connections[-1]

    @property
    def sent(self) -> list[str]:
        return [statement for connection in self.connections for statement in connection.sent]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def make(**answers: list[BaseException]) -> Server:
        server = Server(answers)
        monkeypatch.setattr(client, "connect", server.connect)
        monkeypatch.setattr(runner, "connect", server.connect)
        return server

    monkeypatch.setattr(client, "PAUSE_S_MAX", 0.0)
    monkeypatch.setattr(client, "PAUSE_S_MIN", 0.0)
    yield make


async def work(sql: Any) -> str:
    return str(await sql.execute("work"))


@pytest.mark.parametrize("where", ["work", "COMMIT"])
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_conflicts_run_again_on_the_same_connection(serve: Any, where: str, state: str) -> None:
    server = serve(**{where: [error(state), error(state)]})
    one = Client(0, "", 1)
    assert asyncio.run(one.transaction(work)) == "work"
    assert one.retries == {state: 2} and len(server.connections) == 1
    assert server.sent.count("work") == 3 and server.sent.count("ROLLBACK") == (2 if where == "work" else 0)


@pytest.mark.parametrize(
    "lost", [error("08006"), error("57P01"), ConnectionResetError(), asyncpg.InterfaceError("connection is closed")]
)
def test_a_connection_that_breaks_before_commit_is_made_again(serve: Any, lost: BaseException) -> None:
    server = serve(work=[lost])
    one = Client(0, "", 1)
    assert asyncio.run(one.transaction(work)) == "work"
    assert one.reconnects == 1 and len(server.connections) == 2 and not one.retries


@pytest.mark.parametrize(
    "lost", [error("08007"), error("08006"), error("57P01"), error("40003"), ConnectionResetError()]
)
def test_an_unknown_outcome_is_never_run_again(serve: Any, lost: BaseException) -> None:
    server = serve(COMMIT=[lost])
    with pytest.raises(UnknownOutcome):
        asyncio.run(Client(0, "", 1).transaction(work))
    assert server.sent.count("work") == 1
    server = serve(change=[lost], look=[lost])
    with pytest.raises(UnknownOutcome):
        asyncio.run(Client(0, "", 1).write("change"))
    assert server.sent == ["change"]


def test_a_reading_statement_may_run_again(serve: Any) -> None:
    serve(look=[error("08006"), error("40001")])
    assert asyncio.run(Client(0, "", 1).read("look")) == ["look"]


@pytest.mark.parametrize("refused", [error("23505"), error("54000"), asyncpg.DataError("no such parameter")])
def test_other_errors_roll_back_and_are_raised(serve: Any, refused: BaseException) -> None:
    server = serve(work=[refused])
    with pytest.raises(type(refused)):
        asyncio.run(Client(0, "", 1).transaction(work))
    assert server.sent[-1] == "ROLLBACK" and server.sent.count("work") == 1


def test_retries_have_an_end(serve: Any) -> None:
    server = serve(work=[error("40001") for _ in range(ATTEMPTS_MAX + 5)])
    with pytest.raises(asyncpg.PostgresError):
        asyncio.run(Client(0, "", 1).transaction(work))
    assert server.sent.count("work") == ATTEMPTS_MAX


class Shop(Workload):
    name = "shop"
    mix = {"pay": 3, "undo": 1}

    async def pay(self, one: Client) -> None:
        await one.transaction(work)

    async def undo(self, one: Client) -> None:
        async def undone(sql: Any) -> None:
            raise Rollback

        await one.transaction(undone)


def drive(plan: Plan, shop: Workload | None = None) -> Report:
    return asyncio.run(runner.run(shop or Shop(), plan))


def test_outcomes_are_counted_apart(serve: Any) -> None:
    serve(work=[error("40001"), error("23505"), error("08006")], COMMIT=[error("08007")])
    report = drive(Plan("", 3, 0.2))
    kinds = report.kinds
    assert kinds["pay"].committed > 0 and kinds["undo"].rolled_back > 0 and kinds["undo"].committed == 0
    assert (
        report.retries == {"40001": 1}
        and report.errors == {"23505": 1}
        and report.unknown == 1
        and report.reconnects == 1
    )
    assert report.problems == ["1 transactions failed with 23505, the first: pay: told so"]
    assert report.server == "PostgreSQL 18.6" and sum(second.done for second in report.timeline) == report.done


def test_an_open_loop_starts_each_arrival_once_and_counts_from_its_time(serve: Any) -> None:
    """One client that takes 50 ms for what comes every 10 ms: the first answers are as late as those before it took,
    and the rest is unstarted."""
    serve()

    class Slow(Shop):
        mix = {"slow": 1}

        async def slow(self, one: Client) -> None:
            await asyncio.sleep(0.05)

    curve = constant(100).over(0.5)
    report = drive(Plan("", 1, 0.5, seed=4, curve=curve), Slow())
    meant = list(arrivals(curve, random.Random("4/arrivals")))
    assert report.done + report.unstarted == len(meant) and report.unstarted >= len(meant) - 11
    response, service = report.measurements.response(), report.measurements.service()
    assert response.count == len(meant) and service.count == report.done
    assert response.ms(99) > 300 and service.ms(0) >= 49


def test_a_workloads_own_mistake_ends_the_run(serve: Any) -> None:
    server = serve()

    class Wrong(Shop):
        async def pay(self, one: Client) -> None:
            raise KeyError("price")

    with pytest.raises(KeyError):
        drive(Plan("", 2, 5.0), Wrong())
    assert not any(connection.open for connection in server.connections)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "no name"),
        ({"mix": {}}, "weights"),
        ({"mix": {"pay": 0}}, "weights"),
        ({"mix": {"pay": 1, "undo": -1}}, "weights"),
        ({"mix": {"pay": 1, "play": 1}}, "play"),
    ],
)
def test_a_workload_that_cannot_run_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(WorkloadError, match=said):
        type("Bad", (Shop,), changes)().validate()
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(WorkloadError, match="scale"):
            Shop(scale).validate()


def test_a_warm_up_is_not_measured_but_what_fails_in_it_counts(serve: Any) -> None:
    server = serve(work=[error("40001"), error("23505"), error("08006")], COMMIT=[error("08007")])
    report = drive(Plan("", 3, 0.1, warm_up=0.1))
    assert report.errors == {"23505": 1} and report.unknown == 1 and report.problems and not report.retries
    assert report.reconnects == 0
    assert 0 < report.kinds["pay"].committed < server.sent.count("COMMIT") - 1
    curve = constant(100).over(0.2)
    report = drive(Plan("", 3, 0.2, curve=curve, warm_up=0.1))
    assert report.loop == "open" and report.done == len(list(arrivals(curve, random.Random("1/arrivals"))))
