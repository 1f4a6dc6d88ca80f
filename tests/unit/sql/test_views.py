"""Bounds of views, and the walk over trees that expands them. What views answer is in tests/scripts/objects."""

from __future__ import annotations

from typing import Any

import pglast
import pytest

from actors.common.errors import DatabaseError
from actors.sql.binding.trees import relations_of
from actors.sql.binding.views import DEPTH_MAX, Expansion, expanded
from actors.sql.catalog.schema import View, ViewColumn, ViewSource
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types.column_type import ColumnType

INT4 = ColumnType("int4")


def tree(sql: str) -> Any:
    return pglast.parse_sql(sql)[0].stmt


def view(number: int, query: str, *reads: int) -> View:
    sources = tuple(ViewSource(other, "public", f"v{other}", (("a", 0),)) for other in reads)
    return View(number, "public", f"v{number}", (ViewColumn("a", INT4),), query, sources)


def test_names_of_common_table_expressions_are_no_relations() -> None:
    sql = (
        "WITH x AS (SELECT * FROM r), y AS (SELECT * FROM x, (WITH z AS (SELECT * FROM y) SELECT * FROM z) q) "
        "SELECT * FROM x, y, z"
    )
    assert [node.relname for node in relations_of(tree(sql))] == ["r", "y", "z"]
    recursive = "WITH RECURSIVE x AS (SELECT * FROM x) DELETE FROM d USING x, s.x WHERE EXISTS (SELECT FROM x, u)"
    assert [(node.schemaname, node.relname) for node in relations_of(tree(recursive))] == [("s", "x"), (None, "u")]


def test_views_upon_views_are_bounded() -> None:
    chain = [
        view(1, "SELECT 1 AS a"),
        *(view(n, f"SELECT a FROM public.v{n - 1}", n - 1) for n in range(2, DEPTH_MAX + 2)),
    ]
    catalog = Catalog(1, chain)
    Expansion(catalog).query(chain[DEPTH_MAX - 1])
    with pytest.raises(DatabaseError, match="stack depth limit exceeded"):
        Expansion(catalog).query(chain[DEPTH_MAX])


def test_views_that_double_are_bounded() -> None:
    pairs = [
        view(1, "SELECT 1 AS a"),
        *(view(n, f"SELECT l.a FROM public.v{n - 1} l, public.v{n - 1} r", n - 1) for n in range(2, 31)),
    ]
    with pytest.raises(DatabaseError, match="stack depth limit exceeded") as raised:
        expanded(tree("SELECT * FROM v30"), Catalog(1, pairs))
    assert raised.value.sqlstate == "54001"


def test_a_view_that_reads_itself_is_refused() -> None:
    catalog = Catalog(1, [view(1, "SELECT a FROM public.v2", 2), view(2, "SELECT a FROM public.v1", 1)])
    with pytest.raises(DatabaseError, match='infinite recursion detected in rules for relation "v1"') as raised:
        expanded(tree("SELECT * FROM v1"), catalog)
    assert raised.value.sqlstate == "42P17"
