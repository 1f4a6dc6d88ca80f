"""`MergePlan`: MERGE over the rows of a join.

    found row     the target's key columns (or its key), whether there is a source row, values
    row           the target's row, NULLs where there is none, then the found row

Each row's action is the first WHEN of its kind whose condition holds. The actions are decided for all rows, and then
done: rows are deleted, changed and inserted in this order, so that a key that one row gives up another may take. A row
of the target is changed by one row of the source: 21000 for a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.common.errors import CARDINALITY_VIOLATION, DatabaseError
from actors.query_processor.row_executor.changing import TURN_ROWS, Change, RowChanger, RowRemover
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.modifying import WritingPlan
from actors.query_processor.row_executor.returning import Returning, in_turns
from actors.query_processor.row_executor.selecting import Explainer, TupleOf
from actors.query_processor.row_executor.stored_table import StoredTable
from actors.query_processor.transaction.view import StatementView
from actors.runtime.fiber import turn
from actors.sql.results import Batch, all_rows
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.row_executor.access import Filter
    from actors.query_processor.transaction import Transaction

Row = list[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """`kind`: MATCHED, or what lacks the row: SOURCE, TARGET. `make` gives the datums of `positions` (UPDATE) or a full
    row (INSERT); `waits`: it calls nextval or its kin."""

    kind: str
    verb: str
    condition: Filter | None
    make: TupleOf
    positions: tuple[int, ...]
    changer: RowChanger | None
    waits: bool


@dataclass(slots=True)
class _Step:
    """What is done with one joined row: `key` and `old` of the target's row (None where there is none), `new` as it is
    afterwards."""

    action: Action
    row: Row
    key: bytes | None
    old: Sequence[Any] | None
    new: Sequence[Any] | None = None


class MergePlan(WritingPlan):
    kind = "MERGE"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        query: Any,
        stored: StoredTable,
        actions: Sequence[Action],
        inserter: RowInserter,
        remover: RowRemover,
        width: int,
        returning: Returning,
        explainer: Explainer,
    ) -> None:
        """`width`: of the rows that the actions see."""
        super().__init__(parameter_types, returning, explainer)
        self._query = query
        self._stored = stored
        self._actions = {
            kind: [action for action in actions if action.kind == kind] for kind in ("MATCHED", "SOURCE", "TARGET")
        }
        self._inserter = inserter
        self._remover = remover
        self._width = width

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        """Raises 21000, 23502, 23514, 23505, 54000, and what expressions raise."""
        if view is None and self._returning.query is not None:
            view = StatementView.of(transaction)
        reading = transaction if view is None else view
        steps = await self._decided(reading, transaction, parameters)
        if view is not None:
            steps = _untouched(steps, view)
        _check_once(steps)
        await self._make(steps, transaction, parameters)
        await self._write(steps, transaction)
        returned = await self._returning.rows(self._shown(steps), parameters, transaction, view)
        return Batch(returned, True, f"MERGE {len(steps)}")

    async def _decided(self, reading: Transaction, transaction: Transaction, parameters: Sequence[Any]) -> list[_Step]:
        """What is to be done, in the order of the joined rows."""
        stored, environment = self._stored, transaction.environment
        found = await all_rows(await self._query.run(reading, parameters), reading.memory_bytes_max)
        there = 1 if stored.hidden else len(stored.primary.positions)
        keys = [self._key(row) for row in found]
        asked = sorted({key for key in keys if key is not None})
        values = dict(zip(asked, await reading.get(asked), strict=True)) if asked else {}
        absent = [None] * len(stored.table.columns)
        steps: list[_Step] = []
        for number, (joined, key) in enumerate(zip(found, keys, strict=True), 1):
            if not number % TURN_ROWS:
                await turn()
            old = None
            if key is not None:
                value = values[key]
                assert value is not None, "a row was read a moment ago at the same time"
                old = stored.decode(value)
            kind = "TARGET" if old is None else "MATCHED" if joined[there] else "SOURCE"
            row = [*(absent if old is None else old), *joined]
            for action in self._actions[kind]:
                if action.condition is None or action.condition(row, parameters, environment):
                    if action.verb != "NOTHING":
                        steps.append(_Step(action, row, key, old))
                    break
        return steps

    def _key(self, row: Sequence[Any]) -> bytes | None:
        """Of the target's row; None where there is none."""
        if row[0] is None or self._stored.hidden:
            return row[0]  # type: ignore[no-any-return]
        primary = self._stored.primary
        return primary.space + primary.codec.encode(row[: len(primary.positions)])

    async def _make(self, steps: Sequence[_Step], transaction: Transaction, parameters: Sequence[Any]) -> None:
        """The new rows."""
        environment = transaction.environment
        for action in (action for actions in self._actions.values() for action in actions):
            mine = [step for step in steps if step.action is action]
            if action.verb == "DELETE" or not mine:
                continue
            make = partial(_made, action.make, parameters, environment)
            made = await in_turns(mine, make, environment) if action.waits else await _each(mine, make)
            for step, datums in zip(mine, made, strict=True):
                if step.old is None:
                    step.new = datums
                    continue
                new = list(step.old)
                for position, datum in zip(action.positions, datums, strict=True):
                    new[position] = datum
                step.new = new

    async def _write(self, steps: Sequence[_Step], transaction: Transaction) -> None:
        for number, step in enumerate([step for step in steps if step.action.verb == "DELETE"], 1):
            assert step.key is not None and step.old is not None
            self._remover.remove(transaction, step.key, step.old)
            if not number % TURN_ROWS:
                await turn()
        for action in (action for actions in self._actions.values() for action in actions):
            if action.changer is None:
                continue
            changes: list[Change] = [
                (step.key, step.old, step.new)
                for step in steps
                if step.action is action and step.key is not None and step.old is not None and step.new is not None
            ]
            await action.changer.change(transaction, changes)
        rows = [step.new for step in steps if step.action.verb == "INSERT" and step.new is not None]
        for low in range(0, len(rows), TURN_ROWS):
            if low:
                await turn()
            await self._inserter.insert(transaction, rows[low : low + TURN_ROWS])

    def _shown(self, steps: Sequence[_Step]) -> list[Sequence[Any]]:
        """The rows that RETURNING sees: the target's as it is now, or was before it was deleted."""
        if self.fields is None:
            return []
        width = len(self._stored.table.columns)
        rows: list[Sequence[Any]] = []
        for step in steps:
            target = step.old if step.new is None else step.new
            assert target is not None
            row = [*target, *step.row[width : self._width], step.action.verb]
            rows.append(self._returning.shown(row, step.old, step.new))
        return rows


def _made(make: TupleOf, parameters: Sequence[Any], environment: Any, step: _Step) -> tuple[Any, ...]:
    return make(step.row, parameters, environment)


async def _each(steps: Sequence[_Step], make: Any) -> list[tuple[Any, ...]]:
    made: list[tuple[Any, ...]] = []
    for low in range(0, len(steps), TURN_ROWS):
        if low:
            await turn()
        made += map(make, steps[low : low + TURN_ROWS])
    return made


def _untouched(steps: Sequence[_Step], view: StatementView) -> list[_Step]:
    """Without those whose row another part of the statement has changed."""
    changed = set(view.changed)
    kept = [step for step in steps if step.key is None or step.key not in changed]
    view.changed.update(step.key for step in kept if step.key is not None)
    return kept


def _check_once(steps: Sequence[_Step]) -> None:
    """Raises 21000."""
    keys = [step.key for step in steps if step.key is not None]
    if len(set(keys)) < len(keys):
        raise DatabaseError(
            CARDINALITY_VIOLATION,
            "MERGE command cannot affect row a second time",
            hint="Ensure that not more than one source row matches any one target row.",
        )
