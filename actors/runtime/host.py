"""A host: one process's shell around its roles. It makes what a role is handed, starts and stops roles, and answers for
them.

    host = Host.local("journal-1-a", "unix:/run/e/journal-1-a", data_dir, settings, node="node-1")
    await host.start([RoleSpec("journal/1/a", "a", lambda context: JournalReplica(context, journal=1))])
    await host.register()           tells the controller, brings the topology
    ...
    await host.stop()

Each role gets a Context of its own: its folder `data_dir/<role name>`, its random source, a `spawn` whose tasks end
with it. A role is reachable on the bus when its `start` has returned (one that must be reached earlier attaches
itself).

Messages that a host answers itself, so that no role has to know them:

- `AskStatus` to a role's name: the role's `status()` with name, process, pid, az, node, endpoint added. To
  `host/<name>`: the process and all of its roles (`roles`: a list of the former).
- `Topology` (one-way or request) to either: handed to the bus, once for the process.
- `Shutdown` to `host/<name>`: stops the roles, answers Done, then calls `on_shutdown`.
- `StartRole`, `StopRole` to `host/<name>`: a role that moves between processes (assigned_roles.py). `Ping`: Pong.
  `Watch`: no answer, for life.

A crash is honest: an exception that escapes a task, a message, a timer or a callback of any role (but a DatabaseError
that answers a request) is logged and ends the process through `on_crash`, since the role's state can no longer be
trusted; the supervisor starts it again.

The simulator builds its processes from this same class, with its own bus, clock and disks. Left out: knowing which
roles to run, and Ray.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from actors.common.errors import DatabaseError
from actors.common.messages.base import Done, Message
from actors.common.messages.control import (
    AskStatus,
    AskTopology,
    Informed,
    Ping,
    Pong,
    Register,
    Shutdown,
    StartRole,
    StatusIs,
    StopRole,
    Topology,
    Watch,
)
from actors.common.settings import Settings
from actors.common.timestamps import Clock
from actors.runtime.assigned_roles import AssignedRoles, MakeRole
from actors.runtime.clock import SystemClock
from actors.runtime.far_links import FarLinks
from actors.runtime.interfaces import Bus, Context, Disk, ObjectStore, Reply, Role, Speaker
from actors.runtime.local_disk import LocalDisk
from actors.runtime.object_store import ThreadedObjectStore, object_store
from actors.runtime.socket_bus import Intercept, OnCrash, SocketBus
from actors.runtime.sockets import HOST, Sockets
from actors.runtime.tls import TlsIdentity

CRASH_EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""
REGISTER_RETRY_S = 0.2
"""Pause between attempts to reach the controller."""

Tasks = dict[asyncio.Task[Any], None]
"""A set in the order of insertion: they are cancelled in the same order in every run of a simulation."""

logger = logging.getLogger(__name__)


class HostBus(Bus, Protocol):
    """What a host needs of a bus beyond what roles see."""

    endpoint: str
    on_crash: OnCrash | None

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def intercept(self, kind: type[Message], handler: Intercept) -> None: ...

    def add_route(self, name: str, endpoint: str) -> None: ...


@dataclass(frozen=True)
class RoleSpec:
    """A role to run: its bus name, its availability zone, and how to make it."""

    name: str
    az: str
    make: Callable[[Context], Role]


@dataclass
class _Running:
    role: Role
    az: str
    disk: Disk
    tasks: Tasks
    start_ms: float = 0.0
    """How long its start took."""

    async def release(self) -> None:
        """End what the role has started; a real disk has a thread."""
        await _cancel(self.tasks)
        if isinstance(self.disk, LocalDisk):
            await self.disk.close()  # a sync under way may take long


def exit_process(error: BaseException) -> None:
    """The default for a crash: the process ends at once, as by kill -9; whoever supervises it starts it again."""
    sys.stderr.flush()
    os._exit(CRASH_EXIT_STATUS)


class Host:
    """See the module. `disk_of` gives a role's disk by its name; `pid` is shown in status."""

    def __init__(
        self,
        name: str,
        bus: HostBus,
        clock: Clock,
        disk_of: Callable[[str], Disk],
        random: Random,
        settings: Settings,
        *,
        node: str = "",
        pid: int = 0,
        on_crash: OnCrash = exit_process,
        make_role: MakeRole | None = None,
        objects: ObjectStore | None = None,
        sockets: Sockets = HOST,
    ) -> None:
        self.name = name
        self.bus = bus
        self.clock = clock
        self.node = node
        self.pid = pid
        self.settings = settings
        self.on_shutdown: Callable[[], None] | None = None
        self._disk_of = disk_of
        self._objects = objects
        self._sockets = sockets
        self._random = random
        self._on_crash = on_crash
        self._crashed = False
        self._running: dict[str, _Running] = {}
        self._own_tasks: Tasks = {}
        self._assigned = AssignedRoles(self, make_role) if make_role is not None else None
        bus.on_crash = self.crash

    @classmethod
    def local(
        cls,
        name: str,
        endpoint: str,
        data_dir: Path,
        settings: Settings,
        *,
        node: str = "",
        on_crash: OnCrash = exit_process,
        make_role: MakeRole | None = None,
        identity: TlsIdentity | None = None,
    ) -> Host:
        """On this machine: a socket bus at `endpoint` (with the certificate `identity`, where it is over TLS), the
        system's clock and disk, entropy from the system."""

        def disk_of(role: str) -> Disk:
            return LocalDisk(data_dir / role, room=data_dir)

        return cls(
            name,
            SocketBus(
                endpoint,
                settings.messaging,
                identity=identity,
                over_unix=settings.bus.within_host == "unix",
                far=FarLinks.of(settings.regions, endpoint),
            ),
            SystemClock(settings.adjudication.clock_error_us),
            disk_of,
            Random(random.SystemRandom().getrandbits(128)),
            settings,
            node=node,
            pid=os.getpid(),
            on_crash=on_crash,
            make_role=make_role,
            objects=object_store(settings.storing.object_store),
        )

    # life

    async def start(self, specs: list[RoleSpec]) -> None:
        """Listen, then start the roles one after the other. When one fails to start, all is stopped and its error
        raised."""
        await self.bus.start()
        loop = asyncio.get_running_loop()
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._on_loop_error)
        self.bus.intercept(AskStatus, self._answer_status)
        self.bus.intercept(Topology, self._take_topology)
        self.bus.attach(f"host/{self.name}", self)
        try:
            for spec in specs:
                await self.start_role(spec)
        except BaseException:
            with suppress(Exception):  # logged by stop_roles; the first cause is what counts
                await self.stop()
            raise

    async def start_role(self, spec: RoleSpec) -> Role:
        """Add a role to the running process. Its name must be free. Raises what its start raises; it is then gone, and
        was not `stop`ped."""
        assert spec.name not in self._running, f"{spec.name} runs already"
        tasks: Tasks = {}

        def spawn(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            return self._spawn(coroutine, tasks)

        context = Context(
            name=spec.name,
            az=spec.az,
            bus=self.bus,
            clock=self.clock,
            disk=self._disk_of(spec.name),
            random=Random(self._random.getrandbits(128)),
            spawn=spawn,
            settings=self.settings,
            objects=self._objects,
            sockets=self._sockets,
        )
        role = spec.make(context)
        running = self._running[spec.name] = _Running(role, spec.az, context.disk, tasks)
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        try:
            await role.start()
            running.start_ms = round((loop.time() - begun_s) * 1000, 1)
        except BaseException:
            self._running.pop(spec.name, None)
            await running.release()
            raise
        self.bus.attach(spec.name, role)
        return role

    async def stop_role(self, name: str) -> None:
        """Stop one role, end its tasks and leave the bus. Nothing happens when there is none of this name."""
        running = self._running.pop(name, None)
        if running is None:
            return
        try:
            await running.role.stop()
        finally:
            self.bus.detach(name)
            await running.release()

    async def clear_disk(self, name: str) -> None:
        """What a role that does not run has left."""
        disk = self._disk_of(name)
        await disk.clear()
        if isinstance(disk, LocalDisk):
            await disk.close()

    async def stop_roles(self) -> None:
        """Last started, first stopped. All are stopped even where one fails; the first error is raised."""
        first: Exception | None = None
        for name in reversed(list(self._running)):
            try:
                await self.stop_role(name)
            except Exception as error:
                logger.exception("%s: %s did not stop cleanly", self.name, name)
                first = first or error
        if first is not None:
            raise first

    async def stop(self) -> None:
        """Stop the roles and close the bus. May be called again."""
        try:
            await self.stop_roles()
        finally:
            await self.bus.close()
            await _cancel(self._own_tasks)
            if isinstance(self._objects, ThreadedObjectStore):
                self._objects.close()

    async def register(self, controller: str = "controller") -> None:
        """Tell the controller who is here and take its topology. Asks until it is there; the route comes from
        `bus.add_route`."""
        while True:
            message = Register(
                process=self.name,
                roles={name: running.az for name, running in self._running.items()},
                endpoint=self.bus.endpoint,
                pid=self.pid,
                node=self.node,
            )
            try:
                self.bus.set_topology(await self.bus.call(f"host/{self.name}", controller, message))
                return
            except DatabaseError as error:
                logger.info("%s: the controller is not there yet: %s", self.name, error.message)
                await asyncio.sleep(REGISTER_RETRY_S)

    def role(self, name: str) -> Role:
        """A running role. KeyError where there is none."""
        return self._running[name].role

    def runs(self, name: str) -> bool:
        """Whether a role of this name runs, or is being started."""
        return name in self._running

    @property
    def role_names(self) -> list[str]:
        return sorted(self._running)

    # crashes

    def crash(self, error: BaseException) -> None:
        """An impossible state: log it and end the process, once."""
        if not self._crashed:
            self._crashed = True
            logger.critical("%s crashed", self.name, exc_info=error)
            self._on_crash(error)

    def last_words(self) -> None:
        """The loop is held, and the process about to end (last_words.py): roles that have clients tell them."""
        for running in list(self._running.values()):
            if isinstance(running.role, Speaker):
                running.role.last_words()

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception that escaped a callback (a timer, a sync's on_done) is a crash; all else that loops report is
        logged."""
        loop.default_exception_handler(context)
        error = context.get("exception")
        if error is not None and "handle" in context:
            self.crash(error)

    def _spawn(self, coroutine: Coroutine[Any, Any, Any], tasks: Tasks) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        tasks[task] = None

        def ended(done: asyncio.Task[Any]) -> None:
            tasks.pop(done, None)
            if not done.cancelled() and (error := done.exception()) is not None:
                self.crash(error)

        task.add_done_callback(ended)
        return task

    # what is asked of the host

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        """Messages to `host/<name>` that are not intercepted."""
        if isinstance(message, Ping):
            if reply is not None:
                reply(Pong(self.role_names))
        elif isinstance(message, AskTopology) and reply is not None:
            known = self.bus.topology
            reply(known) if known is not None else reply.fail(
                DatabaseError("55000", f"{self.name} knows no topology yet")
            )
        elif isinstance(message, Watch):
            """Our death is the answer."""
        elif isinstance(message, StartRole) and self._assigned is not None:
            self._spawn(self._assigned.start(message, reply), self._own_tasks)
        elif isinstance(message, StopRole) and self._assigned is not None:
            self._spawn(self._assigned.stop(message, reply), self._own_tasks)
        elif isinstance(message, Shutdown):
            self._spawn(self._shut_down(reply), self._own_tasks)
        elif reply is not None:
            reply.fail(DatabaseError("0A000", f"a host does not understand {type(message).__name__}"))

    async def _shut_down(self, reply: Reply | None) -> None:
        try:
            await self.stop_roles()
        except DatabaseError as error:
            if reply is not None:
                reply.fail(error)
        else:
            if reply is not None:
                reply(Done())
        if self.on_shutdown is not None:
            self.on_shutdown()

    def _take_topology(self, destination: str, sender: str, message: Message, reply: Reply | None) -> None:
        assert isinstance(message, Topology)
        self.bus.set_topology(message)
        if self._assigned is not None:
            for name in self._assigned.moved(message):
                self._spawn(self._assigned.leave(name), self._own_tasks)
        if reply is not None:
            known = self.bus.topology
            reply(Informed(known.version if known is not None else 0))

    def _answer_status(self, destination: str, sender: str, message: Message, reply: Reply | None) -> None:
        if reply is None:
            return
        if destination == f"host/{self.name}":
            account = {
                **self._place(destination, ""),
                "layer": "host",
                "roles": [self.status_of(name) for name in self.role_names],
            }
        elif destination in self._running:
            account = self.status_of(destination)
        else:
            reply.fail(DatabaseError("08006", f"{destination} is not in process {self.name}"))
            return
        reply(StatusIs(json=json.dumps(account, default=str).encode()))

    def status_of(self, name: str) -> dict[str, Any]:
        """One role's line in `eagleray status`: its own account over what the host knows."""
        running = self._running[name]
        account = {
            **self._place(name, running.az),
            "layer": name.partition("/")[0],
            "start_ms": running.start_ms,
            **running.role.status(),
        }
        if name == next(iter(self._running)) and isinstance(self.bus, SocketBus):
            # The bus is the process's: its traffic is shown with the first of the roles.
            traffic = {"messages": self.bus.sent_messages, "bytes": self.bus.sent_bytes}
            account["traffic"] = {**traffic, **account.get("traffic", {})}
            if refused := self.bus.refused:
                account["refused"] = dict(refused)
        return account

    def _place(self, name: str, az: str) -> dict[str, Any]:
        place: dict[str, Any] = {
            "name": name,
            "process": self.name,
            "pid": self.pid,
            "node": self.node,
            "endpoint": self.bus.endpoint,
        }
        return {**place, "az": az} if az else place


async def _cancel(tasks: Tasks) -> None:
    """Cancel and wait until all have ended; what they raise on the way has been dealt with by their done callbacks."""
    waiting = [task for task in tasks if task is not asyncio.current_task()]
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting)
