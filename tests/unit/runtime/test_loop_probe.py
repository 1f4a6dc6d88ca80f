"""The probe sees a held loop, what it computed, and where it was."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from actors.runtime.loop_probe import SAMPLE_S, LoopProbe, read_late

HELD_S = 5 * SAMPLE_S


def hold(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_held_loop_is_seen(tmp_path: Path) -> None:
    async def scene() -> None:
        LoopProbe(tmp_path / "probe.jsonl")
        while not any(
            late.loop_cpu_ms >= 1000 * HELD_S / 2 and "hold" in "".join(late.stack)
            for late in read_late(tmp_path / "probe.jsonl")
        ):
            hold(HELD_S)
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(scene(), 20.0))
