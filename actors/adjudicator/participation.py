"""The participant's side: keys of ours in a transaction that another adjudicator coordinates.

Judged and marked like our own; the vote names our epoch, a lower bound for the commit time, and the durable end of our epoch, above which our marks
protect nothing (a successor begins there and refuses all that started before). Marks stay until the outcome is known: told by Decided, or asked for.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.adjudicator.outcomes import ABORTED
from actors.adjudicator.window import Claim
from actors.common.errors import DatabaseError, conflict
from actors.common.messages import AskOutcome, OutcomeIs, Prepare, Prepared
from actors.common.messages.base import Message
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.adjudicator import Adjudicator

ASK_AFTER_S = 0.5
"""An outcome that has not been told by then is asked for; asked again at this pace, doubling up to ASK_AFTER_S_MAX."""
ASK_AFTER_S_MAX = 5.0
ASK_TIMEOUT_S = 2.0
DECIDED_MAX = 10_000
"""Outcomes that came before their Prepare, remembered so that the late Prepare leaves no marks."""


@dataclass
class _Vote:
    message: Prepare
    claim: Claim
    timer: asyncio.TimerHandle | None = None
    pause_s: float = ASK_AFTER_S


class Participation:
    def __init__(self, adjudicator: Adjudicator) -> None:
        self._adjudicator = adjudicator
        self._votes: dict[bytes, _Vote] = {}
        self._decided: OrderedDict[bytes, Timestamp] = OrderedDict()
        self._delayed: list[tuple[Prepare, Reply]] = []
        """Votes that wait for a longer lease."""

    def prepare(self, message: Prepare, reply: Reply) -> None:
        """Judge, mark, vote; wait for an undecided transaction in the way, or for a lease worth voting on."""
        adjudicator = self._adjudicator
        transaction = message.transaction
        if transaction in self._votes:
            self._vote(reply)
            return
        if transaction in self._decided:
            reply.fail(conflict())
            return
        refusal = adjudicator.refusal(message.start_ts, message.catalog_ts)
        if refusal is not None:
            reply.fail(refusal)
            return
        shard_map = adjudicator.shard_map
        if shard_map is None or any(shard_map.adjudicator(key) != adjudicator.number for key in (*message.written, *message.checked)):
            reply.fail(DatabaseError("55000", f"{adjudicator.name} does not own every key of this part"))
            return
        assert adjudicator.lease is not None
        if adjudicator.lease.is_low:
            self._delayed.append((message, reply))
            adjudicator.extend()
            return
        claim = Claim(
            transaction,
            message.start_ts,
            message.catalog_ts,
            message.written,
            message.checked,
            message.schema_changes,
            message.exclusive,
        )
        verdict = adjudicator.window.judge(claim)
        if isinstance(verdict, bytes):
            adjudicator.wait_for(verdict, lambda: self.prepare(message, reply), lambda: reply.fail(conflict()))
        elif verdict is not None:
            reply.fail(verdict)
        else:
            adjudicator.window.mark(claim)
            vote = self._votes[transaction] = _Vote(message, claim)
            self._ask_later(vote)
            self._vote(reply)

    def _vote(self, reply: Reply) -> None:
        adjudicator = self._adjudicator
        lease, writer = adjudicator.lease, adjudicator.writer
        if lease is None or writer is None:
            reply.fail(conflict())
            return
        reply(Prepared(writer.epoch, max(lease.begin, lease.last), lease.durable_end))

    def lease_extended(self) -> None:
        delayed, self._delayed = self._delayed, []
        for message, reply in delayed:
            self.prepare(message, reply)

    # -- outcomes ------------------------------------------------------------------------------------------------------------------

    def decided(self, transaction: bytes, commit_ts: Timestamp) -> None:
        """The outcome: commit_ts, or ABORTED. Repeats do nothing."""
        adjudicator = self._adjudicator
        vote = self._votes.pop(transaction, None)
        if vote is None:
            self._decided[transaction] = commit_ts
            while len(self._decided) > DECIDED_MAX:
                self._decided.popitem(last=False)
            return
        if vote.timer is not None:
            vote.timer.cancel()
        if commit_ts != ABORTED:
            adjudicator.window.commit(vote.claim, commit_ts)
        adjudicator.window.release(transaction)
        adjudicator.wake(transaction)

    def _ask_later(self, vote: _Vote) -> None:
        vote.timer = asyncio.get_running_loop().call_later(vote.pause_s, self._ask, vote)
        vote.pause_s = min(ASK_AFTER_S_MAX, vote.pause_s * 2)

    def _ask(self, vote: _Vote) -> None:
        adjudicator = self._adjudicator
        transaction = vote.message.transaction

        def answered(answer: Message) -> None:
            assert isinstance(answer, OutcomeIs)
            if self._votes.get(transaction) is not vote:
                return
            if answer.state == "undecided":
                self._ask_later(vote)
            else:
                self.decided(transaction, answer.commit_ts if answer.state == "committed" else ABORTED)

        def failed(_: DatabaseError) -> None:
            if self._votes.get(transaction) is vote:
                self._ask_later(vote)

        question = AskOutcome(transaction, vote.message.coordinator_epoch)
        name = f"adjudicator/{vote.message.coordinator}"
        adjudicator.context.bus.request(adjudicator.name, name, question, answered, failed, ASK_TIMEOUT_S)

    def forget(self) -> None:
        """The epoch is over, and with it what the marks were for."""
        for transaction in sorted(self._votes):
            timer = self._votes[transaction].timer
            if timer is not None:
                timer.cancel()
        self._votes.clear()
        self._decided.clear()
        delayed, self._delayed = self._delayed, []
        for _, reply in delayed:
            reply.fail(conflict())
