"""Nodes with expressions over rows of their own: what they compute, what changes around them, how they travel."""

from __future__ import annotations

import pytest

from actors.common.errors import DatabaseError
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.environment import IMMUTABLE_ENVIRONMENT
from actors.sql.expressions.tree import (
    Apply,
    Body,
    Call,
    Column,
    Constant,
    Expression,
    InDomain,
    columns_of,
    decode_expression,
    encode_expression,
    is_volatile,
    rewrite,
)
from actors.sql.types.column_type import ColumnType

BOOL, INT4, FLOAT8 = ColumnType("bool"), ColumnType("int4"), ColumnType("float8")


def plus(left: Expression, right: Expression) -> Call:
    return Call("+", ("int4", "int4"), (left, right), INT4)


DOUBLE = Apply((Column(7, INT4),), Body(plus(Column(0, INT4), Column(0, INT4))), INT4)
POSITIVE = InDomain(
    Column(7, INT4),
    "positive",
    True,
    (Body(Call(">", ("int4", "int4"), (Column(0, INT4), Constant(0, INT4)), BOOL), "positive_check"),),
    INT4,
)


def value(expression: Expression, row: dict[int, int | None]) -> object:
    return compile_expression(expression)([row.get(place) for place in range(8)], (), IMMUTABLE_ENVIRONMENT)


def test_a_body_sees_the_arguments_and_nothing_else() -> None:
    assert value(DOUBLE, {7: 21, 0: 1}) == 42 and columns_of(DOUBLE) == {7}
    moved = rewrite(DOUBLE, lambda node: Column(3, INT4) if node == Column(7, INT4) else None)
    assert value(moved, {3: 5}) == 10
    assert value(rewrite(DOUBLE, lambda node: Constant(9, INT4) if node == Column(0, INT4) else None), {7: 21}) == 42


def test_what_stands_in_a_body_may_differ_each_time() -> None:
    difference = Call("-", ("float8", "float8"), (Column(0, FLOAT8), Column(0, FLOAT8)), FLOAT8)
    drawn = Call("random", (), (), FLOAT8)
    apart = Call("-", ("float8", "float8"), (drawn, drawn), FLOAT8)
    assert is_volatile(Apply((drawn,), Body(difference), FLOAT8)) and is_volatile(Apply((), Body(apart), FLOAT8))


@pytest.mark.parametrize(("datum", "sqlstate"), [(5, ""), (0, "23514"), (None, "23502")])
def test_a_value_is_one_of_its_domain(datum: int | None, sqlstate: str) -> None:
    if not sqlstate:
        assert value(POSITIVE, {7: datum}) == datum
        return
    with pytest.raises(DatabaseError) as failure:
        value(POSITIVE, {7: datum})
    assert failure.value.sqlstate == sqlstate


@pytest.mark.parametrize("node", [DOUBLE, POSITIVE])
def test_they_travel(node: Expression) -> None:
    assert decode_expression(encode_expression(node)) == node
