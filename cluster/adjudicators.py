"""Brings the birth or the retirement of an adjudicator to its end (docs/ranges.md), step by step, each of which the
state keeps before the next begins.

    announced --it leads--> ANNOUNCE in another journal, durable --> it counts from then on
    leaving --its ranges move to others--> END in its journal, durable
        --> ended --storage has it all, nobody waits for its outcomes--> gone

A controller that takes over goes on with the step that the state names. Every step may be taken again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.journal_set import JournalTerm
from actors.common.messages import (
    AddAdjudicator,
    AdjudicatorIs,
    Announce,
    Announced,
    AskHeld,
    Checkpoint,
    Checkpointed,
    Done,
    HeldIs,
    Lead,
    RemoveAdjudicator,
    Retire,
    Retired,
)
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.runtime.interfaces import Context, Reply
from cluster.membership import (
    changing,
    journals_of,
    with_adjudicator,
    with_beginning,
    with_end,
    with_farewell,
    without_adjudicator,
)
from cluster.state import ClusterState, with_transfer
from cluster.transfers import Change

STEP_TIMEOUT_S = 2.0
RETRY_S = 0.05
FORGET_RETRY_S = 0.5
"""Storage writes what it has, and nobody waits for it."""
CHECKPOINT_S = 10.0
"""Of one storage replica, as before zero (settling.py)."""

logger = logging.getLogger(__name__)


class Adjudicators:
    """`decides`: whether this controller does, now. `change`: the controller's, which raises 55000 where it does
    not."""

    def __init__(self, context: Context, decides: Callable[[], bool], change: Change) -> None:
        self._context = context
        self._decides = decides
        self._change = change
        self._state: ClusterState | None = None
        self._pursuing = False
        self._waiting: list[tuple[int, Reply]] = []
        """Owed to those who asked for a birth (the number is the new one's) or a retirement."""

    async def receive(self, message: AddAdjudicator | RemoveAdjudicator, reply: Reply) -> None:
        """What a person asks for."""
        begin = with_adjudicator if isinstance(message, AddAdjudicator) else with_farewell
        try:
            await self._change(partial(begin, number=message.number))
        except DatabaseError as error:
            reply.fail(error)
            return
        self._waiting.append((message.number, reply))
        self._answer()

    def _answer(self) -> None:
        """Whoever waits hears once ranges can go to the new one, or nothing is committed any more by the one that
        leaves."""
        assert self._state is not None
        owed, self._waiting = self._waiting, []
        for number, reply in owed:
            term = journals_of(self._state).term(number)
            if term is None or term.until is not None:
                reply(Done())
            elif term.since is not None and not term.leaving:
                reply(AdjudicatorIs(number))
            else:
                self._waiting.append((number, reply))

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed, or is known now."""
        self._state = state
        self._answer()
        if not self._pursuing and changing(journals_of(state)) is not None:
            self._pursuing = True
            self._context.spawn(self._pursue())

    async def _pursue(self) -> None:
        """Until nothing is on its way in or out, or another controller decides: whoever does follows its state
        again."""
        while self._decides() and self._state is not None and (term := changing(journals_of(self._state))) is not None:
            pause_s = RETRY_S
            try:
                if term.since is None:
                    await self._bring_in(self._state, term)
                elif term.until is None:
                    await self._bring_out(self._state, term)
                elif not await self._forget(self._state, term):
                    pause_s = FORGET_RETRY_S
            except DatabaseError as error:
                logger.debug("%s: %s", term.adjudicator, error.message)
                pause_s = RETRY_S if term.until is None else FORGET_RETRY_S
            await asyncio.sleep(pause_s)
        self._pursuing = False

    async def _ask(self, role: str, message: Message, timeout_s: float = STEP_TIMEOUT_S) -> Any:
        """Raises DatabaseError."""
        return await self._context.bus.call("controller", role, message, timeout_s)

    async def _bring_in(self, state: ClusterState, term: JournalTerm) -> None:
        """It leads before it counts: readers wait for whoever counts."""
        await self._ask(term.adjudicator, Lead())
        witness = next(other for other in journals_of(state).terms if other.since is not None and not other.leaving)
        announced = cast(Announced, await self._ask(witness.adjudicator, Announce(term.version)))
        await self._change(partial(with_beginning, number=term.number, at=announced.at))
        logger.info("%s is born", term.adjudicator)

    async def _bring_out(self, state: ClusterState, term: JournalTerm) -> None:
        if state.transfer is not None:
            return
        part = _part_of(state.shard_map, term.number)
        if part is not None:
            low, high, target = part
            target = target or next(other.number for other in journals_of(state).terms if other.number != term.number)
            await self._change(partial(with_transfer, low=low, high=high, target=target))
            return
        retired = cast(Retired, await self._ask(term.adjudicator, Retire()))
        await self._change(partial(with_end, number=term.number, until=retired.until))

    async def _forget(self, state: ClusterState, term: JournalTerm) -> bool:
        """Whether nobody needs it any more, and it is gone (I12)."""
        assert term.until is not None
        asked = _storage_replicas(state)
        for name in sorted(asked):
            stored = cast(Checkpointed, await self._ask(name, Checkpoint(term.until), CHECKPOINT_S))
            if stored.checkpoint_ts < term.until:
                return False
        for other in journals_of(state).terms:
            if other is not term and cast(HeldIs, await self._ask(other.adjudicator, AskHeld(term.number))).count:
                return False
        await self._change(partial(_forgotten, number=term.number, stored=asked))
        logger.info("%s is retired", term.adjudicator)
        return True


def _storage_replicas(state: ClusterState) -> frozenset[str]:
    return frozenset(role.name for role in state.roles.values() if role.kind == "storage")


def _forgotten(state: ClusterState, number: int, stored: frozenset[str]) -> ClusterState:
    """`stored`: the replicas that have all of the journal on their disks. Others may have begun since, with what a peer
    had before it had all (a shard's children, one more reader): then nothing changes yet. Raises 55000."""
    if not _storage_replicas(state) <= stored:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, f"storage replicas have begun since all had journal {number}"
        )
    return without_adjudicator(state, number)


def _part_of(shard_map: ShardMap, number: int) -> tuple[bytes, bytes | None, int] | None:
    """A range of the adjudicator's, and the adjudicator of a neighbouring one (0: there is no other)."""
    owners = shard_map.adjudicators
    if number not in owners:
        return None
    piece = next(
        (
            piece
            for piece, owner in enumerate(owners)
            if owner == number and {*owners[max(piece - 1, 0) : piece + 2]} != {number}
        ),
        owners.index(number),
    )
    neighbours = [owner for owner in owners[max(piece - 1, 0) : piece + 2] if owner != number]
    return (*shard_map.bounds(piece), neighbours[0] if neighbours else 0)
