"""A journal's records in the object store: what is committed, all of it, once; and a log that is made of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from actors.common.messages import Stored
from actors.common.settings import Journaling, Settings, Storing
from actors.common.stored_journal import (
    RESTORING,
    STATE_JOURNAL,
    Piece,
    PieceName,
    chain,
    decode,
    encode,
    folder_of,
    parse,
)
from actors.common.timestamps import Lsn
from actors.journal import archive
from actors.journal.record import decode_header
from actors.journal.replica import JournalReplica
from actors.runtime.host import RoleSpec
from actors.runtime.simulation.world import World
from tests.unit.journal.support import AZS, NAMES, TestWriter, begin_world, replica, until

URI = "file:///simulated"


def add(world: World, az: str, name: str, *, restoring: bool = False) -> None:
    world.add_process(
        name, az, [RoleSpec(f"journal/1/{az}", az, lambda context: JournalReplica(context, 1, az, restoring=restoring))]
    )


def stored_world() -> World:
    storing = Storing(object_store=URI, object_store_journal_s=1.0)
    world = World(1, settings=replace(Settings(), storing=storing, journaling=Journaling(segment_bytes=2000)))
    for az in AZS:
        add(world, az, f"journal-1-{az}")
    return world


def stored(world: World) -> dict[Lsn, bytes]:
    """The records of the chain."""
    assert world.stored is not None
    objects = world.stored.objects
    found = filter(None, (parse(key, len(data)) for key, (data, _) in objects.items()))
    names = chain(name for name in found if name.journal != STATE_JOURNAL)
    pieces = [decode(objects[name.key][0], name.key) for name in names]
    return {lsn: record for piece in pieces for lsn, record in enumerate(piece.records, piece.first)}


async def told(leader: TestWriter) -> Lsn:
    """A record that replicas know to be committed: from the next one, as nobody else asks the writer here."""
    last = await leader.commit()
    await leader.commit()
    return last


def test_pieces_are_a_chain_and_a_torn_one_is_none() -> None:
    def name(first: int, last: int) -> PieceName:
        return PieceName(1, first, last, 0, 0, 0, 10)

    assert chain([name(6, 9), name(1, 3), name(2, 5), name(3, 4)]) == [name(1, 3), name(2, 5), name(6, 9)]
    assert chain([name(1, 3), name(5, 9)]) == [name(5, 9)], "what is before a gap leads nowhere"
    assert parse(name(1, 3).key, 10) == name(1, 3)
    assert (
        parse(name(1, 3).key, 9) is None and parse("journals/1/other", 10) is None and parse("shards/1/x/y", 1) is None
    )
    piece = Piece(1, 1, 0, 0, [b"record"])
    assert decode(encode(piece), "") == piece


def test_what_is_committed_is_stored_and_nothing_else() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for _ in range(30):
            last = await told(leader)
        await until(lambda: last in stored(world))
        assert sorted(stored(world))[:last] == list(range(1, last + 1))
        world.crash("journal-1-b")
        world.crash("journal-1-c")
        tail = leader.append(b"of one replica")
        await until(lambda: replica(world, "a").log.last_lsn == tail)
        await asyncio.sleep(60)
        assert tail not in stored(world)

    with stored_world() as world:
        world.run(scenario(world))


def test_a_record_waits_for_the_state_that_it_asks_for() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        assert world.stored is not None
        leader = await TestWriter(world).lead()
        before = await told(leader)
        leader.writer.map_version, leader.writer.set_version = 7, 3
        await told(leader)
        newer = before + 2
        for versions in ((), (7, 2), (6, 3)):
            if versions:
                name = PieceName(STATE_JOURNAL, 1, 1, 0, *versions, 1)
                world.stored.put(name.key, b"?")
            await asyncio.sleep(20)
            assert max(stored(world)) < newer, versions
            for key in [key for key in world.stored.objects if key.startswith(folder_of(STATE_JOURNAL))]:
                world.stored.remove(key)
        world.stored.put(PieceName(STATE_JOURNAL, 2, 2, 0, 7, 3, 1).key, b"?")
        await until(lambda: newer in stored(world))

    with stored_world() as world:
        world.run(scenario(world))


def test_another_replica_uploads_where_the_first_is_away() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        await leader.commit()
        world.crash("journal-1-a")
        last = await told(leader)
        await until(lambda: last in stored(world), 2 * archive.TURN_S + 10)

    with stored_world() as world:
        world.run(scenario(world))


def test_a_journal_at_rest_is_told_to_look_whether_the_store_has_lost_what_it_had() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        last = await leader.commit()
        await asyncio.sleep(1)
        for name in NAMES:
            leader.writer.watched(name, leader.writer.epoch)
        await asyncio.sleep(4 * archive.TURN_S)
        assert world.stored is not None and last in stored(world)
        for key in list(world.stored.objects):
            world.stored.remove(key)
        await asyncio.sleep(3 * archive.TURN_S)
        assert not world.stored.objects
        for az in AZS:
            world.bus.post("test", f"journal/1/{az}", Stored())
        await until(lambda: last in stored(world))

    with stored_world() as world:
        world.run(scenario(world))


def test_pieces_go_when_the_log_has_let_go_of_them_and_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEPT_S", 30.0)
    monkeypatch.setattr(archive, "PIECE_BYTES", 2000)

    async def scenario(world: World) -> None:
        from actors.common.messages import Trim

        await begin_world(world)
        leader = await TestWriter(world).lead()
        for _ in range(100):
            await leader.commit(bytes(100))
        await asyncio.sleep(5)
        for az in AZS:
            await world.bus.call("test", f"journal/1/{az}", Trim(leader.now))
        floor = replica(world, "a").log.first_lsn
        assert floor > 1
        await leader.commit()
        await asyncio.sleep(5)
        assert min(stored(world)) == 1, "a reader may be at it"
        await asyncio.sleep(40)
        await leader.commit()
        await asyncio.sleep(5)
        last = await told(leader)
        await until(lambda: last in stored(world) and 1 not in stored(world))
        assert min(stored(world)) <= floor

    with stored_world() as world:
        world.run(scenario(world))


def test_a_log_is_made_of_the_pieces_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cluster has started before, an empty disk is a learner's."""
    monkeypatch.setattr(archive, "PIECE_BYTES", 500)

    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for _ in range(30):
            await leader.commit(bytes(50))
        last = await told(leader)
        await until(lambda: last in stored(world))
        await asyncio.sleep(5)
        last = max(stored(world))
        leader.writer.stop()
        assert world.stored is not None
        for az in AZS:
            world.crash(f"journal-1-{az}")
            world.wipe(f"journal-1-{az}")
        for marked in (False, True):
            if marked:
                world.stored.put(RESTORING, b"")
            for az in AZS:
                world.processes[f"journal-1-{az}"].first[0] = RoleSpec(
                    f"journal/1/{az}",
                    az,
                    lambda context, az=az: JournalReplica(context, 1, az, restoring=True),  # type: ignore[misc]
                )
                await world.restart(f"journal-1-{az}")
                made = cast(JournalReplica, replica(world, az))
                assert made.log.promise.voter is marked and made.log.last_lsn == (last if marked else 0)
                if not marked:
                    world.crash(f"journal-1-{az}")
        again = TestWriter(world)
        again.writer.epoch = leader.writer.epoch
        await again.lead()
        assert [header.lsn for header in again.found] == list(range(1, last + 1))
        following = await again.commit()
        assert decode_header(replica(world, "a").log.read(following, 1, following)[0]).epoch > leader.writer.epoch

    with stored_world() as world:
        world.run(scenario(world))
