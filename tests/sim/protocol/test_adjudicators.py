"""What two adjudicators answer to single messages, and what they make of a crash at the worst moment. Real roles over
real journals, in a calm world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from actors.adjudicator.adjudicator import REGAIN_S_MAX, Adjudicator
from actors.adjudicator.coordinator import Coordinator
from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import (
    AskOutcome,
    AskPromise,
    Commit,
    Committed,
    Decided,
    Done,
    OutcomeIs,
    Prepare,
    Prepared,
    Promised,
)
from actors.common.refusals import NotCommitted, StaleCatalog, Unanswered
from actors.common.settings import Layout, Settings
from actors.journal.record import CLOSE, EPOCH_BEGIN
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, begin, lead, make_world
from tests.sim.protocol.history import journals

TABLE = 20000


def key(owner: int, number: int = 0, table: int = TABLE) -> bytes:
    """A key of adjudicator 1 or 2."""
    return table.to_bytes(4, "big") + b"\0\0" + bytes([0x10 if owner == 1 else 0xF0, number])


class Silent:
    """A reply that nobody waits for."""

    def __call__(self, message: object) -> None: ...

    def fail(self, error: DatabaseError) -> None: ...


class Bench:
    """A client that speaks the commit protocol message by message."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = Client(world, 1)
        self._transactions = 0

    def now(self) -> int:
        return self.world.clock.now().latest

    def role(self, number: int) -> Adjudicator:
        role = self.world.processes[f"adjudicator-{number}"].role(f"adjudicator/{number}")
        assert isinstance(role, Adjudicator)
        return role

    def message(
        self, keys: Sequence[bytes], start_ts: int | None = None, *, drop: bool = False, **others: object
    ) -> Commit:
        self._transactions += 1
        start = self.now() if start_ts is None else start_ts
        values: list[bytes | None] = [item[:4] + b"\xff" if drop else b"v" for item in keys]
        kinds = [write_set.DROP_RANGE if drop else write_set.PUT] * len(keys)
        fields = {"catalog_ts": start, "write_set": write_set.encode(sorted(keys), values, kinds), **others}
        return Commit(self._transactions.to_bytes(16, "big"), start, **fields)  # type: ignore[arg-type]

    async def send(self, message: Commit, to: int = 1) -> int:
        answer: Committed = await self.world.bus.call("client/1", f"adjudicator/{to}", message)
        return answer.commit_ts

    async def commit(self, keys: Sequence[bytes], start_ts: int | None = None, to: int = 1, **others: object) -> int:
        return await self.send(self.message(keys, start_ts, **others), to)  # type: ignore[arg-type]

    async def refusal(self, awaitable: Awaitable[object]) -> DatabaseError:
        with pytest.raises(DatabaseError) as failure:
            await awaitable
        return failure.value

    async def ask(self, number: int, message: object) -> object:
        return await self.world.bus.call("client/1", f"adjudicator/{number}", message)  # type: ignore[arg-type]


def play(scenario: Callable[[Bench], Awaitable[None]], settings: Settings | None = None) -> World:
    with make_world(1, Faults(), settings, layers=("journal", "adjudicator")) as world:

        async def main() -> None:
            await begin(world)
            await scenario(Bench(world))

        world.run(main())
        return world


def test_conflicts_redirects_and_repeats() -> None:
    async def scenario(bench: Bench) -> None:
        old = bench.now()
        message = bench.message([key(1)])
        first, second = await asyncio.gather(bench.send(message), bench.send(message))
        assert first == second == await bench.send(message), "a Commit that arrives again gets the same answer"
        assert "OC000" in (await bench.refusal(bench.commit([key(1)], old))).message
        assert "OC000" in (await bench.refusal(bench.commit([key(1, 9)], old, checked=[key(1)]))).message
        assert (await bench.refusal(bench.commit([key(2)], to=1))).sqlstate == "55000"
        assert (await bench.refusal(bench.send(Commit(b"e" * 16, old, old, b"nonsense")))).sqlstate == "08P01"
        empty = Commit(b"f" * 16, old, old, write_set.encode([], [], []))
        assert (await bench.refusal(bench.send(empty))).sqlstate == "08P01"
        stale = (await bench.refusal(bench.commit([key(1)], catalog_ts=0))).refusal
        assert isinstance(stale, StaleCatalog) and await bench.commit([key(1)], catalog_ts=stale.begin) > first
        assert (await bench.refusal(bench.commit([key(1)], 0))).sqlstate == "40001"

    play(scenario)


def test_one_record_for_a_transaction_of_both_and_both_know_it() -> None:
    async def scenario(bench: Bench) -> None:
        start = bench.now()
        commit_ts = await bench.commit([key(1), key(2)], checked=[key(2, 5)])
        for owner in (1, 2):
            assert "OC000" in (await bench.refusal(bench.commit([key(owner)], start, to=owner))).message
            assert await bench.commit([key(owner)], commit_ts, to=owner) > commit_ts
        assert await bench.commit([key(2, 5)], start, to=2) > commit_ts, (
            "a key that was only checked is free, for later commit times"
        )
        await asyncio.sleep(1)
        assert bench.role(2).status()["load"]["pending"] == 0

    play(scenario)


def test_the_client_that_goes_on_meets_its_own_marks_and_does_not_fail() -> None:
    async def scenario(bench: Bench) -> None:
        bench.world.network.clog("adjudicator-1", "adjudicator-2", 0.0)
        for _ in range(20):
            await bench.commit([key(1), key(2)])
            await bench.commit([key(2)], to=2)

    play(scenario)


def test_schema_changes_and_dropped_ranges_reach_every_adjudicator() -> None:
    async def scenario(bench: Bench) -> None:
        old = bench.now()
        changed = await bench.commit([key(1, table=1)], schema_changes=[TABLE])
        assert "OC001" in (await bench.refusal(bench.commit([key(2)], catalog_ts=old, to=2))).message
        assert await bench.commit([key(2)], to=2) > changed
        old = bench.now()
        dropped = await bench.commit([key(1)[:4]], drop=True)
        for owner in (1, 2):
            assert "OC000" in (await bench.refusal(bench.commit([key(owner, 77)], old, to=owner))).message
        written = await bench.commit([key(2)], to=2)
        assert written > dropped
        assert "OC000" in (await bench.refusal(bench.commit([key(1)[:4]], dropped, drop=True))).message
        assert "OC000" in (await bench.refusal(bench.commit([key(1, table=1)], dropped, exclusive=[TABLE]))).message

    play(scenario)


def test_a_schema_change_where_there_is_but_one_adjudicator() -> None:
    """It is coordinated like one of several, with nobody to prepare."""

    async def scenario(bench: Bench) -> None:
        start = bench.now()
        changed = await bench.commit([key(1), key(2)], start, schema_changes=[TABLE])
        assert changed > start
        assert "OC001" in (await bench.refusal(bench.commit([key(2, 1)], changed + 1, catalog_ts=start))).message
        assert bench.role(1).status()["load"]["pending"] == bench.role(1).status()["load"]["under_way"] == 0

    play(scenario, replace(Settings(), layout=Layout(adjudicators=1)))


def test_promises_hold_and_commits_pass_them() -> None:
    async def scenario(bench: Bench) -> None:
        at = bench.now() + 300_000
        answer = await bench.ask(1, AskPromise(at))
        assert isinstance(answer, Promised) and answer.promise >= at
        assert await bench.commit([key(1)]) > at
        assert bench.now() > at, "nobody hears of a commit before its time"
        await asyncio.sleep(5)
        answer = await bench.ask(1, AskPromise(bench.now()))
        assert isinstance(answer, Promised) and answer.promise >= bench.now() - 100_000

    play(scenario)


def test_an_idle_adjudicator_is_silent() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.commit([key(1), key(2)])
        await asyncio.sleep(10)
        before = bench.world.trace.count
        await asyncio.sleep(600)
        assert bench.world.trace.count == before

    play(scenario)


def test_a_clean_restart_waits_for_nothing_and_a_crash_for_the_lease() -> None:
    async def scenario(bench: Bench) -> None:
        world = bench.world
        start = bench.now()
        commit_ts = await bench.commit([key(1)])
        began = world.loop.time()
        await world.stop("adjudicator-1")
        await world.restart("adjudicator-1")
        await lead(world)
        assert world.loop.time() - began < 0.2
        assert (await bench.refusal(bench.commit([key(1)], start))).sqlstate == "40001"
        assert await bench.commit([key(1)], commit_ts + 1, catalog_ts=bench.now()) > commit_ts, (
            "begun after the old epoch: it survives"
        )
        world.crash("adjudicator-1")
        before = bench.now()
        await world.restart("adjudicator-1")
        await lead(world)
        await bench.commit([key(1)])
        records = max(journals(world)[1].logs, key=len)
        begins = [header for header in records if header.kind == EPOCH_BEGIN]
        closes = [header for header in records if header.kind == CLOSE]
        assert len(begins) == 3 and len(closes) == 1
        assert begins[1].commit_ts == closes[0].epoch_end + 1 and begins[2].commit_ts > before

    play(scenario)


def test_marks_of_a_transaction_that_nobody_coordinates_go() -> None:
    async def scenario(bench: Bench) -> None:
        now = bench.now()
        prepare = Prepare(b"stray" * 4, 1, 1, now, now, [key(2)], [])
        answers = [await bench.ask(2, prepare) for _ in range(2)]
        assert all(isinstance(answer, Prepared) for answer in answers), "a Prepare that arrives twice is answered twice"
        assert bench.role(2).status()["load"]["pending"] == 1
        assert await bench.commit([key(2)], to=2) > now, "it waits until adjudicator 1 has been asked, and goes on"
        assert bench.role(2).status()["load"]["pending"] == 0
        refused = Prepare(b"early" * 4, 1, 1, bench.now(), bench.now(), [key(2)], [])
        bench.world.bus.post("client/1", "adjudicator/2", Decided(refused.transaction, 0))
        await asyncio.sleep(0.1)
        assert (await bench.refusal(bench.ask(2, refused))).sqlstate == "40001"
        assert bench.role(2).status()["load"]["pending"] == 0

    play(scenario)


def cut_off_when_durable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coordinator dies between its record's commit and the news of it."""
    durable = Coordinator._durable

    def dies(coordinator: Coordinator, spanning: object) -> None:
        bench.world.crash("adjudicator-1")
        monkeypatch.setattr(Coordinator, "_durable", durable)

    monkeypatch.setattr(Coordinator, "_durable", dies)


def test_what_a_dead_coordinator_committed_its_successor_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        world = bench.world
        cut_off_when_durable(bench, monkeypatch)
        start = bench.now()
        error = await bench.refusal(bench.send(bench.message([key(1), key(2)], start)))
        assert error.sqlstate == "08006" and error.refusal == Unanswered(True)
        assert bench.role(2).status()["load"]["pending"] == 1
        await world.restart("adjudicator-1")
        await lead(world)
        await asyncio.sleep(2)
        assert bench.role(2).status()["load"]["pending"] == 0
        assert "OC000" in (await bench.refusal(bench.commit([key(2)], start, to=2))).message
        [(name, commit_ts)] = {
            (each.transaction, each.commit_ts) for log in journals(world)[1].logs for each in log if each.transaction
        }
        assert await bench.ask(1, AskOutcome(name, 1)) == OutcomeIs("committed", commit_ts)
        assert await bench.ask(1, AskOutcome(b"never" * 4, 1)) == OutcomeIs("aborted")
        assert await bench.ask(1, AskOutcome(b"later" * 4, 99)) == OutcomeIs("undecided")

    play(scenario)


def test_a_participant_that_stops_cleanly_keeps_what_it_has_offered() -> None:
    """Its vote is out; a successor that began below the end offered would not see the commit that follows."""

    async def scenario(bench: Bench) -> None:
        world = bench.world
        now = bench.now()
        answer = await bench.ask(2, Prepare(b"voted" * 4, 1, 1, now, now, [key(2)], []))
        assert isinstance(answer, Prepared)
        await world.stop("adjudicator-2")
        await world.restart("adjudicator-2")
        await lead(world)
        begun = [header for log in journals(world)[2].logs for header in log if header.kind == EPOCH_BEGIN]
        assert max(header.commit_ts for header in begun) > answer.epoch_end

    play(scenario)


def test_who_is_deposed_while_it_stops_does_not_lead_again() -> None:
    """Its second reign would be forgotten with the first one, and decide on with a writer that has been stopped."""

    async def scenario(bench: Bench) -> None:
        role = bench.role(1)
        assert role._reign is not None
        writer = role._reign.writer
        bench.world.network.isolate("adjudicator-1")  # the journal never takes the CLOSE record
        stopping = asyncio.create_task(role.stop())
        await asyncio.sleep(0.01)
        writer.deposed_by("another one leads")
        bench.world.network.heal()
        await asyncio.sleep(REGAIN_S_MAX)
        assert (await bench.refusal(bench.ask(1, AskPromise(bench.now())))).refusal == NotCommitted()
        assert role.status()["state"] == "standing by"
        await stopping

    play(scenario)


def test_only_who_may_know_of_a_prepared_transaction_acknowledges_its_outcome() -> None:
    """Whoever does not lead, or leads an older epoch, would have the coordinator forget what the holder of the marks
    still asks for."""

    async def scenario(bench: Bench) -> None:
        epoch = bench.role(2).status()["epoch"]
        name, at = b"voted" * 4, bench.now()
        assert await bench.ask(2, Decided(name, at, epoch)) == Done()
        assert (await bench.refusal(bench.ask(2, Decided(name, at, epoch + 1)))).refusal == NotCommitted()
        bench.world.crash("adjudicator-2")
        await bench.world.restart("adjudicator-2")
        assert bench.role(2).status()["state"] == "standing by"
        assert (await bench.refusal(bench.ask(2, Decided(name, at, epoch)))).refusal == NotCommitted()
        await lead(bench.world)
        assert await bench.ask(2, Decided(name, at, epoch)) == Done()

    play(scenario)


def test_a_commit_that_comes_again_after_its_adjudicator_was_deposed_stays_unknown() -> None:
    async def scenario(bench: Bench) -> None:
        role, message = bench.role(1), bench.message([key(1)])
        assert role._reign is not None
        bench.world.network.isolate("adjudicator-1")
        writer = role._reign.writer
        role.receive("client/1", message, Silent())
        bench.world.network.heal()
        writer.deposed_by("another one leads")
        assert (await bench.refusal(bench.send(message))).sqlstate == "08007"
        await lead(bench.world)
        assert (await bench.refusal(bench.send(message))).sqlstate == "08007"

    play(scenario)
