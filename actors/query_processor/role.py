"""`QueryProcessor`: the role. It receives clients and gives each a Connection and a Session; it holds no durable state.

Clients come as sockets, from the gateway of this host (`clients_path`, runtime/socket_passing.py) or from a port of its
own (`host`, `port`); those of a gateway of another host as streams of bytes (runtime/streams.py).

    processor = QueryProcessor(context, 1, clients_path="/run/e/clients-1.sock")
    await processor.start()

A session's process id carries the number of the query processor that began it, so that no two that begin at once have
the same:

    process = number << 20 | sequence

Sessions that rest go to a gateway and come back here or elsewhere (parking.py). So a cancel request that is for no
session here goes to all others.

How many clients it takes is admission.py's.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from actors.common.error_response import error_response
from actors.common.errors import ADMIN_SHUTDOWN, OBJECT_NOT_IN_PREREQUISITE_STATE, TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.messages import AskSessions, Cancel, Credentials, Done, Drain, Informed, OpenStream, Sessions
from actors.common.messages.base import Message
from actors.common.metering import Usage
from actors.common.parked_session import ParkedSession, decode_session
from actors.common.settings import Settings
from actors.postgres.formats import ShapeCache
from actors.postgres.tls import TlsSettings
from actors.query_processor.admission import Admission, Promises
from actors.query_processor.authentication import Authenticator, Entropy
from actors.query_processor.authentication.catalog_roles import CatalogRoles
from actors.query_processor.connection import SECRET_BYTES, Connection
from actors.query_processor.connection_services import ConnectionServices
from actors.query_processor.credentials import HeldCredentials
from actors.query_processor.endings import TERMINATED, give_up, last_words
from actors.query_processor.load import LoadReports
from actors.query_processor.parking import Parking
from actors.query_processor.role_limits import RoleLimits
from actors.runtime import descriptors
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_link import SocketReply
from actors.runtime.socket_receiver import SocketReceiver
from actors.runtime.streams import ServedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from actors.query_processor.session.services import SessionServices
    from actors.query_processor.session.session import Session

    SessionMaker = Callable[[str, str, dict[str, str], Connection], Session]

SEQUENCE_BITS = 20
"""Of a process id: a million sessions at once; the rest, 11 bits, is the query processor's number."""
SECRET_SIZES = sorted(set(SECRET_BYTES.values()))
LISTEN_BACKLOG = 1024
PREPARE_S = 5.0
"""After a start: what only long statements need is made then, when the client that it was for has its row."""
STOP_S_MAX = 5.0
"""For clients to take their last words."""


class QueryProcessor:
    """See the module. `parking_path`: gateway's role name -> the Unix socket at which it takes sessions to park.
    `make_session` replaces the real sessions in tests of the protocol alone; `entropy` gives secrets; `computed_s`
    tells for how long this thread has computed: where it is given, the controller is told of the load, and of what the
    sessions have used, with `computed_ns`, processor time that nobody has taken yet (metering.py)."""

    def __init__(
        self,
        context: Context,
        number: int,
        *,
        clients_path: str = "",
        parking_path: Callable[[str], str] | None = None,
        host: str = "",
        port: int = 0,
        make_session: SessionMaker | None = None,
        entropy: Entropy = os.urandom,
        computed_s: Callable[[], float] | None = None,
        computed_ns: Callable[[], int] = int,
    ) -> None:
        assert 0 < number < 1 << 31 - SEQUENCE_BITS
        self._context = context
        self._settings: Settings = context.settings
        self._number = number
        self._entropy = entropy
        self._make_session = make_session
        self._receiver = (
            SocketReceiver(
                clients_path, self._on_socket, self._has_room, self._on_session, self._has_seat, context.sockets
            )
            if clients_path
            else None
        )
        layout = self._settings.layout
        neighbours = -(-layout.query_processors // len(layout.azs)) if layout.placement == "az" else 1
        self._admission = Admission(self._settings, number, descriptors.for_clients(descriptors.limit()) // neighbours)
        self._role_limits = RoleLimits(
            context, lambda: (each.session for each in self._sessions.values() if each.session is not None)
        )
        self._address = (host, port)
        self._server: asyncio.Server | None = None
        self._services: ConnectionServices | None = None
        self._session_services: SessionServices | None = None
        self._credentials: HeldCredentials | None = None
        self._connections: dict[Connection, None] = {}
        """In the order in which they came: what ends them all does it in one order, too."""
        self._arriving: dict[Connection, None] = {}
        """Those without a session, the oldest first."""
        self._promises = Promises()
        self._sessions: dict[tuple[int, bytes], Connection] = {}
        """By process and secret: a session that comes from elsewhere may have a process id that was given here, too."""
        self._parking = (
            Parking(
                context,
                self._sessions.values,
                self._is_empty,
                parking_path,
                self._on_session,
                self._settings.sessions.park_after_s,
            )
            if parking_path is not None and make_session is None
            else None
        )
        self._load: LoadReports | None = None
        if computed_s is not None:
            self._load = LoadReports(context, self._present, computed_s, self._usage)
        self._computed_ns = computed_ns
        self._coming: set[asyncio.Task[Any]] = set()
        """Clients that were passed here, and have no connection yet."""
        self._resuming = 0
        """Sessions that have come from a gateway, and have no connection yet."""
        self._sequence = int.from_bytes(entropy(3), "big") if parking_path is not None else 0
        """Sessions of this number may be about that an earlier process of this role began."""
        self._preparing: asyncio.TimerHandle | None = None
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
        make_session = self._make_session or self._real_sessions()
        roles = CatalogRoles(self._session_services) if self._session_services is not None else None
        try:
            tls = TlsSettings(settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
            authenticator = Authenticator(
                self._settings, self._entropy, lambda: self._context.clock.now().latest / 1e6, roles
            )
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise DatabaseError("F0000", f"the authentication settings cannot be used: {error}") from None
        self._services = ConnectionServices(
            settings=self._settings,
            authenticator=authenticator,
            tls=tls,
            shapes=ShapeCache(),
            make_session=make_session,
            enter=lambda: self._admission.enter(len(self._sessions), asyncio.get_running_loop().time()),
            admit=self._role_limits.admit if self._make_session is None else None,
            opened=self._opened,
            restored=self._restored,
            closed=self._closed,
            cancel=self._cancel,
        )
        self._credentials = HeldCredentials(self._context, self._services)
        if settings.method == "tokens":
            await self._credentials.ask()
        if self._receiver is not None:
            self._receiver.start()
        if self._parking is not None:
            self._parking.start()
        if self._receiver is not None and self._make_session is None:
            self._preparing = asyncio.get_running_loop().call_later(PREPARE_S, self._prepare)
        host, port = self._address
        if host:
            self._server = await asyncio.get_running_loop().create_server(
                self.new_connection, host, port, backlog=LISTEN_BACKLOG
            )

    def _prepare(self) -> None:
        from actors.query_processor.session import value_lists

        asyncio.get_running_loop().run_in_executor(None, value_lists.prepare)

    def _real_sessions(self) -> SessionMaker:
        # Modules that the first large statement needs: loading DuckDB while sessions are served would hold them up for
        # a tenth of a second.
        import duckdb  # noqa: F401

        from actors.query_processor.planner import make_environment, make_plan
        from actors.query_processor.session.services import SessionServices
        from actors.query_processor.session.session import Session

        services = self._session_services = SessionServices(self._context, make_plan, make_environment)

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
        """No new clients: those on their way here go back to their gateways. Every session ends with 57P01, its
        transaction rolled back."""
        self._stopping = True
        if self._session_services is not None:
            self._session_services.jobs.stop()
        if self._preparing is not None:
            self._preparing.cancel()
        if self._load is not None:
            self._load.stop()
        if self._parking is not None:
            self._parking.stop()
        if self._receiver is not None:
            self._receiver.stop()
        if self._server is not None:
            self._server.close()
        if self._coming:
            await asyncio.wait(self._coming, timeout=STOP_S_MAX)
        for connection in list(self._connections):
            connection.terminate()
        if self._connections:
            try:
                await asyncio.wait_for(self._all_closed.wait(), STOP_S_MAX)
            except TimeoutError:
                for connection in list(self._connections):
                    give_up(connection)

    def last_words(self) -> None:
        """As Speaker says. No commit is sent to an adjudicator once it has begun, so that what sessions are told stays
        true."""
        if self._session_services is not None:
            self._session_services.silenced = True
        for connection in list(self._sessions.values()):
            last_words(connection)

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Cancel):
            self._cancel_own(message.process, message.secret)
        elif isinstance(message, AskSessions) and reply is not None:
            reply(Sessions(self._role_limits.count(message.role)))
        elif isinstance(message, Credentials) and reply is not None:
            assert self._credentials is not None
            self._credentials.take(message)
            reply(Informed(self._credentials.version))
        elif isinstance(message, Drain):
            self._drain(message.wanted, reply)
        elif isinstance(message, OpenStream) and reply is not None:
            self._take_stream(message, reply)
        elif reply is not None:
            reply.fail(DatabaseError("XX000", f"a query processor does not understand {type(message).__name__}"))

    def _drain(self, wanted: bool, reply: Reply | None) -> None:
        """Without a place to park sessions it can only be found empty, or not."""
        if self._parking is not None:
            self._parking.drain(wanted, reply)
        elif reply is not None:
            if wanted and self._connections:
                reply.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "its sessions cannot be parked"))
            else:
                reply(Done())

    def status(self) -> dict[str, Any]:
        counters = self._services.counters if self._services is not None else None
        return {
            "layer": "query_processor",
            "sessions": len(self._sessions),
            "sessions_max": self._admission.sessions_max,
            "parked": self._parking.parked if self._parking is not None else 0,
            "draining": self._draining,
            "statements": counters.statements if counters else 0,
            "transactions": counters.transactions if counters else 0,
            "conflicts": counters.conflicts if counters else 0,
            "latency_us": counters.latencies.account() if counters else {},
        }

    def _usage(self) -> Usage:
        counters = self._services.counters if self._services is not None else None
        if counters is None or self._session_services is None:
            return Usage()
        return self._session_services.meter.usage(
            self._computed_ns(), counters.statements, counters.transactions, counters.conflicts
        )

    # clients

    @property
    def _draining(self) -> bool:
        return self._parking is not None and self._parking.draining

    def new_connection(self) -> Connection:
        """The protocol of one more client; its `connection_made` is next. Too many without a session: the oldest of
        them goes."""
        assert self._services is not None
        connection = Connection(self._services)
        self._connections[connection] = self._arriving[connection] = None
        self._promises.keep()
        if len(self._arriving) > self._admission.arriving_max:
            oldest = next(iter(self._arriving))
            del self._arriving[oldest]
            oldest.abort()
        return connection

    def _has_room(self) -> bool | None:
        """A gateway asks for one more client. Those that were promised room and are on their way count. None: to be
        left out."""
        if self._draining or self._stopping:
            return None
        now_s = asyncio.get_running_loop().time()
        promised = self._promises.open(now_s)
        room = self._admission.has_room(len(self._connections) + promised, len(self._arriving) + promised, now_s)
        if room:
            self._promises.make(now_s)
        return room

    def _present(self) -> int:
        """Sessions, and clients of gateways that are about to have one: the cluster must not go to zero while they
        authenticate, nor while a job is under way."""
        working = self._session_services is not None and self._session_services.jobs.is_working
        return (
            working + len(self._sessions) + self._resuming + (len(self._arriving) if self._receiver is not None else 0)
        )

    def _is_empty(self) -> bool:
        return (
            not self._connections and not self._resuming and not self._promises.open(asyncio.get_running_loop().time())
        )

    def _on_socket(self, client: socket.socket, already_read: bytes) -> None:
        if self._stopping:
            client.close()
        else:
            self._come(self._adopt(client, already_read))

    def _come(self, coming: Coroutine[Any, Any, None]) -> None:
        task = self._context.spawn(coming)
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    async def _adopt(self, client: socket.socket, already_read: bytes) -> None:
        connection = await self._connect(self.new_connection, client)
        if connection is None:
            return
        if self._load is not None:
            self._load.session_came()
        if already_read:
            connection.data_received(already_read)

    async def _connect(self, make: Callable[[], Connection], client: socket.socket) -> Connection | None:
        try:
            _, connection = await asyncio.get_running_loop().connect_accepted_socket(make, client)
        except OSError:  # the client left on the way
            client.close()
            return None
        return connection

    def _take_stream(self, message: OpenStream, reply: Reply) -> None:
        """A gateway of another host has a client, whose bytes come over the network."""
        room = self._has_seat() if message.session else self._has_room()
        if room is None or not isinstance(reply, SocketReply):
            reply.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "this query processor takes no clients"))
        elif not (room or message.insist):
            reply.fail(DatabaseError(TOO_MANY_CONNECTIONS, "this query processor has no room"))
        elif (transport := reply.accept_stream(Done())) is not None:
            self._serve_stream(transport, message)

    def _serve_stream(self, transport: asyncio.Transport, message: OpenStream) -> None:
        parked = decode_session(message.session) if message.session else None
        if self._stopping or (message.session and parked is None):
            transport.abort()
            return
        ServedStream(transport, self._resumed(parked) if parked is not None else self.new_connection(), message.address)
        if parked is None and self._load is not None:
            self._load.session_came()

    # sessions that were parked

    def _has_seat(self) -> bool | None:
        """A gateway asks for one more session that was parked. None: to be left out."""
        if self._draining or self._stopping:
            return None
        now_s = asyncio.get_running_loop().time()
        seat = self._admission.has_seat(len(self._connections) + self._promises.open(now_s))
        if seat:
            self._promises.make(now_s)
        return seat

    def _on_session(self, client: socket.socket, data: bytes) -> None:
        """A gateway passes a session on. Its client was admitted once: where all query processors are full, it is one
        too many for a while."""
        parked = decode_session(data)
        if parked is None:
            client.close()
        elif self._stopping:  # and so is the gateway that it was to go back to
            with client, suppress(OSError):
                client.send(error_response(DatabaseError(ADMIN_SHUTDOWN, TERMINATED), "FATAL"))
        else:
            self._come(self._resume(client, parked))

    async def _resume(self, client: socket.socket, parked: ParkedSession) -> None:
        self._resuming += 1
        try:
            await self._connect(lambda: self._resumed(parked), client)
        finally:
            self._resuming -= 1

    def _resumed(self, parked: ParkedSession) -> Connection:
        assert self._services is not None
        connection = Connection(self._services, parked)
        self._connections[connection] = None
        self._promises.keep()
        return connection

    def _restored(self, connection: Connection) -> None:
        self._sessions[connection.process, connection.secret] = connection
        self._session_came()

    def _session_came(self) -> None:
        if self._load is not None:
            self._load.session_came()
        if self._parking is not None:
            self._parking.session_came()

    def _opened(self, connection: Connection, secret_bytes: int) -> tuple[int, bytes]:
        self._admission.check(len(self._sessions))
        self._sequence = (self._sequence + 1) % (1 << SEQUENCE_BITS)
        process, secret = self._number << SEQUENCE_BITS | self._sequence, self._entropy(secret_bytes)
        self._sessions[process, secret] = connection
        self._arriving.pop(connection, None)
        self._session_came()
        return process, secret

    def _closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._arriving.pop(connection, None)
        key = connection.process, connection.secret
        if self._sessions.get(key) is connection:
            del self._sessions[key]
        if self._stopping and not self._connections:
            self._all_closed.set()

    # cancel requests

    def _cancel(self, process: int, secret: bytes) -> None:
        """A client's cancel request: for a session here, or one that another query processor has. Which one that is,
        its process id does not tell: sessions move."""
        if len(secret) > 8:
            return
        key = int.from_bytes(secret, "big")
        if self._cancel_own(process, key):
            return
        topology = self._context.bus.topology
        home = f"query_processor/{process >> SEQUENCE_BITS}"
        others = (
            {name for name in topology.azs if name.startswith("query_processor/")} if topology is not None else {home}
        )
        for name in sorted(others - {self._context.name}):
            self._context.bus.post(self._context.name, name, Cancel(process, key))

    def _cancel_own(self, process: int, key: int) -> bool:
        """Whether the session is here. (The secret is looked up by its hash, which is keyed: the time that it takes
        tells nothing.)"""
        for size in SECRET_SIZES:
            connection = self._sessions.get((process, key.to_bytes(8, "big")[8 - size :]))
            if connection is not None and key >> 8 * size == 0:
                connection.cancel()
                return True
        return False
