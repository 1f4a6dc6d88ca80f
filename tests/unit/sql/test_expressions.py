"""Expressions of constants give what PostgreSQL gives: value, type, error (expressions.golden, patterns.golden,
json.golden)."""

from __future__ import annotations

import random

import pglast
import pytest

from actors.common.errors import DatabaseError
from actors.sql.binding import analyze, coerce_unknown
from actors.sql.expressions.compile import compile_expression, compile_filter, compile_tuple
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import decode_expression, encode_expression
from actors.sql.types import by_name
from tests.unit.sql import golden

NOW = 700_000_000_000_000
DIFFERENT = {
    "power(10::numeric, 20)": "PostgreSQL 16's scale; the file is of 15",
    "power(10::numeric, -20)": "PostgreSQL 16's scale; the file is of 15",
}
"""expression -> why it does not answer as PostgreSQL."""


def environment() -> Environment:
    return Environment(
        transaction_timestamp=NOW,
        statement_timestamp=NOW,
        clock=lambda: NOW,
        random=random.Random(1),
        user="postgres",
        session_user="postgres",
        database="postgres",
        settings=lambda: {"server_version": "16.10"},
    )


def evaluate(sql: str) -> str:
    try:
        tree = coerce_unknown(analyze(pglast.parse_sql(f"SELECT {sql}")[0].stmt.targetList[0].val))
        travelled = decode_expression(encode_expression(tree))
        surroundings = environment()
        value = compile_expression(travelled)((), (), surroundings)
        assert (
            compile_tuple([travelled])((), (), environment())[0] in (value, None)
            or value != value
            or "uuid" in sql
            or "random" in sql
        )
        if tree.type.name == "bool":
            assert compile_filter(travelled)((), (), environment()) is (value is True)
    except DatabaseError as error:
        return golden.failure(error.sqlstate, error.message)
    known = by_name[tree.type.name]
    return golden.outcome(known.name, None if value is None else known.format_text(value, tree.type.modifier))


@pytest.mark.parametrize("name", ["expressions.golden", "patterns.golden", "json.golden"])
def test_answers_as_postgresql(name: str) -> None:
    recorded = golden.read(golden.FILE.with_name(name))
    assert len(recorded) > 100
    wrong = golden.differences([case for case in recorded if case[0] not in DIFFERENT], evaluate)
    assert not wrong, "\n".join(wrong)
    agree = [
        expression for expression, expected in recorded if expression in DIFFERENT and evaluate(expression) == expected
    ]
    assert not agree, f"take them off the list: {agree}"


def test_what_differs_and_what_fails_is_told() -> None:
    wrong = golden.differences([("1 + 1", "int4: 2"), ("1 + 2", "int4: 2"), (")", "int4: 2")], evaluate)
    assert len(wrong) == 2 and wrong[0] == "'1 + 2': 'int4: 3', wanted 'int4: 2'" and "syntax error" in wrong[1]
