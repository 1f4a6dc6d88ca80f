"""Joins, groups and the like over ten to a thousand rows: in rows, in DuckDB (`querying.small_rows_max = 0`), and on
PostgreSQL 18, in one run.

One client, prepared statements, autocommit; milliseconds a statement at the median, by the client's clock. Writes
bench-results/small.json.

    python -m benchmarks.small [--rows 10,100,1000] [--seconds 0.5]
    python -m benchmarks.small --texts 500      texts that all differ (small_texts.py), milliseconds each at the mean
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peer_postgres import PostgresPeer
from benchmarks.pgbench import Eagleray
from benchmarks.small_texts import KINDS, statements

QUERIES = {
    "group": "SELECT state, count(*), sum(total) FROM o{0} GROUP BY state ORDER BY 2 DESC, 1",
    "join": "SELECT o.id, c.name FROM o{0} o JOIN c{0} c ON c.code = o.customer ORDER BY o.id LIMIT 50",
    "join and group": "SELECT c.name, sum(o.total), count(*) FROM o{0} o JOIN c{0} c ON c.code = o.customer GROUP BY "
    "c.name "
    "HAVING count(*) > 1 ORDER BY 2",
    "distinct": "SELECT DISTINCT state FROM o{0}",
    "in": "SELECT count(*) FROM o{0} WHERE customer IN (SELECT code FROM c{0} WHERE name < 'n5')",
    "union": "SELECT customer FROM o{0} UNION SELECT code FROM c{0} ORDER BY 1 LIMIT 20",
}
SAMPLES_MIN = 5
TEXTS_BEFORE = 50
"""Statements of a kind that are not counted: files are mapped, functions met for the first time."""
_TABLE = re.compile(r"CREATE TABLE (\w+)")


def load(connection: Any, rows: int) -> None:
    connection.execute(f"CREATE TABLE o{rows} (id int PRIMARY KEY, customer int, state text, total numeric(10,2))")
    connection.execute(f"CREATE TABLE c{rows} (id int PRIMARY KEY, code int, name text)")
    for start in range(0, rows, 500):
        numbers = range(start, min(start + 500, rows))
        orders = ", ".join(f"({number}, {number % (rows // 5)}, 's{number % 7}', {number}.25)" for number in numbers)
        customers = ", ".join(f"({number}, {number}, 'n{number % 9}')" for number in numbers)
        connection.execute(f"INSERT INTO o{rows} VALUES {orders}")
        connection.execute(f"INSERT INTO c{rows} VALUES {customers}")


def measure(url: str, sizes: list[int], seconds: float) -> dict[str, tuple[float, list[Any]]]:
    """(median milliseconds, the answer) of each query at each size."""
    found: dict[str, tuple[float, list[Any]]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for rows in sizes:
            load(connection, rows)
        for rows in sizes:
            for name, query in QUERIES.items():
                times: list[float] = []
                answer: list[Any] = []
                begun = time.perf_counter()
                while len(times) < SAMPLES_MIN or time.perf_counter() - begun < seconds:
                    start = time.perf_counter()
                    answer = connection.execute(query.format(rows), prepare=True).fetchall()
                    times.append((time.perf_counter() - start) * 1e3)
                found[f"{rows} rows, {name}"] = statistics.median(times[2:]), answer
    return found


def measure_texts(url: str, count: int) -> dict[str, tuple[float, list[Any]]]:
    """(mean milliseconds, the answers) of each kind's statements, in their order; a refused one counts with its
    SQLSTATE."""
    found: dict[str, tuple[float, list[Any]]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for kind in KINDS:
            made, queries = statements(kind, count=count + TEXTS_BEFORE)
            for statement in made:
                connection.execute(statement)
            answers = [_answer(connection, query) for query in queries[:TEXTS_BEFORE]]
            begun = time.perf_counter()
            answers += [_answer(connection, query) for query in queries[TEXTS_BEFORE:]]
            found[kind] = (time.perf_counter() - begun) * 1e3 / count, answers
            for table in {name[1] for name in map(_TABLE.match, made) if name is not None}:
                connection.execute(f"DROP TABLE {table}")
    return found


def _answer(connection: Any, query: str) -> Any:
    try:
        return sorted(map(repr, connection.execute(query).fetchall()))
    except psycopg.Error as error:
        return error.sqlstate


def compare_texts(count: int) -> None:
    with PostgresPeer() as peer:
        theirs = measure_texts(peer.url, count)
    with Eagleray(0, "az") as cluster:
        ours = measure_texts(cluster.url, count)
    for kind, (milliseconds, answers) in theirs.items():
        same = sum(one == other for one, other in zip(answers, ours[kind][1], strict=True))
        print(
            f"{kind:26} PostgreSQL {milliseconds:7.3f} ms   Eagleray {ours[kind][0]:7.3f}   "
            f"{milliseconds / ours[kind][0]:.3f} of PostgreSQL's speed   {same} of {len(answers)} answers are the same"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="10,100,1000")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each query")
    parser.add_argument("--texts", type=int, default=0, metavar="COUNT", help="of each kind")
    given = parser.parse_args()
    if given.texts:
        compare_texts(given.texts)
        return
    sizes = [int(number) for number in given.rows.split(",")]
    results = {}
    with PostgresPeer() as peer:
        results["postgresql"] = measure(peer.url, sizes, given.seconds)
    for name, settings in (("duckdb", "\n[querying]\nsmall_rows_max = 0\n"), ("rows", "")):
        with Eagleray(0, "az", settings) as cluster:
            results[name] = measure(cluster.url, sizes, given.seconds)
    for name, (theirs, answer) in results["postgresql"].items():
        ours, duck = results["rows"][name], results["duckdb"][name]
        right = all(sorted(map(repr, other)) == sorted(map(repr, answer)) for _, other in (ours, duck))
        print(
            f"{name:26} PostgreSQL {theirs:7.2f} ms   DuckDB {duck[0]:7.2f}   rows {ours[0]:7.2f}   "
            f"{theirs / ours[0]:.2f} of PostgreSQL's speed"
            f"{'' if right else '   WRONG'}"
        )
    figures = {system: {name: round(median, 3) for name, (median, _) in of.items()} for system, of in results.items()}
    Path("bench-results").mkdir(exist_ok=True)
    Path("bench-results/small.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
