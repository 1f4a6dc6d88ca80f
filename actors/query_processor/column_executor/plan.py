"""The plan of a column-executor statement: planned once, run many times with other parameters and snapshots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError, statement_memory_exceeded
from actors.query_processor.aside import aside
from actors.query_processor.column_executor.emit import Emitter
from actors.query_processor.column_executor.engine import engine_of
from actors.query_processor.column_executor.feeding import Feed, SourceTooLarge, open_source
from actors.query_processor.column_executor.select import translate_query
from actors.query_processor.column_executor.sources import Sources
from actors.query_processor.column_executor.stream import ColumnStream, Statement
from actors.query_processor.column_executor.translator import Query, Translator
from actors.query_processor.column_executor.udf import SIZED_TYPES, Surroundings, fits_udf
from actors.sql.binding import ParameterTypes
from actors.sql.binding.query import BoundStatement
from actors.sql.binding.set_calls import EXPANDED
from actors.sql.results import Batch, Field
from actors.sql.types.objects import OBJECTS

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction
    from actors.sql.expressions.environment import Environment

HELD_SHARE = 8
"""A table larger than this part of the statement's memory is streamed."""
WHOLE_SHARE = 2
"""Of a table that cannot be streamed."""


LONG_BYTES = 32 << 10
"""Of a value: 2,048 of them, the rows of one of DuckDB's vectors, are half of DSQL's statement memory."""
GATHERING = re.compile(r"\b(string_agg|list|array_agg|array_to_string)\(")
"""DuckDB's functions that make a long text of short ones."""


class ColumnPlan:
    """A SELECT for DuckDB. `kind` is "SELECT"; `fields` and `parameter_types` as in every plan (docs/contracts.md)."""

    kind = "SELECT"

    def __init__(
        self,
        query: Query,
        fields: Sequence[Field],
        sources: Sources,
        parameters: ParameterTypes,
        emitter: Emitter,
        reason: str = "",
    ) -> None:
        self._reason = reason
        self._query = query
        self.sources = sources
        self._emitter = emitter
        self.parameter_types = tuple(parameters.resolved())
        self.fields = list(fields)
        self._rows_read: dict[str, int] = {}
        self._rows_returned = 0
        self._sized = any(type_.name in SIZED_TYPES for type_ in query.types)
        self._arrays = any(type_.name.startswith("_") for type_ in query.types)
        self._makes_text = emitter.makes_text or bool(GATHERING.search(query.sql))
        self._guarded_sql = _guarded(query, emitter) if self._sized else query.sql

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """The rows as a stream (Batch.stream). Raises CatalogStale, and what storage and DuckDB raise, with
        PostgreSQL's SQLSTATEs."""
        engine = engine_of(transaction)
        await engine.open()
        stream = ColumnStream(engine, self._query.types, self._count_rows)
        try:
            tables = await self._tables(transaction, parameters, engine.memory_bytes)
            environment = transaction.environment
            sql = await self._filled(self._query.sql, parameters, environment)
            if self._sized and (
                self._makes_text or len(sql) > LONG_BYTES or any(map(_has_long_values, tables.values()))
            ):
                sql = await self._filled(self._guarded_sql, parameters, environment)
            if len(sql) > engine.memory_bytes // WHOLE_SHARE:
                raise statement_memory_exceeded(engine.memory_bytes)
            surroundings = Surroundings(environment, transaction.catalog, engine.memory_bytes)
            feeds = [table for table in tables.values() if isinstance(table, Feed)]
            await stream.start(Statement(sql, tables, self._emitter, surroundings, self._sized or self._arrays), feeds)
        except BaseException:
            stream.close()
            raise
        return Batch([], False, "SELECT", stream)

    async def _filled(self, sql: str, parameters: Sequence[Any], environment: Environment) -> str:
        if not self._emitter.is_large:
            return self._emitter.fill(sql, parameters, environment)
        return await aside(lambda text: self._emitter.fill(text, parameters, environment), sql)

    async def _tables(
        self, transaction: Transaction, parameters: Sequence[Any], memory_bytes: int
    ) -> dict[str, pa.Table | Feed]:
        """What DuckDB scans, by name. Together at most half of the statement's memory is held. Raises CatalogStale,
        54000."""
        sources = self.sources.all
        tables: dict[str, pa.Table | Feed] = {}
        held_max = memory_bytes // HELD_SHARE // max(1, len(sources) // 2)
        room = memory_bytes // WHOLE_SHARE
        for source in sources:
            try:
                table, self._rows_read[source.view] = await open_source(source, transaction, parameters, held_max, room)
            except SourceTooLarge:
                raise statement_memory_exceeded(memory_bytes) from None
            room -= table.nbytes
            tables[source.view] = table
        if not any(source.table is not None for source in sources):
            await transaction.verify_catalog()
        return tables

    def _count_rows(self, rows: int) -> None:
        """For EXPLAIN ANALYZE."""
        self._rows_returned = rows

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        """EXPLAIN's lines: the column executor over one storage scan for each table."""
        lines = ["Column Executor (DuckDB)" + (f" (actual rows={self._rows_returned})" if analyze else "")]
        for source in self.sources.all:
            rows = f" (actual rows read={self._rows_read.get(source.view, 0)})" if analyze else ""
            if source.given is not None:
                lines.append(f"  ->  CTE Scan on {source.name}")
                continue
            lines.append(
                f"  ->  {'Catalog Scan' if source.system else 'Storage Scan'} on {source.schema}.{source.name}{rows}"
            )
            if source.table is None:
                continue
            names = {position: name for name, position, _ in source.columns}
            lines.append(f"        Storage Projection: {', '.join(names[position] for position in source.used)}")
            if source.filter_texts:
                lines.append(f"        Storage Filter: {' AND '.join(source.filter_texts)}")
        if verbose:
            if self._reason:
                lines.append(f"  Chosen for: {self._reason}")
            lines.append(f"  Statement: {self._query.sql}")
        return lines


def _guarded(query: Query, emitter: Emitter) -> str:
    """The query with its results' lengths looked at before they leave DuckDB: for statements that may have long
    values."""
    sized = sum(type_.name in SIZED_TYPES for type_ in query.types)
    texts = []
    for number, type_ in enumerate(query.types, 1):
        sql = f"result.c{number}"
        if type_.name in SIZED_TYPES:
            length = "octet_length" if type_.name == "bytea" else "strlen"
            sql = f"CASE WHEN {emitter.use(fits_udf(sized), [f'{length}({sql})'])} THEN {sql} END"
        texts.append(f"{sql} AS c{number}")
    return f"SELECT {', '.join(texts)} FROM ({query.sql}) AS result"


def _with_names(query: Query, emitter: Emitter) -> Query:
    """Objects as clients see them: by name."""
    texts = [
        f"{emitter.shown(f'objects.c{number}', type_) if type_.name in OBJECTS else f'objects.c{number}'} AS c{number}"
        for number, type_ in enumerate(query.types, 1)
    ]
    return Query(f"SELECT {', '.join(texts)} FROM ({query.sql}) AS objects", query.types)


def _has_long_values(table: pa.Table | Feed) -> bool:
    """Whether a text of the source may be longer than LONG_BYTES."""
    if isinstance(table, Feed):
        return True
    if table.nbytes <= LONG_BYTES:
        return False
    columns = (column for column in table.columns if pa.types.is_string(column.type) or pa.types.is_binary(column.type))
    return any((pc.max(pc.binary_length(column)).as_py() or 0) > LONG_BYTES for column in columns)


def plan_columns(statement: BoundStatement, parameters: ParameterTypes, reason: str = "") -> ColumnPlan:
    """Plan a bound SELECT. `reason`: why the row executor does not. Raises 0A000 for what DuckDB does not do as
    PostgreSQL does."""
    sources = Sources()
    emitter = Emitter()
    query = translate_query(Translator(statement, sources, emitter), statement.query)
    if EXPANDED in query.types:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "rows of _pg_expandarray are supported within a query only")
    if any(type_.name in OBJECTS for type_ in query.types):
        query = _with_names(query, emitter)
    sources.finish(query.sql)
    return ColumnPlan(query, statement.query.columns, sources, parameters, emitter, reason)
