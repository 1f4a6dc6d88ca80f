"""Commit times, promises and the lease of one epoch: the rules of design section 4, I5 and I6, in one plain object.

- `next_commit_ts(...)` is above every promise, every earlier commit time and the transaction's start_ts, and never below the physical time.
- No commit time and no promise is above the epoch's end. A commit record may carry the extension that it needs itself: it is used only once it is durable, and then
  the extension is durable with it. A promise, and a vote as participant, count at once, so they need an end that is durable already.
"""

from __future__ import annotations

from actors.common.timestamps import Clock, Timestamp


class Lease:
    """`begin`: the epoch's first time; `end`: as far as records appended say; `durable_end`: as far as committed records say. Microseconds."""

    def __init__(self, clock: Clock, lease_us: int, begin: Timestamp, end: Timestamp) -> None:
        self._clock = clock
        self._lease_us = lease_us
        self.begin = begin
        self.end = end
        self.durable_end = end
        self.promise: Timestamp = begin
        self.last: Timestamp = begin
        """The latest commit time given."""

    def next_commit_ts(self, above: Timestamp) -> Timestamp:
        """A fresh commit time above `above`."""
        commit_ts = max(self._clock.now().earliest, self.last + 1, self.promise + 1, above + 1)
        self.last = commit_ts
        return commit_ts

    def end_for(self, commit_ts: Timestamp) -> Timestamp:
        """The epoch's end to write into the record at `commit_ts`: extended once half of the lease is used."""
        if commit_ts + self._lease_us // 2 > self.end:
            self.end = commit_ts + self._lease_us
        return self.end

    def made_durable(self, end: Timestamp) -> None:
        self.durable_end = max(self.durable_end, end)

    def can_promise(self, at: Timestamp) -> bool:
        return at <= self.durable_end

    def give_promise(self, at: Timestamp) -> Timestamp:
        """Promise at least `at` (which `can_promise`): as much more as the clock says, so that later readers need not ask."""
        self.promise = max(self.promise, min(max(at, self._clock.now().latest), self.durable_end))
        return self.promise

    @property
    def is_low(self) -> bool:
        """Less than half of the durable lease is left."""
        return self._clock.now().latest + self._lease_us // 2 > self.durable_end
