"""What an adjudicator tells of its load, and that it is silent without any."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from actors.adjudicator.load import ClaimLoad
from actors.common.messages import RangeLoad
from actors.common.messages.base import Message
from actors.common.settings import Settings
from actors.runtime.interfaces import Context
from actors.runtime.key_load import KEY_BYTES_MAX, KEYS_MAX, REPORT_S, STRIDE
from actors.runtime.simulation.loop import SimulatedLoop

PREFIX = bytes(6)


class Bus:
    def __init__(self) -> None:
        self.posted: list[Any] = []

    def post(self, sender: str, destination: str, message: Message) -> None:
        assert (sender, destination) == ("adjudicator/1", "controller")
        self.posted.append(message)


def test_a_sample_of_the_keys_and_the_share_of_time_are_told_while_there_is_load_and_once_more() -> None:
    loop = SimulatedLoop()
    bus = Bus()

    async def scenario() -> None:
        computed = 0.0
        context = Context("adjudicator/1", "a", bus, None, None, Random(1), None, Settings())  # type: ignore[arg-type]
        load = ClaimLoad(context, lambda: computed)
        for number in range(STRIDE - 1):
            load.note([PREFIX + bytes([number])])
        await asyncio.sleep(5 * REPORT_S)
        assert bus.posted == [], "a few transactions are no load"
        for number in range(10 * STRIDE + 1):
            load.note([PREFIX + number.to_bytes(2, "big")])
        load.note([])
        computed = 0.25 * REPORT_S
        await asyncio.sleep(1.5 * REPORT_S)
        [told] = bus.posted
        assert (
            isinstance(told, RangeLoad)
            and told.busy == 0.25
            and told.claims_s == 11 * STRIDE
            and len(told.sample) == 11
        )
        await asyncio.sleep(10 * REPORT_S)
        assert len(bus.posted) == 2 and bus.posted[1].claims_s == 0 and bus.posted[1].busy == 0
        load.stop()

    loop.run_until_complete(scenario())
    loop.close()


def test_the_sample_is_bounded_and_as_the_load_is() -> None:
    loop = SimulatedLoop()
    bus = Bus()

    async def scenario() -> None:
        context = Context("adjudicator/1", "a", bus, None, None, Random(1), None, Settings())  # type: ignore[arg-type]
        load = ClaimLoad(context, lambda: 0.0)
        random = Random(2)
        for _ in range(3 * KEYS_MAX * STRIDE):
            hot = random.random() < 0.75
            load.note([PREFIX + (b"hot" * 100 if hot else bytes([random.randrange(100)]))])
        await asyncio.sleep(1.5 * REPORT_S)
        sample = bus.posted[0].sample
        assert len(sample) == KEYS_MAX and all(len(key) <= KEY_BYTES_MAX for key in sample)
        assert 0.65 < sum(key.startswith(b"hot") for key in sample) / KEYS_MAX < 0.85
        load.stop()

    loop.run_until_complete(scenario())
    loop.close()
