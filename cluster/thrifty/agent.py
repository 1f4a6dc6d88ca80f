"""In place of Ray's agent of the dashboard: tells the raylet that there is none, and ends with it.

What it tells is what Ray's own agent does where the dashboard's packages are missing (`--minimal`): a file for each
service with the number of its port, -1. The raylet waits for the files, and takes this process's end for its own.
"""

from __future__ import annotations

import os
import select
import sys

SERVICES = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")
NONE = "-1"


def main() -> None:
    given = dict(
        argument[2:].split("=", 1) for argument in sys.argv[1:] if argument.startswith("--") and "=" in argument
    )
    raylet = os.pidfd_open(int(os.environ["RAY_RAYLET_PID"]))
    for service in SERVICES:
        path = os.path.join(given["session-dir"], f"{service}_{given['node-id']}")
        with open(f"{path}.new", "w") as file:
            file.write(NONE)
        os.rename(f"{path}.new", path)  # whoever finds the file finds all of it
    select.select([raylet], [], [])


if __name__ == "__main__":
    main()
