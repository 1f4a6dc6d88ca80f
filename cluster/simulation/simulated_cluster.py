"""A cluster in a World: the plan's processes with their roles, the controller's part, and Ray's: whoever dies by himself is started again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from actors.common.errors import DatabaseError
from actors.common.messages import Lead
from actors.common.ranges import ShardMap
from actors.journal.replica import JournalReplica
from actors.query_processor.role import QueryProcessor
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.world import World
from cluster.plan import make_plan, shard_map
from cluster.roles import role_specs
from cluster.simulation.hostile import Plan
from cluster.simulation.sql_client import SimulatedDatabase

RESTART_S_MAX = 0.5
"""Before Ray has started again what died by itself."""
WHOLE_S_MAX = 90.0
"""A replica that lost its disk must vote or answer again within this."""


class SimulatedCluster:
    """`world` has every process of the plan but gateways, which pass real sockets."""

    def __init__(self, seed: int, plan: Plan, keep_trace: bool = False) -> None:
        self.plan = plan
        self.world = World(seed, plan.faults, plan.settings, keep_trace=keep_trace)
        self.map: ShardMap = shard_map(plan.settings)
        for process in make_plan(plan.settings):
            specs = [self._spec(spec) for spec in role_specs(process, plan.settings, "") if not spec.name.startswith("gateway/")]
            if specs:
                self.world.add_process(process.name, process.az, specs)
        self.nemesis: Nemesis | None = None

    def _spec(self, spec: RoleSpec) -> RoleSpec:
        """Query processors get their clients from simulated sockets, and their secrets from the seed."""
        if not spec.name.startswith("query_processor/"):
            return spec
        number = int(spec.name.rpartition("/")[2])

        def make(context: Context) -> QueryProcessor:
            return QueryProcessor(context, number, entropy=context.random.randbytes)

        return RoleSpec(spec.name, spec.az, make)

    def database(self, label: str) -> SimulatedDatabase:
        numbers = range(1, self.plan.settings.layout.query_processors + 1)
        return SimulatedDatabase(self.world, [f"query_processor/{number}" for number in numbers], self.world.derive(label))

    async def start(self) -> None:
        await self.world.start()
        self.world.publish(self.map)
        for number in self.map.all_adjudicators():
            while not await self._lead(number, 30.0):
                await asyncio.sleep(0.2)

    async def _lead(self, number: int, timeout_s: float) -> bool:
        with contextlib.suppress(DatabaseError):
            await self.world.bus.call("controller", f"adjudicator/{number}", Lead(), timeout_s=timeout_s)
            return True
        return False

    def groups(self) -> list[list[str]]:
        """Whom a nemesis strikes: processes, all of an AZ, all replicas of a journal's or a shard's place, everything."""
        processes = self.world.processes
        azs = sorted({process.az for process in processes.values()})
        return [*([name] for name in sorted(processes)), *([name for name in sorted(processes) if processes[name].az == az] for az in azs)]

    # -- what Ray and the controller do -----------------------------------------------------------------------------------------

    async def supervise(self) -> None:
        """Whoever is down and not held down by a strike is started again."""
        random = self.world.derive("supervisor")
        while True:
            await asyncio.sleep(random.uniform(0.1, RESTART_S_MAX))
            for name, process in self.world.processes.items():
                struck = self.nemesis is not None and name in self.nemesis.struck
                if not process.up and not struck:
                    with contextlib.suppress(DatabaseError):  # its disk may be full still
                        await self.world.restart(name)

    async def keep_leading(self) -> None:
        async def keep(number: int) -> None:
            while True:
                await self._lead(number, 1.0)
                await asyncio.sleep(0.3)

        await asyncio.gather(*(keep(number) for number in self.map.all_adjudicators()))

    # -- being whole ------------------------------------------------------------------------------------------------------------

    async def until_whole(self) -> None:
        """Every process is up, every journal replica votes, every storage replica follows. Raises AssertionError where that takes too long."""
        end = self.world.loop.time() + WHOLE_S_MAX
        while (lacking := self._lacking()) is not None:
            assert self.world.loop.time() < end, f"no progress: {lacking}"
            await asyncio.sleep(0.1)

    def _lacking(self) -> str | None:
        for name, process in self.world.processes.items():
            if not process.up:
                return f"{name} is down"
            for spec in process.specs:
                role = process.role(spec.name)
                if isinstance(role, JournalReplica) and not role.status()["load"]["voter"]:
                    return f"{spec.name} does not vote"
                if role.status().get("state") == "filling":
                    return f"{spec.name} is being filled"
        return None


async def eventually(world: World, attempt: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Raises AssertionError where `attempt` does not succeed within so many virtual seconds."""
    end = world.loop.time() + seconds
    while not await attempt():
        assert world.loop.time() < end, f"no progress: {what}"
        await asyncio.sleep(0.1)
