"""A cluster in a World: the plan's processes with their roles, a controller, and Ray's part: whoever dies by himself is
started again."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Collection
from random import Random
from typing import cast

import msgspec

from actors.common.errors import DatabaseError
from actors.common.messages import Credentials, Register, StartRole
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.journal.replica import JournalReplica
from actors.query_processor.role import QueryProcessor
from actors.runtime.distances import Distances
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Role
from actors.runtime.simulation.nemesis import Nemesis, Reshape
from actors.runtime.simulation.world import World
from actors.storage.replica import StorageReplica
from cluster.controller import Controller
from cluster.initial import initial_state, with_keepers
from cluster.keeping import keepers
from cluster.membership import changing, journals_of
from cluster.policies.homes import homes
from cluster.policies.placement import AUTO, Placement
from cluster.regions import controller_az
from cluster.roles import clients_socket, parking_socket, role_spec
from cluster.simulation.hostile import Plan
from cluster.simulation.reshapings import Reshapings
from cluster.simulation.sql_client import GatewayDatabase, SimulatedDatabase
from cluster.simulation.state_witness import StateWitness, WatchedKeeper
from cluster.state import ProcessState, RoleState

CONTROLLER = "controller"
START_S_MAX = 60.0
RESTART_S_MAX = 0.5
"""Before Ray has started again what died by itself."""
SETTLED_S_MAX = 30.0
WHOLE_S_MAX = 90.0
"""A replica that lost its disk must vote or answer again within this, once all faults are over."""
LOSSY_WHOLE_S_MAX = 300.0
"""... and within this while the network goes on to lose and reorder: a stream of many small messages begins anew with
each that is overtaken."""

UNSETTLED = {
    "adjudicator": ("pending", "under_way", "waiting"),
    "crossbar": ("catching_up",),
    "storage": ("waiting",),
    "journal": ("disk_full",),
}
"""What of a role's load is something left to do, by layer: each of them has to be there."""


RESTORED_SEEDS = 1 << 40
"""What a restored cluster draws, names of transactions among it, is not what the lost one drew: its journals know those
names."""


class SimulatedCluster:
    """`world` has every process of the plan, gateways where it has a host for them. `restored_s`: its data is another
    cluster's, which ended at that virtual time; its object store has them (restored.py)."""

    def __init__(self, seed: int, plan: Plan, keep_trace: bool = False, restored_s: float | None = None) -> None:
        self.plan = plan
        self._restored = restored_s is not None
        self.world = World(
            seed + (RESTORED_SEEDS if self._restored else 0),
            plan.faults,
            plan.settings,
            keep_trace=keep_trace,
            begin_s=restored_s or 0.0,
            with_sockets=plan.gateways,
        )
        if plan.distances:
            one_way_s = {(one, other): seconds for one, other, seconds in plan.distances}
            self.world.network.distances = Distances(self._region_of, one_way_s, plan.jitter_share)
        asked = plan.settings.layout.placement
        state = initial_state(plan.settings, Placement("role" if asked == AUTO else asked))
        self.states = StateWitness(self.world)
        self.map: ShardMap = state.shard_map
        if plan.cuts:
            self.map = msgspec.structs.replace(self.map, cuts=plan.cuts)
        self.credentials = Credentials(0)
        """What lies in the data folder; read where the settings ask for tokens."""
        self.seats: dict[str, int] = {}
        """Zone -> how many disks it had before its present ones (actors/journal/seats.py). Missing: 0."""
        self.nemeses: list[Nemesis] = []
        self._away: set[str] = set()
        self._scenario = contextvars.copy_context()
        """Of nobody's process."""
        self._stalls: dict[str, bool] = {}
        """Process that is stalled -> whether it computes meanwhile, rather than being stopped."""
        self._stall_random = self.world.derive("stalls")
        processes = tuple(
            process for process in state.processes if plan.gateways or not process.name.startswith("gateway")
        )
        self.states.learn(self.map)
        self._state = msgspec.structs.replace(state, processes=processes, shard_map=self.map)
        if plan.keeps_state:
            self._state = with_keepers(self._state)
        self.first = {process.name for process in self._state.processes}
        """The names of the processes that it began with."""
        self._reshapings = Reshapings(self)
        az = controller_az(plan.settings.layout.azs)
        self.world.add_process(CONTROLLER, az, [RoleSpec(CONTROLLER, az, self._make_controller)])
        for process in self._state.processes:
            self.add(process)
        self.world.make_role = self._assigned
        self.world.on_started.append(self._started)

    def _region_of(self, process: str) -> str:
        there = self.world.processes.get(process)
        return self._state.regions.of(there.az) if there is not None else ""

    @property
    def serving_azs(self) -> list[str]:
        """Zones that are no witness's."""
        return self._state.regions.serving(self.plan.settings.layout.azs)

    def add(self, process: ProcessState) -> None:
        """One more process, which is down: `supervise` starts it."""
        specs = {role.name: self._spec(role_spec(role, process.az, "", measured=False)) for role in process.fixed}
        first = [] if self.plan.keeps_state else list(specs.values())
        self.world.add_process(process.name, process.az, list(specs.values()), first)
        self.follow_topology()

    def follow(self, process: ProcessState) -> None:
        """Its fixed roles are others now."""
        there = self.world.processes[process.name]
        if [spec.name for spec in there.specs] != [role.name for role in process.fixed]:
            there.specs = [self._spec(role_spec(role, process.az, "", measured=False)) for role in process.fixed]
            for spec in there.specs:
                self.world.disk_of(there, spec.name)
            self.follow_topology()

    def names(self, process: str) -> bool:
        """Whether it is one of the cluster's, by the newest state."""
        return process in {one.name for one in self._processes}

    def begin_anew(self, process: str) -> None:
        self.world.crash(process)
        self.world.loop.create_task(self.world.restart(process), context=self._scenario)

    def _make_controller(self, context: Context) -> Controller:
        process = self.world.processes[CONTROLLER]
        controller = Controller(
            context,
            self._state,
            make_keeper=self._make_keeper if self.plan.keeps_state else None,
            launcher=_Launcher(self) if self.plan.keeps_state else None,
            restarted=process.starts > 1,
            is_working=self._is_working,
            read_credentials=(lambda: self.credentials)
            if self.plan.settings.authentication.method == "tokens"
            else None,
        )
        controller.introduce(
            Register(CONTROLLER, {CONTROLLER: process.az}, f"simulated:{CONTROLLER}", process.starts, process.az)
        )
        return controller

    def _make_keeper(self, context: Context, on_deposed: Callable[[str], None]) -> WatchedKeeper:
        return WatchedKeeper(context, keepers(self._state.processes), on_deposed, self.states)

    def _assigned(self, message: StartRole) -> RoleSpec:
        arguments = message.arguments
        if message.kind == "journal":
            arguments = {**arguments, "restoring": self._restored, "seat": self.seats.get(message.az, 0)}
        return self._spec(role_spec(RoleState(message.role, message.kind, arguments), message.az, "", measured=False))

    def _is_working(self, name: str) -> bool:
        """What working.py would say. On one host, that is: of another one a controller's kernel knows nothing."""
        process = self.world.processes[name]
        if process.life is None or not process.life.owner.stalled:
            self._stalls.pop(name, None)
            return self.plan.one_host and process.life is not None
        if name not in self._stalls:
            self._stalls[name] = self._stall_random.random() < 0.5
        return self.plan.one_host and self._stalls[name]

    def _started(self, started: str) -> None:
        """A process has started: it tells the controller; or the controller has, and all are told to tell it."""
        for name, process in self.world.processes.items():
            if process.life is not None and name != CONTROLLER and started in (name, CONTROLLER):
                self.register(name)

    def register(self, name: str) -> None:
        """A process that is up tells the controller that it is there."""
        life = self.world.processes[name].life
        assert life is not None
        life.bus.add_route(CONTROLLER, f"simulated:{CONTROLLER}")
        self.world.spawn(name, life.host.register())

    def _spec(self, spec: RoleSpec) -> RoleSpec:
        """Query processors get their clients from simulated sockets, and their secrets from the seed."""
        if not spec.name.startswith("query_processor/"):
            return spec
        number = int(spec.name.rpartition("/")[2])

        def make(context: Context) -> QueryProcessor:
            computed_s = (lambda: 0.0) if self.plan.keeps_state else None  # older plans know nothing of loads
            return QueryProcessor(
                context,
                number,
                clients_path=clients_socket("", number) if self.plan.gateways else "",
                parking_path=(lambda gateway: parking_socket("", int(gateway.rpartition("/")[2])))
                if self.plan.gateways
                else None,
                entropy=context.random.randbytes,
                computed_s=computed_s,
            )

        return RoleSpec(spec.name, spec.az, make)

    def database(self, label: str, dawdle_s: float = 0.0, region: str | None = None) -> SimulatedDatabase:
        """`region`: whose query processors a client goes to; None: any."""
        if self.plan.gateways:
            port, random = self.plan.settings.layout.port, self.world.derive(label)
            return GatewayDatabase(self.world, port, random, dawdle_s, self.plan.dawdle_share)
        numbers = range(1, self.plan.settings.layout.query_processors + 1)
        names = [f"query_processor/{number}" for number in numbers]
        if region is not None:
            there = {name: self.world.process_of(name) for name in names}
            names = [name for name, process in there.items() if process and self._region_of(process.name) == region]
        return SimulatedDatabase(
            self.world,
            names,
            self.world.derive(label),
            dawdle_s,
            self.plan.dawdle_share,
        )

    async def start(self) -> None:
        """Until the controller calls the cluster complete."""
        world = self.world
        await world.start()
        controller = cast(Controller, world.processes[CONTROLLER].role(CONTROLLER))
        end = world.loop.time() + START_S_MAX
        while not controller.assembly.complete:
            assert world.loop.time() < end, "no progress: the cluster does not become complete"
            await asyncio.sleep(0.05)
        self.follow_topology()

    def follow_topology(self) -> None:
        """Clients and checkers ask by the controller's map, like everybody else."""
        self.world.bus.add_route(CONTROLLER, f"simulated:{CONTROLLER}")
        routes = {
            spec.name: f"simulated:{name}" for name, process in self.world.processes.items() for spec in process.specs
        }
        for role, endpoint in routes.items():
            self.world.bus.add_route(role, endpoint)

    def roles(self, prefix: str) -> list[str]:
        """Names of the roles that there are now, those that move among them. Any of them may be gone a moment later,
        and none may be left."""
        names = {role.name for process in self._processes for role in process.roles if role.movable}
        names.update(spec.name for process in self.world.processes.values() for spec in process.specs)
        return sorted(name for name in names if name.startswith(prefix))

    @property
    def _processes(self) -> tuple[ProcessState, ...]:
        """As the newest state has them."""
        return (self.states.newest_state or self._state).processes

    def storage_keys(self) -> dict[str, bytes]:
        """By storage replica: a key that its shard owns, of no table."""
        keys = {}
        shard_map = self.newest_map
        for role in self.roles("storage/"):
            shard = int(role.split("/")[1])
            if shard in shard_map.shards:
                piece = shard_map.shards.index(shard)
                keys[role] = bytes(KEYSPACE_BYTES) + (shard_map.cuts[piece - 1] if piece else b"") + b"\0"
        return keys

    @property
    def newest_map(self) -> ShardMap:
        return self.states.newest or self.map

    def owns(self, replica: str) -> bool:
        """Whether this storage replica is one of the cluster's, and its shard owns any keys."""
        state = self.states.newest_state
        is_there = state is None or replica in state.roles
        return is_there and int(replica.split("/")[1]) in self.newest_map.shards

    def process_running(self, role: str) -> str | None:
        """Where a role is now, wherever it began; None where it is nowhere."""
        for name, process in self.world.processes.items():
            if process.runs(role):
                return name
        return None

    def running(self, role: str) -> Role | None:
        """The role, to look into, wherever it is now."""
        name = self.process_running(role)
        return self.world.processes[name].role(role) if name is not None else None

    def groups(self) -> list[list[str]]:
        """Whom a nemesis strikes: processes, all of an AZ, all replicas of a journal's or a shard's place,
        everything."""
        processes = {name: process for name, process in self.world.processes.items() if self._is_victim(name)}
        azs = sorted({process.az for process in processes.values()})
        return [
            *([name] for name in sorted(processes)),
            *([name for name in sorted(processes) if processes[name].az == az] for az in azs),
        ]

    def _is_victim(self, process: str) -> bool:
        """Query processors that have come with the load are left alone: older plans know nothing of them."""
        return process == CONTROLLER or process in self.first or process.startswith("storage-")

    @property
    def reshapings(self) -> dict[str, Reshape]:
        """Changes of the cluster's shape for a nemesis to ask for, by name."""
        return {"move": self._move, **self._reshapings.by_name()}

    def _move(self, random: Random) -> None:
        """A movable role goes on in another of its homes."""
        if self.world.processes[CONTROLLER].up:
            self.move(random.choice(sorted(homes(self._processes, self._state.regions))), random)

    def move(self, role: str, random: Random) -> bool:
        """`role` goes on in another of its homes. False where nobody could see to that now, or it is no more."""
        process = self.world.processes[CONTROLLER]
        targets = homes(self._processes, self._state.regions).get(role)
        if not process.up or targets is None:
            return False
        target = random.choice(targets)
        controller = cast(Controller, process.role(CONTROLLER))
        self.world.trace.add("move", f"{role} to {target}")

        async def move() -> None:
            controller.move(role, target)

        self.world.spawn(CONTROLLER, move())
        return True

    def disk_groups(self) -> list[list[str]]:
        """Whose disks may be lost: one process's at a time."""
        processes = self.world.processes
        return [[name] for name in sorted(processes) if processes[name].disks and self._is_victim(name)]

    # -- what Ray does -------------------------------------------------------------------------------------------------

    async def supervise(self) -> None:
        """Whoever is down and not held down by a strike is started again."""
        random = self.world.derive("supervisor")
        while True:
            await asyncio.sleep(random.uniform(0.1, RESTART_S_MAX))
            for name, process in list(self.world.processes.items()):
                if (
                    process.up
                    or name not in self.world.processes
                    or name in self._away
                    or any(name in nemesis.struck for nemesis in self.nemeses)
                ):
                    continue
                with contextlib.suppress(DatabaseError):  # its disk may be full still
                    await self.world.restart(name)

    # -- an outage -----------------------------------------------------------------------------------------------------

    def can_do_without(self, az: str) -> bool:
        """Clients find a query processor elsewhere."""
        return any(
            spec.name.startswith("query_processor/")
            for process in self.world.processes.values()
            for spec in process.specs
            if process.az != az
        )

    def take_away(self, az: str) -> None:
        """All of a zone's processes are killed and stay away; a controller is started again elsewhere, as Ray does."""
        struck = sorted(name for name, process in self.world.processes.items() if process.az == az)
        self._away = set(struck) - {CONTROLLER}
        for name in struck:
            if self.world.processes[name].up:
                self.world.crash(name)

    def give_back(self) -> None:
        self._away = set()

    # -- being whole ---------------------------------------------------------------------------------------------------

    async def until_whole(
        self, given_up_at: float | None = None, seconds: float = WHOLE_S_MAX, clocks_are_right: bool = True
    ) -> None:
        """Every process is up, every journal replica votes, every storage replica follows, no reshape is under way (a
        controller far ahead of all others waits as long for reads of its own time). Raises AssertionError where that
        takes too long, unless it is given up before."""
        end = self.world.loop.time() + seconds
        while (lacking := self._lacking(clocks_are_right)) is not None:
            if given_up_at is not None and self.world.loop.time() >= given_up_at:
                break
            assert given_up_at is not None or self.world.loop.time() < end, f"no progress: {lacking}"
            await asyncio.sleep(0.1)

    def _lacking(self, clocks_are_right: bool) -> str | None:
        for name, process in self.world.processes.items():
            if not process.up:
                return f"{name} is down"
            for spec in process.specs:
                if not process.runs(spec.name):
                    return f"{spec.name} does not run"
                role = process.role(spec.name)
                if isinstance(role, JournalReplica) and not role.status()["load"]["voter"]:
                    return f"{spec.name} does not vote"
                if isinstance(role, StorageReplica) and not role.whole:
                    return f"{spec.name} is not whole"
        controller = cast(Controller, self.world.processes[CONTROLLER].role(CONTROLLER))
        reshape = controller.state.reshape if clocks_are_right else None
        return f"{reshape} is not over" if reshape is not None else None

    async def until_settled(self) -> None:
        """Nothing is left of what clients asked for: no mark of an undecided transaction, no commit under way, no read
        that waits, no subscriber behind. Raises AssertionError where that takes too long."""
        end = self.world.loop.time() + SETTLED_S_MAX
        while (left := self._left()) is not None:
            assert self.world.loop.time() < end, f"no progress: {left}"
            await asyncio.sleep(0.2)

    def _left(self) -> str | None:
        controller = cast(Controller, self.world.processes[CONTROLLER].role(CONTROLLER))
        if controller.state.transfer is not None:
            return f"{controller.state.transfer} is not over"
        if (term := changing(journals_of(controller.state))) is not None:
            return f"{term} is on its way"
        if controller.state.reshape is not None:
            return f"{controller.state.reshape} is not over"
        for process in self.world.processes.values():
            for name in process.role_names:
                status = process.role(name).status()
                for what in UNSETTLED.get(status["layer"], ()) if "load" in status else ():
                    if status["load"][what]:
                        return f"{name}: {what} {status['load'][what]}"
        return None


class _Launcher:
    """cluster.launching.Launcher: Ray's part. Processes that the cluster began with are there all the time: one that is
    ended at zero begins anew, with its disks and without a role."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster

    async def make_room(self) -> None:
        pass

    async def replace_lost(self, processes: Collection[ProcessState]) -> Collection[str]:
        return ()

    def release_room(self, ended: Collection[ProcessState]) -> None:
        pass

    def launch(self, process: ProcessState) -> None:
        world = self._cluster.world
        if process.name not in world.processes:
            self._cluster.add(process)
            return
        self._cluster.follow(process)
        if world.processes[process.name].up:
            self._cluster.register(process.name)

    def end(self, process: str) -> None:
        if self._cluster.names(process):
            self._cluster.begin_anew(process)
        else:
            self._cluster.world.remove_process(process)

    def end_others(self, processes: Collection[str]) -> None:
        for name in sorted(set(self._cluster.world.processes) - {CONTROLLER, *processes}):
            self.end(name)


async def eventually(world: World, attempt: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Raises AssertionError where `attempt` does not succeed within so many virtual seconds."""
    end = world.loop.time() + seconds
    while not await attempt():
        assert world.loop.time() < end, f"no progress: {what}"
        await asyncio.sleep(0.1)
