"""A real cluster follows its load: query processors come and go, everything ends at zero and comes back, whoever dies
meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from eagleray.demo.processes import spare_workers
from tests.conftest import LiveCluster, discard, make_cluster

WAIT_S_MAX = 60.0
SLEEPERS = 100
OWN_MB_MAX = 45.0
"""Of a gateway: one that is a copy of the template has some 27, one that has imported Ray itself, without Arrow, 55."""
SETTINGS = """
[layout]
placement = "az"

[scaling]
query_processors_max = 3
sessions_each = 2
up_delay_s = 0.1
down_delay_s = 0.1
zero_after_s = 1.0
"""


PARKING = SETTINGS + "\n[sessions]\npark_after_s = 0.5\n"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    config = tmp_path_factory.mktemp("elastic") / "settings.toml"
    config.write_text(SETTINGS)
    made = make_cluster()
    try:
        made.start("--config", str(config))
        yield made
    finally:
        discard(made)


@pytest.fixture
def cluster(started: LiveCluster) -> LiveCluster:
    """With an empty table."""
    with psycopg.connect(started.url, autocommit=True) as client:
        client.execute("DROP TABLE IF EXISTS kept")
        client.execute("CREATE TABLE kept (a int PRIMARY KEY)")
    return started


@pytest.fixture(scope="module")
def restarted(started: LiveCluster, tmp_path_factory: pytest.TempPathFactory) -> LiveCluster:
    """Taken down while it sleeps, with two rows, and up again; its idle sessions sleep from now on."""
    with psycopg.connect(started.url, autocommit=True) as client:
        client.execute("CREATE TABLE stayed (a int PRIMARY KEY)")
        client.execute("INSERT INTO stayed VALUES (1), (2)")
    until(started, lambda status: status["state"] == "asleep")
    assert started.stop().returncode == 0
    config = tmp_path_factory.mktemp("parking") / "settings.toml"
    config.write_text(PARKING)
    started.start("--config", str(config))
    return started


def until(cluster: LiveCluster, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first status of which `condition` holds."""
    end = time.monotonic() + WAIT_S_MAX
    while True:
        status = cluster.status()
        if condition(status):
            return status
        assert time.monotonic() < end, f"{status}\n{cluster.logs()}"
        threading.Event().wait(0.1)


def names(status: dict[str, Any], layer: str) -> list[str]:
    return [actor["name"] for actor in status["actors"] if actor["layer"] == layer and actor["state"] == "running"]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def own_mb(pid: int) -> float:
    """Memory that no other process has part in."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def test_query_processors_follow_the_sessions(cluster: LiveCluster) -> None:
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(psycopg.connect(cluster.url, autocommit=True)) for _ in range(5)]
        clients[0].execute("INSERT INTO kept VALUES (1)")
        status = until(cluster, lambda status: "query_processor/3" in names(status, "query_processor"))
        assert [actor["actor"] for actor in status["actors"] if actor["name"] == "query_processor/3"] == [
            "query_processor-3"
        ]
        assert [client.execute("SELECT a FROM kept").fetchall() for client in clients] == [[(1,)]] * 5
        clients += [open_ones.enter_context(psycopg.connect(cluster.url, autocommit=True)) for _ in range(4)]
        last = [client for client in clients if client.info.backend_pid >> 20 == 3]
        assert last
        for client in clients:
            if client not in last[:2]:
                client.close()
        last[0].execute("SET application_name TO 'moved'")
        until(cluster, lambda status: names(status, "query_processor") == ["query_processor/1", "query_processor/2"])
        assert [client.execute("SELECT a FROM kept").fetchall() for client in last[:2]] == [[(1,)]] * len(last[:2])
        assert last[0].execute("SHOW application_name").fetchone() == ("moved",), (
            "it has left the query processor that is no more"
        )


def test_at_zero_only_gateways_and_the_controller_are_left(cluster: LiveCluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as client:
        status = until(cluster, lambda status: status["state"] == "running")
        working = {actor["pid"] for actor in status["actors"] if actor["layer"] not in ("gateway", "controller")}
        client.execute("INSERT INTO kept VALUES (1), (2)")
    status = until(cluster, lambda status: status["state"] == "asleep")
    assert {actor["layer"] for actor in status["actors"]} == {"gateway", "controller"}
    gateways = [actor["pid"] for actor in status["actors"] if actor["layer"] == "gateway"]
    assert max(map(own_mb, gateways)) < OWN_MB_MAX, "what stays at zero is to be small"
    end = time.monotonic() + WAIT_S_MAX
    while any(lives(pid) for pid in working):
        assert time.monotonic() < end, "processes are left"
        threading.Event().wait(0.1)
    while len(spares := spare_workers(cluster.data)) < len(working):
        assert time.monotonic() < end, "Ray has no spare workers"
        threading.Event().wait(0.1)
    assert status["activity"]["awake_because"] == ""
    wakes = status["activity"]["wakes"]
    with psycopg.connect(cluster.url) as client:
        assert client.execute("SELECT a FROM kept ORDER BY a").fetchall() == [(1,), (2,)]
        status = until(cluster, lambda status: status["state"] == "running")
        woken_pids = {actor["pid"] for actor in status["actors"] if actor["layer"] not in ("gateway", "controller")}
    assert woken_pids <= spares, "the wake took the spare workers"
    assert status["activity"]["wakes"] == wakes + 1
    woken = status["activity"]["last_wake"]
    assert woken["by"].startswith("a new connection at gateway/")
    assert (
        0 < woken["steps_ms"]["state_read"] <= woken["steps_ms"]["roles_run"] <= woken["steps_ms"]["adjudicators_lead"]
    )


def test_a_controller_that_dies_at_zero_wakes_nobody_and_a_connection_does(cluster: LiveCluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as client:
        client.execute("INSERT INTO kept VALUES (1), (2)")
    status = until(cluster, lambda status: status["state"] == "asleep")
    controller = next(actor["pid"] for actor in status["actors"] if actor["layer"] == "controller")
    os.kill(controller, signal.SIGKILL)

    def restarted(status: dict[str, Any]) -> bool:
        pids = [actor["pid"] for actor in status["actors"] if actor["layer"] == "controller"]
        return bool(pids) and pids != [controller] and len(names(status, "gateway")) == 2

    assert until(cluster, restarted)["state"] == "asleep"
    with psycopg.connect(cluster.url, autocommit=True) as client:
        client.execute("INSERT INTO kept VALUES (3)")
        assert client.execute("SELECT count(*) FROM kept").fetchone() == (3,)


def test_a_cluster_at_zero_is_taken_down_and_up(restarted: LiveCluster) -> None:
    with psycopg.connect(restarted.url) as client:
        assert client.execute("SELECT a FROM stayed ORDER BY a").fetchall() == [(1,), (2,)]


def test_idle_sessions_sleep_and_the_cluster_with_them(restarted: LiveCluster, cluster: LiveCluster) -> None:
    """Each goes on where it was, with what it had prepared and set, in another process than before."""
    with contextlib.ExitStack() as open_ones:
        clients = [
            open_ones.enter_context(psycopg.connect(cluster.url, autocommit=True, prepare_threshold=0))
            for _ in range(SLEEPERS)
        ]
        by_key = "SELECT a FROM kept WHERE a = %s"
        for number, client in enumerate(clients):
            client.execute(f"SET application_name TO 'client {number}'")
            client.execute(f"SET timezone TO 'Etc/GMT-{number % 12}'")
            client.execute("INSERT INTO kept VALUES (%s)", (100 + number,))
            assert client.execute(by_key, (100 + number,)).fetchall() == [(100 + number,)]
        status = until(cluster, lambda status: status["state"] == "asleep")
        assert sum(actor["load"]["parked"] for actor in status["actors"] if actor["layer"] == "gateway") == len(clients)
        for number, client in enumerate(clients):
            assert client.execute(by_key, (100 + number,)).fetchall() == [(100 + number,)]
            assert client.execute("SHOW application_name").fetchone() == (f"client {number}",)
            assert client.execute("SHOW timezone").fetchone() == (f"Etc/GMT-{number % 12}",)
            assert client.execute("SELECT pg_backend_pid()").fetchone() == (client.info.backend_pid,)
