from __future__ import annotations

from actors.runtime.stream_window import GAPS_MAX, HASTY_S, StreamWindow


def test_a_window_narrows_after_many_hasty_streams_and_is_whole_again_after_one_that_lasted() -> None:
    window = StreamWindow(1000, 1)
    asked = []
    for _ in range(GAPS_MAX + 5):
        asked.append(window.open(7.0))
        window.gap(7.0 + HASTY_S / 2)
    assert asked == [*[1000] * (GAPS_MAX + 1), 125, 15, 1, 1]
    assert window.open(9.0) == 1
    window.gap(9.0 + HASTY_S)
    assert window.open(10.0) == 1000


def test_a_window_is_never_wider_than_the_whole() -> None:
    assert StreamWindow(5, 100).open(0.0) == 5
