"""What is counted while statements run: bytes as storage looked at them, rows as they count, each turn of a measured
statement, the threads' work."""

from __future__ import annotations

import asyncio
from time import thread_time_ns
from typing import Any

import pytest

from actors.common.settings import Metering
from actors.query_processor import metering
from actors.query_processor.metering import SAMPLE, Meter, MeteredFiber, ProcessCompute, Tally, measured
from actors.query_processor.transaction.buffer import WriteBuffer
from actors.query_processor.workers import Workers
from actors.runtime.fiber import Completion, turn
from tests.unit.query_processor.support.cluster import FakeCluster, run


def compute(ms: float) -> None:
    end = thread_time_ns() + int(ms * 1e6)
    while thread_time_ns() < end:
        pass


def test_reads_count_as_storage_looked_at_them() -> None:
    cluster = FakeCluster()
    writer = cluster.begin()
    key = b"\x00\x00\x00\x09\x00\x01"
    writer.put(key + b"a", b"x" * 300)
    writer.put(key + b"b", b"x")
    run(writer.commit())
    reader = cluster.begin()
    run(reader.get_one(key + b"a"))
    assert reader.bytes_read == 307
    run(reader.get_one(key + b"none"))
    assert reader.bytes_read == 307 + 128, "an answer of 128 bytes at least"
    run(reader.get([key + b"a", key + b"b", key + b"none"]))
    assert reader.bytes_read == 307 + 128 + 315
    before = reader.bytes_read

    async def scan() -> None:
        scanner = reader.scan(key, key + b"\xff")
        while await scanner.next_rows() is not None:
            pass

    run(scan())
    assert reader.bytes_read == before + 315 + 128, "the other shard has nothing, and answers"


def test_rows_count_as_so_many_bytes_at_least() -> None:
    buffer = WriteBuffer(128)
    key = b"\x00\x00\x00\x09\x00\x01"
    buffer.write(key + b"a", b"x", True)
    assert buffer.bytes + buffer.padding == 128
    buffer.write(key + b"b", b"x" * 200, True)
    assert buffer.bytes + buffer.padding == 128 + 207
    buffer.write(key + b"a", b"x" * 150, True)
    assert buffer.bytes + buffer.padding == 157 + 207 and buffer.padding == 0
    buffer.write(key + b"a", None, True)
    assert buffer.bytes + buffer.padding == 128 + 207, "a deletion is a row, too"
    buffer.drop_range(key, key + b"\xff")
    assert buffer.bytes == buffer.padding == 0


def test_a_transaction_has_minimums_where_it_reads_or_writes() -> None:
    cluster, meter = FakeCluster(), Meter(Metering())
    transaction = cluster.begin()
    meter.settle(transaction, True)
    assert (meter.read_billed, meter.write_billed) == (0, 0)
    transaction.put(b"\x00\x00\x00\x09\x00\x01a", b"x")
    run(transaction.get_one(b"\x00\x00\x00\x09\x00\x01b"))
    meter.settle(transaction, False)
    assert (meter.read_billed, meter.write_billed) == (2048, 0), "what was not committed was not written"
    meter.settle(transaction, True)
    assert (meter.read_billed, meter.write_billed, meter.bytes_written) == (4096, 1024, 8)
    assert meter.usage(7, 4, 3, 1).compute_ns == 7 and meter.usage(2, 4, 3, 1).compute_ns == 9


def test_a_measured_statement_counts_its_own_turns() -> None:
    waits: list[Completion[int]] = [Completion()]
    tally = Tally()

    async def statement() -> int:
        compute(2)
        value = await waits[0]
        compute(2)
        return value

    ended: list[Any] = []
    fiber = MeteredFiber(
        wrapped(statement(), tally), lambda value, error: ended.append(value if error is None else error)
    )
    compute(30)  # somebody else's
    assert metering.current is None
    waits[0].succeed(5)
    assert ended == [5] and fiber.ended and 4_000_000 <= tally.ns < 20_000_000


def test_a_measured_statement_that_is_cancelled_ends_as_others() -> None:
    seen: list[str] = []

    async def statement() -> None:
        try:
            await Completion[None]()
        finally:
            seen.append("cleaned up")

    ended: list[Any] = []
    fiber = MeteredFiber(wrapped(statement(), Tally()), lambda value, error: ended.append(error))
    fiber.cancel(RuntimeError("cancelled"))
    assert seen == ["cleaned up"] and isinstance(ended[0], RuntimeError) and metering.current is None


async def wrapped(coroutine: Any, tally: Tally) -> Any:
    return await measured(coroutine, tally)


def test_threads_count_for_the_statement_and_the_process() -> None:
    async def run_step() -> tuple[int, int]:
        workers, tally = Workers(1, 1, "test"), Tally()
        before = metering.process.take()
        del before

        async def statement() -> None:
            await workers.begin(lambda: compute(5)).done

        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        MeteredFiber(wrapped(statement(), tally), lambda value, error: ended.set_result(None))
        await ended
        workers.close()
        return tally.ns, metering.process.take()

    own, process = asyncio.run(run_step())
    assert own >= 5_000_000 and process >= 5_000_000


def test_samples_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns that all take the same: the sum of the samples is about that of the turns."""
    clock = 0

    def tick() -> int:
        nonlocal clock
        clock += 1000
        return clock

    process = ProcessCompute()
    monkeypatch.setattr(metering, "process", process)
    monkeypatch.setattr(metering, "thread_time_ns", tick)

    async def drive() -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def turns() -> None:
            for _ in range(100 * SAMPLE):
                await turn()

        MeteredFiber(turns(), lambda value, error: ended.set_result(None))
        await ended

    asyncio.run(drive())
    assert process.take() == pytest.approx(100 * SAMPLE * 1000, rel=0.2) and process.take() == 0
