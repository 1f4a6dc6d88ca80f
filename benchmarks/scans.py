"""Queries over all rows of a large table: Eagleray, packed, beside PostgreSQL 18, in one run.

One client, prepared statements, autocommit, everything warm; milliseconds a statement at the median, by the client's
clock. PostgreSQL has its defaults (parallel workers included) and has analyzed the table. Each answer is compared.
Writes bench-results/scans.json.

    python -m benchmarks.scans [--rows 1000000] [--seconds 3] [--only "top rows,count"] [--hold]

`--hold`: leave Eagleray's cluster running until Enter is pressed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peer_postgres import PostgresPeer
from benchmarks.pgbench import Eagleray

TABLE = """CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL, region text NOT NULL,
    amount numeric(12,2) NOT NULL, quantity int NOT NULL, placed timestamptz NOT NULL)"""
FILL = """INSERT INTO orders SELECT n, n::bigint * 7919 % 50000, 'region-' || n % 17,
    (n::bigint * 7907 % 1000000) / 100.0, n % 23, TIMESTAMPTZ '2025-01-01 00:00:00+00' + n * INTERVAL '31 seconds'
    FROM generate_series({}, {}) AS n"""
FILL_ROWS = 250_000
QUERIES = {
    "count(*)": "SELECT count(*) FROM orders",
    "sum": "SELECT sum(amount) FROM orders",
    "17 groups": "SELECT region, sum(amount), avg(quantity) FROM orders GROUP BY region ORDER BY region",
    "top groups": "SELECT customer, sum(amount) FROM orders GROUP BY customer ORDER BY 2 DESC, 1 LIMIT 10",
    "top rows": "SELECT * FROM orders ORDER BY amount DESC, id LIMIT 10",
    "filtered count": "SELECT count(*) FROM orders WHERE quantity > 5 AND amount < 5000",
    "join": "SELECT o.region, count(*) FROM orders o JOIN (SELECT customer, max(amount) AS most FROM orders GROUP BY "
    "customer) m ON m.customer = o.customer WHERE o.amount = m.most GROUP BY o.region ORDER BY 1",
    "date_trunc": "SELECT date_trunc('day', placed), sum(amount * quantity) FROM orders GROUP BY 1 ORDER BY 1",
}
SAMPLES_MIN = 3
WARM_UP = 2


def load(url: str, rows: int) -> float:
    """Seconds."""
    begun = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        for low in range(0, rows, FILL_ROWS):
            connection.execute(FILL.format(low, min(low + FILL_ROWS, rows) - 1))
    return time.perf_counter() - begun


def measure(url: str, queries: Iterable[str], seconds: float) -> dict[str, tuple[float, list[Any]]]:
    """(median milliseconds, the answer) of each query."""
    found: dict[str, tuple[float, list[Any]]] = {}
    for name in queries:
        median_ms, answer, first_ms = measure_one(url, name, seconds)
        found[name] = median_ms, answer
        print(f"    {name:16} {median_ms:9.1f} ms  (first {first_ms:.0f} ms)", flush=True)
    return found


def measure_one(url: str, name: str, seconds: float) -> tuple[float, list[Any], float]:
    """(median milliseconds, the answer, the first run's milliseconds)."""
    times: list[float] = []
    answer: list[Any] = []
    until = 0.0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        while len(times) < WARM_UP + SAMPLES_MIN or time.perf_counter() < until:
            until = until or time.perf_counter() + seconds
            start = time.perf_counter()
            answer = connection.execute(QUERIES[name], prepare=True).fetchall()
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[WARM_UP:]), answer, times[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3, help="for each query")
    parser.add_argument("--only", default=",".join(QUERIES))
    parser.add_argument("--hold", action="store_true")
    given = parser.parse_args()
    queries = given.only.split(",")
    with PostgresPeer() as peer:
        print(f"PostgreSQL: {given.rows:,} rows in {load(peer.url, given.rows):.1f} s", flush=True)
        with psycopg.connect(peer.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE orders")
        theirs = measure(peer.url, queries, given.seconds)
    with Eagleray(0, "az") as cluster:
        print(f"Eagleray: {given.rows:,} rows in {load(cluster.url, given.rows):.1f} s", flush=True)
        ours = measure(cluster.url, queries, given.seconds)
        if given.hold:
            print(cluster.url, "- Enter ends it", flush=True)
            sys.stdin.readline()
    for name in queries:
        right = repr(ours[name][1]) == repr(theirs[name][1])
        print(
            f"{name:16} PostgreSQL {theirs[name][0]:8.1f} ms   Eagleray {ours[name][0]:8.1f} ms   "
            f"{theirs[name][0] / ours[name][0]:6.2f} of PostgreSQL's speed{'' if right else '   WRONG'}"
        )
    figures = {
        name: {"postgresql_ms": round(theirs[name][0], 2), "eagleray_ms": round(ours[name][0], 2)} for name in queries
    }
    Path("bench-results").mkdir(exist_ok=True)
    Path("bench-results/scans.json").write_text(json.dumps({"rows": given.rows, "queries": figures}, indent=1))


if __name__ == "__main__":
    main()
