"""I9 when a Promote or its answer is lost, late or repeated, and the learner's disk is lost again in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Promote, Seal
from actors.journal.replica import JournalReplica
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.world import World
from tests.unit.journal.support import NAMES, TestWriter, begin_world, make_world, payloads, replica, until

TAKE = JournalReplica._promote


class Promotions:
    """Those that reach c once it had records. The first one's answer is lost; and so is the Promote itself, unless
    `taken`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
        self.seen: list[Promote] = []
        promotions = self

        def promote(self: JournalReplica, message: Promote, reply: Reply | None) -> None:
            if self._az != "c" or promotions.seen:
                TAKE(self, message, reply)
                return
            promotions.seen.append(message)
            if taken:
                TAKE(self, message, None)

        monkeypatch.setattr(JournalReplica, "_promote", promote)


def voter(world: World, az: str) -> bool:
    return bool(replica(world, az).status()["load"]["voter"])


async def lose_disk_of_c(world: World) -> None:
    world.crash("journal-1-c")
    world.processes["journal-1-c"].disks[NAMES[2]].wipe()
    await world.restart("journal-1-c")


async def led_with_a_learner(
    world: World, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> tuple[TestWriter, Promotions]:
    """Up to the first Promote of c, which has lost its disk and been filled."""
    await begin_world(world)
    leader = await TestWriter(world).lead()
    for _ in range(20):
        await leader.commit()
    promotions = Promotions(monkeypatch, taken)
    await lose_disk_of_c(world)
    await leader.commit()
    await until(lambda: bool(promotions.seen))
    return leader, promotions


@pytest.mark.parametrize("taken", [False, True])
def test_a_promote_that_failed_is_not_tried_again_on_what_was_known_before(
    monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """The retry found a replica that had lost its disk once more, and made it a voter with an empty log."""

    async def scenario(world: World) -> None:
        leader, _ = await led_with_a_learner(world, monkeypatch, taken)
        await asyncio.sleep(0.1)
        await lose_disk_of_c(world)
        assert not voter(world, "c")
        await until(lambda: voter(world, "c"))
        assert payloads(world, "c") == payloads(world, "a")
        world.crash("journal-1-b")
        await leader.commit(b"with c")

    with make_world() as world:
        world.run(scenario(world))


def test_a_learner_that_sealed_as_a_voter_before_it_lost_its_disk_needs_a_new_barrier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I7: c's promise to the next writer is lost with its disk, b's is not, and the old writer cannot do without b."""

    async def scenario(world: World) -> None:
        leader, _ = await led_with_a_learner(world, monkeypatch, True)
        await until(lambda: voter(world, "c"))
        for name in NAMES[1:]:
            await world.bus.call("test", name, Seal(100))
        world.network.partition(["journal-1-b"], ["scenario"])
        await lose_disk_of_c(world)
        lsn = leader.append(b"of a writer that has been outbid")
        await until(lambda: replica(world, "c").log.last_lsn >= lsn)
        await asyncio.sleep(30)
        assert not voter(world, "c") and lsn not in leader.committed

    with make_world() as world:
        world.run(scenario(world))


def test_a_learner_that_votes_is_counted_though_nobody_hears_that_it_was_promoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """b is gone: without c the writer had no majority to commit the record that would have promoted c again."""

    async def scenario(world: World) -> None:
        leader, _ = await led_with_a_learner(world, monkeypatch, True)
        await until(lambda: voter(world, "c"))
        world.crash("journal-1-b")
        await leader.commit(b"of a and c")

    with make_world() as world:
        world.run(scenario(world))


def test_a_learner_votes_for_nothing_before_its_promotion_is_on_its_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer to an Append that was under way would else tell of it, and a power failure take it back."""

    async def scenario(world: World) -> None:
        leader, _ = await led_with_a_learner(world, monkeypatch, False)
        c = replica(world, "c")
        image = world.processes["journal-1-c"].disks[NAMES[2]]
        image.faults = replace(image.faults, sync_s_min=0.5, sync_s_max=0.5)
        TAKE(c, Promote(leader.writer.epoch, c._life), None)
        assert not c._appended(leader.writer.epoch, c.log.last_lsn).voter
        await until(lambda: c.log.promise.voter)
        assert c._appended(leader.writer.epoch, c.log.last_lsn).voter

    with make_world() as world:
        world.run(scenario(world))


def test_a_promote_that_comes_late_or_again_is_for_the_life_that_it_was_sent_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(world: World) -> None:
        leader, promotions = await led_with_a_learner(world, monkeypatch, True)
        await until(lambda: voter(world, "c"))
        world.crash("journal-1-b")
        await lose_disk_of_c(world)
        leader.append(b"only a votes")
        await until(lambda: replica(world, "c").log.last_lsn == leader.writer.last_lsn)
        with pytest.raises(DatabaseError, match="restarted"):
            await world.bus.call("test", NAMES[2], promotions.seen[0])
        await asyncio.sleep(1)
        assert not voter(world, "c")
        await world.restart("journal-1-b")
        await until(lambda: voter(world, "c"))

    with make_world() as world:
        world.run(scenario(world))
