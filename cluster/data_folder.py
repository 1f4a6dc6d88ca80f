"""The data folder: all that a cluster on this machine owns, and who may use it.

    DIR/cluster.json     what the cluster is: its settings (cluster/remembered.py)
    DIR/roles/<name>/    each role's own disk
    DIR/run/             sockets, state.json (url, pids, Ray address), the embedded Ray's token, while it runs
    DIR/logs/            one log a process
    DIR/disk             whose data this is, where the cluster lies on the nodes of a Ray that it has joined
                         (cluster/node_folder.py)
    DIR/authority.pem    the authority that signs processes' certificates, where the bus is over TLS
                         (cluster/authority.py)
    DIR/access_keys.json what clients sign their tokens with (cluster/access_keys.py)
    DIR/tls/             the certificate that clients are shown, and the authority that has signed it
                         (cluster/server_certificate.py)
    DIR/lost/, DIR/recoveries.jsonl
                         what `region recover` has set aside, and done (cluster/recovering.py)
    DIR/lock             held (flock) by the supervisor for as long as it lives: a second `up` finds it taken

Unix socket paths are bounded (107 bytes), so where DIR is long the sockets lie in a short folder beside the system's
temporary files, named by a hash of DIR and removed by `down`. Both folders are for this user alone
(private_folders.py).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from actors.runtime.region_cuts import cuts_path
from cluster.private_folders import NotPrivate, is_private, open_private, require_private

CLUSTER_FILE = "cluster.json"
AUTHORITY_FILE = "authority.pem"
DISK_FILE = "disk"
ACCESS_KEYS_FILE = "access_keys.json"
TLS_FOLDER = "tls"
OWN_NAMES = (
    *(CLUSTER_FILE, "cluster.new", AUTHORITY_FILE, "authority.new", ACCESS_KEYS_FILE, "access_keys.new", DISK_FILE),
    *("roles", "logs", "run", "ray", "lock", TLS_FOLDER),
)
"""What a cluster that was never whole may have left."""
SOCKET_PATH_BYTES_MAX = 100
RAY_SOCKET_SUFFIX_BYTES = 75
"""session_<date>_<pid>/sockets/plasma_store.<n> below Ray's folder."""
FORMAT = 2
"""Format 1 named the settings file, and not what was in it."""


UNEXPECTED = 2
"""A supervisor's exit status where the reason of its end is in its log alone."""


class DataFolderError(Exception):
    """One line for the person at the terminal."""


class Fresh:
    """A data folder as it is before `up` makes anything there."""

    def __init__(self, root: Path) -> None:
        self.missing = [path for path in (root, *root.parents) if not os.path.lexists(path)]
        """The innermost first."""
        self.is_fresh = bool(self.missing) or (root.is_dir() and not any(root.iterdir()))


class DataFolder:
    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self._lock: int | None = None

    @property
    def roles(self) -> Path:
        return self.root / "roles"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def short(self) -> Path:
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"eagleray-{os.getuid()}-{digest}"

    @property
    def sockets(self) -> Path:
        """Where the roles' sockets lie."""
        inside = self.root / "run"
        return inside if len(str(inside)) + 40 <= SOCKET_PATH_BYTES_MAX else self.short / "run"

    @property
    def ray(self) -> Path:
        """Ray's temporary folder."""
        inside = self.root / "ray"
        return inside if len(str(inside)) + RAY_SOCKET_SUFFIX_BYTES <= SOCKET_PATH_BYTES_MAX else self.short / "ray"

    @property
    def state_path(self) -> Path:
        return self.root / "run" / "state.json"

    @property
    def token(self) -> Path:
        """What every process of the embedded Ray knows, and nobody else."""
        return self.root / "run" / "ray_token"

    @property
    def authority(self) -> Path:
        return self.root / AUTHORITY_FILE

    @property
    def access_keys(self) -> Path:
        return self.root / ACCESS_KEYS_FILE

    @property
    def tls(self) -> Path:
        return self.root / TLS_FOLDER

    @property
    def replacements_path(self) -> Path:
        """Which processes were replaced since the cluster was started (loop_watch.py)."""
        return self.root / "run" / "replaced.json"

    def create(self) -> None:
        """Make the folders, closed to other users; DataFolderError where that is not possible."""
        try:
            open_private(self.root, CLUSTER_FILE, OWN_NAMES)
            if self.short in (self.sockets.parent, self.ray.parent):
                require_private(self.short)
            for folder in (self.roles, self.logs, self.root / "run", self.sockets, self.ray):
                folder.mkdir(mode=0o700, exist_ok=True)
            probe = self.root / "run" / f".writable-{os.getpid()}"  # processes of a node do this side by side
            probe.write_bytes(b"")
            probe.unlink()
        except NotPrivate as error:
            raise DataFolderError(f"data folder: {error}") from None
        except OSError as error:
            if is_private(self.short):
                with suppress(OSError):  # in use
                    self.short.rmdir()
            raise DataFolderError(f"data folder {self.root}: {error.strerror or error}") from None

    def take_back(self, fresh: Fresh) -> None:
        """A cluster was to begin here, and has not: what was made for it goes. Nothing happens where the folder was not
        fresh, holds a cluster by now, or is another process's."""
        with suppress(DataFolderError, OSError):
            if fresh.is_fresh and self.read_cluster() is None:
                self.lock()
                self.clear_run()
                for name in OWN_NAMES:
                    path = self.root / name
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
        for path in fresh.missing:
            with suppress(OSError):  # it holds something, or is not there
                path.rmdir()

    def lock(self) -> None:
        """Take the folder for this process, until it ends. DataFolderError when another has it."""
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise DataFolderError(f"a cluster is already running on {self.root}") from None
        self._lock = descriptor

    def is_locked(self) -> bool:
        try:
            descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except OSError:
            return True
        finally:
            os.close(descriptor)

    def read_cluster(self) -> dict[str, Any] | None:
        """What the cluster is, None for a new folder. DataFolderError when the file is damaged or of another format."""
        path = self.root / CLUSTER_FILE
        try:
            cluster = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DataFolderError(f"{path} cannot be read: {error}") from None
        if not isinstance(cluster, dict) or cluster.get("format") not in range(1, FORMAT + 1):
            raise DataFolderError(f"{path}: not a data folder of this version (format {FORMAT})")
        return cluster

    def write_cluster(self, cluster: dict[str, Any]) -> None:
        """Durable when this returns; the file is the former or the new one at any time, never a part."""
        self._write(self.root / CLUSTER_FILE, cluster)

    def read_state(self) -> dict[str, Any] | None:
        """The running cluster's state file, None when there is none."""
        try:
            state = json.loads(self.state_path.read_text())
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def write_state(self, state: dict[str, Any]) -> None:
        self._write(self.state_path, state)

    def clear_run(self) -> None:
        """Remove what only a running cluster needs."""
        for file in (self.state_path, self.token):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.ray, ignore_errors=True)
        if is_private(self.short):
            shutil.rmtree(self.short, ignore_errors=True)
        for socket in sorted(self.sockets.glob("*.sock")) if self.sockets.exists() else []:
            socket.unlink(missing_ok=True)
        cuts_path(self.sockets).unlink(missing_ok=True)

    @staticmethod
    def _write(path: Path, value: dict[str, Any]) -> None:
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(value, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
