"""The waiting room: transactions that met a mark wait here for its holder's outcome, for a bounded time.

A waiter that has been woken is judged again and may wait for another holder; its time runs from its first wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WAITERS_MAX = 4096
"""A waiter beyond this gives up at once."""


class Waiter:
    __slots__ = ("give_up", "holder", "retry", "timer")

    def __init__(
        self, holder: bytes, retry: Callable[[], None], give_up: Callable[[], None], timer: asyncio.TimerHandle
    ) -> None:
        self.holder: bytes | None = holder
        self.retry = retry
        self.give_up = give_up
        self.timer = timer


class WaitingRoom:
    """`wait_s_max`: from the first wait on."""

    def __init__(self, wait_s_max: float) -> None:
        self._wait_s_max = wait_s_max
        self._waiters: dict[bytes, Waiter] = {}
        self._by_holder: dict[bytes, dict[bytes, Waiter]] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def __contains__(self, transaction: bytes) -> bool:
        return transaction in self._waiters

    def wait(self, transaction: bytes, holder: bytes, retry: Callable[[], None], give_up: Callable[[], None]) -> None:
        """`retry` when the holder's outcome is known, or `give_up` when it takes too long. To be called from `retry` to
        wait on."""
        waiter = self._waiters.get(transaction)
        if waiter is not None:
            waiter.holder = holder
        elif len(self._waiters) >= WAITERS_MAX:
            give_up()
            return
        else:
            timer = asyncio.get_running_loop().call_later(self._wait_s_max, self._expire, transaction)
            waiter = self._waiters[transaction] = Waiter(holder, retry, give_up, timer)
        self._by_holder.setdefault(holder, {})[transaction] = waiter

    def wake(self, holder: bytes) -> None:
        """The holder's marks are gone."""
        for transaction, waiter in self._by_holder.pop(holder, {}).items():
            if self._waiters.get(transaction) is not waiter:
                continue  # gone meanwhile, by what an earlier one's retry did
            waiter.holder = None
            waiter.retry()
            if waiter.holder is None:
                self.leave(transaction)

    def leave(self, transaction: bytes) -> bool:
        """It no longer waits; neither callback runs. False where it did not wait."""
        waiter = self._waiters.pop(transaction, None)
        if waiter is None:
            return False
        waiter.timer.cancel()
        others = self._by_holder.get(waiter.holder) if waiter.holder is not None else None
        if others is not None and waiter.holder is not None:
            del others[transaction]
            if not others:
                del self._by_holder[waiter.holder]
        return True

    def close(self) -> None:
        """Everybody gives up."""
        for transaction in list(self._waiters):
            if transaction in self._waiters:
                self._expire(transaction)

    def _expire(self, transaction: bytes) -> None:
        give_up = self._waiters[transaction].give_up
        self.leave(transaction)
        give_up()
