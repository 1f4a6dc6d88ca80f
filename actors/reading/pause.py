"""A pause that a fiber can await. Only recovery paths wait for time (a peer that is away, a map that moved); nothing
else does."""

from __future__ import annotations

import asyncio

from actors.runtime.fiber import Completion


def pause(seconds: float) -> Completion[None]:
    """Completes after `seconds` on the running loop (virtual time in the simulator)."""
    completion: Completion[None] = Completion()
    asyncio.get_running_loop().call_later(seconds, completion.succeed, None)
    return completion
