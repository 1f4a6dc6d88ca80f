"""Expression trees as storage evaluates them: as functions of a decoded row, and, where Arrow has kernels of the same
meaning, of columns.

A filter is compiled once for its tree; parameters are given at each evaluation (`revive_parameters` makes datums of
what msgpack carried). The two ways agree: `vector_filter` translates only what it can keep PostgreSQL's meaning of, and
its mask raises NotVectorized where a block's values are beyond that (a float NaN, a numeric that does not fit a decimal
column): then the rows are filtered one by one.

Translated: comparisons of a column with a constant, a parameter or another column of the same kind (integers of any
width, floats, text, dates and times, uuid, bytea, booleans, numeric(p, s)), IN lists, IS [NOT] NULL, IS [NOT]
TRUE/FALSE, LIKE without escapes, AND, OR, NOT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.expressions import tree
from actors.sql.expressions.compile import compile_expression, compile_filter
from actors.sql.expressions.environment import IMMUTABLE_ENVIRONMENT
from actors.sql.types.arrays import element_of
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.column_type import ColumnType
from actors.storage.aggregates import FLOATS, INTEGERS, NotVectorized

Parameters = tuple[Any, ...]
Columns = dict[int, pa.Array]
Vector = Callable[[Columns, Parameters], pa.Array]
Known = Callable[[Parameters], Any]
"""The datum of an expression without columns."""

_KERNELS = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_TEXTS = frozenset({"text", "varchar"})
_ALONE = ORDERED_BYTES | BITS | {"bpchar", "bool", "bytea", "date", "time", "timestamp", "timestamptz", "numeric"}
"""Compared with their own kind only."""


class RowFunction:
    """`evaluate(row, parameters) -> datum`; `position`: of the column that the expression is, None for anything
    else."""

    __slots__ = ("evaluate", "position", "type")

    def __init__(self, encoded: Any) -> None:
        expression = tree.decode_expression(encoded)
        compiled = compile_expression(expression)
        self.evaluate: Callable[[list[Any], Parameters], Any] = lambda row, parameters: compiled(
            row, parameters, IMMUTABLE_ENVIRONMENT
        )
        self.position = expression.position if isinstance(expression, tree.Column) else None
        self.type: ColumnType = expression.type


class Filter:
    """`passes(row, parameters)`: whether a decoded row passes; `vector`: the same of columns, None where it is not
    translated."""

    __slots__ = ("passes", "vector")

    def __init__(self, encoded: Any) -> None:
        expression = tree.decode_expression(encoded)
        compiled = compile_filter(expression)
        self.passes: Callable[[list[Any], Parameters], bool] = lambda row, parameters: compiled(
            row, parameters, IMMUTABLE_ENVIRONMENT
        )
        self.vector = vector_filter(expression)


class VectorFilter:
    """`mask`: true for the rows that pass, of the columns at `positions`. Raises NotVectorized."""

    __slots__ = ("_vector", "positions")

    def __init__(self, vector: Vector, positions: list[int]) -> None:
        self._vector = vector
        self.positions = positions

    def mask(self, columns: Columns, parameters: Parameters) -> pa.Array:
        try:
            return pc.fill_null(self._vector(columns, parameters), False)
        except (pa.ArrowException, DatabaseError, OverflowError, TypeError, ValueError) as error:
            raise NotVectorized from error


def parameter_types(encoded: list[Any]) -> dict[int, ColumnType]:
    """Number -> type of the parameters in some encoded trees."""
    trees = [tree.decode_expression(one) for one in encoded if one is not None]
    return {node.number: node.type for root in trees for node in tree.walk(root) if isinstance(node, tree.Parameter)}


def revive_parameters(parameters: Parameters, types: dict[int, ColumnType]) -> Parameters:
    """The datums that msgpack carried."""
    if not types:
        return parameters
    return tuple(
        tree.revive(value, types[number]) if number in types and value is not None else value
        for number, value in enumerate(parameters, 1)
    )


def vector_filter(expression: tree.Expression) -> VectorFilter | None:
    vector = _boolean(expression)
    return None if vector is None else VectorFilter(vector, sorted(tree.columns_of(expression)))


def _boolean(node: tree.Expression) -> Vector | None:
    """A boolean expression as a function of columns; None where it is not translated."""
    if isinstance(node, tree.And | tree.Or):
        return _junction(node)
    if isinstance(node, tree.Not):
        inner = _boolean(node.argument)
        return None if inner is None else lambda columns, parameters: pc.invert(inner(columns, parameters))
    if isinstance(node, tree.Column):
        position = node.position
        return (lambda columns, parameters: columns[position]) if node.type.name == "bool" else None
    if isinstance(node, tree.NullTest) and isinstance(node.argument, tree.Column):
        position = node.argument.position
        test = pc.is_valid if node.negated else pc.is_null
        return lambda columns, parameters: test(columns[position])
    if isinstance(node, tree.BooleanTest) and node.value is not None:
        return _truth(node)
    if isinstance(node, tree.InList):
        return _in_list(node)
    if isinstance(node, tree.Quantified):
        return _member(node)
    return _comparison(node) if isinstance(node, tree.Call) and len(node.arguments) == 2 else None


def _junction(node: tree.And | tree.Or) -> Vector | None:
    parts = [_boolean(argument) for argument in node.arguments]
    if not parts or None in parts:
        return None
    combine = pc.and_kleene if isinstance(node, tree.And) else pc.or_kleene

    def evaluate(columns: Columns, parameters: Parameters) -> pa.Array:
        result = parts[0](columns, parameters)  # type: ignore[misc]
        for part in parts[1:]:
            result = combine(result, part(columns, parameters))  # type: ignore[misc]
        return result

    return evaluate


def _truth(node: tree.BooleanTest) -> Vector | None:
    """IS [NOT] TRUE or FALSE."""
    inner = _boolean(node.argument)
    if inner is None:
        return None

    def evaluate(columns: Columns, parameters: Parameters) -> pa.Array:
        holds = pc.fill_null(pc.equal(inner(columns, parameters), pa.scalar(node.value, pa.bool_())), False)
        return pc.invert(holds) if node.negated else holds

    return evaluate


def comparable(left: ColumnType, right: ColumnType) -> bool:
    """Arrow compares such columns as PostgreSQL does, but for NaN."""
    one, other = left.name, right.name
    return any(one in kinds and other in kinds for kinds in (INTEGERS, FLOATS, _TEXTS)) or (
        one == other and one in _ALONE
    )


def _comparison(node: tree.Call) -> Vector | None:
    kernel = _KERNELS.get(node.name)
    left, right = node.arguments
    if kernel is None:
        return _like(node) if node.name in ("~~", "!~~") else None
    if not comparable(left.type, right.type) or (left.type.name == "bool" and node.name not in ("=", "<>")):
        return None
    if not isinstance(left, tree.Column) and not isinstance(right, tree.Column):
        return None
    first, second = _operand(left), _operand(right)
    if first is None or second is None:
        return None
    return lambda columns, parameters: kernel(*of_one_scale(first(columns, parameters), second(columns, parameters)))


def _operand(node: tree.Expression) -> Vector | None:
    """A column, or a constant expression as an Arrow scalar."""
    type_ = node.type
    if isinstance(node, tree.Column):
        position = node.position
        return lambda columns, parameters: checked(columns[position], type_)
    known = known_datum(node)
    return None if known is None else lambda columns, parameters: scalar(known(parameters), type_)


def known_datum(node: tree.Expression) -> Known | None:
    """The datum of an expression without columns (a constant, a parameter, a cast of one)."""
    if isinstance(node, tree.Constant):
        datum = node.datum
        return lambda parameters: datum
    if isinstance(node, tree.Parameter):
        place = node.number - 1
        return lambda parameters: parameters[place]
    if tree.columns_of(node) or not tree.is_immutable(node):
        return None
    compiled = compile_expression(node)
    return lambda parameters: compiled((), parameters, IMMUTABLE_ENVIRONMENT)


def checked(column: pa.Array, type_: ColumnType) -> pa.Array:
    """The column where Arrow compares its values as PostgreSQL does."""
    if type_.name in FLOATS and pc.any(pc.is_nan(column)).as_py():
        raise NotVectorized
    if type_.name == "bpchar" and type_.modifier < 0:
        return pc.utf8_rtrim(column, " ")  # those of a char(n) lie there without their blanks
    if type_.name == "numeric":
        if not pa.types.is_decimal(column.type):
            raise NotVectorized
        precision = ((type_.modifier - 4) >> 16) & 0xFFFF
        # Digits that no value has are left to bring both sides to one scale; the values are not looked at.
        narrow = pa.decimal128(precision, column.type.scale)
        return pa.Array.from_buffers(narrow, len(column), column.buffers(), column.null_count, column.offset)
    return column


def of_one_scale(left: Any, right: Any) -> tuple[Any, Any]:
    """A numeric that a column is compared with, as the column's type where that can hold it: Arrow would else make a
    column of the other's scale."""
    if isinstance(left, pa.Scalar):
        return _as_type_of(left, right), right
    return (left, _as_type_of(right, left)) if isinstance(right, pa.Scalar) else (left, right)


def _as_type_of(scalar: pa.Scalar, column: pa.Array) -> pa.Scalar:
    if not pa.types.is_decimal(column.type) or scalar.type == column.type:
        return scalar
    try:
        return scalar.cast(column.type)
    except pa.ArrowInvalid:
        return scalar  # it has more digits than the column's values


def scalar(datum: Any, type_: ColumnType) -> pa.Scalar:
    """To compare a column with. Raises NotVectorized, and as `to_arrow`."""
    if type_.name == "numeric":
        if datum is not None and not datum.is_finite():
            raise NotVectorized
        return pa.scalar(datum) if datum is not None else pa.scalar(None, pa.decimal128(1, 0))
    if type_.name in FLOATS and datum is not None and datum != datum:
        raise NotVectorized
    return _values([datum], type_)[0]


def _values(datums: Iterable[Any], type_: ColumnType) -> pa.Array:
    """To compare a column with. Blanks at the end of a char do not count."""
    if type_.name == "bpchar":
        datums = [None if datum is None else datum.rstrip(" ") for datum in datums]
    return to_arrow(list(datums), type_)


UNDERSCORES_MAX = 4
"""Arrow makes a pattern a regular expression, whose automaton doubles with each underscore; beyond so many our own
matcher is the steadier one."""


def _like(node: tree.Call) -> Vector | None:
    text, pattern = node.arguments
    if not isinstance(text, tree.Column) or text.type.name not in _TEXTS or pattern.type.name not in _TEXTS:
        return None
    known = known_datum(pattern)
    if known is None:
        return None
    position, negated = text.position, node.name == "!~~"

    def evaluate(columns: Columns, parameters: Parameters) -> pa.Array:
        wanted = known(parameters)
        if wanted is None or "\\" in wanted or wanted.count("_") > UNDERSCORES_MAX:
            raise NotVectorized
        matches = pc.match_like(columns[position], wanted)
        return pc.invert(matches) if negated else matches

    return evaluate


def _member(node: tree.Quantified) -> Vector | None:
    """`column = ANY (array)` and `column <> ALL (array)`."""
    argument, known = node.argument, known_datum(node.array)
    if known is None or not isinstance(argument, tree.Column) or node.operator != ("<>" if node.every else "="):
        return None
    type_, element = argument.type, ColumnType(element_of(node.array.type.name))
    if type_.name in FLOATS or type_.name in ("bool", "numeric") or not comparable(type_, element):
        return None
    position = argument.position

    def evaluate(columns: Columns, parameters: Parameters) -> pa.Array:
        array = known(parameters)
        column = checked(columns[position], type_)
        if array is None:
            return pa.nulls(len(column), pa.bool_())
        if not array.items:
            return pa.repeat(pa.scalar(node.every, pa.bool_()), len(column))
        known_items = _values((item for item in array.items if item is not None), element)
        found = pc.is_in(column, value_set=known_items.cast(column.type))
        unknown = pc.or_(pc.is_null(column), pc.invert(found)) if array.has_null else pc.is_null(column)
        result = pc.if_else(unknown, pa.scalar(None, pa.bool_()), found)
        return pc.invert(result) if node.every else result

    return evaluate


def _in_list(node: tree.InList) -> Vector | None:
    argument = node.argument
    items = [known for item in node.items if (known := known_datum(item)) is not None]
    if not isinstance(argument, tree.Column) or len(items) < len(node.items):
        return None
    if argument.type.name == "bool" or not all(comparable(argument.type, item.type) for item in node.items):
        return None
    if argument.type.name in FLOATS and any(item.type.name != argument.type.name for item in node.items):
        return None  # a float8 would be rounded to the column's float4
    position, type_ = argument.position, argument.type

    def evaluate(columns: Columns, parameters: Parameters) -> pa.Array:
        column = checked(columns[position], type_)
        datums = [item(parameters) for item in items]
        known = [datum for datum in datums if datum is not None]
        if type_.name in FLOATS:
            if any(datum != datum for datum in known):
                raise NotVectorized
            known = [datum + 0.0 for datum in known]  # Arrow looks values up by their bits: minus zero becomes zero
            column = pc.add(column, pa.scalar(0.0, column.type))
        found = pc.is_in(column, value_set=_values(known, type_).cast(column.type))
        unknown = pc.is_null(column) if len(known) == len(datums) else pc.invert(found)
        result = pc.if_else(unknown, pa.scalar(None, pa.bool_()), found)
        return pc.invert(result) if node.negated else result

    return evaluate
