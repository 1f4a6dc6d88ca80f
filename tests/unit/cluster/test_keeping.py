"""The cluster's state in journal 0."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

from actors.common.messages import Watched
from actors.common.ranges import ShardMap
from actors.common.settings import Layout, Settings, Storing
from actors.common.stored_journal import STATE_JOURNAL, parse, state_versions
from actors.journal.record import STATE
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.simulation.world import World
from cluster.initial import initial_state, with_keepers
from cluster.keeping import StateKeeper
from cluster.policies.placement import Placement
from cluster.state import encode_state
from tests.unit.journal.support import AZS, until

NAMES = [f"journal/{STATE_JOURNAL}/{az}" for az in AZS]


def test_a_state_whose_record_tells_no_versions_is_written_anew() -> None:
    """Of before 2026-11-30: uploads wait for a state in the store that has what they ask for."""
    layout = Settings(layout=Layout(placement="role"))
    state = with_keepers(initial_state(layout, Placement("role")))

    async def scenario(world: World) -> None:
        await world.start()
        world.publish(ShardMap(1, (), (1,), (1,)))
        context = Context(
            "controller",
            "a",
            world.bus,
            world.clock,
            cast(Any, None),
            world.derive("controller"),
            asyncio.ensure_future,
            world.settings,
        )
        older = JournalWriter(context, STATE_JOURNAL, NAMES, lambda why: None)
        await older.open(lambda: lambda header, record: None)
        await older.begin(1, 1)
        written = asyncio.get_running_loop().create_future()
        older.append(STATE, 2, 2, 2, payload=encode_state(state), on_committed=lambda: written.set_result(None))
        await written
        for name in NAMES:
            older.watched(name, older.epoch)

        def told() -> tuple[int, int]:
            assert world.stored is not None
            names = (parse(key, len(data)) for key, (data, _) in world.stored.objects.items())
            return state_versions(name for name in names if name is not None)

        await asyncio.sleep(20)
        assert world.stored is not None and world.stored.objects and told() == (0, 0)
        older.stop()
        lsns = []
        for _ in range(2):
            keeper = StateKeeper(context, NAMES, lambda why: None)
            assert await keeper.open() == state
            lsns.append(keeper._writer.last_lsn)
            for name in NAMES:
                keeper.watched(name, Watched(keeper._writer.epoch))
            await until(lambda: told() == (state.shard_map.version, 0))
            keeper.stop()
        assert lsns[1] == lsns[0] + 1, "once; then there is only the beginning of the reign"

    world = World(1, settings=replace(Settings(), storing=Storing(object_store="file:///simulated")))
    for az in AZS:

        def make(context: Context, az: str = az) -> JournalReplica:
            return JournalReplica(context, STATE_JOURNAL, az)

        world.add_process(f"journal-0-{az}", az, [RoleSpec(f"journal/{STATE_JOURNAL}/{az}", az, make)])
    with world:
        world.run(scenario(world))
