"""Looks at a Ray cluster before joining it: what answers at an address, of which versions, and whether it asks for a
token.

    look("auto" | "10.0.0.5:6379") -> Found(address="10.0.0.5:6379", ray="2.60.0", python="3.11.9")

Ray's own client may end its process where it cannot connect, so it runs in processes of their own (`python -m
cluster.preflight ADDRESS`): one with the token that this user has, and one without any, which must be refused.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import msgspec

ANSWER_S_MAX = 30.0
CONNECT_S_MAX = 3.0
RAY_S_MAX = 5
NO_TOKEN = "set RAY_AUTH_TOKEN_PATH to the file that holds it (Ray looks in ~/.ray/auth_token, too)"


class NotJoined(Exception):
    """Why a Ray cluster is not joined, in one line."""


class Found(msgspec.Struct, frozen=True):
    """`error`: why there is nothing to join. `refused`: it has refused the token, or its absence."""

    address: str = ""
    ray: str = ""
    python: str = ""
    error: str = ""
    refused: bool = False


def look(address: str) -> Found:
    """Raises NotJoined. `cluster.joined_ray.prepare_environment` has run."""
    import ray

    raylet: Any = ray._raylet  # its stub file lacks these
    try:
        there = raylet.AuthenticationTokenLoader.instance().has_token()
    except ray.exceptions.AuthenticationError:
        there = False
    if not there:
        nobody = _answer(_started(address, "disabled"), address)
        raise NotJoined(nobody.error or f"there is no token for the Ray at {address}: {NO_TOKEN}")
    with_token, without = _started(address, "token"), _started(address, "disabled")
    found, stranger = _answer(with_token, address), _answer(without, address)
    if found.error:
        raise NotJoined(found.error)
    if found.refused:
        raise NotJoined(f"the Ray at {found.address} refuses the token: {NO_TOKEN}")
    if not stranger.refused:
        raise NotJoined(
            f"the Ray at {found.address} does not ask for a token, so others could run programs there: start "
            f"it with RAY_AUTH_MODE=token"
        )
    check_versions(found, ray.__version__, "{}.{}.{}".format(*sys.version_info[:3]))
    return found


def check_versions(found: Found, own_ray: str, own_python: str) -> None:
    """Ray takes nothing else. Raises NotJoined."""
    for what, theirs, ours in (("Ray", found.ray, own_ray), ("Python", found.python, own_python)):
        if theirs != ours:
            raise NotJoined(
                f"the Ray at {found.address} runs {what} {theirs or 'of an unknown version'}, and `up` "
                f"{what} {ours}: they must be the same"
            )


def _started(address: str, mode: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "RAY_AUTH_MODE": mode}
    command = [sys.executable, "-m", "cluster.preflight", address]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment
    )


def _answer(process: subprocess.Popen[bytes], address: str) -> Found:
    try:
        told, _ = process.communicate(timeout=ANSWER_S_MAX)
        return msgspec.json.decode(told.splitlines()[-1], type=Found)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    except (IndexError, msgspec.DecodeError):  # Ray's client has ended it
        pass
    return Found(error=f"what listens at {address} does not answer as Ray does")


def _look(address: str) -> Found:
    """In a process of its own."""
    from ray._private import services

    try:
        place = services.canonicalize_bootstrap_address_or_die(address)
        host, _, port = place.rpartition(":")
        number = int(port)
    except ConnectionError:
        return Found(error="no Ray runs on this machine: name its address (--address HOST:PORT)")
    except (ValueError, OSError):
        return Found(error=f"{address!r} is no address of a Ray cluster: HOST:PORT or auto is expected")
    try:
        socket.create_connection((host.strip("[]"), number), CONNECT_S_MAX).close()
    except OSError as error:
        asked = place if address in (place, "auto") else f"{address} ({place}, as Ray takes it)"
        return Found(error=f"no Ray answers at {asked}: {(error.strerror or str(error)).lower()}")
    return _ask(place)


def _ask(place: str) -> Found:
    import ray
    from ray._common.usage import usage_constants
    from ray._private import ray_constants

    raylet: Any = ray._raylet  # its stub file lacks these
    try:
        client = raylet.GcsClient(address=place)
        told = client.internal_kv_get(
            usage_constants.CLUSTER_METADATA_KEY, ray_constants.KV_NAMESPACE_CLUSTER, timeout=RAY_S_MAX
        )
    except ray.exceptions.AuthenticationError:
        return Found(place, refused=True)
    except Exception as error:  # Ray's are of many classes
        return Found(error=f"what listens at {place} does not answer as Ray does ({str(error).splitlines()[0][:200]})")
    metadata: dict[str, Any] = json.loads(told) if told else {}
    return Found(place, str(metadata.get("ray_version", "")), str(metadata.get("python_version", "")))


if __name__ == "__main__":
    sys.stdout.write("\n" + msgspec.json.encode(_look(sys.argv[1])).decode() + "\n")
    sys.stdout.flush()
    os._exit(0)
