"""Query processor -> adjudicator, and adjudicator <-> adjudicator: the commit protocol (design, section 3)."""

from __future__ import annotations

from actors.common.messages.base import Message


class Commit(Message, frozen=True):
    """QP -> coordinator (an adjudicator that owns one of the keys). Answer: Committed, or a Failure.

    `write_set`: write_set.py; empty where the transaction only checked keys. `checked`: keys that are checked and not
    written (FOR UPDATE rows, absent unique keys). `catalog_ts`: a time at which the QP's catalog is known to have been
    current. `schema_changes`: ids of the tables whose schema this transaction creates, changes or drops (then every
    adjudicator is a participant); `exclusive`: ids of tables that nobody may have written since start_ts (index
    backfill, table rewrite). Failures: 40001 OC000 / OC001 (certainly not committed), 08006 (certainly not committed),
    08007 (unknown), 55000 Redirected (not committed; the map moved), 55000 "catalog must be revalidated at N" in
    `detail` as digits (not committed; validate and send again).
    """

    transaction: bytes
    """16 random bytes; names the transaction for ever."""
    start_ts: int
    catalog_ts: int
    write_set: bytes
    checked: list[bytes] = []
    schema_changes: list[int] = []
    exclusive: list[int] = []
    parts: int = 0
    """So many Parts precede: what they hold is written (and checked) too. `write_set` may then be empty."""
    checksum: int = 0
    """Of the Parts (write_set.checksum_of_parts)."""


class Part(Message, frozen=True):
    """QP -> coordinator: one bounded piece of a large transaction, ahead of its Commit (design, I2). Answer: Done once
    the piece is durable.

    A piece is nothing until the Commit that counts it: the coordinator drops the pieces of a transaction that is
    aborted, abandoned by DropParts, or silent. Pieces may arrive in any order, each more than once. Failures: as
    Commit's; the transaction is then certainly not committed.
    """

    transaction: bytes
    start_ts: int
    catalog_ts: int
    number: int
    """1, 2, 3 ..."""
    write_set: bytes
    """PUT and DELETE only; keys of different pieces do not interleave. Pieces that only check keys have none, and come
    last."""
    checked: list[bytes] = []


class DropParts(Message, frozen=True):
    """QP -> coordinator, one-way: no Commit will follow the Parts of this transaction."""

    transaction: bytes


class Committed(Message, frozen=True):
    commit_ts: int


class AskCommit(Message, frozen=True):
    """QP -> whoever leads the coordinator's journal, perhaps by way of a journal replica: what has become of this
    Commit, which has no answer and will not be sent again? One that has not come by now never counts. Answer:
    Committed; or a Failure: 08007 (not known), all others as the Commit's (certainly not committed)."""

    transaction: bytes
    start_ts: int


class AskOverwritten(Message, frozen=True):
    """QP -> adjudicator of its own process (Bus.answer_now): has somebody committed this key after start_ts? Answer:
    Overwritten; none where that is not known."""

    key: bytes
    start_ts: int


class Overwritten(Message, frozen=True):
    """Who began at that time and writes the key will be refused: 40001 OC000."""


class Prepare(Message, frozen=True):
    """Coordinator -> participant: check these keys and mark them pending. Answer: Prepared, or a Failure (then nothing
    is marked)."""

    transaction: bytes
    coordinator: int
    """The coordinator's adjudicator number; its journal has the outcome."""
    coordinator_epoch: int
    start_ts: int
    catalog_ts: int
    written: list[bytes]
    checked: list[bytes]
    schema_changes: list[int] = []
    exclusive: list[int] = []
    dropped: list[bytes] = []
    """Table ids (4 bytes, as keys begin) of which ranges are dropped: unwritten since start_ts, and every key counts as
    written."""
    coordinator_last: int = 0
    """The coordinator will commit above this: a participant whose clock is behind offers an interval that reaches
    it."""
    parts: int = 0
    """So many Gathers precede: their keys are the participant's share too."""
    map_version: int = 0
    """Of the map by which the coordinator knows who has a share in it."""


class Gather(Message, frozen=True):
    """Coordinator -> participant: the participant's share of one Part, ahead of the Prepare that counts it. Answer:
    Done, or a Failure."""

    transaction: bytes
    """The spanning name, as the Prepare's."""
    number: int
    """Of the Part."""
    start_ts: int
    catalog_ts: int
    written: list[bytes]
    checked: list[bytes]


class Prepared(Message, frozen=True):
    """commit_ts must lie in (lower_bound, epoch_end]."""

    epoch: int
    lower_bound: int
    epoch_end: int


class Decided(Message, frozen=True):
    """Coordinator -> participant: the outcome; commit_ts 0: aborted (one-way). Of a commit, Done acknowledges it: the
    participant need not ask. Only an adjudicator that leads in `epoch`, which prepared it, or in a later one may say
    so; any other fails (08006)."""

    transaction: bytes
    commit_ts: int
    epoch: int = 0


class AskOutcome(Message, frozen=True):
    """Participant -> whoever leads the coordinator's journal. Answer: OutcomeIs."""

    transaction: bytes
    coordinator_epoch: int


class OutcomeIs(Message, frozen=True):
    """state: "committed", "aborted", "undecided" (ask again), or "unknown" (its epoch's records are trimmed: take it
    for committed at the latest time offered)."""

    state: str
    commit_ts: int = 0


class AskPromise(Message, frozen=True):
    """Crossbar -> adjudicator: promise at least `at` (a read waits for it). Answer: Promised. `recorded`: a record of
    the journal is to say so, too (from storage, whose checkpoint goes to the object store once the journal's records
    there reach as far)."""

    at: int
    recorded: bool = False


class Promised(Message, frozen=True):
    """No commit at or below `promise` will come after record `after_lsn` of `epoch`; it counts once all up to there is
    known to be committed."""

    epoch: int
    promise: int
    after_lsn: int
    set_version: int = 0
    """Whoever counts it must know the set of journals of this version (common/journal_set.py)."""


class AskPromises(Message, frozen=True):
    """Crossbar -> adjudicator of another region, one-way: push promises, each as far ahead as commits are dated, for so
    many seconds from now on."""

    seconds: float


class PromisedAhead(Message, frozen=True):
    """Adjudicator -> crossbar that has asked for it, one-way: as Promised, of this journal."""

    journal: int
    epoch: int
    promise: int
    after_lsn: int
    set_version: int = 0
