"""Packaged workloads on a cluster."""

from __future__ import annotations

import pytest

from tests.conftest import LiveCluster
from tests.conftest import eagleray as command


@pytest.mark.parametrize("name", ["orders", "bank"])
def test_a_workload_runs_and_its_checks_hold(live_cluster: LiveCluster, name: str) -> None:
    done = command("workload", "run", name, "--data", str(live_cluster.data), "--seconds", "3", "--clients", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "throughput" in done.stdout and "conflicts" in done.stdout and "WRONG" not in done.stdout


def test_an_unknown_workload_is_one_line(live_cluster: LiveCluster) -> None:
    done = command("workload", "run", "nothing", "--data", str(live_cluster.data))
    assert done.returncode != 0 and done.stderr.count("\n") == 1 and "orders" in done.stderr
