"""The commit protocol under storms. (Planted bugs: tests/sim/planted.)"""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Lead
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, begin, lead, make_world
from tests.sim.protocol.history import History, journals
from tests.sim.seeds import seeds

LAYERS = ("journal", "adjudicator")
CLIENTS = 8
STRIKES = ("kill", "kill", "power", "stall", "isolate", "deaf", "mute", "clog", "jump")
ROLLING_SEEDS = (24, 37, 64)
"""24 and 64: a promise that waited for the lease was given after the end had been drawn back. 37: deposed while
stopping, and went on deciding."""


def protocol_world(seed: int, hostile: bool = True) -> World:
    return make_world(seed, Faults.hostile(Random(seed)) if hostile else Faults(delay_s_max=0.005), layers=LAYERS)


async def keep_leading(world: World) -> None:
    """What the controller does: whoever has come back is told to lead."""

    async def keep(number: int) -> None:
        while True:
            with contextlib.suppress(DatabaseError):
                await world.bus.call("test", f"adjudicator/{number}", Lead(), timeout_s=1)
            await asyncio.sleep(0.1)

    await asyncio.gather(*(keep(number) for number in range(1, world.settings.layout.adjudicators + 1)))


async def storm(world: World, seconds: float = 8.0) -> int:
    """Clients commit and ask for promises while processes are struck; at the end all is well, and checked."""
    await begin(world)
    history = History(world)
    clients = [Client(world, number) for number in range(CLIENTS + 1)]
    keeper = asyncio.get_running_loop().create_task(keep_leading(world))
    until = world.loop.time() + seconds
    adjudicators = [name for name in sorted(world.processes) if "adjudicator" in name]
    victims = [[name] for name in sorted(world.processes)] + [[name] for name in adjudicators] * 6
    nemesis = Nemesis(world, victims, strikes=STRIKES, pause_s_max=0.5, strike_s_max=0.7)
    work = [history.commits(client, until + 1) for client in clients[1:]]
    await asyncio.gather(nemesis.run(seconds), history.promises(clients[0], until + 1), *work)
    return await finish(world, history, keeper)


async def rolling_restarts(world: World, seconds: float = 6.0) -> int:
    """Clean stops of one adjudicator after the other, as in an upgrade: nothing struck, nothing waits for a lease to
    run out."""
    await begin(world)
    history = History(world)
    clients = [Client(world, number) for number in range(CLIENTS + 1)]
    keeper = asyncio.get_running_loop().create_task(keep_leading(world))
    until = world.loop.time() + seconds
    adjudicators = [name for name in sorted(world.processes) if "adjudicator" in name]

    async def roll() -> None:
        random = world.derive("roll")
        while world.loop.time() < until:
            name = random.choice(adjudicators)
            await world.stop(name)
            await world.restart(name)
            await asyncio.sleep(random.uniform(0, 0.3))

    work = [history.commits(client, until + 1) for client in clients[1:]]
    await asyncio.gather(roll(), history.promises(clients[0], until + 1), *work)
    return await finish(world, history, keeper)


async def finish(world: World, history: History, keeper: asyncio.Task[None]) -> int:
    """All is up and healed; every adjudicator begins one more epoch, and writes LEASE records in it, by which replicas
    learn what is committed."""
    world.network.heal()
    keeper.cancel()
    for name in sorted(world.processes):
        if "adjudicator" in name:
            world.crash(name)
            await world.restart(name)
    await lead(world)
    client = Client(world, CLIENTS + 1)
    until = world.loop.time() + 8
    await history.promises(client, until)
    return history.check(journals(world))


@pytest.mark.parametrize("seed", seeds(12))
def test_invariants_hold_in_storms(seed: int) -> None:
    with protocol_world(seed) as world:
        committed = world.run(storm(world))
    assert committed > 5


@pytest.mark.parametrize("seed", sorted({*seeds(4), *ROLLING_SEEDS}))
def test_invariants_hold_in_rolling_restarts(seed: int) -> None:
    hostile = seed % 2 == 1
    with protocol_world(seed, hostile) as world:
        committed = world.run(rolling_restarts(world))
    assert committed > (0 if hostile else 50)


async def strike_journals(world: World, until_s: float) -> None:
    """A writer dies with replicas of its journal: all of them without power, or one that stays away while the next
    epoch begins.

    The writer dies, too, since one that lives has all in memory and would mend what they lost.
    """
    random = world.derive("strike journals")
    while world.loop.time() < until_s:
        await asyncio.sleep(random.uniform(0.1, 0.4))
        number = random.choice((1, 2))
        replicas = [f"journal-{number}-{az}" for az in "abc"]
        struck = replicas if random.random() < 0.5 else random.sample(replicas, 1)
        for name in (f"adjudicator-{number}", *struck):
            world.crash(name, power_failure=True)
        if len(struck) == 1:
            await world.restart(f"adjudicator-{number}")
            await asyncio.sleep(random.uniform(0.6, 1.2))
        for name in (f"adjudicator-{number}", *struck):
            if not world.processes[name].up:
                await world.restart(name)
        await asyncio.sleep(random.uniform(0, 0.6))


async def journal_failures(world: World, seconds: float = 6.0) -> int:
    await begin(world)
    history = History(world)
    clients = [Client(world, number) for number in range(CLIENTS + 1)]
    keeper = asyncio.get_running_loop().create_task(keep_leading(world))
    until = world.loop.time() + seconds
    work = [history.commits(client, until + 1) for client in clients[1:]]
    await asyncio.gather(strike_journals(world, until), history.promises(clients[0], until + 1), *work)
    return await finish(world, history, keeper)


@pytest.mark.parametrize("seed", seeds(4))
def test_journals_that_fail_with_their_writer_lose_nothing(seed: int) -> None:
    with protocol_world(seed, hostile=seed % 2 == 1) as world:
        committed = world.run(journal_failures(world))
    assert committed > (0 if seed % 2 == 1 else 20)


def test_one_seed_is_one_history() -> None:
    def run() -> tuple[int, str]:
        with protocol_world(3) as world:
            return world.run(storm(world, 3.0)), world.trace.digest

    assert run() == run()
