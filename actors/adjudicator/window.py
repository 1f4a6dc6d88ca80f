"""The conflict window: what was written lately, and what is being decided. Plain and synchronous; the heart of
optimistic concurrency control.

It answers one question about a transaction: may it commit, does it conflict, or must it wait for an undecided one?

- A key's last commit time is kept as long as a transaction may live. First committer wins (I3): a committed write above
  start_ts is a conflict, for written and checked keys alike. Commits at or below `horizon` are forgotten, so whoever
  started below it is refused by the caller.
- A reference key (common/references.py) that a committed transaction has checked is remembered like a written one, for
  writers alone: whoever wrote one and began before that conflicts; others that check it do not. So a row that is
  referred to and the deletion of what it refers to never both commit unseen by each other.
- A prepared transaction (a part of one that spans adjudicators) holds marks until its outcome is known: write marks
  (one holder; nobody else may write or check the key), read marks on its checked keys (any number; nobody may write
  them), and holds on whole tables. Who meets a mark waits for the outcome, with two exceptions that keep cycles away: a
  writer that began before the mark's holder would conflict with it anyway, and a part of a spanning transaction, which
  may hold marks elsewhere, waits only for transactions that began before its own (`Claim.holds_elsewhere`).
- For DDL: each table's schema version (a write made under an older schema is OC001), its last write (an `exclusive`
  table must be unwritten since start_ts), and what is pending on it. A dropped range counts as a write of every key of
  its table.
- Memory: keys are kept in buckets by commit time and forgotten a bucket at a time (cheaper than an ordered index over
  them: no per-key work on the commit path). More than WINDOW_KEYS_MAX keys raise the horizon early. A write set above
  BULK_KEYS is remembered as one write of its whole tables. Both bounds cost spurious conflicts, never missed ones.
- A large transaction is judged as its pieces arrive: `gather` holds each piece against what was committed before,
  `commit` each commit against the pieces that have come (claim.py).

        window.judge(claim) -> None (go on) | the transaction to wait for | DatabaseError
        window.commit(claim, commit_ts)                     decided here and now
        window.mark(claim); window.release(transaction)     prepared; then commit or not
        window.gather(claim, written, checked); window.leave(claim)       pieces; then mark, commit or neither
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from actors.adjudicator.claim import Claim, GatheredClaim, Table
from actors.common.errors import DatabaseError, conflict, schema_changed
from actors.common.references import is_reference
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp

WINDOW_KEYS_MAX = 1_000_000
"""About 150 bytes each."""
BUCKETS = 64
"""A commit is forgotten at most 1/64 of the window late."""


class ConflictWindow:
    """`length_us`: how long commits are remembered, at least while the keys fit."""

    def __init__(self, length_us: int, begin: Timestamp = TIMESTAMP_MIN) -> None:
        self.horizon = begin
        self._last: dict[bytes, Timestamp] = {}
        self._referred: dict[bytes, Timestamp] = {}
        """Reference keys -> the last commit of those that checked them."""
        self._table_referred: dict[Table, Timestamp] = {}
        """Tables of which a bulk transaction, whose keys are not remembered, has checked reference keys."""
        self.length_us = length_us
        self._bucket: set[bytes] = set()
        self._bucket_until: Timestamp = TIMESTAMP_MIN
        self._buckets: deque[tuple[Timestamp, set[bytes]]] = deque()
        self._newest: Timestamp = TIMESTAMP_MIN
        self._claims: dict[bytes, Claim] = {}
        self._write_marks: dict[bytes, Claim] = {}
        self._read_marks: dict[bytes, dict[bytes, Claim]] = {}
        self._table_last: dict[Table, Timestamp] = {}
        self._table_bulk: dict[Table, Timestamp] = {}
        self._table_versions: dict[Table, Timestamp] = {}
        self._table_pending: dict[Table, dict[bytes, Claim]] = {}
        self._table_holds: dict[Table, Claim] = {}
        self._newest_schema_change: Timestamp = TIMESTAMP_MIN
        self._gathering: dict[GatheredClaim, None] = {}

    # -- large transactions --------------------------------------------------------------------------------------------

    def gather(self, claim: GatheredClaim, written: list[bytes], checked: list[bytes]) -> None:
        """One more piece of a claim. From the first piece until `leave`, commits are held against it. Raises 08P01."""
        claim.add(written, checked)
        self._gathering[claim] = None
        last, start_ts = self._last, claim.start_ts
        if any(self._table_last.get(table, 0) > start_ts for table in claim.touched_tables) and any(
            key in last and last[key] > start_ts for keys in (written, checked) for key in keys
        ):
            claim.overwritten = True
        if self._is_referred(start_ts, written):
            claim.overwritten = True

    def leave(self, claim: Claim) -> None:
        """A claim that was gathered is decided, marked or given up."""
        if isinstance(claim, GatheredClaim):
            self._gathering.pop(claim, None)

    def has_newer(self, key: bytes, start_ts: Timestamp) -> bool:
        """Somebody has committed the key after start_ts."""
        return self._last.get(key, TIMESTAMP_MIN) > start_ts

    # -- the question --------------------------------------------------------------------------------------------------

    def judge(self, claim: Claim) -> DatabaseError | bytes | None:
        """None: it may commit or be prepared. Bytes: the undecided transaction it must wait for. DatabaseError: OC000
        or OC001."""
        if self._is_overwritten(claim):
            return conflict()
        if self._newest_schema_change > claim.catalog_ts or claim.exclusive:
            error = self._judge_tables(claim)
            if error is not None:
                return error
        if self._claims:
            return self._judge_marks(claim)
        return None

    def _is_overwritten(self, claim: Claim) -> bool:
        """Somebody committed one of its keys after it began."""
        if claim.overwritten:
            return True
        start_ts = claim.start_ts
        last = self._last
        if not claim.is_bulk or any(self._table_last.get(table, 0) > start_ts for table in claim.tables):
            for key in claim.written:
                if key in last and last[key] > start_ts:
                    return True
        for key in claim.checked:
            if key in last and last[key] > start_ts:
                return True
        if self._is_referred(start_ts, claim.written):
            return True
        if self._table_referred and claim.writes_references:
            referred = self._table_referred
            if any(referred.get(table, 0) > start_ts for table in claim.tables):
                return True
        if self._table_bulk:
            bulk = self._table_bulk
            if any(bulk.get(table, 0) > start_ts for table in claim.tables):
                return True
            if any(bulk.get(table, 0) > start_ts for table in claim.checked_tables):
                return True
        return False

    def _is_referred(self, start_ts: Timestamp, written: Iterable[bytes]) -> bool:
        """Somebody who began later, or at the same time, has committed what refers to one of the rows that go."""
        referred = self._referred
        return bool(referred) and any(key in referred and referred[key] > start_ts for key in written)

    def _judge_tables(self, claim: Claim) -> DatabaseError | None:
        versions, catalog_ts = self._table_versions, claim.catalog_ts
        for table in (*claim.tables, *claim.schema_changes, *claim.exclusive, *claim.checked_tables):
            if versions.get(table, 0) > catalog_ts:
                return schema_changed()
        for table in claim.exclusive:
            if self._table_last.get(table, 0) > claim.start_ts:
                return conflict()
        return None

    def _judge_marks(self, claim: Claim) -> DatabaseError | bytes | None:
        write_marks, read_marks = self._write_marks, self._read_marks
        holders: dict[bytes, Claim] = {}
        if write_marks:
            for key in (*claim.written, *claim.checked):
                holder = write_marks.get(key)
                if holder is not None:
                    if claim.start_ts <= holder.start_ts:
                        return conflict()  # the holder's commit, if it comes, is above our start
                    holders[holder.transaction] = holder
        if read_marks:
            for key in claim.written:
                holders.update(read_marks.get(key, ()))
        if self._table_holds:
            for table in claim.touched_tables:
                holder = self._table_holds.get(table)
                if holder is not None:
                    holders[holder.transaction] = holder
        for table in claim.held_tables:
            holders.update(self._table_pending.get(table, ()))
            holder = self._table_holds.get(table)
            if holder is not None:
                holders[holder.transaction] = holder
        holders.pop(claim.transaction, None)
        if not holders:
            return None
        if claim.holds_elsewhere:
            own = (claim.start_ts, claim.transaction)
            if any((holder.start_ts, holder.transaction) > own for holder in holders.values()):
                return conflict()
        return min(holders)

    # -- commits -------------------------------------------------------------------------------------------------------

    def commit(self, claim: Claim, commit_ts: Timestamp) -> None:
        """The transaction has its commit time: from now on older writers of its keys conflict."""
        for gathered in self._gathering:
            if commit_ts > gathered.start_ts and gathered is not claim and gathered.meets(claim):
                gathered.overwritten = True
        if commit_ts > self._newest:
            self._newest = commit_ts
        if commit_ts > self._bucket_until or self.keys > WINDOW_KEYS_MAX:
            self._turn(commit_ts)
        table_last = self._table_last
        for table in claim.tables:
            table_last[table] = commit_ts if commit_ts > table_last.get(table, 0) else table_last[table]
        if claim.is_bulk:
            self._commit_tables(claim.tables, commit_ts)
        else:
            last = self._last
            for key in claim.written:
                last[key] = commit_ts
            self._bucket.update(claim.written)
        if claim.checks_references:
            self._commit_references(claim, commit_ts)
        if claim.dropped:
            self._commit_tables(claim.dropped, commit_ts)
        if claim.schema_changes:
            for table in claim.schema_changes:
                self._table_versions[table] = max(commit_ts, self._table_versions.get(table, 0))
            self._newest_schema_change = max(commit_ts, self._newest_schema_change)

    def _commit_references(self, claim: Claim, commit_ts: Timestamp) -> None:
        referred = self._referred
        for key in claim.checked:
            if is_reference(key):
                referred[key] = max(commit_ts, referred.get(key, 0))
                self._bucket.add(key)
        if claim.is_bulk and not claim.checked:
            for table in claim.checked_tables:
                self._table_referred[table] = max(commit_ts, self._table_referred.get(table, 0))

    def _commit_tables(self, tables: Iterable[Table], commit_ts: Timestamp) -> None:
        for table in tables:
            self._table_bulk[table] = max(commit_ts, self._table_bulk.get(table, 0))
            self._table_last[table] = max(commit_ts, self._table_last.get(table, 0))

    # -- prepared transactions -----------------------------------------------------------------------------------------

    def mark(self, claim: Claim) -> None:
        """Hold the claim's keys and tables until `release`. The claim has been judged None in this turn."""
        transaction = claim.transaction
        self._claims[transaction] = claim
        if not claim.is_bulk:
            self._write_marks.update(dict.fromkeys(claim.written, claim))
        for key in claim.checked:
            self._read_marks.setdefault(key, {})[transaction] = claim
        for table in claim.touched_tables:
            self._table_pending.setdefault(table, {})[transaction] = claim
        for table in claim.held_tables:
            self._table_holds[table] = claim

    def marked(self, transaction: bytes) -> Claim | None:
        return self._claims.get(transaction)

    def release(self, transaction: bytes) -> Claim | None:
        """Drop the transaction's marks. None where it holds none."""
        claim = self._claims.pop(transaction, None)
        if claim is None:
            return None
        if not claim.is_bulk:
            for key in claim.written:
                del self._write_marks[key]
        for key in claim.checked:
            _discard(self._read_marks, key, transaction)
        for table in claim.touched_tables:
            _discard(self._table_pending, table, transaction)
        for table in claim.held_tables:
            del self._table_holds[table]
        return claim

    @property
    def pending(self) -> int:
        """Prepared transactions without an outcome."""
        return len(self._claims)

    @property
    def keys(self) -> int:
        return len(self._last) + len(self._referred)

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def trim(self, horizon: Timestamp) -> None:
        """Forget commits at or below `horizon`, by whole buckets."""
        buckets = self._buckets
        while buckets and buckets[0][0] <= horizon:
            self._forget(*buckets.popleft())

    def _turn(self, commit_ts: Timestamp) -> None:
        """Begin a new bucket, and forget what is old or too much."""
        if self._bucket:
            self._buckets.append((self._newest, self._bucket))
            self._bucket = set()
        self._bucket_until = commit_ts + self.length_us // BUCKETS
        self.trim(commit_ts - self.length_us)
        while self.keys > WINDOW_KEYS_MAX and self._buckets:
            self._forget(*self._buckets.popleft())

    def _forget(self, newest: Timestamp, keys: set[bytes]) -> None:
        self.horizon = max(self.horizon, newest)
        last, referred = self._last, self._referred
        for key in keys:
            if key in last and last[key] <= newest:
                del last[key]
            if referred and key in referred and referred[key] <= newest:
                del referred[key]
        for times in (self._table_bulk, self._table_referred):
            for table in [table for table, commit_ts in times.items() if commit_ts <= newest]:
                del times[table]


def _discard(marks: dict[bytes, dict[bytes, Claim]], key: bytes, transaction: bytes) -> None:
    holders = marks[key]
    del holders[transaction]
    if not holders:
        del marks[key]
