"""The witness of the cluster's state: what a controller has written, every later controller finds.

I1   a controller reads the newest state that was acknowledged to any, or one that was written after it
I1   of one version, one state is acknowledged and read
I10  of one version of the shard map, there is one
I10  a shard holds the same columns in all maps that name it
I7   once a controller has read the state, no earlier one is told that a version is durable which the reader did
     not find
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.ranges import ShardMap, Span
from actors.runtime.interfaces import Context
from actors.runtime.simulation.world import World
from cluster.keeping import StateKeeper
from cluster.state import ClusterState


class StateWitness:
    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[int, ClusterState] = {}
        """By version: acknowledged, or read."""
        self._acknowledged = 0
        self._reigns = 0
        self._found = 0
        """What the last controller that read the state found."""
        self.on_acknowledged: list[Callable[[ClusterState], None]] = []
        self.newest_state: ClusterState | None = None
        """Of those that were acknowledged or read."""
        self.newest: ShardMap | None = None
        """Of the maps that were acknowledged or read."""
        self._spans: dict[int, tuple[Span, ...]] = {}
        self.states = 0
        """So many were acknowledged."""

    def maps(self, first: ShardMap) -> list[ShardMap]:
        """All maps that counted, in the order of their versions."""
        maps = {first.version: first}
        for state in self._known.values():
            known = maps.setdefault(state.shard_map.version, state.shard_map)
            if known != state.shard_map:
                self._world.violated("I10", f"there are two maps of version {known.version}")
        return [maps[version] for version in sorted(maps)]

    def spans(self, shard: int) -> tuple[Span, ...]:
        """What a shard holds, for as long as it is there; KeyError where none of this number has been."""
        return self._spans[shard]

    def learn(self, shard_map: ShardMap) -> None:
        if self.newest is not None and shard_map.version <= self.newest.version:
            return
        self.newest = shard_map
        for shard, spans in shard_map.holdings().items():
            if self._spans.setdefault(shard, spans) != spans:
                self._world.violated("I10", f"shard {shard} holds {spans}, and has held {self._spans[shard]}")

    def acknowledged(self, state: ClusterState, reign: int) -> None:
        """To the controller that was the `reign`th to read a state."""
        self.states += 1
        self._acknowledged = max(self._acknowledged, state.version)
        self._same(state)
        if reign != self._reigns and state.version > self._found:
            self._world.violated(
                "I7",
                f"version {state.version} of the state is acknowledged, a later controller has found {self._found}",
            )
        for callback in self.on_acknowledged:
            callback(state)

    def opened(self, state: ClusterState | None) -> int:
        """The number of the reign that begins."""
        version = state.version if state is not None else 0
        if version < self._acknowledged:
            self._world.violated(
                "I1", f"a controller reads version {version} of the state, {self._acknowledged} was acknowledged"
            )
        if state is not None:
            self._same(state)
        self._found = version
        self._reigns += 1
        return self._reigns

    def _same(self, state: ClusterState) -> None:
        self.learn(state.shard_map)
        if self.newest_state is None or self.newest_state.version < state.version:
            self.newest_state = state
        if self._known.setdefault(state.version, state) != state:
            self._world.violated("I1", f"there are two states of version {state.version}")


class WatchedKeeper(StateKeeper):
    """A StateKeeper that tells `witness`."""

    def __init__(
        self, context: Context, replicas: list[str], on_deposed: Callable[[str], None], witness: StateWitness
    ) -> None:
        super().__init__(context, replicas, on_deposed)
        self._witness = witness
        self._reign = 0

    async def open(self) -> ClusterState | None:
        state = await super().open()
        self._reign = self._witness.opened(state)
        return state

    async def write(self, state: ClusterState) -> None:
        await super().write(state)
        self._witness.acknowledged(state, self._reign)
