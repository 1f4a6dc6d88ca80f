"""A subscriber's side of the crossbar: one storage replica's stream of Delivers, and the recent past kept for it.

`Ring` keeps what was merged lately, by shard. A subscriber that stands within the ring is served from it; one that
stands before it catches up by a merge of its own (crossbar.py). Delivery is lazy: rows wait here until the subscriber
asks for a watermark or enough bytes have gathered, so replicas that nobody reads cost a message for many transactions;
what they lack is in the journals.

The pieces of a large transaction are staged at the subscriber as they come, mostly before it is committed; the Deliver
of its commit time only names it, so that nobody's read waits for its rows. Beyond the ring's bound, pieces that every
subscriber has been sent are let go of here.

    journal:     part  part      part  COMMIT
    subscriber:  Stage(0, [.., ..])  Stage(2, [..])  Deliver(staged=[(commit time, journal, transaction, 3)])
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable

from actors.common.messages import Deliver, Stage, StreamAck
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.crossbar.merge import Group
from actors.runtime.interfaces import Bus

LAZY_BYTES = 64 << 10
"""Undemanded rows are sent once so many bytes have gathered."""
DELIVER_BYTES_MAX = 512 << 10
"""More goes into the next Deliver: a storage replica applies it in one turn of its loop."""
STAGE_BYTES_MAX = 512 << 10
"""Likewise, of a large transaction's pieces."""
GROUPS_MAX = 64
"""Large transactions that the ring keeps: what is left of one whose pieces have gone is small, but every advance looks
at it."""
SLOW_S = 5.0
"""A subscriber that acknowledges nothing for so long is not waited for."""


Entry = bytes | Group
"""A write set; or a large transaction, of which a shard has its pieces."""


class Ring:
    """Merged write sets by shard, ascending in commit time, all above `floor`; and the times of catalog changes."""

    def __init__(self, shards: list[int], bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._times: dict[int, list[Timestamp]] = {shard: [] for shard in shards}
        self._entries: dict[int, list[Entry]] = {shard: [] for shard in shards}
        self._order: deque[tuple[Timestamp, int, int]] = deque()
        self.catalog_changes: list[Timestamp] = []
        self.groups: list[tuple[Timestamp, Group]] = []
        """The large transactions, with their commit times, ascending."""
        self.holds_much = False
        """Those, and others that are not due yet, held more pieces than there is room for when they were last looked
        at. Only new ones and new pieces make it so."""
        self.floor: Timestamp = TIMESTAMP_MIN
        """All that was merged above this time is here."""

    def add(self, shard: int, commit_ts: Timestamp, entry: Entry) -> None:
        """A group's bytes do not count: they have a bound of their own (Crossbar._let_go)."""
        size = len(entry) if isinstance(entry, bytes) else 0
        self._times[shard].append(commit_ts)
        self._entries[shard].append(entry)
        self._order.append((commit_ts, shard, size))
        self._bytes += size

    def shrink(self) -> None:
        """Drop the oldest beyond the bounds; whole commit times at once."""
        drop: dict[int, int] = {}
        groups = self.groups
        groups_floor = groups[-GROUPS_MAX - 1][0] if len(groups) > GROUPS_MAX else TIMESTAMP_MIN
        while self._order and (self._bytes > self._bytes_max or self._order[0][0] <= groups_floor):
            floor = self._order[0][0]
            while self._order and self._order[0][0] == floor:
                _, shard, size = self._order.popleft()
                drop[shard] = drop.get(shard, 0) + 1
                self._bytes -= size
            self.floor = floor
        for shard, count in drop.items():
            del self._times[shard][:count], self._entries[shard][:count]
        if drop:
            self.groups = [(commit_ts, group) for commit_ts, group in groups if commit_ts > self.floor]
            del self.catalog_changes[: bisect_right(self.catalog_changes, self.floor)]

    def add_group(self, commit_ts: Timestamp, group: Group) -> None:
        for shard in group.shards:
            self.add(shard, commit_ts, group)
        self.groups.append((commit_ts, group))

    def after(self, shard: int, after_ts: Timestamp) -> tuple[list[Timestamp], list[Entry]]:
        """What the shard got after `after_ts`, up to about DELIVER_BYTES_MAX; whole commit times."""
        times, entries = self._times[shard], self._entries[shard]
        start = end = bisect_right(times, after_ts)
        size = 0
        while end < len(times) and (size < DELIVER_BYTES_MAX or times[end] == times[end - 1]):
            entry = entries[end]
            if isinstance(entry, bytes):
                size += len(entry)
            end += 1
        return times[start:end], entries[start:end]

    def last_time(self, shard: int) -> Timestamp:
        return self._times[shard][-1] if self._times[shard] else TIMESTAMP_MIN

    def changes_between(self, after_ts: Timestamp, up_to: Timestamp) -> list[Timestamp]:
        changes = self.catalog_changes
        return changes[bisect_right(changes, after_ts) : bisect_right(changes, up_to)]


class Subscriber:
    """`sent_ts`: everything at or below it has been sent. `live`: served from the ring (else it is catching up)."""

    def __init__(
        self, bus: Bus, crossbar: str, name: str, stream: int, shard: int, after_ts: Timestamp, window_bytes: int
    ) -> None:
        self._bus = bus
        self._crossbar = crossbar
        self.name = name
        self.stream = stream
        self.shard = shard
        self.sent_ts = after_ts
        self.live = False
        self.demand: Timestamp = TIMESTAMP_MIN
        self.heard_s = 0.0
        """When it acknowledged last, on the loop's clock; or was sent something while it owed nothing."""
        self._window_bytes = window_bytes
        self._number = 0
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._outstanding_bytes = 0
        self.gathered_bytes = 0
        """Of rows that came since all that was due had been sent."""
        self._staged: dict[tuple[int, bytes], int] = {}
        """(journal, transaction) -> how many of its pieces have been sent; less what has been delivered since."""
        self._ahead: set[tuple[int, bytes]] = set()
        """What it needs no pieces of, though the main merge, which may be behind it, still brings them."""

    @property
    def has_room(self) -> bool:
        return self._outstanding_bytes < self._window_bytes

    # -- large transactions --------------------------------------------------------------------------------------------

    def staged(self, group: Group) -> int:
        """How many of its pieces have been sent."""
        key = (group.journal, group.transaction)
        return group.count(self.shard) if key in self._ahead else self._staged.get(key, 0)

    def lacks(self, group: Group) -> bool:
        """Pieces of it that are not here any more."""
        return self.staged(group) < group.gone(self.shard)

    def lacks_any(self, groups: Iterable[tuple[Timestamp, Group]]) -> bool:
        return any(commit_ts > self.sent_ts and self.lacks(group) for commit_ts, group in groups)

    def finds_all(self, ring: Ring, groups: Iterable[tuple[Timestamp, Group]]) -> bool:
        """All that it needs is here still. `groups`: of the merge and of the ring."""
        return self.sent_ts >= ring.floor and not self.lacks_any(groups)

    def pass_over(self, group: Group) -> None:
        """It needs none of the group's pieces."""
        self._ahead.add((group.journal, group.transaction))

    def stage_all(self, groups: Iterable[tuple[Timestamp, Group]]) -> None:
        """Send what has come, as far as there is room, of those that are to be committed later than what has been
        sent."""
        for commit_ts, group in groups:
            if commit_ts > self.sent_ts:
                self.stage(group)

    def stage(self, group: Group) -> bool:
        """Send of it what has come, as far as there is room; whether all of that has been sent."""
        shard = self.shard
        first, count = self.staged(group), group.count(shard)
        while first < count and self.has_room and first >= group.gone(shard):
            pieces = group.after(shard, first, STAGE_BYTES_MAX)
            number = self._sends(sum(map(len, pieces)))
            self._bus.post(
                self._crossbar, self.name, Stage(self.stream, number, group.journal, group.transaction, first, pieces)
            )
            first += len(pieces)
            self._staged[(group.journal, group.transaction)] = first
        return first >= count

    def unstage(self, group: Group) -> None:
        """It will never be committed; or the subscriber has it."""
        self._unstage((group.journal, group.transaction))

    def unstage_others(self, groups: Iterable[Group]) -> None:
        """All but these: whether they will be committed is not known here."""
        known = {(group.journal, group.transaction) for group in groups}
        for key in [key for key in self._staged if key not in known]:
            self._unstage(key)
        self._ahead &= known

    def _unstage(self, key: tuple[int, bytes]) -> None:
        self._ahead.discard(key)
        if self._staged.pop(key, 0):
            self._bus.post(self._crossbar, self.name, Stage(self.stream, self._sends(0), *key, 0, [], is_void=True))

    # -- what is committed ---------------------------------------------------------------------------------------------

    def serve(self, ring: Ring, watermark: Timestamp) -> None:
        """Send what is due, if somebody waits for it or enough has gathered."""
        while watermark > self.sent_ts and self._outstanding_bytes < self._window_bytes:
            if self.demand <= self.sent_ts and self.gathered_bytes < LAZY_BYTES:
                return
            times, entries = ring.after(self.shard, self.sent_ts)
            upto = watermark if not times or times[-1] >= ring.last_time(self.shard) else times[-1]
            if not self.deliver(times, entries, ring.changes_between(self.sent_ts, upto), upto):
                return
            if self.sent_ts == watermark:
                self.gathered_bytes = 0

    def flush(self, ring: Ring, watermark: Timestamp) -> None:
        """Send what is due, as far as there is room, whether or not anybody waits for it."""
        if self.live:
            self.demand = max(self.demand, watermark)
            self.serve(ring, watermark)

    def deliver(
        self, times: list[Timestamp], entries: list[Entry], changes: list[Timestamp], watermark: Timestamp
    ) -> bool:
        """Send the entries, of whole commit times, and with them the watermark; or only those before a large
        transaction that there is no room to stage now. `sent_ts` tells. False: nothing could be sent."""
        write_sets: list[bytes] = []
        staged: list[tuple[Timestamp, int, bytes, int]] = []
        plain_times = times
        if Group in [entry.__class__ for entry in entries]:
            plain_times = []
            for place, (commit_ts, entry) in enumerate(zip(times, entries, strict=True)):
                if isinstance(entry, bytes):
                    plain_times.append(commit_ts)
                    write_sets.append(entry)
                elif self.stage(entry):
                    staged.append((commit_ts, entry.journal, entry.transaction, entry.count(self.shard)))
                else:
                    return self._deliver_before(commit_ts, times[:place], entries[:place], changes)
        else:
            write_sets = entries  # type: ignore[assignment]
        number = self._sends(sum(map(len, write_sets)))
        for _, journal, transaction, _ in staged:
            self._staged.pop((journal, transaction), None)
            if not self.live:
                self._ahead.add((journal, transaction))
        after_ts, self.sent_ts = self.sent_ts, watermark
        message = Deliver(self.stream, number, after_ts, plain_times, write_sets, changes, watermark, staged)
        self._bus.post(self._crossbar, self.name, message)
        return True

    def _deliver_before(
        self, stop: Timestamp, times: list[Timestamp], entries: list[Entry], changes: list[Timestamp]
    ) -> bool:
        end = bisect_left(times, stop)
        if stop - 1 <= self.sent_ts:
            return False
        return self.deliver(times[:end], entries[:end], changes[: bisect_left(changes, stop)], stop - 1)

    def _sends(self, size: int) -> int:
        """The next message's number; it is of `size` bytes of rows."""
        self._number += 1
        if not self._unacknowledged:
            self.heard_s = asyncio.get_running_loop().time()
        self._unacknowledged.append((self._number, size))
        self._outstanding_bytes += size
        return self._number

    @property
    def is_slow(self) -> bool:
        """It owes acknowledgements, and has not sent one for a while."""
        return bool(self._unacknowledged) and asyncio.get_running_loop().time() - self.heard_s > SLOW_S

    def acknowledge(self, message: StreamAck) -> None:
        self.heard_s = asyncio.get_running_loop().time()
        while self._unacknowledged and self._unacknowledged[0][0] <= message.number:
            self._outstanding_bytes -= self._unacknowledged.popleft()[1]


def let_go(groups: list[tuple[Timestamp, Group]], subscribers: list[Subscriber]) -> None:
    """Of the pieces that all these subscribers have been sent."""
    for commit_ts, group in groups:
        for shard in group.shards:
            followers = [subscriber for subscriber in subscribers if subscriber.shard == shard]
            sent = [
                group.count(shard) if follower.sent_ts >= commit_ts else follower.staged(group)
                for follower in followers
            ]
            group.let_go(shard, min(sent, default=group.count(shard)))
