"""The durable end of an epoch, and what waits for it: no promise is given, and no commit time offered, above that end.

    cover(end, then, fail)    `then` at once where the end is durable already, else after a LEASE record
    append_note(kind)         a PART, an ABORT, a RELEASE ...; like every record it carries the epoch's end on
    became_durable(end)       a record that says so is durable: who waited for it goes on

The next epoch begins only when the durable end of this one is past (design.md, 3), so an answer from within it stays
true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.lease import Lease
from actors.adjudicator.refusals import not_committed
from actors.common.errors import DatabaseError
from actors.common.timestamps import Clock, Timestamp
from actors.journal.record import LEASE

if TYPE_CHECKING:
    from actors.journal.writer import JournalWriter

UNCOVERED_MAX = 1024
"""Promises and offers that wait for the lease."""
ROOM_PROBE_S = 1.0
"""While the journal's disks are full, a refused commit writes a LEASE record at most so often, to hear whether they
still are."""


class Covering:
    """Of the epoch that `writer` has begun."""

    def __init__(self, lease: Lease, writer: JournalWriter, clock: Clock) -> None:
        self._lease = lease
        self._writer = writer
        self._clock = clock
        self._uncovered: list[tuple[Timestamp, Callable[[], None], Callable[[DatabaseError], None]]] = []
        self._room_asked_s = 0.0

    def cover(self, end: Timestamp, then: Callable[[], None], fail: Callable[[DatabaseError], None]) -> None:
        """`then` once the epoch's durable end is at or above `end`: now, or after a LEASE record."""
        if end <= self._lease.durable_end:
            then()
        elif len(self._uncovered) >= UNCOVERED_MAX:
            fail(not_committed("too many wait for the lease"))
        else:
            self._uncovered.append((end, then, fail))
            if end > self._lease.asked_end:
                self.extend(end)

    def extend(self, at: Timestamp) -> None:
        """Write a LEASE record, so that the epoch goes on beyond `at`."""
        lease = self._lease
        epoch_end = lease.end_for(at, self._clock.now().earliest)
        self._writer.append(
            LEASE, lease.last, lease.last, epoch_end, on_committed=partial(self.became_durable, epoch_end)
        )

    def append_note(
        self,
        kind: int,
        then: Callable[[], None] | None = None,
        *,
        transaction: bytes = b"",
        payload: bytes = b"",
        part: int = 0,
    ) -> None:
        """A PART, an ABORT, a RELEASE ...: what commits nothing. `then` runs when it is durable."""
        lease = self._lease
        epoch_end = lease.end_for(lease.last, self._clock.now().earliest)

        def noted() -> None:
            if epoch_end > lease.durable_end:
                self.became_durable(epoch_end)
            if then is not None:
                then()

        self._writer.append(
            kind,
            lease.last,
            lease.last,
            epoch_end,
            transaction=transaction,
            payload=payload,
            part=part,
            on_committed=noted,
        )

    def ask_for_room(self) -> None:
        """The journal's disks were full when they were last heard of: ask again, now and then."""
        now_s = asyncio.get_running_loop().time()
        if not self._writer.waiting and now_s >= self._room_asked_s + ROOM_PROBE_S:
            self._room_asked_s = now_s
            self.extend(self._clock.now().earliest)

    def became_durable(self, epoch_end: Timestamp) -> None:
        """A record with this epoch end is: whatever waited for it goes on."""
        self._lease.became_durable(epoch_end)
        if self._uncovered:
            waiting, self._uncovered = self._uncovered, []
            for end, then, fail in waiting:
                if end <= epoch_end:
                    then()
                else:
                    self._uncovered.append((end, then, fail))

    def end(self, why: str) -> None:
        """The epoch is over: refuse whatever waits."""
        waiting, self._uncovered = self._uncovered, []
        for _, _, fail in waiting:
            fail(not_committed(why))
