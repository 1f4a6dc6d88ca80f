"""The controller: knows who is where, tells everybody, and answers for the whole cluster.

What there is, the cluster's state says (state.py). A `StateKeeper` holds it where a majority of the zones does; the controller reads
it first, has a `Launcher` create the processes that it names, and tells each process the roles to run. A process registers when it has
started (also after Ray restarted it); the controller hands every process the new Topology and suggests to each adjudicator that it
lead its journal. Where a role runs at the moment is not durable: a restarted controller learns it again from the processes'
registrations. Safety of the data depends on none of this, and two controllers, or none, do no harm (design, section 10): of two, the
one that has read the state later goes on, and the other decides nothing more. Topology versions are clock times, so that a later
controller's are greater; one whose clock is behind hears from the processes what they know, and goes on from there.

Adjudicators and crossbars are not bound to a process: failover.py starts them, and starts them elsewhere when theirs dies.

Without a keeper (in the simulator's older plans) the first state stays, and processes start their fixed roles themselves.

Left out so far: splits, merges and scaling, which will arrive here as successors of the state, and take effect as epoch changes.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from actors.common.errors import CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import AskCluster, Done, Informed, Lead, Register, Shutdown, StatusIs, Suspect, Topology, Watched
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context, Reply
from cluster.accounts import ask_everyone
from cluster.failover import Failover
from cluster.initial import arranged
from cluster.keeping import StateKeeper, keepers
from cluster.launching import Launcher
from cluster.state import ClusterState, ProcessState

OnComplete = Callable[[str | None], None]
"""Told None, or why the cluster cannot become complete."""

SHUTDOWN_TIMEOUT_S = 30.0
LEAD_TIMEOUT_S = 2.0
"""Before a Lead is sent again: it may have been lost, and a repeated one changes nothing."""
TELL_TIMEOUT_S = 1.0
TELL_RETRY_S = 0.5
"""Between two attempts to hand a process the topology; goes on as long as it neither answers nor registers anew."""
LEAD_RETRY_S = 0.2
"""Before a Lead that failed is sent again: the adjudicator is being restarted."""

STOP_ORDER = ("gateway", "query_processor", "adjudicator", "crossbar", "storage", "journal")
"""Those who make work stop before those who do it."""


logger = logging.getLogger(__name__)


class Controller:
    """`initial`: the state of a new cluster, and whose processes hold the replicas of `keeper`. `url` is what a client connects to;
    `restarted`: the processes run already."""

    def __init__(
        self,
        context: Context,
        initial: ClusterState,
        url: str,
        *,
        keeper: StateKeeper | None = None,
        launcher: Launcher | None = None,
        restarted: bool = False,
        is_working: Callable[[str], bool] = lambda process: False,
    ) -> None:
        self._context = context
        self._state = initial
        self._names = {process.name for process in initial.processes}
        self._url = url
        self._keeper = keeper
        self._launcher = launcher
        self._restarted = restarted
        self._is_working = is_working
        self._processes: dict[str, Register] = {}
        self._leading: set[str] = set()
        self._own: Register | None = None
        self._version = 0
        self._stopping = False
        self._on_complete: list[OnComplete] = []
        self._unsettled = restarted
        """A controller that has just been restarted does not know yet who is where: what others know is better than what it could tell them."""
        self._registering: list[Reply] = []
        self._keepers_there = asyncio.Event()
        """A majority of them: before that, there is nobody to ask."""
        self._changing = asyncio.Lock()
        self._failover = self._make_failover(initial) if keeper is None else None
        """None until the state has been read."""

    async def start(self) -> None:
        if self._failover is not None:
            self._publish()
            self._failover.start()
        elif self._keeper is not None:
            self._unsettled = True
            self._context.spawn(self._read_state(self._keeper))

    async def _read_state(self, keeper: StateKeeper) -> None:
        """The processes that hold it come first. Those of a new start have nothing to do before the state is known, and start meanwhile."""
        for process in self._state.processes:
            if not self._restarted or keepers((process,)):
                self._launch(process)
        await self._keepers_there.wait()
        try:
            kept = await keeper.open()
            state = arranged(kept, self._state) if not self._restarted else kept or self._state
            if state != kept:
                await keeper.write(state)
        except DatabaseError as error:
            self.deposed(error.message)
            return
        for process in state.processes:
            self._launch(process)
        if self._launcher is not None:
            self._launcher.end_others([process.name for process in state.processes])
        self._unsettled = self._restarted
        self._begin(state)

    def _note_keepers(self) -> None:
        names = keepers(self._state.processes)
        there = {role for register in self._processes.values() for role in register.roles}
        if len(there.intersection(names)) > len(names) // 2:
            self._keepers_there.set()

    def _begin(self, state: ClusterState) -> None:
        self._state = state
        self._names = {process.name for process in state.processes}
        self._failover = self._make_failover(state)
        self._publish()
        self._failover.start()
        for name in sorted(self._processes):
            self._admit(self._processes[name])

    def _make_failover(self, state: ClusterState) -> Failover:
        return Failover(
            self._context,
            state,
            assigns_all=self._keeper is not None,
            restarted=self._restarted,
            on_change=self._publish,
            on_running=self._started,
            on_refused=self._refused,
            on_settled=self._settled,
            is_working=self._is_working,
        )

    async def change(self, successor: Callable[[ClusterState], ClusterState]) -> None:
        """Make the cluster what `successor` makes of its state: durable first, then true. Changes come one after the other. Raises
        55000 where another controller has taken over, or the state is not known yet."""
        async with self._changing:
            if self._failover is None or self._stopping or self._keeper is None:
                raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "this controller does not decide")
            state = successor(self._state)
            if state == self._state:
                return
            state = replace(state, version=self._state.version + 1)
            await self._keeper.write(state)
            self._adopt(state, self._failover)

    def _adopt(self, state: ClusterState, failover: Failover) -> None:
        before, self._state = self._state, state
        names = self._names = {process.name for process in state.processes}
        failover.follow(state)
        for process in state.processes:
            if process not in before.processes:
                self._launch(process)
        for process in before.processes:
            if process.name not in names:
                failover.forget(process.name)
                self._retire(process.name)
        self._publish()

    def _retire(self, process: str) -> None:
        """It is in the state no more: its roles are stopped, then the process is ended."""

        def stopped(_: object) -> None:
            if process not in self._names:
                self._end(process)
                self._publish()

        self._context.bus.request("controller", f"host/{process}", Shutdown(), stopped, stopped, timeout_s=SHUTDOWN_TIMEOUT_S)

    def _launch(self, process: ProcessState) -> None:
        if self._launcher is not None:
            self._launcher.launch(process)

    def _end(self, process: str) -> None:
        self._processes.pop(process, None)
        if self._launcher is not None:
            self._launcher.end(process)

    def deposed(self, why: str) -> None:
        """Another controller has read the state after this one did: it decides from now on."""
        logger.warning("this controller decides nothing more: %s", why)
        self._stop_deciding()

    async def stop(self) -> None:
        self._stop_deciding()
        if self._keeper is not None:
            self._keeper.stop()

    def move(self, role: str, process: str) -> None:
        """Have a movable role go on in another process that may run it (policies/homes.py); it comes back by itself later."""
        if self._failover is not None:
            self._failover.move(role, process)

    def _stop_deciding(self) -> None:
        self._stopping = True
        if self._failover is not None:
            self._failover.stopped = True

    def introduce(self, own: Register) -> None:
        """The controller's own process (its endpoint is known to whoever made it)."""
        self._own = own
        self._publish()

    def when_complete(self, callback: OnComplete) -> None:
        """Call back (once) with None when every process of the state is registered, every role runs and every adjudicator leads, or
        with the reason why a role cannot be started."""
        if self.complete:
            callback(None)
        else:
            self._on_complete.append(callback)

    def failed(self, why: str) -> None:
        """A process cannot be created, or a role in it: whoever waits for the cluster to be complete is told."""
        waiting, self._on_complete = self._on_complete, []
        for callback in waiting:
            callback(why)

    @property
    def complete(self) -> bool:
        if self._failover is None:
            return False
        adjudicators = {name for name, role in self._state.roles.items() if role.kind == "adjudicator"}
        return (
            all(process.name in self._processes for process in self._state.processes)
            and self._failover.assigned <= self._failover.home.keys()
            and adjudicators <= self._leading
        )

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        match message:
            case Register():
                if reply is not None:
                    self._registering.append(reply)
                self._register(message)
            case Suspect():
                if self._failover is not None:
                    self._failover.suspect(message.role)
            case Watched():
                if self._keeper is not None and message.restarted:
                    self._keeper.restarted(sender)
            case AskCluster():
                assert reply is not None
                self._answer_status(reply)
            case Shutdown():
                assert reply is not None
                self._stop_layer(list(STOP_ORDER), reply)
            case _:
                if reply is not None:
                    reply.fail(DatabaseError("XX000", f"the controller does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        return {"layer": "controller", "load": {"processes": len(self._processes)}, "epoch": self._version}

    def _register(self, message: Register) -> None:
        self._processes[message.process] = message
        if self._failover is not None:
            self._admit(message)
        else:
            self._publish()  # to this process alone: the keepers are asked before anybody is told anything
            self._note_keepers()

    def _admit(self, message: Register) -> None:
        assert self._failover is not None
        if message.process not in self._names:
            logger.warning("%s is none of this cluster's processes any more", message.process)
            self._end(message.process)
            return
        self._failover.registered(message)
        if not self._unsettled:
            self._answer_registrations()
        self._notice_complete()

    def _answer_registrations(self) -> None:
        waiting, self._registering = self._registering, []
        for reply in waiting:
            reply(self._topology())

    def _settled(self) -> None:
        """All have registered again, or had the time to."""
        if self._unsettled:
            self._unsettled = False
            self._publish()
            self._answer_registrations()

    def _started(self, role: str) -> None:
        """A role that the controller assigns runs (again): an adjudicator is to lead."""
        self._leading.discard(role)
        if self._state.roles[role].kind == "adjudicator":
            self._lead(role)
        self._notice_complete()

    def _refused(self, role: str, error: DatabaseError) -> None:
        if error.sqlstate not in (CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE):  # no answer yet is none
            self.failed(f"{role} did not start: {error.message}")

    def _lead(self, name: str) -> None:
        assert self._failover is not None
        failover = self._failover
        home = failover.home.get(name)

        def led(_: Message) -> None:
            self._leading.add(name)
            self._notice_complete()

        def failed(_: DatabaseError) -> None:
            if failover.home.get(name) == home and home is not None and not self._stopping:
                asyncio.get_running_loop().call_later(LEAD_RETRY_S, self._lead, name)

        self._context.bus.request("controller", name, Lead(), led, failed, timeout_s=LEAD_TIMEOUT_S)

    def _notice_complete(self) -> None:
        if self.complete:
            waiting, self._on_complete = self._on_complete, []
            for callback in waiting:
                callback(None)

    def _is_retired(self, process: str) -> bool:
        """It is being ended. (Before the state is known, no process is.)"""
        return self._failover is not None and process not in self._names and process != "controller"

    def _routes(self) -> dict[str, str]:
        homes = self._failover.home if self._failover is not None else {}
        assigned = self._failover.assigned if self._failover is not None else ()
        routes: dict[str, str] = {}
        for register in [*([self._own] if self._own else []), *(self._processes[name] for name in sorted(self._processes))]:
            routes[f"host/{register.process}"] = register.endpoint
            for name in register.roles:
                if name not in assigned and not self._is_retired(register.process):
                    routes[name] = register.endpoint
        for name, process in sorted(homes.items()):
            routes[name] = self._processes[process].endpoint
        return routes

    def _azs(self) -> dict[str, str]:
        homes = self._failover.home if self._failover is not None else {}
        assigned = self._failover.assigned if self._failover is not None else ()
        azs = {role.name: process.az for process in self._state.processes for role in process.roles}
        places = {process.name: process.az for process in self._state.processes}
        azs.update({name: places[process] for name, process in homes.items()})
        for register in self._processes.values():
            azs.update({name: az for name, az in register.roles.items() if name not in assigned and not self._is_retired(register.process)})
        return azs

    def _topology(self) -> Topology:
        return Topology(version=self._version, routes=self._routes(), azs=self._azs(), shard_map=self._state.shard_map)

    def _publish(self) -> int:
        """The new version."""
        self._version = max(self._version + 1, self._context.clock.now().latest)
        topology = self._topology()
        self._context.bus.set_topology(topology)
        for name in sorted(self._processes) if not self._unsettled else ():
            self._tell(name, topology)
        return self._version

    def _tell(self, process: str, topology: Topology) -> None:
        """Send the topology until it is acknowledged: who misses one might look for roles where they are no more, for ever."""
        version, register = self._version, self._processes[process]

        def silent(_: DatabaseError) -> None:
            if self._version == version and self._processes[process] is register and not self._stopping:
                asyncio.get_running_loop().call_later(TELL_RETRY_S, again)

        def again() -> None:
            if self._version == version and self._processes[process] is register and not self._stopping:
                self._tell(process, self._topology())

        def informed(answer: Message) -> None:
            assert isinstance(answer, Informed)
            if answer.version > self._version and not self._stopping:  # an earlier controller's clock was ahead of ours
                self._version = answer.version
                self._publish()

        self._context.bus.request("controller", f"host/{process}", topology, informed, silent, timeout_s=TELL_TIMEOUT_S)

    def _answer_status(self, reply: Reply) -> None:
        homes = self._failover.home if self._failover is not None else {}
        ask_everyone(self._context, self._state, homes, self._processes, self._own, partial(self._accounted, reply))

    def _accounted(self, reply: Reply, actors: list[dict[str, Any]]) -> None:
        running = all(actor["state"] == "running" for actor in actors)
        state = "running" if running and self.complete else "starting" if not self._processes else "degraded"
        reply(StatusIs(json=json.dumps({"url": self._url, "state": state, "actors": actors}).encode()))

    def _stop_layer(self, kinds: list[str], reply: Reply) -> None:
        """Stop the layers one after the other, the processes of one layer at once; a process that does not answer is left to its supervisor."""
        self._stop_deciding()
        if not kinds:
            reply(Done())
            return
        kind, *rest = kinds
        names = sorted(
            process.name for process in self._state.processes if _stops_with(process) == kind and process.name in self._processes
        )
        waiting = set(names)

        def settled(name: str, _: object) -> None:
            waiting.discard(name)
            if not waiting:
                self._stop_layer(rest, reply)

        if not names:
            self._stop_layer(rest, reply)
        for name in names:
            done = partial(settled, name)
            self._context.bus.request("controller", f"host/{name}", Shutdown(), done, done, timeout_s=SHUTDOWN_TIMEOUT_S)


def _stops_with(process: ProcessState) -> str:
    """The layer with which a process is stopped: the first in STOP_ORDER of those it runs."""
    return min((role.kind for role in process.roles), key=STOP_ORDER.index)
