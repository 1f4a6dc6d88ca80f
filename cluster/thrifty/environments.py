"""In place of Ray's agent for runtime environments, until somebody asks for one; then in front of it.

environments.py PYTHON [-u] main.py --node-id=... --session-dir=... (Ray's own command)

A raylet asks its agent over HTTP for the environment of a worker that names one; the cluster's own processes name none.
This program tells the raylet the port at which it listens, starts Ray's agent at the first connection, and from then on
passes bytes between the two. It ends with its raylet, or with Ray's agent, whose end a raylet takes for its own.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time

SERVICE = "runtime_env_agent_port"
CHUNK = 1 << 16
LOOK_S = 0.02
"""Between two looks whether Ray's agent has told its port."""


def given(name: str) -> str:
    return next(argument.partition("=")[2] for argument in sys.argv[1:] if argument.startswith(f"--{name}="))


def port_file(folder: str) -> str:
    return os.path.join(folder, f"{SERVICE}_{given('node-id')}")


def listen() -> socket.socket:
    """The raylet finds all of the port's file, or none."""
    listener = socket.create_server((given("node-ip-address"), int(given("runtime-env-agent-port"))), backlog=128)
    path = port_file(given("session-dir"))
    with open(f"{path}.new", "w") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(f"{path}.new", path)
    return listener


def start_agent() -> int:
    """The port of Ray's agent, which it writes into a folder of its own."""
    folder = os.path.join(given("session-dir"), f"{SERVICE}s", given("node-id"))
    os.makedirs(folder, mode=0o700)
    replaced = {"--session-dir": folder, "--runtime-env-agent-port": "0"}
    command = [
        f"{name}={replaced.get(name, value)}" if equals else name
        for name, equals, value in (argument.partition("=") for argument in sys.argv[1:])
    ]
    agent = subprocess.Popen(command, env={**os.environ, "RAY_RAYLET_PID": str(os.getpid())})
    threading.Thread(target=lambda: os._exit(agent.wait()), daemon=True).start()
    while not (told := read(port_file(folder))):
        time.sleep(LOOK_S)
    return int(told)


def read(path: str) -> str:
    """ "" where there is no such file yet."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(CHUNK):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one of them has gone; the other is told by its end
        source.close()
        target.close()


def forward(client: socket.socket, port: int) -> None:
    with client, socket.create_connection((given("node-ip-address"), port)) as agent:
        back = threading.Thread(target=copy, args=(agent, client))
        back.start()
        copy(client, agent)
        back.join()


def main() -> None:
    raylet = os.pidfd_open(int(os.environ["RAY_RAYLET_PID"]))
    listener = listen()
    port = 0
    while raylet not in select.select([raylet, listener.fileno()], [], [])[0]:
        if not port:
            port = start_agent()
        client, _ = listener.accept()
        threading.Thread(target=forward, args=(client, port), daemon=True).start()
    os._exit(0)


if __name__ == "__main__":
    main()
