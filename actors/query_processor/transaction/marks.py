"""What a transaction returns to at a savepoint, and the pieces in which a large one goes to its adjudicator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from actors.common import write_set
from actors.common.settings import Limits
from actors.query_processor.transaction.buffer import BufferMark, WriteBuffer
from actors.query_processor.transaction.committing import Piece

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog


class TransactionMark(NamedTuple):
    """What `undo_to` returns to. Keys that were checked by then are the first `checked` of them."""

    buffer: BufferMark
    checked: int
    schema_changes: frozenset[int]
    exclusive: frozenset[int]
    catalog: Catalog
    has_ddl: bool
    has_dml: bool
    read_only: bool
    limits: Limits
    temporary: BufferMark


def pieces_of(buffer: WriteBuffer, checked: list[bytes]) -> Iterator[Piece]:
    """A large transaction's rows, then the keys that it only checked."""
    for rows in buffer.pieces():
        yield rows, []
    for start in range(0, len(checked), write_set.PIECE_ROWS_MAX):
        yield b"", checked[start : start + write_set.PIECE_ROWS_MAX]
