"""What distance costs, in virtual time: commits, reads and transactions over two regions' ranges, in multiples of the
round trip; and how long ranges are away whose region is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import combinations
from random import Random
from typing import Any, Literal, cast
from uuid import UUID

import pytest

from actors.adjudicator.adjudicator import Adjudicator
from actors.adjudicator.lead import LOWER_S, RAISE_S
from actors.adjudicator.load import ClaimLoad
from actors.common.answer_times import AnswerTimes
from actors.common.messages import PinRange
from actors.common.settings import AUTO, OPEN_LIMITS, Layout, Regions, Settings
from actors.journal.neighbours import Neighbours
from actors.query_processor.session.sight import PRESENT_S
from actors.reading.storage_client import OUT_OF_SIGHT
from actors.runtime.simulation.network import Distances
from cluster.failover import Failover
from cluster.policies.leadership import PINNED_S
from cluster.simulation.hostile import Plan
from cluster.simulation.regions import FIVE_ZONES, ZONES
from cluster.simulation.simulated_cluster import SimulatedCluster
from cluster.simulation.sql_client import SimulatedConnection
from tests.sim.undisturbed import undisturbed
from workloads.proofs.connection import SqlError

ONE_WAY_S, JITTER_SHARE = 0.0375, 0.02
ROUND_TRIP_S = 2 * ONE_WAY_S * (1 + JITTER_SHARE / 2)
LEAD_MS = 80
"""A round trip, what jitter adds to it, and two disks."""
FIVE_LEAD_MS = 82
"""A replica that hears of the third disk by another replica is a little later than the writer."""
EAST, WEST = "east", "west"
SECONDS = 3.0
BACK_S_MAX = 5.0
HEARD_S_MAX = 5.5
KEYS = 60


def plan_of(regions: Regions) -> Plan:
    settings = Settings(
        mode="open",
        limits=OPEN_LIMITS,
        layout=Layout(tuple(regions.zones or ZONES), adjudicators=2, shards=2, query_processors=2, placement="az"),
        regions=regions,
    )
    distances = tuple((one, other, ONE_WAY_S) for one, other in combinations(regions.zones.values(), 2))
    return replace(undisturbed(settings), losses=(), cuts=(), distances=distances, jitter_share=JITTER_SHARE)


def keys_led_by(adjudicator: int) -> list[UUID]:
    """The first half of the uuids is adjudicator 1's, in east, the other is adjudicator 2's, in west."""
    first = 0 if adjudicator == 1 else 128
    return [UUID(int=(first + number) << 120 | adjudicator) for number in range(KEYS)]


async def created(cluster: SimulatedCluster) -> None:
    await cluster.start()
    connection = await cluster.database("setup").connect()
    await connection.execute("CREATE TABLE t (k uuid PRIMARY KEY, v int)")
    for owner in (1, 2):
        rows = ", ".join(f"('{key}', 0)" for key in keys_led_by(owner))
        await connection.execute(f"INSERT INTO t VALUES {rows}")
    await asyncio.sleep(3)


class Clients:
    """Their statements' latencies, in seconds, by what they do."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._now_s = cluster.world.loop.time
        self.end_s = self._now_s() + SECONDS
        self.taken_s: dict[str, list[float]] = {}

    async def run(
        self, what: str, region: str, number: int, act: Callable[[SimulatedConnection, Random], object]
    ) -> None:
        """`act` returns the statements; the last one counts."""
        there = region if self._cluster.plan.distances else None
        random = self._cluster.world.derive(f"{what}/{number}")
        connection = await self._cluster.database(f"{what}/{number}", region=there).connect()
        while self._now_s() < self.end_s:
            *first, last = act(connection, random)  # type: ignore[misc]
            try:
                for statement in first:
                    await connection.execute(statement)
                begun_s = self._now_s()
                await connection.execute(last)
            except SqlError as error:
                assert error.sqlstate == "40001", error
                await connection.execute("ROLLBACK")  # a loser hears of it at its UPDATE, as far as its process knows
                continue
            self.taken_s.setdefault(what, []).append(self._now_s() - begun_s)
            await asyncio.sleep(random.uniform(0, 0.02))


def write(keys: Sequence[UUID]) -> Callable[[SimulatedConnection, Random], list[str]]:
    return lambda _, random: [f"UPDATE t SET v = v + 1 WHERE k = '{random.choice(keys)}'"]


def read(keys: Sequence[UUID]) -> Callable[[SimulatedConnection, Random], list[str]]:
    return lambda _, random: [f"SELECT v FROM t WHERE k = '{random.choice(keys)}'"]


def write_both(_: SimulatedConnection, random: Random) -> list[str]:
    pair = [random.choice(keys_led_by(owner)) for owner in (1, 2)]
    return ["BEGIN", *(f"UPDATE t SET v = v + 1 WHERE k = '{key}'" for key in pair), "COMMIT"]


@cache
def measured(lead_ms: int | Literal["auto"] | None, five: bool = False) -> dict[str, list[float]]:
    """Ascending. `lead_ms`: None for one region; `five`: regions, two of which serve."""
    regions = Regions()
    if lead_ms is not None:
        witnesses = ("north", "south", "centre") if five else ("north",)
        regions = Regions(FIVE_ZONES if five else ZONES, witnesses, lead_ms=lead_ms)
    cluster = SimulatedCluster(1, plan_of(regions))
    east, west = keys_led_by(1), keys_led_by(2)

    async def scenario() -> dict[str, list[float]]:
        await created(cluster)
        clients = Clients(cluster)
        await asyncio.gather(
            *(clients.run("write", EAST, number, write(east)) for number in range(4)),
            *(clients.run("write in west", WEST, number, write(west)) for number in range(2)),
            *(clients.run("read", WEST, number, read([*east, *west])) for number in range(3)),
            clients.run("write afar", WEST, 0, write(east)),
            clients.run("write both", EAST, 0, write_both),
        )
        return {what: sorted(taken) for what, taken in clients.taken_s.items()}

    with cluster.world:
        return cluster.world.run(scenario())


def at_share(share: float, taken_s: list[float]) -> float:
    return taken_s[int(share * (len(taken_s) - 1))]


LEADS = pytest.mark.parametrize("lead_ms", [LEAD_MS, AUTO])


@LEADS
@pytest.mark.parametrize("what", ["write", "write in west"])
def test_a_commit_pays_one_round_trip_to_the_nearest_other_region(what: str, lead_ms: int | Literal["auto"]) -> None:
    taken_s, in_one_region_s = measured(lead_ms)[what], measured(None)[what]
    assert at_share(0.5, taken_s) <= 1.05 * ROUND_TRIP_S + at_share(0.5, in_one_region_s)


@LEADS
@pytest.mark.parametrize("what", ["write afar", "write both"])
def test_a_commit_of_two_regions_pays_two_round_trips(what: str, lead_ms: int | Literal["auto"]) -> None:
    taken_s, in_one_region_s = measured(lead_ms)[what], measured(None)[what]
    assert at_share(0.5, taken_s) <= 2 * 1.05 * ROUND_TRIP_S + at_share(0.5, in_one_region_s)


@LEADS
def test_a_read_pays_none_while_the_other_region_writes(lead_ms: int | Literal["auto"]) -> None:
    assert at_share(0.99, measured(lead_ms)["read"]) <= 1.2 * at_share(0.99, measured(None)["read"])


@pytest.mark.parametrize("lead_ms", [FIVE_LEAD_MS, AUTO])
def test_five_regions_pay_the_way_to_the_second_nearest_and_a_read_none(lead_ms: int | Literal["auto"]) -> None:
    """A majority is three disks: here all are as far."""
    here, in_one_region = measured(lead_ms, five=True), measured(None)
    for what in ("write", "write in west"):
        assert at_share(0.5, here[what]) <= 1.05 * ROUND_TRIP_S + at_share(0.5, in_one_region[what])
    assert at_share(0.99, here["read"]) <= 1.2 * at_share(0.99, in_one_region["read"])


def test_of_five_replicas_none_knows_a_commit_by_its_writer_s_word_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above can fail: the third disk's word goes by the writer."""
    monkeypatch.setattr(Neighbours, "stored", lambda neighbours, epoch, lsn, seat: None)
    taken_s = measured.__wrapped__(FIVE_LEAD_MS, five=True)["read"]
    assert at_share(0.9, taken_s) > 0.3 * ROUND_TRIP_S


def test_without_a_lead_a_read_pays_a_round_trip() -> None:
    """So that the tests above can fail."""
    assert at_share(0.5, measured(0)["read"]) > 0.8 * ROUND_TRIP_S


@pytest.mark.parametrize("always", [False, True])
def test_nobody_is_suspect_for_being_far_away(always: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a second's round trip; `always`: whoever has not answered in the usual time is late, as this test
    can see."""
    suspects: list[str] = []
    monkeypatch.setattr(Failover, "suspect", lambda failover, role: suspects.append(role))
    if always:
        monkeypatch.setattr(AnswerTimes, "is_late", lambda times, name, begun_s, least_s: True)
    plan = plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS))
    cluster = SimulatedCluster(
        6, replace(plan, distances=tuple((one, other, 0.12) for one, other, _ in plan.distances))
    )

    async def scenario() -> None:
        await created(cluster)
        suspects.clear()
        clients = Clients(cluster)
        await asyncio.gather(
            *(clients.run("write afar", WEST, number, write(keys_led_by(1))) for number in range(3)),
            clients.run("write both", EAST, 0, write_both),
            clients.run("read", WEST, 0, read(keys_led_by(1))),
        )

    with cluster.world:
        cluster.world.run(scenario())
    assert bool(suspects) == always


def test_a_lead_follows_the_distance() -> None:
    """Up within seconds, down after a while; nobody is told anything but how far."""
    cluster = SimulatedCluster(5, plan_of(Regions(ZONES, ("north",), lead_ms=AUTO)))
    network = cluster.world.network
    near = Distances(cluster._region_of, dict.fromkeys(combinations(ZONES.values(), 2), ONE_WAY_S / 3), 0.02)

    def lead_ms() -> int:
        return int(cast(Adjudicator, cluster.running("adjudicator/1")).status()["lead_ms"])

    async def scenario() -> list[int]:
        await created(cluster)
        clients = Clients(cluster)
        clients.end_s += 20.0
        writers = [clients.run("write", EAST, number, write(keys_led_by(1))) for number in range(4)]
        writing = asyncio.gather(*writers)
        found = [lead_ms()]
        far, network.distances = network.distances, near
        await asyncio.sleep(LOWER_S / 2)
        found.append(lead_ms())
        await asyncio.sleep(LOWER_S)
        found.append(lead_ms())
        network.distances = far
        await asyncio.sleep(4 * RAISE_S)
        found.append(lead_ms())
        await writing
        return found

    with cluster.world:
        far, still_far, near_ms, far_again = cluster.world.run(scenario())
    round_trip_ms = 1000 * ROUND_TRIP_S
    assert all(1.0 * round_trip_ms < found < 1.15 * round_trip_ms for found in (far, still_far, far_again))
    assert round_trip_ms / 3 < near_ms < round_trip_ms / 2


def test_a_range_goes_to_the_region_that_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its commits pay one round trip from then on, as they did in the other region."""
    init = ClaimLoad.__init__
    monkeypatch.setattr(ClaimLoad, "__init__", lambda load, context, _: init(load, context, lambda: 0.0))
    regions = Regions(ZONES, ("north",), lead_ms=LEAD_MS, follow_s=1.0)
    cluster = SimulatedCluster(3, replace(plan_of(regions), keeps_state=True))
    east = keys_led_by(1)

    async def scenario() -> list[float]:
        await created(cluster)
        clients = Clients(cluster)
        clients.end_s += 6.0
        await asyncio.gather(*(clients.run("write afar", WEST, number, write(east)) for number in range(12)))
        return clients.taken_s["write afar"]

    with cluster.world:
        taken_s = cluster.world.run(scenario())
    assert cluster.newest_map.adjudicators == (2, 2)
    assert at_share(0.5, sorted(taken_s[:100])) > 1.9 * ROUND_TRIP_S
    assert at_share(0.5, sorted(taken_s[-100:])) < 1.3 * ROUND_TRIP_S


def test_a_pinned_range_is_led_where_it_is_pinned_whoever_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    init = ClaimLoad.__init__
    monkeypatch.setattr(ClaimLoad, "__init__", lambda load, context, _: init(load, context, lambda: 0.0))
    regions = Regions(ZONES, ("north",), lead_ms=LEAD_MS, follow_s=1.0)
    cluster = SimulatedCluster(4, replace(plan_of(regions), keeps_state=True))
    east, pinned = keys_led_by(1), KEYS // 2

    async def scenario() -> None:
        await created(cluster)
        pin: Any = PinRange(b"", keys_led_by(1)[pinned].bytes, WEST)
        await cluster.world.bus.call("person", "controller", pin)
        await asyncio.sleep(4 * PINNED_S)
        assert cluster.newest_map.adjudicators == (2, 1, 2)
        clients = Clients(cluster)
        clients.end_s += 6.0
        await asyncio.gather(*(clients.run("write", EAST, number, write(east[:pinned])) for number in range(12)))

    with cluster.world:
        cluster.world.run(scenario())
    assert cluster.newest_map.adjudicators == (2, 1, 2)


@pytest.mark.parametrize("lost", ["a", "b", "c"])
def test_ranges_of_a_region_that_is_cut_off_go_on_elsewhere(lost: str) -> None:
    """And nobody notices that the witness is."""
    cluster = SimulatedCluster(2, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world = cluster.world
    keys = keys_led_by(1)[0], keys_led_by(2)[0]

    async def scenario() -> tuple[float, str, float]:
        await created(cluster)
        here, there = (WEST, EAST) if lost == "a" else (EAST, WEST)
        apart = await cluster.database("apart", region=there).connect()
        await apart.execute("BEGIN")
        await apart.execute(f"UPDATE t SET v = v + 1 WHERE k = '{keys_led_by(1)[1]}'")
        cut_s = world.loop.time()
        cut_off(cluster, lost)
        refusal = asyncio.ensure_future(refused(apart))
        for key in keys:
            await committed(cluster, here, key)
        away_s = world.loop.time() - cut_s
        sqlstate = await refusal if lost != "c" else ""
        heard_s = world.loop.time() - cut_s
        refusal.cancel()
        world.network.heal()
        for key in keys:
            await committed(cluster, there, key)
        await asyncio.sleep(HEARD_S_MAX)  # clients that are gone have statements under way
        connections = [await cluster.database("reader", region=region).connect() for region in (EAST, WEST)]
        east, west = [(await one.execute("SELECT k, v FROM t ORDER BY k")).rows for one in connections]
        assert east == west and {str(key): int(value or 0) for key, value in east}[str(keys[0])] >= 2
        return away_s, sqlstate, heard_s

    with cluster.world:
        away_s, sqlstate, heard_s = world.run(scenario())
    assert heard_s <= HEARD_S_MAX
    assert away_s <= (BACK_S_MAX if lost != "c" else 8 * ROUND_TRIP_S)
    assert sqlstate in (("08006", "08007") if lost != "c" else ("",))


def test_a_region_that_is_cut_off_lets_sessions_in_and_shows_what_it_has() -> None:
    """What it cannot know of is refused, within twice storing.read_wait_s."""
    cluster = SimulatedCluster(2, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world = cluster.world

    async def scenario() -> None:
        await created(cluster)
        cut_off(cluster, "a")
        begun_s = world.loop.time()
        connection = await cluster.database("late", region=EAST).connect()
        assert world.loop.time() - begun_s < 2 * PRESENT_S
        count = "SELECT count(*) FROM t"
        begun_s = world.loop.time()
        with pytest.raises(SqlError) as caught:
            await connection.execute(count)
        assert caught.value.sqlstate == "08006" and OUT_OF_SIGHT in str(caught.value)
        assert world.loop.time() - begun_s < 2.2 * cluster.plan.settings.storing.read_wait_s
        await connection.execute("SET eagleray.max_staleness = '1min'")
        for statement in ("BEGIN READ ONLY", count, "COMMIT"):
            begun_s = world.loop.time()
            found = await connection.execute(statement)
            assert found.tag != "SELECT 1" or found.rows == [(str(2 * KEYS),)]
            assert world.loop.time() - begun_s < ROUND_TRIP_S
        world.network.heal()

    with world:
        world.run(scenario())


def test_readers_of_two_regions_that_do_not_hear_each_other_read_by_way_of_the_third() -> None:
    """Each side sees at once what the other side commits, in two round trips once the way is found."""
    cluster = SimulatedCluster(2, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world, key = cluster.world, keys_led_by(1)[0]

    async def scenario() -> list[float]:
        await created(cluster)
        east, west = [await cluster.database("across", region=region).connect() for region in (EAST, WEST)]
        world.network.partition(processes_in(cluster, "a"), processes_in(cluster, "b"))
        taken_s = []
        for number in range(1, 40):
            await east.execute(f"UPDATE t SET v = {number} WHERE k = '{key}'")
            begun_s = world.loop.time()
            found = await west.execute(f"SELECT v FROM t WHERE k = '{key}'")
            taken_s.append(world.loop.time() - begun_s)
            assert found.rows == [(str(number),)]
            await asyncio.sleep(0.3)
        world.network.heal()
        return taken_s

    with world:
        taken_s = world.run(scenario())
    assert max(taken_s) < cluster.plan.settings.storing.read_wait_s
    assert at_share(0.9, sorted(taken_s[5:])) < 2.2 * ROUND_TRIP_S


def test_reads_are_local_as_soon_as_the_region_has_taken_over() -> None:
    """Those that have found a way by the third region to an adjudicator which is gone do not go on that way."""
    cluster = SimulatedCluster(2, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world, keys = cluster.world, (keys_led_by(1)[0], keys_led_by(2)[0])

    async def reading(number: int, taken_s: list[tuple[float, float]]) -> None:
        while True:
            connection = await cluster.database(f"reader {number}", region=WEST).connect()
            with suppress(SqlError):
                while True:
                    begun_s = world.loop.time()
                    await connection.execute(f"SELECT v FROM t WHERE k = '{keys[number % 2]}'")
                    taken_s.append((begun_s, world.loop.time() - begun_s))
                    await asyncio.sleep(0.05)

    async def scenario() -> list[float]:
        await created(cluster)
        taken_s: list[tuple[float, float]] = []
        readers = [asyncio.ensure_future(reading(number, taken_s)) for number in range(4)]
        cut_off(cluster, "a")
        for key in keys:
            await committed(cluster, WEST, key)
        back_s = world.loop.time() + 0.5
        await asyncio.sleep(2.5)
        for reader in readers:
            reader.cancel()
        return sorted(taken for begun_s, taken in taken_s if begun_s > back_s)

    with world:
        taken_s = world.run(scenario())
    assert len(taken_s) > 50 and at_share(0.9, taken_s) < 0.3 * ROUND_TRIP_S


def processes_in(cluster: SimulatedCluster, zone: str) -> list[str]:
    return [name for name, process in cluster.world.processes.items() if process.az == zone]


def cut_off(cluster: SimulatedCluster, zone: str) -> None:
    cut = processes_in(cluster, zone)
    cluster.world.network.partition(cut, [name for name in cluster.world.processes if name not in cut])


async def refused(connection: SimulatedConnection) -> str:
    """What a client hears in a region that is cut off."""
    with pytest.raises(SqlError) as caught:
        await connection.execute("COMMIT")
    return caught.value.sqlstate


async def committed(cluster: SimulatedCluster, region: str, key: UUID) -> None:
    """Once any of the clients that come every now and then has changed the row."""

    async def attempt(number: int) -> None:
        await asyncio.sleep(number * 0.25)
        while True:
            connection = await cluster.database(f"{key}/{number}", region=region).connect()
            try:
                await connection.execute(f"UPDATE t SET v = v + 1 WHERE k = '{key}'")
                return
            except SqlError as error:
                assert error.sqlstate in ("40001", "08006", "08007"), error
            await asyncio.sleep(0.25)

    attempts = [asyncio.ensure_future(attempt(number)) for number in range(40)]
    await asyncio.wait(attempts, return_when=asyncio.FIRST_COMPLETED)
    for one in attempts:
        one.cancel()
