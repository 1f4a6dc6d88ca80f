"""When a client may say what: the protocol's states, as a table of message types.

    STARTUP --StartupMessage--> AUTHENTICATING --(proved)--> READY <--Sync-- SKIPPING
                                                              |  ^              ^
                                     (CopyInResponse sent)    v  |              | (an error in the extended protocol)
                                                            COPY_IN ------------'

HANDLE: decode and hand over. IGNORE: drop unread (what a client had already sent when it learned of an error, or may
send at any time). REFUSE: an error of the statement (COPY fails; the message is used up), as PostgreSQL does. A type
that a state does not list ends the connection.

Who moves between the states is the connection; the reader only looks the message types up.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    STARTUP = "startup"
    AUTHENTICATING = "authenticating"
    READY = "ready"
    SKIPPING = "skipping"
    COPY_IN = "copy in"
    CLOSED = "closed"


class Action(Enum):
    HANDLE = "handle"
    IGNORE = "ignore"
    REFUSE = "refuse"


def _row(handle: str = "", ignore: str = "", refuse: str = "") -> dict[int, Action]:
    return {
        **{ord(kind): Action.HANDLE for kind in handle},
        **{ord(kind): Action.IGNORE for kind in ignore},
        **{ord(kind): Action.REFUSE for kind in refuse},
    }


TABLE: dict[State, dict[int, Action]] = {
    State.STARTUP: {},
    State.AUTHENTICATING: _row(handle="pX"),
    State.READY: _row(handle="QPBDECSHFX", ignore="dcf"),
    State.SKIPPING: _row(handle="SX", ignore="QPBDECHFdcf"),
    State.COPY_IN: _row(handle="dcfX", ignore="HS", refuse="QPBDECF"),
    State.CLOSED: {},
}
"""STARTUP's packets have no type byte (startup.py), and after CLOSED nothing is read any more."""
