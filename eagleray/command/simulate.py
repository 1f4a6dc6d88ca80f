"""`eagleray sim`: simulated clusters under faults, thousands of seeds or one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cluster.simulation.campaign import Options, Totals, run_campaign
from cluster.simulation.hostile import Plan
from cluster.simulation.run import SeedReport
from cluster.simulation.saved_plan import as_json, plan_from
from eagleray.command.main import OneLine

LAST_EVENTS = 30
"""Shown of a failing seed that is replayed without -v."""


def simulate(first: int, count: int, options: Options, processes: int, summary: Path | None) -> int:
    """Run seeds `first` to `first + count - 1`. Exit status 0 only where every invariant and every check held."""
    check_names(options.proofs)
    totals = Totals()
    reports = run_campaign(range(first, first + count), options, processes)
    for report in _with_progress(reports, count):
        totals.add(report)
        if report.failure is not None:
            click.echo(
                f"seed {report.seed} FAILED: {report.failure}\n    replay: "
                f"{replay_command(report.seed, options)}{_kept(report, options)}"
            )
    show(totals)
    if summary is not None:
        summary.write_text(json.dumps(totals.as_json(), indent=2) + "\n")
    return 1 if totals.failing else 0


def replay(seed: int, options: Options, verbose: bool, kept: Path | None = None, summary: Path | None = None) -> int:
    """One seed, told in full. -v: every event, one a line. `kept`: a file with the plan that it had, which `summary` is
    for."""
    check_names(options.proofs)
    logging.disable(logging.CRITICAL)
    report = options.run(seed, keep_trace=verbose, plan=_read_plan(kept) if kept is not None else None)
    if summary is not None:
        _keep(report, options, summary)
    lines = report.trace if verbose else report.trace[-LAST_EVENTS:] if report.failure else []
    for line in lines:
        time_us, _, event = line.partition(" ")
        click.echo(f"{int(time_us) / 1e6:12.6f}  {event}")
    if report.failure is not None:
        click.echo(report.details, err=True)
    show_one(report)
    return 1 if report.failure else 0


def _keep(report: SeedReport, options: Options, path: Path) -> None:
    """What `--plan` reads."""
    told = {"seed": report.seed, "seconds": options.seconds, "what": report.failure or "", "plan": as_json(report.plan)}
    path.write_text(json.dumps(told) + "\n")


def _kept(report: SeedReport, options: Options) -> str:
    """For the command that replays a run: where its plan is, if it is not the one that its seed draws."""
    if not options.steered or report.plan == options.plan(report.seed):
        return ""
    path = Path(f"seed-{report.seed}.json")
    _keep(report, options, path)
    return f" --plan {path}"


def _read_plan(path: Path) -> Plan:
    try:
        return plan_from(json.loads(path.read_text())["plan"])
    except (ValueError, KeyError, TypeError) as error:
        raise OneLine(f"{path} holds no plan: {error}") from None


def check_names(proofs: Sequence[str]) -> None:
    from workloads.proofs import PROOFS

    for name in proofs:
        if name not in PROOFS:
            raise OneLine(f"no proof {name!r}; there are: {', '.join(sorted(PROOFS))}")


def replay_command(seed: int, options: Options) -> str:
    proofs = "".join(f" --proof {name}" for name in options.proofs)
    pause = f" --pause {options.pause:g}" if options.pause != 1 else ""
    dense = " --dense" if options.dense else ""
    regions = " --regions" if options.regions else ""
    return f"eagleray sim --seed {seed} --seconds {options.seconds:g}{proofs}{pause}{dense}{regions} -v"


def _with_progress(reports: Iterator[SeedReport], count: int) -> Iterator[SeedReport]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("seeds"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    failed = 0
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("seeds", total=count, failed=0)
        for report in reports:
            failed += report.failure is not None
            bar.update(task, advance=1, failed=failed)
            yield report


def show(totals: Totals) -> None:
    told = totals.as_json()
    strikes = ", ".join(f"{name} {number:,}" for name, number in told["faults"].items())
    proofs = ", ".join(f"{name} {number:,}" for name, number in told["proofs"].items())
    click.echo(
        f"{totals.seeds:,} seeds, {len(totals.failing):,} failed; {totals.seeds_a_minute:,.0f} seeds a "
        f"minute, {told['virtual_hours']:,} virtual hours"
    )
    click.echo(f"transactions  {totals.commits:,} committed of {totals.attempts:,} attempted")
    click.echo(f"checked       {totals.reads:,} reads, {totals.rows:,} rows of replicas, {totals.events:,} events")
    click.echo(f"proofs        {proofs}")
    click.echo(f"faults        {strikes or 'none'}")
    if totals.met:
        click.echo(
            f"features      {len(totals.met):,} met, {told['features']['by_one_run']:,} of them by one run alone"
        )
    if totals.failing:
        click.echo(f"failing seeds {' '.join(map(str, told['failing_seeds']))}")


def show_one(report: SeedReport) -> None:
    plan = report.plan
    layout = plan.settings.layout
    click.echo(
        f"seed {report.seed}: {', '.join(plan.proofs)} on {layout.query_processors} query processors, "
        f"{layout.adjudicators} adjudicators, "
        f"{layout.shards} shards ({layout.placement}); {report.virtual_s:.0f} virtual seconds in {report.seconds:.2f}"
    )
    click.echo(
        f"faults        {', '.join(f'{name} {number}' for name, number in report.strikes.most_common()) or 'none'}"
    )
    click.echo(
        f"transactions  {report.commits} committed of {report.attempts} attempted; trace "
        f"{report.digest[:16]}, {report.events:,} events"
    )
    click.echo("all checks held" if report.failure is None else f"FAILED: {report.failure}")
