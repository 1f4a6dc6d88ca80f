"""One connection of the socket bus: frames in and out over an asyncio transport.

A link is opened by us (it has an endpoint: our requests go out, their answers come in) or by a peer (the other way
round). Frames wait in `pending` until the bus flushes at the end of the loop's turn, or until the connection stands. A
closed link stays closed; the bus makes a new one. What frames mean, which requests are outstanding and when a link is
opened again is the bus's affair (socket_bus.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from actors.common.errors import PROTOCOL_VIOLATION, DatabaseError, unavailable
from actors.common.messages.base import Message
from actors.runtime.framing import HEADER_BYTES, REPLY, REQUEST, FrameReader, encode_body, encode_header, failure_of
from actors.runtime.tls import PeerRefused

if TYPE_CHECKING:
    from actors.runtime.endpoints import Endpoint
    from actors.runtime.socket_bus import SocketBus

CONNECTING_BYTES_MAX = 64 << 20
"""Frames held for a connection that is being opened: four full stream windows."""
FLUSH_BYTES = 256 << 10
"""More than this is handed to the transport at once, without waiting for the end of the turn."""

SENDERS_MAX = 1000
"""Names remembered of one peer: more roles than a process has."""


class SocketReply:
    """Answers a request that came over a connection."""

    __slots__ = ("_link", "_request")

    def __init__(self, link: Link, request: int) -> None:
        self._link: Link | None = link
        self._request = request

    def __call__(self, message: Message) -> None:
        link = self._link
        if link is None:
            return
        self._link = None
        try:
            link.send(REPLY, self._request, "", "", message)
        except DatabaseError as error:
            link.send(REPLY, self._request, "", "", failure_of(error))

    def fail(self, error: DatabaseError) -> None:
        self(failure_of(error))

    def accept_stream(self, message: Message) -> asyncio.Transport | None:
        """The answer, and then the connection's transport, which the caller gives another protocol in this turn. None
        where it is gone."""
        link = self._link
        self(message)
        return link.detach() if link is not None and not link.closed else None


class Link(asyncio.Protocol):
    """One connection, opened by us (it has an endpoint: requests go out) or by a peer (they come in).

    A TLS connection gets `admit` before it stands: the transport's peer, a process, or PeerRefused. Of such a peer no
    frame is taken in another host's name.
    """

    __slots__ = (
        "admit",
        "bus",
        "closed",
        "endpoint",
        "heard",
        "peer",
        "pending",
        "pending_bytes",
        "reader",
        "senders",
        "transport",
    )

    def __init__(self, bus: SocketBus, endpoint: Endpoint | None = None) -> None:
        self.bus = bus
        self.endpoint = endpoint
        self.admit: Callable[[asyncio.BaseTransport], str] | None = None
        self.peer = ""
        """The process that the peer's certificate names; "" on a connection without one."""
        self.senders: set[str] = set()
        """Those whose name has been found to be the peer's to use."""
        self.heard = False
        """Whether anything has come: a server that refuses our certificate does so after our side of the handshake is
        done."""
        self.reader = FrameReader(bus.settings.frame_bytes_max)
        self.transport: asyncio.Transport | None = None
        self.pending: list[bytes] = []
        self.pending_bytes = 0
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        if self.closed:
            transport.abort()
            return
        if self.admit is not None:
            try:
                self.peer = self.admit(transport)
            except PeerRefused as error:
                transport.abort()
                self.close(f"the peer is refused: {error}")
                return
        transport.set_write_buffer_limits(high=self.bus.settings.outbound_bytes_max)
        self.transport = transport
        self.bus.link_opened(self)
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        self.close(str(error) if error is not None else "the peer closed the connection")

    def pause_writing(self) -> None:
        self.close("more than outbound_bytes_max is unsent")

    def data_received(self, data: bytes) -> None:
        bus = self.bus
        self.heard = True
        try:
            frames = self.reader.receive_data(data)
        except DatabaseError as error:
            self._give_up(error)
            return
        for frame in frames:
            if frame.kind == REPLY:
                bus.answered(self, frame.request, frame.message)
            elif self.peer and frame.sender not in self.senders and not self._may_send_as(frame.sender):
                self._give_up(
                    DatabaseError(PROTOCOL_VIOLATION, f"{self.peer} sent a frame in the name of {frame.sender}")
                )
                return
            elif frame.kind == REQUEST:
                bus.deliver(frame.sender, frame.destination, frame.message, SocketReply(self, frame.request))
            else:
                bus.deliver(frame.sender, frame.destination, frame.message, None)

    def _may_send_as(self, sender: str) -> bool:
        """Roles move between processes, a host's name is its process's own."""
        if sender.startswith("host/") and sender != f"host/{self.peer}":
            return False
        if len(self.senders) < SENDERS_MAX:
            self.senders.add(sender)
        return True

    def _give_up(self, error: DatabaseError) -> None:
        self.bus.on_protocol_error(error)
        self.close(error.message)

    def send(self, kind: int, request: int, sender: str, destination: str, message: Message) -> None:
        """Raises DatabaseError 54000 (above the frame bound), 08006 (connecting, and the queue is full). Nothing is
        sent then."""
        if self.closed:
            return
        bus = self.bus
        body = encode_body(kind, request, sender, destination, message, bus.settings.frame_bytes_max)
        pending = self.pending
        size = self.pending_bytes + HEADER_BYTES + len(body)
        if self.transport is None:
            if size > CONNECTING_BYTES_MAX:
                raise unavailable(destination, "too much is queued for a connection that is being opened")
        elif not pending:
            bus.flush_later(self)
        pending.append(encode_header(len(body)))
        pending.append(body)
        bus.sent_messages += 1
        bus.sent_bytes += HEADER_BYTES + len(body)
        self.pending_bytes = size
        if size > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.pending and self.transport is not None:
            data = b"".join(self.pending)
            self.pending.clear()
            self.pending_bytes = 0
            self.transport.write(data)

    def detach(self) -> asyncio.Transport | None:
        """What was sent is on its way, and the connection is no bus's any more (streams.py)."""
        self.flush()
        transport, self.transport = self.transport, None
        self.close("it has become a stream")
        return transport

    def close(self, why: str, after_writing: bool = False) -> None:
        if not self.closed:
            if after_writing:
                self.flush()
            self.closed = True
            self.pending.clear()
            if self.transport is not None:
                self.transport.close() if after_writing else self.transport.abort()
            self.bus.link_closed(self, why)
