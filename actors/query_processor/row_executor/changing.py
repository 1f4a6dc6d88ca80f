"""`RowChanger` and `RowRemover`: existing rows changed and deleted, with their index entries.

    changer = RowChanger(stored, constraints, limits, assigned=frozenset({2}))
    await changer.change(transaction, [(key, old row, new row), ...])

Which indexes a statement can touch is known when it is planned: those with an assigned column, and all of them where
the primary key is assigned (a change of it is a delete and an insert). An entry is written only if it differs. Unique
keys that rows move to are read in one batch; the rows are then changed in order, each seeing what the ones before it
wrote, so that a swap fails or succeeds exactly where PostgreSQL's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.common.settings import Limits
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.constraints import RowConstraints, key_too_large
from actors.query_processor.row_executor.referring import Watch
from actors.query_processor.row_executor.stored_table import StoredIndex, StoredTable
from actors.runtime.fiber import turn

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

TURN_ROWS = 256
"""Rows that are checked, encoded and written in one turn of the loop."""

Row = Sequence[Any]
Change = tuple[bytes, Row, Row]
"""(key, old row, new row)"""


class RowChanger:
    __slots__ = ("_key_length_max", "_moves", "_touched", "_unique", "_watch", "constraints", "plain", "stored")

    def __init__(
        self,
        stored: StoredTable,
        constraints: RowConstraints,
        limits: Limits,
        assigned: frozenset[int],
        watch: Watch | None = None,
    ) -> None:
        self.stored = stored
        self.constraints = constraints
        self._watch = watch
        self._moves = not assigned.isdisjoint(stored.primary.positions)
        self._touched = tuple(
            index for index in stored.secondary if self._moves or not assigned.isdisjoint(index.watched)
        )
        self._unique = tuple(index for index in stored.unique_indexes if not assigned.isdisjoint(index.watched))
        self._key_length_max = limits.key_bytes_max + len(stored.primary.space) if limits.key_bytes_max else 1 << 62
        self.plain = not self._moves and not self._touched
        """No index is touched: a change is one put."""

    @property
    def is_put(self) -> bool:
        """A change is one put, and nothing has to be looked at for it."""
        return self.plain and self._watch is None

    @property
    def index_names(self) -> list[str]:
        """Of the secondary indexes that a change may touch."""
        return [index.index.name for index in self._touched]

    async def change(self, transaction: Transaction, changes: Sequence[Change]) -> None:
        """Raises 23502, 23514, 23505, 40001, 54000."""
        environment, check = transaction.environment, self.constraints.check
        for number, (_, _, new) in enumerate(changes, 1):
            check(new, environment)
            if not number % TURN_ROWS:
                await turn()
        if len(changes) == 1:
            transaction.services.losing.look(changes[0][0], transaction.start_ts)
        if self.plain:
            encode, check_size, watch = self.stored.encode, self.constraints.check_size, self._watch
            for number, (key, old, new) in enumerate(changes, 1):
                if not number % TURN_ROWS:
                    await turn()
                value = encode(new)
                check_size(new, value)
                transaction.put(key, value)
                if watch is not None:
                    watch.changed(transaction, old, new)
            return
        known = await self.existing(transaction, changes)
        for number, change in enumerate(changes, 1):
            self.change_one(transaction, change, known)
            if not number % TURN_ROWS:
                await turn()

    async def existing(self, transaction: Transaction, changes: Sequence[Change]) -> dict[bytes, bytes | None]:
        """What is stored under the unique keys that rows move to."""
        asked: list[bytes] = []
        for number, (_, old, new) in enumerate(changes if self._unique else (), 1):
            if not number % TURN_ROWS:
                await turn()
            for index in self._unique:
                unique_key = index.unique_key(new)
                if unique_key is not None and unique_key != index.unique_key(old):
                    asked.append(unique_key)
        return dict(zip(asked, await transaction.get(asked), strict=True)) if asked else {}

    def change_one(self, transaction: Transaction, change: Change, known: dict[bytes, bytes | None]) -> bytes:
        """One change, all reads done (`known`); the row's key afterwards."""
        key, old, new = change
        stored, written = self.stored, transaction.written(self.stored.primary.space)
        for index in self._unique:
            unique_key = index.unique_key(new)
            if unique_key is not None and unique_key != index.unique_key(old):
                found = written[unique_key] if unique_key in written else known.get(unique_key)
                if found is not None:
                    raise violations.duplicate(stored.table, index.index, new)
        value = stored.encode(new)
        self.constraints.check_size(new, value)
        new_key = stored.primary_key(new) if self._moves else key
        if len(new_key) > self._key_length_max:
            raise key_too_large()
        if new_key != key:
            transaction.delete(key)
        transaction.put(new_key, value)
        if self._watch is not None:
            self._watch.changed(transaction, old, new)
        for index in self._touched:
            before, after = index.entry(old, key), index.entry(new, new_key)
            if before == after:
                continue
            if before is not None and (after is None or after[0] != before[0]):
                _remove_entry(transaction, index, *before)
            if after is None:
                continue
            entry, pointer = after
            if (
                len(entry) > self._key_length_max
                and len(index.space) + len(index.codec.encode(index.key_datums(new))) > self._key_length_max
            ):
                raise key_too_large()
            transaction.put(entry, pointer, counts=False)
        return new_key


class RowRemover:
    __slots__ = ("_watch", "stored")

    def __init__(self, stored: StoredTable, watch: Watch | None = None) -> None:
        self.stored = stored
        self._watch = watch

    def remove(self, transaction: Transaction, key: bytes, row: Row) -> None:
        """Raises 40001, 54000."""
        transaction.services.losing.look(key, transaction.start_ts)
        transaction.delete(key)
        if self._watch is not None:
            self._watch.removed(transaction, row)
        for index in self.stored.secondary:
            if (entry := index.entry(row, key)) is not None:
                _remove_entry(transaction, index, *entry)


def _remove_entry(transaction: Transaction, index: StoredIndex, entry: bytes, pointer: bytes) -> None:
    if index.guarded:
        transaction.delete_own(entry, pointer)
    else:
        transaction.delete(entry, counts=False)
