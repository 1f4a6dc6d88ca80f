"""Bugs to plant into ranges that go from one adjudicator to another. Each function changes the code of this process for
good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.adjudicator.coordinator import Coordinator
from actors.adjudicator.participant import Participant
from actors.adjudicator.reign import Reign
from actors.common.messages import Released
from actors.common.timestamps import TIMESTAMP_MIN
from cluster.state import Transfer
from cluster.transfers import Transfers


def the_new_owner_begins_below_the_old_end() -> None:
    released = Transfers._released
    Transfers._released = lambda transfers, transfer, answer: released(
        transfers, transfer, Released(answer.until - 2_000_000)
    )  # type: ignore[attr-defined, method-assign]


def the_new_owner_takes_what_began_before_it() -> None:
    Reign.check_beginning = lambda *_: None  # type: ignore[method-assign]


def the_old_owner_is_not_asked() -> None:
    def careless(transfers: Transfers, transfer: Transfer) -> None:
        if transfers._counts(transfer):
            transfers._released(transfer, Released(transfers._context.clock.now().latest))

    Transfers._ask = careless  # type: ignore[method-assign]


def leaves_pending_marks_behind() -> None:
    """What was offered for them is not reckoned with."""
    bar = Participant.bar

    def careless(participant: Participant, is_released: Callable[[Any], bool]) -> int:
        bar(participant, is_released)
        return TIMESTAMP_MIN

    Participant.bar = careless  # type: ignore[method-assign]


def offers_what_it_has_released() -> None:
    bar = Participant.bar

    def careless(participant: Participant, is_released: Callable[[Any], bool]) -> int:
        until = bar(participant, is_released)
        for pending in participant._pending.values():
            pending.is_barred = False
        return until

    Participant.bar = careless  # type: ignore[method-assign]


def decides_what_it_has_released() -> None:
    Coordinator.refuse_released = lambda *_: None  # type: ignore[method-assign]
    Reign.refuse_released = lambda *_: None  # type: ignore[method-assign]
