"""`Committing`: a transaction's write set on its way to the adjudicator that coordinates it, and the answer, whatever
goes wrong between.

    small   Commit(write set) ----------------------------------> Committed
    large   Part 1, Part 2, ... (PARTS_AHEAD under way) --Done--> Commit(parts=n, checksum) --> Committed

A write set above write_set.PIECE_BYTES_MAX goes in pieces, encoded one by one as the adjudicator takes them (design,
I2). Until the Commit is sent nothing can have happened, so whatever fails before that is tried again as another
transaction; a refused one is told by DropParts that its pieces are void.

Where a Commit that was sent gets no answer, its adjudicator's successor is asked what became of it (resolving.py).
What is refused for certain is sent again where another attempt may do better (a stale map or catalog, an adjudicator
that moves), COMMIT_ATTEMPTS_MAX times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from actors.common.errors import (
    CONNECTION_FAILURE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    QUERY_CANCELED,
    TRANSACTION_RESOLUTION_UNKNOWN,
    DatabaseError,
    is_redirected,
    schema_changed,
    unavailable,
)
from actors.common.messages.base import Message
from actors.common.messages.committing import Commit, Committed, DropParts, Part
from actors.common.refusals import NotCommitted, StaleCatalog, Unanswered
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.query_processor.transaction.resolving import FAR_ANSWER_S, resolve
from actors.reading.flights import Flight
from actors.reading.pause import pause

if TYPE_CHECKING:
    from actors.query_processor.transaction.services import TransactionServices

COMMIT_ATTEMPTS_MAX = 10
"""Sends of one commit that was certainly not decided: outlasts a failover (a lease and an election)."""
COMMIT_PAUSE_S = 0.2
REDIRECTS_MAX, REDIRECT_PAUSE_S = 6, 0.005
"""Redirections beyond those attempts, while a range goes from one adjudicator to another: a newer map is waited for,
each time twice as long."""
REVALIDATIONS_MAX = 2
"""Of the catalog for one commit: one for the coordinator, one for a participant that began later."""
PARTS_AHEAD = 4
"""Pieces under way: the journal's disks are busy while the next piece is encoded, and the adjudicator holds no more
than this of one client."""

Piece = tuple[bytes, list[bytes]]
"""(write set, checked keys)"""


class CommitFlight(Flight):
    """A Commit or a Part under way."""

    __slots__ = ("_services", "begun_s", "endpoint")

    def __init__(self, services: TransactionServices) -> None:
        Flight.__init__(self)
        self._services = services
        self.begun_s = 0.0
        self.endpoint = ""
        """Of the process that it went to."""

    def late(self) -> None:
        services = self._services
        self.begun_s = self.begun_s or self.sent_s
        if services.answers is None or services.answers.is_late(self.destination, self.begun_s, 0.0):
            services.suspect(self.destination)
        services.watchdog.watch(self)


_UNSENT = Flight()
"""Of a commit of which nothing has been sent."""


class Committing:
    """One COMMIT. `sample`: keys by which the coordinator is chosen. `pieces`: makes a large write set's pieces, from
    the first on at each call; None for a small one, which `message` holds. `reload`: brings the transaction's catalog
    up to date."""

    def __init__(
        self,
        services: TransactionServices,
        message: Commit,
        sample: list[bytes],
        pieces: Callable[[], Iterator[Piece]] | None,
        reload: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._services = services
        self._message = message
        self._sample = sample
        self._pieces = pieces
        self._reload = reload
        self._flight: Flight = _UNSENT
        """The last Commit or Part."""
        self._is_sent = False
        """The Commit of this attempt is, and not just parts."""
        self._map_version = 0
        """Of the map by which this attempt's coordinator was chosen."""

    async def run(self) -> Committed:
        """Raises 40001, 54000, 53100, 08006 (not committed), 08007 (perhaps committed)."""
        try:
            return await self._attempt()
        except DatabaseError as error:
            return await self._again(error)

    async def _attempt(self) -> Committed:
        self._is_sent = False
        coordinator = self._coordinator()
        message = self._message
        if self._pieces is not None:
            message = await self._send_parts(coordinator, self._pieces())
        self._is_sent = True
        self._flight = self._request(coordinator, message)
        return await self._flight  # type: ignore[return-value]

    def _coordinator(self) -> str:
        """The adjudicator that owns most of the keys; "" where the map is not known."""
        topology = self._services.bus.topology
        if topology is None:
            return ""
        self._map_version = topology.shard_map.version
        owner_of = topology.shard_map.adjudicator
        sample = self._sample
        owner = owner_of(sample[0])
        if len(sample) > 1:
            owners = [owner_of(key) for key in sample]
            if owners.count(owner) < len(owners):
                owner = min(owners, key=lambda number: (-owners.count(number), number))
        return f"adjudicator/{owner}"

    def _request(self, name: str, message: Message) -> CommitFlight:
        services = self._services
        flight = CommitFlight(services)
        topology = services.bus.topology
        if topology is None or not name:
            flight.fail(unavailable("the cluster's map", "not known yet", sent=False))
            return flight
        if name not in topology.routes:
            flight.fail(unavailable(name, "no route", sent=False))
            return flight
        flight.destination = name
        flight.endpoint = topology.routes[name]
        on_reply = flight.succeed if services.answers is None else services.answers.timed(name, flight.succeed)
        timeout_s = services.settings.messaging.request_timeout_s
        if services.answers is not None and isinstance(message, Commit):
            timeout_s = min(timeout_s, FAR_ANSWER_S)
        services.bus.request(services.name, name, message, on_reply, flight.fail, timeout_s)
        services.watchdog.watch(flight)
        return flight

    async def _send_parts(self, coordinator: str, pieces: Iterator[Piece]) -> Commit:
        """The Commit that counts them. Raises what refused one of them; the transaction is certainly not committed
        then."""
        message = self._message
        checksums: list[int] = []
        ahead: deque[CommitFlight] = deque()
        try:
            for write_set, checked in pieces:
                if len(ahead) >= PARTS_AHEAD:
                    await ahead.popleft()
                checksums.append(part_checksum(write_set))
                part = Part(
                    message.transaction, message.start_ts, message.catalog_ts, len(checksums), write_set, checked
                )
                self._flight = self._request(coordinator, part)
                ahead.append(self._flight)
            while ahead:
                await ahead.popleft()
        except BaseException as error:
            if coordinator:
                self._services.bus.post(self._services.name, coordinator, DropParts(message.transaction))
            if isinstance(error, DatabaseError) and error.sqlstate == CONNECTION_FAILURE and _is_bare(error):
                self._services.suspect(coordinator)
                raise DatabaseError(
                    CONNECTION_FAILURE,
                    error.message,
                    detail="not committed: a part did not arrive",
                    refusal=NotCommitted(),
                ) from None
            raise
        return replace(message, parts=len(checksums), checksum=checksum_of_parts(checksums))

    async def _again(self, error: DatabaseError) -> Committed:
        """`error` ended the first attempt: send again where it is certain that nothing was decided and another attempt
        may do better."""
        services = self._services
        revalidations = redirects = attempts = 0
        bare = error.sqlstate == CONNECTION_FAILURE and _is_bare(error)
        if (
            bare and error.refusal != Unanswered(False) and self._flight.destination
        ):  # reached by nobody, or left by its answer
            services.suspect(self._flight.destination)
        while attempts < COMMIT_ATTEMPTS_MAX - 1:
            attempts += 1
            if self._is_sent and _is_open(error):
                try:
                    return await resolve(services, self._flight.destination, self._message, error)
                except DatabaseError as another:
                    error = another
                    if error.sqlstate != OBJECT_NOT_IN_PREREQUISITE_STATE:
                        raise
            if self._is_sent and not self._flight.done and error.sqlstate == QUERY_CANCELED:
                # Too late to cancel: the answer decides, and it comes within the request's timeout.
                try:
                    return await self._flight  # type: ignore[return-value]
                except DatabaseError as another:
                    error = another
                    continue
            if isinstance(error.refusal, StaleCatalog):
                revalidations += 1
                if revalidations > REVALIDATIONS_MAX:
                    raise schema_changed()
                await self._reload()
                self._message = replace(self._message, catalog_ts=self._message.start_ts)
            elif is_redirected(error) and redirects < REDIRECTS_MAX:
                attempts -= 1
                await services.newer_map(self._map_version, min(REDIRECT_PAUSE_S * 2**redirects, COMMIT_PAUSE_S))
                redirects += 1
            elif error.sqlstate == OBJECT_NOT_IN_PREREQUISITE_STATE or not _may_have_happened(error):
                if error.refusal == Unanswered(False) and self._flight.destination:
                    services.suspect(self._flight.destination)
                await pause(COMMIT_PAUSE_S)
            else:
                break
            # What has been refused is over: a stale copy of it must not find its name in use by the attempt that
            # follows.
            self._message = replace(self._message, transaction=services.random.getrandbits(128).to_bytes(16, "big"))
            try:
                return await self._attempt()
            except DatabaseError as another:
                error = another
        if self._is_sent and not self._flight.done:
            raise DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=error.message)
        if error.sqlstate == OBJECT_NOT_IN_PREREQUISITE_STATE:
            raise unavailable("the owner of the transaction's keys", "the map keeps moving")
        if error.sqlstate == CONNECTION_FAILURE and _may_have_happened(error):
            raise DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=error.message)
        raise error


def _may_have_happened(error: DatabaseError) -> bool:
    """False only for a commit that did not reach anybody, or a coordinator that says so. (40001 and the like need no
    second attempt.)"""
    return error.sqlstate != CONNECTION_FAILURE or not (
        isinstance(error.refusal, NotCommitted) or error.refusal == Unanswered(False)
    )


def _is_open(error: DatabaseError) -> bool:
    """The Commit has been sent, and nobody has said what became of it, or can."""
    return error.sqlstate == TRANSACTION_RESOLUTION_UNKNOWN or (
        error.sqlstate == CONNECTION_FAILURE and _may_have_happened(error)
    )


def _is_bare(error: DatabaseError) -> bool:
    """Nobody has said more than that there is no answer."""
    return error.refusal is None or isinstance(error.refusal, Unanswered)
