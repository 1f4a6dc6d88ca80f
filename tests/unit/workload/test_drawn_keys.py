"""The generators of keys, against the formulas that they promise."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from eagleray.workload.keys import Zipfian, fnv_hash, last_name, latest, non_uniform, scrambled

DRAWS = 200_000


@pytest.mark.parametrize("items", [1, 2, 3, 1_000])
def test_zipfian_frequencies_follow_the_law(items: int) -> None:
    """The first two ranks within five standard deviations, larger groups of ranks within 3 % of all draws: Gray's
    formula is an approximation there."""
    ranks, chance = Zipfian(items), random.Random(items)
    counts = Counter(ranks.draw(chance) for _ in range(DRAWS))
    assert min(counts) == 0 and max(counts) <= items - 1
    for rank in range(min(2, items)):
        share = ranks.probability(rank)
        assert abs(counts[rank] - DRAWS * share) <= 5 * (DRAWS * share * (1 - share)) ** 0.5 + 1
    for end in (10, 100, 500):
        law = sum(ranks.probability(rank) for rank in range(min(end, items)))
        assert sum(counts[rank] for rank in range(end)) / DRAWS == pytest.approx(law, abs=0.03)
    assert sum(ranks.probability(rank) for rank in range(items)) == pytest.approx(1)


def test_a_zipfian_that_grows_is_one_that_began_so_large() -> None:
    grown = Zipfian(10)
    for items in (11, 50, 1_000):
        grown.grow(items)
    assert [grown.draw(random.Random(seed)) for seed in range(100)] == [
        Zipfian(1_000).draw(random.Random(seed)) for seed in range(100)
    ]
    with pytest.raises(ValueError):
        grown.grow(999)
    with pytest.raises(ValueError):
        Zipfian(0)


def test_latest_prefers_the_highest_and_scrambled_stays_inside() -> None:
    ranks, chance = Zipfian(500), random.Random(2)
    newest = Counter(latest(ranks, chance) for _ in range(20_000))
    assert newest.most_common(1)[0][0] == 499 and min(newest) >= 0
    spread = Counter(scrambled(ranks, chance) for _ in range(20_000))
    assert spread.most_common(1)[0][0] == fnv_hash(0) % 500 and 0 <= min(spread) <= max(spread) < 500


def test_fnv_hash_is_the_published_one() -> None:
    """FNV-1a of eight zero bytes, by the definition at http://www.isthe.com/chongo/tech/comp/fnv/."""
    assert fnv_hash(0) == 0xA8C7F832281A39C5


def test_non_uniform_numbers_stay_inside_and_are_not_uniform() -> None:
    chance = random.Random(3)
    for spread, low, high in ((255, 0, 999), (1023, 1, 3_000), (8191, 1, 100_000), (1023, 1, 30), (8191, 1, 1)):
        drawn = [non_uniform(chance, spread, low, high, chance.randint(0, spread)) for _ in range(5_000)]
        assert min(drawn) >= low and max(drawn) <= high
    counts = Counter(non_uniform(chance, 1023, 1, 3_000, 5) for _ in range(30_000))
    assert counts.most_common(1)[0][1] > 40, "30,000 uniform draws of 3,000 would hit none so often"


def test_last_names_are_the_specifications() -> None:
    assert [last_name(number) for number in (0, 371, 999)] == ["BARBARBAR", "PRICALLYOUGHT", "EINGEINGEING"]
