"""Typed expressions as SQL text, as EXPLAIN shows conditions: `((aid = $1) AND (abalance > 10))`."""

from __future__ import annotations

from collections.abc import Callable

from actors.sql.binding.relations import Scope
from actors.sql.expressions.tree import (
    And,
    Apply,
    ArrayOf,
    BooleanTest,
    Call,
    Case,
    Cast,
    Coalesce,
    Column,
    Constant,
    Distinct,
    Expression,
    InDomain,
    InList,
    MinMax,
    Not,
    NullTest,
    Or,
    Parameter,
    Quantified,
)
from actors.sql.types import by_name, format_type

NameOf = Callable[[int], str]


def names_in(scope: Scope) -> NameOf:
    """Column names by place in the executor's row, qualified where there are several relations."""
    names: dict[int, str] = {}
    for relation in scope.relations:
        for column in relation.table.live_columns():
            qualified = f"{relation.alias}.{column.name}" if len(scope.relations) > 1 else column.name
            names[relation.offset + column.position] = qualified
    return lambda position: names.get(position, f"column {position + 1}")


def deparse(expression: Expression, name_of: NameOf) -> str:
    def text(node: Expression) -> str:
        return deparse(node, name_of)

    if isinstance(expression, Column):
        return name_of(expression.position)
    if isinstance(expression, Parameter):
        return f"${expression.number}"
    if isinstance(expression, Constant):
        return _constant(expression)
    if isinstance(expression, Call):
        arguments = [text(argument) for argument in expression.arguments]
        if expression.name[0].isalpha() or expression.name[0] == "_":
            return f"{expression.name}({', '.join(arguments)})"
        return (
            f"({arguments[0]} {expression.name} {arguments[1]})"
            if len(arguments) == 2
            else f"({expression.name} {arguments[0]})"
        )
    if isinstance(expression, Cast):
        return f"({text(expression.argument)})::{format_type(expression.type)}"
    if isinstance(expression, And | Or):
        return "(" + (" AND " if isinstance(expression, And) else " OR ").join(map(text, expression.arguments)) + ")"
    if isinstance(expression, Not):
        return f"(NOT {text(expression.argument)})"
    if isinstance(expression, NullTest):
        return f"({text(expression.argument)} IS {'NOT ' if expression.negated else ''}NULL)"
    if isinstance(expression, BooleanTest):
        value = {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[expression.value]
        return f"({text(expression.argument)} IS {'NOT ' if expression.negated else ''}{value})"
    return _compound(expression, text)


def _compound(expression: Expression, text: Callable[[Expression], str]) -> str:
    if isinstance(expression, Distinct):
        left, right = expression.equal.arguments
        return f"({text(left)} IS {'NOT ' if expression.negated else ''}DISTINCT FROM {text(right)})"
    if isinstance(expression, InList):
        items = ", ".join(map(text, expression.items))
        return f"({text(expression.argument)} {'<> ALL' if expression.negated else '= ANY'} ({items}))"
    if isinstance(expression, Apply):
        values = expression.arguments
        return deparse(expression.body.expression, lambda place: text(values[place]))
    if isinstance(expression, InDomain):
        return f"({text(expression.argument)})::{expression.name}"
    if isinstance(expression, Quantified):
        word = "ALL" if expression.every else "ANY"
        return f"({text(expression.argument)} {expression.operator} {word} ({text(expression.array)}))"
    if isinstance(expression, ArrayOf):
        return f"ARRAY[{', '.join(map(text, expression.items))}]"
    if isinstance(expression, Coalesce):
        return f"COALESCE({', '.join(map(text, expression.arguments))})"
    if isinstance(expression, MinMax):
        return f"{'GREATEST' if expression.greatest else 'LEAST'}({', '.join(map(text, expression.arguments))})"
    if isinstance(expression, Case):
        branches = zip(expression.conditions, expression.results, strict=True)
        whens = " ".join(f"WHEN {text(condition)} THEN {text(result)}" for condition, result in branches)
        default = f" ELSE {text(expression.default)}" if expression.default is not None else ""
        return f"CASE {whens}{default} END"
    left, right = expression.equal.arguments  # type: ignore[union-attr]
    return f"NULLIF({text(left)}, {text(right)})"


def _constant(constant: Constant) -> str:
    if constant.value is None:
        return "NULL"
    name = constant.type.name
    if name == "bool":
        return "true" if constant.value else "false"
    shown = (
        str(constant.datum) if name == "unknown" else by_name[name].format_text(constant.datum, constant.type.modifier)
    )
    if name in ("int2", "int4", "int8"):
        return shown
    quoted = "'" + shown.replace("'", "''") + "'"
    return quoted if name == "unknown" else f"{quoted}::{format_type(constant.type)}"


def conjunction_text(parts: list[Expression], name_of: NameOf) -> str:
    """As EXPLAIN writes a filter: one condition as it is, several joined within parentheses."""
    texts = [deparse(part, name_of) for part in parts]
    return texts[0] if len(texts) == 1 else "(" + " AND ".join(texts) + ")"
