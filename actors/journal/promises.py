"""What a journal replica has promised, and to whom: the epoch below which it refuses every writer (I7), and whether it
votes (I9).

    store(promise) --> in force at once, is_storing --fsync--> then(), and what waited meanwhile is taken up
                                                    `--full--> the former promise is in force again; `reply` fails

A promise counts from the moment it is given: a lower epoch is refused while it is being written. It is told of only
once it is durable. One is written at a time; messages that depend on it wait here, in the order of their arrival, and
are received anew when it is on disk. A full disk gives up its reserve for a promise (reserve.py); where even that is no
room, nothing has been promised.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from actors.common.errors import DISK_FULL, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages.base import Message
from actors.common.refusals import Outbid
from actors.common.timestamps import Epoch
from actors.journal.log import JournalLog, Promise
from actors.journal.reserve import Reserve
from actors.runtime.interfaces import Reply

WAITING_MAX = 1024
"""Requests held while a new promise is being written to disk."""


class Promises:
    """`receive`: takes up a message that has waited."""

    def __init__(
        self,
        reserve: Reserve,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        receive: Callable[[str, Message, Reply | None], None],
    ) -> None:
        self._reserve = reserve
        self._spawn = spawn
        self._receive = receive
        self._log: JournalLog | None = None
        self.epoch: Epoch = 0
        self.voter = False
        self.is_storing = False
        self._waiting: list[tuple[str, Message, Reply | None]] = []

    def begin(self, log: JournalLog) -> None:
        """With what is on disk."""
        self._log = log
        self.epoch, self.voter = log.promise.epoch, log.promise.voter

    def store(self, promise: Promise, then: Callable[[], None], reply: Reply | None) -> None:
        """Make the promise durable, then go on; meanwhile what depends on it waits. Where there is no room for it,
        `reply` hears so, and nothing is promised."""
        log = self._log
        assert log is not None and not self.is_storing
        self.epoch, self.voter = promise.epoch, promise.voter
        self.is_storing = True

        async def store() -> None:
            try:
                await self._write(log, promise)
            except DatabaseError as error:
                if error.sqlstate != DISK_FULL:
                    raise
                self.epoch, self.voter = log.promise.epoch, log.promise.voter
                self.is_storing = False
                if reply is not None:
                    reply.fail(error)
            else:
                self.is_storing = False
                then()
            waiting, self._waiting = self._waiting, []
            for sender, message, waiter in waiting:
                self._receive(sender, message, waiter)

        self._spawn(store())

    async def _write(self, log: JournalLog, promise: Promise) -> None:
        try:
            await log.set_promise(promise)
        except DatabaseError as error:
            if not self._reserve.makes_room(error):
                raise
            await log.set_promise(promise)

    def wait(self, sender: str, message: Message, reply: Reply | None) -> None:
        """Until the promise that is being stored is durable."""
        if len(self._waiting) >= WAITING_MAX:
            if reply is not None:
                reply.fail(DatabaseError("53400", "too many requests wait for the journal's promise"))
            return
        self._waiting.append((sender, message, reply))

    def refuse(self, reply: Reply | None) -> None:
        """A writer of a lower epoch."""
        if reply is not None:
            why = f"a writer of epoch {self.epoch} has been promised this journal"
            reply.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, why, refusal=Outbid(self.epoch)))
