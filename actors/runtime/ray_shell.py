"""The one place where a role meets Ray: an actor that runs a Host, and nothing else.

Ray creates the actor on a node of the wanted availability zone, restarts it when it dies, and ends it. All messages
between roles go over the host's own bus. The constructor does the whole start, so that an actor that Ray restarts comes
back by itself: same folder, same endpoint, registered with the controller again, which tells it what to run.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import ray

from actors.common.messages import StartRole
from actors.common.settings import Settings
from actors.runtime import descriptors
from actors.runtime.assigned_roles import MakeRole
from actors.runtime.garbage import GarbageWatch
from actors.runtime.heartbeat import Heartbeat
from actors.runtime.host import Host, RoleSpec
from actors.runtime.last_words import LastWords, last_words_path
from actors.runtime.loop_probe import VARIABLE as LOOP_PROBE
from actors.runtime.loop_probe import LoopProbe
from actors.runtime.membership import Ask, Membership, tls_address
from actors.runtime.socket_bus import SocketBus

if TYPE_CHECKING:
    from actors.runtime.certificates import Issued

SWITCH_INTERVAL_S = 0.0005
"""How long one thread may keep the interpreter: column-executor threads must not hold up the loop that serves point
reads."""


@dataclass(frozen=True)
class ProcessSpec:
    """What one process needs to know to start. `endpoint` is its bus's Unix socket (where the bus is over TLS, it
    listens at a TCP port, too); `roles` makes what runs in it."""

    name: str
    endpoint: str
    controller_endpoint: str
    data_dir: Path
    log_path: Path
    heartbeat_path: Path
    """Where the process shows that its loop turns (heartbeat.py)."""
    settings: Settings
    roles: Roles


class Roles(Protocol):
    """Picklable; called in the process."""

    def enter(self) -> None:
        """First of all: make ready what the process needs on its node."""

    def load(self) -> None:
        """Import what the process's roles need."""

    def assigned(self, message: StartRole) -> RoleSpec:
        """One that the controller has assigned to it."""


def begin_log(spec: ProcessSpec) -> None:
    """The process's log, with the stacks of all threads where it is ended by a fault or by SIGABRT."""
    logging.basicConfig(
        filename=spec.log_path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    faulthandler.enable(file=spec.log_path.open("a"), all_threads=True)


async def ask_authority(process: str, request: bytes) -> Issued:
    """Through Ray, which lets nobody call without the cluster's token; a controller that is being restarted is waited
    for."""
    issued: Issued = await ray.get_actor("controller").issue.remote(process, request)
    return issued


async def make_host(spec: ProcessSpec, ask: Ask, make_role: MakeRole | None) -> tuple[Host, Membership | None]:
    """The process's host, not started yet; the membership where the bus is over TLS. Raises what `ask` raises,
    OSError."""
    node = ray.get_runtime_context().get_node_id()
    if spec.settings.bus.transport == "unix":
        return Host.local(spec.name, spec.endpoint, spec.data_dir, spec.settings, node=node, make_role=make_role), None
    membership = Membership(spec.name, ask)
    identity = await membership.join()
    ip = spec.settings.bus.address or str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
    address = tls_address(spec.name, ip, spec.endpoint, spec.heartbeat_path.parent)
    host = Host.local(
        spec.name, address, spec.data_dir, spec.settings, node=node, make_role=make_role, identity=identity
    )
    return host, membership


def keep_membership(membership: Membership | None, host: Host) -> asyncio.Task[None] | None:
    """Renews the process's certificate for as long as it lives; the caller holds the task."""
    if membership is None:
        return None
    assert isinstance(host.bus, SocketBus)
    return asyncio.get_running_loop().create_task(membership.keep(host.bus))


class RoleProcess:
    """The actor class. `ray.remote(RoleProcess).options(name=..., label_selector={"az": ...},
    max_restarts=-1).remote(spec)`."""

    async def __init__(self, spec: ProcessSpec) -> None:  # type: ignore[misc]
        spec.roles.enter()
        descriptors.raise_limit()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        begin_log(spec)
        self._spec = spec
        self._stopped = asyncio.Event()
        spec.roles.load()
        self._host, membership = await make_host(spec, ask_authority, spec.roles.assigned)
        self._host.on_shutdown = self._stopped.set
        self._host.bus.add_route(
            "controller", membership.controller if membership is not None else spec.controller_endpoint
        )
        await self._host.start([])
        self._last_words = LastWords(last_words_path(spec.heartbeat_path), self._host.last_words)
        self._heartbeat = Heartbeat(spec.heartbeat_path)
        self._garbage_watch = GarbageWatch()
        self._renewing = keep_membership(membership, self._host)
        if LOOP_PROBE in os.environ:
            self._probe = LoopProbe(Path(os.environ[LOOP_PROBE]) / f"{spec.name}.jsonl")
        self._registering = asyncio.get_running_loop().create_task(self._host.register())

    async def process_id(self) -> int:
        """Answers once the process has started its roles."""
        return os.getpid()

    async def register(self, controller: str) -> None:
        """Tell the controller (a new one, after a restart, at this address) who is here."""
        self._host.bus.add_route("controller", controller)
        await self._host.register()

    async def stop(self) -> None:
        """Stop the roles and leave the bus; the actor is killed after this."""
        await self._host.stop()
