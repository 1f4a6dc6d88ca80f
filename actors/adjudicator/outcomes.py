"""Outcomes of transactions, for those who ask: Commits that arrive twice, participants that were not told.

Kept for a given time after they were noted, and forgotten as newer ones come: no timer. Who needs an outcome for how long is said where an
Outcomes is made (reign.py).

        outcomes.remember(transaction, commit_ts, now);  outcomes.get(transaction) -> commit_ts, ABORTED or None
"""

from __future__ import annotations

from collections import deque

from actors.common.timestamps import Timestamp

ABORTED: Timestamp = 0


class Outcomes:
    """transaction -> commit time, or ABORTED."""

    def __init__(self, keep_us: int) -> None:
        self._keep_us = keep_us
        self._known: dict[bytes, Timestamp] = {}
        self._order: deque[tuple[Timestamp, bytes]] = deque()

    def remember(self, transaction: bytes, commit_ts: Timestamp, now: Timestamp) -> None:
        """The first outcome noted stays: a transaction has one."""
        known = self._known
        if transaction in known:
            return
        known[transaction] = commit_ts
        order = self._order
        order.append((now, transaction))
        oldest = now - self._keep_us
        while order[0][0] < oldest:
            known.pop(order.popleft()[1], None)

    def get(self, transaction: bytes) -> Timestamp | None:
        """None where the transaction is not known (any more)."""
        return self._known.get(transaction)

    def forget(self, transaction: bytes) -> None:
        """Nobody will ask again."""
        self._known.pop(transaction, None)

    def __len__(self) -> int:
        return len(self._known)
