"""The participant's side of transactions that other adjudicators coordinate: mark, answer Prepared, and hold the marks
until the outcome is known.

    Prepare --judge--> marks --lease covers it--> Prepared(epoch, lower bound, epoch end)
            ... Decided(commit_ts or 0) --> window, or nothing

The outcome is the coordinator's journal's. A participant that has heard nothing for `ask_outcome_ms` asks whoever leads
that journal, again and again, until it is answered; there is no other way for marks to go but the end of this epoch
(the next one begins above every time that this one has offered).

A Prepare that arrives twice is answered twice; one that arrives after its own Decided is refused while that is
remembered, and is otherwise marked, asked about, and found to be aborted or in the window already.

Its share of a large transaction comes ahead of the Prepare, in Gathers, and holds no marks before that (claim.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.claim import Claim, GatheredClaim
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.refusals import not_committed
from actors.common.errors import DatabaseError, conflict, redirected
from actors.common.messages import AskOutcome, Done, Gather, OutcomeIs, Prepare, Prepared
from actors.common.messages.base import Message
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

ASK_TIMEOUT_S = 1.0
DECIDED_KEEP_S = 60
"""Stragglers of a Prepare that come later than this are asked about instead."""
PENDING_MAX = 10_000
"""Prepared transactions without an outcome; beyond, they are refused."""
SHARES_MAX = 256
"""Shares of large transactions that are not prepared yet."""
SHARE_S_MAX = 60.0
"""A share without a word for so long goes when another one comes."""
LEASE_SHARE = 4
"""A Prepared offers at least this part of a lease to choose a commit time from: the coordinator has other participants
to hear. Between regions a lead, which is longer than the answer is on its way."""

AHEAD_US_MAX = 3_000_000
"""How far beyond its own clock a participant extends its lease for a coordinator whose clock is ahead."""


class Pending:
    __slots__ = ("coordinator", "epoch", "is_asking", "is_barred", "offered", "since_s")

    def __init__(self, coordinator: int, epoch: int, since_s: float) -> None:
        self.coordinator = coordinator
        self.epoch = epoch
        self.since_s = since_s
        self.is_asking = False
        self.offered: Timestamp = TIMESTAMP_MIN
        """It is committed at or below this time, or not at all."""
        self.is_barred = False
        """Its keys are another's by now (releasing.py): no later time is offered."""


class _Share:
    """Pieces of a large transaction's share. `numbers`: of the parts that have come."""

    __slots__ = ("claim", "heard_s", "numbers")

    def __init__(self, claim: GatheredClaim) -> None:
        self.claim = claim
        self.numbers: set[int] = set()
        self.heard_s = 0.0


class Participant:
    def __init__(self, reign: Reign) -> None:
        self._reign = reign
        self._pending: dict[bytes, Pending] = {}
        self._shares: dict[bytes, _Share] = {}
        self._decided = Outcomes(DECIDED_KEEP_S * 1_000_000)
        self._timer: asyncio.TimerHandle | None = None
        self._releases = 0
        self._ask_after_s: float = reign.context.settings.adjudication.ask_outcome_ms / 1000

    def gather(self, message: Gather, reply: Reply) -> None:
        """One piece of a share. Raises what refuses it, which ends the transaction."""
        reign = self._reign
        name = message.transaction
        if reign.over:
            raise not_committed("the epoch is over")
        if self._decided.get(name) is not None:
            raise conflict()
        share = self._shares.get(name)
        if share is None:
            self._forget_silent_shares()
            if len(self._shares) >= SHARES_MAX:
                raise not_committed("too many large transactions")
            reign.check_entrance(message.start_ts, message.catalog_ts)
            claim = GatheredClaim(name, message.start_ts, message.catalog_ts, holds_elsewhere=True)
            share = self._shares[name] = _Share(claim)
        share.heard_s = asyncio.get_running_loop().time()
        if message.number not in share.numbers:
            self._check_owner(message.written, message.checked)
            reign.check_beginning(message.start_ts, message.catalog_ts, message.written, message.checked)
            reign.window.gather(share.claim, message.written, message.checked)
            share.numbers.add(message.number)
        reply(Done())

    def _check_owner(self, written: list[bytes], checked: list[bytes]) -> None:
        """Raises 55000."""
        reign = self._reign
        if (written or checked) and (
            reign.ownership is None or not reign.ownership.owns(reign.number, written, checked)
        ):
            raise redirected()

    def _check_map(self, message: Prepare) -> None:
        """Raises 55000 where the coordinator's map is not the one known here, for all that matters to this transaction.
        What concerns all adjudicators must have reached those that own what this one has released, and what this one is
        about to own as well."""
        concerns_all = bool(message.schema_changes or message.exclusive or message.dropped)
        ownership = self._reign.ownership
        if concerns_all and (ownership is None or message.map_version != ownership.version):
            raise redirected()
        self._check_owner(message.written, message.checked)
        self._reign.check_beginning(
            message.start_ts, message.catalog_ts, message.written, message.checked, concerns_all
        )

    def _forget_silent_shares(self) -> None:
        """Their coordinators have died, or their word was lost that it is over."""
        due = asyncio.get_running_loop().time() - SHARE_S_MAX
        for name in [name for name, share in self._shares.items() if share.heard_s < due]:
            self._leave(name)

    def _leave(self, name: bytes) -> None:
        share = self._shares.pop(name, None)
        if share is not None:
            self._reign.window.leave(share.claim)

    def _claim(self, message: Prepare) -> Claim:
        """What the transaction claims here. Raises 08006 where pieces of it have not come."""
        if not message.parts:
            return Claim(
                message.transaction,
                message.start_ts,
                message.catalog_ts,
                message.written,
                message.checked,
                message.schema_changes,
                message.exclusive,
                message.dropped,
                holds_elsewhere=True,
            )
        share = self._shares.get(message.transaction)
        if share is None or len(share.numbers) != message.parts:
            raise not_committed(f"{message.parts} parts of its share are wanted")
        share.claim.relate(message.schema_changes, message.exclusive, message.dropped)
        return share.claim

    def prepare(self, message: Prepare, reply: Reply) -> None:
        """Answered with Prepared once all is marked, or refused. Raises what refuses it at once."""
        reign = self._reign
        name = message.transaction
        if reign.over or self._is_gone(message.coordinator):
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
        self._check_map(message)
        reign.load.note(message.written)
        self._judge(self._claim(message), message, reply)

    def _judge_again(self, claim: Claim, releases: int, message: Prepare, reply: Reply) -> None:
        """What it waited for is decided; meanwhile its keys may have become another's."""
        try:
            if releases != self._releases:
                self._check_map(message)
                self._claim(message)
        except DatabaseError as error:
            reply.fail(error)
        else:
            self._judge(claim, message, reply)

    def _judge(self, claim: Claim, message: Prepare, reply: Reply) -> None:
        reign = self._reign
        verdict = reign.judge(claim)
        if verdict is None:
            self._leave(claim.transaction)
            reign.window.mark(claim)
            now_s = asyncio.get_running_loop().time()
            self._pending[claim.transaction] = Pending(message.coordinator, message.coordinator_epoch, now_s)
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(self._ask_after_s, self._sweep)
            self._offer(message, reply)
        elif isinstance(verdict, bytes):
            retry, give_up = (
                partial(self._judge_again, claim, self._releases, message, reply),
                partial(reply.fail, conflict()),
            )
            reign.waiting.wait(claim.transaction, verdict, retry, give_up)
        else:
            reign.conflicts += 1
            reply.fail(verdict)

    def _offer(self, message: Prepare, reply: Reply) -> None:
        """Say between which times it may commit, once enough of that is durable. A coordinator whose clock is further
        ahead than `AHEAD_US_MAX` finds no time in it: a lease that long would hold up the next epoch."""
        reign = self._reign
        lease = reign.lease

        def answer() -> None:
            pending = self._pending.get(message.transaction)
            if pending is not None and pending.is_barred:
                reply.fail(redirected())
                return
            if pending is not None:
                pending.offered = lease.durable_end
            reply(Prepared(reign.epoch, lease.last, lease.durable_end))

        now = reign.context.clock.now().latest
        lead_us = reign.lead_us  # the coordinator dates the commit as far ahead, once this answer has come
        at = max(message.start_ts, lease.last, now + lead_us, min(message.coordinator_last, now + AHEAD_US_MAX))
        reign.covering.cover(at + (lead_us or lease.length_us // LEASE_SHARE), answer, reply.fail)

    def decided(self, name: bytes, commit_ts: Timestamp) -> None:
        """The outcome (0: aborted); may come again, early or late."""
        reign = self._reign
        self._pending.pop(name, None)
        self._leave(name)
        reign.waiting.leave(name)
        self._decided.remember(name, commit_ts, reign.context.clock.now().earliest)
        claim = reign.window.release(name)
        if claim is not None:
            if commit_ts:
                assert reign.lease.begin < commit_ts <= reign.lease.durable_end, (
                    "I6: a decision lies within the epoch that was offered"
                )
                reign.window.commit(claim, commit_ts)
                reign.lease.raise_last(commit_ts)
                reign.foresight.committed(reign.context.clock.now().earliest)
            reign.waiting.wake(name)

    # -- ranges --------------------------------------------------------------------------------------------------------

    def undecided(self) -> Iterator[Claim]:
        marked = (self._reign.window.marked(name) for name in self._pending)
        return (claim for claim in marked if claim is not None)

    def bar(self, is_released: Callable[[Claim], bool]) -> Timestamp:
        """Offer nothing more for what is released. Its marks stay until they are decided, at or below the time that is
        returned."""
        self._releases += 1
        for name in list(self._shares):
            self._leave(name)
        for name, pending in self._pending.items():
            claim = self._reign.window.marked(name)
            if claim is not None and is_released(claim):
                pending.is_barred = True
        return max((pending.offered for pending in self._pending.values() if pending.is_barred), default=TIMESTAMP_MIN)

    def held_for(self, coordinator: int) -> int:
        """How many undecided transactions that adjudicator coordinates."""
        return sum(pending.coordinator == coordinator for pending in self._pending.values())

    def _is_gone(self, coordinator: int) -> bool:
        """It is retired. What it committed was known here before that; what it asks for now was on its way for long,
        and nothing will come of it."""
        topology = self._reign.context.bus.topology
        journals = topology.journals if topology is not None else None
        return journals is not None and journals.term(coordinator) is None and coordinator <= journals.last_number

    # -- asking --------------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Ask about those that have waited long enough; goes on while there are any."""
        self._timer = None
        loop = asyncio.get_running_loop()
        due = loop.time() - self._ask_after_s / 2
        for name, pending in list(self._pending.items()):
            if self._is_gone(pending.coordinator):
                self.decided(name, 0)
            elif pending.since_s <= due and not pending.is_asking:
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
                latest = pending.offered if pending.is_barred else reign.lease.durable_end
                self.decided(name, latest if answer.state == "unknown" else answer.commit_ts)

        def failed(_: DatabaseError) -> None:
            pending.is_asking = False

        destination = f"adjudicator/{pending.coordinator}"
        reign.context.bus.request(
            reign.name, destination, AskOutcome(name, pending.epoch), answered, failed, ASK_TIMEOUT_S
        )

    def end(self) -> None:
        """The epoch is over, and with it what was promised to coordinators: its marks are needed no more."""
        self._pending.clear()
        self._shares.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
