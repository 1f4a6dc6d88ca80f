"""Query processors give up their sessions before they end: to gateways, which pass each on at its next byte
(query_processor/parking.py).

A query processor that is drained takes no clients, so that none is on its way to it when it ends. Sessions in a
transaction finish it; where one does not in `DRAIN_S`, or a session cannot be parked (over TLS), the query processor
serves again, and the load will ask another time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from actors.common.errors import DatabaseError
from actors.common.messages import Drain
from actors.runtime.interfaces import Context

DRAIN_S = 30.0
ZERO_DRAIN_S = 5.0
"""At zero only sessions that have just come are to be parked."""


async def drain(context: Context, names: Collection[str], timeout_s: float) -> bool:
    """Whether all of these query processors are empty now; where one is not, all of them serve again."""

    async def ask(name: str) -> bool:
        try:
            await context.bus.call(context.name, name, Drain(), timeout_s)
        except DatabaseError:
            return False
        return True

    empty = all(await asyncio.gather(*map(ask, names)))
    if not empty:
        serve_again(context, names)
    return empty


def serve_again(context: Context, names: Collection[str]) -> None:
    for name in names:
        context.bus.post(context.name, name, Drain(wanted=False))


class Leaving:
    """One query processor at a time is drained, so that it can be taken away: `gone(name)` once it is empty."""

    def __init__(self, context: Context, gone: Callable[[str], None]) -> None:
        self._context = context
        self._gone = gone
        self.name = ""

    def begin(self, name: str) -> None:
        """Nothing happens while another one is drained."""
        if not self.name:
            self.name = name
            self._context.spawn(self._drain(name))

    def stay(self) -> None:
        """More are wanted: the one that is being drained serves again."""
        if self.name:
            self._context.bus.post(self._context.name, self.name, Drain(wanted=False))

    async def _drain(self, name: str) -> None:
        try:
            if await drain(self._context, [name], DRAIN_S):
                self._gone(name)
        finally:
            self.name = ""
