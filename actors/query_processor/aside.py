"""Work on large statements, beside the loop: `await aside(function, argument)` runs it in one of a few threads.

Parsing gives Python's lock up for most of its time, and planning, being Python, every few milliseconds; so other clients' statements go on meanwhile.
A statement that is cancelled leaves at once; its thread ends what it began, unheard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from actors.runtime.fiber import from_future

THREADS = 2
LARGE_CHARACTERS = 16 << 10
"""A longer text is parsed and planned aside: a thread costs a tenth of a millisecond, such a parse several."""
LARGE_VALUES = 4096
"""More parameters than that are decoded aside."""

T = TypeVar("T")
A = TypeVar("A")
_threads: ThreadPoolExecutor | None = None


async def aside(function: Callable[[A], T], argument: A) -> T:
    """`function(argument)`; raises what it raises."""
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(THREADS, "aside")
    return await from_future(asyncio.get_running_loop().run_in_executor(_threads, function, argument))
