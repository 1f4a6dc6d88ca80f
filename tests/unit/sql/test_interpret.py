"""Closures give what compiled source gives: values, truth and errors, over trees drawn by chance, rows with NULLs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.sql.expressions import interpret
from actors.sql.expressions.compile import compile_expression, compile_filter, compile_tuple
from actors.sql.expressions.interpret import COMPILED_AFTER, DEPTH_MAX, first_runs
from actors.sql.expressions.tree import (
    BOOL,
    And,
    BooleanTest,
    Call,
    Case,
    Cast,
    Coalesce,
    Column,
    Constant,
    Distinct,
    Expression,
    InList,
    MinMax,
    Not,
    NullIf,
    NullTest,
    Or,
    Parameter,
)
from actors.sql.types.column_type import ColumnType
from tests.unit.sql.test_expressions import environment

INT4, TEXT = ColumnType("int4"), ColumnType("text")
ROWS = [(first, second, third) for first in (None, 0, 3) for second in (None, -2, 3) for third in (0, None)]
PARAMETERS = (2, None)


def number(draw: Random, depth: int) -> Expression:
    if not depth or draw.random() < 0.2:
        return draw.choice(
            [
                Column(draw.randrange(3), INT4),
                Constant(draw.choice([None, -1, 0, 2, 7]), INT4),
                Parameter(draw.randrange(1, 3), INT4),
            ]
        )
    one, other = number(draw, depth - 1), number(draw, depth - 1)
    pair = ("int4", "int4")
    return draw.choice(
        [
            Call(draw.choice("+-*/"), pair, (one, other), INT4),
            Call("-", ("int4",), (one,), INT4),
            Call("abs", ("int4",), (one,), INT4),
            Cast(Cast(one, TEXT), INT4, True),
            Case((truth(draw, depth - 1),), (one,), draw.choice([None, other]), INT4),
            Coalesce((one, other), INT4),
            NullIf(one, Call("=", pair, (one, other), BOOL), INT4),
            MinMax(True, (one, other), INT4),
            Call("length", ("text",), (Call("concat", ("any",), (Cast(one, TEXT),), TEXT),), INT4),
        ]
    )


def truth(draw: Random, depth: int) -> Expression:
    one, other = number(draw, max(depth - 1, 0)), number(draw, max(depth - 1, 0))
    equal = Call("=", ("int4", "int4"), (one, other), BOOL)
    if not depth:
        return draw.choice([equal, Constant(draw.choice([None, True, False]), BOOL)])
    left, right = truth(draw, depth - 1), truth(draw, depth - 1)
    constants = tuple(Constant(value, INT4) for value in draw.sample([None, -2, 0, 1, 3, 5], 5))
    return draw.choice(
        [
            Call(draw.choice(["<", "<=", "<>", ">"]), ("int4", "int4"), (one, other), BOOL),
            And((left, right, equal)),
            Or((left, right)),
            Not(left),
            NullTest(one, draw.random() < 0.5),
            BooleanTest(left, draw.choice([True, False, None]), draw.random() < 0.5),
            Distinct(equal, draw.random() < 0.5),
            InList(one, constants, draw.random() < 0.5),
            InList(one, (other, *constants[:2]), draw.random() < 0.5),
        ]
    )


def outcomes(evaluate: Any) -> list[Any]:
    found: list[Any] = []
    surroundings = environment()
    for row in ROWS:
        try:
            found.append(evaluate(row, PARAMETERS, surroundings))
        except DatabaseError as error:
            found.append((error.sqlstate, error.message))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_closures_give_what_source_gives(seed: int) -> None:
    draw = Random(seed)
    for _ in range(150):
        expression, condition = number(draw, 3), truth(draw, 3)
        several = (expression, condition, Column(1, INT4))
        with first_runs():
            first = [compile_expression(expression), compile_filter(condition), compile_tuple(several)]
        later = [compile_expression(expression), compile_filter(condition), compile_tuple(several)]
        for one, other in zip(first, later, strict=True):
            assert outcomes(one) == outcomes(other), (expression, condition)


def test_what_runs_often_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Expression] = []

    def noted(expression: Expression) -> Any:
        compiled.append(expression)
        return lambda row, parameters, environment: "compiled"

    monkeypatch.setattr(interpret.compile, "compiled_expression", noted)
    with first_runs():
        evaluate = compile_expression(Column(0, INT4))
    answers = [evaluate((1,), (), environment()) for _ in range(COMPILED_AFTER + 1)]
    assert answers[COMPILED_AFTER - 2 :] == [1, "compiled", "compiled"]
    assert compiled == [Column(0, INT4)]


def test_deep_trees_take_no_frames() -> None:
    expression: Expression = Column(0, INT4)
    for _ in range(DEPTH_MAX):
        expression = Call("-", ("int4",), (expression,), INT4)
    with first_runs():
        evaluate = compile_expression(expression)
    assert evaluate is compile_expression(expression)
