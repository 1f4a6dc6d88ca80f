"""The simulator itself: virtual time, one trace for one seed, and every fault doing what it says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import AskPromise, AskStatus, Done, Get, Seal
from actors.runtime.simulation.clock import BIRTH_US
from actors.runtime.simulation.disk import DiskImage, SimulatedDisk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Deadlock, Owner, SimulatedLoop, SimulationError
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.trace import Trace
from actors.runtime.simulation.world import World
from tests.sim.register_role import MAP, Client, Register, make_world, storm, value_of

ROOT = Path(__file__).resolve().parents[2]


def test_one_seed_gives_one_trace_under_any_hash_seed() -> None:
    def run(seed: int, hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        program = [sys.executable, str(Path(__file__).with_name("register_role.py")), str(seed)]
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stdout

    first = run(1, "1")
    assert first == run(1, "2") == run(1, "random")
    assert first != run(2, "1")


@pytest.mark.parametrize("seed", range(20))
def test_a_durable_register_survives_every_storm(seed: int) -> None:
    with make_world(seed, Faults.hostile(Random(seed))) as world:
        acknowledged, _ = world.run(storm(world))
        assert acknowledged > 0 or world.faults.loss_chance > 0 or world.faults.delay_spike_chance > 0


def test_a_register_that_does_not_sync_is_caught() -> None:
    caught = 0
    for seed in range(10):
        with make_world(seed, sync=False) as world:
            try:
                world.run(storm(world))
            except AssertionError:
                caught += 1
    assert caught > 0


def test_virtual_time_and_deadlock() -> None:
    loop = SimulatedLoop()

    async def sleeps() -> float:
        await asyncio.sleep(86_400 * 30)
        async with asyncio.timeout(5):
            assert await loop.run_in_executor(None, len, "abc") == 3
        return loop.time()

    assert loop.run_until_complete(sleeps()) == 86_400 * 30

    async def hangs() -> None:
        await loop.create_future()

    with pytest.raises(Deadlock):
        loop.run_until_complete(hangs())

    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()


@pytest.mark.parametrize("pause_s", [0, 1e-7])
def test_a_storm_ends_the_run(pause_s: float) -> None:
    """Of callbacks that go round without time moving, and of messages so close to each other that it hardly does."""
    loop = SimulatedLoop()

    async def spins() -> None:
        while True:
            await asyncio.sleep(pause_s)

    with pytest.raises(SimulationError, match="stands still"):
        loop.run_until_complete(spins())
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()


def calm(scenario, **options) -> World:  # type: ignore[no-untyped-def]
    with make_world(5, **options) as world:

        async def main() -> None:
            world.publish(MAP)
            await world.start()
            await scenario(world)

        world.run(main())
        return world


async def sqlstate(awaitable) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(DatabaseError) as failure:
        await awaitable
    return failure.value.sqlstate


def test_requests_failures_status_and_topology() -> None:
    async def scenario(world: World) -> None:
        assert (await world.bus.call("test", "register/1", AskPromise(10**6))).promise == 10**6
        assert await sqlstate(world.bus.call("test", "register/1", Seal(1))) == "0A000"
        assert await sqlstate(world.bus.call("test", "register/9", Get([], 0))) == "08006"
        account = (await world.bus.call("test", "register/1", AskStatus())).json
        assert b'"watermark": 1000000' in account and b'"process": "register-1"' in account
        before = world.loop.time()
        assert await sqlstate(world.bus.call("test", "client/1", Get([], 0), timeout_s=7.0)) == "08006"
        assert world.loop.time() == pytest.approx(before + 7)

    calm(scenario)


def test_a_checker_asks_past_the_network() -> None:
    """Whatever has become of that; and of processes that are down or stand still it hears nothing."""

    async def scenario(world: World) -> None:
        ask = world.bus.ask
        world.network.partition(["scenario"], ["register-1"])
        assert (await ask("checker", "register/1", AskPromise(10**6))).promise == 10**6
        assert await sqlstate(ask("checker", "register/1", Seal(1))) == "0A000"
        assert await sqlstate(ask("checker", "register/9", Get([], 0))) == "08006"
        world.stall("register-1")
        before = world.loop.time()
        assert await sqlstate(ask("checker", "register/1", Get([], 0), 7.0)) == "08006"
        assert world.loop.time() == pytest.approx(before + 7)
        world.crash("register-1")
        assert await sqlstate(ask("checker", "register/1", Get([], 0))) == "08006"
        assert world.loop.time() == pytest.approx(before + 7)

    world = calm(scenario, keep_trace=True)
    assert not [line for line in world.trace.lines if "checker" in line]


def test_crash_stops_timers_and_tasks_and_fails_waiting_requests() -> None:
    async def scenario(world: World) -> None:
        process = world.processes["register-1"]
        dead = process.role("register/1")
        assert isinstance(dead, Register)
        await asyncio.sleep(1)
        unanswered = world.bus.call("test", "client/1", Get([], 0), timeout_s=3600)
        world.crash("client-1")
        before = world.loop.time()
        assert await sqlstate(unanswered) == "08006" and world.loop.time() < before + 0.01
        world.crash("register-1")
        beats = dead._beats
        assert beats > 0
        assert await sqlstate(world.bus.call("test", "register/1", Get([], 0))) == "08006"
        await asyncio.sleep(10)
        assert dead._beats == beats
        await world.restart("register-1")
        alive = process.role("register/1")
        assert isinstance(alive, Register) and alive is not dead and alive.value == dead.value

    calm(scenario, faults=Faults(reset_chance=1.0))


def test_a_stalled_process_goes_on_where_it_was() -> None:
    async def scenario(world: World) -> None:
        register = world.processes["register-1"].role("register/1")
        assert isinstance(register, Register)
        world.stall("register-1")
        beats, value = register._beats, register.value
        answer = world.bus.call("test", "register/1", AskPromise(10**6), timeout_s=60)
        await asyncio.sleep(5)
        assert (register._beats, register.value) == (beats, value)
        world.resume("register-1")
        assert (await answer).promise == 10**6
        assert register._beats > beats

    calm(scenario)


def test_partitions_one_way_and_clogs() -> None:
    async def scenario(world: World) -> None:
        client = world.processes["client-1"].role("client/1")
        assert isinstance(client, Client)
        world.network.partition(["register-1"], ["client-1"], one_way=True)
        await asyncio.sleep(1)
        heard, failures, acknowledged = client.heard, client.failures, client.acknowledged
        await asyncio.sleep(5)
        assert client.heard == heard and client.acknowledged == acknowledged and client.failures > failures
        assert await value_of(world) > acknowledged  # the other way still works
        world.network.heal()
        await asyncio.sleep(1)
        assert client.heard > heard and client.acknowledged > acknowledged
        until = world.loop.time() + 2
        world.network.clog("scenario", "register-1", until)
        await world.bus.call("test", "register/1", Get([], 0))
        assert world.loop.time() >= until

    calm(scenario)


def test_repetition_reordering_and_loss_happen() -> None:
    async def scenario(world: World) -> None:
        await asyncio.sleep(10)

    world = calm(scenario, faults=Faults(loss_chance=0.1, repeat_chance=0.1, reorder_chance=0.3), keep_trace=True)
    events = [line.split(" ", 2)[1:] for line in world.trace.lines]
    assert any(event == "lost" for event, _ in events)
    sends = [
        details.partition(" at ") for event, details in events if event == "send" and details.startswith("client-1")
    ]
    assert len({label for label, _, _ in sends}) < len(sends)
    arrivals = [int(when) for _, _, when in sends]
    assert arrivals != sorted(arrivals)


def test_clocks_drift_jump_and_keep_their_bound_only_where_honest() -> None:
    def clock(honest: bool) -> tuple[int, int]:
        with World(3, Faults(clock_drift_ppm_max=1000.0, clock_error_us=500, clock_honest=honest)) as world:
            process = world.add_process("p", "a", [])
            world.run(asyncio.sleep(1000))
            process.clock.jump(10**6)
            now, true = process.clock.now(), world.clock.true_us()
            assert now.latest - now.earliest == 1000 and true == BIRTH_US + 10**9
            return now.earliest - true, now.latest - true

    low, high = clock(honest=True)
    assert low <= 0 <= high
    low, high = clock(honest=False)
    assert not low <= 0 <= high


def test_an_impossible_state_ends_the_run_with_its_seed() -> None:
    async def scenario(world: World) -> None:
        register = world.processes["register-1"].role("register/1")
        register._file = None  # type: ignore[attr-defined]
        await world.bus.call("test", "register/1", AskPromise(1), timeout_s=3600)

    with pytest.raises(SimulationError, match="seed 5"):
        calm(scenario)


def test_a_failed_disk_is_an_honest_crash() -> None:
    async def scenario(world: World) -> None:
        await asyncio.sleep(5)
        assert not world.processes["register-1"].up and world.processes["client-1"].up

    calm(scenario, faults=Faults(sync_failure_chance=1.0))


def test_a_run_that_hangs_is_ended() -> None:
    with make_world(1) as world, pytest.raises(SimulationError, match="has not ended"):
        world.run(asyncio.Event().wait(), limit_s=100)


def test_a_clean_stop_and_a_new_start() -> None:
    async def scenario(world: World) -> None:
        await asyncio.sleep(1)
        await world.stop("register-1")
        assert await sqlstate(world.bus.call("test", "register/1", Done())) == "08006"
        await world.restart("register-1")
        assert await value_of(world) > 0

    calm(scenario)


def image(seed: int = 1, **faults: float) -> tuple[SimulatedLoop, DiskImage]:
    loop = SimulatedLoop()
    return loop, DiskImage("disk", Random(seed), Faults(**faults), Trace(loop.time))


def test_a_power_failure_keeps_synced_bytes_and_some_prefix_of_the_rest() -> None:
    outcomes: set[int] = set()
    for seed in range(60):
        loop, disk = image(seed, hole_chance=0.0)

        async def write(disk: DiskImage = disk) -> None:
            file = SimulatedDisk(disk, Owner("p")).open("log")
            file.append(b"durable!")
            done = asyncio.get_running_loop().create_future()
            file.sync(done.set_result)
            file.append(b"late")  # after the sync began: not covered
            await done
            file.append(b"later")

        loop.run_until_complete(write())
        loop.close()
        disk.end_life()
        assert bytes(disk.files["log"].contents) == b"durable!latelater"
        disk.lose_power()
        left = bytes(disk.files["log"].contents)
        assert left.startswith(b"durable!") and b"durable!latelater".startswith(left)
        outcomes.add(len(left))
    assert {8, 12, 17} <= outcomes and outcomes - {8, 12, 17}, "whole writes and torn ones"


def test_holes_lost_entries_full_disks_and_rot() -> None:
    loop, disk = image(3, hole_chance=1.0, tear_chance=0.0, unsynced_entry_loss_chance=0.0)
    mount = SimulatedDisk(disk, Owner("p"))
    for number in range(20):
        mount.open(f"folder/{number:02}").append(b"xx")
    assert len(mount.list("folder")) == 20 and mount.list() == []
    disk.lose_power()
    assert {bytes(file.contents) for file in disk.files.values()} == {b"", b"\0\0"}

    loop.close()
    loop, disk = image(3, unsynced_entry_loss_chance=1.0)
    mount = SimulatedDisk(disk, Owner("p"))
    mount.open("new").append(b"x")
    loop.run_until_complete(mount.replace("state", b"good"))
    mount.remove("state")
    disk.lose_power()
    assert mount.list() == ["state"], "the new file is gone, the removed one is back"
    disk.flip_bit()
    assert mount.read("state") != b"good"
    disk.capacity_bytes = 10
    with pytest.raises(DatabaseError) as full:
        mount.open("state").append(b"1234567")
    assert full.value.sqlstate == "53100" and len(mount.read("state")) == 4
    disk.wipe()
    assert mount.list() == []
    loop.close()


def test_a_dead_process_writes_no_more() -> None:
    loop, disk = image()
    owner = Owner("p")
    file = SimulatedDisk(disk, owner).open("log")
    file.append(b"alive")
    owner.die()
    file.append(b"dead")
    file.truncate(0)
    assert bytes(disk.files["log"].contents) == b"alive"
    loop.close()


@pytest.mark.parametrize("seed", range(5))
def test_the_nemesis_leaves_everything_up(seed: int) -> None:
    def run() -> tuple[int, str]:
        with make_world(seed, Faults.hostile(Random(seed))) as world:

            async def scenario() -> int:
                world.publish(MAP)
                await world.start()
                nemesis = Nemesis(world, [["register-1"], ["client-1"], ["register-1", "client-1"]])
                await nemesis.run(30)
                assert all(process.up for process in world.processes.values())
                return await value_of(world)

            return world.run(scenario()), world.trace.digest

    value, digest = run()
    assert value > 0
    assert run() == (value, digest)
