"""How far regions are from each other, for networks on which they are not: the simulated one (simulation/network.py),
and links between processes of one machine (far_links.py). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class Distances:
    """`region_of`: of a process, or of whatever else the two ends are named by; "": in no region. `one_way_s`: by
    pair of regions, in either order. What is sent takes up to `jitter_share` of that longer, drawn anew each time."""

    def __init__(
        self, region_of: Callable[[str], str], one_way_s: Mapping[tuple[str, str], float], jitter_share: float
    ) -> None:
        self._region_of = region_of
        self._one_way_s = dict(one_way_s) | {(other, one): s for (one, other), s in one_way_s.items()}
        self._jitter_share = jitter_share

    def one_way_s(self, source: str, target: str) -> float:
        """Without jitter; 0 within a region, and from or to who is in none."""
        return self._one_way_s.get((self._region_of(source), self._region_of(target)), 0.0)

    def delay_s(self, source: str, target: str, chance: Callable[[], float]) -> float:
        """`chance()`: at random from 0 to 1; not asked where there is no distance."""
        one_way_s = self.one_way_s(source, target)
        return one_way_s * (1 + self._jitter_share * chance()) if one_way_s else 0.0
