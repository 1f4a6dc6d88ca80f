"""What the plans of seeds are narrowed to, so that a planted bug (bugs.py) shows soon: the strikes that bring it out,
the settings under which the code that has it runs often, and no more faults than it needs.

Each function is a `Planted.change`: it takes the plan that a seed has drawn and returns another, with all else as
drawn. `with_strikes` and `with_settings` make one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from random import Random

from actors.common.settings import AUTO, Adjudication, Regions, Settings
from actors.runtime.simulation.faults import Faults
from cluster.simulation.emphases import several_adjudicators, sweeping
from cluster.simulation.hostile import FAR_BOUNDS, Plan, draw_cuts, trimmed
from cluster.simulation.parked import PROOF as SESSIONS
from cluster.simulation.parked import parked
from cluster.simulation.regions import FIVE_ZONES, ZONES, patient
from cluster.simulation.stored import SMALL_JOURNALS, stored
from workloads.proofs import PROOFS


def with_strikes(*strikes: str, pause_s: float = 3.0) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, strikes=strikes, pause_s_max=pause_s, strike_s_max=1.0, pace_s=1.0)


def two_nemeses(plan: Plan) -> Plan:
    """An old leader is cut off while replicas die: what fencing is for."""
    return replace(
        plan,
        strikes=("stall", "isolate", "mute", "deaf", "kill"),
        nemeses=2,
        pause_s_max=1.0,
        strike_s_max=2.0,
        pace_s=0.5,
    )


def short_leases(plan: Plan) -> Plan:
    settings = replace(plan.settings, adjudication=Adjudication(lease_ms=60))
    return replace(
        plan, settings=settings, strikes=("kill", "rolling", "stall"), pause_s_max=1.0, strike_s_max=0.5, pace_s=0.5
    )


def with_settings(change: Callable[[Settings], Settings]) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, settings=change(plan.settings), pace_s=1.0)


def small_storage(settings: Settings) -> Settings:
    storing = replace(settings.storing, memtable_bytes_max=2000, checkpoint_idle_s=0.5, segments_max=2)
    return replace(settings, storing=storing, limits=replace(settings.limits, transaction_age_s=30))


def busy(plan: Plan) -> Plan:
    return replace(plan, pace_s=0.5)


def foreseeing(plan: Plan) -> Plan:
    """Calm, with more who read than who write, and promises far ahead for them."""
    adjudication = replace(plan.settings.adjudication, foresight_ms=400)
    settings = replace(plan.settings, adjudication=adjudication)
    return replace(plan, settings=settings, strikes=(), crowded=True, clients=8, pace_s=1.0)


def busy_pair(plan: Plan) -> Plan:
    """Two adjudicators and two shards, calm."""
    layout = replace(plan.settings.layout, adjudicators=2, shards=2)
    return replace(plan, settings=replace(plan.settings, layout=layout), cuts=(), pace_s=0.3)


def impatient_pair(plan: Plan) -> Plan:
    """Participants ask for outcomes at once."""
    plan = busy_pair(plan)
    return replace(
        plan, settings=replace(plan.settings, adjudication=replace(plan.settings.adjudication, ask_outcome_ms=1))
    )


def in_parts(plan: Plan) -> Plan:
    """Every transaction of several rows travels in parts, and messages are small."""
    bounds = (
        "actors.common.write_set.PIECE_ROWS_MAX",
        "actors.query_processor.transaction.buffer.SORT_ROWS",
        "actors.crossbar.subscriber.DELIVER_BYTES_MAX",
        "actors.crossbar.subscriber.LAZY_BYTES",
        "actors.storage.staging.MEMORY_PIECES_MAX",
        "actors.storage.maintenance.LARGE_BYTES",
        "actors.adjudicator.claim.BULK_KEYS",
    )
    return replace(plan, bounds=bounds, cuts=(), pace_s=0.3)


def in_parts_over_a_lossy_network(plan: Plan) -> Plan:
    """... and streams break off in the middle of them."""
    plan = in_parts(plan)
    return replace(plan, strikes=("kill", "regather", "isolate"), pause_s_max=1.0, strike_s_max=0.5, nemeses=1)


def in_parts_of_small_storage(plan: Plan) -> Plan:
    plan = in_parts(plan)
    return replace(
        plan, settings=small_storage(plan.settings), strikes=("kill", "power"), pause_s_max=2.0, strike_s_max=0.5
    )


def in_parts_of_trimmed_journals(plan: Plan) -> Plan:
    """... and subscribers come back to journals that have lost their oldest records."""
    plan = in_parts(plan)
    settings = trimmed(replace(plan.settings, limits=replace(plan.settings.limits, transaction_age_s=5)))
    return replace(plan, settings=settings, strikes=("kill", "regather"), pause_s_max=1.0, strike_s_max=0.5, nemeses=1)


def in_parts_by_several(plan: Plan) -> Plan:
    """... over two adjudicators."""
    plan = in_parts(plan)
    layout = replace(plan.settings.layout, adjudicators=2, shards=2)
    return replace(plan, settings=replace(plan.settings, layout=layout), crowded=True, clients=6)


def repeating(plan: Plan) -> Plan:
    """What is repeated comes much later the second time."""
    faults = replace(plan.faults, repeat_chance=0.5, slow_messages=("SubscribeRange",), slow_s_max=1.0)
    return replace(plan, faults=faults, strikes=("kill", "isolate"), pause_s_max=0.5, strike_s_max=0.5, pace_s=0.3)


def losing_disks(plan: Plan) -> Plan:
    return replace(
        plan,
        settings=trimmed(plan.settings),
        strikes=("wipe",),
        nemeses=1,
        pause_s_max=2.0,
        strike_s_max=0.5,
        pace_s=0.5,
    )


def slow_disks(plan: Plan) -> Plan:
    return replace(
        plan,
        faults=replace(plan.faults, sync_s_max=0.1),
        strikes=("power", "power", "kill"),
        pause_s_max=2.0,
        pace_s=0.5,
    )


def scaling(plan: Plan) -> Plan:
    """The controller keeps its state, changes it often, and is killed and cut off."""
    strikes = ("scale", "scale", "kill", "isolate", "mute", "stall")
    settings = trimmed(replace(plan.settings, layout=replace(plan.settings.layout, placement="az")))
    plan = replace(plan, keeps_state=True, settings=settings, nemeses=2, losses=())
    return replace(plan, strikes=strikes, pause_s_max=0.5, strike_s_max=1.0, pace_s=2.0)


def shifting(plan: Plan) -> Plan:
    """Ranges go to and fro between two adjudicators all the time, under transactions that span both and need long to be
    decided."""
    layout = replace(plan.settings.layout, adjudicators=2)
    cuts = draw_cuts(Random(repr(plan.cuts)), max(2, layout.shards))
    faults = replace(plan.faults, slow_messages=("Prepared", "Decided"), slow_s_max=0.3)
    plan = replace(
        plan,
        keeps_state=True,
        settings=replace(plan.settings, layout=layout),
        cuts=cuts,
        faults=faults,
        nemeses=1,
        crowded=True,
        clients=6,
    )
    return replace(
        plan,
        strikes=("boundary",),
        pause_s_max=0.5,
        strike_s_max=1.0,
        pace_s=0.5,
        dawdle_s=3.0,
        dawdle_share=0.15,
        weather_s_max=0.0,
    )


def shifting_out_of_step(plan: Plan) -> Plan:
    """... and whose clocks are further apart than a lease: participants are asked again, for a later time."""
    plan = shifting(plan)
    faults = replace(plan.faults, clock_offset_us_max=300_000, clock_honest=False)
    return replace(
        plan,
        faults=faults,
        settings=replace(plan.settings, adjudication=replace(plan.settings.adjudication, lease_ms=60)),
    )


def turning_over(plan: Plan) -> Plan:
    """Adjudicators come and go all the time, and ranges with them."""
    plan = shifting(plan)
    strikes = ("turnover", "turnover", "boundary", "boundary", "kill", "regather")
    return replace(
        plan, strikes=strikes, pause_s_max=0.5, strike_s_max=0.5, faults=replace(plan.faults, slow_messages=())
    )


def turning_over_slow_journals(plan: Plan) -> Plan:
    """... and crossbars hear of sets, and of records, late."""
    plan = turning_over(plan)
    return replace(
        plan, faults=replace(plan.faults, slow_messages=("Topology", "JournalRecords", "Prepared"), slow_s_max=0.3)
    )


def turning_over_with_readers(plan: Plan) -> Plan:
    """... and shards get replicas that only serve reads, and lose them, and end themselves."""
    plan = turning_over(plan)
    return replace(
        plan,
        strikes=("turnover", "turnover", "boundary", "replicas", "replicas", "shards"),
        settings=small_storage(plan.settings),
    )


def archived(plan: Plan) -> Plan:
    """Checkpoints go to an object store, and shards lose all of their disks."""
    plan = replace(plan, strikes=("kill",), losses=(), nemeses=1, bounds=(), cuts=(), strike_s_max=0.5, pace_s=0.5)
    return replace(stored(plan, Random(0), ()), pause_s_max=2.0, strikes=("bereave", "kill"))


def archived_states(plan: Plan) -> Plan:
    """... and so does the cluster's state."""
    return replace(archived(plan), keeps_state=True, bounds=("actors.journal.archive.PIECE_BYTES",))


def archived_by_islands(plan: Plan) -> Plan:
    """... while adjudicators are cut off with one replica, whose tail goes."""
    plan = archived(plan)
    storing = replace(plan.settings.storing, object_store_journal_s=0.05)
    return replace(
        plan,
        settings=replace(plan.settings, storing=storing),
        strikes=("island", "succession"),
        pause_s_max=1.0,
        strike_s_max=2.0,
    )


def restored(plan: Plan) -> Plan:
    """A cluster is made of what the object store has, after large transactions and swept tables on several
    adjudicators."""
    plan = archived_states(plan)
    plan = sweeping(several_adjudicators(plan, Random(repr(plan.cuts))), Random(0), tuple(PROOFS))
    bounds = (
        *plan.bounds,
        *SMALL_JOURNALS,
        "actors.common.write_set.PIECE_ROWS_MAX",
        "actors.query_processor.transaction.buffer.SORT_ROWS",
    )
    return replace(plan, bounds=tuple(dict.fromkeys(bounds)), strikes=("kill",), pause_s_max=5.0)


def restored_slowly(plan: Plan) -> Plan:
    """... while checkpoints take their time, and tables come and go meanwhile."""
    plan = restored(plan)
    slow = ("actors.storage.maintenance.SLICE_PAUSE_S", "actors.storage.maintenance.SLICE_ROWS")
    return replace(plan, bounds=(*plan.bounds, *slow), proofs=("schema", "sweeping"), pace_s=0.3)


def restored_in_turns(plan: Plan) -> Plan:
    """... while adjudicators are born and retired, and ranges move: the state is a newer one all the time."""
    plan = restored(plan)
    return replace(plan, strikes=("turnover", "turnover", "boundary", "kill"), pause_s_max=0.5)


def long_away(plan: Plan) -> Plan:
    """Processes die for so long that nobody is tried at once any more."""
    layout = replace(plan.settings.layout, placement="role")
    return replace(
        plan,
        settings=replace(plan.settings, layout=layout),
        strikes=("kill", "isolate"),
        losses=(),
        nemeses=2,
        pause_s_max=1.0,
        strike_s_max=8.0,
        pace_s=0.5,
    )


def relapsing(plan: Plan) -> Plan:
    """A replica that lost its disk dies again just before it may vote."""
    return replace(losing_disks(plan), strikes=("relapse",), losses=(), pause_s_max=1.0)


def leaving_shards(plan: Plan) -> Plan:
    """Shards end and get replicas that go again, while journals are trimmed all the time."""
    settings = trimmed(replace(plan.settings, limits=replace(plan.settings.limits, transaction_age_s=5)))
    return replace(
        plan,
        keeps_state=True,
        settings=settings,
        nemeses=1,
        losses=(),
        strikes=("shards", "replicas", "replicas", "replicas"),
        pause_s_max=0.5,
        strike_s_max=0.5,
        pace_s=0.5,
    )


def slow_watermarks(plan: Plan) -> Plan:
    """Shards end on a network on which a watermark takes longer than a read may wait: each journal's promise waits for
    the acknowledgement of a record."""
    layout = replace(plan.settings.layout, adjudicators=3, shards=2)
    settings = replace(
        plan.settings,
        layout=layout,
        adjudication=replace(plan.settings.adjudication, lease_ms=60),
        storing=replace(plan.settings.storing, read_wait_s=0.5),
    )
    faults = replace(plan.faults, slow_messages=("Appended",), slow_s_max=1.0, clock_honest=True)
    return replace(
        plan,
        keeps_state=True,
        settings=settings,
        faults=faults,
        cuts=draw_cuts(Random(repr(plan.cuts)), 3),
        weather_s_max=0.0,
        strikes=("shards", "shards", "wipe"),
        losses=(),
        nemeses=1,
        pause_s_max=1.0,
        strike_s_max=0.5,
        pace_s=2.0,
    )


def shifting_in_parts(plan: Plan) -> Plan:
    """... under large transactions, whose parts are long on their way."""
    shifted = shifting(plan)
    bounds = in_parts(plan).bounds
    return replace(shifted, bounds=bounds, faults=replace(shifted.faults, slow_messages=("Part", "Commit")))


def turning_over_late_outcomes(plan: Plan) -> Plan:
    """... and outcomes are late, or lost."""
    turned = turning_over(plan)
    asking = replace(turned.settings.adjudication, ask_outcome_ms=2000)
    faults = replace(turned.faults, slow_messages=("Decided", "OutcomeIs"), slow_s_max=1.0, loss_chance=0.05)
    return replace(turned, settings=replace(turned.settings, adjudication=asking), faults=faults)


def leaving_slowly(plan: Plan) -> Plan:
    """Replicas come and go, and hear late that they are to stop."""
    left = leaving_shards(plan)
    faults = replace(left.faults, slow_messages=("StopRole",), slow_s_max=3.0)
    return replace(left, faults=faults, strikes=("replicas",), weather_s_max=0.0)


def far_apart(plan: Plan) -> Plan:
    """Three regions, one a witness, whose commits are dated a little more than a round trip ahead."""
    layout = replace(plan.settings.layout, adjudicators=2, shards=2, query_processors=2)
    far = Regions(ZONES, ("north",), lead_ms=80, push_ms=10)
    distances = tuple((one, other, 0.0375) for one, other in (("east", "west"), ("east", "north"), ("west", "north")))
    plan = replace(plan, settings=replace(plan.settings, layout=layout, regions=far), cuts=(), distances=distances)
    return patient(replace(plan, jitter_share=0.1, pace_s=0.3))


def far_apart_and_struck(plan: Plan) -> Plan:
    """... which die, are cut off, and leave tails that no majority has."""
    strikes = ("island", "succession", "kill", "isolate")
    return replace(far_apart(plan), strikes=strikes, losses=(), pause_s_max=0.5, strike_s_max=1.0, nemeses=1)


def far_apart_and_rent(plan: Plan) -> Plan:
    """... of which two do not hear each other time and again, while both hear the third."""
    return replace(far_apart(plan), strikes=("rift",), losses=(), pause_s_max=1.0, strike_s_max=1.0, nemeses=1)


def far_apart_with_slow_commits(plan: Plan) -> Plan:
    """... whose commits are overtaken by what is sent after them."""
    faults = replace(plan.faults, slow_messages=("Commit",), slow_s_max=1.0)
    return replace(far_apart(plan), faults=faults, strikes=(), losses=())


def far_apart_by_measure(plan: Plan) -> Plan:
    """... two of them near to each other, whose lead follows what is measured: further when one's disks are slow."""
    plan = far_apart(plan)
    distances = (("east", "west", 0.01), ("east", "north", 0.0375), ("west", "north", 0.0375))
    settings = replace(plan.settings, regions=replace(plan.settings.regions, lead_ms=AUTO))
    plan = replace(plan, settings=settings, faults=Faults(), bounds=tuple(FAR_BOUNDS), distances=distances)
    strikes = {"strikes": ("slow",), "losses": (), "nemeses": 1, "pause_s_max": 2.0, "strike_s_max": 3.0}
    return replace(plan, clients=8, pace_s=0.1, **strikes)  # type: ignore[arg-type]


def five_far_apart(plan: Plan) -> Plan:
    """Five regions, of which three only vote, on slow disks."""
    plan = far_apart(plan)
    far = Regions(FIVE_ZONES, ("north", "south", "centre"), lead_ms=82, push_ms=10)
    layout = replace(plan.settings.layout, azs=tuple(FIVE_ZONES))
    distances = tuple((one, other, 0.0375) for one, other in combinations(FIVE_ZONES.values(), 2))
    faults = replace(plan.faults, sync_s_max=0.05)
    return replace(
        plan, settings=replace(plan.settings, layout=layout, regions=far), distances=distances, faults=faults
    )


def far_apart_with_wrong_clocks(plan: Plan) -> Plan:
    """... whose clocks are set all the time, and do not keep within their bound."""
    faults = replace(plan.faults, clock_honest=False, clock_error_us=0, clock_offset_us_max=100_000)
    plan = replace(far_apart(plan), strikes=("jump",), losses=(), pause_s_max=0.5, strike_s_max=0.5, nemeses=1)
    return replace(plan, faults=faults)


def far_apart_with_clocks_apart(plan: Plan) -> Plan:
    """... whose clocks are a second apart, beyond their bound, and keep to that."""
    distances = tuple((one, other, 0.12) for one, other, _ in far_apart(plan).distances)
    faults = replace(plan.faults, clock_honest=False, clock_error_us=0, clock_offset_us_max=1_000_000)
    plan = replace(far_apart(plan), distances=distances, strikes=(), losses=())
    settings = replace(plan.settings, regions=replace(plan.settings.regions, lead_ms=0))
    return replace(plan, faults=faults, settings=settings)


def far_apart_and_trimmed(plan: Plan) -> Plan:
    """... whose journals are trimmed all the time, and whose storage loses its disks."""
    settings = replace(trimmed(plan.settings), limits=replace(plan.settings.limits, transaction_age_s=5))
    return replace(far_apart_and_struck(replace(plan, settings=settings)), strikes=("isolate", "kill", "stall"))


def swept(plan: Plan) -> Plan:
    """Tables come and go on storage that merges all the time."""
    settings = small_storage(replace(plan.settings, limits=replace(plan.settings.limits, transaction_age_s=5)))
    settings = replace(settings, limits=replace(settings.limits, transaction_age_s=5))
    plan = replace(plan, settings=settings, proofs=("sweeping",), pace_s=0.3, strikes=("kill",), losses=(), nemeses=1)
    return replace(plan, pause_s_max=3.0, strike_s_max=0.5, dawdle_s=0.0)


def swept_and_lost(plan: Plan) -> Plan:
    """... and that loses its disks."""
    plan = swept(plan)
    return replace(plan, settings=trimmed(plan.settings), strikes=("wipe",), proofs=("schema", "sweeping"))


def resting(plan: Plan) -> Plan:
    """Sessions are parked at every rest, while query processors and gateways die."""
    plan = replace(plan, distances=(), settings=replace(plan.settings, regions=Regions()))
    plan = parked(plan, Random(repr(plan.cuts)), tuple(PROOFS))
    return replace(
        plan,
        faults=replace(plan.faults, clock_honest=True, clock_offset_us_max=0),
        bounds=(),
        settings=replace(plan.settings, sessions=replace(plan.settings.sessions, park_after_s=0.05)),
        strikes=("kill", "stall", "rolling"),
        losses=(),
        nemeses=1,
        pause_s_max=3.0,
        strike_s_max=1.0,
        proofs=(SESSIONS,),
        pace_s=0.3,
        lost_descriptors=0.1,
    )


def resting_with_wrong_clocks(plan: Plan) -> Plan:
    """... between query processors whose clocks are set all the time."""
    plan = resting(plan)
    faults = replace(plan.faults, clock_honest=False, clock_error_us=0, clock_offset_us_max=1_000_000)
    layout = replace(plan.settings.layout, query_processors=3, placement="role")
    settings = replace(plan.settings, layout=layout)
    return replace(plan, faults=faults, settings=settings, strikes=("jump",), lost_descriptors=0.0, clients=3)
