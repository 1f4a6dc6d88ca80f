"""Who is where: what the processes have registered, and the Topology that follows from it and is told to all of them.

Topology versions are clock times, so that a later controller's are greater; one whose clock is behind hears from the
processes what they know, and goes on from there.

A process has one Topology under way at a time. What is published meanwhile it is told when it has answered (or has
not), the newest alone: roles that start together make as many topologies, and only the last of them says anything new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from actors.common.errors import DatabaseError
from actors.common.messages import Informed, Register, Topology
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context, Reply
from cluster.state import ClusterState

TELL_TIMEOUT_S = 1.0
TELL_RETRY_S = 0.5
"""Between two attempts to hand a process the topology; goes on as long as it neither answers nor registers anew."""


class Directory:
    """`homes`: role -> process, for the roles that the controller assigns (`assigned`); the others are where their
    process registered them. `silent`: the controller knows too little to tell anybody else, and publishes to its own
    process alone."""

    def __init__(
        self,
        context: Context,
        state: ClusterState,
        homes: Callable[[], Mapping[str, str]],
        assigned: Callable[[], Collection[str]],
    ) -> None:
        self._context = context
        self._homes = homes
        self._assigned = assigned
        self.registers: dict[str, Register] = {}
        """By process."""
        self._unanswered: list[Reply] = []
        """Of processes that have registered: each is told the topology."""
        self._maps: dict[str, int] = {}
        """By process: the newest version of the map that it is known to have."""
        self._telling: dict[str, Register] = {}
        """By process: the registration of the life that has a topology under way."""
        self.own: Register | None = None
        """The controller's."""
        self.version = 0
        self.silent = True
        self.stopped = False
        self.follow(state)

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed. Processes that are in it no more are passed over until they have ended."""
        self._state = state
        self._names = {process.name for process in state.processes}
        self._roles = state.roles.keys()

    def registered(self, register: Register, reply: Reply | None) -> None:
        """A process is there (again). `reply` is kept until `answer`."""
        if reply is not None:
            self._unanswered.append(reply)
        self.registers[register.process] = register

    def answer(self) -> None:
        """Tell those that have registered the topology, which they wait for; nothing while this is silent."""
        if not self.silent:
            unanswered, self._unanswered = self._unanswered, []
            for reply in unanswered:
                reply(self.topology())

    def settled(self) -> None:
        """All have registered again, or had the time to: a silent directory speaks from now on."""
        if self.silent:
            self.silent = False
            self.publish()
            self.answer()

    def all_know(self, version: int) -> bool:
        """Every process that is registered has a map of this version, or a later one."""
        return all(self._maps.get(process, 0) >= version for process in self.registers)

    def knows(self, process: str) -> bool:
        """Whether it is one of the cluster's."""
        return process in self._names

    def topology(self) -> Topology:
        return Topology(
            version=self.version,
            routes=self._routes(),
            azs=self._azs(),
            shard_map=self._state.shard_map,
            journals=self._state.journals,
        )

    def publish(self) -> int:
        """The new version."""
        self.version = max(self.version + 1, self._context.clock.now().latest)
        topology = self.topology()
        self._context.bus.set_topology(topology)
        for name in sorted(self.registers) if not self.silent else ():
            self._tell(name, topology)
        return self.version

    def _routes(self) -> dict[str, str]:
        assigned = self._assigned()
        routes: dict[str, str] = {}
        for register in [*([self.own] if self.own else []), *(self.registers[name] for name in sorted(self.registers))]:
            routes[f"host/{register.process}"] = register.endpoint
            for name in register.roles:
                if name not in assigned and (register is self.own or self._is_in_state(register, name)):
                    routes[name] = register.endpoint
        for name, process in sorted(self._homes().items()):
            routes[name] = self.registers[process].endpoint
        return routes

    def _azs(self) -> dict[str, str]:
        assigned = self._assigned()
        azs = {role.name: process.az for process in self._state.processes for role in process.roles}
        places = {process.name: process.az for process in self._state.processes}
        azs.update({name: places[process] for name, process in self._homes().items()})
        for register in self.registers.values():
            azs.update(
                {
                    name: az
                    for name, az in register.roles.items()
                    if name not in assigned and self._is_in_state(register, name)
                }
            )
        return azs

    def _is_in_state(self, register: Register, name: str) -> bool:
        """A process registers what it has begun with; of that, the state may have given up a role since."""
        return register.process in self._names and name in self._roles

    def _tell(self, process: str, topology: Topology) -> None:
        """Send the topology until it is acknowledged: a process that misses one might look for roles where they are no
        more, for ever."""
        register = self.registers[process]
        if self._telling.get(process) is register:
            return  # it is told the newest afterwards
        self._telling[process] = register

        def over() -> bool:
            """Whether the process is still to be told anything."""
            if self._telling.get(process) is register:
                del self._telling[process]
            return self.registers.get(process) is register and not self.stopped

        def again() -> None:
            if self.registers.get(process) is register and not self.stopped:
                self._tell(process, self.topology())

        def silent(_: DatabaseError) -> None:
            if over():
                if self.version == topology.version:
                    asyncio.get_running_loop().call_later(TELL_RETRY_S, again)
                else:
                    again()

        def informed(answer: Message) -> None:
            assert isinstance(answer, Informed)
            self._maps[process] = max(self._maps.get(process, 0), topology.shard_map.version)
            behind = over() and self.version != topology.version
            if answer.version > self.version and not self.stopped:  # an earlier controller's clock was ahead of ours
                self.version = answer.version
                self.publish()
            elif behind and not self.silent:
                again()

        self._context.bus.request("controller", f"host/{process}", topology, informed, silent, timeout_s=TELL_TIMEOUT_S)
