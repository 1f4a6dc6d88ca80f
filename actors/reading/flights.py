"""Requests under way whose answers a fiber awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.common.errors import DatabaseError
from actors.common.messages.base import Message
from actors.runtime.fiber import Completion

if TYPE_CHECKING:
    from actors.reading.storage_client import StorageClient


class Flight(Completion[Message]):
    """A request under way, and where it went ("" where there was nobody to send it to). See watchdog.py for `sent_s`
    and `late`."""

    __slots__ = ("destination", "sent_s")

    def __init__(self) -> None:
        Completion.__init__(self)
        self.destination = ""
        self.sent_s = 0.0

    def when_done(self, callback: Callable[[Completion[Message]], None]) -> None:
        """Unlike other Completions it may be awaited again by a fiber that a cancel has thrown out of its wait."""
        if self._done:
            callback(self)
        else:
            self._waiter = callback


class ReadFlight(Flight):
    """A read. When it is late it goes to a second replica as well; the first answer counts, and only the last
    failure. `within_s`: both are given up after that; 0: after as long as any request."""

    __slots__ = ("_client", "_message", "_under_way", "_within_s")

    def __init__(self, client: StorageClient, message: Message, within_s: float = 0.0) -> None:
        Flight.__init__(self)
        self._client = client
        self._message = message
        self._under_way = 1
        self._within_s = within_s

    def failed(self, error: DatabaseError) -> None:
        self._under_way -= 1
        if not self._under_way:
            self.fail(error)

    def late(self) -> None:
        left_s = 0.0
        if self._within_s:
            left_s = self.sent_s + self._within_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                return
        other, is_tried = self._client.next_to(self.destination)
        if other is not None:
            self._under_way += 1
            on_reply = self._answered_elsewhere if is_tried else self.succeed
            self._client.request(other, self._message, on_reply, self.failed, left_s)

    def _answered_elsewhere(self, answer: Message) -> None:
        self._client.turn_from(self.destination)
        self.succeed(answer)
