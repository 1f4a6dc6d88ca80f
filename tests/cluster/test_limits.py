"""One small cluster with few connections and a short patience, whose processes talk over TLS only: who is refused, and
what happens to a process whose loop is held."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from actors.runtime.endpoints import parse_address
from cluster.data_folder import DataFolder
from tests.conftest import LiveCluster, discard, eagleray, make_cluster

SETTINGS = """
[limits]
connections_max = 5
[supervision]
stall_s = 2
[layout]
placement = "az"
[bus]
transport = "tls"
within_host = "tls"
"""
HOLD = """
import sys, time
import ray

# Ray runs a function of ours in the process, which holds its event loop: nothing that SQL or the bus could ask for.
actor = ray.get_actor(sys.argv[1], namespace="eagleray")
hold = lambda process: process._registering.get_loop().call_soon_threadsafe(time.sleep, 600) and None
ray.get(actor.__ray_call__.remote(hold))
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    config = tmp_path_factory.mktemp("limits") / "settings.toml"
    config.write_text(SETTINGS)
    cluster = make_cluster("dsql")
    cluster.config = config
    try:
        cluster.start()
        yield cluster
    finally:
        discard(cluster)


def test_one_connection_too_many(small: LiveCluster) -> None:
    """Five, by two gateways at two query processors with shares of three and two; not one less."""
    for _ in range(2):
        held = [psycopg.connect(small.url, autocommit=True) for _ in range(5)]
        for _ in range(3):
            with pytest.raises(
                psycopg.OperationalError, match="Unable to accept connection, too many open connections"
            ):
                psycopg.connect(small.url)
        processes = {connection.info.backend_pid >> 20 for connection in held}
        assert processes == {1, 2}
        held[0].execute("SELECT 1")
        for connection in held:
            connection.close()
        while True:  # their ends are noticed one after the other
            try:
                psycopg.connect(small.url).close()
                break
            except psycopg.OperationalError:
                continue


def processor_at(cluster: LiveCluster, number: int) -> dict[str, object]:
    return next(actor for actor in cluster.status()["actors"] if actor["name"] == f"query_processor/{number}")


def test_a_held_loop_is_replaced(small: LiveCluster, tmp_path: Path) -> None:
    program = tmp_path / "hold.py"
    program.write_text(HOLD)
    before = processor_at(small, 2)
    assert before["replaced"] is None
    sessions = [psycopg.connect(small.url, autocommit=True) for _ in range(4)]
    lost, busy = (session for session in sessions if session.info.backend_pid >> 20 == 2)
    kept = next(session for session in sessions if session.info.backend_pid >> 20 == 1)
    busy.execute("CREATE TABLE IF NOT EXISTS told (id int PRIMARY KEY)")
    busy.autocommit = False
    busy.execute("INSERT INTO told VALUES (1)")
    held = eagleray("submit", str(program), str(before["actor"]), "--data", str(small.data))
    assert held.returncode == 0, held.stderr
    with pytest.raises(psycopg.errors.AdminShutdown, match="terminating connection") as told:
        busy.execute("SELECT 1")  # its answer would come when the loop turns
    assert "is being replaced" in str(told.value.diag.message_detail)
    with pytest.raises(psycopg.OperationalError):  # what an idle session was told libpq makes a notice of
        lost.execute("SELECT 1")
    assert kept.execute("SELECT count(*) FROM told").fetchone() == (0,)
    end = time.monotonic() + 60
    while (after := processor_at(small, 2))["state"] != "running" or after["pid"] == before["pid"]:
        assert time.monotonic() < end, small.logs()
    assert "event loop did not turn" in str(after["replaced"])
    assert processor_at(small, 1)["replaced"] is None
    log = (small.data / "logs" / f"{before['actor']}.log").read_text()
    assert "Fatal Python error: Aborted" in log and "most recent call first" in log
    for session in sessions:
        session.close()


def test_the_bus_is_over_tls_for_every_role_and_for_nobody_else(small: LiveCluster) -> None:
    """Also once the controller, which signs the certificates and listens at a new port each time, has been replaced."""
    folder = str(DataFolder(small.data).sockets)
    connected = [
        line for line in Path("/proc/net/unix").read_text().splitlines() if folder in line and line.split()[5] == "03"
    ]
    assert [line for line in connected if "/clients-" not in line] == []
    actors = small.status()["actors"]
    controller = next(actor["pid"] for actor in actors if actor["layer"] == "controller")
    endpoints = {str(parse_address(actor["endpoint"])[0]) for actor in actors if actor["layer"] != "controller"}
    assert len(endpoints) == 5 and all(endpoint.startswith("tls:") for endpoint in endpoints)
    door = parse_address(min(endpoints))[0]
    with socket.create_connection((door.host, door.port)) as stranger:
        stranger.sendall(b"\0\0\0\x05hello")
        while stranger.recv(100):  # an alert, and the end
            pass
    os.kill(controller, signal.SIGKILL)
    end = time.monotonic() + 60.0
    while True:
        status = small.status()
        renewed = next(actor["pid"] for actor in status["actors"] if actor["layer"] == "controller") != controller
        if renewed and status["state"] == "running":
            break
        assert time.monotonic() < end, f"not whole again: {small.logs()}"
    assert any("handshake" in reason for actor in status["actors"] for reason in actor.get("refused", {}))
    with psycopg.connect(small.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE over_tls (id int PRIMARY KEY)")
        connection.execute("INSERT INTO over_tls VALUES (1)")
        assert connection.execute("SELECT id FROM over_tls").fetchall() == [(1,)]
