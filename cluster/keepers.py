"""Starts the replicas of journal 0, before anything else of the cluster's state can be known.

Which processes hold them, the first state says, and no later one changes (cluster/initial.py: with_keepers).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec.structs import replace

from actors.common.errors import DatabaseError
from actors.common.messages import Register, StartRole
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context
from cluster.directory import Directory
from cluster.keeping import is_keeper
from cluster.state import ClusterState, ProcessState, RoleState

START_S = 3.0
RETRY_S = 0.2
"""For a replica to start, and before its process is asked again."""
FEW_S = 3.0
"""After so long those that are there are asked: one may decide alone (actors/journal/recovering.py)."""

logger = logging.getLogger(__name__)


class Keepers:
    """`on_refused(role, error)`: a process could not start one. Of use from `begin` on, until the state has been read
    (`end`)."""

    def __init__(
        self, context: Context, directory: Directory, on_refused: Callable[[str, DatabaseError], None]
    ) -> None:
        self._context = context
        self._directory = directory
        self._on_refused = on_refused
        self._places: dict[str, tuple[ProcessState, RoleState]] = {}
        """By process: the replica that it holds."""
        self.there = asyncio.Event()
        """A majority runs: before that, there is nobody to ask, but for one that decides alone."""
        self.active = False
        """The state is being read."""

    def begin(self, state: ClusterState) -> None:
        """Processes that are registered already, and those that register from now on, are told to start theirs."""
        self._places = {
            process.name: (process, role) for process in state.processes for role in process.roles if is_keeper(role)
        }
        self.active = True
        self.there.clear()
        for register in list(self._directory.registers.values()):
            self.registered(register)

    def end(self) -> None:
        self.active = False

    def holds(self, process: ProcessState) -> bool:
        return any(is_keeper(role) for role in process.roles)

    def registered(self, register: Register) -> None:
        """A process is there (again)."""
        if register.process in self._places:
            self._start(register)

    def _start(self, register: Register) -> None:
        process, role = self._places[register.process]
        registers = self._directory.registers

        def counts() -> bool:
            return self.active and registers.get(process.name) is register and not self._directory.stopped

        def running(_: Message) -> None:
            if counts():
                registers[process.name] = replace(register, roles={**register.roles, role.name: process.az})
                self._directory.publish()
                self._count()

        def failed(error: DatabaseError) -> None:
            logger.warning("%s cannot be started in %s: %s", role.name, process.name, error.message)
            self._on_refused(role.name, error)
            if counts():
                asyncio.get_running_loop().call_later(RETRY_S, again)

        def again() -> None:
            if counts():
                self._start(register)

        message = StartRole(role.name, role.kind, role.arguments, process.az, self._directory.version)
        self._context.bus.request("controller", f"host/{process.name}", message, running, failed, timeout_s=START_S)

    def _count(self) -> None:
        running = {role for register in self._directory.registers.values() for role in register.roles}
        names = {role.name for _, role in self._places.values()}
        if len(running & names) > len(names) // 2:
            self.there.set()
        elif running & names:
            asyncio.get_running_loop().call_later(FEW_S, self.there.set)
