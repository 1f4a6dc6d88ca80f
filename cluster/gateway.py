"""Gateways: each listens on the PostgreSQL port of its host and passes every accepted socket to a query processor.

The socket itself goes to the query processor's process (SCM_RIGHTS), so no byte of a session passes through here: the gateway never reads from
a client, TLS and the startup packet are the query processor's. New sessions go round the query processors of this host; one that is away, stalled or full
(query_processor/admission.py) is passed over. While all that are there are full and others are away (restart), or there is none at all (scaled to zero),
accepted sockets wait here, bounded in number and in time. Where all are full, one of them gets the client nevertheless, to refuse it with an error or to serve its cancel request.

A lack of descriptors or memory ends no gateway: it stops accepting for a moment, and clients wait in the kernel's queue.

A host has several, in different processes and AZs; the kernel deals connections out among those that listen (SO_REUSEPORT), so that one that dies closes no door.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import Topology, Wake
from actors.runtime import descriptors
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_passing import Outcome, SocketSender, pause_listening

WAITING_SOCKETS_MAX = 1024
"""Clients held while no query processor is there; more are closed at once."""
WAITING_S_MAX = 30.0
ACCEPT_BATCH = 64
"""Connections accepted in one turn of the loop."""
RETRY_S = 0.05
"""Pause before the waiting sockets are offered again when no topology change announced a query processor."""
WAKE_RETRY_S = 0.5
"""A Wake may be lost."""
LISTEN_BACKLOG = 1024
QUERY_PROCESSOR = "query_processor/"

logger = logging.getLogger(__name__)


class Gateway:
    """`socket_path`: query processor's role name -> the Unix socket at which it receives clients. Which query processors there are, the
    topology tells."""

    def __init__(self, context: Context, number: int, host: str, port: int, socket_path: Callable[[str], str]) -> None:
        self._context = context
        self._name = f"gateway/{number}"
        self._host = host
        self._port = port
        self._number = number
        self._socket_path = socket_path
        self._senders: dict[str, SocketSender] = {}
        self._order: deque[str] = deque()
        self._held: set[socket.socket] = set()
        """Accepted, and with no query processor yet: offered to one, or waiting."""
        self._waiting: list[tuple[float, socket.socket]] = []
        """Those that nobody takes now, each with the time (of the loop) when it is given up."""
        self._retry: asyncio.TimerHandle | None = None
        self._asked_to_wake_s = -WAKE_RETRY_S
        self._listener: socket.socket | None = None
        self._held_max = min(WAITING_SOCKETS_MAX, descriptors.for_clients(descriptors.limit()))
        self._accepted = 0
        self._full = 0
        """Clients that were passed on to be refused."""
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
        self._meet(self._context.bus.topology)
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
            "load": {"accepted": self._accepted, "waiting": len(self._waiting), "full": self._full, "refused": self._refused},
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
            if len(self._held) >= self._held_max:
                self._refused += 1
                client.close()
            else:
                self._held.add(client)
                self._offer(client, asyncio.get_running_loop().time() + WAITING_S_MAX)

    def _offer(self, client: socket.socket, deadline: float) -> None:
        """To each query processor in turn, until one takes it."""
        turn = list(self._order)
        self._order.rotate(-1)
        asked, full = "", []

        def ended(outcome: Outcome) -> None:
            nonlocal asked
            if client not in self._held:  # the gateway has been stopped
                return
            if outcome is Outcome.TAKEN:
                self._drop(client)
                return
            if outcome is Outcome.FULL:
                full.append(asked)
            while turn:
                asked = turn.pop(0)
                if asked in self._senders:
                    self._senders[asked].offer(client, ended)
                    return
            expired = asyncio.get_running_loop().time() > deadline
            full[:] = [name for name in full if name in self._senders]
            if full and (expired or len(full) == len(self._senders)):
                self._insist(client, deadline, full[0])
            elif expired:
                self._refused += 1
                self._drop(client)
            else:
                self._wait(client, deadline)

        ended(Outcome.AWAY)

    def _insist(self, client: socket.socket, deadline: float, name: str) -> None:
        """Nobody has room: a query processor tells the client so."""

        def ended(outcome: Outcome) -> None:
            if client not in self._held:
                return
            if outcome is Outcome.TAKEN:
                self._full += 1
                self._drop(client)
            else:
                self._wait(client, deadline)

        self._senders[name].offer(client, ended, insist=True)

    def _drop(self, client: socket.socket) -> None:
        """It is another's now, or nobody's."""
        self._held.discard(client)
        client.close()

    def _wait(self, client: socket.socket, deadline: float) -> None:
        self._waiting.append((deadline, client))
        self._ask_to_wake()
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._offer_again)

    def _ask_to_wake(self) -> None:
        """The cluster may be at zero. (Where it is awake, the controller has nothing to do.)"""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._asked_to_wake_s + WAKE_RETRY_S:
            self._asked_to_wake_s = now_s
            self._context.bus.post(self._context.name, "controller", Wake())

    def _offer_again(self) -> None:
        self._retry = None
        waiting, self._waiting = self._waiting, []
        for deadline, client in waiting:
            self._offer(client, deadline)

    def _meet(self, topology: Topology | None) -> None:
        """The cluster's query processors, those that are being restarted among them. One that is none any more is offered no client."""
        roles = topology.azs if topology is not None else {}
        names = sorted((name for name in roles if name.startswith(QUERY_PROCESSOR)), key=_number_of)
        if names == sorted(self._senders, key=_number_of):
            return
        for name in [name for name in self._senders if name not in names]:
            self._senders.pop(name).close()
        for name in names:
            if name not in self._senders:
                self._senders[name] = SocketSender(self._socket_path(name))
        self._order = deque(names)
        self._order.rotate(1 - self._number)

    def _on_topology(self, topology: Topology) -> None:
        self._meet(topology)
        if self._retry is not None:
            self._retry.cancel()
            self._offer_again()


def _number_of(name: str) -> int:
    return int(name.removeprefix(QUERY_PROCESSOR))
