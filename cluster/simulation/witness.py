"""The witness: sees every message of a simulated cluster and what is on its disks, and holds the protocol's invariants
against them while it runs.

It trusts no role's account of itself. What a client or another role was told is evidence; what is on the simulated
platters, synced, is the truth.

    at once (the run ends)   I1   a commit that is acknowledged is on the synced part of two of its journal's disks
                             I1   a journal replica that acknowledges a record has it on its disk, synced
                             I6   no adjudicator promises or offers a time beyond the end that a majority of its journal
                                  has
                             I7   a journal replica that votes takes nothing of a lower epoch after it has sealed for a
                                  higher one
                             I11  nobody is told of a commit before its time (where clocks are honest)
                             I12  nobody asks a journal to trim what some storage replica has not checkpointed on its
                                  disk
                             the crossbar delivers in order, nothing at or below a watermark that it has given, each
                             record whole and once
                             two readers of a journal get the same committed records
    kept for the end         reads, promises, what every commit and every participant was told: verdict.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec

from actors.common import small_write_set
from actors.common.errors import DatabaseError
from actors.common.messages import (
    Append,
    Appended,
    AskCommit,
    AskOutcome,
    AskPromise,
    Commit,
    Committed,
    Decided,
    Deliver,
    Get,
    Got,
    JournalRecords,
    OutcomeIs,
    Part,
    Prepare,
    Prepared,
    Promised,
    PromisedAhead,
    Scan,
    Scanned,
    Seal,
    Sealed,
    Settle,
    Stage,
    StreamAck,
    SubscribeRange,
    Trim,
)
from actors.common.messages.base import Failure, Message
from actors.common.refusals import NotCommitted
from actors.journal.record import COMMIT, RecordHeader, decode_header, is_intact
from actors.runtime.simulation.disk import DiskImage, FileImage, SimulatedDisk
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World
from actors.storage import manifest
from cluster.keeping import JOURNAL as STATE_JOURNAL
from cluster.regions import majority_of

LATELY_S = 12.0
"""A disk that was lost no longer ago may have been one of the two that a commit on its way to its client was on:
whoever is to tell him may be stalled meanwhile."""
REFUSALS = ("40001", "55000", "53100")
READS_MAX = 50_000
"""Reads kept for the end of a run; later ones are not checked one by one."""


@dataclass
class Told:
    """One transaction as the adjudicators were asked for it, and what they answered."""

    start_ts: int
    checked: set[bytes]
    catalog_ts: int = 0
    exclusive: tuple[int, ...] = ()
    commit_ts: int = 0
    refused: bool = False
    """The first answer was a refusal: whatever comes later, and however often the request is repeated, it is not
    committed."""
    answers: int = 0


@dataclass
class Read:
    """An answer of a storage replica; of a scan no keys, which are compared at the end."""

    role: str
    at: int
    keys: list[bytes]
    values: list[bytes | None]
    catalog_ts: int


@dataclass
class _Stream:
    """What one crossbar stream has delivered to one storage replica. Messages may be repeated or overtake each other:
    `number` tells."""

    watermark: int = 0
    number: int = 0
    pieces: dict[tuple[int, bytes], int] = field(default_factory=dict)
    """Staged, of each large transaction (journal, name)."""


@dataclass
class Evidence:
    """What verdict.py judges. `records`: by journal and number, the committed records' bytes."""

    told: dict[bytes, Told] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    promises: list[tuple[int, Promised]] = field(default_factory=list)
    records: dict[int, dict[int, bytes]] = field(default_factory=dict)
    outcomes: list[tuple[str, bytes, int]] = field(default_factory=list)
    """What a coordinator has told: its name, the attempt's name, commit time (0: aborted)."""
    offers: dict[tuple[int, bytes], int] = field(default_factory=dict)
    """Participant's journal and attempt's name -> the last of its epochs that has offered times for it."""

    def headers(self, journal: int) -> Iterator[RecordHeader]:
        """In the order of the journal."""
        records = self.records.get(journal, {})
        return (decode_header(records[lsn]) for lsn in sorted(records))


class Witness:
    """An Observer (runtime/simulation/network.py). `world.violated` is how it ends a run."""

    looks_at: Kinds | None = frozenset(
        [
            *(Append, AskCommit, AskOutcome, AskPromise, Commit, Decided, Deliver, Get, JournalRecords),
            *(Part, Prepare, PromisedAhead, Scan, Seal, Settle, Stage, StreamAck, SubscribeRange, Trim),
        ]
    )

    def __init__(self, world: World, owns: Callable[[str], bool] = lambda replica: True) -> None:
        """`owns`: whether a storage replica's shard owns any keys, so that what it lacks is nobody else's."""
        self.evidence = Evidence()
        self._owns = owns
        self._world = world
        self._honest = world.faults.clock_honest
        self._majority = majority_of(world.settings)
        self._images: dict[str, DiskImage] = {
            name: image for process in world.processes.values() for name, image in process.disks.items()
        }
        world.on_disk.append(lambda image: self._images.update({image.name: image}))
        self._sealed: dict[str, Sealed] = {}
        self._streams: dict[tuple[str, int], _Stream] = {}
        self._checked: dict[bytes, set[bytes]] = {}
        """Of transactions of which only parts have come."""
        self._checkpoints: dict[str, int] = {}
        self._manifests: dict[str, tuple[FileImage | None, int]] = {}
        """By storage replica: its manifest's file (another one whenever it is written), and the checkpoint in it."""
        self._ends: dict[str, dict[str, int]] = {}
        """Journal replica -> the latest end of an epoch that it has acknowledged."""
        self._settled: set[tuple[str, bytes]] = set()
        """(participant, attempt) whose outcome the participant has acknowledged: it takes no notice of what its last
        questions are answered, and the coordinator may have forgotten."""
        self._lost_at: dict[str, float] = {}
        self._rotten: set[str] = set()
        """Disks with a flipped bit, which may be in the very record that is looked for."""
        self._subscribed: dict[str, int] = {}
        """Storage replica -> the stream that the crossbar was last asked for. It takes no checkpoint from an older one:
        the replica may have been filled, from a peer that had less, since it claimed that checkpoint."""
        self._unfilled: set[str] = set()
        """Storage replicas whose disk was lost or has rotted, until they claim a checkpoint of what they have now."""

    def rotten(self, role: str) -> None:
        self._rotten.add(role)
        self._unfilled.add(role)
        self._manifests.pop(role, None)

    def wiped(self, role: str) -> None:
        self._lost_at[role] = self._world.loop.time()
        self._sealed.pop(role, None)
        self._unfilled.add(role)

    # -- messages ------------------------------------------------------------------------------------------------------

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        match message:
            case Commit():
                told = self.evidence.told.setdefault(
                    message.transaction, Told(message.start_ts, set(), message.catalog_ts, tuple(message.exclusive))
                )
                told.checked.update(message.checked, self._checked.pop(message.transaction, ()))
            case Part() if message.checked:
                self._checked.setdefault(message.transaction, set()).update(message.checked)
            case Decided():
                self.evidence.outcomes.append((sender, message.transaction, message.commit_ts))
            case PromisedAhead(journal, epoch, promise, after_lsn, set_version):
                self.evidence.promises.append((journal, Promised(epoch, promise, after_lsn, set_version)))
                self._within_the_lease(sender, promise, "promises")
            case JournalRecords():
                self._read_journal(sender, message)
            case Stage():
                self._staged_at_storage(destination, message)
            case Deliver():
                self._delivered_to_storage(destination, message)
            case SubscribeRange():
                self._subscribed[sender] = message.stream
            case StreamAck() if message.checkpoint_ts and message.stream == self._subscribed.get(sender):
                self._claim_checkpoint(sender, message.checkpoint_ts)
            case Trim() if not destination.startswith(
                f"journal/{STATE_JOURNAL}/"
            ):  # storage takes nothing from that one
                self._trim(destination, message.below_ts)
            case Settle():
                self._trim(destination, message.below_ts)

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        match request:
            case Commit():
                self._answered_commit(role, request, answer)
            case Decided():
                self._settled.add((role, request.transaction))
            case AskOutcome() if isinstance(answer, OutcomeIs) and answer.state in ("committed", "aborted"):
                if (requester, request.transaction) not in self._settled:
                    self.evidence.outcomes.append((role, request.transaction, answer.commit_ts))
            case AskCommit() if isinstance(answer, Committed):
                self.evidence.outcomes.append((role, request.transaction, answer.commit_ts))
            case AskCommit() if isinstance(answer, Failure) and _refuses(answer):
                self.evidence.outcomes.append((role, request.transaction, 0))
            case Append() if isinstance(answer, Appended):
                self._appended(role, request, answer)
            case Seal() if isinstance(answer, Sealed):
                self._sealed[role] = answer
            case AskPromise() if isinstance(answer, Promised):
                journal = role.split("/")[1]  # of an adjudicator, or of the journal replica that has passed it on
                self.evidence.promises.append((int(journal), answer))
                self._within_the_lease(f"adjudicator/{journal}", answer.promise, "promises")
            case Prepare() if isinstance(answer, Prepared):
                self._within_the_lease(role, answer.epoch_end, "offers")
                offer = int(role.rpartition("/")[2]), request.transaction
                self.evidence.offers[offer] = max(answer.epoch, self.evidence.offers.get(offer, 0))
            case Get(keys=[]):
                pass  # it asks how far the replica is: below the horizon, too, where that knows no catalog any more
            case Get() if isinstance(answer, Got) and len(self.evidence.reads) < READS_MAX:
                self.evidence.reads.append(Read(role, request.at, request.keys, answer.values, answer.catalog_ts))
            case Scan() if isinstance(answer, Scanned) and len(self.evidence.reads) < READS_MAX:
                self.evidence.reads.append(Read(role, request.at, [], [], answer.catalog_ts))

    # -- commits -------------------------------------------------------------------------------------------------------

    def _answered_commit(self, role: str, request: Commit, answer: Message) -> None:
        told = self.evidence.told[request.transaction]
        told.answers += 1
        if isinstance(answer, Failure):
            if told.answers == 1:
                told.refused = _refuses(answer)
        elif isinstance(answer, Committed):
            name = request.transaction.hex()
            if told.commit_ts not in (0, answer.commit_ts):
                self._world.violated("I2", f"{name} committed at {told.commit_ts} and {answer.commit_ts}")
            told.commit_ts = answer.commit_ts
            copies = self._copies(role.rpartition("/")[2], answer.commit_ts)
            if copies < self._majority:
                self._world.violated("I1", f"{role} acknowledged {name}, which is on {copies} disks")
            if self._honest:
                now = self._world.clock.true_us()
                if answer.commit_ts > now:
                    self._world.violated("I11", f"told at {now} of a commit at {answer.commit_ts}")

    def _copies(self, journal: str, commit_ts: int) -> int:
        """On how many synced disks of a journal the COMMIT record of this time is: its parts stand before it."""
        times = msgspec.msgpack.encode(commit_ts)
        kind_and_times = msgspec.msgpack.encode(COMMIT) + times + times
        return sum(
            name in self._rotten
            or self._world.loop.time() - self._lost_at.get(name, -LATELY_S) < LATELY_S
            or any(
                file.durable.rfind(kind_and_times) >= 0
                for path, file in sorted(image.files.items(), reverse=True)
                if path.startswith("log/")
            )
            for name, image in self._images.items()
            if name.startswith(f"journal/{journal}/")
        )

    def _within_the_lease(self, adjudicator: str, time: int, doing: str) -> None:
        """I6: an epoch's end is used only when a majority has it."""
        journal = adjudicator.rpartition("/")[2]
        ends = sorted(self._ends.get(journal, {}).values())
        if not (len(ends) >= self._majority and time <= ends[-self._majority]):
            self._world.violated("I6", f"{adjudicator} {doing} {time}, and a majority has its epoch's ends {ends}")

    # -- journals ------------------------------------------------------------------------------------------------------

    def _appended(self, role: str, request: Append, answer: Appended) -> None:
        if answer.conflict or not request.records or self._images[role].is_given_up:
            return
        sealed = self._sealed.get(role)
        last = decode_header(request.records[-1])
        if answer.durable_lsn < last.lsn or answer.first_lsn > last.lsn:
            return  # the latter: it has been trimmed since, as a repeated Append's answer may find
        # What a learner takes counts for nothing: it may have lost its promise with its disk, and be filled by the
        # writer that it was promised against.
        fenced = (
            answer.voter and sealed is not None and request.epoch < sealed.promised_epoch and last.lsn > sealed.tail_lsn
        )
        if fenced:
            self._world.violated("I7", f"{role} took record {last.lsn} of epoch {request.epoch} after {sealed}")
        ends = self._ends.setdefault(role.split("/")[1], {})
        ends[role] = max(ends.get(role, 0), last.epoch_end)
        record = request.records[-1]
        files = self._images[role].files
        on_disk = role in self._rotten or any(
            file.durable.rfind(record) >= 0
            for path, file in sorted(files.items(), reverse=True)
            if path.startswith("log/")
        )
        if not on_disk:
            self._world.violated("I1", f"{role} acknowledged record {last.lsn}, which is not on its disk")

    def _read_journal(self, replica: str, message: JournalRecords) -> None:
        known = self.evidence.records.setdefault(int(replica.split("/")[1]), {})
        for lsn, record in enumerate(message.records, message.first_lsn):
            if known.setdefault(lsn, record) != record:
                self._world.violated("I7", f"{replica}: record {lsn} is not what was committed before")
            if not is_intact(record):
                self._world.violated("checksum", f"{replica}: record {lsn} is damaged and was passed on")

    def _trim(self, role: str, below_ts: int) -> None:
        lacking = self.unstored(below_ts)
        if lacking is not None:
            self._world.violated(
                "I12", f"{role} may trim below {below_ts}, {lacking[0]} has checkpointed up to {lacking[1]}"
            )

    def unstored(self, at: int) -> tuple[str, int] | None:
        """A storage replica that has not checkpointed all up to `at`, and its checkpoint."""
        for name, image in self._images.items():
            if name.startswith("storage/") and name not in self._unfilled and self._owns(name):
                checkpoint = self._checkpoint_on_disk(name, image)
                # One more that serves reads begins with what its peers have, whatever the journals hold.
                is_new_reader = not checkpoint and name[-1].isdigit()
                if checkpoint < at and not is_new_reader:
                    return name, checkpoint
        return None

    def checkpointed(self) -> int:
        """The least that a storage replica of the cluster has checkpointed; 0 where one has not."""
        names = [name for name in self._images if name.startswith("storage/") and self._owns(name)]
        return min((self._checkpoint_on_disk(name, self._images[name]) for name in names), default=0)

    # -- storage -------------------------------------------------------------------------------------------------------

    def _staged_at_storage(self, replica: str, message: Stage) -> None:
        stream = self._streams.setdefault((replica, message.stream), _Stream())
        if message.number != stream.number + 1:
            return  # repeated, or after one that was lost: not taken
        key = (message.journal, message.transaction)
        if message.first > stream.pieces.get(key, 0):
            return  # of a crossbar that has begun the stream anew: not taken either
        stream.number = message.number
        if message.is_void:
            stream.pieces.pop(key, None)
            return
        stream.pieces[key] = max(stream.pieces.get(key, 0), message.first + len(message.pieces))
        for payload in message.pieces:
            assert small_write_set.columns(payload)[0]

    def _delivered_to_storage(self, replica: str, message: Deliver) -> None:
        stream = self._streams.setdefault((replica, message.stream), _Stream())
        if message.number != stream.number + 1:
            return  # repeated, or after one that was lost: not taken
        if stream.number and message.after_ts > stream.watermark:
            return  # of a crossbar that has begun the stream anew: not taken either
        known = max(stream.watermark, message.after_ts)
        for commit_ts, journal, transaction, pieces in message.staged:
            if stream.pieces.get((journal, transaction), 0) != pieces and commit_ts > stream.watermark:
                return  # likewise
        stream.number = message.number
        for _, journal, transaction, _ in message.staged:
            stream.pieces.pop((journal, transaction), None)
        for payload in message.write_sets:
            assert small_write_set.columns(payload)[0]
        times = sorted([*message.commit_ts, *(commit_ts for commit_ts, _, _, _ in message.staged)])
        if message.commit_ts != sorted(message.commit_ts):
            self._world.violated("order", f"{replica} was given {message.commit_ts}")
        if message.staged != sorted(message.staged, key=itemgetter(0)):
            self._world.violated("order", f"{replica} was given {message.staged}")
        if times:
            if times[0] <= known:
                self._world.violated("I5", f"{replica} was given {times[0]} after the watermark {known}")
            if times[-1] > message.watermark:
                self._world.violated("order", f"{replica} was given {times[-1]} with the watermark {message.watermark}")
        if message.watermark < stream.watermark:
            self._world.violated("order", f"{replica}: the watermark went back")
        stream.watermark = message.watermark

    def _claim_checkpoint(self, replica: str, checkpoint_ts: int) -> None:
        found = self._checkpoint_on_disk(replica, self._images[replica])
        if not self._owns(replica) or self._images[replica].is_given_up:
            return  # it has left the cluster, and its disk has been cleared since
        if replica in self._unfilled:
            if found == checkpoint_ts:  # else it was said before the loss, perhaps
                self._unfilled.remove(replica)
        elif self._checkpoints.get(replica, 0) < checkpoint_ts and found < checkpoint_ts:
            self._world.violated("I12", f"{replica} says it has checkpointed {checkpoint_ts}, on its disk is {found}")
        self._checkpoints[replica] = max(self._checkpoints.get(replica, 0), checkpoint_ts)

    def _checkpoint_on_disk(self, replica: str, image: DiskImage) -> int:
        """0 where nothing is, or nothing that can be read."""
        file = image.files.get(manifest.PATH)
        known = self._manifests.get(replica)
        if known is not None and known[0] is file:
            return known[1]
        try:
            watermark = manifest.load(SimulatedDisk(image, Owner("witness"))).watermark
        except DatabaseError:
            watermark = 0
        self._manifests[replica] = (file, watermark)
        return watermark


def _refuses(answer: Failure) -> bool:
    """A Commit, for certain."""
    return answer.sqlstate in REFUSALS or isinstance(answer.refusal, NotCommitted)
