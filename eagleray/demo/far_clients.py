"""The customers of `eagleray demo two-regions`: in each region some that write rows of their own, and one that reads
what the other region's have written.

A writer raises its own row, which its region leads, and counts what was acknowledged, and of what nobody knows. So a
row that is below the first, or above both together, is a lost or an invented update. A reader notes what was
acknowledged before it reads: a row that is below that is a stale read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import psycopg

from eagleray.demo.crowd import Crowd
from eagleray.demo.day import Day

WRITERS = 2
PAUSE_S = 0.03
CONNECT_S = 5
CONFLICT = "40001"
GONE = ("08", "57P")
"""Classes of errors after which nobody knows, and the client connects anew."""


@dataclass
class RegionalDay(Day):
    """`commits`, `reads`: (second of the demo, region, milliseconds) of what was answered. `refused`: (second, region,
    SQLSTATE) of what was not. `cuts`: (second from, second to, region)."""

    commits: list[tuple[float, str, float]] = field(default_factory=list)
    reads: list[tuple[float, str, float]] = field(default_factory=list)
    refused: list[tuple[float, str, str]] = field(default_factory=list)
    cuts: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def second_drawn(self) -> float:
        """Of the last thing that was seen."""
        return max((seen[0] for seen in (*self.commits, *self.reads, *self.refused)), default=0.0)


@dataclass
class Tally:
    """Of one writer's row."""

    key: UUID
    region: str
    acknowledged: int = 0
    unknown: int = 0


class FarClients(Crowd):
    """`urls`: by region. `wrong`: what should never have been."""

    def __init__(self, urls: dict[str, str], tallies: list[Tally], day: RegionalDay) -> None:
        self._urls = urls
        self._tallies = tallies
        self._day = day
        self.conflicts = 0
        self.wrong: list[str] = []
        readers = [partial(self._read, region) for region in urls]
        writers = [partial(self._write, tally) for tally in tallies]
        super().__init__([*readers, *writers])

    def _write(self, tally: Tally) -> None:
        client = None
        while not self._over.wait(PAUSE_S):
            asked = False
            try:
                client = client or self._connect(tally.region)
                asked, begun_s = True, time.perf_counter()
                client.execute("UPDATE tallies SET n = n + 1 WHERE k = %s", (tally.key,))
                tally.acknowledged += 1
                self._day.commits.append((self._day.second, tally.region, (time.perf_counter() - begun_s) * 1000))
            except psycopg.Error as error:
                if error.sqlstate == CONFLICT:
                    self.conflicts += 1
                    continue
                tally.unknown += asked
                self._refused(tally.region, error, client)
                client = None
        if client is not None:
            client.close()

    def _read(self, region: str) -> None:
        client, others = None, [tally for tally in self._tallies if tally.region != region]
        number = 0
        while not self._over.wait(PAUSE_S):
            tally = others[number % len(others)]
            number += 1
            try:
                client = client or self._connect(region)
                known, begun_s = tally.acknowledged, time.perf_counter()
                row = client.execute("SELECT n FROM tallies WHERE k = %s", (tally.key,)).fetchone()
                self._day.reads.append((self._day.second, region, (time.perf_counter() - begun_s) * 1000))
                if row is None or row[0] < known:
                    self.wrong.append(f"a stale read in {region}: {row} after {known} were acknowledged")
            except psycopg.Error as error:
                self._refused(region, error, client)
                client = None
        if client is not None:
            client.close()

    def _connect(self, region: str) -> psycopg.Connection:
        return psycopg.connect(self._urls[region], autocommit=True, prepare_threshold=0, connect_timeout=CONNECT_S)

    def _refused(self, region: str, error: psycopg.Error, client: psycopg.Connection | None) -> None:
        """The client is given up."""
        state = error.sqlstate or "08006"
        self._day.refused.append((self._day.second, region, state))
        if not state.startswith(GONE):
            self.wrong.append(f"{state} in {region}: {error}")
        if client is not None:
            client.close()


def wrong_tallies(tallies: list[Tally], there: dict[UUID, int]) -> list[str]:
    """What a region's rows have too few, or too many (pure)."""
    wrong = []
    for tally in tallies:
        least, most = tally.acknowledged, tally.acknowledged + tally.unknown
        if not least <= there.get(tally.key, -1) <= most:
            wrong.append(f"{there.get(tally.key)} of {tally.region}'s updates are there, {least} to {most} must be")
    return wrong
