"""Bugs to plant into what the controller keeps. Each function changes the code of this process for good."""

from __future__ import annotations

from asyncio import Future
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages import Trim
from cluster.keeping import StateKeeper
from cluster.state import ClusterState


def a_state_counts_before_a_majority_has_it() -> None:
    unless_deposed = StateKeeper._unless_deposed

    async def careless(keeper: StateKeeper, durable: Any) -> None:
        if not isinstance(durable, Future):  # the beginning of its reign
            await unless_deposed(keeper, durable)

    StateKeeper._unless_deposed = careless  # type: ignore[method-assign]


def an_outbid_controller_decides_on() -> None:
    write = StateKeeper.write

    async def careless(keeper: StateKeeper, state: ClusterState) -> None:
        try:
            await write(keeper, state)
        except DatabaseError:
            return

    StateKeeper.write = careless  # type: ignore[method-assign]


def reads_the_state_of_the_log_without_a_majority() -> None:
    open_ = StateKeeper.open

    async def careless(keeper: StateKeeper) -> ClusterState | None:
        keeper._writer._majority = 1
        return await open_(keeper)

    StateKeeper.open = careless  # type: ignore[method-assign]


def trims_the_newest_state() -> None:
    write = StateKeeper.write

    async def careless(keeper: StateKeeper, state: ClusterState) -> None:
        await write(keeper, state)
        for name in keeper._replicas:
            keeper._context.bus.post(keeper._context.name, name, Trim(keeper._last_ts + 1_000_000_000))

    StateKeeper.write = careless  # type: ignore[method-assign]
