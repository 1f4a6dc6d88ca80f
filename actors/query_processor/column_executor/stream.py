"""`ColumnStream`: a statement that DuckDB runs, as a stream of its rows.

    stream = ColumnStream(engine, statement, columns)
    await stream.start()                                    the first rows are computed: errors of most statements show
                                                            here
    while (piece := await stream.next(rows_max)) is not None: ...
    stream.close()                                          at any time, from the loop; also after the end

It works in steps: one step runs DuckDB in a thread until there are some record batches, twice as many as before up to
`STEP_BYTES`. While the client takes rows the next step runs ahead; where it takes only some of them (a portal with a
row limit, a cursor), no step runs until more is asked for. Between steps nothing runs and no thread is held, so a
client that reads slowly stops its query, and holds no more than two steps' rows.

`close`, and any exception thrown into a fiber that waits in `start` or `next` (a cancel request, a client that left, a
timeout), interrupts DuckDB at once.

Batches become rows in pieces of `VALUES_MAX` values or `PIECE_BYTES`, so that no turn of the loop is long.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from actors.common.errors import QUERY_CANCELED, DatabaseError
from actors.query_processor.column_executor import instance as instances
from actors.query_processor.column_executor.emit import Emitter
from actors.query_processor.column_executor.engine import Engine
from actors.query_processor.column_executor.errors import translate_error
from actors.query_processor.column_executor.feeding import Feed
from actors.query_processor.column_executor.udf import Surroundings
from actors.query_processor.column_executor.values import from_duck, stored_column
from actors.query_processor.workers import Step
from actors.sql.types.column_type import ColumnType

STEP_BYTES = 1 << 20
"""Rows of one step."""
STEP_BATCHES_MAX = 256
BATCH_ROWS = 2048
"""Rows of one record batch of a result: DuckDB's own vectors."""
SIZED_BATCH_ROWS = 128
"""Where values may be of any length: a batch of DSQL's longest ones is as large as a statement's memory."""
MEMORY_GRAINS = 32
"""DuckDB's limit is set in such parts of the statement's memory, so that small statements leave it as it is."""
VALUES_MAX = 4096
"""Of one piece: some milliseconds as Python objects and text."""
PIECE_BYTES = 256 << 10
"""Of one piece, unless one row is larger."""
INTERRUPT_AGAIN_S = 0.02
"""An interrupt that comes just before DuckDB begins is lost: it is repeated until the step has ended."""


class Statement:
    """What runs in the threads: one statement on one Instance. `advance` and `finish` block; one thread at a time."""

    def __init__(
        self, sql: str, tables: Mapping[str, pa.Table | Feed], emitter: Emitter, surroundings: Surroundings, sized: bool
    ) -> None:
        """`sized`: the result has values of any length."""
        self._sql = sql
        self._tables = tables
        self._emitter = emitter
        self._surroundings = surroundings
        held = sum(table.nbytes for table in tables.values()) + len(sql)
        grain = surroundings.memory_bytes // MEMORY_GRAINS
        self._memory_bytes = max(surroundings.memory_bytes - held // grain * grain, surroundings.memory_bytes // 4)
        self._instance: instances.Instance | None = None
        self._reader: pa.RecordBatchReader | None = None
        self._lock = threading.Lock()
        """Held while the instance is left, or interrupted: once it is given back it may run another statement."""
        self._batches = 1
        """Of the next step, at most."""
        self._batch_rows = SIZED_BATCH_ROWS if sized else BATCH_ROWS

    @property
    def begun(self) -> bool:
        return self._instance is not None

    def advance(self) -> tuple[list[pa.RecordBatch], bool]:
        """The next record batches, and whether they are the last. Raises DatabaseError; the statement is finished
        then."""
        batches: list[pa.RecordBatch] = []
        try:
            if self._reader is None:
                self._reader = self._begin()
            size = 0
            # After a batch that is not full comes nothing more, but for a UNION ALL: looking costs nothing, and tells
            # the end of a small result.
            while size < STEP_BYTES and (len(batches) < self._batches or batches[-1].num_rows < self._batch_rows):
                if self._surroundings.stopped:
                    raise DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
                batch = self._reader.read_next_batch()
                batches.append(batch)
                size += batch.nbytes
            self._batches = min(2 * self._batches, STEP_BATCHES_MAX)
            return _gathered(batches), False
        except StopIteration:
            self.finish()
            return _gathered(batches), True
        except BaseException as error:
            self.finish()
            raise translate_error(error, self._surroundings.memory_bytes) from error

    def _begin(self) -> pa.RecordBatchReader:
        instance = self._instance = instances.take()
        instance.limit_memory(self._memory_bytes)
        instance.surroundings = self._surroundings
        self._emitter.install(instance)
        if self._surroundings.stopped:
            raise DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
        return instance.run(self._sql, self._tables, self._batch_rows)

    def interrupt(self) -> None:
        """From the loop, while a step runs."""
        self._surroundings.stopped = True
        with self._lock:
            if self._instance is not None:
                self._instance.interrupt()

    def finish(self) -> None:
        """Give back what the statement holds."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        with self._lock:
            instance, self._instance = self._instance, None
        if instance is not None:
            instance.clear()
            instances.give_back(instance)
        self._tables = {}


class ColumnStream:
    """See the module. `returned`: rows given so far."""

    def __init__(self, engine: Engine, columns: Sequence[ColumnType], on_row_count: Callable[[int], None]) -> None:
        self._engine = engine
        self._columns = columns
        self._on_row_count = on_row_count
        self._statement: Statement | None = None
        self._feeds: list[Feed] = []
        self._step: Step | None = None
        self._ready: deque[pa.RecordBatch] = deque()
        self._complete = False
        """DuckDB has given everything."""
        self._closed = False
        self.returned = 0

    # -- results.RowStream ---------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """`next` does not have to wait."""
        return bool(self._ready) or self._complete

    @property
    def ended(self) -> bool:
        """There are no more rows (as far as is known)."""
        return self._complete and not self._ready

    async def next(self, rows_max: int = 0) -> Piece | None:
        """The next rows, at most `rows_max` of them (0: as many as one piece has); None at the end. Raises
        DatabaseError."""
        while not self._ready:
            if self._complete:
                return None
            await self._advance()
        batch = self._ready.popleft()
        count = _piece_rows(batch)
        if rows_max:
            count = min(count, rows_max)
        if count < batch.num_rows:
            self._ready.appendleft(batch.slice(count))
            batch = batch.slice(0, count)
        elif not rows_max and not self._ready and not self._complete and self._step is None:
            self._begin_step()
        self.returned += batch.num_rows
        self._on_row_count(self.returned)
        return Piece(batch, self._columns)

    def close(self) -> None:
        """Stop what runs, forget what has come. Does nothing a second time."""
        if self._closed:
            return
        self._closed = self._complete = True
        self._ready.clear()
        for feed in self._feeds:
            feed.close()
        statement, step = self._statement, self._step
        if statement is not None and step is not None and not step.done.done and not self._engine.workers.abandon(step):
            self._interrupt(statement, step)
        elif statement is not None and statement.begun:
            self._engine.workers.clean_up(statement.finish, self._engine.close_slot)
        else:
            self._engine.close_slot()

    # -- steps ---------------------------------------------------------------------------------------------------------

    async def start(self, statement: Statement, feeds: Sequence[Feed]) -> None:
        """Compute the first rows. Raises DatabaseError."""
        self._statement = statement
        self._feeds = list(feeds)
        await self._advance()

    async def _advance(self) -> None:
        if self._step is None:
            self._begin_step()
        step = self._step
        assert step is not None
        try:
            batches, complete = await step.done
        except BaseException:
            self.close()
            raise
        self._step = None
        self._ready.extend(batches)
        if complete:
            self._end()

    def _begin_step(self) -> None:
        assert self._statement is not None
        self._step = self._engine.workers.begin(self._statement.advance)

    def _end(self) -> None:
        """The statement has finished itself; the rows that have come are still to be taken."""
        self._complete = self._closed = True
        for feed in self._feeds:
            feed.close()
        self._engine.close_slot()

    def _interrupt(self, statement: Statement, step: Step) -> None:
        """Until the step has ended, with whatever it ends."""
        loop = asyncio.get_running_loop()
        ended = False

        def again() -> None:
            if not ended:
                statement.interrupt()
                loop.call_later(INTERRUPT_AGAIN_S, again)

        def end() -> None:
            nonlocal ended
            ended = True
            if statement.begun:
                self._engine.workers.clean_up(statement.finish, self._engine.close_slot)
            else:
                self._engine.close_slot()

        step.on_end = end
        again()


class Piece:
    """Some rows of a result, as one record batch."""

    __slots__ = ("_columns", "batch")

    def __init__(self, batch: pa.RecordBatch, columns: Sequence[ColumnType]) -> None:
        self.batch = batch
        self._columns = columns

    @property
    def nbytes(self) -> int:
        return int(self.batch.nbytes)

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def datums(self, column: int) -> list[Any]:
        """Of one column, by its number."""
        return from_duck(self.batch.column(column), self._columns[column])

    def columns(self) -> list[pa.Array]:
        """As storage has them."""
        return [stored_column(column, type_) for column, type_ in zip(self.batch.columns, self._columns, strict=True)]

    def rows(self) -> list[tuple[Any, ...]]:
        """As tuples of datums."""
        columns = [self.datums(number) for number in range(len(self._columns))]
        return list(zip(*columns, strict=True)) if columns else [()] * len(self)


def _gathered(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Small batches put together, so that there is not a turn for each of them."""
    gathered: list[pa.RecordBatch] = []
    group: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if group and (rows + batch.num_rows > BATCH_ROWS or size + batch.nbytes > PIECE_BYTES):
            gathered.append(pa.concat_batches(group) if len(group) > 1 else group[0])
            group, rows, size = [], 0, 0
        group.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
    if group:
        gathered.append(pa.concat_batches(group) if len(group) > 1 else group[0])
    return gathered


def _piece_rows(batch: pa.RecordBatch) -> int:
    """How many of a batch's rows are one piece."""
    rows: int = batch.num_rows
    by_values = VALUES_MAX // max(1, int(batch.num_columns))
    by_bytes = PIECE_BYTES * rows // max(1, int(batch.nbytes))
    return max(1, min(rows, by_values, by_bytes))
