"""`Upserter`: INSERT ... ON CONFLICT DO NOTHING and DO UPDATE.

All unique keys of all proposed rows are read in one batch, and the rows that they lead to in a second one; then the
rows are taken in order, each seeing what the ones before it wrote:

    no arbiter has the key     other unique keys taken -> 23505, else insert
    DO NOTHING                 skip
    DO UPDATE                  the existing row, with the proposed one as `excluded`, gives the new one; 21000 for a
                               second change of a row by this command; a row that fails the WHERE is left alone, and
                               joins the conflict check (PostgreSQL locks it)

Expressions see one row: the existing row's columns, then the proposed one's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.common.errors import CARDINALITY_VIOLATION, DatabaseError
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.changing import TURN_ROWS, RowChanger
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.query_processor.transaction.view import RETURNED, StatementView
from actors.runtime.fiber import turn
from actors.sql.results import all_rows

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]


@dataclass(slots=True)
class ConflictUpdate:
    """DO UPDATE: `assign(existing + excluded, parameters, environment)` gives the datums of `positions`."""

    positions: tuple[int, ...]
    assign: Callable[..., tuple[Any, ...]]
    where: Callable[..., bool] | None
    changer: RowChanger
    waits: bool = False
    """`assign` calls nextval or its kin."""
    query: Any = None
    """Of what the two rows alone do not tell, given as RETURNED with a number: its row, but for that number, follows
    them."""


class Upserter:
    """`update` None: DO NOTHING."""

    __slots__ = ("_arbiters", "_inserter", "_update")

    def __init__(self, inserter: RowInserter, arbiters: Sequence[StoredIndex], update: ConflictUpdate | None) -> None:
        self._inserter = inserter
        self._arbiters = frozenset(id(index) for index in arbiters)
        self._update = update

    async def insert(
        self,
        transaction: Transaction,
        rows: Sequence[Row],
        parameters: Sequence[Any],
        view: StatementView | None = None,
    ) -> tuple[list[Row], list[Row | None]]:
        """The rows that were inserted or changed, as they are now, and as they were before (None: not there).
        `view`: of the statement that this is a part of."""
        inserter, stored = self._inserter, self._inserter.stored
        keys: list[bytes] = []
        probes: list[list[tuple[StoredIndex, bytes]]] = []
        for low in range(0, len(rows), TURN_ROWS):
            if low:
                await turn()
            some = rows[low : low + TURN_ROWS]
            for row in some:
                inserter.constraints.check(row, transaction.environment)
            some_keys = inserter.primary_keys(transaction, some)
            keys += some_keys
            probes += [
                [
                    (index, unique)
                    for index in stored.unique_indexes
                    if (unique := key if index is stored.primary else index.unique_key(row)) is not None
                ]
                for row, key in zip(some, some_keys, strict=True)
            ]
        known = await self._read(transaction, probes)
        if inserter.watch is not None:
            await inserter.watch.begin(transaction)
        if view is None and self._update is not None and self._update.query is not None:
            view = StatementView.of(transaction)
        touched: set[bytes] = set() if view is None else view.changed
        affected: list[Row] = []
        before: list[Row | None] = []
        for number, (row, key, unique_keys) in enumerate(zip(rows, keys, probes, strict=True), 1):
            if not number % TURN_ROWS:
                await turn()
            existing = self._existing(transaction, row, unique_keys, known)
            if existing is None:
                value = stored.encode(row)
                inserter.constraints.check_size(row, value)
                transaction.put(key, value)
                if inserter.watch is not None:
                    inserter.watch.written(transaction, row)
                inserter.put_entries(transaction, row, key)
                touched.add(key)
                affected.append(row)
                before.append(None)
            elif self._update is not None:
                if existing in touched:
                    raise _second_time()
                new = await self._change(transaction, self._update, existing, row, known, parameters, view)
                touched.add(existing)
                if new is not None:
                    touched.add(new[0])
                    affected.append(new[1])
                    before.append(new[2])
        return affected, before

    async def _read(
        self, transaction: Transaction, probes: list[list[tuple[StoredIndex, bytes]]]
    ) -> dict[bytes, bytes | None]:
        asked = sorted({key for unique_keys in probes for _, key in unique_keys})
        known = dict(zip(asked, await transaction.get(asked), strict=True)) if asked else {}
        if self._update is not None:
            primary = self._inserter.stored.primary
            pointers = {
                pointer
                for unique_keys in probes
                for index, key in unique_keys
                if index is not primary and id(index) in self._arbiters and (pointer := known[key]) is not None
            }
            missing = sorted(pointers - known.keys())
            if missing:
                known.update(zip(missing, await transaction.get(missing), strict=True))
        return known

    def _existing(
        self,
        transaction: Transaction,
        row: Row,
        unique_keys: list[tuple[StoredIndex, bytes]],
        known: dict[bytes, bytes | None],
    ) -> bytes | None:
        """The key of the row that an arbiter finds in the way, None where there is none. Raises 23505 for another
        unique index."""
        stored, written = self._inserter.stored, transaction.written(self._inserter.stored.primary.space)
        violated: StoredIndex | None = None
        for index, key in unique_keys:
            found = written[key] if key in written else known[key]
            if found is None:
                continue
            if id(index) in self._arbiters:
                return key if index is stored.primary else found
            violated = violated or index
        if violated is not None:
            raise violations.duplicate(stored.table, violated.index, row)
        return None

    async def _change(
        self,
        transaction: Transaction,
        update: ConflictUpdate,
        key: bytes,
        excluded: Row,
        known: dict[bytes, bytes | None],
        parameters: Sequence[Any],
        view: StatementView | None,
    ) -> tuple[bytes, Row, Row] | None:
        """The row's key afterwards, the row as it is now, and as it was; None: it is left alone."""
        environment = transaction.environment
        written = transaction.written(self._inserter.stored.primary.space)
        value = written[key] if key in written else known[key]
        assert value is not None, "an index entry leads to no row"
        old = self._inserter.stored.decode(value)
        both = [*old, *excluded]
        if update.query is not None and view is not None:
            view.given[RETURNED] = [(*both, 0)]
            [[_, *more]] = await all_rows(await update.query.run(view, parameters), transaction.memory_bytes_max)
            both += more
        if update.where is not None and not update.where(both, parameters, environment):
            transaction.check(key)
            return None
        new = list(old)
        if update.waits:
            datums = await environment.sequences.evaluated(lambda: update.assign(both, parameters, environment))
        else:
            datums = update.assign(both, parameters, environment)
        for position, datum in zip(update.positions, datums, strict=True):
            new[position] = datum
        changer = update.changer
        changer.constraints.check(new, environment)
        reads = await changer.existing(transaction, [(key, old, new)])
        return changer.change_one(transaction, (key, old, new), reads), new, old


def _second_time() -> DatabaseError:
    return DatabaseError(
        CARDINALITY_VIOLATION,
        "ON CONFLICT DO UPDATE command cannot affect row a second time",
        hint="Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
    )
