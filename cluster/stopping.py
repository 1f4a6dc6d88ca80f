"""A clean stop, layer by layer: roles that make work stop before those that do it, so that each finds what it needs to
end well.

A query processor tells its sessions, an adjudicator closes its epoch in its journal (so that the next one need not wait
for the lease to pass), storage closes its files (what they lack, the journals have); the journals' replicas, those of
the cluster's state among them, go last, with their processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress

from actors.common.errors import DatabaseError
from actors.common.messages import Shutdown, StopRole
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context
from cluster.state import ProcessState

LAYERS = ("gateway", "query_processor", "adjudicator", "crossbar", "storage")
ROLE_S = 30.0
PROCESS_S = 30.0
GONE_S, GONE_RETRY_S = 60.0, 1.0


async def stop_journals(context: Context, homes: dict[str, str], processes: Iterable[ProcessState]) -> None:
    """The journals' replicas, which everything else writes to."""
    names = [
        role.name for process in processes for role in process.roles if role.kind == "journal" and role.name in homes
    ]
    await _ask_all(context, {name: (f"host/{homes[name]}", StopRole(name)) for name in names}, ROLE_S)


async def stop_roles(context: Context, homes: dict[str, str], processes: Iterable[ProcessState]) -> None:
    """All of `processes`' roles but journals' replicas; `homes`: role -> the process that runs it. A role that does not
    answer in `ROLE_S` is left to the end of its process."""
    roles = [role for process in processes for role in process.roles]
    for layer in LAYERS:
        names = [role.name for role in roles if role.kind == layer and role.name in homes]
        await _ask_all(
            context, {f"host/{homes[name]} {name}": (f"host/{homes[name]}", StopRole(name)) for name in names}, ROLE_S
        )


async def stop_processes(context: Context, names: Collection[str]) -> None:
    """What still runs in them, and their event loops; whatever does not answer in `PROCESS_S` is left to whoever ends
    it."""
    await _ask_all(context, {name: (f"host/{name}", Shutdown()) for name in names}, PROCESS_S)


async def stop_for_good(context: Context, process: str, roles: Collection[str]) -> None:
    """Roles that the cluster has no more, one that was started just now among them; what is on their disks goes. A
    process that is away is asked again for `GONE_S`."""
    for name in roles:
        for _ in range(int(GONE_S / GONE_RETRY_S)):
            with suppress(DatabaseError):
                await context.bus.call(context.name, f"host/{process}", StopRole(name, for_good=True), ROLE_S)
                break
            await asyncio.sleep(GONE_RETRY_S)


async def _ask_all(context: Context, requests: dict[str, tuple[str, Message]], timeout_s: float) -> None:
    async def ask(destination: str, message: Message) -> None:
        try:
            await context.bus.call(context.name, destination, message, timeout_s)
        except DatabaseError:
            return

    await asyncio.gather(*(ask(destination, message) for destination, message in requests.values()))
