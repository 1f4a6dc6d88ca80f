"""Bugs to plant into journals and adjudicators. Each function changes the code of this process for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from actors.adjudicator.adjudicator import Recovery
from actors.adjudicator.coordinator import Coordinator
from actors.adjudicator.covering import Covering
from actors.adjudicator.foresight import Foresight
from actors.adjudicator.lease import Lease
from actors.adjudicator.ownership import Ownership
from actors.adjudicator.participant import Participant
from actors.adjudicator.reign import Reign
from actors.adjudicator.window import ConflictWindow
from actors.common.errors import DatabaseError
from actors.common.messages import AskOutcome, Committed, OutcomeIs, Sealed
from actors.journal.log import JournalLog
from actors.journal.promises import Promises
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.query_processor.transaction.losing import Losing

# -- journals ----------------------------------------------------------------------------------------------------------


def acknowledges_before_sync() -> None:
    sync = JournalLog.sync

    def careless(log: JournalLog, on_done: Callable[[DatabaseError | None], None]) -> None:
        sync(log, lambda error: None)
        on_done(None)

    JournalLog.sync = careless  # type: ignore[method-assign]


def commits_on_one_replica() -> None:
    begin = JournalWriter.begin

    async def careless(writer: JournalWriter, *times: int) -> None:
        writer._majority = 1
        await begin(writer, *times)

    JournalWriter.begin = careless  # type: ignore[method-assign]


def takes_the_shorter_tail() -> None:
    recover = JournalWriter._recover

    async def careless(writer: JournalWriter, voters: dict[str, Sealed], on_record: Any) -> Any:
        worst = min(sorted(voters), key=lambda name: (voters[name].tail_epoch, voters[name].tail_lsn))
        return await recover(writer, {worst: voters[worst]}, on_record)

    JournalWriter._recover = careless  # type: ignore[method-assign]


def lets_a_stale_epoch_write() -> None:
    append, seal = JournalReplica._append, JournalReplica._seal

    def careless(replica: JournalReplica, sender: str, message: Any, reply: Any) -> None:
        promised = replica._promises.epoch
        if message.epoch < promised:
            replica._promises.epoch = message.epoch
        append(replica, sender, message, reply)
        if message.epoch < promised:
            replica._promises.epoch = promised

    JournalReplica._append = careless  # type: ignore[method-assign]
    JournalReplica._seal = seal  # type: ignore[method-assign]


def keeps_a_diverging_tail() -> None:
    def careless(replica: JournalReplica, records: list[bytes], skip: int, previous: int) -> list[bytes]:
        return records[max(skip, replica.log.last_lsn - previous) :]

    JournalReplica._unknown = careless  # type: ignore[method-assign]


def forgets_its_promise_in_a_restart() -> None:
    set_promise = JournalLog.set_promise

    async def careless(log: JournalLog, promise: Any) -> None:
        before = log.promise
        if promise.voter == before.voter and promise.epoch > before.epoch and before.epoch:
            log.promise = promise  # in memory alone
            return
        await set_promise(log, promise)

    JournalLog.set_promise = careless  # type: ignore[method-assign]


def a_learner_votes() -> None:
    from actors.journal.peer import Peer

    begin = Peer.begin

    def careless(peer: Peer, next_lsn: int, voter: bool) -> None:
        begin(peer, next_lsn, True)

    Peer.begin = careless  # type: ignore[method-assign]
    seal_all = JournalWriter._seal_all

    async def all_vote(writer: JournalWriter, epoch: int) -> tuple[dict[str, Sealed], int]:
        sealed, outbid = await seal_all(writer, epoch)
        return {
            name: Sealed(*[True if field == "voter" else getattr(answer, field) for field in answer.__struct_fields__])
            for name, answer in sealed.items()
        }, outbid

    JournalWriter._seal_all = all_vote  # type: ignore[method-assign]


def tells_of_a_promise_before_it_is_durable() -> None:
    store = Promises.store

    def careless(promises: Promises, promise: Any, then: Callable[[], None], reply: Any) -> None:
        store(promises, promise, lambda: None, reply)
        then()

    Promises.store = careless  # type: ignore[method-assign]


def trims_before_it_has_promised_to() -> None:
    """Segments go first; a power failure then leaves a log that begins later than its promise says."""

    def careless(replica: JournalReplica, below_ts: int, reply: Any) -> None:
        promise = replica.log.after_trim(below_ts, replica._committed)
        if promise is not None:
            replica.log.promise = promise
            replica.log.trim()
            replica._promises.store(promise, lambda: None, reply)

    JournalReplica._trim = careless  # type: ignore[method-assign]


def forgets_how_far_it_has_trimmed() -> None:
    after_trim = JournalLog.after_trim

    def careless(log: JournalLog, below_ts: int, committed: int) -> Any:
        promise = after_trim(log, below_ts, committed)
        return promise and replace(promise, trimmed_ts=log.promise.trimmed_ts)

    JournalLog.after_trim = careless  # type: ignore[method-assign]


def trims_by_the_first_time_of_a_segment() -> None:
    """A segment goes as soon as its first record may: its later ones are not checkpointed."""
    after_trim = JournalLog.after_trim

    def careless(log: JournalLog, below_ts: int, committed: int) -> Any:
        times = [segment.times[-1] for segment in log._segments[1:] if segment.times and segment.times[0] <= below_ts]
        return after_trim(log, max([below_ts, *times]), committed)

    JournalLog.after_trim = careless  # type: ignore[method-assign]


# -- adjudicators ------------------------------------------------------------------------------------------------------


def forgets_its_marks() -> None:
    ConflictWindow.mark = lambda window, claim: None  # type: ignore[method-assign]
    ConflictWindow.release = lambda window, transaction: None  # type: ignore[method-assign,assignment,return-value]


def forgets_a_key() -> None:
    commit = ConflictWindow.commit

    def careless(window: ConflictWindow, claim: Any, commit_ts: int) -> None:
        claim.written = list(claim.written)[1:]
        commit(window, claim, commit_ts)

    ConflictWindow.commit = careless  # type: ignore[method-assign]


def ignores_checked_keys() -> None:
    judge = ConflictWindow.judge

    def careless(window: ConflictWindow, claim: Any) -> Any:
        claim.checked = ()
        return judge(window, claim)

    ConflictWindow.judge = careless  # type: ignore[method-assign]


def checks_no_marks_of_writers() -> None:
    """What is only checked meets no write that is undecided."""
    judge = ConflictWindow._judge_marks

    def careless(window: ConflictWindow, claim: Any) -> Any:
        checked, claim.checked = claim.checked, ()
        try:
            return judge(window, claim)
        finally:
            claim.checked = checked

    ConflictWindow._judge_marks = careless  # type: ignore[method-assign]


def drops_the_marks_of_mere_locks() -> None:
    """Of a transaction that has nothing to write at this adjudicator: its locks are judged, and not held until the
    outcome is known."""
    mark = ConflictWindow.mark

    def careless(window: ConflictWindow, claim: Any) -> None:
        if not claim.written:
            claim.checked = ()
        mark(window, claim)

    ConflictWindow.mark = careless  # type: ignore[method-assign]


def checks_no_bulk_writes() -> None:
    """What is only checked, and was written by one who writes so many keys that his tables are remembered in their
    stead."""
    is_overwritten = ConflictWindow._is_overwritten

    def careless(window: ConflictWindow, claim: Any) -> bool:
        bulk = window._table_bulk
        window._table_bulk = {table: bulk[table] for table in claim.tables if table in bulk}
        try:
            return is_overwritten(window, claim)
        finally:
            window._table_bulk = bulk

    ConflictWindow._is_overwritten = careless  # type: ignore[method-assign]


def ignores_its_promises() -> None:
    Lease.promise = lambda lease, at: min(at, lease.durable_end)  # type: ignore[method-assign]


def calls_winners_losers() -> None:
    """Whoever writes what this query processor has committed, at whatever time, is told that it has lost."""

    def careless(losing: Losing, key: bytes, start_ts: int) -> bool:
        return key in losing._last or key in losing._former

    Losing.is_overwritten = careless  # type: ignore[method-assign]


def forgets_what_it_has_promised_ahead() -> None:
    """A commit that comes while readers are promised more than now is dated now."""
    after, pick = Foresight.after, Lease.pick
    ahead_us: dict[int, int] = {}

    def noted(foresight: Foresight, at: int, now: int) -> int:
        lead_us = after(foresight, at, now)
        if lead_us:
            ahead_us[at + lead_us] = lead_us
        return lead_us

    def careless(lease: Lease, floor: int, now: int) -> int:
        lease.last -= ahead_us.pop(lease.last, 0)
        return pick(lease, floor, now)

    Foresight.after = noted  # type: ignore[method-assign]
    Lease.pick = careless  # type: ignore[method-assign]


def uses_a_lease_before_it_is_durable() -> None:
    def careless(covering: Covering, end: int, then: Any, fail: Any) -> None:
        covering._lease.durable_end = max(covering._lease.durable_end, end)
        then()

    Covering.cover = careless  # type: ignore[method-assign]


def begins_before_the_old_epoch_ends() -> None:
    record = Recovery.record

    def careless(recovery: Recovery, header: Any) -> None:
        record(recovery, header)
        recovery.last_end = 1

    Recovery.record = careless  # type: ignore[method-assign]


def takes_transactions_older_than_its_epoch() -> None:
    Reign.check_entrance = lambda reign, start_ts, catalog_ts: None  # type: ignore[method-assign]
    ConflictWindow.horizon = property(lambda window: 0, lambda window, value: None)  # type: ignore[assignment]


def calls_undecided_ones_aborted() -> None:
    outcome = Coordinator.outcome

    def careless(coordinator: Coordinator, message: AskOutcome) -> OutcomeIs:
        answer = outcome(coordinator, message)
        return OutcomeIs("aborted") if answer.state == "undecided" else answer

    Coordinator.outcome = careless  # type: ignore[method-assign]


def drops_a_pending_mark() -> None:
    Participant._ask = lambda self, name, pending: self.decided(name, 0)  # type: ignore[method-assign]


def does_not_ask_the_participants() -> None:
    """Each key is judged by whoever gets the commit: the owner's window knows nothing of it."""
    Ownership.sole_owner = lambda ownership, keys: None if not keys else ownership.shard_map.adjudicator(keys[0])  # type: ignore[method-assign]


def answers_before_the_commit_time() -> None:
    def careless(reign: Reign, flight: Any) -> None:
        flight_ts = flight.commit_ts
        reign.commits += 1
        reign._leave(flight)
        for reply in flight.replies:
            reply(Committed(flight_ts))

    Reign._answer = careless  # type: ignore[method-assign]


def ignores_the_catalog_version() -> None:
    ConflictWindow._judge_tables = lambda window, claim: None  # type: ignore[method-assign]
