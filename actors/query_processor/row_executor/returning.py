"""`Returning`: what a statement answers of the rows that it has inserted, changed or deleted; and `in_turns`, which
makes values of many rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.query_processor.row_executor.changing import TURN_ROWS
from actors.query_processor.row_executor.selecting import TupleOf
from actors.query_processor.transaction.view import RETURNED, StatementView
from actors.runtime.fiber import turn
from actors.sql.expressions.environment import Environment
from actors.sql.results import Field, all_rows

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]


class Returning:
    """RETURNING: `fields` None where there is none."""

    __slots__ = ("_absent", "_new", "_old", "_waits", "fields", "output", "query")

    def __init__(
        self,
        fields: list[Field] | None = None,
        output: TupleOf | None = None,
        waits: bool = False,
        query: Any = None,
    ) -> None:
        """`waits`: it calls nextval or its kin. `query`: the plan of what the rows alone do not tell, over the rows
        that are given as RETURNED, each with its number; its rows are this number and the values, which `output` sees
        behind the row."""
        self.fields = fields
        self.output = output
        self._waits = waits
        self.query = query
        self._absent: Row = ()
        self._old = self._new = False

    def show_both(self, width: int, old: bool, new: bool) -> None:
        """The list mentions the row as it was (`old`), as it is (`new`): they follow each row, `width` columns each."""
        self._absent, self._old, self._new = (None,) * width, old, new

    def shown(self, row: Row, old: Row | None, new: Row | None) -> Row:
        """`row` as the list sees it. `old` None: the row is inserted; `new` None: it is deleted."""
        if not self._absent:
            return row
        shown = [*row]
        if self._old:
            shown += self._absent if old is None else old
        if self._new:
            shown += self._absent if new is None else new
        return shown

    async def rows(
        self,
        rows: Sequence[Row],
        parameters: Sequence[Any],
        transaction: Transaction,
        view: StatementView | None = None,
    ) -> list[tuple[object, ...]]:
        """`view`: given where there is a query."""
        output, environment = self.output, transaction.environment
        if output is None:
            return []
        if self.query is not None and view is not None:
            view.given[RETURNED] = [(*row, number) for number, row in enumerate(rows)]
            found = await all_rows(await self.query.run(view, parameters), transaction.memory_bytes_max)
            more = {number: values for number, *values in found}
            rows = [[*row, *more[number]] for number, row in enumerate(rows)]
        if self._waits:
            return await in_turns(rows, lambda row: output(row, parameters, environment), environment)
        if len(rows) <= TURN_ROWS:
            return [output(row, parameters, environment) for row in rows]
        returned: list[tuple[object, ...]] = []
        for low in range(0, len(rows), TURN_ROWS):
            returned += [output(row, parameters, environment) for row in rows[low : low + TURN_ROWS]]
            await turn()
        return returned


async def in_turns(items: Sequence[Any], make: Callable[[Any], Any], environment: Environment) -> list[Any]:
    """`make` of each, where it may call nextval: what a turn's rows need is taken at once."""
    made: list[Any] = []
    for low in range(0, len(items), TURN_ROWS):
        if low:
            await turn()
        made += await environment.sequences.evaluated(partial(_each, items[low : low + TURN_ROWS], make))
    return made


def _each(items: Sequence[Any], make: Callable[[Any], Any]) -> list[Any]:
    return [make(item) for item in items]
