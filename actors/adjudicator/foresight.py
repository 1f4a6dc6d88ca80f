"""Promises that are given ahead of the present while many read and nobody commits.

A read at the present waits until every adjudicator has promised to commit nothing at or below its time: a demand to the
crossbar, a question to each adjudicator, an answer, a delivery, some ten messages between processes. A promise that is
a little ahead of now covers all reads that begin within that time; their replica answers at once.

A commit that comes meanwhile is dated above what has been promised, as ever (I5), so it lies ahead of now, and its
client hears of it when its time is past (I11; reign.py). Ahead is therefore only what such a commit hardly feels:

    after(at, now)   how far beyond `at` to promise, of a question that has come `now`
    0                less than QUIET_SHARE of `foresight_ms` after a commit, or while one is undecided: the wait of
                     writers who come one after another, and the conflicts of those who meet at few rows, stay as they
                     are
    0                where the question comes long after the last promise has run out: one who reads now and then, and
                     who is about to write what he has read, gains nothing
    doubled          each time the next question comes soon, up to `foresight_ms` and to COMMITLESS_SHARE of the time
                     since the last commit: so a commit waits for no more than a share of the time for which nobody
                     wanted one

The wait is beside the journal's, not after it. It changes no promise's meaning: safety is the lease's (lease.py). Where
regions lie apart commits are dated ahead anyway (ahead.py), and nothing of this happens.
"""

from __future__ import annotations

from actors.common.timestamps import Timestamp

QUIET_SHARE = 2
"""Nothing is promised ahead within this part (a half) of the most after a commit."""
COMMITLESS_SHARE = 4
"""The lead is at most this part (a quarter) of the time without commits beyond that."""
SOON_SHARE = 4
"""A question has come soon within this part of the most after the last promise, or within its lead, if that is more."""
FIRST_SHARE = 64
"""This part of the most is the first lead."""


class Foresight:
    """One reign's, which has begun at `begin`."""

    __slots__ = ("_committed_ts", "_lead_us", "_most_us", "_promised_ts")

    def __init__(self, foresight_ms: int, begin: Timestamp) -> None:
        self._most_us = foresight_ms * 1000
        self._committed_ts = begin
        """When the last commit was decided, by the clock."""
        self._promised_ts = begin
        """What was promised last, its lead included."""
        self._lead_us = 0
        """Of that promise."""

    def committed(self, now: Timestamp) -> None:
        """A transaction is being committed."""
        self._committed_ts = now
        self._lead_us = 0

    def after(self, at: Timestamp, now: Timestamp) -> int:
        """Microseconds."""
        most, late_us = self._most_us, at - self._promised_ts
        if not most or late_us < 0:
            return 0
        room = (now - self._committed_ts - most // QUIET_SHARE) // COMMITLESS_SHARE
        if room <= 0 or late_us > max(self._lead_us, most // SOON_SHARE):
            self._lead_us = 0
        else:
            self._lead_us = min(max(2 * self._lead_us, most // FIRST_SHARE), most, room)
        self._promised_ts = at + self._lead_us
        return self._lead_us
