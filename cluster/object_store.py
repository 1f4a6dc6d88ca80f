"""What `up` asks of the object store before anything is started: that it takes, gives and removes an object, and that it holds no other cluster's checkpoints.

    check(uri, identity)     raises StoreRefused, in one line
    claim(uri, identity)     from now on the place is this cluster's: its object `cluster` says so

Two clusters have shards of the same numbers: one that was opened from the other's checkpoints would serve its rows. The identity is a random number that the data
folder remembers (cluster.json).
"""

from __future__ import annotations

from secrets import token_hex

from actors.common.errors import UNDEFINED_FILE
from actors.runtime.object_store import Objects, open_objects, refused, write

MARK = "cluster"
PROBE = b"eagleray looks whether it may write here\n"


class StoreRefused(Exception):
    """Why the object store cannot be used, in one line."""


def new_identity() -> str:
    return token_hex(8)


def check(uri: str, identity: str) -> None:
    """Nothing of it stays. Blocks for as long as the store takes."""
    key = f"check-{token_hex(4)}"
    try:
        objects = open_objects(uri)
        write(objects, key, PROBE)
        try:
            if objects.read(key, 0, -1) != PROBE or key not in [found.key for found in objects.list("")]:
                raise StoreRefused("storing.object_store: what is written there does not come back")
        finally:
            objects.remove(key)
        owner = _owner(objects)
    except StoreRefused:
        raise
    except Exception as error:  # Arrow's are of many classes
        raise StoreRefused(f"storing.object_store: {refused(error).message}") from None
    if owner not in ("", identity):
        raise StoreRefused("storing.object_store: another cluster's checkpoints are there: name another prefix or folder")


def claim(uri: str, identity: str) -> None:
    try:
        objects = open_objects(uri)
        if _owner(objects) != identity:
            write(objects, MARK, identity.encode())
    except Exception as error:
        raise StoreRefused(f"storing.object_store: {refused(error).message}") from None


def _owner(objects: Objects) -> str:
    try:
        return objects.read(MARK, 0, -1).decode(errors="replace")
    except Exception as error:
        if refused(error).sqlstate != UNDEFINED_FILE:
            raise
        return ""
