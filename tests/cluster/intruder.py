"""Run by test_access.py as root: becomes another user, then tries what a user of the same machine could. Prints
[attempt, what came of it] after each, one JSON array a line: what gets far enough may end the process.

    python intruder.py UID '{"gcs": "127.0.0.1:4", "actors": [...], "sockets": [...], "files": [...],
        "folders": [...], "agents": [port, ...]}'

It imports before it changes its user, and asks Ray once for the sake of what Ray imports late: the interpreter may
lie where only root can read.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

MODE = sys.argv[3]
for name in ("RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS"):
    os.environ.pop(name, None)
os.environ["RAY_AUTH_MODE"] = MODE
os.environ["RAY_AUTH_TOKEN"] = "0" * 64
os.environ["RAY_NUM_REDIS_GET_RETRIES"] = "1"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

import ray  # noqa: E402
from ray._raylet import GcsClient  # noqa: E402


def attempt(action: Callable[[], Any]) -> str:
    try:
        action()
    except BaseException as error:
        while error.__cause__ is not None:  # ray.init says that it could not connect, and from what that came
            error = error.__cause__
        return type(error).__name__
    return "done"


def tell(name: str, action: Callable[[], Any]) -> None:
    print(json.dumps([name, attempt(action)]), flush=True)


def join(gcs: str) -> None:
    ray.init(address=gcs, log_to_driver=False, configure_logging=False)
    ray.util.list_named_actors(all_namespaces=True)


def connect(path: str) -> None:
    kind = socket.SOCK_SEQPACKET if "clients-" in path else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(path)


def read(path: str) -> None:
    with open(path, "rb") as file:
        file.read(1)


def ask_agent(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/get_or_create_runtime_env", b"")
    status = connection.getresponse().status
    if status == 401:
        raise PermissionError("the token is asked for")


def main() -> None:
    user, goals = int(sys.argv[1]), json.loads(sys.argv[2])
    attempt(lambda: ray.init(address=goals["gcs"], log_to_driver=False, configure_logging=False))
    ray.shutdown()
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    gcs = goals["gcs"]
    tell("read keys", lambda: GcsClient(address=gcs).internal_kv_keys(b"", None, timeout=10))
    tell("write a key", lambda: GcsClient(address=gcs).internal_kv_put(b"k", b"v", True, b"intruder", timeout=10))
    tell("list nodes", lambda: GcsClient(address=gcs).get_all_node_info(timeout=10))
    for path in goals["sockets"]:
        tell(f"connect to {path}", lambda path=path: connect(path))
    for path in goals["files"]:
        tell(f"read {path}", lambda path=path: read(path))
    for path in goals["folders"]:
        tell(f"list {path}", lambda path=path: os.listdir(path))
    for port in goals["agents"]:
        tell(f"ask the agent at {port}", lambda port=port: ask_agent(port))
    tell("join, and list actors", lambda: join(gcs))


if __name__ == "__main__":
    main()
