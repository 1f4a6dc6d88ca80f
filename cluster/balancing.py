"""Ranges, and the number of their owners, follow the load: what adjudicators tell of it (messages.RangeLoad) goes to the pure policy (policies/ranges.py), and what that decides is a
transfer (transfers.py), a birth or a retirement (adjudicators.py). Looks once a second while adjudicators have load, and as long as there is anything to join again, or anybody to retire.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from actors.common.messages import RangeLoad
from actors.common.settings import Scaling as Settings
from cluster.membership import changing, journals_of
from cluster.policies.ranges import Bounds, Decision, Seen, Told, Wish, boundaries, decide
from cluster.state import ClusterState

LOOK_S = 1.0
STALE_S = 3.0
"""What was told so long ago counts as no load: an adjudicator without any says nothing."""
CALM_SHARE = 0.15
"""Of `adjudicator_busy_share`'s scale. Two that are joined compute for less than half of what would divide them again."""
BOUNDARIES_EACH = 8
"""At most, for each adjudicator: every range more is one more that transactions can span."""

logger = logging.getLogger(__name__)


class Balancing:
    """`first`: the state with which the cluster began. `homes`: where roles run. `act`: on a decision, which may be refused and is then asked for again."""

    def __init__(
        self,
        settings: Settings,
        first: ClusterState,
        state: Callable[[], ClusterState],
        homes: Callable[[], Mapping[str, str]],
        act: Callable[[Decision], None],
    ) -> None:
        adjudicators = len(journals_of(first).terms)
        shares_process = first.placement.kind == "az"
        adjudicators_max = 0 if shares_process else settings.adjudicators_max
        self._bounds = Bounds(
            settings.adjudicator_busy_share,
            CALM_SHARE * settings.adjudicator_busy_share,
            settings.up_delay_s,
            settings.down_delay_s,
            max(boundaries(first.shard_map), BOUNDARIES_EACH * max(adjudicators, adjudicators_max)),
            adjudicators_max,
        )
        self._state = state
        self._homes = homes
        self._act = act
        self._loads: dict[str, tuple[float, RangeLoad]] = {}
        self._wish = Wish()
        self._timer: asyncio.TimerHandle | None = None
        self.started = False

    def start(self) -> None:
        """The cluster is complete."""
        self.started = self._bounds.busy_share > 0
        self._look_later()

    def stop(self) -> None:
        self.started = False
        self._loads.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reported(self, role: str, load: RangeLoad) -> None:
        self._loads[role] = (asyncio.get_running_loop().time(), load)
        self._look_later()

    def _look_later(self) -> None:
        state = self._state()
        if self.started and self._timer is None and (self._loads or state.rest is not None or _by_load(state)):
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        state = self._state()
        self._loads = {role: told for role, told in self._loads.items() if told[0] > now_s - STALE_S}
        if state.transfer is None and changing(journals_of(state)) is None:
            seen = Seen(now_s, state.shard_map, state.rest or state.shard_map, self._told(state), _by_load(state))
            decision, self._wish = decide(seen, self._bounds, self._wish)
            if decision is not None:
                logger.info("the load asks for %s", decision)
                self._act(decision)
        self._look_later()

    def _told(self, state: ClusterState) -> dict[int, Told]:
        homes, told = self._homes(), {}
        for term in journals_of(state).terms:
            process = homes.get(term.adjudicator, "")
            load = self._loads.get(term.adjudicator)
            told[term.number] = Told(process, load[1].busy, load[1].claims_s, load[1].sample) if load is not None else Told(process)
        return told


def _by_load(state: ClusterState) -> frozenset[int]:
    """The adjudicators that nobody but the load has called for."""
    return frozenset(term.number for term in journals_of(state).terms if term.by_load)
