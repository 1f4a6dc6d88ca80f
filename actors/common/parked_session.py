"""`ParkedSession`: all that there is of a session besides its socket, so that another process can carry the session on.

    query processor --encode--> gateway (keeps the bytes while the session is parked) --> any query processor
        --decode-->

Fields are encoded by name (MessagePack): a build that does not know a field passes over it, and one that misses a field
takes the default, so a build reads what earlier builds of the same `FORMAT` have written. A change of meaning is
another FORMAT.

Not here, since a session that has any of it is not parked: a transaction, portals and cursors, a COPY, bytes read and
not handled, answers not sent, TLS (its keys are in the process that made them). Sessions have no temporary tables,
LISTEN or advisory locks: those would have to come here.
"""

from __future__ import annotations

import msgspec

FORMAT = 1
SESSION_BYTES_MAX = 64 << 10
"""Of an encoded session: a packet of a Unix socket, and what one parked session may take of a gateway's memory."""


class ParkedStatement(msgspec.Struct, frozen=True, array_like=True):
    """A prepared statement as text: it is planned again when it is used.

    `given`: the parameters' types as the client gave them, "" where it left them open; `types`: as they were inferred,
    which the client may have been told. `kind` tells a statement that the protocol's Parse has prepared from one within
    the text of a PREPARE. `shape`: digest of its columns' names and types as the client knows them.
    """

    sql: str
    kind: str
    given: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    shape: bytes = b""


class ParkedSession(msgspec.Struct, frozen=True, kw_only=True):
    """See the module. `values` and `session_defaults` are the run-time parameters that are not PostgreSQL's defaults.

    `newest_commit_ts`: no later transaction begins below it, so the session reads its own writes. `idle_left_s` and
    `age_left_s`: until idle_session_timeout and limits.connection_age_s end the session; None: they do not.
    """

    format: int = FORMAT
    process: int
    secret: bytes
    user: str
    database: str
    roles: dict[str, int] = {}
    """The oids of the roles that it has been, by name."""
    values: dict[str, str] = {}
    session_defaults: dict[str, str] = {}
    statements: dict[str, ParkedStatement] = {}
    """Prepared ones; "" is the unnamed one."""
    newest_commit_ts: int = 0
    sequence_values: dict[int, int] = {}
    """Of currval, by sequence; `last_sequence`: lastval's, 0 for none."""
    last_sequence: int = 0
    idle_left_s: float | None = None
    age_left_s: float | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ParkedSession)


def encode_session(session: ParkedSession) -> bytes | None:
    """None where it has more than SESSION_BYTES_MAX."""
    data = _encoder.encode(session)
    return data if len(data) <= SESSION_BYTES_MAX else None


def decode_session(data: bytes) -> ParkedSession | None:
    """None where this build cannot read it."""
    try:
        session = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    return session if session.format == FORMAT else None


def later(session: ParkedSession, elapsed_s: float) -> ParkedSession:
    """The same, `elapsed_s` later."""
    idle, age = session.idle_left_s, session.age_left_s
    return msgspec.structs.replace(
        session,
        idle_left_s=None if idle is None else max(idle - elapsed_s, 0.0),
        age_left_s=None if age is None else max(age - elapsed_s, 0.0),
    )
