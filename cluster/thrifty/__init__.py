"""What the embedded Ray does without, so that a cluster is there sooner and smaller. Measured with Ray 2.60.0:

- Before it becomes a worker, each of Ray's worker processes imports all of Ray (0.6 s of processor time) to read which
  environment it is to have; then it begins anew, and imports it again. `worker.py` reads that with the standard library
  alone, and leaves to Ray what asks for more than variables.
- Each raylet has an agent of the dashboard, which imports all of Ray (1 s, 90 MB) to say, where there is no dashboard,
  that it serves nothing. `agent.py` says so.
- Each raylet has an agent for runtime environments, as dear, which the cluster's own processes do without.
  `environments.py` is there instead until a submitted program asks for one.
- Whoever sends an actor's class disassembles it (0.1 s), to warn of a class that is sent many times:
  `without_disassembly`.
- Who starts a raylet sleeps for 0.1 s, asks the control process for it, and asks again after a whole second where it
  comes too early: `without_waiting`.
- A raylet starts as many workers at a time as it has processors for tasks, which is one where it has none:
  `side_by_side`.
- Ray imports modules that a cluster's processes do not use (0.2 s): `modules.py`.

- Each of the cluster's own processes is a copy of one that has imported everything (`template.py`): six processes
  of two processor seconds each were most of what a start, or a wake, took.

The first three are run as files, by a Python that knows nothing of this package, and import none of it.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NODE: dict[str, Any] = {"setup_worker_path": str(FOLDER / "worker.py")}
"""Parameters of every raylet."""

TEMPLATE = "EAGLERAY_TEMPLATE"
"""In the environment of raylets: where their workers find the template."""
TEMPLATE_JOB = "EAGLERAY_TEMPLATE_JOB"
"""Likewise: of which of Ray's jobs workers are copies. Programs that others run would find modules that they did not
import."""
FIRST_JOB = "01000000"
"""The one of the process that started this Ray."""
WITHOUT_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""No library begins a thread when the template imports it."""
LOOK_S = 0.01
GRACE_S = 0.1
"""Ray's, before it asks for a raylet for the first time."""
AT_A_TIME = "--maximum_startup_concurrency="
WORKERS_AT_A_TIME = 8
REGISTERED_S_MAX = 30.0
"""After so long it is Ray's to say that a raylet did not start."""


class Template:
    """The process, and the socket at `path` where it is asked for copies from the first moment on: who comes before it
    has imported all waits. Raylets that this process starts from now on know of it."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(128)
        os.environ[TEMPLATE], os.environ[TEMPLATE_JOB] = str(path), FIRST_JOB
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        listener = self._listener.fileno()
        command = [sys.executable, "-m", "cluster.thrifty.template", str(listener)]
        environment = {**os.environ, **WITHOUT_THREADS, "RAY_JOB_ID": FIRST_JOB, "RAY_RAYLET_PID": str(os.getpid())}
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(listener,), env=environment)

    def mend(self) -> None:
        """Start it anew where it has died."""
        if self._process.poll() is not None:
            self._process = self._start()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.close()


class _Awake:
    """Ray's module `node` has this for `time`: it does not sleep before it asks for what is looked for anyway."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        if seconds != GRACE_S:
            time.sleep(seconds)


@cache
def side_by_side() -> None:
    """Raylets that this process starts from now on start all of a zone's workers at a time."""
    from ray._private import services as of_ray

    services: Any = of_ray  # without annotations
    start = services.start_ray_process

    def start_ray_process(command: list[str], *arguments: Any, **named: Any) -> Any:
        own = [f"{AT_A_TIME}{WORKERS_AT_A_TIME}" if part.startswith(AT_A_TIME) else part for part in command]
        return start(own, *arguments, **named)

    services.start_ray_process = start_ray_process


@cache
def without_waiting() -> None:
    """Raylets that this process starts from now on are there as soon as they have registered."""
    from ray._private import node as node_of_ray
    from ray._private import services as of_ray
    from ray._private import state as state_of_ray

    node_module: Any = node_of_ray

    node_module.time = _Awake()
    services: Any = of_ray  # without annotations
    state_module: Any = state_of_ray
    get_node = services.get_node

    def get_registered_node(gcs_address: str, node_id: str) -> Any:
        state = state_module.GlobalState()
        state._initialize_global_state(services._get_gcs_client_options(gcs_address))
        deadline = time.monotonic() + REGISTERED_S_MAX
        while time.monotonic() < deadline and all(node["NodeID"] != node_id for node in state.node_table()):
            time.sleep(LOOK_S)
        return get_node(gcs_address, node_id)

    services.get_node = get_registered_node


@cache
def without_disassembly() -> None:
    """Classes that this process sends from now on are known by their names alone."""
    from ray._private import function_manager

    manager: Any = function_manager.FunctionActorManager  # without annotations

    def identifier(_: Any, sent: Any) -> bytes:
        return hashlib.sha1(f"{sent.__module__}.{sent.__qualname__}".encode()).digest()

    manager.compute_collision_identifier = identifier


@cache
def without_agents() -> None:
    """Raylets that this process starts from now on have `agent.py`, whatever Ray's would need is installed, and
    `environments.py`."""
    from ray._private import ray_constants, services

    build: Any = services._build_python_executable_command_memory_profileable

    def command(component: str, session_dir: str, unbuffered: bool = True) -> list[str]:
        if component == ray_constants.PROCESS_TYPE_DASHBOARD_AGENT:
            return [sys.executable, "-I", "-S", str(FOLDER / "agent.py")]
        own: list[str] = build(component, session_dir, unbuffered)
        if component == ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT:
            return [sys.executable, "-I", "-S", str(FOLDER / "environments.py"), *own]
        return own

    services._build_python_executable_command_memory_profileable = command
