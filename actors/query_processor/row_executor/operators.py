"""Operators over few rows, all of them held: joins, grouping, DISTINCT, set operations, sorts. What feeds them is
bounded, and no row has gone out before they end, so a statement whose inputs turn out too large (`TooMany`) runs in the
column executor from its beginning.

    rows = await SelectRows(...).rows(Run(transaction, parameters))

A row is a sequence; each operator says in which order it has its inputs' columns. Values are equal as `equality_key`
says: as SQL compares them, NULLs alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from actors.common.errors import CARDINALITY_VIOLATION, PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.query_processor.row_executor.access import TURN_ROWS, Access, Filter
from actors.query_processor.row_executor.selecting import Limits, Sorting, TupleOf
from actors.query_processor.transaction.view import StatementView
from actors.runtime.fiber import turn
from actors.sql.aggregates.registry import Overload
from actors.sql.expressions.comparisons import order_key
from actors.sql.types.arrays import array_of_items
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

JOINED_MAX = 8192
"""Rows of a join."""
PAIRS_MAX = 65_536
"""That a join without an equality looks at."""

Row = Sequence[Any]
KeyOf = Callable[[Row], Any]


class TooMany(Exception):
    """Internal: the statement is not small after all."""


class Run:
    """One execution. `parameters`: the statement's, then the results of its subqueries."""

    __slots__ = ("environment", "parameters", "results", "transaction")

    def __init__(self, transaction: Transaction, parameters: Sequence[Any]) -> None:
        self.transaction = transaction
        self.environment = transaction.environment
        self.parameters = list(parameters)
        self.results: dict[int, list[Row]] = {}
        """Of common table expressions."""


class Operator(Protocol):
    async def rows(self, run: Run) -> list[Row]: ...


def equality_key(types: Sequence[ColumnType]) -> KeyOf:
    """What is equal just where rows of these types are, NULLs included."""
    keys = [order_key(type_.name) for type_ in types]
    if not any(keys):
        return tuple
    whole = [key or _itself for key in keys]
    return lambda row: tuple([None if datum is None else key(datum) for key, datum in zip(whole, row, strict=True)])


def _itself(datum: Any) -> Any:
    return datum


# -- sources -----------------------------------------------------------------------------------------------------------


class TableRows:
    """`passes`: what the access path leaves to be looked at here; `rows_max`: that it may give; `width`: of a row here,
    as wide as its last column that is needed; `keyed`: which is the row's key."""

    __slots__ = ("_keyed", "_passes", "_rows_max", "_width", "access")

    def __init__(self, access: Access, passes: Filter | None, rows_max: int, width: int, keyed: bool = False) -> None:
        self._keyed = keyed
        self.access = access
        self._passes = passes
        self._rows_max = rows_max
        self._width = width

    async def rows(self, run: Run) -> list[Row]:
        try:
            keyed = await self.access.rows(run.transaction, run.parameters, self._rows_max + 1)
        except DatabaseError as error:
            if error.sqlstate == PROGRAM_LIMIT_EXCEEDED:
                raise TooMany from None
            raise
        if len(keyed) > self._rows_max:
            raise TooMany
        passes, width = self._passes, self._width
        rows: list[Row]
        if self._keyed:
            rows = [(*row, key) for key, row in keyed]
        else:
            rows = [row if len(row) == width else row[:width] for _, row in keyed]
        return rows if passes is None else [row for row in rows if passes(row, run.parameters, run.environment)]


@dataclass(slots=True, eq=False)
class ExpressionRows:
    """VALUES; and the one row without columns of a query that has no FROM."""

    made: tuple[TupleOf, ...]

    async def rows(self, run: Run) -> list[Row]:
        return [make((), run.parameters, run.environment) for make in self.made]


@dataclass(slots=True, eq=False)
class GivenRows:
    """Of another part of the statement (StatementView)."""

    number: int

    async def rows(self, run: Run) -> list[Row]:
        assert isinstance(run.transaction, StatementView)
        return list(run.transaction.given[self.number])


@dataclass(slots=True, eq=False)
class Filtered:
    source: Operator
    passes: Filter

    async def rows(self, run: Run) -> list[Row]:
        passes = self.passes
        return [row for row in await self.source.rows(run) if passes(row, run.parameters, run.environment)]


@dataclass(slots=True)
class Shared:
    """A common table expression, run once however often it is mentioned."""

    query: Operator

    async def rows(self, run: Run) -> list[Row]:
        found = run.results.get(id(self))
        if found is None:
            found = run.results[id(self)] = await self.query.rows(run)
        return found


# -- joins -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Join:
    """A row is the left one's columns, then the right one's. `left_key`, `right_key`: what must be equal (NULL never
    is); None: every pair is looked at. `passes`: of the joined row. `keeps_left`, `keeps_right`: rows without a partner
    stay, with NULLs."""

    left: Operator
    right: Operator
    left_key: Callable[..., Any] | None
    right_key: Callable[..., Any] | None
    passes: Filter | None
    widths: tuple[int, int]
    keeps_left: bool
    keeps_right: bool

    async def rows(self, run: Run) -> list[Row]:
        left = await self.left.rows(run)
        if not left and not self.keeps_right:
            return []
        right = await self.right.rows(run)
        partners = self._partners(left, right, run)
        parameters, environment, passes = run.parameters, run.environment, self.passes
        nothing_left, nothing_right = [None] * self.widths[0], [None] * self.widths[1]
        met: set[int] = set()
        joined: list[Row] = []
        seen = 0
        for one in left:
            before = len(joined)
            for place in partners(one):
                row = [*one, *right[place]]
                if passes is None or passes(row, parameters, environment):
                    joined.append(row)
                    if self.keeps_right:
                        met.add(place)
                seen += 1
                if not seen % TURN_ROWS:
                    await turn()
            if self.keeps_left and len(joined) == before:
                joined.append([*one, *nothing_right])
            if len(joined) > JOINED_MAX:
                raise TooMany
        if self.keeps_right:
            joined += [[*nothing_left, *other] for place, other in enumerate(right) if place not in met]
        return joined

    def _partners(self, left: list[Row], right: list[Row], run: Run) -> Callable[[Row], Sequence[int]]:
        """The places of the right rows that a left one may be joined with."""
        if self.left_key is None or self.right_key is None:
            if len(left) * len(right) > PAIRS_MAX:
                raise TooMany
            every = range(len(right))
            return lambda one: every
        places: dict[Any, list[int]] = {}
        key_of = self.right_key
        for place, row in enumerate(right):
            key = key_of(row, run)
            if key is not None:
                places.setdefault(key, []).append(place)
        left_key, none = self.left_key, ()
        return lambda one: places.get(left_key(one, run), none)


def join_key(parts: TupleOf, types: Sequence[ColumnType]) -> Callable[[Row, Run], Any]:
    """The values that must be equal, as one; None where one of them is NULL."""
    key = equality_key(types)

    def of(row: Row, run: Run) -> Any:
        values = parts(row, run.parameters, run.environment)
        return None if None in values else key(values)

    return of


# -- SELECT ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class AggregateOf:
    """`arguments` None: count(*)."""

    overload: Overload
    arguments: TupleOf | None
    passes: Filter | None
    order: Sorting | None
    distinct: KeyOf | None

    async def over(self, rows: list[Row], run: Run) -> Any:
        parameters, environment = run.parameters, run.environment
        if self.passes is not None:
            rows = [row for row in rows if self.passes(row, parameters, environment)]
        if self.arguments is None:
            return len(rows)
        if self.order is not None:
            rows = await self.order.sort(rows, _row, None, parameters, environment)
        arguments = self.arguments
        values = [arguments(row, parameters, environment) for row in rows]
        if self.overload.strict:
            values = [value for value in values if None not in value]
        if self.distinct is not None:
            key = self.distinct
            values = list({key(value): value for value in reversed(values)}.values())[::-1]
        if not values:
            return self.overload.of_nothing
        assert self.overload.over is not None
        return self.overload.over(*map(list, zip(*values, strict=True)))


@dataclass(slots=True, eq=False)
class Grouping:
    """`key` None: all rows are one group, though there be none. A group's row is its first row, then the aggregates."""

    key: Callable[[Row, Run], Any] | None
    aggregates: tuple[AggregateOf, ...]
    width: int

    async def rows(self, rows: list[Row], run: Run) -> list[Row]:
        groups: dict[Any, list[Row]] = {}
        if self.key is None:
            groups[()] = rows
        else:
            key = self.key
            for row in rows:
                groups.setdefault(key(row, run), []).append(row)
        made: list[Row] = []
        for number, group in enumerate(groups.values(), 1):
            first = group[0] if group else [None] * self.width
            made.append([*first, *[await each.over(group, run) for each in self.aggregates]])
            if not number % TURN_ROWS:
                await turn()
        return made


def group_key(parts: TupleOf, types: Sequence[ColumnType]) -> Callable[[Row, Run], Any]:
    key = equality_key(types)
    return lambda row, run: key(parts(row, run.parameters, run.environment))


@dataclass(slots=True, eq=False)
class SelectRows:
    """`sorting`: of the rows before `output`, or (`distinct`) of those after it. `distinct`: their key. `distinct_on`:
    a key of the rows before `output`."""

    source: Operator
    passes: Filter | None
    grouping: Grouping | None
    having: Filter | None
    output: TupleOf
    sorting: Sorting | None
    limits: Limits
    distinct: KeyOf | None = None
    distinct_on: Callable[[Row, Run], Any] | None = None

    async def rows(self, run: Run) -> list[Row]:
        parameters, environment = run.parameters, run.environment
        count, offset = self.limits.evaluate(parameters, environment)
        rows = await self.source.rows(run)
        if self.passes is not None:
            passes = self.passes
            rows = [row for row in rows if passes(row, parameters, environment)]
        if self.grouping is not None:
            rows = await self.grouping.rows(rows, run)
        if self.having is not None:
            having = self.having
            rows = [row for row in rows if having(row, parameters, environment)]
        wanted = None if count is None else count + offset
        output = self.output
        if self.distinct is not None:
            made: list[Row] = [output(row, parameters, environment) for row in rows]
            made = await sorted_rows(distinct_rows(made, self.distinct), self.sorting, wanted, run)
            return made[offset:wanted]
        if self.distinct_on is not None:
            rows = await sorted_rows(rows, self.sorting, None, run)
            rows = list({self.distinct_on(row, run): row for row in reversed(rows)}.values())[::-1]
        else:
            rows = await sorted_rows(rows, self.sorting, wanted, run)
        result: list[Row] = []
        for start in range(offset, len(rows) if wanted is None else min(wanted, len(rows)), TURN_ROWS):
            if result:
                await turn()
            result += [
                output(row, parameters, environment)
                for row in rows[start : min(start + TURN_ROWS, wanted or len(rows))]
            ]
        return result


async def sorted_rows(rows: list[Row], sorting: Sorting | None, wanted: int | None, run: Run) -> list[Row]:
    return rows if sorting is None else await sorting.sort(rows, _row, wanted, run.parameters, run.environment)


def distinct_rows(rows: list[Row], key: KeyOf) -> list[Row]:
    """The first of equal ones each."""
    found: dict[Any, Row] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return list(found.values())


def _row(row: Row) -> Row:
    return row


@dataclass(slots=True, eq=False)
class Combined:
    """UNION, INTERSECT, EXCEPT; VALUES with ORDER BY (`right` None). `left_as`, `right_as`: an arm's rows as rows of
    the result's types."""

    word: str
    every: bool
    left: Operator
    right: Operator | None
    left_as: TupleOf | None
    right_as: TupleOf | None
    key: KeyOf
    sorting: Sorting | None
    limits: Limits

    async def rows(self, run: Run) -> list[Row]:
        count, offset = self.limits.evaluate(run.parameters, run.environment)
        rows = await self._arm(self.left, self.left_as, run)
        if self.right is not None:
            rows = self._together(rows, await self._arm(self.right, self.right_as, run))
        wanted = None if count is None else count + offset
        return (await sorted_rows(rows, self.sorting, wanted, run))[offset:wanted]

    async def _arm(self, arm: Operator, made: TupleOf | None, run: Run) -> list[Row]:
        rows = await arm.rows(run)
        return rows if made is None else [made(row, run.parameters, run.environment) for row in rows]

    def _together(self, left: list[Row], right: list[Row]) -> list[Row]:
        key = self.key
        if self.word == "UNION":
            return [*left, *right] if self.every else distinct_rows([*left, *right], key)
        there = Counter(map(key, right))
        if not self.every:
            is_kept = self.word == "INTERSECT"
            return distinct_rows([row for row in left if (key(row) in there) is is_kept], key)
        kept: list[Row] = []
        for row in left:
            one = key(row)
            is_there = there[one] > 0
            there[one] -= is_there
            if is_there is (self.word == "INTERSECT"):
                kept.append(row)
        return kept


# -- subqueries --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Result:
    """A subquery that does not depend on the rows around it, as a parameter of the statement: `kind` EXISTS, SCALAR, or
    ARRAY (of `item` of each row)."""

    kind: str
    query: Operator
    item: TupleOf | None = None

    async def datum(self, run: Run) -> Any:
        """Raises 21000."""
        rows = await self.query.rows(run)
        if self.kind == "EXISTS":
            return bool(rows)
        if self.kind == "SCALAR":
            if len(rows) > 1:
                raise DatabaseError(
                    CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression"
                )
            return rows[0][0] if rows else None
        assert self.item is not None
        return array_of_items([self.item(row, run.parameters, run.environment)[0] for row in rows])


@dataclass(slots=True)
class Statement:
    """A whole statement: its subqueries in an order in which each has what it needs, then the query."""

    query: Operator
    results: list[Result] = field(default_factory=list)
    parameters: int = 0

    async def rows(self, run: Run) -> list[Row]:
        """Raises TooMany, and what expressions and storage raise."""
        del run.parameters[self.parameters :]
        for result in self.results:
            try:
                run.parameters.append(await result.datum(run))
            except DatabaseError as error:
                if error.sqlstate[:2] in ("21", "22"):
                    raise TooMany from None  # PostgreSQL evaluates a subquery only where its value is asked for
                raise
        return await self.query.rows(run)
