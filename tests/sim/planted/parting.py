"""Bugs to plant into large transactions, which travel in parts. Each function changes the code of this process for
good."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.adjudicator.claim import GatheredClaim
from actors.adjudicator.gathering import GatheringRoom
from actors.adjudicator.participant import Participant
from actors.adjudicator.window import ConflictWindow
from actors.common.messages import Deliver, Stage
from actors.common.write_set import checksum_of_parts
from actors.crossbar import crossbar
from actors.crossbar.merge import Group
from actors.crossbar.subscriber import Subscriber
from actors.journal.groups import Groups
from actors.query_processor.transaction.committing import Committing
from actors.storage.manifest import Manifest
from actors.storage.staging import Staging
from actors.storage.store import Store


def forgets_a_part() -> None:
    """The crossbar takes what it has for the whole."""
    add = Group.add

    def careless(group: Group, *arguments: Any) -> None:
        add(group, *arguments)
        if len(group.checksums) == 2:
            for pieces in group._pieces.values():
                del pieces[1:]

    Group.add = careless  # type: ignore[method-assign]


def a_reader_begins_inside_a_large_transaction() -> None:
    """... and takes the parts that it meets for all."""
    Groups.begin_for = lambda groups, lsn: lsn  # type: ignore[method-assign]
    Group.is_whole = lambda group, commit: True  # type: ignore[method-assign]


def trims_some_of_a_large_transactions_parts() -> None:
    Groups.is_cut_at = lambda groups, lsn: False  # type: ignore[method-assign]
    Group.is_whole = lambda group, commit: True  # type: ignore[method-assign]


def shows_half_a_large_transaction() -> None:
    """The crossbar stages what came first alone, and storage commits what it has."""
    stage = Subscriber.stage

    def careless(subscriber: Subscriber, group: Group) -> bool:
        return subscriber.staged(group) > 0 or stage(subscriber, group)

    Subscriber.stage = careless  # type: ignore[method-assign]
    _commits_what_it_has()


def goes_on_without_the_pieces_that_it_lacks() -> None:
    """A storage replica takes every fifth message's pieces for granted."""
    take = Staging.take

    def careless(staging: Staging, message: Stage) -> bool:
        transaction = staging._transactions.get((message.journal, message.transaction))
        if transaction is not None and message.number % 5 == 0 and not message.is_void:
            transaction.count = message.first + len(message.pieces)
            return True
        return take(staging, message)

    Staging.take = careless  # type: ignore[method-assign]


def _commits_what_it_has() -> None:
    complete = Staging.complete

    def believing(staging: Staging, message: Deliver, watermark: int) -> bool:
        for commit_ts, journal, name, pieces in message.staged:
            if commit_ts > watermark and (journal, name) in staging._transactions:
                staging._transactions[(journal, name)].count = pieces
        return complete(staging, message, watermark)

    Staging.complete = believing  # type: ignore[method-assign]


def lets_go_of_pieces_that_one_replica_has() -> None:
    """The crossbar believes that every subscriber has been sent what it lets go of."""
    Subscriber.lacks = lambda subscriber, group: False  # type: ignore[method-assign]

    def careless(groups: list[tuple[int, Group]], *_: Any) -> None:
        for _, group in groups:
            for shard in group.shards:
                group.let_go(shard, group.count(shard))

    crossbar.let_go = careless
    stage = Subscriber.stage

    def hasty(subscriber: Subscriber, group: Group) -> bool:
        key = (group.journal, group.transaction)
        subscriber._staged[key] = max(subscriber._staged.get(key, 0), group.gone(subscriber.shard))
        return stage(subscriber, group)

    Subscriber.stage = hasty  # type: ignore[method-assign]


def publishes_below_what_is_active() -> None:
    """A large transaction's segment comes to lie under the memtable's older rows."""
    Store.ingest = (
        lambda store, segment, file: (  # type: ignore[method-assign]
            store.unsynced.update({segment.name: file}),
            store._set_recents([*store.recents[:-1], segment, store.active]),
        )
    )


def forgets_a_segments_commit_time() -> None:
    """The manifest does not say it."""
    manifest = Store.manifest

    def careless(store: Store, checkpoint_ts: int) -> Manifest:
        return replace(manifest(store, checkpoint_ts), times={})

    Store.manifest = careless  # type: ignore[method-assign]


def holds_no_commit_against_what_is_gathered() -> None:
    GatheredClaim.meets = lambda claim, other: False  # type: ignore[method-assign]


def holds_no_piece_against_what_was_committed() -> None:
    gather = ConflictWindow.gather

    def careless(window: ConflictWindow, claim: GatheredClaim, *keys: Any) -> None:
        before = claim.overwritten
        gather(window, claim, *keys)
        claim.overwritten = before

    ConflictWindow.gather = careless  # type: ignore[method-assign]


def commits_before_its_parts_have_come() -> None:
    """The query processor waits for no part, and the coordinator counts none."""
    complete, parts = GatheringRoom.complete, Committing._send_parts

    def careless(room: GatheringRoom, message: Any, dropped: Any) -> Any:
        gathering = room._gatherings.get(message.transaction)
        if gathering is not None and gathering.error is None:
            gathering.claim.relate(message.schema_changes, message.exclusive, dropped)
            return gathering
        return complete(room, message, dropped)

    async def hasty(committing: Committing, coordinator: str, pieces: Any) -> Any:
        return await parts(committing, coordinator, iter(list(pieces)[:-1] or [(b"", [b"\0" * 7])]))

    GatheringRoom.complete = careless  # type: ignore[method-assign]
    Committing._send_parts = hasty  # type: ignore[method-assign]


def counts_parts_that_it_has_not_journaled() -> None:
    GatheringRoom.counted = lambda room, transaction: (  # type: ignore[method-assign]
        len(numbers := room._gatherings[transaction].numbers),
        checksum_of_parts(numbers[number] for number in sorted(numbers)),
    )


def a_participant_forgets_a_piece_of_its_share() -> None:
    gather = Participant.gather

    def careless(participant: Participant, message: Any, reply: Any) -> None:
        if message.number == 1:
            message = type(message)(message.transaction, 1, message.start_ts, message.catalog_ts, [], [])
        gather(participant, message, reply)

    Participant.gather = careless  # type: ignore[method-assign]
