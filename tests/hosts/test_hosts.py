"""A cluster on four hosts of their own (machines.py), whose head keeps Ray's state on its disk: a host fails, the head
fails, and each comes back.

For root, and outside `make test`: `python -m pytest tests/hosts`, some three minutes on two cores.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.machines import Host, Machines

ROOT = Path(__file__).parents[2]
ZONES = ("a", "b", "c")
DATA = "/srv/data"
PORT = 5433
GCS_PORT = 6379
LOST_NODE_S = 5.0
SETTINGS = f"""
[layout]
placement = "az"
az_cpus = 0.5
host = "0.0.0.0"
port = {PORT}
[authentication]
method = "scram-sha-256"
[supervision]
lost_node_s = {LOST_NODE_S}
[authentication.users]
admin = "hosts-of-their-own"
"""
START_S = 200.0
ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "HOME": "/srv",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN_PATH": "/srv/token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
}
STORED = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": "/srv/gcs"}


class Cluster:
    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.head = machines["head"]
        token = secrets.token_hex(32)
        for name in ("head", *ZONES, "spare"):
            (machines[name].folder / "token").write_text(token)
            (machines[name].folder / "token").chmod(0o600)
        (self.head.folder / "gcs").mkdir()
        (self.head.folder / "settings.toml").write_text(SETTINGS)
        self.start_ray("head")
        for name in ZONES:
            self.start_ray(name)
        self.up("--config", "/srv/settings.toml", "--address", f"{self.head.address}:{GCS_PORT}")

    def start_ray(self, name: str, zone: str = "") -> None:
        host = self.machines[name]
        place = [
            "--node-ip-address",
            host.address,
            "--object-store-memory",
            str(80 << 20),
            "--disable-usage-stats",
            "--block",
        ]
        if name == "head":
            roles = ["--head", "--port", str(GCS_PORT), "--num-cpus", "0", "--include-dashboard", "false"]
        else:
            roles = [
                "--address",
                f"{self.head.address}:{GCS_PORT}",
                "--num-cpus",
                "1",
                "--labels",
                f"az={zone or name}",
            ]
        host.start(["ray", "start", *roles, *place], {**ENVIRONMENT, **(STORED if name == "head" else {})}, "ray.log")
        if name == "head":
            self._await_port(host)

    def _await_port(self, host: Host) -> None:
        probe = f"import socket; socket.create_connection(('{host.address}', {GCS_PORT}), 1)"
        end = time.monotonic() + START_S
        while host.run([sys.executable, "-c", probe], ENVIRONMENT, 10.0).returncode != 0:
            assert time.monotonic() < end, (host.folder / "ray.log").read_text()
            threading.Event().wait(0.2)

    def up(self, *arguments: str) -> None:
        """Nodes may still be on their way."""
        end = time.monotonic() + START_S
        while True:
            done = self._eagleray("up", "--detach", "--mode", "open", *arguments)
            if done.returncode == 0:
                return
            assert "need" in done.stderr and time.monotonic() < end, f"{done.stderr}\n{self.logs()}"
            threading.Event().wait(2.0)

    def status(self) -> dict[str, Any]:
        done = self._eagleray("status", "--json")
        return (
            dict(json.loads(done.stdout))
            if done.returncode == 0 and done.stdout
            else {"state": done.stderr, "actors": []}
        )

    def await_whole(self) -> list[dict[str, Any]]:
        end = time.monotonic() + START_S
        while (status := self.status())["state"] != "running":
            assert time.monotonic() < end, f"{status}\n{self.logs()}"
            threading.Event().wait(2.0)
        return list(status["actors"])

    def await_zone_on(self, zone: str, host: str) -> None:
        """The cluster is whole, and that zone's processes are on that host."""
        address, end = self.machines[host].address, time.monotonic() + START_S
        while True:
            endpoints = [
                actor["endpoint"] for actor in self.await_whole() if actor["az"] == zone and "endpoint" in actor
            ]
            if endpoints and all(address in endpoint for endpoint in endpoints):
                return
            assert time.monotonic() < end, f"{endpoints}\n{self.logs()}"
            threading.Event().wait(1.0)

    def await_none_on(self, host: str) -> None:
        """No process of the cluster is left on that host."""
        end = time.monotonic() + START_S
        while (left := self.machines[host].run(["pgrep", "-f", "ray::RoleProcess"], ENVIRONMENT, 10.0)).returncode == 0:
            assert time.monotonic() < end, left.stdout
            threading.Event().wait(1.0)

    def _eagleray(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "eagleray.command.main", *arguments, "--data", DATA]
        return self.head.run(command, ENVIRONMENT, 300.0)

    def logs(self) -> str:
        told = sorted((self.head.folder / "data" / "logs").glob("*.log"))
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-2000:]}" for path in [*told, self.head.folder / "ray.log"]
        )


class Load:
    """load.py on a host of its own."""

    def __init__(self, machines: Machines) -> None:
        doors = ",".join(f"{machines[zone].address}:{PORT}" for zone in ZONES[:2])
        url = f"postgresql://admin:hosts-of-their-own@{doors}/postgres?load_balance_hosts=random"
        command = machines["client"]._entered([sys.executable, "-m", "tests.hosts.load", url])
        self._process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def committed(self) -> list[int]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def commits(self, more: int) -> None:
        """Until each proof has committed so many times again."""
        wanted = [count + more for count in self.committed()]
        end = time.monotonic() + 60.0
        while any(count < least for count, least in zip(self.committed(), wanted, strict=True)):
            assert time.monotonic() < end, "clients commit nothing any more"
            threading.Event().wait(0.1)

    def end(self) -> list[str]:
        """What is wrong."""
        told, _ = self._process.communicate(timeout=60.0)
        return list(json.loads(told.splitlines()[-1]))


@pytest.fixture
def machines() -> Iterator[Machines]:
    if os.geteuid() != 0:
        pytest.skip("namespaces are for root")
    with Machines("head", *ZONES, "spare", "client") as made:
        yield made


@pytest.mark.timeout(600)
def test_hosts_fail_and_come_back(machines: Machines) -> None:
    """No transaction fails but by 40001 or 08xxx, and nothing that was acknowledged is lost (the proofs say so)."""
    cluster = Cluster(machines)
    actors = cluster.await_whole()
    assert all("tls:" in actor["endpoint"] for actor in actors if "endpoint" in actor), actors
    load = Load(machines)
    load.commits(20)

    machines["c"].fail()
    load.commits(50)
    machines["c"].boot()
    cluster.start_ray("c")
    cluster.await_whole()
    load.commits(20)

    cluster.head.fail()
    load.commits(50)
    cluster.head.boot()
    cluster.start_ray("head")
    cluster.await_whole()
    load.commits(20)
    assert load.end() == []


@pytest.mark.timeout(900)
def test_a_zone_goes_on_on_another_host(machines: Machines) -> None:
    """Whose host is cut off, goes on meanwhile, and comes back when nobody needs it any more; then the other way round,
    onto the disk with what the zone had there before."""
    cluster = Cluster(machines)
    cluster.await_whole()
    load = Load(machines)
    load.commits(20)
    cluster.start_ray("spare", "c")

    machines.cut("c")
    cluster.await_zone_on("c", "spare")
    load.commits(50)
    machines.join("c")
    cluster.await_none_on("c")
    load.commits(20)
    cluster.await_zone_on("c", "spare")

    machines["c"].fail()
    machines["c"].boot()
    cluster.start_ray("c")
    machines["spare"].fail()
    cluster.await_zone_on("c", "c")
    load.commits(50)
    assert load.end() == []
    assert json.loads((cluster.head.folder / "data" / "cluster.json").read_text())["seats"] == {"c": 2}
