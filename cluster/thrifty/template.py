"""A process that has imported what a cluster's processes need, and is copied (fork) for each of them:

    python -m cluster.thrifty.template DESCRIPTOR           of a socket that listens

Ray starts a Python for each actor, and each would take one to two seconds of a processor to import Ray, Arrow, DuckDB
and the roles. A copy takes some milliseconds, and shares the memory of what was imported. `worker.py`, in which each of
Ray's workers begins, connects to the socket, is told READY, and hands over how the worker is to run: arguments,
environment, folder, umask, and its standard files. The copy becomes that worker; the answer is its process id.

A copy is sound where this process has one thread (numpy's and Arrow's own are told not to begin), and shares nothing
that two processes must not write to. It looks whether it has one each time; where it has more it says nothing, and
`worker.py` goes the long way. It ends with the process that started it.

Ray reads two settings from the environment when it is imported, and never again: the job, which is the same for all
copies, and the raylet with which a worker ends. A copy watches its raylet itself; to Ray it names the process that
started the template.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any

from cluster.thrifty.modules import UNUSED, hidden, put_off

PR_SET_PDEATHSIG = 1
FILES = 3
"""Standard input, output and error."""
READY = b"ready"
PATIENCE_S = 10.0
"""With a worker.py that says nothing."""


def load() -> None:
    """Import what a process of the cluster imports from Ray's first module to its last role."""
    put_off(*UNUSED)
    import ray._private.async_compat
    import ray._private.node
    import ray._private.parameter
    import ray._private.runtime_env.setup_hook
    import ray._private.serialization
    import ray._private.worker
    import ray._private.workers.default_worker

    import cluster.controller_process
    import cluster.lean_process
    import cluster.roles

    cluster.roles.load(cluster.roles.KINDS)
    # A worker makes one before it reads its first value, and imports for it what Ray knows how to serialize.
    serialization: Any = ray._private.serialization  # without annotations
    with hidden("pydantic"):  # 0.1 s; nobody in a cluster sends an object of its classes
        serialization.SerializationContext(ray._private.worker.global_worker)
    gc.collect()
    gc.freeze()  # a collection in a copy would write to all of it, and so copy it


def serve(listener: socket.socket) -> Request:
    """Returns in each copy, with what it is to become."""
    while True:
        connection, _ = listener.accept()
        connection.settimeout(PATIENCE_S)
        with connection, suppress(OSError):  # it has gone, and its raylet with it
            if len(os.listdir("/proc/self/task")) != 1:
                continue
            connection.sendall(READY)
            if (request := Request.read(connection)) is None:
                continue
            copy = os.fork()
            if copy == 0:
                listener.close()
                return request
            request.close()
            connection.sendall(str(copy).encode())


class Request:
    """How a worker is to run. `files`: descriptors of what are to be its standard ones."""

    def __init__(self, told: dict[str, object], files: list[int]) -> None:
        self.told = told
        self.files = files

    @staticmethod
    def read(connection: socket.socket) -> Request | None:
        """None where the other end broke off."""
        message, files, _, _ = socket.recv_fds(connection, 1 << 16, FILES)
        while message and (more := connection.recv(1 << 16)):
            message += more
        try:
            request = Request(json.loads(message), files)
        except ValueError:
            request = None
        if request is None or len(files) != FILES:
            for file in files:
                os.close(file)
            return None
        return request

    def close(self) -> None:
        for file in self.files:
            os.close(file)

    def become(self) -> str:
        """This process gets all of it. Returns the path of the program to run."""
        for number, file in enumerate(self.files):
            os.dup2(file, number)
        self.close()
        arguments, environment = self.told["arguments"], self.told["environment"]
        assert isinstance(arguments, list) and isinstance(environment, dict)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(str(self.told["folder"]))
        os.umask(int(str(self.told["umask"])))
        sys.argv[:] = arguments
        _end_with(int(environment["RAY_RAYLET_PID"]))
        sys.path[0] = os.path.dirname(arguments[0])  # as where Python was given the file
        return str(arguments[0])


def _end_with(process: int) -> None:
    """Raises ProcessLookupError where it has ended already."""
    descriptor = os.pidfd_open(process)

    def watch() -> None:
        select.select([descriptor], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="raylet-watch", daemon=True).start()


def main() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    gc.disable()  # modules are no garbage, and there is nothing else
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets a copy that has ended
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    gc.enable()
    program = request.become()
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
