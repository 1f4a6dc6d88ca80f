"""Tables as data: query results as Arrow, Arrow and Parquet into tables, without a Python object for each value on
this side.

    table = eagleray.read_arrow("SELECT id, price FROM orders WHERE price > %s", (100,))
        a pyarrow.Table; .to_pandas()
    with eagleray.arrow_reader("SELECT * FROM orders") as reader: ...
        batch by batch, in bounded memory
    eagleray.load("orders", table)
        or a RecordBatchReader, a DataFrame, a path of a Parquet file or folder: all of it or nothing

Both speak COPY ... (FORMAT arrow), an extension of Eagleray's (actors/postgres/copy_arrow.py): any query,
any host, the connection's own authentication and TLS. Columns of one table, with conditions that storage evaluates, go
out as storage has them (actors/query_processor/column_executor/scanning.py). `ray_dataset` (ray_data.py) reads from
storage, past the query processors.

| SQL | Arrow |
| --- | --- |
| bool, int2, int4, int8, float4, float8 | bool, int16, int32, int64, float, double |
| numeric(p, s) of at most 38 digits; any other numeric | decimal128(38, s); string |
| text, varchar, char | string |
| bytea, uuid | binary (a uuid is its 16 bytes) |
| date, time, timestamp, timestamptz | date32, time64[us], timestamp[us], timestamp[us, UTC] |
| interval | month_day_nano_interval |
| anything else | string, PostgreSQL's text |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from psycopg import sql

from eagleray.client import connect
from eagleray.transactions import ATTEMPTS_MAX, Retries, run

if TYPE_CHECKING:
    import pandas

BATCH_ROWS_MAX = 8192
"""Of one batch that is loaded: the query processor holds it while it makes rows of it."""
BATCH_BYTES_MAX = 1 << 20


def read_arrow(
    query: str,
    parameters: Sequence[Any] = (),
    *,
    connection: psycopg.Connection[Any] | None = None,
    url: str | None = None,
) -> pa.Table:
    """All rows of a query. `parameters` for its %s; `connection`: read in its transaction (its snapshot, and what it
    has written); else one of `url`'s own.

    Raises psycopg's errors. The table is held in memory; `arrow_reader` holds a batch at a time.
    """
    with arrow_reader(query, parameters, connection=connection, url=url) as reader:
        return reader.read_all()


@contextmanager
def arrow_reader(
    query: str,
    parameters: Sequence[Any] = (),
    *,
    connection: psycopg.Connection[Any] | None = None,
    url: str | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """A query's rows as a pyarrow.RecordBatchReader, computed as they are taken. Arguments as `read_arrow`'s. Leaving
    the block early cancels the query; with `connection`, whose transaction would fail by that, it takes the other
    rows."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT arrow)").format(sql.SQL(query.strip().rstrip(";")))
    with connect(url, autocommit=True) if connection is None else nullcontext(connection) as used:
        try:
            with used.cursor() as cursor, cursor.copy(statement, parameters or None) as copy:
                # Each CopyData is one IPC message: the schema, the batches, the end.
                messages = iter(copy)
                schema = pa.ipc.read_schema(pa.py_buffer(next(messages)))
                yield pa.RecordBatchReader.from_batches(schema, _batches(messages, schema))
                for _ in messages:
                    if connection is None:
                        raise _Left
        except _Left:
            pass  # psycopg has cancelled the query


class _Left(Exception):
    """Internal: the block was left before the last row."""


def _batches(messages: Iterator[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for message in messages:
        data = pa.py_buffer(message)
        if data.size > 8:
            yield pa.ipc.read_record_batch(data, schema)


def load(
    table: str,
    source: pa.Table | pa.RecordBatch | pa.RecordBatchReader | pandas.DataFrame | str | Path,
    *,
    connection: psycopg.Connection[Any] | None = None,
    url: str | None = None,
) -> int:
    """Insert all rows of `source` into `table` ("schema.table" or "table"), in one transaction: all of them, or none.
    Returns their number.

    Columns go by their names; a column that the source lacks takes its default. A path is a Parquet file, or a folder
    of them. With `connection` the rows are part of its transaction and its owner commits; else the commit is made
    here, runs again on a conflict (where the source can be read again), and may raise UnknownOutcome. Raises
    psycopg's errors (23505 for a key that is there, 54000 beyond the transaction's limits ...), and pyarrow's for a
    file that is not Parquet.
    """
    if connection is not None:
        with connection.cursor() as cursor:
            return _copy(cursor, table, source)
    once_only = isinstance(source, pa.RecordBatchReader)
    with connect(url) as own:
        return run(
            lambda: own,
            lambda cursor: _copy(cursor, table, source),
            Retries(attempts_max=1 if once_only else ATTEMPTS_MAX),
        )


def _copy(cursor: psycopg.Cursor[Any], table: str, source: Any) -> int:
    schema, batches = _opened(source)
    columns = sql.SQL(", ").join(map(sql.Identifier, schema.names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT arrow)").format(sql.Identifier(*table.split(".")), columns)
    plain = pa.schema([pa.field(field.name, _plain(field.type)) for field in schema])
    with cursor.copy(statement) as copy:
        copy.write(plain.serialize())
        for batch in batches:
            for piece in _pieces(batch):
                copy.write(piece.cast(plain).serialize() if piece.schema != plain else piece.serialize())
    return cursor.rowcount


def _opened(source: Any) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    """Raises TypeError for what is no such source."""
    if isinstance(source, str | Path):
        import pyarrow.dataset

        dataset = pyarrow.dataset.dataset(str(source), format="parquet")
        return dataset.schema, dataset.to_batches(batch_size=BATCH_ROWS_MAX)
    if isinstance(source, pa.RecordBatch):
        return source.schema, [source]
    if isinstance(source, pa.RecordBatchReader):
        return source.schema, source
    if not isinstance(source, pa.Table):
        if type(source).__name__ != "DataFrame":
            raise TypeError(
                f"load takes a pyarrow table, batch or reader, a pandas.DataFrame or a path, not "
                f"{type(source).__name__}"
            )
        source = pa.Table.from_pandas(source, preserve_index=False)
    return source.schema, source.to_batches(max_chunksize=BATCH_ROWS_MAX)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Without what only saves memory: dictionaries, run lengths."""
    return _plain(kind.value_type) if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind) else kind


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    rows = max(1, min(BATCH_ROWS_MAX, BATCH_BYTES_MAX * batch.num_rows // max(1, batch.nbytes)))
    for low in range(0, batch.num_rows, rows):
        yield batch.slice(low, rows)
