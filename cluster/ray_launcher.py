"""Creates and ends processes as detached Ray actors, for the controller.

Detached, so that they live on when the controller's own actor is restarted; Ray restarts each one that dies
(max_restarts = -1). Calls to Ray's control process block, so they are made in a thread, in their order; processes that
are launched together, as at a wake, are created side by side, since each creation is mostly waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

import ray

from actors.common.errors import CANNOT_CONNECT_NOW, DatabaseError
from actors.common.settings import Settings
from actors.runtime.ray_shell import RoleProcess
from cluster import thrifty
from cluster.lean_process import RoleProcessWithoutArrow
from cluster.process_files import CONTROLLER, ProcessFiles
from cluster.spares import SpareWorkers
from cluster.state import ProcessState, stays_at_zero
from cluster.zone_rooms import await_over

OPTIONS: dict[str, Any] = {
    "num_cpus": 0,
    "max_restarts": -1,
    "max_task_retries": 0,
}
"""Of every actor of a cluster, the controller's too. They live in the namespace of whoever creates them: the
cluster's."""

LAUNCHES_MAX = 4
"""Processes that are created at a time: a zone's each, and one more. Beyond that Ray's control process is busy."""

logger = logging.getLogger(__name__)


class Places(Protocol):
    """What actors ask of Ray so that it puts them where they belong (local_ray.py, joined_ray.py). Picklable."""

    @property
    def controller_az(self) -> str: ...

    def options(self, process: ProcessState) -> dict[str, Any]: ...

    def controller_options(self) -> dict[str, Any]: ...

    def disks(self) -> Mapping[str, str]:
        """Zone -> the number of the disk with its data; empty where Ray is the cluster's own."""

    def seats(self) -> Mapping[str, int]:
        """Zone -> how many disks it had before that one (actors/journal/seats.py). Missing: 0."""

    def make_room(self) -> None:
        """There are nodes for the zones' processes. Raises what says why there are not, in one line."""

    def replace_lost(self) -> Collection[str]:
        """Zones whose node was lost, and which have another now: their processes are to be created anew. Raises what
        says why there is none, in one line."""

    def is_in_zone(self, process: ProcessState) -> bool:
        """Whether it is on the node of its zone."""

    def release_room(self) -> None: ...

    def nodes(self) -> Mapping[str, str]:
        """Zone -> its node's id, where there is one."""


class RayLauncher:
    """`controller`: its address on the bus, which a process that lives already is told. `on_failed(why)` runs in the
    event loop where a process's constructor fails, in words for a person."""

    def __init__(
        self,
        files: ProcessFiles,
        settings: Settings,
        places: Places,
        controller: Callable[[], str],
        on_failed: Callable[[str], None],
    ) -> None:
        self._files = files
        self._settings = settings
        self._places = places
        self._controller = controller
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="ray-launcher")
        self._side_by_side = ThreadPoolExecutor(LAUNCHES_MAX, thread_name_prefix="ray-launch")
        self._launched: set[str] = set()
        self._spares = SpareWorkers(places.nodes)
        self._batch: list[ProcessState] = []
        """Launched in this turn of the loop."""

    async def make_room(self) -> None:
        try:
            await self._loop.run_in_executor(self._calls, self._make_room)
        except Exception as error:  # Ray's are of many classes
            raise DatabaseError(CANNOT_CONNECT_NOW, str(error).strip().partition("\n")[0]) from error

    def _make_room(self) -> None:
        self._places.make_room()
        self._files = self._files.of(self._places)

    async def replace_lost(self, processes: Collection[ProcessState]) -> Collection[str]:
        try:
            return await self._loop.run_in_executor(self._calls, self._replace_lost, processes)
        except Exception as error:  # likewise
            raise DatabaseError(CANNOT_CONNECT_NOW, str(error).strip().partition("\n")[0]) from error

    def _replace_lost(self, processes: Collection[ProcessState]) -> Collection[str]:
        zones = self._places.replace_lost()
        self._files = self._files.of(self._places)
        moving = [process for process in processes if process.az in zones and self._places.is_in_zone(process)]
        for process in moving:
            self._end(process.name)
        names = {process.name for process in moving}
        await_over(lambda: names.isdisjoint(ray.util.list_named_actors()))
        for process in moving:
            self._launch(process)
        return zones

    def release_room(self, ended: Collection[ProcessState]) -> None:
        self._loop.run_in_executor(self._calls, self._places.release_room)
        if self._settings.scaling.warm:
            self._spares.begin(Counter(process.az for process in ended))

    def launch(self, process: ProcessState) -> None:
        self._spares.end()
        if process.name not in self._launched:
            self._launched.add(process.name)
            if not self._batch:
                self._loop.call_soon(self._flush)
            self._batch.append(process)

    def _flush(self) -> None:
        if self._batch:
            batch, self._batch = self._batch, []
            self._loop.run_in_executor(self._calls, self._launch_all, batch)

    def _launch_all(self, batch: Sequence[ProcessState]) -> None:
        for _ in self._side_by_side.map(self._launch, batch):
            pass

    def end(self, process: str) -> None:
        self._flush()
        self._launched.discard(process)
        self._loop.run_in_executor(self._calls, self._end, process)

    def end_others(self, processes: Collection[str]) -> None:
        self._flush()
        self._loop.run_in_executor(self._calls, self._end_others, {CONTROLLER, *processes})

    def _end_others(self, processes: set[str]) -> None:
        for name in set(ray.util.list_named_actors()) - processes:
            self._end(name)

    def _launch(self, process: ProcessState) -> None:
        try:
            actor = ray.get_actor(process.name)
        except ValueError:
            actor = create(process, self._files, self._settings, self._places)
        else:
            actor.register.remote(self._controller())
        started: Any = actor.process_id.remote().future()
        started.add_done_callback(lambda done: self._note_end(process.name, done.exception()))

    def _note_end(self, process: str, error: BaseException | None) -> None:
        if error is not None:
            logger.warning("%s did not start: %s", process, error)
            self._loop.call_soon_threadsafe(self._on_failed, why_not_started(process, error))

    def _end(self, process: str) -> None:
        try:
            ray.kill(ray.get_actor(process), no_restart=True)
        except ValueError:
            logger.info("%s is gone already", process)


def create(process: ProcessState, files: ProcessFiles, settings: Settings, places: Places) -> Any:
    """The actor's handle. There must be none of this name."""
    options = {**OPTIONS, **places.options(process), "name": process.name, "lifetime": "detached"}
    shell = RoleProcessWithoutArrow if stays_at_zero(process) else RoleProcess
    return actor_class(shell).options(**options).remote(files.spec(process, settings))


@cache
def actor_class(shell: type) -> Any:
    """Ray's own of this class. Ray tells all nodes of it once, however many actors this process creates."""
    thrifty.without_disassembly()
    return ray.remote(shell)


def cores() -> float:
    """Of all nodes that Ray has."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources.get("CPU", 0.0)


def why_not_started(name: str, error: BaseException) -> str:
    """The innermost reason that an actor's constructor gave, in one line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    last = lines[-1].strip() if lines else repr(error)
    return f"{name} did not start: {last}"
