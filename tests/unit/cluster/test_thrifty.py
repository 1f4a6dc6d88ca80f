"""What runs in place of Ray's own: the two files that import none of Ray, run as Ray runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ray._private import ray_constants, services
from ray._raylet import persist_port

from cluster import thrifty

WORKER = "import sys; print(sys.argv[1:], 'ray' in sys.modules)"


def become(*arguments: str, worker: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        thrifty.NODE["setup_worker_path"],
        *arguments,
        str(worker),
        "--node-ip-address=127.0.0.1",
        "a b",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {
            "command_prefix": [],
            "env_vars": {},
            "py_executable": sys.executable,
            "override_worker_entrypoint": None,
            "java_jars": [],
        },
    ],
)
def test_a_worker_gets_its_arguments_as_they_are(tmp_path: Path, context: dict[str, object]) -> None:
    worker = tmp_path / "default_worker.py"
    worker.write_text(WORKER)
    done = become(f"--serialized-runtime-env-context={json.dumps(context)}", "--language=PYTHON", worker=worker)
    assert done.stdout == "['--node-ip-address=127.0.0.1', 'a b'] False\n", done.stderr


@pytest.mark.parametrize(
    "context", [{"env_vars": {"A": "b"}}, {"command_prefix": ["true", "&&"]}, {"py_executable": "other"}]
)
def test_an_environment_is_rays_affair(tmp_path: Path, context: dict[str, object]) -> None:
    worker = tmp_path / "default_worker.py"
    (tmp_path / "setup_worker.py").write_text("import sys; print('Ray', sys.argv[1:])")
    given = (f"--serialized-runtime-env-context={json.dumps(context)}", "--language=PYTHON")
    done = become(*given, worker=worker)
    assert done.stdout == f"Ray {[*given, str(worker), '--node-ip-address=127.0.0.1', 'a b']}\n", done.stderr


def test_rays_own_file_is_beside_rays_worker() -> None:
    workers = Path(services.RAY_PATH) / "_private" / "workers"
    assert (workers / "setup_worker.py").exists() and (workers / "default_worker.py").exists()


def test_the_agent_tells_what_rays_own_would_and_ends_with_its_raylet(tmp_path: Path) -> None:
    thrifty.without_agents()
    build = services._build_python_executable_command_memory_profileable
    command = build(ray_constants.PROCESS_TYPE_DASHBOARD_AGENT, str(tmp_path))
    assert build(ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT, str(tmp_path)) == [sys.executable, "-u"]
    node, own, other = "ab" * 28, tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as raylet:
        arguments = ["agent.py", f"--node-id={node}", "--minimal", f"--session-dir={own}", "--head"]
        agent = subprocess.Popen([*command, *arguments], env={**os.environ, "RAY_RAYLET_PID": str(raylet.pid)})
        try:
            for service in ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port"):
                persist_port(str(other), node, service, -1)
                while not (own / f"{service}_{node}").exists():
                    assert agent.poll() is None
            assert {path.name: path.read_text() for path in own.iterdir()} == {
                path.name: path.read_text() for path in other.iterdir()
            }
            assert agent.poll() is None, "its end would be the raylet's"
            raylet.communicate()
            assert agent.wait(30) == 0
        finally:
            agent.kill()
