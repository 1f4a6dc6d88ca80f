"""What an adjudicator does so that others are born and retired, and so that it retires itself (docs/ranges.md).

    Announce(set version 4)   --ANNOUNCE record, version 4--> durable --> Announced(at)
                                  promises above `at` carry the version, too
    Retire                    --nothing is under way, no outcome is owed--> END record --> durable --> Retired(until)

`at` is above all that was promised before the record: what a reader may believe without having read the record lies at
or below it. Either record is written again when it is asked for again, by a controller that has not heard the answer:
later times do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.adjudicator.refusals import not_committed
from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError, redirected
from actors.common.messages import Announce, Announced, Retire, Retired
from actors.journal.record import ANNOUNCE, END
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign


class Membership:
    """One reign's."""

    def __init__(self, reign: Reign) -> None:
        self._reign = reign

    def announce(self, message: Announce, reply: Reply) -> None:
        """Raises 08006 where the reign is over."""
        reign = self._reign
        if reign.over:
            raise not_committed("the epoch is over")
        reign.writer.set_version = max(reign.writer.set_version, message.set_version)
        at = reign.lease.last
        reign.covering.append_note(ANNOUNCE, lambda: reply(Announced(at)))

    def retire(self, _: Retire, reply: Reply) -> None:
        """Raises 55000 where the adjudicator owns keys, or owes an answer; 08006 where the reign is over."""
        reign = self._reign
        if reign.over:
            raise not_committed("the epoch is over")
        ownership = reign.ownership
        if ownership is None or reign.number in ownership.adjudicators:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{reign.name} owns keys still, as far as it knows")
        if reign.under_way or reign.coordinator.owes or reign.window.pending:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{reign.name} has transactions under way")
        reign.gatherings.drop_all()
        reign.writer.has_ended = True
        until = reign.lease.last
        reign.covering.append_note(END, lambda: reply(Retired(until)))

    def check(self) -> None:
        """Raises 55000 where nothing is committed in the journal any more."""
        if self._reign.writer.has_ended:
            raise redirected()
