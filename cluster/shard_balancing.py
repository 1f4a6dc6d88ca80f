"""Shards follow the load: what their replicas tell of it (messages.ShardLoad) goes to the pure policy
(policies/shards.py), and what that decides is a reshape (reshaping.py).

Looks once a second while something is told, and as long as there are more shards than the cluster began with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from actors.common.messages import ShardLoad
from actors.common.settings import Scaling as Settings
from cluster.policies.shards import Bounds, Reshape, Seen, Told, Wish, decide
from cluster.state import ClusterState

LOOK_S = 1.0
STALE_S = 3.0
"""A replica that has told of its reads so long ago is not read any more; what it holds counts on."""
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
            settings.shard_bytes, settings.shard_busy_share, settings.up_delay_s, settings.down_delay_s, count, SHARDS_EACH * count
        )
        self._state = state
        self._homes = homes
        self._reshape = reshape
        self._loads: dict[str, tuple[float, ShardLoad]] = {}
        self._wish = Wish()
        self._timer: asyncio.TimerHandle | None = None
        self.started = False

    def start(self) -> None:
        """The cluster is complete."""
        self.started = bool(self._bounds.bytes_max or self._bounds.busy_share)
        self._look_later()

    def stop(self) -> None:
        self.started = False
        self._loads.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reported(self, role: str, load: ShardLoad) -> None:
        self._loads[role] = (asyncio.get_running_loop().time(), load)
        self._look_later()

    def _look_later(self) -> None:
        if self.started and self._timer is None and self._loads:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        state = self._state()
        self._loads = {role: told for role, told in self._loads.items() if role in state.roles}
        if state.reshape is None and state.transfer is None:
            act, self._wish = decide(Seen(now_s, state.shard_map, self._told(state, now_s)), self._bounds, self._wish)
            if act is not None:
                logger.info("the load has %s of shards %s", "one made" if act.cut is None else "two made", act.shards)
                self._reshape(act)
        is_told = any(told[0] > now_s - STALE_S for told in self._loads.values())
        if is_told or self._wish.what or len(set(state.shard_map.shards)) > self._bounds.shards_min:
            self._look_later()

    def _told(self, state: ClusterState, now_s: float) -> dict[int, Told]:
        told: dict[int, Told] = {}
        homes = self._homes()
        roles = {process.name: len(process.roles) for process in state.processes}
        for role, (told_at, load) in sorted(self._loads.items()):
            is_fresh, is_alone = told_at > now_s - STALE_S, roles.get(homes.get(role, "")) == 1
            busy = load.busy if is_fresh and is_alone else 0.0
            known = told.get(load.shard, Told())
            sample = load.sample if busy >= known.busy and is_fresh else known.sample
            told[load.shard] = Told(max(known.size_bytes, load.size_bytes), max(known.busy, busy), sample)
        return told
