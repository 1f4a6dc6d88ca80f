"""The storage role on a bus in memory: reads that wait, the stream and its gaps, checkpoints, restart, damage."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from unittest.mock import patch

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import (
    DemandWatermark,
    Get,
    Got,
    Scan,
    StreamAck,
    StreamLost,
    SubscribeRange,
    Topology,
)
from actors.common.ranges import ShardMap
from actors.common.settings import Limits, Settings, Storing, Streaming
from actors.runtime.clock import SystemClock
from actors.storage import upkeep
from tests.unit.storage.lone_replica import END, PREFIX, World, drive, rows_of
from tests.unit.storage.memory_disk import MemoryDisk


def test_a_read_at_or_below_the_watermark_is_answered_at_once() -> None:
    async def test() -> None:
        world = await World().start()
        assert world.bus.subscriptions[0] == ("crossbar/1", SubscribeRange(world.stream, 1, 0, 16 << 20))
        world.deliver({5: {b"a": b"1"}, 7: {b"a": b"2", b"b": b"x"}}, 10, (6,))
        assert world.ask(Get([PREFIX + b"b", PREFIX + b"a", PREFIX + b"z"], 10)).message == Got([b"x", b"2", None], 6)
        assert world.ask(Get([PREFIX + b"a"], 5)).message == Got([b"1"], 0)
        scanned = world.ask(Scan(PREFIX, END, 10)).message
        assert (rows_of(scanned), scanned.resume, scanned.catalog_ts, scanned.rows_read) == (
            [(b"a", b"2"), (b"b", b"x")],
            None,
            6,
            2,
        )
        assert not world.bus.posts, "an idle replica sends nothing"

    drive(test)


def test_waiting_reads_share_one_demand() -> None:
    async def test() -> None:
        world = await World().start()
        late = world.ask(Get([PREFIX + b"a"], 30))
        early = world.ask(Get([PREFIX + b"a"], 20))
        latest = world.ask(Scan(PREFIX, END, 40))
        assert world.bus.sent(DemandWatermark) == [DemandWatermark(world.stream, 30)]
        world.deliver({15: {b"a": b"1"}}, 20)
        assert early.message.values == [b"1"]
        assert late.message is None
        assert len(world.bus.sent(DemandWatermark)) == 1
        world.deliver({25: {b"a": b"2"}}, 31)
        assert late.message.values == [b"2"]
        assert latest.message is None
        assert world.bus.sent(DemandWatermark)[1:] == [DemandWatermark(world.stream, 40)]
        world.deliver({}, 40)
        assert rows_of(latest.message) == [(b"a", b"2")]

    drive(test)


def test_a_read_that_waits_too_long_fails() -> None:
    async def test() -> None:
        world = await World(settings=Settings(storing=Storing(read_wait_s=0.01))).start()
        read = world.ask(Get([PREFIX + b"a"], 30))
        while read.error is None:
            await asyncio.sleep(0.002)
        assert read.error.sqlstate == "08006"
        world.deliver({}, 30)
        assert read.message is None

    drive(test)


def test_a_gap_opens_a_new_stream_after_the_watermark() -> None:
    async def test() -> None:
        world = await World().start()
        world.deliver({5: {b"a": b"1"}}, 10)
        first = world.stream
        world.deliver({15: {b"a": b"3"}}, 20, skip=1)
        assert world.get(b"a", 10) == b"1"
        while world.stream == first:
            await asyncio.sleep(0.002)
        assert world.bus.subscriptions[-1] == ("crossbar/2", SubscribeRange(world.stream, 1, 10, 16 << 20))
        world.number = 0
        world.deliver({12: {b"a": b"2"}, 15: {b"a": b"3"}}, 20)
        world.deliver({15: {b"a": b"3"}, 16: {b"b": None}}, 21)
        assert [world.get(b"a", at) for at in (10, 12, 14, 15, 21)] == [b"1", b"2", b"2", b"3", b"3"]

    drive(test)


def test_a_message_that_begins_above_the_watermark_is_not_taken() -> None:
    """The numbers fit, but something between is missing: a publisher that was made to begin anew."""

    async def test() -> None:
        world = await World().start()
        world.deliver({5: {b"a": b"1"}}, 10)
        first = world.stream
        world.deliver({15: {b"a": b"3"}}, 20, after_ts=12)
        assert world.replica.watermark == 10
        while world.stream == first:
            await asyncio.sleep(0.002)
        assert world.bus.subscriptions[-1] == ("crossbar/2", SubscribeRange(world.stream, 1, 10, 16 << 20))
        world.number = 0
        world.deliver({12: {b"a": b"2"}, 15: {b"a": b"3"}}, 20, after_ts=9)
        assert [world.get(b"a", at) for at in (10, 12, 15)] == [b"1", b"2", b"3"]

    drive(test)


@pytest.mark.parametrize("memtable_bytes_max", [1, 1 << 20])
def test_what_a_message_repeats_from_below_the_watermark_is_not_applied_again(memtable_bytes_max: int) -> None:
    """With the newer version in a segment, the older one lay above it in the memtable and was found first."""

    async def test() -> None:
        world = await World(settings=replace(SMALL, storing=Storing(memtable_bytes_max=memtable_bytes_max))).start()
        first: dict[int, dict[bytes, bytes | None]] = {5: {b"a": b"1"}, 7: {b"a": b"2", b"b": b"x"}}
        world.deliver(first, 10, (5, 7))
        await world.settle()
        rows = world.replica.store.rows
        world.deliver(first, 9, (5, 7), after_ts=0)
        assert world.replica.watermark == 10
        world.deliver({**first, 12: {b"b": b"y"}}, 20, (5, 7, 12), after_ts=0)
        await world.settle()
        assert world.replica.store.rows == rows + 1
        assert [world.get(b"a", 20), world.get(b"b", 10), world.get(b"b", 20)] == [b"2", b"x", b"y"]
        assert [world.ask(Get([], at)).message.catalog_ts for at in (10, 20)] == [7, 12]

    drive(test)


def test_what_is_not_applied_again_is_acknowledged_all_the_same() -> None:
    """The crossbar counts it as under way, and would else wait for good once its window is full."""

    async def test() -> None:
        world = await World(settings=Settings(streaming=Streaming(window_bytes=16_000))).start()
        world.deliver({5: {b"a": bytes(1000)}}, 10)
        assert not world.bus.sent(StreamAck)
        world.deliver({5: {b"a": bytes(1000)}}, 10, after_ts=0)
        assert [ack.number for ack in world.bus.sent(StreamAck)] == [2]

    drive(test)


def test_silence_while_a_demand_is_in_flight_opens_a_new_stream() -> None:
    async def test() -> None:
        world = await World(settings=Settings(streaming=Streaming(silence_s=0.01))).start()
        first = world.stream
        world.ask(Get([PREFIX + b"a"], 30))
        while world.stream == first:
            await asyncio.sleep(0.002)
        assert world.bus.sent(DemandWatermark)[-1] == DemandWatermark(world.stream, 30)

    drive(test)


def test_each_silent_stream_gives_the_next_one_more_time() -> None:
    """Seed 50002513: a crossbar that needs longer to read the journals again than a stream may be silent was asked to
    begin anew for ever."""

    async def test() -> None:
        world = await World(settings=Settings(streaming=Streaming(silence_s=0.01))).start()
        world.ask(Get([PREFIX + b"a"], 30))
        patience: list[int] = []
        while len(patience) < 6:
            stream = world.stream
            while world.stream == stream:
                await asyncio.sleep(0.001)
            patience.append(world.replica._patience)
        assert patience == [2, 4, 8, 16, 16, 16]
        world.deliver({5: {b"a": b"v"}}, 40)
        assert world.replica._patience == 1
        await world.replica.stop()

    drive(test)


def test_a_replica_whose_clock_is_behind_its_watermark_demands_nothing_that_it_has() -> None:
    """Seed 3000242: nobody answers that, and as there is one demand at a time no read was ever demanded for again."""

    async def test() -> None:
        world = await World().start()
        ahead = SystemClock(0).now().latest + 3_600_000_000
        world.deliver({}, ahead)
        world.replica._number = 0
        world.replica._renew()
        assert world.ask(Get([PREFIX + b"a"], ahead + 1)).message is None
        assert [demand.at for demand in world.bus.sent(DemandWatermark)] == [ahead + 1]
        await world.replica.stop()

    drive(test)


def test_a_refused_subscription_is_tried_again() -> None:
    async def test() -> None:
        world = World()
        world.bus.refuse = DatabaseError("08006", "crossbar/1 is unavailable")
        await world.start()
        while len(world.bus.subscriptions) < 3:
            await asyncio.sleep(0.002)
        assert [name for name, _ in world.bus.subscriptions] == ["crossbar/1", "crossbar/2", "crossbar/1"]
        await world.replica.stop()

    drive(test)


def test_a_replica_that_journals_no_longer_reach_back_to_says_so_and_answers_nothing() -> None:
    async def test() -> None:
        world = World(settings=Settings(storing=Storing(read_wait_s=0.01)))
        world.bus.refuse = DatabaseError("58P01", "the journals no longer hold all that was committed after 0")
        await world.start()
        assert world.replica.status()["stranded"] == "the journals no longer hold all that was committed after 0"
        answer = world.ask(Get([PREFIX + b"a"], 1))
        await asyncio.sleep(0.05)
        assert answer.message is None
        assert answer.error is not None
        assert answer.error.sqlstate == "08006"
        world.bus.refuse = None
        while not world.replica._open:
            await asyncio.sleep(0.002)
        world.deliver({1: {b"a": b"1"}}, 1)
        assert "stranded" not in world.replica.status()
        assert world.get(b"a", 1) == b"1"
        await world.replica.stop()

    drive(test)


def test_each_crossbar_that_takes_a_subscription_hears_what_is_on_the_disk() -> None:
    """One that has begun since the last checkpoint has not been told of it: where nobody reads, there is no other for a
    minute."""

    async def test() -> None:
        world = await World(settings=Settings(storing=Storing(checkpoint_idle_s=0.001))).start()
        assert not world.bus.sent(StreamAck), "nothing is on the disk"
        world.deliver({5: {b"a": b"1"}}, 10)
        while world.replica.status()["checkpoint"] != 10:
            await asyncio.sleep(0.001)
        await world.settle()
        told = len(world.bus.sent(StreamAck))
        lost = world.stream
        world.replica.receive("crossbar/1", StreamLost(lost), None)
        while world.stream == lost:
            await asyncio.sleep(0.001)
        assert world.bus.posts[-1] == ("crossbar/2", StreamAck(world.stream, 0, 10))
        assert len(world.bus.sent(StreamAck)) == told + 1
        await world.replica.stop()

    drive(test)


SMALL = Settings(storing=Storing(memtable_bytes_max=20_000, segments_max=2), limits=Limits(transaction_age_s=0))


def test_checkpoint_restart_and_merge() -> None:
    async def test() -> None:
        disk = MemoryDisk()
        world = await World(disk, SMALL).start()
        expected = {}
        for number in range(400):
            rows: dict[bytes, bytes | None] = {b"%04d" % (number * 7 % 1000): b"%d" % number, b"hot": b"%d" % number}
            expected.update(rows)
            world.deliver({number + 1: rows}, number + 1, (number + 1,) if number == 3 else ())
            await asyncio.sleep(0)
        await world.settle()
        checkpoint_ts = world.replica.status()["checkpoint"]
        assert 0 < checkpoint_ts <= 400
        assert world.bus.sent(StreamAck)[-1].checkpoint_ts == checkpoint_ts
        assert 1 <= world.replica.status()["load"]["segments"] <= 2
        again = await World(disk, SMALL).start()
        assert again.bus.subscriptions[0][1].after_ts == checkpoint_ts
        assert again.bus.sent(StreamAck) == [StreamAck(again.stream, 0, checkpoint_ts)]
        for commit_ts in range(checkpoint_ts + 1, 401):
            number = commit_ts - 1
            again.deliver(
                {commit_ts: {b"%04d" % (number * 7 % 1000): b"%d" % number, b"hot": b"%d" % number}}, commit_ts
            )
        await again.settle()
        for one in (world, again):
            assert rows_of(one.ask(Scan(PREFIX, END, 400)).message) == sorted(expected.items())
            assert [one.get(b"hot", at) for at in (1, 200, 400)] == [b"0", b"199", b"399"]
            assert one.ask(Get([], 400)).message.catalog_ts == 4

    drive(test)


def test_reads_are_answered_while_a_checkpoint_runs() -> None:
    async def test() -> None:
        world = await World(settings=replace(SMALL, storing=Storing(memtable_bytes_max=1_000_000))).start()
        world.deliver({1: {b"%06d" % number: b"x" * 10 for number in range(20_000)}}, 1)
        turns = 0
        while any(not task.done() for task in world.tasks):
            assert world.get(b"%06d" % (turns * 61), 1) == b"x" * 10
            turns += 1
            await asyncio.sleep(0)
        assert turns >= 10
        assert world.replica.status()["load"]["segments"] == 1
        assert world.get(b"%06d" % 19_999, 1) == b"x" * 10

    drive(test)


def test_a_full_disk_delays_the_checkpoint_and_loses_nothing() -> None:
    async def test() -> None:
        disk = MemoryDisk()
        world = await World(disk, replace(SMALL, storing=Storing(memtable_bytes_max=1))).start()
        disk.full = True
        world.deliver({1: {b"a": b"1"}}, 1)
        await world.settle()
        assert world.replica.status()["checkpoint"] == 0
        assert world.get(b"a", 1) == b"1"
        disk.full = False
        world.replica._upkeep._timers["checkpoint"].cancel()
        world.replica._upkeep.retry_checkpoint()
        await world.settle()
        assert world.replica.status()["checkpoint"] == 1
        assert (await World(disk, SMALL).start()).get(b"a", 1) == b"1"

    drive(test)


def test_a_checkpoint_that_failed_is_tried_again_before_the_stream_stands_still() -> None:
    """Not for each message, and not only after all of the usual time: a full stream brings nobody's rows."""

    async def test() -> None:
        disk = MemoryDisk()
        settings = replace(SMALL, storing=Storing(memtable_bytes_max=1_000), streaming=Streaming(window_bytes=8_000))
        world = await World(disk, settings).start()
        disk.full = True
        for at in range(1, 6):
            world.deliver({at: {b"a": bytes(1_000)}}, at)
            await world.settle()
        assert [ack.number for ack in world.bus.sent(StreamAck)] == [1, 2], "two memtables are full"
        disk.full = False
        with patch.object(upkeep, "HURRY_S", 3600.0):
            world.deliver({6: {b"a": bytes(1_000)}}, 6)
            await world.settle()
        assert world.replica.status()["checkpoint"] == 0
        with patch.object(upkeep, "HURRY_S", 0.0):
            world.deliver({7: {b"a": bytes(1_000)}}, 7)
            await world.settle()
        assert world.bus.sent(StreamAck)[2].number == 7
        assert world.replica.status()["checkpoint"] == 7
        assert "checkpoint" not in world.replica._upkeep._timers

    drive(test)


def test_a_flipped_bit_fails_the_read_towards_another_replica_and_shows_in_status() -> None:
    async def test() -> None:
        disk = MemoryDisk()
        world = await World(disk, replace(SMALL, storing=Storing(memtable_bytes_max=1))).start()
        world.deliver({1: {b"a": b"a rather long value"}}, 1)
        await world.settle()
        path = next(path for path in disk.files if path.startswith("segments/"))
        place = disk.files[path].index(b"rather")
        disk.files[path][place] ^= 4
        again = await World(disk, SMALL).start()
        read = again.ask(Get([PREFIX + b"a"], 1))
        assert read.error is not None
        assert read.error.sqlstate == "08006"
        assert path in read.error.message
        assert "checksum" in again.replica.status()["damage"]

    drive(test)


def test_a_snapshot_below_the_horizon_is_refused() -> None:
    async def test() -> None:
        world = await World(
            settings=Settings(storing=Storing(memtable_bytes_max=1), limits=Limits(transaction_age_s=1))
        ).start()
        world.deliver({1: {b"a": b"1"}, 2: {b"a": b"2"}}, 3_000_000)
        await world.settle()
        assert world.get(b"a", 2_000_000) == b"2"
        error = world.ask(Get([PREFIX + b"a"], 1)).error
        assert error is not None
        assert (error.sqlstate, error.message.partition(":")[0]) == ("54000", "snapshot too old")
        assert world.ask(Scan(PREFIX, END, 1)).error is not None

    drive(test)


def test_keys_of_another_shard_are_redirected() -> None:
    async def test() -> None:
        world = await World().start()
        world.deliver({1: {b"a": b"1"}}, 1)
        world.bus.listener(Topology(1, {}, {}, ShardMap(1, (b"b",), (1, 2), (1, 2))))
        assert world.get(b"a", 1) == b"1"
        assert world.replica.status()["range"] == "*/[..62)"
        assert world.ask(Scan(PREFIX, PREFIX + b"b", 1)).message.count == 1
        for message in (Get([PREFIX + b"a", PREFIX + b"c"], 1), Scan(PREFIX, END, 1)):
            error = world.ask(message).error
            assert error is not None
            assert error.sqlstate == "55000"

    drive(test)


@pytest.mark.parametrize("busy", [False, True])
def test_a_checkpoint_without_rows_moves_the_watermark_on_disk(busy: bool) -> None:
    """Idle, or read all the time: journals are trimmed up to the least checkpoint of all replicas."""

    async def test() -> None:
        world = await World(settings=Settings(storing=Storing(checkpoint_idle_s=1000.0 if busy else 0.005))).start()
        with patch.object(upkeep, "CHECKPOINT_S_MAX", 0.01 if busy else 1000.0):
            at = 0
            while not any(ack.checkpoint_ts for ack in world.bus.sent(StreamAck)):
                at += 1
                if busy or at == 1:
                    world.deliver({}, at)
                await asyncio.sleep(0.002)
            ack = world.bus.sent(StreamAck)[-1]
            assert 0 < ack.checkpoint_ts <= at
            assert (await World(world.disk).start()).bus.subscriptions[0][1].after_ts >= ack.checkpoint_ts
        await world.replica.stop()

    drive(test)
