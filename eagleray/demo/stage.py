"""Where the demo's story is told: below the live view of the cluster where there is a terminal, as lines where there is
none."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from eagleray.demo.day import Day
from eagleray.top.history import History
from eagleray.top.screen import Screen, is_terminal
from eagleray.top.view import picture


class Stage:
    """`mark` and `now` are for any thread, `draw` for one. What was told on the terminal's picture is printed when it
    goes."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._now = ""
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._screen: Screen | None = None

    def __enter__(self) -> Stage:
        if is_terminal():
            self._screen = self._stack.enter_context(Screen(keys=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        if self._screen is not None:
            for second, text in self._day.marks:
                print(_line(second, text), flush=True)

    def mark(self, text: str) -> None:
        """Something has happened."""
        with self._lock:
            self._day.marks.append((self._day.second, text))
            if self._screen is None:
                print(_line(*self._day.marks[-1]), flush=True)

    def now(self, text: str, aloud: bool) -> None:
        """How it goes at the moment. `aloud`: where lines are printed, this is one of them."""
        self._now = text
        if self._screen is None and aloud:
            print(_line(self._day.second, "  " + text), flush=True)

    def draw(self, history: History) -> None:
        if self._screen is not None:
            with self._lock:
                story = [_line(second, text) for second, text in self._day.marks]
            if self._now:
                story.append(_line(self._day.second, self._now))
            self._screen.show(lambda width, height: picture(history, width, height, story))


def _line(second: float, text: str) -> str:
    return f"{second:6.1f} s  {text}"
