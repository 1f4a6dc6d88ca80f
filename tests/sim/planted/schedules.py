"""Bugs that show in rare schedules alone: each kind of `cluster/simulation/emphases.py` has its own. Each function
changes the code of this process for good."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.adjudicator.coordinator import Coordinator
from actors.adjudicator.participant import Participant
from actors.adjudicator.reign import Reign
from actors.adjudicator.window import Claim, ConflictWindow
from actors.common.errors import DatabaseError
from actors.common.messages import Append, Sealed, SubscribeJournal
from actors.crossbar import router
from actors.crossbar.crossbar import Crossbar
from actors.journal.log import JournalLog
from actors.journal.record import CLOSE
from actors.journal.replica import JournalReplica
from actors.journal.subscription import Subscription
from actors.journal.writer import JournalWriter
from actors.query_processor.ddl import tables
from actors.query_processor.sequences.allocation import SequenceAllocator
from actors.query_processor.transaction.transaction import Transaction
from actors.sql.catalog.schema import Sequence
from actors.storage.maintenance import Maintenance
from actors.storage.replica import StorageReplica
from actors.storage.store import Store
from actors.storage.upkeep import Upkeep

# -- outcomes out of order, whole tables, bulk writes ------------------------------------------------------------------


def a_tables_last_write_goes_back() -> None:
    """An older outcome that comes later is taken for the table's last write."""
    commit = ConflictWindow.commit

    def careless(window: ConflictWindow, claim: Claim, commit_ts: int) -> None:
        commit(window, claim, commit_ts)
        window._table_last.update(dict.fromkeys(claim.tables, commit_ts))

    ConflictWindow.commit = careless  # type: ignore[method-assign]


def a_bulk_claim_stays_pending() -> None:
    """Its marks go, but its tables are held to be written by it for ever: others wait in vain, no more."""
    release = ConflictWindow.release

    def careless(window: ConflictWindow, transaction: bytes) -> Claim | None:
        claim = release(window, transaction)
        if claim is not None and claim.is_bulk:
            for table in claim.touched_tables:
                window._table_pending.setdefault(table, {})[transaction] = claim
        return claim

    ConflictWindow.release = careless  # type: ignore[method-assign]


def forgets_a_key_that_was_written_again() -> None:
    """A bucket of the window takes its keys with it, though later buckets have some of them."""
    forget = ConflictWindow._forget

    def careless(window: ConflictWindow, newest: int, keys: set[bytes]) -> None:
        for key in keys:
            window._last.pop(key, None)
        forget(window, newest, keys)

    ConflictWindow._forget = careless  # type: ignore[method-assign]


def forgets_who_refers() -> None:
    """Who refers to a row is held against nobody once it is committed, as if its key had only been locked: a foreign
    key's write skew."""
    commit = ConflictWindow.commit

    def careless(window: ConflictWindow, claim: Claim, commit_ts: int) -> None:
        commit(window, claim, commit_ts)
        window._referred.clear()

    ConflictWindow.commit = careless  # type: ignore[method-assign]


def keeps_values_of_a_lost_race() -> None:
    """Of a transaction for a sequence's values that lost and was tried again, the first attempt's values are given out:
    the winner has them, too."""
    change = SequenceAllocator._change

    async def careless(allocator: SequenceAllocator, sequence: Sequence, move: Any) -> Any:
        kept: list[range] = []

        def noting(state: Any) -> Any:
            moved = move(state)
            kept.append(moved[0])
            return moved

        await change(allocator, sequence, noting)
        return kept[0]

    SequenceAllocator._change = careless  # type: ignore[method-assign]


def a_claim_forgets_one_of_two_tables() -> None:
    """Of the tables whose keys it drops, the first one alone must be unwritten."""
    make = Claim.__init__

    def careless(claim: Claim, *arguments: Any, **others: Any) -> None:
        make(claim, *arguments, **others)
        claim.exclusive = claim.exclusive[:1]

    Claim.__init__ = careless  # type: ignore[method-assign]


# -- adjudicators that do not hear each other --------------------------------------------------------------------------


def forgets_an_outcome_that_nobody_acknowledged() -> None:
    def careless(coordinator: Coordinator, name: bytes, error: DatabaseError) -> None:
        coordinator._unacknowledged.pop(name, None)
        coordinator._outcomes.forget(name)

    Coordinator._not_acknowledged = careless  # type: ignore[method-assign]


def takes_silence_for_an_abort() -> None:
    """A participant that has asked for an outcome for four seconds lets go of its marks."""
    sweep = Participant._sweep

    def careless(participant: Participant) -> None:
        now_s = asyncio.get_running_loop().time()
        for name in [name for name, pending in participant._pending.items() if now_s - pending.since_s > 4.0]:
            participant.decided(name, 0)
        sweep(participant)

    Participant._sweep = careless  # type: ignore[method-assign]


def a_clean_stop_takes_back_what_was_offered() -> None:
    """The epoch's end is drawn back below the times that coordinators may still choose."""

    async def careless(reign: Reign) -> None:
        why = "the adjudicator is stopping"
        reign._refuse_undecided(why)
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def committed() -> None:
            if not closed.done():
                closed.set_result(None)

        last = reign.lease.last
        reign.writer.append(CLOSE, last, last, last, on_committed=committed)
        await asyncio.wait([closed], timeout=2.0)
        reign.end(why)

    Reign.close = careless  # type: ignore[method-assign]


# -- rows larger than what is sent and held at once --------------------------------------------------------------------


def lets_go_of_uncommitted_records() -> None:
    def careless(writer: JournalWriter) -> None:
        while writer._memory_bytes > writer._memory_bytes_max and len(writer._memory) > 1:
            writer._memory_bytes -= len(writer._memory.popleft())
            writer.memory_first += 1

    JournalWriter._shrink = careless  # type: ignore[method-assign]


def forgets_what_it_let_go_of_while_it_read() -> None:
    """A new writer that reads the journal keeps the last records in memory, and takes them for all that it has read."""
    read_kept = JournalWriter._read_kept

    async def careless(writer: JournalWriter, name: str, tail: Sealed, on_record: Any) -> None:
        await read_kept(writer, name, tail, on_record)
        writer.memory_first = tail.first_lsn

    JournalWriter._read_kept = careless  # type: ignore[method-assign]


def a_row_larger_than_the_window_waits_for_ever() -> None:
    """Nothing is sent beyond the window, though nothing else is under way."""
    advance = Subscription.advance

    def careless(subscription: Subscription) -> bool:
        replica = subscription._replica
        if replica.log.first_lsn <= subscription._next <= replica.committed_lsn:
            size = len(replica.log.read(subscription._next, 1, replica.committed_lsn)[0])
            if subscription._outstanding_bytes + size > subscription._window_bytes:
                return True
        return advance(subscription)

    Subscription.advance = careless  # type: ignore[method-assign]


# -- tails that diverge, and a crossbar that begins beside them --------------------------------------------------------


def a_stream_skips_what_a_diverging_tail_covers() -> None:
    """The place to begin is looked for in records that no majority has."""
    subscribe = JournalReplica._subscribe

    def careless(replica: JournalReplica, sender: str, message: SubscribeJournal, reply: Any) -> None:
        committed, replica._committed = replica._committed, max(replica._committed, replica.log.last_lsn)
        known = dict(replica._subscriptions)
        advance, replica._advance = replica._advance, lambda stream: None  # type: ignore[method-assign]
        subscribe(replica, sender, message, reply)
        replica._committed = committed
        replica._advance = advance  # type: ignore[method-assign]
        for stream in replica._subscriptions.keys() - known.keys():
            replica._advance(stream)

    JournalReplica._subscribe = careless  # type: ignore[method-assign]


def believes_a_commit_beyond_what_it_was_given() -> None:
    """What the writer calls committed is taken to be in the own log already: there, an old tail may lie."""
    append = JournalReplica._append

    def careless(replica: JournalReplica, sender: str, message: Append, reply: Any) -> None:
        append(replica, sender, message, reply)
        log = replica.log
        if message.epoch == replica._promises.epoch and not replica._promises.is_storing:
            agrees = (
                message.previous_lsn <= log.last_lsn and log.epoch_at(message.previous_lsn) == message.previous_epoch
            )
            lsn = min(message.committed_lsn, log.last_lsn)
            if agrees and lsn > replica._committed:
                replica._note_committed(lsn)

    JournalReplica._append = careless  # type: ignore[method-assign]


def commits_what_an_older_epoch_wrote() -> None:
    """A record that a majority has counts, though none of the writer's own has come so far (Raft, section 5.4.2)."""
    begin = JournalWriter.begin

    async def careless(writer: JournalWriter, *times: int) -> None:
        waiting = begin(writer, *times)
        beginning = asyncio.ensure_future(waiting)
        await asyncio.sleep(0)
        writer._begin_lsn = 1
        await beginning

    JournalWriter.begin = careless  # type: ignore[method-assign]


def a_stream_begins_one_record_late() -> None:
    first_after = JournalLog.first_after

    def careless(log: JournalLog, after_ts: int) -> int:
        return min(first_after(log, after_ts) + 1, log.last_lsn + 1)

    JournalLog.first_after = careless  # type: ignore[method-assign]


# -- subscribers at different places -----------------------------------------------------------------------------------


def begins_again_at_the_furthest_place() -> None:
    """Where a journal has trimmed what one subscriber needs, the main merge begins again where the others stand: at
    the last of them, not the first."""
    begin_again = Crossbar._begin_again

    def careless(crossbar: Crossbar, gone_ts: int) -> None:
        begin = crossbar._begin
        crossbar._begin = lambda after_ts: begin(  # type: ignore[method-assign]
            max((subscriber.sent_ts for subscriber in crossbar._subscribers.values()), default=after_ts)
        )
        try:
            begin_again(crossbar, gone_ts)
        finally:
            crossbar._begin = begin  # type: ignore[method-assign]

    Crossbar._begin_again = careless  # type: ignore[method-assign]


def does_not_know_where_its_ring_begins() -> None:
    """Who stands before the first subscriber's place is served from the ring like all others."""
    begin = Crossbar._begin

    def careless(crossbar: Crossbar, after_ts: int) -> None:
        begin(crossbar, after_ts)
        crossbar.ring.floor = 0

    Crossbar._begin = careless  # type: ignore[method-assign]


# -- storage's upkeep, when it takes its time --------------------------------------------------------------------------


def fills_beside_a_merge() -> None:
    def careless(upkeep: Upkeep) -> None:
        if upkeep._fill_due and not upkeep._checkpointing and not upkeep._stopped:
            upkeep._fill_due = False
            if upkeep._replica.lacks:
                upkeep._filling = True
                upkeep._context.spawn(upkeep._fill())

    Upkeep._fill_if_due = careless  # type: ignore[method-assign]


def checkpoints_while_it_is_filled() -> None:
    maintain = Upkeep.maintain

    def careless(upkeep: Upkeep) -> None:
        filling, upkeep._filling = upkeep._filling, False
        maintain(upkeep)
        upkeep._filling = filling

    Upkeep.maintain = careless  # type: ignore[method-assign]


# -- tables that are swept ---------------------------------------------------------------------------------------------


def settles_drops_by_a_partial_merge() -> None:
    """Range tombstones go once the oldest segments have been merged: younger ones may hold what they hide."""
    exchange = Store.exchange
    merge_run = Maintenance.merge_run

    async def careless(maintenance: Maintenance, old: Any, horizon: int) -> None:
        store = maintenance._store
        oldest = old[0] is store.segments[0]

        def settling(store: Store, old: Any, new: Any, horizon: int, settled_ts: int) -> None:
            exchange(store, old, new, horizon, min(horizon, store.checkpoint_ts) if oldest else settled_ts)

        Store.exchange = settling  # type: ignore[method-assign]
        await merge_run(maintenance, old, horizon)

    Maintenance.merge_run = careless  # type: ignore[method-assign]


def a_dropped_range_misses_the_last_shard() -> None:
    touched = router._touched
    router._touched = lambda start, end, shard_map: (
        touched(start, end, shard_map)[:-1] or touched(start, end, shard_map)
    )


def truncates_the_first_table_alone() -> None:
    truncate = tables.truncate

    class _First:
        def __init__(self, node: Any) -> None:
            self.relations = node.relations[:1]

    tables.truncate = lambda change, node: truncate(change, _First(node))


# -- who asks, and is not answered -------------------------------------------------------------------------------------


def takes_its_demand_back() -> None:
    """A read that has waited for too long takes the demand with it: nobody notices that the stream is dead."""
    expire = StorageReplica._expire_reads

    def careless(replica: StorageReplica) -> None:
        expire(replica)
        if not replica._waiting:
            replica._demanded = 0

    StorageReplica._expire_reads = careless  # type: ignore[method-assign]


def asks_for_the_first_reader_alone() -> None:
    """Whoever comes while a demand is under way is not asked for when it has been met."""
    answer_waiting = StorageReplica._answer_waiting

    def careless(replica: StorageReplica) -> None:
        demand, replica._demand = replica._demand, lambda at: None  # type: ignore[method-assign]
        answer_waiting(replica)
        replica._demand = demand  # type: ignore[method-assign]

    StorageReplica._answer_waiting = careless  # type: ignore[method-assign]


def pursues_no_demand_that_came_meanwhile() -> None:
    """A demand that comes while an adjudicator is being asked is not looked at when it has answered."""
    advance = Crossbar._advance

    def careless(crossbar: Crossbar) -> None:
        pursue, crossbar._pursue = crossbar._pursue, lambda: None  # type: ignore[method-assign]
        advance(crossbar)
        crossbar._pursue = pursue  # type: ignore[method-assign]

    Crossbar._advance = careless  # type: ignore[method-assign]


# -- clocks apart ------------------------------------------------------------------------------------------------------


def does_not_wait_out_its_snapshot() -> None:
    """A transaction that has only read ends before its snapshot is past on every clock."""
    commit = Transaction.commit

    async def careless(transaction: Transaction) -> int | None:
        return await commit(transaction) if transaction.buffer else None

    Transaction.commit = careless  # type: ignore[method-assign]
