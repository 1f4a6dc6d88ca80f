"""What `eagleray submit` runs inside a Ray task."""

from __future__ import annotations

import os
import sys


def run_source(source: str, name: str, arguments: list[str], url: str) -> int:
    """Run a program's text as __main__, with its arguments and EAGLERAY_URL; returns the exit status it asked for."""
    os.environ["EAGLERAY_URL"] = url
    former = sys.argv
    sys.argv = [name, *arguments]
    try:
        exec(compile(source, name, "exec"), {"__name__": "__main__", "__file__": name})
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return leave.code or 0
        print(leave.code, file=sys.stderr)
        return 1
    finally:
        sys.argv = former
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
