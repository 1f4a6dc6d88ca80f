"""How much the reader of a numbered stream asks to be sent ahead, where its streams break off again and again.

What is under way behind a gap is sent in vain, and where messages overtake each other, a window of hundreds of them may
never begin with the first: a reader that asks for all of it each time moves no further, and both sides work for
nothing.

    window = StreamWindow(whole_bytes=1 << 20, least_bytes=1)
    window.open(now)     bytes to subscribe with: the whole window, or less after many gaps
    window.gap(now)      the stream has broken off, and another one will be opened

After `GAPS_MAX` streams in a row that broke off within `HASTY_S`, each further one has an eighth of the window of the
one before, down to `least_bytes`. A stream that lasts longer is followed by one with the whole window.
"""

from __future__ import annotations

HASTY_S = 0.5
GAPS_MAX = 8
"""So many hasty streams in a row have the whole window: connections that break now and then change nothing."""
SHARE_BITS = 3


class StreamWindow:
    """See the module. Times are the loop's, in seconds."""

    def __init__(self, whole_bytes: int, least_bytes: int) -> None:
        self._whole_bytes = whole_bytes
        self._least_bytes = min(least_bytes, whole_bytes)
        self._gaps = 0
        self._opened_at = 0.0

    def open(self, now: float) -> int:
        self._opened_at = now
        eighths = max(self._gaps - GAPS_MAX, 0)
        return max(self._whole_bytes >> SHARE_BITS * eighths, self._least_bytes)

    def gap(self, now: float) -> None:
        self._gaps = self._gaps + 1 if now - self._opened_at < HASTY_S else 0
