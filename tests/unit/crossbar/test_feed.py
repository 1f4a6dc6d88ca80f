"""A feed at a journal that is played by the test: what it asks for after gaps."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.common.messages import JournalRecords, SubscribeJournal
from actors.common.settings import Settings
from actors.crossbar.feed import LEAST_SHARE, Feed
from actors.journal import subscription
from actors.runtime.interfaces import Context
from actors.runtime.simulation.loop import SimulatedLoop
from actors.runtime.stream_window import GAPS_MAX, HASTY_S

WINDOW_BYTES = 1 << 20


def windows(gaps: int, pause_s: float) -> list[int]:
    """Of the subscriptions of a feed each of whose streams begins with the second message, `pause_s` after it was
    asked for."""
    asked: list[SubscribeJournal] = []

    def request(sender: str, destination: str, message: Any, *_: Any) -> None:
        asked.append(message)

    async def scenario() -> None:
        context = SimpleNamespace(az="a", name="crossbar/1", bus=SimpleNamespace(request=request), settings=Settings())
        streams = iter(range(1, 1000))
        feed = Feed(
            cast(Context, context),
            1,
            ["journal/1/a"],
            0,
            lambda *_: None,
            lambda _: next(streams),
            WINDOW_BYTES,
            lambda _: True,
        )
        feed.subscribe()
        for _ in range(gaps):
            await asyncio.sleep(pause_s)
            feed.take("journal/1/a", JournalRecords(asked[-1].stream, 2, 7, []))

    loop = SimulatedLoop()
    loop.run_until_complete(scenario())
    loop.close()
    return [message.window_bytes for message in asked]


def test_a_feed_asks_for_less_where_streams_break_off_again_and_again() -> None:
    """Each time all that is under way is sent in vain: without an end, where it is more than ever comes in order."""
    asked = windows(GAPS_MAX + 4, HASTY_S / 2)
    assert asked == [*[WINDOW_BYTES] * (GAPS_MAX + 1), WINDOW_BYTES // 8, *[WINDOW_BYTES // LEAST_SHARE] * 3]


def test_at_least_a_few_messages_are_asked_for_and_not_hundreds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "MESSAGE_BYTES_MAX", 1000)
    assert windows(GAPS_MAX + 6, HASTY_S / 2)[-1] == 1000 * subscription.WINDOW_MESSAGES


def test_streams_that_last_a_while_keep_their_window() -> None:
    assert set(windows(GAPS_MAX * 3, 2 * HASTY_S)) == {WINDOW_BYTES}
