"""What a seed draws for a run: the layout, hostile settings, the faults of network, disks and clocks, who is struck and
how, and which proofs run.

Every setting has a second, hostile value that only the simulator picks: segments of a few records, windows of a few
bytes, leases as short as a message's way. Most draws leave most things as they are, so that seeds differ in kind (swarm
testing, Groce et al., ISSTA 2012).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from random import Random
from typing import TypeVar

from actors.common.settings import OPEN_LIMITS, Adjudication, Journaling, Layout, Querying, Settings, Storing, Streaming
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.nemesis import DISK_STRIKES, LOSSES, RESTARTS, STRIKES

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """One seed's run. `strikes` empty: nobody is struck. `clients`: of each proof."""

    settings: Settings
    faults: Faults
    proofs: tuple[str, ...]
    clients: int
    pace_s: float
    strikes: tuple[str, ...]
    pause_s_max: float
    strike_s_max: float
    bounds: tuple[str, ...] = ()
    """Which of `BOUNDS` are small in this run."""
    dawdle_s: float = 0.0
    """Clients think for up to so long before some statements."""
    dawdle_share: float = 0.03
    """Of the statements before which they do."""
    cuts: tuple[bytes, ...] = ()
    """Where keyspaces are cut, if not where a new cluster's map does it: among the small integers that the proofs' keys
    are, so that every owner has some."""
    crowded: bool = False
    """Many clients, who come seldom and all at once, go for few keys."""
    nemeses: int = 1
    """Two strike at the same time: any quorum may be away for a while."""
    weather_s_max: float = 0.0
    """After at most so long, other classes of messages are slow; 0: the same ones all the time."""
    losses: tuple[str, ...] = ()
    """Of two nemeses, the first one's alone: disks are lost one at a time, while the other one goes on striking. (One
    nemesis: among its `strikes`.)"""
    row_bytes: int = 0
    """Of large rows, in the proofs that have some; 0: small ones."""
    emphases: tuple[str, ...] = ()
    """Which of `emphases.EMPHASES` have shaped this plan."""
    keen: bool = False
    """Most strikes wait until somebody commits."""
    lull: bool = False
    """Half-way everything rests for a while: no strikes, calm network and disks, clients as busy as before."""
    keeps_state: bool = False
    """The controller keeps the cluster's state in journal 0, and tells processes their roles, as in production."""
    distances: tuple[tuple[str, str, float], ...] = ()
    """Of regions (settings.regions), by pair: seconds one way."""
    jitter_share: float = 0.0
    """What goes from one region to another takes up to so much longer."""
    one_host: bool = False
    """The controller's kernel tells of silent processes whether they are at work (cluster/working.py): half of those
    that are stalled seem so, and all that are cut off."""

    gateways: bool = False
    """All processes are on one host, whose gateways take clients in and keep resting sessions (parked.py)."""
    lost_descriptors: float = 0.0
    """How often a process of that host finds no descriptor left for a socket that is passed to it."""

    @property
    def farthest_s(self) -> float:
        """One way between the regions that lie farthest from each other, at most."""
        return max((seconds for _, _, seconds in self.distances), default=0.0) * (1 + self.jitter_share)


def draw(random: Random, proofs: tuple[str, ...], seconds: float) -> Plan:
    """`proofs`: the names to choose from. `seconds` of virtual time: a longer run has longer pauses."""
    calm = random.random() < 0.2
    strikes = () if random.random() < 0.1 else tuple(random.sample(ALL_STRIKES, random.randint(1, len(ALL_STRIKES))))
    nemeses = random.choice((1, 1, 2))
    plan = Plan(
        settings=hostile_settings(random),
        faults=Faults() if calm else mild(Faults.hostile(random), random),
        proofs=tuple(sorted(random.sample(proofs, min(2, len(proofs))))),
        clients=random.randint(2, 4),
        pace_s=seconds / 120 * random.choice((1.0, 2.5, 5.0)),
        strikes=strikes if nemeses == 1 else tuple(strike for strike in strikes if strike not in ALL_LOSSES),
        pause_s_max=random.choice((1.0, 5.0, 15.0)),
        strike_s_max=random.choice((0.5, 3.0, 10.0)),
        nemeses=nemeses,
    )
    if strikes and random.random() < 0.3:  # drawn last: what is added here leaves old seeds' plans as they were
        plan = replace(plan, strikes=(*plan.strikes, *RESHAPINGS))
    plan = replace(plan, cuts=draw_cuts(random, max(plan.settings.layout.adjudicators, plan.settings.layout.shards)))
    plan = replace(plan, dawdle_s=random.choice((0.0, 1.0, 10.0)))
    plan = replace(plan, bounds=tuple(name for name in BOUNDS if name not in ASIDE and random.random() < 0.3))
    if nemeses == 2 and random.random() < 0.7:
        plan = replace(plan, losses=tuple(strike for strike in strikes if strike in ALL_LOSSES))
    if random.random() < 0.5:
        plan = replace(plan, crowded=True, clients=random.randint(5, 8), pace_s=plan.pace_s * 2)
    if not calm and random.random() < 0.5:
        slow = tuple(random.sample(SLOW_MESSAGES, random.randint(1, 3)))
        plan = replace(plan, faults=replace(plan.faults, slow_messages=slow, slow_s_max=random.choice(SLOW_S_MAX)))
    if not calm:
        plan = replace(plan, weather_s_max=random.choice((0.0, 0.0, 2.0, 10.0)))
    if not calm and random.random() < 0.15:
        plan = replace(
            plan, faults=replace(plan.faults, clock_offset_us_max=SKEW_US, clock_error_us=0, clock_honest=False)
        )
    plan = replace(
        plan,
        lull=bool(strikes) and random.random() < 0.3,
        row_bytes=random.choice((0, 0, 0, 300, 3000)),
        keen=random.random() < 0.3,
    )
    plan = replace(plan, one_host=random.random() < 0.5)
    aside = Random(repr(random.getstate()))
    if aside.random() < 0.5:
        scales = plan.strikes and aside.random() < 0.5
        shifts = plan.strikes and aside.random() < 0.5
        strikes = (*plan.strikes, *(("scale",) if scales else ()), *(("boundary",) * BOUNDARIES if shifts else ()))
        plan = replace(plan, keeps_state=True, strikes=strikes)
        if plan.strikes and aside.random() < 0.5:
            plan = replace(plan, strikes=(*plan.strikes, *("shards",) * RESHAPES))
        if plan.strikes and Random(f"{aside.getstate()!r}/turnover").random() < 0.4:
            plan = replace(plan, strikes=(*plan.strikes, "turnover"))
        if plan.strikes and Random(f"{aside.getstate()!r}/replicas").random() < 0.3:
            plan = replace(plan, strikes=(*plan.strikes, "replicas"))
    return plan


SKEW_US = 300_000
"""What clocks that claim to be true are off, at most, in some runs: long enough for transactions to be decided in one
order and timed in another."""
SLOW_S_MAX = (0.05, 0.3, 1.0)
COMMIT_MESSAGES = (
    "Commit",
    "Part",
    "Gather",
    "Committed",
    "Prepare",
    "Prepared",
    "Decided",
    "AskOutcome",
    "OutcomeIs",
    "AskPromise",
    "Promised",
)
SLOW_MESSAGES = (
    *COMMIT_MESSAGES,
    *(
        "Append",
        "Appended",
        "Seal",
        "Sealed",
        "Fetch",
        "Fetched",
        "Promote",
        "Reset",
        "Trim",
        "SubscribeJournal",
        "JournalRecords",
    ),
    *(
        "SubscribeRange",
        "Stage",
        "Deliver",
        "StreamAck",
        "Get",
        "Got",
        "Scan",
        "Scanned",
        "Topology",
        "Lead",
        "StartRole",
        "StopRole",
    ),
    *("AskContents", "Contents", "AskPiece", "Piece", "DemandWatermark", "Watched"),
)


def forecast(random: Random) -> tuple[str, ...]:
    """Which classes of messages are slow next, if any; half of the time those of the commit protocol."""
    return tuple(random.sample(random.choice((COMMIT_MESSAGES, SLOW_MESSAGES)), random.randint(0, 3)))


def draw_cuts(random: Random, pieces: int) -> tuple[bytes, ...]:
    """Into three pieces, a new cluster's map leaves every small integer in the middle one."""
    if pieces == 2 and random.random() < 0.5:
        return ()
    return tuple(small_key(place) for place in sorted(random.sample(range(-4, 5), pieces - 1)))


def small_key(value: int) -> bytes:
    """As the proofs' keys are encoded, without their keyspace."""
    return ((1 << 31) + value).to_bytes(4, "big")


STORE_BOUNDS: dict[str, float] = {
    "actors.storage.archive.TURN_S": 2.0,
    "actors.storage.archive.RETRY_S": 0.5,
    "actors.storage.archive.PIECE_BYTES_MAX": 500,
    "actors.storage.archive.JOURNALS_PAUSE_S": 0.2,
    "actors.journal.archive.TURN_S": 2.0,
    "actors.journal.archive.RETRY_S": 0.5,
    "actors.journal.archive.PIECE_BYTES": 2000,
    "actors.journal.archive.KEPT_S": 5.0,
    "actors.storage.ended.SWEEP_S": 1.0,
    "actors.storage.ended.GRACE_S": 10.0,
}
"""Of runs with an object store, whose emphasis draws them (stored.py)."""
FAR_BOUNDS: dict[str, float] = {
    "actors.adjudicator.lead.RAISE_S": 0.1,
    "actors.adjudicator.lead.LOWER_S": 0.5,
    "actors.adjudicator.ahead.LOOK_S": 0.1,
}
"""Of runs with several regions, likewise (regions.py)."""
ASIDE = {*STORE_BOUNDS, *FAR_BOUNDS}
BOUNDS = {
    "actors.storage.segment.BLOCK_ROWS_MAX": 3,
    "actors.storage.segment.BLOCKS_OPEN_MAX": 1,
    "actors.storage.maintenance.SLICE_ROWS": 2,
    "actors.storage.maintenance.SLICE_PAUSE_S": 0.05,
    "actors.storage.maintenance.LARGE_BYTES": 2000,
    "actors.storage.staging.MEMORY_PIECES_MAX": 1,
    "actors.storage.staging.SYNC_BYTES": 1000,
    "actors.storage.upkeep.LOOK_BYTES_S": 20_000.0,
    "actors.storage.memtable.BULK_ROWS": 2,
    "actors.storage.block_scan.BLOCK_SCAN_ROWS_MIN": 1,
    "actors.adjudicator.claim.BULK_KEYS": 1,
    "actors.adjudicator.window.WINDOW_KEYS_MAX": 10,
    "actors.crossbar.subscriber.LAZY_BYTES": 100,
    "actors.crossbar.subscriber.DELIVER_BYTES_MAX": 1000,
    "actors.crossbar.merge.PENDING_MAX": 1,
    "actors.crossbar.catch_up.COLLECTED_BYTES_MAX": 1,
    "actors.journal.subscription.MESSAGE_BYTES_MAX": 1000,
    "actors.storage.scan.WORK_US_MAX": 1,
    "actors.common.write_set.PIECE_ROWS_MAX": 1,
    "actors.query_processor.transaction.buffer.SORT_ROWS": 2,
    "actors.query_processor.transaction.committing.PARTS_AHEAD": 1,
    "actors.storage.scan.WINDOW_ROWS_MAX": 2,
    "actors.storage.replica.ACK_MESSAGES_MAX": 1,
    "actors.storage.upkeep.RETRY_S": 0.3,
    "actors.storage.filling.PIECE_BYTES_MAX": 500,
    "actors.reading.storage_client.GET_KEYS_MAX": 1,
    "actors.reading.storage_client.PIECES_AHEAD": 1,
    **STORE_BOUNDS,
    **FAR_BOUNDS,
}
"""Constants that divide the usual from the rare (a block's rows, a bulk write's keys), and values that make the rare
usual: runs are too small to get there otherwise. Not so small that a lossy network brings no stream to its end: whoever
misses a message reads on from there, and needs a row of messages that arrive."""


@contextmanager
def bounded(names: Sequence[str]) -> Iterator[None]:
    """Those of `BOUNDS` have their small values meanwhile."""
    usual = []
    for name in names:
        module, _, constant = name.rpartition(".")
        usual.append((import_module(module), constant, getattr(import_module(module), constant)))
        setattr(import_module(module), constant, BOUNDS[name])
    try:
        yield
    finally:
        for home, constant, value in usual:
            setattr(home, constant, value)


BOUNDARIES = 3
"""A range that moves takes some milliseconds: it must do so often, to meet the others."""
RESHAPES = 2
RESHAPINGS = ("move",)
"""Of those that the simulated cluster offers."""
SCENES = ("sever", "island")
LOSING_SCENES = ("regather", "decay")
"""Of scenes.py; the latter lose what is on a disk."""
ALL_LOSSES = (*LOSSES, *LOSING_SCENES, "bereave", "relapse")
"""Of the last two an emphasis draws the first alone (stored.py), and nothing the other (scenes.py)."""
ALL_STRIKES = (*STRIKES, *DISK_STRIKES, RESTARTS, *SCENES, *LOSING_SCENES)


def mild(faults: Faults, random: Random) -> Faults:
    """Half of the worlds have a network that fails by strikes alone: constant loss hides what only long histories
    show."""
    return replace(faults, loss_chance=0.0, delay_spike_chance=0.0) if random.random() < 0.5 else faults


def hostile_settings(random: Random) -> Settings:
    aside = Random(repr(random.getstate()))
    """Draws nothing from `random`: what else a seed draws stays as it was."""

    def mostly(usual: T, *hostile: T) -> T:
        return random.choice(hostile) if random.random() < 0.4 else usual

    settings = Settings(
        mode="open",
        limits=replace(OPEN_LIMITS, transaction_age_s=mostly(300, 30)),
        adjudication=Adjudication(
            lease_ms=mostly(500, 60, 3000),
            pending_wait_ms_max=mostly(1000, 20),
            prepare_timeout_ms=mostly(2000, 200),
            ask_outcome_ms=mostly(250, 5),
        ),
        journaling=replace(
            Journaling(segment_bytes=mostly(16 << 20, 4000, 50_000), append_bytes_max=mostly(4 << 20, 1000)),
            writer_bytes_max=aside.choice((64 << 20, 3000)),
            replica_bytes_max=aside.choice((8 << 20, 1)),
        ),
        streaming=Streaming(
            window_bytes=mostly(16 << 20, 2000),
            held_bytes_max=mostly(64 << 20, 5000),
            ring_bytes_max=mostly(64 << 20, 2000),
            silence_s=mostly(2.0, 0.3),
        ),
        storing=Storing(
            memtable_bytes_max=mostly(64 << 20, 2000, 20_000),
            checkpoint_idle_s=mostly(10.0, 0.5),
            read_wait_s=mostly(5.0, 0.5),
            segments_max=mostly(8, 2),
        ),
        querying=Querying(plan_cache_entries=mostly(1024, 4), column_threads=1),
        layout=Layout(
            query_processors=mostly(2, 1, 3),
            adjudicators=mostly(2, 1, 3),
            shards=mostly(2, 1, 3),
            placement=mostly("role", "az"),
        ),
    )
    if aside.random() < 0.25:
        settings = replace(settings, limits=replace(settings.limits, transaction_age_s=5))
    foresight_ms = Random(f"{aside.getstate()!r}/foresight").choice((0, 16, 100, 400))
    settings = replace(settings, adjudication=replace(settings.adjudication, foresight_ms=foresight_ms))
    return trimmed(settings) if aside.random() < 0.3 else settings


def trimmed(settings: Settings) -> Settings:
    """Journals lose their oldest records all the time: segments of a few records, and storage that checkpoints as soon
    as it is idle."""
    return replace(
        settings,
        journaling=replace(settings.journaling, segment_bytes=2000),
        storing=replace(settings.storing, checkpoint_idle_s=0.5),
    )
