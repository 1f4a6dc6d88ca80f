"""Portals: bound statements under execution. One kind for planned statements, one for everything else."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.query_processor.session.prompt import may_read_promptly, read_promptly
from actors.query_processor.session.statements import PreparedStatement
from actors.sql.results import Batch, CopyIn, CopyOut, Field, LimitedStream, all_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from actors.query_processor.session.session import Session


class Portal:
    """`start` executes on its first call and gives the rows, at most `rows_max` of them a call (0: all). `copy`: a COPY
    statement.

    A batch with a stream (results.py) is to be taken to its end, or closed with the portal, before the next call.
    """

    __slots__ = (
        "_place", "_result", "_session", "copy", "ends", "fields", "formats", "holds", "is_alone", "name", "parameters",
        "prepared", "statement",
    )  # fmt: skip

    def __init__(self, session: Session, prepared: PreparedStatement, parameters: Sequence[Any]) -> None:
        self._session = session
        self.prepared = prepared
        self.parameters = parameters
        self.fields: list[Field] | None = prepared.fields
        self.copy: CopyIn | CopyOut | None = None
        self.name = ""
        """The wire layer's: of the Bind message."""
        self.formats = b""
        """The wire layer's: raw result format codes of the Bind message."""
        self.is_alone = False
        """No other statement belongs to the same implicit transaction, as far as it would begin one."""
        self.ends = False
        """Its implicit transaction, if it begins one, is to be committed next."""
        self.holds = False
        """WITH HOLD: its rows outlive the transaction, once that has committed."""
        self.statement = ""
        """Of a cursor: as pg_cursors shows it."""
        self._result: Batch | None = None
        self._place = 0

    def _execute(self) -> Coroutine[Any, Any, Batch]:
        return self._session.execute(self.prepared, self.parameters)

    async def open(self) -> None:
        """Execute, and keep the result for `start` (DECLARE CURSOR)."""
        self._result = await self._execute()
        if self._result.stream is not None:
            self._session.streams[self._result.stream] = None

    async def hold(self) -> None:
        """The transaction commits: take the rows that are left. Raises 54000 beyond a statement's memory."""
        result = self._result
        assert result is not None
        rows = await all_rows(result, self._session.settings.limits.statement_memory_bytes_max)
        self._result = Batch(rows, True, f"SELECT {len(rows)}")

    async def run(self, rows_max: int = 0) -> Batch:
        """`start`, with a stream's rows taken to the end: all of them in memory. Raises DatabaseError."""
        batch = await self.start(rows_max)
        stream = batch.stream
        if stream is None:
            return batch
        rows = await all_rows(batch, self._session.settings.limits.statement_memory_bytes_max)
        return Batch(rows, batch.done, batch.tag)

    async def start(self, rows_max: int = 0) -> Batch:
        """Raises DatabaseError. Where there are as many rows as `rows_max`, the next call tells the end, as in
        PostgreSQL. A query's portal that has ended answers with no rows; any other statement's runs once: 55000."""
        result = self._result
        if result is None:
            session, prepared, found = self._session, self.prepared, None
            if self.is_alone and may_read_promptly(session, prepared):
                found = read_promptly(session, prepared, self.parameters)
            result = Batch(found, True, f"SELECT {len(found)}") if found is not None else await self._execute()
            if result.stream is None and (not rows_max or len(result.rows) < rows_max or self.fields is None):
                self._result = _ended(result.tag) if self.fields is not None else _RUN
                return result
            self._result = result
            if result.stream is not None:
                self._session.streams[result.stream] = None
        elif result is _RUN:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'portal "{self.name}" cannot be run')
        if result.stream is not None:
            return LimitedStream(result, rows_max, self._session.forget_stream).batch
        rows = result.rows[self._place : self._place + rows_max] if rows_max else result.rows[self._place :]
        self._place += len(rows)
        done = not rows_max or len(rows) < rows_max
        return Batch(rows, done, _counted(result.tag, len(rows)))

    @property
    def is_fresh(self) -> bool:
        """It has not run yet."""
        return self._result is None

    def has_run(self) -> None:
        """Elsewhere (early.py)."""
        self._result = _RUN

    def close(self) -> None:
        """The portal is gone: what runs for it ends."""
        if self._result is not None and self._result.stream is not None:
            self._result.stream.close()
            self._session.forget_stream(self._result.stream)
            self._result = _SELECTED

    async def copy_rows(self, rows: list[tuple[Any, ...]]) -> None:
        """COPY FROM: rows as tuples of datums, in the order of `copy.columns`."""
        raise AssertionError("not a COPY FROM")

    async def copy_columns(self, columns: list[pa.Array]) -> None:
        """The same as columns, each as to_arrow(...) of its datums."""
        raise AssertionError("not a COPY FROM")

    async def copy_end(self) -> str:
        """COPY FROM: the client has sent everything; the command tag."""
        raise AssertionError("not a COPY FROM")

    def copy_fail(self, message: str) -> None:
        """COPY FROM: the client gave up. Raises 57014."""
        raise AssertionError("not a COPY FROM")


def _counted(tag: str, rows: int) -> str:
    """A command tag of so many rows: of those that one Execute gives where several give a result's."""
    return f"{tag.rpartition(' ')[0]} {rows}" if tag[-1:].isdigit() else tag


def _ended(tag: str) -> Batch:
    """The result of a query whose rows are taken: asked again, the portal has no more of them."""
    return _SELECTED if tag.startswith("SELECT") else Batch([], True, _counted(tag, 0))


_SELECTED = Batch([], True, "SELECT 0")
_RUN = Batch([], True, "")
"""The result of any other statement that has run: such a portal runs once."""


class UtilityPortal(Portal):
    """A statement that is not planned: transaction control, SET, DDL ... `parameters` are those of a query within it
    (EXPLAIN, DECLARE)."""

    __slots__ = ()

    def _execute(self) -> Coroutine[Any, Any, Batch]:
        return self._session.execute_utility(self.prepared, self.parameters)
