"""In place of Ray's setup_worker.py: becomes the worker, with the arguments that follow those of its own, or has the
template (template.py) be copied for it.

worker.py --serialized-runtime-env-context=JSON --language=PYTHON default_worker.py ...
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import sys

TEMPLATE_S_MAX = 60.0
"""How long it may take to import all; nothing is asked of it before."""

parser = argparse.ArgumentParser()
parser.add_argument("--serialized-runtime-env-context", default="{}")
parser.add_argument("--language")


def is_plain(context: dict[str, object]) -> bool:
    """It asks for nothing but the Python that runs already, and variables."""
    return not any(asked for name, asked in context.items() if (name, asked) != ("py_executable", sys.executable))


def set_variables(variables: dict[str, str]) -> None:
    """As Ray does: ${NAME} is another variable's value, or nothing."""
    for name, value in variables.items():
        os.environ[name] = re.sub(r"\$\{[A-Z0-9_]+\}", "", os.path.expandvars(value))


def is_copied(worker: list[str]) -> bool:
    """The template has been copied, and the copy is the worker. Raylets tell workers apart by what they say of
    themselves, not by which process they started."""
    path, job = os.environ.get("EAGLERAY_TEMPLATE"), os.environ.get("EAGLERAY_TEMPLATE_JOB")
    if path is None or os.environ.get("RAY_JOB_ID") != job:
        return False
    umask = os.umask(0o077)
    told = {"arguments": worker, "environment": dict(os.environ), "folder": os.getcwd(), "umask": umask}
    try:
        with socket.socket(socket.AF_UNIX) as template:
            template.settimeout(TEMPLATE_S_MAX)
            template.connect(path)
            if not template.recv(64):
                return False
            socket.send_fds(template, [b" "], [0, 1, 2])
            template.sendall(json.dumps(told).encode())
            template.shutdown(socket.SHUT_WR)
            return template.recv(64) != b""
    except OSError:  # there is none any more
        return False
    finally:
        os.umask(umask)


def main() -> None:
    known, worker = parser.parse_known_args()
    context = json.loads(known.serialized_runtime_env_context or "{}")
    variables = context.pop("env_vars", None)
    if known.language == "PYTHON" and is_plain(context):
        if variables:
            set_variables(variables)
        elif is_copied(worker):
            return
        os.execv(sys.executable, [sys.executable, *worker])
    # Of the package that Ray's worker, which is to run, lies in.
    own = os.path.join(os.path.dirname(next(path for path in worker if path.endswith(".py"))), "setup_worker.py")
    os.execv(sys.executable, [sys.executable, own, *sys.argv[1:]])


if __name__ == "__main__":
    main()
