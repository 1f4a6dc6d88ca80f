"""What the connections of one query processor share (`ConnectionServices`), and how they write together (`Outbox`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.common.settings import Settings
from actors.postgres.formats import ShapeCache
from actors.postgres.tls import TlsSettings
from actors.query_processor.authentication import Authenticator
from actors.query_processor.conversation import Counters

if TYPE_CHECKING:
    from actors.query_processor.connection import Connection
    from actors.query_processor.session.session import Session


class Outbox:
    """Writes what connections have to say at the end of the loop's turn, one after the other.

    Reads that waited for one watermark are answered in one turn. Written one by one in between, each answer may wake
    its client at once, which on few cores takes the processor from the answers that follow; written together, they
    reach a client that is awake, and its next statements come together.
    """

    def __init__(self) -> None:
        self._connections: list[Connection] = []

    def add(self, connection: Connection) -> None:
        if not self._connections:
            asyncio.get_running_loop().call_soon(self.flush)
        self._connections.append(connection)

    def flush(self) -> None:
        connections = self._connections
        self._connections = []
        for connection in connections:
            connection.flush()


@dataclass
class ConnectionServices:
    """What the connections of one query processor share.

    `make_session(user, database, options, connection)`; `enter` raises 53300 or 53400 where no more clients are
    welcome, `admit` 53300 where no more of the session's role are (None: sessions have no
    roles); `opened` gives a new session's (process, secret) for
    BackendKeyData, of so many secret bytes, or raises 53300; `restored` is told of a session that was opened elsewhere;
    `closed` is called once for every connection, when its socket is closed; `cancel` with a cancel request's contents.
    """

    settings: Settings
    authenticator: Authenticator
    tls: TlsSettings | None
    shapes: ShapeCache
    make_session: Callable[[str, str, dict[str, str], Connection], Session]
    enter: Callable[[], None]
    admit: Callable[[Session], Awaitable[None]] | None
    opened: Callable[[Connection, int], tuple[int, bytes]]
    restored: Callable[[Connection], None]
    closed: Callable[[Connection], None]
    cancel: Callable[[int, bytes], None]
    counters: Counters = field(default_factory=Counters)
    outbox: Outbox = field(default_factory=Outbox)
