"""A simulated cluster: processes on one deterministic loop, a network and disks between them, everything derived from
one seed.

    async def scenario(world: World) -> None:
        await world.start()
        world.publish(shard_map)
        ... await world.bus.call("test", "storage/1/a", Get(...)) ...
        world.crash("storage-1-a", power_failure=True)
        await asyncio.sleep(3)                                       virtual
        await world.restart("storage-1-a")

    with World(seed=7, faults=Faults.hostile(Random(7))) as world:
        world.add_process("storage-1-a", "a", [RoleSpec("storage/1/a", "a", make_replica)])
        world.run(scenario(world))
        world.trace.digest            equal in every run of this seed

A process is a Host (the same as in production) with its roles. Its life ends in a `crash`: its code stops wherever it
is, what waits for it hears of it or not, its disks keep what disks.py says. Its clock and disks outlive it. `stall`
stops all of its code for a while (a garbage collection, a frozen virtual machine) and `resume` lets it go on with what
it missed.

The scenario itself runs outside of all processes and is never struck; `world.bus` is its way to talk, over the same
network.

Failures. An exception that escapes role code ends the process as in production. A DatabaseError (a failed disk, say) is
an honest crash: traced, and the process stays down until restarted. Anything else is an impossible state: `run` raises
SimulationError from it, with the seed.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context, copy_context
from random import Random
from types import TracebackType
from typing import Any, TypeVar

from actors.common.errors import DatabaseError
from actors.common.messages.control import Topology
from actors.common.ranges import ShardMap
from actors.common.settings import Settings
from actors.runtime.assigned_roles import MakeRole
from actors.runtime.host import Host, RoleSpec
from actors.runtime.interfaces import Role
from actors.runtime.simulation.bus import SimulatedBus
from actors.runtime.simulation.clock import SimulatedClock
from actors.runtime.simulation.disk import DiskImage, SimulatedDisk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import OWNER, Owner, SimulatedLoop, SimulationError
from actors.runtime.simulation.network import SimulatedNetwork
from actors.runtime.simulation.object_store import SimulatedObjectStore, StoreImage
from actors.runtime.simulation.sockets import SimulatedKernel
from actors.runtime.simulation.trace import Trace
from actors.runtime.sockets import HOST

T = TypeVar("T")

RUN_S_MAX = 3600.0
"""Virtual seconds after which a run that has not ended is taken for hung."""
SCENARIO = "scenario"


class _Life:
    """One life of a process: from a start to a crash or a stop."""

    def __init__(self, name: str) -> None:
        self.owner = Owner(name)
        self.context = self.owner.context
        self.bus: SimulatedBus
        self.host: Host
        self.ended: asyncio.Future[None]


class Process:
    """What outlives a crash: its name, its place, its roles, its clock and its disks (by role name). `first`: those of
    its roles with which it begins; the others are assigned to it."""

    def __init__(
        self, name: str, az: str, specs: Sequence[RoleSpec], first: Sequence[RoleSpec], clock: SimulatedClock
    ) -> None:
        self.name = name
        self.az = az
        self.specs = list(specs)
        self.first = list(first)
        self.clock = clock
        self.disks: dict[str, DiskImage] = {}
        self.life: _Life | None = None
        self.starts = 0

    @property
    def up(self) -> bool:
        return self.life is not None

    def runs(self, name: str) -> bool:
        """Whether the role of this name has started."""
        life = self.life
        return life is not None and name in life.bus.services and life.host.runs(name)

    @property
    def role_names(self) -> list[str]:
        """Of the roles that run, assigned ones among them."""
        return self.life.host.role_names if self.life is not None else []

    def role(self, name: str) -> Role:
        """A running role, for checkers to look into. The process must be up."""
        assert self.life is not None, f"{self.name} is down"
        return self.life.host.role(name)


class World:
    """See the module."""

    def __init__(
        self,
        seed: int,
        faults: Faults | None = None,
        settings: Settings | None = None,
        *,
        keep_trace: bool = False,
        begin_s: float = 0.0,
        with_sockets: bool = False,
    ) -> None:
        """`with_sockets`: all processes are on one host, whose kernel is simulated (sockets.py)."""
        self.seed = seed
        self.faults = faults or Faults()
        self.settings = settings or Settings()
        self.loop = SimulatedLoop(begin_s)
        self.loop.set_exception_handler(self._on_loop_error)
        self.trace = Trace(self.loop.time, keep_trace)
        self.network = SimulatedNetwork(self.loop, self.derive("network"), self.faults, self.trace)
        self.kernel = SimulatedKernel(self.loop, self.derive("kernel"), self.violated) if with_sockets else None
        self.processes: dict[str, Process] = {}
        self.stored: StoreImage | None = None
        """Where the settings name an object store."""
        if self.settings.storing.object_store:
            self.stored = StoreImage(self.derive("object store"), self.trace, self.loop.time)
        self.clock = SimulatedClock(self.loop.time)
        """True time, for checkers."""
        self.context = Context()
        """Of what belongs to no process: scenario, clients, checkers."""
        self._failure: BaseException | None = None
        self._failed: asyncio.Future[None] | None = None
        self._topology: Topology | None = None
        self._map: ShardMap | None = None
        self.make_role: MakeRole | None = None
        """For hosts: the roles that a controller assigns."""
        self.on_started: list[Callable[[str], None]] = []
        """Called with the name of a process whose roles have started."""
        self.on_disk: list[Callable[[DiskImage], None]] = []
        """Called with a disk that is new."""
        self.collects_garbage = True
        """At its end. A process that ends soon need not (campaign.py)."""
        self._starts: dict[str, int] = {}
        """Of processes that have left: one of the same name draws other numbers."""
        self._graveyard: list[object] = []
        """Dead code is kept until the end, so that no garbage collection runs its `finally` blocks at a time of its own
        choosing."""
        self.bus = SimulatedBus(
            f"simulated:{SCENARIO}", Owner(SCENARIO), self.network, self.loop, self.settings.messaging
        )
        self.bus.on_crash = self._impossible
        self.network.join(self.bus)

    def derive(self, label: str) -> Random:
        """A random source of its own for every purpose, so that one more draw in one place does not move all others."""
        return Random(f"{self.seed}/{label}")

    # processes

    def add_process(
        self, name: str, az: str, specs: Sequence[RoleSpec], first: Sequence[RoleSpec] | None = None
    ) -> Process:
        """`first`: with which of its roles it begins; None: with all."""
        assert name not in self.processes and name != SCENARIO
        random = self.derive(f"clock/{name}")
        offset = random.randint(-self.faults.clock_offset_us_max, self.faults.clock_offset_us_max)
        drift = random.uniform(-self.faults.clock_drift_ppm_max, self.faults.clock_drift_ppm_max)
        clock = SimulatedClock(self.loop.time, offset, drift, self.faults.clock_error_us, self.faults.clock_honest)
        process = self.processes[name] = Process(name, az, specs, specs if first is None else first, clock)
        process.starts = self._starts.pop(name, 0)
        for spec in specs:
            self.disk_of(process, spec.name)
        return process

    def remove_process(self, name: str) -> None:
        """It is ended for good. Nothing happens where there is none."""
        process = self.processes.pop(name, None)
        if process is not None:
            self.trace.add("end", name)
            self._starts[name] = process.starts
            if process.up:
                self._end(process)

    def process_of(self, role: str) -> Process | None:
        """The process that is made to run this role; None where there is none any more, or the role is assigned to
        processes."""
        return next(
            (process for process in self.processes.values() if any(spec.name == role for spec in process.specs)), None
        )

    def disk_of(self, process: Process, role: str) -> DiskImage:
        image = process.disks.get(role)
        if image is None:
            image = process.disks[role] = DiskImage(role, self.derive(f"disk/{role}"), self.faults, self.trace)
            for callback in self.on_disk:
                callback(image)
        return image

    def _begun_disk(self, process: Process, role: str) -> DiskImage:
        """For a life of this role. One that had been given up, and cleared, is another one now."""
        image = self.disk_of(process, role)
        if image.is_given_up:
            image.is_given_up = False
            for observer in self.network.observers:
                observer.wiped(role)
        return image

    def _disk_in(self, az: str, role: str) -> DiskImage | None:
        """All processes of an availability zone keep their files in one room."""
        return next((one.disks[role] for one in self.processes.values() if one.az == az and role in one.disks), None)

    async def start(self) -> None:
        """Start all processes that are down, at once, and wait until they have started."""
        await asyncio.gather(*(self.restart(name) for name, process in self.processes.items() if not process.up))

    async def restart(self, name: str) -> None:
        """Start a process that is down. Returns when its roles have started or it has crashed meanwhile; raises what
        its start raised."""
        process = self.processes[name]
        assert not process.up, f"{name} is up"
        process.starts += 1
        life = process.life = _Life(name)
        self.trace.add("start", f"{name} {process.starts}")
        life.bus = SimulatedBus(f"simulated:{name}", life.owner, self.network, self.loop, self.settings.messaging)
        sockets = self.kernel.begin(life.owner) if self.kernel is not None else HOST
        life.host = Host(
            name,
            life.bus,
            process.clock,
            lambda role: SimulatedDisk(
                self._begun_disk(process, role), life.owner, lambda other: self._disk_in(process.az, other)
            ),
            self.derive(f"host/{name}/{process.starts}"),
            self.settings,
            node=process.az,
            pid=process.starts,
            on_crash=lambda error: self._on_crash(process, error),
            make_role=self.make_role,
            objects=SimulatedObjectStore(self.stored, life.owner) if self.stored is not None else None,
            sockets=sockets,
        )
        life.ended = self.loop.create_future()
        if self._topology is not None:
            life.bus.set_topology(self._topology)
        starting = self.loop.create_task(life.host.start(process.first), context=life.context.copy())
        await asyncio.wait([starting, life.ended], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            if starting.exception() is not None and process.life is life:
                self._end(process)
            starting.result()
            for callback in self.on_started:
                callback(name)

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run something as that process, which must be up; it ends with it."""
        life = self.processes[name].life
        assert life is not None, f"{name} is down"
        self.loop.create_task(coroutine, context=life.context.copy())

    async def stop(self, name: str) -> None:
        """A clean stop, as by Shutdown."""
        process = self.processes[name]
        assert process.life is not None, f"{name} is down"
        life = process.life
        stopping = self.loop.create_task(life.host.stop(), context=life.context.copy())
        await asyncio.wait([stopping, life.ended], return_when=asyncio.FIRST_COMPLETED)
        if process.life is life:
            self.trace.add("stop", name)
            self._end(process)
        if stopping.done():
            stopping.result()

    def crash(self, name: str, power_failure: bool = False) -> None:
        """kill -9, or a power failure, which the disks feel too. Nothing happens to a process that is down, but a power
        failure to its disks."""
        process = self.processes.get(name)
        if process is None:
            return  # it has left the cluster
        self.trace.add("crash", f"{name} {'power failure' if power_failure else 'killed'}")
        if process.up:
            self._end(process)
        for image in process.disks.values():
            if power_failure:
                image.lose_power()

    def wipe(self, name: str) -> None:
        """The disks of a process that is down are lost, and replaced by empty ones."""
        process = self.processes[name]
        assert not process.up, f"{name} is up"
        for role, image in process.disks.items():
            image.wipe()
            for observer in self.network.observers:
                observer.wiped(role)

    def tell_rotten(self, role: str) -> None:
        """A bit of this role's disk was flipped: checkers go by it no more."""
        for observer in self.network.observers:
            observer.rotten(role)

    def stall(self, name: str) -> None:
        """None of its code runs until `resume`; the network and its disks go on."""
        life = self.processes[name].life
        if life is not None:
            self.trace.add("stall", name)
            life.owner.stall()

    def resume(self, name: str) -> None:
        process = self.processes.get(name)
        life = process.life if process is not None else None
        if life is not None and life.owner.stalled:
            self.trace.add("resume", name)
            self.loop.resume(life.owner)

    def _end(self, process: Process) -> None:
        life = process.life
        assert life is not None
        process.life = None
        life.owner.die()
        self._graveyard.append(life.owner.deferred)
        life.owner.deferred = []
        life.bus.die()
        for callback in life.owner.when_dead:
            callback()
        life.owner.when_dead.clear()
        for image in process.disks.values():
            image.end_life()
        self._graveyard += [life, *asyncio.all_tasks(self.loop)]
        if not life.ended.done():
            life.ended.set_result(None)

    async def until(self, holds: Callable[[], bool], every_s: float, seconds_max: float) -> bool:
        """Wait until `holds`, looking every so many virtual seconds, or for so long; whether it holds. To be awaited
        outside of all processes.

        A sleep in between would cost three times as much: a look is one callback of the loop, and no step of a task."""
        loop = self.loop
        end = loop.time() + seconds_max
        if holds():
            return True
        context = copy_context()
        over: asyncio.Future[bool] = loop.create_future()

        def look() -> None:
            if over.done():
                return
            found = holds()
            if found or loop.time() >= end:
                over.set_result(found)
            else:
                loop.call_later(every_s, look, context=context)

        loop.call_later(every_s, look, context=context)
        return await over

    # topology

    def publish(self, shard_map: ShardMap | None = None) -> None:
        """Hand a topology of all processes to all that are up, and to every one that starts later. `shard_map`: None
        keeps the known one."""
        self._map = shard_map or self._map
        assert self._map is not None, "the first topology needs a shard map"
        routes: dict[str, str] = {}
        azs: dict[str, str] = {}
        for process in self.processes.values():
            endpoint = f"simulated:{process.name}"
            routes[f"host/{process.name}"] = endpoint
            for spec in process.specs:
                routes[spec.name] = endpoint
                azs[spec.name] = spec.az
        version = self._topology.version + 1 if self._topology is not None else 1
        self._topology = Topology(version=version, routes=routes, azs=azs, shard_map=self._map)
        self.bus.set_topology(self._topology)
        for process in self.processes.values():
            if process.life is not None:
                life = process.life
                self.loop.call_soon(life.bus.set_topology, self._topology, context=life.context)

    # running

    def run(self, scenario: Coroutine[Any, Any, T], limit_s: float = RUN_S_MAX) -> T:
        """Run to the scenario's end (virtual seconds, at most `limit_s`). Raises what it raises, and SimulationError
        for an impossible state."""

        async def guarded() -> T:
            self._failed = self.loop.create_future()
            task = self.loop.create_task(scenario)
            waiting: list[asyncio.Future[Any]] = [task, self._failed]
            await asyncio.wait(waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                task.cancel()
                self._failed.result()
            if not task.done():
                task.cancel()
                raise SimulationError(f"seed {self.seed}: the scenario has not ended after {limit_s} virtual seconds")
            return task.result()

        return self.loop.run_until_complete(guarded())

    def close(self) -> None:
        """End everything that still runs, without running it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # coroutines that were never begun
            for process in self.processes.values():
                if process.up:
                    self._end(process)
            task = None
            for task in asyncio.all_tasks(self.loop):
                task._log_destroy_pending = False  # type: ignore[attr-defined]
            del task
            self.loop.close()
            self._graveyard.clear()
            if self.collects_garbage:
                gc.collect()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # failures

    def _on_crash(self, process: Process, error: BaseException) -> None:
        self.trace.add("crash", f"{process.name} by itself: {error!r}")
        if process.up:
            self._end(process)
        if not isinstance(error, DatabaseError):
            self._impossible(error)

    def violated(self, invariant: str, what: str) -> None:
        """An invariant does not hold: that is traced, and `run` raises SimulationError from an AssertionError."""
        self.trace.add("violated", f"{invariant}: {what}")
        self._impossible(AssertionError(f"{invariant}: {what}"))

    def _impossible(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            failure = SimulationError(f"seed {self.seed}, at {self.loop.time():.6f} s: {error!r}")
            failure.__cause__ = error
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(failure)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception escaped a callback. (Of failures that nobody looked at, the garbage collector tells, at no
        certain time: not our affair.)"""
        error, handle = context.get("exception"), context.get("handle")
        if error is None or handle is None:
            return
        owner = handle._context.get(OWNER)
        process = self.processes.get(owner.name) if owner is not None else None
        if process is None:
            self._impossible(error)
        elif process.life is not None and process.life.owner is owner:
            process.life.host.crash(error)
