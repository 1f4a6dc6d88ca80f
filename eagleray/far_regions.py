"""Clusters of several regions on one machine, some milliseconds apart, for a demo or a measurement (docs/regions.md).

    with own_cluster("regions", TWO.settings(75.0)) as data:
        regions = Regions(data)
        regions.urls["east"]               where its clients connect
        regions.key("west", 7)             a key of a range that west leads now
        regions.cut("east"); regions.heal()

What a cut is, actors/runtime/far_links.py says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

LEADS_A_ROUND_TRIP = 1.05
DISKS_MS = 1
"""Of a lead, above the round trip that a commit takes."""
LEASES_A_LEAD = 4
LEASE_MS = 500
ZONES = {"a": "east", "b": "west", "c": "north"}
MORE_ZONES = {**ZONES, "d": "south", "e": "middle"}


@dataclass(frozen=True)
class Shape:
    """`zones`: zone -> region; none: one region of three zones."""

    name: str
    zones: dict[str, str]
    witnesses: tuple[str, ...] = ()

    def settings(self, round_trip_ms: float, follow_s: float = 0.0) -> str:
        """A settings file; every two regions are as far from each other. `follow_s`: as regions.follow_s."""
        serving = len(set(self.zones.values()) - set(self.witnesses))
        lines = ['mode = "open"', "[layout]", 'placement = "az"', f"azs = {json.dumps(list(self.zones or ZONES))}"]
        if not self.zones:
            return "\n".join(lines)
        lead_ms = round(round_trip_ms * LEADS_A_ROUND_TRIP) + DISKS_MS
        there = sorted(set(self.zones.values()))
        pairs = [f"{one} {other}" for one in there for other in there if one < other]
        lines += [f"query_processors = {serving}", f"adjudicators = {serving}"]
        lines += ["[adjudication]", f"lease_ms = {max(LEASE_MS, LEASES_A_LEAD * lead_ms)}"]
        lines += ["[regions]", f"follow_s = {follow_s}", f"lead_ms = {lead_ms}"]
        lines += [f"witnesses = {json.dumps(self.witnesses)}"] if self.witnesses else []
        lines += ["[regions.zones]", *(f'{zone} = "{region}"' for zone, region in self.zones.items())]
        lines += ["[regions.delay_ms]", *(f'"{pair}" = {round_trip_ms / 2}' for pair in pairs)]
        return "\n".join(lines)


ONE = Shape("one region", {})
TWO = Shape("two regions and a witness", ZONES, ("north",))
THREE = Shape("three regions", ZONES)
FIVE = Shape("five regions", MORE_ZONES)


class Regions:
    """Of a cluster that runs on the data folder. Raises OneLine where none does."""

    def __init__(self, data: Path) -> None:
        from eagleray.command.connect import state_of

        state = state_of(data)
        self._data = data
        self._sockets = Path(state["sockets"])
        self.urls: dict[str, str] = state["regions"] or {"": state["url"]}
        status = self.status()
        self._led = led(status)
        self._names = [row["region"] for row in status["regions"]]

    def status(self) -> dict[str, Any]:
        from eagleray.command.show import status_of

        return status_of(self._data)

    def key(self, region: str, number: int) -> UUID:
        """The `number`-th key (up to 2**64) of a range that the region led when this was made."""
        return UUID(int=(self._led[region] << 120) | number)

    def cut(self, region: str) -> None:
        """From all others."""
        from actors.runtime.region_cuts import cut_off, cuts_path, write_cuts

        write_cuts(cuts_path(self._sockets), cut_off(region, self._names))

    def heal(self) -> None:
        from actors.runtime.region_cuts import cuts_path, write_cuts

        write_cuts(cuts_path(self._sockets), frozenset())


def led(status: dict[str, Any]) -> dict[str, int]:
    """By region that leads a range: the first byte of uuids in one. Of one region: ""."""
    leads = {name: row["region"] for row in status["regions"] for name in row["leads"]}
    found: dict[str, int] = {}
    for piece in status["ranges"]:
        region = leads.get(f"adjudicator/{piece['adjudicator']}", "")
        found.setdefault(region, bytes.fromhex(piece["low"])[0] if piece["low"] else 0)
    return found
