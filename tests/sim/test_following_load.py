"""Ranges, adjudicators and shards follow the load that clients make, from their reports to the policies' decisions and
what comes of them, in virtual time: work takes as long as a scene says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from actors.adjudicator.load import ClaimLoad
from actors.common.settings import Layout, Scaling, Settings
from actors.runtime.interfaces import Context
from actors.storage.load import ReadLoad
from cluster.membership import journals_of
from cluster.simulation.hostile import Plan
from cluster.simulation.simulated_cluster import CONTROLLER
from tests.sim.test_moving_ranges import PLAN
from tests.sim.test_moving_shards import Shards

SCALING = Scaling(adjudicators_max=4, shard_bytes=1 << 20, shard_busy_share=0.7, up_delay_s=1.0, down_delay_s=2.0)


def plan(placement: str, scaling: Scaling = SCALING) -> Plan:
    return replace(PLAN, settings=Settings(mode="open", layout=Layout(placement=placement), scaling=scaling))


class Work:
    """What the loop of each process has computed: every claim of an adjudicator and read of a storage replica takes
    `claim_s` and `read_s` of it."""

    def __init__(self) -> None:
        self.claim_s = self.read_s = 0.0
        self.home: Callable[[str], str] = lambda role: role
        self._spent: Counter[str] = Counter()

    def spend(self, role: str, seconds: float) -> None:
        self._spent[self.home(role)] += seconds  # type: ignore[assignment]

    def clock(self, role: str) -> Callable[[], float]:
        return lambda: self._spent[self.home(role)]


@contextmanager
def working() -> Iterator[Work]:
    work = Work()
    claims, reads = ClaimLoad.__init__, ReadLoad.__init__
    claim, read = ClaimLoad.note, ReadLoad.note

    def of_claims(load: ClaimLoad, context: Context, computed_s: object) -> None:
        claims(load, context, work.clock(context.name))

    def of_reads(
        load: ReadLoad, context: Context, shard: int, computed_s: object, size_bytes: Callable[[], int]
    ) -> None:
        reads(load, context, shard, work.clock(context.name), size_bytes)

    def note_claim(load: ClaimLoad, keys: Any, writer: str = "") -> None:
        work.spend(load._context.name, work.claim_s)
        claim(load, keys, writer)

    def note_read(load: ReadLoad, key: bytes) -> None:
        work.spend(load._context.name, work.read_s)
        read(load, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClaimLoad, "__init__", of_claims)
        patch.setattr(ReadLoad, "__init__", of_reads)
        patch.setattr(ClaimLoad, "note", note_claim)
        patch.setattr(ReadLoad, "note", note_read)
        yield work


class Loaded(Shards):
    def __init__(self, work: Work, placement: str, scaling: Scaling = SCALING) -> None:
        super().__init__(plan(placement, scaling))
        self.work = work
        work.home = self._home

    def _home(self, role: str) -> str:
        failover = self.controller._failover if self.controller is not None else None
        return failover.home.get(role, role) if failover is not None else role

    @property
    def adjudicators(self) -> list[int]:
        assert self.controller is not None
        return [
            term.number
            for term in journals_of(self.controller.state).terms
            if term.since is not None and not term.leaving
        ]

    @property
    def shards(self) -> set[int]:
        assert self.controller is not None
        return set(self.controller.state.shard_map.shards)

    def deciding(self) -> set[int]:
        """The adjudicators of the keys that are written."""
        return {self.owner(key) for key in range(1, 21)}

    @property
    def is_at_rest(self) -> bool:
        controller = self.controller
        return (
            controller is not None
            and controller.state.rest is None
            and self.adjudicators == [1, 2]
            and controller.state.transfer is None
        )


@pytest.mark.parametrize("placement", ["role", "az"])
def test_a_hot_range_is_divided_adjudicators_are_born_and_all_comes_back(placement: str) -> None:
    with working() as work:
        scene = Loaded(work, placement)

        async def scenario() -> None:
            assert scene.deciding() == {2}
            work.claim_s = 0.02
            await scene.until(lambda: len(scene.adjudicators) > 2 and len(scene.deciding()) > 2, 60.0)
            homes = {scene._home(f"adjudicator/{number}") for number in scene.deciding()}
            assert len(homes) > 1, "one more in the same process would be no help"
            work.claim_s, scene.pause_s = 0.0, 0.2
            await scene.until(lambda: scene.is_at_rest, 120.0)
            assert scene.deciding() == {2}

        scene.play(scenario)
    assert set(scene.refused) <= {"40001"}


def test_a_shard_that_is_read_much_is_parted_at_the_median_of_its_reads_and_joined_again() -> None:
    with working() as work:
        scene = Loaded(work, "role", replace(SCALING, adjudicator_busy_share=0.0))

        async def scenario() -> None:
            work.read_s = 0.02
            await scene.until(lambda: len(set(scene.owners(*range(1, 21)))) > 1, 60.0)
            work.read_s, scene.pause_s = 0.0, 0.2
            await scene.until(lambda: len(scene.shards) == 2, 60.0)

        scene.play(scenario)
    assert scene.refused == [], "nobody is refused anything"


def test_load_that_lies_in_one_key_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with working() as work:
        scene = Loaded(work, "role")
        monkeypatch.setattr(scene, "key_after", lambda key: 7)

        async def scenario() -> None:
            work.claim_s = work.read_s = 0.02
            await asyncio.sleep(15.0)
            assert scene.adjudicators == [1, 2] and scene.deciding() == {2} and set(scene.owners(1, 7, 20)) == {2}
            assert scene.world.processes[CONTROLLER].starts == 1

        scene.play(scenario)
