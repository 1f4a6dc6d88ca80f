"""What clients are told when their query processor ends with something of theirs under way.

    last_words(connection)      the process is about to be ended: its loop is held, and this runs in another thread
    give_up(connection)         the role is being stopped, and has waited long enough for the connection's commit

57P01 says that what was not acknowledged is not committed; where that is not certain it is 08007.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from typing import TYPE_CHECKING

from actors.common.errors import ADMIN_SHUTDOWN, TRANSACTION_RESOLUTION_UNKNOWN, DatabaseError
from actors.postgres import backend

if TYPE_CHECKING:
    from actors.query_processor.connection import Connection

TERMINATED = "terminating connection due to administrator command"
HELD = "The query processor did not respond for a long time and is being replaced."
STOPPED = "The query processor is being stopped, and no adjudicator has said yet what became of the commit."


def last_words(connection: Connection) -> None:
    """Tell the client (of threads see Speaker.last_words), unless a message that was begun may not have left as a
    whole."""
    session, transport = connection.session, connection._transport
    if (
        session is None
        or transport is None
        or connection._lost
        or connection.rest.stream
        or transport.get_write_buffer_size()
    ):
        return  # a stream's socket is another host's gateway's
    if session.committing or session.commit_untold:
        error = _unknown(HELD)
    else:
        error = DatabaseError(ADMIN_SHUTDOWN, TERMINATED, detail=HELD)
    words = backend.error_response(error, "FATAL")
    if connection.tls is not None:
        words = connection.tls.send(words)
    with contextlib.suppress(OSError, ssl.SSLError):  # the client is gone, or takes nothing
        os.write(transport.get_extra_info("socket").fileno(), words)


def give_up(connection: Connection) -> None:
    """Close the socket. A client whose commit is not decided is told so before."""
    session, transport = connection.session, connection._transport
    if session is None or transport is None or connection._lost or not session.committing:
        connection.abort()
        return
    connection.output += backend.error_response(_unknown(STOPPED), "FATAL")
    connection.flush()
    connection._lost = True
    transport.close()


def _unknown(detail: str) -> DatabaseError:
    return DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=detail)
