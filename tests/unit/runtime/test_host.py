"""The host's life on a real loop and a real bus: start, failing start, stop order, registration, topology, crashes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from actors.common.errors import DatabaseError
from actors.common.messages import Informed, Register, Topology
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.settings import Settings
from actors.runtime.host import Host, RoleSpec
from actors.runtime.interfaces import Context, Reply

MAP = ShardMap(version=1, cuts=(), adjudicators=(1,), shards=(1,))
ROLES = Topology(version=7, routes={"x/1": "unix:/nowhere"}, azs={"x/1": "a"}, shard_map=MAP)


class Recorder:
    """Writes down what befalls it; as `controller` it answers registrations."""

    def __init__(self, context: Context, events: list[str], failing: bool = False) -> None:
        self.context = context
        self.events = events
        self.failing = failing
        self.registered: list[Register] = []

    async def start(self) -> None:
        if self.failing:
            raise DatabaseError("08001", "the port is taken")
        self.events.append(f"start {self.context.name}")
        self.task = self.context.spawn(asyncio.Event().wait())

    async def stop(self) -> None:
        self.events.append(f"stop {self.context.name}")

    def status(self) -> dict[str, Any]:
        return {}

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Register) and reply is not None:
            self.registered.append(message)
            reply(ROLES)


@asynccontextmanager
async def new_host(name: str = "p", **options: Any) -> AsyncIterator[tuple[Host, list[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        host = Host.local(name, f"unix:{folder}/{name}", Path(folder) / "data", Settings(), node="n", **options)
        events: list[str] = []
        try:
            yield host, events
        finally:
            await host.stop()


def test_roles_start_in_order_and_stop_in_reverse() -> None:
    async def main() -> None:
        async with new_host() as (host, events):
            await host.start(
                [RoleSpec(f"x/{number}", "a", lambda context: Recorder(context, events)) for number in (1, 2)]
            )
            task = host.role("x/2").task  # type: ignore[attr-defined]
            assert host.role_names == ["x/1", "x/2"]
            await host.stop()
            assert events == ["start x/1", "start x/2", "stop x/2", "stop x/1"] and task.cancelled()
            await host.stop()

    uvloop.run(main())


def test_a_role_that_cannot_start_takes_all_down() -> None:
    async def main() -> None:
        async with new_host() as (host, events):
            specs = [
                RoleSpec(f"x/{number}", "a", lambda context: Recorder(context, events, context.name == "x/2"))
                for number in (1, 2)
            ]
            with pytest.raises(DatabaseError) as failure:
                await host.start(specs)
            assert failure.value.sqlstate == "08001"
            assert events == ["start x/1", "stop x/1"]

    uvloop.run(main())


def test_registration_and_topology() -> None:
    async def main() -> None:
        async with new_host("controller") as (controller, events), new_host("p") as (host, _):
            await controller.start([RoleSpec("controller", "a", lambda context: Recorder(context, events))])
            host.bus.add_route("controller", controller.bus.endpoint)
            await host.start([RoleSpec("x/1", "b", lambda context: Recorder(context, events))])
            await host.register()
            assert host.bus.topology == ROLES
            (register,) = controller.role("controller").registered  # type: ignore[attr-defined]
            assert (register.process, register.roles, register.endpoint) == ("p", {"x/1": "b"}, host.bus.endpoint)
            newer = Topology(version=8, routes={}, azs={}, shard_map=MAP)
            controller.bus.add_route("host/p", host.bus.endpoint)
            assert await controller.bus.call("controller", "host/p", newer) == Informed(8)
            assert await controller.bus.call("controller", "host/p", ROLES) == Informed(8), (
                "of an older one, which does not count"
            )
            assert host.bus.topology == newer

    uvloop.run(main())


@pytest.mark.parametrize("where", ["task", "timer", "sync"])
def test_whatever_escapes_a_role_is_a_crash(where: str, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise AssertionError(where)

    async def task() -> None:
        broken()

    async def main() -> None:
        crashed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        async with new_host(on_crash=crashed.set_result) as (host, events):
            await host.start([RoleSpec("x/1", "a", lambda context: Recorder(context, events))])
            context = host.role("x/1").context  # type: ignore[attr-defined]
            if where == "task":
                context.spawn(task())
            elif where == "timer":
                asyncio.get_running_loop().call_later(0, broken)
            else:
                context.disk.open("file").sync(broken)
            assert str(await crashed) == where

    uvloop.run(main())
