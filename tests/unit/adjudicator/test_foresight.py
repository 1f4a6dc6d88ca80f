"""How far ahead promises go, by the questions and commits before."""

from __future__ import annotations

from actors.adjudicator.foresight import COMMITLESS_SHARE, QUIET_SHARE, SOON_SHARE, Foresight

MOST_MS = 16
MOST_US = MOST_MS * 1000
BEGIN = 1_000_000
QUIET = BEGIN + MOST_US // QUIET_SHARE
LONG_AFTER = BEGIN + 10_000_000


def leads(foresight: Foresight, at: int, questions: int, late_us: int = 100) -> list[int]:
    """Of so many questions, each `late_us` after what the one before was promised."""
    given = []
    for _ in range(questions):
        given.append(foresight.after(at, at))
        at += given[-1] + late_us
    return given


def test_who_asks_again_soon_is_promised_twice_as_much_up_to_the_most() -> None:
    given = leads(Foresight(MOST_MS, BEGIN), LONG_AFTER, 10)
    assert given == [0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]


def test_who_asks_now_and_then_is_promised_what_he_asks_for() -> None:
    assert leads(Foresight(MOST_MS, BEGIN), LONG_AFTER, 10, MOST_US // SOON_SHARE + 1) == [0] * 10
    foresight = Foresight(MOST_MS, BEGIN)
    last = leads(foresight, LONG_AFTER, 8)[-1]
    late = LONG_AFTER + 1_000_000
    assert last == MOST_US and foresight.after(late, late) == 0


def test_nothing_is_promised_ahead_soon_after_a_commit() -> None:
    foresight = Foresight(MOST_MS, BEGIN)
    leads(foresight, LONG_AFTER, 8)
    end = LONG_AFTER + 2 * MOST_US
    foresight.committed(end)
    assert leads(foresight, end, 20, 300) == [0] * 20


def test_the_lead_is_a_part_of_the_time_without_commits() -> None:
    foresight, at = Foresight(MOST_MS, BEGIN), QUIET
    for _ in range(200):
        lead = foresight.after(at, at)
        assert lead <= max(0, (at - QUIET) // COMMITLESS_SHARE)
        at += lead + 100
    assert lead == MOST_US


def test_what_is_promised_already_needs_no_more() -> None:
    foresight = Foresight(MOST_MS, BEGIN)
    [*_, last] = leads(foresight, LONG_AFTER, 3)
    promised = LONG_AFTER + sum([0, 250, 500]) + 200
    assert last == 500
    assert foresight.after(promised - 400, promised - 400) == 0
    assert foresight.after(promised + 1, promised + 1) == 1000


def test_none_is_none() -> None:
    assert leads(Foresight(0, BEGIN), LONG_AFTER, 10) == [0] * 10
