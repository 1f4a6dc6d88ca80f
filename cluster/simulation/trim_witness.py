"""The witness of trimming: the journals let go of what every storage replica has on disk. That they let go of no more,
witness.py sees (I12).

    late   what all replicas of the cluster had on disk when the last fault was over, less a transaction's age, is told
           to every journal (Trim) a while later: nobody who has left holds it back
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from actors.common.messages import Trim
from actors.common.messages.base import Message
from actors.common.timestamps import Timestamp
from actors.crossbar.trimming import KEPT_S_DEFAULT
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World

TOLD_S_MAX = 60.0
"""Virtual: a checkpoint of an idle replica, and what it takes to hear of it."""


class TrimWitness:
    """An Observer (runtime/simulation/network.py). `checkpointed()`: the least that a replica of the cluster has on its
    disk, 0 where one has nothing."""

    looks_at: Kinds | None = frozenset([Trim])

    def __init__(self, world: World, checkpointed: Callable[[], Timestamp]) -> None:
        self._world = world
        self._checkpointed = checkpointed
        self._kept_us = (world.settings.limits.transaction_age_s or KEPT_S_DEFAULT) * 1_000_000
        self._begun = world.clock.true_us()
        """Nothing is committed before."""
        self._told: dict[int, Timestamp] = {}
        self._wanted: Timestamp = 0

    def wiped(self, role: str) -> None:
        """What was told was told."""

    def rotten(self, role: str) -> None:
        """Likewise."""

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """Nothing is learnt from answers."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        assert isinstance(message, Trim)
        journal = int(destination.split("/")[1])
        self._told[journal] = max(self._told.get(journal, 0), message.below_ts)

    def at_rest(self) -> None:
        """All faults are over; much will be written after this."""
        if self._world.stored is None:  # else they wait for what is uploaded, too (stored.py)
            self._wanted = self._checkpointed() - self._kept_us

    async def check(self, journals: Callable[[], Collection[int]]) -> None:
        """`journals`: the cluster's, without that of its state. Raises AssertionError."""
        end = self._world.loop.time() + TOLD_S_MAX
        while self._wanted > self._begun and (
            late := [journal for journal in sorted(journals()) if self._told.get(journal, 0) < self._wanted]
        ):
            what = f"all have {self._wanted} on disk, journal {late[0]} may trim to {self._told.get(late[0], 0)}"
            assert self._world.loop.time() < end, f"no progress: {what}"
            await asyncio.sleep(0.5)
