"""On the way to zero the journals give up what storage has on disk, and nothing else (I12); what was committed is there
after the wake, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest

from actors.common.messages import Checkpoint, Checkpointed, Wake
from actors.common.settings import Journaling, Settings
from actors.journal.replica import JournalReplica
from actors.query_processor.role import QueryProcessor
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import SimulationError
from actors.storage.replica import StorageReplica
from actors.storage.upkeep import Upkeep
from cluster.controller import Controller
from cluster.membership import changing, journals_of, with_adjudicator, with_farewell
from cluster.shards import begun
from cluster.simulation.claim_witness import ClaimWitness
from cluster.simulation.hostile import Plan, draw, small_key
from cluster.simulation.journal_witness import JournalWitness
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster, eventually
from cluster.simulation.storage_witness import StorageWitness
from cluster.simulation.witness import Witness
from cluster.state import ClusterState, with_transfer

SETTINGS = Settings(mode="open", journaling=Journaling(segment_bytes=2000))
DRAWN = draw(Random(0), ("bank",), 60.0)
PLAN: Plan = replace(
    DRAWN, settings=SETTINGS, faults=Faults(reset_chance=1.0), strikes=(), one_host=False, keeps_state=True, bounds={}
)
KEYS = range(-30, 30)
"""Of both adjudicators and both shards."""
KEPT_MAX = 8
"""Records that are left of a journal after a wake: the end of an epoch, the beginning of the next one and its
leases."""


class Run:
    """A cluster that everybody watches."""

    def __init__(self, seed: int, plan: Plan = PLAN) -> None:
        self.cluster = SimulatedCluster(seed, plan)
        self.world = self.cluster.world
        witness = Witness(self.world, self.cluster.owns)
        watching = (
            witness,
            JournalWitness(self.world, witness.evidence),
            StorageWitness(self.world, self.cluster.states.spans),
        )
        self.world.network.observe(*watching, ClaimWitness(self.world))

    def __call__(self, scenario: Callable[[Run], Coroutine[Any, Any, None]]) -> None:
        with self.world:
            self.world.run(scenario(self))

    @property
    def controller(self) -> Controller:
        return cast(Controller, self.world.processes[CONTROLLER].role(CONTROLLER))

    async def begin(self) -> None:
        await self.cluster.start()
        connection = await self.cluster.database("setup").connect()
        await connection.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
        await connection.close()

    async def write(self, value: int) -> None:
        """One transaction that spans the adjudicators, and many that do not."""
        connection = await self.cluster.database(f"writer {value}").connect()
        await connection.execute(
            f"INSERT INTO t SELECT k, {value} FROM generate_series(-30, 29) AS k ON CONFLICT (k) DO UPDATE "
            f"SET v = {value}"
        )
        for key in KEYS:
            await connection.execute(f"UPDATE t SET v = {value} WHERE k = {key}")
        await connection.close()

    async def read(self) -> Sequence[tuple[str | None, ...]]:
        connection = await self.cluster.database("reader").connect()
        found, _ = await connection.execute("SELECT k, v FROM t ORDER BY k")
        await connection.close()
        return list(found)

    async def sleep(self) -> None:
        """Once query processors have seen their clients leave."""
        processors = [
            cast(QueryProcessor, self.cluster.running(name)) for name in self.cluster.roles("query_processor/")
        ]
        await self.world.until(lambda: all(processor._is_empty() for processor in processors), 0.01, 5.0)
        await self._in_controller(self.controller.sleep())

    async def wake(self) -> None:
        async def wake() -> None:
            self.controller.wake(Wake("a test"))

        await self._in_controller(wake())

        async def complete() -> bool:
            return self.controller.assembly.complete

        await eventually(self.world, complete, 30.0, "the cluster does not wake")
        self.cluster.follow_topology()

    async def _in_controller(self, coroutine: Coroutine[Any, Any, None]) -> None:
        ended = asyncio.Event()

        async def run() -> None:
            await coroutine
            ended.set()

        self.world.spawn(CONTROLLER, run())
        await ended.wait()

    def kept(self) -> dict[str, int]:
        """By journal replica, the controller's own left out: how many records it has."""
        names = [name for name in self.cluster.roles("journal/") if not name.startswith("journal/0/")]
        logs = {name: cast(JournalReplica, self.cluster.running(name)).log for name in names}
        return {name: log.last_lsn - log.first_lsn + 1 for name, log in logs.items()}

    def at_zero(self) -> bool:
        return not any(process.role_names for name, process in self.world.processes.items() if name != CONTROLLER)


def rows(value: int) -> list[tuple[str, str]]:
    return [(str(key), str(value)) for key in KEYS]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_committed_is_there_after_zero(seed: int) -> None:
    async def scenario(run: Run) -> None:
        await run.begin()
        for value in (1, 2):
            await run.write(value)
            await run.sleep()
            assert run.at_zero()
            if seed:
                names = [name for name in run.world.processes if name != CONTROLLER or value == 2]
                for name in names:
                    run.world.crash(name, power_failure=True)
                for name in names:
                    await run.world.restart(name)
            await run.wake()
            assert await run.read() == rows(value)
            assert max(run.kept().values()) <= KEPT_MAX

    Run(seed)(scenario)


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2])
def test_shards_that_are_on_their_way_arrive_after_zero(after_s: float) -> None:
    async def scenario(run: Run) -> None:
        await run.begin()
        await run.write(1)
        supervising = asyncio.create_task(run.cluster.supervise())
        for value, parents, cut in ((2, [2], small_key(10)), (3, [1, 3], None)):
            await run.controller.change(lambda state, parents=parents, cut=cut: begun(state, parents, cut))  # type: ignore[misc]
            await asyncio.sleep(after_s)
            await run.world.until(lambda: run.controller.assembly.complete, 0.01, 10.0)  # before that nobody sleeps
            await run.sleep()
            assert run.at_zero()
            await run.wake()
            assert await run.read() == rows(value - 1)
            await run.world.until(lambda: run.controller.state.reshape is None, 0.05, 30.0)
            await run.write(value)
            assert await run.read() == rows(value)
        assert sorted(set(run.controller.state.shard_map.shards)) == [4, 5]
        supervising.cancel()

    Run(1)(scenario)


def test_a_storage_replica_that_does_not_answer_costs_no_record() -> None:
    """It falls silent once zero is on its way: the journals keep what they have, and it reads that when it wakes."""

    async def scenario(run: Run) -> None:
        await run.begin()
        await run.write(1)
        sleeping = asyncio.ensure_future(run.sleep())
        run.world.stall("storage-1-c")
        await asyncio.sleep(20.0)
        run.world.resume("storage-1-c")
        await sleeping
        await run.wake()
        assert await run.read() == rows(1)
        assert min(run.kept().values()) > 20

    Run(1)(scenario)


def test_a_wake_that_cannot_succeed_touches_nothing() -> None:
    """Two zones are away. The client of such a wake is told 57P03 (tests/unit/gateway/test_gateway.py); the next wake
    finds every row."""

    async def scenario(run: Run) -> None:
        await run.begin()
        await run.write(1)
        await run.sleep()
        away = [name for name, process in run.world.processes.items() if name != CONTROLLER and process.az in "bc"]
        for name in away:
            run.world.crash(name)
        wake = asyncio.ensure_future(run.wake())
        await asyncio.sleep(25.0)
        assert not run.controller.assembly.complete
        for name in away:
            await run.world.restart(name)
        await wake
        assert await run.read() == rows(1)

    Run(1)(scenario)


def test_a_client_that_comes_before_anything_has_ended_keeps_the_cluster_awake() -> None:
    async def scenario(run: Run) -> None:
        await run.begin()
        await run.write(1)
        asked = StorageReplica.receive

        def receive(replica: StorageReplica, sender: str, message: Any, reply: Reply | None) -> None:
            if isinstance(message, Checkpoint):
                run.controller.wake(Wake("a test"))
            asked(replica, sender, message, reply)

        StorageReplica.receive = receive  # type: ignore[method-assign]
        try:
            await run.sleep()
        finally:
            StorageReplica.receive = asked  # type: ignore[method-assign]
        assert run.controller.assembly.complete
        assert await run.read() == rows(1), "query processors serve again"

    Run(1)(scenario)


def says_so_before_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Upkeep, "settle", lambda upkeep, message, reply: reply(Checkpointed(message.at)))


def asks_one_replica_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.settling._names", lambda processes, kind: _names(processes, kind))


def _names(processes: Any, kind: str) -> list[str]:
    names = [
        role.name
        for process in processes
        for role in process.roles
        if role.kind == kind and not role.name.startswith("journal/0/")
    ]
    return [name for name in names if kind == "journal" or name.endswith("/a")]


@pytest.mark.parametrize("plant", [says_so_before_the_checkpoint, asks_one_replica_a_shard])
def test_a_record_that_storage_has_not_is_missed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I12: the witnesses find bugs that are planted into the way to zero."""
    plant(monkeypatch)

    async def scenario(run: Run) -> None:
        await run.begin()
        await run.write(1)
        await run.sleep()

    with pytest.raises(SimulationError, match="I12"):
        Run(1)(scenario)


def test_adjudicators_that_were_born_or_retired_stay_so_over_zero() -> None:
    async def scenario(run: Run) -> None:
        await run.begin()
        supervising = asyncio.create_task(run.cluster.supervise())
        changes: list[Callable[[ClusterState], ClusterState]] = [
            lambda state: with_adjudicator(state, 3),
            lambda state: with_transfer(state, small_key(10), None, 3),
            lambda state: with_farewell(state, 1),
        ]
        for value, change in enumerate(changes, 1):
            await run.write(value)
            await settled(run, change)
        await run.sleep()
        await run.wake()
        assert [term.number for term in journals_of(run.controller.state).terms] == [2, 3]
        assert await run.read() == rows(3)
        await run.write(4)
        await settled(run, lambda state: with_adjudicator(state, 4))
        await run.sleep()
        await run.wake()
        assert sorted(run.controller.assembly.leading.names) == ["adjudicator/2", "adjudicator/3", "adjudicator/4"]
        assert await run.read() == rows(4)
        supervising.cancel()

    async def settled(run: Run, change: Callable[[ClusterState], ClusterState]) -> None:
        await run.controller.change(change)

        def is_settled() -> bool:
            state = run.controller.state
            return state.transfer is None and changing(journals_of(state)) is None and run.controller.assembly.complete

        assert await run.world.until(is_settled, 0.05, 30.0)

    Run(5)(scenario)
