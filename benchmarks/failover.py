"""How long writes and reads are away when a process dies or stalls: every layer in turn, on a cluster of this machine.

    python -m benchmarks.failover --strikes 10                       idle processors
    python -m benchmarks.failover --strikes 10 --busy                with a spinning process on each of them

Four clients insert single rows, on both halves of the key space by turns, two read rows; all reconnect when their
connection breaks, as an application does. A strike is SIGKILL, or SIGSTOP for `STALL_S`. The gap of a strike is the
longest time in which one half of the key space took no write (gave no read), from the last success before it; failed
reads are counted. Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagleray.command.connect import state_of
from eagleray.own_cluster import own_cluster
from workloads.proofs.connection import SqlError
from workloads.proofs.live import LiveConnection, LiveDatabase

LAYERS = ("adjudicator", "crossbar", "journal", "storage", "query_processor", "gateway", "controller")
STALL_S = 3.0
AFTER_S = 5.0
WHOLE_S_MAX = 60.0
WRITERS, READERS = 4, 2
ALLOWED = ("40001", "57P01", "57P03")


@dataclass
class Watch:
    """Successes by kind and half of the key space, as times."""

    writes: dict[int, list[float]] = field(default_factory=lambda: {-1: [], 1: []})
    reads: dict[int, list[float]] = field(default_factory=lambda: {-1: [], 1: []})
    failed_reads: list[tuple[float, str]] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    stop: bool = False


async def client(url: str, watch: Watch, number: int, reads: bool) -> None:
    database = LiveDatabase(url)
    connection: LiveConnection | None = None
    count = 0
    while not watch.stop:
        sign = -1 if count % 2 else 1
        count += 1
        try:
            if connection is None or connection.closed:
                connection = await database.connect()
            if reads:
                await connection.execute(f"SELECT v FROM failover WHERE k = {sign * (1 + count % 100)}")
                watch.reads[sign].append(time.monotonic())
                await asyncio.sleep(0.002)
            else:
                await connection.execute(
                    f"INSERT INTO failover VALUES ({sign * (1000 + number * 10_000_000 + count)}, 1)"
                )
                watch.writes[sign].append(time.monotonic())
        except SqlError as error:
            if not error.sqlstate.startswith("08") and error.sqlstate not in ALLOWED:
                watch.strange.append(str(error))
            if reads:
                watch.failed_reads.append((time.monotonic(), str(error)))
            await asyncio.sleep(0.01)
    if connection is not None:
        await connection.close()


def status(data: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "eagleray.command.main", "status", "--json", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(json.loads(done.stdout)) if done.stdout else {"state": done.stderr, "actors": []}


async def whole(data: Path) -> list[dict[str, Any]]:
    end = time.monotonic() + WHOLE_S_MAX
    while time.monotonic() < end:
        found = await asyncio.to_thread(status, data)
        if found["state"] == "running":
            return list(found["actors"])
        await asyncio.sleep(0.3)
    raise SystemExit(f"the cluster is not whole again after {WHOLE_S_MAX:.0f} s: {found}")


def gap(times: dict[int, list[float]], since: float, until: float) -> float:
    longest = 0.0
    for half in times.values():
        last = max((moment for moment in half if moment < since), default=since)
        for moment in [moment for moment in half if since <= moment <= until] + [until]:
            longest = max(longest, moment - last)
            last = moment
    return longest


async def strike(data: Path, watch: Watch, layer: str, number: int, stall: bool) -> dict[str, float]:
    actors = await whole(data)
    await asyncio.sleep(0.5)
    victims = [actor for actor in actors if actor["layer"] == layer] if layer != "az" else []
    if layer == "az":
        az = ("b", "c", "a")[number % 3]
        pids = sorted({actor["pid"] for actor in actors if actor["az"] == az})
    else:
        pids = [victims[number % len(victims)]["pid"]]
    since = time.monotonic()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP if stall else signal.SIGKILL)
    await asyncio.sleep(STALL_S if stall else AFTER_S)
    if stall:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(AFTER_S - STALL_S)
    until = time.monotonic()
    failed = [text for moment, text in watch.failed_reads if since <= moment <= until]
    return {
        "writes_s": gap(watch.writes, since, until),
        "reads_s": gap(watch.reads, since, until),
        "failed_reads": len(failed),
    }


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """So many processes that compute without end."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def cluster(placement: str) -> Iterator[tuple[Path, str]]:
    with own_cluster("failover", f'mode = "open"\n\n[layout]\nplacement = "{placement}"\n') as data:
        yield data, str(state_of(data)["url"])


async def measure(data: Path, url: str, layers: list[str], strikes: int, modes: list[str]) -> dict[str, Any]:
    connection = await LiveDatabase(url).connect()
    await connection.execute("CREATE TABLE failover (k int PRIMARY KEY, v int NOT NULL)")
    await connection.execute("INSERT INTO failover SELECT n, 1 FROM generate_series(-100, 100) n")
    await connection.close()
    watch = Watch()
    work = [asyncio.create_task(client(url, watch, number, number >= WRITERS)) for number in range(WRITERS + READERS)]
    results: dict[str, Any] = {}
    try:
        for layer in layers:
            for mode in modes:
                found = [await strike(data, watch, layer, number, mode == "stall") for number in range(strikes)]
                results[f"{mode} {layer}"] = found
                writes = sorted(one["writes_s"] for one in found)
                reads = sorted(one["reads_s"] for one in found)
                failed = sum(one["failed_reads"] for one in found)
                print(
                    f"{mode:6} {layer:16} writes {writes[len(writes) // 2]:5.2f} s median {writes[-1]:5.2f} max    "
                    f"reads {reads[len(reads) // 2]:5.2f} median {reads[-1]:5.2f} max    {failed} failed",
                    flush=True,
                )
    finally:
        watch.stop = True
        await asyncio.gather(*work, return_exceptions=True)
    print(
        f"{sum(map(len, watch.writes.values())):,} writes, {sum(map(len, watch.reads.values())):,} reads; "
        f"strange errors: {watch.strange[:5] or 'none'}"
    )
    if watch.failed_reads:
        print("failed reads:", {text for _, text in watch.failed_reads[:50]})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strikes", type=int, default=5)
    parser.add_argument("--layers", nargs="*", default=[*LAYERS, "az"])
    parser.add_argument("--modes", nargs="*", default=["kill", "stall"])
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--placement", choices=("role", "az"), default="role")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with cluster(arguments.placement) as (data, url), spinning((os.cpu_count() or 1) if arguments.busy else 0):
        results = asyncio.run(measure(data, url, arguments.layers, arguments.strikes, arguments.modes))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
