"""A process whose loop beats, and is then held: `python held_process.py BEAT_FILE LOG sleep|compute|none`. Says "up"
first."""

from __future__ import annotations

import asyncio
import faulthandler
import sys
import time
from pathlib import Path

from actors.runtime.heartbeat import Heartbeat


def hold(how: str) -> None:
    if how == "sleep":
        time.sleep(60)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sum(range(10_000_000))  # one long call after the other that keeps the interpreter


async def main(beat: Path, log: Path, how: str) -> None:
    faulthandler.enable(file=log.open("a"), all_threads=True)
    heartbeat = Heartbeat(beat)
    print("up", flush=True)
    await asyncio.sleep(0.1)
    if how != "none":
        hold(how)
    await asyncio.sleep(60)
    del heartbeat


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
