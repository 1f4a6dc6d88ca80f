"""The upkeep's witness: what a storage replica does for its disk, and when (actors/storage/upkeep.py).

    I12  while a replica is filled from a peer no checkpoint and no merge of it is under way: filling ends with another
         store, and each of the others with a manifest of the store that was there before

Most schedules outlive such an overlap, for one of the two has ended when the other one writes its manifest. So the
overlap itself is told of, not what may become of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from actors.runtime.interfaces import Disk
from actors.runtime.simulation.world import World
from actors.storage import filling
from actors.storage.maintenance import Maintenance
from actors.storage.store import Store

FILLING = "filling"


class UpkeepWitness:
    """`watching()` puts it between the upkeep of storage replicas and what the upkeep begins."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._under_way: dict[Disk, Counter[str]] = {}
        """By mount of a disk: another life of a replica has another, and nothing of the former life goes on."""
        self.fillings = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """It is told of every checkpoint, merge and filling, meanwhile."""
        checkpoint, merge, fill = Maintenance.checkpoint, Maintenance.merge, filling.fill
        Maintenance.checkpoint = self._telling("checkpoint", checkpoint, _store_of_maintenance)  # type: ignore[method-assign]
        Maintenance.merge = self._telling("merge", merge, _store_of_maintenance)  # type: ignore[method-assign]
        filling.fill = self._telling(FILLING, fill, _store_to_fill)
        try:
            yield
        finally:
            Maintenance.checkpoint, Maintenance.merge = checkpoint, merge  # type: ignore[method-assign]
            filling.fill = fill

    def _telling(
        self, what: str, method: Callable[..., Awaitable[Any]], store_of: Callable[..., Store]
    ) -> Callable[..., Any]:
        async def told(*arguments: Any) -> Any:
            under_way = self._under_way.setdefault(store_of(*arguments).disk, Counter())
            under_way[what] += 1
            self._judge(under_way)
            try:
                return await method(*arguments)
            finally:
                under_way[what] -= 1

        return told

    def _judge(self, under_way: Counter[str]) -> None:
        self.fillings += under_way[FILLING]
        if under_way[FILLING] and under_way.total() > under_way[FILLING]:
            others = " and a ".join(sorted(what for what, times in (+under_way).items() if what != FILLING))
            self._world.violated("I12", f"a storage replica is filled while a {others} of it is under way")


def _store_of_maintenance(maintenance: Maintenance, *_: Any) -> Store:
    return maintenance._store


def _store_to_fill(_context: Any, _peers: Any, store: Store, *_: Any) -> Store:
    return store
