"""How long one client's statement holds up the others, and what memory it takes: heavy statements, one after the other, on a cluster of this machine.

    python -m benchmarks.stalls                              every statement below, in the default mode's statement memory, roles of an AZ in one process
    python -m benchmarks.stalls --only result sort --seconds 10
    python -m benchmarks.stalls --sql "SELECT ..."           another statement

While a statement runs (in a client of its own that throws the rows away as fast as they come), four other clients read single rows by their keys, on
every query processor. Prints, for each statement: its time or error, how many bytes came, the longest point read and how many took longer than 50 ms, and
by how much the largest process of the cluster grew at its worst. A statement is cancelled after `--seconds`. "idle" has no statement: what the machine does alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from benchmarks.failover import status

ROWS = 200_000
LONG_S = 0.05
READERS = 4
READ_PAUSE_S = 0.002
MEMORY_PAUSE_S = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

STATEMENTS = {
    "idle": "",
    "group": f"SELECT k % 1000, count(*), max(s) FROM stalls WHERE k < {ROWS} GROUP BY 1 ORDER BY 1",
    "result": "SELECT a.g, b.g FROM generate_series(1,31623) a(g), generate_series(1,31623) b(g)",
    "result-5M": "SELECT a.g, 'row ' || a.g FROM generate_series(1,5000000) a(g)",
    "table": "SELECT a.k, a.s, b.k FROM stalls a, generate_series(1,20) b(k)",
    "types": "SELECT g, g * 1.5, timestamp '2026-01-01' + g * interval '1 second', g::float8 / 3, 'x' || g FROM generate_series(1,1000000) a(g)",
    "sort": "SELECT g, g % 100 FROM generate_series(1,50000000) a(g) ORDER BY 2, 1 DESC",
    "hash": "SELECT count(*) FROM (SELECT g % 20000000, count(*) FROM generate_series(1,50000000) a(g) GROUP BY 1) x",
    "recursive": "WITH RECURSIVE t(n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t",
    "function": "SELECT count(*) FROM generate_series(1,500000) a(g) WHERE md5(g::text) LIKE 'ff%'",
    "wide-values": "SELECT repeat('x', 1000000) FROM generate_series(1,2000) a(g)",
    "string_agg": "SELECT length(string_agg('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' || g, ',')) FROM generate_series(1,20000000) a(g)",
    "insert-select": "BEGIN; INSERT INTO stalls SELECT -g, 'x' || g FROM generate_series(1,2000000) a(g); ROLLBACK",
    "list": f"SELECT count(*) FROM stalls WHERE k + 0 IN ({','.join(map(str, range(15_000)))})",
    "alternatives": f"SELECT count(*) FROM stalls WHERE {' OR '.join(f'k = {number}' for number in range(7_000))}",
    "patterns": "SELECT length(regexp_replace(repeat('ab1 ', 250000), '[0-9]', '#', 'g'))",
    "copy-out": "COPY (SELECT a.g, 'row ' || a.g FROM generate_series(1,3000000) a(g)) TO STDOUT",
}


@dataclass
class Result:
    """Of one statement. `outcome`: "done", or the error's SQLSTATE and message."""

    name: str
    outcome: str
    seconds: float
    mebibytes: float
    """Received by the client."""
    longest_read_ms: float
    long_reads: int
    reads: int
    grown_mib: float
    """The process that grew most, at its worst, above what it had before."""


# -- the statement's client: a process of its own ---------------------------------------------------------------------------------


READY = b"Z\0\0\0\5"
"""ReadyForQuery, before its status."""
ERROR = re.compile(rb"E....SERROR\0VERROR\0C(\w{5})\0M([^\0]*)\0", re.DOTALL)
TAIL_BYTES = 4096


def discard(port: int, sql: str, seconds: float) -> tuple[str, float, int]:
    """Run `sql` as a simple query and throw the answer away, looking at its end only; (outcome, seconds, bytes)."""

    def until_ready() -> tuple[bytes, int]:
        tail, received = b"", 0
        while tail[-6:-1] != READY:
            data = client.recv(1 << 18)
            received += len(data)
            tail = (tail + data)[-TAIL_BYTES:]
            if not data:
                return tail, received
        return tail, received

    def cancel() -> None:
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(struct.pack("!II", 8 + len(key), 80877102) + key)

    with socket.create_connection(("127.0.0.1", port)) as client:
        parameters = b"user\0admin\0database\0postgres\0\0"
        client.sendall(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
        greeting, _ = until_ready()
        place = greeting.rindex(b"K\0\0\0\x0c")
        key = greeting[place + 5 : place + 13]
        begun = time.perf_counter()
        client.sendall(b"Q" + struct.pack("!I", len(sql.encode()) + 5) + sql.encode() + b"\0")
        canceling = threading.Timer(seconds, cancel)
        canceling.start()
        tail, received = until_ready()
        took = time.perf_counter() - begun
        canceling.cancel()
    failed = ERROR.search(tail)
    outcome = f"{failed.group(1).decode()} {failed.group(2).decode()}" if failed else "done" if tail[-6:-1] == READY else "disconnected"
    return outcome, took, received


# -- the others -------------------------------------------------------------------------------------------------------------------


class Readers:
    """Point reads on connections of their own. `times`: of the reads that have ended, in seconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.times: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for number in range(READERS):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, prepare_threshold=0)
            self._tasks.append(asyncio.create_task(self._read(connection, number)))

    async def _read(self, connection: psycopg.AsyncConnection[tuple[object, ...]], number: int) -> None:
        key = number
        async with connection:
            while True:
                key = (key + 7919) % ROWS
                begun = time.perf_counter()
                await connection.execute("SELECT s FROM stalls WHERE k = %s", (key,))
                self.times.append(time.perf_counter() - begun)
                await asyncio.sleep(READ_PAUSE_S)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def memory(pids: list[int]) -> dict[int, int]:
    """Resident bytes of each process."""
    found = {}
    for pid in pids:
        try:
            found[pid] = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            continue
    return found


async def observe(name: str, sql: str, port: int, readers: Readers, pids: list[int], seconds: float) -> Result:
    before = memory(pids)
    worst = 0
    readers.times = []
    if sql:
        command = [sys.executable, "-m", "benchmarks.stalls", "--discard", sql, "--port", str(port), "--seconds", str(seconds)]
    else:
        command = [sys.executable, "-c", f"import time; time.sleep({seconds / 4}); print('[\"done\", 0, 0]')"]
    client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    done = asyncio.create_task(client.communicate())
    while not done.done():
        for pid, size in memory(pids).items():
            worst = max(worst, size - before.get(pid, size))
        await asyncio.sleep(MEMORY_PAUSE_S)
    output, _ = await done
    outcome, took, received = json.loads(output or b'["the client failed", 0, 0]')
    times = readers.times
    return Result(
        name,
        outcome,
        took,
        received / (1 << 20),
        1000 * max(times, default=0.0),
        sum(1 for read in times if read > LONG_S),
        len(times),
        worst / (1 << 20),
    )


async def measure(data: Path, port: int, statements: dict[str, str], seconds: float) -> list[Result]:
    url = f"postgresql://admin@localhost:{port}/postgres"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE stalls (k int PRIMARY KEY, s text)")
        for low in range(0, ROWS, 10_000):
            await connection.execute(f"INSERT INTO stalls SELECT g, 'value ' || g FROM generate_series({low}, {low + 9_999}) a(g)".encode())
    pids = sorted({int(actor["pid"]) for actor in status(data)["actors"]})
    readers = Readers(url)
    await readers.start()
    results = []
    try:
        for name, sql in statements.items():
            result = await observe(name, sql, port, readers, pids, seconds)
            results.append(result)
            print(
                f"{name:14} {result.seconds:6.2f} s {result.mebibytes:8.1f} MiB   longest read {result.longest_read_ms:7.1f} ms, {result.long_reads:4} of "
                f"{result.reads:5} above 50   grown {result.grown_mib:7.1f} MiB   {result.outcome[:70]}",
                flush=True,
            )
            await asyncio.sleep(1.0)
    finally:
        await readers.stop()
    return results


@contextmanager
def cluster(placement: str) -> Iterator[tuple[Path, int]]:
    """DSQL's statement memory, without its limits on what a transaction writes."""
    with tempfile.TemporaryDirectory(prefix="eagleray-stalls-") as folder:
        data = Path(folder) / "data"
        config = Path(folder) / "settings.toml"
        limits = "[limits]\ntransaction_rows_max = 0\ntransaction_bytes_max = 0\n"
        config.write_text(f'{limits}\n[layout]\nplacement = "{placement}"\n')
        command = [sys.executable, "-m", "eagleray.command.main"]
        port = 20_000 + os.getpid() % 20_000
        subprocess.run([*command, "up", "--detach", "--data", str(data), "--port", str(port), "--config", str(config)], check=True)
        try:
            yield data, port
        finally:
            subprocess.run([*command, "down", "--data", str(data)], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=STATEMENTS, help="names of statements")
    parser.add_argument("--sql", help="a statement of your own")
    parser.add_argument("--seconds", type=float, default=8.0, help="after which a statement is cancelled")
    parser.add_argument("--placement", choices=("role", "az"), default="az")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--discard", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.discard:
        print(json.dumps(discard(arguments.port, arguments.discard, arguments.seconds)))
        return
    statements = {name: STATEMENTS[name] for name in arguments.only or STATEMENTS}
    if arguments.sql:
        statements = {"idle": "", "sql": arguments.sql}
    with cluster(arguments.placement) as (data, port):
        results = asyncio.run(measure(data, port, statements, arguments.seconds))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
