"""Typed scalar expressions as DuckDB SQL.

- A subexpression without columns and without volatile functions (parameters, now(), casts of literals) is evaluated by the row executor's compiler once
  a run, and its datum written as a literal: its mark in the text is \\x01<number>\\x01.
- Operators and functions that DuckDB does as PostgreSQL does are written as they are (DIRECT, casts in DIRECT_CASTS).
- Everything else becomes a call of our own implementation of that very overload, vectorized over Arrow (udf.py). So a function has one meaning,
  whichever executor runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.arrays import check_equality, check_order
from actors.query_processor.column_executor.udf import DIVIDE, SIZED_TYPES, Udf, divide_udf, expression_udf, is_own_constant
from actors.query_processor.column_executor.values import (
    DIVISION_SCALE,
    INTEGER_DIGITS,
    TEXT_TYPES,
    duck_type,
    in_list,
    literal,
    numeric_scale,
)
from actors.sql.expressions import tree
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.tree import is_slow, is_volatile
from actors.sql.types.arrays import Array, element_of
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.instance import Instance

INTEGERS = frozenset({"int2", "int4", "int8"})
NUMBERS = INTEGERS | {"float4", "float8", "numeric"}
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
COMPARED_AS_POSTGRESQL = NUMBERS | TEXT_TYPES | {"bool", "bytea", "uuid", "date", "time", "timestamp", "timestamptz", "interval", "oid"}
EXACT = INTEGERS | {"numeric"}
TEXT_DIRECT = {"length": "length", "char_length": "length", "reverse": "reverse"}
CASES = {"lower": (ascii_uppercase, ascii_lowercase), "upper": (ascii_lowercase, ascii_uppercase)}
"""DuckDB's own change the case of every letter that Unicode knows; collation C's only that of ASCII letters."""
LIKES = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "LIKE", "!~~*": "NOT LIKE"}
DIRECT_CASTS = frozenset(
    {
        *((source, target) for source in INTEGERS for target in (*INTEGERS, "float4", "float8", "numeric", "text")),
        *(("oid", target) for target in ("int4", "int8", "text")),
        ("float4", "float8"),
        ("numeric", "int2"),
        ("numeric", "int4"),
        ("numeric", "int8"),
        ("numeric", "float4"),
        ("numeric", "float8"),
        ("numeric", "numeric"),
        ("numeric", "text"),
        ("bool", "int4"),
        ("bool", "text"),
        ("int4", "bool"),
        ("date", "timestamp"),
        ("timestamp", "date"),
        *((source, target) for source in ("text", "varchar", "bpchar", "name", "unknown") for target in ("text", "name")),
    }
)
LITERALS_MAX = 1000
MARK = re.compile("\x01(\\d+)\x01")
Check = tuple[str, str]
"""(what, SQLSTATE) of a LIMIT or OFFSET that must not be negative."""


def _is_list(expression: tree.Quantified) -> bool:
    """Whether it is an IN list (binding/arrays.py) that DuckDB compares as PostgreSQL does."""
    array = expression.array
    known = isinstance(array, tree.ArrayOf) or (
        isinstance(array, tree.Constant) and isinstance(array.value, Array) and bool(array.value.items)
    )
    compared = set(expression.signature) <= INTEGERS or len(set(expression.signature)) == 1
    plain = expression.operator == ("<>" if expression.every else "=") and expression.signature[0] in COMPARED_AS_POSTGRESQL
    if (
        isinstance(array, tree.Constant)
        and array.type.name == "_numeric"
        and not all(item is None or item.is_finite() for item in array.value.items)
    ):
        return False
    return known and compared and plain and not any(isinstance(node, tree.Column) for node in tree.walk(array)) and not is_volatile(array)


class Emitter:
    """One for each planned statement: collects the run-time constants and the functions that the text needs."""

    def __init__(self) -> None:
        self._constants: list[tuple[Callable[..., Any], ColumnType]] = []
        self._slow = False
        self._lists: set[int] = set()
        """Numbers of the constants that are arrays written as IN's lists."""
        self._checks: dict[int, Check] = {}
        self._udfs: dict[str, Udf] = {}

    def install(self, instance: Instance) -> None:
        """Make the functions of this statement known to DuckDB (once for each of its databases)."""
        for name in sorted(self._udfs):
            instance.learn(self._udfs[name])

    @property
    def makes_text(self) -> bool:
        """A function of ours makes values of any length."""
        return any(udf.type.name in SIZED_TYPES for udf in self._udfs.values())

    def fill(self, sql: str, parameters: Sequence[Any], environment: Any) -> str:
        """The text with the run-time constants' values in place of their marks. Raises what evaluating them raises."""
        literals: list[str] = []
        used = {int(number) for number in MARK.findall(sql)}
        for number, (evaluate, type_) in enumerate(self._constants):
            if number not in used:  # of a part that PostgreSQL does not evaluate either
                literals.append("")
                continue
            value = evaluate((), parameters, environment)
            check = self._checks.get(number)
            if check is not None and value is not None and value < 0:
                raise DatabaseError(check[1], f"{check[0]} must not be negative")
            if number in self._lists:
                literals.append(in_list(value, ColumnType(element_of(type_.name))))
            else:
                literals.append(literal(value, type_))
        return MARK.sub(lambda found: literals[int(found.group(1))], sql)

    def limit(self, sql: str, what: str, sqlstate: str) -> str:
        """A LIMIT or OFFSET value: checked when its constant is evaluated."""
        found = MARK.search(sql)
        if found is not None:
            self._checks[int(found.group(1))] = (what, sqlstate)
        return sql

    # -- expressions -------------------------------------------------------------------------------------------------------------

    def emit(self, expression: Any, slots: Sequence[str]) -> str:
        """DuckDB SQL of a typed expression whose column positions are slots."""
        if isinstance(expression, tree.Column):
            return slots[expression.position]
        if not any(isinstance(node, tree.Column) for node in tree.walk(expression)) and not is_volatile(expression):
            return self._constant(expression)
        if isinstance(expression, tree.Call):
            return self._call(expression, slots)
        if isinstance(expression, tree.Cast):
            return self._cast(expression, self.emit(expression.argument, slots))
        return self._special(expression, slots)

    def _constant(self, expression: Any) -> str:
        self._slow = self._slow or is_slow(expression)
        self._constants.append((compile_expression(expression), expression.type))
        return f"\x01{len(self._constants) - 1}\x01"

    def _special(self, expression: Any, slots: Sequence[str]) -> str:
        """The forms that are no functions; DuckDB's three-valued logic is SQL's."""

        def sub(node: Any) -> str:
            return self.emit(node, slots)

        if isinstance(expression, tree.And | tree.Or):
            word = " AND " if isinstance(expression, tree.And) else " OR "
            return "(" + word.join(sub(argument) for argument in expression.arguments) + ")"
        if isinstance(expression, tree.Not):
            return f"(NOT {sub(expression.argument)})"
        if isinstance(expression, tree.NullTest):
            return f"({sub(expression.argument)} IS {'NOT ' if expression.negated else ''}NULL)"
        if isinstance(expression, tree.BooleanTest):
            word = "NULL" if expression.value is None else str(expression.value).upper()
            operator = "IS DISTINCT FROM" if expression.negated else "IS NOT DISTINCT FROM"
            return f"({sub(expression.argument)} {operator} {word})"
        if isinstance(expression, tree.Quantified) and _is_list(expression):
            check_equality(expression.argument.type)
            items = self._constant(expression.array)
            self._lists.add(len(self._constants) - 1)
            return f"({sub(expression.argument)} {'NOT ' if expression.every else ''}IN {items})"
        if isinstance(expression, tree.Quantified):
            return self._udf(expression, [expression.argument, expression.array], [sub(expression.argument), sub(expression.array)])
        if isinstance(expression, tree.ArrayOf):
            return self._udf(expression, list(expression.items), [sub(item) for item in expression.items])
        if isinstance(expression, tree.Distinct):
            check_equality(expression.equal.arguments[0].type)
            left, right = (sub(argument) for argument in expression.equal.arguments)
            return f"({left} IS {'NOT ' if expression.negated else ''}DISTINCT FROM {right})"
        if isinstance(expression, tree.InList):
            check_equality(expression.argument.type)
            items = ", ".join(sub(item) for item in expression.items)
            return f"({sub(expression.argument)} {'NOT ' if expression.negated else ''}IN ({items}))"
        if isinstance(expression, tree.Case):
            arms = "".join(
                f" WHEN {sub(condition)} THEN {sub(result)}"
                for condition, result in zip(expression.conditions, expression.results, strict=True)
            )
            default = f" ELSE {sub(expression.default)}" if expression.default is not None else ""
            return f"(CASE{arms}{default} END)"
        if isinstance(expression, tree.Coalesce):
            return f"coalesce({', '.join(sub(argument) for argument in expression.arguments)})"
        if isinstance(expression, tree.MinMax):
            check_order(expression.type)
            word = "greatest" if expression.greatest else "least"
            return f"{word}({', '.join(sub(argument) for argument in expression.arguments)})"
        assert isinstance(expression, tree.NullIf), expression
        return f"(CASE WHEN {sub(expression.equal)} THEN NULL ELSE {sub(expression.argument)} END)"

    @property
    def is_large(self) -> bool:
        """Filling the text in takes long."""
        return self._slow or bool(self._lists) or len(self._constants) > LITERALS_MAX

    # -- calls -------------------------------------------------------------------------------------------------------------------

    def _call(self, call: tree.Call, slots: Sequence[str]) -> str:
        texts = [self.emit(argument, slots) for argument in call.arguments]
        types = {argument.type.name for argument in call.arguments}
        name = call.name
        if len(texts) == 2:
            one, other = texts
            if name in COMPARISONS and types <= COMPARED_AS_POSTGRESQL:
                return f"({one} {name} {other})"
            if name in ("+", "-", "*") and types <= EXACT and call.type.name in EXACT:
                return f"({one} {name} {other})"
            if name in ("+", "-", "*") and types <= {"float8"}:
                return f"({one} {name} {other})"
            if name == "/" and types <= INTEGERS:
                return f"CAST(({one} // {other}) AS {duck_type(call.type)})"
            if name == "/" and call.type.name == "numeric" and types <= EXACT:
                return self.divide(one, other)
            if name == "%" and types <= INTEGERS:
                # The least integer divided by -1 overflows in DuckDB; nothing is left of any, as by 1.
                return f"CAST(({one} % CASE {other} WHEN -1 THEN 1 ELSE {other} END) AS {duck_type(call.type)})"
            if name == "||" and types <= TEXT_TYPES:
                return f"({one} || {other})"
            if name in LIKES and types <= TEXT_TYPES:
                if name.endswith("*"):
                    one, other = _in_case("lower", one), _in_case("lower", other)
                return f"({one} {LIKES[name]} {other} ESCAPE '\\')"
        if len(texts) == 1:
            if name == "-" and types <= EXACT:
                return f"(- {texts[0]})"
            if name in TEXT_DIRECT and types <= {"text", "varchar"}:
                return self._as(f"{TEXT_DIRECT[name]}({texts[0]})", call.type)
            if name in CASES and types <= {"text", "varchar"}:
                return _in_case(name, texts[0])
            if name == "abs" and types <= EXACT:
                return f"abs({texts[0]})"
        if name in ("round", "trunc") and types <= EXACT and call.type.name == "numeric":
            rounded = _rounded(name, call, texts)
            if rounded is not None:
                return rounded
        return self._udf(call, list(call.arguments), texts)

    def _as(self, sql: str, type_: ColumnType) -> str:
        return f"CAST({sql} AS {duck_type(type_)})" if type_.name in INTEGERS else sql

    def _udf(self, expression: Any, arguments: list[Any], texts: list[str]) -> str:
        """A call of our own implementation: arguments in, one column out."""
        if isinstance(expression, tree.Call):
            passed_on = [place for place, argument in enumerate(arguments) if not is_own_constant(argument)]
            arguments, texts = [arguments[place] for place in passed_on], [texts[place] for place in passed_on]
        udf = expression_udf(expression, [argument.type for argument in arguments])
        self._udfs[udf.name] = udf
        passed = ", ".join(udf.pass_argument(text, argument.type) for text, argument in zip(texts, arguments, strict=True)) or "0"
        return udf.receive(f"{udf.name}({passed})")

    def use(self, udf: Udf, texts: list[str]) -> str:
        """A call of a function of ours with arguments as they are to cross."""
        self._udfs[udf.name] = udf
        return f"{udf.name}({', '.join(texts) or '0'})"

    def divide(self, dividend: str, divisor: str) -> str:
        """An exact numeric quotient (values.py cuts it to PostgreSQL's scale when it leaves)."""
        self._udfs[DIVIDE] = divide_udf()
        return f"CAST({DIVIDE}(CAST({dividend} AS VARCHAR), CAST({divisor} AS VARCHAR)) AS DECIMAL(38, {DIVISION_SCALE}))"

    # -- casts -------------------------------------------------------------------------------------------------------------------

    def _cast(self, cast: tree.Cast, text: str) -> str:
        source, target = cast.argument.type, cast.type
        if source.name == "numeric" and target.name == "numeric" and numeric_scale(target) is None:
            return text
        if source.name in INTEGERS and target.name == "numeric" and numeric_scale(target) is None:
            return f"CAST({text} AS DECIMAL({INTEGER_DIGITS[source.name]}, 0))"
        if (source.name, target.name) in DIRECT_CASTS:
            return f"CAST({text} AS {duck_type(target)})"
        if source == target or (source.name in TEXT_TYPES and target.name in ("text", "varchar") and target.modifier < 0):
            return text
        return self._udf(cast, [cast.argument], [text])

    def cast_sql(self, sql: str, source: ColumnType, target: ColumnType) -> str:
        """`sql` of type `source`, as `target`."""
        if source == target or (source.name == target.name and target.modifier < 0):
            return sql
        if source.name == "unknown" and sql.startswith("CAST(NULL"):
            return literal(None, target)
        return self._cast(tree.Cast(tree.Column(0, source), target), sql)

    def comparison_type(self, one: ColumnType, other: ColumnType, operator: str) -> ColumnType:
        """What both sides of `x IN (SELECT y)` are compared as."""
        from actors.sql.binding import common_type

        common = one if one.name == other.name else common_type([one, other], operator)
        if operator in ("=", "<>"):
            check_equality(common)
        else:
            check_order(common)
        return common


def _in_case(name: str, text: str) -> str:
    return f"translate({text}, '{CASES[name][0]}', '{CASES[name][1]}')"


def _rounded(name: str, call: tree.Call, texts: list[str]) -> str | None:
    """round and trunc of exact numbers to a constant scale, whose result has that scale."""
    if len(texts) == 1:
        scale = 0
    elif isinstance(call.arguments[1], tree.Constant) and isinstance(call.arguments[1].datum, int) and 0 <= call.arguments[1].datum <= 18:
        scale = call.arguments[1].datum
    else:
        return None
    inner = f"trunc({texts[0]}, {scale})" if name == "trunc" else texts[0]
    return f"CAST({inner} AS DECIMAL(38, {scale}))"
