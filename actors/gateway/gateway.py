"""Gateways: each listens on the PostgreSQL port of its host and passes every accepted socket to a query processor.

The socket itself goes to the query processor's process (SCM_RIGHTS), so no byte of a session passes through here: the
gateway never reads from a client, TLS and the startup packet are the query processor's. Where this host has none, the
bytes are forwarded to one of another host, over mutual TLS (streams.py). Which query processor gets a client, and how
long a client waits for one, is reception.py's.

A lack of descriptors or memory ends no gateway: it stops accepting for a moment, and clients wait in the kernel's
queue. A client whose socket a query processor could not receive, for want of descriptors, comes back and is offered
again (socket_passing.py).

Sessions that rest come back: query processors pass them here with their sockets (parking.py), and at its client's next
byte a session goes to whichever query processor has room, or waits for one as a new client does (at zero, that byte
wakes the cluster). Sessions that are parked count for no limit but the gateway's own: as many as it has descriptors
for, and `limits.connections_max` at most. They end with their gateway, as others with their query processor; a gateway
that is stopped tells them (57P01).

A host has several gateways, in different processes and AZs; the kernel deals connections out among those that listen
(SO_REUSEPORT), so that one that dies closes no door.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages import AskSessions, Sessions
from actors.common.messages.base import Message
from actors.gateway.parking import Guest, ParkedSessions
from actors.gateway.reception import STOPPED, Reception
from actors.runtime import descriptors
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_receiver import SocketReceiver, pause_listening
from actors.runtime.streams import Streams

WAITING_SOCKETS_MAX = 1024
"""Clients held while no query processor is there; more are closed at once."""
ACCEPT_BATCH = 64
"""Connections accepted in one turn of the loop."""
LISTEN_BACKLOG = 1024

logger = logging.getLogger(__name__)


class Gateway:
    """`socket_path`: query processor's role name -> the Unix socket at which it receives clients. Which query
    processors there are, the topology tells. `parking_path`: where this gateway receives sessions to park; "": it parks
    none. `streams`: the way to those of other hosts."""

    def __init__(
        self,
        context: Context,
        number: int,
        host: str,
        port: int,
        socket_path: Callable[[str], str],
        *,
        parking_path: str = "",
        streams: Streams | None = None,
    ) -> None:
        self._context = context
        self._name = f"gateway/{number}"
        self._host = host
        self._port = port
        self._reception = Reception(context, number, socket_path, streams, self._park, self._has_seat)
        self._listener: socket.socket | None = None
        room = descriptors.for_clients(descriptors.limit())
        self._held_max = min(WAITING_SOCKETS_MAX, room)
        connections_max = context.settings.limits.connections_max
        self._parked_max = max(room - self._held_max, 0)
        if connections_max:
            self._parked_max = min(self._parked_max, connections_max)
        self._parked: ParkedSessions | None = None
        self._receiver = (
            SocketReceiver(
                parking_path,
                lambda client, _: client.close(),
                lambda: None,
                self._park,
                self._has_seat,
                context.sockets,
            )
            if parking_path
            else None
        )
        self._accepted = 0
        self._turned_away = 0
        """Clients that came while too many waited."""

    async def start(self) -> None:
        try:
            listener = self._context.sockets.listen_on_port(self._host, self._port, LISTEN_BACKLOG)
        except OSError as error:
            raise DatabaseError("08001", f"port {self._port} on {self._host}: {error.strerror}") from None
        self._listener = listener
        if self._receiver is not None:
            self._parked = ParkedSessions(
                self._awake, self._context.settings.limits.connection_age_s, self._context.sockets
            )
            self._receiver.start()
        self._reception.meet(self._context.bus.topology)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)
        self._context.bus.on_topology(self._reception.meet)

    async def stop(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        if self._receiver is not None:
            self._receiver.stop()
        if self._parked is not None:
            self._parked.stop(STOPPED)
            self._parked = None
        self._reception.stop()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, AskSessions) and reply is not None:
            reply(Sessions(self._parked.of_role(message.role) if self._parked is not None else 0))
        elif reply is not None:
            reply.fail(DatabaseError("XX000", f"the gateway does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        return {
            "layer": "gateway",
            "name": self._name,
            "range": f"{self._host}:{self._port}",
            "load": {
                "accepted": self._accepted,
                "waiting": self._reception.waiting,
                "full": self._reception.full,
                "refused": self._reception.refused + self._turned_away,
                "parked": len(self._parked) if self._parked is not None else 0,
                "resumed": self._reception.resumed,
            },
        }

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPT_BATCH):
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in descriptors.EXHAUSTED:
                    raise
                logger.warning("no client can be accepted: %s", error.strerror)
                pause_listening(self._listener, self._accept)
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted += 1
            if len(self._reception) >= self._held_max:
                self._turned_away += 1
                client.close()
            else:
                self._reception.take(Guest(client, since_s=asyncio.get_running_loop().time()))

    def _has_seat(self) -> bool:
        return self._parked is not None and len(self._parked) < self._parked_max

    def _park(self, client: socket.socket, session: bytes) -> None:
        if self._parked is None:
            client.close()
        else:
            self._parked.take(client, session)

    def _awake(self, guest: Guest) -> None:
        """The client of a parked session has sent something."""
        guest.came_s = asyncio.get_running_loop().time()
        self._reception.take(guest)
