"""`LookUpJoin`: two tables joined by looking the inner one's rows up for each outer row.

    SELECT ... FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id = $1

The inner side's conditions are compiled with the outer row's columns as further parameters, behind the statement's own:
$2 is the outer row's first column where the statement has one parameter. So the inner side is an ordinary access path.
Where it is a point read by primary key, the keys of all outer rows are read in one batch; else each outer row costs a
read of its own, and the planner has made sure that there are few.

Where the query locks rows (`keyed`), a joined row ends with its two rows' keys, the outer one's first; expressions do
not see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.row_executor.access import Access, Filter, KeyedRow, PointAccess, Statistics

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]


def both_keys(joined: KeyedRow) -> Sequence[bytes]:
    return joined[1][-2:]


def outer_key(joined: KeyedRow) -> Sequence[bytes]:
    return joined[1][-2:-1]


def inner_key(joined: KeyedRow) -> Sequence[bytes]:
    return joined[1][-1:]


class LookUpJoin:
    """A row is the left table's columns, then the right one's. `outer_first`: the outer side is the left one. `left`:
    outer rows without a partner stay, with NULLs. `filter`: of the joined row."""

    __slots__ = ("_filter", "_keyed", "_left", "_outer_first", "_parameters", "inner", "outer", "statistics")

    def __init__(
        self,
        outer: Access,
        inner: Access,
        parameters: int,
        outer_first: bool,
        left: bool,
        filter: Filter | None,
        keyed: bool = False,
    ) -> None:
        self.outer = outer
        self.inner = inner
        self._parameters = parameters
        self._outer_first = outer_first
        self._left = left
        self._filter = filter
        self._keyed = keyed
        self.statistics = Statistics()

    async def rows(self, transaction: Transaction, parameters: Sequence[Any], limit: int = 0) -> list[KeyedRow]:
        """Joined rows in the outer side's order; they have no key of their own."""
        outer = await self.outer.rows(transaction, parameters)
        if not outer:
            return []
        own = tuple(parameters[: self._parameters])
        given = [(*own, *row) for _, row in outer]
        if isinstance(self.inner, PointAccess):
            partners = await self.inner.rows_of_many(transaction, given)
        else:
            partners = [await self.inner.rows(transaction, each) for each in given]
        environment, passes, keyed = transaction.environment, self._filter, self._keyed
        nothing: KeyedRow = (b"", [None] * self.inner.stored.width)
        rows: list[KeyedRow] = []
        for (key, row), matches in zip(outer, partners, strict=True):
            for partner, match in matches or ([nothing] if self._left else ()):
                joined = [*row, *match] if self._outer_first else [*match, *row]
                if passes is None or passes(joined, parameters, environment):
                    if keyed:
                        joined += (key, partner)
                    rows.append((b"", joined))
                    if len(rows) == limit:
                        return rows
        self.statistics = Statistics(passed=len(rows))
        return rows
