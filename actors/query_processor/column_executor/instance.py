"""`Instance`: one DuckDB database in memory. It runs one statement at a time, so its memory limit is that statement's.

DuckDB bounds memory by database (`memory_limit`), not by connection: statements that shared one would make each other
fail. An instance costs some 4 MB and 40 ms, so a few idle ones are kept for the process (`take`, `give_back`), with the
functions that they have learned.

What DuckDB counts: sorts, hash tables, aggregates' states, materialized intermediates and results. What it does not
count: the values of the rows that it computes at one time (2,048), and their copy as Arrow. udf.py bounds what our own
functions make, and what leaves (`fits_udf`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from actors.query_processor.column_executor.feeding import Feed
from actors.query_processor.column_executor.udf import Surroundings, Udf

IDLE_MAX = 4
"""Instances kept for the next statements: as many as two processors keep busy, and some."""
FUNCTIONS_MAX = 1000
"""Of an instance: statements come and go, their functions stay."""
AHEAD_BYTES = 256 << 10
"""What DuckDB may compute ahead of what is fetched of a result."""
CONFIGURATION: dict[str, Any] = {
    "threads": 1,
    "async_threads": 1,
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "preserve_insertion_order": "true",
    "temp_directory": "",
}

_idle: list[Instance] = []
_idle_lock = threading.Lock()
_python_turn = threading.Lock()
"""Held by the one thread that runs a function of ours: the event loop shares the interpreter with one thread, however
many statements call functions."""


class Instance:
    """See the module. Its methods block; all but `interrupt` are called by one thread at a time."""

    def __init__(self) -> None:
        import duckdb

        self._database: Any = duckdb.connect(":memory:", config=CONFIGURATION)
        self._database.execute(f"SET streaming_buffer_size = '{AHEAD_BYTES}B'")
        self._functions: set[str] = set()
        self._memory_bytes = 0
        self._tables: list[str] = []
        self.surroundings: Surroundings | None = None

    def limit_memory(self, memory_bytes: int) -> None:
        """For the next statement."""
        if memory_bytes != self._memory_bytes:
            self._database.execute(f"SET memory_limit = '{memory_bytes}B'")
            self._memory_bytes = memory_bytes

    def learn(self, udf: Udf) -> None:
        """Make a Python function over Arrow arrays callable from SQL; a second time does nothing. NULL arguments reach
        it.

        DuckDB counts the parameters of what it is given, so the function is wrapped in one of the right arity.
        """
        if udf.name in self._functions:
            return
        function = udf.make(self._current_surroundings)

        def in_turn(*arrays: pa.Array) -> pa.Array:
            with _python_turn:
                return function(*arrays)

        names = ", ".join(f"a{number}" for number in range(len(udf.arguments)))
        wrapped = eval(f"lambda {names}: function({names})", {"function": in_turn})
        self._database.create_function(
            udf.name,
            wrapped,
            udf.arguments,
            udf.result,
            type="arrow",
            null_handling="special",
            side_effects=udf.volatile,
        )
        self._functions.add(udf.name)

    def _current_surroundings(self) -> Surroundings:
        assert self.surroundings is not None, "a function is called by a statement"
        return self.surroundings

    def run(self, sql: str, tables: Mapping[str, pa.Table | Feed], batch_rows: int) -> pa.RecordBatchReader:
        """The statement's result in record batches, computed as it is read."""
        for name, table in tables.items():
            self._tables.append(name)
            if isinstance(table, Feed):
                self._database._register_arrow_source(name, table.source())
            else:
                self._database.register(name, table)
        # What sql(sql).to_arrow_reader(...) does, without binding the statement once more before: that takes as long as
        # a small SELECT.
        reader: pa.RecordBatchReader = self._database._submit(sql, None, "stream", batch_rows).arrow_reader()
        return reader

    def interrupt(self) -> None:
        """From any thread: what runs ends with an error. Does nothing where nothing runs (yet)."""
        self._database.interrupt()

    def clear(self) -> None:
        """After a statement, whose reader is closed."""
        self.surroundings = None
        for name in self._tables:
            self._database.unregister(name)
        self._tables = []

    @property
    def worn(self) -> bool:
        """It has learned so many functions that a new instance is better."""
        return len(self._functions) > FUNCTIONS_MAX

    def close(self) -> None:
        self._database.close()


def take() -> Instance:
    """An instance that nobody uses."""
    with _idle_lock:
        if _idle:
            return _idle.pop()
    return Instance()


def give_back(instance: Instance) -> None:
    """`instance` is cleared. Kept for the next statement, or closed where enough are kept."""
    with _idle_lock:
        if len(_idle) < IDLE_MAX and not instance.worn:
            _idle.append(instance)
            return
    instance.close()
