"""Bugs to plant into what the controller keeps. Each function changes the code of this process for good."""

from __future__ import annotations

from asyncio import Future
from typing import Any

from cluster.keeping import StateKeeper


def a_state_counts_before_a_majority_has_it() -> None:
    unless_deposed = StateKeeper._unless_deposed

    async def careless(keeper: StateKeeper, durable: Any) -> None:
        if not isinstance(durable, Future):  # the beginning of its reign
            await unless_deposed(keeper, durable)

    StateKeeper._unless_deposed = careless  # type: ignore[method-assign]
