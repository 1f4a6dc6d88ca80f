"""What the claims' witness lets pass and what it does not: an Append's `committed_lsn`, a stream's first record, each
just right and just wrong."""

from __future__ import annotations

import pytest

from actors.common.messages import Append, Appended, JournalRecords, Sealed, Subscribed, SubscribeJournal
from actors.journal.record import COMMIT, EPOCH_BEGIN, RecordHeader, encode_record
from cluster.simulation.claim_witness import ClaimWitness
from tests.sim.telling_world import TellingWorld, Told

A, B = "journal/1/a", "journal/1/b"
WRITER = "adjudicator/1"


def record(lsn: int, epoch: int = 1) -> bytes:
    kind = EPOCH_BEGIN if lsn == 1 else COMMIT
    return encode_record(RecordHeader(lsn, epoch, kind, 100 * lsn, 100 * lsn, 10_000, bytes(16)), b"")


class Journal:
    """A witness, and what it is shown."""

    def __init__(self) -> None:
        self.world = TellingWorld(1)
        self.witness = ClaimWitness(self.world)

    def append(
        self, replica: str, first: int, last: int, epoch: int = 1, committed: int = 0, of: int | None = None
    ) -> None:
        """Records first to last, of epoch `of`, sent by the writer of `epoch` and stored."""
        records = [record(lsn, of or epoch) for lsn in range(first, last + 1)]
        message = Append(epoch, first - 1, 0, records, committed)
        self.witness.delivered(WRITER, replica, message)
        self.witness.answered(WRITER, replica, message, Appended(epoch, last))

    def subscribe(self, after_ts: int, first_lsn: int, from_lsn: int = 0, previous_epoch: int = 0) -> None:
        request = SubscribeJournal(7, from_lsn, after_ts, 1000)
        self.witness.answered("crossbar/1", A, request, Subscribed(first_lsn, previous_epoch))


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_committed_is_what_two_replicas_have_acknowledged(journal: Journal) -> None:
    journal.append(A, 1, 3)
    with pytest.raises(Told, match="1 is committed, a majority has 0"):
        journal.append(B, 1, 2, committed=1)


def test_a_claim_may_follow_at_once(journal: Journal) -> None:
    journal.append(A, 1, 3)
    journal.append(B, 1, 2)
    journal.append(A, 4, 4, committed=2)
    journal.witness.answered(WRITER, B, Append(2, 0, 0, [], 0), Sealed(1, 2, 1, 2, True, 2))
    with pytest.raises(Told, match="3 is committed, a majority has 2"):
        journal.append(B, 3, 3, committed=3)


def test_an_older_epochs_record_is_committed_with_one_of_the_writers_own(journal: Journal) -> None:
    journal.append(A, 1, 2)
    journal.append(B, 1, 2, epoch=2, of=1)
    journal.append(A, 2, 2, epoch=2, of=1)
    with pytest.raises(Told, match="2 is committed, a majority has 0"):
        journal.append(B, 3, 3, epoch=2, committed=2)


def test_a_stream_gives_out_what_is_committed(journal: Journal) -> None:
    journal.append(A, 1, 3)
    journal.append(B, 1, 2)
    journal.witness.delivered(A, "crossbar/1", JournalRecords(7, 1, 1, [record(1), record(2)]))
    with pytest.raises(Told, match="gives out record 3"):
        journal.witness.delivered(A, "crossbar/1", JournalRecords(7, 2, 2, [record(2), record(3)]))
    with pytest.raises(Told, match="another record 2"):
        journal.witness.delivered(A, "crossbar/1", JournalRecords(7, 2, 2, [record(2, epoch=3)]))


def test_a_stream_begins_where_nothing_is_skipped(journal: Journal) -> None:
    journal.append(A, 1, 3)
    journal.append(B, 1, 3)
    journal.subscribe(after_ts=199, first_lsn=2, previous_epoch=1)
    journal.subscribe(after_ts=200, first_lsn=3)
    journal.subscribe(after_ts=500, first_lsn=4)
    journal.subscribe(after_ts=0, first_lsn=3, from_lsn=3)
    with pytest.raises(Told, match="skips record 2 of 200"):
        journal.subscribe(after_ts=199, first_lsn=3)
    with pytest.raises(Told, match="begins a stream at 5, a majority has 3"):
        journal.subscribe(after_ts=500, first_lsn=5)
    with pytest.raises(Told, match="asked for was 2"):
        journal.subscribe(after_ts=0, first_lsn=3, from_lsn=2)
    with pytest.raises(Told, match="record 2 is of epoch 1, not 4"):
        journal.subscribe(after_ts=200, first_lsn=3, previous_epoch=4)
