"""Stops and ends what the cluster's state has no more: roles of processes that stay, and whole processes. What replicas
that are gone have on their disks goes, too."""

from __future__ import annotations

from collections.abc import Callable

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

    def follow(self, before: ClusterState, after: ClusterState, failover: Failover) -> None:
        """`directory` and `failover` know `after` already."""
        stays = after.roles.keys()
        for process in before.processes:
            for name in [role.name for role in process.roles if role.name not in stays]:
                home = failover.home.get(name, "")
                if self._directory.knows(home):
                    del failover.home[name]
                    self._context.spawn(stop_for_good(self._context, home, [name]))
            if not self._directory.knows(process.name):
                failover.forget(process.name)
                self._context.spawn(self._retire(process))

    async def _retire(self, process: ProcessState) -> None:
        gone = [role.name for role in process.roles if role.kind in ("journal", "storage")]
        await stop_for_good(self._context, process.name, gone)
        await stop_processes(self._context, [process.name])
        if not self._directory.knows(process.name):
            self._end(process.name)
            self._directory.publish()
