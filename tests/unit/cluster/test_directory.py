"""Who is where, as the controller tells it: what processes have registered, as far as the cluster's state still has
it."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from msgspec.structs import replace

from actors.common.errors import unavailable
from actors.common.messages import Informed, Message, Register, Topology
from actors.common.settings import Layout, Settings
from actors.runtime.interfaces import OnFailure, OnReply
from cluster.directory import Directory
from cluster.initial import initial_state
from cluster.policies.placement import Placement
from cluster.state import ClusterState


def first() -> ClusterState:
    return initial_state(Settings(layout=Layout(placement="az")), Placement("az"))


def without_role(state: ClusterState, name: str) -> ClusterState:
    processes = (
        replace(process, roles=tuple(role for role in process.roles if role.name != name))
        for process in state.processes
    )
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


# -- telling processes -------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """A topology under way, as the bus has it."""

    process: str
    topology: Topology
    informed: OnReply
    silent: OnFailure


class Bus:
    def __init__(self) -> None:
        self.told: list[Told] = []
        self.own = 0

    def set_topology(self, topology: Topology) -> None:
        self.own = topology.version

    def request(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_reply: OnReply,
        on_failure: OnFailure,
        timeout_s: float,
    ) -> None:
        assert isinstance(message, Topology)
        self.told.append(Told(destination.removeprefix("host/"), message, on_reply, on_failure))


def telling() -> tuple[Directory, Bus]:
    """A directory that may speak, and two processes that have registered."""
    bus, state = Bus(), first()
    context = SimpleNamespace(bus=bus, clock=SimpleNamespace(now=lambda: SimpleNamespace(latest=1)))
    directory = Directory(cast(Any, context), state, homes=dict, assigned=tuple)
    directory.silent = False
    for process in state.processes[:2]:
        directory.registers[process.name] = registered(process.name)
    return directory, bus


def registered(name: str) -> Register:
    return Register(process=name, roles={}, endpoint=f"unix:/{name}", pid=1, node="")


def test_a_process_has_one_topology_under_way_and_then_the_newest_alone() -> None:
    directory, bus = telling()
    versions = [directory.publish() for _ in range(3)]
    one, other = directory.registers
    assert [(told.process, told.topology.version) for told in bus.told] == [(one, versions[0]), (other, versions[0])]
    assert bus.own == versions[-1], "the controller's own process knows at once"
    bus.told[0].informed(Informed(versions[0]))
    assert [(told.process, told.topology.version) for told in bus.told[2:]] == [(one, versions[-1])]
    bus.told[2].informed(Informed(versions[-1]))
    assert len(bus.told) == 3, "it has all"
    bus.told[1].silent(unavailable(other, "no answer in time"))
    assert [(told.process, told.topology.version) for told in bus.told[3:]] == [(other, versions[-1])], (
        "at once: there is news"
    )


def test_the_next_life_of_a_process_does_not_wait_for_the_one_before() -> None:
    directory, bus = telling()
    directory.publish()
    one, _ = directory.registers
    directory.registers[one] = registered(one)
    version = directory.publish()
    assert [(told.process, told.topology.version) for told in bus.told[2:]] == [(one, version)]
    bus.told[0].silent(unavailable(one, "the connection was reset"))
    assert len(bus.told) == 3, "what became of the life before is of no account"
    later = directory.publish()
    bus.told[2].informed(Informed(version))
    assert (bus.told[-1].process, bus.told[-1].topology.version) == (one, later)


def test_an_earlier_controllers_version_is_outbid() -> None:
    directory, bus = telling()
    version = directory.publish()
    bus.told[0].informed(Informed(version + 1000))
    assert directory.version > version + 1000
    assert [told.process for told in bus.told[2:]] == [bus.told[0].process]
    bus.told[1].informed(Informed(version))
    assert bus.told[-1].process == bus.told[1].process and bus.told[-1].topology.version == directory.version
