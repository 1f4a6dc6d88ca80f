#!/usr/bin/env bash
# pglast 8.8: parse_sql looks at every character of a text that is not ASCII, several times (to tell places in characters, not bytes), and holds Python's lock
# meanwhile: a literal of 200,000 "é" takes more than ten times as long as one of 200,000 "e" (seen: 0.19 s and 0.004 s of CPU), though PostgreSQL's parser,
# which runs without the lock, takes as long for both. Other threads of the process do not run for much of that time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pglast==8.8
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata
import sys
import threading
import time

import pglast

CHARACTERS = 200_000


def measure(character):
    """(seconds of CPU, the longest time that another thread did not run)."""
    waits, stop = [], threading.Event()

    def tick():
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.0005)
            now = time.perf_counter()
            waits.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    begun = time.thread_time()
    pglast.parse_sql(f"SELECT '{character * CHARACTERS}'")
    took = time.thread_time() - begun
    stop.set()
    thread.join()
    return took, max(waits)


plain, held_plain = min(measure("e") for _ in range(3))
other, held_other = min(measure("é") for _ in range(3))
print("pglast", importlib.metadata.version("pglast"), f"ASCII: {plain:.4f} s, lock held {held_plain:.4f} s; other: {other:.4f} s, lock held {held_other:.4f} s")
sys.exit(0 if other > 10 * plain and held_other > other / 4 else "the behaviour has changed")
PY
