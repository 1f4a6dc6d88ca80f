"""`SelectPlan`: rows from an access path, sorted, cut and projected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import merge, nsmallest
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from actors.common.errors import INVALID_ROW_COUNT_IN_LIMIT, INVALID_ROW_COUNT_IN_OFFSET, DatabaseError
from actors.query_processor.row_executor.access import (
    TURN_ROWS,
    Access,
    KeyedRow,
    NoRowAccess,
    PointAccess,
    RangeAccess,
    Statistics,
)
from actors.query_processor.row_executor.prompt import PromptRead
from actors.runtime.fiber import turn
from actors.sql.encoding.keys import KeyCodec
from actors.sql.expressions.environment import Environment
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]
_KEY = itemgetter(0)
TupleOf = Callable[[Row, Sequence[Any], Environment], tuple[Any, ...]]
Explainer = Callable[[Statistics | None, bool], list[str]]
"""`lines(statistics of the last run, or None without ANALYZE; verbose)`."""


class Limits:
    """LIMIT and OFFSET; each None, or a compiled expression of no row. A limit of NULL is none."""

    __slots__ = ("count", "offset")

    def __init__(self, count: Callable[..., Any] | None, offset: Callable[..., Any] | None) -> None:
        self.count = count
        self.offset = offset

    @property
    def any(self) -> bool:
        return self.count is not None or self.offset is not None

    def evaluate(self, parameters: Sequence[Any], environment: Environment) -> tuple[int | None, int]:
        """(rows at most, or None; rows to skip). Raises 2201W, 2201X."""
        count = self.count((), parameters, environment) if self.count is not None else None
        offset = self.offset((), parameters, environment) if self.offset is not None else None
        if count is not None and count < 0:
            raise DatabaseError(INVALID_ROW_COUNT_IN_LIMIT, "LIMIT must not be negative")
        if offset is not None and offset < 0:
            raise DatabaseError(INVALID_ROW_COUNT_IN_OFFSET, "OFFSET must not be negative")
        return count, offset or 0


class Sorting:
    """ORDER BY through key bytes: their order is SQL's, NULLs and directions included."""

    __slots__ = ("_encode", "_items")

    def __init__(
        self, items: TupleOf, types: Sequence[ColumnType], descending: Sequence[bool], nulls_first: Sequence[bool]
    ) -> None:
        self._items = items
        self._encode = KeyCodec(types, descending, nulls_first).encode

    async def sort(
        self,
        rows: list[Any],
        row_of: Callable[[Any], Row],
        rows_max: int | None,
        parameters: Sequence[Any],
        environment: Environment,
    ) -> list[Any]:
        """`rows` in order, at most `rows_max` of them. Equal rows keep their order. Other clients have their turn in
        between."""
        items, encode = self._items, self._encode

        def key(item: Any) -> bytes:
            return encode(items(row_of(item), parameters, environment))

        if len(rows) <= TURN_ROWS:
            return sorted(rows, key=key) if rows_max is None else nsmallest(rows_max, rows, key=key)
        if rows_max is not None and rows_max <= TURN_ROWS:
            return await _least(rows, key, rows_max)
        return await _sorted(rows, key, len(rows) if rows_max is None else rows_max)


async def _least(rows: list[Any], key: Callable[[Any], bytes], count: int) -> list[Any]:
    """The first `count` rows, from the best so far and a turn's rows at a time."""
    best: list[tuple[bytes, Any]] = []
    for start in range(0, len(rows), TURN_ROWS):
        if start:
            await turn()
        best += [(key(row), row) for row in rows[start : start + TURN_ROWS]]
        best = nsmallest(count, best, key=_KEY)
    return [row for _, row in best]


async def _sorted(rows: list[Any], key: Callable[[Any], bytes], count: int) -> list[Any]:
    """The first `count` rows: sorted runs of a turn each, then merged, a turn's rows at a time."""
    runs: list[list[tuple[bytes, Any]]] = []
    for start in range(0, len(rows), TURN_ROWS):
        run = [(key(row), row) for row in rows[start : start + TURN_ROWS]]
        run.sort(key=_KEY)
        runs.append(run)
        await turn()
    merged = islice(merge(*runs, key=_KEY), count)
    result: list[Any] = []
    while piece := [row for _, row in islice(merged, TURN_ROWS)]:
        result += piece
        await turn()
    return result


def own_key(keyed: KeyedRow) -> Sequence[bytes]:
    """What locks a row of one table: its key."""
    return (keyed[0],)


class SelectPlan:
    """See the module. `kind`: SELECT, or SELECT FOR UPDATE and its like. `locked`: which keys of each row that is given
    out join the conflict check; None where the query locks nothing."""

    def __init__(
        self,
        parameter_types: Callable[[], list[ColumnType]],
        fields: list[Field],
        access: Access | NoRowAccess | Any,
        output: TupleOf,
        sorting: Sorting | None,
        limits: Limits,
        explainer: Explainer,
        kind: str = "SELECT",
        locked: Callable[[KeyedRow], Sequence[bytes]] | None = None,
        prompt: PromptRead | None = None,
    ) -> None:
        self.kind = kind
        self.parameter_types = parameter_types()
        self.fields = fields
        self._access = access
        self._output = output
        self._sorting = sorting
        self._limits = limits
        self._limited = limits.any
        self._locked = locked
        self.prompt = prompt
        """How to run it without a transaction (session/prompt.py); None where that takes more."""
        self._explainer = explainer
        self._point = access if isinstance(access, PointAccess) and not self._limited else None
        self._first = access if isinstance(access, RangeAccess) and access.order else None

    @property
    def may_be_large(self) -> bool:
        """It looks at a range of a table, and gives all rows of it that its conditions let pass."""
        return isinstance(self._access, RangeAccess) and not self._limited and self._locked is None

    async def run_few(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int) -> Batch | None:
        """All rows where there are no more than `rows_max`; else None. Where it `may_be_large`."""
        keyed = await self._access.rows(transaction, parameters, rows_max + 1)
        if len(keyed) > rows_max:
            return None
        if self._sorting is not None:
            keyed = await self._sorting.sort(keyed, _row_of, None, parameters, transaction.environment)
        return await self._shown(keyed, transaction, parameters)

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """All rows. Raises what expressions and storage raise."""
        environment = transaction.environment
        if self._point is not None:
            found = await self._point.row(transaction, parameters)
            if found is None:
                return Batch([], True, "SELECT 0")
            if self._locked is not None:
                transaction.check(found[0])
            return Batch([self._output(found[1], parameters, environment)], True, "SELECT 1")
        count, offset = self._limits.evaluate(parameters, environment) if self._limited else (None, 0)
        if count == 0:
            return Batch([], True, "SELECT 0")
        wanted = None if count is None else count + offset
        if self._first is not None and wanted is not None:
            keyed = await self._first.rows(transaction, parameters, 0, wanted)
        else:
            keyed = await self._access.rows(
                transaction, parameters, wanted if wanted is not None and self._sorting is None else 0
            )
        if self._sorting is not None:
            keyed = await self._sorting.sort(keyed, _row_of, wanted, parameters, environment)
        if self._limited:
            keyed = keyed[offset:wanted]
        return await self._shown(keyed, transaction, parameters)

    async def _shown(self, keyed: Sequence[KeyedRow], transaction: Transaction, parameters: Sequence[Any]) -> Batch:
        output, environment = self._output, transaction.environment
        rows: list[tuple[object, ...]] = []
        for start in range(0, len(keyed), TURN_ROWS):
            if start:
                await turn()
            piece = keyed[start : start + TURN_ROWS]
            if self._locked is not None:
                for row in piece:
                    for key in self._locked(row):
                        transaction.check(key)
            rows += [output(row, parameters, environment) for _, row in piece]
        return Batch(rows, True, f"SELECT {len(rows)}")

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return self._explainer(self._access.statistics if analyze else None, verbose)


def _row_of(keyed: tuple[bytes, Row]) -> Row:
    return keyed[1]
