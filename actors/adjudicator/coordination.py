"""The coordinator of a transaction whose keys belong to several adjudicators (design, section 3, step 3).

    own keys judged and marked, Prepare to each participant      (in parallel)
    all prepared   -> commit_ts above every lower bound, within every epoch end -> ONE record with the whole write set -> Committed, Decided
    any refusal    -> marks dropped, Decided(0)

The record is the commit. A participant that is not told asks; a coordinator that dies before the record is durable has aborted, since the next epoch of its
journal does not have it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.outcomes import ABORTED
from actors.adjudicator.window import Claim
from actors.common.errors import CONNECTION_FAILURE, DatabaseError, conflict
from actors.common.messages import Commit, Decided, Prepare, Prepared
from actors.common.messages.base import Message

if TYPE_CHECKING:
    from actors.adjudicator.adjudicator import Adjudicator


class Coordination:
    """`appended`: the record is in the journal's hands; from here on the outcome is the journal's."""

    def __init__(
        self, adjudicator: Adjudicator, message: Commit, written: dict[int, list[bytes]], checked: dict[int, list[bytes]], others: list[int]
    ) -> None:
        self._adjudicator = adjudicator
        self._message = message
        self._written = written
        self._checked = checked
        self._others = others
        self._votes: dict[int, Prepared] = {}
        self._over = False
        self.appended = False
        own = adjudicator.number
        self._claim = Claim(
            message.transaction,
            message.start_ts,
            message.catalog_ts,
            written.get(own, []),
            checked.get(own, []),
            message.schema_changes,
            message.exclusive,
        )

    def begin(self) -> None:
        """Judge our own keys; where they are free, mark them and ask the participants."""
        adjudicator = self._adjudicator
        if self._over:
            return
        if not adjudicator.leads:
            self._abort(_not_committed("the epoch has ended"))
            return
        verdict = adjudicator.window.judge(self._claim)
        if isinstance(verdict, bytes):
            adjudicator.wait_for(verdict, self.begin, lambda: self._abort(conflict()))
        elif verdict is not None:
            self._abort(verdict)
        else:
            adjudicator.window.mark(self._claim)
            self._ask()

    def _ask(self) -> None:
        adjudicator, message = self._adjudicator, self._message
        assert adjudicator.writer is not None
        timeout_s = adjudicator.context.settings.adjudication.prepare_timeout_ms / 1000
        for number in self._others:
            prepare = Prepare(
                message.transaction,
                adjudicator.number,
                adjudicator.writer.epoch,
                message.start_ts,
                message.catalog_ts,
                self._written.get(number, []),
                self._checked.get(number, []),
                message.schema_changes,
                message.exclusive,
            )
            voted = partial(self._voted, number)
            adjudicator.context.bus.request(adjudicator.name, f"adjudicator/{number}", prepare, voted, self._refused, timeout_s)

    def _voted(self, number: int, answer: Message) -> None:
        assert isinstance(answer, Prepared)
        if self._over:
            return
        self._votes[number] = answer
        if len(self._votes) == len(self._others):
            self._commit()

    def _refused(self, error: DatabaseError) -> None:
        if error.sqlstate == CONNECTION_FAILURE and not error.detail.startswith("not committed"):
            error = _not_committed(error.message)
        self._abort(error)

    def _commit(self) -> None:
        adjudicator = self._adjudicator
        lease = adjudicator.lease
        if lease is None or not adjudicator.leads:
            self._abort(_not_committed("the epoch has ended"))
            return
        floor = max(self._message.start_ts, *(vote.lower_bound for vote in self._votes.values()))
        ceiling = min(vote.epoch_end for vote in self._votes.values())
        commit_ts = lease.next_commit_ts(floor)
        if commit_ts > ceiling:
            self._abort(conflict())
            return
        self._over = True
        self.appended = True
        adjudicator.window.commit(self._claim, commit_ts)
        adjudicator.append_commit(self._message, commit_ts, partial(self._committed, commit_ts))

    def _committed(self, commit_ts: int) -> None:
        """The record is durable: tell the client, then the participants."""
        adjudicator, transaction = self._adjudicator, self._message.transaction
        adjudicator.answer(transaction, commit_ts)
        self._tell(commit_ts)
        adjudicator.window.release(transaction)
        adjudicator.coordination_ended(transaction)
        adjudicator.wake(transaction)

    def _abort(self, error: DatabaseError) -> None:
        if self._over:
            return
        self._over = True
        adjudicator, transaction = self._adjudicator, self._message.transaction
        adjudicator.window.release(transaction)
        if error.sqlstate == "40001":
            adjudicator.outcomes.remember(transaction, ABORTED, adjudicator.context.clock.now().latest)
        adjudicator.answer(transaction, error)
        self._tell(ABORTED)
        adjudicator.coordination_ended(transaction)
        adjudicator.wake(transaction)

    def _tell(self, commit_ts: int) -> None:
        adjudicator = self._adjudicator
        for number in self._others:
            adjudicator.context.bus.post(adjudicator.name, f"adjudicator/{number}", Decided(self._message.transaction, commit_ts))

    def forget(self) -> None:
        """The epoch is over; the next one of this journal answers who asks."""
        self._over = True


def _not_committed(why: str) -> DatabaseError:
    return DatabaseError(CONNECTION_FAILURE, why, detail=f"not committed: {why}")
