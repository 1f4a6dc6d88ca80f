"""`Rest`: the part of a Connection that knows whether its session rests, and what of it another process needs to carry
it on.

A session rests between two messages, when the last one was answered with ReadyForQuery, all answers have left, and
nothing is bound to this process. Then its client waits for nothing, and everything that it may send meanwhile stays in
the socket, which is the same socket wherever it is read. What keeps a session here: a transaction or a message that is
not complete; answers that the client does not take; TLS, whose keys are in this process; a connection that is about to
end; more than SESSION_BYTES_MAX of state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from actors.common.parked_session import encode_session
from actors.query_processor.session.parking import may_park, park
from actors.runtime.streams import ServedStream

if TYPE_CHECKING:
    from actors.query_processor.connection import Connection


class Rest:
    """Costs a connection that is not asked one look at `awaited` each time it runs out of messages."""

    __slots__ = ("_connection", "_looks", "_waited_for", "answered", "awaited")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.awaited: Callable[[], None] | None = None
        """To be called, once, as soon as the session rests and its client has been answered."""
        self.answered = 0
        """Messages that the connection has answered without an end of its wait."""
        self._waited_for: tuple[Any, int] = None, 0
        self._looks = 0

    def look(self) -> int:
        """How many times in a row this was asked while the connection waited for one and the same message."""
        (waited, answered), self._waited_for = self._waited_for, (self._connection._input, self.answered)
        is_same = waited is not None and waited is self._connection._input and answered == self.answered
        self._looks = self._looks + 1 if is_same else 0
        return self._looks

    def when(self, callback: Callable[[], None]) -> None:
        """Call back once the session rests, in the loop's next turn where it does already."""
        self.awaited = callback
        if self._connection._input is not None:
            self.begins()

    def begins(self) -> None:
        """The connection has handled all that was there, and is about to wait."""
        connection, awaited = self._connection, self.awaited
        if (
            awaited is not None
            and connection.reader.at_rest
            and connection.session is not None
            and may_park(connection.session)
        ):
            self.awaited = None
            connection.flush()
            asyncio.get_running_loop().call_soon(awaited)

    @property
    def now(self) -> bool:
        """Whether the session rests."""
        connection = self._connection
        session, transport = connection.session, connection._transport
        return (
            connection._input is not None
            and session is not None
            and transport is not None
            and connection.tls is None
            and not (
                connection._lost
                or connection.output
                or connection._reading_paused
                or connection._last_word
                or connection._too_old
            )
            and connection.reader.at_rest
            and may_park(session)
            and not transport.get_write_buffer_size()
        )

    @property
    def stream(self) -> ServedStream | None:
        """By which a client of another host's gateway is served."""
        transport = self._connection._transport
        return transport if isinstance(transport, ServedStream) else None

    def give(self) -> tuple[int, bytes] | None:
        """(descriptor, -1 where it has none, and the encoded session) of a connection that may be let go now, without a
        turn of the loop in between. None where it does not rest, or has too much state."""
        connection = self._connection
        if not self.now:
            return None
        assert (
            connection.session is not None
            and connection._conversation is not None
            and connection._transport is not None
        )
        session = park(
            connection.session, connection._conversation.unnamed_statement, (connection.process, connection.secret)
        )
        age = connection._age_timer
        age_left_s = age.when() - asyncio.get_running_loop().time() if age is not None else None
        data = encode_session(replace(session, idle_left_s=connection.deadlines.idle_left_s, age_left_s=age_left_s))
        if data is None:
            return None
        return (-1 if self.stream is not None else connection._transport.get_extra_info("socket").fileno()), data
