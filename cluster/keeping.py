"""The controller's memory: the newest `ClusterState`, kept in journal 0 by a majority of the availability zones.

Journal 0 is an ordinary journal (actors/journal) whose one writer is the controller, so its promises are those that
transactions rest on: a state that has been written is on disk in two of three zones (I1); of two controllers, as where
Ray starts a second while the first is only cut off, the later one outbids the earlier, and nothing that the earlier one
decides afterwards counts (I7). A replica that lost its disk is filled from the others before it votes (I9).

    keeper = StateKeeper(context, ["journal/0/a", "journal/0/b", "journal/0/c"], on_deposed=...)
    state = await keeper.open()          None for a new cluster
    await keeper.write(successor)        returns once it is durable; raises 55000 where another controller has taken
                                         over

Each record holds a whole state, so the last one is all that recovery needs; older ones are trimmed. Its header tells
which versions of the shard map and of the set of journals the state has, for those who ask no more of it
(actors/journal/archive.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from actors.common.errors import DATA_CORRUPTED, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Trim, Watched
from actors.common.stored_journal import STATE_JOURNAL
from actors.common.timestamps import Timestamp
from actors.journal.record import STATE, RecordHeader, payload_of
from actors.journal.writer import JournalWriter
from actors.runtime.interfaces import Context
from cluster.membership import journals_of
from cluster.state import ClusterState, ProcessState, RoleState, decode_state, encode_state

JOURNAL = STATE_JOURNAL


class StateKeeper:
    """`replicas`: names of journal 0's replicas, which the context's bus can reach once their processes have
    registered. `on_deposed(why)`: another controller has outbid this one; it runs once, and nothing can be written
    after it."""

    def __init__(self, context: Context, replicas: list[str], on_deposed: Callable[[str], None]) -> None:
        self._context = context
        self._replicas = replicas
        self._writer = JournalWriter(context, JOURNAL, replicas, self._deposed)
        self._on_deposed = on_deposed
        self._deposed_why = ""
        self._ended: asyncio.Event = asyncio.Event()
        self._last_ts: Timestamp = 0

    async def open(self) -> ClusterState | None:
        """The newest state that was written, or may have been: from now on it counts. Waits for a majority of the
        replicas for as long as it takes. Raises 55000 where another controller takes over meanwhile, XX001 for a record
        that is no state."""
        newest: list[bytes] = []

        def anew() -> Callable[[RecordHeader, bytes], None]:
            newest.clear()
            return lambda header, record: newest.append(record) if header.kind == STATE else None

        recovered = await self._writer.open(anew)
        self._last_ts = max(recovered.last_commit_ts, recovered.last_epoch_end)
        begin = self._next_ts()
        await self._unless_deposed(self._writer.begin(begin, begin))
        state = self._decoded(newest[-1]) if newest else None
        if state is not None and _versions(state) != (self._writer.map_version, self._writer.set_version):
            await self.write(state)  # of before 2026-11-30: its record tells no versions, for which uploads wait
        return state

    async def write(self, state: ClusterState) -> None:
        """Returns once a majority has `state` on disk. Raises 55000 where this controller has been outbid; the state
        may count then."""
        self._require_reign()
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        at = self._next_ts()
        payload = encode_state(state)
        self._writer.map_version, self._writer.set_version = _versions(state)
        self._writer.append(STATE, at, at, at, payload=payload, on_committed=partial(_settle, durable))
        await self._unless_deposed(durable)
        for name in self._replicas:
            self._context.bus.post(self._context.name, name, Trim(at))

    def watched(self, replica: str, message: Watched) -> None:
        """A replica of journal 0 has been restarted, or wants to know what is committed."""
        if message.restarted:
            self._writer.restarted(replica)
        else:
            self._writer.watched(replica, message.epoch)

    def stop(self) -> None:
        self._writer.stop()
        self._ended.set()

    def _next_ts(self) -> Timestamp:
        self._last_ts = max(self._last_ts + 1, self._context.clock.now().latest)
        return self._last_ts

    def _deposed(self, why: str) -> None:
        self._deposed_why = why
        self._ended.set()
        self._on_deposed(why)

    def _require_reign(self) -> None:
        if self._ended.is_set():
            why = self._deposed_why or "the controller has stopped"
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"the cluster's state is another controller's: {why}")

    async def _unless_deposed(self, durable: asyncio.Future[None] | Coroutine[Any, Any, None]) -> None:
        waiting = asyncio.ensure_future(durable)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait([waiting, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        if not waiting.done() or self._ended.is_set():
            waiting.cancel()
            self._require_reign()
        await waiting

    @staticmethod
    def _decoded(record: bytes) -> ClusterState:
        try:
            return decode_state(payload_of(record))
        except msgspec.DecodeError as error:
            raise DatabaseError(
                DATA_CORRUPTED, f"journal {JOURNAL} holds no state of a cluster that this version can read: {error}"
            ) from None


def _versions(state: ClusterState) -> tuple[int, int]:
    return state.shard_map.version, journals_of(state).version


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def keeper_role(az: str) -> RoleState:
    """Journal 0's replica in `az`."""
    return RoleState(f"journal/{JOURNAL}/{az}", "journal", {"journal": JOURNAL, "writer": "controller"})


def keepers(processes: tuple[ProcessState, ...]) -> list[str]:
    """Names of journal 0's replicas among the processes' roles."""
    return [role.name for process in processes for role in process.roles if is_keeper(role)]


def is_keeper(role: RoleState) -> bool:
    return role.kind == "journal" and role.arguments["journal"] == JOURNAL
