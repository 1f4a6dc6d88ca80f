"""`TemporaryTables`: a session's temporary tables. They are nowhere but here: their descriptors join the catalog as
this session sees it, and their rows lie in a WriteBuffer of the session's own.

    CREATE TEMP TABLE t (a int)      the transaction's catalog has pg_temp_7.t; nothing is sent to anybody
    INSERT INTO t VALUES (1)         put() of a key of t goes to the session's buffer, which notes what it replaces
    COMMIT                           the note is forgotten, the tables of the catalog are the session's
    ROLLBACK                         the writes are taken back

So nobody else sees them, or has to know of them, they conflict with nobody, and they end with the session, however
that ends. Reads merge them in as any transaction's own writes (scanner.py); storage is not asked. Their ids are of the
cluster's, which are never used twice.

A session that has some stays where it is: it is not parked, and a query processor that is drained waits for it as for a
session in a transaction.

Left out (0A000): sequences, views, foreign keys and asynchronous indexes of temporary tables; a transaction that reads
only may not write them either.
"""

from __future__ import annotations

from actors.query_processor.transaction import Transaction
from actors.query_processor.transaction.buffer import WriteBuffer
from actors.sql.catalog.privileges import CREATE, USAGE, AclItem
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID
from actors.sql.catalog.schema import DROPPED_AT_COMMIT, KEPT, TEMPORARY_SCHEMA_OID, Index, Schema, Table
from actors.sql.catalog.snapshot import Catalog

_ALL = (AclItem(ADMIN_OID, ADMIN_OID, USAGE | CREATE), AclItem(PUBLIC_ROLE_OID, ADMIN_OID, USAGE | CREATE))
UNDO, SETTLE = "undo", "settle"


class TemporaryTables:
    """Of one session. `tables`: as they were when the last transaction ended."""

    __slots__ = ("_before", "_buffer", "_emptied", "_ended", "_ids", "_seen", "schema", "tables")

    def __init__(self, process: int) -> None:
        self.schema = Schema(TEMPORARY_SCHEMA_OID, f"pg_temp_{process}", acl=_ALL)
        self.tables: tuple[Table, ...] = ()
        self._buffer = WriteBuffer()
        self._buffer.record(True)
        self._before = self._buffer.mark()
        self._ids: set[bytes] = set()
        """Of all tables that there have been, as keys begin with them."""
        self._seen: tuple[Catalog, Catalog] | None = None
        """A catalog, and the same with the tables."""
        self._ended = ""
        """What is to be done about the writes of the last transaction, before there is another: UNDO, SETTLE."""
        self._emptied: list[Table] = []
        """Tables whose rows ended with it."""

    def over(self, catalog: Catalog) -> Catalog:
        """The catalog with these tables: the same object for the same catalog. One that has them is answered as it
        is."""
        if catalog.temporary:
            return catalog
        seen = self._seen
        if seen is None or seen[0] is not catalog:
            seen = self._seen = (catalog, catalog.with_temporary(self.schema, self.tables))
        return seen[1]

    async def join(self, transaction: Transaction) -> None:
        """The transaction begins, or makes the first table."""
        await self._clear()
        transaction.temporary = self._buffer
        transaction.temporary_ids = self._ids
        transaction.overlaid = self.over

    def add(self, table: int) -> None:
        """The table with that id is a temporary one from now on."""
        self._ids.add(table.to_bytes(4, "big"))

    async def _clear(self) -> None:
        """What a transaction has left to do, which may be much, is done in turns of the loop, not at its end. Where the
        statement ends meanwhile, the next one goes on with it."""
        buffer = self._buffer
        if self._ended == UNDO:
            await buffer.undo_to(self._before)
        elif self._ended == SETTLE:
            await buffer.settle()
            for table in self._emptied:
                for index in (table.primary, *table.indexes):
                    await buffer.forget(*_keyspace(table, index))
        self._ended = ""
        self._before = buffer.mark()

    def end(self, catalog: Catalog | None) -> None:
        """The transaction has ended, with this catalog; None: it was rolled back."""
        if catalog is None:
            self._ended = UNDO
            return
        self._ended = SETTLE
        here = catalog.temporary_tables()
        self._emptied = [table for table in here if table.temporary != KEPT]
        kept = tuple(table for table in here if table.temporary != DROPPED_AT_COMMIT)
        if kept != self.tables:
            self.tables = kept
            self._seen = None


def _keyspace(table: Table, index: Index) -> tuple[bytes, bytes]:
    number = table.id << 16 | index.id
    return number.to_bytes(6, "big"), (number + 1).to_bytes(6, "big")
