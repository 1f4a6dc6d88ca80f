"""Bugs to plant into the birth and the retirement of adjudicators and their journals. Each function changes the code of
this process for good."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.adjudicator.membership import Membership
from actors.common.journal_set import JournalSet
from actors.common.messages import Announced, Checkpoint, Checkpointed
from actors.common.timestamps import TIMESTAMP_MAX
from actors.crossbar.crossbar import Crossbar
from cluster import adjudicators as births
from cluster.adjudicators import Adjudicators
from cluster.membership import without_adjudicator


def reads_past_a_birth() -> None:
    """The crossbar reads a new journal once the state says that it counts, and takes what goes by it before."""
    Crossbar._meet = lambda *_: None  # type: ignore[method-assign]


def announces_nothing() -> None:
    """The new journal counts from a time on that no record names."""
    Membership.announce = lambda membership, message, reply: reply(Announced(membership._reign.lease.last))  # type: ignore[method-assign]


def gives_a_number_again() -> None:
    without = JournalSet.without

    def careless(journals: JournalSet, number: int) -> JournalSet:
        left = without(journals, number)
        return replace(left, last_number=max(term.number for term in left.terms))

    JournalSet.without = careless  # type: ignore[method-assign]


def gives_up_a_journal_that_storage_lacks() -> None:
    ask = Adjudicators._ask

    async def careless(adjudicators: Adjudicators, role: str, message: Any, *timeout_s: float) -> Any:
        return (
            Checkpointed(TIMESTAMP_MAX)
            if isinstance(message, Checkpoint)
            else await ask(adjudicators, role, message, *timeout_s)
        )

    Adjudicators._ask = careless  # type: ignore[method-assign]


def a_crossbar_begins_without_what_is_gone() -> None:
    """It takes a subscriber that lacks what a retired journal had."""
    begin = Crossbar.__init__

    def careless(crossbar: Crossbar, *arguments: Any, **named: Any) -> None:
        begin(crossbar, *arguments, **named)
        crossbar._gone_ts = 0

    Crossbar.__init__ = careless  # type: ignore[method-assign]


def gives_up_a_journal_that_a_new_replica_needs() -> None:
    """Replicas that have begun since the others had all of it are not asked for."""
    births._forgotten = lambda state, number, stored: without_adjudicator(state, number)
