"""DuckDB's errors as PostgreSQL's."""

from __future__ import annotations

import re
from urllib.parse import unquote

from actors.common.errors import (
    CARDINALITY_VIOLATION,
    DATA_EXCEPTION,
    DIVISION_BY_ZERO,
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    INTERNAL_ERROR,
    INVALID_ESCAPE_SEQUENCE,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    QUERY_CANCELED,
    DatabaseError,
    statement_memory_exceeded,
)

RAISED = re.compile(r"EAGLERAY\[(\w{5})(?:\|([^|\]\s]*)\|([^|\]\s]*))?\]([^\n]*)")
"""How our own functions and feeds report an error from inside DuckDB: SQLSTATE, the names of schema and constraint
where there are some (quoted as in an URL), and message."""
STREAM_KINDS = {
    "Out of Memory Error": "OutOfMemoryException",
    "INTERRUPT Error": "InterruptException",
    "Out of Range Error": "OutOfRangeException",
    "Conversion Error": "ConversionException",
    "Invalid Input Error": "InvalidInputException",
    "Not implemented Error": "NotImplementedException",
}
"""An error while a result is read arrives as OSError, its kind only in its text."""


WINDOW_ERRORS = (
    ("rgument for ntile must be", "22014", "argument of ntile must be greater than zero"),
    ("PRECEDING expression cannot be negative", "22013", "frame starting offset must not be negative"),
    ("range [0, 1]", "22003", "percentile value is not between 0 and 1"),
    ("FOLLOWING expression cannot be negative", "22013", "frame ending offset must not be negative"),
)
"""DuckDB's text, and PostgreSQL's error."""


def translate_error(error: BaseException, memory_bytes: int) -> DatabaseError:
    """PostgreSQL's error for DuckDB's. `memory_bytes`: of a statement."""
    if isinstance(error, DatabaseError):
        return error
    text = str(error)
    raised = RAISED.search(text)
    if raised is not None:
        schema, constraint = (unquote(name or "") for name in raised.group(2, 3))
        return DatabaseError(raised.group(1), raised.group(4).strip(), schema=schema, constraint=constraint)
    kind = type(error).__name__
    if kind == "OSError":
        kind = STREAM_KINDS.get(text.partition(":")[0], kind)
    if "Like pattern must not end with escape character" in text:
        return DatabaseError(INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")
    if "ivision by zero" in text:
        return DatabaseError(DIVISION_BY_ZERO, "division by zero")
    for part, sqlstate, message in WINDOW_ERRORS:
        if part in text:
            return DatabaseError(sqlstate, message)
    if kind == "OutOfMemoryException" or isinstance(error, MemoryError):
        return statement_memory_exceeded(memory_bytes)
    if kind == "InterruptException":
        return DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
    if "interval cannot be 0" in text:
        return DatabaseError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")
    if kind == "OutOfRangeException" or "out of range" in text:
        return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, _range_message(text))
    if "More than one row returned by a subquery" in text:
        return DatabaseError(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
    if "GROUP BY clause" in text:
        return DatabaseError(
            GROUPING_ERROR, "column must appear in the GROUP BY clause or be used in an aggregate function"
        )
    if kind == "ConversionException":
        return DatabaseError(INVALID_TEXT_REPRESENTATION, _first_line(text))
    if kind in ("BinderException", "ParserException", "CatalogException", "NotImplementedException"):
        return DatabaseError(FEATURE_NOT_SUPPORTED, "this query is not supported", detail=_first_line(text))
    if kind in ("InvalidInputException", "DataError"):
        return DatabaseError(DATA_EXCEPTION, _first_line(text))
    return DatabaseError(INTERNAL_ERROR, f"column executor: {_first_line(text)}")


def _range_message(text: str) -> str:
    for width, name in (("INT16", "smallint"), ("INT32", "integer"), ("INT64", "bigint")):
        if width in text:
            return f"{name} out of range"
    return "value out of range"


def _first_line(text: str) -> str:
    return text.splitlines()[0].partition("Error: ")[2] or text.splitlines()[0] if text else "unknown error"
