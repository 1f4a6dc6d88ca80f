"""Our own functions inside DuckDB: one overload of a function, operator or cast, vectorized over Arrow arrays.

A function's arguments and result cross as Arrow; numerics cross as text, since DuckDB's decimals have a scale and ours
have one for each value. The statement's Surroundings come through the Instance that runs it: an instance runs one
statement at a time (instance.py).

The values of one call are Python's and Arrow's, not DuckDB's: functions that make texts count them against the
statement's memory here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from actors.common.errors import QUERY_CANCELED, DatabaseError, statement_memory_exceeded
from actors.query_processor.column_executor.arrays import array_reader, text_of_array
from actors.query_processor.column_executor.kernels import kernel_of
from actors.query_processor.column_executor.numerics import is_free
from actors.query_processor.column_executor.values import DUCK_TYPES, duck_type, to_duck
from actors.sql.encoding.arrow_types import arrow_type, from_arrow, to_arrow
from actors.sql.encoding.row_columns import NotPlain
from actors.sql.expressions import tree
from actors.sql.expressions.compile import compile_expression
from actors.sql.types.arrays import ARRAY_TYPES, is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.expressions.environment import Environment

SIZED_TYPES = frozenset({"text", "varchar", "bpchar", "bytea", "json", "jsonb", *ARRAY_TYPES})
"""Types whose values may be of any length."""


@dataclass
class Surroundings:
    """What a statement's functions may look at: the expressions' Environment, the transaction's catalog, and the
    statement's own state."""

    environment: Environment
    catalog: Catalog
    memory_bytes: int
    """Of the statement."""
    stopped: bool = False
    """The statement is over for its session: DuckDB notices an interrupt only between two calls of a function."""


@dataclass(frozen=True)
class Udf:
    """`make(surroundings_of)` gives the vectorized function; `arguments` and `result` are DuckDB type names."""

    name: str
    arguments: list[str]
    result: str
    type: ColumnType
    make: Callable[[Callable[[], Surroundings]], Callable[..., pa.Array]]
    volatile: bool = False

    def pass_argument(self, sql: str, type_: ColumnType) -> str:
        return f"CAST({sql} AS VARCHAR)" if type_.name == "numeric" else f"CAST({sql} AS {crossing(type_)})"

    def receive(self, sql: str) -> str:
        return sql if self.type.name != "numeric" or is_free(self.type) else f"CAST({sql} AS {duck_type(self.type)})"


def crossing(type_: ColumnType) -> str:
    return "VARCHAR" if type_.name == "numeric" or type_.name not in DUCK_TYPES else duck_type(type_)


def is_own_constant(expression: Any) -> bool:
    """Whether a function of ours keeps the argument: DuckDB takes intervals that compare equal (1 month, 30 days) for
    one and the same."""
    return isinstance(expression, tree.Constant) and expression.type.name == "interval" and expression.datum is not None


def expression_udf(expression: Any, types: list[ColumnType]) -> Udf:
    """The root operation of `expression` (a Call, a Cast, ANY or ALL of an array, ARRAY[...]) with its arguments as
    columns, by Arrow where that can (kernels.py), else row by row. `types`: the columns'."""
    columns = tuple(tree.Column(place, type_) for place, type_ in enumerate(types))
    plain: Any
    if isinstance(expression, tree.Call):
        left = iter(columns)
        arguments = tuple(argument if is_own_constant(argument) else next(left) for argument in expression.arguments)
        plain = tree.Call(expression.name, expression.signature, arguments, expression.type)
    elif isinstance(expression, tree.Quantified):
        plain = replace(expression, argument=columns[0], array=columns[1])
    elif isinstance(expression, tree.ArrayOf):
        plain = replace(expression, items=columns)
    elif isinstance(expression, tree.InDomain):
        plain = replace(expression, argument=columns[0])
    elif isinstance(expression, tree.MinMax | tree.Apply):
        plain = replace(expression, arguments=columns)
    else:
        plain = tree.Cast(columns[0], expression.type, expression.explicit)
    digest = hashlib.sha256(repr(plain).encode()).hexdigest()[:16]
    evaluate, kernel = compile_expression(plain), kernel_of(plain)
    result = expression.type
    sized = result.name in SIZED_TYPES and not is_array(result.name)

    def make(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
        def function(*arrays: pa.Array) -> pa.Array:
            around = surroundings_of()
            if kernel is not None:
                try:
                    return kernel(arrays)
                except (NotPlain, pa.ArrowInvalid):
                    pass  # a value for which only the row's own function will do
            datums = [datums_of(array, type_) for array, type_ in zip(arrays, types, strict=bool(types))]
            rows = zip(*datums, strict=True) if types else ((),) * len(arrays[0])
            try:
                values = evaluate_rows(rows, around)
            except DatabaseError as error:
                raise raised(error) from error
            return result_column(values, result)

        def evaluate_rows(rows: Iterable[tuple[Any, ...]], around: Surroundings) -> list[Any]:
            environment = around.environment
            values = []
            room = around.memory_bytes
            for row in rows:
                value = evaluate(row, (), environment)
                values.append(value)
                if sized and value is not None:
                    room -= len(value)
                    if room < 0:
                        raise statement_memory_exceeded(around.memory_bytes)
                if around.stopped:
                    raise DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
            return values

        return function

    # A function without arguments gets one that it does not look at: the array's length says for how many rows.
    passed = [crossing(type_) for type_ in types] or ["INTEGER"]
    return Udf(f"eagleray_{digest}", passed, crossing(result), result, make, tree.is_volatile(plain))


def raised(error: DatabaseError) -> ValueError:
    """How a function of ours tells DuckDB of an error (errors.py reads it)."""
    constraint = f"|{error.constraint}" if error.constraint else ""
    return ValueError(f"EAGLERAY[{error.sqlstate}{constraint}]{error.message}")


def datums_of(array: pa.Array | pa.ChunkedArray, type_: ColumnType) -> list[Any]:
    """An argument's column as datums."""
    if type_.name == "numeric":
        return [None if value is None else Decimal(value) for value in array.to_pylist()]
    if is_array(type_.name):
        read = array_reader(type_)
        return [read(text) for text in array.to_pylist()]
    if type_.name not in DUCK_TYPES:
        return list(array.to_pylist())
    if type_.name == "oid" or type_.name in OBJECTS:
        return list(array.to_pylist())
    target = arrow_type(type_)
    return from_arrow(array.cast(target) if array.type != target else array, type_)


def result_column(values: list[Any], type_: ColumnType) -> pa.Array:
    """Datums as the column that DuckDB is given."""
    if type_.name == "numeric":
        return pa.array([None if value is None else format(value, "f") for value in values], pa.string())
    if is_array(type_.name):
        return pa.array([None if value is None else text_of_array(value, type_) for value in values], pa.string())
    if type_.name not in DUCK_TYPES:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values, pa.int64()) if type_.name in OBJECTS else to_duck(to_arrow(values, type_), type_)


def fits_udf(columns: int) -> Udf:
    """TRUE for each row, given a result column's lengths in bytes; the rows of one call must have room in the
    statement's memory, beside those of as many `columns`. DuckDB does not count what leaves it, and a value that it has
    once may leave 2,048 times. Raises 54000."""

    def make(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
        def fits(lengths: pa.Array) -> pa.Array:
            memory_bytes = surroundings_of().memory_bytes
            if (pc.sum(lengths).as_py() or 0) > memory_bytes // columns:
                error = statement_memory_exceeded(memory_bytes)
                raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}")
            return pa.array([True] * len(lengths), pa.bool_())

        return fits

    return Udf(f"eagleray_fits_{columns}", ["BIGINT"], "BOOLEAN", ColumnType("bool"), make, volatile=True)
