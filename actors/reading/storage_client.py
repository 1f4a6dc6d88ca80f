"""`StorageClient`: reads at a timestamp, from the right shard's nearest replica, whatever goes wrong on the way.

What it promises: an answer is what the shard that owned the keys at that moment says; a replica that is away (08006) is
passed over for another of the same shard, a map that moved (55000) is waited for and the keys are routed again; both
bounded by `ATTEMPTS_MAX`. Each answer's `catalog_ts` is handed to the caller with the rows.

    get(keys, at)    keys grouped by shard, one Get each, all in flight together; values in the order of the keys
    scan(...)        `ShardScan`: the range's pieces in key order (or reverse), one after another, the next pieces'
                     first requests ahead

Pieces of a range are disjoint and ascending, so a scan in key order over many shards is their concatenation, no merge.

The nearest replica is the one in the query processor's own AZ; the one after a failure stays preferred for `RETURN_S`,
so that a dead replica does not cost every read a timeout.

A replica that is silent (stalled, cut off) is left likewise: a read without an answer for `LATE_S` goes to the next one
as well. Between regions (docs/regions.md) that is `FAR_LATE_S` where the next one is in another region, and a read ends
after twice `storing.read_wait_s`: where the watermark cannot come, nobody helps.

A replica of the same process that has come far enough is asked without a message (nearby.py).

No tasks, no futures: a request's callbacks complete a Completion that the statement's fiber awaits.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from zlib import crc32

import pyarrow as pa

from actors.common.errors import CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError, unavailable
from actors.common.messages.arrow_rows import ArrowRows
from actors.common.messages.base import Message
from actors.common.messages.control import Topology
from actors.common.messages.reading import AskReached, Get, Got, Reached, Scan, Scanned
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.reading.flights import Flight, ReadFlight
from actors.reading.nearby import Nearby
from actors.reading.pause import pause
from actors.reading.watchdog import Watchdog
from actors.runtime.interfaces import Context, OnFailure, OnReply

ATTEMPTS_MAX = 12
"""Of one read, over all replicas: with three of them, four rounds, which outlasts a failover's leases."""
ATTEMPT_PAUSE_S = 0.1
"""Before a round in which every replica has failed once, and while a newer map is on its way."""
LATE_S = 0.25
"""A read that takes longer goes to a second replica, too. Few do: one that waits for its watermark through a failover,
a scan on busy processors."""
FAR_LATE_S = 1.0
"""The next replica is a round trip away, and waits for the same watermark."""
RETURN_S = 5.0
"""So long reads of a shard stay away from its nearest replica after that one failed."""
PIECES_AHEAD = 4
"""A scan without a limit has the first requests of so many pieces in flight."""
GET_KEYS_MAX = 4096
"""Keys in one Get message: bounds the answer to a few megabytes of ordinary rows."""

ROWS_SCHEMA = pa.schema([pa.field("key", pa.binary(), nullable=False), pa.field("value", pa.binary(), nullable=False)])
"""Of the answers to scans that return rows (messages.Scanned)."""


class ScanBatch:
    """One answer of a scan: its record batches."""

    __slots__ = ("_rows", "count", "rows_read")

    def __init__(self, rows: ArrowRows, count: int, rows_read: int) -> None:
        self._rows = rows
        self.count = count
        self.rows_read = rows_read

    @property
    def arrow(self) -> pa.RecordBatch:
        """As one."""
        return self._rows.batch

    def arrow_of(self, schema: pa.Schema) -> pa.RecordBatch:
        """As one, of a program whose rows have this schema."""
        return self._rows.batch_of(schema)

    @property
    def table(self) -> pa.Table:
        """As they are."""
        return pa.Table.from_batches(self._rows.batches)

    def key_values(self, first: int = 0, rows: int = 0) -> tuple[list[bytes], list[bytes]]:
        """Of a program that returns rows: `rows` of them from `first` on, all where it is 0."""
        batch = self._rows.batch_of(ROWS_SCHEMA)
        if rows:
            batch = batch.slice(first, rows)
        return batch.column(0).to_pylist(), batch.column(1).to_pylist()


def _nothing(_: object) -> None:
    """Whatever comes of it."""


class _Replicas:
    """The replicas of one shard, nearest first, and which of them is asked now."""

    __slots__ = ("current", "names", "return_at")

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.current = 0
        self.return_at = 0


class StorageClient:
    """One for each query processor; shared by its sessions. `on_failure`: called when a read fails that is tried again,
    perhaps by a newer map."""

    def __init__(self, context: Context, on_failure: Callable[[], None] = lambda: None) -> None:
        self._on_failure = on_failure
        self._bus = context.bus
        self._clock = context.clock
        self._name = context.name
        self._az = context.az
        self._timeout_s: float = context.settings.messaging.request_timeout_s
        self._zones = context.settings.regions.zones
        self._read_wait_s = context.settings.storing.read_wait_s
        self._patience_s = 2 * self._read_wait_s if self._zones else 0.0
        """Of a read; 0: as long as it takes."""
        self._topology: Topology | None = None
        self._cuts: tuple[bytes, ...] = ()
        self._shards: tuple[int, ...] = ()
        """The map's; they go with the topology."""
        self._replicas: dict[int, _Replicas] = {}
        has_neighbours = len(set(self._zones.values())) < len(self._zones)
        self._watchdog = Watchdog(LATE_S if has_neighbours or not self._zones else FAR_LATE_S)
        self.near = Nearby(context, self._replica)

    # -- reads ---------------------------------------------------------------------------------------------------------

    async def get_one(self, key: bytes, at: int) -> tuple[bytes | None, int]:
        """The value of one key (None: no row) and the answer's catalog_ts."""
        message = Get([key], at)
        got = self.near.answer(key, message)
        if got is None:
            flight = self.send(key, message)
            try:
                got = await flight  # type: ignore[assignment]
            except DatabaseError as error:
                got = await self._ask_again(key, message, flight, error)
            assert got is not None
        return got.values[0], got.catalog_ts

    async def get(self, keys: list[bytes], at: int) -> tuple[list[bytes | None], int]:
        """The values of `keys`, in their order, and the least catalog_ts of the answers (they agree, all being at one
        time)."""
        if len(keys) == 1:
            value, catalog_ts = await self.get_one(keys[0], at)
            return [value], catalog_ts
        shard_map = self.shard_map()
        shard_of = shard_map.shard
        groups: dict[int, list[int]] = {}
        for position, key in enumerate(keys):
            groups.setdefault(shard_of(key), []).append(position)
        chunks = [
            group[low : low + GET_KEYS_MAX] for group in groups.values() for low in range(0, len(group), GET_KEYS_MAX)
        ]
        messages = [Get([keys[position] for position in chunk], at) for chunk in chunks]
        flights = [
            self.near.answer(message.keys[0], message) or self.send(message.keys[0], message) for message in messages
        ]
        values: list[bytes | None] = [None] * len(keys)
        catalog_ts = -1
        for chunk, message, flight in zip(chunks, messages, flights, strict=True):
            if isinstance(flight, Got):
                got = flight
            else:
                try:
                    got = await flight  # type: ignore[assignment]
                except DatabaseError as error:
                    got = await self._get_again(message, flight, error)
            catalog_ts = got.catalog_ts if catalog_ts < 0 else min(catalog_ts, got.catalog_ts)
            for position, value in zip(chunk, got.values, strict=True):
                values[position] = value
        return values, max(catalog_ts, 0)

    async def _get_again(self, message: Get, flight: Flight, error: DatabaseError) -> Got:
        """After a failure: the map may have moved and the keys be of several shards now, so each is asked for by
        itself."""
        self.turn_away(flight, error)
        values: list[bytes | None] = []
        catalog_ts = 0
        for key in message.keys:
            value, catalog_ts = await self.get_one(key, message.at)
            values.append(value)
        return Got(values, catalog_ts)

    def scan(
        self,
        start: bytes,
        end: bytes,
        at: int,
        program: bytes = b"",
        reverse: bool = False,
        limit: int = 0,
        on_read: Callable[[int], None] | None = None,
    ) -> ShardScan:
        """[start, end) of one keyspace at `at`; see ShardScan."""
        return ShardScan(self, start, end, at, program, reverse, limit, on_read)

    async def probe(self, at: int, within_s: float = 0.0) -> int:
        """The catalog_ts at `at`, by the cheapest read there is. `within_s`: tried no longer than that (0: as long as
        any read)."""
        if not within_s:
            _, catalog_ts = await self.get_one(_PROBE_KEY, at)
            return catalog_ts
        flight = self.send(_PROBE_KEY, Get([_PROBE_KEY], at), within_s)
        got: Got = await flight  # type: ignore[assignment]
        return got.catalog_ts

    async def reached(self) -> int:
        """A time at or below which the nearest replica of every shard answers at once, but for one that lags far behind
        the others: what their transactions read is not kept for ever. Raises 08006."""
        flights = [self.send(b"", AskReached(), self._read_wait_s, shard) for shard in self.shard_map().all_shards()]
        times: list[int] = []
        for flight in flights:
            answer: Reached = await flight  # type: ignore[assignment]
            times.append(answer.watermark)
        if not min(times):
            raise unavailable("a storage shard", "it has nothing yet")
        return max(min(times), max(times) - REACHED_SPREAD_US)

    # -- routing -------------------------------------------------------------------------------------------------------

    def shard_map(self) -> ShardMap:
        """Raises 08006 before the first topology has arrived."""
        topology = self._bus.topology
        if topology is None:
            raise unavailable("the cluster's map", "not known yet")
        return topology.shard_map

    async def _ask_again(self, key: bytes, message: Get, flight: Flight, failure: DatabaseError) -> Got:
        """After a failure."""
        begun_s = flight.sent_s
        for attempt in range(1, ATTEMPTS_MAX):
            if self.turn_away(flight, failure) or attempt % 3 == 0:
                await pause(ATTEMPT_PAUSE_S)
            flight = self.send(key, message, self.left_s(begun_s, failure))
            try:
                return await flight  # type: ignore[return-value]
            except DatabaseError as error:
                failure = error
        raise failure

    def left_s(self, begun_s: float, failure: DatabaseError) -> float:
        """How long a read that began at `begun_s` and has met `failure` may go on; 0: as long as it takes. Raises 08006
        where its time is over. One that nobody could be asked for has not begun."""
        if not self._patience_s or not begun_s:
            return 0.0
        left_s = begun_s + self._patience_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise DatabaseError(
                CONNECTION_FAILURE,
                f"{OUT_OF_SIGHT}: {failure.message}",
                hint="Retry it. SET eagleray.max_staleness lets READ ONLY transactions read what this region has.",
            )
        return left_s

    def send(self, key: bytes, message: Message, within_s: float = 0.0, shard: int = 0) -> Flight:
        """`message` to the replica that reads of `key` go to now, or to the shard's nearest one. `within_s`: it is
        given up after that; 0: after as long as any read."""
        within_s = within_s or self._patience_s
        flight = ReadFlight(self, message, within_s)
        try:
            destination = flight.destination = self._replica(key, shard)
        except DatabaseError as error:
            flight.fail(error)
            return flight
        self.request(destination, message, flight.succeed, flight.failed, within_s)
        self._watchdog.watch(flight)
        return flight

    def request(
        self, destination: str, message: Message, on_reply: OnReply, on_failure: OnFailure, within_s: float = 0.0
    ) -> None:
        timeout_s = min(within_s, self._timeout_s) if within_s else self._timeout_s
        self._bus.request(self._name, destination, message, on_reply, on_failure, timeout_s)

    def hasten(self, key: bytes, at: int) -> None:
        """The replica that reads of `key` go to is to come to `at`; nobody waits for it."""
        with suppress(DatabaseError):
            self.request(self._replica(key), Get([], at), _nothing, _nothing)

    def next_to(self, destination: str) -> tuple[str | None, bool]:
        """Who else to ask what that replica owes an answer to (None: there is nobody), and whether reads are to go to
        him from now on. Not to another region, before he has answered: what this one lacks may be away for all."""
        if not self._zones or self._watchdog.late_s == LATE_S:
            return self.turn_from(destination), False
        for replicas in self._replicas.values():
            if destination in replicas.names and len(replicas.names) > 1:
                place = replicas.names.index(destination)
                return replicas.names[(place + 1) % len(replicas.names)], True
        return None, False

    def turn_from(self, destination: str) -> str | None:
        """A replica does not answer: reads of its shard go to the next one for a while. The one that they go to now;
        None where there is no other."""
        for replicas in self._replicas.values():
            if destination in replicas.names:
                if replicas.names[replicas.current] == destination:
                    replicas.current = (replicas.current + 1) % len(replicas.names)
                    replicas.return_at = self._clock.now().latest + int(RETURN_S * 1e6)
                other = replicas.names[replicas.current]
                return other if other != destination else None
        return None

    def turn_away(self, flight: Flight, error: DatabaseError) -> bool:
        """`flight` failed: its shard's reads go to another replica from now on. True where waiting is due before the
        next attempt.

        Raises `error` where another replica or a newer map would not help.
        """
        self._on_failure()
        if error.sqlstate == OBJECT_NOT_IN_PREREQUISITE_STATE:
            return True
        if error.sqlstate != CONNECTION_FAILURE:
            raise error
        other = self.turn_from(flight.destination)
        return other is None or any(
            replicas.names[0] == other for replicas in self._replicas.values() if replicas.names
        )

    def _replica(self, key: bytes, of: int = 0) -> str:
        topology = self._bus.topology
        if topology is not self._topology or topology is None:
            self._topology = topology
            self._replicas = {}
            self._cuts, self._shards = (shard_map := self.shard_map()).cuts, shard_map.shards
        shard = of or self._shards[bisect_right(self._cuts, key[KEYSPACE_BYTES:])]
        replicas = self._replicas.get(shard)
        if replicas is None:
            assert topology is not None
            prefix = f"storage/{shard}/"
            names = [name for name in topology.routes if name.startswith(prefix)]
            region = self._zones.get(self._az)
            names.sort(
                key=lambda name: (
                    topology.azs.get(name) != self._az,
                    self._zones.get(topology.azs.get(name, "")) != region,
                    name,
                )
            )
            near = sum(topology.azs.get(name) == self._az for name in names)
            first = (
                crc32(self._name.encode()) % near if near else 0
            )  # of several in the zone, each process prefers another one
            replicas = self._replicas[shard] = _Replicas([*names[first:near], *names[:first], *names[near:]])
        if not replicas.names:
            raise unavailable(f"storage/{shard}", "no replica is known")
        if replicas.current and self._clock.now().latest >= replicas.return_at:
            replicas.current = 0
        return replicas.names[0 if of else replicas.current]


OUT_OF_SIGHT = "this region cannot tell what has been committed by now"
REACHED_SPREAD_US = 1_000_000
"""Within the shortest age that transactions may have."""
_PROBE_KEY = b"\x00\x00\x00\x03\x00\x00probe"


class _Piece:
    """A part of a scan that one shard owns, as far as it is not read yet."""

    __slots__ = ("end", "flight", "start")

    def __init__(self, start: bytes, end: bytes) -> None:
        self.start = start
        self.end = end
        self.flight: Flight | None = None


class ShardScan:
    """A scan under way: `await next()` gives its batches in key order (reverse order where `reverse`), None at the end.

    `limit` bounds the rows in all (0: none). Answers without rows are passed over. `rows_read` sums what the replicas
    looked at; `on_read` is told of the bytes of those rows, with each answer.
    """

    __slots__ = (
        "_at",
        "_client",
        "_failing_s",
        "_failures",
        "_left",
        "_limited",
        "_on_read",
        "_pieces",
        "_program",
        "_reverse",
        "catalog_ts",
        "rows_read",
    )

    def __init__(
        self,
        client: StorageClient,
        start: bytes,
        end: bytes,
        at: int,
        program: bytes,
        reverse: bool,
        limit: int,
        on_read: Callable[[int], None] | None = None,
    ) -> None:
        self._client = client
        self._on_read = on_read
        self._at = at
        self._program = program
        self._reverse = reverse
        self._limited = limit > 0
        self._left = limit
        self._failures = 0
        """In a row."""
        self._failing_s = 0.0
        """Since when: the first of them was sent then."""
        self.catalog_ts = -1
        """Of the first answer; -1 before it."""
        self.rows_read = 0
        self._pieces = self._cut(start, end) if start < end else []
        if not self._limited:
            self._send_ahead()

    async def next(self) -> ScanBatch | None:
        while self._pieces:
            piece = self._pieces[-1]
            if piece.flight is None:
                piece.flight = self._send(piece)
            flight, piece.flight = piece.flight, None
            try:
                scanned: Scanned = await flight  # type: ignore[assignment]
            except DatabaseError as error:
                await self._route_again(piece, flight, error)
                continue
            self._failures = 0
            self._failing_s = 0.0
            if self.catalog_ts < 0:
                self.catalog_ts = scanned.catalog_ts
            self.rows_read += scanned.rows_read
            if self._on_read is not None:
                self._on_read(scanned.bytes_read)
            self._advance(piece, scanned)
            if scanned.count:
                return ScanBatch(scanned.rows, scanned.count, scanned.rows_read)
        return None

    def _advance(self, piece: _Piece, scanned: Scanned) -> None:
        if scanned.resume is None:
            self._pieces.pop()
        elif self._reverse:
            piece.end = scanned.resume
        else:
            piece.start = scanned.resume
        if self._limited:
            self._left -= scanned.count
            if self._left <= 0:
                self._pieces.clear()
        else:
            self._send_ahead()

    def _send_ahead(self) -> None:
        for piece in self._pieces[-PIECES_AHEAD:]:
            if piece.flight is None:
                piece.flight = self._send(piece)

    def _send(self, piece: _Piece) -> Flight:
        message = Scan(piece.start, piece.end, self._at, self._program, self._reverse, self._left)
        return self._client.send(piece.start, message)

    async def _route_again(self, piece: _Piece, flight: Flight, error: DatabaseError) -> None:
        """The piece's request failed: cut it by the map of now and ask again, elsewhere."""
        self._failures += 1
        if self._failures >= ATTEMPTS_MAX:
            raise error
        self._failing_s = self._failing_s or flight.sent_s
        self._client.left_s(self._failing_s, error)
        if self._client.turn_away(flight, error) or self._failures % 3 == 0:
            await pause(ATTEMPT_PAUSE_S)
        self._pieces.pop()
        self._pieces.extend(self._cut(piece.start, piece.end))

    def _cut(self, start: bytes, end: bytes) -> list[_Piece]:
        """The pieces of a range, the first to be read last (they are popped from the end)."""
        pieces = [_Piece(low, high) for low, high, _ in self._client.shard_map().scan_pieces(start, end)]
        if not self._reverse:
            pieces.reverse()
        return pieces
