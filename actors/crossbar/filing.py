"""What has become due goes into the ring, cut by shard."""

from __future__ import annotations

from collections.abc import Collection

from actors.common.ranges import ShardMap
from actors.crossbar import subscriber as subscribing
from actors.crossbar.merge import Due
from actors.crossbar.router import route
from actors.crossbar.subscriber import Ring, Subscriber
from actors.journal.record import payload_of


def file(due: list[Due], ring: Ring, shard_map: ShardMap, subscribers: Collection[Subscriber]) -> None:
    sizes: dict[int, int] = {}
    for commit_ts, _, header, record, group in due:
        if group is not None:
            for subscriber in subscribers:
                if commit_ts <= max(subscriber.sent_ts, ring.floor):
                    subscriber.unstage(group)  # the subscriber has it
        if commit_ts <= ring.floor:
            continue  # every subscriber of this merge has it
        if group is not None:
            ring.add_group(commit_ts, group)
            sizes.update((shard, subscribing.LAZY_BYTES) for shard in group.shards)
        payload = payload_of(record)
        if payload:
            for shard, part in route(payload, shard_map).items():
                ring.add(shard, commit_ts, part)
                sizes[shard] = sizes.get(shard, 0) + len(part)
        if header.catalog_change:
            ring.catalog_changes.append(commit_ts)
    for subscriber in subscribers:
        subscriber.gathered_bytes += sizes.get(subscriber.shard, 0)
