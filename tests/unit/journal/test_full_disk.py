"""One replica's disk is full, and what fills it is of no use any more."""

from __future__ import annotations

import asyncio

from actors.journal.reserve import RESERVE_BYTES
from actors.runtime.simulation.world import World
from tests.unit.journal.support import NAMES, TestWriter, begin_world, make_world, payloads, replica, until


def test_a_cut_tail_makes_room_for_what_takes_its_place() -> None:
    """Its files outlive the cut until the new segment is durable, and the record for that does not fit before they
    go."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        await old.commit(b"kept")
        await until(lambda: replica(world, "c").log.last_lsn == 2)
        world.network.partition(["journal-1-a", "journal-1-b"], ["scenario"])
        for number in range(4):
            old.append(b"%d" % number + bytes(RESERVE_BYTES))
            await asyncio.sleep(1)
        await until(lambda: replica(world, "c").log.last_lsn == 6)
        old.writer.stop()
        world.crash("journal-1-c")
        image = world.processes["journal-1-c"].disks[NAMES[2]]
        image.capacity_bytes = image.used_bytes
        world.network.heal()
        new = await TestWriter(world).lead()
        await new.commit(bytes(2 * RESERVE_BYTES))
        await world.restart("journal-1-c")
        await new.commit(b"new")
        await until(lambda: replica(world, "c").log.last_lsn == new.writer.last_lsn)
        assert payloads(world, "c") == payloads(world, "a")

    with make_world(segment_bytes=RESERVE_BYTES) as world:
        world.run(scenario(world))
