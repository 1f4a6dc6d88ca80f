"""Large transactions at the crossbar: parts are held until their COMMIT, and go out over many messages under one watermark."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.common import write_set
from actors.common.messages import Deliver, StreamAck
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.crossbar import subscriber as subscribing
from actors.crossbar.merge import Merge
from actors.crossbar.subscriber import Ring, Subscriber
from actors.journal.record import ABORT, COMMIT, EPOCH_BEGIN, PART, RecordHeader, encode_record
from actors.storage.unfinished import Unfinished

NAME = b"t" * 16


def record(
    lsn: int, kind: int, at: int, payload: bytes = b"", part: int = 0, checksum: int = 0, epoch: int = 1
) -> tuple[RecordHeader, bytes]:
    header = RecordHeader(lsn, epoch, kind, at, at, at + 1000, NAME, part=part, checksum=checksum)
    return header, encode_record(header, payload)


def checksum(*parts: bytes) -> int:
    return checksum_of_parts(map(part_checksum, parts))


def test_parts_wait_for_their_commit() -> None:
    merge = Merge([1], len)
    merge.add(1, [record(1, PART, 5, b"second part", 2), record(2, PART, 5, b"first", 1)])
    assert merge.take() == [] and merge.held_bytes == 0, "a feed is never held for them"
    merge.add(1, [record(3, COMMIT, 10, b"", 2, checksum(b"first", b"second part"))])
    [due] = merge.take()
    assert due.commit_ts == 10 and due.parts == [11, 5], "what `cut` made of them, in the journal's order"


@pytest.mark.parametrize("void", [record(2, ABORT, 5), record(2, EPOCH_BEGIN, 6, epoch=2)])
def test_void_parts_are_dropped(void: tuple[RecordHeader, bytes]) -> None:
    merge = Merge([1])
    merge.add(1, [record(1, PART, 5, b"first", 1), void])
    assert not merge.heads[1].groups
    with pytest.raises(AssertionError, match="I2"):
        merge.add(1, [record(3, COMMIT, 10, b"", 1, checksum(b"first"), epoch=void[0].epoch)])


@pytest.mark.parametrize("commit", [record(2, COMMIT, 10, b"", 2, checksum(b"first", b"x")), record(2, COMMIT, 10, b"", 1, checksum(b"x"))])
def test_a_commit_meets_all_of_its_parts(commit: tuple[RecordHeader, bytes]) -> None:
    merge = Merge([1])
    merge.add(1, [record(1, PART, 5, b"first", 1)])
    with pytest.raises(AssertionError, match="I2"):
        merge.add(1, [commit])


class Sent:
    def __init__(self) -> None:
        self.messages: list[Deliver] = []

    def post(self, sender: str, destination: str, message: Deliver) -> None:
        self.messages.append(message)


def rows(number: int) -> bytes:
    return write_set.encode([b"k%06d" % number], [b"v" * 100], [write_set.PUT])


def test_the_watermark_passes_with_the_last_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribing, "DELIVER_BYTES_MAX", 2 * len(rows(0)))

    async def main() -> None:
        ring, sent = Ring([1], 1 << 20), Sent()
        ring.add(1, 10, rows(0))
        for number in range(5):
            ring.add(1, 20, rows(number))
        ring.add(1, 30, rows(9))
        bus: Any = sent
        subscriber = Subscriber(bus, "crossbar/1", "storage/1/a", 7, 1, 0, 1 << 20)
        subscriber.demand = 100
        subscriber.serve(ring, 40)
        told = [(message.after_ts, message.commit_ts, message.skipped, message.watermark) for message in sent.messages]
        assert told == [(0, [10, 20], 0, 19), (19, [20, 20], 1, 19), (19, [20, 20], 3, 20), (20, [30], 0, 40)]
        unfinished = Unfinished()
        watermark = 0
        for message in sent.messages:
            assert not unfinished.lacks(message, watermark)
            unfinished.note(message)
            watermark = message.watermark
        anew = Unfinished()
        anew.note(sent.messages[0])
        assert anew.lacks(sent.messages[2], 19), "the second message has not come"
        assert not anew.lacks(sent.messages[2], 20), "it is there as a whole"

    asyncio.run(main())


def test_a_large_transaction_stays_while_it_is_being_sent() -> None:
    async def main() -> None:
        ring = Ring([1], 4 * len(rows(0)))
        for number in range(10):
            ring.add(1, 20, rows(number))
        ring.shrink(19)
        assert ring.is_over and ring.floor < 20
        ring.add(1, 30, rows(0))
        ring.shrink(20)
        assert not ring.is_over and ring.floor == 20
        bus: Any = Sent()
        subscriber = Subscriber(bus, "crossbar/1", "storage/1/a", 7, 1, 0, 100)
        subscriber.deliver([30], [rows(0)], [], 30)
        assert not subscriber.has_room and not subscriber.is_slow
        subscriber.acknowledge(StreamAck(7, 1))
        assert subscriber.has_room

    asyncio.run(main())
