"""What shards and journals that are no more have left in the object store, and when it goes.

Whoever uploads for the first shard of the map looks at all that is stored, once in `SWEEP_S`. A shard or journal goes
with all its objects when

- the controller, which has the cluster's state from a majority of the zones, says on being asked that there is none of
  that number (numbers are given once);
- nothing of it was written for `GRACE_S`, by the store's clock: a reader that began before it ended has had that long,
  and one that is newer than the answer is not that old;
- every shard that owns keys has a checkpoint there: children are opened from their parents' before they have their own.

A checkpoint goes before the segments that it names.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from actors.common.messages.control import AskTopology, Topology
from actors.runtime.interfaces import Context, ObjectStore, StoredObject

SWEEP_S = 3600.0
GRACE_S = 86_400.0
KINDS = {"shards": "storage", "journals": "journal"}
"""Folder in the store -> the layer whose roles it is of."""

logger = logging.getLogger(__name__)


async def sweep(context: Context, objects: ObjectStore) -> None:
    """Raises DatabaseError: another time, then."""
    topology: Topology = await context.bus.call(context.name, "host/controller", AskTopology())
    for key in left_over(await objects.list(""), topology):
        logger.info("%s: %s is of what has ended", context.name, key)
        await objects.remove(key)


def left_over(found: Iterable[StoredObject], topology: Topology) -> list[str]:
    """Keys, in the order in which they may go."""
    by_owner: dict[tuple[str, int], list[StoredObject]] = {}
    for one in found:
        folder, number, *_ = [*one.key.split("/", 2), ""]
        if folder in KINDS and number.isdecimal():
            by_owner.setdefault((folder, int(number)), []).append(one)
    if not all(_has_checkpoint(by_owner.get(("shards", shard), [])) for shard in topology.shard_map.shards):
        return []
    now_s = max((one.written_s for several in by_owner.values() for one in several), default=0.0)
    there = {
        (folder, int(name.split("/")[1]))
        for folder, layer in KINDS.items()
        for name in topology.azs
        if name.startswith(f"{layer}/")
    }
    ended = [
        one.key
        for owner, several in by_owner.items()
        if owner not in there and now_s - max(one.written_s for one in several) > GRACE_S
        for one in several
    ]
    return sorted(ended, key=lambda key: ("/checkpoints/" not in key, key))


def _has_checkpoint(objects: Iterable[StoredObject]) -> bool:
    return any("/checkpoints/" in one.key for one in objects)
