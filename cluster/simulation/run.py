"""One seed: the cluster starts, proofs run while it is struck, all faults are healed, it must make progress, and
everything is checked.

    report = run_seed(7)
    report.failure            None, or what was wrong in one line

0 s                 the cluster starts, the proofs make their tables; no faults yet
... `seconds`       clients run transactions, the nemesis strikes
then                faults end, all processes are up; each proof must commit something new within `PROGRESS_S_MAX`
then                every proof's checker, the verdict on the evidence, all replicas' contents
"""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.nemesis import Nemesis
from cluster.simulation import parked, verdict
from cluster.simulation.claim_witness import ClaimWitness
from cluster.simulation.coverage import Coverage
from cluster.simulation.emphases import emphasised
from cluster.simulation.hostile import ALL_LOSSES, SLOW_S_MAX, Plan, bounded, draw, forecast
from cluster.simulation.journal_witness import JournalWitness
from cluster.simulation.late_witness import LateWitness
from cluster.simulation.loser_witness import watched_losers
from cluster.simulation.membership_witness import MembershipWitness
from cluster.simulation.range_witness import RangeWitness
from cluster.simulation.restored import Lost, check_restored
from cluster.simulation.scenes import SCENES
from cluster.simulation.shared_parses import shared_parses
from cluster.simulation.simulated_cluster import LOSSY_WHOLE_S_MAX, SimulatedCluster, eventually
from cluster.simulation.snapshot_witness import watched_snapshots
from cluster.simulation.storage_witness import StorageWitness
from cluster.simulation.stored import STORED_SCENES, StoreWitness
from cluster.simulation.trim_witness import TrimWitness
from cluster.simulation.upkeep_witness import UpkeepWitness
from cluster.simulation.window_witness import WindowWitness
from cluster.simulation.witness import Witness
from workloads.proofs import PROOFS
from workloads.proofs.attempt import ProofClient
from workloads.proofs.connection import Connection, Rows, SqlError
from workloads.proofs.proof import Proof

SECONDS = 120.0
"""Of virtual time under faults."""
PROGRESS_S_MAX = 60.0
RUN_S_MAX = 900.0
"""Virtual; a run that has not ended by then hangs."""
SETUP_ATTEMPTS_MAX = 20
OUTAGE_SHARE = 0.5
"""Of the runs that end with a zone away."""
BUSY_S, BUSY_S_MAX = 0.02, 30.0
"""How often a keen nemesis looks whether anybody commits, and how long."""
REST_S, LAST_REST_S = 5.0, 2.0
"""Of a time without faults in which nobody may have to wait: half-way, where clients go on, and at the end, where
replicas are asked eight times or so."""
SLOW_CHECKPOINTS = "actors.storage.maintenance.SLICE_PAUSE_S"
"""With this bound, busy clients may fill memtables faster than they are written: readers wait though nothing is
wrong."""
OLD_S = 60.0
"""What clocks that are set at random, time and again, come to be off, at most."""
EARLIER_US = (0, 150_000, 2_000_000)
"""Replicas are compared at the end, and so long before it."""


@dataclass
class SeedReport:
    """`failure`: None, or one line; `details` then has the traceback."""

    seed: int
    plan: Plan
    failure: str | None = None
    details: str = ""
    seconds: float = 0.0
    virtual_s: float = 0.0
    attempts: int = 0
    commits: int = 0
    records: int = 0
    reads: int = 0
    rows: int = 0
    resumed: int = 0
    """How many times a parked session went on."""
    events: int = 0
    strikes: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    features: frozenset[str] = frozenset()
    """What the run has met, where that was asked for (coverage.py)."""
    trace: list[str] = field(default_factory=list)


def run_seed(
    seed: int,
    *,
    seconds: float = SECONDS,
    proofs: Sequence[str] = (),
    keep_trace: bool = False,
    change: Callable[[Plan], Plan] | None = None,
    proofs_alone: bool = False,
    plan: Plan | None = None,
    covered: bool = False,
) -> SeedReport:
    """`proofs`: of which to choose; all where none is named. `plan`: in place of the one that the seed draws.
    `covered`: the report tells what the run has met. For tests: `change` makes another plan of the one drawn, and with
    `proofs_alone` nobody judges but the proofs, who see what a client sees."""
    if plan is None:
        plan = drawn_plan(seed, proofs, seconds)
    if change is not None:
        plan = change(plan)
    report = SeedReport(seed, plan)
    begun = time.perf_counter()
    cluster = SimulatedCluster(seed, plan, keep_trace)
    world = cluster.world
    collecting = gc.isenabled()
    world.collects_garbage = collecting
    gc.disable()  # what a run leaves behind is collected at its end, by the world, and nothing else is looked at
    gc.freeze()  # for good: to look at it all again after each run would take as long as the run
    with world, bounded(plan.bounds), shared_parses(), ExitStack() as watching:
        run = _Run(cluster, report, seconds, proofs_alone)
        if not proofs_alone:
            watching.enter_context(run.windows.watching())
            watching.enter_context(run.ranges.watching())
            watching.enter_context(UpkeepWitness(world).watching())
            watching.enter_context(watched_snapshots(world))
            watching.enter_context(watched_losers(world))
        coverage = Coverage(world) if covered else None
        if coverage is not None:
            world.network.observe(coverage)
        with _noted(report):
            world.run(run.scenario(), RUN_S_MAX)
        run.account()
        if coverage is not None:
            report.features = coverage.features()
        report.virtual_s = world.loop.time()
        report.events = world.trace.count
        report.digest = world.trace.digest
        report.trace = list(world.trace.lines)
    with bounded(plan.bounds), shared_parses(), _noted(report):
        for lost in run.lost if report.failure is None else ():
            report.rows += check_restored(seed, plan, lost, world.loop.time())
    if collecting:
        gc.enable()
    report.seconds = time.perf_counter() - begun
    return report


@contextmanager
def _noted(report: SeedReport) -> Iterator[None]:
    """What is raised meanwhile is the run's failure."""
    try:
        yield
    except Exception as error:
        cause = error.__cause__ or error
        report.failure = f"{type(cause).__name__}: {cause}".splitlines()[0]
        report.details = "".join(traceback.format_exception(error))


def drawn_plan(seed: int, proofs: Sequence[str] = (), seconds: float = SECONDS) -> Plan:
    names = proof_names(proofs)
    return emphasised(draw(Random(f"{seed}/plan"), names, seconds), Random(f"{seed}/emphases"), names)


def proof_names(proofs: Sequence[str] = ()) -> tuple[str, ...]:
    """Those to choose from, where none is named all but that of sessions: it is for runs that park them."""
    return tuple(sorted(proofs or PROOFS.keys() - {parked.PROOF}))


class _Run:
    def __init__(self, cluster: SimulatedCluster, report: SeedReport, seconds: float, proofs_alone: bool) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._report = report
        self._seconds = seconds
        self._strikes_end = 0.0
        self._calm = False
        self._plan = cluster.plan
        self._recent = cluster.plan.faults.clock_honest
        self._proofs: list[Proof] = [
            PROOFS[name](self._plan.pace_s, self._recent, self._plan.crowded) for name in self._plan.proofs
        ]
        for proof in self._proofs:
            proof.row_bytes = self._plan.row_bytes
        if self._plan.settings.limits.transaction_age_s < OLD_S:
            for proof in self._proofs:
                proof.tolerated = (PROGRAM_LIMIT_EXCEEDED,)
        self._witness = Witness(self._world, cluster.owns)
        self._journals = JournalWitness(self._world, self._witness.evidence)
        self._storage = StorageWitness(self._world, cluster.states.spans)
        self._late = LateWitness(self._world, cluster.storage_keys, self._plan.farthest_s)
        self.windows = WindowWitness(self._world)
        self.ranges = RangeWitness()
        self.members = MembershipWitness(self._world, self._witness.unstored, self._witness.evidence.headers)
        if not proofs_alone:
            cluster.states.on_acknowledged.append(self.members.acknowledged)
        self._trims = TrimWitness(self._world, self._witness.checkpointed)
        self._proofs_alone = proofs_alone
        self._stored: StoreWitness | None = None
        self.lost: list[Lost] = []
        """What clusters are to be made of once this one has ended."""
        self._sessions = parked.SessionWitness(self._world)
        if self._world.kernel is not None and not proofs_alone:
            self._world.kernel.observers.append(self._sessions)
        if not proofs_alone:
            self._world.network.observe(
                *(self._witness, self._journals, self._storage),
                *(ClaimWitness(self._world), self._late, self.windows, self._trims),
            )
            if self._world.stored is not None:
                self._stored = StoreWitness(
                    self._world, self._world.stored, lambda: {*cluster.newest_map.shards}, self._plan.keeps_state
                )
                self._world.network.observe(self._stored)
        self._nemeses = [
            Nemesis(
                self._world,
                cluster.groups,
                strikes=(*self._plan.strikes, *(() if number else self._plan.losses)) or ("jump",),
                pause_s_max=self._plan.pause_s_max,
                strike_s_max=self._plan.strike_s_max,
                until_whole=self._until_whole,
                disk_victims=cluster.disk_groups,
                reshapings=cluster.reshapings,
                scenes={name: partial(scene, cluster) for name, scene in (SCENES | STORED_SCENES).items()},
                losses=ALL_LOSSES,
                until_busy=self._until_busy if self._plan.keen and not proofs_alone else None,
                label=f"nemesis/{number}",
            )
            for number in range(self._plan.nemeses)
        ]
        cluster.nemeses = self._nemeses

    async def _until_busy(self) -> None:
        """Until somebody commits, or nobody does for a while."""
        told = self._witness.evidence.told
        before = len(told)
        await self._world.until(lambda: len(told) != before, BUSY_S, BUSY_S_MAX)

    async def _until_whole(self) -> None:
        """After a loss. Where another nemesis strikes meanwhile it may take as long as that does."""
        if self._plan.nemeses == 1:
            await self._cluster.until_whole(seconds=LOSSY_WHOLE_S_MAX, clocks_are_right=self._recent)
        else:
            await self._cluster.until_whole(self._strikes_end, clocks_are_right=self._recent)

    def account(self) -> None:
        report = self._report
        report.attempts = sum(proof.attempts for proof in self._proofs)
        report.commits = sum(proof.commits for proof in self._proofs)
        report.records = sum(map(len, self._witness.evidence.records.values()))
        report.reads = len(self._witness.evidence.reads)
        report.resumed = self._sessions.resumed
        report.strikes = sum((nemesis.counts for nemesis in self._nemeses), Counter())

    async def scenario(self) -> None:
        world = self._world
        self._set_faults(Faults())
        await self._cluster.start()
        database = self._cluster.database("setup")
        connection = _Persistent(await database.connect())
        for proof in self._proofs:
            await proof.setup(connection)
        if not self._recent:
            await asyncio.sleep(
                OLD_S
            )  # a snapshot that is taken by a clock far behind still has the proofs' first rows
        self._set_faults(self._plan.faults)
        keepers = [asyncio.create_task(self._cluster.supervise())]
        end = world.loop.time() + self._seconds
        clients = [
            asyncio.create_task(self._client(proof, number, end))
            for proof in self._proofs
            for number in range(self._plan.clients)
        ]
        weather = asyncio.create_task(self._weather())
        keepers += [asyncio.create_task(self._stored.disaster(self._seconds))] if self._stored is not None else []
        self._strikes_end = end
        lull = asyncio.create_task(self._lull())
        if self._plan.strikes or self._plan.losses:
            await asyncio.gather(*(nemesis.run(self._seconds) for nemesis in self._nemeses))
        await _all([*clients, lull])
        weather.cancel()
        self._set_faults(Faults())
        world.network.heal()
        await self._set_clocks()  # first: what waits for a time that a clock far ahead has named may wait as long
        await self._cluster.until_whole()
        self._trims.at_rest()
        if self._world.derive("outage").random() < OUTAGE_SHARE:
            await self._outage()
        for proof in self._proofs:
            await self._progress(proof)
        if not self._proofs_alone:
            await self._late.look(LAST_REST_S, directly=True)
        await self._check(keepers)

    async def _lull(self) -> None:
        """Half-way nobody strikes, network and disks are what they should be, clients go on: whoever asks is answered
        in time."""
        if not self._plan.lull or self._proofs_alone or not self._recent or SLOW_CHECKPOINTS in self._plan.bounds:
            return
        await asyncio.sleep(self._seconds / 3)
        for nemesis in self._nemeses:
            nemesis.paused = True
        while any(nemesis.busy for nemesis in self._nemeses):
            if self._world.loop.time() >= self._strikes_end:
                return
            await asyncio.sleep(0.5)
        self._calm = True
        self._set_faults(Faults())
        await self._cluster.until_whole()
        await self._late.look(REST_S)
        self._sessions.look()
        self._calm = False
        self._set_faults(self._plan.faults)
        for nemesis in self._nemeses:
            nemesis.paused = False

    async def _outage(self) -> None:
        """All of an availability zone is gone for good, as far as the others can tell: they go on without it."""
        cluster = self._cluster
        az = self._world.derive("outage/az").choice(sorted({process.az for process in self._world.processes.values()}))
        if not cluster.can_do_without(az):
            return
        cluster.take_away(az)
        for proof in self._proofs:
            await self._progress(proof)
        cluster.give_back()
        await cluster.until_whole()

    async def _weather(self) -> None:
        """Races change: what is slow now, is fast a while later."""
        if not self._plan.weather_s_max:
            return
        network, random = self._world.network, self._world.derive("weather")
        while True:
            slow_s_max = random.choice(SLOW_S_MAX)
            if not self._calm:
                network.faults = replace(network.faults, slow_messages=forecast(random), slow_s_max=slow_s_max)
            await asyncio.sleep(random.uniform(0, self._plan.weather_s_max))

    def _set_faults(self, faults: Faults) -> None:
        self._world.network.faults = faults
        for process in self._world.processes.values():
            for image in process.disks.values():
                image.faults = faults
        if self._world.kernel is not None:
            self._world.kernel.lost_share = 0.0 if faults == Faults() else self._plan.lost_descriptors
        if self._world.stored is not None and faults == Faults():
            self._world.stored.calm()  # it is a strike that makes it refuse (stored.py)

    async def _set_clocks(self) -> None:
        """Clocks are right again; what was committed at later times is past before anything is judged."""
        world = self._world
        for process in world.processes.values():
            process.clock.offset_us, process.clock.drift_ppm = 0, 0.0
        last = max((told.commit_ts for told in self._witness.evidence.told.values()), default=0)
        while world.clock.true_us() <= last:
            await asyncio.sleep(0.5)

    async def _client(self, proof: Proof, number: int, end: float) -> None:
        label = f"{proof.name}/{number}"
        await proof.run_client(
            self._cluster.database(f"sockets/{label}", self._plan.dawdle_s),
            number,
            self._world.derive(label),
            lambda: self._world.loop.time() >= end,
        )

    def _proof_client(self, proof: Proof, purpose: str) -> ProofClient:
        label = f"{purpose}/{proof.name}"
        return ProofClient(
            self._cluster.database(label), self._world.derive(label), proof.problems, proof.recent, proof.tolerated
        )

    async def _progress(self, proof: Proof) -> None:
        client = self._proof_client(proof, "progress")

        async def attempt() -> bool:
            await proof.step(client, 1)
            return client.commits > 2

        await eventually(
            self._world, attempt, PROGRESS_S_MAX, f"{proof.name} commits nothing after all faults are healed"
        )
        await client.close()

    async def _check(self, keepers: list[asyncio.Task[None]]) -> None:
        world = self._world
        for proof in self._proofs:
            client = self._proof_client(proof, "check")
            await proof.rewrite(client)
            wrong = [*proof.problems, *await proof.check(client)]
            assert not wrong, f"{proof.name}: {wrong[0]} ({len(wrong)} problems)"
            await client.close()
        if self._proofs_alone:
            return
        await self._set_clocks()
        self._cluster.follow_topology()
        await verdict.await_replicas(world, self._cluster.newest_map, world.clock.true_us())
        await self._cluster.until_settled()
        if self._stored is not None and self._plan.keeps_state:
            await self._stored.reaches(max(told.commit_ts for told in self._witness.evidence.told.values()))
        await self._trims.check(lambda: {int(role.split("/")[1]) for role in self._cluster.roles("journal/")} - {0})
        await verdict.read_the_rest(world, self._witness.evidence)
        await self._journals.await_equal()
        self._progress_of(keepers)
        model = verdict.check_records(self._witness.evidence)
        self.windows.check(commitment.header.transaction for commitment in model.commits.values())
        times = {commitment.header.commit_ts for commitment in model.commits.values()}
        self.ranges.check(self._cluster.states.maps(self._cluster.map), times.__contains__)
        self.members.check(sorted(self._witness.evidence.records))
        if self._stored is not None:
            self._stored.check(self._witness.evidence.records)
            if self._plan.keeps_state:
                self.lost = self._stored.lost(self._witness.evidence)
        now = world.clock.true_us()
        self._report.rows = await verdict.check_replicas(
            world, model, self._cluster.newest_map, [now - earlier for earlier in EARLIER_US]
        )

    def _progress_of(self, keepers: list[asyncio.Task[None]]) -> None:
        """One that has failed fails the run."""
        for keeper in keepers:
            if keeper.done():
                keeper.result()


class _Persistent:
    """Setting up: a conflict (with an epoch that has just begun, say) is certain not to have committed, and tried
    again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.closed = False

    async def execute(self, sql: str) -> Rows:
        for _ in range(SETUP_ATTEMPTS_MAX):
            try:
                return await self._connection.execute(sql)
            except SqlError as error:
                if error.sqlstate != "40001":
                    raise
            await asyncio.sleep(0.2)
        raise AssertionError(f"no progress: {sql}")

    async def close(self) -> None:
        await self._connection.close()


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    """The first failure ends the run, the others are left to the world's end."""
    await asyncio.gather(*tasks)
