"""format(), a function of any number of arguments of any types."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import INVALID_PARAMETER_VALUE, NULL_VALUE_NOT_ALLOWED, DatabaseError
from actors.query_processor.column_executor.udf import Udf, crossing, datums_of, result_column
from actors.sql.expressions.text_functions import quote_ident, quote_literal
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.translator import Translator

TEXT = ColumnType("text")


_SPECIFIER = re.compile(r"%(?:(\d+)\$)?(-)?(?:(\d+)|\*(?:(\d+)\$)?)?([a-zA-Z%])?")


def formatted(translator: Translator, arguments: Sequence[tuple[str, ColumnType]]) -> tuple[str, ColumnType]:
    """(SQL, type) of format(text, ...)."""
    types = [type_ for _, type_ in arguments]
    name = "eagleray_format_" + "_".join(type_.name for type_ in types)
    udf = Udf(name, [crossing(type_) for type_ in types], "VARCHAR", TEXT, lambda surroundings_of: _rows(_format, types, TEXT))
    return translator.emitter.use(udf, [f"CAST({sql} AS {crossing(type_)})" for sql, type_ in arguments]), TEXT


def _format(row: Sequence[Any], types: Sequence[ColumnType]) -> str | None:
    """%s, %I and %L with positions and widths. Raises 22023."""
    if row[0] is None:
        return None
    place = 0

    def taken(given: str | None) -> int:
        nonlocal place
        place = int(given) if given else place + 1
        if not 0 < place < len(row):
            wrong = "format specifies argument 0, but arguments are numbered from 1" if given == "0" else "too few arguments for format()"
            raise DatabaseError(INVALID_PARAMETER_VALUE, wrong)
        return place

    def shown(found: re.Match[str]) -> str:
        position, left, width, width_from, kind = found.groups()
        if kind == "%":
            return "%"
        if kind not in ("s", "I", "L"):
            wrong = f'unrecognized format() type specifier "{kind}"' if kind else "unterminated format() type specifier"
            raise DatabaseError(INVALID_PARAMETER_VALUE, wrong, hint='For a single "%" use "%%".')
        if "*" in found[0]:
            size = int(row[taken(width_from)] or 0)
        else:
            size = int(width or 0)
        at = taken(position)
        text = None if row[at] is None else _text(row[at], types[at])
        if kind == "I":
            if text is None:
                raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier")
            text = quote_ident(text)
        elif kind == "L":
            text = "NULL" if text is None else quote_literal(text)
        text = text or ""
        return text.ljust(abs(size)) if left or size < 0 else text.rjust(size)

    return _SPECIFIER.sub(shown, row[0])


def _rows(
    make: Callable[[Sequence[Any], Sequence[ColumnType]], Any], types: Sequence[ColumnType], result: ColumnType
) -> Callable[..., pa.Array]:
    """The function that DuckDB calls: `make` for each row."""

    def function(*arrays: pa.Array) -> pa.Array:
        columns = [datums_of(array, type_) for array, type_ in zip(arrays, types, strict=bool(types))]
        rows = zip(*columns, strict=True) if types else ((),) * len(arrays[0])
        try:
            return result_column([make(row, types) for row in rows], result)
        except DatabaseError as error:
            raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}") from error

    return function


def _text(datum: Any, type_: ColumnType) -> str:
    known = by_name.get(type_.name)
    return str(datum) if known is None else known.format_text(datum, type_.modifier)
