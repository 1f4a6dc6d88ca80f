"""Large transactions at the crossbar: pieces go out as they come, and their commit names them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.common import write_set
from actors.common.messages import Deliver, Stage, StreamAck
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.crossbar import subscriber as subscribing
from actors.crossbar.merge import Group, Merge
from actors.crossbar.subscriber import Ring, Subscriber
from actors.journal.record import ABORT, COMMIT, EPOCH_BEGIN, PART, RecordHeader, encode_record

NAME = b"t" * 16


def record(
    lsn: int, kind: int, at: int, payload: bytes = b"", part: int = 0, checksum: int = 0, epoch: int = 1
) -> tuple[RecordHeader, bytes]:
    header = RecordHeader(lsn, epoch, kind, at, at, at + 1000, NAME, part=part, checksum=checksum)
    return header, encode_record(header, payload)


def checksum(*parts: bytes) -> int:
    return checksum_of_parts(map(part_checksum, parts))


def test_parts_wait_for_their_commit() -> None:
    merge = Merge([1], lambda payload: {len(payload) % 2: payload})
    merge.add(
        1, [record(1, PART, 5, b"second part", 2), record(2, PART, 5, b"first", 1), record(3, PART, 5, b"3rd!", 3)]
    )
    assert merge.take() == [] and merge.held_bytes == 0, "a feed is never held for them"
    [(_, group)] = merge.groups()
    merge.add(1, [record(4, COMMIT, 10, b"", 3, checksum(b"first", b"second part", b"3rd!"))])
    assert merge.groups() == [(10, group)], "it has not become due"
    [due] = merge.take()
    assert due.commit_ts == 10 and due.group is group and merge.groups() == []
    assert group.shards == [0, 1] and group.count(1) == 2
    assert group.after(1, 0, 1 << 20) == [b"second part", b"first"], "in the journal's order"
    assert group.after(1, 0, 1) == [b"second part"] and group.after(1, 1, 1) == [b"first"]


def test_pieces_that_are_let_go_of_keep_their_numbers() -> None:
    merge = Merge([1])
    merge.add(1, [record(1, PART, 5, b"first", 1), record(2, PART, 5, b"second", 2)])
    [(_, group)] = merge.groups()
    group.let_go(1, 7)
    assert (group.gone(1), group.count(1)) == (2, 2), "what has not come cannot go"
    merge.add(
        1, [record(3, PART, 5, b"third", 3), record(4, COMMIT, 9, b"", 3, checksum(b"first", b"second", b"third"))]
    )
    assert group.count(1) == 3 and group.after(1, 2, 1 << 20) == [b"third"]
    with pytest.raises(AssertionError, match="gone"):
        group.after(1, 1, 1 << 20)


@pytest.mark.parametrize("void", [record(2, ABORT, 5), record(2, EPOCH_BEGIN, 6, epoch=2)])
def test_void_parts_are_dropped(void: tuple[RecordHeader, bytes]) -> None:
    merge = Merge([1])
    merge.add(1, [record(1, PART, 5, b"first", 1), void])
    assert merge.groups() == []
    assert [group.transaction for group in merge.take_void()] == [NAME] and merge.take_void() == []
    with pytest.raises(AssertionError, match="I2"):
        merge.add(1, [record(3, COMMIT, 10, b"", 1, checksum(b"first"), epoch=void[0].epoch)])


@pytest.mark.parametrize(
    "commit", [record(2, COMMIT, 10, b"", 2, checksum(b"first", b"x")), record(2, COMMIT, 10, b"", 1, checksum(b"x"))]
)
def test_a_commit_meets_all_of_its_parts(commit: tuple[RecordHeader, bytes]) -> None:
    merge = Merge([1])
    merge.add(1, [record(1, PART, 5, b"first", 1)])
    with pytest.raises(AssertionError, match="I2"):
        merge.add(1, [commit])


class Sent:
    def __init__(self) -> None:
        self.messages: list[Deliver | Stage] = []

    def post(self, sender: str, destination: str, message: Deliver | Stage) -> None:
        self.messages.append(message)

    def take(self) -> list[Any]:
        """What has been sent since, in short."""
        messages, self.messages = self.messages, []
        return [
            (message.number, "void" if message.is_void else message.first, len(message.pieces))
            if isinstance(message, Stage)
            else (
                message.number,
                message.after_ts,
                message.commit_ts,
                [(at, pieces) for at, _, _, pieces in message.staged],
                message.watermark,
            )
            for message in messages
        ]


def rows(number: int) -> bytes:
    return write_set.encode([b"k%06d" % number], [b"v" * 100], [write_set.PUT])


def group_of(pieces: int, shard: int = 1, name: bytes = NAME) -> Group:
    group = Group(1, name)
    for number in range(pieces):
        group.add(*record(number + 1, PART, 5, rows(number), number + 1), lambda payload: {shard: payload})
    return group


def subscriber_of(window_bytes: int = 1 << 20) -> tuple[Subscriber, Sent]:
    sent = Sent()
    bus: Any = sent
    subscriber = Subscriber(bus, "crossbar/1", "storage/1/a", 7, 1, 0, window_bytes)
    subscriber.demand, subscriber.live = 100, True
    return subscriber, sent


def test_pieces_are_staged_as_they_come_and_the_commit_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribing, "STAGE_BYTES_MAX", 2 * len(rows(0)))
    monkeypatch.setattr(subscribing, "DELIVER_BYTES_MAX", 2 * len(rows(0)))

    async def main() -> None:
        ring, group = Ring([1], 1 << 20), group_of(3)
        subscriber, sent = subscriber_of()
        assert subscriber.stage(group)
        assert sent.take() == [(1, 0, 2), (2, 2, 1)]
        group.add(*record(9, PART, 5, rows(9), 4), lambda payload: {1: payload})
        ring.add(1, 10, rows(0))
        ring.add_group(20, group)
        ring.add(1, 20, rows(8))
        ring.add(1, 30, rows(9))
        subscriber.serve(ring, 40)
        assert sent.take() == [(3, 3, 1), (4, 0, [10, 20], [(20, 4)], 20), (5, 20, [30], [], 40)], (
            "the last piece before its commit"
        )
        assert subscriber.staged(group) == 0, "the name may be forgotten"

    asyncio.run(main())


def test_a_commit_waits_for_room_and_what_lies_before_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribing, "DELIVER_BYTES_MAX", len(rows(0)) + 1)
    monkeypatch.setattr(Group, "after", lambda group, shard, first, _: [rows(first)])

    async def main() -> None:
        ring, group = Ring([1], 1 << 20), group_of(3)
        ring.add(1, 10, rows(0))
        ring.add_group(20, group)
        subscriber, sent = subscriber_of(window_bytes=len(rows(0)))
        subscriber.serve(ring, 40)
        assert sent.take() == [(1, 0, 1), (2, 0, [10], [], 19)] and not subscriber.has_room
        for number, expected in ((2, [(3, 1, 1)]), (3, [(4, 2, 1), (5, 19, [], [(20, 3)], 40)])):
            subscriber.acknowledge(StreamAck(7, number))
            subscriber.serve(ring, 40)
            assert sent.take() == expected
        other, sent = subscriber_of()
        group.let_go(1, 1)
        other.serve(ring, 40)
        assert other.lacks(group) and sent.take() == [(1, 0, [10], [], 19)], "it has to catch up for the rest"

    asyncio.run(main())


def test_what_is_void_is_said_where_it_was_staged() -> None:
    async def main() -> None:
        subscriber, sent = subscriber_of()
        group, other = group_of(2), group_of(1, name=b"o" * 16)
        subscriber.unstage(group)
        assert sent.take() == []
        subscriber.stage(group)
        subscriber.stage(other)
        subscriber.unstage_others([group])
        subscriber.unstage(group)
        assert sent.take() == [(1, 0, 2), (2, 0, 1), (3, "void", 0), (4, "void", 0)]

    asyncio.run(main())


def test_a_large_transaction_does_not_count_for_the_rings_bound() -> None:
    ring = Ring([1], 4 * len(rows(0)))
    ring.add_group(20, group_of(10))
    ring.shrink()
    assert ring.floor < 20 and [at for at, _ in ring.groups] == [20]
    for at in range(30, 40):
        ring.add(1, at, rows(0))
    ring.shrink()
    assert ring.floor == 35 and ring.groups == []


def test_the_ring_keeps_a_bounded_number_of_large_transactions() -> None:
    ring = Ring([1], bytes_max=1 << 20)
    for at in range(1, 201):
        ring.add_group(at, group_of(1, name=at.to_bytes(16)))
        ring.shrink()
    assert ring.floor == 200 - subscribing.GROUPS_MAX
    assert (
        [commit_ts for commit_ts, _ in ring.groups] == list(range(ring.floor + 1, 201)) == ring.after(1, ring.floor)[0]
    )
