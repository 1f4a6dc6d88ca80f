"""Random statements that are typed right: none of them may end in XX000, and with an oracle none may differ.

    python -m tests.sql.fuzz --minutes 60                    this system alone
    python -m tests.sql.fuzz --minutes 5 --oracle            beside PostgreSQL 18 (differential.py)

Expressions are drawn from the system's own register of functions and operators: an argument is a literal, a column, or
a call whose result has its type. They stand in select lists, WHERE, GROUP BY, aggregates, windows, set operations,
subqueries and CTEs, over a stored table and over VALUES. A statement is written down whole, so a failure is its text.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter
from random import Random
from typing import Any

from actors.sql.expressions import registry
from tests.sql.catalog_statements import VALUES
from tests.sql.differential import System, shown, verdict_of
from tests.sql.oracle import Answer, Oracle

TYPES = (
    "bool",
    "int2",
    "int4",
    "int8",
    "float8",
    "numeric",
    "text",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "bytea",
    "timetz",
    "bit",
    "varbit",
    "inet",
    "cidr",
    "macaddr",
    "_int4",
    "_text",
)
COLUMNS = {f"c_{name.strip('_')}": name for name in TYPES if not name.startswith("_")}
SKIPPED = frozenset(
    {
        "random",
        "gen_random_uuid",
        "clock_timestamp",
        "timeofday",
        "pg_typeof",
        "set_config",
        "current_setting",
        "repeat",
        "lpad",
        "rpad",
        "row",
        "bool_out",
        "factorial",
    }
    | {
        "bpchar_out",
        "bpchar_trimmed",
        "array_subscript",
        "array_slice",
        "similar_to_escape",
        "now",
        "statement_timestamp",
        "transaction_timestamp",
        "version",
        "||/",
    }
    | {
        "current_user",
        "session_user",
        "user",
        "current_schema",
        "current_database",
        "current_catalog",
        "localtime",
        "localtimestamp",
        "current_time",
        "current_role",
    }
    | {
        "current_date",
        "current_timestamp",
        "pg_backend_pid",
        "age",
        "pg_postmaster_start_time",
        "pg_conf_load_time",
        "inet_server_port",
        "like_escape",
        "inet_out",
        "name_subscript",
    }
)
"""Of the environment or without end; forms that are no calls in SQL."""
SUMS = {
    "int2": "sum",
    "int4": "sum",
    "int8": "avg",
    "float8": "sum",
    "numeric": "avg",
    "interval": "sum",
    "text": "max",
    "date": "min",
    "timestamp": "max",
    "time": "max",
}
SETUP = (
    "CREATE TABLE f (id int PRIMARY KEY, " + ", ".join(f"{column} {name}" for column, name in COLUMNS.items()) + ")",
    "INSERT INTO f (id, c_int4, c_text, c_numeric, c_date, c_bool, c_interval) VALUES (1, 5, 'abc', 1.10, "
    "'2024-02-29', true, '1 day'), (2, -3, 'Äb', 100, '1999-12-31', false, '1 month')",
    "INSERT INTO f (id, c_int2, c_int8, c_float8, c_timestamp, c_timestamptz, c_time, c_uuid, c_bytea) "
    "VALUES (3, 7, 12345678901, 1.5, '2024-02-29 12:34:56', '2024-03-10 06:30+00', '13:45', "
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x01')",
    "INSERT INTO f (id) VALUES (4)",
)


def _functions() -> dict[str, list[registry.Function]]:
    """By result type: what takes arguments of the types drawn here."""
    found: dict[str, list[registry.Function]] = {name: [] for name in TYPES}
    for name in registry.names():
        for function in registry.find(name):
            known = all(argument in TYPES for argument in function.arguments)
            if known and function.arguments and function.result in found and name not in SKIPPED and not function.slow:
                found[function.result].append(function)
    return found


FUNCTIONS = _functions()


class Generator:
    """Statements of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def expression(self, type_: str, depth: int, columns: dict[str, str]) -> str:
        choice = self.random.random()
        mine = [column for column, name in columns.items() if name == type_]
        if mine and choice < 0.35:
            return self.random.choice(mine)
        if depth <= 0 or choice < 0.45 or not FUNCTIONS[type_]:
            return self.random.choice([*VALUES[type_], f"NULL::{type_}"])
        if choice < 0.6:
            return self._special(type_, depth, columns)
        function = self.random.choice(FUNCTIONS[type_])
        arguments = [self.expression(argument, depth - 1, columns) for argument in function.arguments]
        if function.name[0].isalpha():
            return f"{function.name}({', '.join(arguments)})"
        return (
            f"({f' {function.name} '.join(arguments)})" if len(arguments) > 1 else f"({function.name} {arguments[0]})"
        )

    def _special(self, type_: str, depth: int, columns: dict[str, str]) -> str:
        one, other = (self.expression(type_, depth - 1, columns) for _ in range(2))
        condition = self.expression("bool", depth - 1, columns)
        forms = [
            f"CASE WHEN {condition} THEN {one} ELSE {other} END",
            f"coalesce({one}, {other})",
            f"nullif({one}, {other})",
        ]
        if type_ == "bool":
            another = self.random.choice(TYPES)
            value, items = (
                self.expression(another, depth - 1, columns),
                ", ".join(self.random.choice(VALUES[another]) for _ in range(3)),
            )
            forms += [
                f"({one} AND {other})",
                f"({one} OR NOT {other})",
                f"({value} IS NULL)",
                f"({value} IS DISTINCT FROM {self.random.choice(VALUES[another])})",
            ]
            forms += (
                [f"({value} IN ({items}))"]
                if not another.startswith("_")
                else [f"({self.random.choice(VALUES[another[1:]])} = ANY ({value}))"]
            )
        elif type_ not in ("uuid",):
            forms.append(f"greatest({one}, {other})")
        return self.random.choice(forms)

    def _source(self) -> tuple[str, dict[str, str]]:
        """(FROM, its columns)."""
        kind = self.random.randrange(4)
        if kind == 0:
            return "f", COLUMNS
        if kind == 1:
            return "(SELECT * FROM f) q", COLUMNS
        types = self.random.sample(TYPES, 2)
        rows = ", ".join(
            "(" + ", ".join(self.random.choice([*VALUES[name], "NULL"]) for name in types) + ")" for _ in range(3)
        )
        first = "(" + ", ".join(VALUES[name][0] for name in types) + ")"
        return f"(VALUES {first}, {rows}) t(a, b)", dict(zip("ab", types, strict=True))

    def statement(self) -> str:
        source, columns = self._source()
        type_, other = self.random.choice(TYPES), self.random.choice(TYPES)
        one, two = self.expression(type_, 3, columns), self.expression(other, 2, columns)
        where = f" WHERE {self.expression('bool', 2, columns)}" if self.random.random() < 0.5 else ""
        kind = self.random.randrange(9)
        total = f"{SUMS.get(other, 'count')}({two})"
        if kind == 0:
            return f"SELECT {one} AS x, {total} AS y, count(*) FROM {source}{where} GROUP BY 1 ORDER BY 1"
        if kind == 1:
            return f"SELECT DISTINCT {one} AS x FROM {source}{where} ORDER BY 1"
        if kind == 2:
            return f"SELECT {one} AS x FROM {source}{where} UNION SELECT {self.expression(type_, 2, {})} ORDER BY 1"
        if kind == 3:
            return (
                f"SELECT {one} AS x, count(*) OVER (PARTITION BY {two}), rank() OVER (ORDER BY {two}), "
                f"lag({one}) OVER (ORDER BY {one}) AS y FROM {source}{where}"
            )
        if kind == 4:
            return (
                f"SELECT {total} AS x, array_agg({one} ORDER BY {two}) FILTER (WHERE "
                f"{self.expression('bool', 1, columns)}) FROM {source}{where}"
            )
        if kind == 5:
            return (
                f"WITH w AS (SELECT {one} AS x, {two} AS y FROM {source}{where}) SELECT x, y, (SELECT count(*) "
                f"FROM w w2 WHERE w2.x = w.x) FROM w ORDER BY 1, 2"
            )
        if kind == 6:
            return (
                f"SELECT {two} AS y FROM {source} WHERE {one} IN (SELECT {self.expression(type_, 1, {})}) OR "
                f"EXISTS (SELECT 1 FROM f g WHERE g.id > 3) ORDER BY 1"
            )
        return f"SELECT {one} AS x, {two} AS y FROM {source}{where}"


async def run(
    seed: int, statements: int, seconds: float, oracle: Oracle | None = None, show: bool = False
) -> list[tuple[str, Answer]]:
    """(statement, answer) of each that ended in XX000; with an oracle of each that differs."""
    generator, system = Generator(seed), System()
    found: list[tuple[str, Answer]] = []
    verdicts: Counter[str] = Counter()
    for sql in SETUP:
        answer = await system.ask(sql)
        assert not answer.sqlstate, answer
        if oracle is not None:
            oracle.ask(sql)
    end = time.monotonic() + seconds
    while sum(verdicts.values()) < statements and time.monotonic() < end:
        sql = generator.statement()
        answer = await system.ask(sql)
        theirs = oracle.ask(sql) if oracle is not None else None
        verdict = (
            verdict_of(sql, answer, theirs)
            if theirs is not None
            else "crashed"
            if answer.sqlstate == "XX000"
            else "ran"
        )
        verdicts[verdict] += 1
        if verdict in ("crashed", "wrong", "fails", "accepted", "type"):
            found.append((sql, answer))
            if show:
                print(
                    f"{verdict}: {sql}\n    ours   {shown(answer)[:600]}"
                    + (f"\n    theirs {shown(theirs)[:600]}" if theirs else ""),
                    flush=True,
                )
    if show:
        print(dict(verdicts))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="random statements, typed right")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--statements", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--oracle", action="store_true", help="beside PostgreSQL 18")
    parser.add_argument("--url", default="", help="of a PostgreSQL that runs")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    arguments: Any = (given.seed, given.statements, 60 * given.minutes)
    if given.oracle:
        with Oracle(given.url) as oracle:
            oracle.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            found = asyncio.run(run(*arguments, oracle=oracle, show=True))
    else:
        found = asyncio.run(run(*arguments, show=True))
    os._exit(bool(found))


if __name__ == "__main__":
    main()
