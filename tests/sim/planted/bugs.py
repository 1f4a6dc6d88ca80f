"""Bugs, each planted into the real code, and what must find each: the checkers are checked here.

`BUGS[name]` is a `Planted`: `plant` changes the code of this process (a child process: nothing is ever changed back), `found_by` is what the failures must begin with
to count, `change` narrows the plan of a seed where the bug needs a certain setting to show. `hunt` looks for it, seed after seed.

    python -m tests.sim.planted.bugs [name ...]       hunts and prints how many seeds each took
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from actors.adjudicator.adjudicator import Recovery
from actors.adjudicator.coordinator import Coordinator
from actors.adjudicator.lease import Lease
from actors.adjudicator.ownership import Ownership
from actors.adjudicator.participant import Participant
from actors.adjudicator.reign import Reign
from actors.adjudicator.window import ConflictWindow
from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import AskOutcome, Commit, Committed, Get, OutcomeIs, Seal, Sealed, Trim
from actors.common.settings import Adjudication, Settings
from actors.crossbar import crossbar as crossbar_module
from actors.crossbar.merge import Head, Merge
from actors.crossbar.subscriber import Ring
from actors.journal.log import JournalLog
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.query_processor.catalog.cache import CatalogCache
from actors.query_processor.transaction.transaction import Transaction, TransactionServices
from actors.storage import maintenance
from actors.storage.maintenance import Maintenance
from actors.storage.memtable import Memtable
from actors.storage.replica import StorageReplica
from actors.storage.store import Store
from cluster.simulation.hostile import Plan
from cluster.simulation.run import SeedReport, run_seed

SEEDS_MAX = 200
SECONDS = 60.0


@dataclass(frozen=True)
class Planted:
    plant: Callable[[], None]
    found_by: tuple[str, ...]
    proofs: tuple[str, ...] = ()
    change: Callable[[Plan], Plan] | None = None


# -- what the plans are narrowed to ---------------------------------------------------------------------------------------------------


def with_strikes(*strikes: str, pause_s: float = 3.0) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, strikes=strikes, pause_s_max=pause_s, strike_s_max=1.0, pace_s=1.0)


def with_settings(change: Callable[[Settings], Settings]) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, settings=change(plan.settings), pace_s=1.0)


def small_storage(settings: Settings) -> Settings:
    storing = replace(settings.storing, memtable_bytes_max=2000, checkpoint_idle_s=0.5, segments_max=2)
    return replace(settings, storing=storing, limits=replace(settings.limits, transaction_age_s=30))


def busy(plan: Plan) -> Plan:
    return replace(plan, pace_s=0.5)


def busy_pair(plan: Plan) -> Plan:
    """Two adjudicators and two shards, calm."""
    layout = replace(plan.settings.layout, adjudicators=2, shards=2)
    return replace(plan, settings=replace(plan.settings, layout=layout), pace_s=0.3)


def slow_disks(plan: Plan) -> Plan:
    return replace(plan, faults=replace(plan.faults, sync_s_max=0.1), strikes=("power", "power", "kill"), pause_s_max=2.0, pace_s=0.5)


# -- journals --------------------------------------------------------------------------------------------------------------------------


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
        promised = replica._promised
        if message.epoch < promised:
            replica._promised = message.epoch
        append(replica, sender, message, reply)
        if message.epoch < promised:
            replica._promised = promised

    JournalReplica._append = careless  # type: ignore[method-assign]
    JournalReplica._seal = seal  # type: ignore[method-assign]


def keeps_a_diverging_tail() -> None:
    def careless(replica: JournalReplica, records: list[bytes], skip: int, previous: int) -> list[bytes]:
        return records[max(skip, replica.log.last_lsn - previous) :]

    JournalReplica._unknown = careless  # type: ignore[method-assign]


def commits_an_older_epochs_record_by_count() -> None:
    """The trap of Raft's figure 8: a record of an older epoch that a majority has is taken for committed before one of the own epoch is."""
    begin = JournalWriter.begin

    async def careless(writer: JournalWriter, *times: int) -> None:
        task = begin(writer, *times)
        await task
        writer._begin_lsn = 1

    JournalWriter.begin = careless  # type: ignore[method-assign]


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
        return {name: Sealed(*[True if field == "voter" else getattr(answer, field) for field in answer.__struct_fields__]) for name, answer in sealed.items()}, outbid

    JournalWriter._seal_all = all_vote  # type: ignore[method-assign]


# -- adjudicators ----------------------------------------------------------------------------------------------------------------------


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


def ignores_its_promises() -> None:
    Lease.promise = lambda lease, at: min(at, lease.durable_end)  # type: ignore[method-assign]


def uses_a_lease_before_it_is_durable() -> None:
    def careless(reign: Reign, end: int, then: Any, fail: Any) -> None:
        reign.lease.durable_end = max(reign.lease.durable_end, end)
        then()

    Reign.cover = careless  # type: ignore[method-assign]


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
    from actors.adjudicator import participant

    participant.ASK_AFTER_S = 0.001


def drops_a_pending_mark() -> None:
    from actors.adjudicator import participant

    participant.ASK_AFTER_S = 0.005
    Participant._ask = lambda self, name, pending: self.decided(name, 0)  # type: ignore[method-assign]


def picks_a_time_below_a_participants_bound() -> None:
    prepared = Coordinator._prepared

    def careless(coordinator: Coordinator, spanning: Any, number: int, answer: Any) -> None:
        prepared(coordinator, spanning, number, type(answer)(answer.epoch, 0, answer.epoch_end))

    Coordinator._prepared = careless  # type: ignore[method-assign]


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


# -- crossbar --------------------------------------------------------------------------------------------------------------------------


def reorders() -> None:
    take = Merge.take
    Merge.take = lambda merge: take(merge)[::-1]  # type: ignore[method-assign]


def counts_promises_before_their_records() -> None:
    def careless(head: Head) -> None:
        while head.pending:
            head.promise = max(head.promise, head.pending.popleft()[1])

    Head.settle = careless  # type: ignore[method-assign]


def watermark_of_the_fastest_journal() -> None:
    def careless(merge: Merge) -> Any:
        watermark = max(head.promise for head in merge.heads.values())
        merge.watermark = max(merge.watermark, watermark)
        due = []
        for journal, head in merge.heads.items():
            while head.held and head.held[0][0].commit_ts <= watermark:
                header, record = head.held.popleft()
                head.held_bytes -= len(record)
                due.append((header.commit_ts, journal, header, record))
        return sorted(due, key=lambda item: item[:2])

    Merge.take = careless  # type: ignore[method-assign]


def routes_by_the_first_key() -> None:
    def careless(payload: bytes, shard_map: Any) -> dict[int, bytes]:
        first = next(iter(write_set.rows(payload)))
        return {shard_map.shard(first[0]): payload}

    crossbar_module.route = careless


def loses_a_catalog_change() -> None:
    Ring.changes_between = lambda ring, after_ts, up_to: []  # type: ignore[method-assign]


def trims_what_one_replica_has() -> None:
    """By the first checkpoint that comes, not by the least of all."""
    def careless(crossbar: Any) -> None:
        most = max(crossbar._checkpoints.values(), default=0)
        if most > crossbar._trimmed:
            crossbar._trimmed = most
            for journal in crossbar.journals:
                for name in crossbar._journals[journal]:
                    crossbar._context.bus.post(crossbar._context.name, name, Trim(most))

    crossbar_module.Crossbar._trim = careless  # type: ignore[method-assign]


# -- storage ---------------------------------------------------------------------------------------------------------------------------


def answers_above_its_watermark() -> None:
    receive = StorageReplica.receive

    def careless(replica: StorageReplica, sender: str, message: Any, reply: Any) -> None:
        if isinstance(message, Get) and reply is not None:
            replica._answer(message, reply)
        else:
            receive(replica, sender, message, reply)

    StorageReplica.receive = careless  # type: ignore[method-assign]


def takes_the_oldest_source_first() -> None:
    get = Store.get

    def careless(store: Store, key: bytes, at: int) -> bytes | None:
        for segment in store.segments:
            found = segment.get(key, at, False)
            if found is not None:
                return found[1]
        return get(store, key, at)

    Store.get = careless  # type: ignore[method-assign]


def a_merge_drops_a_version() -> None:
    visible = maintenance.visible_versions

    def careless(versions: Any, horizon: int, dropped_ts: int, oldest: bool) -> Any:
        return visible(versions, horizon, dropped_ts, oldest)[:1]

    maintenance.visible_versions = careless


def a_merge_forgets_deletes() -> None:
    visible = maintenance.visible_versions

    def careless(versions: Any, horizon: int, dropped_ts: int, oldest: bool) -> Any:
        return [version for version in visible(versions, horizon, dropped_ts, oldest) if version[1] is not None]

    maintenance.visible_versions = careless


def loses_a_write_in_a_restart() -> None:
    """The checkpoint's watermark is above what its segments hold."""
    checkpoint = Maintenance.checkpoint

    async def careless(self: Maintenance, watermark: int, horizon: int) -> None:
        frozen = self._store.frozen
        if frozen is None and self._store.active:
            key = next(iter(self._store.active.versions))
            del self._store.active.versions[key]
            self._store.active._sorted_keys_cache = None
        await checkpoint(self, watermark, horizon)

    Maintenance.checkpoint = careless  # type: ignore[method-assign]


def tells_of_a_checkpoint_before_it_is_durable() -> None:
    async def careless(self: Maintenance, checkpoint_ts: int = 0) -> None:
        store = self._store
        store.checkpoint_ts = max(checkpoint_ts, store.checkpoint_ts)
        async with self._saving:
            await maintenance.manifest_file.save(store.disk, store.manifest(store.checkpoint_ts))

    Maintenance._save = careless  # type: ignore[method-assign]


def one_replica_skips_a_write_set() -> None:
    apply = Memtable.apply
    calls = [0]

    def careless(memtable: Memtable, payload: bytes, commit_ts: int) -> None:
        calls[0] += 1
        if calls[0] % 211:
            apply(memtable, payload, commit_ts)

    Memtable.apply = careless  # type: ignore[method-assign]


def answers_for_another_shard() -> None:
    from actors.common.ranges import ShardMap

    real = StorageReplica._answer

    def careless(replica: StorageReplica, message: Any, reply: Any) -> None:
        shards, replica._shards = replica._shards, None
        real(replica, message, reply)
        replica._shards = shards

    StorageReplica._answer = careless  # type: ignore[method-assign]
    assert ShardMap


# -- query processors ------------------------------------------------------------------------------------------------------------------


def sends_again_what_may_have_happened() -> None:
    from actors.query_processor.transaction import transaction

    transaction._may_have_happened = lambda flight, error: False


def reads_an_old_snapshot() -> None:
    TransactionServices.now = lambda services: services.clock.now().latest - 300_000  # type: ignore[method-assign]


def checks_no_keys() -> None:
    Transaction.check = lambda transaction, key: None  # type: ignore[method-assign]


def does_not_reload_the_catalog() -> None:
    Transaction._verify = lambda transaction, catalog_ts: None  # type: ignore[method-assign]
    CatalogCache.note_change = lambda cache, catalog_ts: None  # type: ignore[method-assign]


def forgets_its_own_writes() -> None:
    async def careless(transaction: Transaction, keys: Any) -> Any:
        values, catalog_ts = await transaction._storage.get(list(keys), transaction.start_ts)
        if not transaction._verified:
            transaction._verify(catalog_ts)
        return values

    Transaction.get = careless  # type: ignore[method-assign]


def commits_half_a_write_set() -> None:
    """One message for each half: what should be one transaction becomes two."""
    send = Transaction._send

    def careless(transaction: Transaction, message: Commit, keys: list[bytes]) -> Any:
        rows = list(write_set.rows(message.write_set))
        if len(rows) > 1 and not message.schema_changes:
            halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
            first, second = (write_set.encode(*(list(column) for column in zip(*half, strict=True))) for half in halves)
            name = transaction._services.random.getrandbits(128).to_bytes(16, "big")
            send(transaction, Commit(name, message.start_ts, message.catalog_ts, first, message.checked), [row[0] for row in halves[0]])
            message = Commit(message.transaction, message.start_ts, message.catalog_ts, second, [])
            keys = [row[0] for row in halves[1]]
        return send(transaction, message, keys)

    Transaction._send = careless  # type: ignore[method-assign]


def answers_before_the_journal() -> None:
    """The adjudicator acknowledges what it has appended, not what a majority holds."""
    append = Reign.append

    def careless(reign: Reign, flight: Any, *arguments: Any) -> None:
        append(reign, flight, *arguments)
        for reply in flight.replies:
            reply(Committed(flight.commit_ts))

    Reign.append = careless  # type: ignore[method-assign]


ANY: tuple[str, ...] = ("",)

BUGS: dict[str, Planted] = {
    bug.plant.__name__: bug
    for bug in (
        Planted(acknowledges_before_sync, ("AssertionError: I1",)),
        Planted(commits_on_one_replica, ("AssertionError: I1",)),
        Planted(takes_the_shorter_tail, ANY, change=slow_disks),
        Planted(lets_a_stale_epoch_write, ANY, change=with_strikes("stall", "isolate", "mute")),
        Planted(keeps_a_diverging_tail, ANY, change=with_strikes("stall", "isolate", "mute", "kill")),
        Planted(forgets_its_promise_in_a_restart, ANY, change=with_strikes("stall", "mute", "kill", "power")),
        Planted(a_learner_votes, ANY, change=with_strikes("wipe", "kill", "slow")),
        Planted(answers_before_the_journal, ("AssertionError: I1",)),
        Planted(forgets_its_marks, ANY, change=busy_pair),
        Planted(forgets_a_key, ("AssertionError: I3", "AssertionError: append", "AssertionError: bank", "AssertionError: counters", "AssertionError: unique"), change=busy),
        Planted(ignores_checked_keys, ("AssertionError: I3", "AssertionError: unique", "AssertionError: counters"), ("unique", "counters"), busy),
        Planted(ignores_its_promises, ANY, change=busy_pair),
        Planted(uses_a_lease_before_it_is_durable, ANY, change=with_settings(lambda s: replace(s, adjudication=Adjudication(lease_ms=60)))),
        Planted(begins_before_the_old_epoch_ends, ("AssertionError: I6",), change=with_strikes("kill", "rolling")),
        Planted(takes_transactions_older_than_its_epoch, ANY, change=with_strikes("kill", "rolling", pause_s=1.0)),
        Planted(calls_undecided_ones_aborted, ANY, change=busy_pair),
        Planted(drops_a_pending_mark, ANY, change=busy_pair),
        Planted(picks_a_time_below_a_participants_bound, ANY, change=busy_pair),
        Planted(does_not_ask_the_participants, ANY, change=busy_pair),
        Planted(answers_before_the_commit_time, ("AssertionError: I11",)),
        Planted(ignores_the_catalog_version, ANY, ("schema",), busy),
        Planted(reorders, ANY, change=busy),
        Planted(counts_promises_before_their_records, ANY, change=busy_pair),
        Planted(watermark_of_the_fastest_journal, ANY, change=busy_pair),
        Planted(routes_by_the_first_key, ANY, change=busy_pair),
        Planted(loses_a_catalog_change, ANY, ("schema",), busy),
        Planted(trims_what_one_replica_has, ("AssertionError: I12",), change=with_settings(small_storage)),
        Planted(answers_above_its_watermark, ANY, change=busy),
        Planted(takes_the_oldest_source_first, ANY, change=with_settings(small_storage)),
        Planted(a_merge_drops_a_version, ANY, change=with_settings(small_storage)),
        Planted(a_merge_forgets_deletes, ANY, change=with_settings(small_storage)),
        Planted(loses_a_write_in_a_restart, ANY, change=with_settings(small_storage)),
        Planted(tells_of_a_checkpoint_before_it_is_durable, ("AssertionError: I12",), change=with_settings(small_storage)),
        Planted(one_replica_skips_a_write_set, ("AssertionError",), change=busy),
        Planted(answers_for_another_shard, ("AssertionError: I10",)),
        Planted(sends_again_what_may_have_happened, ANY, change=with_strikes("kill", "stall", "mute", "deaf")),
        Planted(reads_an_old_snapshot, ANY, change=busy),
        Planted(checks_no_keys, ANY, ("unique", "counters"), busy),
        Planted(does_not_reload_the_catalog, ANY, ("schema",), busy),
        Planted(forgets_its_own_writes, ANY, change=busy),
        Planted(commits_half_a_write_set, ANY, change=busy),
    )
}


def hunt(name: str, seeds: range = range(SEEDS_MAX), processes: int = 2) -> SeedReport | None:
    """The first seed (about) in which the bug was found by what must find it; None where none of them did."""
    bug = BUGS[name]
    with multiprocessing.get_context("fork").Pool(processes, bug.plant) as pool:
        for report in pool.imap(_hunt_one, ((name, seed) for seed in seeds)):
            if report.failure is not None and report.failure.startswith(bug.found_by):
                return report
    return None


def _hunt_one(work: tuple[str, int]) -> SeedReport:
    name, seed = work
    bug = BUGS[name]
    report = run_seed(seed, seconds=SECONDS, proofs=bug.proofs, change=bug.change)
    report.trace, report.details, report.plan = [], "", None  # type: ignore[assignment]
    return report


def main() -> None:
    import logging

    logging.disable(logging.CRITICAL)
    for name in sys.argv[1:] or BUGS:
        begun = time.perf_counter()
        report = hunt(name)
        took = time.perf_counter() - begun
        print(f"{name:48} {'NOT FOUND' if report is None else f'seed {report.seed}: {report.failure}'[:150]} ({took:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
