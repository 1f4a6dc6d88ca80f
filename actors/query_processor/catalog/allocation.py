"""`IdAllocator`: ids of tables, indexes and schemas, never given twice.

The next free id is a row of the system table 3. A process takes `BLOCK` ids at a time in a small transaction of its
own, so that two DDL transactions do not conflict over ids and an aborted one wastes some instead of giving them again.
First committer wins: of two processes that take a block at once, one takes the next (at most `ATTEMPTS_MAX` times).
"""

from __future__ import annotations

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, SERIALIZATION_FAILURE, DatabaseError
from actors.query_processor.transaction.services import TransactionServices
from actors.query_processor.transaction.transaction import Transaction
from actors.sql.catalog.schema import FIRST_USER_TABLE
from actors.sql.catalog.snapshot import Catalog

BLOCK = 64
"""A CREATE TABLE takes two or three; unused ones are lost when the process ends, which 2**32 ids can bear."""
ATTEMPTS_MAX = 20
ID_MAX = 2**32 - 1
_KEY = b"\x00\x00\x00\x03\x00\x00id"


class IdAllocator:
    def __init__(self, services: TransactionServices) -> None:
        self._services = services
        self._next = 0
        self._end = 0

    async def take(self, count: int) -> list[int]:
        """`count` fresh ids. Raises 40001 when other processes win every time, 08006, 54000 when all are used up."""
        taken: list[int] = []
        while len(taken) < count:
            if self._next == self._end:
                await self._take_block()
            taken.append(self._next)
            self._next += 1
        return taken

    async def _take_block(self) -> None:
        for attempt in range(ATTEMPTS_MAX):
            transaction = Transaction(self._services, Catalog(2**62), self._services.now())
            value = await transaction.get_one(_KEY)
            first = int.from_bytes(value, "big") if value is not None else FIRST_USER_TABLE
            if first + BLOCK > ID_MAX:
                raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "object identifiers are used up")
            transaction.put(_KEY, (first + BLOCK).to_bytes(4, "big"))
            try:
                await transaction.commit()
            except DatabaseError as error:
                if error.sqlstate != SERIALIZATION_FAILURE or attempt + 1 == ATTEMPTS_MAX:
                    raise
            else:
                self._next, self._end = first, first + BLOCK
                return
