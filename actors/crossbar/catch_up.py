"""Catching up: a subscriber that stands before what the ring holds gets a merge of its own, from the journals' disks,
until it reaches the ring.

Each journal is read up to the record that the main merge had received when the catch-up began; at that point the
journal's promise is what the main merge knew of it, so the private watermark reaches the main one's of that moment, and
the subscriber can be served from the ring.

A large transaction is staged once it is due or, where its COMMIT has not been read, once every journal has been read up
to its target: before that it may be one that the subscriber has. The main merge serves the subscriber on from the piece
that the catch-up has come to.

A slow subscriber slows the reading: what has been collected and not sent, and what waits for another journal, is
bounded by holding the feeds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.common.timestamps import TIMESTAMP_MIN, Lsn, Timestamp
from actors.crossbar import subscriber as subscribing
from actors.crossbar.feed import Feed
from actors.crossbar.merge import Merge
from actors.crossbar.router import route
from actors.journal.record import RecordHeader, payload_of

if TYPE_CHECKING:
    from actors.crossbar.crossbar import Crossbar
    from actors.crossbar.subscriber import Entry, Subscriber

COLLECTED_BYTES_MAX = 8 << 20
"""Rows ready for the subscriber beyond which no journal is read on; with as much again held for each journal that is
ahead of the others."""
CATCH_UP_WINDOW_BYTES = 256 << 10
"""Of each journal's stream. The past is read in small bites: the journal's replica and the crossbar serve the present
between them, and what waits there for its watermark would else wait for the whole window."""


NO_TARGET = (1 << 62, TIMESTAMP_MIN)
"""Of a journal that the main merge does not read: it had ended where that began, and is read to its end."""


class CatchUp:
    """Starts at once; calls `crossbar.caught_up(subscriber)` when done."""

    def __init__(self, crossbar: Crossbar, subscriber: Subscriber) -> None:
        self._crossbar = crossbar
        self._subscriber = subscriber
        journals = crossbar.journals_above(subscriber.sent_ts)
        self._merge = Merge(journals, self._own_rows)
        self._unread = set(journals)
        """Journals that have not been read up to their targets, or ends."""
        self._targets: dict[int, tuple[Lsn, Timestamp]] = {
            journal: (head.lsn, head.promise) for journal, head in crossbar.merge.heads.items()
        }
        self._goal = min(promise for _, promise in self._targets.values())
        self._feeds: dict[int, Feed] = {}
        self._closed = False
        self._after_ts = subscriber.sent_ts
        self._collected_bytes = 0
        self._collected: deque[tuple[Timestamp, Entry]] = deque()
        """(commit time, the shard's rows), to be sent."""
        self._changes: list[Timestamp] = []
        window_bytes = min(CATCH_UP_WINDOW_BYTES, crossbar.window_bytes)
        known = crossbar.set_version
        for journal in journals:
            # A journal that has been announced since then counts above the goal, and is not read here: nor is what goes
            # by its being read.
            feed = crossbar.make_feed(
                journal, subscriber.sent_ts, self._on_records, window_bytes, lambda version: version <= known
            )
            feed.on_subscribed = partial(self._reached, journal)
            feed.on_trimmed = partial(crossbar.strand, subscriber)
            self._feeds[journal] = feed
            feed.subscribe()

    def close(self) -> None:
        self._closed = True
        for feed in self._feeds.values():
            self._crossbar.drop_stream(feed)

    def _on_records(self, journal: int, records: Sequence[tuple[RecordHeader, bytes]]) -> None:
        self._merge.add(journal, records)
        self._reached(journal)

    def _reached(self, journal: int) -> None:
        """Where the journal has been read up to its target, it brings nothing more below the promise known then."""
        feed, head = self._feeds.get(journal), self._merge.heads[journal]
        target, promise = self._targets.get(journal, NO_TARGET)
        if feed is not None and feed.next_lsn > target:
            head.promise = max(head.promise, promise)
            self._unread.discard(journal)
        elif head.has_ended:
            self._unread.discard(journal)
        self._collect()

    def _own_rows(self, payload: bytes) -> dict[int, bytes]:
        """Those of a write set that the subscriber's shard owns."""
        shard = self._subscriber.shard
        rows = route(payload, self._crossbar.shard_map).get(shard)
        return {shard: rows} if rows is not None else {}

    def _collect(self) -> None:
        for commit_ts, _, header, record, group in self._merge.take():
            if commit_ts <= self._after_ts:
                if group is not None:
                    self._subscriber.unstage(group)
                continue
            if group is not None and group.shards:
                self._collected.append((commit_ts, group))
            payload = payload_of(record)
            if payload:
                for rows in self._own_rows(payload).values():
                    self._collected.append((commit_ts, rows))
                    self._collected_bytes += len(rows)
            if header.catalog_change:
                self._changes.append(commit_ts)
        for group in self._merge.take_void():
            self._subscriber.unstage(group)
        self.advance()

    def advance(self) -> None:
        """Send what has been collected, if the subscriber has room; finish once the goal is reached."""
        subscriber = self._subscriber
        if self._closed:
            return
        watermark = self._merge.watermark
        while watermark > subscriber.sent_ts and subscriber.has_room and self._send(watermark):
            pass
        if self._stage_all() and subscriber.sent_ts >= self._goal and not self._unread:
            self._crossbar.caught_up(subscriber)
        else:
            self._pace()

    def _stage_all(self) -> bool:
        """Send what has come of large transactions and let go of it; whether that was all."""
        subscriber = self._subscriber
        # Until the journals have been read up to their targets, an open one may be of those that the subscriber has.
        groups = [group for _, group in self._merge.groups()] if not self._unread else []
        groups += [entry for _, entry in self._collected if not isinstance(entry, bytes)]
        is_all = True
        for group in groups:
            is_all = subscriber.stage(group) and is_all
            group.let_go(subscriber.shard, subscriber.staged(group))
        return is_all

    def _send(self, watermark: Timestamp) -> bool:
        """One message's worth of what has been collected; whole commit times. False: there is no room for it now."""
        collected = self._collected
        times: list[Timestamp] = []
        entries: list[Entry] = []
        size = 0
        for commit_ts, entry in collected:
            if size >= subscribing.DELIVER_BYTES_MAX and commit_ts != times[-1]:
                break
            times.append(commit_ts)
            entries.append(entry)
            size += len(entry) if isinstance(entry, bytes) else 0
        upto = watermark if len(times) == len(collected) else times[-1]
        subscriber = self._subscriber
        if not subscriber.deliver(times, entries, self._changes[: bisect_right(self._changes, upto)], upto):
            return False
        while collected and collected[0][0] <= subscriber.sent_ts:
            _, entry = collected.popleft()
            self._collected_bytes -= len(entry) if isinstance(entry, bytes) else 0
        del self._changes[: bisect_right(self._changes, subscriber.sent_ts)]
        return True

    def _pace(self) -> None:
        full = self._collected_bytes > COLLECTED_BYTES_MAX
        for journal, feed in self._feeds.items():
            feed.hold(full or self._merge.heads[journal].held_bytes > COLLECTED_BYTES_MAX)
