"""`eagleray up | down | status | top | sql | submit | jobs | workload | bench | sim`: every failure is one line on
stderr and a non-zero exit.

    eagleray up --detach --port 5433 --data DIR     start a cluster, leave it running, print its connection string
    eagleray status [--json]                        every actor of every layer
    eagleray shards [split|merge|move|replicas]     which keys lie on which storage shard
    eagleray top                                    the same, live: layers, sessions, load, latency, key ranges, usage
    eagleray ranges [move | pin | unpin]            which adjudicator decides about which keys
    eagleray adjudicators [add | remove]            how many of them there are
    eagleray region [status | cut | heal]           what each region leads, and which are cut off from each other
    eagleray key [add | list | remove]              what clients sign their tokens with
    eagleray token [--user R] [--expires S]         a token, which is such a client's password
    eagleray sql [-c STATEMENT] [--region R]        a prompt (psql where it is installed)
    eagleray submit FILE.py                         run a Python program on the cluster's Ray, EAGLERAY_URL set
    eagleray jobs list | logs | stop                programs that were submitted
    eagleray workload list | init | run | check     packaged workloads, or a Python file's, on any PostgreSQL server
    eagleray down                                   stop it; the data stays
    eagleray restore STORE --data DIR               a new cluster from what the object store has of one
    eagleray demo scale-to-zero                     a day from nothing to nothing, in two minutes
    eagleray demo two-regions                       both write, one is cut off and comes back
    eagleray bench regions                          commits and reads in multiples of the round trip between regions
    eagleray bench wake                             from zero to the first row, and where the time goes
    eagleray bench park                             what sleeping sessions cost, and how soon they go on
    eagleray sim --seeds 1000                       simulated clusters under faults; --seed S replays one
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from eagleray.command.bench import bench
from eagleray.command.demo import demo
from eagleray.command.options import OneLine as OneLine
from eagleray.command.options import data_option
from eagleray.command.range_commands import ranges
from eagleray.command.regions import region
from eagleray.command.tokens import key, token


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eagleray")
def cli() -> None:
    """Eagleray: a distributed SQL database on Ray, in the architecture of Amazon Aurora DSQL."""


@cli.command()
@data_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="The PostgreSQL port (default 5433, or as in the settings file); 0: one that is free.",
)
@click.option("--detach", is_flag=True, help="Return once the cluster is ready; it goes on running.")
@click.option("--config", type=click.Path(path_type=Path), default=None, help="A settings file (TOML).")
@click.option(
    "--mode", type=click.Choice(["dsql", "open"]), default=None, help="dsql: its limits (default). open: lifted."
)
@click.option(
    "--address",
    default=None,
    metavar="auto|HOST:PORT",
    help="Join the Ray cluster that runs there (default: bring one along).",
)
def up(data: Path, port: int | None, detach: bool, config: Path | None, mode: str | None, address: str | None) -> None:
    """Start a cluster on DIR (made where missing) and print how to connect."""
    from eagleray.command.lifecycle import Named, start

    start(data, Named(port, config, mode, address), detach)


@cli.command()
@click.argument("store")
@click.option("--cluster", "identity", default="", help="Which of the clusters there (needed where it has several).")
@data_option
def restore(store: str, identity: str, data: Path) -> None:
    """Make DIR a new cluster with what STORE (file:///FOLDER, s3://BUCKET/PREFIX) has of a lost one; `up` starts it."""
    from eagleray.command.restore import restore_cluster

    restore_cluster(store, identity, data)


@cli.command()
@data_option
def down(data: Path) -> None:
    """Stop the cluster on DIR. Every acknowledged row stays on disk."""
    from eagleray.command.lifecycle import stop

    stop(data)


@cli.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
def status(data: Path, as_json: bool) -> None:
    """Show every actor of every layer."""
    from eagleray.command.show import show_status

    show_status(data, as_json)


@cli.command()
@data_option
def top(data: Path) -> None:
    """Watch a running cluster: layers, sessions, load, latencies, key ranges, what it uses. Into a pipe: once, as
    text."""
    from eagleray.command.top import show_top

    show_top(data)


@cli.group(invoke_without_command=True)
@data_option
@click.pass_context
def adjudicators(context: click.Context, data: Path) -> None:
    """Show the adjudicators; with `add` and `remove`, change how many there are."""
    from eagleray.command.adjudicators import show_adjudicators

    if context.invoked_subcommand is None:
        show_adjudicators(data)


@adjudicators.command("add")
@data_option
def add_adjudicator(data: Path) -> None:
    """Have one adjudicator more, with a journal of its own; `ranges move` gives it keys."""
    from eagleray.command.adjudicators import add_adjudicator

    add_adjudicator(data)


@adjudicators.command("remove")
@data_option
@click.argument("adjudicator", type=click.IntRange(1))
def remove_adjudicator(data: Path, adjudicator: int) -> None:
    """Have ADJUDICATOR give its keys to others, and end."""
    from eagleray.command.adjudicators import remove_adjudicator

    remove_adjudicator(data, adjudicator)


@cli.group(invoke_without_command=True)
@data_option
@click.pass_context
def shards(context: click.Context, data: Path) -> None:
    """Show which keys lie on which storage shard; with `split`, `merge` or `move`, change it."""
    from eagleray.command.shards import show_shards

    if context.invoked_subcommand is None:
        show_shards(data)


@shards.command("split")
@data_option
@click.option(
    "--at", "cut", default="", help="The first key of the upper part (default: half of the shard's bytes lie below it)."
)
@click.option(
    "--type", "kind", default="", help="The type of that key, as int8 or uuid (default: it is bytes in hexadecimal)."
)
@click.argument("shard", type=click.IntRange(1))
def split_shard(data: Path, cut: str, kind: str, shard: int) -> None:
    """Have two shards take the place of SHARD, while the cluster runs."""
    from eagleray.command.shards import split

    split(data, shard, cut, kind)


@shards.command("merge")
@data_option
@click.argument("one", type=click.IntRange(1))
@click.argument("other", type=click.IntRange(1))
def merge_shards(data: Path, one: int, other: int) -> None:
    """Have one shard take the place of two neighbours."""
    from eagleray.command.shards import reshape

    reshape(data, [one, other])


@shards.command("move")
@data_option
@click.argument("shard", type=click.IntRange(1))
def move_shard(data: Path, shard: int) -> None:
    """Have a shard with new replicas, in new processes where each has its own, take the place of SHARD."""
    from eagleray.command.shards import reshape

    reshape(data, [shard])


@shards.command("replicas")
@data_option
@click.argument("shard", type=click.IntRange(1))
@click.argument("count", type=click.IntRange(1))
def set_replicas(data: Path, shard: int, count: int) -> None:
    """Have COUNT replicas of SHARD; those beyond one in each zone serve reads."""
    from eagleray.command.shards import set_replicas

    set_replicas(data, shard, count)


cli.add_command(region)
cli.add_command(key)
cli.add_command(token)


@cli.command()
@data_option
@click.option("-c", "--command", "statement", default=None, help="Run this and exit.")
@click.option("--region", "place", default=None, help="Of a cluster that has several: as a client of this one.")
def sql(data: Path, statement: str | None, place: str | None) -> None:
    """A SQL prompt on the running cluster."""
    from eagleray.command.prompt import run_prompt

    sys.exit(run_prompt(data, statement, place))


@cli.command()
@data_option
@click.option(
    "--working-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Copied to the cluster; FILE lies in it.",
)
@click.option(
    "--requirements",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What pip is to install for it.",
)
@click.option(
    "--wait/--no-wait", default=True, help="--no-wait: print the job's name once it runs, and leave it alone."
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def submit(
    data: Path, working_dir: Path | None, requirements: Path | None, wait: bool, file: Path, arguments: tuple[str, ...]
) -> None:
    """Run a Python program on the cluster's Ray, which finds the database in EAGLERAY_URL.

    Its input and outputs are this command's, and so is its exit status; Ctrl-C stops it. Options of the program come
    after --.
    """
    from eagleray.command.jobs import submit_program

    sys.exit(submit_program(data, file, arguments, working_dir, requirements, wait))


@cli.group()
def jobs() -> None:
    """Programs that were submitted since the cluster was started."""


@jobs.command("list")
@data_option
def list_jobs(data: Path) -> None:
    """All of them, the oldest first."""
    from eagleray.command.jobs import list_jobs

    list_jobs(data)


@jobs.command("logs")
@data_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends; exit with its status.")
@click.argument("name")
def job_logs(data: Path, follow: bool, name: str) -> None:
    """What job NAME has written."""
    from eagleray.command.jobs import show_logs

    sys.exit(show_logs(data, name, follow))


@jobs.command("stop")
@data_option
@click.argument("name")
def stop_job(data: Path, name: str) -> None:
    """End job NAME: SIGTERM, three seconds later SIGKILL."""
    from eagleray.command.jobs import stop_job

    stop_job(data, name)


@cli.group()
def workload() -> None:
    """Programs that speak SQL to the cluster and check what they did."""


@workload.command("list")
def list_workloads() -> None:
    """The packaged workloads."""
    from workloads import describe

    for name, text in describe():
        click.echo(f"{name:<12} {text}")


url_option = click.option("--url", default=None, help="Any PostgreSQL server instead of the cluster on DIR.")
scale_option = click.option(
    "--scale", type=float, default=1.0, show_default=True, help="How much data; see docs/workloads.md."
)
seed_option = click.option("--seed", type=int, default=1, show_default=True, help="Of all random choices.")
written = click.Path(path_type=Path, dir_okay=False)


@workload.command("init")
@data_option
@click.argument("name")
@url_option
@scale_option
def init_workload(data: Path, name: str, url: str | None, scale: float) -> None:
    """Drop, make and load the tables of a workload: a name, or the path of a Python file."""
    from eagleray.command.workloads import init

    init(data, name, url, scale)


@workload.command("run")
@data_option
@click.argument("name")
@url_option
@scale_option
@click.option(
    "--duration", "--seconds", "seconds", type=click.FloatRange(0.1), help="Seconds; a curve is stretched to them."
)
@click.option("--clients", type=click.IntRange(1, 10_000), default=None, help="Connections.")
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="Open loop: transactions a second; with --curve, its peak."
)
@click.option("--curve", help="Open loop: a file of TIME RATE, or ramp:0..500, steps:100,200, day:20..400.")
@click.option("--warm-up", type=click.FloatRange(0), default=0.0, help="Seconds before that are not measured.")
@click.option(
    "--isolation",
    type=click.Choice(["repeatable read", "serializable", "read committed"]),
    default="repeatable read",
    show_default=True,
    help="Of transactions of more than one statement.",
)
@seed_option
@click.option("--json", "json_file", type=written, default=None, help="Write the report here.")
@click.option("--png", "png_file", type=written, default=None, help="Draw the report here (needs matplotlib).")
@click.option("--init/--no-init", default=True, help="Load first, or run on what is there.")
@click.option("--check/--no-check", default=True, help="Check afterwards, or not.")
def run_workload(data: Path, name: str, url: str | None, **options: Any) -> None:
    """Load, run and check a workload (a name, or the path of a Python file); exit 0 only if its checks hold and nothing
    failed."""
    from eagleray.command.workloads import RunOptions, run

    sys.exit(run(data, name, url, RunOptions(**options)))


@workload.command("check")
@data_option
@click.argument("name")
@url_option
def check_workload(data: Path, name: str, url: str | None) -> None:
    """Check the tables of a workload that nobody is running; exit 0 only if all holds."""
    from eagleray.command.workloads import check

    sys.exit(check(data, name, url))


cli.add_command(demo)
cli.add_command(bench)
cli.add_command(ranges)


@cli.command()
@click.option("--seeds", type=click.IntRange(1), default=100, show_default=True, help="How many seeds to run.")
@click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True, help="The first of them.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Replay this one seed alone.")
@click.option("-v", "--verbose", is_flag=True, help="With --seed: every event, one a line.")
@click.option(
    "--seconds", type=click.FloatRange(1), default=120.0, show_default=True, help="Virtual seconds under faults."
)
@click.option("--proof", "proofs", multiple=True, help="Only these workloads (may be repeated).")
@click.option(
    "--pause",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="A factor on the clients' pauses: fewer transactions a seed.",
)
@click.option("--processes", type=click.IntRange(1), default=None, help="Seeds at a time (default: one a processor).")
@click.option(
    "--dense", is_flag=True, help="Change the cluster's shape all the time: adjudicators, ranges, shards, replicas."
)
@click.option("--regions", is_flag=True, help="Every cluster's zones are regions, far from each other.")
@click.option("--steer", is_flag=True, help="Vary the plans of runs that met what few others did, half of the time.")
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=None,
    help="With --seed: the plan that --json has kept.",
)
@click.option(
    "--json",
    "summary",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write the totals (--seed: the plan) here, too.",
)
def sim(
    seeds: int,
    first: int,
    seed: int | None,
    verbose: bool,
    seconds: float,
    proofs: tuple[str, ...],
    pause: float,
    processes: int | None,
    dense: bool,
    regions: bool,
    steer: bool,
    plan: Path | None,
    summary: Path | None,
) -> None:
    """Run simulated clusters under faults and check that no promise is broken.

    Every role runs as in production, in one process, on a simulated network, disks and clocks. One seed is one history:
    a failing one can be replayed.
    """
    from cluster.simulation.campaign import Options
    from eagleray.command.simulate import replay, simulate

    options = Options(seconds, proofs, pause, steer, dense, regions)
    if seed is not None:
        sys.exit(replay(seed, options, verbose, plan, summary))
    sys.exit(simulate(first, seeds, options, processes or 0, summary))


def main() -> None:
    """The entry point: no traceback for what a person did wrong."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.UsageError as error:
        click.echo(f"eagleray: {error.format_message()}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
