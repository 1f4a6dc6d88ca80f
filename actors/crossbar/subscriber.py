"""A subscriber's side of the crossbar: one storage replica's stream of Delivers, and the recent past kept for it.

`Ring` keeps what was merged lately, by shard. A subscriber that stands within the ring is served from it; one that stands before it catches up by a
merge of its own (crossbar.py). A large transaction is several write sets of one commit time; it goes out over as many messages as it takes, and the watermark passes
its time with the last of them. Delivery is lazy: rows wait here until the subscriber asks for a watermark or enough bytes have gathered, so replicas that nobody
reads cost a message for many transactions; what they lack is in the journals.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque

from actors.common.messages import Deliver, StreamAck
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.runtime.interfaces import Bus

LAZY_BYTES = 64 << 10
"""Undemanded rows are sent once so many bytes have gathered."""
DELIVER_BYTES_MAX = 512 << 10
"""More goes into the next Deliver: a storage replica applies it in one turn of its loop."""
LARGE_SHARE = 4
"""A transaction of more than a fourth of the ring stays in it, beyond its bound, while subscribers are being sent it: else each of them would have to read it from the
journals again, where it passed by just now."""
SLOW_S = 5.0
"""A subscriber that acknowledges nothing for so long is not waited for."""


class Ring:
    """Merged write sets by shard, ascending in commit time, all above `floor`; and the times of catalog changes."""

    def __init__(self, shards: list[int], bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._times: dict[int, list[Timestamp]] = {shard: [] for shard in shards}
        self._write_sets: dict[int, list[bytes]] = {shard: [] for shard in shards}
        self._order: deque[tuple[Timestamp, int, int]] = deque()
        self.catalog_changes: list[Timestamp] = []
        self.floor: Timestamp = TIMESTAMP_MIN
        """All that was merged above this time is here."""

    def add(self, shard: int, commit_ts: Timestamp, write_set: bytes) -> None:
        self._times[shard].append(commit_ts)
        self._write_sets[shard].append(write_set)
        self._order.append((commit_ts, shard, len(write_set)))
        self._bytes += len(write_set)

    @property
    def is_over(self) -> bool:
        """It holds more than its bound."""
        return self._bytes > self._bytes_max

    def shrink(self, sent_ts: Timestamp) -> None:
        """Drop the oldest beyond the bound; whole commit times at once. `sent_ts`: what every subscriber that keeps up has been sent."""
        drop: dict[int, int] = {}
        while self._bytes > self._bytes_max and self._order:
            floor = self._order[0][0]
            if floor > sent_ts and self._is_large(floor):
                break
            while self._order and self._order[0][0] == floor:
                _, shard, size = self._order.popleft()
                drop[shard] = drop.get(shard, 0) + 1
                self._bytes -= size
            self.floor = floor
        for shard, count in drop.items():
            del self._times[shard][:count], self._write_sets[shard][:count]
        if drop:
            del self.catalog_changes[: bisect_right(self.catalog_changes, self.floor)]

    def _is_large(self, oldest: Timestamp) -> bool:
        """Whether the transaction (or transactions) at the oldest commit time take more than their share."""
        size = 0
        for commit_ts, _, part_size in self._order:
            if commit_ts != oldest or size * LARGE_SHARE > self._bytes_max:
                break
            size += part_size
        return size * LARGE_SHARE > self._bytes_max

    def after(self, shard: int, after_ts: Timestamp, skipped: int) -> tuple[list[Timestamp], list[bytes], bool]:
        """What the shard got after `after_ts`, less `skipped` pieces, up to about DELIVER_BYTES_MAX; and whether that ends with a whole commit time."""
        times, write_sets = self._times[shard], self._write_sets[shard]
        start = bisect_right(times, after_ts) + skipped
        end = start
        size = 0
        while end < len(times) and (size < DELIVER_BYTES_MAX or end == start):
            size += len(write_sets[end])
            end += 1
        is_whole = not start < end < len(times) or times[end] != times[end - 1]
        return times[start:end], write_sets[start:end], is_whole

    def last_time(self, shard: int) -> Timestamp:
        return self._times[shard][-1] if self._times[shard] else TIMESTAMP_MIN

    def changes_between(self, after_ts: Timestamp, up_to: Timestamp) -> list[Timestamp]:
        changes = self.catalog_changes
        return changes[bisect_right(changes, after_ts) : bisect_right(changes, up_to)]


class Subscriber:
    """`sent_ts`: everything at or below it has been sent. `live`: served from the ring (else it is catching up)."""

    def __init__(self, bus: Bus, crossbar: str, name: str, stream: int, shard: int, after_ts: Timestamp, window_bytes: int) -> None:
        self._bus = bus
        self._crossbar = crossbar
        self.name = name
        self.stream = stream
        self.shard = shard
        self.sent_ts = after_ts
        self.sent_pieces = 0
        """Of the first transaction above `sent_ts`."""
        self.live = False
        self.demand: Timestamp = TIMESTAMP_MIN
        self.heard_s = 0.0
        """When it acknowledged last, on the loop's clock; or was sent something while it owed nothing."""
        self._window_bytes = window_bytes
        self._number = 0
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._outstanding_bytes = 0
        self._gathered_bytes = 0

    def gather(self, size: int) -> None:
        self._gathered_bytes += size

    @property
    def has_room(self) -> bool:
        return self._outstanding_bytes < self._window_bytes

    def serve(self, ring: Ring, watermark: Timestamp) -> None:
        """Send what is due, if somebody waits for it or enough has gathered."""
        while watermark > self.sent_ts and self.has_room:
            if self.demand <= self.sent_ts and self._gathered_bytes < LAZY_BYTES and not self.sent_pieces:
                return
            times, write_sets, is_whole = ring.after(self.shard, self.sent_ts, self.sent_pieces)
            if not is_whole:
                upto = times[-1] - 1
            else:
                upto = watermark if not times or times[-1] >= ring.last_time(self.shard) else times[-1]
            self.deliver(times, write_sets, ring.changes_between(self.sent_ts, upto), upto)
            if upto == watermark:
                self._gathered_bytes = 0

    def deliver(self, times: list[Timestamp], write_sets: list[bytes], changes: list[Timestamp], watermark: Timestamp) -> None:
        """A watermark below the last of `times`: more of that transaction is to come."""
        self._number += 1
        size = sum(map(len, write_sets))
        if not self._unacknowledged:
            self.heard_s = asyncio.get_running_loop().time()
        skipped = self.sent_pieces
        if times and times[-1] > watermark:
            pieces = times.count(times[-1])
            self.sent_pieces = skipped + pieces if pieces == len(times) else pieces
        else:
            self.sent_pieces = 0
        self._unacknowledged.append((self._number, size))
        self._outstanding_bytes += size
        after_ts, self.sent_ts = self.sent_ts, watermark
        message = Deliver(self.stream, self._number, after_ts, times, write_sets, changes, watermark, skipped)
        self._bus.post(self._crossbar, self.name, message)

    @property
    def is_slow(self) -> bool:
        """It owes acknowledgements, and has not sent one for a while."""
        return bool(self._unacknowledged) and asyncio.get_running_loop().time() - self.heard_s > SLOW_S

    def acknowledge(self, message: StreamAck) -> None:
        self.heard_s = asyncio.get_running_loop().time()
        while self._unacknowledged and self._unacknowledged[0][0] <= message.number:
            self._outstanding_bytes -= self._unacknowledged.popleft()[1]
