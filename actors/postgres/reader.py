"""`FrontendReader`: bytes in, a client's messages out, in any division of the bytes.

    reader.receive_data(data)
    while (message := reader.next_message()) is not None: ...

- Every message's length is checked against its type's bound as soon as the five bytes of its head are there: what is
  too long is refused before it is read, so a client holds at most one message's bound of memory here (and what the
  connection lets it send ahead).
- CopyData is a stream: its payload is handed over in pieces as they arrive, whatever length it announces.
- No work per byte: messages are sliced from the buffer, pieces of a long one are joined once.
- Types are looked up in the state's row of states.TABLE; `state` is set by the connection.

A ProtocolViolation raised here is the end: the reader must not be asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct

from actors.common.errors import PROTOCOL_VIOLATION, DatabaseError
from actors.postgres.frontend import DECODERS, CopyData, Message, MessageTooLong, ProtocolViolation
from actors.postgres.startup import NoStartupPacket, StartupPacket, decode_startup
from actors.postgres.states import TABLE, Action, State

SHORT_MESSAGE_BYTES_MAX = 10_000
"""Messages that hold a name or nothing."""
PASSWORD_BYTES_MAX = 65_535
"""As PostgreSQL: room for tokens."""
COPY_DATA_BYTES_MAX = 1 << 30
"""As PostgreSQL. It is not held: handed over in pieces."""
MESSAGE_BYTES_MAX = (1 << 30) - 1
"""As PostgreSQL, where no limit is set."""
STARTUP_BYTES_MAX = 10_000
"""As PostgreSQL."""
COPY_PIECE_BYTES_MIN = 32 << 10
"""A piece of an unfinished CopyData is handed over once it has so many bytes (or a whole message)."""

_length = Struct("!I").unpack_from
_COPY_DATA = ord("d")
_SYNC = ord("S")
_BIND = ord("B")
_LONG = b"QPBF"
"""Query, Parse, Bind, FunctionCall."""
_ANSWERED_WITH_READY = frozenset(b"QFSp\0")
"""Query, FunctionCall, Sync; Password and none at all as a session begins."""
_RUNNING_NOTHING = b"CDH"
"""Close, Describe, Flush."""
DESCRIBE_UNNAMED = b"D\0\0\0\6P\0"
EXECUTE_UNNAMED = b"E\0\0\0\x09\0\0\0\0\0"
SYNC = b"S\0\0\0\4"
ALL_UNNAMED = DESCRIBE_UNNAMED + EXECUTE_UNNAMED + SYNC
"""Whole messages: what nearly every client sends behind a Bind, in one piece with it."""

Rule = tuple[Action, int, Callable[[bytes], Message]]
"""What to do with a message, how long it may be, how to decode it."""


@lru_cache(maxsize=16)
def _rules(message_bytes_max: int) -> dict[State, dict[int, Rule]]:
    """states.TABLE with all that is to be known of a type in one place: one look-up a message."""
    bounds = dict.fromkeys(DECODERS, SHORT_MESSAGE_BYTES_MAX)
    bounds.update(dict.fromkeys(_LONG, message_bytes_max or MESSAGE_BYTES_MAX))
    bounds[ord("p")] = PASSWORD_BYTES_MAX
    bounds[_COPY_DATA] = COPY_DATA_BYTES_MAX
    return {
        state: {kind: (action, bounds[kind], DECODERS[kind]) for kind, action in row.items()}
        for state, row in TABLE.items()
    }


class MessageRefused(DatabaseError):
    """A message that has no place in this state, as an error of the running statement (not of the connection)."""

    __slots__ = ()


class FrontendReader:
    """`message_bytes_max` bounds Query, Parse, Bind and FunctionCall."""

    __slots__ = (
        "_buffer",
        "_copy_left",
        "_gathered",
        "_gathered_bytes",
        "_needed",
        "_position",
        "_row",
        "_rules",
        "_state",
        "has_joined",
        "kind",
    )

    def __init__(self, message_bytes_max: int) -> None:
        self._state = State.STARTUP
        self._rules = _rules(message_bytes_max)
        self._row = self._rules[State.STARTUP]
        self.kind = 0
        """Type byte of the last message that was not passed over, also where decoding it raised."""
        self.has_joined = False
        """A message has come in pieces, at any time."""
        self._buffer = b""
        self._position = 0
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._needed = 0
        """While above 0: received data is gathered unjoined until so many bytes are there."""
        self._copy_left = 0
        """Bytes of an announced CopyData that were not handed over yet."""

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        self._row = self._rules[state]

    @property
    def buffered(self) -> int:
        """Bytes received and not handed over."""
        return len(self._buffer) - self._position + self._gathered_bytes

    @property
    def at_rest(self) -> bool:
        """No byte is unread, and the last message was one that ReadyForQuery answers (or there was none since the
        session began)."""
        return self._state is State.READY and self.kind in _ANSWERED_WITH_READY and not self.buffered

    def receive_data(self, data: bytes) -> None:
        if self._needed:
            self._gathered.append(data)
            self._gathered_bytes += len(data)
            if self._gathered_bytes >= self._needed:
                self._buffer = b"".join(self._gathered)
                self.has_joined = True
                self._gathered.clear()
                self._gathered_bytes = self._needed = 0
        elif self._position == len(self._buffer):
            self._buffer = data
            self._position = 0
        else:
            self._buffer = self._buffer[self._position :] + data
            self._position = 0

    def next_message(self) -> Message | None:
        """The next message, or None until more bytes are there.

        Raises ProtocolViolation (give the connection up), MessageRefused (the statement fails, the reader goes on), and
        22021.
        """
        row = self._row
        while True:
            if self._copy_left:
                piece = self._copy_piece()
                if piece is None or (_COPY_DATA in row and row[_COPY_DATA][0] is Action.HANDLE):
                    return piece
                continue
            buffer = self._buffer
            position = self._position
            available = len(buffer) - position
            if available < 5:
                return None
            kind = buffer[position]
            length: int = _length(buffer, position + 1)[0]
            rule = row.get(kind)
            if rule is None:
                raise ProtocolViolation(f"invalid frontend message type {kind}")
            action, bound, decode = rule
            if length > bound and kind in _LONG:
                raise MessageTooLong(kind, length, bound)
            if not 4 <= length <= bound:
                raise ProtocolViolation("invalid message length", f"Message type {chr(kind)}, {length} bytes.")
            if available <= length:
                if kind == _COPY_DATA and available > COPY_PIECE_BYTES_MIN:
                    self._position = position + 5
                    self._copy_left = length - 4
                    continue
                self._gather(length + 1)
                return None
            end = position + 1 + length
            self._position = end
            if action is Action.HANDLE:
                self.kind = kind
                return decode(buffer[position + 5 : end])
            if action is Action.REFUSE:
                self.kind = kind
                raise MessageRefused(PROTOCOL_VIOLATION, f"unexpected message type 0x{kind:02X} during COPY from stdin")

    def has_next(self, messages: bytes) -> bool:
        """Whether exactly these messages are next, which the present state handles."""
        return self._buffer.startswith(messages, self._position)

    def sole_bind(self) -> bytes | None:
        """The body of the Bind that is next, where that and ALL_UNNAMED are all that is unread, and handled now."""
        buffer, position = self._buffer, self._position
        if not buffer.endswith(ALL_UNNAMED) or self._state is not State.READY or buffer[position] != _BIND:
            return None
        end = position + 1 + _length(buffer, position + 1)[0]
        return buffer[position + 5 : end] if end + len(ALL_UNNAMED) == len(buffer) <= SHORT_MESSAGE_BYTES_MAX else None

    def passes_all(self) -> None:
        """What is unread, a Sync at its end, is used up."""
        self._position = len(self._buffer)
        self.kind = _SYNC

    def passes(self, messages: bytes, kind: int) -> None:
        """They are used up, without decoded messages' cost. `kind`: the last one's type."""
        self._position += len(messages)
        self.kind = kind

    def takes(self, message: bytes) -> bool:
        """Both, of one message."""
        if not self._buffer.startswith(message, self._position):
            return False
        self._position += len(message)
        self.kind = message[0]
        return True

    def more_copy_data(self, bytes_max: int) -> list[bytes]:
        """The payloads of the whole CopyData messages that are next, up to about `bytes_max` bytes: clients send one a
        row, and a row must not cost a message's handling."""
        buffer = self._buffer
        position = self._position
        last = len(buffer) - 5
        enough = position + bytes_max
        pieces: list[bytes] = []
        while position <= last and position < enough and buffer[position] == _COPY_DATA and not self._copy_left:
            (length,) = _length(buffer, position + 1)
            end = position + 1 + length
            if end > last + 5 or length < 4:
                break
            pieces.append(buffer[position + 5 : end])
            position = end
        self._position = position
        return pieces

    def sync_follows(self) -> bool:
        """Whether what has arrived behind the last message leads to Sync without anything that runs: Close, Describe
        and Flush may stand between."""
        buffer = self._buffer
        position = self._position
        while position + 5 <= len(buffer) and buffer[position] in _RUNNING_NOTHING:
            position += 1 + _length(buffer, position + 1)[0]
        return position < len(buffer) and buffer[position] == _SYNC

    def next_startup(self) -> StartupPacket | None:
        """The next packet without a type byte, or None until more bytes are there. Raises NoStartupPacket,
        ProtocolViolation."""
        assert self._state is State.STARTUP
        buffer = self._buffer
        position = self._position
        available = len(buffer) - position
        if available < 4:
            return None
        (length,) = _length(buffer, position)
        if not 8 <= length <= STARTUP_BYTES_MAX:
            raise NoStartupPacket
        if available < length:
            return None
        self._position = position + length
        return decode_startup(buffer[position + 4 : position + length])

    def _gather(self, needed: int) -> None:
        if len(self._buffer) > self._position:
            self._gathered.append(self._buffer[self._position :])
            self._gathered_bytes = len(self._gathered[0])
        self._needed = needed
        if self._needed > COPY_PIECE_BYTES_MIN and self._gathered and self._gathered[0][0] == _COPY_DATA:
            self._needed = COPY_PIECE_BYTES_MIN + 1
        self._buffer = b""
        self._position = 0

    def _copy_piece(self) -> CopyData | None:
        data = self._buffer[self._position : self._position + self._copy_left]
        if not data:
            return None
        self._position += len(data)
        self._copy_left -= len(data)
        return CopyData(data)
