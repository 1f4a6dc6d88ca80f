"""A zone goes on on another disk while its old replica lives on, and writers that know nothing of it still take that
one for a voter (actors/journal/seats.py).

A journal of three replicas, `old` and `new` both being journal/1/b, and writers that the scenario drives, each with
routes of its own: a stale one reaches the old b. What one of them has acknowledged, each later one must find. Whom a
writer reaches, when it is cut off and who writes next comes from the seed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from actors.common.errors import DatabaseError
from actors.journal import peer as peers
from actors.journal.record import COMMIT
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter, OnRecord
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.simulation.bus import SimulatedBus
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.world import World
from tests.sim.seeds import seeds
from tests.unit.journal.support import EPOCH_US, NAMES

PLACES = {
    "journal-1-a": ("journal/1/a", "a", 0),
    "old": ("journal/1/b", "b", 0),
    "journal-1-c": ("journal/1/c", "c", 0),
}
NEW = ("journal/1/b", "b", 1)
TURNS = 12
PATIENCE_S = 4.0


def add(world: World, process: str, place: tuple[str, str, int]) -> None:
    role, az, seat = place
    world.add_process(process, az, [RoleSpec(role, az, lambda context: JournalReplica(context, 1, az, seat=seat))])


class Candidate:
    """A writer on a host of its own."""

    def __init__(self, world: World, name: str, b: str) -> None:
        self.world, self.name = world, name
        self.homes = {"journal/1/a": "journal-1-a", "journal/1/b": b, "journal/1/c": "journal-1-c"}
        self.bus = SimulatedBus(f"simulated:{name}", Owner(name), world.network, world.loop, world.settings.messaging)
        self.bus.on_crash = world._impossible
        world.network.join(self.bus)
        for role, home in self.homes.items():
            self.bus.add_route(role, f"simulated:{home}")
        self.found: list[bytes] = []
        self.writer: JournalWriter | None = None

    async def lead(self) -> bool:
        """False where it does not win a majority in time."""
        if self.writer is not None:
            self.writer.stop()
        spawn: Any = asyncio.ensure_future
        context = Context(
            "adjudicator/1",
            "a",
            self.bus,
            self.world.clock,
            cast(Any, None),
            self.world.derive(self.name),
            spawn,
            self.world.settings,
        )
        self.writer = JournalWriter(context, 1, NAMES, lambda why: None)
        try:
            async with asyncio.timeout(PATIENCE_S):
                recovered = await self.writer.open(self._anew)
                begin = max(recovered.last_epoch_end, recovered.last_commit_ts) + 1
                await self.writer.begin(begin, begin + EPOCH_US)
        except TimeoutError:
            self.writer.stop()
        return not self.writer.stopped

    def _anew(self) -> OnRecord:
        self.found = []

        def take(header: Any, record: bytes) -> None:
            if header.kind == COMMIT:
                self.found.append(header.transaction)

        return take

    async def commit(self, transaction: bytes) -> bool:
        writer = self.writer
        if writer is None or writer.stopped:
            return False
        done = asyncio.get_running_loop().create_future()
        at = writer.last_commit_ts + 1
        writer.append(
            COMMIT,
            at,
            at,
            writer.last_epoch_end,
            transaction=transaction,
            on_committed=lambda: done.done() or done.set_result(None),
        )
        try:
            await asyncio.wait_for(done, PATIENCE_S / 4)
        except TimeoutError:
            return False
        return True


class Scene:
    def __init__(self, world: World) -> None:
        self.world, self.random = world, world.derive("scene")
        self.acknowledged: list[bytes] = []
        self.candidates = [Candidate(world, "stale", "old"), Candidate(world, "second", "old")]
        self.cuts: list[tuple[list[str], list[str]]] = []

    def cut(self, candidate: Candidate) -> None:
        """From now on it reaches two of its three replicas, or all."""
        self.mend()
        away = [home for home in candidate.homes.values() if self.world.processes[home].up]
        if self.random.random() < 0.8:
            self.cuts.append(([candidate.name], [self.random.choice(away)]))
            self.world.network.partition(*self.cuts[-1])

    def mend(self) -> None:
        for one, other in self.cuts:
            self.world.network.mend(one, other)
        self.cuts.clear()

    async def turn(self) -> None:
        candidate = self.random.choice(self.candidates)
        self.cut(candidate)
        if (
            candidate.writer is None or candidate.writer.stopped or self.random.random() < 0.3
        ) and await candidate.lead():
            lacking = [name for name in self.acknowledged if name not in candidate.found]
            assert not lacking, f"{candidate.name} has lost {len(lacking)} of {len(self.acknowledged)} commits"
        for _ in range(self.random.randint(1, 6)):
            transaction = self.random.randbytes(16)
            if await candidate.commit(transaction):
                self.acknowledged.append(transaction)

    async def run(self) -> None:
        for name in PLACES:
            await self.world.restart(name)
        assert await self.candidates[0].lead()
        for _ in range(3):
            await self.turn()
        self.mend()
        add(self.world, "new", NEW)
        await self.world.restart("new")
        self.candidates += [Candidate(self.world, "knowing", "new"), Candidate(self.world, "knowing too", "new")]
        for _ in range(TURNS):
            await self.turn()
        self.mend()
        last = self.candidates[-1]
        assert await last.lead() and set(self.acknowledged) <= set(last.found)
        before = len(self.acknowledged)
        assert await last.commit(bytes(16)) and before


def play(seed: int) -> None:
    with World(
        seed, Faults(delay_s_max=0.01, repeat_chance=0.05, reorder_chance=0.1, delay_spike_chance=0.02)
    ) as world:
        for process, place in PLACES.items():
            add(world, process, place)
        world.run(Scene(world).run())


@pytest.mark.parametrize("seed", seeds(60))
def test_no_commit_is_lost_to_an_old_disk(seed: int) -> None:
    play(seed)


def unknowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer counts whoever answers."""
    monkeypatch.setattr(JournalWriter, "takes_seat", lambda writer, name, seat: True)
    monkeypatch.setattr(JournalWriter, "_of_newest_seats", lambda writer, sealed: sealed)


def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """... or keeps what it knows of seats to itself."""
    append = peers.Append
    monkeypatch.setattr(peers, "Append", lambda *fields: append(*fields[:5]))


@pytest.mark.parametrize("plant", [unknowing, silent])
def test_a_bug_in_it_is_found(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    for seed in range(200):
        try:
            play(seed)
        except AssertionError as error:
            assert "has lost" in str(error)
            return
    raise AssertionError("no seed has found it")


def test_a_disk_with_an_older_seat_begins_anew_and_one_with_a_newer_refuses() -> None:
    async def scenario(world: World) -> None:
        for name in PLACES:
            await world.restart(name)
        candidate = Candidate(world, "stale", "old")
        assert await candidate.lead() and await candidate.commit(bytes(16))
        world.crash("old")
        world.processes["old"].first[0] = RoleSpec(
            "journal/1/b", "b", lambda context: JournalReplica(context, 1, "b", seat=2)
        )
        await world.restart("old")
        role = cast(JournalReplica, world.processes["old"].role("journal/1/b"))
        assert role.log.last_lsn == 0 and not role.status()["load"]["voter"]
        world.crash("old")
        world.processes["old"].first[0] = RoleSpec(
            "journal/1/b", "b", lambda context: JournalReplica(context, 1, "b", seat=1)
        )
        with pytest.raises(DatabaseError, match="has had seat 2"):
            await world.restart("old")

    with World(1, Faults()) as world:
        for process, place in PLACES.items():
            add(world, process, place)
        world.run(scenario(world))
