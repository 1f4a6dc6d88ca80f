"""Deadlines by virtual time: what falls due when, and how few timers it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.query_processor.deadlines import Deadlines, Kind, Timeouts, error_of
from actors.runtime.simulation.loop import SimulatedLoop


class Clock:
    """Deadlines on a loop of virtual time; `due` is what fell due: (kind, at)."""

    def __init__(self, **timeouts: int) -> None:
        self.timeouts = Timeouts()
        for name, value in timeouts.items():
            setattr(self.timeouts, name, value)
        self.loop = asyncio.get_running_loop()
        self.due: list[tuple[Kind, float]] = []
        self.timers = 0
        self.deadlines = Deadlines(self.timeouts, lambda kind: self.due.append((kind, round(self.loop.time(), 3))))


def simulated(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = SimulatedLoop()
    try:
        loop.run_until_complete(test())
    finally:
        loop.close()


def test_each_statement_has_its_own_time() -> None:
    async def check() -> None:
        clock = Clock(statement_ms=100)
        for _ in range(5):
            clock.deadlines.message_begins(False)
            await asyncio.sleep(0.08)
            clock.deadlines.statement_ended(True)
        clock.deadlines.ready("I")
        await asyncio.sleep(1)
        assert clock.due == []
        clock.deadlines.message_begins(False)  # Parse
        await asyncio.sleep(0.06)
        clock.deadlines.message_begins(False)  # Execute: the same statement
        await asyncio.sleep(1)
        assert clock.due == [(Kind.STATEMENT, 1.5)]

    simulated(check)


def test_idle_and_idle_in_transaction() -> None:
    async def check() -> None:
        clock = Clock(idle_ms=300, idle_in_transaction_ms=100)
        clock.deadlines.message_begins(False)
        clock.deadlines.ready("T")
        await asyncio.sleep(0.09)
        clock.deadlines.message_begins(False)
        await asyncio.sleep(5)  # busy: no idle time
        assert clock.due == []
        clock.deadlines.ready("E")
        await asyncio.sleep(0.2)
        assert clock.due == [(Kind.IDLE_IN_TRANSACTION, 5.19)]
        clock.deadlines.message_begins(True)
        clock.deadlines.ready("I")
        await asyncio.sleep(1)
        assert clock.due[1:] == [(Kind.IDLE, 5.59)]

    simulated(check)


def test_a_transaction_has_one_time_for_all_its_statements() -> None:
    async def check() -> None:
        clock = Clock(statement_ms=200, transaction_ms=100, idle_in_transaction_ms=100)
        for _ in range(3):
            clock.deadlines.message_begins(False)
            clock.deadlines.statement_ended(True)
            clock.deadlines.ready("T")
            await asyncio.sleep(0.04)
        assert clock.due == [(Kind.TRANSACTION, 0.1)], "a timeout that is not below the transaction's does not run"
        clock.deadlines.ready("E")
        clock.deadlines.message_begins(True)
        await asyncio.sleep(1)
        assert len(clock.due) == 1, "a failed transaction has no more time to lose"
        clock.deadlines.ready("I")
        clock.deadlines.message_begins(False)
        clock.timeouts.transaction_ms = 0
        clock.deadlines.statement_ended(True)
        await asyncio.sleep(1)
        assert len(clock.due) == 1, "SET transaction_timeout = 0 within the transaction"
        clock.timeouts.transaction_ms = 50
        clock.deadlines.statement_ended(True)
        await asyncio.sleep(1)
        assert clock.due[1:] == [(Kind.TRANSACTION, 2.17)]

    simulated(check)


def test_a_busy_session_makes_few_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        clock = Clock(statement_ms=1000, idle_ms=5000)
        made = 0
        real = clock.loop.call_at

        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal made
            made += 1
            return real(*arguments, **named)

        for _ in range(1000):
            monkeypatch.setattr(clock.loop, "call_at", counted)
            clock.deadlines.message_begins(False)
            clock.deadlines.statement_ended(False)
            clock.deadlines.ready("I")
            monkeypatch.setattr(clock.loop, "call_at", real)
            await asyncio.sleep(0.01)
        assert made <= 12 and clock.due == []
        clock.deadlines.close()

    simulated(check)


def test_texts_and_codes() -> None:
    assert [(error_of(kind).sqlstate, error_of(kind).message) for kind in Kind] == [
        ("57014", "canceling statement due to statement timeout"),
        ("25P04", "terminating connection due to transaction timeout"),
        ("57P05", "terminating connection due to idle-session timeout"),
        ("25P03", "terminating connection due to idle-in-transaction timeout"),
    ]
