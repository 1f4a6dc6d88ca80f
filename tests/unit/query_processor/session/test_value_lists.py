"""INSERTs of many rows: their lexer takes what PostgreSQL reads alike, and the rows are those that the parser's way
writes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from actors.query_processor.session.value_lists import ValueList, read_values
from actors.runtime.fiber import as_future
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, LoopClient

ROWS = 300
"""Enough for a text beyond CHARACTERS_MIN."""


def connected() -> LoopClient:
    cluster = StoredCluster(OPEN)
    made = LoopClient(cluster, SessionServices(cluster.context, make_plan, make_environment))
    made.query(
        "CREATE TABLE t (id int PRIMARY KEY, s text DEFAULT 'none', v varchar(5), n numeric(9,2), b bool, z "
        "timestamptz, l int8, a bytea)"
    )
    return made


@pytest.fixture
def client() -> Iterator[LoopClient]:
    made = connected()
    yield made
    made.loop.close()


def insert(rows: list[str], head: str = "INSERT INTO t VALUES", tail: str = "") -> str:
    return f"{head} {', '.join(rows)} {tail}"


def numbered(row: str, rows: int = ROWS) -> list[str]:
    return [row.replace("#", str(number)) for number in range(rows)]


TAKEN = [
    "(#, 'it''s', NULL, -1.50, true, '2026-01-01 10:00', 5, '{1,2}')",
    "(#,null,'a'::varchar(3),.5e1,FALSE,now(),3000000000,NULL::int[])",
    "( # , DEFAULT, E'a\\'b', 1., null, current_timestamp, -#, ARRAY)",
    "(#, 'a;b$c--d', $$x$$)",
    "(#, 'é', '\t', 12, true)",
    "(#, '  x'::text::char(3), 'y'::pg_catalog.varchar (3))",
]
READ = [True, True, True, False, True, False]


@pytest.mark.parametrize(("row", "read"), list(zip(TAKEN, READ, strict=True)))
def test_what_is_read(row: str, read: bool) -> None:
    values = read_values(insert(numbered(row)))
    assert (values is not None) == read
    if values is not None:
        assert len(values.rows) == ROWS and len(values.shapes) == 1


@pytest.mark.parametrize(
    "text",
    [
        insert(["(1, 'a')", "(2, 'b' || 'c')"]),
        insert(["(1, 'a')", "(2, 'b'\n'c')"]),
        insert(["(1, 'a')", "(2, 'b')"], tail="UNION SELECT 1, 'c'"),
        insert(["(1, 'a')", "(2, 'b')"], tail="; DELETE FROM t"),
        insert(["(1, 'a')", "(2, 'b')"], tail="ORDER BY 1"),
        insert(["(1, $1)", "(2, $2)"], tail="ON CONFLICT (id) DO UPDATE SET s = $3"),
        insert(["(1, 'a')", "(2, /* ' */ 'b')"]),
        insert(["(1, 'a')", "(2, (SELECT 'b'))"]),
        insert(["(1, B'1')", "(2, X'1f')"]),
        insert(["(1, U&'a')", "(2, N'a')"]),
        insert(["(1, date '2026-01-01')", "(2, NULL)"]),
        insert(["(1, 'a')", "(2, 'b'"]),
        insert(["(1, 'a')", "(2, 'b', NULL)"]),
        insert(["(1, 'a')", "(2, 'b"]),
        insert(["(1, 'a')"]),
        insert(["(1, E'\\101')", "(2, E'\\u0041')"]),
        insert(["(1, 12abc)", "(2, 1_000)"]),
        insert(["(1)", "(2)"], head="WITH x AS (SELECT 1) INSERT INTO t VALUES"),
        insert(["(1)", "(2)"], head="EXPLAIN INSERT INTO t VALUES"),
        insert(["(1)", "(2)"], head="INSERT INTO t -- VALUES (1)\n VALUES"),
        insert(["(1)", "(2)"], head="INSERT INTO t OVERRIDING USER VALUE VALUES"),
    ],
)
def test_what_is_left_to_the_parser(text: str) -> None:
    assert read_values(text) is None


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("insert into t(id,s)\nvalues", ";"),
        ('INSERT INTO public."t" ("id", "s") VALUES', " RETURNING id, s ;\n"),
        ("INSERT INTO t (id, s) VALUES", "ON CONFLICT (id) DO UPDATE SET s = excluded.s || '!' RETURNING *"),
    ],
)
def test_heads_and_tails(client: LoopClient, head: str, tail: str) -> None:
    rows = numbered("(#, 'value #')")
    text = insert(rows, head, tail)
    assert isinstance(read_values(text), ValueList)
    assert client.tag(text) == f"INSERT 0 {ROWS}"
    assert client.rows("SELECT count(*), max(length(s)) FROM t") == [(ROWS, 9)]


def both_ways(monkeypatch: pytest.MonkeyPatch, run: Any) -> list[Any]:
    """What `run(client)` gives, by this lexer and by the parser."""
    results = []
    for least in (0, 1 << 30):
        monkeypatch.setattr("actors.query_processor.session.statements.VALUE_LIST_CHARACTERS_MIN", least)
        client = connected()
        results.append(run(client))
        client.loop.close()
    return results


@pytest.mark.parametrize(
    "rows",
    [
        numbered("(#, 'it''s #', 'abc', 1.005, true, '2026-01-01 10:00', 3000000000, '\\\\x0102')"),
        numbered("(#, DEFAULT, NULL, -7, false, '2026-01-01'::timestamptz, #, NULL)"),
        numbered("(#, E'\\'#\\n', 'toolong'::varchar(4), 3000000000, NULL, now(), -5)")[:250],
        [f"({number}, {('NULL', number, repr(str(number)), 'true', 1.5)[number % 5]})" for number in range(ROWS)],
        [f"({number}, 'x', {['NULL', repr('toolong')][number == 299]})" for number in range(ROWS)],
        [f"({number}, 'x', 'a', {['1', '99999999.99'][number == 299]})" for number in range(ROWS)],
        [f"({number}, 'x', 'a', {['1', repr('one')][number == 299]})" for number in range(ROWS)],
        [f"({['1', str(number + 5)][number > 0 and number < 299]}, 'xxxxxxxx')" for number in range(ROWS)],
        numbered("(#, 'missing columns'"" , 'a', 1, true, 'now', 1, NULL, 9)"),
        numbered("(nosuch, 'xxxxxxxxxxxx')"),
        numbered("(#::text, 'xxxxxxxxxxxx')"),
        numbered("(3000000000, 'xxxxxxxxxxxx #')"),
        numbered("(#, true::text::varchar(2), 'x'::text)"),
    ],
    ids=range(13),
)  # fmt: skip
def test_rows_are_what_the_parser_makes_of_them(monkeypatch: pytest.MonkeyPatch, rows: list[str]) -> None:
    assert isinstance(read_values(insert(rows)), ValueList)

    def run(client: LoopClient) -> Any:
        head = "INSERT INTO t VALUES"
        try:
            returned = client.rows(insert(rows, head, "RETURNING id, s, v, n, b, z IS NULL, l, a"))
        except DatabaseError as error:
            return error.sqlstate, error.message
        return returned, client.rows("SELECT id, s, v, n, b, l, a FROM t ORDER BY id")

    here, there = both_ways(monkeypatch, run)
    assert here == there


def parameters(width: int, rows: int = ROWS) -> list[str]:
    return ["(" + ", ".join(f"${row * width + place + 1}" for place in range(width)) + ")" for row in range(rows)]


INT2, INT4, INT8, TEXT, NUMERIC = 21, 23, 20, 25, 1700


@pytest.mark.parametrize(
    ("rows", "oids", "datums"),
    [
        (parameters(2), (), [value for row in range(ROWS) for value in (row, f"s{row}")]),
        (parameters(2), (INT2, TEXT) * ROWS, [value for row in range(ROWS) for value in (row, None)]),
        (
            parameters(2),
            (INT4, 0, INT8, TEXT) * (ROWS // 2),
            [value for row in range(ROWS) for value in (row, f"s{row}")],
        ),
        (parameters(2), (INT8, 0) * ROWS, [value for row in range(ROWS) for value in (row + 2**31 - ROWS // 2, "x")]),
        (parameters(2), (TEXT, 0) * ROWS, [value for row in range(ROWS) for value in (str(row), "x")]),
        (parameters(2), (INT4, INT4) * ROWS, [value for row in range(ROWS) for value in (row, row)]),
        ([f"(${row + 2}, 'a', 'b', $1)" for row in range(ROWS)], (), [Decimal("1.25"), *range(ROWS)]),
        ([f"(${row + 2}, $1, $1)" for row in range(ROWS)], (), ["shared", *range(ROWS)]),
        ([f"(${row + 2}, $1, $1)" for row in range(ROWS)], (), ["ok", *range(ROWS)]),
        (
            [f"($1, ${row + 2}, 'a', $1, true, NULL, $1)" for row in range(ROWS)],
            (NUMERIC,),
            [Decimal(7), *map(str, range(ROWS))],
        ),
        ([f"(${row + 2}::int, 'a', 'b')" for row in range(ROWS)], (), ["never used", *map(str, range(ROWS))]),
    ],
    ids=range(11),
)
def test_parameters_are_what_the_parser_makes_of_them(
    monkeypatch: pytest.MonkeyPatch, rows: list[str], oids: tuple[int, ...], datums: list[Any]
) -> None:
    assert isinstance(read_values(insert(rows)), ValueList)

    def run(client: LoopClient) -> Any:
        try:
            sql = insert(rows, "INSERT  INTO  t  VALUES" + " " * 500)
            prepared = client.loop.run_until_complete(_prepare(client, sql, oids))
            batch = client.execute(sql, *datums, oids=oids)
        except DatabaseError as error:
            client.session.fail()
            return error.sqlstate, error.message
        return prepared, batch.tag, client.rows("SELECT id, s, v, n, l FROM t ORDER BY id")

    here, there = both_ways(monkeypatch, run)
    assert here == there


async def _prepare(client: LoopClient, sql: str, oids: tuple[int, ...]) -> list[str]:
    prepared = await as_future(client.session.prepare(sql, oids))
    return [type_.name for type_ in prepared.parameter_types]


def test_a_row_is_planned_once_for_all_texts(client: LoopClient) -> None:
    plans: list[Any] = []
    statements = client.session.services.statements
    planner = statements._planner

    def counting(node: Any, *arguments: Any) -> Any:
        plans.append(node)
        return planner(node, *arguments)

    statements._planner = counting
    for low in range(0, 3000, 1000):
        client.query(insert([f"({low + number}, 'value {number}')" for number in range(1000)]))
    assert len(plans) == 1


def test_a_changed_table_is_met_by_a_statement_that_was_prepared(client: LoopClient) -> None:
    sql = insert(parameters(2), "INSERT INTO t (id, s) VALUES")
    prepared = client.loop.run_until_complete(_statement(client, sql))
    client.query("ALTER TABLE t ADD COLUMN extra int DEFAULT 5")
    datums = [value for row in range(ROWS) for value in (row, f"s{row}")]

    async def work() -> Any:
        batch = await client.session.bind(prepared, datums).run()
        await client.session.sync()
        return batch.tag

    assert client._guarded(work()) == f"INSERT 0 {ROWS}"
    assert client.rows("SELECT count(*) FROM t WHERE s = 's' || id") == [(ROWS,)]


async def _statement(client: LoopClient, sql: str) -> Any:
    return await as_future(client.session.prepare(sql))


def test_many_shapes_are_left_to_the_parser() -> None:
    rows = [f"({', '.join(('NULL', 'DEFAULT')[row >> place & 1] for place in range(8))}, {row})" for row in range(256)]
    assert read_values(insert(rows)) is None


def test_rows_beyond_a_statements_memory_are_refused() -> None:
    with pytest.raises(DatabaseError) as refused:
        read_values(insert(numbered("(#, 'x')")), 50_000)
    assert refused.value.sqlstate == "54000" or refused.value.sqlstate == "53200"


# -- a query over VALUES -----------------------------------------------------------------------------------------------

ORDERED = "AS v(p0, p1, p2, n) ORDER BY n"
QUERY_HEAD = "INSERT INTO t (id, s, v) SELECT p0::INTEGER, p1::VARCHAR, p2::CHARACTER VARYING(4) FROM (VALUES"


def over_values(
    rows: list[str], alias: str = ORDERED, head: str = QUERY_HEAD, tail: str = "RETURNING t.id, t.s, t.v"
) -> str:
    return f"{head} {', '.join(rows)}) {alias} {tail}"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (over_values(numbered("(#, 'a', 'b', #)")), True),
        (over_values(numbered("(#, 'a'::text, NULL::character varying, #)"), "as v (p0,p1,p2,n) order by n asc"), True),
        (over_values(numbered("(#, 'a', 'b')"), "AS v(p0, p1, p2)"), True),
        (over_values(numbered("(#, 'a', 'b', #)"), "AS v(p0, p1, p2, n) ORDER BY n DESC"), False),
        (over_values(numbered("(#, 'a', 'b', #)"), "AS v(p0, p1, p2, n)"), False),
        (over_values(numbered("(#, 'a', 'b', 5)")), False),
        (over_values(numbered("(#, 'a', 'b', -#)")), False),
        (over_values(numbered("(#, 'a', 'b', #)"), "AS v(p0, p1, p2, n) WHERE n > 5 ORDER BY n"), False),
        (over_values(numbered("(#, 'a', 'b', #)"), "AS v(p0, p1, p2, n) LIMIT 5"), False),
        (over_values(numbered("(#, 'a', 'b', #)"), "AS v(p1, p0, n)"), False),
        (over_values(numbered("(#, 'a' IS NULL, 'b', #)")), False),
        (over_values(numbered("(#, 'a'::text is null, 'b', #)")), False),
        (over_values([*numbered("(#, 'a', 'b', #)"), "(9999, 1, 'b', 9999)"]), False),
        (
            over_values(
                numbered("(#, 'a', 'b', #)"), head="INSERT INTO t (id, s, v) SELECT p0, p1::text, p2::text FROM (VALUES"
            ),
            False,
        ),
        (
            over_values(
                numbered("(#, 'a', 'b', #)"),
                head="INSERT INTO t (id, s, v) SELECTp0::int, p1::text, p2::text FROM (VALUES",
            ),
            False,
        ),
        (
            over_values(
                numbered("(#, 'a', 'b', #)"),
                head="INSERT INTO t (id, s, v) SELECT p0::int, p1::text || 'x', p2::text FROM (VALUES",
            ),
            False,
        ),
        (
            over_values(
                numbered("(#, 'a', 'b', #)"), head="INSERT INTO t (id, s) SELECT p0::int, p0::text FROM (VALUES"
            ),
            False,
        ),
    ],
)
def test_which_queries_over_values_are_plain(text: str, read: bool) -> None:
    assert (read_values(text) is not None) == read


@pytest.mark.parametrize(
    "rows",
    [
        numbered("(#, 'a', 'toolong', #)"),
        numbered("('#', NULL, E'b\\n', #)"),
        numbered("(#.6, 'a', NULL, #)"),
        numbered("('x', 'a', 'b', #)"),
        numbered("(7, 'a', 'b', #)"),
    ],
    ids=range(5),
)
def test_a_query_over_values_is_what_the_parser_makes_of_it(monkeypatch: pytest.MonkeyPatch, rows: list[str]) -> None:
    assert isinstance(read_values(over_values(rows)), ValueList)

    def run(client: LoopClient) -> Any:
        try:
            return client.rows(over_values(rows)), client.rows("SELECT id, s, v FROM t ORDER BY id")
        except DatabaseError as error:
            return error.sqlstate

    here, there = both_ways(monkeypatch, run)
    assert here == there


@pytest.mark.parametrize(
    ("oids", "datums"),
    [
        ((INT2, TEXT, TEXT, INT4, TEXT, TEXT), (1, "a", None, 2, None, "toolong")),
        ((), ("1", "a", "b", "2", "c", "toolong")),
        ((NUMERIC, INT4, 0, NUMERIC, INT4, 0), (Decimal("1.6"), 5, "b", Decimal(3), 6, "d")),
        ((), ("one", "a", "b", "2", "c", "d")),
        ((16, TEXT, TEXT, 16, TEXT, TEXT), (True, "a", "b", False, "c", "d")),
    ],
)
def test_parameters_of_a_query_over_values(
    monkeypatch: pytest.MonkeyPatch, oids: tuple[int, ...], datums: tuple[Any, ...]
) -> None:
    """Two rows that differ in their types; the others are constants."""
    rows = ["($1, $2, $3, 0)", "($4, $5, $6, 1)", *(f"($7, $8, $9, {number})" for number in range(2, ROWS))]
    sql = over_values(rows, tail="ON CONFLICT DO NOTHING RETURNING id, s, v")
    oids, datums = (*oids, *oids[:3]), (*datums, *datums[:3])
    assert isinstance(read_values(sql), ValueList)

    def run(client: LoopClient) -> Any:
        try:
            prepared = client.loop.run_until_complete(_prepare(client, sql, oids))
            batch = client.execute(sql, *datums, oids=oids)
        except DatabaseError as error:
            return error.sqlstate
        return prepared, batch.rows, client.rows("SELECT id, s, v FROM t ORDER BY id")

    here, there = both_ways(monkeypatch, run)
    assert here == there


def test_rows_of_several_lengths_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"({number}, 'xxxxxxxxxx'{', NULL' if number == 7 else ''})" for number in range(ROWS)]

    def run(client: LoopClient) -> Any:
        with pytest.raises(DatabaseError) as refused:
            client.rows(insert(rows))
        return refused.value.sqlstate, refused.value.message

    assert both_ways(monkeypatch, run) == [("42601", "VALUES lists must all be the same length")] * 2
