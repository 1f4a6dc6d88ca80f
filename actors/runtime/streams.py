"""Clients of a gateway whose host has no query processor to which a socket could be passed: their bytes go to one of
another host, and back.

    bus.open_stream(...)       a connection of its own to another process, opened with a message to a role there
                               (socket_bus.py)
    reply.accept_stream(Done)  the role takes it: from then on both sides have the connection's transport, without the
                               bus's frames
    StreamSender               a gateway's way to a query processor elsewhere, with the questions and outcomes of
                               socket_passing.SocketSender
    ServedStream               the query processor's end: to its connection a transport like a socket's

Both sides send frames: a kind, a length, so many bytes. A session that rests goes back to the gateway, which has the
client's socket (query_processor/parking.py):

    gateway                        query processor
        DATA  <------------------->                  the client's bytes and the answers
        <---------------------- ASK                  the session rests: is there a seat for it?
        STOPPED ------------------>                  the gateway reads no more from the client, and what it has read
                                                     went before; or
        NONE --------------------->                  it has no seat: all goes on
        <-------------- the SESSION                  nothing came before STOPPED: once the client has all answers the
                                                     stream ends, the session is parked; or
        <----------------------- ON                  something came: the gateway reads on

Frames stay in order, so no byte is read by one side that the other one has to handle. The bytes cross the network over
mutual TLS; a host that is gone ends the stream within some five seconds (tls.py). Whoever is slow slows the other:
above BUFFER_BYTES of unsent bytes the source is read no more.
"""

from __future__ import annotations

import asyncio
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from struct import Struct
from typing import Protocol, cast

from actors.common.errors import TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import OpenStream
from actors.common.parked_session import SESSION_BYTES_MAX
from actors.runtime.passed_packets import OnSocket
from actors.runtime.socket_passing import Give, OnEnd, OnLost, Outcome

BUFFER_BYTES = 64 << 10
"""Unsent bytes of a direction, above which its source is read no more."""
OPEN_S = 3.0
"""For a connection, its handshake and the query processor's answer."""
_DATA, _ASK, _STOPPED, _NONE, _SESSION, _ON = range(6)
_head = Struct("!BI")


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
    """See the module. `park`: takes a session that comes back, with its client's socket; `has_seat()`: there is room
    for it."""

    busy = False

    def __init__(self, streams: Streams, sender: str, name: str, park: OnSocket, has_seat: Callable[[], bool]) -> None:
        self._streams = streams
        self._sender = sender
        self._name = name
        self._park = park
        self._has_seat = has_seat

    def offer(
        self, client: socket.socket, on_end: OnEnd, on_lost: OnLost, already_read: bytes = b"", *, insist: bool = False
    ) -> None:
        """As SocketSender.offer; no socket is lost, since none travels. The caller closes its copy of the socket; this
        one is in use for as long as the session lasts."""
        self._open(client, OpenStream(insist=insist, address=_address_of(client)), on_end)

    def offer_session(self, give: Give, on_end: OnEnd, on_lost: OnLost, *, insist: bool = False) -> None:
        given = give()
        if given is None:
            on_end(Outcome.WITHDRAWN)
            return
        descriptor, session = given
        try:
            client = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            on_end(Outcome.AWAY)
            return
        self._open(client, OpenStream(session, insist, _address_of(client)), on_end, owned=True)

    def _open(self, client: socket.socket, message: OpenStream, on_end: OnEnd, *, owned: bool = False) -> None:
        def opened(transport: asyncio.Transport) -> None:
            try:
                own = client if owned else client.dup()
            except OSError:  # no descriptor is left
                transport.abort()
                on_end(Outcome.AWAY)
                return
            own.setblocking(False)
            _Forwarded(transport, own, self._park, self._has_seat)
            on_end(Outcome.TAKEN)

        def failed(error: DatabaseError) -> None:
            if owned:
                client.close()
            on_end(Outcome.FULL if error.sqlstate == TOO_MANY_CONNECTIONS else Outcome.AWAY)

        self._streams.open_stream(self._sender, self._name, message, opened, failed, OPEN_S)

    def close(self) -> None:
        """Sessions that have begun go on."""


def _address_of(client: socket.socket) -> str:
    """ "" where the client has left."""
    try:
        return str(client.getpeername()[0])
    except (OSError, IndexError):
        return ""


class _Far(asyncio.Protocol, ABC):
    """The end of the connection between the hosts: frames. What a frame holds of DATA goes on as it comes; other frames
    are handled whole."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._data_left = 0
        """Of a DATA frame that has begun."""

    def _attach(self, transport: asyncio.Transport) -> None:
        """`transport`: one whose protocol may be replaced, now."""
        self._transport = transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=BUFFER_BYTES)

    def _send(self, kind: int, body: bytes | bytearray = b"") -> None:
        if self._transport is not None:
            self._transport.write(b"".join((_head.pack(kind, len(body)), body)))

    def data_received(self, data: bytes) -> None:
        unread = self._unread
        unread += data
        while unread and self._transport is not None:
            if self._data_left:
                piece = bytes(unread[: self._data_left])
                del unread[: len(piece)]
                self._data_left -= len(piece)
                self._data(piece)
                continue
            if len(unread) < _head.size:
                return
            kind, size = _head.unpack_from(unread)
            if kind == _DATA:
                del unread[: _head.size]
                self._data_left = size
            elif size > SESSION_BYTES_MAX:
                self._transport.abort()
                return
            elif len(unread) < _head.size + size:
                return
            else:
                body = bytes(unread[_head.size : _head.size + size])
                del unread[: _head.size + size]
                self._frame(kind, body)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._ended()

    @abstractmethod
    def _data(self, data: bytes) -> None:
        """Some of what the client, or the query processor, has sent."""

    @abstractmethod
    def _frame(self, kind: int, body: bytes) -> None:
        """Any but DATA."""

    @abstractmethod
    def _ended(self) -> None:
        """The other host has ended the connection, or is gone."""


class _Near(asyncio.Protocol):
    """The client's socket, at the gateway."""

    def __init__(self, forwarded: _Forwarded) -> None:
        self._forwarded = forwarded
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        self.transport.set_write_buffer_limits(high=BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._forwarded.read(data)

    def pause_writing(self) -> None:
        self._forwarded.hold(True)

    def resume_writing(self) -> None:
        self._forwarded.hold(False)

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._forwarded.client_left()


class _Forwarded(_Far):
    """One client of a gateway, served elsewhere."""

    def __init__(
        self, transport: asyncio.Transport, client: socket.socket, park: OnSocket, has_seat: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._park = park
        self._has_seat = has_seat
        self._near = _Near(self)
        self._stopped = False
        """The query processor has been told that no more is read from the client."""
        self._full = False
        """The query processor takes no more for now."""
        self._session: bytes | None = None
        """It is parked as soon as the client has taken all answers."""
        transport.pause_reading()
        self._attach(transport)
        self._joining = asyncio.get_running_loop().create_task(self._join(client))

    async def _join(self, client: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: self._near, client)
        except OSError:  # the client has left
            client.close()
            self.client_left()
            return
        if self._transport is None:
            self._ended()
        else:
            self._transport.resume_reading()

    # from the client

    def read(self, data: bytes) -> None:
        self._send(_DATA, data)

    def hold(self, full: bool) -> None:
        """The client does not take what it is sent, or does again."""
        if self._session is not None and not full:
            self._leave()
        elif self._transport is not None:
            self._transport.pause_reading() if full else self._transport.resume_reading()

    def client_left(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # from the query processor

    def pause_writing(self) -> None:
        self._full = True
        self._read_on()

    def resume_writing(self) -> None:
        self._full = False
        self._read_on()

    def _read_on(self) -> None:
        near = self._near.transport
        if near is not None and not near.is_closing():
            near.pause_reading() if self._full or self._stopped else near.resume_reading()

    def _data(self, data: bytes) -> None:
        if self._near.transport is not None:
            self._near.transport.write(data)

    def _frame(self, kind: int, body: bytes) -> None:
        near = self._near.transport
        if kind == _ASK:
            self._stopped = near is not None and not near.is_closing() and self._has_seat()
            self._read_on()
            self._send(_STOPPED if self._stopped else _NONE)
        elif kind == _ON:
            self._stopped = False
            self._read_on()
        elif kind == _SESSION and near is not None and self._stopped:
            self._session = body
            near.set_write_buffer_limits(high=0)
            if not near.get_write_buffer_size():
                self._leave()

    def _leave(self) -> None:
        """All is told: the socket goes to where sessions are parked, the connection between the hosts ends."""
        near, session, self._session = self._near.transport, self._session, None
        assert near is not None and session is not None
        self._near.transport = None
        try:
            client = socket.socket(fileno=os.dup(near.get_extra_info("socket").fileno()))
        except OSError:  # no descriptor is left: the session cannot be kept
            client = None
        near.abort()
        if self._transport is not None:
            self._transport.close()
        if client is not None:
            client.setblocking(False)
            self._park(client, session)

    def _ended(self) -> None:
        if self._near.transport is not None and self._session is None:
            self._near.transport.close()  # once what is unsent has been sent


class ServedStream(_Far, asyncio.Transport):
    """The query processor's end: a transport for `protocol`, which is told of it at once. `transport`: the connection
    between the hosts; `address`: the client's."""

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol, address: str = "") -> None:
        _Far.__init__(self)
        asyncio.Transport.__init__(self, {"peername": (address, 0)})
        self._protocol = protocol
        self._came = 0
        """How many pieces the client has sent. Before the first one the gateway may not know yet that the stream is
        accepted."""
        self._asked: tuple[int, Give, OnEnd] | None = None
        """A seat is asked for: what had come by then, and for whom."""
        self._closing = False
        self._session_sent = False
        self._attach(transport)
        protocol.connection_made(self)

    @property
    def is_open(self) -> bool:
        """Whether the gateway may still be there. It ends the stream once it has the session, or its client has
        left."""
        return self._transport is not None

    def offer_session(self, give: Give, on_end: OnEnd) -> None:
        """The session rests: to the gateway with it. `on_end(TAKEN)` once it is on its way there."""
        if self._asked is not None or not self._came or self._transport is None:
            on_end(Outcome.AWAY)
            return
        self._asked = self._came, give, on_end
        self._send(_ASK)

    def _frame(self, kind: int, body: bytes) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        came, give, on_end = asked
        if kind != _STOPPED:
            on_end(Outcome.FULL)
            return
        given = give() if came == self._came else None
        if given is None:
            self._send(_ON)
            on_end(Outcome.WITHDRAWN)
        else:
            self._send(_SESSION, given[1])
            self._session_sent = True
            on_end(Outcome.TAKEN)

    def _data(self, data: bytes) -> None:
        self._came += 1
        self._protocol.data_received(data)

    def _ended(self) -> None:
        asked, self._asked = self._asked, None
        self._protocol.connection_lost(None)
        if asked is not None:
            asked[2](Outcome.AWAY)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    # as asyncio.Transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._closing:
            self._send(_DATA, bytes(data))

    def write_eof(self) -> None:
        """The client is told by the end of its connection: half a stream is not worth a frame."""

    def can_write_eof(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Where the session has gone to the gateway, the gateway ends the stream."""
        self._closing = True
        if self._transport is not None and not self._session_sent:
            self._transport.abort()
