"""The controller's Ray actor: a Host with the Controller role, plus what only Ray can do (finding the other actors after a restart)."""

from __future__ import annotations

import asyncio
import logging
import os

import ray

from actors.common.errors import DatabaseError
from actors.common.messages import Register, Shutdown
from actors.runtime import descriptors
from actors.runtime.heartbeat import Heartbeat
from actors.runtime.host import Host, RoleSpec
from actors.runtime.ray_shell import ProcessSpec, begin_log
from cluster.controller import Controller
from cluster.plan import ProcessPlan, controller_az, shard_map
from cluster.working import Working

logger = logging.getLogger(__name__)


class ControllerProcess:
    """Its constructor does the whole start, so that Ray can restart it."""

    async def __init__(self, spec: ProcessSpec, plan: list[ProcessPlan], url: str) -> None:  # type: ignore[misc]
        descriptors.raise_limit()
        begin_log(spec)
        context = ray.get_runtime_context()
        az = str(context.get_node_labels().get("az", controller_az(spec.settings)))
        self._host = Host.local(spec.name, spec.endpoint, spec.data_dir, spec.settings, node=context.get_node_id())
        self._controllers: list[Controller] = []

        def make(role_context: object) -> Controller:
            restarted = bool(context.was_current_actor_reconstructed)
            working = Working(lambda process: spec.heartbeat_path.with_name(f"{process}.beat"))
            controller = Controller(role_context, plan, shard_map(spec.settings), url, restarted=restarted, is_working=working)  # type: ignore[arg-type]
            self._controllers.append(controller)
            return controller

        await self._host.start([RoleSpec("controller", az, make)])
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
                ray.get_actor(process.name).register.remote()
            except ValueError:
                logger.warning("%s is not there", process.name)

    async def process_id(self) -> int:
        return os.getpid()

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
