"""Large statements: their literals are cut out before parsing, and parsing and planning run beside the loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pglast
import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Limits, Settings
from actors.query_processor.aside import LARGE_CHARACTERS
from actors.query_processor.session.deep_parses import stack_bytes
from actors.query_processor.session.large_literals import LITERAL_CHARACTERS_MIN, cut, restore
from actors.query_processor.session.statements import StatementCache, parse_cut
from actors.runtime.fiber import as_future
from tests.unit.query_processor.support.client import OPEN, connect

LONG = "it''s " * LITERAL_CHARACTERS_MIN
PLAIN = "x" * 2000

CUT = [
    f"SELECT '{LONG}'",
    f"SELECT 'short', '{PLAIN}', \"a'b\" FROM \"t\"\"'\" -- '\n WHERE x = '{LONG}' /* ' /* ' */ */",
    f"SELECT E'a\\'b', '{PLAIN}'",
    f"SELECT $1, a$b$c, '{PLAIN}'",
    f"COMMENT ON TABLE t IS '{PLAIN}'",
    f"SELECT $${PLAIN}$$, $tag$ ' {PLAIN} $$ $tag$",
    f"INSERT INTO t VALUES (1, '{PLAIN}'), (2, '{LONG}') RETURNING 'é{PLAIN}'",
    f"SELECT E'{PLAIN}\\n\\'\\\\ '' \\q'",
    f"SELECT type'a\\', '{PLAIN}'",
    f"SELECT -- it's\r '{PLAIN}'",
    f"SELECT $😀$ ' $😀$, '{PLAIN}'",
    f"SELECT 'é', -- é\n 'ü', E'ö\\'' /* ä /* ß */ */, '{PLAIN}'",
]
LEFT = [
    f"SELECT E'{PLAIN}\\101'",
    f"SELECT 'short'\n '{PLAIN}'",
    f"SELECT '{PLAIN}' -- a comment\n -- and another\r 'short'",
    f"SELECT E'short'\n 'a\\' {PLAIN}'",
    f"SELECT U&'{PLAIN}'",
    f"SELECT B'{'1' * 2000}'",
    f"SELECT '{PLAIN}'\n '{PLAIN}'",
    f"SELECT 'open {PLAIN}",
    f"SELECT '\x02', '{PLAIN}'",
    "SELECT 'short'",
]


@pytest.mark.parametrize("text", CUT, ids=range(len(CUT)))
def test_what_is_cut_and_put_back_is_what_the_parser_reads(text: str) -> None:
    short = cut(text)
    assert short is not None and len(short.text) < 300
    [statement] = pglast.parse_sql(short.text)
    restore(statement.stmt, short.literals)
    [whole] = pglast.parse_sql(text)
    assert without_places(statement.stmt(skip_none=True)) == without_places(whole.stmt(skip_none=True))


def without_places(tree: Any) -> Any:
    """A serialized tree without its locations."""
    if isinstance(tree, dict):
        return {name: without_places(value) for name, value in tree.items() if "location" not in name}
    return [without_places(item) for item in tree] if isinstance(tree, list | tuple) else tree


@pytest.mark.parametrize("text", LEFT, ids=range(len(LEFT)))
def test_what_the_lexer_does_not_know_is_left_alone(text: str) -> None:
    assert cut(text) is None


def test_an_error_behind_a_large_literal_is_told_where_it_is() -> None:
    text = f"SELECT '{PLAIN}' FROM FROM t"
    short = cut(text)
    assert short is not None
    with pytest.raises(DatabaseError) as failed:
        parse_cut(short, text)
    assert failed.value.position == text.index("FROM t") + 1


def statements() -> StatementCache:
    return StatementCache(lambda *_: pytest.fail("nothing is planned here"), OPEN)


def test_a_statement_of_one_large_literal_shares_the_plan_of_its_kind() -> None:
    cache = statements()
    [one] = cache.split("INSERT INTO t VALUES (1, '" + "a" * 50_000 + "')")
    [other] = cache.split("INSERT INTO t VALUES (2, '" + "b" * 60_000 + "')")
    assert one.text == other.text == "INSERT INTO t VALUES ($1, $2)" and one.node is other.node
    assert [literal.text for literal in other.literals] == ["2", "b" * 60_000]


def test_statements_that_only_differ_in_a_literal_that_is_not_lifted_are_not_taken_for_each_other() -> None:
    cache = statements()
    [one] = cache.split("SELECT DISTINCT ON (n) '" + "a" * 50_000 + "' FROM t")
    [other] = cache.split("SELECT DISTINCT ON (n) '" + "b" * 50_000 + "' FROM t")
    assert one.text != other.text
    assert [raw.node.targetList[0].val.val.sval[0] for raw in (one, other)] == ["a", "b"]


def test_the_cache_of_texts_is_bounded_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.query_processor.session.statements.CACHE_CHARACTERS_MAX", 10_000)
    cache = statements()
    for number in range(100):
        for _ in range(2):  # a SELECT is kept once it comes again
            cache.split(f"SELECT a_{number}, {'b' * 900}")
    assert sum(map(len, cache._texts)) <= 10_000 and len(cache._texts) >= 5
    cache.split("SELECT a_99, " + "b" * 900)
    cache.split("SELECT a_99, " + "b" * 900)
    assert sum(map(len, cache._texts)) == cache._characters[id(cache._texts)]


def test_a_large_statement_runs_while_the_loop_turns() -> None:
    client = connect()
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    values = ", ".join(f"({number}, 'name {number}')" for number in range(2000))
    sql = f"INSERT INTO t VALUES {values}"
    assert len(sql) > LARGE_CHARACTERS

    async def work() -> str:
        [raw] = await client.session.split_large(sql)
        batch = await client.session.bind(await client.session.prepare(raw)).run()
        await client.session.sync()
        return batch.tag

    async def beside() -> tuple[str, int]:
        running = as_future(work())
        turns = 0
        while not running.done():
            turns += 1
            await asyncio.sleep(0)
        return running.result(), turns

    tag, turns = asyncio.run(beside())
    assert tag == "INSERT 0 2000" and turns > 5


def test_the_statements_of_a_large_query_are_one_transaction() -> None:
    client = connect(OPEN)
    padding = "-- " + "x" * LARGE_CHARACTERS

    async def work() -> None:
        for raw in await client.session.split_large(
            f"CREATE TABLE w (i int PRIMARY KEY); SELECT * FROM nowhere {padding}"
        ):
            await client.session.bind(await client.session.prepare(raw)).run()

    async def beside() -> None:
        await as_future(work())

    with pytest.raises(DatabaseError):
        asyncio.run(beside())
    client.session.fail()
    assert client.code("SELECT * FROM w") == "42P01"


def test_each_of_several_statements_gets_its_literals_back() -> None:
    one, other = statements().split(f"SELECT '{PLAIN}' ORDER BY 1; SELECT 'it''s {PLAIN}', 2 ORDER BY 1")
    assert one.text == f"SELECT '{PLAIN}' ORDER BY 1" and other.text == f"SELECT 'it''s {PLAIN}', 2 ORDER BY 1"
    assert [raw.node.targetList[0].val.val.sval for raw in (one, other)] == [PLAIN, f"it's {PLAIN}"]


def test_a_long_text_is_parsed_on_a_stack_of_its_own() -> None:
    seen: list[int] = []

    class Thread(threading.Thread):
        def start(self) -> None:
            seen.append(threading.stack_size())
            super().start()

    text = "SELECT " + "1, " * 6000 + "1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "Thread", Thread)
        [raw] = statements().split(text)
    assert raw.kind == "SelectStmt" and threading.stack_size() == 0
    assert seen == [stack_bytes(len(text)) & ~0xFFFF] and seen[0] > len(text) * 500


def test_a_text_whose_tree_would_take_more_than_a_statements_memory_is_refused() -> None:
    cache = StatementCache(
        lambda *_: pytest.fail("nothing is planned here"), Settings(limits=Limits(statement_memory_bytes_max=4 << 20))
    )
    assert len(cache.split("SELECT '" + "x" * 100_000 + "' ORDER BY 1")) == 1
    with pytest.raises(DatabaseError, match="more than allowed temp space of 4096 KB") as refused:
        cache.split("SELECT " + "1," * 50_000 + "1")
    assert refused.value.sqlstate == "54000"
    with pytest.raises(DatabaseError):
        cache.parse_one("SELECT " + "1," * 50_000 + "1")


def test_an_error_in_a_large_statement_is_the_clients() -> None:
    client = connect()

    async def work() -> None:
        await client.session.prepare("SELECT nothing FROM nowhere -- " + "x" * LARGE_CHARACTERS)

    async def beside() -> None:
        await as_future(work())

    with pytest.raises(DatabaseError, match="nowhere"):
        asyncio.run(beside())


def test_a_number_of_any_length_is_a_numeric() -> None:
    [raw] = statements().split("SELECT " + "9" * 5000)
    assert raw.literals[0].type is not None and raw.literals[0].type.name == "numeric"
