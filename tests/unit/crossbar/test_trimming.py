"""The crossbar and those that lack something: what the journals trim, and for whom it waits no more."""

from __future__ import annotations

import asyncio

from actors.common.messages import StreamAck, Trim
from tests.unit.crossbar.support import JOURNALS, Cluster, key, run, until, write_some


async def trimmed(cluster: Cluster) -> int:
    """Much has been written, storage/1/a has all of it, and the journals have trimmed most. The last commit time."""
    storage = cluster.storage(1, "a")
    await storage.subscribe(0)
    last = 100
    for _ in range(10):
        last = write_some(cluster, 40, last, bytes(100))
        await cluster.reads(storage, last)
    for journal in JOURNALS.values():
        for name in journal:
            await cluster.world.bus.call("test", name, Trim(last - 50))
    return last


def test_a_subscriber_that_lacks_what_is_trimmed_is_refused_and_the_others_go_on() -> None:
    async def scenario(cluster: Cluster) -> None:
        last = await trimmed(cluster)
        new, old = cluster.storage(1, "b"), cluster.storage(1, "a")
        await new.subscribe(0)
        await until(lambda: cluster.crossbar.status()["load"]["catching_up"] == 0)
        await new.subscribe(0)
        assert [error.sqlstate for error in new.refusals] == ["58P01"]
        assert not new.rows
        await cluster.reads(old, last + 100)

    run(scenario, azs="ab", ring_bytes_max=500)


def test_one_that_lacks_what_is_trimmed_does_not_block_a_new_crossbar() -> None:
    async def scenario(cluster: Cluster) -> None:
        last = await trimmed(cluster)
        new, old = cluster.storage(1, "b"), cluster.storage(1, "a")
        cluster.world.crash("crossbar-1")
        await cluster.world.restart("crossbar-1")
        await new.subscribe(0)
        await old.subscribe(old.watermark)
        new.demand(last)
        await cluster.reads(old, last + 100)
        await new.subscribe(0)
        assert not new.rows and [error.sqlstate for error in new.refusals] == ["58P01"]

    run(scenario, azs="ab")


def test_the_journals_trim_only_what_all_storage_replicas_have_and_no_transaction_needs() -> None:
    async def scenario(cluster: Cluster) -> None:
        replicas = [cluster.storage(shard, az) for shard in (1, 2) for az in "ab"]
        for storage in replicas:
            await storage.subscribe(0)
        last = write_some(cluster, 200, 100, bytes(100))
        await asyncio.sleep(0.1)
        aged = cluster.commit(1, last + 400_000_000, [key(1, 0), key(2, 0)])
        aged = cluster.commit(2, aged + 1, [key(1, 1), key(2, 1)])
        await asyncio.sleep(0.1)
        for journal in (1, 2):  # replicas hear of the last commits with the next record
            aged = cluster.commit(journal, aged + 1, [key(1, 2)])
        for storage in replicas:
            storage.demand(aged + 1)
            await until(lambda storage=storage: storage.watermark > aged)  # type: ignore[misc]

        def first_lsns() -> list[int]:
            roles = [(f"journal-{journal}-{az}", f"journal/{journal}/{az}") for journal in (1, 2) for az in "abc"]
            return [cluster.world.processes[process].role(name).log.first_lsn for process, name in roles]  # type: ignore[attr-defined]

        for storage in replicas[1:]:
            storage.checkpoint()
        await asyncio.sleep(1)
        assert first_lsns() == [1] * 6
        cluster.world.bus.post("storage/1/a", "crossbar/1", StreamAck(replicas[0].stream, 0, last + 1_000_000))
        await asyncio.sleep(1)
        assert first_lsns() == [1] * 6, "a participant may still ask for these transactions' outcomes"
        replicas[0].checkpoint()
        await until(lambda: min(first_lsns()) > 1)

    run(scenario, azs="ab")


def test_a_crossbar_that_has_begun_anew_says_so_to_whoever_acknowledges() -> None:
    """Nobody reads: the word of a last checkpoint is all that it is sent."""

    async def scenario(cluster: Cluster) -> None:
        replicas = [cluster.storage(shard) for shard in (1, 2)]
        for storage in replicas:
            await storage.subscribe(0)
        cluster.world.crash("crossbar-1")
        await cluster.world.restart("crossbar-1")
        for storage in replicas:
            storage.checkpoint()
        await until(lambda: cluster.crossbar.status()["load"]["subscribers"] == 2)
        assert [storage.stream for storage in replicas] == [2, 2]

    run(scenario)


def test_a_late_word_of_a_checkpoint_on_a_lost_disk_trims_nothing() -> None:
    async def scenario(cluster: Cluster) -> None:
        replicas = [cluster.storage(shard) for shard in (1, 2)]
        for storage in replicas:
            await storage.subscribe(0)
        at = 1_000_000_000
        late = StreamAck(replicas[0].stream, 1, at)
        await replicas[0].subscribe(0)  # its disk has been lost
        crossbar = cluster.crossbar
        crossbar.receive("storage/2/a", StreamAck(replicas[1].stream, 1, at), None)
        crossbar.receive("storage/1/a", late, None)
        assert crossbar._trimming._trimmed == 0
        crossbar.receive("storage/1/a", StreamAck(replicas[0].stream, 1, at), None)
        assert crossbar._trimming._trimmed > 0

    run(scenario)


def test_a_replica_that_the_topology_names_no_more_is_no_subscriber_any_more() -> None:
    """One that is removed while it catches up, and whose window is full: nobody would ever acknowledge the rest."""

    async def scenario(cluster: Cluster) -> None:
        removed, stays, other = cluster.storage(1, "b"), cluster.storage(1, "a"), cluster.storage(2, "a")
        for storage in (stays, other):
            await storage.subscribe(0)
        last = write_some(cluster, 200, 100, bytes(100))
        for storage in (stays, other):
            await cluster.reads(storage, last)
        removed.acknowledges = False
        await removed.subscribe(0, window_bytes=2000)
        await until(lambda: cluster.crossbar.status()["load"]["catching_up"] == 1)
        cluster.world.remove_process("storage-1-b")
        cluster.world.publish()
        await until(lambda: cluster.crossbar.status()["load"]["catching_up"] == 0)
        assert cluster.crossbar.status()["load"]["subscribers"] == 2
        await cluster.reads(stays, last + 100)

    run(scenario, azs="ab", ring_bytes_max=500)
