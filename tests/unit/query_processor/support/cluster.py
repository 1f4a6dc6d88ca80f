"""Storage shards and adjudicators in memory, behind a bus that answers at once: a test double for what lies below the
query processor.

    cluster = FakeCluster()
    transaction = cluster.begin()
    value = run(transaction.get_one(key))          # `run` drives a fiber to its end

Every commit is one timestamp of a counting clock; a key's versions are kept for ever. Faults are injected by name:
`cluster.bus.failures["storage/1/a"] = [error, ...]` fails the next requests to that role, one error each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from actors.common import write_set
from actors.common.errors import DatabaseError, conflict, schema_changed, unavailable
from actors.common.messages import (
    AskReached,
    Commit,
    Committed,
    Done,
    Get,
    Got,
    Message,
    Part,
    Reached,
    Scan,
    Scanned,
    Topology,
)
from actors.common.messages.arrow_rows import ArrowRows
from actors.common.ranges import ShardMap
from actors.common.references import is_reference
from actors.common.settings import Settings
from actors.common.timestamps import Interval
from actors.query_processor.catalog.cache import CatalogCache
from actors.query_processor.transaction import StorageClient, Transaction, TransactionServices
from actors.runtime.fiber import Fiber
from actors.runtime.interfaces import Context
from actors.runtime.simulation.loop import SimulatedLoop
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.rows import RowCodec

ROWS_SCHEMA = pa.schema([pa.field("key", pa.binary()), pa.field("value", pa.binary())])

TURNS_MAX = 10_000


class _LoopWithoutThreads(asyncio.SelectorEventLoop):
    """What runs beside the loop (aside.py, DuckDB) runs at once: turns that are counted wait for no thread, on the
    busiest machine."""

    run_in_executor = SimulatedLoop.run_in_executor  # type: ignore[assignment]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Drive a fiber's coroutine to its end; but for turns of the loop it must not wait for anything that has not
    happened yet."""
    ends: list[tuple[Any, BaseException | None]] = []

    async def drive() -> None:
        Fiber(coroutine, lambda value, error: ends.append((value, error)))
        for _ in range(TURNS_MAX):
            if ends:
                return
            await asyncio.sleep(0)

    if asyncio._get_running_loop() is not None:  # a test that drives the loop itself
        Fiber(coroutine, lambda value, error: ends.append((value, error)))
    else:
        loop = _LoopWithoutThreads()
        try:
            loop.run_until_complete(drive())
        finally:
            loop.close()
    assert ends, "the fiber still waits"
    value, error = ends[0]
    if error is not None:
        raise error
    return value


class CountingClock:
    """Each reading is a microsecond later than the last."""

    def __init__(self) -> None:
        self.time = 1_000_000

    def now(self) -> Interval:
        self.time += 1
        return Interval(self.time, self.time)


class FakeBus:
    """Answers requests at once, from the roles of a FakeCluster."""

    def __init__(self) -> None:
        self.roles: dict[str, Callable[[Message], Message]] = {}
        self.failures: dict[str, list[DatabaseError]] = {}
        self.sent: list[tuple[str, Message]] = []
        self.posts: list[tuple[str, Message]] = []
        self.near = False
        """Replicas are in this process."""
        self.answered_now = 0
        self.topology: Topology | None = None

    def post(self, sender: str, destination: str, message: Message) -> None:
        self.posts.append((destination, message))

    def answer_now(self, sender: str, destination: str, message: Message) -> Message | None:
        role = self.roles.get(destination)
        if not self.near or role is None or self.failures.get(destination) or not isinstance(message, Get):
            return None
        self.answered_now += 1
        return role(message)

    def request(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_reply: Callable[[Message], None],
        on_failure: Callable[[DatabaseError], None],
        timeout_s: float = 10.0,
    ) -> None:
        self.sent.append((destination, message))
        failures = self.failures.get(destination)
        if failures:
            on_failure(failures.pop(0))
            return
        role = self.roles.get(destination)
        if role is None:
            on_failure(unavailable(destination, "no route"))
            return
        try:
            answer = role(message)
        except DatabaseError as error:
            on_failure(error)
            return
        on_reply(answer)

    def set_topology(self, topology: Topology) -> None:
        self.topology = topology

    def on_topology(self, listener: Callable[[Topology], None]) -> None:
        """Nothing moves here."""


class FakeCluster:
    """`shards` shards with a replica in each AZ and as many adjudicators, over one map of versions."""

    def __init__(
        self, settings: Settings | None = None, shards: int = 2, azs: tuple[str, ...] = ("a", "b", "c")
    ) -> None:
        self.settings = settings or Settings()
        self.clock = CountingClock()
        self.bus = FakeBus()
        self.versions: dict[bytes, list[tuple[int, bytes | None]]] = {}
        self.catalog_changes: list[int] = []
        self.table_changes: dict[int, int] = {}
        self.parts: dict[bytes, dict[int, Part]] = {}
        self.dropped: list[tuple[bytes, bytes, int]] = []
        self.referred: dict[bytes, int] = {}
        """Reference keys (common/references.py) -> the last commit that checked them."""
        self.reached = 0
        """Up to where storage answers at once; 0: to the present."""
        self.scan_bytes_max = 4 << 20
        cuts = tuple(bytes([256 * number // shards]) for number in range(1, shards))
        owners = tuple(range(1, shards + 1))
        routes, places = {}, {}
        for number in owners:
            routes[f"adjudicator/{number}"] = "here"
            self.bus.roles[f"adjudicator/{number}"] = self._commit
            for az in azs:
                name = f"storage/{number}/{az}"
                routes[name], places[name] = "here", az
                self.bus.roles[name] = self._read
        self.bus.set_topology(Topology(1, routes, places, ShardMap(1, cuts, owners, owners)))
        self.context = Context(
            "query_processor/1",
            azs[0],
            self.bus,
            self.clock,
            None,
            Random(1),
            _no_spawn,
            self.settings,  # type: ignore[arg-type]
        )
        self.storage = StorageClient(self.context)
        self.catalogs = CatalogCache(self.storage)
        self.services = TransactionServices(self.context, self.storage, self.catalogs)

    def begin(self, environment: Any = None) -> Transaction:
        """A transaction that starts now, with the current catalog."""
        at = self.clock.now().latest
        catalog = self.catalogs.pin(at) or run(self.catalogs.load(at))
        return Transaction(self.services, catalog, at, environment)

    def write(self, rows: dict[bytes, bytes | None]) -> int:
        """Commit `rows` behind everybody's back; the commit time."""
        at = self.clock.now().latest
        for key, value in rows.items():
            self.versions.setdefault(key, []).append((at, value))
        return at

    def value(self, key: bytes, at: int) -> bytes | None:
        newest = max(
            ((time, value) for time, value in self.versions.get(key, ()) if time <= at),
            default=(0, None),
            key=lambda pair: pair[0],
        )
        hidden = any(start <= key < end and newest[0] < time <= at for start, end, time in self.dropped)
        return None if hidden else newest[1]

    def keys(self, at: int, prefix: bytes = b"") -> list[bytes]:
        """The keys that have a row at `at`, ascending."""
        return sorted(key for key in self.versions if key.startswith(prefix) and self.value(key, at) is not None)

    # -- roles ---------------------------------------------------------------------------------------------------------

    def _catalog_ts(self, at: int) -> int:
        return max((time for time in self.catalog_changes if time <= at), default=0)

    def _read(self, message: Message) -> Message:
        if isinstance(message, AskReached):
            return Reached(self.reached or self.clock.time)
        if isinstance(message, Get):
            return Got([self.value(key, message.at) for key in message.keys], self._catalog_ts(message.at))
        assert isinstance(message, Scan)
        keys = [key for key in self.keys(message.at) if message.start <= key < message.end]
        if message.reverse:
            keys.reverse()
        passes, project = _program(message.program)
        rows: list[tuple[bytes, bytes]] = []
        size, resume, rows_read = 0, None, 0
        for place, key in enumerate(keys):
            value = self.value(key, message.at)
            assert value is not None
            rows_read += 1
            if passes(value):
                value = project(value)
                rows.append((key, value))
                size += len(key) + len(value)
            if message.limit and len(rows) == message.limit:
                break
            if size >= min(message.bytes_max, self.scan_bytes_max) and place + 1 < len(keys):
                resume = key if message.reverse else key + b"\x00"
                break
        return Scanned(_arrow(rows, message.program), len(rows), resume, self._catalog_ts(message.at), rows_read, size)

    def _commit(self, message: Message) -> Message:
        if isinstance(message, Part):
            self.parts.setdefault(message.transaction, {})[message.number] = message
            return Done()
        assert isinstance(message, Commit)
        parts = self.parts.pop(message.transaction, {})
        assert sorted(parts) == list(range(1, message.parts + 1)), "a Commit counts its parts"
        pieces = [*(part.write_set for part in parts.values()), message.write_set]
        rows = sorted(row for piece in pieces for row in write_set.rows(piece))
        message = msgspec.structs.replace(
            message, checked=[*message.checked, *(key for part in parts.values() for key in part.checked)]
        )
        keys = [key for key, _, _ in rows]
        assert keys == sorted(set(keys)), "a write set is sorted, each key once"
        tables = {int.from_bytes(key[:4], "big") for key in (*keys, *message.checked)}
        if any(self.table_changes.get(table, 0) > message.catalog_ts for table in tables | set(message.schema_changes)):
            raise schema_changed()
        for key in (*keys, *message.checked):
            if any(time > message.start_ts for time, _ in self.versions.get(key, ())):
                raise conflict()
        if any(self.referred.get(key, 0) > message.start_ts for key in keys):
            raise conflict()
        for key, versions in self.versions.items():
            if int.from_bytes(key[:4], "big") in message.exclusive and versions[-1][0] > message.start_ts:
                raise conflict()
        at = self.clock.now().latest
        self.referred.update((key, at) for key in message.checked if is_reference(key))
        for key, value, kind in rows:
            if kind == write_set.DROP_RANGE:
                assert value is not None
                self.dropped.append((key, value, at))
            else:
                self.versions.setdefault(key, []).append((at, value))
        if message.schema_changes:
            self.catalog_changes.append(at)
            self.table_changes.update(dict.fromkeys(message.schema_changes, at))
        return Committed(at)


def _arrow(rows: list[tuple[bytes, bytes]], program: bytes) -> ArrowRows:
    batch = pa.record_batch(
        [pa.array([key for key, _ in rows], pa.binary()), pa.array([value for _, value in rows], pa.binary())],
        schema=ROWS_SCHEMA,
    )
    made = scan_program.decode(program) if program else None
    if made is not None and made.output == "columns":
        decode = RowCodec(made.columns).decode
        datums = [decode(value) for _, value in rows]
        columns = {
            f"c{place}": to_arrow([row[place] for row in datums], made.columns[place]) for place in made.project or ()
        }
        batch = pa.record_batch({"key": batch.column(0), **columns})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return ArrowRows.received(sink.getvalue().to_pybytes())


def _program(data: bytes) -> tuple[Callable[[bytes], bool], Callable[[bytes], bytes]]:
    """A scan program's filter and projection of rows."""
    if not data:
        return (lambda value: True), (lambda value: value)
    program = scan_program.decode(data)
    assert program.output == "rows" or program.with_key, "the double of storage knows no other output"
    if program.output == "columns":
        program = replace(program, project=None)
    passes: Callable[[bytes], bool] = lambda value: True  # noqa: E731
    if program.filter is not None:
        from actors.query_processor.transaction.row_filter import row_filter

        passes = row_filter(data, None) or passes
    if program.project is None:
        return passes, lambda value: value
    kept = set(program.project)

    def project(value: bytes) -> bytes:
        datums = msgspec.msgpack.decode(value)
        return msgspec.msgpack.encode([datum if place in kept else None for place, datum in enumerate(datums)])

    return passes, project


def _no_spawn(coroutine: Coroutine[Any, Any, Any]) -> Any:
    raise AssertionError("the query processor's statements spawn no tasks")
