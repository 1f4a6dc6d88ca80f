"""Adjudicator (the journal's one writer) <-> journal replicas, and journal replica -> crossbar."""

from __future__ import annotations

from actors.common.messages.base import Message


class Seal(Message, frozen=True):
    """A would-be writer of `epoch` asks a replica to promise: no write of a lower epoch from now on. Answer: Sealed (or
    Failure 55000, outbid)."""

    epoch: int


class Sealed(Message, frozen=True):
    """`tail_epoch`, `tail_lsn`: of the last record on disk (0, 0: empty). `first_lsn`: of the first record not trimmed.
    `voter`: False for a learner."""

    tail_epoch: int
    tail_lsn: int
    first_lsn: int
    committed_lsn: int
    voter: bool
    promised_epoch: int
    before_first_epoch: int = 0
    """Epoch of the record before `first_lsn` (trimmed, or none)."""
    trimmed_ts: int = 0
    """No record below `first_lsn` has a later commit time."""
    lost: bool = False
    """It had records, and they were lost to damage: an empty log of this kind is no sign of a new journal."""
    life: int = 0
    """Of the replica: drawn anew at each start, as a disk may have been lost in between (I9)."""
    seat: int = 0
    """How many times the replica's zone had begun anew on another disk when this one was taken."""
    seats: dict[str, int] = {}
    """Replica -> the highest seat that a writer has told this one of, on disk. Missing: 0."""
    companions: tuple[str, ...] = ()
    """It decides alone until these vote, too (journal/recovering.py)."""


class Append(Message, frozen=True):
    """Writer -> replica: `records` follow record (`previous_lsn`, `previous_epoch`); empty: only `committed_lsn` is
    news.

    A record is the bytes of journal/record.py (header and write set), encoded once by the writer and stored as they
    are.
    """

    epoch: int
    previous_lsn: int
    previous_epoch: int
    records: list[bytes]
    committed_lsn: int
    seats: dict[str, int] = {}
    """Replica -> its seat, where that is not 0: on disk before the answer. A replica of a lower seat counts no more."""
    elsewhere_lsn: int = 0
    """Up to here the log is on the disks of so many other voters that with the receiver's own it is on a majority's: it
    need not wait to be told (docs/regions.md). 0: not told."""
    majority: int = 0
    """Of the journal's voters, where two are none and replicas tell each other what they have. 0: they do not."""


class AskKept(Message, frozen=True):
    """Journal replica -> another one of the journal, one-way: for so many seconds tell me what you have on disk."""

    seconds: float


class Kept(Message, frozen=True):
    """Journal replica -> another one, one-way: as a voter I have all up to `lsn` on disk, and it equals the log of the
    writer of `epoch`. What Appended tells the writer, from `seat`."""

    epoch: int
    lsn: int
    seat: int


class Appended(Message, frozen=True):
    """All up to `durable_lsn` is fsynced and equals the writer's log. `conflict`: the replica lacks the previous
    record; go back to `durable_lsn`."""

    epoch: int
    durable_lsn: int
    conflict: bool = False
    subscribed: bool = False
    """A crossbar reads here: it wants to hear of commits at once, not with the next records."""
    voter: bool = True
    """As its disk says. False: a learner; its copies do not count until the writer has promoted it."""
    first_lsn: int = 1
    """With `conflict`: the replica's first kept record."""
    low: bool = False
    """Its disk is full, but for what was kept in reserve."""
    life: int = 0
    seat: int = 0
    """See Sealed."""


class Fetch(Message, frozen=True):
    """Read committed or uncommitted records from `from_lsn` on (recovery, re-replication). Answer: Fetched."""

    from_lsn: int
    bytes_max: int


class Fetched(Message, frozen=True):
    records: list[bytes]
    end_lsn: int


class Trim(Message, frozen=True):
    """Storage has checkpointed every record up to commit time `below_ts`: a replica may drop whole segments below
    it."""

    below_ts: int


class Promote(Message, frozen=True):
    """Writer of `epoch` -> learner that has caught up (or an empty replica of a new journal): vote from now on. Answer:
    Done when durable.

    To one that decides alone: do so no longer, its companions vote (recovering.py).

    `life`: the one that has caught up, or that was found empty. In any other it is refused (55000): the disk may have
    been lost since.
    """

    epoch: int
    life: int


class Reset(Message, frozen=True):
    """Writer of `epoch` -> a replica whose missing records have been trimmed everywhere: forget all records, the next
    one is `next_lsn`. Answer: Appended."""

    epoch: int
    next_lsn: int
    previous_epoch: int
    trimmed_ts: int = 0
    """No record below `next_lsn` has a later commit time."""


class Watched(Message, frozen=True):
    """Replica -> writer, one-way: a crossbar has subscribed here; it wants to hear of commits at once."""

    epoch: int
    restarted: bool = False
    """Rather: the replica has been restarted, and has not heard from its writer yet."""
