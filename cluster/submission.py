"""What `eagleray submit` runs inside a Ray task, and how the program gets the terminal.

    the command                               the task, a process of the same user on the same host
      Streams(path) listens at a Unix socket
      <--------------------------------------- connects
      its standard input, output, error ----->  are the program's while it runs (SCM_RIGHTS)

So nothing stands between the program and whoever reads its output: no copy, no delay, and a terminal stays a terminal. Left out: programs on other hosts, whose output
would have to be carried.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

STREAMS = 3
"""Standard input, output and error, in the order of their descriptors."""


class Streams:
    """Gives this process's standard streams to the first that connects to `path`. Whoever can open the path could: it must lie in a folder of the user's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        threading.Thread(target=self._give, name="streams", daemon=True).start()

    def _give(self) -> None:
        with contextlib.suppress(OSError):  # closed: the task never began
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


@contextlib.contextmanager
def standard_streams(path: str) -> Iterator[None]:
    """While it lasts, the streams that are given at `path` are this process's: of its Python, its libraries in C, and its children."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as giver:
        giver.connect(path)
        _, given, _, _ = socket.recv_fds(giver, 1, STREAMS)
    former, kept = (sys.stdin, sys.stdout, sys.stderr), [os.dup(number) for number in range(STREAMS)]
    try:
        for number, descriptor in enumerate(given):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # whoever read it is gone, or the program has closed it
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = former
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)


def run_source(source: str, name: str, arguments: list[str], url: str, streams: str) -> int:
    """Run a program's text as __main__, with its arguments, EAGLERAY_URL and the standard streams given at `streams`; returns the exit status it asked for.
    What it raises it tells itself, as Python does, and is 1."""
    os.environ["EAGLERAY_URL"] = url
    former = sys.argv
    sys.argv = [name, *arguments]
    try:
        with standard_streams(streams):
            return _run(source, name)
    finally:
        sys.argv = former


def _run(source: str, name: str) -> int:
    try:
        exec(compile(source, name, "exec"), {"__name__": "__main__", "__file__": name})
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return leave.code or 0
        print(leave.code, file=sys.stderr)
        return 1
    except BaseException as error:
        where = error.__traceback__.tb_next if error.__traceback__ is not None else None  # without our own line
        traceback.print_exception(type(error), error, where)
        return 1
    return 0
