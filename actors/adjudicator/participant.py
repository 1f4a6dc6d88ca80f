"""The participant's side of transactions that other adjudicators coordinate: mark, answer Prepared, and hold the marks until the outcome is known.

    Prepare --judge--> marks --lease covers it--> Prepared(epoch, lower bound, epoch end) ... Decided(commit_ts or 0) --> window, or nothing

The outcome is the coordinator's journal's. A participant that has heard nothing for `ask_outcome_ms` asks whoever leads that journal, again and again, until it
is answered; there is no other way for marks to go but the end of this epoch (the next one begins above every time that this one has offered).

A Prepare that arrives twice is answered twice; one that arrives after its own Decided is refused while that is remembered, and is otherwise
marked, asked about, and found to be aborted or in the window already.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.refusals import not_committed, redirected
from actors.adjudicator.window import Claim
from actors.common.errors import DatabaseError, conflict
from actors.common.messages import AskOutcome, OutcomeIs, Prepare, Prepared
from actors.common.messages.base import Message
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

ASK_TIMEOUT_S = 1.0
DECIDED_KEEP_S = 60
"""Stragglers of a Prepare that come later than this are asked about instead."""
PENDING_MAX = 10_000
"""Prepared transactions without an outcome; beyond, they are refused."""
LEASE_SHARE = 4
"""A Prepared offers at least this part of a lease to choose a commit time from: the coordinator has other participants to hear."""


AHEAD_US_MAX = 3_000_000
"""How far beyond its own clock a participant extends its lease for a coordinator whose clock is ahead."""


class Pending:
    __slots__ = ("coordinator", "epoch", "is_asking", "since_s")

    def __init__(self, coordinator: int, epoch: int, since_s: float) -> None:
        self.coordinator = coordinator
        self.epoch = epoch
        self.since_s = since_s
        self.is_asking = False


class Participant:
    def __init__(self, reign: Reign) -> None:
        self._reign = reign
        self._pending: dict[bytes, Pending] = {}
        self._decided = Outcomes(DECIDED_KEEP_S * 1_000_000)
        self._timer: asyncio.TimerHandle | None = None
        self._ask_after_s: float = reign.context.settings.adjudication.ask_outcome_ms / 1000

    def prepare(self, message: Prepare, reply: Reply) -> None:
        """Answered with Prepared once all is marked, or refused. Raises what refuses it at once."""
        reign = self._reign
        name = message.transaction
        if reign.over:
            raise not_committed("the epoch is over")
        if reign.window.marked(name) is not None:
            self._offer(message, reply)
            return
        if name in reign.waiting:
            return
        if self._decided.get(name) is not None:
            raise conflict()
        if len(self._pending) >= PENDING_MAX:
            raise not_committed("too many undecided transactions")
        reign.check_entrance(message.start_ts, message.catalog_ts)
        if (message.written or message.checked) and (
            reign.ownership is None or not reign.ownership.owns(reign.number, message.written, message.checked)
        ):
            raise redirected()
        claim = Claim(
            name,
            message.start_ts,
            message.catalog_ts,
            message.written,
            message.checked,
            message.schema_changes,
            message.exclusive,
            message.dropped,
            holds_elsewhere=True,
        )
        self._judge(claim, message, reply)

    def _judge(self, claim: Claim, message: Prepare, reply: Reply) -> None:
        reign = self._reign
        verdict = reign.judge(claim)
        if verdict is None:
            reign.window.mark(claim)
            now_s = asyncio.get_running_loop().time()
            self._pending[claim.transaction] = Pending(message.coordinator, message.coordinator_epoch, now_s)
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(self._ask_after_s, self._sweep)
            self._offer(message, reply)
        elif isinstance(verdict, bytes):
            retry, give_up = partial(self._judge, claim, message, reply), partial(reply.fail, conflict())
            reign.waiting.wait(claim.transaction, verdict, retry, give_up)
        else:
            reign.conflicts += 1
            reply.fail(verdict)

    def _offer(self, message: Prepare, reply: Reply) -> None:
        """Say between which times it may commit, once enough of that is durable. A coordinator whose clock is further ahead than `AHEAD_US_MAX` finds no
        time in it: a lease that long would hold up the next epoch."""
        reign = self._reign
        lease = reign.lease

        def answer() -> None:
            reply(Prepared(reign.epoch, lease.last, lease.durable_end))

        now = reign.context.clock.now().latest
        at = max(message.start_ts, lease.last, now, min(message.coordinator_last, now + AHEAD_US_MAX))
        reign.cover(at + lease.length_us // LEASE_SHARE, answer, reply.fail)

    def decided(self, name: bytes, commit_ts: Timestamp) -> None:
        """The outcome (0: aborted); may come again, early or late."""
        reign = self._reign
        self._pending.pop(name, None)
        reign.waiting.leave(name)
        self._decided.remember(name, commit_ts, reign.context.clock.now().earliest)
        claim = reign.window.release(name)
        if claim is not None:
            if commit_ts:
                assert reign.lease.begin < commit_ts <= reign.lease.durable_end, "I6: a decision lies within the epoch that was offered"
                reign.window.commit(claim, commit_ts)
                reign.lease.raise_last(commit_ts)
            reign.waiting.wake(name)

    # -- asking ------------------------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Ask about those that have waited long enough; goes on while there are any."""
        self._timer = None
        loop = asyncio.get_running_loop()
        due = loop.time() - self._ask_after_s / 2
        for name, pending in list(self._pending.items()):
            if pending.since_s <= due and not pending.is_asking:
                pending.is_asking = True
                self._ask(name, pending)
        if self._pending:
            self._timer = loop.call_later(self._ask_after_s, self._sweep)

    def _ask(self, name: bytes, pending: Pending) -> None:
        reign = self._reign

        def answered(answer: Message) -> None:
            assert isinstance(answer, OutcomeIs)
            pending.is_asking = False
            if answer.state != "undecided" and self._pending.get(name) is pending:
                # "unknown": whatever it was, it was not above what has been offered.
                self.decided(name, reign.lease.durable_end if answer.state == "unknown" else answer.commit_ts)

        def failed(_: DatabaseError) -> None:
            pending.is_asking = False

        destination = f"adjudicator/{pending.coordinator}"
        reign.context.bus.request(reign.name, destination, AskOutcome(name, pending.epoch), answered, failed, ASK_TIMEOUT_S)

    def end(self) -> None:
        """The epoch is over, and with it what was promised to coordinators: its marks are needed no more."""
        self._pending.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
