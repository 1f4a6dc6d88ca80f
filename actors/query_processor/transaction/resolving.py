"""What has become of a Commit that was sent and has no answer: its adjudicator's process has died, has been left by its
role, or lies beyond a cut.

    AskCommit --> the adjudicator, wherever it is now          its successor has read the journal, and knows
              --> between regions: its journal's replicas --> the adjudicator      where two regions hear a third

All ways are asked at once, again and again for RESOLVE_S: whoever has the answer tells the same
(actors/adjudicator/resolving.py). What nobody can tell by then is 08007.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.common.errors import (
    QUERY_CANCELED,
    SERIALIZATION_FAILURE,
    TRANSACTION_RESOLUTION_UNKNOWN,
    DatabaseError,
    unavailable,
)
from actors.common.messages.committing import AskCommit, Commit, Committed
from actors.common.refusals import NotCommitted, Redirected, StaleCatalog
from actors.reading.flights import Flight
from actors.reading.pause import pause

if TYPE_CHECKING:
    from actors.query_processor.transaction.services import TransactionServices

RESOLVE_S = 3.0
"""A failover, and half a second."""
ROUND_S = 1.0
PAUSE_S_MIN, PAUSE_S_MAX = 0.02, 0.2
FAR_ANSWER_S = 2.0
"""Between regions nobody waits for a Commit's answer for longer than this before asking: with RESOLVE_S, a client in a
region that is cut off hears within five seconds."""


class _Round(Flight):
    """The first answer counts, or the first refusal for certain; else the last failure."""

    __slots__ = ("under_way",)

    def __init__(self, under_way: int) -> None:
        Flight.__init__(self)
        self.under_way = under_way

    def failed(self, error: DatabaseError) -> None:
        self.under_way -= 1
        if is_certain(error) or not self.under_way:
            self.fail(error)


async def resolve(services: TransactionServices, adjudicator: str, message: Commit, error: DatabaseError) -> Committed:
    """`error`: what ended the wait for the Commit's answer. Raises what refused the Commit for certain, or 08007."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + RESOLVE_S
    pause_s = PAUSE_S_MIN
    question = AskCommit(message.transaction, message.start_ts)
    while (left_s := end_s - loop.time()) > 0:
        try:
            return await _ask(services, adjudicator, question, min(left_s, ROUND_S))
        except DatabaseError as another:
            if is_certain(another):
                raise
            if another.sqlstate == QUERY_CANCELED:  # too late to cancel
                continue
        await _rest(min(pause_s, max(0.0, end_s - loop.time())))
        pause_s = min(PAUSE_S_MAX, 2 * pause_s)
    raise DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=error.message)


def is_certain(error: DatabaseError) -> bool:
    """The Commit is refused, and nothing of it will ever be committed."""
    return error.sqlstate == SERIALIZATION_FAILURE or isinstance(
        error.refusal, NotCommitted | Redirected | StaleCatalog
    )


async def _rest(seconds: float) -> None:
    try:
        await pause(seconds)
    except DatabaseError as error:
        if error.sqlstate != QUERY_CANCELED:
            raise


async def _ask(services: TransactionServices, adjudicator: str, question: AskCommit, timeout_s: float) -> Committed:
    ways = _ways(services, adjudicator)
    if not ways:
        raise unavailable(adjudicator, "no route")
    flight = _Round(len(ways))
    for name in ways:
        services.bus.request(services.name, name, question, flight.succeed, flight.failed, timeout_s)
    return await flight  # type: ignore[return-value]


def _ways(services: TransactionServices, adjudicator: str) -> list[str]:
    topology = services.bus.topology
    if topology is None:
        return []
    replicas = f"journal/{adjudicator.rpartition('/')[2]}/" if services.answers is not None else adjudicator
    return sorted(name for name in topology.routes if name == adjudicator or name.startswith(replicas))
