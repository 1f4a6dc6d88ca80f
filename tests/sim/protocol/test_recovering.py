"""One of a journal's three replicas goes on alone when the two others are lost (actors/journal/recovering.py), while
their zones go on on other disks, and the old ones come back as they were, in hosts that nobody has told.

What the survivor had when it was chosen, and what was acknowledged since, each later writer must find; whom a writer
reaches, and who writes next, comes from the seed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from actors.journal.log import JournalLog
from actors.journal.record import decode_header
from actors.journal.recovering import Alone, stand_alone
from actors.journal.replica import JournalReplica
from actors.runtime.simulation.disk import SimulatedDisk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner, SimulationError
from actors.runtime.simulation.world import World
from tests.sim.protocol.test_seats import Candidate, Scene, add
from tests.sim.seeds import seeds

OLD = {"a": ("journal/1/a", "a", 0), "old": ("journal/1/b", "b", 0), "c": ("journal/1/c", "c", 0)}
NEW = {"new-b": ("journal/1/b", "b", 1), "new-c": ("journal/1/c", "c", 1)}
STALE = ("stale", "second")
TURNS = 14


class Lost(Scene):
    """The survivor is journal/1/a; `fenced`: the others' zones have new seats."""

    def __init__(self, world: World, fenced: bool = True) -> None:
        self.world, self.random, self.fenced = world, world.derive("scene"), fenced
        self.acknowledged, self.cuts = [], []
        self.candidates = [self.candidate("stale", "old", "c"), self.candidate("second", "old", "c")]

    def candidate(self, name: str, b: str, c: str) -> Candidate:
        made = Candidate(self.world, name, b)
        made.homes = {"journal/1/a": "a", "journal/1/b": b, "journal/1/c": c}
        for role, home in made.homes.items():
            made.bus.add_route(role, f"simulated:{home}")
        return made

    async def turn(self) -> None:
        """What a stale writer acknowledges, of the lost disks, counts no more; but it may spoil nothing."""
        acknowledged = list(self.acknowledged)
        try:
            await super().turn()
        except AssertionError as error:
            if len(self.candidates) == 2 or not str(error).startswith(STALE):
                raise
        if len(self.candidates) > 2 and self.writes in STALE:
            self.acknowledged = acknowledged

    def cut(self, candidate: Candidate) -> None:
        super().cut(candidate)
        self.writes = candidate.name

    async def run(self) -> None:
        for name in OLD:
            await self.world.restart(name)
        assert await self.candidates[0].lead()
        for _ in range(3):
            await self.turn()
        self.mend()
        for name in OLD:
            self.world.crash(name)
        for candidate in self.candidates:
            if candidate.writer is not None:
                candidate.writer.stop()
        await self.recover()
        new = {"new-b": NEW["new-b"], "new-c": NEW["new-c"]}
        for process, place in new.items():
            add(self.world, process, place if self.fenced else (place[0], place[1], 0))
        stale, self.candidates = self.candidates, [self.candidate(name, *new) for name in ("third", "fourth")]
        await self.world.restart("a")
        assert await self.candidates[0].lead(), "one is enough"
        assert await self.candidates[0].commit(self.noted())
        for turn in range(TURNS):
            if turn == 4:
                await self.world.restart("new-b")
            if turn == 6:
                await self.world.restart("new-c")
            if turn == 8:  # hosts that nobody has told anything, and writers that know only them
                await self.world.restart("old")
                await self.world.restart("c")
                self.candidates += stale
            await self.turn()
        self.mend()
        for candidate in self.candidates:
            if candidate.writer is not None:
                candidate.writer.stop()
        last = self.candidate("last", *new)
        assert await last.lead()
        self.require(last)
        for _ in range(50):
            assert await last.commit(self.noted()), "nobody else writes"
            if all(self.votes(process) for process in new):
                break
            await asyncio.sleep(0.2)
        self.cuts = [(["last"], ["a"])]
        self.world.network.partition(*self.cuts[0])
        self.candidates = [last]
        assert await last.commit(self.noted()), "the survivor is needed no more"

    def votes(self, process: str) -> bool:
        role = cast(JournalReplica, self.world.processes[process].role("journal/1/" + process[-1]))
        return bool(role.status()["load"]["voter"])

    def noted(self) -> bytes:
        self.acknowledged.append(self.random.randbytes(16))
        return self.acknowledged[-1]

    async def recover(self) -> None:
        """What the survivor has counts from now on, whatever else was acknowledged."""
        image = self.world.disk_of(self.world.processes["a"], "journal/1/a")
        disk: Any = SimulatedDisk(image, Owner("person"), lambda role: None)
        settings = self.world.settings.journaling
        seats = dict.fromkeys(("journal/1/b", "journal/1/c"), int(self.fenced))
        survivor = await stand_alone(disk, settings, companions=["journal/1/b"], seats=seats)
        log = JournalLog.open(disk, settings)
        assert survivor.last_lsn == log.last_lsn > 0
        kept = {decode_header(log.read(lsn, 1, lsn)[0]).transaction for lsn in range(log.first_lsn, log.last_lsn + 1)}
        log.close()
        self.acknowledged = [name for name in self.acknowledged if name in kept]

    def require(self, candidate: Candidate) -> None:
        lacking = [name for name in self.acknowledged if name not in candidate.found]
        assert not lacking, f"{candidate.name} has lost {len(lacking)} of {len(self.acknowledged)} commits"


def play(seed: int, fenced: bool = True) -> None:
    with World(
        seed, Faults(delay_s_max=0.01, repeat_chance=0.05, reorder_chance=0.1, delay_spike_chance=0.02)
    ) as world:
        for process, place in OLD.items():
            add(world, process, place)
        world.run(Lost(world, fenced).run())


@pytest.mark.parametrize("seed", seeds(20))
def test_what_the_survivor_has_is_the_journal_from_then_on(seed: int) -> None:
    play(seed)


def unfenced(monkeypatch: pytest.MonkeyPatch) -> bool:
    """The lost disks' zones keep their seats: when the disks are back they are a majority, which knows nothing."""
    return False


def all_let_in(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whoever has caught up may vote, while the survivor decides alone."""
    init = Alone.__init__

    def careless(alone: Alone, survivor: Any, companions: Any) -> None:
        init(alone, survivor, companions)
        alone.companions = {"journal/1/b", "journal/1/c"}

    monkeypatch.setattr(Alone, "__init__", careless)
    monkeypatch.setattr(Alone, "end_with_companions", lambda alone, epoch, then: None)
    return True


@pytest.mark.parametrize("plant", [unfenced, all_let_in])
def test_a_bug_in_that_is_found(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fenced = plant(monkeypatch)
    for seed in range(200):
        try:
            play(seed, fenced)
        except (AssertionError, SimulationError) as error:
            if "has lost" in str(error) or "would be cut" in str(error):
                return
    raise AssertionError("no seed has found it")
