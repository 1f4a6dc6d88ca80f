"""The adjudicator: decides commit or abort for the key ranges it owns, and leads exactly one journal.

    Lead --> open the journal (seal a majority under a higher epoch) --> wait until the old epoch is past
         --> EPOCH_BEGIN --> Reign --> ... deposed or stopped

This file is the role: who leads, and which message goes where. What happens within an epoch is reign.py's (the fast
path), coordinator.py's and participant.py's (transactions that span adjudicators); the conflict check is window.py, the
commit times lease.py.

Epochs (I6). A new epoch begins just above the end of the last record's epoch, so their intervals cannot overlap,
whatever the clocks say. It waits until its own clock has passed that beginning: until then every transaction would have
begun too early for it. After a clean stop that end was drawn back, and there is nothing to wait for. Transactions that
began before the epoch are aborted (40001), catalogs verified before it are to be verified again (55000).

Who leads is a matter of speed, not of safety: the controller suggests it (`Lead`), the journal's seals decide. One that
was deposed leaves the other alone for a while, and takes the lead again if it is still the one that is asked.

An idle adjudicator sends nothing and has no timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from actors.adjudicator.coordinator import RecoveredOutcomes, is_spanning
from actors.adjudicator.lease import Lease
from actors.adjudicator.load import ClaimLoad
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.ownership import Ownership
from actors.adjudicator.refusals import not_committed
from actors.adjudicator.reign import ANSWERED_KEEP_S, Reign, answer_again
from actors.adjudicator.resolving import answer_known
from actors.common.errors import CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import (
    Announce,
    AskCommit,
    AskHeld,
    AskOutcome,
    AskOverwritten,
    AskPromise,
    AskPromises,
    Commit,
    Decided,
    Done,
    DropParts,
    Gather,
    HeldIs,
    Lead,
    OutcomeIs,
    Overwritten,
    Part,
    Prepare,
    Release,
    Retire,
    Topology,
    Watched,
)
from actors.common.messages.base import Message
from actors.common.timestamps import Timestamp
from actors.journal.record import COMMIT, EPOCH_BEGIN, TRANSACTION_BYTES, RecordHeader
from actors.journal.writer import JournalWriter
from actors.runtime.interfaces import Context, Reply

RETRY_S_MIN, RETRY_S_MAX = 0.05, 0.3
"""Pause after an attempt to lead that failed."""
REGAIN_S_MIN, REGAIN_S_MAX = 0.5, 1.5
"""One that was deposed does not lead again before, drawn at random so that two do not take turns."""
LEADS_MAX = 16
"""Suggestions to lead that wait for an answer."""

logger = logging.getLogger(__name__)


class Recovery:
    """What the records of a journal tell its next leader; fed in their order."""

    def __init__(self) -> None:
        self.last_end: Timestamp = 0
        self.outcomes = RecoveredOutcomes()
        self._has_complete = False

    def record(self, header: RecordHeader) -> None:
        self.last_end = header.epoch_end
        if not self._has_complete and (header.kind == EPOCH_BEGIN or header.lsn == 1):
            self._has_complete = True
            self.outcomes.complete_from = header.epoch if header.lsn > 1 else 0
        if header.kind == COMMIT:
            name, commit_ts = header.transaction, header.commit_ts
            self.outcomes.recent.remember(name[:TRANSACTION_BYTES], commit_ts, commit_ts)
            if is_spanning(name):
                self.outcomes.commits[name] = commit_ts

    def finish(self, epoch: int, trimmed_ts: Timestamp) -> None:
        """All records have been shown to `record`; `epoch` is the new one. No commit above `trimmed_ts` is gone."""
        recent = self.outcomes.recent
        recent.forgotten_ts = max(recent.forgotten_ts, trimmed_ts)
        if not self._has_complete and self.last_end:
            self.outcomes.complete_from = epoch


class Adjudicator:
    """Role `adjudicator/<number>`. `replicas`: the names of its journal's replicas. `computed_s` tells for how long
    this thread has computed: where it is given, the controller is told of the load."""

    def __init__(
        self, context: Context, number: int, replicas: list[str], computed_s: Callable[[], float] | None = None
    ) -> None:
        self._context = context
        self._number = number
        self._replicas = replicas
        self._ownership: Ownership | None = None
        self._reign: Reign | None = None
        self._writer: JournalWriter | None = None
        self._leading: asyncio.Task[None] | None = None
        self._leads: list[Reply] = []
        self._load = ClaimLoad(context, computed_s)
        self._answered = Outcomes(ANSWERED_KEEP_S * 1_000_000)
        self._regain_at_s: float | None = None
        """Set once it was deposed."""
        self._stopping = False

    async def start(self) -> None:
        self._context.bus.on_topology(self._on_topology)
        if self._context.bus.topology is not None:
            self._on_topology(self._context.bus.topology)

    async def stop(self) -> None:
        """Nothing new is accepted; what was decided is made durable (for a bounded time), and the epoch's end drawn
        back. Who is deposed meanwhile does not lead again."""
        self._stopping = True
        self._load.stop()
        if self._leading is not None:
            self._leading.cancel()
            self._leading = None
        if self._reign is not None:
            await self._reign.close()
            self._reign = None
        if self._writer is not None:
            self._writer.stop()
        self._answer_leads(not_committed("the adjudicator is stopping"))

    @property
    def pending(self) -> int:
        """Transactions that are marked here and undecided."""
        return self._reign.window.pending if self._reign is not None else 0

    def status(self) -> dict[str, Any]:
        reign, ownership = self._reign, self._ownership
        account: dict[str, Any] = {
            "layer": "adjudicator",
            "name": f"adjudicator/{self._number}",
            "range": ownership.shard_map.describe(ownership.shard_map.adjudicators, self._number)
            if ownership is not None
            else None,
            "state": "running" if reign is not None else "recovering" if self._leading is not None else "standing by",
            "epoch": reign.epoch if reign is not None else None,
            "watermark": reign.lease.last if reign is not None else None,
        }
        regions = self._context.settings.regions
        if regions.zones:
            account |= {
                "region": regions.zones.get(self._context.az, ""),
                "lead_ms": reign.lead_us // 1000 if reign is not None else None,
            }
        if reign is not None:
            account["load"] = {
                "commits": reign.commits,
                "conflicts": reign.conflicts,
                "under_way": reign.under_way,
                "pending": reign.window.pending,
                "waiting": len(reign.waiting),
                "window_keys": reign.window.keys,
            }
        return account

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        reign = self._reign
        if reign is None:
            self._receive_idle(sender, message, reply)
        elif isinstance(message, Decided):
            reign.participant.decided(message.transaction, message.commit_ts)
            if reply is not None:
                if reign.epoch < message.epoch:
                    raise not_committed(f"epoch {reign.epoch} does not know what epoch {message.epoch} has prepared")
                reply(Done())
        elif isinstance(message, Watched):
            self._watched(reign.writer, sender, message)
        elif isinstance(message, DropParts):
            reign.drop_parts(message.transaction)
        elif isinstance(message, AskPromises):
            reign.ahead.ask(sender, message)
        elif reply is None:
            return
        elif isinstance(message, Commit):
            reign.commit(message, reply, sender)
        elif isinstance(message, AskCommit):
            reign.resolving.ask(message, reply)
        elif isinstance(message, Part):
            reign.gatherings.part(message, reply)
        elif isinstance(message, AskPromise):
            reign.promise(message, reply)
        elif isinstance(message, Prepare):
            reign.participant.prepare(message, reply)
        elif isinstance(message, Gather):
            reign.participant.gather(message, reply)
        elif isinstance(message, AskOutcome):
            reply(reign.coordinator.outcome(message))
        elif isinstance(message, Release):
            reign.releasing.release(message, reply)
        elif isinstance(message, Announce):
            reign.membership.announce(message, reply)
        elif isinstance(message, Retire):
            reign.membership.retire(message, reply)
        elif isinstance(message, AskHeld):
            reply(HeldIs(reign.participant.held_for(message.coordinator)))
        elif isinstance(message, Lead):
            reply(Done())
        else:
            reply.fail(DatabaseError("0A000", f"an adjudicator does not understand {type(message).__name__}"))

    def answer_now(self, message: Message) -> Message | None:
        reign = self._reign
        if isinstance(message, AskOverwritten) and reign is not None and not reign.over:
            return Overwritten() if reign.window.has_newer(message.key, message.start_ts) else None
        return None

    def _receive_idle(self, sender: str, message: Message, reply: Reply | None) -> None:
        """Not leading, or not yet."""
        if isinstance(message, Lead):
            if reply is not None:
                self._leads = [*self._leads[-LEADS_MAX + 1 :], reply]
            self._lead()
            return
        if isinstance(message, Watched):
            if self._writer is not None:
                self._watched(self._writer, sender, message)
            return
        if reply is None:
            return
        if isinstance(message, Commit) and (known := self._answered.get(message.transaction)) is not None:
            answer_again(known, reply)
            return
        if self._regain_at_s is not None and asyncio.get_running_loop().time() >= self._regain_at_s:
            self._lead()
        if isinstance(message, AskOutcome):
            reply(OutcomeIs("undecided"))
        elif isinstance(message, AskCommit):
            answer_known(self._answered.get(message.transaction), reply)
        elif isinstance(
            message, Commit | Part | AskPromise | Prepare | Gather | Decided | Release | Announce | Retire | AskHeld
        ):
            reply.fail(not_committed(f"adjudicator/{self._number} does not lead its journal"))
        else:
            reply.fail(DatabaseError("0A000", f"an adjudicator does not understand {type(message).__name__}"))

    def _watched(self, writer: JournalWriter, sender: str, message: Watched) -> None:
        if message.restarted:
            writer.restarted(sender)
        else:
            writer.watched(sender, message.epoch)

    def _on_topology(self, topology: Topology) -> None:
        if self._ownership is None or self._ownership.shard_map != topology.shard_map:
            self._ownership = Ownership(topology.shard_map)
            if self._reign is not None:
                self._reign.follow(self._ownership)

    # -- leading -------------------------------------------------------------------------------------------------------

    def _lead(self) -> None:
        if self._leading is None and self._reign is None and not self._stopping:
            self._leading = self._context.spawn(self._take_lead())

    async def _take_lead(self) -> None:
        """Until it leads. Ends without that only for a failure that trying again does not mend."""
        context = self._context
        while True:
            try:
                reign = await self._begin_epoch()
                break
            except DatabaseError as error:
                if error.sqlstate not in (CONNECTION_FAILURE, OBJECT_NOT_IN_PREREQUISITE_STATE):
                    logger.error("adjudicator/%d cannot lead its journal: %s", self._number, error.message)
                    self._leading = None
                    self._answer_leads(error)
                    return
            await asyncio.sleep(context.random.uniform(RETRY_S_MIN, RETRY_S_MAX))
        self._leading = None
        self._regain_at_s = None
        self._reign = reign
        self._answer_leads(None)

    async def _begin_epoch(self) -> Reign:
        """Raises 55000 when outbid on the way, 08006 when the journal's replicas went away."""
        context = self._context
        deposed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        former = self._writer.epoch if self._writer is not None else 0
        writer = self._writer = JournalWriter(
            context, self._number, self._replicas, lambda why: self._deposed(writer, deposed, why)
        )
        recovery = Recovery()

        def anew() -> Callable[[RecordHeader, bytes], None]:
            nonlocal recovery
            recovery = Recovery()
            return lambda header, _: recovery.record(header)

        recovered = await writer.open(anew, former + 1)
        assert recovery.last_end or recovered.last_lsn == 0, "I6: the journal's records tell where the old epoch ends"
        recovery.finish(writer.epoch, writer.trimmed_ts)
        begin = max(recovery.last_end, recovered.last_commit_ts) + 1
        while (ahead_us := begin - context.clock.now().earliest) > 0:
            await asyncio.sleep(ahead_us / 1e6)
        length_us = context.settings.adjudication.lease_ms * 1000
        end = max(begin, context.clock.now().latest) + length_us
        begun_s = asyncio.get_running_loop().time()
        beginning = asyncio.ensure_future(writer.begin(begin, end))
        waiting: list[asyncio.Future[Any]] = [beginning, deposed]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            beginning.cancel()
            raise
        if deposed.done():
            beginning.cancel()
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, deposed.result())
        beginning.result()
        reign = Reign(
            context,
            self._number,
            writer,
            Lease(begin, end, length_us),
            recovery.outcomes,
            self._ownership,
            self._answered,
            self._load,
        )
        reign.ahead.begin(asyncio.get_running_loop().time() - begun_s)
        return reign

    def _deposed(self, writer: JournalWriter, deposed: asyncio.Future[str], why: str) -> None:
        """A higher epoch has been met. Nothing of this writer's is committed after this."""
        if not deposed.done():
            deposed.set_result(why)
        reign = self._reign
        if reign is not None and reign.writer is writer:
            logger.info("adjudicator/%d is deposed: %s", self._number, why)
            self._reign = None
            self._regain_at_s = asyncio.get_running_loop().time() + self._context.random.uniform(
                REGAIN_S_MIN, REGAIN_S_MAX
            )
            reign.end(why)

    def _answer_leads(self, error: DatabaseError | None) -> None:
        leads, self._leads = self._leads, []
        for reply in leads:
            if error is None:
                reply(Done())
            else:
                reply.fail(error)
