"""One peer of a writer that the test plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from actors.common.messages import Append, Appended, Done, Fetch, Fetched, Promote
from actors.common.messages.base import Message
from actors.journal.peer import Peer
from actors.journal.record import COMMIT, RecordHeader, encode_record


class Writer:
    """Of epoch 1, with records up to 10, none of which it still holds."""

    epoch = 1
    first_lsn = 1
    last_lsn = committed_lsn = 10
    memory_first = 11
    stopped = False
    tells_elsewhere = False
    seats: dict[str, int] = {}

    def __init__(self) -> None:
        self.requests: list[tuple[str, Message, Callable[[Message], None]]] = []
        self.deposed: list[str] = []
        self.source: Peer | None = None

    def epoch_at(self, lsn: int) -> int:
        return 1

    def records_from(self, lsn: int) -> list[bytes]:
        return []

    def source_for(self, lsn: int, peer: Peer) -> Peer | None:
        return self.source

    def request(
        self, name: str, message: Message, on_reply: Callable[[Any], None], on_failure: Any, timeout_s: float
    ) -> None:
        self.requests.append((name, message, on_reply))

    def advanced(self, peer: Peer) -> None:
        pass

    def note_room(self) -> None:
        pass

    def deposed_by(self, why: str) -> None:
        self.deposed.append(why)


def record(lsn: int, epoch: int) -> bytes:
    return encode_record(RecordHeader(lsn, epoch, COMMIT, lsn, lsn, 1000, lsn.to_bytes(16, "big")), b"")


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_replica_is_filled_with_this_writers_records_only(epoch: int) -> None:
    """Seed 4000103: the source had been overwritten by a later writer since it had acknowledged its records."""
    writer = Writer()
    writer.source = Peer(cast(Any, writer), "journal/1/a")
    writer.source.durable = 10
    peer = Peer(cast(Any, writer), "journal/1/b")
    peer.begin(9, True)
    peer.push()
    [(name, message, on_reply)] = writer.requests
    assert name == "journal/1/a" and isinstance(message, Fetch) and message.from_lsn == 9
    records = [record(9, 1), record(10, epoch)]
    on_reply(Fetched(records, 10))
    sent = [message.records for _, message, _ in writer.requests if isinstance(message, Append)]
    assert (sent, len(writer.deposed)) == (([records], 0) if epoch == 1 else ([], 1))


@pytest.mark.parametrize("life", [7, 8])
def test_the_answer_to_a_promote_counts_for_the_life_that_gave_it(life: int) -> None:
    """It came late, when the replica had answered as a learner again: its disk had been lost in between."""
    writer = Writer()
    peer = Peer(cast(Any, writer), "journal/1/c")
    peer.begin(11, False)
    peer.push()
    writer.requests.pop()[2](Appended(1, 10, voter=False, life=7))
    peer.promote(1, lambda: None)
    _, promote, on_promoted = writer.requests.pop()
    assert promote == Promote(1, 7)
    peer.restarted()
    writer.requests.pop()[2](Appended(1, 10, voter=False, life=life))
    on_promoted(Done())
    assert peer.voter == (life == 7)


@pytest.mark.parametrize("life", [7, 8])
def test_a_barrier_is_one_for_the_life_in_which_the_loss_was_noticed(life: int) -> None:
    """In between another writer may have made the learner a voter, and what it promised then is lost with its disk."""
    writer = Writer()
    peer = Peer(cast(Any, writer), "journal/1/c")
    peer.begin(11, False)
    peer.push()
    writer.requests.pop()[2](Appended(1, 10, voter=False, life=7))
    peer.barrier = 10
    peer.restarted()
    writer.requests.pop()[2](Appended(1, 10, voter=False, life=life))
    assert peer.barrier == (10 if life == 7 else None)


class FarWriter(Writer):
    """In another region than the peer; it holds all of its records."""

    memory_first = 1

    tells_elsewhere = True
    told_majority = 0

    def __init__(self) -> None:
        super().__init__()
        self.failing: list[Callable[[Any], None]] = []

    def request(
        self, name: str, message: Message, on_reply: Callable[[Any], None], on_failure: Any, timeout_s: float
    ) -> None:
        super().request(name, message, on_reply, on_failure, timeout_s)
        self.failing.append(on_failure)

    def records_from(self, lsn: int) -> list[bytes]:
        return [record(number, 1) for number in range(lsn, self.last_lsn + 1)]

    def elsewhere(self, peer: Peer) -> int:
        return 0

    def advanced(self, peer: Peer) -> None:
        pass


def far_peer(appended: int) -> tuple[FarWriter, Peer]:
    """The logs have been compared, and so many records been appended since, none of which is answered."""
    writer = FarWriter()
    peer = Peer(cast(Any, writer), "journal/1/c")
    peer.begin(11, True)
    peer.push()
    writer.requests.pop()[2](Appended(1, 10, life=7))
    writer.failing.clear()
    for _ in range(appended):
        writer.last_lsn += 1
        peer.push()
    return writer, peer


def test_between_regions_no_append_waits_for_the_answer_to_the_one_before_it() -> None:
    writer, peer = far_peer(3)
    sent = [(message.previous_lsn, len(message.records)) for _, message, _ in writer.requests]  # type: ignore[attr-defined]
    assert sent == [(10, 1), (11, 1), (12, 1)]
    writer.requests[1][2](Appended(1, 12, life=7))
    writer.requests[0][2](Appended(1, 11, life=7))
    assert peer.durable == 12, "answers that overtake each other take nothing back"


def test_what_was_sent_after_an_append_that_failed_counts_no_more() -> None:
    """The replica may have been restarted, its disk lost: it is asked anew, from what it is known to have."""
    writer, peer = far_peer(3)
    writer.requests[0][2](Appended(1, 11, life=7))
    writer.requests[1][2](Appended(1, 5, conflict=True, life=7))
    writer.requests[2][2](Appended(1, 13, life=7))
    assert peer.durable == -1
    asked = writer.requests[-1][1]
    assert isinstance(asked, Append) and asked.previous_lsn == 5
