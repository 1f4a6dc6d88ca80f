"""The crossbar between real journals, in the simulator: completeness, silence, catching up, bounds, failures around
it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.common import write_set
from actors.common.messages import Done, JournalRecords, SubscribeRange
from actors.common.messages.base import Message
from actors.crossbar.crossbar import Crossbar
from actors.journal import subscription
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.faults import Faults
from tests.unit.crossbar.support import KEYSPACE, MAP, Cluster, key, run, until, write_some


def test_every_commit_in_order_at_the_right_shard() -> None:
    async def scenario(cluster: Cluster) -> None:
        for shard in (1, 2):
            await cluster.storage(shard).subscribe(0)
        last = 100
        for _ in range(10):
            last = write_some(cluster, 20, last)
            for shard in (1, 2):
                await cluster.reads(cluster.storage(shard), last)
        assert cluster.storage(1).rows and cluster.storage(2).rows

    run(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_every_commit_in_a_hostile_network(seed: int) -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = 100
        for _ in range(10):
            last = write_some(cluster, 10, last)
            storage.demand(last)
            await asyncio.sleep(0.05)
            cluster.check(storage)
        for _ in range(200):
            storage.demand(last)
            await asyncio.sleep(0.2)
            if storage.watermark >= last:
                break
        assert storage.watermark >= last
        cluster.check(storage)

    faults = Faults(
        repeat_chance=0.1, delay_spike_chance=0.02, delay_spike_s_max=0.2, sync_spike_chance=0.02, sync_spike_s_max=0.2
    )
    run(scenario, seed, faults)


def test_a_repeated_subscription_changes_nothing() -> None:
    """Seed 300172: the stream began to count from 1 again, and its first message, which held more this time, was taken
    for a repetition."""

    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = write_some(cluster, 10, 100)
        await cluster.reads(storage, last)
        subscription = SubscribeRange(storage.stream, storage.shard, 0, 1 << 20)
        assert await storage.context.bus.call(storage.context.name, "crossbar/1", subscription) == Done()
        last = write_some(cluster, 10, last + 1)
        await cluster.reads(storage, last)

    run(scenario)


def test_an_idle_cluster_is_silent() -> None:
    async def scenario(cluster: Cluster) -> None:
        for shard in (1, 2):
            await cluster.storage(shard).subscribe(0)
        last = write_some(cluster, 20, 100)
        await cluster.reads(cluster.storage(1), last)
        await asyncio.sleep(10)
        before = len(cluster.world.trace.lines)
        await asyncio.sleep(1000)
        assert len(cluster.world.trace.lines) == before

    run(scenario)


def test_demands_coalesce() -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        await cluster.reads(storage, 100)
        asked = len(cluster.adjudicator(1).asked)
        for at in range(1000, 1100):
            storage.demand(at)
        await until(lambda: storage.watermark >= 1099)
        assert len(cluster.adjudicator(1).asked) - asked <= 3

    run(scenario)


def test_a_dropped_range_and_catalog_changes_reach_every_shard() -> None:
    async def scenario(cluster: Cluster) -> None:
        for shard in (1, 2):
            await cluster.storage(shard).subscribe(0)
        drop = write_set.encode([KEYSPACE], [b"\0\0\0\x07\0\x01"], [write_set.DROP_RANGE])
        at = cluster.adjudicator(1).commit(drop, 500, catalog_change=True)
        for shard in (1, 2):
            storage = cluster.storage(shard)
            storage.demand(at)
            await until(lambda storage=storage: storage.watermark >= at)  # type: ignore[misc]
            assert storage.rows == {at: [(KEYSPACE, b"\0\0\0\x07\0\x01", write_set.DROP_RANGE)]}
            assert storage.catalog_changes == [at]

    run(scenario)


def test_a_crossbar_that_comes_back_to_an_idle_cluster_needs_no_new_record() -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = write_some(cluster, 20, 100)
        await cluster.reads(storage, last)
        records = cluster.adjudicator(1).writer.last_lsn  # type: ignore[union-attr]
        cluster.world.crash("crossbar-1")
        await cluster.world.restart("crossbar-1")
        await storage.subscribe(storage.watermark)
        await cluster.reads(storage, last + 1000)
        assert cluster.adjudicator(1).writer.last_lsn == records  # type: ignore[union-attr]

    run(scenario)


@pytest.mark.parametrize("ring_bytes_max", [500, 1 << 20])
def test_a_late_subscriber_gets_everything(ring_bytes_max: int) -> None:
    async def scenario(cluster: Cluster) -> None:
        early, late = cluster.storage(1, "a"), cluster.storage(1, "b")
        await early.subscribe(0)
        last = write_some(cluster, 100, 100)
        await cluster.reads(early, last)
        await late.subscribe(0)
        last = write_some(cluster, 20, last)
        await cluster.reads(late, last)
        await cluster.reads(early, last)
        assert late.rows == early.rows

    run(scenario, azs="ab", ring_bytes_max=ring_bytes_max)


def test_a_journal_whose_messages_overtake_each_other_is_not_sent_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 1510 of a dense mix: each gap had a hundred small messages sent anew, of which the first one seldom arrived
    first."""
    monkeypatch.setattr(subscription, "MESSAGE_BYTES_MAX", 1000)
    receive = Crossbar.receive
    messages = 0

    def counted(crossbar: Crossbar, sender: str, message: Message, reply: Reply | None) -> None:
        nonlocal messages
        messages += isinstance(message, JournalRecords)
        receive(crossbar, sender, message, reply)

    monkeypatch.setattr(Crossbar, "receive", counted)

    async def scenario(cluster: Cluster) -> None:
        count = 100
        for number in range(count):
            last = cluster.commit(1, 10_000 + number, [key(1, number)], bytes(900))
        await asyncio.sleep(1.0)
        storage = cluster.storage(1)
        await storage.subscribe(0)
        while storage.watermark < last:  # a demand may be overtaken by what opens its stream
            storage.demand(last)
            await asyncio.sleep(0.1)
        assert len(storage.rows) == count and messages < 20 * count, messages

    run(scenario, faults=Faults(reorder_chance=0.1), window_bytes=16 << 20)


def test_a_subscriber_below_a_main_merge_that_has_not_begun_waits_for_it() -> None:
    """No spinning: while a journal has no majority, nothing can be merged."""

    async def scenario(cluster: Cluster) -> None:
        high, low = cluster.storage(1, "a"), cluster.storage(1, "b")
        last = write_some(cluster, 50, 100)
        await high.subscribe(0)
        await cluster.reads(high, last)
        for name in ("crossbar-1", "journal-2-a", "journal-2-b", "journal-2-c"):
            cluster.world.crash(name)
        await cluster.world.restart("crossbar-1")
        await high.subscribe(last)
        await low.subscribe(0)
        await asyncio.sleep(5)
        before = sum("journal/1" in line or "journal-1" in line for line in cluster.world.trace.lines)
        await asyncio.sleep(10)
        assert sum("journal/1" in line or "journal-1" in line for line in cluster.world.trace.lines) - before < 10
        for az in "abc":
            await cluster.world.restart(f"journal-2-{az}")
        cluster.commit(2, last + 10, [key(1, 0)])
        for storage in (high, low):
            storage.demand(last + 10)
        await until(lambda: low.watermark >= last + 10 <= high.watermark)
        cluster.check(low)

    run(scenario, azs="ab")


@pytest.mark.parametrize("ring_bytes_max", [500, 64 << 20])
def test_a_subscriber_that_acknowledges_nothing_is_not_flooded(ring_bytes_max: int) -> None:
    async def scenario(cluster: Cluster) -> None:
        slow, fast = cluster.storage(1, "a"), cluster.storage(1, "b")
        slow.acknowledges = False
        await slow.subscribe(0, window_bytes=2000)
        await fast.subscribe(0)
        last = 100
        for _ in range(20):
            last = write_some(cluster, 20, last, bytes(100))
            await cluster.reads(fast, last)
            slow.demand(last)
        await asyncio.sleep(1)
        assert slow.bytes < 15_000 < fast.bytes
        slow.acknowledges = True
        slow.checkpoint()
        await until(lambda: slow.watermark >= last)
        cluster.check(slow)

    run(scenario, azs="ab", ring_bytes_max=ring_bytes_max)


def test_a_journal_far_ahead_of_a_silent_one_is_not_read_without_bound() -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        await cluster.reads(storage, 50)
        cluster.world.crash("adjudicator-2")
        last = 100
        for number in range(200):
            last = cluster.commit(1, last + 1, [key(1, number)], bytes(500))
            await asyncio.sleep(0.01)
        assert cluster.crossbar.status()["load"]["held_bytes"] < 35_000
        await cluster.world.restart("adjudicator-2")
        await cluster.reads(storage, last)

    run(scenario, held_bytes_max=10_000, window_bytes=10_000)


def test_catching_up_behind_a_slow_subscriber_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.crossbar.catch_up.COLLECTED_BYTES_MAX", 5000)

    async def scenario(cluster: Cluster) -> None:
        fast, slow = cluster.storage(1, "a"), cluster.storage(1, "b")
        await fast.subscribe(0)
        last = 100
        for _ in range(10):
            last = write_some(cluster, 20, last, bytes(200))
            await cluster.reads(fast, last)
        slow.acknowledges = False
        await slow.subscribe(0, window_bytes=1000)
        slow.demand(last)
        await asyncio.sleep(5)
        catch_up = cluster.crossbar._catch_ups["storage/1/b"]
        assert catch_up._collected_bytes < 40_000
        slow.acknowledges = True
        slow.checkpoint()
        await until(lambda: slow.watermark >= last)
        cluster.check(slow)

    run(scenario, azs="ab", ring_bytes_max=500, window_bytes=5000)


@pytest.mark.parametrize("missing", ["adjudicator-2", "journal-1-a", ""])
@pytest.mark.parametrize("after_s", [0.0012, 0.05, 0.3])
def test_a_stopped_crossbar_is_silent(missing: str, after_s: float) -> None:
    """With a demand that waits for an adjudicator, for records or, just asked, for an answer."""

    async def scenario(cluster: Cluster) -> None:
        world, storage = cluster.world, cluster.storage(1)
        await storage.subscribe(0)
        last = write_some(cluster, 10, 100)
        await cluster.reads(storage, last)
        if missing:
            world.crash(missing)
        if missing != "adjudicator-2":
            last = write_some(cluster, 10, last)
        for at in (
            last + 1000,
            last + 2000,
        ):  # the first is asked for; its answer may come when it is too late to ask for the second
            storage.demand(at)
        await asyncio.sleep(after_s)
        life = world.processes["crossbar-1"].life
        assert life is not None
        await life.host.stop_role("crossbar/1")
        sent: list[str] = []
        life.bus.post = lambda sender, destination, message: sent.append(destination)  # type: ignore[method-assign]
        life.bus.request = lambda sender, destination, *_: sent.append(destination)  # type: ignore[method-assign]
        world.publish(MAP)
        await asyncio.sleep(5)
        assert not sent

    run(scenario)


@pytest.mark.parametrize("power_failure", [False, True])
def test_the_journal_replica_that_is_read_dies(power_failure: bool) -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = write_some(cluster, 20, 100)
        await cluster.reads(storage, last)
        cluster.world.crash("journal-1-a", power_failure)
        last = write_some(cluster, 20, last)
        await cluster.reads(storage, last)
        await cluster.world.restart("journal-1-a")
        cluster.world.crash("journal-1-b", power_failure)
        last = write_some(cluster, 20, last)
        await cluster.reads(storage, last)

    run(scenario)


def test_an_adjudicator_fails_over() -> None:
    async def scenario(cluster: Cluster) -> None:
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = 100
        for number in range(6):
            last = write_some(cluster, 20, last)
            await cluster.reads(storage, last)
            name = 1 + number % 2
            cluster.world.crash(f"adjudicator-{name}")
            storage.demand(last + 1)
            await cluster.world.restart(f"adjudicator-{name}")
            await until(lambda name=name: cluster.adjudicator(name).leads)  # type: ignore[misc]
        await cluster.reads(storage, last + 10_000)

    run(scenario)


@pytest.mark.parametrize("seed", range(8))
def test_storms(seed: int) -> None:
    """Crossbar, journal replicas and adjudicators die at random; what storage has at its watermark is complete all the
    time (I4, I5)."""

    async def scenario(cluster: Cluster) -> None:
        world, random = cluster.world, cluster.world.derive("storm")
        storage = cluster.storage(1)
        await storage.subscribe(0)
        last = 100
        for _ in range(40):
            if all(
                world.processes[f"adjudicator-{number}"].up and cluster.adjudicator(number).leads for number in (1, 2)
            ):
                last = write_some(cluster, 5, last)
            storage.demand(last)
            await asyncio.sleep(random.uniform(0, 0.2))
            strike = random.random()
            down = [name for name in sorted(world.processes) if not world.processes[name].up]
            if strike < 0.25 and not down:
                name = random.choice([name for name in sorted(world.processes) if not name.startswith("storage")])
                world.crash(name, power_failure=random.random() < 0.5)
            elif down and strike < 0.7:
                await world.restart(down[0])
            if random.random() < 0.2:
                await storage.subscribe(storage.watermark)
            seen = {
                commit_ts
                for commit_ts in cluster.times
                if commit_ts <= storage.watermark and cluster.times[commit_ts][1]
            }
            assert seen >= set(storage.rows), "a row that nobody wrote"
        for name in sorted(world.processes):
            if not world.processes[name].up:
                await world.restart(name)
        await until(lambda: all(cluster.adjudicator(number).leads for number in (1, 2)))
        for _ in range(20):
            await storage.subscribe(storage.watermark)
            storage.demand(last + 10)
            await asyncio.sleep(3)
        assert storage.watermark >= last + 10
        survivors = committed(cluster)
        expected = {
            commit_ts: sorted(cluster.times[commit_ts][1]) for commit_ts in survivors if cluster.times[commit_ts][1]
        }
        assert {commit_ts: sorted(rows) for commit_ts, rows in storage.rows.items()} == expected

    run(scenario, seed, Faults(hole_chance=0.3))


def committed(cluster: Cluster) -> set[int]:
    """Commit times that the journals kept: an adjudicator's death may cost those that no majority had."""
    times: set[int] = set()
    for journal in (1, 2):
        role: Any = max(
            (cluster.world.processes[f"journal-{journal}-{az}"].role(f"journal/{journal}/{az}") for az in "abc"),
            key=lambda role: (role.log.last_epoch, role.log.last_lsn),
        )
        times |= {role.log.commit_ts_at(lsn) for lsn in range(role.log.first_lsn, role.log.last_lsn + 1)}
    return times & set(cluster.times)
