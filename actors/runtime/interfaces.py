"""What a role is handed: Bus, Clock, Disk, Random, Settings. A role imports nothing else that does I/O, and no Ray.

The same role then runs in a Ray actor, several to a process, or all in one process on the simulator's event loop with
virtual time (simulation/). Role code is ordinary asyncio; the hot path uses the callback forms (`request`, `post`,
`sync(on_done)`), which create no task and no future.

Names. A role is addressed by name: `adjudicator/1`, `journal/1/a` (journal 1's replica in AZ a), `crossbar/1`,
`storage/2/b` (shard 2's replica in AZ b), `query_processor/1`, `controller`, `gateway/1`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, Protocol, runtime_checkable

from actors.common.errors import DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import Topology
from actors.common.settings import Settings
from actors.common.timestamps import Clock
from actors.runtime.sockets import HOST, Sockets

OnReply = Callable[[Message], None]
OnFailure = Callable[[DatabaseError], None]


def completing(future: asyncio.Future[Any]) -> tuple[OnReply, OnFailure]:
    """Callbacks that give the future its result, unless it was cancelled meanwhile."""

    def on_reply(answer: Message) -> None:
        if not future.done():
            future.set_result(answer)

    def on_failure(error: DatabaseError) -> None:
        if not future.done():
            future.set_exception(error)

    return on_reply, on_failure


class Reply(Protocol):
    """Answers one request, now or later, at most once; a second answer is ignored. Calling it after the peer left does
    nothing."""

    def __call__(self, message: Message) -> None: ...

    def fail(self, error: DatabaseError) -> None: ...


class Service(Protocol):
    """A role, as the bus sees it. `reply` is None for one-way messages. A DatabaseError raised here fails the
    request."""

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None: ...


@runtime_checkable
class PromptService(Protocol):
    """A role that has some answers ready: those of its own process need no message for them."""

    def answer_now(self, message: Message) -> Message | None:
        """The answer, at once, changing nothing that others see; None where that takes a message. Raises nothing."""


class Bus(Protocol):
    """Request/reply and one-way messages between named roles. Messages may be lost, late or (simulator) repeated;
    TCP-ordered otherwise.

    Bounds: a message above `frame_bytes_max` is refused at the sender with 54000; a peer with more than
    `outbound_bytes_max` unsent is closed and its requests fail with 08006.
    """

    def attach(self, name: str, service: Service) -> None:
        """Serve `name` in this process; several roles may share one bus."""

    def detach(self, name: str) -> None: ...

    def request(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_reply: OnReply,
        on_failure: OnFailure,
        timeout_s: float = 10.0,
    ) -> None:
        """Exactly one of the two callbacks runs, straight from the receiving loop (no task). No route, a broken
        connection or the timeout fail with 08006 (`unavailable`, which tells whether it may have arrived); a Failure
        answer fails with its own SQLSTATE."""

    def answer_now(self, sender: str, destination: str, message: Message) -> Message | None:
        """What a role of this process answers at once (PromptService); None: `request` has to ask."""

    def call(self, sender: str, destination: str, message: Message, timeout_s: float = 10.0) -> asyncio.Future[Any]:
        """`request` as a future."""

    def post(self, sender: str, destination: str, message: Message) -> None:
        """One-way, best effort."""

    def set_topology(self, topology: Topology) -> None:
        """New routes; listeners registered with `on_topology` hear of it. A lower version than the known one is
        ignored."""

    def on_topology(self, listener: Callable[[Topology], None]) -> None: ...

    @property
    def topology(self) -> Topology | None: ...


class File(Protocol):
    """One append-mostly file. Appended bytes may be lost in a crash until a sync that began after them has ended."""

    @property
    def size(self) -> int: ...

    def append(self, data: bytes) -> int:
        """Returns the offset of its first byte. Raises DatabaseError 53100 when the disk is full (nothing appended)."""

    def read(self, offset: int, length: int) -> bytes: ...

    def truncate(self, size: int) -> None: ...

    def sync(self, on_done: Callable[[DatabaseError | None], None]) -> None:
        """fdatasync. `on_done(None)` once all that was appended before this call is durable. After a failed sync the
        file must be given up."""

    def close(self) -> None: ...


class Disk(Protocol):
    """A role's own folder. Paths are relative, `/`-separated; folders come into being as needed."""

    def open(self, path: str) -> File:
        """For reading and appending; created where missing."""

    def list(self, folder: str = "") -> list[str]:
        """Names of the files directly in `folder`, sorted; [] where there is none."""

    def exists(self, path: str) -> bool: ...

    def read(self, path: str) -> bytes:
        """A whole file. FileNotFoundError where missing."""

    def map(self, path: str) -> memoryview:
        """A whole file, memory-mapped read-only where the disk is real; valid after the file is removed."""

    def remove(self, path: str) -> None: ...

    async def clear(self) -> None:
        """Remove everything: the role will not be run again."""

    def neighbour(self, role: str) -> Disk | None:
        """Another role's disk, to look at, where that one has something in the same room; else None."""

    def link(self, neighbour: Disk, path: str, own: str) -> bool:
        """Give a neighbour's file, which is durable and never written again, a second name here; False where that is
        gone, or no file can have two names. Raises DatabaseError 53100 or 58030."""

    async def settle_links(self) -> None:
        """All names that were given so far are durable. Raises as `link` does."""

    async def replace(self, path: str, data: bytes) -> None:
        """Atomically and durably make `path` hold `data` (temporary file, fsync, rename, fsync of the folder)."""


class StoredObject(NamedTuple):
    """`written_s`: by the store's clock."""

    key: str
    size: int
    written_s: float


class ObjectStore(Protocol):
    """Objects by key (`/`-separated), the same for all processes of a cluster. It may be slow, and it may refuse
    (08006): nothing that anybody waits for may wait for it.

    An object is there whole once `put` has returned; one whose writer has died may be there in part, so whoever reads
    goes by a checksum. A `put` that was refused may have happened all the same. What has been put is listed from then
    on.
    """

    async def put(self, key: str, data: bytes | memoryview) -> int:
        """Returns the CRC-32C of `data`."""

    async def get(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        """`length` -1: to its end. 58P01 where there is none of this key."""

    async def list(self, prefix: str) -> list[StoredObject]:
        """All whose keys begin with the folder `prefix` (it ends with `/`), by key."""

    async def remove(self, key: str) -> None:
        """Nothing happens where there is none."""


@dataclass
class Context:
    """Everything that a role may touch. `spawn` starts a task that is cancelled when the role stops; an exception that
    escapes one ends the role (a crash is honest; the supervisor restarts it)."""

    name: str
    az: str
    bus: Bus
    clock: Clock
    disk: Disk
    random: Random
    spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]
    settings: Settings
    objects: ObjectStore | None = None
    """None: the cluster has none."""
    sockets: Sockets = HOST
    """Of clients, and by which they are passed on."""


class Role(Service, Protocol):
    """A role's life: constructed with its Context and its place (numbers, map), `start`ed once, `stop`ped at most once.

    `status` gives the keys of `eagleray status --json` that the role knows: layer, name, range, epoch, watermark, load
    ...
    """

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def status(self) -> dict[str, Any]: ...


@runtime_checkable
class Speaker(Protocol):
    """A role that has something to tell when its process is ended because the event loop is held."""

    def last_words(self) -> None:
        """Called in another thread than the loop's, which may stand anywhere, and may even go on meanwhile. Never
        blocks; the process ends when it returns."""
