"""One crossbar's stream of committed records from a journal replica: catch-up from disk and live, in numbered messages
with flow control."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.common.messages import JournalRecords, StreamAck, Subscribed, SubscribeJournal
from actors.runtime.interfaces import Bus

if TYPE_CHECKING:
    from actors.journal.replica import JournalReplica

MESSAGE_BYTES_MAX = 1 << 20
"""Records beyond this go into the next message."""
WINDOW_MESSAGES = 4
"""At least so many messages fill a window, so that its end is acknowledged while the rest is on its way."""


class Subscription:
    """Sends from `begun.first_lsn` on. The window counts the bytes of records that the subscriber has not
    acknowledged."""

    def __init__(
        self,
        bus: Bus,
        name: str,
        subscriber: str,
        request: SubscribeJournal,
        begun: Subscribed,
        replica: JournalReplica,
    ) -> None:
        self._bus = bus
        self._name = name
        self._subscriber = subscriber
        self._stream = request.stream
        self._window_bytes = request.window_bytes
        self._message_bytes = min(MESSAGE_BYTES_MAX, request.window_bytes // WINDOW_MESSAGES)
        self.begun = begun
        self._next = begun.first_lsn
        self._replica = replica
        self._number = 0
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._outstanding_bytes = 0

    def advance(self) -> bool:
        """Send what has been committed and fits into the window. False: what comes next has been trimmed here. Raises
        XX001."""
        replica = self._replica
        if self._next < replica.log.first_lsn:
            return False
        while self._next <= replica.committed_lsn and (
            self._outstanding_bytes < self._window_bytes or not self._unacknowledged
        ):
            records = replica.log.read(self._next, self._message_bytes, replica.committed_lsn)
            if not records:
                break
            self._number += 1
            size = sum(map(len, records))
            self._unacknowledged.append((self._number, size))
            self._outstanding_bytes += size
            self._bus.post(
                self._name, self._subscriber, JournalRecords(self._stream, self._number, self._next, records)
            )
            self._next += len(records)
        return True

    def acknowledge(self, message: StreamAck) -> None:
        """There may be room now."""
        while self._unacknowledged and self._unacknowledged[0][0] <= message.number:
            self._outstanding_bytes -= self._unacknowledged.popleft()[1]
