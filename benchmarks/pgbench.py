"""`make bench`: pgbench on this system and, in the same run, on PostgreSQL 18 with two synchronous quorum standbys.

TPC-B-like, -N (simple update) and -S (select only), prepared statements, 1, 8 and 32 clients, both systems with the
same pgbench program, the same scale and REPEATABLE READ with retries. For each cell the two systems run one after the
other, so that the ratio is of neighbours in time; it is the ratio that counts, machines are noisy. Then where our time
goes: microseconds of CPU per transaction in each layer, messages and bytes per transaction, fsyncs per commit. Where a
process hosts several layers (placement "az", the default here, as configs/packed.toml), CPU, messages and bytes are the
process's and go by its name. Writes bench-results/pgbench.json and a plot.

    python -m benchmarks.pgbench [--scale 10] [--seconds 10] [--clients 1,8,32] [--only tpcb,simple,select]
        [--placement az|role] [--no-peer]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peer_postgres import PostgresPeer, binaries
from eagleray.own_cluster import end_in_order, is_ending

SCRIPTS = {
    "tpcb": ["-b", "tpcb-like"],
    "simple": ["-b", "simple-update"],
    "select": ["-b", "select-only"],
    "commit": ["-f", str(Path(__file__).with_name("one_row_commit.sql"))],
    "connections": ["-b", "select-only", "-C"],
}
TITLES = {"tpcb": "TPC-B-like", "simple": "-N, simple update", "select": "-S, point reads"}
COUNTERS = ("messages", "bytes", "syncs")
TICK_HZ = os.sysconf("SC_CLK_TCK")
PLACEMENTS = ("az", "role")


@dataclass
class Cell:
    """One pgbench run. Latency in milliseconds; `retried` is the share of transactions that were retried at least
    once."""

    tps: float
    latency_ms: float
    transactions: int
    retried: float
    failed: int


def run_pgbench(url: str, script: str, clients: int, seconds: float) -> Cell:
    command = [
        str(binaries() / "pgbench"),
        "-n",
        "-M",
        "prepared",
        *SCRIPTS[script],
        "-c",
        str(clients),
        "-j",
        str(min(clients, 2)),
    ]
    command += ["-T", str(max(1, int(seconds))), "--max-tries=1000", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed on {url}: {done.stderr[-2000:]}")

    def number(pattern: str, default: float | None = None) -> float:
        found = re.search(pattern, done.stdout)
        if found is None:
            if default is None:
                raise RuntimeError(f"pgbench said nothing of {pattern!r}:\n{done.stdout}")
            return default
        return float(found.group(1))

    transactions = int(number(r"number of transactions actually processed: (\d+)"))
    return Cell(
        tps=number(r"tps = ([\d.]+)"),
        latency_ms=number(r"latency average = ([\d.]+) ms"),
        transactions=transactions,
        retried=number(r"number of transactions retried: (\d+)", 0.0) / max(1, transactions),
        failed=int(number(r"number of failed transactions: (\d+)", 0.0)),
    )


class Eagleray:
    """A cluster in open mode on a temporary folder, started and ended through the command line, as a person would."""

    def __init__(self, port: int, placement: str, settings: str = "") -> None:
        """`settings`: more of a settings file."""
        self._folder = Path(tempfile.mkdtemp(prefix="eagleray-bench-"))
        self._data = self._folder / "data"
        self._port = port
        self._settings = self._folder / "settings.toml"
        self._settings.write_text(f'mode = "open"\n\n[layout]\nplacement = "{placement}"\n{settings}')

    def _command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "eagleray.command.main", *arguments, "--data", str(self._data)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(f"eagleray {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def __enter__(self) -> Eagleray:
        end_in_order()
        try:
            self.url = (
                self._command("up", "--detach", "--port", str(self._port), "--config", str(self._settings))
                .strip()
                .splitlines()[-1]
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        is_ending()
        try:
            self._command("down")
        except RuntimeError as error:
            print(error, file=sys.stderr)
        shutil.rmtree(self._folder, ignore_errors=True)

    def processes(self) -> list[int]:
        """The cluster's, Ray's included: those of the supervisor's session."""
        found: dict[int, int] = {}
        supervisor = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            except OSError:  # it has ended
                continue
            found[int(folder.name)] = session
            if b"cluster.supervisor" in command and str(self._data).encode() in command:
                supervisor = session
        return [process for process, session in found.items() if supervisor and session == supervisor]

    def account(self) -> dict[str, Any]:
        """CPU ticks and the roles' own counters, summed by layer (or process, where it hosts several), now."""
        roles = json.loads(self._command("status", "--json"))["actors"]
        layers: dict[int, set[str]] = defaultdict(set)
        for role in roles:
            layers[role["pid"]].add(role["layer"])
        names = {role["pid"]: role["layer"] if len(layers[role["pid"]]) == 1 else role["actor"] for role in roles}
        counters: dict[str, dict[str, int]] = {kind: defaultdict(int) for kind in COUNTERS}
        for role in roles:
            traffic = role.get("traffic") or {}
            for kind in COUNTERS:
                counters[kind][role["layer"] if kind == "syncs" else names[role["pid"]]] += int(traffic.get(kind, 0))
        ticks: dict[str, int] = defaultdict(int)
        for process, name in names.items():
            ticks[name] += process_ticks(process)
        return {"cpu": ticks, **counters}


def process_ticks(process: int) -> int:
    try:
        fields = Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def account_for(before: dict[str, Any], after: dict[str, Any], transactions: int) -> dict[str, Any]:
    """Per transaction: microseconds of CPU, messages, bytes and fsyncs of each layer or process."""

    def used(kind: str, unit: float) -> dict[str, float]:
        amounts = {
            name: round((amount - before[kind].get(name, 0)) * unit / transactions, 3)
            for name, amount in sorted(after[kind].items())
        }
        return {name: amount for name, amount in amounts.items() if amount}

    return {"cpu_us": used("cpu", 1e6 / TICK_HZ), **{kind: used(kind, 1) for kind in COUNTERS}}


def load(url: str, scale: int) -> float:
    begun = time.perf_counter()
    done = subprocess.run(
        [str(binaries() / "pgbench"), "-i", "-q", "-s", str(scale), url], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench -i failed on {url}: {done.stderr[-2000:]}")
    return time.perf_counter() - begun


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {
        "scale": arguments.scale,
        "seconds": arguments.seconds,
        "placement": arguments.placement,
        "python": f"Python {platform.python_version()} of {sys._base_executable}",  # type: ignore[attr-defined]
        "cells": [],
    }
    peer = None if arguments.no_peer else PostgresPeer()
    with Eagleray(arguments.port, arguments.placement) as ours:
        if peer is not None:
            peer.__enter__()
        try:
            results["load_s"] = {"eagleray": load(ours.url, arguments.scale)}
            print(f'placement "{arguments.placement}", {results["python"]}')
            print(f"loaded scale {arguments.scale}: eagleray {results['load_s']['eagleray']:.1f} s", end="", flush=True)
            if peer is not None:
                results["load_s"]["postgresql"] = load(peer.url, arguments.scale)
                print(f", PostgreSQL {results['load_s']['postgresql']:.1f} s", end="")
            print("\n", flush=True)
            for script in arguments.only.split(","):
                for clients in (int(number) for number in arguments.clients.split(",")):
                    results["cells"].append(one_cell(ours, peer, script, clients, arguments.seconds))
        finally:
            if peer is not None:
                peer.__exit__()
    return results


def one_cell(ours: Eagleray, peer: PostgresPeer | None, script: str, clients: int, seconds: float) -> dict[str, Any]:
    run_pgbench(ours.url, script, clients, 1)
    before = ours.account()
    own = run_pgbench(ours.url, script, clients, seconds)
    account = account_for(before, ours.account(), max(1, own.transactions))
    cell: dict[str, Any] = {"script": script, "clients": clients, "eagleray": asdict(own), "account": account}
    line = (
        f"{TITLES[script]:<18} {clients:>3} clients   eagleray {own.tps:>9,.0f}/s {own.latency_ms:>8.2f} ms "
        f"{own.retried:>6.1%} retried"
    )
    if peer is not None:
        run_pgbench(peer.url, script, clients, 1)
        other = run_pgbench(peer.url, script, clients, seconds)
        cell |= {
            "postgresql": asdict(other),
            "ratio": own.tps / other.tps,
            "latency_ratio": own.latency_ms / other.latency_ms,
        }
        line += f"   PostgreSQL {other.tps:>9,.0f}/s {other.latency_ms:>8.2f} ms {other.retried:>6.1%}"
        line += f"   ratio {cell['ratio']:.3f}  latency x{cell['latency_ratio']:.1f}"
    print(line, flush=True)
    cpu = "  ".join(f"{layer} {value:,.0f}" for layer, value in account["cpu_us"].items())
    print(f"    CPU us/transaction: {cpu}", flush=True)
    for kind in ("messages", "bytes", "syncs"):
        if account[kind]:
            print(
                f"    {kind}/transaction: "
                + "  ".join(f"{layer} {value:,.2f}" for layer, value in account[kind].items()),
                flush=True,
            )
    return cell


def plot(results: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    scripts = list(dict.fromkeys(cell["script"] for cell in results["cells"]))
    figure, axes = pyplot.subplots(1, len(scripts), figsize=(4.5 * len(scripts), 3.6), squeeze=False)
    for axis, script in zip(axes[0], scripts, strict=True):
        cells = [cell for cell in results["cells"] if cell["script"] == script]
        labels = [str(cell["clients"]) for cell in cells]
        places = range(len(cells))
        axis.bar(
            [place - 0.2 for place in places],
            [cell["eagleray"]["tps"] for cell in cells],
            0.4,
            label="Eagleray",
            color="#0f766e",
        )
        if all("postgresql" in cell for cell in cells):
            bars = [cell["postgresql"]["tps"] for cell in cells]
            axis.bar([place + 0.2 for place in places], bars, 0.4, label="PostgreSQL 18, ANY 1 of 2", color="#94a3b8")
            for place, cell in zip(places, cells, strict=True):
                axis.annotate(
                    f"{cell['ratio']:.2f}", (place - 0.2, cell["eagleray"]["tps"]), ha="center", va="bottom", fontsize=8
                )
        axis.set_xticks(list(places), labels)
        axis.set_title(TITLES[script], fontsize=10)
        axis.set_xlabel("clients")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("transactions/s")
    axes[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", default="1,8,32")
    parser.add_argument("--only", default="tpcb,simple,select")
    parser.add_argument("--port", type=int, default=5466)
    parser.add_argument("--placement", choices=PLACEMENTS, default=PLACEMENTS[0])
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args()
    results = compare(arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "pgbench.json").write_text(json.dumps(results, indent=2))
    plot(results, arguments.output / "pgbench.png")
    print(f"\nwritten: {arguments.output / 'pgbench.json'}, {arguments.output / 'pgbench.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
