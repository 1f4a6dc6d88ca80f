"""A reign: one epoch of one adjudicator, from its EPOCH_BEGIN record until it is stopped or deposed. Here a transaction
is decided.

One that touches this adjudicator's keys only is decided in one go, in the turn of the loop that brings it:

    commit() --judge--> window --pick--> lease --append--> journal ...majority durable...
        _committed() --clock.earliest >= commit_ts--> Committed

Later transactions see its keys from the moment it has its commit time, before it is durable: if the journal never takes
the record, the epoch is over, and all that was decided after it with it. One that spans adjudicators is
coordinator.py's; parts of those that others coordinate are participant.py's. One that is too large for one message
comes in pieces first (gathering.py).

What ends without a commit: 40001 (conflicts; too much under way), 55000 (map moved; catalog to be revalidated), 08006
with the refusal NotCommitted (common/refusals.py) are certain. 08007 is not: the record was appended, and the epoch
ended before it was known to be durable.

Commits that arrive twice get one decision: while it is under way the second is answered with the first, for
ANSWERED_KEEP_S its outcome is remembered, beyond the reign's end (a refusal of any kind is one: whoever was told of it
may have sent the same work under another name), and after that it meets its own write in the window.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.ahead import Ahead
from actors.adjudicator.claim import Claim
from actors.adjudicator.coordinator import Coordinator, RecoveredOutcomes
from actors.adjudicator.covering import Covering
from actors.adjudicator.early import EarlyRequests
from actors.adjudicator.foresight import Foresight
from actors.adjudicator.gathering import GatheringRoom
from actors.adjudicator.lease import Lease
from actors.adjudicator.load import ClaimLoad
from actors.adjudicator.membership import Membership
from actors.adjudicator.outcomes import ABORTED, UNRESOLVED, Outcomes
from actors.adjudicator.ownership import Ownership, read_write_set
from actors.adjudicator.participant import Participant
from actors.adjudicator.refusals import disk_full, not_committed, overloaded, stale_catalog, unresolved
from actors.adjudicator.releasing import Releasing
from actors.adjudicator.resolving import Resolving
from actors.adjudicator.waiting import WaitingRoom
from actors.adjudicator.window import ConflictWindow
from actors.common.errors import (
    PROTOCOL_VIOLATION,
    SERIALIZATION_FAILURE,
    DatabaseError,
    conflict,
    redirected,
)
from actors.common.messages import AskPromise, Commit, Committed, Part, Promised
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.journal.record import CLOSE, COMMIT, LEASE
from actors.runtime.interfaces import Context, Reply

if TYPE_CHECKING:
    from actors.journal.writer import JournalWriter

ANSWERED_KEEP_S = 20
"""Longer than a query processor waits for an answer."""
COMMITS_MAX = 10_000
"""Commits under way: some seconds' worth. Beyond, 40001: the client's retry loop is where waiting belongs."""
COMMIT_BYTES_MAX = 256 << 20
"""Bytes of write sets under way, likewise; a single larger one is let through."""
DUPLICATES_MAX = 16
"""Answers owed for one transaction."""
CLOSE_S_MAX = 2.0
"""A clean stop waits so long for the journal to take what was appended."""
WINDOW_S_DEFAULT = 300
"""Where the transaction age limit is lifted: who is older than this conflicts."""


class Flight:
    """A Commit under way, and those who wait for its answer."""

    __slots__ = ("appended", "claim", "commit_ts", "durable", "message", "replies", "size")

    def __init__(self, message: Commit, reply: Reply) -> None:
        self.message = message
        self.replies = [reply]
        self.size = len(message.write_set)
        self.claim: Claim | None = None
        self.commit_ts: Timestamp = 0
        self.appended = False
        self.durable = False


def answer_again(known: Timestamp, reply: Reply) -> None:
    """To a Commit that arrives again: what was answered to the first one, or might have been. Raises 40001, 08007."""
    if known == ABORTED:
        raise conflict()
    if known == UNRESOLVED:
        raise unresolved("the epoch that was asked for it is over")
    reply(Committed(known))


class Reign:
    """`writer` has begun the epoch. `ownership`: None until a map is known. `answered`: what earlier reigns of this
    process have answered, or left open."""

    def __init__(
        self,
        context: Context,
        number: int,
        writer: JournalWriter,
        lease: Lease,
        recovered: RecoveredOutcomes,
        ownership: Ownership | None,
        answered: Outcomes,
        load: ClaimLoad | None = None,
    ) -> None:
        self.context = context
        self.number = number
        self.name = f"adjudicator/{number}"
        self.writer = writer
        self.epoch = writer.epoch
        self.lease = lease
        self.covering = Covering(lease, writer, context.clock)
        self._early = EarlyRequests(lease, context.clock)
        self.ownership: Ownership | None = None
        self._newest_beginning: Timestamp = TIMESTAMP_MIN
        self.window = ConflictWindow(
            (context.settings.limits.transaction_age_s or WINDOW_S_DEFAULT) * 1_000_000, lease.begin
        )
        self.waiting = WaitingRoom(context.settings.adjudication.pending_wait_ms_max / 1000)
        self.coordinator = Coordinator(self, recovered)
        self.participant = Participant(self)
        self.gatherings = GatheringRoom(self)
        self.releasing = Releasing(self)
        self.membership = Membership(self)
        self.resolving = Resolving(self)
        self.ahead = Ahead(self, context.settings.regions)
        self.lead_us = self.ahead.lead_us
        foresight_ms = context.settings.adjudication.foresight_ms
        self.foresight = Foresight(0 if self.ahead.is_on else foresight_ms, lease.begin)
        self.follow(ownership)
        self.over = False
        self.commits = 0
        self.conflicts = 0
        self._clock = context.clock
        self._flights: dict[bytes, Flight] = {}
        self._bytes = 0
        self.answered = answered
        answered.take_over(recovered.recent, context.clock.now().earliest)
        self.load = load or ClaimLoad(context, None)

    # -- ranges --------------------------------------------------------------------------------------------------------

    def follow(self, ownership: Ownership | None) -> None:
        """Go by this map from now on, unless it is older than what the journal knows: then this adjudicator has
        released what it owns there."""
        known = self.ownership.version if self.ownership is not None else self.writer.map_version
        if ownership is not None and ownership.version >= known:
            self.ownership = ownership
            self._newest_beginning = ownership.newest_beginning(self.number)

    def check_beginning(
        self,
        start_ts: Timestamp,
        catalog_ts: Timestamp,
        written: Sequence[bytes],
        checked: Sequence[bytes],
        concerns_all: bool = False,
    ) -> None:
        """What this adjudicator cannot judge, for it has owned the keys for too short a time: as `check_entrance` of a
        whole epoch."""
        newest = self._newest_beginning
        if start_ts >= newest and catalog_ts >= newest:
            return
        assert self.ownership is not None
        begin = newest if concerns_all else self.ownership.beginning(self.number, written, checked)
        if start_ts < begin:
            self.conflicts += 1
            raise conflict()
        if catalog_ts < begin:
            raise stale_catalog(begin)

    def undecided(self) -> Iterator[Claim]:
        """Of this adjudicator's keys alone, and waiting."""
        return (flight.claim for flight in self._flights.values() if flight.claim is not None and not flight.appended)

    def refuse_released(self, is_released: Callable[[Claim], bool]) -> None:
        for flight in list(self._flights.values()):
            if flight.claim is not None and not flight.appended and is_released(flight.claim):
                self.waiting.leave(flight.message.transaction)
                self.abort(flight, redirected())

    # -- commits -------------------------------------------------------------------------------------------------------

    def commit(self, message: Commit, reply: Reply, writer: str = "") -> None:
        """Decide, or begin to. Raises what ends it at once. `writer`: the role that sends it."""
        transaction = message.transaction
        if self.join(transaction, reply):
            return
        known = self.answered.get(transaction)
        if known is not None:
            answer_again(known, reply)
            return
        if self.resolving.has_given_up(transaction):
            raise conflict()
        try:
            self._admit(message, reply, writer)
        except DatabaseError:
            self.answered.remember(transaction, ABORTED, self._clock.now().earliest)
            self.gatherings.drop(transaction)
            raise

    def join(self, transaction: bytes, reply: Reply) -> bool:
        """Whether its Commit is under way: `reply` gets the same answer."""
        flight = self._flights.get(transaction)
        if flight is not None and len(flight.replies) < DUPLICATES_MAX:
            flight.replies.append(reply)
        return flight is not None

    def check_part(self, message: Part) -> None:
        """Raises what refuses the first piece that arrives of a large transaction."""
        if self.over:
            raise not_committed("the epoch is over")
        if self.is_under_way(message.transaction) or self.answered.get(message.transaction) is not None:
            raise not_committed("it is decided already")
        self._check_room()
        self.check_entrance(message.start_ts, message.catalog_ts)

    def _check_room(self) -> None:
        """Raises 53100, 08006 where nothing can be made durable now, and 55000 where the journal has ended."""
        self.membership.check()
        if self.writer.is_cut_off:
            raise not_committed("no majority of its journal's replicas answers")
        if not self.writer.has_room:
            self.covering.ask_for_room()
            raise disk_full()

    def is_under_way(self, transaction: bytes) -> bool:
        """Its Commit has come, and has no answer yet."""
        return transaction in self._flights

    def drop_parts(self, transaction: bytes) -> None:
        """Its query processor has given it up."""
        if not self.is_under_way(transaction):
            self.gatherings.drop(transaction)

    def _admit(self, message: Commit, reply: Reply, writer: str) -> None:
        """Of a transaction that is not known yet."""
        if self.over:  # a repeated message about one that is appended already got the one's own answer above
            raise not_committed("the epoch is over")
        if len(self._flights) >= COMMITS_MAX or (self._bytes > COMMIT_BYTES_MAX and self._flights):
            raise overloaded()
        self._check_room()
        now = self._clock.now()
        if message.start_ts > now.latest and self._early.hold(
            message.start_ts, partial(self._commit_later, message, reply, writer)
        ):
            return
        flight = Flight(message, reply)
        written, dropped = read_write_set(message.write_set)
        self.check_entrance(message.start_ts, message.catalog_ts)
        ownership = self.ownership
        if ownership is None:
            raise redirected()
        checked = message.checked
        if not (written or dropped or checked or message.schema_changes or message.exclusive or message.parts):
            raise DatabaseError(PROTOCOL_VIOLATION, "a transaction that changes nothing has nothing to commit")
        if message.parts and (written or checked):
            raise DatabaseError(PROTOCOL_VIOLATION, "what comes in parts comes in parts alone")
        gathering = self.gatherings.complete(message, dropped) if message.parts else None
        concerns_all = bool(dropped or message.schema_changes or message.exclusive)
        self.check_beginning(message.start_ts, message.catalog_ts, written, checked, concerns_all)
        self.load.note(written, writer)
        is_own = not gathering.shares if gathering is not None else ownership.owns(self.number, written, checked)
        if is_own and not concerns_all:
            flight.claim = (
                gathering.claim
                if gathering is not None
                else Claim(message.transaction, message.start_ts, message.catalog_ts, written, checked)
            )
            self._enter(flight)
            self._judge(flight)
        else:
            shares = self.coordinator.shares_of(message, written, dropped, ownership, gathering)
            self._enter(flight)
            self.coordinator.begin(flight, shares, gathering)

    def _enter(self, flight: Flight) -> None:
        self._flights[flight.message.transaction] = flight
        self._bytes += flight.size

    def _commit_later(self, message: Commit, reply: Reply, writer: str) -> None:
        try:
            self.commit(message, reply, writer)
        except DatabaseError as error:
            reply.fail(error)

    def check_entrance(self, start_ts: Timestamp, catalog_ts: Timestamp) -> None:
        """What this epoch cannot judge: it does not know what was committed, or whose schema was changed, before its
        window."""
        if start_ts < self.window.horizon:
            self.conflicts += 1
            raise conflict()
        if catalog_ts < self.lease.begin:
            raise stale_catalog(self.lease.begin)

    def judge(self, claim: Claim) -> DatabaseError | bytes | None:
        """The window's answer, for one that has just come or one that has waited: its epoch may be over since (it was
        woken by the end of whom it waited for), or the window have moved on."""
        if self.over:
            return not_committed("the epoch is over")
        if claim.start_ts < self.window.horizon:
            return conflict()
        return self.window.judge(claim)

    def _judge(self, flight: Flight) -> None:
        claim = flight.claim
        assert claim is not None
        verdict = self.judge(claim)
        if verdict is None:
            now = self._clock.now().earliest
            commit_ts = self.lease.pick(claim.start_ts, now + self.lead_us)
            self.window.leave(claim)
            self.window.commit(claim, commit_ts)
            self.append(flight, claim.transaction, commit_ts, now, None)
        elif isinstance(verdict, bytes):
            self.waiting.wait(
                claim.transaction, verdict, partial(self._judge, flight), partial(self.abort, flight, conflict())
            )
        else:
            self.abort(flight, verdict)

    def append(
        self, flight: Flight, name: bytes, commit_ts: Timestamp, now: Timestamp, then: Callable[[], None] | None
    ) -> None:
        """The commit's one record. `then` runs when it is durable, before the client is answered."""
        message = flight.message
        flight.commit_ts = commit_ts
        flight.appended = True
        self.foresight.committed(now)
        epoch_end = self.lease.end_for(commit_ts, now)
        parts, checksum = self.gatherings.counted(message.transaction) if message.parts else (0, 0)
        self.gatherings.decided(message.transaction)
        lsn = self.writer.append(
            COMMIT,
            commit_ts,
            commit_ts,
            epoch_end,
            transaction=name,
            payload=message.write_set,
            catalog_change=bool(message.schema_changes),
            schema_changes=message.schema_changes,
            part=parts,
            checksum=checksum,
            on_committed=partial(self._committed, flight, epoch_end, then),
        )
        if self.ahead.is_on:
            self.ahead.note(commit_ts, lsn)

    def _committed(self, flight: Flight, epoch_end: Timestamp, then: Callable[[], None] | None) -> None:
        flight.durable = True
        if self.ahead.measures:
            self.ahead.committed()
        if epoch_end > self.lease.durable_end:
            self.covering.became_durable(epoch_end)
        if then is not None:
            then()
        self._answer(flight)

    def _answer(self, flight: Flight) -> None:
        """Tell the client, not before its commit time has passed everywhere (I11)."""
        commit_ts = flight.commit_ts
        now = self._clock.now().earliest
        if now < commit_ts:
            asyncio.get_running_loop().call_later((commit_ts - now) / 1e6, self._answer, flight)
            return
        self.commits += 1
        self._leave(flight)
        self.answered.remember(flight.message.transaction, commit_ts, now)
        answer = Committed(commit_ts)
        for reply in flight.replies:
            reply(answer)

    def abort(self, flight: Flight, error: DatabaseError) -> None:
        """Certainly not committed. 40001 is final; after the others the query processor may send the same work as
        another transaction."""
        if error.sqlstate == SERIALIZATION_FAILURE:
            self.conflicts += 1
        self.answered.remember(flight.message.transaction, ABORTED, self._clock.now().earliest)
        self._leave(flight)
        self.gatherings.drop(flight.message.transaction)
        for reply in flight.replies:
            reply.fail(error)

    def _leave(self, flight: Flight) -> None:
        del self._flights[flight.message.transaction]
        self._bytes -= flight.size

    @property
    def under_way(self) -> int:
        """Commits that have no answer yet."""
        return len(self._flights)

    # -- time ----------------------------------------------------------------------------------------------------------

    def promise(self, message: AskPromise, reply: Reply) -> None:
        """Promise `at`, or now if that is later, or more (foresight.py): a memory write within the lease, else after a
        LEASE record."""
        if self.over:
            raise not_committed("the epoch is over")
        now = self._clock.now()
        if message.at > now.latest and self._early.hold(message.at, partial(self._promise_later, message, reply)):
            return
        at = message.at if message.at > now.earliest else now.earliest

        def answer() -> None:
            ahead = at
            if message.recorded:
                self.lease.promise(at)
                self.covering.append_note(LEASE)
            elif not self.window.pending:
                ahead = min(at + self.foresight.after(at, now.earliest), self.lease.durable_end)
            promise, after_lsn = self.lease.promise(ahead), self.writer.last_lsn
            if self.ahead.is_on:
                promise, after_lsn = at, self.ahead.before(at)
            reply(Promised(self.epoch, promise, after_lsn, self.writer.set_version))

        lease = self.lease
        if at <= lease.durable_end:
            answer()
        else:
            self.covering.cover(at, answer, reply.fail)
        if lease.is_past_half(now.earliest):
            self.covering.extend(now.earliest)

    def _promise_later(self, message: AskPromise, reply: Reply) -> None:
        try:
            self.promise(message, reply)
        except DatabaseError as error:
            reply.fail(error)

    # -- the end -------------------------------------------------------------------------------------------------------

    def end(self, why: str) -> None:
        """Deposed or stopped: answer everybody what is certain. Durable commits that only wait for their time are still
        answered."""
        self._refuse_undecided(why)
        self.participant.end()
        now = self._clock.now().earliest
        for flight in list(self._flights.values()):
            self.answered.remember(
                flight.message.transaction, UNRESOLVED, now
            )  # of a durable one, too: others must not hear of it before its time
            if not flight.durable:
                self._leave(flight)
                for reply in flight.replies:
                    reply.fail(unresolved(why))

    def _refuse_undecided(self, why: str) -> None:
        """Decide, promise and offer nothing any more."""
        self.over = True
        self.ahead.end()
        self.releasing.end()
        self.coordinator.end()
        self.gatherings.end(not_committed(why))
        for flight in list(self._flights.values()):
            if not flight.appended:
                self.waiting.leave(flight.message.transaction)
                self.abort(flight, not_committed(why))
        self.waiting.close()
        self.covering.end(why)

    async def close(self) -> None:
        """A clean stop: nothing new, all that was appended committed, and the epoch's end drawn back so that the next
        one need not wait."""
        why = "the adjudicator is stopping"
        self._refuse_undecided(why)
        lease = self.lease
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def committed() -> None:
            if not closed.done():
                closed.set_result(None)

        # What has been offered to coordinators stays within this epoch until they have decided.
        epoch_end = lease.asked_end if self.window.pending else lease.last
        self.writer.append(CLOSE, lease.last, lease.last, epoch_end, on_committed=committed)
        await asyncio.wait([closed], timeout=CLOSE_S_MAX)
        self.end(why)
