"""--data: which cluster a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from eagleray.command.main import cli


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (["ranges", "--data", "one", "move", "2"], "one"),
        (["ranges", "--data", "one", "move", "--data", "other", "2"], "other"),
        (["ranges", "move", "--data", "other", "2"], "other"),
        (["ranges", "--data", "one"], "one"),
        (["shards", "--data", "one", "split", "1"], "one"),
        (["adjudicators", "--data", "one", "add"], "one"),
        (["ranges", "move", "2"], "usual"),
    ],
)
def test_a_group_tells_its_commands(
    arguments: list[str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EAGLERAY_DATA_DIR", "usual")
    answer = CliRunner().invoke(cli, arguments)
    assert answer.exit_code == 1 and f"no cluster is running on {tmp_path / folder} " in answer.output
