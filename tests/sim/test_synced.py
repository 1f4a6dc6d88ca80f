"""What witnesses see of a synced disk is what a start would find there, however often they have looked before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Append, Appended, AskPromise, Done, Get, Lead, Promised, Seal, Sealed
from actors.common.messages.base import Message
from actors.common.settings import Journaling
from actors.journal.log import JournalLog
from actors.journal.record import COMMIT, PART, RecordHeader, encode_record
from actors.runtime.simulation.disk import DiskImage, SimulatedDisk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World
from cluster.simulation.synced import Scans, SyncedLog

SETTINGS = Journaling(segment_bytes=600)


def record(lsn: int, epoch: int, random: Random) -> bytes:
    """Of three transactions, in parts."""
    kind = random.choice((PART, PART, COMMIT))
    name = bytes([random.randrange(3)]) * 16
    header = RecordHeader(lsn, epoch, kind, lsn * 10, lsn * 10, 10_000, name, part=random.randint(1, 3))
    return encode_record(header, bytes(random.randrange(40)))


def after_a_power_failure(image: DiskImage, world: World) -> SimulatedDisk:
    """A disk that has kept what is synced, and nothing else."""
    copy = DiskImage("copy", Random(0), Faults(), world.trace)
    for path, file in image.files.items():
        if file.entry_durable:
            copy.put(path, bytes(file.durable))
    return SimulatedDisk(copy, Owner("next"))


def shown(log: JournalLog) -> object:
    lsns = range(log.first_lsn, log.last_lsn + 1)
    times = [(lsn, log.epoch_at(lsn), log.commit_ts_at(lsn), log.begin_for(lsn)) for lsn in lsns]
    return log.promise, times, log.read(log.first_lsn, 1 << 30, log.last_lsn)


def found(make: Callable[[], JournalLog]) -> object:
    try:
        log = make()
    except DatabaseError as error:
        return error.message
    return shown(log)


async def synced(log: JournalLog) -> None:
    done: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    log.sync(done.set_result)
    assert await done is None


class _Machine:
    """One disk, a process with a log on it, and a witness that looks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.derive("steps")
        self.image = DiskImage("disk", world.derive("disk"), Faults(hole_chance=0.3), world.trace)
        self.scans: Scans = {}
        self._owner = Owner("process")
        self._epoch = 1
        self.log = self._opened()

    def _opened(self) -> JournalLog:
        return JournalLog.open(SimulatedDisk(self.image, self._owner), SETTINGS)

    def look(self) -> None:
        plain = found(lambda: JournalLog.open(after_a_power_failure(self.image, self.world), SETTINGS))
        assert found(lambda: SyncedLog(self.image, self.scans)) == plain

    def append(self) -> None:
        for lsn in range(self.log.last_lsn + 1, self.log.last_lsn + 1 + self.random.randint(1, 8)):
            self.log.append([record(lsn, self._epoch, self.random)])

    def cut(self) -> None:
        if self.log.last_lsn > self.log.first_lsn:
            self._epoch += 1
            lsn = self.random.randint(self.log.first_lsn + 1, self.log.last_lsn)
            self.log.cut_from(lsn)
            self.log.append([record(lsn, self._epoch, self.random)])

    async def trim(self) -> None:
        promise = self.log.after_trim(self.random.randint(0, self.log.last_lsn) * 10, self.log.last_lsn)
        if promise is not None:
            await self.log.set_promise(promise)
            self.log.trim()

    def end(self) -> None:
        self._owner.die()
        self.image.end_life()
        self.image.lose_power()
        self._owner = Owner("process")

    def restart(self) -> None:
        self.end()
        self.log = self._opened()


@pytest.mark.parametrize("seed", range(30))
def test_a_log_that_was_looked_at_before_is_what_a_start_finds(seed: int) -> None:
    async def scenario(world: World) -> None:
        machine = _Machine(world)
        machine.append()
        await synced(machine.log)
        machine.look()
        machine.image.wipe()  # the same names come again
        machine.restart()
        for _ in range(80):
            step = machine.random.choice(("append", "append", "append", "sync", "sync", "cut", "trim", "power"))
            if step == "append":
                machine.append()
            elif step == "sync":
                await synced(machine.log)
            elif step == "cut":
                machine.cut()
            elif step == "trim":
                await machine.trim()
            else:
                machine.restart()
            machine.look()
        machine.end()
        machine.image.flip_bit()
        machine.look()

    with World(seed) as world:
        world.run(scenario(world))


class _Looker:
    def __init__(self, looks_at: Kinds | None) -> None:
        self.looks_at = looks_at
        self.seen: list[str] = []

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        self.seen.append(type(message).__name__)

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        self.seen.append(f"{type(request).__name__} {type(answer).__name__}")

    def wiped(self, role: str) -> None: ...

    def rotten(self, role: str) -> None: ...


def test_an_observer_is_shown_what_it_looks_at() -> None:
    messages = [Append(1, 0, 0, [], 0), Seal(1), Get([], 0), Lead(), Append(1, 0, 0, [], 0)]
    answers = [
        (Seal(1), Sealed(0, 0, 1, 0, True, 1)),
        (Append(1, 0, 0, [], 0), Appended(1, 0)),
        (AskPromise(1), Promised(1, 1, 1)),
    ]
    with World(1) as world:
        every, some, none = _Looker(None), _Looker(frozenset([Append, Sealed])), _Looker(frozenset([Done]))
        world.network.observe(every, none)
        world.network.seers(Append(1, 0, 0, [], 0))
        world.network.observe(some)
        for message in messages:
            for see in world.network.seers(message):
                see("a", "b", message)
        for request, answer in answers:
            for see_answer in world.network.answer_seers(request, answer):
                see_answer("a", "b", request, answer)
    assert len(every.seen) == len(messages) + len(answers) and none.seen == []
    assert some.seen == ["Append", "Append", "Seal Sealed", "Append Appended"]
