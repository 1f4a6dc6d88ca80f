"""Reads that came before their time: each is answered once the watermark has reached it, or fails at its deadline.
Plain and synchronous."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator

from actors.common.errors import DatabaseError
from actors.common.messages import Get, Message, Scan
from actors.runtime.interfaces import Reply

READS_MAX = 100_000
"""A crossbar that is away for `read_wait_s` under full load leaves this many behind; more are refused at once."""


class After:
    """A Reply for whoever waits for a watermark and not for rows."""

    def __init__(self, then: Callable[[], None], fail: Callable[[DatabaseError], None]) -> None:
        self._then = then
        self.fail = fail

    def __call__(self, message: Message) -> None:
        self._then()


class WaitingRead:
    __slots__ = ("at", "deadline", "is_over", "message", "reply")

    def __init__(self, message: Get | Scan, reply: Reply, deadline: float) -> None:
        self.at = message.at
        self.message = message
        self.reply = reply
        self.deadline = deadline
        self.is_over = False


class WaitingReads:
    """By the time of the read, and by deadline. Deadlines are given in ascending order."""

    def __init__(self) -> None:
        self._by_time: list[tuple[int, int, WaitingRead]] = []
        self._by_deadline: deque[WaitingRead] = deque()
        self.count = 0
        """Of all that have ever waited."""
        self.highest_at = 0
        """Of all that have ever waited."""

    def __len__(self) -> int:
        return len(self._by_time)

    def add(self, message: Get | Scan, reply: Reply, deadline: float) -> bool:
        """False: too many wait already."""
        if len(self._by_time) >= READS_MAX:
            return False
        read = WaitingRead(message, reply, deadline)
        self.count += 1
        heapq.heappush(self._by_time, (message.at, self.count, read))
        self._by_deadline.append(read)
        self.highest_at = max(self.highest_at, message.at)
        return True

    def due(self, watermark: int) -> Iterator[WaitingRead]:
        """Those at or below `watermark`, in the order of their times; each has been taken out when it is given."""
        by_time = self._by_time
        while by_time and by_time[0][0] <= watermark:
            read = heapq.heappop(by_time)[2]
            read.is_over = True
            yield read
        by_deadline = self._by_deadline
        while by_deadline and by_deadline[0].is_over:
            by_deadline.popleft()

    def expired(self, now: float) -> list[WaitingRead]:
        """Those whose deadline is `now` or earlier, taken out."""
        by_deadline = self._by_deadline
        expired: list[WaitingRead] = []
        while by_deadline and (by_deadline[0].is_over or by_deadline[0].deadline <= now):
            read = by_deadline.popleft()
            if not read.is_over:
                read.is_over = True
                expired.append(read)
        if expired:
            self._by_time = [entry for entry in self._by_time if not entry[2].is_over]
            heapq.heapify(self._by_time)
        return expired

    @property
    def next_deadline(self) -> float:
        """Of those that wait, of which there are some."""
        return next(read.deadline for read in self._by_deadline if not read.is_over)

    def all(self) -> list[WaitingRead]:
        """All, taken out."""
        reads = [read for _, _, read in self._by_time]
        self._by_time = []
        self._by_deadline.clear()
        return reads
