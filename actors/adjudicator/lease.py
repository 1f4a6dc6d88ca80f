"""An epoch's commit times: one strictly increasing sequence between the epoch's beginning and its durable end (design,
I5 and I6). Plain and synchronous.

- `last`: above it lie all commit times still to be given. Commits, promises and the decisions of other coordinators
  push it up.
- `durable_end`: nothing is promised, and no participant is bound, above it. It grows when a record that carries a later
  end is committed. A commit's own record may carry the very end that covers it: both become durable together, and
  nothing is answered before.
- The physical part of a commit time is the clock's *earliest*: a commit is above its transaction's start_ts, which was
  its query processor's *latest*, so recency (I11) needs no more, and the wait for clock.earliest >= commit_ts before
  the answer stays as short as it can be.

No timers: ends are extended by records that are written anyway once half of the lease is used up, or for a promise that
needs it.

        lease = Lease(begin=1000, end=501000, length_us=500000)
        lease.pick(start_ts, now) -> commit_ts
        lease.end_for(commit_ts, now) -> what its record carries
        lease.became_durable(end)
"""

from __future__ import annotations

from actors.common.timestamps import Timestamp


class Lease:
    """`asked_end`: the latest end that a record appended so far carries."""

    __slots__ = ("asked_end", "begin", "durable_end", "last", "length_us")

    def __init__(self, begin: Timestamp, end: Timestamp, length_us: int) -> None:
        assert begin < end
        self.begin = begin
        self.last = begin
        self.durable_end = end
        self.asked_end = end
        self.length_us = length_us

    def pick(self, floor: Timestamp, now: Timestamp) -> Timestamp:
        """A commit time above `floor` and all that was given or promised."""
        last = self.last
        commit_ts = now
        if commit_ts <= floor:
            commit_ts = floor + 1
        if commit_ts <= last:
            commit_ts = last + 1
        self.last = commit_ts
        return commit_ts

    def end_for(self, commit_ts: Timestamp, now: Timestamp) -> Timestamp:
        """The end that a record written now carries: extended when past half, or when it would not cover the record."""
        at = commit_ts if commit_ts > now else now
        if at > self.asked_end - (self.length_us >> 1):
            self.asked_end = max(self.asked_end, at, now + self.length_us)
        return self.asked_end

    def is_past_half(self, now: Timestamp) -> bool:
        return now > self.asked_end - (self.length_us >> 1)

    def raise_last(self, to: Timestamp) -> None:
        if to > self.last:
            self.last = to

    def became_durable(self, end: Timestamp) -> None:
        assert end <= self.asked_end
        if end > self.durable_end:
            self.durable_end = end

    def promise(self, at: Timestamp) -> Timestamp:
        """No commit time at or below the answer will be given any more. `at` must be covered."""
        durable_end = self.durable_end
        assert at <= durable_end, "I6: a promise lies within the lease"
        if at > self.last:
            self.last = at
        return self.last if self.last < durable_end else durable_end
