"""In place of Ray's setup_worker.py: becomes the worker, with the arguments that follow those of its own.

worker.py --serialized-runtime-env-context=JSON --language=PYTHON default_worker.py ...
"""

from __future__ import annotations

import argparse
import json
import os
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--serialized-runtime-env-context", default="{}")
parser.add_argument("--language")


def is_plain(context: dict[str, object]) -> bool:
    """It asks for nothing but the Python that runs already."""
    return not any(asked and (name, asked) != ("py_executable", sys.executable) for name, asked in context.items())


def main() -> None:
    known, worker = parser.parse_known_args()
    if known.language == "PYTHON" and is_plain(json.loads(known.serialized_runtime_env_context or "{}")):
        os.execv(sys.executable, [sys.executable, *worker])
    # Of the package that Ray's worker, which is to run, lies in.
    own = os.path.join(os.path.dirname(next(path for path in worker if path.endswith(".py"))), "setup_worker.py")
    os.execv(sys.executable, [sys.executable, own, *sys.argv[1:]])


if __name__ == "__main__":
    main()
