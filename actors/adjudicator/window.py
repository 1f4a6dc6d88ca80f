"""The conflict window: what was written lately, and what is being decided. Plain and synchronous; the heart of optimistic concurrency control.

It answers one question about a transaction: may it commit, does it conflict, or must it wait for an undecided one?

- A key's last commit time is kept for as long as a transaction may live (settings.limits.transaction_age_s); an older start is refused, so nothing
  that could matter is ever forgotten. First committer wins (I3): a committed write above start_ts is a conflict, for written and checked keys alike.
- A prepared transaction holds marks: a write mark (one holder, nobody else may write or check the key) or read marks (any number, nobody may write it). Whoever
  meets a mark waits for that transaction's outcome.
- A table's schema version, its last write, and what is pending on it, for DDL: a write made under an older schema is OC001; a DDL that needs the table
  unwritten since its start (index backfill) conflicts with any write.
- A write set of more than BULK_KEYS keys is remembered as one write of its whole tables: bounded memory, at the price of conservative conflicts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from actors.common.errors import DatabaseError, conflict, schema_changed
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp

BULK_KEYS = 20_000
TABLE_BYTES = 4


@dataclass
class Claim:
    """What a transaction wants to do here: keys written and checked (this adjudicator's only), and its relation to schemas."""

    transaction: bytes
    start_ts: Timestamp
    catalog_ts: Timestamp
    written: Sequence[bytes]
    checked: Sequence[bytes] = ()
    schema_changes: Sequence[int] = ()
    exclusive: Sequence[int] = ()
    tables: list[int] = field(default_factory=list)
    """Ids of the tables written, ascending; filled in by `tables_of`."""


def tables_of(keys: Iterable[bytes]) -> list[int]:
    """The table ids of some keys."""
    return sorted({int.from_bytes(prefix, "big") for prefix in {key[:TABLE_BYTES] for key in keys}})


class ConflictWindow:
    """`horizon`: commits at or below it have been forgotten; a transaction that started below it is refused by the caller."""

    def __init__(self) -> None:
        self._last: dict[bytes, Timestamp] = {}
        self._history: deque[tuple[Timestamp, Sequence[bytes]]] = deque()
        self._write_marks: dict[bytes, bytes] = {}
        self._read_marks: dict[bytes, set[bytes]] = {}
        self._claims: dict[bytes, Claim] = {}
        self._table_last: dict[int, Timestamp] = {}
        self._table_bulk: dict[int, Timestamp] = {}
        self._table_versions: dict[int, Timestamp] = {}
        self._table_pending: dict[int, set[bytes]] = {}
        self._schema_pending: dict[int, bytes] = {}
        self.newest_schema_change: Timestamp = TIMESTAMP_MIN
        self.horizon: Timestamp = TIMESTAMP_MIN

    # -- the question ------------------------------------------------------------------------------------------------------------

    def judge(self, claim: Claim) -> DatabaseError | bytes | None:
        """None: it may commit or be prepared. Bytes: the undecided transaction it must wait for. DatabaseError: OC000 or OC001."""
        start_ts = claim.start_ts
        last = self._last
        for key in claim.written:
            if last.get(key, 0) > start_ts:
                return conflict()
        for key in claim.checked:
            if last.get(key, 0) > start_ts:
                return conflict()
        claim.tables = tables_of(claim.written)
        if self._table_bulk:
            for table in {*claim.tables, *tables_of(claim.checked)}:
                if self._table_bulk.get(table, 0) > start_ts:
                    return conflict()
        if self._schema_pending or self.newest_schema_change > claim.catalog_ts or claim.schema_changes or claim.exclusive:
            verdict = self._judge_schema(claim)
            if verdict is not None:
                return verdict
        if self._claims:
            return self._mark_in_the_way(claim)
        return None

    def _judge_schema(self, claim: Claim) -> DatabaseError | bytes | None:
        versions = self._table_versions
        for table in (*claim.tables, *claim.schema_changes):
            if versions.get(table, 0) > claim.catalog_ts:
                return schema_changed()
        for table in (*claim.tables, *claim.schema_changes, *claim.exclusive):
            holder = self._schema_pending.get(table)
            if holder is not None and holder != claim.transaction:
                return holder
        for table in claim.exclusive:
            if self._table_last.get(table, 0) > claim.start_ts:
                return conflict()
        for table in (*claim.exclusive, *claim.schema_changes):
            for holder in sorted(self._table_pending.get(table, ())):
                if holder != claim.transaction:
                    return holder
        return None

    def _mark_in_the_way(self, claim: Claim) -> bytes | None:
        write_marks, read_marks = self._write_marks, self._read_marks
        if write_marks:
            for key in claim.written:
                if key in write_marks:
                    return write_marks[key]
            for key in claim.checked:
                if key in write_marks:
                    return write_marks[key]
        if read_marks:
            for key in claim.written:
                holders = read_marks.get(key)
                if holders:
                    return min(holders)
        return None

    # -- commits -----------------------------------------------------------------------------------------------------------------

    def commit(self, claim: Claim, commit_ts: Timestamp) -> None:
        """The transaction has its commit time: from now on older writers of its keys conflict."""
        written = claim.written
        if len(written) > BULK_KEYS:
            for table in claim.tables:
                self._table_bulk[table] = max(commit_ts, self._table_bulk.get(table, 0))
        else:
            last = self._last
            for key in written:
                if last.get(key, 0) < commit_ts:
                    last[key] = commit_ts
            self._history.append((commit_ts, written))
        for table in claim.tables:
            if self._table_last.get(table, 0) < commit_ts:
                self._table_last[table] = commit_ts
        for table in claim.schema_changes:
            self._table_versions[table] = max(commit_ts, self._table_versions.get(table, 0))
            self.newest_schema_change = max(self.newest_schema_change, commit_ts)

    def bulk_mark(self, tables: Iterable[int], commit_ts: Timestamp) -> None:
        """Whole tables were written (a dropped range)."""
        for table in tables:
            self._table_bulk[table] = max(commit_ts, self._table_bulk.get(table, 0))

    # -- prepared transactions ---------------------------------------------------------------------------------------------------

    def mark(self, claim: Claim) -> None:
        """Hold the claim's keys and tables until `release`. The claim has been judged None in this turn."""
        transaction = claim.transaction
        self._claims[transaction] = claim
        for key in claim.written:
            self._write_marks[key] = transaction
        for key in claim.checked:
            self._read_marks.setdefault(key, set()).add(transaction)
        for table in claim.tables:
            self._table_pending.setdefault(table, set()).add(transaction)
        for table in (*claim.schema_changes, *claim.exclusive):
            self._schema_pending[table] = transaction

    def marked(self, transaction: bytes) -> Claim | None:
        return self._claims.get(transaction)

    def release(self, transaction: bytes) -> Claim | None:
        """Drop the transaction's marks. None where it holds none."""
        claim = self._claims.pop(transaction, None)
        if claim is None:
            return None
        for key in claim.written:
            if self._write_marks.get(key) == transaction:
                del self._write_marks[key]
        for key in claim.checked:
            holders = self._read_marks.get(key)
            if holders is not None:
                holders.discard(transaction)
                if not holders:
                    del self._read_marks[key]
        for table in claim.tables:
            pending = self._table_pending.get(table)
            if pending is not None:
                pending.discard(transaction)
                if not pending:
                    del self._table_pending[table]
        for table in (*claim.schema_changes, *claim.exclusive):
            if self._schema_pending.get(table) == transaction:
                del self._schema_pending[table]
        return claim

    @property
    def pending(self) -> int:
        return len(self._claims)

    @property
    def keys(self) -> int:
        return len(self._last)

    # -- forgetting --------------------------------------------------------------------------------------------------------------

    def trim(self, horizon: Timestamp) -> None:
        """Forget commits at or below `horizon`: no transaction that may still commit started before it."""
        if horizon <= self.horizon:
            return
        self.horizon = horizon
        history, last = self._history, self._last
        while history and history[0][0] <= horizon:
            for key in history.popleft()[1]:
                if last.get(key, horizon + 1) <= horizon:
                    del last[key]
        for table in [table for table, commit_ts in self._table_bulk.items() if commit_ts <= horizon]:
            del self._table_bulk[table]
