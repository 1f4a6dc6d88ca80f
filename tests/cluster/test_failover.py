"""Failover with real processes, under real clients: each layer is killed, then stalled, while list-append and bank run
through psycopg. (A whole AZ: test_lost_zones.py.)

Proved: no anomaly and no acknowledged write lost (the same checkers as in the simulator), no error but 40001, 08xxx and
57P01, every process back by itself. How long writes were away is for benchmarks/failover.py.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from eagleray.client import Session, UnknownOutcome
from tests.cluster.under_proofs import Actors, commits_until, under_proofs, whole
from tests.conftest import LiveCluster, discard, eagleray, eagleray_here, make_cluster

LAYERS = ("adjudicator", "crossbar", "journal", "storage", "query_processor", "gateway", "controller")
STALL_S = 1.5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    """With an actor a role, so that each layer can die alone. It is whole again after each test."""
    config = tmp_path_factory.mktemp("failover") / "settings.toml"
    config.write_text('[layout]\nplacement = "role"\n[storing]\ncheckpoint_idle_s = 1.0\n')
    made = make_cluster()
    try:
        made.start("--config", str(config))
        yield made
    finally:
        discard(made)


def stop(pid: int) -> None:
    """SIGSTOP, and until all of its threads have stopped: on a busy machine one of them may still take a client."""
    os.kill(pid, signal.SIGSTOP)
    while any(
        task.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "T"
        for task in Path(f"/proc/{pid}/task").iterdir()
    ):
        threading.Event().wait(0.001)


def pids(actors: Actors, layer: str) -> list[int]:
    return [actor["pid"] for actor in actors if actor["layer"] == layer][:1]


@pytest.mark.timeout(400)
def test_every_layer_is_killed_in_turn(cluster: LiveCluster) -> None:
    def strike(proofs: list[Any]) -> None:
        for layer in LAYERS:
            for pid in pids(whole(cluster), layer):
                os.kill(pid, signal.SIGKILL)
            commits_until(proofs, 10, 30.0)
        whole(cluster)

    assert under_proofs(cluster, strike) == []


@pytest.mark.timeout(400)
def test_every_layer_is_stalled_in_turn(cluster: LiveCluster) -> None:
    """Longer than an adjudicator's lease: it comes back believing that it leads."""

    def strike(proofs: list[Any]) -> None:
        for layer in LAYERS:
            stalled = pids(whole(cluster), layer)
            for pid in stalled:
                os.kill(pid, signal.SIGSTOP)
            try:
                threading.Event().wait(STALL_S)
            finally:
                for pid in stalled:
                    os.kill(pid, signal.SIGCONT)
            commits_until(proofs, 10, 30.0)
        whole(cluster)

    assert under_proofs(cluster, strike) == []


@pytest.mark.timeout(300)
def test_an_adjudicator_is_born_owns_keys_is_killed_and_is_retired(cluster: LiveCluster) -> None:
    def run(*arguments: str) -> None:
        done = eagleray(*arguments, "--data", str(cluster.data))
        assert done.returncode == 0, done.stderr

    def numbers() -> list[int]:
        return [row["number"] for row in cluster.status()["adjudicators"]]

    def strike(proofs: list[Any]) -> None:
        run("adjudicators", "add")
        run("ranges", "move", "--from", "3", "--type", "int4", "3")
        commits_until(proofs, 10, 30.0)
        [pid] = [actor["pid"] for actor in whole(cluster) if actor["name"] == "adjudicator/3"]
        os.kill(pid, signal.SIGKILL)
        commits_until(proofs, 10, 30.0)
        whole(cluster)
        run("adjudicators", "remove", "3")
        commits_until(proofs, 10, 30.0)
        while numbers() != [1, 2]:
            threading.Event().wait(0.1)

    assert under_proofs(cluster, strike) == []
    whole(cluster)
    assert not list(cluster.data.glob("roles/journal/3/*/*")), "its files have gone"
    assert [row["adjudicator"] for row in cluster.status()["ranges"]][-1] != 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("remove", "9"), "there is no adjudicator/9"),
        (("remove", "0"), "0 is not in the range"),
        (("remove",), "Missing argument"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(cluster: LiveCluster, arguments: tuple[str, ...], message: str) -> None:
    done = eagleray_here("adjudicators", *arguments, "--data", str(cluster.data))
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.timeout(200)
def test_a_storage_replica_whose_disk_has_rotted_is_filled_from_a_peer(cluster: LiveCluster) -> None:
    name = "storage/1/c"
    folder = cluster.data / "roles" / name / "segments"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), v text NOT NULL)")
        for _ in range(4):  # each as much as is sent to a replica that nobody reads, and no large transaction
            connection.execute("INSERT INTO kept (v) SELECT repeat('v', 100) FROM generate_series(1, 1500)")
        while (
            not (segments := sorted(folder.glob("*"), key=lambda path: path.stat().st_size))
            or segments[-1].stat().st_size < 100_000
        ):
            threading.Event().wait(0.2)  # for the checkpoint
        rotten = segments[-1]
        with rotten.open("r+b") as file:
            file.seek(rotten.stat().st_size // 2)
            [byte] = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        [pid] = [actor["pid"] for actor in whole(cluster) if actor["name"] == name]
        os.kill(pid, signal.SIGKILL)
        while rotten.exists():
            threading.Event().wait(0.2)
        assert not any("damage" in actor for actor in whole(cluster))
        assert connection.execute("SELECT count(*), min(length(v)) FROM kept").fetchone() == (6000, 100)
        connection.execute("DROP TABLE kept")


@pytest.mark.timeout(200)
def test_new_clients_do_not_wait_for_a_stalled_query_processor(cluster: LiveCluster) -> None:
    for actor in whole(cluster):
        if actor["layer"] != "query_processor":
            continue
        stop(actor["pid"])
        try:
            for _ in range(8):
                with psycopg.connect(cluster.url, autocommit=True, connect_timeout=20) as connection:
                    assert connection.execute("SELECT 7").fetchone() == (7,)
        finally:
            os.kill(actor["pid"], signal.SIGCONT)
    whole(cluster)


@pytest.mark.timeout(200)
def test_no_read_fails_when_a_storage_replica_dies(cluster: LiveCluster) -> None:
    over = threading.Event()
    failures: list[str] = []
    counts = [0]

    def read() -> None:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            while not over.is_set():
                try:
                    assert connection.execute("SELECT sum(v) FROM steady").fetchone() == (20,)
                    assert connection.execute("SELECT v FROM steady WHERE k = -3").fetchone() == (1,)
                    counts[0] += 1
                except psycopg.Error as error:
                    failures.append(str(error))
                    return

    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS steady")
        connection.execute("CREATE TABLE steady (k int PRIMARY KEY, v int NOT NULL)")
        connection.execute("INSERT INTO steady SELECT n, 1 FROM generate_series(-10, 10) n WHERE n <> 0")
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for az in "abc":
            for actor in whole(cluster):
                if actor["layer"] == "storage" and actor["az"] == az:
                    os.kill(actor["pid"], signal.SIGKILL)
            before = counts[0]
            end = time.monotonic() + 30
            while counts[0] < before + 50 and not failures:
                assert time.monotonic() < end, "reads stand still"
                threading.Event().wait(0.02)
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert failures == [] and counts[0] > 150


@pytest.mark.timeout(200)
def test_the_retry_helper_gets_an_application_through(cluster: LiveCluster) -> None:
    """Sums stay right where a program only uses `Session.transaction` and counts what it cannot know."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS visits")
        connection.execute("CREATE TABLE visits (k int PRIMARY KEY, n int NOT NULL)")
        connection.execute("INSERT INTO visits VALUES (-1, 0), (1, 0)")
    certain, unknown = 0, 0

    def visit(cursor: psycopg.Cursor[Any]) -> None:
        cursor.execute("UPDATE visits SET n = n + 1")

    with Session(cluster.url) as session:
        for layer in ("adjudicator", "query_processor", "gateway", "crossbar", "journal"):
            for actor in whole(cluster):
                if actor["layer"] == layer:
                    os.kill(actor["pid"], signal.SIGKILL)
                    break
            for _ in range(20):
                try:
                    session.transaction(visit)
                    certain += 1
                except UnknownOutcome:
                    unknown += 1
    with psycopg.connect(cluster.url, autocommit=True) as check:
        rows = check.execute("SELECT n FROM visits ORDER BY k").fetchall()
    assert rows[0] == rows[1] and certain >= 90 and certain <= rows[0][0] <= certain + unknown
