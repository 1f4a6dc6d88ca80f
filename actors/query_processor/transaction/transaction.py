"""`Transaction`: a snapshot to read from, a buffer to write to, and one message to commit with.

- Every read is at `start_ts`, the clock's latest when the first statement began (hybrid: see TransactionServices.now);
  own writes are merged in.
- Nothing leaves the query processor before `commit`. A transaction that has neither written nor checked a key sends
  nothing: where the clock has an error bound it waits until its start_ts is past for everybody, since who begins after
  it on a slower clock must see what it saw (I11; with a bound of 0 there is nothing to wait for). Else its write set
  goes to the coordinator, the adjudicator that owns most of its keys, which answers with commit_ts (committing.py). A
  transaction that only checked keys (SELECT ... FOR UPDATE) commits like any other, with an empty write set: what it
  has read still holds at its commit_ts, and the record in the journal orders it among the writers of those keys.
- A failed statement fails the transaction, and nothing of it is undone alone. `mark` and `undo_to` are what savepoints
  are made of: all that a statement may have changed here is as it was at the mark. Only the snapshot stays.

        transaction = Transaction(services, catalog, start_ts)
        [row] = await transaction.get([key])
        transaction.put(key, new_row)
        commit_ts = await transaction.commit()

The catalog is pinned. The first storage answer names the newest catalog change at or below start_ts: where the pinned
catalog is older, that read raises `CatalogStale`; the session loads the catalog at start_ts and plans again. So every
plan that has read anything was made under the catalog of start_ts; a plan that only writes is checked by the
adjudicators (`catalog_ts` of the Commit, OC001).

What commit may raise: 40001 (not committed), 54000 (limits; not committed), 08006 (not committed: no adjudicator could
be reached or the map kept moving), 08007 (sent, and no answer: it may have happened).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.common import write_set
from actors.common.errors import (
    PROGRAM_LIMIT_EXCEEDED,
    DatabaseError,
    conflict,
    is_schema_changed,
    schema_changed,
)
from actors.common.messages.committing import Commit
from actors.common.settings import Limits
from actors.query_processor.transaction.buffer import TABLE_BYTES, UNWRITTEN, WriteBuffer
from actors.query_processor.transaction.committing import Committing, Piece
from actors.query_processor.transaction.marks import TransactionMark, pieces_of
from actors.query_processor.transaction.scanner import Scanner
from actors.query_processor.transaction.temporary_rows import NOTHING_STORED, NothingStored, put_temporary
from actors.reading.pause import pause
from actors.reading.storage_client import ShardScan
from actors.runtime.fiber import turn

if TYPE_CHECKING:
    from actors.query_processor.row_executor.referring import References
    from actors.query_processor.transaction.services import TransactionServices
    from actors.sql.catalog.snapshot import Catalog

COORDINATOR_SAMPLE = 256
"""Keys looked at to find the adjudicator that owns most."""

TURN_KEYS = 1024
"""Read at once; others have their turn after them."""


class CatalogStale(Exception):
    """Internal: the pinned catalog is not the one of start_ts; a change at `catalog_ts` is missing. Never shown to a
    client."""

    def __init__(self, catalog_ts: int) -> None:
        super().__init__(catalog_ts)
        self.catalog_ts = catalog_ts


class Transaction:
    """See the module. `environment` is the expressions' Environment, set by the session; `catalog` may become an
    overlay (DDL)."""

    __slots__ = (
        "_base_catalog", "_base_version",
        "_checked", "_guards",
        "_known_current_ts",
        "_limits",
        "_read_min",
        "_services",
        "_storage",
        "_verified",
        "buffer",
        "bytes_read",
        "catalog",
        "environment",
        "exclusive",
        "has_ddl",
        "has_dml",
        "noted_references",
        "overlaid",
        "read_only", "row_counts",
        "schema_changes",
        "start_ts",
        "temporary",
        "temporary_ids",
    )  # fmt: skip

    def __init__(self, services: TransactionServices, catalog: Catalog, start_ts: int, environment: Any = None) -> None:
        self._services = services
        self._storage = services.storage
        self.row_counts = services.row_counts
        self._limits = services.settings.limits
        self.start_ts = start_ts
        self.catalog = self._base_catalog = catalog
        """The latter without this transaction's own changes."""
        self._base_version = catalog.version
        self._known_current_ts = services.catalogs.current_until(catalog)
        self._verified = False
        self.environment = environment
        self.read_only = False
        metering = services.settings.metering
        self.buffer = WriteBuffer(metering.row_bytes_written_min)
        self.temporary: WriteBuffer | None = None
        """Of the session's temporary tables, where it has had some (session/temporary.py)."""
        self.temporary_ids: Set[bytes] = frozenset()
        """With which the keys of their rows begin."""
        self.overlaid: Callable[[Catalog], Catalog] | None = None
        """A catalog as a session with temporary tables sees it."""
        self._checked: dict[bytes, None] = {}
        """Keys in the order in which they came."""
        self.noted_references: References | None = None
        """What its statements have noted for foreign keys; None where that is nothing."""
        self._guards: dict[bytes, set[bytes]] = {}
        """Keys that are deleted only where they have one of these values (`delete_own`)."""
        self.schema_changes: set[int] = set()
        """Ids of the tables (schemas) that this transaction creates, changes or drops."""
        self.exclusive: set[int] = set()
        """Ids of the tables that nobody else may have written since start_ts."""
        self.has_ddl = False
        self.has_dml = False
        self._read_min = metering.shard_bytes_read_min
        self.bytes_read = 0
        """Of the rows that storage looked at, each answer counted as the least at least (settings.Metering)."""

    # -- reads ---------------------------------------------------------------------------------------------------------

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The encoded rows of `keys` at start_ts, own writes included; None where there is no row. Raises CatalogStale,
        08006."""
        if len(keys) > TURN_KEYS:
            found: list[bytes | None] = []
            for low in range(0, len(keys), TURN_KEYS):
                found += await self.get(keys[low : low + TURN_KEYS])
                await turn()
            return found
        if self._is_temporary(keys):
            here = self.written(keys[0])
            return [here.get(key) for key in keys]
        written = self.buffer.values
        if not written:
            values, catalog_ts = await self._storage.get(list(keys), self.start_ts)
            self._note_read(keys, values)
            if not self._verified:
                self._verify(catalog_ts)
            return values
        answer: list[bytes | None] = [written.get(key) for key in keys]
        missing = [position for position, key in enumerate(keys) if key not in written]
        if missing:
            asked = [keys[position] for position in missing]
            values, catalog_ts = await self._storage.get(asked, self.start_ts)
            self._note_read(asked, values)
            if not self._verified:
                self._verify(catalog_ts)
            for position, value in zip(missing, values, strict=True):
                answer[position] = value
        return answer

    async def get_one(self, key: bytes) -> bytes | None:
        """`get` of one key, the point read's way."""
        if self.temporary is not None and key[:TABLE_BYTES] in self.temporary_ids:
            return self.temporary.values.get(key)
        written = self.buffer.values
        if key in written:
            return written[key]
        value, catalog_ts = await self._storage.get_one(key, self.start_ts)
        size = 0 if value is None else len(key) + len(value)
        self.bytes_read += size if size > self._read_min else self._read_min
        if not self._verified:
            self._verify(catalog_ts)
        return value

    def _note_read(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """As if one shard had answered; of several, each with little, less is counted than `Metering` says."""
        size = sum(len(key) + len(value) for key, value in zip(keys, values, strict=True) if value is not None)
        self.bytes_read += max(size, self._read_min)

    def scan(
        self,
        start: bytes,
        end: bytes,
        program: bytes = b"",
        *,
        reverse: bool = False,
        limit: int = 0,
        own: WriteBuffer | None = None,
    ) -> Scanner:
        """Read [start, end) of one keyspace at start_ts, pushing `program` (scan_program.encode; b"" every row) down.

        Own writes are merged in where the program returns rows; a plan that wants "columns" or "aggregates" asks
        `wrote_in` first. `own`: what `own_writes` gave when the statement began, where the scan outlives that.
        """
        return Scanner(self, start, end, program, reverse, limit, own)

    def own_writes(self, start: bytes, end: bytes) -> WriteBuffer:
        """What this transaction has written in [start, end) so far, and perhaps more: it stays as it is."""
        buffer = self.buffer_of(start)
        return buffer.frozen() if buffer.touches(start, end) else WriteBuffer()

    def buffer_of(self, key: bytes) -> WriteBuffer:
        """What is written of the table that `key` belongs to."""
        temporary = self.temporary
        return temporary if temporary is not None and key[:TABLE_BYTES] in self.temporary_ids else self.buffer

    def written(self, key: bytes) -> Mapping[bytes, bytes | None]:
        """The own writes to the table that `key` belongs to. Not to be kept across writes."""
        return self.buffer_of(key).values

    def _is_temporary(self, keys: Sequence[bytes]) -> bool:
        """Of keys of one table."""
        return self.temporary is not None and bool(keys) and keys[0][:TABLE_BYTES] in self.temporary_ids

    def open_scan(
        self, start: bytes, end: bytes, program: bytes, reverse: bool, limit: int
    ) -> ShardScan | NothingStored:
        """What is stored at start_ts, without own writes."""
        if self._is_temporary([start]):
            return NOTHING_STORED
        return self._storage.scan(start, end, self.start_ts, program, reverse, limit, self._note_scanned)

    def _note_scanned(self, size: int) -> None:
        self.bytes_read += max(size, self._read_min)

    def wrote_in(self, start: bytes, end: bytes) -> bool:
        """Whether this transaction has written any key in [start, end), or storage knows nothing of it."""
        return self._is_temporary([start]) or self.buffer.touches(start, end)

    def is_new_keyspace(self, space: bytes) -> bool:
        """Whether this transaction has made that index (CREATE, TRUNCATE), or its table is temporary: then nothing but
        own writes can be in it."""
        if self._is_temporary([space]):
            return True
        table = int.from_bytes(space[:4], "big")
        if table not in self.schema_changes:
            return False
        committed = self._services.catalogs.current
        known = committed.table_by_id(table) if committed is not None else None
        index = int.from_bytes(space[4:6], "big")
        return known is None or all(other.id != index for other in (known.primary, *known.indexes))

    def note_catalog_ts(self, catalog_ts: int) -> None:
        """A storage answer named its catalog_ts. Raises CatalogStale where the pinned catalog is older."""
        if not self._verified:
            self._verify(catalog_ts)

    def _verify(self, catalog_ts: int) -> None:
        if catalog_ts > self._base_version:
            self._services.catalogs.note_change(catalog_ts)
            raise CatalogStale(catalog_ts)
        self._verified = True
        self._services.catalogs.note_current(self._base_version, self.start_ts)

    @property
    def references(self) -> References:
        """What foreign keys have to look at."""
        if self.noted_references is None:
            from actors.query_processor.row_executor.referring import References

            self.noted_references = References()
        return self.noted_references

    @property
    def services(self) -> TransactionServices:
        return self._services

    @property
    def memory_bytes_max(self) -> int:
        """Of one statement; 0: no limit."""
        return self._limits.statement_memory_bytes_max

    @property
    def limits(self) -> Limits:
        return self._limits

    @property
    def verified(self) -> bool:
        """The pinned catalog is known to be the one of start_ts."""
        return self._verified

    async def verify_catalog(self) -> None:
        """Make sure that the pinned catalog is the one of start_ts (before "does not exist" is said). Raises
        CatalogStale."""
        if not self._verified:
            self._verify(await self._storage.probe(self.start_ts))

    async def reload_catalog(self, catalog_ts: int = 0) -> None:
        """Pin the catalog of start_ts instead. Raises 40001 OC001 where a table that was written already has
        changed."""
        fresh = await self._services.catalogs.load(self.start_ts, catalog_ts)
        if not self._same_tables(fresh):
            raise schema_changed()
        seen = fresh.on_path(self.catalog.path, self.catalog.role)
        self._base_catalog = seen if self.overlaid is None else self.overlaid(seen)
        self.catalog = self._base_catalog.with_temporary_of(self.catalog)
        self._base_version = fresh.version
        self._known_current_ts = self.start_ts
        self._verified = True

    def see_temporary(self) -> None:
        """The session has temporary tables: its catalog has them, too, from the transaction's beginning."""
        assert self.overlaid is not None
        self.catalog = self._base_catalog = self.overlaid(self.catalog)

    def _same_tables(self, fresh: Catalog) -> bool:
        if self.has_ddl:
            return fresh.version == self._base_version
        written = self.buffer.tables() | {int.from_bytes(key[:4], "big") for key in self._checked}
        return all(fresh.table_by_id(table) == self.catalog.table_by_id(table) for table in written)

    # -- writes --------------------------------------------------------------------------------------------------------

    def put(self, key: bytes, value: bytes, counts: bool = True) -> None:
        """Write one row; an index entry is written with `counts=False` and not counted as a row. Raises 54000 beyond a
        limit."""
        if self.temporary is not None and key[:TABLE_BYTES] in self.temporary_ids:
            put_temporary(self.temporary, key, value)
            return
        buffer = self.buffer
        buffer.write(key, value, counts)
        limits = self._limits
        if counts:
            if limits.row_bytes_max and len(value) > limits.row_bytes_max:
                raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "maximum row size exceeded")
            if limits.transaction_rows_max and buffer.rows > limits.transaction_rows_max:
                raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "transaction row limit exceeded")
        if limits.transaction_bytes_max and buffer.bytes > limits.transaction_bytes_max:
            self._too_large()

    def delete(self, key: bytes, counts: bool = True) -> None:
        """Delete one row or (counts=False) index entry. Raises 54000 beyond a limit."""
        if self.temporary is not None and key[:TABLE_BYTES] in self.temporary_ids:
            self.temporary.write(key, None, False)
            return
        buffer = self.buffer
        buffer.write(key, None, counts)
        limits = self._limits
        if counts and limits.transaction_rows_max and buffer.rows > limits.transaction_rows_max:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "transaction row limit exceeded")
        if limits.transaction_bytes_max and buffer.bytes > limits.transaction_bytes_max:
            self._too_large()

    def delete_own(self, key: bytes, value: bytes) -> None:
        """Delete an index entry if it has this value; looked at when the transaction commits. What else is there
        stays."""
        if self._is_temporary([key]):
            if self.written(key).get(key) == value:
                self.delete(key, counts=False)
            return
        self.delete(key, counts=False)
        self._guards.setdefault(key, set()).add(value)

    async def _keep_others(self) -> None:
        """Of the keys of `delete_own`. Raises 40001 where this transaction has put something in another's place."""
        written = self.buffer.values
        keys = sorted(key for key in self._guards if key in written)
        stored, _ = await self._storage.get(keys, self.start_ts)
        for key, value in zip(keys, stored, strict=True):
            if value is None or value in self._guards[key]:
                continue
            if written[key] is not None and written[key] != value:
                raise conflict()
            self.put(key, value, counts=False)

    def check(self, key: bytes) -> None:
        """Put a key that is only read into the conflict check: a row locked by FOR UPDATE, a unique key that must stay
        absent."""
        if not self._is_temporary([key]):
            self._checked[key] = None

    def drop_range(self, start: bytes, end: bytes) -> None:
        """Drop every key in [start, end) at commit, however many. The statement awaits `finish_drops` of its buffers
        before it ends."""
        self.buffer_of(start).drop_range(start, end)

    def lift_size_limits(self) -> None:
        """A schema change outside a block: an index build may be larger than what a user's transaction may write."""
        self._limits = replace(self._limits, transaction_bytes_max=0, transaction_rows_max=0)

    def _too_large(self) -> None:
        mebibytes = self._limits.transaction_bytes_max >> 20
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"transaction size limit {mebibytes}mb exceeded")

    def check_age(self) -> None:
        """Raises 54000 once the transaction is older than the limit: versions it could need are gone."""
        limit_s = self._limits.transaction_age_s
        if limit_s and self._services.clock.now().latest - self.start_ts > limit_s * 1_000_000:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"transaction age limit of {limit_s}s exceeded")

    # -- savepoints ----------------------------------------------------------------------------------------------------

    def record(self, on: bool) -> None:
        """Whether there are marks to return to."""
        self.buffer.record(on)

    def mark(self) -> TransactionMark:
        """The present state. Only while recording."""
        return TransactionMark(
            self.buffer.mark(),
            len(self._checked),
            frozenset(self.schema_changes),
            frozenset(self.exclusive),
            self.catalog,
            self.has_ddl,
            self.has_dml,
            self.read_only,
            self._limits,
            UNWRITTEN if self.temporary is None else self.temporary.mark(),
        )

    async def undo_to(self, mark: TransactionMark) -> None:
        """Forget what was written, checked and defined since `mark`."""
        await self.buffer.undo_to(mark.buffer)
        if self.temporary is not None:
            await self.temporary.undo_to(mark.temporary)
        for key in list(self._checked)[mark.checked :]:
            del self._checked[key]
        # A catalog that was too old at the mark has been loaded anew since.
        self.catalog = mark.catalog if mark.has_ddl else self._base_catalog.with_temporary_of(mark.catalog)
        if self.noted_references is not None:
            self.noted_references.forget_statement()
        self.schema_changes = set(mark.schema_changes)
        self.exclusive = set(mark.exclusive)
        self.has_ddl, self.has_dml, self.read_only, self._limits = (
            mark.has_ddl,
            mark.has_dml,
            mark.read_only,
            mark.limits,
        )

    # -- the end -------------------------------------------------------------------------------------------------------

    @property
    def wrote(self) -> bool:
        return bool(self.buffer)

    def rollback(self) -> None:
        """Forget everything; nothing was sent."""
        recording = self.buffer.recording
        self.buffer = WriteBuffer(self._services.settings.metering.row_bytes_written_min)
        self.buffer.record(recording)
        self._checked.clear()
        if self.noted_references is not None:
            self.noted_references.forget()

    async def commit(self) -> int | None:
        """commit_ts, or None for a transaction that wrote and checked nothing (which sends nothing). See the module for
        what it raises."""
        buffer = self.buffer
        if not buffer and not self._checked:
            now = self._services.clock.now()
            if now.earliest < self.start_ts:
                # No longer than the clock's uncertainty, however far ahead start_ts is.
                await pause(min(self.start_ts - now.earliest, now.latest - now.earliest) / 1e6)
            return None
        self.check_age()
        if self._guards:
            await self._keep_others()
        services = self._services
        checked = sorted(set(self._checked).difference(buffer.values)) if self._checked else []
        pieces: Callable[[], Iterator[Piece]] | None = None
        if buffer.is_large or len(checked) > write_set.PIECE_ROWS_MAX:
            pieces = partial(pieces_of, buffer, checked)
        message = Commit(
            services.random.getrandbits(128).to_bytes(16, "big"),
            self.start_ts,
            self.start_ts if self._verified else self._known_current_ts,
            buffer.encode() if pieces is None else buffer.encode_dropped(),
            checked if pieces is None else [],
            sorted(self.schema_changes),
            sorted(self.exclusive),
        )
        sample = buffer.sample(COORDINATOR_SAMPLE) or checked[:: 1 + len(checked) // COORDINATOR_SAMPLE]
        try:
            committed = await Committing(services, message, sample, pieces, self.reload_catalog).run()
        except DatabaseError as error:
            if is_schema_changed(error):
                services.catalogs.note_refused(self.start_ts)
            raise
        services.committed(committed.commit_ts, () if buffer.is_large else buffer.values)
        if self.schema_changes:
            services.catalogs.note_change(committed.commit_ts)
        return committed.commit_ts
