"""Large transactions on their way in: pieces are taken, judged, passed on and journaled as they come; the Commit then
finds nothing left to do but decide.

    Part 1..n --> own keys into the window's claim, others' shares as Gather to their adjudicators,
                  the piece as a PART record; Done once all that holds
    Commit(parts=n) --> the claim, if every piece is there; from here on the transaction is like any other
                        (reign.py, coordinator.py)
    DropParts, silence, a refusal --> ABORT record: the pieces are void

Pieces hold no marks, and nobody waits for them: a transaction that gathers for minutes stands in nobody's way. A part
that fails anywhere fails the transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.claim import GatheredClaim, Table
from actors.adjudicator.ownership import read_write_set
from actors.adjudicator.refusals import not_committed, overloaded
from actors.common.errors import PROTOCOL_VIOLATION, DatabaseError, redirected
from actors.common.messages import Commit, Decided, Done, Gather, Part
from actors.common.messages.base import Message
from actors.common.refusals import NotCommitted
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.journal.record import ABORT, PART
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

NAME_SALT_BYTES = 4
"""What adjudicators add to a transaction's name when they decide together (coordinator.py)."""
GATHERINGS_MAX = 64
"""Large transactions at a time; a client's retry loop is where waiting belongs."""
IDLE_S_MAX = 20.0
"""A query processor that has sent no piece for so long has died, or given up."""
GATHER_TIMEOUT_S = 5.0


class Gathering:
    """One transaction's pieces. `numbers`: part -> checksum. `shares`: participant -> Gathers that it has
    acknowledged."""

    __slots__ = ("claim", "error", "heard_s", "journaled", "name", "numbers", "shares", "under_way")

    def __init__(self, name: bytes, claim: GatheredClaim, heard_s: float) -> None:
        self.name = name
        """Of the transaction, should it span adjudicators."""
        self.claim = claim
        self.heard_s = heard_s
        self.numbers: dict[int, int] = {}
        self.journaled: dict[int, int] = {}
        """Those of `numbers` that have rows, and hence a record."""
        self.shares: dict[int, int] = {}
        self.under_way: dict[int, _Arriving] = {}
        self.error: DatabaseError | None = None


class _Arriving:
    """A piece that is not durable, or not acknowledged by all participants yet."""

    __slots__ = ("left", "replies")

    def __init__(self, left: int, reply: Reply) -> None:
        self.left = left
        self.replies = [reply]


class GatheringRoom:
    """One reign's large transactions, as their coordinator."""

    def __init__(self, reign: Reign) -> None:
        self._reign = reign
        self._gatherings: dict[bytes, Gathering] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._gatherings)

    def part(self, message: Part, reply: Reply) -> None:
        """Take one piece. Raises what refuses it at once; the whole transaction is refused then."""
        gathering = self._gatherings.get(message.transaction)
        if gathering is None:
            gathering = self._begin(message)
        gathering.heard_s = asyncio.get_running_loop().time()
        if gathering.error is not None:
            raise gathering.error
        arriving = gathering.under_way.get(message.number)
        if arriving is not None:
            arriving.replies.append(reply)
        elif message.number in gathering.numbers:
            reply(Done())
        else:
            try:
                self._take(gathering, message, reply)
            except DatabaseError as error:
                self._fail(gathering, error)
                raise

    def _begin(self, message: Part) -> Gathering:
        reign = self._reign
        reign.check_part(message)
        if len(self._gatherings) >= GATHERINGS_MAX:
            raise overloaded()
        salt = reign.context.random.getrandbits(8 * NAME_SALT_BYTES).to_bytes(NAME_SALT_BYTES, "big")
        now_s = asyncio.get_running_loop().time()
        claim = GatheredClaim(message.transaction, message.start_ts, message.catalog_ts)
        gathering = self._gatherings[message.transaction] = Gathering(message.transaction + salt, claim, now_s)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S_MAX, self._sweep)
        return gathering

    def _take(self, gathering: Gathering, message: Part, reply: Reply) -> None:
        reign = self._reign
        ownership = reign.ownership
        if ownership is None:
            raise redirected()
        written, dropped = read_write_set(message.write_set)
        if dropped or not (written or message.checked):
            raise DatabaseError(PROTOCOL_VIOLATION, "a part has rows or checked keys, and no dropped ranges")
        own = reign.number
        reign.check_beginning(message.start_ts, message.catalog_ts, written, message.checked)
        if ownership.owns(own, written, message.checked):
            reign.window.gather(gathering.claim, written, message.checked)
            others: list[int] = []
        else:
            writes, checks = ownership.split(written), ownership.split(message.checked)
            reign.window.gather(gathering.claim, writes.get(own, []), checks.get(own, []))
            others = sorted((writes.keys() | checks.keys()) - {own})
        number = message.number
        gathering.numbers[number] = part_checksum(message.write_set)
        gathering.under_way[number] = _Arriving(len(others) + bool(message.write_set), reply)
        arrived = partial(self._arrived, gathering, number)
        for other in others:
            gathering.shares.setdefault(other, 0)
            gather = Gather(
                gathering.name,
                number,
                message.start_ts,
                message.catalog_ts,
                writes.get(other, []),
                checks.get(other, []),
            )
            reign.context.bus.request(
                reign.name,
                f"adjudicator/{other}",
                gather,
                partial(self._shared, gathering, other, number),
                partial(self._fail, gathering),
                GATHER_TIMEOUT_S,
            )
        if message.write_set:
            gathering.journaled[number] = gathering.numbers[number]
            reign.covering.append_note(
                PART, arrived, transaction=message.transaction, payload=message.write_set, part=number
            )
        elif not others:
            arrived(0)

    def _shared(self, gathering: Gathering, other: int, number: int, _: Message) -> None:
        gathering.shares[other] += 1
        self._arrived(gathering, number)

    def _arrived(self, gathering: Gathering, number: int, done: int = 1) -> None:
        """The piece is durable, or one participant more has its share."""
        arriving = gathering.under_way.get(number)
        if arriving is None:
            return
        arriving.left -= done
        if arriving.left == 0:
            del gathering.under_way[number]
            for reply in arriving.replies:
                reply(Done())

    def _fail(self, gathering: Gathering, error: DatabaseError) -> None:
        """Some piece was refused, or is needed no more: none counts."""
        if gathering.error is not None:
            return
        if not isinstance(error.refusal, NotCommitted) and error.sqlstate.startswith("08"):
            error = not_committed(f"a part did not arrive: {error.message}")
        gathering.error = error
        arriving, gathering.under_way = list(gathering.under_way.values()), {}
        for piece in arriving:
            for reply in piece.replies:
                reply.fail(error)

    # -- the end -------------------------------------------------------------------------------------------------------

    def complete(self, message: Commit, dropped: Sequence[Table]) -> Gathering:
        """All pieces of this Commit. Raises 08006 (not committed) where one is missing, or what one was refused for;
        then all are void."""
        transaction = message.transaction
        gathering = self._gatherings.get(transaction)
        if gathering is None:
            raise not_committed("its parts are not here")
        numbers = gathering.numbers
        if gathering.error is None and (
            gathering.under_way
            or len(numbers) != message.parts
            or checksum_of_parts(numbers.get(number, 0) for number in range(1, message.parts + 1)) != message.checksum
            or max(gathering.journaled, default=0) != len(gathering.journaled)
        ):
            gathering.error = not_committed(f"{len(numbers)} of its {message.parts} parts are here")
        if gathering.error is not None:
            self.drop(transaction)
            raise gathering.error
        gathering.claim.relate(message.schema_changes, message.exclusive, dropped)
        return gathering

    def decided(self, transaction: bytes) -> None:
        """It is committed: its record counts the parts."""
        self._gatherings.pop(transaction, None)

    def counted(self, transaction: bytes) -> tuple[int, int]:
        """(how many PART records, their checksum), for the COMMIT record; (0, 0) for a transaction that came in one
        message."""
        gathering = self._gatherings.get(transaction)
        if gathering is None or not gathering.journaled:
            return 0, 0
        return len(gathering.journaled), checksum_of_parts(
            gathering.journaled[number] for number in sorted(gathering.journaled)
        )

    def drop(self, transaction: bytes) -> None:
        """It will not be committed: its parts are void. Nothing happens where there are none."""
        gathering = self._gatherings.pop(transaction, None)
        if gathering is None:
            return
        self._fail(gathering, not_committed("its parts were dropped"))
        reign = self._reign
        reign.window.leave(gathering.claim)
        for other in sorted(gathering.shares):
            reign.context.bus.post(reign.name, f"adjudicator/{other}", Decided(gathering.name, 0))
        if not reign.over:
            reign.covering.append_note(ABORT, transaction=transaction)

    def drop_all(self) -> None:
        """Of whom the Commit has not come."""
        for transaction in list(self._gatherings):
            if not self._reign.is_under_way(transaction):
                self.drop(transaction)

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        for transaction, gathering in list(self._gatherings.items()):
            if gathering.heard_s <= loop.time() - IDLE_S_MAX and not self._reign.is_under_way(transaction):
                self.drop(transaction)
        if self._gatherings:
            self._timer = loop.call_later(IDLE_S_MAX, self._sweep)

    def end(self, error: DatabaseError) -> None:
        """The epoch is over, and every part without a COMMIT void with it."""
        gatherings, self._gatherings = self._gatherings, {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for gathering in gatherings.values():
            self._fail(gathering, error)
