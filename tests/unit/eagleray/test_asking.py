"""Commands that ask a cluster which ends meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from eagleray.command.connect import ask_status
from eagleray.command.options import OneLine


def test_a_cluster_that_is_gone_is_told_in_one_line(tmp_path: Path) -> None:
    state = {"url": "", "sockets": str(tmp_path / "run"), "controller": f"unix:{tmp_path}/run/controller.sock"}
    with pytest.raises(OneLine, match=r"^the controller cannot be asked: .*No such file"):
        ask_status(state)
