"""Which ranges move, on load curves: a rise on hot keys, a spike, a fall, a key that cannot be divided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

import pytest

from actors.common.ranges import KEYSPACE_BYTES, ShardMap, moved
from cluster.policies.ranges import Birth, Bounds, Move, Retirement, Seen, Told, Wish, boundaries, decide, divided

BOUNDS = Bounds(busy_share=0.7, calm_share=0.1, up_delay_s=3.0, down_delay_s=10.0, boundaries_max=8)
MAP = ShardMap(1, (b"\x80",), (1, 2), (1, 2))
PROCESSES = {1: "adjudicator-1", 2: "adjudicator-2", 3: "adjudicator-3"}

Load = Callable[[Random], bytes]
"""Draws a key's columns."""


def spread(low: int, high: int) -> Load:
    return lambda random: random.randrange(low, high).to_bytes(4, "big")


LOW_HALF, HIGH_HALF = spread(0, 1 << 31), spread(1 << 31, 1 << 32)
SMALL = spread((1 << 31) + 1, (1 << 31) + 100_000)
"""As the integers of one table."""


class Cluster:
    """Follows a curve of (seconds of computing a second in all, whose keys) as adjudicators would: each computes for
    the share of keys that it owns."""

    def __init__(
        self, bounds: Bounds = BOUNDS, shard_map: ShardMap = MAP, processes: dict[int, str] = PROCESSES
    ) -> None:
        self.bounds = bounds
        self.shard_map = self.rest = shard_map
        self.processes = dict(processes)
        self.by_load: list[int] = []
        """Adjudicators that have been called for, and have not gone."""
        self.numbers: list[tuple[int, int]] = []
        """(second, how many adjudicators there are from then on)."""
        self.moves: list[tuple[int, Move]] = []
        self.busy: dict[int, float] = {}
        self._wish = Wish()
        self._second = 0
        self._random = Random(7)

    def follow(self, curve: Iterable[tuple[float, Load]]) -> None:
        for computing, load in curve:
            keys = [load(self._random) for _ in range(600)]
            owned: dict[int, list[bytes]] = {number: [] for number in self.processes}
            for key in keys:
                owned[self.shard_map.adjudicator(bytes(KEYSPACE_BYTES) + key)].append(key)
            self.busy = {number: min(computing * len(mine) / len(keys), 1.0) for number, mine in owned.items()}
            told = {
                number: Told(self.processes[number], self.busy[number], len(mine), mine[:256] if computing else [])
                for number, mine in owned.items()
            }
            seen = Seen(float(self._second), self.shard_map, self.rest, told, frozenset(self.by_load))
            decision, self._wish = decide(seen, self.bounds, self._wish)
            if isinstance(decision, Move):
                self.moves.append((self._second, decision))
                self.shard_map = moved(self.shard_map, *decision, self._second)
            elif decision is not None:
                self._turn_over(decision)
                self.numbers.append((self._second, len(self.processes)))
            self._second += 1

    def _turn_over(self, decision: Birth | Retirement) -> None:
        if isinstance(decision, Birth):
            number = max(self.processes) + 1
            self.processes[number] = f"adjudicator-{number}"
            self.by_load.append(number)
        else:
            assert decision.number not in self.shard_map.adjudicators, "it owns nothing any more"
            del self.processes[decision.number]
            self.by_load.remove(decision.number)


def test_a_hot_range_is_divided_at_the_median_of_its_load_after_the_delay() -> None:
    cluster = Cluster(processes={1: "a", 2: "b"})
    cluster.follow([(0.2, SMALL)] * 10 + [(0.9, SMALL)] * 10)
    [(second, move)] = cluster.moves
    assert second == 13 and move.target == 1 and move.high is None
    cut = int.from_bytes(move.low, "big") - (1 << 31)
    assert 42_000 < cut < 58_000, "half of what it is asked for"
    assert all(0.35 < busy < 0.55 for busy in cluster.busy.values()), "and it stays so"


def test_a_load_that_rises_on_goes_to_everybody() -> None:
    cluster = Cluster()
    cluster.follow([(0.3 + second / 30, SMALL) for second in range(45)])
    assert set(cluster.shard_map.adjudicators) == {1, 2, 3} and max(cluster.busy.values()) < 0.75
    assert len(cluster.moves) <= 4


def test_a_spike_and_noise_move_nothing() -> None:
    cluster = Cluster()
    cluster.follow([(0.3, SMALL)] * 5 + [(2.0, SMALL)] * 3 + [(0.3, SMALL)] * 20)
    cluster.follow([(0.9 if second % 2 else 0.3, SMALL) for second in range(60)])
    assert cluster.moves == []


def test_what_was_divided_is_joined_again_when_all_are_calm_and_no_more_than_that() -> None:
    cluster = Cluster()
    cluster.follow([(1.4, SMALL)] * 20)
    assert boundaries(cluster.shard_map) > 1
    cluster.follow([(0.05, SMALL)] * 60)
    assert cluster.shard_map.cuts == MAP.cuts and cluster.shard_map.adjudicators == MAP.adjudicators
    before = list(cluster.moves)
    cluster.follow([(0.0, SMALL)] * 60)
    assert cluster.moves == before, "what nobody has divided is not joined"


def test_a_load_between_the_bounds_neither_divides_nor_joins() -> None:
    cluster = Cluster()
    cluster.follow([(1.0, SMALL)] * 20)
    before = list(cluster.moves)
    assert before
    cluster.follow([(0.5, SMALL)] * 100)
    assert cluster.moves == before


def test_adjudicators_of_one_process_have_nothing_to_give_each_other() -> None:
    cluster = Cluster(processes={1: "az-a", 2: "az-a"})
    cluster.follow([(3.0, SMALL)] * 30)
    assert cluster.moves == []


def test_a_single_hot_key_stays_and_so_does_a_load_that_all_share() -> None:
    cluster = Cluster(processes={1: "a", 2: "b"})
    cluster.follow([(0.95, lambda _: b"\x80\0\0\x05")] * 20)
    assert cluster.moves == []
    even = spread(0, 1 << 32)
    cluster.follow([(1.6, even)] * 20)
    assert cluster.moves == [], "nobody has room"


def test_of_two_pieces_the_fitting_one_goes_whole() -> None:
    shard_map = ShardMap(1, (b"\x40", b"\x80"), (1, 2, 1), (1, 1, 1))
    sample = [b"\x10"] * 50 + [b"\x90"] * 30 + [b"\xa0"] * 20
    assert divided(shard_map, 1, sample, 0.5) in ((b"\x80", None), (b"", b"\x40"))
    assert divided(shard_map, 1, sample, 0.2) == (b"\xa0", None)
    assert divided(shard_map, 1, [b"\x10"] * 50, 0.5) is None and divided(shard_map, 1, [], 0.5) is None


@pytest.mark.parametrize("boundaries_max", [1, 2])
def test_there_is_a_bound_to_dividing(boundaries_max: int) -> None:
    bounds = Bounds(0.7, 0.1, 3.0, 10.0, boundaries_max)
    cluster = Cluster(bounds)
    for step in range(10):
        base = (1 << 31) + step * 1000
        cluster.follow([(0.9, spread(base, base + 1000))] * 10)
    assert 1 <= boundaries(cluster.shard_map) <= boundaries_max + 1


MANY = replace(BOUNDS, boundaries_max=40, adjudicators_max=5)
EVEN = spread(0, 1 << 32)


def test_a_load_for_which_nobody_has_room_calls_for_more_and_they_go_when_it_has_gone() -> None:
    cluster = Cluster(MANY, processes={1: "a", 2: "b"})
    cluster.follow([(0.4, EVEN)] * 10)
    assert cluster.numbers == []
    cluster.follow([(2.4, EVEN)] * 60)
    first, _ = cluster.numbers[0]
    assert first == 13, "after the delay"
    assert len(cluster.processes) == 4 and max(cluster.busy.values()) < 0.85, (
        "as many as the load needs, within the gap"
    )
    assert set(cluster.shard_map.adjudicators) == {1, 2, 3, 4}
    before = list(cluster.numbers)
    cluster.follow([(1.2, EVEN)] * 100)
    assert cluster.numbers == before, "between the bounds nobody comes or goes"
    cluster.follow([(0.1, EVEN)] * 200)
    assert sorted(cluster.processes) == [1, 2] and cluster.shard_map.adjudicators == MAP.adjudicators
    assert [count for _, count in cluster.numbers] == [3, 4, 3, 2]
    cluster.follow([(0.0, EVEN)] * 100)
    assert sorted(cluster.processes) == [1, 2], "whom the load has not called for stays"


def test_there_is_a_bound_to_births_and_without_one_there_is_none() -> None:
    cluster = Cluster(replace(MANY, adjudicators_max=3), processes={1: "a", 2: "b"})
    cluster.follow([(4.0, EVEN)] * 100)
    assert len(cluster.processes) == 3
    cluster = Cluster(processes={1: "a", 2: "b"})
    cluster.follow([(4.0, EVEN)] * 100)
    assert len(cluster.processes) == 2


def test_a_spike_or_a_key_that_cannot_be_divided_calls_for_nobody() -> None:
    cluster = Cluster(MANY, processes={1: "a", 2: "b"})
    cluster.follow([(2.4 if second % 3 else 0.4, EVEN) for second in range(60)])
    cluster.follow([(3.0, lambda random: random.choice((b"\x10\0\0\x05", b"\x90\0\0\x05")))] * 60)
    assert cluster.numbers == []


def test_whoever_has_room_is_asked_before_one_more_is_called_for() -> None:
    cluster = Cluster(MANY)
    cluster.follow([(1.6, SMALL)] * 40)
    assert cluster.numbers == [] and set(cluster.shard_map.adjudicators) == {1, 2, 3}
