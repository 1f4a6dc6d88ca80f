"""Roles that a host runs because the controller said so: there is one of each in a cluster, and it moves when its
process dies.

    StartRole(adjudicator/1, version 7)   made by the host's `make_role`, started, registered on the bus
    StopRole(adjudicator/1)               it goes back to where it belongs: stopped cleanly first
    Topology(version 9)                   its route leads elsewhere: it has moved while we were stalled or cut off, and
                                          stops here

A host that was restarted runs none of them until it is told. What a stale one does before it hears of its successor
does no harm: adjudicators are fenced by epochs (I6, I7), a crossbar only reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.common.errors import DatabaseError
from actors.common.messages.base import Done
from actors.common.messages.control import StartRole, StopRole, Topology
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.runtime.host import Host, RoleSpec

MakeRole = Callable[[StartRole], "RoleSpec"]
"""How to run the role that a StartRole describes."""


class AssignedRoles:
    """Starts and stops come one after the other."""

    def __init__(self, host: Host, make_role: MakeRole) -> None:
        self._host = host
        self._make_role = make_role
        self._since: dict[str, int] = {}
        """Role -> the first version of the topology that counts for it."""
        self._changing = asyncio.Lock()

    async def start(self, message: StartRole, reply: Reply | None) -> None:
        async with self._changing:
            self._since[message.role] = max(message.version, self._since.get(message.role, 0))
            if not self._host.runs(message.role):
                try:
                    await self._host.start_role(self._make_role(message))
                except DatabaseError as error:
                    if reply is not None:
                        reply.fail(error)
                    return
            await self._leave(message.role)  # it was late: a newer topology, here already, has it elsewhere
        if reply is not None:
            reply(Done())

    async def stop(self, message: StopRole, reply: Reply | None) -> None:
        """It goes on elsewhere, as nothing has failed, or nowhere: what it was doing is ended first."""
        name = message.role
        async with self._changing:
            if self._since.pop(name, None) is not None:
                await self._host.stop_role(name)
            if message.for_good and not self._host.runs(name):
                await self._host.clear_disk(name)
        if reply is not None:
            reply(Done())

    def moved(self, topology: Topology) -> list[str]:
        """Those that run elsewhere by now."""
        return [
            name
            for name, since in sorted(self._since.items())
            if topology.version >= since
            and topology.routes.get(name, self._host.bus.endpoint) != self._host.bus.endpoint
        ]

    async def leave(self, name: str) -> None:
        async with self._changing:
            await self._leave(name)

    async def _leave(self, name: str) -> None:
        topology = self._host.bus.topology
        if topology is not None and name in self.moved(topology):
            del self._since[name]
            await self._host.stop_role(name)
