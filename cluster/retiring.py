"""Stops and ends what the cluster's state has no more: roles of processes that stay, and whole processes. What replicas
that are gone have on their disks goes, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.runtime.interfaces import Context
from cluster.directory import Directory
from cluster.failover import Failover
from cluster.state import ClusterState, ProcessState
from cluster.stopping import stop_for_good, stop_processes


class Retiring:
    """`end`: the controller's, for a process whose roles have been stopped."""

    def __init__(self, context: Context, directory: Directory, end: Callable[[str], None]) -> None:
        self._context = context
        self._directory = directory
        self._end = end
        self._leaving: Counter[str] = Counter()
        """Roles and processes that are being stopped."""

    def check(self, before: ClusterState, after: ClusterState) -> None:
        """Nobody comes under the name of one who is still on his way out: he would be stopped in the other's place, and
        his disk cleared. Raises 55000."""
        for name in sorted(self._leaving):
            is_new = name not in _names(before) and name in _names(after)
            if is_new:
                raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{name} of before is still being stopped")

    def follow(self, before: ClusterState, after: ClusterState, failover: Failover) -> None:
        """`directory` and `failover` know `after` already."""
        stays = after.roles.keys()
        for process in before.processes:
            for name in [role.name for role in process.roles if role.name not in stays]:
                home = failover.home.get(name, "")
                if self._directory.knows(home):
                    del failover.home[name]
                    self._spawn([name], stop_for_good(self._context, home, [name]))
            if not self._directory.knows(process.name):
                failover.forget(process.name)
                self._spawn([process.name, *(role.name for role in process.roles)], self._retire(process))

    def _spawn(self, names: Collection[str], stopping: Coroutine[Any, Any, None]) -> None:
        self._leaving.update(names)

        async def stop() -> None:
            try:
                await stopping
            finally:
                self._leaving -= Counter(names)

        self._context.spawn(stop())

    async def _retire(self, process: ProcessState) -> None:
        gone = [role.name for role in process.roles if role.kind in ("journal", "storage")]
        await stop_for_good(self._context, process.name, gone)
        await stop_processes(self._context, [process.name])
        if not self._directory.knows(process.name):
            self._end(process.name)
            self._directory.publish()


def _names(state: ClusterState) -> set[str]:
    return {*state.roles, *(process.name for process in state.processes)}
