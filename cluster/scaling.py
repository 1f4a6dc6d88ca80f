"""Follows the load: how many query processors there are, and when the cluster goes to zero.

Query processors report while they have sessions (messages.Load); the pure policy decides once a second as long as any
does. When none does, one timer is left, which lets the cluster go to zero after `scaling.zero_after_s` without a
session. Nothing is polled.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from actors.common.messages import Load
from actors.common.settings import Scaling as Settings
from cluster.policies.query_processors import Bounds, Seen, Wish, decide
from cluster.state import ClusterState, ProcessState, RoleState, with_query_processor, without_process

LOOK_S = 1.0
STALE_S = 5.0
"""A query processor that has not reported for so long counts for nothing: it has ended."""


class Scaling:
    """`names`: the query processors of the state as it is now. `resize(count)` and `sleep()` are the decisions.
    `fixed`: how many the cluster began with; `processors`: of the machines it runs on."""

    def __init__(
        self,
        settings: Settings,
        fixed: int,
        processors: int,
        names: Callable[[], list[str]],
        resize: Callable[[int], None],
        sleep: Callable[[], object],
    ) -> None:
        count_max = settings.query_processors_max or max(processors, fixed)
        self._bounds = Bounds(
            fixed,
            count_max,
            max(settings.sessions_each, 1),
            settings.busy_share or 1.0,
            settings.up_delay_s,
            settings.down_delay_s,
        )
        self._zero_after_s = settings.zero_after_s
        self._names = names
        self._resize = resize
        self._sleep = sleep
        self._loads: dict[str, tuple[float, Load]] = {}
        """By query processor: when it reported, and what."""
        self._wish = Wish()
        self.started = False
        self._looking: asyncio.TimerHandle | None = None
        self._falling_asleep: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The cluster is complete, for the first time since it was started or woken."""
        self._loads.clear()
        self.started = True
        self._await_zero()

    def stop(self) -> None:
        self.started = False
        for timer in (self._looking, self._falling_asleep):
            if timer is not None:
                timer.cancel()
        self._looking = self._falling_asleep = None

    def reported(self, role: str, load: Load) -> None:
        loop = asyncio.get_running_loop()
        self._loads[role] = (loop.time(), load)
        if load.sessions:
            if self._falling_asleep is not None:
                self._falling_asleep.cancel()
                self._falling_asleep = None
            if self._looking is None:
                self._looking = loop.call_later(LOOK_S, self._look)

    @property
    def sessions(self) -> int:
        return sum(load.sessions for _, load in self._loads.values())

    def awake_because(self) -> str:
        """For people: why the cluster is not at zero, or when it will be."""
        if not self._zero_after_s:
            return "it never goes to zero (scaling.zero_after_s = 0)"
        if self._falling_asleep is not None:
            return (
                f"it goes to zero in {max(self._falling_asleep.when() - asyncio.get_running_loop().time(), 0.0):.1f} s"
            )
        return f"sessions: {self.sessions}" if self.sessions else "it is starting, or has just lost its last session"

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        names = self._names()
        self._loads = {
            name: told for name, told in self._loads.items() if name in names and told[0] > loop.time() - STALE_S
        }
        busy = sum(load.busy for _, load in self._loads.values()) / len(names) if names else 0.0
        count, self._wish = decide(Seen(loop.time(), len(names), self.sessions, busy), self._bounds, self._wish)
        if names and count != len(names):
            self._resize(count)
        if self.sessions or len(names) > self._bounds.fixed:
            self._looking = loop.call_later(LOOK_S, self._look)
        else:
            self._looking = None
        if not self.sessions:
            self._await_zero()

    def stay_awake(self) -> None:
        """The cluster could not go to zero now."""
        if self.started and not self.sessions:
            self._await_zero()

    def _await_zero(self) -> None:
        if self._zero_after_s and self._falling_asleep is None:
            self._falling_asleep = asyncio.get_running_loop().call_later(self._zero_after_s, self._fall_asleep)

    def _fall_asleep(self) -> None:
        self._falling_asleep = None
        if not self.sessions:
            self._sleep()


def grown(state: ClusterState, count: int) -> ClusterState:
    """`state` with at least `count` query processors. Those that are added stand in the zones with the fewest."""
    own = query_processors(state)
    zones = Counter(process.az for process, _ in own)
    for _ in range(count - len(own)):
        serving = state.regions.serving(sorted({process.az for process in state.processes}))
        az = min(serving, key=lambda az: zones[az])
        state = with_query_processor(state, az)
        zones[az] += 1
    return state


def without_query_processor(state: ClusterState, fixed: int, name: str) -> ClusterState:
    """Without the one whose role has this name, where it came after the first `fixed`."""
    for process, role in query_processors(state)[fixed:]:
        if role.name == name:
            return without_process(state, process.name)
    return state


def fewest(state: ClusterState, fixed: int) -> ClusterState:
    """With the first `fixed` query processors alone."""
    for process, _ in query_processors(state)[fixed:]:
        state = without_process(state, process.name)
    return state


def query_processors(state: ClusterState) -> list[tuple[ProcessState, RoleState]]:
    """In the order in which they came."""
    return [(process, role) for process in state.processes for role in process.roles if role.kind == "query_processor"]
