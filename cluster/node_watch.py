"""The watch over event loops (loop_watch.py) on a node of a Ray that was joined: a process of its own there, which ends
when no process of the cluster is left on the node.

    begin(sockets, log, replacements, stall_s)      from each process that starts; one watch is enough, and all but the
                                                    first end at once

Not a thread of those that are watched: whatever holds one process's interpreter would hold its watch. Not an actor: at
zero a node is to have none. It is nobody's child, since Ray ends those of its workers with them.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from actors.runtime.heartbeat import process_start, read_beat
from cluster.loop_watch import LOOK_S, LoopWatch, Replacements

LOCK = "loop-watch.lock"
DESERTED_S = 10.0
"""Without a process of the cluster on the node: one that has just been ended may come back at once."""

logger = logging.getLogger("loop-watch")


def begin(sockets: Path, log: Path, replacements: Path, stall_s: float) -> None:
    """Returns once the watch is on its own. `stall_s` 0: nobody is watched. Raises OSError."""
    if stall_s and not _is_watched(sockets):
        command = [sys.executable, "-m", "cluster.node_watch", str(sockets), str(log), str(replacements), str(stall_s)]
        path = os.pathsep.join(filter(None, sys.path))  # Ray's runtime environment brings our code to the node
        subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )


def _is_watched(sockets: Path) -> bool:
    with open(sockets / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_deserted(sockets: Path) -> bool:
    """Whether no process lives of those that have a heartbeat here."""
    beats = filter(None, map(read_beat, sockets.glob("*.beat")))
    return all(process_start(beat.pid) != beat.started for beat in beats)


def main(sockets: Path, log: Path, replacements: Path, stall_s: float) -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    with open(sockets / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process has begun one
            return
        logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        watch = LoopWatch(sockets, stall_s, Replacements(replacements))
        watch.start()
        deserted_s = 0.0
        while deserted_s < DESERTED_S:
            time.sleep(LOOK_S)
            deserted_s = deserted_s + LOOK_S if is_deserted(sockets) else 0.0
        watch.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
