"""Subscriptions: journal replica -> crossbar, crossbar -> storage replica. A stream is one-way messages with a number,
resumed on a gap.

The subscriber opens a stream under a fresh `stream` number; the publisher numbers its messages 1, 2, 3 ...; a
subscriber that sees a gap or silence opens a new one from where it stands. The numbers serve flow control and find a
gap early. That nothing is missing is seen from each message itself (`first_lsn`, `after_ts`): a network that repeats a
subscription may have a publisher, even a restarted one, count from 1 again. Flow control: the publisher stops when
`window_bytes` are unacknowledged; StreamAck frees them.
"""

from __future__ import annotations

from actors.common.messages.base import Message


class SubscribeJournal(Message, frozen=True):
    """Crossbar -> journal replica: send committed records from `from_lsn` on, or (from_lsn 0) the first with commit_ts
    > `after_ts`.

    Answer: Subscribed. Failure 58P01: the records wanted have been trimmed (`detail`: "<first lsn> <latest commit time
    that may be gone>"). With `after_ts`, records at or below it may come too, where the replica does not know yet that
    they are committed.
    """

    stream: int
    from_lsn: int
    after_ts: int
    window_bytes: int


class Subscribed(Message, frozen=True):
    """The stream begins at record `first_lsn` (which may not exist yet). `previous_epoch`: of the record before it."""

    first_lsn: int
    previous_epoch: int = 0


class JournalRecords(Message, frozen=True):
    """Journal replica -> crossbar: committed records, in order (journal/record.py), the first of them `first_lsn`."""

    stream: int
    number: int
    first_lsn: int
    records: list[bytes]


class SubscribeRange(Message, frozen=True):
    """Storage replica (or any consumer of a topic) -> crossbar: everything for `shard` committed after `after_ts`.
    Answer: Done. Failure 58P01: no journal has all of that any more."""

    stream: int
    shard: int
    after_ts: int
    window_bytes: int


class Stage(Message, frozen=True):
    """Crossbar -> storage: pieces of a large transaction, write sets of the shard's rows, before it is known whether
    the transaction commits. Nothing of them may be shown.

    Numbered along with the stream's Delivers. `journal` and `transaction` name the transaction, `first` counts the
    pieces that earlier messages brought. A subscriber that has not taken so many lacks something. `is_void`: the
    transaction will never commit, and its pieces are to be forgotten.
    """

    stream: int
    number: int
    journal: int
    transaction: bytes
    first: int
    pieces: list[bytes]
    is_void: bool = False


class Deliver(Message, frozen=True):
    """Crossbar -> storage: parts of transactions in ascending commit time, then the watermark that holds after them.

    It holds all that was committed for the shard after `after_ts`, up to `watermark`: a subscriber that stands below
    `after_ts` lacks something and may not take it. `commit_ts[i]` belongs to `write_sets[i]` (the rows of that
    transaction that fall to the shard). `staged`: large transactions that are committed herewith, as (commit time,
    journal, transaction, number of pieces); all of their pieces came by Stage before, and a subscriber that has not
    taken so many lacks something, too. `catalog_changes`: commit times of transactions among them, or of others', that
    changed the catalog (broadcast to every shard).
    """

    stream: int
    number: int
    after_ts: int
    commit_ts: list[int]
    write_sets: list[bytes]
    catalog_changes: list[int]
    watermark: int
    staged: list[tuple[int, int, bytes, int]] = []


class StreamAck(Message, frozen=True):
    """Subscriber -> publisher, one-way: all up to `number` is processed; `checkpoint_ts`: all up to there is on the
    subscriber's disk. A crossbar that does not know the stream answers StreamLost."""

    stream: int
    number: int
    checkpoint_ts: int = 0


class Stands(Message, frozen=True):
    """Crossbar -> the crossbars of other regions, one-way: storage replica `replica`, which subscribes at the sender,
    has all up to `checkpoint_ts` on its disk. `subscribes`: it has just subscribed from there, and may have lost what
    it had."""

    replica: str
    checkpoint_ts: int
    subscribes: bool = False


class DemandWatermark(Message, frozen=True):
    """Storage replica -> crossbar, one-way: a read waits for `at`; the answer is a Deliver whose watermark has reached
    it."""

    stream: int
    at: int


class StreamLost(Message, frozen=True):
    """One-way: the sender does not have this stream. From a crossbar to a subscriber: the crossbar has been restarted,
    subscribe again. From a crossbar to a journal replica: the crossbar has stopped reading the stream; drop it."""

    stream: int
