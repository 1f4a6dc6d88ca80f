"""Access paths: how a plan gets at a table's rows. Each gives (key, row) pairs that pass the plan's filter.

    PointAccess          one row by its primary key
    PointsAccess         several rows by primary key or unique index (IN lists, unique secondary keys): batched reads
    RangeAccess          ranges of the primary index, filter and limit pushed to storage
    IndexAccess          ranges of a secondary index, then the rows its entries lead to, in batches

`filter` is what is left to be evaluated here; `pushed` what storage evaluates for a range. Own uncommitted writes are
always in the answer. `statistics` is what EXPLAIN ANALYZE shows of the last run. A scan that holds more than
`memory_bytes_max` bytes of encoded rows ends with 53200: all rows of a statement are in memory at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from actors.common.errors import statement_memory_exceeded
from actors.query_processor.aside import aside
from actors.query_processor.row_executor.key_ranges import KeyRange, PointKey
from actors.query_processor.row_executor.stored_table import StoredIndex, StoredTable
from actors.runtime.fiber import turn
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.encoding.scan_program import OrderBy, ScanProgram
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.interpret import first_filter
from actors.sql.expressions.tree import Expression
from actors.sql.types.arrays import Array

if TYPE_CHECKING:
    from actors.query_processor.transaction import Scanner, Transaction

RANGES_AHEAD = 16
"""Ranges of an IN list that are asked for at once: hides the way to storage and back, and bounds what waits here
unread."""
TURN_ROWS = 1024
"""Rows that are decoded, filtered, sorted or projected before other clients have their turn: a few milliseconds."""
ROWS_AS_THEY_ARE_MAX = 256
"""Of a table whose rows are asked for without a scan program: storage takes half a millisecond to make a new one."""
FIRST_ROWS_MAX = 4096
"""More rows of an order are not told apart at storage: each of its answers may have so many."""
LOOKUP_ROWS = 512
"""Rows fetched by one batched read behind an index scan."""
LIMITED_LOOKUP_ROWS = 16
"""The least that a scan with a limit fetches at once: a filter may drop some of them."""

T = TypeVar("T")
Row = Sequence[Any]
KeyedRow = tuple[bytes, Row]
Filter = Callable[[Row, Sequence[Any], Environment], bool]
RangesOf = Callable[[Sequence[Any], Environment], list[KeyRange]]
PointsOf = Callable[[Sequence[Any], Environment], list[bytes]]


@dataclass(slots=True)
class Statistics:
    """Of the last run: rows that storage looked at, rows that it sent, rows fetched through an index, rows that passed
    all filters."""

    read: int = 0
    received: int = 0
    looked_up: int = 0
    passed: int = 0
    held_bytes: int = 0
    """Of the encoded rows that are kept."""

    def hold(self, size: int, size_max: int) -> None:
        """Raises 54000 beyond `size_max` (0: no limit)."""
        self.held_bytes += size
        if self.held_bytes > size_max > 0:
            raise statement_memory_exceeded(size_max)


def opened_ahead(ranges: Sequence[KeyRange], open_scan: Callable[[bytes, bytes], T], ahead: int) -> Iterator[T]:
    """The scans of `ranges` in turn, up to `ahead` of them under way."""
    waiting: deque[T] = deque()
    for start, end in ranges:
        waiting.append(open_scan(start, end))
        if len(waiting) >= ahead:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


class Access(Protocol):
    stored: StoredTable
    statistics: Statistics

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        """At most `limit` rows (0: all), in the order of the access path."""


class PointAccess:
    """One row by its primary key."""

    __slots__ = ("_filter", "key", "statistics", "stored")

    def __init__(self, stored: StoredTable, key: PointKey, filter: Filter | None) -> None:
        self.stored = stored
        self.key = key
        self._filter = filter
        self.statistics = Statistics()

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        found = await self.row(transaction, parameters)
        return [] if found is None else [found]

    @property
    def filters(self) -> bool:
        return self._filter is not None

    async def row(self, transaction: Transaction, parameters: Sequence[Any]) -> KeyedRow | None:
        key = self.key(parameters, transaction.environment)
        value = None if key is None else await transaction.get_one(key)
        statistics = self.statistics
        statistics.read = statistics.received = 0 if value is None else 1
        statistics.passed = 0
        if value is None or key is None:
            return None
        row = self.stored.decode(value)
        if self._filter is not None and not self._filter(row, parameters, transaction.environment):
            return None
        statistics.passed = 1
        return key, row

    async def rows_of_many(self, transaction: Transaction, given: Sequence[Sequence[Any]]) -> list[list[KeyedRow]]:
        """The row (or none) for each of many sets of parameters, in one batched read."""
        environment, key_of = transaction.environment, self.key
        keys = [key_of(parameters, environment) for parameters in given]
        asked = list(dict.fromkeys(key for key in keys if key is not None))
        values = dict(zip(asked, await transaction.get(asked), strict=True)) if asked else {}
        decode, passes = self.stored.decode, self._filter
        found: list[list[KeyedRow]] = []
        for key, parameters in zip(keys, given, strict=True):
            value = values.get(key) if key is not None else None
            row = decode(value) if value is not None else None
            is_found = key is not None and row is not None and (passes is None or passes(row, parameters, environment))
            found.append([(key, row)] if is_found else [])  # type: ignore[list-item]
        self.statistics = Statistics(len(asked), len(asked), 0, sum(map(len, found)))
        return found


POINTS_BATCH = 1024
"""Keys read at once; others have their turn after them."""


def _are_many(parameters: Sequence[Any]) -> bool:
    """Whether making keys of them may take long."""
    return len(parameters) > POINTS_BATCH or any(
        value.__class__ is Array and len(value.items) > POINTS_BATCH for value in parameters
    )


class PointsAccess:
    """Rows by keys of a unique index. `index` is the primary or a unique secondary one."""

    __slots__ = ("_filter", "_index", "_many", "_points", "statistics", "stored")

    def __init__(
        self, stored: StoredTable, index: StoredIndex, points: PointsOf, filter: Filter | None, keys_planned: int = 0
    ) -> None:
        """`keys_planned`: how many there may be, as far as the planner knows."""
        self.stored = stored
        self._index = index
        self._many = keys_planned > POINTS_BATCH
        self._points = points
        self._filter = filter
        self.statistics = Statistics()

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        environment = transaction.environment
        statistics = self.statistics = Statistics()
        if self._many or _are_many(parameters):
            keys = await aside(lambda given: self._points(given, environment), parameters)
        else:
            keys = self._points(parameters, environment)
        rows: list[KeyedRow] = []
        for start in range(0, len(keys), POINTS_BATCH):
            if start:
                await turn()
            await self._read(transaction, keys[start : start + POINTS_BATCH], parameters, limit, rows)
            if limit and len(rows) == limit:
                break
        statistics.passed = len(rows)
        return rows

    async def _read(
        self, transaction: Transaction, keys: list[bytes], parameters: Sequence[Any], limit: int, rows: list[KeyedRow]
    ) -> None:
        """Appends to `rows`, up to `limit` of them."""
        environment, statistics = transaction.environment, self.statistics
        values = await transaction.get(keys)
        found = len(values) - values.count(None)
        statistics.read += found
        statistics.received += found
        if self._index is not self.stored.primary:
            keys = [value for value in values if value is not None]
            values = await transaction.get(keys) if keys else []
            statistics.looked_up += len(keys)
        decode, passes = self.stored.decode, self._filter
        for key, value in zip(keys, values, strict=True):
            if value is None:
                continue
            row = decode(value)
            if passes is None or passes(row, parameters, environment):
                rows.append((key, row))
                if len(rows) == limit:
                    break


@dataclass(frozen=True, slots=True)
class PushedFilter:
    """Evaluated by storage: an immutable expression whose parameters are numbered anew; `parameters(...)` gives their
    datums. `original`: with the statement's own parameters."""

    expression: Expression
    parameters: Callable[..., tuple[Any, ...]]
    original: Expression


class RangeAccess:
    """Ranges of the primary index. `project`: with it, rows come as typed columns of those positions only, and have no
    key. `order`: by which storage can tell the first rows, () where it cannot.

    A table that had few rows when it was last read is read as it is, and all conditions are looked at here: storage
    would take longer to learn them than to give the rows.
    """

    __slots__ = (
        "_filter",
        "_filter_here",
        "_ranges",
        "memory_bytes_max",
        "order",
        "project",
        "pushed",
        "reads_all",
        "reverse",
        "statistics",
        "stored",
    )

    def __init__(
        self,
        stored: StoredTable,
        ranges: RangesOf | None,
        pushed: PushedFilter | None,
        filter: Filter | None,
        *,
        reverse: bool = False,
        project: tuple[int, ...] | None = None,
        memory_bytes_max: int = 0,
        order: tuple[OrderBy, ...] = (),
    ) -> None:
        self.stored = stored
        self.order = order
        whole = [(stored.primary.space, stored.primary.end)]
        self.reads_all = ranges is None
        self._ranges: RangesOf = ranges or (lambda parameters, environment: whole)
        self.pushed = pushed
        self._filter = filter
        self._filter_here: Filter | None = filter if pushed is None else None
        """What `pushed` and `filter` say, once that is needed."""
        self.reverse = reverse
        self.memory_bytes_max = memory_bytes_max
        self.project = project
        self.statistics = Statistics()

    def ranges(self, parameters: Sequence[Any], environment: Environment) -> list[KeyRange]:
        """In the order in which they are read."""
        ranges = self._ranges(parameters, environment)
        return ranges[::-1] if self.reverse else ranges

    def program(self, transaction: Transaction, parameters: Sequence[Any], **output: Any) -> bytes:
        """The scan program with this run's filter; `output` as ScanProgram's fields."""
        pushed = self.pushed
        if pushed is None:
            return scan_program.encode(ScanProgram(self.stored.types, **output)) if output else b""
        datums = pushed.parameters((), parameters, transaction.environment)
        return scan_program.encode(ScanProgram(self.stored.types, pushed.expression, datums, **output))

    async def rows(
        self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0, first_rows: int = 0
    ) -> list[KeyedRow]:
        """`first_rows`: so many rows that come first by `order` are among them, and others need not be (0: all)."""
        statistics = self.statistics = Statistics()
        rows: list[KeyedRow] = []
        passes = self._filter
        learns = self.pushed is not None or self.project is not None or first_rows > 0
        here = learns and self.is_told_small(transaction)
        if here:
            passes = self._all_conditions()
        limited = limit > 0 and passes is None

        def open_scan(start: bytes, end: bytes) -> tuple[Scanner, bool]:
            if here:
                asked = limit - len(rows) if limited else 0
                return transaction.scan(start, end, b"", reverse=self.reverse, limit=asked), False
            as_columns = self.project is not None and not transaction.wrote_in(start, end)
            output: dict[str, Any] = {"output": "columns", "project": self.project} if as_columns else {}
            if first_rows:
                own = transaction.buffer_of(start).ordered(start, end).most  # each may take the place of a stored row
                if first_rows + own <= FIRST_ROWS_MAX:
                    output = {"order": self.order, "order_rows": first_rows + own}
            program = self.program(transaction, parameters, **output)
            asked = limit - len(rows) if limited else 0
            return transaction.scan(start, end, program, reverse=self.reverse, limit=asked), as_columns

        ranges = self.ranges(parameters, transaction.environment)
        for scanner, as_columns in opened_ahead(ranges, open_scan, 1 if limit else RANGES_AHEAD):
            if as_columns:
                await self._read_columns(transaction, parameters, scanner, limit, rows, statistics)
            else:
                await self._read_rows(transaction, parameters, scanner, passes, limit, rows, statistics)
            statistics.read += scanner.rows_read
            if limit and len(rows) >= limit:
                break
        else:
            self.note_read(transaction)
        statistics.passed = len(rows)
        return rows

    def is_told_small(self, transaction: Transaction) -> bool:
        """As far as is known."""
        return transaction.row_counts.are_at_most(self.stored.primary.space, ROWS_AS_THEY_ARE_MAX)

    def note_read(self, transaction: Transaction) -> None:
        """All ranges have been read."""
        if self.reads_all:
            transaction.row_counts.note(self.stored.primary.space, self.statistics.read)

    def _all_conditions(self) -> Filter | None:
        if self._filter_here is None and self.pushed is not None:
            rest, pushed = self._filter, first_filter(self.pushed.original)
            self._filter_here = (
                pushed
                if rest is None
                else lambda row, parameters, environment: (
                    pushed(row, parameters, environment) and rest(row, parameters, environment)
                )
            )
        return self._filter_here

    async def _read_rows(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        scanner: Scanner,
        passes: Filter | None,
        limit: int,
        rows: list[KeyedRow],
        statistics: Statistics,
    ) -> None:
        environment, decode = transaction.environment, self.stored.decode
        while (batch := await scanner.next_rows()) is not None:
            statistics.received += len(batch)
            for start in range(0, len(batch), TURN_ROWS):
                if start:
                    await turn()
                piece = batch[start : start + TURN_ROWS]
                if passes is None:
                    statistics.hold(sum([len(value) for _, value in piece]), self.memory_bytes_max)
                    rows += [(key, decode(value)) for key, value in piece]
                    continue
                for key, value in piece:
                    row = decode(value)
                    if passes(row, parameters, environment):
                        statistics.hold(len(value), self.memory_bytes_max)
                        rows.append((key, row))
            if limit and len(rows) >= limit:
                del rows[limit:]
                return

    async def _read_columns(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        scanner: Scanner,
        limit: int,
        rows: list[KeyedRow],
        statistics: Statistics,
    ) -> None:
        """Columns turned into rows as wide as the last position that is needed; the others are None."""
        assert self.project is not None
        project, types, passes, environment = self.project, self.stored.types, self._filter, transaction.environment
        width = project[-1] + 1
        while (batch := await scanner.next()) is not None:
            arrow = batch.arrow
            statistics.received += arrow.num_rows
            statistics.hold(arrow.nbytes, self.memory_bytes_max)
            for start in range(0, arrow.num_rows, TURN_ROWS):
                if start:
                    await turn()
                piece = arrow.slice(start, TURN_ROWS)
                columns: list[list[Any]] = [[None] * piece.num_rows] * width
                for place, position in enumerate(project):
                    columns[position] = from_arrow(piece.column(place), types[position])
                for row in zip(*columns, strict=True):
                    if passes is None or passes(row, parameters, environment):
                        rows.append((b"", row))
            if limit and len(rows) >= limit:
                del rows[limit:]
                return


class IndexAccess:
    """Ranges of a secondary index. The entries are read in order, the rows behind them in batches."""

    __slots__ = ("_filter", "_ranges", "index", "memory_bytes_max", "reverse", "statistics", "stored")

    def __init__(
        self,
        stored: StoredTable,
        index: StoredIndex,
        ranges: RangesOf | None,
        filter: Filter | None,
        *,
        reverse: bool = False,
        memory_bytes_max: int = 0,
    ) -> None:
        self.stored = stored
        self.index = index
        whole = [(index.space, index.end)]
        self._ranges: RangesOf = ranges or (lambda parameters, environment: whole)
        self._filter = filter
        self.reverse = reverse
        self.memory_bytes_max = memory_bytes_max
        self.statistics = Statistics()

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        statistics = self.statistics = Statistics()
        rows: list[KeyedRow] = []
        keys: list[bytes] = []
        limited = limit > 0 and self._filter is None

        def open_scan(start: bytes, end: bytes) -> Scanner:
            return transaction.scan(start, end, reverse=self.reverse, limit=limit - len(rows) if limited else 0)

        ranges = self._ranges(parameters, transaction.environment)
        for scanner in opened_ahead(ranges[::-1] if self.reverse else ranges, open_scan, 1 if limit else RANGES_AHEAD):
            while (entries := await scanner.next_rows()) is not None:
                statistics.received += len(entries)
                keys += [pointer for _, pointer in entries]
                while len(keys) >= LOOKUP_ROWS or (keys and limit):
                    count = min(LOOKUP_ROWS, max(limit, LIMITED_LOOKUP_ROWS)) if limit else LOOKUP_ROWS
                    await self._look_up(transaction, parameters, keys[:count], rows, statistics)
                    del keys[:count]
                    if limit and len(rows) >= limit:
                        statistics.read += scanner.rows_read
                        statistics.passed = limit
                        return rows[:limit]
            statistics.read += scanner.rows_read
        if keys:
            await self._look_up(transaction, parameters, keys, rows, statistics)
        statistics.passed = len(rows)
        return rows

    async def _look_up(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        keys: list[bytes],
        rows: list[KeyedRow],
        statistics: Statistics,
    ) -> None:
        """The rows with these keys that pass the filter."""
        environment, decode, passes = transaction.environment, self.stored.decode, self._filter
        values = await transaction.get(keys)
        statistics.looked_up += len(keys)
        for key, value in zip(keys, values, strict=True):
            assert value is not None, "an index entry leads to no row"
            row = decode(value)
            if passes is None or passes(row, parameters, environment):
                statistics.hold(len(value), self.memory_bytes_max)
                rows.append((key, row))


class NoRowAccess:
    """SELECT without FROM: one row without columns, and a WHERE of constants."""

    __slots__ = ("_filter", "statistics")

    def __init__(self, filter: Filter | None) -> None:
        self._filter = filter
        self.statistics = Statistics()

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        if self._filter is not None and not self._filter((), parameters, transaction.environment):
            return []
        return [(b"", ())]
