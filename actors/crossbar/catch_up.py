"""Catching up: a subscriber that stands before what the ring holds gets a merge of its own, from the journals' disks, until it reaches the ring.

Each journal is read up to the record that the main merge had received when the catch-up began; at that point the journal's promise is what the main merge knew
of it, so the private watermark reaches the main one's of that moment, and the subscriber can be served from the ring.

A slow subscriber slows the reading: what has been collected and not sent, and what waits for another journal, is bounded by holding the feeds.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actors.common.timestamps import Lsn, Timestamp
from actors.crossbar.feed import Feed
from actors.crossbar.merge import Merge
from actors.crossbar.router import route
from actors.journal.record import RecordHeader, payload_of

if TYPE_CHECKING:
    from actors.crossbar.crossbar import Crossbar
    from actors.crossbar.subscriber import Subscriber

COLLECTED_BYTES_MAX = 8 << 20
"""Rows ready for the subscriber beyond which no journal is read on; with as much again held for each journal that is ahead of the others."""
CATCH_UP_WINDOW_BYTES = 256 << 10
"""Of each journal's stream. The past is read in small bites: the journal's replica and the crossbar serve the present between them, and what waits there for its
watermark would else wait for the whole window."""


class CatchUp:
    """Starts at once; calls `crossbar.caught_up(subscriber)` when done."""

    def __init__(self, crossbar: Crossbar, subscriber: Subscriber) -> None:
        self._crossbar = crossbar
        self._subscriber = subscriber
        self._merge = Merge(crossbar.journals)
        self._targets: dict[int, tuple[Lsn, Timestamp]] = {
            journal: (head.lsn, head.promise) for journal, head in crossbar.merge.heads.items()
        }
        self._goal = min(promise for _, promise in self._targets.values())
        self._feeds: dict[int, Feed] = {}
        self._closed = False
        self._after_ts = subscriber.sent_ts
        self._collected_bytes = 0
        self._times: list[Timestamp] = []
        self._write_sets: list[bytes] = []
        self._changes: list[Timestamp] = []
        window_bytes = min(CATCH_UP_WINDOW_BYTES, crossbar.window_bytes)
        for journal in crossbar.journals:
            feed = crossbar.make_feed(journal, subscriber.sent_ts, self._on_records, window_bytes)
            feed.on_subscribed = partial(self._reached, journal)
            feed.on_trimmed = partial(crossbar.strand, subscriber)
            self._feeds[journal] = feed
            feed.subscribe()

    def close(self) -> None:
        self._closed = True
        for feed in self._feeds.values():
            self._crossbar.drop_stream(feed)

    def _on_records(self, journal: int, records: list[tuple[RecordHeader, bytes]]) -> None:
        self._merge.add(journal, records)
        self._reached(journal)

    def _reached(self, journal: int) -> None:
        """Where the journal has been read up to its target, it brings nothing more below the promise known then."""
        feed = self._feeds.get(journal)
        target, promise = self._targets[journal]
        if feed is not None and feed.next_lsn > target:
            head = self._merge.heads[journal]
            head.promise = max(head.promise, promise)
        self._collect()

    def _collect(self) -> None:
        shard = self._subscriber.shard
        for commit_ts, _, header, record in self._merge.take():
            if commit_ts <= self._after_ts:
                continue
            payload = payload_of(record)
            part = route(payload, self._crossbar.shard_map).get(shard) if payload else None
            if part is not None:
                self._times.append(commit_ts)
                self._write_sets.append(part)
                self._collected_bytes += len(part)
            if header.catalog_change:
                self._changes.append(commit_ts)
        self.advance()

    def advance(self) -> None:
        """Send what has been collected, if the subscriber has room; finish once the goal is reached."""
        subscriber = self._subscriber
        if self._closed:
            return
        if not subscriber.has_room:
            self._pace()
            return
        watermark = self._merge.watermark
        if watermark > subscriber.sent_ts:
            times, write_sets, changes = self._times, self._write_sets, self._changes
            self._times, self._write_sets, self._changes = [], [], []
            self._collected_bytes = 0
            subscriber.deliver(times, write_sets, changes, watermark)
        if watermark >= self._goal:
            self._crossbar.caught_up(subscriber)
        else:
            self._pace()

    def _pace(self) -> None:
        full = self._collected_bytes > COLLECTED_BYTES_MAX
        for journal, feed in self._feeds.items():
            feed.hold(full or self._merge.heads[journal].held_bytes > COLLECTED_BYTES_MAX)
