#!/usr/bin/env bash
# Ray 2.60.0: the agents that a raylet starts (ray::DashboardAgent, ray::RuntimeEnvAgent) show a damaged environment to
# everybody else. Each gives itself a title, and the title's padding overwrites the first bytes of what the kernel shows as
# /proc/PID/environ: many variables that the agent inherited, and still has in os.environ, are gone there, cut in the
# middle where the padding ends. A raylet passes the variables in an order of its own, so which ones are lost cannot be told
# in advance. A program that finds a cluster's processes by a variable in /proc/PID/environ (psutil's Process.environ too)
# finds some agents and misses others, a different set each time; the raylet itself is always found. Seen: of 40 variables
# each agent shows 2, behind 2,606 NUL bytes; how many depends on how long they are.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ray[default]==2.60.0'
export RAY_TMPDIR="$folder" RAY_USAGE_STATS_ENABLED=0
"$folder/venv/bin/python" - "$folder" <<'PY'
import os
import sys
import time
from pathlib import Path

MARKS = 40
for number in range(MARKS):
    os.environ[f"MARK_{number:02}"] = "x" * 20

import ray

ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", _node_ip_address="127.0.0.1")


def children(parent):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def marks(process):
    environment = Path(f"/proc/{process}/environ").read_bytes()
    whole = [part for part in environment.split(b"\0") if part.startswith(b"MARK_") and len(part) == len("MARK_00=") + 20]
    return len(whole), len(environment) - len(environment.lstrip(b"\0"))


def name(process):
    return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()


raylet = next(process for process in children(os.getpid()) if name(process).endswith("/raylet"))
deadline = time.monotonic() + 60
while True:
    agents = [process for process in children(raylet) if name(process) in ("ray::DashboardAgent", "ray::RuntimeEnvAgent")]
    if len(agents) == 2 or time.monotonic() > deadline:
        break
    time.sleep(0.1)
shown = {name(process): marks(process) for process in agents}
print("ray", ray.__version__, "whole marks of", MARKS, "and NUL bytes at the start:", {"raylet": marks(raylet), **shown})
changed = marks(raylet) != (MARKS, 0) or len(shown) != 2 or any(whole == MARKS or nuls < 100 for whole, nuls in shown.values())
ray.shutdown()
sys.exit("the behaviour has changed" if changed else 0)
PY
