"""A terminal that shows pictures: `with Screen() as screen: screen.show(draw); key = screen.key(1.0)`.

Keys come one by one, without Enter; the terminal is left as it was found, whatever ends the program.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

Draw = Callable[[int, int], Text]
"""(columns, lines) -> the picture."""


def is_terminal() -> bool:
    """Whether a person looks on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Screen:
    """The whole terminal, until it is left. `show` and `key` are for one thread; `wake` is for any."""

    def __init__(self, keys: bool = True) -> None:
        """`keys`: read them; else the terminal does with them what it always does."""
        self._console = Console()
        self._stack = ExitStack()
        self._woken, self._waker = os.pipe()
        self._keys = keys and sys.stdin.isatty()
        self._lock = threading.Lock()
        self._left = False

    def __enter__(self) -> Screen:
        if self._keys:
            before = termios.tcgetattr(sys.stdin)
            self._stack.callback(termios.tcsetattr, sys.stdin, termios.TCSADRAIN, before)
            tty.setcbreak(sys.stdin)
        self._live = self._stack.enter_context(Live(console=self._console, screen=True, auto_refresh=False))
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()
        with self._lock:
            self._left = True
            os.close(self._woken)
            os.close(self._waker)

    def show(self, draw: Draw) -> None:
        size = self._console.size
        self._live.update(draw(size.width, size.height), refresh=True)

    def key(self, seconds: float) -> str:
        """The key that is pressed within so many seconds; "" where none is, or `wake` was called."""
        sources: list[Any] = [self._woken, *([sys.stdin] if self._keys else [])]
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._woken in ready:
            os.read(self._woken, 4096)
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace") if sys.stdin in ready else ""

    def wake(self) -> None:
        with self._lock:
            if not self._left:
                os.write(self._waker, b".")
