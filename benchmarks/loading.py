"""Loading and building indexes: Eagleray, packed, beside PostgreSQL 18 with two synchronous standbys, in one run.

    copy            COPY of all rows as text in one transaction, into a table with a primary key
    copy csv        the same as csv
    copy binary     the same as binary
    batches         COPY in transactions of 2,500 rows, by four clients
    insert select   INSERT ... SELECT of a fifth of the rows
    create index    CREATE INDEX on all rows, of a column of 50,000 values
    add key         ALTER TABLE ... ADD PRIMARY KEY on all rows of a table that has none

Seconds by the client's clock, and the processor seconds that Eagleray's processes took. Each table is counted and
summed afterwards and compared. Writes bench-results/loading.json.

    python -m benchmarks.loading [--rows 1000000] [--only "copy,create index"] [--alone] [--hold]

`--alone`: without PostgreSQL. `--hold`: leave Eagleray's cluster running until Enter is pressed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from struct import pack
from typing import Any, NamedTuple

import psycopg

from benchmarks.peer_postgres import PostgresPeer
from benchmarks.pgbench import Eagleray

COLUMNS = """id bigint{}, customer int NOT NULL, region text NOT NULL, amount float8 NOT NULL, note text,
    placed timestamptz NOT NULL"""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BATCH_ROWS = 2_500
CLIENTS = 4
CHUNK_ROWS = 1_000
"""Of a CopyData message's payload, about."""
BEGIN_US = 789_004_800_000_000
"""2025-01-01 as PostgreSQL counts."""


class Row(NamedTuple):
    id: int
    customer: int
    region: str
    amount: float
    note: str | None
    placed: int


def row(n: int) -> Row:
    note = None if n % 7 == 0 else f"note {n}"
    return Row(n, n * 7919 % 50_000, f"region-{n % 17}", n * 7907 % 1_000_000 / 4, note, n * 31)


def _shown(n: int, separator: str, null: str) -> str:
    id_, customer, region, amount, note, placed = row(n)
    hours, rest = divmod(placed, 3600)
    days, hours = divmod(hours, 24)
    day = f"20{10 + days // 336:02}-{days % 336 // 28 + 1:02}-{days % 28 + 1:02}"
    at = f"{day} {hours:02}:{rest // 60:02}:{rest % 60:02}+00"
    return separator.join((str(id_), str(customer), region, str(amount), null if note is None else note, at)) + "\n"


def _binary(n: int) -> bytes:
    id_, customer, region, amount, note, placed = row(n)
    region_bytes = region.encode()
    note_bytes = pack("!i", -1) if note is None else pack("!i", len(note)) + note.encode()
    return b"".join(
        (
            pack("!hiqii", 6, 8, id_, 4, customer),
            pack("!i", len(region_bytes)),
            region_bytes,
            pack("!id", 8, amount),
            note_bytes,
            pack("!iq", 8, BEGIN_US + placed * 1_000_000),
        )
    )


def data(format_: str, low: int, high: int) -> Iterator[bytes]:
    """The rows [low, high) as COPY's data."""
    if format_ == "binary":
        yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for start in range(low, high, CHUNK_ROWS):
        numbers = range(start, min(start + CHUNK_ROWS, high))
        if format_ == "binary":
            yield b"".join(map(_binary, numbers))
        else:
            separator, null = ("\t", "\\N") if format_ == "text" else (",", "")
            yield "".join(_shown(n, separator, null) for n in numbers).encode()
    if format_ == "binary":
        yield b"\xff\xff"


class Load:
    """One side's tables, and the work on them. Client's data are made before the clock runs."""

    def __init__(self, url: str, rows: int) -> None:
        self._url = url
        self._rows = rows
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def table(self, name: str, key: str = " PRIMARY KEY") -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._connection.execute(f"CREATE TABLE {name} ({COLUMNS.format(key)})")

    def copy(self, format_: str) -> Callable[[], None]:
        chunks = list(data(format_, 0, self._rows))
        table = "loaded" if format_ == "text" else f"loaded_{format_}"
        self.table(table)
        return lambda: _copy(self._connection, table, format_, chunks)

    def batches(self) -> Callable[[], None]:
        lows = range(0, self._rows, BATCH_ROWS)
        batches = [list(data("text", low, min(low + BATCH_ROWS, self._rows))) for low in lows]
        self.table("batched")

        def client(number: int) -> None:
            with psycopg.connect(self._url, autocommit=True) as connection:
                for chunks in batches[number::CLIENTS]:
                    _copy(connection, "batched", "text", chunks)

        def work() -> None:
            with ThreadPoolExecutor(CLIENTS) as pool:
                for done in [pool.submit(client, number) for number in range(CLIENTS)]:
                    done.result()

        return work

    def insert_select(self) -> Callable[[], None]:
        self._filled("loaded", " PRIMARY KEY")
        self.table("selected")
        return lambda: self._run(f"INSERT INTO selected SELECT * FROM loaded WHERE id < {self._rows // 5}")

    def create_index(self) -> Callable[[], None]:
        self._filled("loaded", " PRIMARY KEY")
        self._run("DROP INDEX IF EXISTS loaded_customer")
        return lambda: self._run("CREATE INDEX loaded_customer ON loaded (customer)")

    def add_key(self) -> Callable[[], None]:
        self._filled("keyless", "")
        return lambda: self._run("ALTER TABLE keyless ADD PRIMARY KEY (id)")

    def _filled(self, table: str, key: str) -> None:
        found = self._connection.execute("SELECT to_regclass(%s)", [table]).fetchone()
        if found is None or found[0] is None:
            self.table(table, key)
            _copy(self._connection, table, "text", list(data("text", 0, self._rows)))

    def _run(self, statement: str) -> None:
        self._connection.execute(statement)

    def sums(self, table: str) -> Any:
        query = (
            f"SELECT count(*), sum(id), sum(customer), min(region), sum(amount), count(note), max(placed) FROM {table}"
        )
        self._connection.execute("SET TIME ZONE 'UTC'")
        return self._connection.execute(query).fetchone()


def _copy(connection: psycopg.Connection[Any], table: str, format_: str, chunks: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT {format_})") as copy:
        for chunk in chunks:
            copy.write(chunk)


WORK: dict[str, tuple[Callable[[Load], Callable[[], None]], str]] = {
    "copy": (lambda load: load.copy("text"), "loaded"),
    "copy csv": (lambda load: load.copy("csv"), "loaded_csv"),
    "copy binary": (lambda load: load.copy("binary"), "loaded_binary"),
    "batches": (Load.batches, "batched"),
    "insert select": (Load.insert_select, "selected"),
    "create index": (Load.create_index, "loaded"),
    "add key": (Load.add_key, "keyless"),
}
"""What prepares the work and gives it, and the table that it fills."""


def measure(url: str, rows: int, names: list[str], account: Callable[[], dict[str, int]]) -> dict[str, Any]:
    """{name: (seconds, processor seconds by layer, the table's sums)}."""
    found: dict[str, Any] = {}
    load = Load(url, rows)
    for name in names:
        prepare, table = WORK[name]
        work = prepare(load)
        before, begun = account(), time.perf_counter()
        work()
        seconds, after = time.perf_counter() - begun, account()
        used = {layer: (ticks - before.get(layer, 0)) / TICKS_PER_S for layer, ticks in after.items()}
        found[name] = seconds, used, load.sums(table)
        shown = ", ".join(f"{layer} {cpu_s:.1f}" for layer, cpu_s in used.items() if cpu_s >= 0.1)
        print(
            f"    {name:14} {seconds:7.2f} s   {f'processor {sum(used.values()):.1f} s: {shown}' if used else ''}",
            flush=True,
        )
    load.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", default=",".join(WORK))
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--hold", action="store_true")
    given = parser.parse_args()
    names = given.only.split(",")
    theirs: dict[str, Any] = {}
    with PostgresPeer() if not given.alone else nullcontext() as peer:
        if peer is not None:
            print("PostgreSQL", flush=True)
            theirs = measure(peer.url, given.rows, names, dict)
    with Eagleray(0, "az") as cluster:
        print("Eagleray", flush=True)
        ours = measure(cluster.url, given.rows, names, lambda: cluster.account()["cpu"])
        if given.hold:
            print(cluster.url, "- Enter ends it", flush=True)
            sys.stdin.readline()
    figures = {}
    for name, (seconds, used, sums) in ours.items():
        figures[name] = {"eagleray_s": round(seconds, 2), "eagleray_processor_s": round(sum(used.values()), 2)}
        if name in theirs:
            figures[name]["postgresql_s"] = round(theirs[name][0], 2)
            right = "" if repr(sums) == repr(theirs[name][2]) else "   WRONG"
            print(f"{name:14} {theirs[name][0] / seconds:6.2f} of PostgreSQL's speed{right}")
    Path("bench-results").mkdir(exist_ok=True)
    Path("bench-results/loading.json").write_text(json.dumps({"rows": given.rows, "work": figures}, indent=1))


if __name__ == "__main__":
    main()
