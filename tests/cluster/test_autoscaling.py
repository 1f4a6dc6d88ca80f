"""A cluster on a Ray whose nodes come and go: none but the head before, none at zero, and each zone's data on the node
that comes back for it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cluster.autoscaled_ray import AutoscaledRay, raylets
from tests.cluster.of_folder import await_ended
from tests.cluster.test_elastic import WAIT_S_MAX, until
from tests.conftest import LiveCluster, discard, make_cluster

SETTINGS = '[layout]\nplacement = "az"\n[scaling]\nzero_after_s = 1.0\n'


@pytest.fixture
def ray() -> Iterator[AutoscaledRay]:
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # Ray's sockets have short paths
    try:
        with pytest.MonkeyPatch.context() as patch, AutoscaledRay(folder) as made:
            patch.setenv("RAY_AUTH_TOKEN_PATH", str(made.token))
            patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # so that Ray takes 127.0.0.1 as it is
            yield made
        assert raylets(folder) == []
    finally:
        await_ended(folder)
        shutil.rmtree(folder)


@pytest.fixture
def cluster(ray: AutoscaledRay, tmp_path: Path) -> Iterator[LiveCluster]:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    made = make_cluster()
    try:
        made.start("--config", str(tmp_path / "settings.toml"), "--address", ray.address)
        yield made
    finally:
        discard(made)


@pytest.mark.timeout(300)
def test_nodes_come_with_the_cluster_and_go_at_zero(ray: AutoscaledRay, cluster: LiveCluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        assert len(raylets(ray.folder)) == 4
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 100)")
    status = until(cluster, lambda status: status["state"] == "asleep")
    assert {actor["layer"] for actor in status["actors"]} == {"gateway", "controller"}
    wakes = status["activity"]["wakes"]  # one already, where nobody came for a second after the start
    end = time.monotonic() + WAIT_S_MAX
    while len(raylets(ray.folder)) > 1:
        assert time.monotonic() < end, f"nodes are left at zero\n{cluster.logs()}"
        threading.Event().wait(0.1)
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (100,)
        connection.execute("INSERT INTO kept VALUES (101)")
        assert len(raylets(ray.folder)) == 4
        activity = cluster.status()["activity"]
    assert activity["wakes"] == wakes + 1
    assert activity["last_wake"]["steps_ms"]["room_made"] > 0
    assert os.path.exists(cluster.data / "disk")
