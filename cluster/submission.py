"""What a submitted program runs in, and how its output reaches the terminal that submitted it while Ray's log keeps it.

    the command                        the job, a process of the same user on the same host (job_program.py)
      Streams(path) listens at a Unix socket
      <------------------------------- connects
      its input, output, error ------> are the job's (SCM_RIGHTS): the program reads that input itself; its output and
                                       error are pipes, of which the job writes every byte to the log and to that
                                       output or error

So nothing is polled or buffered between the program and whoever reads its output. Only the log, which both have in
common, gets whole lines. Whoever closes the terminal loses nothing: the program goes on, and `jobs logs` has what it
wrote. Left out: programs on other hosts, whose input and output would have to be carried; a terminal for the program's
output, which sees a pipe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

STREAMS = 3
"""Standard input, output and error, in the order of their descriptors."""
COPY_BYTES = 64 << 10
"""Read from a pipe at once: as much as Linux's pipes hold."""


class Streams:
    """Gives this process's standard streams to the first that connects to `path`. Whoever can open the path could: it
    must lie in a folder of the user's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        threading.Thread(target=self._give, name="streams", daemon=True).start()

    def _give(self) -> None:
        with contextlib.suppress(OSError):  # closed: the program never began
            taker, _ = self._listener.accept()
            with taker:
                socket.send_fds(taker, [b"!"], [_open(number) for number in range(STREAMS)])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()
        self.path.unlink(missing_ok=True)


def _open(descriptor: int) -> int:
    """`descriptor`, or nothing's where the command was started without that stream."""
    try:
        os.fstat(descriptor)
    except OSError:
        return os.open(os.devnull, os.O_RDWR)
    return descriptor


def take_streams(path: str) -> list[int]:
    """The descriptors that a command gives at `path`; none where nobody listens there any more."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as giver:
            giver.connect(path)
            return socket.recv_fds(giver, 1, STREAMS)[1]
    except OSError:
        return []


def run_program(command: Sequence[str], name: str, streams: str = "") -> int:
    """Run `command` and return its exit status, 128 and the signal's number where one ended it. What it writes goes
    to this process's output, which is Ray's log, and to the streams that are given at the path `streams`. `name`: of
    the program, for what this says itself."""
    given = take_streams(streams) if streams else []
    child = subprocess.Popen(
        command,
        stdin=given[0] if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    # A job that is stopped gets the signal in all its processes: this one waits for how the program takes it.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    assert child.stdout is not None and child.stderr is not None
    copiers = [
        threading.Thread(target=_copy, args=(source.fileno(), given[number] if given else -1))
        for number, source in ((1, child.stdout), (2, child.stderr))
    ]
    for copier in copiers:
        copier.start()
    status = child.wait()
    for copier in copiers:
        copier.join()
    if status >= 0:
        return status
    ended = f"eagleray: {name}: its process was ended by signal {-status} ({signal.Signals(-status).name})\n".encode()
    _write(sys.stdout.fileno(), ended)
    if given:
        _write(given[2], ended)
    return 128 - status


def _copy(source: int, target: int) -> None:
    """All that comes from `source` to `target`, while somebody reads there, and to the log: line by line, since the
    other stream's lines go there too. A line longer than COPY_BYTES is cut."""
    log = sys.stdout.fileno()
    line = b""
    while data := os.read(source, COPY_BYTES):
        if target >= 0 and not _write(target, data):
            target = -1
        line += data
        whole = len(line) if len(line) > COPY_BYTES else max(line.rfind(b"\n"), line.rfind(b"\r")) + 1
        _write(log, line[:whole])
        line = line[whole:]
    _write(log, line)


def _write(descriptor: int, data: bytes) -> bool:
    """False where nobody reads what is written there."""
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        return False
    return True
