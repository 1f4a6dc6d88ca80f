"""Whatever index a plan uses, the rows are the same: random conditions on a table with indexes and on a copy without
any."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import OPEN_LIMITS, Settings
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.row_executor.stored_table import stored_table
from actors.query_processor.session import Session, SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.cluster import run

ROWS = 120
STATEMENTS = 60
COLUMNS = ("a", "b", "c", "d")
INDEXES = (
    "CREATE INDEX i1 ON {table} (a, b)",
    "CREATE INDEX i2 ON {table} (b DESC, c NULLS FIRST)",
    "CREATE INDEX i3 ON {table} (c DESC NULLS LAST)",
    "CREATE UNIQUE INDEX i4 ON {table} (d)",
    "CREATE UNIQUE INDEX i5 ON {table} (a, d)",
)


OPEN = Settings(mode="open", limits=OPEN_LIMITS)


class Client:
    def __init__(self, settings: Settings = OPEN) -> None:
        self.cluster = StoredCluster(settings)
        self.services = SessionServices(self.cluster.context, make_plan, make_environment)
        self.session = Session(self.services)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        async def work() -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = []
            for raw in self.session.split(sql):
                rows = (await self.session.bind(await self.session.prepare(raw)).run()).rows
            await self.session.sync()
            return rows

        return run(work())  # type: ignore[no-any-return]


def literal(random: Random, column: str) -> str:
    if column == "b":
        return random.choice(["''", "'x'", "'xy'", "'é'", "'z'"])
    return str(random.choice([-3, 0, 1, 2, 3, 7, 50, 3_000_000_000]))


def condition(random: Random, depth: int = 2) -> str:
    if depth and random.random() < 0.5:
        joined = [condition(random, depth - 1) for _ in range(random.randint(2, 3))]
        return "(" + random.choice([" AND ", " AND ", " AND ", " OR "]).join(joined) + ")"
    column = random.choice((*COLUMNS, "id"))
    kind = random.random()
    if kind < 0.4:
        return f"{column} {random.choice(['=', '=', '=', '<', '<=', '>', '>=', '<>'])} {literal(random, column)}"
    if kind < 0.5:
        return f"{literal(random, column)} {random.choice(['=', '<', '>='])} {column}"
    if kind < 0.65:
        items = ", ".join(literal(random, column) for _ in range(random.randint(1, 4)))
        return f"{column} {random.choice(['IN', 'IN', 'NOT IN'])} ({items})"
    if kind < 0.8:
        return f"{column} BETWEEN {literal(random, column)} AND {literal(random, column)}"
    if kind < 0.9:
        return f"{column} IS {random.choice(['', 'NOT '])}NULL"
    return f"a {random.choice(['<', '=', '>='])} c"


def order(random: Random) -> str:
    chosen = random.sample((*COLUMNS, "id"), random.randint(0, 3))
    items = [
        f"{name} {random.choice(['ASC', 'DESC'])} {random.choice(['', 'NULLS FIRST', 'NULLS LAST'])}" for name in chosen
    ]
    return ", ".join([*items, *([] if "id" in chosen else [random.choice(["id", "id DESC"])])])


def fill(client: Client, random: Random) -> None:
    rows = []
    for number in range(ROWS):
        small = [random.choice(["NULL", "0", "1", "2", "3"]) for _ in range(2)]
        text = random.choice(["NULL", "''", "'x'", "'xy'", "'é'", "'z'"])
        unique = "NULL" if random.random() < 0.2 else str(number - 5)
        rows.append(f"({number - 4}, {small[0]}, {text}, {small[1]}, {unique})")
    for table in ("indexed", "plain"):
        client.query(f"INSERT INTO {table} VALUES {', '.join(rows)}")


@pytest.mark.parametrize("seed", range(4))
def test_every_access_path_gives_the_same_rows(seed: int) -> None:
    random, client = Random(seed), Client()
    client.query("CREATE TABLE indexed (id int PRIMARY KEY, a int, b text, c bigint, d smallint)")
    client.query("CREATE TABLE plain (id int, a int, b text, c bigint, d smallint)")
    for sql in random.sample(INDEXES, random.randint(2, len(INDEXES))):
        client.query(sql.format(table="indexed"))
    fill(client, random)
    used: set[str] = set()
    for statement in range(STATEMENTS):
        if statement == STATEMENTS // 2:
            client.query("BEGIN")  # from here on own writes are in the way
        if statement >= STATEMENTS // 2:
            where = condition(random)
            change = random.choice(
                [
                    "UPDATE {} SET a = c, c = a WHERE ",
                    "UPDATE {} SET b = 'xy', a = NULL WHERE ",
                    "DELETE FROM {} WHERE id > 100 AND ",
                ]
            )
            for table in ("indexed", "plain"):
                client.query(change.format(table) + where)
        tail = f"WHERE {condition(random)} ORDER BY {order(random)}"
        if random.random() < 0.3:
            tail = tail.partition(" ORDER BY ")[0] + " ORDER BY id"
        elif random.random() < 0.5:
            tail += f" LIMIT {random.randint(0, 9)} OFFSET {random.choice([0, 0, 2])}"
        targets = random.choice(["*", "*", "id", "b, id", "a + c"])
        expected = client.query(f"SELECT {targets} FROM plain {tail}")
        assert client.query(f"SELECT {targets} FROM indexed {tail}") == expected, tail
        used.add(_scan(client, tail))
    assert len(used) >= 3, "the statements hardly used any index"
    client.query("COMMIT")
    check_indexes(client)


def check_indexes(client: Client) -> None:
    """Every index holds exactly the entries of the rows that there are."""
    at = client.cluster.clock.now().latest
    catalog = client.services.catalogs.current
    assert catalog is not None
    stored = stored_table(catalog.table("public", "indexed"))
    values = {key: client.cluster.value(key, at) for key in client.cluster.keys(at)}
    rows = {
        key: stored.decode(value)
        for key, value in values.items()
        if value is not None and key.startswith(stored.primary.space)
    }
    assert 0 < len(rows) < ROWS
    for index in stored.secondary:
        entries = {key: value for key, value in values.items() if key.startswith(index.space)}
        assert entries == dict(index.entry(row, key) for key, row in rows.items()), index.index.name


def _scan(client: Client, tail: str) -> str:
    lines = [row[0] for row in client.query(f"EXPLAIN SELECT * FROM indexed {tail}")]
    return next(line.strip().removeprefix("-> ").partition(" on ")[0] for line in lines if " on indexed" in line)


@pytest.mark.parametrize("tail", ["", "WHERE a + id > 0", "ORDER BY a", "WHERE a >= 0"])
def test_a_scan_that_holds_too_much_is_ended(tail: str) -> None:
    client = Client(Settings(mode="open", limits=replace(OPEN_LIMITS, statement_memory_bytes_max=1000)))
    client.query("CREATE TABLE t (id int PRIMARY KEY, a int, b text)")
    client.query("CREATE INDEX t_a ON t (a)")
    client.query("INSERT INTO t VALUES " + ", ".join(f"({number}, {number}, '{'x' * 100}')" for number in range(20)))
    assert len(client.query("SELECT * FROM t WHERE id < 5")) == 5
    with pytest.raises(DatabaseError, match="more than allowed temp space of 0 KB") as caught:
        client.query(f"SELECT * FROM t {tail}")
    assert caught.value.sqlstate == "54000"
