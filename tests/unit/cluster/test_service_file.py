"""configs/eagleray.service is what systemd reads, and what our command does."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eagleray.command.main import cli

SERVICE = Path(__file__).resolve().parents[3] / "configs" / "eagleray.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """It only warns of what it does not know."""
    here = tmp_path / SERVICE.name
    here.write_text(SERVICE.read_text().replace("/opt/eagleray/.venv/bin/eagleray", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False)
    assert not [line for line in (verified.stdout + verified.stderr).splitlines() if SERVICE.name in line]


def test_the_command_is_ours_and_stays_in_the_foreground() -> None:
    file = configparser.ConfigParser(strict=False)
    file.optionxform = str  # type: ignore[assignment,method-assign]
    file.read(SERVICE)
    service = file["Service"]
    program, command, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "eagleray"
    with cli.commands[command].make_context(command, arguments) as context:
        assert not context.params["detach"]
        assert Path(context.params["data"]).parent == Path("/var/lib") / service["StateDirectory"]
    assert (service["Type"], service["Restart"], service["KillMode"]) == ("notify", "always", "mixed")
