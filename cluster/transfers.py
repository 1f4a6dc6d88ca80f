"""Brings a transfer of a range to its end (docs/ranges.md): asks its source for the end of its reign over the keys,
then writes the new map.

The state names the transfer from its beginning to its end, so a controller that takes over goes on with it. Asking
again does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages import Done, MoveRange, Release, Released
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context, Reply
from cluster.state import ClusterState, Transfer, map_after, transferred, with_transfer

RELEASE_TIMEOUT_S = 2.0
"""The source drains, and writes one record; its answer may be lost."""
RETRY_S = 0.05
"""The keys have no owner meanwhile, perhaps."""

Change = Callable[[Callable[[ClusterState], ClusterState]], Coroutine[Any, Any, None]]


class Transfers:
    """`decides`: whether this controller does, now. `change`: the controller's, which raises 55000 where it does
    not."""

    def __init__(self, context: Context, decides: Callable[[], bool], change: Change) -> None:
        self._context = context
        self._decides = decides
        self._change = change
        self._state: ClusterState | None = None
        self._pursued: Transfer | None = None
        self._waiting: list[Reply] = []
        """Owed to those who asked for the transfer under way."""

    async def move(self, message: MoveRange, reply: Reply) -> None:
        """What a person asks for."""
        try:
            await self._change(lambda state: with_transfer(state, message.low, message.high, message.adjudicator))
        except DatabaseError as error:
            reply.fail(error)
            return
        self._waiting.append(reply)
        self._answer()

    def _answer(self) -> None:
        if self._state is not None and self._state.transfer is None:
            waiting, self._waiting = self._waiting, []
            for reply in waiting:
                reply(Done())

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed, or is known now."""
        self._state = state
        if state.transfer is not None and state.transfer is not self._pursued:
            self._pursued = state.transfer
            self._ask(state.transfer)
        elif state.transfer is None:
            self._pursued = None
        self._answer()

    def _counts(self, transfer: Transfer) -> bool:
        return self._pursued is transfer and self._decides()

    def _ask(self, transfer: Transfer) -> None:
        if not self._counts(transfer):
            if self._pursued is transfer:
                self._pursued = None  # whoever decides next follows its state again
            return
        assert self._state is not None
        source = f"adjudicator/{transfer.source}"
        released, again = partial(self._released, transfer), partial(self._later, transfer)
        self._context.bus.request(
            "controller", source, Release(map_after(self._state, 0)), released, again, RELEASE_TIMEOUT_S
        )

    def _later(self, transfer: Transfer, _: DatabaseError) -> None:
        asyncio.get_running_loop().call_later(RETRY_S, self._ask, transfer)

    def _released(self, transfer: Transfer, answer: Message) -> None:
        assert isinstance(answer, Released)
        self._context.spawn(self._finish(transfer, answer.until))

    async def _finish(self, transfer: Transfer, since: int) -> None:
        try:
            await self._change(lambda state: transferred(state, transfer, since))
        except DatabaseError as error:
            self._later(transfer, error)
