"""Writer and replicas together, in the simulator: crashes, fencing, learners, replicas that were away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from actors.common.errors import CONNECTION_FAILURE, DatabaseError
from actors.common.messages import Append, Fetch, Fetched, Reset, Seal, Sealed, Trim
from actors.common.messages.base import Message
from actors.journal.record import COMMIT, RecordHeader, encode_record
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.runtime.interfaces import Bus, OnReply, Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World
from tests.unit.journal.support import NAMES, TestWriter, begin_world, make_world, payloads, replica, until


async def same_logs(world: World) -> None:
    await until(lambda: len({replica(world, az).log.last_lsn for az in "abc"}) == 1)
    assert payloads(world, "a") == payloads(world, "b") == payloads(world, "c")


def test_a_new_journal_commits_in_order() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for number in range(50):
            leader.append(b"%d" % number)
        await leader.commit()
        assert leader.committed == list(range(2, 53))
        await same_logs(world)

    with make_world() as world:
        world.run(scenario(world))


def test_a_minority_commits_nothing() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        world.crash("journal-1-b")
        world.crash("journal-1-c")
        lsn = leader.append(b"alone")
        await asyncio.sleep(20)
        assert leader.committed == []
        await world.restart("journal-1-b")
        await until(lambda: leader.committed == [lsn])

    with make_world() as world:
        world.run(scenario(world))


def test_a_candidate_waits_for_a_silent_replica_no_longer_than_a_majority_took() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        former = await TestWriter(world).lead()
        former.writer.stop()
        world.stall("journal-1-c")
        begun_s = world.loop.time()
        next_ = await TestWriter(world).lead()
        assert world.loop.time() - begun_s < 0.3
        next_.append(b"without it")
        await next_.commit()
        world.resume("journal-1-c")
        await same_logs(world)

    with make_world() as world:
        world.run(scenario(world))


def test_a_deposed_writer_commits_nothing() -> None:
    """I7."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        await old.commit(b"before")
        new = await TestWriter(world).lead()
        assert [header.lsn for header in new.found] == [1, 2]
        old.append(b"too late")
        await until(lambda: bool(old.deposed))
        assert old.committed == [2] and old.writer.stopped
        await new.commit(b"after")
        await same_logs(world)
        assert set(payloads(world, "a").values()) == {b"before", b"after"}

    with make_world() as world:
        world.run(scenario(world))


def test_a_writer_begins_above_whatever_a_replica_that_it_can_reach_has_promised() -> None:
    """Seed 400010: a majority would have done, but the third replica deposed the writer with its first record; and
    again, an epoch higher, a lease later."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        first = await TestWriter(world).lead()
        await first.commit()
        await world.bus.call("test", NAMES[2], Seal(100))
        second = TestWriter(world)
        second.writer.epoch = 4  # what it knows is enough for the other two
        await second.lead()
        assert second.writer.epoch > 100
        await second.commit()
        assert not second.deposed

    with make_world() as world:
        world.run(scenario(world))


def test_a_diverging_tail_is_cut() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        await old.commit(b"kept")
        world.network.partition(["journal-1-b", "journal-1-c"], ["scenario"])
        for number in range(200):
            old.append(b"lost %d" % number)
            await asyncio.sleep(0.01)
        await until(lambda: replica(world, "a").log.last_lsn > 100)
        old.writer.stop()
        world.crash("journal-1-a")
        world.network.heal()
        new = await TestWriter(world).lead()
        await new.commit(b"new")
        await world.restart("journal-1-a")
        await new.commit(b"newer")
        await same_logs(world)
        assert set(payloads(world, "a").values()) == {b"kept", b"new", b"newer"}
        assert old.committed == [2]

    with make_world(segment_bytes=1000) as world:
        world.run(scenario(world))


def test_a_replica_that_lost_its_disk_learns_before_it_votes() -> None:
    """I9."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for _ in range(20):
            await leader.commit()
        world.crash("journal-1-c")
        world.processes["journal-1-c"].disks["journal/1/c"].wipe()
        world.crash("journal-1-b")
        await world.restart("journal-1-c")
        lsn = leader.append(b"only a votes")
        await until(lambda: replica(world, "c").log.last_lsn == leader.writer.last_lsn)
        await asyncio.sleep(10)
        assert leader.committed[-1] != lsn and not replica(world, "c").status()["load"]["voter"]
        await world.restart("journal-1-b")
        await until(lambda: lsn in leader.committed)
        await until(lambda: replica(world, "c").status()["load"]["voter"])
        world.crash("journal-1-b")
        await leader.commit(b"with c")

    with make_world() as world:
        world.run(scenario(world))


async def away_while_trimmed(world: World) -> TestWriter:
    """`c` is away while the others write many segments and trim most of them."""
    await begin_world(world)
    leader = await TestWriter(world).lead()
    await leader.commit(b"seen by all")
    await same_logs(world)
    world.crash("journal-1-c")
    for number in range(300):
        await leader.commit(b"%0100d" % number)
    below = leader.now - 20
    await leader.commit()
    for name in NAMES[:2]:
        await world.bus.call("test", name, Trim(below))
    assert replica(world, "a").log.first_lsn > 100
    return leader


def test_a_voter_whose_missing_records_are_trimmed_comes_back_under_a_new_writer() -> None:
    async def scenario(world: World) -> None:
        leader = await away_while_trimmed(world)
        leader.writer.stop()
        await world.restart("journal-1-c")
        new = await TestWriter(world).lead()
        await new.commit(b"new")
        await until(lambda: replica(world, "c").log.last_lsn == new.writer.last_lsn)
        assert not new.deposed
        assert payloads(world, "c").items() <= payloads(world, "a").items()
        world.crash("journal-1-b")
        await new.commit(b"with c")

    with make_world(segment_bytes=1000) as world:
        world.run(scenario(world))


def test_a_voter_whose_missing_records_are_trimmed_comes_back_under_the_same_writer() -> None:
    async def scenario(world: World) -> None:
        leader = await away_while_trimmed(world)
        await world.restart("journal-1-c")
        await leader.commit()
        await until(lambda: replica(world, "c").log.last_lsn == leader.writer.last_lsn)
        world.crash("journal-1-b")
        await leader.commit(b"with c")
        assert not leader.deposed

    with make_world(segment_bytes=1000, writer_bytes_max=2000) as world:
        world.run(scenario(world))


def test_a_late_reset_wipes_nothing() -> None:
    """A Reset that the network repeats arrives after the replica has been filled, and has acknowledged records."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for _ in range(30):
            await leader.commit()
        await same_logs(world)
        before = payloads(world, "c")
        for last, epoch in ((10, leader.writer.epoch), (30, leader.writer.epoch)):
            await world.bus.call("test", NAMES[2], Reset(leader.writer.epoch, last + 1, epoch))
        assert payloads(world, "c") == before
        await leader.commit()

    with make_world(segment_bytes=1000) as world:
        world.run(scenario(world))


def test_a_replica_trims_nothing_that_it_does_not_know_to_be_committed() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for number in range(30):
            await leader.commit(b"%0100d" % number)
        await same_logs(world)
        world.crash("journal-1-c")
        await world.restart("journal-1-c")
        await world.bus.call("test", NAMES[2], Trim(leader.now))
        assert replica(world, "c").log.first_lsn == 1
        await leader.commit()
        await same_logs(world)
        await world.bus.call("test", NAMES[2], Trim(leader.now))
        assert replica(world, "c").log.first_lsn > 1

    with make_world(segment_bytes=1000) as world:
        world.run(scenario(world))


def test_a_replica_is_filled_no_further_than_its_source_has_acknowledged() -> None:
    """Beyond that the source's log may be a diverging tail that is not cut yet."""

    async def scenario(world: World) -> None:
        sent: list[tuple[str, Message, OnReply]] = []

        class Recorder:
            def request(self, sender: str, destination: str, message: Message, on_reply: OnReply, *_: object) -> None:
                sent.append((destination, message, on_reply))

        leader = TestWriter(world).writer
        leader._context = replace(leader._context, bus=cast(Bus, Recorder()))
        leader.epoch, leader.last_lsn, leader.memory_first = 2, 120, 100
        leader._epochs.begin(1, 1)
        source, behind = leader._peers[0], leader._peers[1]
        source.begin(121, True)
        behind.begin(40, True)
        source.durable = 50
        behind.push()
        destination, fetch, fetched = sent.pop()
        assert destination == source.name and fetch == Fetch(40, fetch.bytes_max)  # type: ignore[attr-defined]
        records = [encode_record(RecordHeader(lsn, 1, COMMIT, lsn, lsn, 1000)) for lsn in range(40, 61)]
        fetched(Fetched(records, 60))
        destination, append, _ = sent.pop()
        assert destination == behind.name and isinstance(append, Append)
        assert (append.previous_lsn, append.records) == (39, records[:11])

    with make_world() as world:
        world.run(scenario(world))


def test_the_highest_epoch_wins_over_the_longest_log() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        await old.commit(b"first")
        world.network.partition(["journal-1-b", "journal-1-c"], ["scenario"])
        for number in range(20):
            old.append(b"never acknowledged %d" % number)
        await until(lambda: replica(world, "a").log.last_lsn > 20)
        old.writer.stop()
        world.crash("journal-1-a")
        world.network.heal()
        second = await TestWriter(world).lead()
        lsn = await second.commit(b"acknowledged")
        second.writer.stop()  # else it would mend a's log before the third looks
        world.crash("journal-1-c")
        await world.restart("journal-1-a")
        await (await TestWriter(world).lead()).commit(b"last")
        await until(lambda: replica(world, "a").log.last_lsn == replica(world, "b").log.last_lsn)
        assert payloads(world, "a")[lsn] == b"acknowledged" and payloads(world, "a") == payloads(world, "b")

    with make_world() as world:
        world.run(scenario(world))


def test_nothing_of_an_older_epoch_is_committed_before_a_record_of_the_own_one() -> None:
    """Raft, section 5.4.2: a majority that has an older epoch's records can still lose them to a higher one."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        world.network.partition(["journal-1-b", "journal-1-c"], ["scenario"])
        for _ in range(20):
            old.append(bytes(600))
        await until(lambda: replica(world, "a").log.last_lsn == 21)
        old.writer.stop()
        world.network.heal()
        new = TestWriter(world)
        leading = asyncio.ensure_future(new.lead())
        while not leading.done():
            assert new.writer.committed_lsn == 0 or new.writer.committed_lsn >= 22
            await asyncio.sleep(0.0002)
        await leading

    with make_world(append_bytes_max=1000) as world:
        world.run(scenario(world))


def test_records_that_no_replica_has_are_kept_beyond_the_memory_bound() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        lsns = [leader.append(bytes(900)) for _ in range(10)]
        await until(lambda: leader.committed == lsns)

    with make_world(writer_bytes_max=1000) as world:
        world.run(scenario(world))


def test_a_writer_deposed_while_it_begins_does_not_wait_for_ever() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        first = TestWriter(world)
        recovered = await first.writer.open(lambda: lambda header, _: first.found.append(header))
        await TestWriter(world).lead()
        await asyncio.wait_for(first.writer.begin(recovered.last_epoch_end + 1, recovered.last_epoch_end + 2), 30)
        assert first.writer.stopped and first.deposed

    with make_world() as world:
        world.run(scenario(world))


@pytest.mark.parametrize("seed", range(20))
def test_power_failures_lose_nothing_acknowledged(seed: int) -> None:
    """I1: replicas are struck one after the other, by power failures too, over small segments; now and then a new
    writer takes over."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        random = world.derive("scenario")
        leader = await TestWriter(world).lead()
        acknowledged: dict[int, bytes] = {}

        def append(number: int) -> None:
            payload = b"%d " % number + bytes(random.randrange(300))
            lsn = leader.writer.last_lsn + 1
            leader.append(payload, lambda: acknowledged.__setitem__(lsn, payload))

        for number in range(150):
            if leader.deposed:
                leader = await TestWriter(world).lead()
            for _ in range(random.randrange(4)):
                append(number)
            await asyncio.sleep(random.uniform(0, 0.01))
            if random.random() < 0.1:
                az = random.choice("abc")
                if all(world.processes[f"journal-1-{other}"].up for other in "abc"):
                    world.crash(f"journal-1-{az}", power_failure=random.random() < 0.7)
            elif random.random() < 0.2:
                for az in "abc":
                    if not world.processes[f"journal-1-{az}"].up:
                        await world.restart(f"journal-1-{az}")
            elif random.random() < 0.05:
                leader.writer.stop()
                for az in "abc":
                    if random.random() < 0.5 and world.processes[f"journal-1-{az}"].up:
                        world.crash(f"journal-1-{az}", power_failure=True)
                for az in "abc":
                    if not world.processes[f"journal-1-{az}"].up:
                        await world.restart(f"journal-1-{az}")
                leader = await TestWriter(world).lead()
        for az in "abc":
            if not world.processes[f"journal-1-{az}"].up:
                await world.restart(f"journal-1-{az}")
        leader.writer.stop()
        leader = await TestWriter(world).lead()
        await leader.commit(b"end")
        await same_logs(world)
        kept = payloads(world, "a")
        assert acknowledged and acknowledged.items() <= kept.items()

    with make_world(seed, Faults(hole_chance=0.3, sync_s_max=0.01), segment_bytes=1500) as world:
        world.run(scenario(world))


def test_an_attempt_to_read_the_journal_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one may find another replica's log to be the journal."""
    read_kept = JournalWriter._read_kept

    async def scenario(world: World) -> None:
        await begin_world(world)
        first = await TestWriter(world).lead()
        first.append(b"row")
        await asyncio.sleep(1)
        attempts: list[str] = []

        async def fails_once(
            writer: JournalWriter, name: str, tail: Sealed, on_record: Callable[[RecordHeader], None]
        ) -> None:
            await read_kept(writer, name, tail, on_record)
            attempts.append(name)
            if len(attempts) == 1:
                writer.last_commit_ts += 10**9
                raise DatabaseError(CONNECTION_FAILURE, f"{name} went away")

        monkeypatch.setattr(JournalWriter, "_read_kept", fails_once)
        second = await TestWriter(world).lead()
        assert len(attempts) == 2
        assert [header.lsn for header in second.found] == [1, 2]
        assert second.writer.last_commit_ts < first.now + 10**9

    with make_world() as world:
        world.run(scenario(world))


def test_a_record_that_a_later_writer_put_in_place_since_the_seal_is_not_taken_for_the_journals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow Fetch: the log that was sealed has been overwritten when it is read. The next attempt outbids that writer;
    the process does not end."""
    fetch = JournalReplica._fetch

    async def scenario(world: World) -> None:
        await begin_world(world)
        first = await TestWriter(world).lead()
        await first.commit(b"row")
        await same_logs(world)
        overwritten: list[int] = []

        def late(self: JournalReplica, message: Fetch, reply: Reply | None) -> None:
            if overwritten or reply is None:
                fetch(self, message, reply)
                return
            overwritten.append(message.from_lsn)
            kept = self.log.read(1, 1 << 20, 1)
            reply(Fetched([*kept, encode_record(RecordHeader(2, 50, COMMIT, 1, 1, 1000))], 2))

        monkeypatch.setattr(JournalReplica, "_fetch", late)
        second = await TestWriter(world).lead()
        assert overwritten == [1] and [header.epoch for header in second.found] == [1, 1]
        await second.commit(b"after")

    with make_world() as world:
        world.run(scenario(world))


def test_a_full_disk_is_told_with_every_answer() -> None:
    """Those that only compare logs, too: a replica that has been restarted would else be taken for one with room."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        await same_logs(world)
        image = world.processes["journal-1-c"].disks[NAMES[2]]
        image.capacity_bytes = image.used_bytes
        lsn = await leader.commit(b"into the reserve")
        peer = leader.writer._peers[2]
        await until(lambda: peer.is_full and peer.durable == lsn)
        leader.writer.restarted(NAMES[2])
        await until(lambda: peer.durable == lsn)
        assert peer.is_full
        answer = await world.bus.call(
            "test", NAMES[2], Append(leader.writer.epoch, lsn + 10, leader.writer.epoch, [], lsn)
        )
        assert answer.conflict and answer.low

    with make_world() as world:
        world.run(scenario(world))


def test_what_an_answer_calls_durable_has_been_synced_in_this_life() -> None:
    """After a kill -9 the log comes back from the operating system's memory, and the answer to an Append without
    records must wait for the disk, too."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        await same_logs(world)
        lsn = leader.append(b"written, not synced")
        await until(lambda: replica(world, "c").log.last_lsn == lsn)
        leader.writer.stop()
        world.crash("journal-1-c")
        await world.restart("journal-1-c")
        assert replica(world, "c").log.last_lsn == lsn
        answer = await world.bus.call("test", NAMES[2], Append(leader.writer.epoch, lsn, leader.writer.epoch, [], 0))
        assert answer.durable_lsn == lsn
        world.crash("journal-1-c", power_failure=True)
        await world.restart("journal-1-c")
        assert replica(world, "c").log.last_lsn == lsn

    for seed in range(5):
        with make_world(seed, Faults(sync_s_min=0.3, sync_s_max=0.4)) as world:
            world.run(scenario(world))
