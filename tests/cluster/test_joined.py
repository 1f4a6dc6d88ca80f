"""A cluster on a Ray that runs already, of three labelled raylets: joined, a raylet of it killed under load, left, and
what goes wrong before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cluster.of_folder import await_ended
from tests.cluster.test_elastic import until
from tests.cluster.under_proofs import commits_until, under_proofs, whole
from tests.conftest import LiveCluster, discard, eagleray, free_port, make_cluster

ZONES = {"a": {"az": "a"}, "b": {"az": "b"}, "c": {"az": "c"}}
SETTINGS = '[layout]\nplacement = "az"\naz_cpus = 0.5\n[bus]\nwithin_host = "tls"\n'


class ForeignRay:
    """See foreign_ray.py."""

    def __init__(self, folder: Path, labels: dict[str, dict[str, str]]) -> None:
        self.token = folder / "token"
        command = [sys.executable, str(Path(__file__).with_name("foreign_ray.py")), str(folder), json.dumps(labels)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._listen()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.address: str = told["address"]
        self.raylets: dict[str, int] = told["raylets"]

    def start(self, name: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"start {name}\n")
        self._process.stdin.flush()
        self._listen()

    def lives(self) -> dict[str, int]:
        """How many nodes, actors and placement groups there are."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("lives\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def foreign() -> Iterator[ForeignRay]:
    folder = Path(tempfile.mkdtemp(prefix="foreign-", dir="/tmp"))  # Ray's sockets have short paths
    ray = ForeignRay(folder, ZONES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(ray.token))
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # so that Ray takes 127.0.0.1 as it is
        try:
            yield ray
        finally:
            ray.end()
            await_ended(folder)
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("joined") / "settings.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def joined(foreign: ForeignRay, settings: Path) -> Iterator[LiveCluster]:
    cluster = make_cluster()
    try:
        cluster.port = 0
        cluster.start("--config", str(settings), "--address", foreign.address)
        cluster.port = int(
            cluster.status()["url"].rpartition(":")[2].partition("/")[0]
        )  # that all gateways have, and `up` has told
        yield cluster
    finally:
        discard(cluster)


@pytest.mark.timeout(300)
def test_what_cannot_be_joined_is_one_line_and_leaves_nothing(
    foreign: ForeignRay, settings: Path, tmp_path: Path
) -> None:
    def up(address: str, text: str = "", **environment: str) -> str:
        config = tmp_path / "settings.toml"
        config.write_text(text or settings.read_text())
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            data = tmp_path / "new" / "data"
            done = eagleray(
                "up",
                "--detach",
                "--data",
                str(data),
                "--port",
                str(free_port()),
                "--config",
                str(config),
                "--address",
                address,
            )
        assert done.returncode != 0 and done.stdout == "" and done.stderr.count("\n") == 1, done
        assert not data.exists(), "nothing half made"
        assert not data.parent.exists()
        return done.stderr

    assert "no Ray answers" in up(f"127.0.0.1:{free_port()}")
    look = [sys.executable, "-m", "cluster.preflight", "nowhere"]
    assert b"HOST:PORT" in subprocess.run(look, capture_output=True, check=True).stdout
    other = tmp_path / "token"
    other.write_text("0" * 64)
    assert "refuses the token" in up(foreign.address, RAY_AUTH_TOKEN_PATH=str(other))
    assert "there is no token" in up(foreign.address, RAY_AUTH_TOKEN_PATH=str(tmp_path / "nothing"))
    assert "no room: each zone asks for 1000 CPU" in up(foreign.address, "[layout]\naz_cpus = 1000\n")
    five = up(foreign.address, '[layout]\nazs = ["a", "b", "c", "d", "e"]\n')
    assert "5 zones (a, b, c, d, e) need nodes of as many, and those there have the label az a, b, c" in five
    assert foreign.lives() == {"nodes": 3, "actors": 0, "groups": 0}


@pytest.mark.timeout(300)
def test_a_raylet_is_lost_under_load(foreign: ForeignRay, joined: LiveCluster) -> None:
    """No error but those of an AZ that is lost, and nothing acknowledged is; the zone comes back with a raylet that is
    started anew."""
    actors = whole(joined)
    assert len({actor["node"] for actor in actors}) == 3
    assert len({(actor["az"], actor["node"]) for actor in actors if actor["layer"] != "controller"}) == 3
    assert all(actor["endpoint"].startswith("tls:") for actor in actors if "endpoint" in actor)

    def strike(proofs: list[Any]) -> None:
        os.kill(foreign.raylets["b"], signal.SIGKILL)
        commits_until(proofs, 50, 60.0)
        foreign.start("b")
        whole(joined)
        commits_until(proofs, 20, 60.0)

    assert under_proofs(joined, strike) == []


@pytest.mark.timeout(200)
def test_down_leaves_the_ray_and_up_finds_the_rows(foreign: ForeignRay, joined: LiveCluster) -> None:
    """Also where the supervisor was killed, which the cluster outlives."""
    with psycopg.connect(joined.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE stays (id int PRIMARY KEY)")
        connection.execute("INSERT INTO stays VALUES (1)")
    state = json.loads((joined.data / "run" / "state.json").read_text())
    assert joined.status()["supervised"]
    os.kill(state["supervisor"], signal.SIGKILL)
    with psycopg.connect(joined.url, autocommit=True) as connection:
        connection.execute("INSERT INTO stays VALUES (2)")
    until(joined, lambda status: not status["supervised"] and status["state"] == "running")
    stopped = joined.stop()
    assert stopped.returncode == 0, stopped.stderr
    assert foreign.lives() == {"nodes": 3, "actors": 0, "groups": 0}
    joined.start()  # the address is remembered
    with psycopg.connect(joined.url) as connection:
        assert connection.execute("SELECT id FROM stays ORDER BY id").fetchall() == [(1,), (2,)]
    assert joined.stop().returncode == 0
    assert foreign.lives() == {"nodes": 3, "actors": 0, "groups": 0}


@pytest.mark.timeout(200)
def test_regions_may_lie_on_the_nodes_of_one_ray(foreign: ForeignRay, tmp_path: Path) -> None:
    """Each with gateways of its own; the bus between them is TCP with mutual TLS."""
    config = tmp_path / "settings.toml"
    config.write_text(f'{SETTINGS}[regions]\nwitnesses = ["north"]\nzones = {{a = "east", b = "west", c = "north"}}\n')
    before = foreign.lives()
    cluster = make_cluster()
    cluster.port = 0
    try:
        cluster.start("--config", str(config), "--address", foreign.address)
        status = cluster.status()
        urls = {row["region"]: row["url"] for row in status["regions"]}
        assert urls["north"] == "" and len({*urls.values(), status["url"]}) == 3
        assert all(actor["endpoint"].startswith("tls:") for actor in status["actors"] if "endpoint" in actor)
        with psycopg.connect(urls["east"], autocommit=True) as east, psycopg.connect(urls["west"]) as west:
            east.execute("CREATE TABLE seen (id int PRIMARY KEY)")
            east.execute("INSERT INTO seen VALUES (-1), (1)")
            assert west.execute("SELECT id FROM seen ORDER BY id").fetchall() == [(-1,), (1,)]
            processes = {client.info.backend_pid >> 20 for client in (east, west)}
        assert processes == {1, 2}, "each client has a query processor of its own region"
    finally:
        discard(cluster)
    assert foreign.lives() == before
