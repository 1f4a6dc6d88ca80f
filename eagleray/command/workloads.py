"""`workload init | run | check`: what a person sees of a workload. Progress goes to stderr, the report to stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eagleray.command.connect import state_of
from eagleray.command.main import OneLine
from eagleray.command.tokens import use_token
from eagleray.workload.client import DRIVER_ERRORS
from eagleray.workload.measure import Measurements, Second
from eagleray.workload.report import Report, over_time
from eagleray.workload.runner import Plan, attach, in_loop
from eagleray.workload.runner import check as check_tables
from eagleray.workload.runner import init as load_tables
from eagleray.workload.runner import run as drive
from eagleray.workload.schedule import Curve, CurveError, constant, parse
from eagleray.workload.workload import Workload, WorkloadError

if TYPE_CHECKING:
    from rich.live import Live

T = TypeVar("T")

SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True)
class RunOptions:
    """The options of `workload run`, as main.py describes them."""

    scale: float
    seconds: float | None
    clients: int | None
    rate: float | None
    curve: str | None
    isolation: str
    seed: int
    warm_up: float
    json_file: Path | None
    png_file: Path | None
    init: bool
    check: bool


def init(data: Path, name: str, url: str | None, scale: float) -> None:
    workload, target = find(data, name, url, scale)
    load(workload, target)


def check(data: Path, name: str, url: str | None) -> int:
    workload, target = find(data, name, url, 1.0)

    async def look() -> Report:
        server = await attach(workload, target)
        report = Report(workload.name, target, workload.scale, server=server, note=workload.note)
        checks = await check_tables(workload, target)
        report.checks, report.problems = checks.held, checks.wrong
        return report

    report = answered(workload, look())
    show(report)
    return 1 if report.problems else 0


def run(data: Path, name: str, url: str | None, options: RunOptions) -> int:
    """Exit status 0 only if every check held and no transaction failed."""
    workload, target = find(data, name, url, options.scale)
    curve = curve_of(options, workload)
    if options.png_file is not None and find_spec("matplotlib") is None:
        raise OneLine("--png needs matplotlib: pip install 'eagleray[bench]'")
    for file in (options.json_file, options.png_file):
        if file is not None and not os.access(file.parent, os.W_OK):
            raise OneLine(f"{file}: its folder cannot be written to")
    if options.init:
        load(workload, target)
    clients = options.clients or workload.clients_default
    seconds = curve.seconds if curve is not None else options.seconds or workload.seconds_default
    with Progress(workload.name, seconds) as progress:
        plan = Plan(target, clients, seconds, options.seed, options.isolation, curve, options.warm_up, progress.second)
        report = answered(workload, drive(workload, plan))
    if options.check:
        checks = answered(workload, check_tables(workload, target))
        report.checks, report.problems = checks.held, checks.wrong + report.problems
    show(report)
    if options.json_file is not None:
        options.json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    if options.png_file is not None:
        from eagleray.workload.picture import draw

        draw(report, options.png_file)
    return 1 if report.problems else 0


def find(data: Path, name: str, url: str | None, scale: float) -> tuple[Workload, str]:
    """The workload and the server that are meant."""
    import workloads

    try:
        workload = workloads.load(name, scale)
    except WorkloadError as error:
        raise OneLine(str(error)) from None
    target = url or os.environ.get("EAGLERAY_URL") or _own(data)
    if not target.startswith(SCHEMES):
        raise OneLine(f"--url: {SCHEMES[0]}USER@HOST:PORT/DATABASE is what a server's address looks like")
    return workload, target


def _own(data: Path) -> str:
    """The cluster on DIR, for which this process has its password from now on, where one is asked for that can be made
    here."""
    state = state_of(data)
    use_token(data, state, os.environ)
    return str(state["url"])


def curve_of(options: RunOptions, workload: Workload) -> Curve | None:
    """The rate to follow over the whole run; None: a closed loop."""
    if options.curve is None and options.rate is None:
        return None
    try:
        curve = parse(options.curve) if options.curve is not None else constant(options.rate or 0.0)
    except CurveError as error:
        raise OneLine(f"--curve: {error}") from None
    if options.rate is not None:
        curve = curve.peaking_at(options.rate)
    if options.seconds is None and curve.fixed:
        return curve
    return curve.over(options.seconds or workload.seconds_default)


def answered(workload: Workload, coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns; an error of the server in one line."""
    try:
        return in_loop(coroutine)
    except WorkloadError as error:
        raise OneLine(str(error)) from None
    except DRIVER_ERRORS as error:
        state = getattr(error, "sqlstate", None) or type(error).__name__
        text = " ".join(str(error).split())
        missing = f" (is it loaded? eagleray workload init {workload.name})" if state == "42P01" else ""
        raise OneLine(f"{workload.name}: {state}: {text}{missing}") from None


def load(workload: Workload, url: str) -> None:
    begun = told = time.monotonic()
    rows: dict[str, int] = {}

    def on_rows(table: str, count: int) -> None:
        nonlocal told
        rows[table] = count
        if time.monotonic() - told > 1:
            told = time.monotonic()
            print(f"loading {table}: {count:,} rows", file=sys.stderr, flush=True)

    answered(workload, load_tables(workload, url, on_rows))
    print(
        f"{workload.name}: loaded {sum(rows.values()):,} rows in {time.monotonic() - begun:.1f} s",
        file=sys.stderr,
        flush=True,
    )


def show(report: Report) -> None:
    for line in report.lines():
        print(line)


class Progress:
    """On a terminal a table that is drawn anew each second, elsewhere a line a second."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._live: Live | None = None
        self._timeline: list[Second] = []

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True, highlight=False), transient=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def second(self, second: Second, measurements: Measurements) -> None:
        if self._live is None:
            print(line_of(second), file=sys.stderr, flush=True)
        else:
            from rich.console import Group

            self._timeline.append(second)
            table = table_of(self._name, self._seconds, second, measurements)
            self._live.update(Group(table, line_of(second), *over_time(self._timeline)), refresh=True)


def line_of(second: Second) -> str:
    meant = "" if second.meant is None else f" of {second.meant:,.0f}"
    return (
        f"{second.second:6.1f} s  {second.rate:>8,.0f}{meant} transactions/s"
        f"  p50 {milliseconds(second.p50_ms)}  p99 {milliseconds(second.p99_ms)}"
        f"  retries {second.retries:,}  errors {second.errors:,}"
    )


def milliseconds(value: float | None) -> str:
    return "     none" if value is None else f"{value:6.1f} ms"


def table_of(name: str, seconds: float, second: Second, measurements: Measurements) -> Any:
    from rich.table import Table

    table = Table(
        title=f"{name}  {min(second.second, seconds):.0f} of {seconds:.0f} s",
        title_justify="left",
    )
    for column, justify in (
        ("transaction", "left"),
        ("committed", "right"),
        ("unknown", "right"),
        ("errors", "right"),
        ("p50 ms", "right"),
        ("p99 ms", "right"),
    ):
        table.add_column(column, justify="right" if justify == "right" else "left")
    percentile: Callable[[str, float], str] = lambda kind, share: (  # noqa: E731
        f"{measurements.kinds[kind].response.ms(share):,.1f}" if measurements.kinds[kind].response.count else ""
    )
    for kind, counts in measurements.kinds.items():
        errors = sum(counts.errors.values())
        table.add_row(
            kind,
            f"{counts.committed:,}",
            f"{counts.unknown:,}",
            f"{errors:,}",
            percentile(kind, 50),
            percentile(kind, 99),
        )
    return table
