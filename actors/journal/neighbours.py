"""What a journal's replicas tell each other, where a majority is more than two of them (docs/regions.md).

    journal/1/b: somebody reads here   --AskKept(seconds)-->   journal/1/a, c, d, e
    journal/1/c: synced up to lsn      --Kept(epoch, lsn)-->   journal/1/b

Each has told its writer the same. Who hears it from enough of them knows what is committed without the way by the
writer: as a learner does that Paxos's acceptors tell what they accept. Where nobody reads nobody asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from actors.common.messages import AskKept, Kept
from actors.common.timestamps import Epoch, Lsn
from actors.journal.own_quorum import OwnQuorum
from actors.runtime.interfaces import Context

TOLD_S = 3.0
"""So long after a question."""
RENEWED_S = 1.0


class Neighbours:
    """`own_quorum`: what they tell goes there."""

    def __init__(self, context: Context, journal: int, own_quorum: OwnQuorum) -> None:
        self._context = context
        self._own_quorum = own_quorum
        self._prefix = f"journal/{journal}/"
        self._asked_s = -RENEWED_S
        self._until_s: dict[str, float] = {}
        """Who has asked, and until when it is told."""

    def ask(self, is_read: bool) -> None:
        """Records come; `is_read`: somebody reads them here."""
        now_s = asyncio.get_running_loop().time()
        topology = self._context.bus.topology
        if topology is None or not is_read or now_s - self._asked_s < RENEWED_S:
            return
        self._asked_s = now_s
        for name in sorted(topology.routes):
            if name.startswith(self._prefix) and name != self._context.name:
                self._context.bus.post(self._context.name, name, AskKept(TOLD_S))

    def receive(self, replica: str, message: Kept | AskKept, seats: Mapping[str, int]) -> None:
        """`seats`: of each replica's zone the highest that is known here. One whose zone has gone on on another disk
        since counts no more (seats.py)."""
        if isinstance(message, AskKept):
            self._until_s[replica] = asyncio.get_running_loop().time() + message.seconds
        elif message.seat >= seats.get(replica, 0):
            self._own_quorum.kept(replica, message.epoch, message.lsn)

    def stored(self, epoch: Epoch, lsn: Lsn, seat: int) -> None:
        """As a voter."""
        if self._until_s:
            now_s = asyncio.get_running_loop().time()
            self._until_s = {name: until_s for name, until_s in self._until_s.items() if until_s > now_s}
            for name in self._until_s:
                self._context.bus.post(self._context.name, name, Kept(epoch, lsn, seat))
