"""The claims' witness: holds what anybody says of a journal's committed records, in whatever message, against what a
majority of its replicas has acknowledged.

    I1   a `committed_lsn`, in an Append, an answer to a Seal or anything else, is a record that a majority has
         acknowledged, under a writer one of whose own records it has
    I9   records that a crossbar is given are those that the writer which committed them has sent
    I4   a subscription that begins after a commit time skips no committed record above that time, and none whose
         number lies below; what it says of the record before its
         first (`previous_epoch`) is so
    I4   ... and one that begins at a number begins there

The majority's log is made of Appends and their answers alone: a record is committed once a majority has answered an
Append of one writer up to it or beyond, and up to that writer's first
record of its own (Raft, section 5.4.2). A replica that loses its disk later takes nothing of that back.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from actors.common.messages import Append, Appended, JournalRecords, Subscribed, SubscribeJournal
from actors.common.messages.base import Message
from actors.journal.record import decode_header
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World
from cluster.regions import majority_of


@dataclass
class _Writer:
    """One epoch of one journal. `stored`: by replica, up to which record it has answered."""

    majority: int
    first_lsn: int = 0
    """Of its own records."""
    records: dict[int, bytes] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)

    @property
    def committed_lsn(self) -> int:
        stored = sorted(self.stored.values(), reverse=True)
        lsn = stored[self.majority - 1] if len(stored) >= self.majority else 0
        return lsn if 0 < self.first_lsn <= lsn else 0


@dataclass
class _Journal:
    """`records`: numbers of committed records, ascending, with their epochs and commit times, as far as the writer
    that committed them has sent them."""

    committed_lsn: int = 0
    writers: dict[int, _Writer] = field(default_factory=dict)
    known: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)
    """Number -> (epoch, commit time, record)."""
    numbers: list[int] = field(default_factory=list)


CLAIMS = frozenset(kind for kind in Message.__subclasses__() if "committed_lsn" in kind.__struct_fields__)
"""Whatever claims anything."""


class ClaimWitness:
    """An Observer (runtime/simulation/network.py)."""

    looks_at: Kinds | None = CLAIMS | {Append, JournalRecords, SubscribeJournal}

    def __init__(self, world: World) -> None:
        self._world = world
        self._majority = majority_of(world.settings)
        self._journals: dict[str, _Journal] = {}
        self.claims = 0

    def wiped(self, role: str) -> None:
        """What was committed stays committed."""

    def rotten(self, role: str) -> None:
        """Likewise."""

    def _journal(self, role: str) -> _Journal:
        return self._journals.setdefault(role.split("/")[1], _Journal())

    # -- messages ------------------------------------------------------------------------------------------------------

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        if isinstance(message, JournalRecords):
            self._records(sender, message)
            return
        if isinstance(message, Append):
            self._sent(destination, message)
        self._claim(destination if destination.startswith("journal/") else sender, sender, message)

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        if isinstance(request, Append) and isinstance(answer, Appended):
            self._stored(role, request, answer)
        elif isinstance(request, SubscribeJournal) and isinstance(answer, Subscribed):
            self._subscribed(role, request, answer)
        self._claim(role, role, answer)

    # -- the majority's log --------------------------------------------------------------------------------------------

    def _sent(self, replica: str, message: Append) -> None:
        writer = self._journal(replica).writers.setdefault(message.epoch, _Writer(self._majority))
        for lsn, record in enumerate(message.records, message.previous_lsn + 1):
            if lsn not in writer.records:
                writer.records[lsn] = record
                if not writer.first_lsn and decode_header(record).epoch == message.epoch:
                    writer.first_lsn = lsn

    def _stored(self, replica: str, request: Append, answer: Appended) -> None:
        journal = self._journal(replica)
        writer = journal.writers.setdefault(request.epoch, _Writer(self._majority))
        if answer.conflict or answer.epoch != request.epoch:
            return
        writer.stored[replica] = max(
            writer.stored.get(replica, 0), min(answer.durable_lsn, request.previous_lsn + len(request.records))
        )
        committed_lsn = writer.committed_lsn
        if committed_lsn > journal.committed_lsn:
            self._commit(journal, writer, committed_lsn)

    def _commit(self, journal: _Journal, writer: _Writer, committed_lsn: int) -> None:
        for lsn in range(journal.committed_lsn + 1, committed_lsn + 1):
            record = writer.records.get(lsn)
            if record is not None:
                header = decode_header(record)
                journal.known[lsn] = header.epoch, header.commit_ts, record
                journal.numbers.append(lsn)
        journal.committed_lsn = committed_lsn

    # -- claims --------------------------------------------------------------------------------------------------------

    def _claim(self, of: str, sender: str, message: Message) -> None:
        claimed = getattr(message, "committed_lsn", None)
        if claimed and of.startswith("journal/"):
            self.claims += 1
            journal = self._journal(of)
            if claimed > journal.committed_lsn:
                self._world.violated(
                    "I1", f"{sender} says that {claimed} is committed, a majority has {journal.committed_lsn}"
                )

    def _records(self, replica: str, message: JournalRecords) -> None:
        journal = self._journal(replica)
        last = message.first_lsn + len(message.records) - 1
        if last > journal.committed_lsn:
            self._world.violated("I1", f"{replica} gives out record {last}, a majority has {journal.committed_lsn}")
        for lsn, record in enumerate(message.records, message.first_lsn):
            known = journal.known.get(lsn)
            if not (known is None or known[2] == record):
                self._world.violated("I9", f"{replica} gives out another record {lsn} than was committed")

    def _subscribed(self, replica: str, request: SubscribeJournal, answer: Subscribed) -> None:
        self.claims += 1
        journal = self._journal(replica)
        first = answer.first_lsn
        if first > journal.committed_lsn + 1:
            self._world.violated("I4", f"{replica} begins a stream at {first}, a majority has {journal.committed_lsn}")
        if request.from_lsn and first != request.from_lsn:
            self._world.violated("I4", f"{replica} begins a stream at {first}, asked for was {request.from_lsn}")
        place = bisect_left(journal.numbers, first)
        if not place:
            return
        before = journal.numbers[place - 1]
        epoch, commit_ts, _ = journal.known[before]
        if not request.from_lsn and commit_ts > request.after_ts:
            self._world.violated(
                "I4",
                f"{replica} begins a stream after {request.after_ts} at {first} and skips record {before} of "
                f"{commit_ts}",
            )
        # A feed that resumes does not look at the epoch: the replica's own record there may be of a tail that is to be
        # cut.
        if before == first - 1 and answer.previous_epoch and not request.from_lsn and epoch != answer.previous_epoch:
            self._world.violated("I4", f"{replica}: record {before} is of epoch {epoch}, not {answer.previous_epoch}")
