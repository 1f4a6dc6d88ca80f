"""The entry point of a job: `python -m cluster.job_program [--streams PATH] [--directory DIR] -- FILE ARGUMENT ...`.

Ray's job supervisor starts it (cluster/jobs.py); submission.py says what it does. It imports nothing that costs time.
"""

from __future__ import annotations

import argparse
import os
import sys

from cluster.submission import run_program


def main() -> int:
    """Returns the program's exit status."""
    parser = argparse.ArgumentParser(prog="cluster.job_program")
    parser.add_argument("--streams", default="")
    parser.add_argument("--directory", default="")
    parser.add_argument("file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.directory:
        os.chdir(given.directory)
    return run_program([sys.executable, given.file, *given.arguments], given.file, given.streams)


if __name__ == "__main__":
    sys.exit(main())
