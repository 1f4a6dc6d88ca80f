"""Where the processes of a cluster have their sockets, disks and logs on their hosts, and what each is told when it is
created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from actors.common.messages import StartRole
from actors.common.settings import Regions, Settings
from actors.runtime.endpoints import socket_name
from actors.runtime.host import RoleSpec
from actors.runtime.ray_shell import ProcessSpec
from cluster.policies.homes import HOSTING
from cluster.regions import controller_az
from cluster.roles import load, role_spec
from cluster.state import MOVABLE, ProcessState, RoleState, stays_at_zero

CONTROLLER = "controller"


class Folders(Protocol):
    """See ray_launcher.Places."""

    def disks(self) -> Mapping[str, str]: ...

    def seats(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class ProcessFiles:
    """`sockets`, `roles`, `logs`: folders that only this user can enter (data_folder.py). `root`: the data folder,
    which each node of a Ray that was joined has for itself; `disks`: zone -> the number of the one with its data
    (node_folder.py), `seats`: zone -> how many it had before that one (actors/journal/seats.py)."""

    sockets: Path
    roles: Path
    logs: Path
    root: Path
    disks: Mapping[str, str] = field(default_factory=dict)
    seats: Mapping[str, int] = field(default_factory=dict)
    restoring: bool = False
    """The cluster begins with another's data, for the first time (restoring.py)."""

    def of(self, places: Folders) -> ProcessFiles:
        """As the zones lie now."""
        return replace(self, disks=places.disks(), seats=places.seats())

    def endpoint(self, process: str, az: str, regions: Regions) -> str:
        return f"unix:{self.sockets}/{socket_name(process, az, regions)}"

    def heartbeat(self, process: str) -> Path:
        return self.sockets / f"{process}.beat"

    def spec(self, process: ProcessState, settings: Settings) -> ProcessSpec:
        return ProcessSpec(
            name=process.name,
            endpoint=self.endpoint(process.name, process.az, settings.regions),
            controller_endpoint=self.endpoint(CONTROLLER, controller_az(settings.layout.azs), settings.regions),
            data_dir=self.roles,
            log_path=self.logs / f"{process.name}.log",
            heartbeat_path=self.heartbeat(process.name),
            settings=settings,
            roles=_Roles(process, self, self._disk(process), settings.supervision.stall_s),
        )

    def _disk(self, process: ProcessState) -> str:
        """ "" for a process without data."""
        return "" if stays_at_zero(process) else self.disks.get(process.az, "")


@dataclass(frozen=True)
class _Roles:
    """ray_shell.Roles of one process: it begins with none, and is told all."""

    process: ProcessState
    files: ProcessFiles
    disk: str
    stall_s: float

    def enter(self) -> None:
        if self.files.disks:  # a Ray that was joined
            from cluster import node_watch
            from cluster.data_folder import DataFolder
            from cluster.node_folder import enter

            files = self.files
            enter(files.root, files.sockets, self.disk)
            node_watch.begin(
                files.sockets, files.logs / "loop-watch.log", DataFolder(files.root).replacements_path, self.stall_s
            )

    def load(self) -> None:
        kinds = {role.kind for role in self.process.roles}
        load(kinds | MOVABLE if kinds & set(HOSTING) else kinds)

    def assigned(self, message: StartRole) -> RoleSpec:
        arguments = message.arguments
        if message.kind == "journal":
            arguments = {
                **arguments,
                "seat": self.files.seats.get(self.process.az, 0),
                "restoring": self.files.restoring,
            }
        return role_spec(RoleState(message.role, message.kind, arguments), message.az, str(self.files.sockets))
