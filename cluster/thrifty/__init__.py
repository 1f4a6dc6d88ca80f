"""What the embedded Ray does without, so that a cluster is there sooner and smaller. Measured with Ray 2.60.0:

- Before it becomes a worker, each of Ray's worker processes imports all of Ray (0.6 s of processor time) to read which
  environment it is to have; then it begins anew, and imports it again. `worker.py` reads that with the standard library
  alone, and leaves to Ray whatever names an environment.
- Each raylet has an agent of the dashboard, which imports all of Ray (1 s, 90 MB) to say, where there is no dashboard,
  that it serves nothing. `agent.py` says so.

Both are run as files, by a Python that knows nothing of this package, and import none of it.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NODE: dict[str, Any] = {"setup_worker_path": str(FOLDER / "worker.py")}
"""Parameters of every raylet."""


@cache
def without_dashboard_agents() -> None:
    """Raylets that this process starts from now on have `agent.py`, whatever Ray's would need is installed."""
    from ray._private import ray_constants, services

    build: Any = services._build_python_executable_command_memory_profileable

    def command(component: str, session_dir: str, unbuffered: bool = True) -> list[str]:
        if component == ray_constants.PROCESS_TYPE_DASHBOARD_AGENT:
            return [sys.executable, "-I", "-S", str(FOLDER / "agent.py")]
        return build(component, session_dir, unbuffered)  # type: ignore[no-any-return]

    services._build_python_executable_command_memory_profileable = command
