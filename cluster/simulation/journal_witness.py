"""The journals' witness: holds what a journal replica says about itself against what would be left of its disk if the
power failed that moment.

`SyncedLog` opens the synced bytes alone, as the next start would. Whenever a replica answers a Seal, a Promote or a
Reset, removes a segment, has been started, and at the end:

    I7   an epoch is promised on disk before the promise is told, and each promise is above the one before
    I7   the writer of an epoch has one record of each number, whichever replica it sends it to
    I1   the log on the disk is whole: no power failure is taken for damage, or for a gap
    I9   who votes holds every record that it has acknowledged; nobody votes whom the disk calls a learner
    I12  what has been trimmed is told truly: the epoch and the time of the record before the first, and none was
         trimmed that no Trim or Settle named

    I12  no replica's log has begun between a large transaction's parts and the COMMIT that counts them
    at the end           every replica's log, on its disk and as it answers a Fetch, holds the committed records, the
                         same bytes
"""

from __future__ import annotations

import asyncio
from functools import partial

from actors.common.errors import DatabaseError
from actors.common.messages import Append, Appended, Done, Fetch, Fetched, Promote, Reset, Seal, Sealed, Settle, Trim
from actors.common.messages.base import Message
from actors.common.refusals import Trimmed
from actors.journal.log import JournalLog
from actors.journal.record import COMMIT, PART, decode_header
from actors.runtime.simulation.disk import DiskImage
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World
from cluster.simulation.synced import Scans, SyncedLog
from cluster.simulation.witness import Evidence

EQUAL_S_MAX = 60.0
"""Virtual; when all faults are healed, the replicas of a journal hold the same records within this."""
FETCH_BYTES = 1 << 20


class JournalWitness:
    """An Observer (runtime/simulation/network.py). `evidence`: the committed records, by journal and number."""

    looks_at: Kinds | None = frozenset([Append, Promote, Reset, Seal, Settle, Trim])

    def __init__(self, world: World, evidence: Evidence) -> None:
        self._world = world
        self._evidence = evidence
        self._images: dict[str, DiskImage] = {}
        self._acknowledged: dict[str, tuple[int, int]] = {}
        """By replica: epoch and number of the last record that it said is on its disk."""
        self._cuts: dict[str, tuple[int, int]] = {}
        """By replica: the highest epoch that wrote to it, and the last number before that."""
        self._promised: dict[str, int] = {}
        self._beginnings: dict[tuple[str, int], str] = {}
        """(journal, number of the first record kept) -> a replica whose log has begun there."""
        self._trims: dict[str, int] = {}
        """By journal: the latest time below which anybody was told to trim."""
        self._written: dict[tuple[str, int], dict[int, bytes]] = {}
        """By journal and writer's epoch: the records that it has sent, also those of older epochs that it found."""
        self._rotten: set[str] = set()
        self._scans: dict[str, Scans] = {}
        for process in world.processes.values():
            for image in process.disks.values():
                self._watch(image)
        world.on_disk.append(self._watch)
        world.on_started.append(self._started)

    def _watch(self, image: DiskImage) -> None:
        if image.name.startswith("journal/"):
            self._images[image.name] = image
            self._scans[image.name] = {}
            image.on_removed = partial(self._removed, image.name)

    def wiped(self, role: str) -> None:
        self._promised.pop(role, None)

    def rotten(self, role: str) -> None:
        self._rotten.add(role)
        self._promised.pop(role, None)

    # -- messages ------------------------------------------------------------------------------------------------------

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        match message:
            case Trim() | Settle():
                journal = destination.split("/")[1]
                self._trims[journal] = max(self._trims.get(journal, 0), message.below_ts)
            case Append() if message.records:
                self._may_cut(destination, message.epoch, message.previous_lsn)
                written = self._written.setdefault((destination.split("/")[1], message.epoch), {})
                for lsn, record in enumerate(message.records, message.previous_lsn + 1):
                    same = written.setdefault(lsn, record) == record
                    if not same:
                        self._world.violated(
                            "I7",
                            f"{sender}, epoch {message.epoch}, has two records {lsn}, {destination} was "
                            f"given the second",
                        )
            case Reset():
                self._may_cut(destination, message.epoch, message.next_lsn - 1)

    def _may_cut(self, role: str, epoch: int, last: int) -> None:
        """A tail of an older epoch may have to go: a majority has another."""
        acknowledged = self._acknowledged.get(role, (0, 0))
        self._cuts[role] = max(self._cuts.get(role, (0, 0)), (epoch, last))
        if epoch > acknowledged[0] and last < acknowledged[1]:
            del self._acknowledged[role]

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        match request:
            case Append() if isinstance(answer, Appended) and not answer.conflict:
                self._appended(role, request, answer)
            case Seal() if isinstance(answer, Sealed):
                self._sealed(role, answer)
            case Promote() if isinstance(answer, Done):
                self._rotten.discard(role)  # what had rotted has been set aside, or lies where nobody reads
                self._look(role, request.epoch, voter=True)
            case Reset() if isinstance(answer, Appended):
                self._look(role, request.epoch)

    def _appended(self, role: str, request: Append, answer: Appended) -> None:
        last = request.previous_lsn + len(request.records)
        if answer.epoch != request.epoch:
            self._world.violated("I7", f"{role} answers an Append of epoch {request.epoch} as one of {answer.epoch}")
        if answer.durable_lsn > last:
            self._world.violated("I1", f"{role} says that it agrees up to {answer.durable_lsn}, and was told of {last}")
        if answer.durable_lsn == last:
            cut_epoch, cut_last = self._cuts.get(role, (0, 0))
            if request.epoch < cut_epoch and last > cut_last:
                return  # of a sync that was under way: what comes next, and is here already, cuts it
            epoch = decode_header(request.records[-1]).epoch if request.records else request.previous_epoch
            self._acknowledged[role] = max(self._acknowledged.get(role, (0, 0)), (epoch, last))
            files = self._images[role].files
            segments = {path: file for path, file in files.items() if path.startswith("log/")}
            newest = max(segments, default="")
            if any(file.unsynced or not file.entry_durable for path, file in segments.items() if path != newest):
                self._look(role, request.epoch)  # an acknowledgement is one of all records before, too

    def _sealed(self, role: str, answer: Sealed) -> None:
        before = self._promised.get(role, 0)
        if answer.promised_epoch <= before:
            self._world.violated("I7", f"{role} promises epoch {answer.promised_epoch} after {before}")
        self._promised[role] = answer.promised_epoch
        acknowledged = self._acknowledged.get(role, (0, 0))
        tail = (answer.tail_epoch, answer.tail_lsn)
        sound = not answer.voter or tail >= acknowledged or role in self._rotten
        if not sound:
            self._world.violated("I9", f"{role} votes with the tail {tail} and has acknowledged {acknowledged}")
        self._look(role, answer.promised_epoch, answer.voter)

    # -- disks ---------------------------------------------------------------------------------------------------------

    def _removed(self, role: str, path: str) -> None:
        if path.startswith("log/"):
            self._look(role, 0)

    def _started(self, process: str) -> None:
        for spec in self._world.processes[process].specs:
            if spec.name in self._images:
                self._look(spec.name, self._promised.get(spec.name, 0))

    def _look(self, role: str, epoch: int, voter: bool = False) -> JournalLog | None:
        """What a start after a power failure would find. None where the disk has rotted, or has been cleared since its
        journal is retired."""
        if role in self._rotten or self._images[role].is_given_up:
            return None
        try:
            log = SyncedLog(self._images[role], self._scans[role])
        except DatabaseError as error:
            self._world.violated("I1", f"{role} would take a power failure for damage: {error.message}")
            return None
        promise = log.promise
        if promise.epoch < epoch:
            self._world.violated("I7", f"{role} has promised epoch {epoch}, on its disk is {promise}")
        if not (promise.voter or not voter):
            self._world.violated("I9", f"{role} votes, on its disk is {promise}")
        held = (log.last_epoch, log.last_lsn)
        acknowledged = self._acknowledged.get(role, (0, 0))
        if not (not promise.voter or held >= acknowledged):
            self._world.violated("I9", f"{role} has acknowledged {acknowledged}, its disk ends at {held}")
        if log.first_lsn > promise.first_lsn:
            self._world.violated(
                "I1", f"{role} lacks records from {promise.first_lsn} on: its log begins at {log.first_lsn}"
            )
        journal = role.split("/")[1]
        self._beginnings.setdefault((journal, promise.first_lsn), role)
        last_trimmed = self._evidence.records.get(int(journal), {}).get(promise.first_lsn - 1)
        if last_trimmed is not None:
            header = decode_header(last_trimmed)
            if header.commit_ts > self._trims.get(journal, 0):
                self._world.violated("I12", f"{role} has trimmed {header}, nobody said so")
            if header.commit_ts > promise.trimmed_ts:
                self._world.violated("I12", f"{role} has trimmed {header} and says {promise}")
            if header.epoch != promise.previous_epoch:
                self._world.violated("I12", f"{role} has trimmed {header} and says {promise}")
        return log

    # -- the end -------------------------------------------------------------------------------------------------------

    async def await_equal(self) -> None:
        """Until every replica holds all that is committed, on its disk and in its answers. Raises AssertionError."""
        end = self._world.loop.time() + EQUAL_S_MAX
        for role in sorted(self._images):
            while self._world.process_of(role) is not None and (lacking := await self._lacking(role)) is not None:
                assert self._world.loop.time() < end, f"no progress: {lacking}"
                await asyncio.sleep(0.5)
        self._check_beginnings()

    def _check_beginnings(self) -> None:
        """A reader that begins at such a place meets a COMMIT with too few parts; most runs end before anybody does."""
        first_parts: dict[tuple[int, bytes], int] = {}
        for journal, records in self._evidence.records.items():
            for lsn in sorted(records):
                header = decode_header(records[lsn])
                if header.kind == PART:
                    first_parts.setdefault((journal, header.group), lsn)
                elif header.kind == COMMIT and (first := first_parts.get((journal, header.group))) is not None:
                    self._check_whole(journal, first, lsn)

    def _check_whole(self, journal: int, first: int, last: int) -> None:
        for (name, begins_at), role in self._beginnings.items():
            if int(name) == journal and first < begins_at <= last:
                self._world.violated(
                    "I12", f"{role} has begun at record {begins_at}, between the parts of a commit, {first} to {last}"
                )

    async def _lacking(self, role: str) -> str | None:
        committed = self._evidence.records.get(int(role.split("/")[1]), {})
        last = max(committed, default=0)
        try:
            answered = await self._fetch_all(role)
        except DatabaseError as error:
            return f"{role}: {error.message}"
        log = self._look(role, 0)
        kept = (
            {decode_header(record).lsn: record for record in log.read(log.first_lsn, 1 << 40, log.last_lsn)}
            if log is not None
            else answered
        )
        for where, records in (("answers with", answered), ("has on its disk", kept)):
            if max(records, default=0) < last:
                return f"{role} {where} records up to {max(records, default=0)} of {last}"
            for lsn, record in records.items():
                if committed.get(lsn, record) != record:
                    return f"{role} {where} {decode_header(record)} for {decode_header(committed[lsn])}"
        return None

    async def _fetch_all(self, role: str) -> dict[int, bytes]:
        records: dict[int, bytes] = {}
        lsn = 1
        while True:
            try:
                answer = await self._world.bus.ask("verdict", role, Fetch(lsn, FETCH_BYTES), timeout_s=8)
            except DatabaseError as error:
                if not isinstance(error.refusal, Trimmed) or records:
                    raise
                lsn = error.refusal.first_lsn
                continue
            assert isinstance(answer, Fetched)
            if not answer.records:
                return records
            records.update(enumerate(answer.records, lsn))
            lsn += len(answer.records)
