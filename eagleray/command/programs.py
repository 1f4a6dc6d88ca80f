"""`workload run`: the packaged workloads. (`submit` and `jobs` are in jobs.py.)"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eagleray.command.connect import state_of
from eagleray.command.main import OneLine

if TYPE_CHECKING:
    from eagleray.workload import Report


def run_packaged_workload(data: Path, name: str, url: str | None, seconds: float | None, clients: int | None, seed: int | None) -> int:
    """Exit status 0 only if every check held."""
    import psycopg

    import workloads

    if name not in workloads.NAMES:
        raise OneLine(f"no workload {name!r}; there are: {', '.join(sorted(workloads.NAMES))}")
    target = url or os.environ.get("EAGLERAY_URL") or state_of(data)["url"]
    workload = workloads.load(name)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[commits]:>8,} commits"), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(name, total=1.0, commits=0)
            report = workload.run(
                target,
                seconds=seconds,
                clients=clients,
                seed=1 if seed is None else seed,
                progress=lambda share, commits: bar.update(task, completed=share, commits=commits),
            )
    except psycopg.Error as error:
        raise OneLine(f"{name}: {error.sqlstate or type(error).__name__}: {str(error).strip()}") from None
    print_report(report)
    return 1 if report.problems else 0


def print_report(report: Report) -> None:
    out = sys.stdout
    mix = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.commits.items()))
    print(f"{report.name}: {report.clients} clients, {report.seconds:.1f} s: {sum(report.commits.values()):,} commits ({mix})", file=out)
    print(f"  throughput  {report.throughput:,.0f} transactions/s", file=out)
    print("  latency     " + "  ".join(f"{key} {value:.2f} ms" for key, value in report.latency_ms.items()), file=out)
    print(f"  conflicts   {report.conflicts:,} (each retried; {report.retried_share:.1%} of attempts), unknown {report.unknown}", file=out)
    for sentence in report.checks:
        print(f"  ok          {sentence}", file=out)
    for sentence in report.problems:
        print(f"  WRONG       {sentence}", file=out)
