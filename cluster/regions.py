"""Which region each availability zone lies in, and what a region has (docs/regions.md). Pure.

    Regions({"a": "east", "b": "west", "w": "north"}, ("north",))
        sites(("a", "b", "w"))        ["a", "b", "w"]      where a journal's replicas stand: one zone of each region
        serving(("a", "b", "w"))      ["a", "b"]           a witness holds journals and votes, and nothing else

Without regions every zone has everything, and nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from actors.common.settings import Settings

GATEWAYS = 2
"""Of a region, in as many AZs: losing one closes no door."""


class Regions(msgspec.Struct, frozen=True):
    """`zones`: zone -> its region; empty: all zones are one region's. `witnesses`: regions that only vote."""

    zones: dict[str, str] = {}
    witnesses: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.zones)

    def of(self, zone: str) -> str:
        """The zone's region; "" where there is but one."""
        return self.zones.get(zone, "")

    def serves(self, zone: str) -> bool:
        """Whether the zone may have query processors, storage, adjudicators and crossbars."""
        return self.of(zone) not in self.witnesses if self.zones else True

    def serving(self, azs: Iterable[str]) -> list[str]:
        return [az for az in azs if self.serves(az)]

    def sites(self, azs: Iterable[str]) -> list[str]:
        """Where a journal has its replicas: in the first zone of each region, so that a majority is as many regions;
        of one region, in every zone."""
        return self._firsts(azs) if self.zones else list(azs)

    def desks(self, azs: Iterable[str]) -> list[str]:
        """Where crossbars stand: in the first zone of each region that serves."""
        serving = self.serving(azs)
        return self._firsts(serving) if self.zones else serving[:1]

    def beside(self, az: str, azs: Iterable[str]) -> list[str]:
        """Those of its region, itself among them."""
        return [other for other in azs if self.of(other) == self.of(az)]

    def in_turn(self, azs: Sequence[str]) -> list[str]:
        """The first zone of each region, then the second of each, and so on: who goes round them is in every region
        soon."""
        return sorted(azs, key=lambda az: self.beside(az, azs).index(az))

    def _firsts(self, azs: Iterable[str]) -> list[str]:
        firsts: dict[str, str] = {}
        for az in azs:
            firsts.setdefault(self.of(az), az)
        return list(firsts.values())


def controller_az(azs: Sequence[str]) -> str:
    """The last one: the first has the crossbar and adjudicators, and the controller, which moves them, must not be lost
    with them."""
    return azs[-1]


def regions_of(settings: Settings) -> Regions:
    return Regions(settings.regions.zones, settings.regions.witnesses)


def ports_of(settings: Settings) -> dict[str, int]:
    """Region that serves -> the port of its gateways; {"": port} where there is but one region. Regions may stand on
    one machine, so each has a port of its own."""
    regions = regions_of(settings)
    there = dict.fromkeys(regions.of(az) for az in regions.serving(settings.layout.azs))
    return {region: settings.layout.port + number for number, region in enumerate(there)}


def doors(settings: Settings) -> dict[str, int]:
    """Zone that has a gateway -> its port, in the order of the gateways' numbers."""
    regions, ports = regions_of(settings), ports_of(settings)
    serving = regions.serving(settings.layout.azs)
    return {az: ports[regions.of(az)] for az in serving if regions.beside(az, serving).index(az) < GATEWAYS}


def majority_of(settings: Settings) -> int:
    """Of a journal's replicas."""
    return len(regions_of(settings).sites(settings.layout.azs)) // 2 + 1
