"""The journal's one writer, inside the adjudicator: elects itself by sealing a majority, appends, and says what is
committed.

    writer = JournalWriter(context, journal=1, replicas=["journal/1/a", "journal/1/b", "journal/1/c"], on_deposed=...)
    recovered = await writer.open(anew)             seal a majority under a higher epoch; every record still kept is
                                                    shown to what anew() gives
    await writer.begin(commit_ts, epoch_end)        EPOCH_BEGIN, committed: now all before it is committed too
    lsn = writer.append(COMMIT, ..., on_committed=callback)

Recovery (design, section 4): of a sealed majority, the log whose last record has the highest epoch, and among those the
longest, is the journal; it is copied to the others by the usual Appends, and nothing of it counts as committed before a
record of the new epoch is (Raft, section 5.4.2). A record is committed when a majority of all replicas, learners not
counted, has it fsynced. `on_committed` callbacks run in the order of the records.

A brand-new journal: every replica is empty and none votes. Only when all of them (not a majority) answer so are they
made voters. A replica that lost its disk votes again only after a barrier record, appended after the loss was noticed,
has been committed by the others and stored by it: an older writer, outbid by those others, cannot win it over (I9).
Both hold for one life of the replica: one that has been restarted begins again. Where too many were lost, one replica
decides alone, on a person's word (recovering.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.common.errors import CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Fetch, Fetched, Promote, Seal, Sealed
from actors.common.messages.base import Message
from actors.common.refusals import Outbid
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal.epochs import EpochRuns
from actors.journal.peer import FETCH_BYTES, Peer
from actors.journal.record import EPOCH_BEGIN, LEASE, MappedHeader, RecordHeader, encode_record, verify
from actors.journal.recovering import Alone
from actors.journal.seats import newest
from actors.runtime.interfaces import Context, OnFailure, OnReply

SEAL_TIMEOUT_S = 1.0
SEAL_GRACE_S_MIN = 0.02
"""Beyond a majority's answers: the last one of three in one place takes hardly longer than the second."""
SEAL_PAUSE_S_MIN, SEAL_PAUSE_S_MAX = 0.02, 0.2
"""Between attempts to win a majority, drawn at random so that two candidates do not keep outbidding each other."""

QUORUM_S_MAX = 2.0
"""Many times the way round the earth, and as long as a failover."""

logger = logging.getLogger(__name__)

OnRecord = Callable[[MappedHeader, bytes], None]
"""Of a record that is kept: its header, and all its bytes."""
OnDeposed = Callable[[str], None]


@dataclass(frozen=True)
class Recovered:
    """What `open` found. `last_epoch_end`: no commit or promise of an older epoch is above it."""

    epoch: Epoch
    last_lsn: Lsn
    last_commit_ts: Timestamp
    last_epoch_end: Timestamp


class JournalWriter:
    """`on_deposed(why)` runs once, when a higher epoch was met; nothing is committed by this writer after that."""

    def __init__(self, context: Context, journal: int, replicas: list[str], on_deposed: OnDeposed) -> None:
        self._context = context
        self._journal = journal
        self._name = context.name
        self._peers = [Peer(self, name) for name in replicas]
        self._majority = len(replicas) // 2 + 1
        self._on_deposed = on_deposed
        self._epochs = EpochRuns()
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._memory_bytes_max = context.settings.journaling.writer_bytes_max
        self._waiting: deque[tuple[Lsn, int, Callable[[], None] | None]] = deque()
        """Uncommitted records: number, bytes, callback."""
        self._progress_s = 0.0
        """Between regions: when records were committed last, or began to wait for that."""
        self._begin_lsn: Lsn = 0
        self._begun: asyncio.Future[None] | None = None
        self._flushing = False
        self._sealed: dict[str, Sealed] = {}
        self._alone: Alone | None = None
        self.seats: dict[str, int] = {}
        """Replica -> the highest seat that is known of it, where that is not 0 (seats.py). Never changed in place:
        messages hold it."""
        self.epoch: Epoch = 0
        self.first_lsn: Lsn = 1
        self.trimmed_ts: Timestamp = 0
        self.last_lsn: Lsn = 0
        self.memory_first: Lsn = 1
        self.committed_lsn: Lsn = 0
        self.last_epoch_end: Timestamp = 0
        self.last_commit_ts: Timestamp = 0
        self.map_version = 0
        """Carried by every record from now on: the journal's adjudicator goes by no older map (record.py:
        MappedHeader)."""
        self.set_version = 0
        """Likewise: the journal's readers go by no older set of journals."""
        self.has_ended = False
        """Likewise: nothing is committed in this journal any more."""
        self.backlog_bytes = 0
        """Of the records appended and not yet committed."""
        self.has_room = True
        """A majority's disks have room for more than what is kept in reserve."""
        self.stopped = False
        self.tells_elsewhere = bool(context.settings.regions.zones)
        """Replicas are far apart, and learn of commits by their own disk and another one."""
        self.told_majority = self._majority if self.tells_elsewhere and self._majority > 2 else 0
        """They also tell each other what they have: one other disk is not enough."""

    # -- the transport that peers use ----------------------------------------------------------------------------------

    def request(self, name: str, message: Message, on_reply: OnReply, on_failure: OnFailure, timeout_s: float) -> None:
        self._context.bus.request(
            self._name, name, message, self._unless_stopped(on_reply), self._unless_stopped(on_failure), timeout_s
        )

    def _unless_stopped(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        epoch = self.epoch

        def call(argument: Any) -> None:
            if not self.stopped and self.epoch == epoch:
                callback(argument)

        return call

    def post(self, name: str, message: Message) -> None:
        self._context.bus.post(self._name, name, message)

    # -- opening -------------------------------------------------------------------------------------------------------

    async def open(self, anew: Callable[[], OnRecord], epoch_hint: Epoch = 0) -> Recovered:
        """Win a majority. Takes as long as it takes: while fewer replicas answer, it goes on asking. `anew` begins an
        attempt to read what is kept: the log that counts may be another one than that of an attempt which failed
        half-way."""
        wanted = max(epoch_hint, self.epoch + 1)
        while True:
            self.epoch = wanted
            sealed, outbid = await self._seal_all(wanted)
            sealed = self._of_newest_seats(sealed)
            try:
                if self._is_new(sealed):
                    await self._make_voters(wanted, sealed)
                    sealed = {name: Sealed(0, 0, 1, 0, True, wanted) for name in sealed}
                voters = {name: answer for name, answer in sealed.items() if answer.voter}
                self._alone = Alone.among(self._peers, voters)
                if self._alone is not None:
                    voters = {self._alone.name: voters[self._alone.name]}
                needed = 1 if self._alone is not None else self._majority
                if len(voters) >= needed and not outbid:  # else its first record would depose this writer
                    self._sealed = sealed
                    return await self._recover(voters, anew())
            except DatabaseError as error:
                # A replica went away in the middle, or found its log damaged (it becomes a learner): begin again, under
                # a higher epoch.
                logger.info("journal %d: %s", self._journal, error.message)
            wanted = max(wanted, outbid) + 1
            await asyncio.sleep(self._context.random.uniform(SEAL_PAUSE_S_MIN, SEAL_PAUSE_S_MAX))

    async def _seal_all(self, epoch: Epoch) -> tuple[dict[str, Sealed], Epoch]:
        """The answers, and the highest epoch that outbid us. Once a majority has said what it will do, those who have
        not answered have as long again: what they would tell is not needed, and one that is away would hold up a
        failover."""
        loop = asyncio.get_running_loop()
        bus, begun_s = self._context.bus, loop.time()
        calls = {peer.name: bus.call(self._name, peer.name, Seal(epoch), SEAL_TIMEOUT_S) for peer in self._peers}
        waiting = set(calls.values())
        grace_s: float | None = None
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            if grace_s is None and sum(map(_decides, calls.values())) >= self._majority:
                grace_s = max(SEAL_GRACE_S_MIN, loop.time() - begun_s)
        sealed: dict[str, Sealed] = {}
        outbid = 0
        for name, call in calls.items():
            if not call.done():
                call.cancel()
            elif (error := call.exception()) is None:
                sealed[name] = call.result()
            elif isinstance(error, DatabaseError) and isinstance(error.refusal, Outbid):
                outbid = max(outbid, error.refusal.epoch)
        return sealed, outbid

    def _of_newest_seats(self, sealed: dict[str, Sealed]) -> dict[str, Sealed]:
        """Without replicas whose zone has gone on on another disk: whoever votes on that one has let a majority
        know."""
        for name, answer in sealed.items():
            self.seats = newest(self.seats, answer.seats)
            self.takes_seat(name, answer.seat)
        return {name: answer for name, answer in sealed.items() if answer.seat >= self.seats.get(name, 0)}

    def takes_seat(self, name: str, seat: int) -> bool:
        """Replica `name` has answered from this seat. False where it has a higher one by now."""
        known = self.seats.get(name, 0)
        if seat > known:
            self.seats = {**self.seats, name: seat}
        return seat >= known

    def _is_new(self, sealed: dict[str, Sealed]) -> bool:
        """Every replica answers, and none has ever held a record."""
        return len(sealed) == len(self._peers) and all(
            answer.tail_lsn == 0 and not answer.lost for answer in sealed.values()
        )

    async def _make_voters(self, epoch: Epoch, sealed: dict[str, Sealed]) -> None:
        for peer in self._peers:
            await self._context.bus.call(self._name, peer.name, Promote(epoch, sealed[peer.name].life), SEAL_TIMEOUT_S)

    async def _recover(self, voters: dict[str, Sealed], on_record: OnRecord) -> Recovered:
        here = f"/{self._context.az}"
        best = max(
            sorted(voters), key=lambda name: (voters[name].tail_epoch, voters[name].tail_lsn, name.endswith(here))
        )
        tail = voters[best]
        self.first_lsn = tail.first_lsn
        self.trimmed_ts = tail.trimmed_ts
        self.last_lsn = tail.tail_lsn
        self.committed_lsn = 0
        self.last_commit_ts = self.last_epoch_end = self.map_version = self.set_version = 0
        self.has_ended = False
        self._memory.clear()
        self._memory_bytes = 0
        self._epochs.clear()
        self._waiting.clear()
        self.backlog_bytes = 0
        self.memory_first = self.last_lsn + 1
        await self._read_kept(best, tail, on_record)
        return Recovered(self.epoch, self.last_lsn, self.last_commit_ts, self.last_epoch_end)

    async def _read_kept(self, name: str, tail: Sealed, on_record: OnRecord) -> None:
        """Show every record that `name` keeps to `on_record`; the last ones stay in memory for the replicas that lack
        them."""
        lsn = tail.first_lsn
        if lsn > 1:
            self._epochs.begin(lsn - 1, tail.before_first_epoch)
        while lsn <= tail.tail_lsn:
            answer: Fetched = await self._context.bus.call(self._name, name, Fetch(lsn, FETCH_BYTES))
            if not answer.records:
                raise DatabaseError(CONNECTION_FAILURE, f"{name} has lost records that it sealed")
            for record in answer.records:
                header = verify(record, f"{name}, record {lsn}")
                if header.lsn > tail.tail_lsn:
                    break
                if header.epoch >= self.epoch:
                    raise DatabaseError(
                        OBJECT_NOT_IN_PREREQUISITE_STATE,
                        f"{name} has taken another writer's record {lsn} since it was sealed",
                    )
                self._epochs.begin(header.lsn, header.epoch)
                self.last_commit_ts = max(self.last_commit_ts, header.commit_ts)
                self.last_epoch_end = header.epoch_end
                self.map_version, self.set_version, self.has_ended = (
                    header.map_version,
                    header.set_version,
                    header.has_ended,
                )
                self._memory.append(record)
                self._memory_bytes += len(record)
                while self._memory_bytes > self._memory_bytes_max and len(self._memory) > 1:
                    self._memory_bytes -= len(self._memory.popleft())
                on_record(header, record)
                lsn = header.lsn + 1
        self.memory_first = self.last_lsn - len(self._memory) + 1

    async def begin(self, commit_ts: Timestamp, epoch_end: Timestamp) -> None:
        """Append EPOCH_BEGIN and wait until it is committed, or this writer `stopped`. The adjudicator chooses
        commit_ts above the old epoch's end (I6)."""
        begun = self._begun = asyncio.get_running_loop().create_future()
        self._begin_lsn = self.last_lsn + 1
        for peer in self._peers:
            sealed = self._sealed.get(peer.name)
            next_lsn = min(sealed.tail_lsn, self.last_lsn) + 1 if sealed is not None else self.last_lsn + 1
            peer.begin(max(next_lsn, self.first_lsn), sealed.voter if sealed is not None else True)
        self.append(EPOCH_BEGIN, commit_ts, commit_ts, epoch_end, on_committed=lambda: _settle(begun))
        await begun

    # -- appending -----------------------------------------------------------------------------------------------------

    def append(
        self,
        kind: int,
        commit_ts: Timestamp,
        promise: Timestamp,
        epoch_end: Timestamp,
        *,
        transaction: bytes = b"",
        payload: bytes = b"",
        catalog_change: bool = False,
        schema_changes: list[int] | None = None,
        part: int = 0,
        checksum: int = 0,
        on_committed: Callable[[], None] | None = None,
    ) -> Lsn:
        """Add one record; it goes out at the end of this turn of the loop with all others of the turn. Returns its
        number."""
        assert not self.stopped, "a deposed writer appends nothing"
        lsn = self.last_lsn = self.last_lsn + 1
        changes = schema_changes or []
        fields = (
            lsn,
            self.epoch,
            kind,
            commit_ts,
            promise,
            epoch_end,
            transaction,
            catalog_change,
            changes,
            part,
            checksum,
        )
        is_plain = not (self.map_version or self.set_version or self.has_ended)
        header = (
            RecordHeader(*fields)
            if is_plain
            else MappedHeader(*fields, self.map_version, self.set_version, self.has_ended)
        )
        if kind == EPOCH_BEGIN:
            self._epochs.begin(lsn, self.epoch)
        self.last_epoch_end = max(self.last_epoch_end, epoch_end)
        self.last_commit_ts = max(self.last_commit_ts, commit_ts)
        record = encode_record(header, payload)
        self._memory.append(record)
        self._memory_bytes += len(record)
        self.backlog_bytes += len(record)
        if self.tells_elsewhere and not self._waiting:
            self._progress_s = asyncio.get_running_loop().time()
        self._waiting.append((lsn, len(record), on_committed))
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        return lsn

    def _flush(self) -> None:
        self._flushing = False
        if not self.stopped:
            for peer in self._peers:
                peer.push()

    def _shrink(self) -> None:
        """Let go of committed records beyond the bound."""
        memory = self._memory
        while (
            self._memory_bytes > self._memory_bytes_max and self.memory_first <= self.committed_lsn and len(memory) > 1
        ):
            self._memory_bytes -= len(memory.popleft())
            self.memory_first += 1

    def records_from(self, lsn: Lsn) -> list[bytes]:
        """Records lsn ... last_lsn, as many as one Append may carry (at least one)."""
        size_max = self._context.settings.journaling.append_bytes_max
        records: list[bytes] = []
        size = 0
        start = len(self._memory) - (self.last_lsn - lsn + 1)
        for place in range(start, len(self._memory)):
            record = self._memory[place]
            if records and size + len(record) > size_max:
                break
            records.append(record)
            size += len(record)
        return records

    def epoch_at(self, lsn: Lsn) -> Epoch:
        return self._epochs.at(lsn)

    @property
    def waiting(self) -> int:
        """Records appended and not yet committed."""
        return len(self._waiting)

    @property
    def is_cut_off(self) -> bool:
        """Between regions: no majority has been heard of for a while. What waits may be committed yet; more of it helps
        nobody."""
        waits = self.tells_elsewhere and self._waiting
        return bool(waits) and asyncio.get_running_loop().time() - self._progress_s > QUORUM_S_MAX

    def note_room(self) -> None:
        """A peer's disk has become full, or is full no longer."""
        self.has_room = sum(peer.is_full for peer in self._peers) <= len(self._peers) - self._majority

    def restarted(self, name: str) -> None:
        """Replica `name` has been restarted."""
        for peer in self._peers:
            if peer.name == name and self.last_lsn and peer.is_begun:
                peer.restarted()

    def watched(self, name: str, epoch: Epoch) -> None:
        """A crossbar has subscribed at replica `name`: tell it of commits at once from now on."""
        if epoch == self.epoch:
            for peer in self._peers:
                if peer.name == name:
                    peer.subscribed = True
                    peer.push()

    # -- committing ----------------------------------------------------------------------------------------------------

    def advanced(self, peer: Peer) -> None:
        """A peer stores more than before: see what that commits."""
        if not peer.voter:
            self._consider_learner(peer)
        if self._alone is not None:
            self._alone.end_with_companions(self.epoch, self._accompanied)
            if peer.name == self._alone.name and peer.durable >= self._begin_lsn and peer.durable > self.committed_lsn:
                self._commit(peer.durable)
            return
        durable = sorted([other.durable for other in self._peers if other.voter], reverse=True)
        if len(durable) >= self._majority:
            lsn = durable[self._majority - 1]
            if lsn > self.committed_lsn and lsn >= self._begin_lsn:
                self._commit(lsn)
            elif self.tells_elsewhere:
                for other in self._peers:
                    if other is not peer and other.subscribed:
                        other.push()

    def _accompanied(self) -> None:
        """A majority decides from now on."""
        self._alone = None
        for peer in self._peers:
            self.advanced(peer)

    def elsewhere(self, peer: Peer) -> Lsn:
        """How far enough other voters have the log for a majority with `peer`."""
        durable = sorted([other.durable for other in self._peers if other.voter and other is not peer], reverse=True)
        return max(0, durable[self._majority - 2]) if len(durable) >= self._majority - 1 > 0 else 0

    def _commit(self, lsn: Lsn) -> None:
        self.committed_lsn = lsn
        if self.tells_elsewhere:
            self._progress_s = asyncio.get_running_loop().time()
        waiting = self._waiting
        while waiting and waiting[0][0] <= lsn:
            _, size, callback = waiting.popleft()
            self.backlog_bytes -= size
            if callback is not None:
                callback()
        for peer in self._peers:
            if not peer.voter and peer.barrier is not None:
                self._consider_learner(peer)
            peer.push()
        self._shrink()

    def _consider_learner(self, peer: Peer) -> None:
        if self._alone is not None and peer.name not in self._alone.companions:
            return
        if peer.barrier is None:
            peer.barrier = self.append(LEASE, self.last_commit_ts, self.last_commit_ts, self.last_epoch_end)
        elif self.committed_lsn >= peer.barrier <= peer.durable:
            peer.promote(self.epoch, partial(self.advanced, peer))

    def source_for(self, lsn: Lsn, but: Peer) -> Peer | None:
        """Another replica that has record `lsn`."""
        others = [peer for peer in self._peers if peer is not but and peer.durable >= lsn]
        return max(others, key=lambda peer: peer.durable) if others else None

    @property
    def has_begun(self) -> bool:
        """A record of this epoch has been committed."""
        return self.committed_lsn >= self._begin_lsn > 0

    # -- the end -------------------------------------------------------------------------------------------------------

    def deposed_by(self, why: str) -> None:
        if not self.stopped:
            self.stop()
            self._on_deposed(why)

    def stop(self) -> None:
        """Commit nothing any more."""
        self.stopped = True
        if self._begun is not None:
            _settle(self._begun)
        for peer in self._peers:
            peer.stop()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _decides(call: asyncio.Future[Any]) -> bool:
    """A voter has answered a Seal, or somebody has promised another writer more."""
    if not call.done():
        return False
    error = call.exception()
    return call.result().voter if error is None else isinstance(getattr(error, "refusal", None), Outbid)
