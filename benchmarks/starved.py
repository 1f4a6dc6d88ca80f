"""What a machine without processors to spare does to a cluster: many spinning processes beside clients that write. No
process dies, so none should be given up.

    python -m benchmarks.starved                             40 spinning processes, 16 writers, 60 seconds
    python -m benchmarks.starved --spinning 8 --placement role

Each writer inserts single rows, on both halves of the key space by turns; it reconnects when its connection breaks.
Prints how many rows were acknowledged, the errors by SQLSTATE, the longest time in which nobody's row was, which
processes the controller gave up ("gives no sign of life" in its log), the adjudicators' epochs before and after, the
load, and whether each acknowledged row is there, once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.failover import cluster, spinning, status
from workloads.proofs.connection import SqlError
from workloads.proofs.live import LiveConnection, LiveDatabase

GIVEN_UP = re.compile(r"(\S+) gives no sign of life")
KEYS_A_WRITER = 10_000_000


@dataclass
class Seen:
    """By all writers: acknowledged keys, when a row was last acknowledged, the longest time between two, errors by
    SQLSTATE."""

    keys: list[int] = field(default_factory=list)
    last_s: float = 0.0
    gap_s: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)

    def acknowledged(self, key: int) -> None:
        now_s = time.monotonic()
        if self.keys:
            self.gap_s = max(self.gap_s, now_s - self.last_s)
        self.last_s = now_s
        self.keys.append(key)


async def write(url: str, number: int, seen: Seen, until_s: float) -> None:
    database = LiveDatabase(url)
    connection: LiveConnection | None = None
    count = 0
    while time.monotonic() < until_s:
        count += 1
        key = (1 + number * KEYS_A_WRITER + count) * (-1 if count % 2 else 1)
        try:
            if connection is None or connection.closed:
                connection = await database.connect()
            await connection.execute(f"INSERT INTO starved VALUES ({key}, {count})")
            seen.acknowledged(key)
        except SqlError as error:
            seen.errors[error.sqlstate or str(error)] += 1
            await asyncio.sleep(0.01)
    if connection is not None:
        await connection.close()


def epochs(found: dict[str, Any]) -> dict[str, int]:
    return {actor["name"]: actor["epoch"] for actor in found["actors"] if actor["layer"] == "adjudicator"}


async def missing(url: str, keys: list[int]) -> int:
    connection = await LiveDatabase(url).connect()
    answer = await connection.execute("SELECT k FROM starved")
    there = {int(row[0]) for row in answer.rows}
    await connection.close()
    return len(set(keys) - there)


async def measure(data: Path, url: str, count: int, writers: int, seconds: float) -> None:
    connection = await LiveDatabase(url).connect()
    await connection.execute("CREATE TABLE starved (k int PRIMARY KEY, v int NOT NULL)")
    await connection.close()
    before, log = epochs(status(data)), data / "logs" / "controller.log"
    skipped, seen = log.stat().st_size, Seen()
    with spinning(count):
        until_s = time.monotonic() + seconds
        await asyncio.gather(*(write(url, number, seen, until_s) for number in range(writers)))
        load = os.getloadavg()[0]
    told = log.read_bytes()[skipped:].decode()
    print(
        f"{len(seen.keys):,} rows acknowledged, {len(seen.keys) / seconds:,.0f} a second; longest time "
        f"without one {seen.gap_s:.2f} s; load {load:.0f}"
    )
    print(f"errors at clients: {dict(seen.errors) or 'none'}")
    print(f"given up: {dict(Counter(GIVEN_UP.findall(told))) or 'nobody'}")
    print(f"epochs: {before} before, {epochs(status(data))} after")
    print(f"acknowledged rows that are missing: {await missing(url, seen.keys)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spinning", type=int, default=40)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--placement", choices=("role", "az"), default="az")
    arguments = parser.parse_args()
    with cluster(arguments.placement) as (data, url):
        asyncio.run(measure(data, url, arguments.spinning, arguments.writers, arguments.seconds))


if __name__ == "__main__":
    main()
