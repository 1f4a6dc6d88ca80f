"""The controller's Ray actor: a Host with the Controller role, its memory (keeping.py), and the launcher of all other
processes."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import ray

from actors.common.errors import DatabaseError
from actors.common.messages import Register, Shutdown
from actors.common.settings import Settings
from actors.runtime import descriptors
from actors.runtime.heartbeat import Heartbeat
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.ray_shell import begin_log, keep_membership, make_host
from actors.runtime.region_cuts import cuts_path, read_cuts, unheard
from cluster.controller import Controller
from cluster.credentials import read_credentials
from cluster.initial import initial_state, with_keepers
from cluster.keeping import StateKeeper, keepers
from cluster.policies.placement import Placement
from cluster.process_files import CONTROLLER, ProcessFiles
from cluster.ray_launcher import Places, RayLauncher, cores
from cluster.state import ProcessState
from cluster.working import Working

if TYPE_CHECKING:
    from actors.runtime.certificates import Issued
    from cluster.authority import Authority

logger = logging.getLogger(__name__)


class NotComplete(Exception):
    """Why the cluster cannot become complete, in one line."""


class ControllerProcess:
    """`authority`: the file of the cluster's certificate authority, read where the bus is over TLS. Its constructor
    does the whole start, so that Ray can restart it."""

    async def __init__(  # type: ignore[misc]
        self, files: ProcessFiles, settings: Settings, placement: Placement, places: Places, authority: Path
    ) -> None:
        own = ray.get_runtime_context()
        files = files.of(places)
        az = places.controller_az
        spec = files.spec(ProcessState(CONTROLLER, az), settings)
        spec.roles.enter()
        descriptors.raise_limit()
        begin_log(spec)
        self._authority = _read(authority) if settings.bus.transport == "tls" else None
        self._host, membership = await make_host(spec, self._sign, None)
        self._controllers: list[Controller] = []
        launcher = RayLauncher(
            files,
            settings,
            places,
            lambda: self._host.bus.endpoint,
            lambda why: self._controllers[0].assembly.failed(why),
        )

        def is_visible(process: str) -> bool:
            hidden = unheard(read_cuts(cuts_path(files.sockets)), settings.regions.zones, az)
            known = self._controllers[0].state.processes
            return not any(one.name == process and one.az in hidden for one in known)

        def make(context: Context) -> Controller:
            initial = with_keepers(initial_state(settings, placement))
            controller = Controller(
                context,
                initial,
                make_keeper=lambda own, on_deposed: StateKeeper(own, keepers(initial.processes), on_deposed),
                processors=max(int(cores()), 1),
                launcher=launcher,
                restarted=bool(own.was_current_actor_reconstructed),
                is_working=Working(files.heartbeat, is_visible),
                read_credentials=partial(read_credentials, files.root)
                if settings.authentication.method == "tokens"
                else None,
            )
            self._controllers.append(controller)
            return controller

        await self._host.start([RoleSpec(CONTROLLER, az, make)])
        self._renewing = keep_membership(membership, self._host)
        self._heartbeat = Heartbeat(spec.heartbeat_path)
        self._controllers[0].introduce(
            Register(CONTROLLER, {CONTROLLER: az}, self._host.bus.endpoint, os.getpid(), own.get_node_id())
        )

    async def process_id(self) -> int:
        return os.getpid()

    async def issue(self, process: str, request: bytes) -> Issued:
        """A certificate for one of the cluster's processes, and where the controller is. Raises AuthorityError."""
        return replace(await self._sign(process, request), controller=self._host.bus.endpoint)

    async def _sign(self, process: str, request: bytes) -> Issued:
        assert self._authority is not None, "a bus over Unix sockets has no certificates"
        return self._authority.issue(process, request)

    async def complete(self) -> None:
        """Answers once every process is registered and every adjudicator leads. Raises NotComplete."""
        complete: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._controllers[0].assembly.when_complete(lambda why: None if complete.done() else complete.set_result(why))
        if (why := await complete) is not None:
            raise NotComplete(why)

    async def shut_down(self) -> None:
        """Stop every layer in order."""
        try:
            await self._host.bus.call(CONTROLLER, CONTROLLER, Shutdown(), timeout_s=100.0)
        except DatabaseError as error:
            logger.warning("shutdown: %s", error.message)
        await self._host.stop()


def _read(path: Path) -> Authority:
    from cluster.authority import Authority  # clusters on Unix sockets start without it

    return Authority.read(path)
