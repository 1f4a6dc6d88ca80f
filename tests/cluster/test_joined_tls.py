"""A cluster on a Ray that runs already, over Ray's own TLS: it joins, goes to zero, and wakes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.certificates import Certificates
from tests.cluster.of_folder import await_ended
from tests.cluster.test_elastic import until
from tests.cluster.test_joined import ZONES, ForeignRay
from tests.conftest import LiveCluster, discard, make_cluster

SETTINGS = '[layout]\nplacement = "az"\naz_cpus = 0.5\n[scaling]\nzero_after_s = 1.0\n'


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[LiveCluster]:
    certificates = Certificates(tmp_path)
    folder = Path(tempfile.mkdtemp(prefix="foreign-", dir="/tmp"))  # Ray's sockets have short paths
    config = tmp_path / "settings.toml"
    config.write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USE_TLS", "1")
        patch.setenv("RAY_TLS_CA_CERT", str(certificates.authority))
        patch.setenv("RAY_TLS_SERVER_CERT", str(certificates.certificate))
        patch.setenv("RAY_TLS_SERVER_KEY", str(certificates.key))
        ray = ForeignRay(folder, ZONES)
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(ray.token))
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # so that Ray takes 127.0.0.1 as it is
        cluster = make_cluster()
        try:
            cluster.port = 0
            cluster.start("--config", str(config), "--address", ray.address)
            yield cluster
        finally:
            discard(cluster)
            ray.end()
            await_ended(folder)
            shutil.rmtree(folder)


@pytest.mark.timeout(300)
def test_a_cluster_over_rays_tls_goes_to_zero_and_wakes(joined: LiveCluster) -> None:
    url = joined.status()["url"]
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("CREATE TABLE kept (a int PRIMARY KEY)")
        client.execute("INSERT INTO kept VALUES (1)")
    until(joined, lambda status: status["state"] == "asleep")
    with psycopg.connect(url) as client:
        assert client.execute("SELECT a FROM kept").fetchall() == [(1,)]
        until(joined, lambda status: status["state"] == "running")
