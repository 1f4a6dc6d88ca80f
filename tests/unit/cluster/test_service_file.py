"""configs/eagleray.service is what systemd reads, and what our command does."""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
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


STAYING = """
    import subprocess, sys

    from eagleray.command import lifecycle

    code = "import signal; signal.signal(signal.SIGTERM, lambda *_: exit(0)); print('up', flush=True); signal.pause()"
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    supervisor.stdout.readline()
    print(supervisor.pid, flush=True)
    lifecycle._stay(supervisor)
    assert supervisor.returncode == 0
"""


@pytest.mark.parametrize("name", ["notify", "@"])
@pytest.mark.parametrize("killed", [False, True])
def test_up_in_the_foreground_says_that_it_serves_and_ends_with_its_supervisor(
    tmp_path: Path, killed: bool, name: str
) -> None:
    """In order at SIGTERM; with an error where the supervisor, here any process, has died."""
    path = f"@{tmp_path}" if name == "@" else str(tmp_path / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path.replace("@", "\0", 1))
        manager.settimeout(30)
        command = [sys.executable, "-c", textwrap.dedent(STAYING)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NOTIFY_SOCKET": path}
        ) as up:
            assert up.stdout is not None
            supervisor = int(up.stdout.readline())
            try:
                assert manager.recv(100) == b"READY=1"
                if killed:
                    os.kill(supervisor, signal.SIGKILL)
                else:
                    up.terminate()
                assert (up.wait(30) == 0) is not killed
            finally:
                up.kill()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(supervisor, signal.SIGKILL)
