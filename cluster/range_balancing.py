"""Ranges, and the number of their owners, follow the load: what adjudicators tell of it (messages.RangeLoad) goes to
the pure policy (policies/ranges.py), and what that decides is a transfer (transfers.py), a birth or a retirement
(adjudicators.py). Looks (load_reports.py) while adjudicators have load, and as long as there is anything to join again,
or anybody to retire.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from actors.common.messages import RangeLoad
from actors.common.settings import Settings
from cluster.load_reports import LoadReports
from cluster.membership import changing, journals_of
from cluster.pins import common
from cluster.policies import leadership
from cluster.policies.leadership import Follow
from cluster.policies.ranges import Bounds, Decision, Seen, Told, Wish, boundaries, decide
from cluster.state import ClusterState

CALM_SHARE = 0.15
"""Of `adjudicator_busy_share`'s scale. Two that are joined compute for less than half of what would divide them
again."""
BOUNDARIES_EACH = 8
"""At most, for each adjudicator: every range more is one more that transactions can span."""

logger = logging.getLogger(__name__)


class RangeBalancing:
    """`first`: the state with which the cluster began. `homes`: where roles run. `act`: on a decision, which may be
    refused and is then asked for again."""

    def __init__(
        self,
        settings: Settings,
        first: ClusterState,
        state: Callable[[], ClusterState],
        homes: Callable[[], Mapping[str, str]],
        act: Callable[[Decision | Follow], None],
    ) -> None:
        scaling = settings.scaling
        self._follow_s = settings.regions.follow_s
        adjudicators = len(journals_of(first).terms)
        adjudicators_max = scaling.adjudicators_max
        self._bounds = Bounds(
            scaling.adjudicator_busy_share,
            CALM_SHARE * scaling.adjudicator_busy_share,
            scaling.up_delay_s,
            scaling.down_delay_s,
            max(boundaries(first.shard_map), BOUNDARIES_EACH * max(adjudicators, adjudicators_max)),
            adjudicators_max,
        )
        self._state = state
        self._homes = homes
        self._act = act
        self._reports: LoadReports[RangeLoad] = LoadReports(self._look, self._is_open)
        self._wish = self._leading = Wish()

    def start(self) -> None:
        """The cluster is complete."""
        if self._bounds.busy_share > 0 or self._state().regions:
            self._reports.start()

    def follow(self) -> None:
        """The cluster's state has changed: there may be something to decide about without load."""
        self._reports.look_later()

    def stop(self) -> None:
        self._reports.stop()

    def reported(self, role: str, load: RangeLoad) -> None:
        self._reports.take(role, load)

    def _is_open(self) -> bool:
        """There is something to join again, somebody to retire, or a pinned range that its region does not lead."""
        state = self._state()
        return state.rest is not None or bool(_by_load(state)) or self._is_misplaced(state)

    def _is_misplaced(self, state: ClusterState) -> bool:
        if not state.pins:
            return False
        led = self._led(state, {})
        return any(
            led[number].region != pin.region and common(state.shard_map.bounds(piece), (pin.low, pin.high)) is not None
            for pin in state.pins
            for piece, number in enumerate(state.shard_map.adjudicators)
            if number in led
        )

    def _look(self, now_s: float) -> None:
        state = self._state()
        if state.transfer is not None or changing(journals_of(state)) is not None:
            return
        if state.regions:
            told = self._reports.told(now_s).items()
            led = self._led(state, {role: load for role, (is_fresh, load) in told if is_fresh})
            following = leadership.Seen(now_s, state.shard_map, led, state.pins)
            follow, self._leading = leadership.decide(following, self._follow_s, self._leading)
            if follow is not None:
                logger.info("its writers' region, or a pin, asks for %s", follow)
                self._act(follow)
                return
        if self._bounds.busy_share > 0:
            seen = Seen(
                now_s, state.shard_map, state.rest or state.shard_map, self._told(state, now_s), _by_load(state)
            )
            decision, self._wish = decide(seen, self._bounds, self._wish)
            if decision is not None:
                logger.info("the load asks for %s", decision)
                self._act(decision)

    def _led(self, state: ClusterState, loads: Mapping[str, RangeLoad]) -> dict[int, leadership.Led]:
        """Of every adjudicator, where it runs now."""
        homes, zones = self._homes(), {process.name: process.az for process in state.processes}
        led = {}
        for term in journals_of(state).terms:
            region = state.regions.of(zones.get(homes.get(term.adjudicator, ""), ""))
            load = loads.get(term.adjudicator)
            led[term.number] = leadership.Led(region, *((load.sample, load.writers) if load is not None else ()))
        return led

    def _told(self, state: ClusterState, now_s: float) -> dict[int, Told]:
        homes, told = self._homes(), {}
        regions = {
            role.name: state.regions.of(process.az)
            for process in state.processes
            for role in process.roles
            if role.kind == "adjudicator"
        }
        loads = {role: load for role, (is_fresh, load) in self._reports.told(now_s).items() if is_fresh}
        for term in journals_of(state).terms:
            process = homes.get(term.adjudicator, "")
            load = loads.get(term.adjudicator)
            region = regions.get(term.adjudicator, "")
            told[term.number] = (
                Told(process, load.busy, load.claims_s, load.sample, region)
                if load is not None
                else Told(process, region=region)
            )
        return told


def _by_load(state: ClusterState) -> frozenset[int]:
    """The adjudicators that nobody but the load has called for."""
    return frozenset(term.number for term in journals_of(state).terms if term.by_load)
