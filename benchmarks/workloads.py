"""The packaged workloads on this system and, in the same run, on PostgreSQL 18 with two synchronous quorum standbys.

Both are driven by the same code (eagleray/workload), one after the other, closed loop, REPEATABLE READ with retries;
the load generator's process is this one, on the same processors. A figure counts only if the workload's check held.
Writes bench-results/workloads.json.

    python -m benchmarks.workloads [--seconds 5] [--clients 8] [--only tpcb,tpcc,ycsb-a] [--no-peer] [--ceiling]

`--ceiling` asks what the generator itself can do: ycsb-c on PostgreSQL with more and more clients.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import workloads
from benchmarks.peer_postgres import PostgresPeer
from benchmarks.pgbench import PLACEMENTS, Eagleray
from eagleray.workload import Workload, runner
from eagleray.workload.client import connect
from eagleray.workload.report import Report

SCALES = {"tpcb": 10.0, "tpcc": 1.0} | {f"ycsb-{letter}": 10.0 for letter in "abcdef"}
WARM_UP_S = 3.0
"""Each connection prepares its statements."""
CEILING_CLIENTS = (1, 8, 32, 128)


def measure(system: str, url: str, name: str, clients: int, seconds: float) -> tuple[float, Report]:
    """(seconds that loading took, the report, with its checks)."""

    async def whole() -> tuple[float, Report]:
        workload = workloads.load(name, SCALES[name])
        begun = time.perf_counter()
        await runner.init(workload, url)
        loaded = time.perf_counter() - begun
        if system == "postgresql":
            await vacuum(url, workload)
        report = await runner.run(workload, runner.Plan(url, clients, seconds, warm_up=WARM_UP_S))
        checks = await runner.check(workload, url)
        report.checks, report.problems = checks.held, checks.wrong + report.problems
        return loaded, report

    return runner.in_loop(whole())


async def vacuum(url: str, workload: Workload) -> None:
    """Gather PostgreSQL's statistics, as pgbench -i does; autovacuum would a minute later."""
    sql = await connect(url)
    try:
        await sql.execute("VACUUM ANALYZE " + ", ".join(workload.tables))
    finally:
        await sql.close()


def cell_of(loaded_s: float, report: Report) -> dict[str, Any]:
    return {"loaded_s": loaded_s} | report.to_json()


def words(cell: dict[str, Any]) -> str:
    response = cell["response_ms"]
    wrong = f"  WRONG: {cell['problems'][0]}" if cell["problems"] else ""
    return (
        f"{cell['transactions_per_second']:>8,.0f}/s  p50 {response['p50']:7.2f}  p99 {response['p99']:8.2f} ms"
        f"  {cell['retried_share']:6.1%} retried  loaded {cell['loaded_s']:5.1f} s"
        f"  generator {cell['generator']['cpu_share']:4.0%}{wrong}"
    )


def compare(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    with ExitStack() as servers:
        urls = {"eagleray": servers.enter_context(Eagleray(arguments.port, arguments.placement)).url}
        if not arguments.no_peer:
            urls["postgresql"] = servers.enter_context(PostgresPeer()).url
        for name in arguments.only.split(","):
            row: dict[str, Any] = {"workload": name}
            for system, url in urls.items():
                row[system] = cell_of(*measure(system, url, name, arguments.clients, arguments.seconds))
                print(f"{name:<8} {system:<11} {words(row[system])}", flush=True)
            rows.append(row)
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table of docs/workloads.md: Eagleray / PostgreSQL in each cell."""
    lines = [
        "| workload (scale) | transactions/s | ratio | p50, ms | p99, ms | retried | loaded in, s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        ours, theirs = row["eagleray"], row["postgresql"]
        rates = [cell["transactions_per_second"] for cell in (ours, theirs)]
        pairs = [
            f"{rates[0]:,.0f} / {rates[1]:,.0f}",
            f"{rates[0] / rates[1]:.2f}",
            *(f"{ours['response_ms'][name]:,.1f} / {theirs['response_ms'][name]:,.1f}" for name in ("p50", "p99")),
            f"{ours['retried_share']:.1%} / {theirs['retried_share']:.1%}",
            f"{ours['loaded_s']:.1f} / {theirs['loaded_s']:.1f}",
        ]
        lines.append(f"| {row['workload']} ({ours['scale']:g}) | " + " | ".join(pairs) + " |")
    return "\n".join(lines)


def ceiling(seconds: float) -> list[dict[str, Any]]:
    rows = []
    with PostgresPeer() as peer:
        for clients in CEILING_CLIENTS:
            cell = cell_of(*measure("postgresql", peer.url, "ycsb-c", clients, seconds))
            cpu_us = cell["generator"]["cpu_share"] * 1e6 / cell["transactions_per_second"]
            print(f"{clients:>4} clients  {words(cell)}  {cpu_us:.0f} us of CPU a transaction", flush=True)
            rows.append({"clients": clients, "cpu_us": cpu_us, "postgresql": cell})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", default=",".join(SCALES))
    parser.add_argument("--port", type=int, default=5467)
    parser.add_argument("--placement", choices=PLACEMENTS, default=PLACEMENTS[0])
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--ceiling", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args()
    unknown = set(arguments.only.split(",")) - set(SCALES)
    if unknown:
        parser.error(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(SCALES)}")
    rows = ceiling(arguments.seconds) if arguments.ceiling else compare(arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    file = arguments.output / ("ceiling.json" if arguments.ceiling else "workloads.json")
    file.write_text(json.dumps(rows, indent=2) + "\n")
    print(f"\nwritten: {file}")
    if not arguments.ceiling and not arguments.no_peer:
        print(markdown(rows))
    return int(any(cell["problems"] for row in rows for cell in row.values() if isinstance(cell, dict)))


if __name__ == "__main__":
    sys.exit(main())
