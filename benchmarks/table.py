"""`make bench`: one table of what Eagleray does beside PostgreSQL 18 with two synchronous quorum standbys, in one run.

    start         `up` to the first row
    tpcb, simple, select      pgbench, prepared, 1, 8 and 32 clients
    commit        an UPDATE of one row in autocommit, one client: its latency
    connections   a new connection for each point read, 8 clients
    copy, batches, create index, add key      loading and indexes (loading.py)
    count(*), sum, 17 groups ...              queries over all rows (scans.py)
    memory        of all of the cluster's processes at the end, by the operating system (PSS)

Each figure is taken on one side and then on the other, so that a ratio is of neighbours in time: it is the ratio that
counts, machines are noisy. A ratio above 1 says that Eagleray is the faster one, whatever the unit.

Writes bench-results/table.json and table.png, and a line to benchmarks/history.jsonl: commit, machine, figures. What
has become worse by a sixth since the last line of the same machine, Python and size is named.

    python -m benchmarks.table [--quick] [--only select,commit,scans] [--note TEXT]

`--quick`: two minutes, by smaller tables and shorter cells, 8 clients alone. benchmarks/pgbench.py tells more of each
cell: processor time, messages, bytes and fsyncs per transaction.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import loading, pgbench, scans
from benchmarks.peer_postgres import PostgresPeer
from benchmarks.pgbench import Eagleray, run_pgbench

HISTORY = Path(__file__).with_name("history.jsonl")
WORSE = 5 / 6
"""Of the ratio that a figure had before: less is told."""
LOADS = ("copy", "batches", "create index", "add key")
GRID = ("tpcb", "simple", "select")
PARTS = ("start", *GRID, "commit", "connections", "loads", "scans", "memory")
BAR = 30


@dataclass(frozen=True)
class Size:
    scale: int
    """Of pgbench's tables."""
    clients: tuple[int, ...]
    cell_s: float
    rows: int
    """Of tables that are loaded and scanned."""
    query_s: float


WHOLE = Size(scale=10, clients=(1, 8, 32), cell_s=10.0, rows=1_000_000, query_s=3.0)
QUICK = Size(scale=1, clients=(8,), cell_s=3.0, rows=100_000, query_s=0.3)


@dataclass
class Figure:
    """`unit`: "/s" is a rate, all others are the less the better. `theirs`: None where PostgreSQL has none."""

    name: str
    unit: str
    ours: float
    theirs: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Eagleray's speed in PostgreSQL's."""
        if not self.theirs or not self.ours:
            return None
        return self.ours / self.theirs if self.unit == "/s" else self.theirs / self.ours

    def line(self) -> str:
        theirs = "" if self.theirs is None else f"{self.theirs:12,.1f}"
        ratio = "" if self.ratio is None else f"{self.ratio:8.2f}"
        return f"{self.name:22} {self.unit:>4} {self.ours:12,.1f} {theirs:>12} {ratio:>8}  {self.note}".rstrip()


class Progress:
    """A bar on the terminal, of steps that are known before."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._shown = sys.stderr.isatty()

    def step(self, name: str) -> None:
        if self._shown:
            filled = BAR * self._done // max(1, self._steps)
            print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {name:30}", end="", file=sys.stderr, flush=True)
        self._done += 1

    def tell(self, line: str) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        print(line, flush=True)


class Bench:
    def __init__(self, size: Size, parts: list[str]) -> None:
        self._size = size
        self._parts = parts
        cells = sum(part in GRID for part in parts) * len(size.clients)
        of_part = {"loads": len(LOADS), "scans": len(scans.QUERIES)}
        self._progress = Progress(cells + sum(of_part.get(part, 1) for part in parts if part not in GRID))
        self.figures: list[Figure] = []

    def run(self) -> None:
        self._progress.step("start")
        begun = time.perf_counter()
        with Eagleray(0, "az") as ours:
            with psycopg.connect(ours.url) as connection:
                connection.execute("SELECT 1")
            if "start" in self._parts:
                self._note(Figure("start", "s", time.perf_counter() - begun, note="up to the first row"))
            with PostgresPeer() as theirs:
                self._beside(ours, theirs)

    def _beside(self, ours: Eagleray, theirs: PostgresPeer) -> None:
        self._rates(ours.url, theirs.url)
        if "loads" in self._parts:
            self._loads(ours.url, theirs.url)
        if "scans" in self._parts:
            self._scans(ours.url, theirs.url)
        if "memory" in self._parts:
            self._progress.step("memory")
            self._note(Figure("memory", "MB", memory_mb(ours), note="all processes, PSS"))

    def _note(self, figure: Figure) -> None:
        self.figures.append(figure)
        self._progress.tell(figure.line())

    def _rates(self, ours: str, theirs: str) -> None:
        """By pgbench."""
        cells = [(script, clients) for script in GRID if script in self._parts for clients in self._size.clients]
        cells += [(script, clients) for script, clients in (("commit", 1), ("connections", 8)) if script in self._parts]
        if not cells:
            return
        for url in (ours, theirs):
            pgbench.load(url, self._size.scale)
        for script, clients in cells:
            name = script if script in ("commit", "connections") else f"{script} {clients}"
            self._progress.step(name)
            found = []
            for url in (ours, theirs):
                run_pgbench(url, script, clients, 1)
                found.append(run_pgbench(url, script, clients, self._size.cell_s))
            one, other = found
            if script == "commit":
                self._note(Figure(name, "ms", one.latency_ms, other.latency_ms, "latency of one row's, one client"))
            else:
                retried = f"retried {one.retried:.0%}, {other.retried:.0%}" if one.retried or other.retried else ""
                self._note(Figure(name, "/s", one.tps, other.tps, retried))

    def _loads(self, ours: str, theirs: str) -> None:
        one, other = (loading.Load(url, self._size.rows) for url in (ours, theirs))
        for name in LOADS:
            self._progress.step(name)
            prepare, table = loading.WORK[name]
            took = []
            for side in (one, other):
                work = prepare(side)
                begun = time.perf_counter()
                work()
                took.append(time.perf_counter() - begun)
            assert repr(one.sums(table)) == repr(other.sums(table)), f"{name}: the tables differ"
            self._note(Figure(name, "s", took[0], took[1], f"{self._size.rows:,} rows"))
        one.close()
        other.close()

    def _scans(self, ours: str, theirs: str) -> None:
        for url in (ours, theirs):
            scans.load(url, self._size.rows)
        with psycopg.connect(theirs, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE orders")
        for name in scans.QUERIES:
            self._progress.step(name)
            one, other = (scans.measure_one(url, name, self._size.query_s) for url in (ours, theirs))
            assert repr(one[1]) == repr(other[1]), f"{name}: the answers differ"
            self._note(Figure(name, "ms", one[0], other[0], f"{self._size.rows:,} rows"))


def memory_mb(cluster: Eagleray) -> float:
    """Of all that the cluster's supervisor has begun, Ray's processes included; what is shared counts once."""
    total_kb = 0
    for process in cluster.processes():
        try:
            lines = Path("/proc", str(process), "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb / 1024


# -- what is kept ------------------------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "processor": model or platform.processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)),
        "python": platform.python_version(),
    }


def _lines(path: str) -> Iterator[str]:
    try:
        with open(path) as file:
            yield from file
    except OSError:
        return


def commit() -> str:
    """With "+" where the tree has changes."""
    return _git("rev-parse", "--short=12", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else "")


def _git(*arguments: str) -> str:
    found = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=HISTORY.parent)
    return found.stdout.strip()


def history() -> list[dict[str, Any]]:
    """The oldest first."""
    return [json.loads(line) for line in _lines(str(HISTORY)) if line.strip()]


def worse(entry: dict[str, Any], before: list[dict[str, Any]]) -> list[str]:
    """What has become worse since the last run on the same machine and of the same size that has the figure."""
    told = []
    for name, figure in entry["figures"].items():
        ratio = figure.get("ratio")
        for former in reversed(before):
            known = former["figures"].get(name, {}).get("ratio")
            if known is None or any(former[key] != entry[key] for key in ("machine", "quick")):
                continue
            if ratio is not None and ratio < known * WORSE:
                told.append(f"{name}: {ratio:.3f} of PostgreSQL's speed, {known:.3f} at {former['commit']}")
            break
    return told


def plot(figures: list[Figure], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [(figure.name, figure.ratio) for figure in reversed(figures) if figure.ratio is not None]
    figure, axis = pyplot.subplots(figsize=(7, 0.32 * len(shown) + 1))
    axis.barh([name for name, _ in shown], [ratio for _, ratio in shown], color="#0f766e")
    axis.axvline(1, color="#94a3b8")
    axis.set_xscale("log")
    axis.set_xlabel("Eagleray's speed in PostgreSQL 18's (two synchronous standbys)")
    for place, (_, ratio) in enumerate(shown):
        axis.annotate(f" {ratio:.2f}", (ratio, place), va="center", fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two minutes")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--note", default="", help="kept in the history, of a machine that was not quiet, say")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    given = parser.parse_args()
    parts = given.only.split(",")
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}")
    bench = Bench(QUICK if given.quick else WHOLE, parts)
    print(f"{'':22} {'':>4} {'Eagleray':>12} {'PostgreSQL':>12} {'ratio':>8}", flush=True)
    load_before = os.getloadavg()[0]
    bench.run()
    entry = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "machine": machine(),
        "quick": given.quick,
        "load_before": round(load_before, 1),
        "note": given.note,
        "figures": {
            figure.name: {
                key: _rounded(value)
                for key, value in (asdict(figure) | {"ratio": figure.ratio}).items()
                if key != "name"
            }
            for figure in bench.figures
        },
    }
    before = history()
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "table.json").write_text(json.dumps(entry, indent=1))
    plot(bench.figures, given.output / "table.png")
    with HISTORY.open("a") as file:
        file.write(json.dumps(entry) + "\n")
    for line in worse(entry, before) or (["nothing is slower than before"] if before else []):
        print(line)
    print(f"written: {given.output / 'table.json'}, {given.output / 'table.png'}, {HISTORY}")
    return 0


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
