"""`Connection`: one client's socket, from its first byte to its last; it drives a Session.

    data_received -> FrontendReader -> Conversation -> Session's coroutines -> output, written once a batch

One Fiber lives as long as the connection: it takes messages from the reader until there are none, writes what it has to
say, and waits for more. No task and no future a message; a batch of pipelined messages costs one write. A point read
whose answer is at hand is answered while the fiber waits on (Conversation.answer_now).

- Backpressure: rows stop while the socket's write buffer is above its high water; reading stops while the fiber is busy
  and the input beyond `INPUT_BYTES_MAX`. One connection yields to the others after `TURN_MESSAGES_MAX` messages.
- A client that leaves, an administrator's stop, a cancel request and a timeout (deadlines.py) end the fiber's wait with
  an exception; the transaction is rolled back. A commit under way is not cancelled, since its outcome would be unknown:
  a session that is to end meanwhile ends once the client has been told.
- A connection older than `limits.connection_age_s` ends with 57P01 as soon as no transaction is open.
- A connection whose session rests can be let go (parking.py): its socket lives on in another process, with its session,
  and nothing of either was left here. A connection of a session that comes from elsewhere begins where that one was: at
  ReadyForQuery.
- A bug in a statement is XX000 for that client, and logged; other sessions go on.

Left out: replication connections, GSSAPI, the function-call message.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from actors.common.errors import (
    ADMIN_SHUTDOWN,
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    INVALID_AUTHORIZATION_SPECIFICATION,
    INVALID_CATALOG_NAME,
    QUERY_CANCELED,
    STATEMENT_TOO_COMPLEX,
    DatabaseError,
)
from actors.common.latency import arrival_ns
from actors.common.parked_session import ParkedSession
from actors.postgres import backend, frontend, startup
from actors.postgres.frontend import MessageTooLong, ProtocolViolation
from actors.postgres.reader import FrontendReader
from actors.postgres.states import State
from actors.postgres.tls import TlsSession
from actors.query_processor.channel import OUTPUT_BYTES_MAX, Disconnected, Terminated
from actors.query_processor.connection_services import ConnectionServices
from actors.query_processor.conversation import HANDLERS, Conversation
from actors.query_processor.deadlines import Deadlines, Kind, Timeouts, error_of
from actors.query_processor.endings import TERMINATED
from actors.query_processor.metering import MeteredFiber, prompt_turn
from actors.query_processor.negotiation import negotiate
from actors.query_processor.rest import Rest
from actors.query_processor.session.parking import restore
from actors.runtime.fiber import Completion, Fiber, turn

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

INPUT_BYTES_MAX = 1 << 20
"""Unread input of a busy connection before its socket is no longer read: a pipeline of thousands of statements."""
TURN_MESSAGES_MAX = 128
"""Messages of one connection handled before other connections have their turn; Describe, Execute and Sync count with
the Bind that they came with."""
STARTUP_S_MAX = 60.0
"""As PostgreSQL's authentication_timeout."""
CLOSING_S_MAX = 5.0
"""For a client to take the last words."""
SECRET_BYTES = {startup.VERSION_3_0: 4, startup.VERSION_3_2: 8}
"""Of a cancel key. Eight bytes still are an integer of the bus's messages."""
DATABASE = "postgres"
"""A cluster has one."""

logger = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """See the module."""

    def __init__(self, services: ConnectionServices, parked: ParkedSession | None = None) -> None:
        """`parked`: the session that this connection carries on."""
        self._services = services
        self._parked = parked
        self.reader = FrontendReader(services.settings.limits.message_bytes_max)
        self.output = bytearray()
        """What is to be written; another object after every write."""
        self.arrived_ns = 0
        """When the input came that is being answered, where it is timed."""
        self.cancellable = False
        """A statement runs that a cancel request may end."""
        self.session: Session | None = None
        self.deadlines: Deadlines
        """There once the session is."""
        self.process = 0
        self.secret = b""
        self._conversation: Conversation | None = None
        self._transport: asyncio.Transport | None = None
        self.tls: TlsSession | None = None
        """What the connection is encrypted by."""
        self._fiber: Fiber | None = None
        self._input: Completion[None] | None = None
        """What the fiber waits on for input."""
        self._writable: Completion[None] | None = None
        """There while the socket does not take more."""
        self._reading_paused = False
        self._lost = False
        self._given_away = False
        """The socket and the session are another process's."""
        self.rest = Rest(self)
        self._discarded: int | None = None
        """There once a message was too long: what still comes is not kept. Bytes of that message that are yet to
        come."""
        self._untouched = True
        """No byte has come yet."""
        self._last_word: DatabaseError | None = None
        """The connection ends with it when the message under way has been answered."""
        self._too_old: DatabaseError | None = None
        """The connection ends with it when no transaction is open."""
        self._age_timer: asyncio.TimerHandle | None = None
        self._startup_timer: asyncio.TimerHandle | None = None
        self._closing_timer: asyncio.TimerHandle | None = None

    # -- transport -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour, not by class
        self._transport.set_write_buffer_limits(high=OUTPUT_BYTES_MAX)
        if self._parked is None:
            late = Disconnected("no startup packet in time")
            self._startup_timer = asyncio.get_running_loop().call_later(STARTUP_S_MAX, lambda: self._interrupt(late))
        self._fiber = MeteredFiber(self._live(), self._ended)

    def data_received(self, data: bytes) -> None:
        """Bytes from the socket (or that were read from it by whoever accepted it)."""
        if self._untouched and data:
            self._untouched = False
            if data[0] == startup.TLS_HANDSHAKE and self._services.tls is not None:
                self.tls = TlsSession(self._services.tls, direct=True)
        if self.tls is not None:
            decrypted = self._decrypt(self.tls, data)
            if not decrypted:
                return
            data = decrypted
        if self._discarded is not None:
            return self._discard(len(data))
        self.reader.receive_data(data)
        waiting = self._input
        if waiting is not None:
            if self._conversation is None or not self._conversation.reads or not self._answered_now():
                waiting.succeed(None)
        elif self.reader.buffered > INPUT_BYTES_MAX and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def _answered_now(self) -> bool:
        """What has come to a session at rest is answered, and the fiber waits on."""
        conversation, rest = self._conversation, self.rest
        if conversation is None or rest.awaited or self._too_old or self._writable or self._reading_paused:
            return False
        if not prompt_turn(conversation.answer_now):
            return False
        rest.answered += 1
        self._services.outbox.add(self)
        return True

    def _discard(self, size: int) -> None:
        """libpq gives up where the stream ends while it writes, and a socket closed with bytes unread is reset: the
        client sends all, then reads the last word."""
        assert self._transport is not None and self._discarded is not None
        before, self._discarded = self._discarded, self._discarded - size
        if before > 0 >= self._discarded or size == 0:
            self._transport.write_eof()

    def _decrypt(self, tls: TlsSession, data: bytes) -> bytes:
        assert self._transport is not None
        try:
            data = tls.receive(data)
        except ProtocolViolation as error:
            logger.info("connection %d: %s: %s", self.process, error.message, error.detail)
            self._transport.write(tls.pending())
            self._transport.close()
            return b""
        answer = tls.pending()
        if answer:
            self._transport.write(answer)
        if tls.ended:
            self._transport.close()
        return data

    def connection_lost(self, error: Exception | None) -> None:
        if self._given_away:
            return
        self._lost = True
        if self._closing_timer is not None:
            self._closing_timer.cancel()
        self._interrupt(Disconnected())
        self._services.closed(self)

    def pause_writing(self) -> None:
        self._writable = Completion()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None:
            writable.succeed(None)

    # -- from outside --------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """A cancel request: the running statement fails with 57014; nothing happens where there is none, or while it
        commits."""
        if self.cancellable and self._fiber is not None:
            self._fiber.cancel(DatabaseError(QUERY_CANCELED, "canceling statement due to user request"))

    def terminate(self, error: DatabaseError | None = None) -> None:
        """End the connection with a last word (57P01 unless another error is given). Its transaction is rolled back;
        the outcome of a commit under way is awaited and told before."""
        last_word = error or DatabaseError(ADMIN_SHUTDOWN, TERMINATED)
        if self.session is not None and self.session.committing:
            self._last_word = last_word
        else:
            self._interrupt(Terminated(last_word))

    def abort(self) -> None:
        """Close the socket without another word."""
        if self._transport is not None:
            self._transport.abort()

    def _deadline_passed(self, kind: Kind) -> None:
        assert self.session is not None
        if kind is Kind.STATEMENT:
            if self.cancellable and self._fiber is not None:
                self._fiber.cancel(error_of(kind))
        elif not self.session.committing:
            self.terminate(error_of(kind))

    def _age_reached(self, timeouts: Timeouts) -> None:
        limit_s = self._services.settings.limits.connection_age_s
        self._too_old = DatabaseError(
            ADMIN_SHUTDOWN, f"terminating connection: connection age limit of {limit_s}s exceeded"
        )
        timeouts.used = True
        if self._input is not None and not self._in_transaction():
            self.terminate(self._too_old)

    def _in_transaction(self) -> bool:
        session = self.session
        return session is not None and (session.in_block or session.transaction is not None)

    def _interrupt(self, error: Exception) -> None:
        if self._fiber is not None:
            self._fiber.cancel(error)

    # -- the fiber -----------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            conversation = await self._begin() if self._parked is None else self._resume(self._parked)
            if conversation is not None:
                await self._serve(conversation)
        except (Disconnected, startup.NoStartupPacket):
            pass
        except Terminated as ending:
            self._fatal(ending.error)
        except DatabaseError as error:
            if isinstance(error, MessageTooLong):
                self._discarded = max(error.length + 1 - self.reader.buffered, 0)
            self._fatal(error)
        finally:
            self.reader.state = State.CLOSED
            if self.session is not None:
                await self.session.close()

    def _ended(self, _: Any, error: BaseException | None) -> None:
        if error is not None:
            logger.error("connection %d ended by a bug", self.process, exc_info=error)
        for timer in filter(None, (self._startup_timer, self._age_timer)):
            timer.cancel()
        if self.session is not None:
            self.deadlines.close()
        self.flush()
        if self._transport is not None and not self._lost:
            if self._discarded is not None:
                if self._discarded == 0:
                    self._discard(0)
                if self._reading_paused:
                    self._transport.resume_reading()
            else:
                self._transport.close()
            self._closing_timer = asyncio.get_running_loop().call_later(CLOSING_S_MAX, self._transport.abort)

    def _fatal(self, error: DatabaseError) -> None:
        self.output += backend.error_response(error, "FATAL")

    async def _serve(self, conversation: Conversation) -> None:
        reader, handlers, session = self.reader, HANDLERS, self.session
        assert session is not None
        timeouts, rest = session.run_time.timeouts, self.rest
        handled = 0
        while True:
            try:
                message = reader.next_message()
                if message is None:
                    handled = 0
                    if self._too_old is not None and not self._in_transaction():
                        raise Terminated(self._too_old)
                    if rest.awaited is not None:
                        rest.begins()
                    await self.more()
                    continue
                if timeouts.used:
                    if self._too_old is not None and not self._in_transaction():
                        raise Terminated(self._too_old)
                    self.deadlines.message_begins(session.failed)
                await handlers[message.__class__](conversation, message)
            except (ProtocolViolation, Disconnected, Terminated):
                raise
            except DatabaseError as error:
                conversation.report(error)
            except RecursionError:
                conversation.report(DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"))
            except Exception as bug:
                logger.exception("connection %d: a statement failed by a bug", self.process)
                conversation.report(DatabaseError(INTERNAL_ERROR, f"internal error: {type(bug).__name__}"))
            self.cancellable = False
            if self._last_word is not None:
                raise Terminated(self._last_word)
            handled += 1
            if handled >= TURN_MESSAGES_MAX:
                handled = 0
                self.flush()
                await turn()
            if len(self.output) > OUTPUT_BYTES_MAX:
                await self.drain()

    async def more(self) -> None:
        """Wait for input; what there is to say is written at the end of the turn. Raises Disconnected."""
        if self.output:
            if self._writable is None:
                self._services.outbox.add(self)
            else:
                await self.drain()
        if self._lost:
            raise Disconnected
        if self._reading_paused:
            assert self._transport is not None
            self._reading_paused = False
            self._transport.resume_reading()
        self._input = Completion()
        try:
            await self._input
        finally:
            self._input = None
        self.arrived_ns = arrival_ns()
        if self.reader.has_joined and self.reader.buffered > INPUT_BYTES_MAX:
            await turn()  # a large message has just been joined

    async def drain(self) -> None:
        """Write what there is to say; wait while the client does not take it."""
        self.flush()
        while self._writable is not None:
            await self._writable
        if self._lost:
            raise Disconnected

    def flush(self) -> None:
        """Write what there is to say, now."""
        if self.output and not self._lost and self._transport is not None:
            output, self.output = self.output, bytearray()
            self._transport.write(bytes(output) if self.tls is None else self.tls.send(output))
            session, conversation = self.session, self._conversation
            if session is not None and session.commit_untold and not (conversation and conversation.holds_success):
                session.commit_untold = False

    # -- beginning -----------------------------------------------------------------------------------------------------

    async def _begin(self) -> Conversation | None:
        """Start-up packets to the first ReadyForQuery; None where it was a cancel request. Raises DatabaseError:
        fatal."""
        services = self._services
        message = await negotiate(self, services.tls)
        if isinstance(message, startup.CancelRequest):
            services.cancel(message.process, message.secret)
            return None
        if services.settings.authentication.is_encrypted and self.tls is None:
            raise DatabaseError(INVALID_AUTHORIZATION_SPECIFICATION, "unable to accept connection, SSL is required")
        services.enter()
        if message.negotiate:
            self.output += backend.negotiate_protocol_version(message.version, message.unknown_options)
        user = message.parameters.get("user", "")
        database = message.parameters.get("database") or DATABASE
        self.reader.state = State.AUTHENTICATING
        await services.authenticator.check(self, user)
        if database != DATABASE:
            raise DatabaseError(INVALID_CATALOG_NAME, f'database "{database}" does not exist')
        if message.parameters.get("replication", "false") not in ("false", "off", "no", "0"):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "replication connections are not supported")
        self.process, self.secret = services.opened(self, SECRET_BYTES[message.version])
        session = services.make_session(user, database, startup.session_options(message.parameters), self)
        await session.begin()
        if services.admit is not None:
            await services.admit(session)
        conversation = self._converse(session, services.settings.limits.connection_age_s or None)
        for name, value in session.parameters.items():
            self.output += backend.parameter_status(name, value)
        self.output += backend.backend_key_data(self.process, self.secret)
        self.output += backend.ready_for_query(session.status)
        self.reader.state = State.READY
        if self._startup_timer is not None:
            self._startup_timer.cancel()
        return conversation

    def _converse(self, session: Session, age_left_s: float | None) -> Conversation:
        """From here on the session is this connection's."""
        self.deadlines = Deadlines(session.run_time.timeouts, self._deadline_passed)
        if age_left_s is not None:
            self._age_timer = asyncio.get_running_loop().call_later(
                age_left_s, self._age_reached, session.run_time.timeouts
            )
        self.session = session
        self._conversation = Conversation(self, session, self._services.shapes, self._services.counters)
        return self._conversation

    # -- parking -------------------------------------------------------------------------------------------------------

    def _resume(self, parked: ParkedSession) -> Conversation:
        self._untouched = False
        self.process, self.secret = parked.process, parked.secret
        self._services.restored(self)
        session = self._services.make_session(parked.user, parked.database, {}, self)
        restore(session, parked)
        conversation = self._converse(session, parked.age_left_s)
        conversation.unnamed_statement = parked.statements.get("")
        if session.run_time.timeouts.used:
            self.deadlines.ready("I")
        self.reader.state = State.READY
        self._parked = None
        return conversation

    def let_go(self) -> None:
        """Another process has the socket and the session: nothing more is read here, and closing this copy of the
        socket ends nothing."""
        assert self._transport is not None
        self._lost = self._given_away = True
        self.rest.awaited = None
        self._interrupt(Disconnected())
        self._services.closed(self)
        self._transport.abort()

    # Authenticator's channel

    @property
    def certificate_hash(self) -> bytes | None:
        tls = self._services.tls
        return tls.certificate_hash if self.tls is not None and tls is not None else None

    @property
    def address(self) -> str:
        assert self._transport is not None
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def send(self, data: bytes) -> None:
        self.output += data

    async def password(self) -> bytes:
        while (message := self.reader.next_message()) is None:
            await self.more()
        if not isinstance(message, frontend.Password):
            raise Disconnected
        return message.data

    # Session's callbacks

    def on_parameter(self, name: str, value: str) -> None:
        if self.session is not None:
            self.output += backend.parameter_status(name, value)

    def on_notice(self, severity: str, sqlstate: str, message: str) -> None:
        self.output += backend.notice_response(severity, sqlstate, message)
