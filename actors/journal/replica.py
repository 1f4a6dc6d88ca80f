"""A journal replica: keeps one journal's log in one availability zone, for the one writer whose epoch it has promised.

The protocol is Raft's log with a leader that stands outside (the adjudicator) and elects itself by sealing a majority:

- `Seal(epoch)`: promise durably to refuse every lower epoch (I7, promises.py), answer with the log's tail.
- `Append(epoch, previous, records)`: only if the previous record is the writer's too; a tail that differs is cut;
  answered when fsynced. Appends that arrive while a sync is under way share the next one (group commit; the disk
  coalesces).
- A replica that finds itself without a promise (a new one, or one that lost its disk) is a learner: it stores but does
  not vote, until the writer promotes it (I9).
- A replica that finds its log damaged sets it aside and becomes a learner, too (repair.py).
- A replica whose missing records have been trimmed elsewhere is told to begin further on (`Reset`); it goes on voting,
  as what it gives up is no majority's.

Crossbars subscribe here and get committed records, in order, with flow control (subscription.py). An idle replica sends
nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from actors.common.errors import DATA_CORRUPTED, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import (
    Append,
    Appended,
    AskCommit,
    AskKept,
    AskPromise,
    Done,
    Fetch,
    Kept,
    Promote,
    Reset,
    Seal,
    Sealed,
    Settle,
    Stored,
    StreamAck,
    StreamLost,
    Subscribed,
    SubscribeJournal,
    Trim,
    Watched,
)
from actors.common.messages.base import Message
from actors.common.messages.control import Topology
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal.archive import JournalArchive, restore
from actors.journal.fetching import fetched, trimmed
from actors.journal.log import JournalLog
from actors.journal.neighbours import Neighbours
from actors.journal.own_quorum import OwnQuorum
from actors.journal.passing_on import pass_on
from actors.journal.promises import Promises
from actors.journal.record import TRIMMED, decode_header
from actors.journal.recovering import refuses
from actors.journal.repair import open_log
from actors.journal.reserve import Reserve
from actors.journal.seats import are_news, newest
from actors.journal.subscription import Subscription
from actors.runtime.interfaces import Context, Reply

SUBSCRIPTIONS_MAX = 64
"""Streams at once: a crossbar's own, and one for each storage replica that catches up. The oldest goes: its crossbar
has most likely died."""
ANNOUNCE_EVERY_S = 5.0
"""While a replica that has been started has not heard from its writer: seldom, as a writer that begins speaks by
itself."""


class JournalReplica:
    """Role `journal/<journal>/<az>`. `writer`: the role that appends; its adjudicator where nothing is said. `seat`: of
    its zone (seats.py). `restoring`: the cluster begins with another's data (archive.py)."""

    log: JournalLog
    """From its start on: it answers nobody before."""

    def __init__(
        self, context: Context, journal: int, az: str, writer: str = "", seat: int = 0, restoring: bool = False
    ) -> None:
        self._context = context
        self._journal = journal
        self._az = az
        self._seat = seat
        self._restoring = restoring
        self._archive: JournalArchive | None = None
        self._is_open = False
        self._damaged = ""
        self._life = 1 + context.random.getrandbits(62)
        """A Promote must name it: what the writer knows of an earlier life says nothing of this one's disk."""
        self._reserve = Reserve(context.disk, context.spawn)
        self._promises = Promises(self._reserve, context.spawn, self.receive)
        self._committed: Lsn = 0
        self._own_quorum = OwnQuorum()
        self._neighbours = Neighbours(context, journal, self._own_quorum)
        self._subscriptions: dict[int, Subscription] = {}
        """By stream: a crossbar reads a journal several times at once, for subscribers that catch up."""
        self._expected_writer = writer or f"adjudicator/{journal}"
        self._writer = ""
        """Whom the newest Append came from."""
        self._stopped = False
        self._announcing: asyncio.TimerHandle | None = None
        self._appends = 0
        self._syncs = 0

    async def start(self) -> None:
        self.log, self._damaged = await open_log(self._context.disk, self._context.settings.journaling, self._seat)
        self._is_open = True
        if (objects := self._context.objects) is not None:
            if self._restoring and not self.log.promise.voter:
                await restore(self._journal, self.log, objects)
            self._archive = JournalArchive(
                self._context, self._journal, self.log, lambda: self._committed, self._ask, objects
            )
        self._promises.begin(self.log)
        self._reserve.begin()
        self._context.bus.on_topology(self._on_topology)
        self._on_topology(self._context.bus.topology)

    def _on_topology(self, topology: Topology | None) -> None:
        if topology is not None and self._announcing is None:
            self._announce()

    def _announce(self) -> None:
        """Tell the writer that this replica has been restarted: what it lacks now, and who writes, would else wait for
        the next record. Again and again until it speaks: what is told once may be lost, or come to a writer that has
        not begun."""
        if not self._writer and not self._stopped:
            watched = Watched(self._promises.epoch, restarted=True)
            self._context.bus.post(self._context.name, self._expected_writer, watched)
            self._announcing = asyncio.get_running_loop().call_later(ANNOUNCE_EVERY_S, self._announce)

    async def stop(self) -> None:
        self._stopped = True
        if self._announcing is not None:
            self._announcing.cancel()
        self._subscriptions.clear()
        if self._archive is not None:
            self._archive.stop()
        if self._is_open:
            self.log.close()

    @property
    def committed_lsn(self) -> Lsn:
        return self._committed

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if self._promises.is_storing and isinstance(message, Seal | Append | Promote | Reset | Trim | Settle):
            self._promises.wait(sender, message, reply)
        elif isinstance(message, Append):
            self._append(sender, message, reply)
        elif isinstance(message, StreamAck):
            subscription = self._subscriptions.get(message.stream)
            if subscription is not None:
                subscription.acknowledge(message)
                self._advance(message.stream)
        elif isinstance(message, StreamLost):
            self._subscriptions.pop(message.stream, None)
        elif isinstance(message, Seal):
            self._seal(message, reply)
        elif isinstance(message, SubscribeJournal):
            self._subscribe(sender, message, reply)
        elif isinstance(message, Fetch):
            self._fetch(message, reply)
        elif isinstance(message, Kept | AskKept):
            self._neighbours.receive(sender, message, self.log.promise.seats)
            self._note_own_quorum()
        elif isinstance(message, AskPromise | AskCommit):
            pass_on(self._context, self._writer or self._expected_writer, message, reply)
        elif isinstance(message, Trim):
            self._trim(message.below_ts, reply)
        elif isinstance(message, Stored):
            if self._archive is not None:
                self._archive.look()
        elif isinstance(message, Settle):
            self._settle(message.below_ts, reply)
        elif isinstance(message, Promote):
            self._promote(message, reply)
        elif isinstance(message, Reset):
            self._reset(message, reply)
        elif reply is not None:
            reply.fail(DatabaseError("0A000", f"a journal does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        log = self.log if self._is_open else None
        return {
            "layer": "journal",
            "name": f"journal/{self._journal}/{self._az}",
            "range": f"journal {self._journal}",
            "epoch": self._promises.epoch,
            "watermark": log.commit_ts_at(log.last_lsn) if log is not None and log.last_lsn >= log.first_lsn else None,
            "load": {
                "records": log.last_lsn if log is not None else 0,
                "committed": self._committed,
                "bytes": log.size_bytes if log is not None else 0,
                "syncs": self._syncs,
                "voter": log is not None and log.promise.voter,
                "subscribers": len(self._subscriptions),
                "damage": self._damaged,
                "disk_full": not self._reserve.is_held,
            },
            "traffic": {"syncs": self._syncs},
        }

    # -- promises ------------------------------------------------------------------------------------------------------

    def _seal(self, message: Seal, reply: Reply | None) -> None:
        if message.epoch <= self._promises.epoch:
            self._promises.refuse(reply)
            return

        def promised() -> None:
            if reply is not None:
                log = self.log
                before = log.epoch_at(log.first_lsn - 1)
                promises, stored = self._promises, log.promise
                kept = promises.epoch, before, stored.trimmed_ts, stored.lost, self._life, self._seat
                told = *kept, stored.seats, stored.companions
                reply(Sealed(log.last_epoch, log.last_lsn, log.first_lsn, self._committed, promises.voter, *told))

        self._promises.store(replace(self.log.promise, epoch=message.epoch), promised, reply)

    def _promote(self, message: Promote, reply: Reply | None) -> None:
        if message.epoch < self._promises.epoch:
            self._promises.refuse(reply)
        elif message.life != self._life:
            if reply is not None:
                reply.fail(
                    DatabaseError(
                        OBJECT_NOT_IN_PREREQUISITE_STATE,
                        f"{self._context.name} has been restarted since it was to vote",
                    )
                )
        elif self._promises.voter and not self.log.promise.companions:
            if reply is not None:
                reply(Done())
        else:
            promise = replace(self.log.promise, epoch=message.epoch, voter=True, lost=False, companions=())
            self._promises.store(promise, lambda: reply(Done()) if reply is not None else None, reply)

    def _reset(self, message: Reset, reply: Reply | None) -> None:
        if message.epoch < self._promises.epoch:
            self._promises.refuse(reply)
            return
        log = self.log
        last = message.next_lsn - 1
        if last < log.first_lsn - 1 or log.epoch_at(last) == message.previous_epoch:
            # A repeated or late Reset: this log has that record, or begins beyond it. Nothing that was acknowledged may
            # go.
            self._sync_and_answer(last, message.epoch, reply)
            return
        assert last >= self._committed, f"record {self._committed} is committed and would be reset"
        trimmed_ts = max(log.promise.trimmed_ts, message.trimmed_ts)
        begins = {"first_lsn": message.next_lsn, "previous_epoch": message.previous_epoch, "trimmed_ts": trimmed_ts}
        promise = replace(log.promise, epoch=message.epoch, voter=self._promises.voter, **begins)

        def promised() -> None:
            self._subscriptions.clear()
            log.reset()
            self._sync_and_answer(last, message.epoch, reply)

        self._promises.store(promise, promised, reply)

    def _trim(self, below_ts: Timestamp, reply: Reply | None) -> None:
        """Only what this replica knows to be committed goes: its own tail may yet turn out to differ from the
        journal's."""
        promise = self.log.after_trim(below_ts, self._committed)

        def trimmed() -> None:
            self.log.trim()
            if reply is not None:
                reply(Done())

        if promise is None:
            trimmed()
        else:
            self._promises.store(promise, trimmed, reply)

    def _settle(self, below_ts: Timestamp, reply: Reply | None) -> None:
        """As a Trim, of the newest records, too: they end their segment. The next one is durable before any that it
        follows goes."""
        log = self.log
        if log.last_lsn >= log.first_lsn and log.commit_ts_at(log.last_lsn) <= below_ts:
            try:
                log.begin_segment()
            except DatabaseError as error:
                if reply is not None:
                    reply.fail(error)
                return

        def synced(error: DatabaseError | None) -> None:
            _expect_none(error)
            self.receive("", Trim(below_ts), reply)

        log.sync(synced)

    # -- records -------------------------------------------------------------------------------------------------------

    def _append(self, sender: str, message: Append, reply: Reply | None) -> None:
        log = self.log
        seats = log.promise.seats
        if refuses(log.promise, message.seats, reply):
            return
        if message.epoch != self._promises.epoch or (
            message.seats and message.seats != seats and are_news(message.seats, seats)
        ):
            if message.epoch < self._promises.epoch:
                self._promises.refuse(reply)
            elif message.seats.get(self._context.name, 0) > self._seat:
                self._end(
                    DatabaseError(
                        OBJECT_NOT_IN_PREREQUISITE_STATE,
                        f"{self._context.name} has gone on on another disk than this one",
                    )
                )
            else:
                promise = replace(log.promise, epoch=message.epoch, seats=newest(seats, message.seats))
                self._promises.store(promise, lambda: self._append(sender, message, reply), reply)
            return
        self._writer = sender
        previous, first_lsn, last_lsn = message.previous_lsn, log.first_lsn, log.last_lsn
        if previous > last_lsn or (previous >= first_lsn - 1 and log.epoch_at(previous) != message.previous_epoch):
            self._conflict(message, reply)
            return
        # Records below our first were trimmed: they are committed, so the writer's are the same.
        skip = max(0, first_lsn - 1 - previous)
        records = message.records
        last = previous + len(records)
        if records:
            fresh = self._unknown(records, skip, previous) if previous < last_lsn else records
            if fresh:
                try:
                    self._store(fresh)
                except DatabaseError as error:
                    log.sync(
                        _expect_none
                    )  # files that a cut or a reset has made void go with it: there may be room the next time
                    if reply is not None:
                        reply.fail(error)
                    return
        self._note_committed(min(message.committed_lsn, last))
        if message.elsewhere_lsn:
            self._own_quorum.elsewhere(message.epoch, message.elsewhere_lsn)
            self._note_own_quorum()
        if message.majority:
            self._own_quorum.majority = message.majority
            self._neighbours.ask(bool(self._subscriptions))
        if records or reply is not None:
            self._sync_and_answer(last, message.epoch, reply)

    def _store(self, records: list[bytes]) -> None:
        """Raises 53100 where not even the reserve makes room."""
        try:
            self.log.append(records)
        except DatabaseError as error:
            if not self._reserve.makes_room(error):
                raise
            self.log.append(records)
        if not self._reserve.is_held:
            self._reserve.fill()

    def _unknown(self, records: list[bytes], skip: int, previous: Lsn) -> list[bytes]:
        """The records that are not here yet; a tail of ours that differs is cut first."""
        log = self.log
        for place in range(skip, len(records)):
            lsn = previous + 1 + place
            if lsn > log.last_lsn:
                return records[place:]
            if log.epoch_at(lsn) != decode_header(records[place]).epoch:
                assert lsn > self._committed, f"record {lsn} is committed and would be cut"
                log.cut_from(lsn)
                return records[place:]
        return []

    def _conflict(self, message: Append, reply: Reply | None) -> None:
        """Tell the writer where our logs may still agree."""
        agree = min(self.log.last_lsn, message.previous_lsn - 1)
        if reply is not None:
            reply(self._appended(message.epoch, agree, conflict=True))

    def _sync_and_answer(self, lsn: Lsn, epoch: Epoch, reply: Reply | None) -> None:
        self._appends += 1
        if self._archive is not None:
            self._archive.look()

        def synced(error: DatabaseError | None) -> None:
            self._syncs += 1
            _expect_none(error)
            if reply is not None:
                reply(self._appended(epoch, lsn))
            self._own_quorum.stored(epoch, lsn)
            if self.log.promise.voter:
                self._neighbours.stored(epoch, lsn, self._seat)
            self._note_own_quorum()

        self.log.sync(synced)

    def _appended(self, epoch: Epoch, lsn: Lsn, conflict: bool = False) -> Appended:
        """It votes where its disk says so: a promise that is being written does not count."""
        log = self.log
        kept = log.first_lsn, not self._reserve.is_held, self._life, self._seat
        return Appended(epoch, lsn, conflict, bool(self._subscriptions), log.promise.voter, *kept)

    def _note_own_quorum(self) -> None:
        if self._own_quorum.is_told:
            self._note_committed(self._own_quorum.committed(self.log, self._promises.epoch))

    def _note_committed(self, lsn: Lsn) -> None:
        if lsn > self._committed:
            self._committed = lsn
            if self._archive is not None:
                self._archive.look()
            for stream in list(self._subscriptions):
                self._advance(stream)

    def _advance(self, stream: int) -> None:
        """A stream that cannot go on here ends; its crossbar notices the silence and reads at another replica."""
        subscription = self._subscriptions[stream]
        try:
            if not subscription.advance():
                del self._subscriptions[stream]
        except DatabaseError as error:
            del self._subscriptions[stream]
            self._end_over(error)

    def _end_over(self, error: DatabaseError) -> None:
        """Damage in the log is mended at a start (repair.py): this life ends, its supervisor begins the next. Raises
        what is no damage."""
        if error.sqlstate != DATA_CORRUPTED:
            raise error
        self._damaged = error.message
        self._end(error)

    def _end(self, error: DatabaseError) -> None:
        """This life is over."""

        async def end() -> None:
            raise error

        self._context.spawn(end())

    def _fetch(self, message: Fetch, reply: Reply | None) -> None:
        if reply is not None:
            try:
                reply(fetched(self.log, message))
            except DatabaseError as error:
                reply.fail(error)
                if error.sqlstate != TRIMMED:
                    self._end_over(error)

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def _subscribe(self, sender: str, message: SubscribeJournal, reply: Reply | None) -> None:
        log = self.log
        present = self._subscriptions.get(message.stream)
        if present is not None:  # the network repeats itself
            if reply is not None:
                reply(present.begun)
            return
        if not self._writer:
            # What is committed here is not known before the writer has spoken: the crossbar does better elsewhere.
            if reply is not None:
                reply.fail(
                    DatabaseError(
                        OBJECT_NOT_IN_PREREQUISITE_STATE, f"{self._context.name} has not heard from its writer yet"
                    )
                )
            return
        # Beyond what is committed this log may differ from the journal's: no place may be skipped there.
        first = message.from_lsn or log.begin_for(
            min(log.first_after(message.after_ts), max(self._committed + 1, log.first_lsn))
        )
        if first < log.first_lsn or (not message.from_lsn and message.after_ts < log.promise.trimmed_ts):
            if reply is not None:
                reply.fail(trimmed(log))
            return
        begun = Subscribed(first, max(0, log.epoch_at(first - 1)))
        self._subscriptions[message.stream] = Subscription(
            self._context.bus, self._context.name, sender, message, begun, self
        )
        while len(self._subscriptions) > SUBSCRIPTIONS_MAX:
            del self._subscriptions[next(iter(self._subscriptions))]
        if reply is not None:
            reply(begun)
        self._advance(message.stream)
        self._ask()

    def _ask(self) -> None:
        """The writer is to tell of commits at once."""
        if self._writer:
            self._context.bus.post(self._context.name, self._writer, Watched(self._promises.epoch))


def _expect_none(error: DatabaseError | None) -> None:
    if error is not None:
        raise error
