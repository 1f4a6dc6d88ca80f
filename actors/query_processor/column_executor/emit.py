"""Typed scalar expressions as DuckDB SQL.

- A subexpression without columns and without volatile functions (parameters, now(), casts of literals) is evaluated by
  the row executor's compiler once a run, and its datum written as a literal: its mark in the text is
  \\x01<number>\\x01.
- Operators and functions that DuckDB does as PostgreSQL does are written as they are (direct.py).
- Everything else becomes a call of our own implementation of that very overload, vectorized over Arrow (udf.py). So a
  function has one meaning, whichever executor runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.comparing import equality_key, has_key, key_of, order_key, sign_udf
from actors.query_processor.column_executor.direct import (
    COMPARED_AS_POSTGRESQL,
    DIRECT_CASTS,
    INTEGERS,
    direct_call,
    fixed_call,
    truncated_unit,
)
from actors.query_processor.column_executor.numerics import (
    NUMERIC,
    aligned,
    bound_literal,
    common_numeric,
    divide_udf,
    fits_decimal,
    fixed,
    is_free,
    public,
    scale_in,
)
from actors.query_processor.column_executor.udf import SIZED_TYPES, Udf, expression_udf, is_own_constant
from actors.query_processor.column_executor.values import INTEGER_DIGITS, TEXT_TYPES, duck_type, in_list, literal
from actors.sql.expressions import tree
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.numerics import scale_of
from actors.sql.expressions.tree import is_slow, is_volatile
from actors.sql.types.arrays import Array, element_of, is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS
from actors.sql.types.strings import HEADER

if TYPE_CHECKING:
    from actors.query_processor.column_executor.instance import Instance
    from actors.query_processor.column_executor.translator import Translator

BOOL = ColumnType("bool")
KEY = ColumnType("bytea")
FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
LITERALS_MAX = 1000
MARK = re.compile("\x01(\\d+)\x01")
Check = tuple[int, str, str]
"""(least, message, SQLSTATE) of a constant that has a least value."""


def _is_list(expression: tree.Quantified) -> bool:
    """Whether it is an IN list (binding/arrays.py) that DuckDB compares as PostgreSQL does."""
    array = expression.array
    known = isinstance(array, tree.ArrayOf) or (
        isinstance(array, tree.Constant) and isinstance(array.value, Array) and bool(array.value.items)
    )
    compared = set(expression.signature) <= INTEGERS or len(set(expression.signature)) == 1
    plain = (
        expression.operator == ("<>" if expression.every else "=") and expression.signature[0] in COMPARED_AS_POSTGRESQL
    )
    return (
        known
        and compared
        and plain
        and not any(isinstance(node, tree.Column) for node in tree.walk(array))
        and not is_volatile(array)
    )


class Emitter:
    """One for each planned statement: collects the run-time constants and the functions that the text needs."""

    def __init__(self) -> None:
        self._constants: list[tuple[Callable[..., Any], ColumnType]] = []
        self._numbers: dict[str | None, int] = {}
        self._slow = False
        self._lists: dict[int, ColumnType] = {}
        """Constants that are arrays written as IN's lists, by number: the type of what is looked for."""
        self._bounds: dict[int, tuple[int, str]] = {}
        """Constants that numerics of a fixed scale are compared with, by number: scale and operator."""
        self._keys: set[int] = set()
        """Numbers of the constants whose keys (comparing.py) are compared."""
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
            if check is not None and value is not None and value < check[0]:
                raise DatabaseError(check[2], check[1])
            literals.append(self._written(number, value, type_))
        return MARK.sub(lambda found: literals[int(found.group(1))], sql)

    def _written(self, number: int, value: Any, type_: ColumnType) -> str:
        if number in self._lists:
            element = self._lists[number]
            return key_list(value, element) if has_key(element) or element.name == "bpchar" else in_list(value, element)
        if number in self._keys:
            return literal(key_of(type_)(value), KEY)
        if number in self._bounds and value is not None:
            return bound_literal(value, *self._bounds[number])
        return literal(value, type_)

    def limit(self, sql: str, what: str, sqlstate: str) -> str:
        """A LIMIT or OFFSET value: checked when its constant is evaluated."""
        return self.least(sql, 0, f"{what} must not be negative", sqlstate)

    def least(self, sql: str, least: int, message: str, sqlstate: str) -> str:
        """A value that must not be less than `least`, where it is a constant."""
        found = MARK.search(sql)
        if found is None:
            return sql
        number = self._add(*self._constants[int(found.group(1))])
        self._checks[number] = (least, message, sqlstate)
        return sql.replace(found.group(), f"\x01{number}\x01")

    # -- expressions ---------------------------------------------------------------------------------------------------

    def emit(self, expression: Any, around: Translator) -> tuple[str, ColumnType]:
        """(DuckDB SQL, the type that it carries) of a typed expression. `around`: whose `value` tells the same of a
        column."""
        if around.groups and (grouped := around.groups.get(expression)) is not None:
            return grouped
        if isinstance(expression, tree.Column):
            return around.value(expression.position)
        if _is_constant(expression):
            return self._constant(expression)
        if isinstance(expression, tree.Call):
            return self._call(expression, around)
        if isinstance(expression, tree.Cast):
            return self._cast(expression, *self.emit(expression.argument, around))
        return self._special(expression, around)

    def _constant(self, expression: Any) -> tuple[str, ColumnType]:
        self._slow = self._slow or is_slow(expression)
        type_ = expression.type
        if (
            type_.name == "numeric"
            and is_free(type_)
            and isinstance(expression, tree.Constant)
            and expression.datum is not None
        ):
            type_ = fixed(scale_of(expression.datum)) if fits_decimal(expression.datum) else type_
        # The same constant has one text, so that an expression of GROUP BY is found again.
        said = None if is_array(expression.type.name) else repr(expression)
        number = self._numbers.get(said)
        if number is None:
            number = self._add(compile_expression(expression), type_)
        if said is not None:
            self._numbers[said] = number
        return f"\x01{number}\x01", type_

    def _add(self, evaluate: Callable[..., Any], type_: ColumnType) -> int:
        self._constants.append((evaluate, type_))
        return len(self._constants) - 1

    def _special(self, expression: Any, around: Translator) -> tuple[str, ColumnType]:
        """The forms that are no functions; DuckDB's three-valued logic is SQL's."""

        def sub(node: Any) -> str:
            return self.emit(node, around)[0]

        if isinstance(expression, tree.Case):
            results, type_ = self._alike(
                [*expression.results, *([expression.default] if expression.default is not None else [])],
                expression,
                around,
            )
            pairs = zip(expression.conditions, results, strict=False)
            arms = "".join(f" WHEN {sub(condition)} THEN {result}" for condition, result in pairs)
            return f"(CASE{arms}{f' ELSE {results[-1]}' if expression.default is not None else ''} END)", type_
        if isinstance(expression, tree.Coalesce):
            arguments, type_ = self._alike(expression.arguments, expression, around)
            return f"coalesce({', '.join(arguments)})", type_
        if isinstance(expression, tree.MinMax):
            return self._min_max(expression, around)
        if isinstance(expression, tree.NullIf):
            text, type_ = self.emit(expression.argument, around)
            return f"(CASE WHEN {sub(expression.equal)} THEN NULL ELSE {text} END)", type_
        if isinstance(expression, tree.InDomain):
            return self._udf(expression, [expression.argument], [self.emit(expression.argument, around)])
        if isinstance(expression, tree.Apply):
            return self._udf(
                expression, list(expression.arguments), [self.emit(item, around) for item in expression.arguments]
            )
        if isinstance(expression, tree.ArrayOf):
            return self._udf(expression, list(expression.items), [self.emit(item, around) for item in expression.items])
        if isinstance(expression, tree.Quantified) and not _is_list(expression):
            return self._udf(
                expression,
                [expression.argument, expression.array],
                [self.emit(part, around) for part in (expression.argument, expression.array)],
            )
        return self._condition(expression, around), BOOL

    def _condition(self, expression: Any, around: Translator) -> str:
        def sub(node: Any) -> str:
            return self.emit(node, around)[0]

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
        if isinstance(expression, tree.Distinct):
            one, other = expression.equal.arguments
            left, right = self._compared("=", one, other, around)
            return f"({left} IS {'NOT ' if expression.negated else ''}DISTINCT FROM {right})"
        if isinstance(expression, tree.Quantified):
            text, type_ = self.emit(expression.argument, around)
            items = self._constant(expression.array)[0]
            element = ColumnType(element_of(expression.array.type.name))
            self._lists[_number(items)] = type_ if type_.name in ("numeric", "bpchar") else element
            return f"({equality_key(self, text, type_)} {'NOT ' if expression.every else ''}IN {items})"
        assert isinstance(expression, tree.InList), expression
        pairs = [self._compared("=", expression.argument, item, around) for item in expression.items]
        if len({left for left, _ in pairs}) == 1:
            return (
                f"({pairs[0][0]} {'NOT ' if expression.negated else ''}IN ({', '.join(right for _, right in pairs)}))"
            )
        equal = " OR ".join(f"({left} = {right})" for left, right in pairs)
        return f"(NOT ({equal}))" if expression.negated else f"({equal})"

    def _alike(self, nodes: Sequence[Any], expression: Any, around: Translator) -> tuple[list[str], ColumnType]:
        """Values of which one is chosen: numerics are carried in one way."""
        pairs = [self.emit(node, around) for node in nodes]
        if expression.type.name != "numeric":
            return [text for text, _ in pairs], expression.type
        known = [type_ for node, (_, type_) in zip(nodes, pairs, strict=True) if not _is_null(node)]
        type_ = common_numeric(known) if is_free(expression.type) else expression.type
        return [
            literal(None, type_) if _is_null(node) else self.cast_sql(text, given, type_)
            for node, (text, given) in zip(nodes, pairs, strict=True)
        ], type_

    def _min_max(self, expression: tree.MinMax, around: Translator) -> tuple[str, ColumnType]:
        arguments, type_ = self._alike(expression.arguments, expression, around)
        if is_free(type_) or is_array(type_.name) or type_.name in ("bpchar", "jsonb"):
            return self._udf(expression, list(expression.arguments), [(text, type_) for text in arguments])
        return f"{'greatest' if expression.greatest else 'least'}({', '.join(arguments)})", type_

    @property
    def is_large(self) -> bool:
        """Filling the text in takes long."""
        return self._slow or bool(self._lists) or len(self._constants) > LITERALS_MAX

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, call: tree.Call, around: Translator) -> tuple[str, ColumnType]:
        signed = self._signed(call, around)
        if signed is not None:
            return signed, BOOL
        compared = self.sides(call, around)
        if compared is not None:
            return f"({compared[0]} {call.name} {compared[1]})", BOOL
        types = {argument.type.name for argument in call.arguments}
        pairs = [self.emit(argument, around) for argument in call.arguments]
        if call.type.name == "numeric":
            return fixed_call(call, pairs) or self._udf(call, list(call.arguments), pairs)
        if (unit := truncated_unit(call)) is not None:
            return self._truncated(call, unit, pairs), call.type
        direct = direct_call(call, [text for text, _ in pairs], types)
        return (direct, call.type) if direct is not None else self._udf(call, list(call.arguments), pairs)

    def _signed(self, call: tree.Call, around: Translator) -> str | None:
        """An inequality of two numerics that DuckDB does not carry both."""
        if call.name not in ("<", "<=", ">", ">=") or any(map(_is_constant, call.arguments)):
            return None
        if [argument.type.name for argument in call.arguments] != ["numeric", "numeric"]:
            return None
        pairs = [self.emit(argument, around) for argument in call.arguments]
        if all(scale_in(type_) is not None for _, type_ in pairs):
            return None
        texts = [f"CAST({text} AS VARCHAR)" for text, _ in pairs]
        return f"({self.use(sign_udf(), texts)} {call.name} 0)"

    def _truncated(self, call: tree.Call, unit: str, pairs: list[tuple[str, ColumnType]]) -> str:
        """date_trunc. Of a timestamptz DuckDB does it where the session's time zone is UTC."""
        direct = f"date_trunc('{unit}', {pairs[1][0]})"
        if call.type.name == "timestamp":
            return direct
        is_utc, _ = self._of_environment("time zone is UTC", lambda environment: environment.time_zone is UTC)
        return f"(CASE WHEN {is_utc} THEN {direct} ELSE {self._udf(call, list(call.arguments), pairs)[0]} END)"

    def _of_environment(self, what: str, evaluate: Callable[[Any], bool]) -> tuple[str, ColumnType]:
        """A truth that each run knows before it begins."""
        number = self._numbers.get(what)
        if number is None:
            number = self._add(lambda row, parameters, environment: evaluate(environment), BOOL)
            self._numbers[what] = number
        return f"\x01{number}\x01", BOOL

    def sides(self, expression: Any, around: Translator) -> tuple[str, str] | None:
        """Both sides of a comparison that DuckDB makes as PostgreSQL does; None for any other expression."""
        if (
            not isinstance(expression, tree.Call)
            or expression.name not in COMPARISONS
            or len(expression.arguments) != 2
        ):
            return None
        types = {argument.type.name for argument in expression.arguments}
        if not (types <= COMPARED_AS_POSTGRESQL or all(map(is_array, types))):
            return None
        return self._compared(expression.name, *expression.arguments, around)

    def _compared(self, operator: str, left: Any, right: Any, around: Translator) -> tuple[str, str]:
        """Both sides of a comparison as DuckDB is to compare them."""
        (one, one_type), (other, other_type) = self.emit(left, around), self.emit(right, around)
        if one_type.name != "numeric" or other_type.name != "numeric":
            key = equality_key if operator in ("=", "<>") else order_key
            return key(self, one, one_type), key(self, other, other_type)
        first, second = scale_in(one_type), scale_in(other_type)
        if _is_constant(right) and first is not None and not _is_constant(left):
            return one, self._bounded(other, first, operator)
        if _is_constant(left) and second is not None and not _is_constant(right):
            return self._bounded(one, second, FLIPPED[operator]), other
        if first is not None and second is not None:
            return aligned(one, one_type, other, other_type)[:2]
        return self._key(one, one_type, left), self._key(other, other_type, right)

    def _bounded(self, mark: str, scale: int, operator: str) -> str:
        """A constant, to be compared with a numeric of this scale."""
        number = self._add(self._constants[_number(mark)][0], fixed(scale))
        self._bounds[number] = (scale, operator)
        return f"\x01{number}\x01"

    def _key(self, sql: str, type_: ColumnType, node: Any) -> str:
        """The key of a numeric; a constant's is made once."""
        if not _is_constant(node):
            return order_key(self, self.cast_sql(sql, type_, NUMERIC), NUMERIC)
        number = self._add(self._constants[_number(sql)][0], NUMERIC)
        self._keys.add(number)
        return f"\x01{number}\x01"

    def _udf(
        self, expression: Any, arguments: list[Any], pairs: list[tuple[str, ColumnType]]
    ) -> tuple[str, ColumnType]:
        """A call of our own implementation: arguments in, one column out."""
        if isinstance(expression, tree.Call):
            passed_on = [place for place, argument in enumerate(arguments) if not is_own_constant(argument)]
            arguments, pairs = [arguments[place] for place in passed_on], [pairs[place] for place in passed_on]
        udf = expression_udf(expression, [argument.type for argument in arguments])
        self._udfs[udf.name] = udf
        passed = (
            ", ".join(
                udf.pass_argument(text, argument.type) for (text, _), argument in zip(pairs, arguments, strict=True)
            )
            or "0"
        )
        return udf.receive(f"{udf.name}({passed})"), expression.type

    def use(self, udf: Udf, texts: list[str]) -> str:
        """A call of a function of ours with arguments as they are to cross."""
        self._udfs[udf.name] = udf
        return f"{udf.name}({', '.join(texts) or '0'})"

    def shown(self, sql: str, type_: ColumnType) -> str:
        """The name of an object that DuckDB carries as its oid."""
        from actors.query_processor.column_executor.catalog_calls import name_udf

        return self.use(name_udf(type_.name), [f"CAST({sql} AS BIGINT)"])

    def divide(self, dividend: str, divisor: str) -> str:
        """A quotient, as a free numeric."""
        return self.use(divide_udf(), [f"CAST({dividend} AS VARCHAR)", f"CAST({divisor} AS VARCHAR)"])

    # -- casts ---------------------------------------------------------------------------------------------------------

    def _cast(self, cast: tree.Cast, text: str, carried: ColumnType) -> tuple[str, ColumnType]:
        source, target = cast.argument.type, cast.type
        if target.name == "numeric":
            scale = scale_in(carried)
            if is_free(target) and target.modifier < 0 and (scale is not None or source.name == "numeric"):
                if source.name == "numeric":
                    return text, carried
                return f"CAST({text} AS DECIMAL({INTEGER_DIGITS[source.name]}, 0))", fixed(0)
        elif source.name == "numeric" and not is_free(carried) and target.name in ("float4", "float8"):
            return f"CAST(CAST({text} AS VARCHAR) AS {duck_type(target)})", target
        if source.name == "bpchar" and target.name in TEXT_TYPES and target.modifier < 0:
            if target.name == "bpchar":
                return _padded(text, source), target
            return (text if source.modifier >= 0 else f"rtrim({text}, ' ')"), target
        if source.name in OBJECTS and target.name in (*INTEGERS, "oid", *OBJECTS):
            return f"CAST({text} AS {duck_type(target)})", target
        if target.name in OBJECTS and source.name in (*INTEGERS, "oid"):
            return f"CAST({text} AS BIGINT)", target
        if source.name in OBJECTS and target.name in TEXT_TYPES:
            return self.shown(text, source), target
        if (source.name, target.name) in DIRECT_CASTS:
            return f"CAST({text} AS {duck_type(target)})", target
        if source == target or (
            source.name in TEXT_TYPES - {"bpchar"} and target.name in ("text", "varchar") and target.modifier < 0
        ):
            return text, target
        return self._udf(cast, [cast.argument], [(text, carried)])

    def cast_sql(self, sql: str, source: ColumnType, target: ColumnType) -> str:
        """`sql` of type `source`, as `target`; both may be types that carry numerics (numerics.py)."""
        if source == target:
            return sql
        if source.name == "numeric" and target.name == "numeric" and target.modifier < 0:
            return sql if duck_type(source) == duck_type(target) else f"CAST({sql} AS {duck_type(target)})"
        if source.name == target.name and target.modifier < 0:
            return _padded(sql, source) if source.name == "bpchar" else sql
        if source.name == "unknown" and sql.startswith("CAST(NULL"):
            return literal(None, target)
        cast, carried = self._cast(tree.Cast(tree.Column(0, public(source)), public(target)), sql, source)
        return self.cast_sql(cast, carried, target) if carried.name == "numeric" and carried != target else cast


def _is_constant(expression: Any) -> bool:
    return not any(isinstance(node, tree.Column) for node in tree.walk(expression)) and not is_volatile(expression)


def _padded(sql: str, source: ColumnType) -> str:
    """char(n) with its blanks."""
    return sql if source.modifier < 0 else f"rpad({sql}, {source.modifier - HEADER}, ' ')"


def _number(mark: str) -> int:
    return int(mark.strip("\x01"))


def _is_null(node: Any) -> bool:
    return isinstance(node, tree.Constant) and node.datum is None


def key_list(array: Array, type_: ColumnType) -> str:
    """What follows IN where keys are compared (comparing.py)."""
    if type_.name == "bpchar":
        return f"({', '.join([literal(None if item is None else item.rstrip(' '), type_) for item in array.items])})"
    key = key_of(type_)
    return f"({', '.join([literal(key(item), KEY) for item in array.items])})"
