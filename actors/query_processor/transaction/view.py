"""`StatementView`: a transaction as it is when a statement begins, for what the statement reads while it writes.

    view = StatementView.of(transaction)
    await plan.rows(view, parameters)           start_ts, and own writes up to the statement, none of its own
    view.end(transaction)

A statement whose parts write (WITH x AS (UPDATE ...)) runs them one after the other, and all of them see the same rows.
What one part gives to another is in `given`, by the part's number; the keys of rows that a part has changed are in
`changed`, and no other part changes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from actors.query_processor.transaction.transaction import Transaction

Row = TypeVar("Row")
RETURNED = -1
"""In `given`: the rows that a part has changed, where its RETURNING asks a query about them."""


class StatementView(Transaction):
    """Only read from. What foreign keys and locks note goes to the transaction itself, which shares it."""

    __slots__ = ("_bytes_before", "changed", "given")

    _bytes_before: int
    changed: set[bytes]
    given: dict[int, Sequence[Sequence[Any]]]

    @classmethod
    def of(cls, transaction: Transaction) -> StatementView:
        view = cls.__new__(cls)
        for name in Transaction.__slots__:
            setattr(view, name, getattr(transaction, name))
        view.buffer = transaction.buffer.frozen()
        if transaction.temporary is not None:
            view.temporary = transaction.temporary.frozen()
        view.given = {}
        view.changed = set()
        view._bytes_before = transaction.bytes_read
        return view

    def unchanged(self, keyed: Sequence[tuple[bytes, Row]]) -> list[tuple[bytes, Row]]:
        """Those of the rows (or whatever else is known by a key) that no part has changed; the caller will."""
        kept = [pair for pair in keyed if pair[0] not in self.changed]
        self.changed.update(key for key, _ in kept)
        return kept

    def end(self, transaction: Transaction) -> None:
        """Count what was read here as the transaction's."""
        transaction.bytes_read += self.bytes_read - self._bytes_before
