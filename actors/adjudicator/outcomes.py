"""Outcomes of transactions, for those who ask: Commits that arrive twice, participants that were not told.

Kept for a given time after they were noted, and forgotten as newer ones come: no timer. Who needs an outcome for how
long is said where an Outcomes is made (reign.py).

        outcomes.remember(transaction, commit_ts, now);  outcomes.get(transaction) -> commit_ts, ABORTED or None
"""

from __future__ import annotations

from collections import OrderedDict

from actors.common.timestamps import Timestamp

ABORTED: Timestamp = 0
UNRESOLVED: Timestamp = -1
"""It may be committed: its record was appended, and the epoch ended before that was known."""


class Outcomes:
    """transaction -> commit time, ABORTED or UNRESOLVED."""

    def __init__(self, keep_us: int) -> None:
        self._keep_us = keep_us
        self._known: OrderedDict[bytes, tuple[Timestamp, Timestamp]] = OrderedDict()
        """transaction -> (its commit time, when that was noted). A plain dict's oldest entry is slow to find once many
        were removed before it."""
        self.forgotten_ts: Timestamp = 0
        """No commit above it has been forgotten by age."""

    @property
    def has_expired(self) -> bool:
        """One that was committed has been forgotten by age."""
        return self.forgotten_ts > 0

    def remember(self, transaction: bytes, commit_ts: Timestamp, now: Timestamp) -> None:
        """The first outcome noted stays: a transaction has one."""
        known = self._known
        if transaction in known:
            return
        known[transaction] = (commit_ts, now)
        oldest = now - self._keep_us
        while known[next(iter(known))][1] < oldest:
            _, (forgotten, _) = known.popitem(last=False)
            self.forgotten_ts = max(self.forgotten_ts, forgotten)

    def take_over(self, other: Outcomes, now: Timestamp) -> None:
        """What an earlier reign has decided, as its journal says, of what was left open (UNRESOLVED) too. `other` is
        empty then."""
        for transaction, (commit_ts, _) in other._known.items():
            if self._known.get(transaction, (UNRESOLVED, now))[0] == UNRESOLVED:
                self._known.pop(transaction, None)
                self.remember(transaction, commit_ts, now)
        other._known.clear()
        self.forgotten_ts = max(self.forgotten_ts, other.forgotten_ts)

    def get(self, transaction: bytes) -> Timestamp | None:
        """None where the transaction is not known (any more)."""
        known = self._known.get(transaction)
        return known[0] if known is not None else None

    def forget(self, transaction: bytes) -> None:
        """Nobody will ask again."""
        self._known.pop(transaction, None)

    def __len__(self) -> int:
        return len(self._known)
