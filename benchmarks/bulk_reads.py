"""How fast whole tables come out as Arrow: Eagleray's ways beside ADBC on PostgreSQL 18, in one run on one machine.

    python -m benchmarks.bulk_reads --rows 1000000 --url postgresql://admin@localhost:5433/postgres

The table (id int8, customer int4, price float8, note text, total numeric(12,2), at timestamptz) is loaded into both by
the same program: Eagleray's by `load`, PostgreSQL's by ADBC's ingestion. Then each way reads it whole, `--repeat`
times, the first of which finds nothing decoded at storage:

    parts    the table's parts read from storage at the same time (what ray_dataset's tasks do, without Ray)
    sql      eagleray.read_arrow: COPY (FORMAT arrow)
    psycopg  rows as Python tuples from Eagleray, for comparison
    adbc     PostgreSQL 18, adbc_driver_postgresql: COPY (FORMAT binary) made columns in C++

Keys are uuids with `--uuids` (all shards), else ascending integers (one shard). Needs `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

import eagleray
from benchmarks.peer_postgres import PostgresPeer
from eagleray.client import default_url

COLUMNS = "id {key} PRIMARY KEY, customer int4, price float8, note text, total numeric(12,2), at timestamptz"
LOAD_ROWS = 1_000_000
"""Of one transaction."""


def table_of(rows: int, uuids: bool) -> pa.Table:
    chance = np.random.default_rng(7)
    numbers = np.arange(rows)
    keys = pa.array(numbers) if not uuids else pa.array([chance.bytes(16) for _ in range(rows)], pa.binary())
    return pa.table(
        {
            "id": keys,
            "customer": pa.array(numbers % 1000, pa.int32()),
            "price": chance.random(rows),
            "note": pa.array([f"row number {number}" for number in range(rows)]),
            "total": pa.array(numbers % 100_000).cast(pa.decimal128(19, 0)).cast(pa.decimal128(38, 2)),
            "at": pa.array(numbers * 1_000_000, pa.timestamp("us", "UTC")),
        }
    )


def by_parts(url: str) -> int:
    from actors.reading.bulk import part_batches
    from actors.reading.plan import ReadPlan

    with eagleray.connect(url, autocommit=True) as connection:
        row = connection.execute("EXPLAIN (PARTS) SELECT * FROM bulk").fetchone()
    assert row is not None
    plan = ReadPlan.of_text(row[0])

    def read(number: int) -> int:
        return pa.Table.from_batches(list(part_batches(plan, number)), plan.schema).num_rows

    with ThreadPoolExecutor(len(plan.parts)) as threads:
        return sum(threads.map(read, range(len(plan.parts))))


def by_psycopg(url: str) -> int:
    with eagleray.connect(url) as connection:
        return len(connection.execute("SELECT * FROM bulk").fetchall())


def by_adbc(url: str) -> int:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM bulk")
        return int(cursor.fetch_arrow_table().num_rows)


def timed(read: Callable[[], int], rows: int, repeat: int) -> list[float]:
    """Seconds of each run."""
    seconds = []
    for _ in range(repeat):
        begun = time.perf_counter()
        assert read() == rows
        seconds.append(round(time.perf_counter() - begun, 3))
    return seconds


def load_ours(url: str, table: pa.Table, key: str) -> float:
    with eagleray.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bulk")
        connection.execute(f"CREATE TABLE bulk ({COLUMNS.format(key=key)})")
    begun = time.perf_counter()
    for low in range(0, table.num_rows, LOAD_ROWS):
        eagleray.load("bulk", table.slice(low, LOAD_ROWS), url=url)
    return time.perf_counter() - begun


def load_peer(url: str, table: pa.Table, key: str) -> float:
    """Numerics go in as a column that ADBC can write, and become numerics in SQL."""
    import psycopg
    from adbc_driver_postgresql import dbapi

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE bulk ({COLUMNS.format(key=key)})")
    begun = time.perf_counter()
    place = table.schema.get_field_index("total")
    with dbapi.connect(url) as adbc, adbc.cursor() as cursor:
        cursor.adbc_ingest("staged", table.set_column(place, "total", table["total"].cast(pa.float64())), mode="create")
        cursor.execute(
            f"INSERT INTO bulk SELECT {'encode(id, $$hex$$)::uuid' if key == 'uuid' else 'id'}, customer, "
            f"price, note, total::numeric(12,2), at FROM staged"
        )
        adbc.commit()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--uuids", action="store_true")
    parser.add_argument("--url", default=default_url())
    given = parser.parse_args()
    table = table_of(given.rows, given.uuids)
    key = "uuid" if given.uuids else "int8"
    result: dict[str, Any] = {"rows": given.rows, "key": key, "load_s": round(load_ours(given.url, table, key), 2)}
    ways: dict[str, Callable[[], int]] = {
        "parts_s": lambda: by_parts(given.url),
        "sql_s": lambda: int(eagleray.read_arrow("SELECT * FROM bulk", url=given.url).num_rows),
        "psycopg_s": lambda: by_psycopg(given.url),
    }
    for name, read in ways.items():
        result[name] = timed(read, given.rows, given.repeat if name != "psycopg_s" else 1)
    with PostgresPeer() as peer:
        result["peer_load_s"] = round(load_peer(peer.url, table, key), 2)
        result["adbc_s"] = timed(lambda: by_adbc(peer.url), given.rows, given.repeat)
    for name in ("parts_s", "sql_s"):
        result[name.replace("_s", "_ratio")] = round(min(result["adbc_s"]) / min(result[name]), 2)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
