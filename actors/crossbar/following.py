"""Promises of other regions' adjudicators, as they are pushed while this region reads (docs/regions.md).

    demanded(adjudicators) --AskPromises(FOLLOWED_S)--> those of other regions      PromisedAhead comes, again and again

Asked for again while watermarks are demanded; where nobody reads nobody asks, and nothing is pushed any more. The first
read after that asks for a promise as in one region, and waits for a round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from actors.common.messages import AskPromises
from actors.runtime.interfaces import Context

FOLLOWED_S = 3.0
"""So long promises are pushed after they were asked for."""
RENEWED_S = 1.0
"""Asked for again after so long: one question, and one that is lost, may come late."""


class Following:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._zones = context.settings.regions.zones
        self._asked_s: dict[str, float] = {}

    def demanded(self, adjudicators: Iterable[str]) -> None:
        """Somebody reads here."""
        topology = self._context.bus.topology
        if topology is None or not self._zones:
            return
        now_s = asyncio.get_running_loop().time()
        here = self._zones[self._context.az]
        for name in adjudicators:
            if now_s - self._asked_s.get(name, -RENEWED_S) < RENEWED_S:
                continue
            if self._zones.get(topology.azs.get(name, ""), here) != here:
                self._asked_s[name] = now_s
                self._context.bus.post(self._context.name, name, AskPromises(FOLLOWED_S))
