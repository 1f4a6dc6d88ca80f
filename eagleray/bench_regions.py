"""`eagleray bench regions`: what distance costs, in multiples of the round trip between regions.

Clusters of this machine's own, in temporary folders, one after the other: one region; two regions and a witness; three
regions; five, where they are asked for. Between the regions' processes lie `round_trip_ms` (docs/regions.md). In each
region some clients write and some read at the same time, a step after the other:

    led here        one-row updates of keys that the client's region leads; meanwhile reads of rows that another region
                    leads and writes
    led elsewhere   one-row updates of keys that another region leads
    two regions     COMMIT of a transaction that has written a key that each of two regions leads

Each client is a session of psycopg in this process, and writes rows of its own, so that nobody conflicts. At the end
every row is read in every region: it counts exactly the updates that were acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from eagleray.far_regions import FIVE, ONE, THREE, TWO, Regions, Shape
from eagleray.own_cluster import NotStarted, own_cluster
from eagleray.workload.measure import quantile

SHAPES = {"one": ONE, "two": TWO, "three": THREE, "five": FIVE}
USUAL = ("one", "two", "three")
ROWS_EACH = 8
"""Of a writer, in turns: a commit that is dated ahead would meet the next one on the same row."""
PAUSE_S = 0.01
READ = "read"
WRITE_HERE, WRITE_ELSEWHERE, WRITE_BOTH = "commit, led here", "commit, led elsewhere", "commit, two regions"
UPDATE = "UPDATE far SET v = v + 1 WHERE k = %s"
SELECT = "SELECT v FROM far WHERE k = %s"
CONFLICT = "40001"


class RegionsFailed(Exception):
    """In one line."""


Session = psycopg.AsyncConnection[Any]
Step = Callable[[Session, int], Awaitable[float]]
"""(session, number) -> when what counts began."""


@dataclass
class Run:
    """Of one shape. `taken_ms`: by what was done. `conflicts`: refused with 40001, and counted nowhere else."""

    shape: str
    round_trip_ms: float
    taken_ms: dict[str, list[float]] = field(default_factory=dict)
    conflicts: int = 0
    written: dict[UUID, int] = field(default_factory=dict)
    """Row -> updates that were acknowledged."""

    def figures(self) -> dict[str, dict[str, float]]:
        """By what was done: how often, and p50 and p99 in milliseconds and, of several regions, in round trips."""
        told: dict[str, dict[str, float]] = {}
        for what, taken in self.taken_ms.items():
            ordered = sorted(taken)
            told[what] = {"count": len(ordered)}
            for name, share in (("p50", 0.5), ("p99", 0.99)):
                told[what][f"{name}_ms"] = round(quantile(ordered, share), 2)
                if self.round_trip_ms:
                    told[what][f"{name}_round_trips"] = round(quantile(ordered, share) / self.round_trip_ms, 3)
        return told

    def table(self) -> str:
        lines = [f"{self.shape:30}{'count':>8}{'p50 ms':>10}{'p99 ms':>10}{'p50 trips':>12}{'p99 trips':>12}"]
        for what, told in self.figures().items():
            trips = [f"{told[key]:12.2f}" for key in ("p50_round_trips", "p99_round_trips") if key in told]
            lines.append(f"  {what:28}{told['count']:8.0f}{told['p50_ms']:10.1f}{told['p99_ms']:10.1f}{''.join(trips)}")
        return "\n".join(lines)


class _Clients:
    """Those of one cluster."""

    def __init__(self, run: Run, regions: Regions, clients: int, seconds: float) -> None:
        self._run = run
        self._regions = regions
        self._names = list(regions.urls)
        self._clients = clients
        self._seconds = seconds
        self._numbers = count()

    async def create(self) -> None:
        session = await self._session(self._names[0])
        await session.execute("CREATE TABLE far (k uuid PRIMARY KEY, v int NOT NULL)")
        await session.close()

    async def write_here(self) -> None:
        """Each region its own rows; readers beside them read others'."""
        rows = {name: await self._rows([name]) for name in self._names}
        writers = [self._work(WRITE_HERE, name, self._updates(row)) for name in self._names for row in rows[name]]
        readers = []
        for place, name in enumerate(self._names):
            other = self._names[(place + 1) % len(self._names)]
            keys = [key for row in rows[other] for key in row]
            readers += [self._work(READ, name, self._reads(keys)) for _ in range(self._clients)]
        await asyncio.gather(*writers, *readers)

    async def write_elsewhere(self) -> None:
        work = []
        for place, name in enumerate(self._names):
            rows = await self._rows([self._names[(place + 1) % len(self._names)]])
            work += [self._work(WRITE_ELSEWHERE, name, self._updates(row)) for row in rows]
        await asyncio.gather(*work)

    async def write_both(self) -> None:
        work = []
        for place, name in enumerate(self._names):
            rows = await self._rows([name, self._names[(place + 1) % len(self._names)]])
            work += [self._work(WRITE_BOTH, name, self._transactions(row)) for row in rows]
        await asyncio.gather(*work)

    async def check(self) -> None:
        """Raises RegionsFailed."""
        for name in self._names:
            session = await self._session(name)
            found = dict(await (await session.execute("SELECT k, v FROM far")).fetchall())
            await session.close()
            if found != self._run.written:
                wrong = sum(found.get(key) != value for key, value in self._run.written.items())
                raise RegionsFailed(f"{wrong} rows are not what was acknowledged, read in {name or 'the region'}")

    async def _session(self, region: str) -> Session:
        return await psycopg.AsyncConnection.connect(self._regions.urls[region], autocommit=True, prepare_threshold=0)

    async def _rows(self, leaders: list[str]) -> list[list[UUID]]:
        """New rows for each client of a region: `ROWS_EACH` that each of these regions leads, in turns."""
        sets = []
        for _ in range(self._clients):
            numbers = [next(self._numbers) for _ in range(ROWS_EACH)]
            sets.append([self._regions.key(leader, number) for number in numbers for leader in leaders])
        session = await self._session(self._names[0])
        for keys in sets:
            values = ", ".join(f"('{key}', 0)" for key in keys)
            await session.execute(f"INSERT INTO far VALUES {values}".encode())
            self._run.written.update(dict.fromkeys(keys, 0))
        await session.close()
        return sets

    def _updates(self, keys: list[UUID]) -> Step:
        async def step(session: Session, number: int) -> float:
            key, begun_s = keys[number % len(keys)], time.perf_counter()
            await session.execute(UPDATE, (key,))
            self._run.written[key] += 1
            return begun_s

        return step

    def _reads(self, keys: list[UUID]) -> Step:
        async def step(session: Session, number: int) -> float:
            key, begun_s = keys[number % len(keys)], time.perf_counter()
            known = self._run.written[key]
            row = await (await session.execute(SELECT, (key,))).fetchone()
            if row is None or row[0] < known:
                raise RegionsFailed(f"a read was stale: {row} of a row that had been written {known} times")
            return begun_s

        return step

    def _transactions(self, keys: list[UUID]) -> Step:
        async def step(session: Session, number: int) -> float:
            first = 2 * (number % (len(keys) // 2))
            pair = keys[first : first + 2]
            await session.execute("BEGIN")
            for key in pair:
                await session.execute(UPDATE, (key,))
            begun_s = time.perf_counter()
            await session.execute("COMMIT")
            for key in pair:
                self._run.written[key] += 1
            return begun_s

        return step

    async def _work(self, what: str, region: str, step: Step) -> None:
        """Raises RegionsFailed for an error that is no conflict."""
        session = await self._session(region)
        taken = self._run.taken_ms.setdefault(what, [])
        end_s = time.monotonic() + self._seconds
        for number in count():
            if time.monotonic() >= end_s:
                break
            try:
                begun_s = await step(session, number)
                taken.append((time.perf_counter() - begun_s) * 1000)
            except psycopg.Error as error:
                if error.sqlstate != CONFLICT:
                    raise RegionsFailed(f"{what}, in {region}: {error.sqlstate or '08006'} {error}") from None
                self._run.conflicts += 1
                await session.rollback()
            await asyncio.sleep(PAUSE_S)
        await session.close()


async def _drive(run: Run, regions: Regions, clients: int, seconds: float, show: Callable[[str], None]) -> None:
    there = _Clients(run, regions, clients, seconds)
    await there.create()
    show("commits of ranges led here, and reads")
    await there.write_here()
    if len(regions.urls) > 1:
        show("commits of ranges led elsewhere")
        await there.write_elsewhere()
        show("commits of ranges led in two regions")
        await there.write_both()
    show("every row is read")
    await there.check()


def measure(shape: Shape, clients: int, seconds: float, round_trip_ms: float, show: Callable[[str], None]) -> Run:
    """Raises RegionsFailed."""
    run = Run(shape.name, round_trip_ms if shape.zones else 0.0)
    begun_s = time.monotonic()
    show("a cluster is started")
    try:
        with own_cluster("regions", shape.settings(round_trip_ms), quiet=True) as data:
            show(f"it is up after {time.monotonic() - begun_s:.1f} s")
            asyncio.run(_drive(run, Regions(data), clients, seconds, show))
    except NotStarted:
        raise RegionsFailed("the cluster did not start") from None
    except psycopg.Error as error:
        raise RegionsFailed(f"{shape.name}: {error.sqlstate or '08006'} {error}") from None
    return run


def main(names: tuple[str, ...], clients: int, seconds: float, round_trip_ms: float, out: Path | None) -> None:
    """Prints; writes JSON to `out`. Raises RegionsFailed."""
    shapes = [SHAPES[name] for name in names]
    runs = [measure(shape, clients, seconds, round_trip_ms, partial(_show, shape)) for shape in shapes]
    print(
        f"\n{clients} writers and {clients} readers a region, {seconds:g} s a step, {round_trip_ms:g} ms a round trip, "
        f"{os.cpu_count()} processors"
    )
    for run in runs:
        print(f"\n{run.table()}\n  refused with 40001: {run.conflicts}")
    if out is not None:
        told = [{"shape": run.shape, "conflicts": run.conflicts, **run.figures()} for run in runs]
        out.write_text(json.dumps({"round_trip_ms": round_trip_ms, "clients": clients, "runs": told}, indent=2) + "\n")


def _show(shape: Shape, text: str) -> None:
    print(f"{shape.name}: {text}", flush=True)
