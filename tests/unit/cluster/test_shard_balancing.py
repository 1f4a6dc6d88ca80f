"""What replicas tell of their load becomes a reshape, once the policy has seen it for long enough."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.messages import ShardLoad
from actors.common.settings import Layout, Scaling, Settings
from cluster import load_reports
from cluster.initial import initial_state
from cluster.policies.placement import Placement
from cluster.policies.shards import Reshape
from cluster.shard_balancing import ShardBalancing
from cluster.state import ClusterState

SAMPLE = [bytes([128 + number]) for number in range(100)]


def acts_of(placement: str, loads: list[tuple[str, ShardLoad]], scaling: Scaling, looks: int = 5) -> list[Reshape]:
    """What is decided within so many looks."""
    state = initial_state(Settings(layout=Layout(placement=placement)), Placement(placement))
    homes = {role.name: process.name for process in state.processes for role in process.roles}
    acts: list[Reshape] = []

    async def scenario() -> None:
        seen = asyncio.Semaphore(0)

        def current() -> ClusterState:
            seen.release()
            return state

        balancing = ShardBalancing(scaling, state, current, lambda: homes, acts.append)
        balancing.start()
        for role, load in loads:
            balancing.reported(role, load)
        for _ in range(looks):
            await asyncio.wait_for(seen.acquire(), 10)
        balancing.stop()

    asyncio.run(scenario())
    return acts


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_reports, "LOOK_S", 0.0)


def test_the_largest_replica_counts() -> None:
    scaling = Scaling(shard_bytes=1000, up_delay_s=0.0)
    loads = [
        ("storage/1/a", ShardLoad(1, 900, 0.0, [])),
        ("storage/2/a", ShardLoad(2, 10, 0.0, [])),
        ("storage/2/b", ShardLoad(2, 2000, 0.0, [])),
    ]
    assert acts_of("az", loads, scaling)[0] == Reshape((2,), b"")
    assert acts_of("az", loads[:2], scaling) == []
    assert acts_of("az", loads, Scaling(shard_bytes=1000, up_delay_s=1000.0)) == []


def test_a_busy_process_counts_where_the_replica_is_alone_in_it() -> None:
    scaling = Scaling(shard_bytes=0, up_delay_s=0.0)
    loads = [("storage/2/a", ShardLoad(2, 10, 0.9, SAMPLE))]
    assert acts_of("role", loads, scaling)[0] == Reshape((2,), SAMPLE[50])
    assert acts_of("az", loads, scaling) == [], "the load of others that share the process says nothing of the shard"


def test_a_replica_of_a_shard_that_is_gone_says_nothing() -> None:
    assert (
        acts_of(
            "az",
            [("storage/7/a", ShardLoad(7, 1 << 40, 0.9, SAMPLE)), ("storage/1/a", ShardLoad(1, 1, 0.0, []))],
            Scaling(),
            3,
        )
        == []
    )
