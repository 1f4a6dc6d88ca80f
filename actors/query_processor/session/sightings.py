"""`Sightings`: which keys have been met before. A cache that takes a key when it is met again keeps nothing for what
comes once, and what it would have kept goes at once, by its reference count, instead of growing old in the cache.

    sightings = Sightings(8192)
    sightings.are_again("SELECT 1")  -> False       sightings.are_again("SELECT 1")  -> True

Keys are remembered by their hashes, the last `keys_max` of them at least: two keys of one hash are taken for one.
"""

from __future__ import annotations

from collections.abc import Hashable


class Sightings:
    __slots__ = ("_before", "_keys_max", "_latest")

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._latest: set[int] = set()
        self._before: set[int] = set()
        """Those that were the latest when they were as many as may be."""

    def are_again(self, key: Hashable) -> bool:
        """Whether the key has been met; it has been from now on."""
        met = hash(key)
        if met in self._latest:
            return True
        known = met in self._before
        if len(self._latest) >= self._keys_max:
            self._before, self._latest = self._latest, set()
        self._latest.add(met)
        return known
