"""`AggregatePlan`: count, sum, min, max and avg over one access path, without groups: always one row.

Ranges of the primary index are aggregated by storage, which answers with partial results of its parts of a range
(scan_program.py); they are combined here. A range that the transaction has written in, rows behind a secondary index,
those of a small table, and rows that need a filter of our own are read and aggregated here.

    avg(n)   ->   partials sum(n), count(n)   ->   their quotient
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.query_processor.row_executor.access import Access, RangeAccess, Statistics
from actors.query_processor.row_executor.selecting import Explainer, TupleOf
from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.encoding.scan_program import Aggregate
from actors.sql.expressions.comparisons import order_key
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.numerics import divide
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType
from actors.sql.types.floats import to_single

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

_EXACT = Context(prec=200_000, Emax=10**15, Emin=-(10**15), traps=[])
"""Room for the sum of numerics of any length that PostgreSQL allows."""
_INT8_MIN, _INT8_MAX = -(2**63), 2**63 - 1
_NARROW_INTEGERS = frozenset({"int2", "int4"})
_FLOATS = frozenset({"float4", "float8"})

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Partial:
    """One aggregate as it is computed in parts: `function` count, sum, min or max of an argument of `type` (None:
    count(*))."""

    function: str
    type: ColumnType | None
    program: Aggregate
    evaluate: Callable[[Row, Sequence[Any], Environment], Any] | None

    @property
    def result_type(self) -> ColumnType:
        """Of a partial result, as storage sends it."""
        if self.function == "count" or self.type is None:
            return ColumnType("int8")
        if self.function in ("min", "max"):
            return self.type
        if self.type.name in _NARROW_INTEGERS:
            return ColumnType("int8")
        return ColumnType("float8" if self.type.name in _FLOATS else "numeric")


@dataclass(frozen=True, slots=True)
class Slot:
    """One aggregate call: from the totals of its partials (their numbers) to its datum."""

    function: str
    type: ColumnType
    partials: tuple[int, ...]
    argument: ColumnType | None

    def datum(self, totals: Sequence[Any]) -> Any:
        total = totals[self.partials[0]]
        if total is None or self.argument is None or self.function in ("count", "min", "max"):
            return total
        if self.function == "sum":
            return self._sum(total)
        count = totals[self.partials[1]]
        if self.argument.name in _FLOATS:
            return total / count
        return divide(Decimal(total), Decimal(count))

    def _sum(self, total: Any) -> Any:
        assert self.argument is not None
        name = self.argument.name
        if name in _NARROW_INTEGERS and not _INT8_MIN <= total <= _INT8_MAX:
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
        if name == "int8":
            return Decimal(total)
        if name == "float4":
            single = to_single(total)
            if math.isinf(single) and not math.isinf(total):
                raise _overflow()
            return single
        return total


def _overflow() -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")


def combiner(partial: Partial) -> Callable[[Any, list[Any]], Any]:
    """`combine(total so far or None, non-null datums) -> total`: of argument datums, and of partial results where those
    are not counts."""
    name = partial.type.name if partial.type is not None else ""
    if partial.function in ("min", "max"):
        pick, key = (max if partial.function == "max" else min), order_key(name)

        def extreme(total: Any, datums: list[Any]) -> Any:
            if not datums:
                return total
            best = pick(datums, key=key)
            return best if total is None else pick((total, best), key=key)

        return extreme
    if name == "numeric":

        def numeric_sum(total: Any, datums: list[Any]) -> Any:
            for datum in datums:
                total = datum if total is None else _EXACT.add(total, datum)
            return total

        return numeric_sum
    if name in _FLOATS:

        def float_sum(total: Any, datums: list[Any]) -> Any:
            if not datums:
                return total
            result = sum(datums, total or 0.0)
            if (
                math.isinf(result)
                and not any(map(math.isinf, datums))
                and not (total is not None and math.isinf(total))
            ):
                raise _overflow()
            return result

        return float_sum
    return lambda total, datums: (total or 0) + sum(map(int, datums)) if datums else total


class AggregatePlan:
    """One row of `output` of the slots' datums. `pushed`: storage computes the partials of whole ranges. `rows_max`: so
    many first rows of the access path decide (0: all)."""

    kind = "SELECT"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        fields: list[Field],
        access: Access,
        partials: Sequence[Partial],
        slots: Sequence[Slot],
        output: TupleOf,
        pushed: bool,
        explainer: Explainer,
        rows_max: int = 0,
    ) -> None:
        self._rows_max = rows_max
        self.parameter_types = parameter_types
        self.fields = fields
        self._access = access
        self._partials = tuple(partials)
        self._slots = tuple(slots)
        self._output = output
        self._pushed = access if pushed and isinstance(access, RangeAccess) else None
        self._combine = [combiner(partial) for partial in partials]
        self._explainer = explainer

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what expressions and storage raise, 22003."""
        environment = transaction.environment
        totals: list[Any] = [0 if partial.function == "count" else None for partial in self._partials]
        if self._pushed is None or self._pushed.is_told_small(transaction):
            rows = [row for _, row in await self._access.rows(transaction, parameters, self._rows_max)]
            self._add_rows(totals, rows, parameters, environment)
        else:
            access = self._pushed
            access.statistics = Statistics()
            for start, end in access.ranges(parameters, environment):
                if transaction.wrote_in(start, end):
                    await self._read_rows(transaction, access, parameters, start, end, totals)
                else:
                    await self._read_partials(transaction, access, parameters, start, end, totals)
            access.note_read(transaction)
        datums = [slot.datum(totals) for slot in self._slots]
        return Batch([self._output(datums, parameters, environment)], True, "SELECT 1")

    async def _read_rows(
        self,
        transaction: Transaction,
        access: RangeAccess,
        parameters: Sequence[Any],
        start: bytes,
        end: bytes,
        totals: list[Any],
    ) -> None:
        scanner = transaction.scan(start, end, access.program(transaction, parameters))
        decode, statistics = access.stored.decode, access.statistics
        while (batch := await scanner.next_rows()) is not None:
            statistics.received += len(batch)
            self._add_rows(totals, [decode(value) for _, value in batch], parameters, transaction.environment)
        statistics.read += scanner.rows_read
        statistics.passed += statistics.received

    async def _read_partials(
        self,
        transaction: Transaction,
        access: RangeAccess,
        parameters: Sequence[Any],
        start: bytes,
        end: bytes,
        totals: list[Any],
    ) -> None:
        aggregates = tuple(partial.program for partial in self._partials)
        scanner = transaction.scan(
            start, end, access.program(transaction, parameters, output="aggregates", aggregates=aggregates)
        )
        statistics = access.statistics
        while (batch := await scanner.next()) is not None:
            arrow = batch.arrow
            statistics.received += arrow.num_rows
            for number, (partial, combine) in enumerate(zip(self._partials, self._combine, strict=True)):
                results = [
                    datum for datum in from_arrow(arrow.column(number), partial.result_type) if datum is not None
                ]
                totals[number] = combine(totals[number], results)
        statistics.read += scanner.rows_read
        statistics.passed += 1

    def _add_rows(
        self, totals: list[Any], rows: list[Row], parameters: Sequence[Any], environment: Environment
    ) -> None:
        for number, (partial, combine) in enumerate(zip(self._partials, self._combine, strict=True)):
            evaluate = partial.evaluate
            if evaluate is None:
                totals[number] += len(rows)
                continue
            datums = [datum for row in rows if (datum := evaluate(row, parameters, environment)) is not None]
            totals[number] = (
                totals[number] + len(datums) if partial.function == "count" else combine(totals[number], datums)
            )

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return self._explainer(self._access.statistics if analyze else None, verbose)
