"""Strikes that need to know who is who in a cluster, each with a second act: what the first one has left behind is
met in a state that chance seldom brings about.

    sever      adjudicators do not hear each other, and all else goes on: longer than a decision waits for its
               participants
    island     an adjudicator and one replica of its journal are cut off together, query processors still speak to it:
               its log grows a tail that no majority has.
               As the cut heals, the crossbar is restarted, next to that replica more often than not
    regather   a storage disk is lost, the crossbar dies, and another storage replica with it: subscribers come back
               at different places, one at a place that the
               journals no longer reach
    decay      a storage segment rots, and its replica is restarted on a slow disk: checkpoints, merges and fillings
               meet what the look at every block has not found yet
    untold     as sever, for long: an adjudicator that has committed is cut off before the others have heard of it
    retire     an adjudicator that holds marks for another one is stopped cleanly, or moved: what it has offered
               outlives its epoch
    succession one replica of a journal is left alone with its writer, which dies: its log has a tail that no other has;
               or the others are, and it falls behind; or first the one, then the other. Then the next writer meets it
    relapse    a journal's disk is lost, and its replica dies again when it has been filled and may not vote yet; only
               where a plan names it: no seed draws it
    rift       two zones do not hear each other, and both hear the third (only where zones are regions: else seeds would
               draw other histories)
    unheard    a storage replica hears its crossbar and is not heard: its window fills, and nobody tells it that

Each takes a Nemesis (`random`, `strike_s_max`, `strike_at`) and returns when it has undone what it did; of a lost
disk the nemesis awaits the mending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from actors.adjudicator.adjudicator import Adjudicator
from actors.journal.replica import JournalReplica
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.world import Process

if TYPE_CHECKING:
    from cluster.simulation.simulated_cluster import SimulatedCluster

SEVER_S = ((0.2, 3.0), (5.5, 10.0))
"""Shorter and longer than a decision waits, an acknowledgement is waited for, and a lease lasts."""
RIFT_S = ((0.5, 3.0), (5.0, 20.0))
"""Shorter and longer than a way by the third takes to be found."""
UNDECIDED_S, UNDECIDED_S_MAX = 0.005, 10.0
"""How often it is looked whether anything is prepared and undecided, and how long."""
LEARNING_S = 0.001
"""How often it is looked whether a replica is in a state that lasts for a message's way and back."""
ISLAND_S_MAX = 4.0
DECAY_S_MAX = 4.0
DECAY_SYNC_S_MAX = 1.0
MOVE_SHARE = 0.75
"""What a process has sent is lost with it, and not with a role that moves."""
TAIL_RECORDS_MAX = 6
GROWN_S_MAX = 3.0
"""A log grows by up to so many records before its writer dies, or for so long."""
TAIL_SHARE, LAG_SHARE = 0.7, 0.5
UNHEARD_S_MAX = 4.0
NEIGHBOUR_SHARE = 0.75
"""Of the islands whose replica is the one that the crossbar reads first."""


async def sever(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    network, random = cluster.world.network, nemesis.random
    names = cluster.roles("adjudicator/")
    if len(names) < 2:
        return
    one = [random.choice(names)]
    await _until_undecided(cluster)
    others = [name for name in cluster.roles("adjudicator/") if name not in one]
    network.sever(one, others, one_way=random.random() < 0.3)
    await asyncio.sleep(random.uniform(*random.choice(SEVER_S)))
    network.join_again(one, others)


async def _until_undecided(cluster: SimulatedCluster) -> str | None:
    """Until some adjudicator holds marks for another one: what is cut then is cut between a promise and its outcome.
    Its name; None where nobody has any for a long time."""
    found: str | None = None
    names = cluster.roles("adjudicator/")

    def is_undecided() -> bool:
        nonlocal found
        found = next((name for name in names if _is_undecided(cluster, name)), None)
        return found is not None

    await cluster.world.until(is_undecided, UNDECIDED_S, UNDECIDED_S_MAX)
    return found


def _is_undecided(cluster: SimulatedCluster, adjudicator: str) -> bool:
    role = cluster.running(adjudicator)
    return role is not None and bool(cast(Adjudicator, role).pending)


async def untold(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    names = cluster.roles("adjudicator/")
    owing: list[str] = []

    def any_owes() -> bool:
        owing[:] = [name for name in names if _owes_outcomes(cluster, name)]
        return bool(owing)

    await world.until(any_owes, UNDECIDED_S, UNDECIDED_S_MAX)
    one = [random.choice(owing or names)]
    others = [name for name in cluster.roles("adjudicator/") if name not in one]
    world.network.sever(one, others)
    await asyncio.sleep(random.uniform(*SEVER_S[-1]))
    world.network.join_again(one, others)


def _owes_outcomes(cluster: SimulatedCluster, adjudicator: str) -> bool:
    """Whether some participant has not said that it has heard of a commit."""
    role = cluster.running(adjudicator)
    return isinstance(role, Adjudicator) and role._reign is not None and bool(role._reign.coordinator._unacknowledged)


async def rift(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    sides = random.sample(cluster.plan.settings.layout.azs, 2)
    one, other = ([name for name, process in world.processes.items() if process.az == az] for az in sides)
    world.network.partition(one, other, one_way=random.random() < 0.2)
    await asyncio.sleep(random.uniform(*random.choice(RIFT_S)))
    world.network.mend(one, other)


async def retire(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    adjudicator = await _until_undecided(cluster)
    process = cluster.process_running(adjudicator) if adjudicator is not None else None
    if adjudicator is None or process is None:
        return
    if random.random() < MOVE_SHARE and cluster.move(adjudicator, random):
        await asyncio.sleep(random.uniform(0, 1.0))
        return
    nemesis.strike_at([process])
    await world.stop(process)
    await nemesis.restart([process])


async def succession(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    random, network = nemesis.random, cluster.world.network
    adjudicator = random.choice(cluster.roles("adjudicator/"))
    replicas = _replicas(cluster, adjudicator)
    if not replicas:
        return
    apart = random.choice(replicas)
    others = [name for name in replicas if name != apart]
    tail = random.random() < TAIL_SHARE
    if tail:
        network.sever([adjudicator], others)
        await _until_grown(cluster, apart, random.randint(1, TAIL_RECORDS_MAX))
        await _end_reign(cluster, nemesis, adjudicator)
        network.join_again([adjudicator], others)
    if not tail or random.random() < LAG_SHARE:
        network.sever([adjudicator], [apart])
        await nemesis.restart(nemesis.struck)
        nemesis.strike_at([])
        await _until_grown(cluster, random.choice(others), random.randint(1, 2 * TAIL_RECORDS_MAX))
        await _end_reign(cluster, nemesis, adjudicator)
        if random.random() < 0.5:  # the third writer begins without it, too
            await asyncio.sleep(random.uniform(0.2, 1.5))
        network.join_again([adjudicator], [apart])
    await nemesis.restart(nemesis.struck)


def _replicas(cluster: SimulatedCluster, adjudicator: str) -> list[str]:
    """Of its journal. None where it has just been announced or retired."""
    return cluster.roles(f"journal/{adjudicator.partition('/')[2]}/")


async def _until_grown(cluster: SimulatedCluster, replica: str, records: int) -> None:
    """Until a journal replica's log has so many records more, or for a while."""
    begun: int | None = None

    def has_grown() -> bool:
        nonlocal begun
        role = cluster.running(replica)
        if role is None:
            return False
        last_lsn = cast(JournalReplica, role).log.last_lsn
        begun = last_lsn if begun is None else min(begun, last_lsn)  # a tail that is cut makes it shorter
        return last_lsn >= begun + records

    await cluster.world.until(has_grown, UNDECIDED_S, GROWN_S_MAX)


async def _end_reign(cluster: SimulatedCluster, nemesis: Nemesis, adjudicator: str) -> None:
    """By the death of its process, which stays down, if it is up."""
    process = cluster.process_running(adjudicator)
    if process is not None:
        nemesis.strike_at([process])
        cluster.world.crash(process)
    await asyncio.sleep(0)


async def relapse(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    adjudicator = random.choice(cluster.roles("adjudicator/"))
    homes = {name: home for name in _replicas(cluster, adjudicator) if (home := world.process_of(name)) is not None}
    if not homes:
        return
    replica = random.choice(sorted(homes))
    process = homes[replica].name
    nemesis.strike_at([process])
    world.crash(process)
    world.wipe(process)
    await nemesis.restart([process])

    def may_soon_vote() -> bool:
        role = cluster.running(adjudicator)
        reign = role._reign if isinstance(role, Adjudicator) else None
        return reign is not None and any(
            peer.name == replica and peer.barrier is not None for peer in reign.writer._peers
        )

    await world.until(may_soon_vote, LEARNING_S, GROWN_S_MAX)
    if process in world.processes and world.processes[process].up:
        world.crash(process)
        await asyncio.sleep(random.uniform(0, 0.3))
        await nemesis.restart([process])
    nemesis.strike_at([])


async def unheard(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    network, random = cluster.world.network, nemesis.random
    replicas = random.sample(cluster.roles("storage/"), random.randint(1, 2))
    network.sever(replicas, ["crossbar/1"], one_way=True)
    await asyncio.sleep(random.uniform(0.5, UNHEARD_S_MAX))
    network.join_again(replicas, ["crossbar/1"])


async def island(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    adjudicator = random.choice(cluster.roles("adjudicator/"))
    crossbar = cluster.process_running("crossbar/1")
    leader = cluster.process_running(adjudicator)
    replicas = _replicas(cluster, adjudicator)
    if leader is None or crossbar is None or not replicas:
        return
    near = [name for name in replicas if name.endswith(f"/{world.processes[crossbar].az}")]
    replica = random.choice(near if near and random.random() < NEIGHBOUR_SHARE else replicas)
    home = world.process_of(replica)
    cut_off = sorted({leader, *([home.name] if home is not None else [])})
    others = [name for name, process in world.processes.items() if name not in cut_off and not _only_speaks(process)]
    world.network.partition(cut_off, others)
    await asyncio.sleep(random.uniform(1.0, max(ISLAND_S_MAX, nemesis.strike_s_max)))
    crossbar = cluster.process_running("crossbar/1")
    restarts = crossbar is not None and crossbar not in cut_off
    if crossbar is not None and restarts:
        nemesis.strike_at([crossbar])
        world.crash(crossbar)
    world.network.mend(cut_off, others)
    if crossbar is not None and restarts:
        await nemesis.restart([crossbar])


def _only_speaks(process: Process) -> bool:
    """To clients: a query processor in a process of its own."""
    return all(spec.name.startswith("query_processor/") for spec in process.specs) and bool(process.specs)


async def regather(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    homes = sorted(
        {process.name for name in cluster.roles("storage/") if (process := world.process_of(name)) is not None}
    )
    lost, *behind = random.sample(homes, random.randint(2, min(4, len(homes))))
    if any(spec.name.startswith("journal/") for spec in world.processes[lost].specs):
        behind = behind[:1]  # a process is all of a zone: two away are a majority of every journal
    crossbar = cluster.process_running("crossbar/1")
    others = [*behind, *([crossbar] if crossbar is not None and crossbar not in (lost, *behind) else [])]
    random.shuffle(others)
    struck = [lost, *others]
    nemesis.strike_at(struck)
    for name in struck:
        world.crash(name, power_failure=random.random() < 0.3)
    world.wipe(lost)
    await asyncio.sleep(random.uniform(0, max(1.0, nemesis.strike_s_max / 2)))
    for name in struck if random.random() < 0.7 else [*others, lost]:
        await nemesis.restart([name])
        await asyncio.sleep(random.uniform(0, 0.1))


async def decay(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random = cluster.world, nemesis.random
    role = random.choice(cluster.roles("storage/"))
    home = world.process_of(role)
    if home is None:
        return
    image, process = world.disk_of(home, role), home.name
    segments = sorted(path for path, file in image.files.items() if path.startswith("segments/") and file.durable)
    if not segments:
        return
    nemesis.strike_at([process])
    world.crash(process)
    image.flip_bit(random.choice(segments))
    world.tell_rotten(role)
    image.faults = replace(image.faults, sync_s_max=DECAY_SYNC_S_MAX)
    await nemesis.restart([process])
    nemesis.strike_at([])
    await asyncio.sleep(random.uniform(1.0, max(DECAY_S_MAX, nemesis.strike_s_max)))
    image.faults = replace(image.faults, sync_s_max=world.faults.sync_s_max)
    if process in world.processes and world.processes[process].up:  # what has not been read since is found at a start
        nemesis.strike_at([process])
        world.crash(process)
        await nemesis.restart([process])


SCENES: dict[str, Callable[[SimulatedCluster, Nemesis], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (sever, island, regather, decay, untold, retire, succession, unheard, relapse, rift)
}
