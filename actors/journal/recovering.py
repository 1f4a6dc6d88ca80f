"""The last resort: too many of a journal's replicas are lost for a majority, and one of them goes on alone, on a
person's word (`eagleray region recover`; docs/regions.md).

    stand_alone(disk)        on the survivor's disk, while nobody uses it: it decides alone from now on, and knows that
                             the zones of the others have new seats (seats.py); what it has is the journal
    a writer                 needs its word and nobody else's, to begin and to commit (Alone)
    its companions           empty disks in the others' places, are filled, and may vote once they have all
    they vote                the survivor is told so (Promote), and decides alone no longer: a majority does

What keeps it safe: as long as the survivor decides alone, its companions alone may begin to vote, as many as make a
majority with it, and not one more. So there is no majority without the survivor, whichever writer comes, before the
survivor has on disk that it needs one. Whoever votes later is let in as ever, by a barrier record that a majority has.

The disks that were lost have voters' promises, and may come back. Their seats are old: a replica of an old seat is
told so by the first writer that it meets, and ends; whoever seals the survivor hears of the new seats, and counts none
of the old ones; and the survivor takes nothing from a writer that does not know of them. Two lost sites that both live,
and hear each other and not the survivor, cannot be told anything: that they are lost is the person's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Sealed
from actors.common.refusals import Superseded
from actors.common.settings import Journaling
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal.log import JournalLog, Promise
from actors.journal.record import RecordHeader, decode_header
from actors.journal.seats import are_news
from actors.runtime.interfaces import Disk, Reply

if TYPE_CHECKING:
    from actors.journal.peer import Peer


class Alone:
    """A writer's view of the replica that decides alone."""

    def __init__(self, survivor: Peer, companions: Sequence[Peer]) -> None:
        self._survivor = survivor
        self._companions = companions
        self.name = survivor.name
        self.companions = {peer.name for peer in companions}

    @classmethod
    def among(cls, peers: Sequence[Peer], sealed: Mapping[str, Sealed]) -> Alone | None:
        """`sealed`: what voters have answered. None where none of them decides alone."""
        for peer in peers:
            companions = sealed[peer.name].companions if peer.name in sealed else ()
            if companions:
                return cls(peer, [other for other in peers if other.name in companions])
        return None

    def end_with_companions(self, epoch: Epoch, then: Callable[[], None]) -> None:
        """Once its companions vote, as they say themselves: the survivor hears so. `then` when that is on its disk."""
        if all(peer.voter and peer.durable >= 0 for peer in self._companions) and self._survivor.durable >= 0:
            self._survivor.promote(epoch, then)


def refuses(promise: Promise, seats: Mapping[str, int], reply: Reply | None) -> bool:
    """`seats`: that a writer knows. True where it has begun among the lost replicas: `reply` hears so, 55000."""
    is_older = promise.survived and are_news(promise.seats, seats)
    if is_older and reply is not None:
        why = "the journal has gone on without the replicas that were lost"
        reply.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, why, refusal=Superseded()))
    return is_older


@dataclass(frozen=True)
class Survivor:
    """What the survivor's log holds: all up to `last_lsn`, the newest commit or promise at `last_ts`, goes on. What was
    committed after that is lost."""

    first_lsn: Lsn
    last_lsn: Lsn
    last_ts: Timestamp
    map_version: int
    set_version: int


async def stand_alone(
    disk: Disk, settings: Journaling, *, companions: Sequence[str], seats: Mapping[str, int], check: bool = False
) -> Survivor:
    """Durable when it returns. `companions`: as many other replicas as make a majority with this one. `seats`: replica
    -> the one that its zone has from now on. `check`: nothing is changed. Raises 55000 where this replica does not vote
    (what it lacks is not known), XX001 for damage."""
    log = JournalLog.open(disk, settings)
    try:
        if not log.promise.voter:
            raise DatabaseError(
                OBJECT_NOT_IN_PREREQUISITE_STATE, "this replica does not vote: it may lack what was committed"
            )
        if not check:
            known = log.promise.seats
            newer = {name: max(seat, known.get(name, 0)) for name, seat in seats.items()}
            decides = {"companions": tuple(companions), "survived": True, "seats": {**known, **newer}}
            await log.set_promise(replace(log.promise, **decides))
        records = log.read(log.last_lsn, 1, log.last_lsn) if log.last_lsn >= log.first_lsn else []
        header = decode_header(records[-1]) if records else RecordHeader(0, 0, 0, log.promise.trimmed_ts, 0, 0)
        versions = getattr(header, "map_version", 0), getattr(header, "set_version", 0)
        return Survivor(log.first_lsn, log.last_lsn, header.commit_ts, *versions)
    finally:
        log.close()
