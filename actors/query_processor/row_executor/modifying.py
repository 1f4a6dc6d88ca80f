"""The plans that write: `InsertPlan`, `UpdatePlan`, `DeletePlan`, and `JoinedChangePlan` for those whose rows another
SELECT finds.

All of them read first and write afterwards: a stale catalog shows itself in the first read, when nothing has been
written yet, and a statement never meets its own rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.query_processor.row_executor.access import Access, PointAccess, Statistics
from actors.query_processor.row_executor.changing import TURN_ROWS, Change, RowChanger, RowRemover
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.inserting_columns import ColumnInserter
from actors.query_processor.row_executor.inserting_queries import gathered
from actors.query_processor.row_executor.returning import Returning, in_turns
from actors.query_processor.row_executor.selecting import Explainer, TupleOf
from actors.query_processor.row_executor.stored_table import StoredTable
from actors.query_processor.row_executor.upserting import Upserter
from actors.query_processor.transaction.view import StatementView
from actors.runtime.fiber import turn
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.expressions.environment import Environment
from actors.sql.results import Batch, all_rows
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]


class WritingPlan:
    """`view`: what the statement reads, where it is a part of one (WithParts), or its RETURNING asks a query."""

    kind = ""

    def __init__(self, parameter_types: list[ColumnType], returning: Returning, explainer: Explainer) -> None:
        self.parameter_types = parameter_types
        self.fields = returning.fields
        self._returning = returning
        self._explainer = explainer

    def _statistics(self) -> Statistics:
        return Statistics()

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return self._explainer(self._statistics() if analyze else None, verbose)


class ValuesSource:
    """Full rows from VALUES lists: (compiled row maker, its constants, the plan of its subqueries or None) for each
    row. The maker sees the constants followed by the one row of that plan."""

    __slots__ = ("_makers", "_plain", "one", "waits")

    def __init__(self, makers: Sequence[tuple[TupleOf, tuple[Any, ...], Any]], waits: bool = False) -> None:
        """`waits`: a row may call nextval or its kin."""
        self.waits = waits
        self._makers = tuple(makers)
        self._plain = all(query is None for _, _, query in makers)
        self.one: tuple[TupleOf, tuple[Any, ...]] | None = makers[0][:2] if len(makers) == 1 and self._plain else None
        """The only row's maker and constants."""

    async def rows(self, transaction: Transaction, parameters: Sequence[Any]) -> list[Row]:
        environment = transaction.environment
        if self.waits:
            return await self._waiting_rows(transaction, parameters)
        if self._plain and len(self._makers) <= TURN_ROWS:
            return [make(constants, parameters, environment) for make, constants, _ in self._makers]
        rows: list[Row] = []
        for number, (make, constants, query) in enumerate(self._makers, 1):
            if not number % TURN_ROWS:
                await turn()
            if query is not None:
                [found] = await all_rows(await query.run(transaction, parameters), transaction.memory_bytes_max)
                rows.append(make([*constants, *found], parameters, environment))
            else:
                rows.append(make(constants, parameters, environment))
        return rows

    async def _waiting_rows(self, transaction: Transaction, parameters: Sequence[Any]) -> list[Row]:
        environment = transaction.environment
        given: list[tuple[TupleOf, Sequence[Any]]] = []
        for make, constants, query in self._makers:
            found: Sequence[Any] = ()
            if query is not None:
                [found] = await all_rows(await query.run(transaction, parameters), transaction.memory_bytes_max)
            given.append((make, [*constants, *found]))
        return await in_turns(given, lambda pair: pair[0](pair[1], parameters, environment), environment)


class QuerySource:
    """Full rows from a SELECT: `convert` makes them of its output rows. `names`: which columns these are as they come,
    where they may go into the table as columns; the others get constants."""

    __slots__ = ("_convert", "names", "plan", "waits")

    one: tuple[TupleOf, tuple[Any, ...]] | None = None

    def __init__(self, plan: Any, convert: TupleOf, waits: bool = False, names: Sequence[str] = ()) -> None:
        self.waits = waits
        self.plan = plan
        self.names = names
        self._convert = convert

    async def rows(self, transaction: Transaction, parameters: Sequence[Any]) -> list[Row]:
        return await self.rows_of(await self.plan.run(transaction, parameters), transaction, parameters)

    async def rows_of(self, batch: Batch, transaction: Transaction, parameters: Sequence[Any]) -> list[Row]:
        """Of what the plan gave."""
        found = await all_rows(batch, transaction.memory_bytes_max)
        convert, environment = self._convert, transaction.environment
        if self.waits:
            return await in_turns(found, lambda row: convert(row, parameters, environment), environment)
        rows: list[Row] = []
        for low in range(0, len(found), TURN_ROWS):
            if low:
                await turn()
            rows += [convert(row, parameters, environment) for row in found[low : low + TURN_ROWS]]
        return rows


class InsertPlan(WritingPlan):
    kind = "INSERT"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        source: ValuesSource | QuerySource,
        inserter: RowInserter,
        upserter: Upserter | None,
        returning: Returning,
        explainer: Explainer,
        constants: Mapping[int, Any] | None = None,
    ) -> None:
        """`constants`: of an INSERT of one row, or of a query, the values of those columns that get a constant."""
        super().__init__(parameter_types, returning, explainer)
        self._source = source
        self._inserter = inserter
        self._upserter = upserter
        self._columns: ColumnInserter | None = None
        self._constants = constants or {}

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        """Raises 23502, 23514, 23505, 21000, 54000, and what expressions raise."""
        if isinstance(self._source, QuerySource) and self._source.names:
            return await self._insert_query(self._source, transaction, parameters, view)
        one = self._source.one
        rows: Sequence[Row]
        if one is not None and not self._source.waits:
            rows = (one[0](one[1], parameters, transaction.environment),)
        else:
            rows = await self._source.rows(view or transaction, parameters)
        return await self.insert(transaction, rows, parameters, view)

    async def insert(
        self,
        transaction: Transaction,
        rows: Sequence[Row],
        parameters: Sequence[Any] = (),
        view: StatementView | None = None,
    ) -> Batch:
        """Full rows."""
        if view is None and self._returning.query is not None:
            view = StatementView.of(transaction)
        olds: Sequence[Row | None] | None = None
        if self._upserter is not None:
            rows, olds = await self._upserter.insert(transaction, rows, parameters, view)
        elif len(rows) <= TURN_ROWS:
            await self._inserter.insert(transaction, rows)
        else:
            for low in range(0, len(rows), TURN_ROWS):
                await self._inserter.insert(transaction, rows[low : low + TURN_ROWS])
                await turn()
        returned: list[tuple[object, ...]] = []
        if self.fields is not None:
            shown = self._returning.shown
            both = zip(rows, olds, strict=True) if olds is not None else ((row, None) for row in rows)
            rows = [shown(row, old, row) for row, old in both]
            returned = await self._returning.rows(rows, parameters, transaction, view)
        return Batch(returned, True, f"INSERT 0 {len(rows)}")

    async def _insert_query(
        self, source: QuerySource, transaction: Transaction, parameters: Sequence[Any], view: StatementView | None
    ) -> Batch:
        """As columns, where the query gives its rows as a stream; those of a batch that may be refused one by one."""
        found = await source.plan.run(view or transaction, parameters)
        if found.stream is None:
            rows = await source.rows_of(found, transaction, parameters)
            return await self.insert(transaction, rows, parameters, view)
        types = [field.type for field in source.plan.fields]

        async def one_by_one(given: list[tuple[Any, ...]]) -> None:
            rows = await source.rows_of(Batch(given, True, ""), transaction, parameters)
            await self._inserter.insert(transaction, rows)

        count = 0
        for batch in await gathered(found.stream, source.names, types, transaction.memory_bytes_max):
            await self._insert_columns(transaction, batch, one_by_one)
            count += len(batch)
            await turn()
        return Batch([], True, f"INSERT 0 {count}")

    async def _insert_columns(
        self,
        transaction: Transaction,
        batch: ColumnBatch,
        one_by_one: Callable[[list[tuple[Any, ...]]], Awaitable[object]],
    ) -> None:
        """`one_by_one`: for the rows of a batch that may be refused, some of them in each turn."""
        if self._columns is None:
            self._columns = ColumnInserter(self._inserter, self._constants)
        if not await self._columns.insert(transaction, batch):
            for low in range(0, len(batch), TURN_ROWS):
                await one_by_one(batch.rows(low, low + TURN_ROWS))
                await turn()

    def row_maker(self) -> Callable[[Sequence[Any], Environment], Row] | None:
        """Of an INSERT of one row: its parameters -> the full row. None where that takes a query, or a sequence's
        value."""
        if self._source.one is None or self._source.waits:
            return None
        make, constants = self._source.one
        return lambda parameters, environment: make(constants, parameters, environment)

    async def run_many(self, transaction: Transaction, rows: list[tuple[Any, ...]]) -> int:
        """Rows of parameters, each as one run; how many there were. Keys are checked in one read a batch."""
        assert self._source.one is not None and self._upserter is None, "only a one-row INSERT takes rows"
        make, constants = self._source.one
        environment, insert = transaction.environment, self._inserter.insert
        if self._source.waits:
            made = await in_turns(rows, lambda parameters: make(constants, parameters, environment), environment)
            for low in range(0, len(made), TURN_ROWS):
                await insert(transaction, made[low : low + TURN_ROWS])
            return len(rows)
        for low in range(0, len(rows), TURN_ROWS):
            if low:
                await turn()
            await insert(
                transaction, [make(constants, parameters, environment) for parameters in rows[low : low + TURN_ROWS]]
            )
        return len(rows)

    async def run_columns(self, transaction: Transaction, batch: ColumnBatch) -> int:
        """The same of rows that are the columns' values and constants for the other columns."""
        await self._insert_columns(transaction, batch, partial(self.run_many, transaction))
        return len(batch)


class UpdatePlan(WritingPlan):
    """`assign(old row, parameters, environment)` gives the datums of `positions`."""

    kind = "UPDATE"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        access: Access,
        positions: tuple[int, ...],
        assign: TupleOf,
        changer: RowChanger,
        returning: Returning,
        explainer: Explainer,
        waits: bool = False,
        is_pure: bool = False,
    ) -> None:
        """`waits`: an assigned value calls nextval or its kin. `is_pure`: conditions and values depend on nothing but
        row, parameters and the table's definition."""
        super().__init__(parameter_types, returning, explainer)
        self._waits = waits
        self._access = access
        self._point = access if isinstance(access, PointAccess) else None
        is_sole = is_pure and changer.is_put and returning.fields is None and returning.query is None
        self.sole_point = self._point if is_sole else None
        """Where the plan reads this one row, writes it, and neither reads nor writes anything else."""
        self._positions = positions
        self._assign = assign
        self._changer = changer

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        """Raises 23502, 23514, 23505, 54000, and what expressions raise."""
        environment, assign, positions = transaction.environment, self._assign, self._positions
        if view is None and self._returning.query is not None:
            view = StatementView.of(transaction)
        reading = transaction if view is None else view
        if self._point is not None:
            found = await self._point.row(reading, parameters)
            keyed = [found] if found is not None else []
        else:
            keyed = await self._access.rows(reading, parameters)
        if view is not None:
            keyed = view.unchanged(keyed)
        changes: list[Change] = []
        assigned: list[Any] = []
        if self._waits:
            assigned = await in_turns(keyed, lambda pair: assign(pair[1], parameters, environment), environment)
        for number, (key, old) in enumerate(keyed, 1):
            if not number % TURN_ROWS:
                await turn()
            new = list(old)
            datums = assigned[number - 1] if assigned else assign(old, parameters, environment)
            for position, datum in zip(positions, datums, strict=True):
                new[position] = datum
            changes.append((key, old, new))
        await self._changer.change(transaction, changes)
        rows = (
            await self._returning.rows(
                [self._returning.shown(new, old, new) for _, old, new in changes], parameters, transaction, view
            )
            if self.fields is not None
            else []
        )
        return Batch(rows, True, f"UPDATE {len(changes)}")

    def _statistics(self) -> Statistics:
        return self._access.statistics


class DeletePlan(WritingPlan):
    kind = "DELETE"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        access: Access,
        remover: RowRemover,
        returning: Returning,
        explainer: Explainer,
    ) -> None:
        super().__init__(parameter_types, returning, explainer)
        self._access = access
        self._remover = remover

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        if view is None and self._returning.query is not None:
            view = StatementView.of(transaction)
        keyed = await self._access.rows(transaction if view is None else view, parameters)
        if view is not None:
            keyed = view.unchanged(keyed)
        remove = self._remover.remove
        for number, (key, row) in enumerate(keyed, 1):
            remove(transaction, key, row)
            if not number % TURN_ROWS:
                await turn()
        rows = (
            await self._returning.rows(
                [self._returning.shown(row, row, None) for _, row in keyed], parameters, transaction, view
            )
            if self.fields is not None
            else []
        )
        return Batch(rows, True, f"DELETE {len(keyed)}")

    def _statistics(self) -> Statistics:
        return self._access.statistics


class JoinedChangePlan(WritingPlan):
    """UPDATE ... FROM, DELETE ... USING, and those with subqueries: `query` gives the primary key's columns of the rows
    to change (or their keys, where the table has none), then the joined datums. `assign` sees the old row followed by
    the query's row; None: the rows are deleted. A row that the join finds several times is changed once, with the first
    match."""

    def __init__(
        self,
        parameter_types: list[ColumnType],
        query: Any,
        stored: StoredTable,
        positions: tuple[int, ...],
        assign: TupleOf | None,
        changer: RowChanger | None,
        remover: RowRemover,
        returning: Returning,
        explainer: Explainer,
    ) -> None:
        super().__init__(parameter_types, returning, explainer)
        self.kind = "DELETE" if assign is None else "UPDATE"
        self._query = query
        self._stored = stored
        self._positions = positions
        self._assign = assign
        self._changer = changer
        self._remover = remover

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        stored, environment = self._stored, transaction.environment
        if view is None and self._returning.query is not None:
            view = StatementView.of(transaction)
        reading = transaction if view is None else view
        matches = await self._matches(reading, parameters)
        keys = list(matches) if view is None else [key for key, _ in view.unchanged([*matches.items()])]
        values = await reading.get(keys) if keys else []
        changes: list[Change] = []
        for number, (key, value) in enumerate(zip(keys, values, strict=True), 1):
            if not number % TURN_ROWS:
                await turn()
            assert value is not None, "a row was read a moment ago at the same time"
            old = stored.decode(value)
            new = list(old)
            if self._assign is not None:
                datums = self._assign([*old, *matches[key]], parameters, environment)
                for position, datum in zip(self._positions, datums, strict=True):
                    new[position] = datum
            changes.append((key, old, new))
        if self._changer is not None:
            await self._changer.change(transaction, changes)
        else:
            for number, (key, row, _) in enumerate(changes, 1):
                self._remover.remove(transaction, key, row)
                if not number % TURN_ROWS:
                    await turn()
        shown: list[Row] = []
        if self.fields is not None:
            is_deleted = self._changer is None
            shown = [
                self._returning.shown([*new, *matches[key]], old, None if is_deleted else new)
                for key, old, new in changes
            ]
        returned = await self._returning.rows(shown, parameters, transaction, view)
        return Batch(returned, True, f"{self.kind} {len(changes)}")

    async def _matches(self, reading: Transaction, parameters: Sequence[Any]) -> dict[bytes, tuple[Any, ...]]:
        """The first match of each row, by the row's key."""
        primary, hidden = self._stored.primary, self._stored.hidden
        key_width = len(primary.positions)
        matches: dict[bytes, tuple[Any, ...]] = {}
        found: list[tuple[Any, ...]] = await all_rows(
            await self._query.run(reading, parameters), reading.memory_bytes_max
        )
        for number, match in enumerate(found, 1):
            if not number % TURN_ROWS:
                await turn()
            key: bytes = match[0] if hidden else primary.space + primary.codec.encode(match[:key_width])
            matches.setdefault(key, match)
        return matches
