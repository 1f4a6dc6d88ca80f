"""The plan of a column-executor statement: planned once, run many times with other parameters and snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.schema import ColumnType
from actors.query_processor.analyzer import ParameterTypes
from actors.query_processor.column_executor.emit import Emitter
from actors.query_processor.column_executor.engine import Engine, Surroundings
from actors.query_processor.column_executor.names import Query
from actors.query_processor.column_executor.select import translate_query
from actors.query_processor.column_executor.sources import Sources, deliver
from actors.query_processor.column_executor.translator import Translator
from actors.query_processor.column_executor.values import from_duck
from actors.query_processor.results import Batch, Field
from actors.runtime.fiber import from_future

if TYPE_CHECKING:
    from actors.common.settings import Settings
    from actors.query_processor.catalog import Catalog
    from actors.query_processor.transaction import Transaction

_engines: dict[tuple[int, int], Engine] = {}


def engine_of(settings: Settings) -> Engine:
    """The process's engine (threads and DuckDB's database are shared by all sessions)."""
    key = (settings.querying.column_threads, settings.limits.statement_memory_bytes_max)
    if key not in _engines:
        _engines[key] = Engine(*key)
    return _engines[key]


class ColumnPlan:
    """A SELECT for DuckDB. `kind` is "SELECT"; `fields` and `parameter_types` as in every plan (docs/contracts.md)."""

    kind = "SELECT"

    def __init__(self, query: Query, sources: Sources, parameters: ParameterTypes, emitter: Emitter, settings: Settings) -> None:
        self._query = query
        self._sources = sources
        self._emitter = emitter
        self._settings = settings
        self.parameter_types = tuple(parameters.resolved())
        self.fields = [Field(column.name, column.type, column.table_oid, column.attribute) for column in query.columns]
        self._rows_read: dict[str, int] = {}
        self._rows_returned = 0

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """All rows (the session slices). Raises what storage and DuckDB raise, with PostgreSQL's SQLSTATEs."""
        tables: dict[str, pa.Table] = {}
        for source in self._sources.all:
            tables[source.view], self._rows_read[source.view] = await deliver(source, transaction, parameters)
        if not any(source.table is not None for source in self._sources.all):
            await transaction.verify_catalog()
        engine = engine_of(self._settings)
        self._emitter.install(engine)
        environment = transaction.environment
        sql = self._emitter.fill(self._query.sql, parameters, environment)
        loop = asyncio.get_running_loop()
        result = await from_future(
            loop.run_in_executor(engine.threads, engine.run, sql, tables, Surroundings(environment, transaction.catalog))
        )
        columns = [from_duck(result.column(number), column.type) for number, column in enumerate(self._query.columns)]
        rows: list[tuple[object, ...]] = list(zip(*columns, strict=True)) if columns else [()] * result.num_rows
        self._rows_returned = len(rows)
        return Batch(rows, True, f"SELECT {len(rows)}")

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        """EXPLAIN's lines: the column executor over one storage scan for each table."""
        lines = ["Column Executor (DuckDB)" + (f" (actual rows={self._rows_returned})" if analyze else "")]
        for source in self._sources.all:
            rows = f" (actual rows read={self._rows_read.get(source.view, 0)})" if analyze else ""
            lines.append(f"  ->  {'Catalog Scan' if source.system else 'Storage Scan'} on {source.schema}.{source.name}{rows}")
            if source.table is None:
                continue
            names = {position: name for name, position, _ in source.columns}
            lines.append(f"        Storage Projection: {', '.join(names[position] for position in source.used)}")
            if source.filter_texts:
                lines.append(f"        Storage Filter: {' AND '.join(source.filter_texts)}")
        if verbose:
            lines.append(f"  Statement: {self._query.sql}")
        return lines


def plan_columns(statement: Any, catalog: Catalog, parameter_types: Sequence[ColumnType | None], settings: Settings) -> ColumnPlan:
    """Plan a SELECT (any shape that DuckDB can run). Raises DatabaseError with PostgreSQL's SQLSTATE."""
    parameters = ParameterTypes(parameter_types)
    sources = Sources()
    emitter = Emitter()
    query = translate_query(Translator(catalog, parameters, sources, emitter), statement)
    sources.finish(query.sql)
    return ColumnPlan(query, sources, parameters, emitter, settings)
