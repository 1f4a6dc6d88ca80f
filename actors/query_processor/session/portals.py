"""Portals: bound statements under execution. One kind for planned statements, one for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.results import Batch, CopyIn, CopyOut, Field
from actors.query_processor.session.statements import PreparedStatement

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session


class Portal:
    """`run` executes on its first call and gives the rows, at most `rows_max` of them a call (0: all). `copy`: a COPY statement."""

    __slots__ = ("_place", "_result", "_session", "copy", "fields", "formats", "parameters", "prepared")

    def __init__(self, session: Session, prepared: PreparedStatement, parameters: Sequence[Any]) -> None:
        self._session = session
        self.prepared = prepared
        self.parameters = parameters
        self.fields: list[Field] | None = prepared.fields
        self.copy: CopyIn | CopyOut | None = None
        self.formats = b""
        """The wire layer's: raw result format codes of the Bind message."""
        self._result: Batch | None = None
        self._place = 0

    async def _execute(self) -> Batch:
        return await self._session.execute(self.prepared, self.parameters)

    async def open(self) -> None:
        """Execute, and keep every row for `run` (DECLARE CURSOR)."""
        self._result = await self._execute()

    async def run(self, rows_max: int = 0) -> Batch:
        """Raises DatabaseError; a portal that has ended answers with no rows."""
        result = self._result
        if result is None:
            result = await self._execute()
            if not rows_max or len(result.rows) <= rows_max:
                self._result = _ENDED
                return result
            self._result = result
        rows = result.rows[self._place : self._place + rows_max] if rows_max else result.rows[self._place :]
        self._place += len(rows)
        done = self._place >= len(result.rows)
        tag = f"SELECT {len(rows)}" if result.tag.startswith("SELECT") else result.tag
        return Batch(rows, done, tag)

    async def copy_rows(self, rows: list[tuple[Any, ...]]) -> None:
        """COPY FROM: rows as tuples of datums, in the order of `copy.columns`."""
        raise AssertionError("not a COPY FROM")

    async def copy_end(self) -> str:
        """COPY FROM: the client has sent everything; the command tag."""
        raise AssertionError("not a COPY FROM")

    def copy_fail(self, message: str) -> None:
        """COPY FROM: the client gave up. Raises 57014."""
        raise AssertionError("not a COPY FROM")


_ENDED = Batch([], True, "SELECT 0")


class UtilityPortal(Portal):
    """A statement that is not planned: transaction control, SET, DDL ..."""

    __slots__ = ()

    async def _execute(self) -> Batch:
        return await self._session.execute_utility(self.prepared.raw)
