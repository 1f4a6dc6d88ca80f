"""Running a workload: `init` makes its tables, `run` drives its clients, `check` asks what holds. One event loop, one
connection a client.

Closed loop: each client begins its next transaction when the last has ended. Open loop (a curve is given): arrival
times are drawn in advance; the next free client takes the next arrival, waits for its time where that is ahead, and
its response counts from that time even where no client was free.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeVar

from eagleray.transactions import UnknownOutcome
from eagleray.workload.client import DRIVER_ERRORS, ISOLATION_DEFAULT, Client, Rollback, connect, sqlstate_of
from eagleray.workload.loading import Loader
from eagleray.workload.measure import Latencies, Measurements, Second
from eagleray.workload.report import Generator, Report
from eagleray.workload.schedule import Curve, arrivals
from eagleray.workload.workload import Checks, Workload

T = TypeVar("T")

CONNECTING_MAX = 16
"""Connections that are being made at a time: a server's backlog is short, and DSQL admits 100 a second."""
DRAIN_S_MAX = 30.0
"""How long transactions that are under way at the end may take; then they are cancelled, and counted as unknown."""
PULSE_S = 0.02
TOLD_S_MIN = 0.5
"""Of the end, in which clients finish one by one, nothing is shown."""

now = time.perf_counter
"""All times of a run, in seconds. Not the loop's own: uvloop's is read once a turn, in whole milliseconds, so it
leaves out what a turn itself takes."""


@dataclass(frozen=True)
class Plan:
    """How a run is made. `curve`: None for a closed loop; its own length is the run's. `warm_up`: seconds of a closed
    loop before, which is not measured: connections prepare their statements, caches fill."""

    url: str
    clients: int
    seconds: float
    seed: int = 1
    isolation: str = ISOLATION_DEFAULT
    curve: Curve | None = None
    warm_up: float = 0.0
    on_second: Callable[[Second, Measurements], None] | None = None


def in_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to its end on uvloop."""
    import uvloop

    return uvloop.run(coroutine)


async def init(workload: Workload, url: str, on_rows: Callable[[str, int], None] | None = None) -> None:
    """Drop the workload's tables, make them and load them."""
    async with Loader(url, on_rows) as loader:
        await loader.create(workload.tables, workload.schema)
        await workload.load(loader)


async def attach(workload: Workload, url: str) -> str:
    """Let the workload learn what is there; the server's version, as it names itself."""
    sql = await connect(url)
    try:
        await workload.attach(sql)
        version = str(await sql.fetchval("SELECT version()"))
        return " ".join(version.partition(",")[0].partition(" on ")[0].split()[:3])
    finally:
        await sql.close(timeout=5)


async def check(workload: Workload, url: str) -> Checks:
    sql = await connect(url)
    try:
        checks = Checks()
        await workload.check(sql, checks)
        return checks
    finally:
        await sql.close(timeout=5)


async def run(workload: Workload, plan: Plan) -> Report:
    """Drive the clients of a workload that is loaded. Raises one of DRIVER_ERRORS where clients cannot connect at the
    start, and a workload's own mistakes."""
    workload.validate()
    server = await attach(workload, plan.url)
    drive = _Drive(workload, plan)
    await drive.run()
    report = drive.report(server)
    report.problems += [
        f"{count:,} transactions failed with {state}, the first: {drive.measurements.first_errors[state]}"
        for state, count in sorted(report.errors.items())
    ]
    if not report.done:
        report.problems.append("no transaction ended as wanted")
    return report


@dataclass
class _Drive:
    """One run under way. Times are `now`'s."""

    workload: Workload
    plan: Plan
    measurements: Measurements = field(init=False)
    clients: list[Client] = field(init=False)
    timeline: list[Second] = field(default_factory=list)
    unstarted: int = 0
    _late: Latencies = field(default_factory=Latencies)
    _elapsed: float = 0.0
    _cpu_share: float = 0.0

    def __post_init__(self) -> None:
        plan = self.plan
        self.measurements = Measurements(list(self.workload.mix), open_loop=plan.curve is not None)
        self.clients = [Client(number, plan.url, plan.seed, plan.isolation) for number in range(plan.clients)]
        self._names = list(self.workload.mix)
        self._methods = {name: getattr(self.workload, name) for name in self._names}
        self._weights = list(accumulate(self.workload.mix.values()))
        self._arrivals: Iterator[float] | None = None

    async def run(self) -> None:
        gate = asyncio.Semaphore(CONNECTING_MAX)

        async def connect_one(client: Client) -> None:
            async with gate:
                await client.connect()

        try:
            await asyncio.gather(*(connect_one(client) for client in self.clients))
            if self.plan.warm_up:
                await self._warm_up()
            await self._measure()
        finally:
            await asyncio.gather(*(client.close() for client in self.clients), return_exceptions=True)

    async def _warm_up(self) -> None:
        """A closed loop; of its results only what went wrong is kept."""
        kept, self.measurements = self.measurements, Measurements(self._names)
        await self._drive(self.plan.warm_up)
        kept.first_errors = self.measurements.first_errors
        for name, kind in self.measurements.kinds.items():
            kept.kinds[name].errors, kept.kinds[name].unknown = kind.errors, kind.unknown
        self.measurements = kept
        for client in self.clients:
            client.retries.clear()
            client.reconnects = 0

    async def _measure(self) -> None:
        if self.plan.curve is not None:
            self._arrivals = arrivals(self.plan.curve, random.Random(f"{self.plan.seed}/arrivals"))
        cpu = time.process_time()
        await self._drive(self.plan.seconds, self._tell, self._pulse)
        ended = now()
        self._cpu_share = (time.process_time() - cpu) / (ended - self._begun)
        self._elapsed = max(self.plan.seconds, ended - self._begun)
        self._turn(ended)
        for due in self._arrivals or ():
            self.unstarted += 1
            self.measurements.waited.record(ended - (self._begun + due))

    async def _drive(self, seconds: float, *beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """All clients, for `seconds`, and what runs beside them."""
        self._begun = now()
        self._end = self._begun + seconds
        tasks = [asyncio.create_task(self._client(client)) for client in self.clients]
        others = [asyncio.create_task(run()) for run in beside]
        try:
            longest = seconds + DRAIN_S_MAX
            done, _ = await asyncio.wait(tasks, timeout=longest, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()  # a workload's own mistake ends the run
        finally:
            for task in [*tasks, *others]:
                task.cancel()
            await asyncio.gather(*tasks, *others, return_exceptions=True)

    async def _client(self, client: Client) -> None:
        while (meant := await self._next()) is not None:
            name = client.random.choices(self._names, cum_weights=self._weights)[0]
            begun = now()
            rolled_back = False
            try:
                await self._methods[name](client)
            except Rollback:
                rolled_back = True
            except UnknownOutcome:
                self.measurements.unknown(name)
                continue
            except DRIVER_ERRORS as error:
                self.measurements.failed(name, sqlstate_of(error), str(error))
                continue
            except asyncio.CancelledError:
                self.measurements.unknown(name)
                raise
            ended = now()
            wanted = begun if self._arrivals is None else meant
            self.measurements.done(name, ended - wanted, ended - begun, rolled_back=rolled_back)

    async def _next(self) -> float | None:
        """When the next transaction is meant to start, once that time has come; None at the end of the run."""
        current = now()
        if current >= self._end:
            return None
        if self._arrivals is None:
            return current
        due = next(self._arrivals, None)
        if due is None:
            return None
        meant = self._begun + due
        while (ahead := meant - now()) > 0:
            await asyncio.sleep(ahead)  # may wake early: the loop's timers count whole milliseconds
        return meant

    async def _tell(self) -> None:
        self._told = self._begun
        for second in range(1, int(self.plan.seconds + DRAIN_S_MAX) + 1):
            await asyncio.sleep(max(0.0, self._begun + second - now()))
            self._turn(now())

    def _turn(self, ended: float) -> None:
        """End the second that is under way; one with neither time nor results is none."""
        length = ended - self._told
        if length < PULSE_S and self.measurements.silent:
            return
        curve = self.plan.curve
        meant = None if curve is None else curve.rate_at(min(curve.seconds, (self._told + ended) / 2 - self._begun))
        retries = sum(sum(client.retries.values()) for client in self.clients)
        second = self.measurements.turn(ended - self._begun, length, meant, retries)
        self._told = ended
        self.timeline.append(second)
        if self.plan.on_second is not None and length > TOLD_S_MIN:
            self.plan.on_second(second, self.measurements)

    async def _pulse(self) -> None:
        """How late this loop is: what its own load does to the latencies that it measures."""
        while True:
            due = now() + PULSE_S
            await asyncio.sleep(PULSE_S)
            self._late.record(max(0.0, now() - due))

    def report(self, server: str) -> Report:
        plan = self.plan
        return Report(
            self.workload.name,
            plan.url,
            self.workload.scale,
            server=server,
            note=self.workload.note,
            loop="closed" if plan.curve is None else "open",
            clients=plan.clients,
            isolation=plan.isolation,
            seed=plan.seed,
            seconds=self._elapsed,
            measurements=self.measurements,
            retries=sum((client.retries for client in self.clients), Counter()),
            reconnects=sum(client.reconnects for client in self.clients),
            unstarted=self.unstarted,
            generator=Generator(self._cpu_share, self._late.summary()),
            timeline=self.timeline,
        )
