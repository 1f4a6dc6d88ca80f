"""Bugs to plant into crossbar, storage and query processors. Each function changes the code of this process for
good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from actors.adjudicator.reign import Reign
from actors.common import write_set
from actors.common.messages import AskContents, Commit, Committed, Contents, Deliver, Get, SubscribeRange, Trim
from actors.crossbar import crossbar as crossbar_module
from actors.crossbar.crossbar import Crossbar
from actors.crossbar.merge import Due, Head, Merge
from actors.crossbar.subscriber import Ring, Subscriber
from actors.crossbar.trimming import Trimming
from actors.query_processor.catalog.cache import CatalogCache
from actors.query_processor.row_executor.changing import RowRemover
from actors.query_processor.row_executor.upserting import Upserter
from actors.query_processor.transaction.committing import Committing
from actors.query_processor.transaction.services import TransactionServices
from actors.query_processor.transaction.transaction import Transaction
from actors.runtime.interfaces import Bus
from actors.storage import maintenance
from actors.storage.answers import Answers
from actors.storage.maintenance import Maintenance
from actors.storage.memtable import Memtable
from actors.storage.replica import StorageReplica
from actors.storage.segment_layout import with_checksum
from actors.storage.store import Store

# -- crossbar ----------------------------------------------------------------------------------------------------------


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
                header, record, group = head.held.popleft()
                head.held_bytes -= len(record)
                if group is not None:
                    head.whole.remove((header.commit_ts, group))
                due.append(Due(header.commit_ts, journal, header, record, group))
        return sorted(due, key=lambda item: item[:2])

    Merge.take = careless  # type: ignore[method-assign]


def routes_by_the_first_key() -> None:
    def careless(payload: bytes, shard_map: Any) -> dict[int, bytes]:
        first = next(iter(write_set.rows(payload)))
        return {shard_map.shard(first[0]): payload}

    crossbar_module.route = careless


def begins_anew_at_a_repeated_subscription() -> None:
    """And nobody looks at what a message begins after."""
    subscribe, deliver = Crossbar._subscribe, Subscriber.deliver

    def careless(crossbar: Crossbar, sender: str, message: SubscribeRange, reply: Any) -> None:
        crossbar._subscribers.pop(sender, None)
        subscribe(crossbar, sender, message, reply)

    def vague(subscriber: Subscriber, *rows: Any) -> None:
        subscriber._bus, bus = cast(Bus, _Vague(subscriber._bus)), subscriber._bus
        deliver(subscriber, *rows)
        subscriber._bus = bus

    Crossbar._subscribe = careless  # type: ignore[method-assign]
    Subscriber.deliver = vague  # type: ignore[method-assign]


class _Vague:
    """A bus that takes out of Delivers what they begin after."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def post(self, sender: str, destination: str, message: Deliver) -> None:
        self._bus.post(sender, destination, msgspec.structs.replace(message, after_ts=0))


def loses_a_catalog_change() -> None:
    Ring.changes_between = lambda ring, after_ts, up_to: []  # type: ignore[method-assign]


def trims_what_one_replica_has() -> None:
    """By the first checkpoint that comes, not by the least of all."""

    def careless(trimming: Trimming, journals: Mapping[int, Sequence[str]]) -> None:
        most = max(trimming._checkpoints.values(), default=0)
        if most > trimming._trimmed:
            trimming._trimmed = most
            for journal in journals:
                for name in journals[journal]:
                    trimming._context.bus.post(trimming._context.name, name, Trim(most))

    Trimming._trim = careless  # type: ignore[method-assign]


# -- storage -----------------------------------------------------------------------------------------------------------


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


def forgets_the_catalog_at_the_horizon() -> None:
    """The newest catalog change goes too."""
    raise_horizon = Store._raise_horizon

    def careless(store: Store, horizon: int) -> None:
        raise_horizon(store, horizon)
        store.catalog_changes = [change for change in store.catalog_changes if change > store.horizon]

    Store._raise_horizon = careless  # type: ignore[method-assign]


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
        if not self._store.frozen and self._store.active:
            key, versions = next(iter(self._store.active.versions.items()))
            newest: Any = versions if isinstance(versions, tuple) else versions[-1]
            self._store.active.versions[key] = (newest[0], None)
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


def gives_what_it_has_not_checkpointed() -> None:
    """To a replica that it fills: a manifest up to its watermark, of segments that end before."""

    def careless(replica: StorageReplica, message: Any, reply: Any) -> None:
        if isinstance(message, AskContents) and replica.store.segments:
            reply(Contents(with_checksum(msgspec.msgpack.encode(replica.store.manifest(replica.watermark)))))
        else:
            give(replica, message, reply)

    give = StorageReplica._give
    StorageReplica._give = careless  # type: ignore[method-assign]


def answers_for_another_shard() -> None:
    def careless(real: Callable[[Answers, Any], Any]) -> Callable[[Answers, Any], Any]:
        def answer(answers: Answers, message: Any) -> Any:
            shards, answers.shards = answers.shards, None
            try:
                return real(answers, message)
            finally:
                answers.shards = shards

        return answer

    Answers.get = careless(Answers.get)  # type: ignore[method-assign]
    Answers.scan = careless(Answers.scan)  # type: ignore[method-assign]


# -- query processors --------------------------------------------------------------------------------------------------


def sends_again_what_may_have_happened() -> None:
    from actors.query_processor.transaction import committing

    committing._may_have_happened = lambda error: False


def reads_an_old_snapshot() -> None:
    TransactionServices.now = lambda services: services.clock.now().latest - 300_000  # type: ignore[method-assign]


def checks_no_keys() -> None:
    Transaction.check = lambda transaction, key: None  # type: ignore[method-assign]


def skips_the_commit_of_mere_locks() -> None:
    """As if a transaction that wrote nothing had nothing to be judged for."""
    commit = Transaction.commit

    async def careless(transaction: Transaction) -> Any:
        if not transaction.buffer:
            transaction.rollback()
        return await commit(transaction)

    Transaction.commit = careless  # type: ignore[method-assign]


def does_not_lock_what_it_leaves_alone() -> None:
    """ON CONFLICT DO UPDATE WHERE ...: the rows that fail the WHERE are no longer as they were read."""
    change = Upserter._change

    async def careless(upserter: Upserter, transaction: Transaction, *arguments: Any) -> Any:
        before = set(transaction._checked)
        changed = await change(upserter, transaction, *arguments)
        if changed is None:
            transaction._checked = before
        return changed

    Upserter._change = careless  # type: ignore[method-assign]


def does_not_reload_the_catalog() -> None:
    Transaction._verify = lambda transaction, catalog_ts: None  # type: ignore[method-assign]
    CatalogCache.note_change = lambda cache, catalog_ts: None  # type: ignore[method-assign]


def forgets_its_own_writes() -> None:
    async def careless(transaction: Transaction, keys: Any) -> Any:
        values, catalog_ts = await transaction._storage.get(list(keys), transaction.start_ts)
        if not transaction._verified:
            transaction._verify(catalog_ts)
        return values

    async def careless_one(transaction: Transaction, key: bytes) -> Any:
        return (await careless(transaction, [key]))[0]

    Transaction.get = careless  # type: ignore[method-assign]
    Transaction.get_one = careless_one  # type: ignore[method-assign]


def commits_half_a_write_set() -> None:
    """One message for each half: what should be one transaction becomes two."""
    request = Committing._request

    def careless(committing: Committing, name: str, message: Any) -> Any:
        rows = list(write_set.rows(message.write_set)) if isinstance(message, Commit) and not message.parts else []
        if len(rows) > 1 and not message.schema_changes:
            halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
            first, second = (write_set.encode(*(list(column) for column in zip(*half, strict=True))) for half in halves)
            other = committing._services.random.getrandbits(128).to_bytes(16, "big")
            request(committing, name, Commit(other, message.start_ts, message.catalog_ts, first, message.checked))
            message = Commit(message.transaction, message.start_ts, message.catalog_ts, second, [])
        return request(committing, name, message)

    Committing._request = careless  # type: ignore[method-assign]


def a_deleted_row_keeps_its_unique_name() -> None:
    """The index's entry leads to no row: reads pass over it, inserts do not."""

    def careless(remover: RowRemover, transaction: Transaction, key: bytes, row: Any) -> None:
        transaction.delete(key)
        for index in remover.stored.secondary:
            if index not in remover.stored.unique_indexes:
                transaction.delete(index.entry(row, key)[0], counts=False)

    RowRemover.remove = careless  # type: ignore[method-assign]


def answers_before_the_journal() -> None:
    """The adjudicator acknowledges what it has appended, not what a majority holds."""
    append = Reign.append

    def careless(reign: Reign, flight: Any, *arguments: Any) -> None:
        append(reign, flight, *arguments)
        for reply in flight.replies:
            reply(Committed(flight.commit_ts))

    Reign.append = careless  # type: ignore[method-assign]
