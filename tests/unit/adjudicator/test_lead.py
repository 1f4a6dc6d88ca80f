"""The lead follows what quorums take, up soon and down late, and a moment's trouble not at all."""

from __future__ import annotations

from actors.adjudicator.lead import LOWER_S, RAISE_S, SAMPLE_MIN, Wish, decide

MOST_US = 125_000


def after(lead_us: int, *looks: tuple[float, int]) -> int:
    """`looks`: when, and what every quorum has taken since the last one, in milliseconds."""
    wish = Wish()
    for now_s, taken_ms in looks:
        lead_us, wish = decide(lead_us, [taken_ms * 1000] * SAMPLE_MIN, now_s, wish, MOST_US)
    return lead_us


def test_it_is_raised_once_quorums_have_taken_longer_for_a_while() -> None:
    assert after(20_000, (0.0, 75), (RAISE_S / 2, 75)) == 20_000
    assert after(20_000, (0.0, 75), (RAISE_S, 75)) == 79_250


def test_one_slow_second_raises_nothing_and_the_least_of_them_counts() -> None:
    assert after(80_000, (0.0, 75), (0.5, 110), (1.0, 75), (1.5, 110), (2.0, 75)) == 80_000
    assert after(80_000, (0.0, 110), (RAISE_S, 90)) == 94_700


def test_it_is_lowered_late_and_to_what_was_needed_meanwhile() -> None:
    assert after(80_000, (0.0, 20), (LOWER_S / 2, 20)) == 80_000
    assert after(80_000, (0.0, 20), (LOWER_S / 2, 40), (LOWER_S, 20)) == 43_200
    assert after(80_000, (0.0, 20), (LOWER_S / 2, 75), (LOWER_S, 20)) == 80_000


def test_small_changes_and_few_commits_change_nothing() -> None:
    assert after(80_000, (0.0, 73), (60.0, 73)) == 80_000
    assert decide(20_000, [75_000] * (SAMPLE_MIN - 1), 60.0, Wish(1, 0.0, 75_000), MOST_US)[0] == 20_000


def test_it_stays_within_the_lease() -> None:
    assert after(20_000, (0.0, 300), (RAISE_S, 300)) == MOST_US
