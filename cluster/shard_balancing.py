"""Shards follow the load: what their replicas tell of it (messages.ShardLoad) goes to the pure policy
(policies/shards.py), and what that decides is a reshape (reshaping.py).

Looks (load_reports.py) while something is told, and as long as there are more shards than the cluster began with. A
replica that has told of its reads long ago is not read any more; what it holds counts on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from actors.common.messages import ShardLoad
from actors.common.settings import Scaling as Settings
from cluster.load_reports import LoadReports
from cluster.policies.shards import Bounds, Reshape, Seen, Told, Wish, decide
from cluster.state import ClusterState

SHARDS_EACH = 8
"""At most, for each that a cluster begins with: every one more is a stream more from the crossbar in each zone."""

logger = logging.getLogger(__name__)


class ShardBalancing:
    """`first`: the state with which the cluster began. `homes`: where roles run. `reshape`: the decision, which may be
    refused and is then asked for again."""

    def __init__(
        self,
        settings: Settings,
        first: ClusterState,
        state: Callable[[], ClusterState],
        homes: Callable[[], Mapping[str, str]],
        reshape: Callable[[Reshape], None],
    ) -> None:
        count = len(set(first.shard_map.shards))
        self._bounds = Bounds(
            settings.shard_bytes,
            settings.shard_busy_share,
            settings.up_delay_s,
            settings.down_delay_s,
            count,
            SHARDS_EACH * count,
        )
        self._state = state
        self._homes = homes
        self._reshape = reshape
        self._reports: LoadReports[ShardLoad] = LoadReports(self._look, self._is_open)
        self._wish = Wish()

    def start(self) -> None:
        """The cluster is complete."""
        if self._bounds.bytes_max or self._bounds.busy_share:
            self._reports.start()

    def stop(self) -> None:
        self._reports.stop()

    def reported(self, role: str, load: ShardLoad) -> None:
        self._reports.take(role, load)

    def _is_open(self) -> bool:
        """Something may be joined, or is wished for."""
        return bool(self._wish.what) or len(set(self._state().shard_map.shards)) > self._bounds.shards_min

    def _look(self, now_s: float) -> None:
        state = self._state()
        self._reports.keep(state.roles)
        if state.reshape is None and state.transfer is None:
            act, self._wish = decide(Seen(now_s, state.shard_map, self._told(state, now_s)), self._bounds, self._wish)
            if act is not None:
                logger.info("the load has %s of shards %s", "one made" if act.cut is None else "two made", act.shards)
                self._reshape(act)

    def _told(self, state: ClusterState, now_s: float) -> dict[int, Told]:
        told: dict[int, Told] = {}
        homes = self._homes()
        roles = {process.name: len(process.roles) for process in state.processes}
        for role, (is_fresh, load) in self._reports.told(now_s).items():
            is_alone = roles.get(homes.get(role, "")) == 1
            busy = load.busy if is_fresh and is_alone else 0.0
            known = told.get(load.shard, Told())
            sample = load.sample if busy >= known.busy and is_fresh else known.sample
            told[load.shard] = Told(max(known.size_bytes, load.size_bytes), max(known.busy, busy), sample)
        return told
