"""Running DuckDB: one database in memory for the process, a cursor for each query, in threads of their own.

A query gets its tables as Arrow, registered on its cursor under names that only it uses; nothing is kept between queries. DuckDB's errors become
PostgreSQL's SQLSTATEs.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from actors.common.errors import (
    CARDINALITY_VIOLATION,
    DATA_EXCEPTION,
    DIVISION_BY_ZERO,
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    INTERNAL_ERROR,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    OUT_OF_MEMORY,
    QUERY_CANCELED,
    DatabaseError,
)

MEMORY_BYTES_DEFAULT = 1 << 30
"""Where no statement limit is set."""
RAISED = re.compile(r"EAGLERAY\[(\w{5})\](.*)", re.DOTALL)
"""How our own functions report an error from inside DuckDB: SQLSTATE and message."""


@dataclass(frozen=True)
class Surroundings:
    """What a query's functions may look at: the expressions' Environment and the transaction's catalog."""

    environment: Any
    catalog: Any


class Engine:
    """`run(sql, tables)` blocks and is called in a thread of `threads`."""

    def __init__(self, threads: int, memory_bytes: int) -> None:
        self.threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="columns")
        self._memory_bytes = memory_bytes or MEMORY_BYTES_DEFAULT
        self._lock = threading.Lock()
        self._local = threading.local()
        self._database: Any = None
        self._functions: set[str] = set()

    def _connect(self) -> Any:
        """The process's database, made at the first query (importing DuckDB costs 50 to 100 ms)."""
        with self._lock:
            if self._database is None:
                import duckdb

                self._database = duckdb.connect(
                    ":memory:",
                    config={
                        "threads": 1,
                        "memory_limit": f"{self._memory_bytes}B",
                        "autoinstall_known_extensions": "false",
                        "autoload_known_extensions": "false",
                        "enable_external_access": "false",
                        "preserve_insertion_order": "true",
                    },
                )
            return self._database

    def add_function(self, name: str, function: Any, arguments: list[str], result: str, volatile: bool = False) -> None:
        """Make a Python function over Arrow arrays callable from SQL; a second time does nothing. NULL arguments reach it.

        DuckDB counts the parameters of what it is given, so the function is wrapped in one of the right arity.
        """
        database = self._connect()
        with self._lock:
            if name in self._functions:
                return
            names = ", ".join(f"a{number}" for number in range(len(arguments)))
            wrapped = eval(f"lambda {names}: function({names})", {"function": function})
            database.create_function(name, wrapped, arguments, result, type="arrow", null_handling="special", side_effects=volatile)
            self._functions.add(name)

    def current_surroundings(self) -> Surroundings:
        """Of the query that this thread runs (udf.py)."""
        surroundings: Surroundings = self._local.surroundings
        return surroundings

    def run(self, sql: str, tables: dict[str, pa.Table], surroundings: Surroundings) -> pa.Table:
        """The result. Raises DatabaseError."""
        cursor = self._connect().cursor()
        self._local.surroundings = surroundings
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            return cursor.sql(sql).to_arrow_table()
        except Exception as error:
            raise translate_error(error, sql) from error
        finally:
            for name in tables:
                cursor.unregister(name)
            cursor.close()

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        if self._database is not None:
            self._database.close()
            self._database = None


def translate_error(error: Exception, sql: str) -> DatabaseError:
    """PostgreSQL's error for DuckDB's."""
    if isinstance(error, DatabaseError):
        return error
    text = str(error)
    raised = RAISED.search(text)
    if raised is not None:
        return DatabaseError(raised.group(1), raised.group(2).strip().splitlines()[0])
    kind = type(error).__name__
    if "ivision by zero" in text:
        return DatabaseError(DIVISION_BY_ZERO, "division by zero")
    if kind == "OutOfMemoryException":
        return DatabaseError(OUT_OF_MEMORY, "query requires too much temp space, out of memory")
    if kind == "InterruptException":
        return DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
    if kind == "OutOfRangeException" or "out of range" in text:
        return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, _range_message(text))
    if "More than one row returned by a subquery" in text:
        return DatabaseError(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
    if "GROUP BY clause" in text:
        return DatabaseError(GROUPING_ERROR, "column must appear in the GROUP BY clause or be used in an aggregate function")
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
