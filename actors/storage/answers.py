"""What a storage replica answers to reads whose time has come: rows of the keys that its shard owns (I10), as of `at`.

answers.get(Get) -> Got        answers.scan(Scan) -> Scanned        raises 55000 Redirected, XX001, 54000
"""

from __future__ import annotations

from actors.common.messages.reading import Get, Got, Scan, Scanned
from actors.common.ranges import ShardMap
from actors.storage.load import ReadLoad
from actors.storage.place import Place, redirected
from actors.storage.scan import Scanner
from actors.storage.store import Store


class Answers:
    """From `store`; `use` gives it another one."""

    __slots__ = ("_load", "_place", "_shard", "gets", "scanner", "scans", "shards", "store")

    def __init__(self, store: Store, place: Place, shard: int, load: ReadLoad) -> None:
        self.use(store)
        self.shards: ShardMap | None = None
        """Of the newest map; None before there is one."""
        self.gets = 0
        """Keys that were read."""
        self.scans = 0
        self._place = place
        self._shard = shard
        self._load = load

    def use(self, store: Store) -> None:
        self.store = store
        self.scanner = Scanner(store)

    def get(self, message: Get) -> Got:
        at, keys, shards, store = message.at, message.keys, self.shards, self.store
        self.gets += len(keys)
        if keys:
            self._load.note(keys[0])
        if shards is not None:
            for key in keys:
                if shards.shard(key) != self._shard and not shards.follows(key, self._shard):
                    raise redirected(self._shard)
        get = store.get
        return Got([get(key, at) for key in keys], store.catalog_ts(at))

    def scan(self, message: Scan) -> Scanned:
        self.scans += 1
        self._load.note(message.start)
        if self.shards is not None and not self._place.holds_range(self.shards, message.start, message.end):
            raise redirected(self._shard)
        return self.scanner.run(message)
