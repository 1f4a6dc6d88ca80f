"""What clients notice while storage shards split, merge, move and get replicas, and key ranges move, on a cluster of
this machine (docs/shards.md, docs/ranges.md).

    python -m benchmarks.reshapes                        two of each, one after the other
    python -m benchmarks.reshapes --kinds move,range --rounds 4
    python -m benchmarks.reshapes --stacks               ... and what held the event loops meanwhile, as their probes
                                                         saw it

Eight clients update single rows, two read single rows by key, each as fast as it is answered. A statement counts to the
reshapes where any of its time lies within one, and else to what was between them: the ratio of the two is what a
reshape costs, on whatever machine. All rows are added up at the end: each acknowledged update is in there once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from actors.common.errors import DatabaseError
from actors.common.messages import MoveRange, ReshapeShards, SetReplicas
from actors.runtime.loop_probe import VARIABLE, read_late
from eagleray.command.connect import ask_controller, ask_status, state_of
from eagleray.command.main import OneLine
from eagleray.command.ranges import place_of
from eagleray.own_cluster import NotStarted, own_cluster

ROWS = 50_000
VALUE = "x" * 64
WRITERS, READERS = 8, 2
BETWEEN_S = 1.5
KINDS = ("split", "merge", "move", "replicas", "range")
"""merge joins what split has parted; replicas adds one, and takes it away in the next round; range goes to the other
adjudicator, and back."""
REPLICAS = 3
ACT_S_MAX = 120.0
LATE_SHOWN, STACK_SHOWN = 15, 24
SETTINGS = (
    '[layout]\nplacement = "{placement}"\nshards = {shards}\n[scaling]\nshard_bytes = 0\nshard_busy_share = 0.0\n'
)


class Span(NamedTuple):
    """Seconds of the monotonic clock."""

    began: float
    ended: float
    kind: str


@dataclass
class Statements:
    """`ended`: (began, ended) of those that were answered; `errors`: SQLSTATE of the others. Seconds of the monotonic
    clock."""

    ended: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def split(self, spans: Sequence[Span]) -> tuple[list[float], list[float]]:
        """Milliseconds of those that overlap with a span, and of the others."""
        within: list[float] = []
        outside: list[float] = []
        for began, ended in self.ended:
            overlaps = any(began < span.ended and ended > span.began for span in spans)
            (within if overlaps else outside).append(1000 * (ended - began))
        return sorted(within), sorted(outside)


@dataclass
class Figures:
    """Milliseconds, of `count` statements."""

    count: int
    median: float
    p99: float
    worst: float

    @classmethod
    def of(cls, milliseconds: list[float]) -> Figures:
        if not milliseconds:
            return cls(0, 0.0, 0.0, 0.0)
        count = len(milliseconds)
        return cls(count, milliseconds[count // 2], milliseconds[min(count * 99 // 100, count - 1)], milliseconds[-1])

    def __str__(self) -> str:
        return (
            f"{self.count:6} statements   median {self.median:5.0f} ms   p99 {self.p99:5.0f} ms   worst "
            f"{self.worst:5.0f} ms"
        )


async def write(url: str, number: int, done: Statements, ended: asyncio.Event) -> None:
    drawn = random.Random(number)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0) as client:
        while not ended.is_set():
            key = drawn.randrange(ROWS // WRITERS) * WRITERS + number
            began = time.monotonic()
            try:
                await client.execute("UPDATE reshaped SET n = n + 1 WHERE k = %s", (key,))
            except psycopg.Error as error:
                done.errors.append(error.sqlstate or str(error))
            else:
                done.ended.append((began, time.monotonic()))


async def read(url: str, number: int, done: Statements, ended: asyncio.Event) -> None:
    drawn = random.Random(-number)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0) as client:
        while not ended.is_set():
            began = time.monotonic()
            try:
                row = await (
                    await client.execute("SELECT v FROM reshaped WHERE k = %s", (drawn.randrange(ROWS),))
                ).fetchone()
            except psycopg.Error as error:
                done.errors.append(error.sqlstate or str(error))
            else:
                done.ended.append((began, time.monotonic()))
                if row is None:
                    done.errors.append("a row is missing")


def act(data: Path, kind: str, turn: int) -> Span:
    """Returns once it is over."""
    state = state_of(data)
    shards = sorted(int(row["shard"]) for row in ask_status(state)["shards"])
    question: Any
    match kind:
        case "split":
            question = ReshapeShards([shards[-1]], b"")
        case "merge":
            question = ReshapeShards(shards[-2:], None)
        case "move":
            question = ReshapeShards([shards[-1]], None)
        case "replicas":
            question = SetReplicas(shards[-1], REPLICAS if turn % 2 else REPLICAS + 1)
        case _:
            question = MoveRange(place_of(str(ROWS // 4), "int4"), place_of(str(ROWS // 2), "int4"), 2 - turn % 2)
    began = time.monotonic()
    ask_controller(state, question, ACT_S_MAX)
    while kind == "replicas" and not all(
        actor["state"] == "running" for actor in ask_status(state)["actors"] if actor["layer"] == "storage"
    ):
        if time.monotonic() > began + ACT_S_MAX:
            raise OneLine("a new replica does not serve")
        time.sleep(0.05)
    return Span(began, time.monotonic(), kind)


async def measure(data: Path, url: str, kinds: Sequence[str], rounds: int) -> bool:
    """Whether no row was lost or doubled, and nobody got an error but 40001."""
    await _fill(url)
    writes, reads, ended = Statements(), Statements(), asyncio.Event()
    clients = [asyncio.create_task(write(url, number, writes, ended)) for number in range(WRITERS)]
    clients += [asyncio.create_task(read(url, number, reads, ended)) for number in range(READERS)]
    spans: list[Span] = []
    try:
        for turn, kind in product(range(rounds), kinds):
            await asyncio.sleep(BETWEEN_S)
            spans.append(span := await asyncio.to_thread(act, data, kind, turn))
            worst = max(writes.split([span])[0], default=0.0)
            print(f"{kind} in {span.ended - span.began:.2f} s, the longest update {worst:.0f} ms", flush=True)
        await asyncio.sleep(BETWEEN_S)
    finally:
        ended.set()
        await asyncio.gather(*clients)
    _report(writes, reads, spans)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as client:
        count, total = await (await client.execute("SELECT count(*), sum(n) FROM reshaped")).fetchone() or (0, 0)
    strange = [error for error in (*writes.errors, *reads.errors) if error != "40001"]
    print(
        f"rows {count:,} of {ROWS:,}; {len(writes.ended):,} updates were acknowledged, {total:,} are there; "
        f"errors: {strange or 'none'}"
    )
    return count == ROWS and total == len(writes.ended) and not strange


async def _fill(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as client:
        await client.execute("CREATE TABLE reshaped (k int PRIMARY KEY, n int NOT NULL, v text)")
        for first in range(0, ROWS, 2_500):
            async with client.cursor().copy("COPY reshaped FROM STDIN") as copy:
                await copy.write("".join(f"{key}\t0\t{VALUE}\n" for key in range(first, first + 2_500)))


def _report(writes: Statements, reads: Statements, spans: list[Span]) -> None:
    for what, statements in (("updates", writes), ("reads", reads)):
        for kind in dict.fromkeys(span.kind for span in spans):
            found, _ = statements.split([span for span in spans if span.kind == kind])
            print(f"{what:8} {kind:17} {Figures.of(found)}")
        within, outside = (Figures.of(found) for found in statements.split(spans))
        print(f"{what:8} during all of them {within}\n{what:8} between them       {outside}")
        print(
            f"{what:8} ratio                                  {within.median / (outside.median or 1):8.2f}   "
            f" {within.p99 / (outside.p99 or 1):8.2f}"
        )
        print(json.dumps({"what": what, "during": asdict(within), "between": asdict(outside)}))


def _stacks(probes: Path) -> None:
    late = sorted((each for path in probes.glob("*.jsonl") for each in read_late(path)), key=lambda each: -each.wait_ms)
    print(f"{len(late)} late turns; those of most CPU:")
    for each in sorted(late, key=lambda each: -each.loop_cpu_ms)[:LATE_SHOWN]:
        print(
            f"  wait {each.wait_ms:.0f}, CPU {each.loop_cpu_ms:.0f}, gc {each.gc_ms:.0f}: ",
            *each.stack[:STACK_SHOWN],
            sep="  ",
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--placement", choices=("role", "az"), default="az")
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--stacks", action="store_true", help="show what held the event loops")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"--kinds: no {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    if arguments.stacks:
        os.environ.setdefault(VARIABLE, tempfile.mkdtemp(prefix="eagleray-probes-"))
    try:
        with own_cluster(
            "reshapes", SETTINGS.format(placement=arguments.placement, shards=arguments.shards), quiet=True
        ) as data:
            held = asyncio.run(measure(data, str(ask_status(state_of(data))["url"]), kinds, arguments.rounds))
            if arguments.stacks:
                _stacks(Path(os.environ[VARIABLE]))
    except (NotStarted, OneLine, DatabaseError) as error:
        print(f"failed: {error}")
        return 1
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
