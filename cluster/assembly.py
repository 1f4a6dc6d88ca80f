"""Whether the cluster is all there: every process of its state is registered, every role runs, every adjudicator leads.

    assembly.started("adjudicator/2")           a role that the controller assigns runs (again); this one is to lead
    assembly.when_complete(callback)            callback(None) once all is there; callback(why) where it cannot be
    assembly.failed(why)                        a process cannot be created
    assembly.refused("storage/1/a", error)      ... or a role in it cannot be started

Completeness is computed from what is known now, and looked at after whatever may have changed it (`notice`): nothing is
polled, and a cluster that has lost a role since is not complete any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from actors.common.errors import CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.runtime.interfaces import Context
from cluster.directory import Directory
from cluster.leading import Leading
from cluster.state import ClusterState
from cluster.wakes import LEADING, ROLES, Wakes

OnComplete = Callable[[str | None], None]
"""Told None, or why the cluster cannot become complete."""


class Assembly:
    """`known`: the cluster's state, None before it has been read; `reading`: it is being read (again). `homes`: role ->
    process, for the roles that the controller assigns (`assigned`) and that run. `on_complete` is called whenever the
    cluster is found complete, before those who wait for that are told."""

    def __init__(
        self,
        context: Context,
        directory: Directory,
        wakes: Wakes,
        known: Callable[[], ClusterState | None],
        reading: Callable[[], bool],
        homes: Callable[[], Mapping[str, str]],
        assigned: Callable[[], Collection[str]],
        on_complete: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._wakes = wakes
        self._known = known
        self._reading = reading
        self._homes = homes
        self._assigned = assigned
        self._on_complete = on_complete
        self._waiting: list[OnComplete] = []
        self.leading = Leading(context, lambda role: homes().get(role), self.notice)

    @property
    def complete(self) -> bool:
        state = self._known()
        if state is None or self._reading():
            return False
        adjudicators = {name for name, role in state.roles.items() if role.kind == "adjudicator"}
        return (
            all(process.name in self._directory.registers for process in state.processes)
            and self._all_run()
            and adjudicators <= self.leading.names
        )

    def _all_run(self) -> bool:
        homes = self._homes()
        return all(role in homes for role in self._assigned())

    def when_complete(self, callback: OnComplete) -> None:
        """Call back (once) with None when every process of the state is registered, every role runs and every
        adjudicator leads, or with the reason why a role cannot be started."""
        if self.complete:
            callback(None)
        else:
            self._waiting.append(callback)

    def failed(self, why: str | None) -> None:
        """A process cannot be created, or a role in it (None: all is there): whoever waits for the cluster to be
        complete is told."""
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback(why)

    def started(self, role: str) -> None:
        """A role that the controller assigns runs (again): an adjudicator is to lead."""
        self._wakes.runs(role)
        state = self._known()
        assert state is not None, "who assigns roles has read the state"
        if state.roles[role].kind == "adjudicator":
            self.leading.ask(role)
        self.notice()

    def refused(self, role: str, error: DatabaseError) -> None:
        """A process could not start the role."""
        if error.sqlstate not in (CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE):  # no answer yet is none
            self.failed(f"{role} did not start: {error.message}")

    def notice(self) -> None:
        """Something may have become complete."""
        if self._known() is not None and self._all_run():
            self._wakes.reached(ROLES)
        if self.complete:
            self._wakes.reached(LEADING)
            self._on_complete()
            self.failed(None)
