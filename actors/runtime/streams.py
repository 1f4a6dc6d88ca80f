"""Byte streams between processes of different hosts: clients' bytes, where a gateway's host has no query processor to which a socket could be passed.

    bus.open_stream(...)       a connection of its own to another process, opened with a message to a role there (socket_bus.py)
    reply.accept_stream(Done)  the role takes it: from then on both sides have the connection's transport, without frames
    splice(transport, client)  what comes from one goes to the other, until either ends; whoever is slow slows the other

`StreamSender` is a gateway's way to a query processor elsewhere, with the questions and outcomes of socket_passing.SocketSender.
The bytes cross the network over mutual TLS; a host that is gone ends the stream within some five seconds (tls.py).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from actors.common.errors import TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import OpenStream
from actors.runtime.socket_passing import Give, OnEnd, OnLost, Outcome

BUFFER_BYTES = 64 << 10
"""Unsent bytes of a direction, above which its source is read no more."""
OPEN_S = 3.0
"""For a connection, its handshake and the query processor's answer."""


class Streams(Protocol):
    """What a bus over sockets offers beyond interfaces.Bus."""

    def is_near(self, name: str) -> bool:
        """Whether the role runs on this host, or nobody can tell."""

    def open_stream(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_open: Callable[[asyncio.Transport], None],
        on_failure: Callable[[DatabaseError], None],
        timeout_s: float,
    ) -> None:
        """One of the two callbacks runs. `on_open` sets a protocol of its own in the same turn."""


class StreamSender:
    """See the module."""

    busy = False

    def __init__(self, streams: Streams, sender: str, name: str) -> None:
        self._streams = streams
        self._sender = sender
        self._name = name
        self._splices: set[asyncio.Task[None]] = set()

    def offer(self, client: socket.socket, on_end: OnEnd, on_lost: OnLost, already_read: bytes = b"", *, insist: bool = False) -> None:
        """As SocketSender.offer; no socket is lost, since none travels. The caller closes its copy of the socket; this one is in use for as long as the session lasts."""
        self._open(client, OpenStream(insist=insist), on_end)

    def offer_session(self, give: Give, on_end: OnEnd, on_lost: OnLost, *, insist: bool = False) -> None:
        given = give()
        if given is None:
            on_end(Outcome.WITHDRAWN)
            return
        descriptor, session = given
        with socket.socket(fileno=socket.dup(descriptor)) as client:
            self._open(client.dup(), OpenStream(session, insist), on_end, owned=True)

    def _open(self, client: socket.socket, message: OpenStream, on_end: OnEnd, *, owned: bool = False) -> None:
        def opened(transport: asyncio.Transport) -> None:
            own = client if owned else client.dup()
            own.setblocking(False)
            task = asyncio.get_running_loop().create_task(splice(transport, own))
            self._splices.add(task)
            task.add_done_callback(self._splices.discard)
            on_end(Outcome.TAKEN)

        def failed(error: DatabaseError) -> None:
            if owned:
                client.close()
            on_end(Outcome.FULL if error.sqlstate == TOO_MANY_CONNECTIONS else Outcome.AWAY)

        self._streams.open_stream(self._sender, self._name, message, opened, failed, OPEN_S)

    def close(self) -> None:
        """Sessions that have begun go on."""


class _End(asyncio.Protocol):
    """One of two transports whose bytes go to each other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        self.transport.set_write_buffer_limits(high=BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        if (to := self._to) is not None:
            to.write(data)

    def pause_writing(self) -> None:
        if (source := self._to) is not None:
            source.pause_reading()

    def resume_writing(self) -> None:
        if (source := self._to) is not None:
            source.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        to, self.transport = self._to, None
        if to is not None:
            to.close()  # once what is unsent has been sent

    @property
    def _to(self) -> asyncio.Transport | None:
        return self.other.transport if self.other is not None else None


async def splice(transport: asyncio.Transport, client: socket.socket) -> None:
    """Returns once both ends are joined; they go on without anybody. `transport`: one whose protocol may be replaced, now; `client` is theirs."""
    near, far = _End(), _End()
    near.other, far.other = far, near
    transport.pause_reading()
    transport.set_protocol(far)
    far.connection_made(transport)
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: near, client)
    except OSError:  # the client has left
        client.close()
        transport.close()
        return
    if far.transport is None:
        if near.transport is not None:
            near.transport.close()
    else:
        transport.resume_reading()
