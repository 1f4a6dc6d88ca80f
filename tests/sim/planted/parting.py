"""Bugs to plant into large transactions, which travel in parts. Each function changes the code of this process for good."""

from __future__ import annotations

from typing import Any

from actors.adjudicator.claim import GatheredClaim
from actors.adjudicator.gathering import GatheringRoom
from actors.adjudicator.participant import Participant
from actors.adjudicator.window import ConflictWindow
from actors.common.messages import Deliver
from actors.common.write_set import checksum_of_parts
from actors.crossbar.merge import Group
from actors.crossbar.subscriber import Subscriber
from actors.journal.groups import Groups
from actors.query_processor.transaction.committing import Committing
from actors.runtime.interfaces import Bus
from actors.storage.unfinished import Unfinished


def forgets_a_part() -> None:
    """The crossbar takes what it has for the whole."""
    add = Group.add

    def careless(group: Group, *arguments: Any) -> None:
        add(group, *arguments)
        if len(group.parts) == 2:
            group.parts.pop()

    Group.add = careless  # type: ignore[method-assign]


def a_reader_begins_inside_a_large_transaction() -> None:
    """... and takes the parts that it meets for all."""
    Groups.begin_for = lambda groups, lsn: lsn  # type: ignore[method-assign]
    Group.is_whole = lambda group, commit: True  # type: ignore[method-assign]


def trims_some_of_a_large_transactions_parts() -> None:
    Groups.is_cut_at = lambda groups, lsn: False  # type: ignore[method-assign]
    Group.is_whole = lambda group, commit: True  # type: ignore[method-assign]


def shows_half_a_large_transaction() -> None:
    """The watermark passes the commit time with the first pieces."""
    deliver = Subscriber.deliver

    def careless(subscriber: Subscriber, times: list[int], write_sets: list[bytes], changes: list[int], watermark: int) -> None:
        deliver(subscriber, times, write_sets, changes, max(watermark, times[-1]) if times else watermark)

    Subscriber.deliver = careless  # type: ignore[method-assign]


def goes_on_without_the_pieces_that_it_lacks() -> None:
    """A storage replica believes any message that begins at its watermark."""
    Unfinished.lacks = lambda unfinished, message, watermark: False  # type: ignore[method-assign]
    send = Subscriber.deliver

    def anew(subscriber: Subscriber, times: list[int], *rest: Any) -> None:
        """As a crossbar does that has been restarted: the pieces that it believes to have sent went to nobody."""
        post = subscriber._bus.post

        class Lossy:
            def post(self, sender: str, destination: str, message: Deliver) -> None:
                if not message.skipped or message.number % 5:
                    post(sender, destination, message)
                else:
                    subscriber._number -= 1

        bus: Bus = subscriber._bus
        subscriber._bus = Lossy()  # type: ignore[assignment]
        try:
            send(subscriber, times, *rest)
        finally:
            subscriber._bus = bus

    Subscriber.deliver = anew  # type: ignore[method-assign]


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
