"""Who is where, as the controller tells it: what processes have registered, as far as the cluster's state still has it."""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import replace

from actors.common.messages import Register
from actors.common.settings import Layout, Settings
from cluster.directory import Directory
from cluster.initial import initial_state
from cluster.policies.placement import Placement
from cluster.state import ClusterState


def first() -> ClusterState:
    return initial_state(Settings(layout=Layout(placement="az")), Placement("az"))


def without_role(state: ClusterState, name: str) -> ClusterState:
    processes = (replace(process, roles=tuple(role for role in process.roles if role.name != name)) for process in state.processes)
    return replace(state, processes=tuple(processes))


def test_a_role_that_the_state_has_given_up_is_named_no_more_though_its_process_began_with_it() -> None:
    state = first()
    gone = "storage/1/a"
    process = next(process for process in state.processes if gone in [role.name for role in process.roles])
    names = [role.name for role in process.roles]
    directory = Directory(cast(Any, None), state, homes=dict, assigned=tuple)
    directory.registers[process.name] = Register(
        process=process.name,
        roles=dict.fromkeys([*names, "storage/99/a"], "a"),
        endpoint="unix:/somewhere",
        pid=1,
        node="",
    )
    assert gone in directory.topology().azs and gone in directory.topology().routes
    directory.follow(without_role(state, gone))
    topology = directory.topology()
    for name in (gone, "storage/99/a"):
        assert name not in topology.azs and name not in topology.routes
    assert set(names) - {gone} <= topology.azs.keys() & topology.routes.keys()
