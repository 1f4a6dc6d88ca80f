"""What other users of the machine, and other machines, can reach of a running cluster: nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import leftovers
from cluster.data_folder import DataFolder
from cluster.listening import exposed, listening
from tests.conftest import LiveCluster, eagleray

NOBODY = 65534
RAY_REFUSES = "AuthenticationError"


def test_nothing_listens_to_other_machines(live_cluster: LiveCluster) -> None:
    processes = leftovers.find(live_cluster.data)
    assert exposed(processes) == []
    # The control process, three raylets of two ports each, the supervisor, and each actor's own server (of six actors
    # at least): the proof looked at something.
    assert len({place.port for _, place in listening(processes)}) > 12


def test_the_token_is_in_no_command_line_and_no_environment(live_cluster: LiveCluster) -> None:
    token = DataFolder(live_cluster.data).token
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    for process in leftovers.find(live_cluster.data):
        for name in ("cmdline", "environ"):
            assert token.read_bytes() not in Path(f"/proc/{process}/{name}").read_bytes()


def test_every_folder_file_and_memory_is_the_users_own(live_cluster: LiveCluster, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("pass\n")
    assert eagleray("submit", "--data", str(live_cluster.data), str(program)).returncode == 0
    folder = DataFolder(live_cluster.data)
    # Ray opens folders that it makes within its own, which is closed.
    inner = set(folder.ray.rglob("*"))
    open_to_others = [
        path
        for root in (folder.root, folder.ray, folder.sockets)
        for path in (root, *root.rglob("*"))
        if path not in inner and not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    memories = 0
    for process in leftovers.find(live_cluster.data):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            if descriptor.is_symlink() and os.readlink(descriptor).startswith("/dev/shm/plasma"):
                memories += 1
                assert not descriptor.stat().st_mode & 0o077
    assert memories >= 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", ["disabled", "token"])
def test_another_user_gets_nowhere(live_cluster: LiveCluster, tmp_path: Path, mode: str) -> None:
    """Without a token, and with one of their own."""
    folder = DataFolder(live_cluster.data)
    state = folder.read_state()
    assert state is not None
    paths = [
        path for root in {folder.root, folder.ray, folder.sockets} for path in root.rglob("*") if not path.is_symlink()
    ]
    processes = leftovers.find(live_cluster.data)
    agents = [process for process in processes if b"RuntimeEnvAgent" in Path(f"/proc/{process}/cmdline").read_bytes()]
    goals = {
        "gcs": state["ray_address"],
        "sockets": [str(path) for path in paths if path.is_socket()],
        "files": [str(path) for path in paths if path.is_file()]
        + [f"/proc/{process}/environ" for process in processes],
        "folders": [str(path) for path in (folder.root, folder.ray, *paths) if path.is_dir()],
        "agents": sorted(place.port for _, place in listening(agents)),
    }
    assert len(goals["sockets"]) > 10 and len(goals["files"]) > 20 and goals["agents"]
    command = [sys.executable, str(Path(__file__).with_name("intruder.py")), str(NOBODY), json.dumps(goals), mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    results = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    assert done.returncode == 0, f"{results}\n{done.stderr}"
    for name in ("read keys", "write a key", "list nodes"):
        assert results.pop(name) == RAY_REFUSES, name
    # ray.init asks several times, and then only says that it could not connect.
    assert results.pop("join, and list actors") in (RAY_REFUSES, "RuntimeError")
    gone = {"FileNotFoundError"}  # a file that the cluster has removed meanwhile
    assert set(results.values()) - gone == {"PermissionError"}, {
        name: result for name, result in results.items() if result != "PermissionError"
    }
