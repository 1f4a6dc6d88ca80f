"""Work on large statements, beside the loop: `await aside(function, argument)` runs it in one of a few threads.

Parsing gives Python's lock up for most of its time, and planning, being Python, every few milliseconds; so other
clients' statements go on meanwhile.

A statement that is cancelled leaves at once. What it had not begun is not begun any more; a thread ends what it began,
unheard, and like any work that takes longer than a moment it makes room for the next one (workers.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from actors.query_processor.workers import Workers

PROMPT_MAX = 2
"""More at once would only take turns on Python's lock."""
THREADS_MAX = 8
"""With what takes long, or nobody waits for any more. Each may hold a statement's memory."""
LARGE_CHARACTERS = 16 << 10
"""A longer text is parsed and planned aside: a thread costs a tenth of a millisecond, such a parse several. A Bind of
more bytes is decoded there."""
LARGE_VALUES = 4096
"""More parameters than that are decoded aside."""

T = TypeVar("T")
A = TypeVar("A")


_of_loop: tuple[asyncio.AbstractEventLoop, Workers] | None = None


def _workers() -> Workers:
    """The running loop's. A process has one loop; a test that has made another one begins anew."""
    global _of_loop
    loop = asyncio.get_running_loop()
    if _of_loop is None or _of_loop[0] is not loop:
        _of_loop = (loop, Workers(PROMPT_MAX, THREADS_MAX, "aside"))
    return _of_loop[1]


async def aside(function: Callable[[A], T], argument: A, large: bool = True) -> T:
    """`function(argument)`; raises what it raises. Not `large`: at once, on the loop."""
    if not large:
        return function(argument)
    workers = _workers()
    step = workers.begin(lambda: function(argument))
    try:
        return cast(T, await step.done)
    except BaseException:
        if not step.done.done:
            workers.abandon(step)
        raise
