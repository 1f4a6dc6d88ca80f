"""Outcomes of transactions, for those who ask: repeated Commits, participants that were not told.

Kept for twice the transaction age limit; journals keep their records for at least that limit, so a restarted coordinator knows what any participant may
still ask (crossbar.py trims no younger record).
"""

from __future__ import annotations

from collections import deque

from actors.common.timestamps import Timestamp

ABORTED: Timestamp = 0


class Outcomes:
    """transaction -> commit time, or ABORTED."""

    def __init__(self) -> None:
        self._known: dict[bytes, Timestamp] = {}
        self._order: deque[tuple[Timestamp, bytes]] = deque()

    def remember(self, transaction: bytes, commit_ts: Timestamp, now: Timestamp) -> None:
        if transaction not in self._known:
            self._known[transaction] = commit_ts
            self._order.append((now, transaction))

    def get(self, transaction: bytes) -> Timestamp | None:
        """None where the transaction is not known (any more)."""
        return self._known.get(transaction)

    def forget_before(self, moment: Timestamp) -> None:
        order = self._order
        while order and order[0][0] < moment:
            del self._known[order.popleft()[1]]

    def __len__(self) -> int:
        return len(self._known)
