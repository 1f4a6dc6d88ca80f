"""A replica's log on a simulated disk that loses power between a cut or a reset and the first sync of what takes its
place."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Journaling
from actors.common.timestamps import Lsn
from actors.journal.log import JournalLog, Promise
from actors.journal.record import COMMIT, RecordHeader, encode_record
from actors.journal.repair import open_log
from actors.journal.segment import FOLDER
from actors.runtime.simulation.disk import DiskImage, SimulatedDisk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.world import World

SETTINGS = Journaling(segment_bytes=500)
SEEDS = range(12)
"""Each brings back another part of the files removed."""


def record(lsn: Lsn, epoch: int) -> bytes:
    return encode_record(
        RecordHeader(lsn, epoch, COMMIT, lsn * 10, lsn * 10, 10_000, lsn.to_bytes(16, "big")), bytes(20)
    )


async def append(log: JournalLog, first: Lsn, last: Lsn, epoch: int) -> None:
    for lsn in range(first, last + 1):
        log.append([record(lsn, epoch)])
        await synced(log)


async def synced(log: JournalLog) -> None:
    done: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    log.sync(done.set_result)
    assert await done is None


def contents(log: JournalLog) -> list[bytes]:
    return log.read(log.first_lsn, 1 << 30, log.last_lsn) if log.last_lsn >= log.first_lsn else []


class Machine:
    """One disk, and a process after the other."""

    def __init__(self, world: World, faults: Faults | None = None) -> None:
        self.image = DiskImage("disk", world.derive("disk"), faults or Faults(), world.trace)
        self._owner = Owner("process")

    @property
    def disk(self) -> SimulatedDisk:
        return SimulatedDisk(self.image, self._owner)

    def lose_power(self) -> SimulatedDisk:
        """The disk as the next process finds it."""
        self.end_process()
        self.image.lose_power()
        return self.disk

    def end_process(self) -> SimulatedDisk:
        self._owner.die()
        self.image.end_life()
        self._owner = Owner("process")
        return self.disk

    @property
    def segments(self) -> list[str]:
        return self.disk.list(FOLDER)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reset_that_power_failed_leaves_the_log_as_it_was(seed: int) -> None:
    """I1: of the old files a later one alone came back, and the log began beyond the promise's first record."""

    async def scenario(world: World) -> None:
        machine = Machine(world)
        log = JournalLog.open(machine.disk, SETTINGS)
        await append(log, 1, 30, 3)
        await log.set_promise(Promise(5, True, 18, 5))
        log.reset()
        log = JournalLog.open(machine.lose_power(), SETTINGS)
        assert log.first_lsn <= 18
        assert contents(log) in (
            [],
            [record(lsn, 3) for lsn in range(log.first_lsn, 31)],
        )  # [] where the new file has survived

    with World(seed) as world:
        world.run(scenario(world))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cut_that_power_failed_is_no_damage(seed: int) -> None:
    async def scenario(world: World) -> None:
        machine = Machine(world)
        log = JournalLog.open(machine.disk, SETTINGS)
        await append(log, 1, 30, 3)
        log.cut_from(5)
        log.append([record(5, 4)])
        if seed % 2:
            JournalLog.open(
                machine.end_process(), SETTINGS
            )  # a life in between that syncs nothing removes nothing either
        log = JournalLog.open(machine.lose_power(), SETTINGS)
        old = [record(lsn, 3) for lsn in range(1, 31)]
        assert contents(log) in (old, old[:4], [*old[:4], record(5, 4)])

    with World(seed) as world:
        world.run(scenario(world))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_log_set_aside_when_power_failed_begins_at_its_first_record(seed: int) -> None:
    """Of the damaged log a later file alone came back, and passed for all that there was."""

    async def scenario(world: World) -> None:
        machine = Machine(world)
        log = JournalLog.open(machine.disk, SETTINGS)
        await append(log, 1, 30, 3)
        log.close()
        machine.image.files[f"{FOLDER}/{machine.segments[1]}"].durable[40] ^= 4
        machine.lose_power()
        setting_aside = asyncio.ensure_future(open_log(machine.disk, SETTINGS))
        while not setting_aside.done() and seed % 3:  # power fails at any step
            await asyncio.sleep(0.0001)
            if machine.disk.exists("promise") and world.derive(f"{world.loop.time()}").random() < 0.3:
                break
        else:
            await setting_aside
        log, _ = await open_log(machine.lose_power(), SETTINGS)
        assert (log.first_lsn, log.last_lsn, log.promise.lost) == (1, 0, True)

    with World(seed) as world:
        world.run(scenario(world))


def test_void_files_go_with_the_first_sync() -> None:
    async def scenario(world: World) -> None:
        machine = Machine(world)
        log = JournalLog.open(machine.disk, SETTINGS)
        await append(log, 1, 30, 3)
        before = machine.segments
        log.cut_from(2)
        await synced(log)
        assert machine.segments == before, "nothing has taken their place yet"
        log.append([record(2, 4)])
        await synced(log)
        assert len(machine.segments) == 2
        await log.set_promise(Promise(5, True, 18, 5))
        log.reset()
        await synced(log)
        assert len(machine.segments) == 1

    with World(1) as world:
        world.run(scenario(world))


@pytest.mark.parametrize("seed", range(40))
def test_a_log_after_any_power_failure_is_one_of_those_since_the_last_sync(seed: int) -> None:
    """Or the beginning of one, trimmed more or less; and nothing that was synced and not given up since is missing."""

    async def scenario(world: World) -> None:
        random = world.derive("steps")
        machine = Machine(world, Faults(hole_chance=0.3))
        log = JournalLog.open(machine.disk, SETTINGS)
        epoch = 1
        states: list[list[bytes]] = [[]]
        safe = 0
        for _ in range(60):
            step = random.choice(("append", "append", "append", "sync", "cut", "reset", "trim", "kill", "power"))
            last = log.last_lsn
            if step == "append":
                for lsn in range(last + 1, last + 1 + random.randint(1, 12)):
                    log.append([record(lsn, epoch)])
            elif step == "sync":
                await synced(log)
                states, safe = [], log.last_lsn
            elif step == "cut" and contents(log):
                epoch += 1
                lsn = random.randint(log.first_lsn, last)
                log.cut_from(lsn)
                log.append([record(lsn, epoch)])
                safe = min(safe, lsn - 1)
            elif step == "reset":
                epoch += 1
                await log.set_promise(
                    Promise(epoch, True, max(log.first_lsn, last + random.randint(-5, 5)), epoch, last * 10)
                )
                log.reset()
                safe = 0
            elif step == "trim":
                promise = log.after_trim(random.randint(0, last) * 10, random.randint(0, last))
                if promise is not None:
                    await log.set_promise(promise)
                    log.trim()
            elif step in ("kill", "power"):
                log = JournalLog.open(machine.end_process() if step == "kill" else machine.lose_power(), SETTINGS)
                assert log.first_lsn <= log.promise.first_lsn and is_beginning(log, states)
                assert log.last_lsn >= safe, f"{safe} was synced, {log.last_lsn} is the last"
                states = states if step == "kill" else []
            states.append(contents(log))

    with World(seed) as world:
        world.run(scenario(world))


def is_beginning(log: JournalLog, states: list[list[bytes]]) -> bool:
    found = contents(log)
    return not found or any(is_part(found, state) for state in states)


def is_part(found: list[bytes], state: list[bytes]) -> bool:
    """`state` may have been trimmed less than what was found, or more."""
    return any(found[skip : skip + len(state)] == state[: len(found) - skip] for skip in range(len(found))) or any(
        state[skip : skip + len(found)] == found for skip in range(len(state))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_segment_that_has_been_ended_when_power_failed_keeps_its_records(seed: int) -> None:
    async def scenario(world: World) -> None:
        machine = Machine(world)
        log = JournalLog.open(machine.disk, SETTINGS)
        await append(log, 1, 3, 3)
        log.begin_segment()
        if seed % 3:
            await synced(log)
        if seed % 3 == 2:
            await append(log, 4, 4, 3)
            promise = log.after_trim(1000, 3)
            assert promise is not None
            await log.set_promise(promise)
            log.trim()
        log = JournalLog.open(machine.lose_power(), SETTINGS)
        assert contents(log) == [record(lsn, 3) for lsn in (range(4, 5) if seed % 3 == 2 else range(1, 4))]

    with World(seed) as world:
        world.run(scenario(world))
