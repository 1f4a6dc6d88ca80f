"""Hosts of their own on this machine: each a network, mount and process namespace, on a switch that nothing outside
reaches. For root.

    with Machines("head", "a", "b") as machines:
        machines["a"].start(["ray", "start", ...])      in the background, its output in the host's folder
        machines["a"].run(["hostname", "-I"])           to its end
        machines["a"].fail()                            every process of the host is killed at once
        machines["a"].boot()                            it is there again: the same address, and the same disk at /srv
        machines.cut("a"); machines.join("a")           its cable is pulled, and all of it goes on; it is plugged in
                                                        again

A host has its own loopback, /tmp and /dev/shm, which are lost when it fails, and /srv, which stays. All else of the
file system is this machine's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

NETWORK = "10.203.77"
INIT = (
    "mount --bind {folder} /srv && mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /dev/shm && echo up && exec "
    "sleep infinity"
)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Host:
    """`number`: the last part of its address."""

    def __init__(self, name: str, namespace: str, number: int, folder: Path) -> None:
        self.name = name
        self.address = f"{NETWORK}.{number}"
        self.folder = folder
        self._namespace = namespace
        self._init: subprocess.Popen[str] | None = None
        self._inside = 0
        """The id of the host's first process."""

    def boot(self) -> None:
        command = [
            "ip",
            "netns",
            "exec",
            self._namespace,
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        self._init = subprocess.Popen(
            [*command, "sh", "-c", INIT.format(folder=self.folder)], stdout=subprocess.PIPE, text=True
        )
        assert self._init.stdout is not None
        if self._init.stdout.readline() != "up\n":
            raise RuntimeError(f"host {self.name} does not boot")
        self._inside = int(Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text().split()[0])

    def fail(self) -> None:
        """Of a process namespace all processes end with the first."""
        if self._init is not None:
            if self._inside:
                with suppress(ProcessLookupError):
                    os.kill(self._inside, signal.SIGKILL)
            self._init.kill()
            self._init.wait()
            self._init, self._inside = None, 0

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._entered(command),
            env=dict(environment),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                self._entered(command),
                env=dict(environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _entered(self, command: Sequence[str]) -> list[str]:
        return ["nsenter", "--target", str(self._inside), "--mount", "--pid", "--net", "--", *command]


class Machines:
    """See the module. Their names are this process's own, so that several may run side by side."""

    def __init__(self, *names: str) -> None:
        self._prefix = f"eagle-{os.getpid()}"
        self._switch = f"{self._prefix}-switch"
        self._folder = Path(tempfile.mkdtemp(prefix="hosts-"))
        self._hosts = {
            name: Host(name, f"{self._prefix}-{number}", number, self._folder / name)
            for number, name in enumerate(names, 1)
        }
        self._namespaces: list[str] = []

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __enter__(self) -> Machines:
        try:
            self._connect()
            for host in self._hosts.values():
                host.folder.mkdir(mode=0o700)
                host.boot()
        except BaseException:
            self._remove()
            raise
        return self

    def _connect(self) -> None:
        self._add(self._switch)
        ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
        ip("-n", self._switch, "link", "set", "switch", "up")
        for number, host in enumerate(self._hosts.values(), 1):
            namespace = f"{self._prefix}-{number}"
            self._add(namespace)
            ip(
                "-n",
                self._switch,
                "link",
                "add",
                f"port{number}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                namespace,
            )
            ip("-n", self._switch, "link", "set", f"port{number}", "master", "switch", "up")
            ip("-n", namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
            ip("-n", namespace, "link", "set", "lo", "up")
            ip("-n", namespace, "link", "set", "eth0", "up")

    def cut(self, name: str) -> None:
        self._set_port(name, "down")

    def join(self, name: str) -> None:
        self._set_port(name, "up")

    def _set_port(self, name: str, state: str) -> None:
        ip("-n", self._switch, "link", "set", f"port{list(self._hosts).index(name) + 1}", state)

    def _add(self, namespace: str) -> None:
        ip("netns", "add", namespace)
        self._namespaces.append(namespace)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        for host in self._hosts.values():
            host.fail()
        for namespace in self._namespaces:
            ip("netns", "delete", namespace)
        shutil.rmtree(self._folder, ignore_errors=True)
