"""The simulated object store: one for the world, shared by all of its processes, outliving them.

It takes its time, and refuses: all requests while `refusing`, some of them at random, before or after they have taken
effect. Of an object whose writer dies while it is being put there may be nothing, a part, or all. Whatever `put` has
returned for is there and is listed at once, as in S3 since 2020.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import google_crc32c

from actors.common.errors import CONNECTION_FAILURE, UNDEFINED_FILE, DatabaseError
from actors.runtime.interfaces import StoredObject
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.trace import Trace


@dataclass(frozen=True)
class StoreFaults:
    delay_s_max: float = 0.05
    refusal_chance: float = 0.0
    slow_chance: float = 0.0
    slow_s_max: float = 5.0


class StoreImage:
    """What is in it. `on_put(key)` and `on_removed(key)` are for checkers: called when the object is there, or has
    gone."""

    def __init__(self, random: Random, trace: Trace, now_s: Callable[[], float]) -> None:
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.faults = StoreFaults()
        self.refusing = False
        self.on_put: Callable[[str], None] = lambda key: None
        self.on_removed: Callable[[str], None] = lambda key: None
        self.random = random
        self._trace = trace
        self._now_s = now_s

    def calm(self) -> None:
        """It is quick and refuses nothing."""
        self.faults, self.refusing = StoreFaults(), False

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = (data, self._now_s())
        self._trace.add("object", f"put {key} {len(data)} {google_crc32c.value(data):08x}")
        self.on_put(key)

    def remove(self, key: str) -> None:
        if self.objects.pop(key, None) is not None:
            self._trace.add("object", f"remove {key}")
            self.on_removed(key)

    def rot(self, key: str) -> None:
        """A bit of the object flips."""
        data, written_s = self.objects[key]
        place = self.random.randrange(len(data))
        self.objects[key] = (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], written_s)

    def left_by_the_dead(self, key: str, data: bytes) -> None:
        """Its writer has died while it was being put."""
        size = self.random.choice((0, self.random.randint(0, len(data)), len(data)))
        if size:
            self.put(key, data[:size])

    def pause_s(self) -> float:
        faults = self.faults
        return self.random.uniform(
            0, faults.slow_s_max if self.random.random() < faults.slow_chance else faults.delay_s_max
        )

    def refuses(self) -> bool:
        return self.refusing or self.random.random() < self.faults.refusal_chance


class SimulatedObjectStore:
    """See interfaces.ObjectStore. One process's way to it, for one life."""

    def __init__(self, image: StoreImage, owner: Owner) -> None:
        self._image = image
        self._owner = owner

    async def put(self, key: str, data: bytes | memoryview) -> int:
        data = bytes(data)

        is_under_way = True

        def died() -> None:
            if is_under_way:
                self._image.left_by_the_dead(key, data)

        self._owner.when_dead.append(died)
        try:
            await self._way()
        finally:
            is_under_way = False
        if self._image.refuses():
            if self._image.random.random() < 0.3:
                self._image.put(key, data)
            raise _refused()
        self._image.put(key, data)
        return int(google_crc32c.value(data))

    async def get(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        await self._way()
        if self._image.refuses():
            raise _refused()
        found = self._image.objects.get(key)
        if found is None:
            raise DatabaseError(UNDEFINED_FILE, f"the object store has no such object: {key}")
        return found[0][offset : offset + length if length >= 0 else None]

    async def list(self, prefix: str) -> list[StoredObject]:
        await self._way()
        if self._image.refuses():
            raise _refused()
        found = sorted(self._image.objects.items())
        return [StoredObject(key, len(data), written_s) for key, (data, written_s) in found if key.startswith(prefix)]

    async def remove(self, key: str) -> None:
        await self._way()
        if self._image.refuses():
            raise _refused()
        self._image.remove(key)

    async def _way(self) -> None:
        await asyncio.sleep(self._image.pause_s())


def _refused() -> DatabaseError:
    return DatabaseError(CONNECTION_FAILURE, "the object store refuses: it has been told to")
