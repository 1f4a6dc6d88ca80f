"""A replica's log on a real folder: what it keeps, cuts and trims, and what it says of damage."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.common.settings import Journaling
from actors.journal.log import JournalLog, Promise
from actors.journal.record import (
    COMMIT,
    PART,
    MappedHeader,
    RecordHeader,
    decode_header,
    encode_record,
    is_intact,
    payload_of,
    verify,
)
from actors.runtime.local_disk import LocalDisk

SEGMENT_BYTES = 500


def record(lsn: int, epoch: int = 1, payload: bytes = b"some payload") -> bytes:
    return encode_record(RecordHeader(lsn, epoch, COMMIT, lsn * 10, lsn * 10, 10_000, lsn.to_bytes(16, "big")), payload)


in_loop = asyncio.Runner().run
"""One event loop for all: a log's disk stays with the one that it has begun in."""


def opened(folder: Path) -> JournalLog:
    return JournalLog.open(LocalDisk(folder), Journaling(segment_bytes=SEGMENT_BYTES))


async def append(log: JournalLog, records: list[bytes]) -> None:
    """One at a time, each synced."""
    for one in records:
        log.append([one])
        await synced(log)


async def synced(log: JournalLog) -> None:
    done: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    log.sync(done.set_result)
    assert await done is None


def written(folder: Path, count: int) -> JournalLog:
    log = opened(folder)
    in_loop(append(log, [record(lsn) for lsn in range(1, count + 1)]))
    return log


def lsns(log: JournalLog) -> list[int]:
    return [verify(one, "test").lsn for one in log.read(log.first_lsn, 1 << 30, log.last_lsn)]


def segment_files(folder: Path) -> list[Path]:
    return sorted((folder / "log").iterdir())


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


@given(
    st.binary(max_size=200),
    st.integers(0, 2**62),
    st.booleans(),
    st.lists(st.integers(0, 2**31), max_size=3),
    st.integers(1, 2**40),
)
def test_records_come_back_as_they_were(
    payload: bytes, commit_ts: int, change: bool, tables: list[int], version: int
) -> None:
    fields = (7, 3, COMMIT, commit_ts, commit_ts, commit_ts + 5, b"t" * 16, change, tables)
    for header in (RecordHeader(*fields), MappedHeader(*fields, map_version=version)):
        encoded = encode_record(header, payload)
        known = MappedHeader(*fields, map_version=version if isinstance(header, MappedHeader) else 0)
        assert verify(encoded, "test") == known == decode_header(encoded)
        assert bytes(payload_of(encoded)) == payload


def test_every_flipped_bit_of_a_record_is_seen() -> None:
    intact = record(1)
    for place in range(len(intact)):
        damaged = bytearray(intact)
        damaged[place] ^= 1
        assert not is_intact(bytes(damaged))
        assert not is_intact(intact[:place])


def test_a_log_comes_back_over_many_segments(tmp_path: Path) -> None:
    written(tmp_path, 30).close()
    log = opened(tmp_path)
    assert lsns(log) == list(range(1, 31)) and len(segment_files(tmp_path)) > 3
    assert (log.first_lsn, log.last_lsn, log.last_epoch, log.epoch_at(0), log.epoch_at(31)) == (1, 30, 1, 0, -1)
    assert log.first_after(0) == 1 and log.first_after(155) == 16 and log.first_after(300) == 31


@pytest.mark.parametrize("kept", [1, 8, 20, 60])
def test_a_torn_tail_is_cut_and_the_log_goes_on(tmp_path: Path, kept: int) -> None:
    log = written(tmp_path, 12)
    last = segment_files(tmp_path)[-1]
    whole = last.stat().st_size
    log.append([record(13)])
    with last.open("r+b") as file:
        file.truncate(whole + kept)
    log = opened(tmp_path)
    assert lsns(log) == list(range(1, 13))
    in_loop(append(log, [record(13, 2), record(14, 2)]))
    assert lsns(opened(tmp_path)) == list(range(1, 15)) and opened(tmp_path).epoch_at(13) == 2


def test_a_hole_in_what_was_never_synced_is_cut_with_what_follows(tmp_path: Path) -> None:
    log = written(tmp_path, 2)
    path = segment_files(tmp_path)[-1]
    start = path.stat().st_size
    log.append([record(3)])
    end = path.stat().st_size
    log.append([record(4)])
    data = bytearray(path.read_bytes())
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    assert lsns(opened(tmp_path)) == [1, 2]


@pytest.mark.parametrize("place", [0, 5, 9, 30, 68])
def test_damage_before_the_tail_is_named(tmp_path: Path, place: int) -> None:
    """A flipped bit anywhere, lengths among it: never a shorter log."""
    written(tmp_path, 12).close()
    flip(segment_files(tmp_path)[0], place)
    if 8 <= place < 16:  # the frame's `synced`: of no use without damage elsewhere
        assert lsns(opened(tmp_path)) == list(range(1, 13))
        return
    with pytest.raises(DatabaseError) as failure:
        opened(tmp_path)
    assert failure.value.sqlstate == "XX001" and "record 1 " in failure.value.message


@pytest.mark.parametrize("place", [0, 1])
def test_a_missing_segment_is_named(tmp_path: Path, place: int) -> None:
    written(tmp_path, 30).close()
    segment_files(tmp_path)[place].unlink()
    with pytest.raises(DatabaseError, match="damaged"):
        opened(tmp_path)


def test_a_flipped_bit_in_the_promise_is_named(tmp_path: Path) -> None:
    log = opened(tmp_path)
    in_loop(log.set_promise(Promise(epoch=7, voter=True)))
    assert opened(tmp_path).promise == Promise(epoch=7, voter=True)
    for place in range((tmp_path / "promise").stat().st_size):
        flip(tmp_path / "promise", place)
        with pytest.raises(DatabaseError, match="promise is damaged"):
            opened(tmp_path)
        flip(tmp_path / "promise", place)


def test_damage_found_while_reading_is_named(tmp_path: Path) -> None:
    written(tmp_path, 12).close()
    log = opened(tmp_path)
    flip(segment_files(tmp_path)[0], 60)
    with pytest.raises(DatabaseError, match="journal record 1 "):
        log.read(1, 1 << 20, 12)


def test_what_a_cut_removed_may_come_back_as_files_but_not_as_records(tmp_path: Path) -> None:
    log = written(tmp_path, 30)
    before = {path: path.read_bytes() for path in segment_files(tmp_path)}
    log.cut_from(8)
    in_loop(append(log, [record(lsn, 2) for lsn in range(8, 12)]))
    for path, data in before.items():
        path.write_bytes(data)
    again = opened(tmp_path)
    assert lsns(again) == list(range(1, 12))
    assert [again.epoch_at(lsn) for lsn in (7, 8, 11)] == [1, 2, 2]


def test_what_was_trimmed_may_come_back_as_files_but_not_as_records(tmp_path: Path) -> None:
    log = written(tmp_path, 30)
    before = {path: path.read_bytes() for path in segment_files(tmp_path)}
    promise = log.after_trim(200, committed=30)
    assert promise is not None and promise.trimmed_ts <= 200
    in_loop(log.set_promise(promise))
    log.trim()
    kept = lsns(log)
    assert kept[0] > 1 and kept[-1] == 30
    for path in list(before)[1:3]:
        path.write_bytes(before[path])
    again = opened(tmp_path)
    assert lsns(again) == kept and again.epoch_at(kept[0] - 1) == 1


def part(lsn: int, number: int, kind: int = PART) -> bytes:
    """A part of one large transaction, or (COMMIT) the record that counts `number` of them."""
    return encode_record(
        RecordHeader(lsn, 1, kind, lsn * 10, lsn * 10, 10_000, b"t" * 16, part=number), b"some payload"
    )


@pytest.mark.parametrize("again", [False, True])
def test_a_large_transaction_is_trimmed_as_a_whole_and_read_from_its_first_part(tmp_path: Path, again: bool) -> None:
    log = written(tmp_path, 8)
    in_loop(append(log, [part(lsn, lsn - 8) for lsn in range(9, 25)]))
    if again:
        log = opened(tmp_path)
    promise = log.after_trim(10_000, committed=24)
    assert promise is not None and promise.first_lsn <= 9, "its COMMIT may be the next record"
    assert [log.begin_for(lsn) for lsn in (8, 9, 20, 25)] == [8, 9, 9, 9]
    in_loop(append(log, [part(25, 16, COMMIT), *(record(lsn) for lsn in range(26, 40))]))
    if again:
        log = opened(tmp_path)
    assert [log.begin_for(lsn) for lsn in (20, 25, 26)] == [9, 9, 26]
    half = log.after_trim(200, committed=39)
    assert half is not None and half.first_lsn <= 9
    whole = log.after_trim(10_000, committed=39)
    assert whole is not None and whole.first_lsn > 25


def test_only_committed_and_old_segments_are_trimmed(tmp_path: Path) -> None:
    log = written(tmp_path, 30)
    assert log.after_trim(10_000, committed=1) is None
    assert log.after_trim(1, committed=30) is None
    promise = log.after_trim(10_000, committed=10)
    assert promise is not None and promise.first_lsn <= 11
    everything = log.after_trim(10_000, committed=30)
    assert everything is not None and everything.first_lsn <= 30, "the last segment stays"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["append", "cut", "trim", "reopen", "reset"]), st.integers(1, 12)), max_size=25)
)
def test_the_log_against_a_model(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    folder = tmp_path_factory.mktemp("log")

    async def run() -> None:
        log, model, epoch = opened(folder), {}, 1
        floor = 1
        for step, number in steps:
            last = max(model, default=floor - 1)
            if step == "append":
                added = [record(lsn, epoch) for lsn in range(last + 1, last + 1 + number)]
                await append(log, added)
                model.update({decode_header(one).lsn: one for one in added})
            elif step == "cut" and model:
                epoch += 1
                lsn = max(min(model), last - number)
                log.cut_from(lsn)
                model = {known: one for known, one in model.items() if known < lsn}
                await append(log, [record(lsn, epoch)])
                model[lsn] = record(lsn, epoch)
            elif step == "trim":
                promise = log.after_trim(last * 10, last)
                if promise is not None:
                    await log.set_promise(promise)
                    log.trim()
                    floor = promise.first_lsn
                    model = {known: one for known, one in model.items() if known >= floor}
            elif step == "reset":
                floor = last + number + 1
                await log.set_promise(Promise(epoch, True, floor, epoch, last * 10))
                log.reset()
                await synced(log)
                model = {}
            elif step == "reopen":
                log.close()
                log = opened(folder)
            assert log.read(log.first_lsn, 1 << 30, log.last_lsn) == [model[lsn] for lsn in sorted(model)]
            assert log.last_lsn == max(model, default=floor - 1) and log.first_lsn == min(model, default=floor)
        log.close()

    in_loop(run())


def test_a_segment_that_has_been_ended_goes_once_another_record_is_there(tmp_path: Path) -> None:
    """A log whose last record goes would not tell where its epoch ends."""
    log = written(tmp_path, 3)
    log.begin_segment()
    log.begin_segment()
    assert log.after_trim(1000, 3) is None
    in_loop(append(log, [record(4)]))
    promise = log.after_trim(1000, 3)
    assert promise is not None and promise.first_lsn == 4
    in_loop(log.set_promise(promise))
    log.trim()
    assert lsns(log) == [4] == lsns(opened(tmp_path))
    assert len(segment_files(tmp_path)) == 1
