"""What `up` asks of the object store before anything is started: that it takes, gives, lists and removes an object.

    place(uri, identity)     where this cluster's checkpoints lie: a folder of its own
    check(uri)               raises StoreRefused, in one line

Two clusters have shards of the same numbers: one that was opened from the other's checkpoints would serve its rows. So
each has a folder, named by a random number that the data folder remembers (cluster.json), and clusters may share a
bucket.
"""

from __future__ import annotations

from secrets import token_hex

from actors.common import object_uri
from actors.runtime.object_store import open_objects, refused, write

PROBE = b"eagleray looks whether it may write here\n"


class StoreRefused(Exception):
    """Why the object store cannot be used, in one line."""


def new_identity() -> str:
    return token_hex(8)


def place(uri: str, identity: str) -> str:
    """ "" where there is no store."""
    return object_uri.below(uri, identity) if uri else ""


def check(uri: str) -> None:
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
    except StoreRefused:
        raise
    except Exception as error:  # Arrow's are of many classes
        raise StoreRefused(f"storing.object_store: {refused(error).message}") from None
