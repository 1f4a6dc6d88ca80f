"""The way of a question to an adjudicator that cannot be reached, while both hear a third region (docs/regions.md).

    direct            crossbar --AskPromise--> adjudicator
    by a replica      crossbar --AskPromise--> journal/1/c --AskPromise--> adjudicator

A journal replica hears its writer, and passes on what it is asked: a promise is the adjudicator's own, whoever carries
it. Each failure turns to the next way. A detour is kept as long as it works and the adjudicator stays where it is;
every `HOME_S` the direct way is tried beside it, and what the adjudicator sends by itself (promises that are pushed)
shows, too, that there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.common.messages import AskPromise
from actors.common.timestamps import TIMESTAMP_MIN
from actors.runtime.interfaces import Context

HOME_S = 5.0
DIRECT_TIMEOUT_S = 1.0


class Detours:
    """By journal: the replica by which its adjudicator is asked now."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by: dict[int, str] = {}
        self._look_at_s: dict[int, float] = {}
        self._homes: dict[int, str] = {}
        """By journal: where its adjudicator was when the direct way led nowhere."""

    def way(self, journal: int, adjudicator: str) -> str:
        """To whom the next question goes."""
        by = self._by.get(journal)
        if by is not None and self._homes.get(journal) != self._home(adjudicator):
            self.arrived(journal)
            by = None
        if by is None:
            return adjudicator
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._look_at_s[journal]:
            self._look_at_s[journal] = now_s + HOME_S
            self._context.bus.request(
                self._context.name,
                adjudicator,
                AskPromise(TIMESTAMP_MIN),
                lambda _: self.arrived(journal),
                lambda _: None,
                DIRECT_TIMEOUT_S,
            )
        return by

    def _home(self, adjudicator: str) -> str:
        topology = self._context.bus.topology
        return topology.routes.get(adjudicator, "") if topology is not None else ""

    def turn(self, journal: int, adjudicator: str, replicas: Sequence[str]) -> None:
        """The way that was tried last has led nowhere. `replicas`: those elsewhere, in the order in which to try
        them."""
        ways = ["", *replicas]
        last = self._by.get(journal, "")
        following = ways[(ways.index(last) + 1) % len(ways)] if last in ways else ""
        if following:
            if not last:
                self._homes[journal] = self._home(adjudicator)
            self._by[journal] = following
            self._look_at_s[journal] = asyncio.get_running_loop().time() + HOME_S
        else:
            self.arrived(journal)

    def arrived(self, journal: int) -> None:
        """The adjudicator is in reach."""
        self._by.pop(journal, None)
        self._look_at_s.pop(journal, None)
