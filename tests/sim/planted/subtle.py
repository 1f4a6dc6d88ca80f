"""Bugs in what several roles agree on while something changes: ranges that move under large transactions, adjudicators
that leave while they owe something, maps that not all know, drops that go before they were applied. Each function
changes the code of this process for good."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.adjudicator.gathering import GatheringRoom
from actors.adjudicator.membership import Membership
from actors.adjudicator.participant import Participant
from actors.adjudicator.reign import Reign
from actors.common.messages import Announce, Announced, Retire, Retired
from actors.journal.record import ANNOUNCE, END
from actors.runtime.interfaces import Reply
from actors.storage.filling import Copying
from actors.storage.manifest import Manifest
from actors.storage.store import Store
from cluster.directory import Directory


def a_release_leaves_what_is_gathered() -> None:
    """Parts that were judged before their keys went to another adjudicator may commit here."""
    GatheringRoom.drop_all = lambda room: None  # type: ignore[method-assign]


def nobody_waits_for_an_outcome_of_who_has_left() -> None:
    """A journal is given up although participants hold marks whose outcome it alone knows."""
    Participant.held_for = lambda participant, coordinator: 0  # type: ignore[method-assign]


def retires_with_transactions_under_way() -> None:
    def careless(membership: Membership, _: Retire, reply: Reply) -> None:
        reign: Reign = membership._reign
        reign.writer.has_ended = True
        until = reign.lease.last
        reign.covering.append_note(END, lambda: reply(Retired(until)))

    Membership.retire = careless  # type: ignore[method-assign]


def a_birth_counts_from_below_what_was_promised() -> None:
    def careless(membership: Membership, message: Announce, reply: Reply) -> None:
        reign: Reign = membership._reign
        reign.writer.set_version = max(reign.writer.set_version, message.set_version)
        at = reign.lease.last - 2_000_000
        reign.covering.append_note(ANNOUNCE, lambda: reply(Announced(at)))

    Membership.announce = careless  # type: ignore[method-assign]


def a_map_counts_before_all_know_it() -> None:
    """Shards end although some process asks them still."""
    Directory.all_know = lambda *_: True  # type: ignore[method-assign]


def drops_are_forgotten_before_every_segment_has_applied_them() -> None:
    """Any merge settles the drops below its horizon, though it was of some segments alone."""
    exchange = Store.exchange

    def careless(store: Store, old: Any, new: Any, horizon: int, settled_ts: int) -> None:
        exchange(store, old, new, horizon, max(settled_ts, min(horizon, store.checkpoint_ts)))

    Store.exchange = careless  # type: ignore[method-assign]


def a_filled_replica_forgets_drops() -> None:
    copied = Copying.copied

    async def careless(copying: Copying, manifest: Manifest) -> Manifest:
        return replace(await copied(copying, manifest), drops=[])

    Copying.copied = careless  # type: ignore[method-assign]


def a_filled_replica_forgets_catalog_changes() -> None:
    copied = Copying.copied

    async def careless(copying: Copying, manifest: Manifest) -> Manifest:
        return replace(await copied(copying, manifest), catalog_changes=[])

    Copying.copied = careless  # type: ignore[method-assign]
