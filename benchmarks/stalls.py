"""How long one client's statement holds up the others, and what memory it takes: heavy work, one piece after the other,
on a cluster of this machine.

    python -m benchmarks.stalls                              every kind of work below, in the default mode's statement
                                                             memory
    python -m benchmarks.stalls --only result sort --seconds 10
    python -m benchmarks.stalls --sql "SELECT ..."           another statement

While a statement runs (in a client of its own, heavy_client.py), another client of each query processor reads single
rows by their keys. Prints, for each kind:

    its time or error
    turn      the longest turn of the event loop of the statement's query processor, as its probe saw it
              (actors/runtime/loop_probe.py): wall time from a question to the loop's answer, CPU time of the loop's
              thread meanwhile, and the longest pause for garbage
    same      the longest point read on the same query processor, and how many took longer than 50 ms
    other     the same for the other query processors
    moved     roles that are in another process afterwards, or in another epoch
    grown     by how much the largest process of the cluster grew at its worst

A statement is cancelled after `--seconds`. "idle" has none: what the machine does alone. Roles of an AZ share a
process, so "turn" is of all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
import psycopg

from actors.runtime.loop_probe import VARIABLE, Late, read_late
from benchmarks.failover import status
from benchmarks.heavy_client import NUMBER_SHIFT, Outcome, Work
from eagleray.own_cluster import end_in_order

ROWS = 200_000
LONG_S = 0.05
READ_PAUSE_S = 0.002
MEMORY_PAUSE_S = 0.02
PAUSE_S = 0.3
CONNECTIONS_MAX = 64
WORST_SHOWN, STACK_SHOWN = 4, 7
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"
GROUP = f"SELECT k % 1000, count(*), max(s) FROM stalls WHERE k < {ROWS} GROUP BY 1 ORDER BY 1"


def values(rows: int, row: str) -> str:
    """INSERT's VALUES: `row` with {n} as the row's number, {p0} and so on as its parameters' numbers."""
    width = row.count("{p")
    return ", ".join(row.format(n=-1 - n, **{f"p{i}": n * width + i + 1 for i in range(width)}) for n in range(rows))


def work_of_all_kinds() -> dict[str, list[Work]]:
    """Several pieces of a kind run side by side."""
    wide = "({n}, " + ", ".join(f"'value {column} of {{n}}'" for column in range(9)) + ")"
    undone = ("BEGIN", "ROLLBACK")

    def rolled_back(sql: str, parameters: int = 0, copy_rows: int = 0) -> Work:
        return Work([undone[0], sql, undone[1]], parameters=parameters, copy_rows=copy_rows)

    return {
        "idle": [],
        "result-5M": [Work(["SELECT a.g, 'row ' || a.g FROM generate_series(1,5000000) a(g)"])],
        "literal-8MB": [Work([f"SELECT length('{'x' * (8 << 20)}')"])],
        "literal-2M-é": [Work([f"SELECT length('{'é' * (2 << 20)}')"])],
        "parameters-60k": [
            rolled_back(f"INSERT INTO stalls VALUES {values(30_000, '(${p0}, ${p1})')}", parameters=60_000)
        ],
        "rows-20k": [rolled_back("INSERT INTO stalls VALUES " + values(20_000, "({n}, 'value {n}')"))],
        "rows-3000x10": [Work([f"INSERT INTO wide VALUES {values(3000, wide)} ON CONFLICT DO NOTHING"], repeat=3)],
        "select-15k": [Work([f"SELECT count(*) FROM stalls WHERE k + 0 IN ({','.join(map(str, range(15_000)))})"])],
        "or-7k": [
            Work([f"SELECT count(*) FROM stalls WHERE {' OR '.join(f'k = {number}' for number in range(7_000))}"])
        ],
        "sort-200k": [Work(["SELECT k, s FROM stalls ORDER BY s DESC, k"])],
        "insert-select": [rolled_back("INSERT INTO stalls SELECT -g, 'x' || g FROM generate_series(1,2000000) a(g)")],
        "copy-500k": [rolled_back("COPY stalls FROM STDIN", copy_rows=500_000)],
        "recursive": [Work([ENDLESS]), Work([ENDLESS]), Work([GROUP])],
        "cross-join": [
            Work(["SELECT a.g, b.g FROM generate_series(1,31623) a(g), generate_series(1,31623) b(g)"], abandon=True)
        ],
        "update-200k": [rolled_back("UPDATE stalls SET s = s || '!'")],
    }


@dataclass
class Result:
    """Of one kind. `outcome`: of the piece that ends last in its list, "done" or the error's SQLSTATE and message;
    milliseconds, MiB."""

    name: str
    outcome: str
    seconds: float
    mebibytes: float
    """Received by the client."""
    turn_ms: float = 0.0
    turn_cpu_ms: float = 0.0
    garbage_ms: float = 0.0
    same_ms: float = 0.0
    same_long: int = 0
    other_ms: float = 0.0
    other_long: int = 0
    reads: int = 0
    moved: int = 0
    """Roles that are in another process afterwards, or reign in another epoch."""
    grown_mib: float = 0.0
    """The process that grew most, at its worst, above what it had before."""
    worst: list[Late] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.name:14} {self.seconds:6.2f} s {self.mebibytes:6.1f} MiB   turn {self.turn_ms:5.0f} ms, "
            f"CPU {self.turn_cpu_ms:4.0f}, gc {self.garbage_ms:4.0f}   "
            f"same {self.same_ms:5.0f} ms, {self.same_long:3} long   other {self.other_ms:5.0f} ms, "
            f"{self.other_long:3} long of {self.reads:5}   "
            f"moved {self.moved}   grown {self.grown_mib:6.1f} MiB   {self.outcome[:60]}"
        )


@dataclass
class Readers:
    """Point reads, by a connection on each query processor. `times`: number -> seconds of the reads that have ended."""

    url: str
    times: dict[int, list[float]] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, numbers: set[int]) -> None:
        """Connect until each query processor of `numbers` has one."""
        for _ in range(CONNECTIONS_MAX):
            if numbers <= self.times.keys():
                return
            connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True, prepare_threshold=0)
            number = connection.info.backend_pid >> NUMBER_SHIFT
            if number in self.times:
                await connection.close()
            else:
                self.times[number] = []
                self.tasks.append(asyncio.create_task(self._read(connection, number)))
        raise RuntimeError(f"only query processors {sorted(self.times)} of {sorted(numbers)} took a client")

    async def _read(self, connection: psycopg.AsyncConnection[tuple[object, ...]], number: int) -> None:
        key = number
        async with connection:
            while True:
                key = (key + 7919) % ROWS
                begun = time.perf_counter()
                await connection.execute("SELECT s FROM stalls WHERE k = %s", (key,))
                self.times[number].append(time.perf_counter() - begun)
                await asyncio.sleep(READ_PAUSE_S)

    def clear(self) -> None:
        for number in self.times:
            self.times[number] = []

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def memory(pids: list[int]) -> dict[int, int]:
    """Resident bytes of each process."""
    found = {}
    for pid in pids:
        try:
            found[pid] = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            continue
    return found


def places(data: Path) -> dict[str, tuple[object, object]]:
    """By role: its process, and an adjudicator's epoch."""
    return {
        actor["name"]: (actor["pid"], actor["epoch"] if actor["layer"] == "adjudicator" else None)
        for actor in status(data)["actors"]
    }


async def client(port: int, work: Work, seconds: float) -> Outcome:
    command = [sys.executable, "-m", "benchmarks.heavy_client", str(port), str(seconds)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = await process.communicate(json.dumps(asdict(work)).encode())
    return Outcome(**json.loads(output)) if output else Outcome("the client failed", 0, 0, 0)


async def observe(
    name: str, pieces: list[Work], port: int, readers: Readers, cluster: Cluster, seconds: float
) -> Result:
    before, roles = memory(cluster.pids), places(cluster.data)
    worst = 0
    readers.clear()
    began = time.time()
    works = [client(port, work, seconds) for work in pieces] or [asyncio.sleep(seconds / 4, Outcome("done", 0, 0, 0))]
    done = asyncio.gather(*works)
    while not done.done():
        for pid, size in memory(cluster.pids).items():
            worst = max(worst, size - before.get(pid, size))
        await asyncio.sleep(MEMORY_PAUSE_S)
    outcome: Outcome = (await done)[-1]
    await asyncio.sleep(PAUSE_S)
    result = Result(name, outcome.outcome, outcome.seconds, outcome.received / (1 << 20), grown_mib=worst / (1 << 20))
    after = places(cluster.data)
    result.moved = sum(after.get(role) != place for role, place in roles.items())
    numbers = {each.number for each in done.result()}
    for number, times in readers.times.items():
        longest, long, result.reads = (
            1000 * max(times, default=0.0),
            sum(read > LONG_S for read in times),
            result.reads + len(times),
        )
        if number in numbers:
            result.same_ms, result.same_long = max(result.same_ms, longest), result.same_long + long
        else:
            result.other_ms, result.other_long = max(result.other_ms, longest), result.other_long + long
    late = [each for number in numbers for each in cluster.late(number) if each.at > began]
    result.worst = sorted(late, key=lambda each: -max(each.loop_cpu_ms, each.wait_ms, each.asked_late_ms))[:WORST_SHOWN]
    result.turn_ms = max((each.wait_ms for each in late), default=0.0)
    result.turn_cpu_ms = max((each.loop_cpu_ms for each in late), default=0.0)
    result.garbage_ms = max((each.gc_ms for each in late), default=0.0)
    return result


@dataclass
class Cluster:
    """A running one. `processes`: a query processor's number -> its process's name."""

    data: Path
    port: int
    probes: Path
    pids: list[int]
    processes: dict[int, str]

    def late(self, number: int) -> list[Late]:
        path = self.probes / f"{self.processes.get(number, '')}.jsonl"
        return read_late(path) if path.exists() else []


async def measure(cluster: Cluster, kinds: dict[str, list[Work]], seconds: float, stacks: bool) -> list[Result]:
    url = f"postgresql://admin@localhost:{cluster.port}/postgres"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE stalls (k int PRIMARY KEY, s text)")
        await connection.execute(
            f"CREATE TABLE wide (k int PRIMARY KEY, {', '.join(f'c{column} text' for column in range(9))})".encode()
        )
        async with connection.cursor().copy("COPY stalls FROM STDIN") as copy:
            await copy.write("".join(f"{number}\tvalue {number}\n" for number in range(ROWS)))
    readers = Readers(url)
    await readers.start(set(cluster.processes))
    results = []
    try:
        for name, pieces in kinds.items():
            results.append(await observe(name, pieces, cluster.port, readers, cluster, seconds))
            print(results[-1], flush=True)
            if stacks:
                for late in results[-1].worst:
                    print(
                        f"        wait {late.wait_ms:.0f}, CPU {late.loop_cpu_ms:.0f}, gc {late.gc_ms:.0f} "
                        f"({late.generation}), asked late {late.asked_late_ms:.0f}: ",
                        *late.stack[:STACK_SHOWN],
                        sep="  ",
                    )
    finally:
        await readers.stop()
    return results


@contextmanager
def running(placement: str) -> Iterator[Cluster]:
    """DSQL's statement memory, without its limits on what a transaction writes."""
    with tempfile.TemporaryDirectory(prefix="eagleray-stalls-") as folder:
        data, probes, config = Path(folder) / "data", Path(folder) / "probes", Path(folder) / "settings.toml"
        probes.mkdir()
        limits = "[limits]\ntransaction_rows_max = 0\ntransaction_bytes_max = 0\n"
        config.write_text(f'{limits}\n[layout]\nplacement = "{placement}"\n')
        command = [sys.executable, "-m", "eagleray.command.main"]
        port = 20_000 + os.getpid() % 20_000
        up = [*command, "up", "--detach", "--data", str(data), "--port", str(port), "--config", str(config)]
        subprocess.run(up, check=True, env={**os.environ, VARIABLE: str(probes)})
        try:
            actors = status(data)["actors"]
            processes = {
                int(actor["name"].rpartition("/")[2]): actor["process"]
                for actor in actors
                if actor["layer"] == "query_processor"
            }
            yield Cluster(data, port, probes, sorted({int(actor["pid"]) for actor in actors}), processes)
        finally:
            subprocess.run([*command, "down", "--data", str(data)], check=False)


def main() -> None:
    kinds = work_of_all_kinds()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=kinds, help="kinds of work")
    parser.add_argument("--sql", help="a statement of your own")
    parser.add_argument("--seconds", type=float, default=4.0, help="after which a statement is cancelled")
    parser.add_argument("--placement", choices=("role", "az"), default="az")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--stacks", action="store_true", help="show where the loop was in the longest turns")
    arguments = parser.parse_args()
    chosen = {name: kinds[name] for name in arguments.only or kinds}
    if arguments.sql:
        chosen = {"idle": [], "sql": [Work([arguments.sql])]}
    end_in_order()
    with running(arguments.placement) as cluster:
        results = asyncio.run(measure(cluster, chosen, arguments.seconds, arguments.stacks))
    if arguments.json:
        arguments.json.write_text(msgspec.json.format(msgspec.json.encode(results), indent=1).decode() + "\n")


if __name__ == "__main__":
    main()
