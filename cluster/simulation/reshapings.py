"""Changes of a simulated cluster's shape that a nemesis asks the controller for, as a policy or a command would.

    turnover      an adjudicator is born with its journal, or one is retired
    boundary      keys go from one adjudicator to another
    shards        shards are parted, moved, joined
    replicas      a shard has more or fewer replicas
    scale         a query processor more or less

Each is drawn from the state that the controller knows, and may be refused: another change is under way, or this one
makes no sense any more. Nobody waits for the outcome; the witnesses look on.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, cast

from actors.common.errors import DatabaseError
from actors.common.ranges import KEYSPACE_BYTES
from actors.runtime.simulation.nemesis import Reshape
from cluster.controller import Controller
from cluster.membership import journals_of, with_adjudicator, with_farewell
from cluster.scaling import query_processors
from cluster.shards import begun, resized
from cluster.simulation.hostile import small_key
from cluster.state import ClusterState, with_query_processor, with_transfer, without_process

if TYPE_CHECKING:
    from cluster.simulation.simulated_cluster import SimulatedCluster

CONTROLLER = "controller"
ADJUDICATORS_MAX = 4
ADDED_MAX = 2
"""Query processors beyond those that a cluster began with."""
SHARDS_MAX = 4
READERS_MAX = 3
"""Replicas of a shard beyond one in each zone."""
BOUNDARY_KEYS = 8
"""Ranges are cut among the proofs' keys: small integers."""


class Reshapings:
    """Of `cluster`, whose controller may be down: nothing happens then."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster

    def by_name(self) -> dict[str, Reshape]:
        """A strike's name to what asks for it. What is drawn depends on the random source and the state alone."""
        return {
            "scale": self._scale,
            "boundary": self._boundary,
            "shards": self._reshape,
            "turnover": self._turnover,
            "replicas": self._resize,
        }

    @property
    def _controller(self) -> Controller | None:
        """While it is up. It may not know the state yet, or another one has taken over."""
        process = self._cluster.world.processes[CONTROLLER]
        return cast(Controller, process.role(CONTROLLER)) if process.up else None

    def _ask_for(
        self, controller: Controller, kind: str, what: str, successor: Callable[[ClusterState], ClusterState]
    ) -> None:
        """A change that may be refused: another one is under way, or that one makes no sense any more."""

        async def change() -> None:
            with contextlib.suppress(DatabaseError):
                await controller.change(successor)

        self._cluster.world.trace.add(kind, what)
        self._cluster.world.spawn(CONTROLLER, change())

    def _scale(self, random: Random) -> None:
        """A query processor more, or one that came so goes again."""
        controller = self._controller
        if controller is None:
            return
        grows, az = random.random() < 0.6, random.choice(self._cluster.serving_azs)

        def successor(state: ClusterState) -> ClusterState:
            added = [one.name for one, _ in query_processors(state) if one.name not in self._cluster.first]
            if grows and len(added) < ADDED_MAX:
                return with_query_processor(state, az)
            return without_process(state, added[0]) if added else state

        self._ask_for(controller, "scale", "up" if grows else "down", successor)

    def _boundary(self, random: Random) -> None:
        """Keys go from one adjudicator to another: a part of a range, or all of it."""
        controller = self._controller
        if controller is None:
            return
        terms = journals_of(controller.state).terms
        names = [term.number for term in terms if term.since is not None and not term.leaving]
        if len(names) < 2:
            return
        shard_map = controller.state.shard_map
        cut = small_key(random.randint(-BOUNDARY_KEYS, BOUNDARY_KEYS))
        piece = bisect_right(shard_map.cuts, cut)
        low, high = shard_map.bounds(piece)
        low, high = random.choice(((low, high), (cut, high), (low, cut)))
        target = random.choice([number for number in names if number != shard_map.adjudicators[piece]] or names)
        what = f"{low.hex()}..{high.hex() if high is not None else ''} to {target}"
        self._ask_for(controller, "boundary", what, lambda state: with_transfer(state, low, high, target))

    def _turnover(self, random: Random) -> None:
        """An adjudicator is born with its journal, or one of those that there are is retired, of the first ones,
        too."""
        controller = self._controller
        if controller is None:
            return
        journals = journals_of(controller.state)
        grows, leaving = random.random() < 0.5, random.choice(journals.terms).number

        def successor(state: ClusterState) -> ClusterState:
            if grows and len(journals_of(state).terms) < ADJUDICATORS_MAX:
                return with_adjudicator(state, journals_of(state).last_number + 1)
            return with_farewell(state, leaving)

        self._ask_for(controller, "turnover", "in" if grows else f"{leaving} out", successor)

    def _reshape(self, random: Random) -> None:
        """Shards end, and others take their place: one is parted or moves, or two become one."""
        controller = self._controller
        if controller is None:
            return
        owners = controller.state.shard_map.shards
        place = random.randrange(len(owners))
        parents, cut = [owners[place]], None
        choice = random.random()
        if choice < 0.45 and len(set(owners)) < SHARDS_MAX:
            cut = small_key(random.randint(-BOUNDARY_KEYS, BOUNDARY_KEYS))
            parents = [controller.state.shard_map.shard(bytes(KEYSPACE_BYTES) + cut)]
        elif choice < 0.85 and place and owners[place - 1] != owners[place]:
            parents = [owners[place - 1], owners[place]]
        what = f"{parents} at {cut.hex() if cut is not None else 'no place'}"
        self._ask_for(controller, "shards", what, lambda state: begun(state, parents, cut))

    def _resize(self, random: Random) -> None:
        """A shard has more or fewer replicas beyond one in each zone, which serve reads."""
        controller = self._controller
        if controller is None:
            return
        shard = random.choice(sorted(set(controller.state.shard_map.shards)))
        count = len(self._cluster.serving_azs) + random.randint(0, READERS_MAX)
        self._ask_for(controller, "replicas", f"{count} of {shard}", lambda state: resized(state, shard, count))
