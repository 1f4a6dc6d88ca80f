"""Gateways: each listens on the PostgreSQL port of its host and passes every accepted socket to a query processor.

The socket itself goes to the query processor's process (SCM_RIGHTS), so no byte of a session passes through here: the gateway never reads from
a client, TLS and the startup packet are the query processor's. New sessions go round the query processors of this host; one that is away or stalled is passed over.
While there is none at all (restart, scaled to zero) accepted sockets wait here, bounded in number and in time.

A host has several, in different processes and AZs; the kernel deals connections out among those that listen (SO_REUSEPORT), so that one that dies closes no door.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import Topology
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_passing import SocketSender

WAITING_SOCKETS_MAX = 1024
"""Clients held while no query processor is there; more are closed at once."""
WAITING_S_MAX = 30.0
ACCEPT_BATCH = 64
"""Connections accepted in one turn of the loop."""
RETRY_S = 0.05
"""Pause before the waiting sockets are offered again when no topology change announced a query processor."""
LISTEN_BACKLOG = 1024


class Gateway:
    """`socket_paths`: query processor's role name -> the Unix socket at which it receives clients."""

    def __init__(self, context: Context, number: int, host: str, port: int, socket_paths: dict[str, str]) -> None:
        self._context = context
        self._name = f"gateway/{number}"
        self._host = host
        self._port = port
        self._senders = {name: SocketSender(path) for name, path in sorted(socket_paths.items())}
        self._order = deque(sorted(socket_paths))
        self._order.rotate(1 - number)
        self._held: set[socket.socket] = set()
        """Accepted, and with no query processor yet: offered to one, or waiting."""
        self._waiting: list[tuple[float, socket.socket]] = []
        """Those that nobody takes now, each with the time (of the loop) when it is given up."""
        self._retry: asyncio.TimerHandle | None = None
        self._listener: socket.socket | None = None
        self._accepted = 0
        self._refused = 0

    async def start(self) -> None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise DatabaseError("08001", f"port {self._port} on {self._host}: {error.strerror}") from None
        listener.listen(LISTEN_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)
        self._context.bus.on_topology(self._on_topology)

    async def stop(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._waiting = []
        held, self._held = self._held, set()
        for client in held:
            client.close()
        for sender in self._senders.values():
            sender.close()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if reply is not None:
            reply.fail(DatabaseError("XX000", f"the gateway does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        return {
            "layer": "gateway",
            "name": self._name,
            "range": f"{self._host}:{self._port}",
            "load": {"accepted": self._accepted, "waiting": len(self._waiting), "refused": self._refused},
        }

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPT_BATCH):
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted += 1
            if len(self._held) >= WAITING_SOCKETS_MAX:
                self._refused += 1
                client.close()
            else:
                self._held.add(client)
                self._offer(client, asyncio.get_running_loop().time() + WAITING_S_MAX)

    def _offer(self, client: socket.socket, deadline: float) -> None:
        """To each query processor in turn, until one takes it."""
        turn = list(self._order)
        self._order.rotate(-1)

        def ended(taken: bool) -> None:
            if client not in self._held:  # the gateway has been stopped
                return
            if taken:
                self._held.discard(client)
                client.close()
            elif turn:
                self._senders[turn.pop(0)].offer(client, ended)
            else:
                self._wait(client, deadline)

        ended(False)

    def _wait(self, client: socket.socket, deadline: float) -> None:
        self._waiting.append((deadline, client))
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._offer_again)

    def _offer_again(self) -> None:
        self._retry = None
        now = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, []
        for deadline, client in waiting:
            if now > deadline:
                self._refused += 1
                self._held.discard(client)
                client.close()
            else:
                self._offer(client, deadline)

    def _on_topology(self, _: Topology) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._offer_again()
