"""Emphases: what must come together for a rare kind of schedule, drawn together.

What a seed draws (hostile.py) it draws one by one: a state that needs five of these at once would come up in one seed
of a thousand. Each emphasis gives a plan all that one
kind of schedule needs, and leaves the rest as it was drawn; a seed has each with `SHARE`, whatever others it has.

    outcomes     participants hear of outcomes late and out of order, beside claims of whole tables and bulk writes
    severance    adjudicators are cut off from each other for longer than a decision waits, or stopped between an offer
                 and its use, while long transactions go for few keys
    large_rows   a row is larger than what an Append may carry and what a writer holds
    islands      tails that diverge for long, found by a crossbar that has just been restarted, or by the next writers
    gathering    journals that are trimmed all the time, and subscribers that come back at different places
    upkeep       checkpoints, merges, looks and fillings that take their time, on storage that does little else, with
                 rot and lost disks
    sweeping     tables that are filled, truncated, dropped and made again
    skew         honest clocks, as far apart as their bound lets them be
    boundaries   ranges go from one adjudicator to another all the time, under transactions of several adjudicators that
                 are decided late, while adjudicators and controllers die
    turnover     adjudicators and their journals are born and retired all the time, and ranges move, while whoever sees
                 to it dies or is cut off
    deafness     streams to storage that stand still, their windows full, where a read waits for less time than a stream
                 may be silent
    regions      zones are regions, far from each other, one of them a witness or none (regions.py)
    parked       clients come by gateways, and resting sessions go from process to process (parked.py)
    stored       checkpoints go to an object store, and shards lose all of their disks (stored.py)

`dense` is none of these: `eagleray sim --dense` gives it to every seed, on top of what that has drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from cluster.initial import initial_map
from cluster.simulation import parked, regions, stored
from cluster.simulation.hostile import ALL_LOSSES, Plan, draw_cuts, trimmed

SHARE = 0.25
BOUNDARIES_SHARE = 0.15
TURNOVER_SHARE = 0.1
SHARDS_SHARE = 0.15
DENSE_SHARE = 12
"""Of a dense plan's strikes, five of seventeen are changes of shape in equal parts, beside those that it had."""
SKEW_ERROR_US, SKEW_OFFSET_US_MAX = 100_000, 1_000_000
"""Most clocks stand at an end of what they may be off."""
PACE_S_MAX, OUT_OF_ORDER_PACE_S_MAX = 1.0, 0.3
SLOW_UPKEEP = (
    "actors.storage.maintenance.SLICE_PAUSE_S",
    "actors.storage.upkeep.LOOK_BYTES_S",
    "actors.storage.upkeep.RETRY_S",
)
FILL_PIECES = "actors.storage.filling.PIECE_BYTES_MAX"
SMALL_PIECES = ("actors.storage.maintenance.SLICE_ROWS", "actors.storage.segment.BLOCK_ROWS_MAX")
PIECES = ("actors.common.write_set.PIECE_ROWS_MAX", "actors.query_processor.transaction.buffer.SORT_ROWS")
ONE_BY_ONE = "actors.query_processor.transaction.committing.PARTS_AHEAD"
SWEEPING = "sweeping"
"""The proof that truncates and drops."""
HOT = "append"
"""The one whose every transaction goes for the same few keys, where it is crowded."""


def outcomes(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = _with_bounds(
        several_adjudicators(plan, random),
        *(("actors.adjudicator.claim.BULK_KEYS",) if random.random() < 0.5 else ()),
        *(("actors.adjudicator.window.WINDOW_KEYS_MAX",) if random.random() < 0.5 else ()),
    )
    # A Commit that is long on its way meets what was decided since its transaction began.
    also = [kinds for kinds in (("OutcomeIs",), ("Commit", "Prepare")) if random.random() < 0.5]
    slow = tuple(sorted({*plan.faults.slow_messages, "Decided", *(name for kinds in also for name in kinds)}))
    faults = replace(
        plan.faults,
        slow_messages=slow,
        slow_s_max=random.choice((0.1, 0.5, 1.0)),
        reorder_chance=max(0.1, plan.faults.reorder_chance),
    )
    asking = replace(
        plan.settings.adjudication,
        ask_outcome_ms=random.choice((250, 2000)),
        pending_wait_ms_max=random.choice((1000, 3000)),
    )
    plan = replace(plan, faults=faults, settings=replace(plan.settings, adjudication=asking), weather_s_max=0.0)
    return _loaded(_with_proof(plan, SWEEPING, proofs), OUT_OF_ORDER_PACE_S_MAX)


def severance(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    strikes = random.choice((("sever", "untold"), ("sever", "untold", "retire"), ("retire", "move")))
    plan = _with_strikes(several_adjudicators(_with_proof(plan, HOT, proofs), random), *strikes)
    if random.random() < 0.7:  # an offer outlives its epoch, an outcome is lost on its way
        slow = tuple(sorted({*plan.faults.slow_messages, "Prepared" if "retire" in strikes else "Decided"}))
        faults = replace(plan.faults, slow_messages=slow, slow_s_max=random.choice((0.3, 1.0)))
        plan = replace(plan, faults=faults, weather_s_max=0.0)
    return _loaded(
        replace(
            plan, crowded=True, clients=max(plan.clients, 5), dawdle_s=random.choice((3.0, 10.0)), dawdle_share=0.15
        )
    )


def large_rows(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    journaling = replace(
        plan.settings.journaling,
        append_bytes_max=random.choice((200, 1000)),
        writer_bytes_max=random.choice((500, 3000)),
    )
    faults = replace(plan.faults, sync_s_max=random.choice((0.01, 0.1)))
    streaming = replace(
        plan.settings.streaming, window_bytes=random.choice((2000, plan.settings.streaming.window_bytes))
    )
    settings = replace(plan.settings, journaling=journaling, streaming=streaming)
    plan = _loaded(replace(plan, settings=settings, faults=faults, row_bytes=random.choice((500, 3000)), lull=True))
    if random.random() < 0.5:  # several at once, of one client
        plan = _with_bounds(plan, *PIECES)
    return _with_proof(_with_strikes(plan, "succession"), SWEEPING, proofs)


def islands(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = _with_strikes(plan, "island", "succession")
    append_bytes_max = random.choice((100, 300))
    settings = replace(plan.settings, journaling=replace(plan.settings.journaling, append_bytes_max=append_bytes_max))
    return _loaded(replace(plan, settings=settings))


def gathering(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    settings = trimmed(plan.settings)
    layout = replace(settings.layout, shards=random.choice((2, 3)))
    settings = replace(settings, layout=layout, limits=replace(settings.limits, transaction_age_s=5))
    settings = replace(
        settings,
        streaming=replace(
            settings.streaming, ring_bytes_max=random.choice((2000, 20_000, settings.streaming.ring_bytes_max))
        ),
    )
    plan = replace(
        plan,
        settings=settings,
        cuts=draw_cuts(random, max(layout.adjudicators, layout.shards)),
        dawdle_s=min(plan.dawdle_s, 1.0),
    )
    if random.random() < 0.5:  # large transactions take longer to arrive than records are kept
        slow = tuple(sorted({*plan.faults.slow_messages, "Part"}))
        faults = replace(plan.faults, slow_messages=slow, slow_s_max=2.0)
        plan = _with_bounds(
            _with_proof(replace(plan, faults=faults, weather_s_max=0.0), SWEEPING, proofs), *PIECES, ONE_BY_ONE
        )
    return _with_strikes(_loaded(plan), "regather")


def upkeep(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    storing = replace(plan.settings.storing, memtable_bytes_max=2000, checkpoint_idle_s=0.5, segments_max=2)
    plan = replace(plan, settings=replace(plan.settings, storing=storing), pause_s_max=min(plan.pause_s_max, 5.0))
    plan = _with_bounds(plan, *SLOW_UPKEEP, *(name for name in SMALL_PIECES if random.random() < 0.5))
    plan = _with_strikes(plan, "decay", *(("wipe",) if random.random() < 0.5 else ()))
    if random.random() < 0.5:
        return plan
    # Rows come all the while: memtables are full before a filling ends, and a merge is under way when rot is found.
    plan = replace(plan, row_bytes=max(500, plan.row_bytes), strike_s_max=10.0)
    plan = _with_bounds(plan, *SMALL_PIECES, *((FILL_PIECES,) if random.random() < 0.5 else ()))
    return _with_strikes(_loaded(_with_proof(plan, SWEEPING, proofs)), "rot")


def sweeping(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    storing = replace(
        plan.settings.storing, memtable_bytes_max=random.choice((2000, 20_000)), checkpoint_idle_s=0.5, segments_max=2
    )
    limits = replace(
        plan.settings.limits, transaction_age_s=random.choice((5, 5, plan.settings.limits.transaction_age_s))
    )
    plan = replace(
        plan, settings=replace(plan.settings, storing=storing, limits=limits), dawdle_s=min(plan.dawdle_s, 1.0)
    )
    plan = _with_bounds(plan, *(("actors.adjudicator.claim.BULK_KEYS",) if random.random() < 0.5 else ()))
    return _with_proof(plan, SWEEPING, proofs)


def skew(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    faults = replace(
        plan.faults, clock_offset_us_max=SKEW_OFFSET_US_MAX, clock_error_us=SKEW_ERROR_US, clock_honest=True
    )
    layout = replace(plan.settings.layout, query_processors=random.choice((2, 3)))
    plan = replace(
        plan, faults=faults, settings=replace(plan.settings, layout=layout), crowded=True, clients=max(plan.clients, 5)
    )
    return _loaded(_with_proof(plan, HOT, proofs))


def deafness(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    settings = replace(
        plan.settings,
        storing=replace(plan.settings.storing, read_wait_s=0.5),
        streaming=replace(plan.settings.streaming, window_bytes=2000, silence_s=2.0),
    )
    plan = replace(plan, settings=settings, lull=True, row_bytes=max(500, plan.row_bytes))
    return _with_strikes(_loaded(_with_proof(plan, SWEEPING, proofs)), "unheard")


def boundaries(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = several_adjudicators(plan, random)
    if not plan.cuts:
        plan = replace(plan, cuts=draw_cuts(random, len(initial_map(plan.settings).shards)))
    plan = replace(plan, keeps_state=True, crowded=True, clients=max(plan.clients, 5), dawdle_s=3.0, dawdle_share=0.15)
    if random.random() < 0.5:
        slow = tuple(
            sorted(
                {
                    *plan.faults.slow_messages,
                    *random.sample(("Prepare", "Prepared", "Decided", "Commit", "Release", "Topology"), 2),
                }
            )
        )
        plan = replace(
            plan,
            faults=replace(plan.faults, slow_messages=slow, slow_s_max=random.choice((0.05, 0.3))),
            weather_s_max=0.0,
        )
    plan = _with_strikes(plan, *(("boundary", "sever") if random.random() < 0.5 else ("boundary",)))
    return _loaded(replace(plan, pause_s_max=min(plan.pause_s_max, random.choice((0.5, 3.0)))))


def turnover(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """Adjudicators come and go all the time, and ranges with them, while those who see to it, or read the journals,
    die."""
    plan = boundaries(plan, random, proofs)
    return _with_strikes(plan, "turnover", *(("kill", "move") if random.random() < 0.5 else ("isolate",)))


def shards(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """Shards end, and others take their place, all the time, amid faults or none."""
    if not plan.cuts:
        plan = replace(plan, cuts=draw_cuts(random, len(initial_map(plan.settings).shards)))
    plan = replace(plan, keeps_state=True, settings=trimmed(plan.settings) if random.random() < 0.5 else plan.settings)
    plan = _with_strikes(
        plan,
        *(("shards", random.choice(("kill", "wipe", "isolate", "power"))) if random.random() < 0.6 else ("shards",)),
    )
    if Random(f"{random.getstate()!r}/replicas").random() < 0.5:
        plan = _with_strikes(plan, "replicas")
    return _loaded(replace(plan, pause_s_max=min(plan.pause_s_max, random.choice((0.5, 3.0)))))


def dense(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """The cluster's shape changes all the time, in every way at once: adjudicators, ranges, shards and replicas come,
    go and move, beside whatever else was drawn."""
    plan = shards(turnover(plan, random, proofs), random, proofs)
    reshapes = ("turnover", "boundary", "boundary", "shards", "replicas") * max(1, len(plan.strikes) // DENSE_SHARE)
    strikes = (*plan.strikes, *reshapes)
    if plan.settings.storing.object_store:
        strikes = tuple(strike for strike in strikes if strike != "shards")  # docs/object_store.md: grandparents
    return replace(plan, strikes=strikes, emphases=(*plan.emphases, dense.__name__))


Emphasis = Callable[[Plan, Random, tuple[str, ...]], Plan]
EMPHASES: dict[str, Emphasis] = {
    emphasis.__name__: emphasis
    for emphasis in (outcomes, severance, large_rows, islands, gathering, upkeep, sweeping, skew, deafness)
}


def emphasised(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """`proofs`: the names to choose from."""
    chosen = tuple(name for name in EMPHASES if random.random() < SHARE)
    for name in chosen:
        plan = EMPHASES[name](plan, random, proofs)
    aside = Random(repr(random.getstate()))  # draws nothing from `random`: what older emphases draw stays as it was
    if aside.random() < BOUNDARIES_SHARE:
        chosen = (*chosen, boundaries.__name__)
        plan = boundaries(plan, aside, proofs)
    if aside.random() < SHARDS_SHARE:
        chosen = (*chosen, shards.__name__)
        plan = shards(plan, aside, proofs)
    another = Random(f"{aside.getstate()!r}/turnover")
    if another.random() < TURNOVER_SHARE:
        chosen = (*chosen, turnover.__name__)
        plan = turnover(plan, another, proofs)
    yet_another = Random(f"{another.getstate()!r}/stored")
    if yet_another.random() < stored.SHARE:
        chosen = (*chosen, stored.stored.__name__)
        plan = stored.stored(plan, yet_another, proofs)
    far = Random(f"{yet_another.getstate()!r}/regions")
    if far.random() < regions.SHARE:
        chosen = (*chosen, regions.regions.__name__)
        plan = regions.regions(plan, far, proofs)
    resting = Random(f"{far.getstate()!r}/parked")
    if resting.random() < parked.SHARE and not plan.distances:
        chosen = (*chosen, parked.parked.__name__)
        plan = parked.parked(plan, resting, proofs)
    return replace(plan, emphases=chosen)


def several_adjudicators(plan: Plan, random: Random) -> Plan:
    layout = plan.settings.layout
    if layout.adjudicators > 1:
        return plan
    layout = replace(layout, adjudicators=random.choice((2, 3)))
    return replace(
        plan,
        settings=replace(plan.settings, layout=layout),
        cuts=draw_cuts(random, max(layout.adjudicators, layout.shards)),
    )


def _loaded(plan: Plan, pace_s_max: float = PACE_S_MAX) -> Plan:
    """Enough is under way whenever something is struck."""
    return replace(plan, pace_s=min(plan.pace_s, pace_s_max), pause_s_max=min(plan.pause_s_max, 5.0), keen=True)


def _with_strikes(plan: Plan, *strikes: str) -> Plan:
    """Drawn as often as all others together. Of two nemeses only the first one loses disks."""
    losing = tuple(strike for strike in strikes if strike in ALL_LOSSES)
    if plan.nemeses == 1:
        return replace(plan, strikes=(*plan.strikes, *strikes * _weight(plan.strikes, strikes)))
    other = tuple(strike for strike in strikes if strike not in ALL_LOSSES)
    plan = replace(plan, strikes=(*plan.strikes, *other * _weight(plan.strikes, other)))
    return replace(plan, losses=(*plan.losses, *losing * _weight((*plan.strikes, *plan.losses), losing)))


def _weight(all_others: tuple[str, ...], strikes: tuple[str, ...]) -> int:
    return max(1, len(all_others) // max(1, len(strikes)))


def _with_bounds(plan: Plan, *bounds: str) -> Plan:
    return replace(plan, bounds=tuple(dict.fromkeys((*plan.bounds, *bounds))))


def _with_proof(plan: Plan, name: str, proofs: tuple[str, ...]) -> Plan:
    """In place of one that was drawn, and that no emphasis wants, where it may be chosen at all."""
    if name in plan.proofs or name not in proofs:
        return plan
    gone = next((other for other in plan.proofs if other not in (HOT, SWEEPING)), plan.proofs[0])
    return replace(plan, proofs=tuple(sorted((*(other for other in plan.proofs if other != gone), name))))
