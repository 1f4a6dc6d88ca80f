"""The controller's Ray actor: a Host with the Controller role, its memory (keeping.py), and the launcher of all other processes."""

from __future__ import annotations

import asyncio
import logging
import os

import ray

from actors.common.errors import DatabaseError
from actors.common.messages import Register, Shutdown
from actors.common.settings import Settings
from actors.runtime import descriptors
from actors.runtime.heartbeat import Heartbeat
from actors.runtime.host import Host, RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.ray_shell import begin_log
from cluster.controller import Controller
from cluster.initial import controller_az, initial_state, with_keepers
from cluster.keeping import StateKeeper, keepers
from cluster.process_files import CONTROLLER, ProcessFiles
from cluster.ray_launcher import RayLauncher
from cluster.state import ProcessState
from cluster.working import Working

logger = logging.getLogger(__name__)


class NotComplete(Exception):
    """Why the cluster cannot become complete, in one line."""


class ControllerProcess:
    """Its constructor does the whole start, so that Ray can restart it."""

    async def __init__(self, files: ProcessFiles, settings: Settings, url: str) -> None:  # type: ignore[misc]
        descriptors.raise_limit()
        own = ray.get_runtime_context()
        az = str(own.get_node_labels().get("az", controller_az(settings)))
        spec = files.spec(ProcessState(CONTROLLER, az), settings)
        begin_log(spec)
        self._host = Host.local(spec.name, spec.endpoint, spec.data_dir, settings, node=own.get_node_id())
        self._controllers: list[Controller] = []
        launcher = RayLauncher(files, settings, lambda why: self._controllers[0].failed(why))

        def make(context: Context) -> Controller:
            initial = with_keepers(initial_state(settings))
            controller = Controller(
                context,
                initial,
                url,
                make_keeper=lambda own, on_deposed: StateKeeper(own, keepers(initial.processes), on_deposed),
                processors=os.cpu_count() or 1,
                launcher=launcher,
                restarted=bool(own.was_current_actor_reconstructed),
                is_working=Working(files.heartbeat),
            )
            self._controllers.append(controller)
            return controller

        await self._host.start([RoleSpec(CONTROLLER, az, make)])
        self._heartbeat = Heartbeat(spec.heartbeat_path)
        self._controllers[0].introduce(Register(CONTROLLER, {CONTROLLER: az}, self._host.bus.endpoint, os.getpid(), own.get_node_id()))

    async def process_id(self) -> int:
        return os.getpid()

    async def complete(self) -> None:
        """Answers once every process is registered and every adjudicator leads. Raises NotComplete."""
        complete: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._controllers[0].when_complete(lambda why: None if complete.done() else complete.set_result(why))
        if (why := await complete) is not None:
            raise NotComplete(why)

    async def shut_down(self) -> None:
        """Stop every layer in order."""
        try:
            await self._host.bus.call(CONTROLLER, CONTROLLER, Shutdown(), timeout_s=100.0)
        except DatabaseError as error:
            logger.warning("shutdown: %s", error.message)
        await self._host.stop()
