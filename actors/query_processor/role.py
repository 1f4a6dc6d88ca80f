"""`QueryProcessor`: the role. It receives clients and gives each a Connection and a Session; it holds no durable state.

Clients come as sockets, from the gateway of this host (`clients_path`, runtime/socket_passing.py) or from a port of its own (`host`, `port`).

    processor = QueryProcessor(context, 1, clients_path="/run/e/clients-1.sock")
    await processor.start()

A session's process id carries the query processor's number, so that a cancel request that another query processor received finds its way:

    process = number << 20 | sequence

Left out: the rate of new connections, which the gateway sees.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
from typing import TYPE_CHECKING, Any

from actors.common.errors import TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.messages import Cancel
from actors.common.messages.base import Message
from actors.common.settings import Settings
from actors.common.types.calendar import UNIX_EPOCH_US
from actors.query_processor.authentication import Authenticator, Entropy
from actors.query_processor.connection import Connection, ConnectionServices
from actors.query_processor.wire.formats import ShapeCache
from actors.query_processor.wire.tls import TlsSettings
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_passing import SocketReceiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.query_processor.session.session import Session

    SessionMaker = Callable[[str, str, dict[str, str], Connection], Session]

SEQUENCE_BITS = 20
"""Of a process id: a million sessions at once; the rest, 11 bits, is the query processor's number."""
UNAUTHENTICATED_MAX = 256
"""Connections above connections_max that may be told so; more are closed without a word."""
LISTEN_BACKLOG = 1024
STOP_S_MAX = 5.0
"""For clients to take their last words."""


class QueryProcessor:
    """See the module. `make_session` replaces the real sessions in tests of the protocol alone; `entropy` gives secrets."""

    def __init__(
        self,
        context: Context,
        number: int,
        *,
        clients_path: str = "",
        host: str = "",
        port: int = 0,
        make_session: SessionMaker | None = None,
        entropy: Entropy = os.urandom,
    ) -> None:
        assert 0 < number < 1 << 31 - SEQUENCE_BITS
        self._context = context
        self._settings: Settings = context.settings
        self._number = number
        self._entropy = entropy
        self._make_session = make_session
        self._receiver = SocketReceiver(clients_path, self._on_socket) if clients_path else None
        self._address = (host, port)
        self._server: asyncio.Server | None = None
        self._services: ConnectionServices | None = None
        self._connections: dict[Connection, None] = {}
        """In the order in which they came: what ends them all does it in one order, too."""
        self._sessions: dict[int, Connection] = {}
        self._sequence = 0
        self._all_closed = asyncio.Event()
        self._stopping = False

    @property
    def port(self) -> int:
        """Of its own listener: the one that was found where 0 was asked for."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Raises DatabaseError where the settings' certificate or users cannot be used."""
        settings = self._settings.authentication
        try:
            tls = TlsSettings(settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
            authenticator = Authenticator(settings, self._entropy)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise DatabaseError("F0000", f"the authentication settings cannot be used: {error}") from None
        self._services = ConnectionServices(
            settings=self._settings,
            authenticator=authenticator,
            tls=tls,
            shapes=ShapeCache(),
            make_session=self._make_session or self._real_sessions(),
            opened=self._opened,
            closed=self._closed,
            cancel=self._cancel,
        )
        if self._receiver is not None:
            self._receiver.start()
        host, port = self._address
        if host:
            self._server = await asyncio.get_running_loop().create_server(self.new_connection, host, port, backlog=LISTEN_BACKLOG)

    def _real_sessions(self) -> SessionMaker:
        # Modules that the first large statement needs: loading DuckDB while sessions are served would hold them up for a tenth of a second.
        import duckdb  # noqa: F401

        import actors.query_processor.column_executor.plan
        import actors.query_processor.wire.columns  # noqa: F401
        from actors.common.expressions.environment import Environment
        from actors.query_processor.planner import make_plan
        from actors.query_processor.session.services import SessionServices
        from actors.query_processor.session.session import Session

        context = self._context
        clock, random = context.clock, context.random

        def present() -> int:
            return clock.now().latest + UNIX_EPOCH_US

        def make_environment(session: Session, at: int) -> Environment:
            return Environment(
                transaction_timestamp=at + UNIX_EPOCH_US,
                statement_timestamp=at + UNIX_EPOCH_US,
                clock=present,
                time_zone=session.run_time.zone,
                random=random,
                user=session.user,
                session_user=session.user,
                database=session.database,
                backend_pid=session.process,
                settings=session.run_time.values,
            )

        services = SessionServices(context, make_plan, make_environment)

        def make_session(user: str, database: str, options: dict[str, str], connection: Connection) -> Session:
            return Session(
                services,
                user,
                database,
                options=options,
                on_parameter=connection.on_parameter,
                on_notice=connection.on_notice,
                process=connection.process,
            )

        return make_session

    async def stop(self) -> None:
        """No new clients; every session ends with 57P01, its transaction rolled back."""
        self._stopping = True
        if self._receiver is not None:
            self._receiver.stop()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.terminate()
        if self._connections:
            try:
                await asyncio.wait_for(self._all_closed.wait(), STOP_S_MAX)
            except TimeoutError:
                for connection in list(self._connections):
                    connection.abort()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Cancel):
            self._cancel_own(message.process, message.secret)
        elif reply is not None:
            reply.fail(DatabaseError("XX000", f"a query processor does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        counters = self._services.counters if self._services is not None else None
        return {
            "layer": "query_processor",
            "sessions": len(self._sessions),
            "statements": counters.statements if counters else 0,
            "transactions": counters.transactions if counters else 0,
            "conflicts": counters.conflicts if counters else 0,
        }

    # clients

    def new_connection(self) -> Connection:
        """The protocol of one more client; its `connection_made` is next."""
        assert self._services is not None
        connection = Connection(self._services)
        self._connections[connection] = None
        return connection

    def _on_socket(self, client: socket.socket, already_read: bytes) -> None:
        if self._stopping or len(self._connections) >= self._settings.limits.connections_max + UNAUTHENTICATED_MAX:
            client.close()
        else:
            self._context.spawn(self._adopt(client, already_read))

    async def _adopt(self, client: socket.socket, already_read: bytes) -> None:
        try:
            _, connection = await asyncio.get_running_loop().connect_accepted_socket(self.new_connection, client)
        except OSError:  # the client left on the way
            client.close()
            return
        if already_read:
            connection.data_received(already_read)

    def _opened(self, connection: Connection, secret_bytes: int) -> tuple[int, bytes]:
        if len(self._sessions) >= self._settings.limits.connections_max > 0:
            raise DatabaseError(TOO_MANY_CONNECTIONS, "Unable to accept connection, too many open connections.")
        while True:
            self._sequence = (self._sequence + 1) % (1 << SEQUENCE_BITS)
            process = self._number << SEQUENCE_BITS | self._sequence
            if process not in self._sessions:
                break
        self._sessions[process] = connection
        return process, self._entropy(secret_bytes)

    def _closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if self._sessions.get(connection.process) is connection:
            del self._sessions[connection.process]
        if self._stopping and not self._connections:
            self._all_closed.set()

    # cancel requests

    def _cancel(self, process: int, secret: bytes) -> None:
        """A client's cancel request: for a session here, or one of the query processor whose number it carries."""
        if len(secret) > 8:
            return
        number = process >> SEQUENCE_BITS
        key = int.from_bytes(secret, "big")
        if number == self._number:
            self._cancel_own(process, key)
        else:
            self._context.bus.post(self._context.name, f"query_processor/{number}", Cancel(process, key))

    def _cancel_own(self, process: int, key: int) -> None:
        connection = self._sessions.get(process)
        if connection is not None:
            secret = connection.secret
            if secret and hmac.compare_digest(secret, key.to_bytes(8, "big")[8 - len(secret) :]):
                connection.cancel()
