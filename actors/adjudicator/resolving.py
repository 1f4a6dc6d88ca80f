"""What has become of a Commit that has no answer: a query processor asks whoever leads the coordinator's journal now
(AskCommit; docs/regions.md).

    under way here                      answered when the Commit is
    committed, in this or an older      Committed: of its own the reign knows it, of older ones the journal's records,
    epoch                               which it has read
    none of these                       it has not come, and never counts from now on: 40001 where it was meant for an
                                        older epoch, 08006 (NotCommitted) for this one
    forgotten perhaps, or the epoch     08007: ask again, or ask the next one
    is about to end

"Never counts" holds for whoever answers, also for one that has been outbid and does not know it. The Commit's
start_ts lies within what this epoch has made durable (the lease is extended first), and the epoch promises to end
above it. So each later epoch begins above it, and refuses the Commit at its entrance; this one keeps its name for as
long as its window would let it in; and an older one's records are all known here, since a commit lies above its
start_ts, and no commit above start_ts has been trimmed or forgotten.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.outcomes import UNRESOLVED
from actors.adjudicator.refusals import not_committed, unresolved
from actors.common.errors import DatabaseError, conflict
from actors.common.messages import AskCommit, Committed
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

GIVEN_UP_MAX = 10_000
"""Commits that are awaited no more, and would be refused if they came."""


def answer_known(known: Timestamp | None, reply: Reply) -> None:
    """Whoever does not lead knows what it has answered itself. Raises 40001, 08007."""
    if known is None or known == UNRESOLVED:
        raise unresolved("this adjudicator does not lead its journal")
    if not known:
        raise conflict()
    reply(Committed(known))


class Resolving:
    """One reign's."""

    def __init__(self, reign: Reign) -> None:
        self._reign = reign
        self._given_up: dict[bytes, Timestamp] = {}
        """Transaction -> its start_ts."""

    def has_given_up(self, transaction: bytes) -> bool:
        return transaction in self._given_up

    def ask(self, message: AskCommit, reply: Reply) -> None:
        """Raises what ends it at once."""
        if self._answer(message, reply):
            return
        reign, start_ts = self._reign, message.start_ts
        now = reign.context.clock.now()
        self._forget()
        if reign.over or start_ts > now.latest or len(self._given_up) >= GIVEN_UP_MAX:
            raise unresolved("the epoch cannot say so now")
        if start_ts < reign.answered.forgotten_ts:
            raise unresolved("commits as old as this one may be have been forgotten")
        reign.covering.cover(
            start_ts, partial(self._give_up, message, reply), lambda error: reply.fail(unresolved(error.message))
        )

    def _answer(self, message: AskCommit, reply: Reply) -> bool:
        """Whether its outcome is known here, or will be. Raises 40001."""
        reign = self._reign
        if reign.join(message.transaction, reply):
            return True
        known = reign.answered.get(message.transaction)
        if known is None or known == UNRESOLVED:  # left open by an older epoch: its record is not in the journal
            return False
        answer_known(known, reply)
        return True

    def _give_up(self, message: AskCommit, reply: Reply) -> None:
        """The lease reaches as far as its start_ts."""
        reign = self._reign
        try:
            if self._answer(message, reply):  # it has come meanwhile
                return
            if reign.over:
                raise unresolved("the epoch is over")
        except DatabaseError as error:
            reply.fail(error)
            return
        reign.lease.promise(message.start_ts)
        self._given_up[message.transaction] = message.start_ts
        reign.drop_parts(message.transaction)
        is_older = message.start_ts < reign.lease.begin
        reply.fail(conflict() if is_older else not_committed("the Commit has not come, and is not awaited any more"))

    def _forget(self) -> None:
        """Those that the window would refuse by their age."""
        horizon = self._reign.window.horizon
        for transaction in [name for name, start_ts in self._given_up.items() if start_ts < horizon]:
            del self._given_up[transaction]
