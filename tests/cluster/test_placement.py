"""What the default placement makes of the machine that these tests run on."""

from __future__ import annotations

import json
from pathlib import Path

from ray._private.utils import get_num_cpus

from cluster.policies.placement import Placement, placement
from tests.conftest import LiveCluster


def test_the_default_follows_the_cores(live_cluster: LiveCluster) -> None:
    status = live_cluster.status()
    expected = placement("auto", get_num_cpus(), 3)
    assert Placement(**status["placement"]) == expected
    assert len({actor["actor"] for actor in status["actors"]}) == {"az": 6, "role": 20}[expected.kind]


def test_the_supervisor_does_without_arrow(live_cluster: LiveCluster) -> None:
    """Ray would import it to send a class."""
    supervisor = json.loads((live_cluster.data / "run" / "state.json").read_text())["supervisor"]
    loaded = Path(f"/proc/{supervisor}/maps").read_text()
    assert "_raylet" in loaded and "libarrow" not in loaded
