"""The adjudicator: owns key ranges, decides commit or abort, assigns the commit time, and is its journal's one writer.

    Commit --> judge (window.py) --> commit_ts (lease.py) --> one record (journal/writer.py) --> Committed

A transaction whose keys are all this adjudicator's is decided in the call that receives it; the answer goes out when a majority of the journal has the record.
Others go through coordination.py (here as coordinator) or participation.py (here as participant). State is memory only: an adjudicator that takes over begins
a new epoch above the old one's end and refuses every transaction that started before it (I6), so it needs to know nothing of the past but the
outcomes in its journal.

It leads when told to (Lead, a suggestion of the controller); a higher epoch met at a replica deposes it. What was appended then may or may not survive: those
clients get 08007; the others 08006 with "not committed", and try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors.adjudicator.coordination import Coordination
from actors.adjudicator.lease import Lease
from actors.adjudicator.outcomes import ABORTED, Outcomes
from actors.adjudicator.participation import Participation
from actors.adjudicator.window import Claim, ConflictWindow
from actors.common import write_set
from actors.common.errors import (
    CONFIGURATION_LIMIT_EXCEEDED,
    CONNECTION_FAILURE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    PROGRAM_LIMIT_EXCEEDED,
    TRANSACTION_RESOLUTION_UNKNOWN,
    DatabaseError,
    conflict,
)
from actors.common.messages import (
    AskOutcome,
    AskPromise,
    Commit,
    Committed,
    Decided,
    Done,
    Lead,
    OutcomeIs,
    Prepare,
    Promised,
    Watched,
)
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.timestamps import Timestamp
from actors.journal.record import CLOSE, COMMIT, LEASE, RecordHeader
from actors.journal.writer import JournalWriter
from actors.runtime.interfaces import Context, Reply

AHEAD_US_MAX = 1_000_000
"""A start_ts further ahead of this clock than this is refused: the sender's clock is broken."""
QUEUE_RECORDS_MAX = 20_000
"""Records waiting for the journal's majority; beyond it commits are refused, retryably."""
TRIM_EVERY = 256
"""Commits between two looks at what may be forgotten."""
AGE_US_DEFAULT = 300_000_000
"""How long conflicts are remembered where transactions may live without limit: a longer one is refused then."""


class Adjudicator:
    """Role `adjudicator/<number>`; `replicas`: the names of its journal's replicas."""

    def __init__(self, context: Context, number: int, replicas: list[str]) -> None:
        self.context = context
        self.number = number
        self.name = f"adjudicator/{number}"
        self._replicas = replicas
        self._settings = context.settings.adjudication
        self._age_us = context.settings.limits.transaction_age_s * 1_000_000 or AGE_US_DEFAULT
        self.window = ConflictWindow()
        self.outcomes = Outcomes()
        self.writer: JournalWriter | None = None
        self.lease: Lease | None = None
        self._opening: list[Reply] | None = None
        self._asked: list[tuple[Timestamp, Reply]] = []
        self._extending = False
        self._blocked: dict[bytes, list[Callable[[], None]]] = {}
        self._in_doubt: dict[bytes, list[Reply]] = {}
        """Own transactions being decided: those who wait for the answer."""
        self._coordinations: dict[bytes, Coordination] = {}
        self._participation = Participation(self)
        self.commits = 0
        self.conflicts = 0

    # -- life --------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Ready to be told to lead."""

    async def stop(self) -> None:
        """Cap the epoch's end at what has been used, so that the next one need not wait."""
        writer, lease = self.writer, self.lease
        if writer is None or lease is None or writer.stopped:
            return
        self.lease = None
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        end = max(lease.promise, lease.last)
        writer.append(CLOSE, end, end, end, on_committed=lambda: _settle(closed))
        try:
            await asyncio.wait_for(closed, self._settings.prepare_timeout_ms / 1000)
        except TimeoutError:
            pass
        self._end_reign("the adjudicator stops")
        writer.stop()

    async def _lead(self) -> None:
        """Win the journal and begin an epoch (design, section 4: journal recovery, I6)."""
        writer = JournalWriter(self.context, self.number, self._replicas, self._deposed)
        former = self.writer
        recovered = await writer.open(self._recall, former.epoch + 1 if former is not None else 0)
        clock = self.context.clock
        begin = max(recovered.last_epoch_end, recovered.last_commit_ts) + 1
        while (wait_us := begin - clock.now().earliest) > 0:
            await asyncio.sleep(wait_us / 1_000_000)
        begin = max(begin, clock.now().latest)
        lease_us = self._settings.lease_ms * 1000
        self.writer = writer
        self.window = ConflictWindow()
        self.window.trim(begin - 1)
        await writer.begin(begin, begin + lease_us)
        if writer.stopped:
            return
        self.lease = Lease(clock, lease_us, begin, begin + lease_us)
        waiting, self._opening = self._opening or [], None
        for reply in waiting:
            reply(Done())

    def _recall(self, header: RecordHeader) -> None:
        if header.kind == COMMIT:
            self.outcomes.remember(header.transaction, header.commit_ts, header.commit_ts)

    def _deposed(self, why: str) -> None:
        """A higher epoch exists."""
        self.lease = None
        self._end_reign(why)
        waiting, self._opening = self._opening or [], None
        for reply in waiting:
            reply.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{self.name} was outbid: {why}"))

    def _end_reign(self, why: str) -> None:
        unknown = DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=why)
        in_doubt, self._in_doubt = self._in_doubt, {}
        for transaction in sorted(in_doubt):
            coordination = self._coordinations.get(transaction)
            sent = coordination is None or coordination.appended
            for reply in in_doubt[transaction]:
                reply.fail(unknown if sent else not_committed(why))
        for transaction in sorted(self._coordinations):
            self._coordinations[transaction].forget()
        self._coordinations.clear()
        self._participation.forget()
        asked, self._asked = self._asked, []
        for _, reply in asked:
            reply.fail(not_committed(why))
        self._extending = False
        blocked, self._blocked = self._blocked, {}
        for transaction in sorted(blocked):
            for resume in blocked[transaction]:
                resume()

    # -- messages ----------------------------------------------------------------------------------------------------------------

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Commit):
            if reply is not None:
                self._commit(message, reply)
        elif isinstance(message, Decided):
            self._participation.decided(message.transaction, message.commit_ts)
        elif isinstance(message, Watched):
            if self.writer is not None:
                self.writer.watched(sender, message.epoch)
        elif reply is None:
            return
        elif isinstance(message, AskPromise):
            self._promise(message.at, reply)
        elif isinstance(message, Prepare):
            self._participation.prepare(message, reply)
        elif isinstance(message, AskOutcome):
            self._answer_outcome(message, reply)
        elif isinstance(message, Lead):
            self._asked_to_lead(reply)
        else:
            reply.fail(DatabaseError("0A000", f"an adjudicator does not understand {type(message).__name__}"))

    def _asked_to_lead(self, reply: Reply) -> None:
        if self.leads:
            reply(Done())
        elif self._opening is not None:
            self._opening.append(reply)
        else:
            self._opening = [reply]
            self.context.spawn(self._lead())

    @property
    def leads(self) -> bool:
        return self.lease is not None and self.writer is not None and not self.writer.stopped

    @property
    def shard_map(self) -> ShardMap | None:
        topology = self.context.bus.topology
        return topology.shard_map if topology is not None else None

    def status(self) -> dict[str, Any]:
        shard_map = self.shard_map
        return {
            "layer": "adjudicator",
            "name": self.name,
            "state": "running" if self.leads else "recovering",
            "range": shard_map.describe(shard_map.adjudicators, self.number) if shard_map is not None else None,
            "epoch": self.writer.epoch if self.writer is not None else None,
            "watermark": self.lease.promise if self.lease is not None else None,
            "load": {
                "commits": self.commits,
                "conflicts": self.conflicts,
                "pending": self.window.pending,
                "keys": self.window.keys,
                "queued": self.writer.waiting if self.writer is not None else 0,
            },
        }

    # -- commit ------------------------------------------------------------------------------------------------------------------

    def _commit(self, message: Commit, reply: Reply) -> None:
        transaction = message.transaction
        known = self.outcomes.get(transaction)
        if known is not None:
            if known == ABORTED:
                reply.fail(conflict())
            else:
                reply(Committed(known))
            return
        in_doubt = self._in_doubt.get(transaction)
        if in_doubt is not None:
            in_doubt.append(reply)
            return
        refusal = self.refusal(message.start_ts, message.catalog_ts)
        if refusal is not None:
            reply.fail(refusal)
            return
        assert self.writer is not None
        if self.writer.waiting >= QUEUE_RECORDS_MAX:
            reply.fail(DatabaseError(CONFIGURATION_LIMIT_EXCEEDED, "too many commits are waiting, please retry"))
            return
        shard_map = self.shard_map
        if shard_map is None:
            reply.fail(not_committed("the map is not known yet"))
            return
        self._in_doubt[transaction] = [reply]
        keys: list[bytes] = write_set.decode(message.write_set).column(0).to_pylist()
        owner_of, own = shard_map.adjudicator, self.number
        if (
            not message.schema_changes
            and all(owner_of(key) == own for key in keys)
            and all(owner_of(key) == own for key in message.checked)
        ):
            claim = Claim(transaction, message.start_ts, message.catalog_ts, keys, message.checked, (), message.exclusive)
            self._decide_alone(message, claim)
        else:
            self._coordinate(message, keys, shard_map)

    def refusal(self, start_ts: Timestamp, catalog_ts: Timestamp) -> DatabaseError | None:
        """Why nothing that started at `start_ts` may be decided here now; None where it may."""
        lease = self.lease
        if lease is None or not self.leads:
            return not_committed(f"{self.name} does not lead its journal")
        if start_ts < lease.begin:
            return conflict()
        if start_ts <= self.window.horizon:
            age_s = self._age_us // 1_000_000
            return DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"transaction age limit of {age_s}s exceeded")
        if start_ts > self.context.clock.now().latest + AHEAD_US_MAX:
            return not_committed("the sender's clock is far ahead")
        if catalog_ts < lease.begin:
            return DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "catalog must be revalidated", detail=str(lease.begin))
        return None

    def _decide_alone(self, message: Commit, claim: Claim) -> None:
        """All keys are ours: one turn, one record."""
        if not self.leads:
            self.answer(message.transaction, not_committed("the epoch has ended"))
            return
        verdict = self.window.judge(claim)
        if verdict is None:
            lease = self.lease
            assert lease is not None
            commit_ts = lease.next_commit_ts(claim.start_ts)
            self.window.commit(claim, commit_ts)
            self.append_commit(message, commit_ts, lambda: self.answer(message.transaction, commit_ts))
        elif isinstance(verdict, bytes):
            self.wait_for(verdict, lambda: self._decide_alone(message, claim), lambda: self.answer(message.transaction, conflict()))
        else:
            self.answer(message.transaction, verdict)

    def append_commit(self, message: Commit, commit_ts: Timestamp, on_committed: Callable[[], None]) -> None:
        """The one record of a transaction (I2). `on_committed` when it is durable and no honest clock is behind commit_ts."""
        lease, writer = self.lease, self.writer
        assert lease is not None and writer is not None
        end = lease.end_for(commit_ts)

        def durable() -> None:
            lease.made_durable(end)
            self._serve_promises()
            wait_us = commit_ts - self.context.clock.now().earliest
            if wait_us <= 0:
                on_committed()
            else:
                asyncio.get_running_loop().call_later(wait_us / 1_000_000, on_committed)

        writer.append(
            COMMIT,
            commit_ts,
            commit_ts,
            end,
            transaction=message.transaction,
            payload=message.write_set,
            catalog_change=bool(message.schema_changes),
            schema_changes=message.schema_changes,
            on_committed=durable,
        )
        self.commits += 1
        if self.commits % TRIM_EVERY == 0:
            self._forget(commit_ts)

    def _forget(self, now: Timestamp) -> None:
        self.window.trim(now - self._age_us)
        self.outcomes.forget_before(now - 2 * self._age_us)

    def answer(self, transaction: bytes, outcome: Timestamp | DatabaseError) -> None:
        """Tell everybody who sent this Commit."""
        replies = self._in_doubt.pop(transaction, [])
        if isinstance(outcome, DatabaseError):
            self.conflicts += outcome.sqlstate == "40001"
            for reply in replies:
                reply.fail(outcome)
        else:
            self.outcomes.remember(transaction, outcome, outcome)
            for reply in replies:
                reply(Committed(outcome))

    # -- waiting for an undecided transaction --------------------------------------------------------------------------------------

    def wait_for(self, transaction: bytes, resume: Callable[[], None], give_up: Callable[[], None]) -> None:
        """Call `resume` when `transaction` is decided, or `give_up` after pending_wait_ms_max."""
        waiting = self._blocked.setdefault(transaction, [])
        done = False

        def woken() -> None:
            nonlocal done
            if not done:
                done = True
                timer.cancel()
                resume()

        def expired() -> None:
            nonlocal done
            if not done:
                done = True
                others = self._blocked.get(transaction)
                if others is not None and woken in others:
                    others.remove(woken)
                give_up()

        timer = asyncio.get_running_loop().call_later(self._settings.pending_wait_ms_max / 1000, expired)
        waiting.append(woken)

    def wake(self, transaction: bytes) -> None:
        """The transaction's marks are gone: those who waited for it are judged again."""
        for resume in self._blocked.pop(transaction, ()):
            resume()

    # -- several adjudicators ------------------------------------------------------------------------------------------------------

    def _coordinate(self, message: Commit, keys: list[bytes], shard_map: ShardMap) -> None:
        written: dict[int, list[bytes]] = {}
        checked: dict[int, list[bytes]] = {}
        for key in keys:
            written.setdefault(shard_map.adjudicator(key), []).append(key)
        for key in message.checked:
            checked.setdefault(shard_map.adjudicator(key), []).append(key)
        involved = set(shard_map.all_adjudicators()) if message.schema_changes else written.keys() | checked.keys()
        if self.number not in involved:
            error = DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{self.name} owns none of the transaction's keys")
            self.answer(message.transaction, error)
            return
        coordination = Coordination(self, message, written, checked, sorted(involved - {self.number}))
        self._coordinations[message.transaction] = coordination
        coordination.begin()

    def coordination_ended(self, transaction: bytes) -> None:
        self._coordinations.pop(transaction, None)

    def _answer_outcome(self, message: AskOutcome, reply: Reply) -> None:
        """The coordinator's journal knows: present = committed; its epoch over without it = aborted."""
        if not self.leads:
            reply.fail(not_committed(f"{self.name} does not lead its journal"))
            return
        known = self.outcomes.get(message.transaction)
        assert self.writer is not None
        if known is not None:
            reply(OutcomeIs("aborted" if known == ABORTED else "committed", known))
        elif message.coordinator_epoch < self.writer.epoch:
            reply(OutcomeIs("aborted"))
        else:
            reply(OutcomeIs("undecided"))

    # -- promises ------------------------------------------------------------------------------------------------------------------

    def _promise(self, at: Timestamp, reply: Reply) -> None:
        """Promised at once where the durable lease allows it; else after a record that extends it."""
        lease, writer = self.lease, self.writer
        if lease is None or writer is None or writer.stopped:
            reply.fail(not_committed(f"{self.name} does not lead its journal"))
            return
        ahead_us = at - self.context.clock.now().latest
        if ahead_us > 0:
            # The reader's clock is ahead: a promise now would make every commit wait as long.
            asyncio.get_running_loop().call_later(min(ahead_us, AHEAD_US_MAX) / 1_000_000, self._promise_later, at, reply)
        elif lease.can_promise(at):
            reply(Promised(writer.epoch, lease.give_promise(at), writer.last_lsn))
            if lease.is_low:
                self.extend()
        else:
            self._asked.append((at, reply))
            self.extend()

    def _promise_later(self, at: Timestamp, reply: Reply) -> None:
        if at - self.context.clock.now().latest <= 0:
            self._promise(at, reply)
        else:
            reply.fail(not_committed("the reader's clock is far ahead"))

    def extend(self) -> None:
        """Append a LEASE record, unless one is under way."""
        lease, writer = self.lease, self.writer
        if self._extending or lease is None or writer is None or writer.stopped:
            return
        self._extending = True
        now = self.context.clock.now().latest
        end = lease.end = max(lease.end, now + self._settings.lease_ms * 1000)
        floor = max(lease.last, lease.promise)

        def durable() -> None:
            self._extending = False
            lease.made_durable(end)
            self._serve_promises()
            self._participation.lease_extended()

        writer.append(LEASE, floor, floor, end, on_committed=durable)

    def _serve_promises(self) -> None:
        if self._asked:
            asked, self._asked = self._asked, []
            for at, reply in asked:
                self._promise(at, reply)


def not_committed(why: str) -> DatabaseError:
    """08006 that is certain: nothing was decided, the sender may try again."""
    return DatabaseError(CONNECTION_FAILURE, why, detail=f"not committed: {why}")


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
