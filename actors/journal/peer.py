"""The writer's view of one journal replica: how far it agrees, and one Append at a time.

What piles up while an Append is under way goes out as the next one. Between regions (docs/regions.md) nothing waits for
an Append's answer once the logs are known to agree: several are under way, and where one fails, or meets another log,
none that was sent before counts any more. A replica that is behind what the writer holds in
memory is filled from another replica; one that is away is tried again with growing pauses for as long as there is
something it lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.common.errors import DISK_FULL, DatabaseError
from actors.common.messages import Append, Appended, Fetch, Fetched, Promote, Reset
from actors.common.messages.base import Message
from actors.common.refusals import Outbid, Superseded, Trimmed
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal.record import decode_header

if TYPE_CHECKING:
    from actors.journal.writer import JournalWriter

RETRY_S_MIN = 0.02
RETRY_S_MAX = 1.0
APPEND_TIMEOUT_S = 5.0
"""A disk that takes longer to sync is treated as away; the Append is sent again."""
FETCH_BYTES = 4 << 20
FLIGHTS_MAX = 64
"""Appends under way between regions; what comes beyond them goes out together."""


class Peer:
    """`durable`: the last record known to be on its disk and equal to the writer's; -1 before its log has been
    compared."""

    def __init__(self, writer: JournalWriter, name: str) -> None:
        self._writer = writer
        self.name = name
        self.durable: Lsn = -1
        self.voter = False
        self.subscribed = False
        self.barrier: Lsn | None = None
        """A learner may vote once it has this record and a majority of the others has committed it; in the life in
        which it was noticed to be one."""
        self._life = 0
        """Of the replica, when it answered last."""
        self.is_full = False
        """Its disk is."""
        self._next: Lsn = 0
        self._busy = False
        self._told: Lsn = 0
        self._told_elsewhere: Lsn = 0
        self._pause_s = RETRY_S_MIN
        self._stride = 1
        """How many records to go back at the next conflict: doubled each time, so that a long diverging tail takes few
        round trips."""
        self._timer: asyncio.TimerHandle | None = None
        self._promoting = False
        self.is_begun = False
        """`begin` has been called."""
        self._round = 0
        self._flights = 0
        """Appends of this round that have no answer yet, where several may be under way."""
        self._ahead: Lsn = 0
        """The first record that none of them has."""

    def begin(self, next_lsn: Lsn, voter: bool) -> None:
        """The log has been sealed: try to go on at next_lsn."""
        self._next = next_lsn
        self.voter = voter
        self.durable = -1
        self._end_flights()
        self.is_begun = True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def push(self) -> None:
        """Send what it lacks, unless something is under way. News of a commit does not wait for that: readers do, at
        the crossbar."""
        writer = self._writer
        if self._timer is not None or writer.stopped:
            return
        if self._busy:
            if 0 < self._flights < FLIGHTS_MAX and writer.memory_first <= self._ahead <= writer.last_lsn:
                if self.durable >= 0:
                    self._send(self._ahead)
            elif self.subscribed and (
                self._told < min(writer.committed_lsn, self.durable)
                or (writer.tells_elsewhere and self._told_elsewhere < writer.elsewhere(self))
            ):
                self._tell()
            return
        if self._next <= writer.last_lsn:
            if self._next < writer.memory_first:
                self._fill()
            else:
                self._send(self._next)
        elif self.durable < 0:
            self._send(self._next)
        elif self.subscribed and self._told < writer.committed_lsn:
            self._tell()

    def _append(self, previous: Lsn, records: list[bytes]) -> Append:
        writer = self._writer
        epoch_before, committed_lsn = writer.epoch_at(previous), writer.committed_lsn
        if not writer.tells_elsewhere:
            return Append(writer.epoch, previous, epoch_before, records, committed_lsn, writer.seats)
        self._told_elsewhere = writer.elsewhere(self)
        told = self._told_elsewhere, writer.told_majority
        return Append(writer.epoch, previous, epoch_before, records, committed_lsn, writer.seats, *told)

    def _tell(self) -> None:
        """Only the news of a commit, one-way: a crossbar waits there."""
        writer = self._writer
        previous = self._next - 1
        self._told = min(writer.committed_lsn, previous)
        writer.post(self.name, self._append(previous, []))

    def _send(self, lsn: Lsn) -> None:
        """The records from `lsn` on."""
        writer = self._writer
        self._busy = True
        records = writer.records_from(lsn)
        self._told = writer.committed_lsn
        message = self._append(lsn - 1, records)
        if writer.tells_elsewhere:
            self._ahead = lsn + len(records)
            self._flights += 1
            on_reply, on_failure = (
                partial(self._landed, self._round, self._appended),
                partial(self._landed, self._round, self._failed),
            )
            writer.request(self.name, message, on_reply, on_failure, APPEND_TIMEOUT_S)
        else:
            writer.request(self.name, message, self._appended, self._failed, APPEND_TIMEOUT_S)

    def _landed(self, round_: int, then: Callable[[Any], None], answer: Any) -> None:
        """What has been sent before the logs were found to differ, or an Append to fail, counts no more."""
        if round_ == self._round:
            self._flights -= 1
            then(answer)

    def _end_flights(self) -> None:
        self._round += 1
        self._flights = 0
        self._busy = False

    def _appended(self, answer: Message) -> None:
        assert isinstance(answer, Appended)
        self._busy = self._flights > 0
        self._pause_s = RETRY_S_MIN
        self.subscribed = answer.subscribed
        self._note_room(answer.low)
        if answer.epoch != self._writer.epoch:
            return
        if answer.seat != self._writer.seats.get(self.name, 0) and not self._writer.takes_seat(self.name, answer.seat):
            self.voter, self.durable, self.barrier = False, -1, None
            self._end_flights()
            self._later()
            return
        if answer.life != self._life:
            self._life = answer.life
            self.barrier = None
        if answer.voter != self.voter:
            # A learner that votes now has taken this writer's Promote, whose answer is lost or late: it need not be
            # heard to be counted.
            self.voter = answer.voter
            self.barrier = None
        if answer.conflict:
            self.durable = -1
            self._end_flights()
            self._step_back(answer)
        else:
            self.durable = max(self.durable, answer.durable_lsn) if self._flights else answer.durable_lsn
            self._next = self.durable + 1
            self._stride = 1
            self._writer.advanced(self)
        self.push()

    def _step_back(self, answer: Appended) -> None:
        """Our logs differ before `_next`, or it has less."""
        writer = self._writer
        self._next = min(answer.durable_lsn, self._next - 1 - self._stride) + 1
        self._stride *= 2
        if self._next < max(1, writer.first_lsn):
            if self._stride > 2 and answer.durable_lsn >= writer.first_lsn - 1:
                self._next = writer.first_lsn  # gone back too far at once: all that we know of may still be equal
                self._stride = 1
            else:
                self._reset(writer.first_lsn, writer.trimmed_ts)

    def _reset(self, first: Lsn, trimmed_ts: Timestamp) -> None:
        """The records that it lacks have been trimmed: it begins at the first one kept. All before that is committed,
        so a voter remains one."""
        writer = self._writer
        self._busy = True
        self._next = first
        message = Reset(writer.epoch, first, writer.epoch_at(first - 1), trimmed_ts)
        writer.request(self.name, message, self._appended, self._failed, APPEND_TIMEOUT_S)

    def _fill(self) -> None:
        """Records that the writer no longer holds: fetched from another replica, then sent."""
        writer = self._writer
        source = writer.source_for(self._next, self)
        if source is None:
            if self._pause_s >= RETRY_S_MAX and not writer.has_begun:
                writer.deposed_by(f"no replica answers that has record {self._next}")
            else:
                self._later()
            return
        self._busy = True

        def fetched(answer: Message) -> None:
            assert isinstance(answer, Fetched)
            self._busy = False
            # Beyond what the source has acknowledged its log may differ from ours.
            records = answer.records[: max(0, source.durable - self._next + 1)]
            if not records:
                self._later()
                return
            for lsn, record in enumerate(records, self._next):
                if decode_header(record).epoch != writer.epoch_at(lsn):
                    writer.deposed_by(f"{source.name} has taken another writer's record {lsn} since")
                    return
            self._busy = True
            previous = self._next - 1
            message = Append(
                writer.epoch, previous, writer.epoch_at(previous), records, writer.committed_lsn, writer.seats
            )
            writer.request(self.name, message, self._appended, self._failed, APPEND_TIMEOUT_S)

        def missing(error: DatabaseError) -> None:
            trimmed = error.refusal
            if isinstance(trimmed, Trimmed) and trimmed.first_lsn > self._next:
                self._reset(trimmed.first_lsn, trimmed.trimmed_ts)
            else:
                self._failed(error)

        writer.request(source.name, Fetch(self._next, FETCH_BYTES), fetched, missing, APPEND_TIMEOUT_S)

    def promote(self, epoch: Epoch, then: Callable[[], None]) -> None:
        """Let it vote; `then` once it may be counted, or must be considered anew."""
        life = self._life

        def promoted(_: Message) -> None:
            self._promoting = False
            if life == self._life:  # else it has answered in a later life since, as a learner perhaps
                self.voter = True
                self.barrier = None
            then()

        def failed(_: DatabaseError) -> None:
            # It may vote all the same, seal for another writer, and lose its disk: all that this one knows of it counts
            # for nothing.
            self.barrier = None
            self.durable = -1
            asyncio.get_running_loop().call_later(RETRY_S_MAX, again)

        def again() -> None:
            self._promoting = False
            if self._writer.stopped or (self.voter and self.durable >= 0):
                return
            if self.durable >= 0:
                then()
            else:
                self.push()

        if not self._promoting:
            self._promoting = True
            self._writer.request(self.name, Promote(epoch, life), promoted, failed, APPEND_TIMEOUT_S)

    def restarted(self) -> None:
        """It may have lost what it had, and does not know who writes: compare the logs again."""
        self.durable = -1
        self.subscribed = False
        self._told = self._told_elsewhere = 0
        if self._flights:
            self._end_flights()
        self.push()

    def _failed(self, error: DatabaseError) -> None:
        self._end_flights()
        if error.sqlstate == DISK_FULL:
            self._note_room(True)
        if isinstance(error.refusal, Superseded):
            self._writer.deposed_by(error.message)
        if isinstance(error.refusal, Outbid):
            if error.refusal.epoch > self._writer.epoch:
                self._writer.deposed_by(error.message)
            return
        if self._next <= self._writer.last_lsn or self.durable < 0:
            self._later()

    def _note_room(self, is_full: bool) -> None:
        if is_full != self.is_full:
            self.is_full = is_full
            self._writer.note_room()

    def _later(self) -> None:
        if self._timer is None and not self._writer.stopped:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._retry)
            self._pause_s = min(RETRY_S_MAX, self._pause_s * 2)

    def _retry(self) -> None:
        self._timer = None
        self.push()
