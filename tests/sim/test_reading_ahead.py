"""Many read and nobody commits: promises go ahead of now, and reads ask no adjudicator. Who commits then is told when
his time is past, and whoever reads after that sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from actors.adjudicator.reign import Flight, Reign
from actors.common.messages import AskPromise
from actors.common.settings import OPEN_LIMITS, Adjudication, Settings
from actors.runtime.interfaces import Reply
from cluster.simulation.simulated_cluster import SimulatedCluster
from cluster.simulation.sql_client import SimulatedConnection
from tests.sim.undisturbed import undisturbed

FORESIGHT_MS = 64
READERS = 8
READS = 200


class Scene:
    """A cluster, readers of one row, and how many promises were asked for; how far ahead commits were dated."""

    def __init__(self, foresight_ms: int) -> None:
        settings = Settings(mode="open", limits=OPEN_LIMITS, adjudication=Adjudication(foresight_ms=foresight_ms))
        self.cluster = SimulatedCluster(0, undisturbed(settings))
        self.asked = 0
        self.reads = 0
        self.ahead_us: list[int] = []

    def play(self, monkeypatch: pytest.MonkeyPatch, scenario: Callable[[], object]) -> None:
        promise, append = Reign.promise, Reign.append

        def asked(reign: Reign, message: AskPromise, reply: Reply) -> None:
            self.asked += 1
            promise(reign, message, reply)

        def appended(reign: Reign, flight: Flight, name: bytes, commit_ts: int, now: int, then: object) -> None:
            self.ahead_us.append(commit_ts - now)
            append(reign, flight, name, commit_ts, now, then)  # type: ignore[arg-type]

        monkeypatch.setattr(Reign, "promise", asked)
        monkeypatch.setattr(Reign, "append", appended)

        async def run() -> None:
            await self.cluster.start()
            connection = await self.connect()
            await connection.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
            await connection.execute("INSERT INTO t VALUES (1, 0)")
            await scenario()  # type: ignore[misc]

        with self.cluster.world:
            self.cluster.world.run(run())

    async def connect(self) -> SimulatedConnection:
        return await self.cluster.database("client").connect()

    async def value(self, connection: SimulatedConnection) -> int:
        rows, _ = await connection.execute("SELECT v FROM t WHERE k = 1")
        self.reads += 1
        return int(str(rows[0][0]))

    async def read(self, times: int = READS) -> None:
        async def one() -> None:
            connection = await self.connect()
            for _ in range(times):
                await self.value(connection)

        await asyncio.gather(*(one() for _ in range(READERS)))


def asked_by_readers(monkeypatch: pytest.MonkeyPatch, foresight_ms: int) -> float:
    """Promises for each read."""
    scene = Scene(foresight_ms)

    async def scenario() -> None:
        await scene.read(20)
        scene.asked = scene.reads = 0
        await scene.read()

    with monkeypatch.context() as patch:
        scene.play(patch, scenario)
    return scene.asked / scene.reads


def test_readers_ask_for_few_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked_by_readers(monkeypatch, FORESIGHT_MS) < asked_by_readers(monkeypatch, 0) / 10


def test_a_commit_among_readers_is_told_when_its_time_is_past_and_seen_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(FORESIGHT_MS)

    async def scenario() -> None:
        await scene.read(50)
        reading = asyncio.create_task(scene.read(500))
        writer, other = await scene.connect(), await scene.connect()
        for number in range(1, 4):
            await asyncio.sleep(0.2)
            await writer.execute("UPDATE t SET v = v + 1 WHERE k = 1")
            assert await scene.value(other) == number
        assert not reading.done(), "the readers have read meanwhile"
        await reading
        assert max(scene.ahead_us) > 1000, "a commit was dated ahead"

    scene.play(monkeypatch, scenario)


def test_commits_in_a_row_are_not_dated_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(FORESIGHT_MS)

    async def scenario() -> None:
        await scene.read(50)
        reading = asyncio.create_task(scene.read(100))
        writer = await scene.connect()
        await writer.execute("UPDATE t SET v = v + 1 WHERE k = 1")
        scene.ahead_us.clear()
        for _ in range(20):
            await writer.execute("UPDATE t SET v = v + 1 WHERE k = 1")
        await reading
        assert len(scene.ahead_us) == 20 and max(scene.ahead_us) <= 1

    scene.play(monkeypatch, scenario)
