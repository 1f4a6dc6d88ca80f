"""The controller's Ray actor: a Host with the Controller role, plus what only Ray can do (finding the other actors after a restart)."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ray

from actors.common.errors import DatabaseError
from actors.common.messages import Register, Shutdown
from actors.runtime import descriptors
from actors.runtime.heartbeat import Heartbeat
from actors.runtime.host import RoleSpec
from actors.runtime.ray_shell import ProcessSpec, begin_log, keep_membership, make_host
from cluster.controller import Controller
from cluster.plan import ProcessPlan, controller_az, shard_map
from cluster.working import Working

if TYPE_CHECKING:
    from actors.runtime.certificates import Issued
    from cluster.authority import Authority

logger = logging.getLogger(__name__)


class ControllerProcess:
    """`authority`: the file of the cluster's certificate authority, read where the bus is over TLS. Its constructor does the whole start, so that Ray can restart it."""

    async def __init__(self, spec: ProcessSpec, plan: list[ProcessPlan], url: str, authority: Path) -> None:  # type: ignore[misc]
        descriptors.raise_limit()
        begin_log(spec)
        context = ray.get_runtime_context()
        az = str(context.get_node_labels().get("az", controller_az(spec.settings)))
        self._authority = _read(authority) if spec.settings.bus.transport == "tls" else None
        self._host, membership = await make_host(spec, self._sign, None)
        self._controllers: list[Controller] = []

        def make(role_context: object) -> Controller:
            restarted = bool(context.was_current_actor_reconstructed)
            working = Working(lambda process: spec.heartbeat_path.with_name(f"{process}.beat"))
            controller = Controller(role_context, plan, shard_map(spec.settings), url, restarted=restarted, is_working=working)  # type: ignore[arg-type]
            self._controllers.append(controller)
            return controller

        await self._host.start([RoleSpec("controller", az, make)])
        self._renewing = keep_membership(membership, self._host)
        self._heartbeat = Heartbeat(spec.heartbeat_path)
        self._controllers[0].introduce(
            Register("controller", {"controller": az}, self._host.bus.endpoint, os.getpid(), context.get_node_id())
        )
        if context.was_current_actor_reconstructed:
            self._finding = asyncio.get_running_loop().create_task(self._find_processes(plan))

    async def _find_processes(self, plan: list[ProcessPlan]) -> None:
        """After a restart: ask every process that lives to register again."""
        for process in plan:
            try:
                ray.get_actor(process.name).register.remote(self._host.bus.endpoint)
            except ValueError:
                logger.warning("%s is not there", process.name)

    async def process_id(self) -> int:
        return os.getpid()

    async def issue(self, process: str, request: bytes) -> Issued:
        """A certificate for one of the cluster's processes, and where the controller is. Raises AuthorityError."""
        return replace(await self._sign(process, request), controller=self._host.bus.endpoint)

    async def _sign(self, process: str, request: bytes) -> Issued:
        assert self._authority is not None, "a bus over Unix sockets has no certificates"
        return self._authority.issue(process, request)

    async def complete(self) -> None:
        """Answers once every process is registered and every adjudicator leads."""
        done = asyncio.Event()
        self._controllers[0].when_complete(done.set)
        await done.wait()

    async def shut_down(self) -> None:
        """Stop every layer in order."""
        try:
            await self._host.bus.call("controller", "controller", Shutdown(), timeout_s=100.0)
        except DatabaseError as error:
            logger.warning("shutdown: %s", error.message)
        await self._host.stop()


def _read(path: Path) -> Authority:
    from cluster.authority import Authority  # clusters on Unix sockets start without it

    return Authority.read(path)
