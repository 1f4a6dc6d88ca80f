"""Bugs to plant into the handing over of clients and their sessions. Each function changes the code of this process for
good."""

from __future__ import annotations

import socket
from typing import Any

from actors.common.parked_session import ParkedSession
from actors.gateway.parking import Guest
from actors.gateway.reception import Reception
from actors.query_processor import connection, rest
from actors.query_processor.connection import Connection
from actors.query_processor.rest import Rest
from actors.query_processor.session import parking
from actors.query_processor.session.session import Session
from actors.runtime.socket_passing import _Passed


def two_processes_read_a_session() -> None:
    """Its query processor goes on reading what it has given away."""

    def let_go(self: Connection) -> None:
        self.rest.awaited = None
        self._services.closed(self)

    Connection.let_go = let_go  # type: ignore[method-assign]


def forgets_a_socket_that_did_not_arrive() -> None:
    """The sender's copy is closed, whatever the receiver has said."""

    def settle(self: _Passed, answers: bytes) -> None:
        self.forget()

    _Passed.settle = settle  # type: ignore[method-assign]


def hands_over_what_a_session_was_before() -> None:
    """What was handed over once is handed over again."""
    park, before = parking.park, dict[tuple[int, bytes], ParkedSession]()

    def stale(session: Session, unnamed: Any, key: tuple[int, bytes]) -> ParkedSession:
        return before.setdefault(key, park(session, unnamed, key))

    rest.park = stale


def gives_a_session_away_without_another_look() -> None:
    """It rested when the gateway was asked; meanwhile its client may have sent something."""
    now = Rest.now

    def careless(self: Rest) -> bool:
        connection = self._connection
        return connection.session is not None and not (connection._lost or connection._last_word)

    class Careless(Rest):
        __slots__ = ()

        def give(self) -> tuple[int, bytes] | None:
            Careless.now = property(careless)  # type: ignore[assignment]
            try:
                return super().give()
            finally:
                Careless.now = now  # type: ignore[method-assign]

    connection.Rest = Careless  # type: ignore[misc]


def a_resumed_session_forgets_its_last_commit() -> None:
    restore = connection.restore

    def forgetful(session: Session, parked: ParkedSession) -> None:
        restore(session, ParkedSession(**{**_fields(parked), "newest_commit_ts": 0}))

    connection.restore = forgetful


def _fields(parked: ParkedSession) -> dict[str, Any]:
    return {name: getattr(parked, name) for name in parked.__struct_fields__}


def a_gateway_forgets_who_came_back() -> None:
    """A client whose socket a query processor could not take is not offered again."""

    def take_back(self: Reception, guest: Guest, name: str, copy: socket.socket, _: bytes) -> None:
        self.resumed -= bool(guest.session)

    Reception._take_back = take_back  # type: ignore[method-assign]


def a_session_that_came_back_is_not_carried_on() -> None:
    """The gateway gives it back, having no descriptor left; its query processor keeps the socket, and reads no more."""
    from actors.query_processor.parking import Parking

    kept: list[socket.socket] = []

    def lost(self: Parking, client: socket.socket, session: bytes) -> None:
        kept.append(client)

    Parking._lost = lost  # type: ignore[method-assign]
