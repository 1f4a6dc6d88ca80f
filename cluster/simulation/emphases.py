"""Emphases: what must come together for a rare kind of schedule, drawn together.

What a seed draws (hostile.py) it draws one by one: a state that needs five of these at once would come up in one seed of a thousand. Each emphasis gives a plan all that one
kind of schedule needs, and leaves the rest as it was drawn; a seed has each with `SHARE`, whatever others it has.

    outcomes     participants hear of outcomes late and out of order, beside claims of whole tables and bulk writes
    severance    adjudicators are cut off from each other for longer than a decision waits, while long transactions go for few keys
    large_rows   a row is larger than what an Append may carry and what a writer holds
    islands      tails that diverge for long, found by a crossbar that has just been restarted
    gathering    journals that are trimmed all the time, and subscribers that come back at different places
    upkeep       checkpoints, merges, looks and fillings that take their time, on storage that does little else, with rot and lost disks
    sweeping     tables that are filled, truncated, dropped and made again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from cluster.simulation.hostile import ALL_LOSSES, Plan, draw_cuts, trimmed

SHARE = 0.25
SWEEPING = "sweeping"
"""The proof that truncates and drops."""


def outcomes(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = _with_bounds(_several_adjudicators(plan, random), *(("actors.adjudicator.window.BULK_KEYS",) if random.random() < 0.5 else ()))
    slow = tuple(sorted({*plan.faults.slow_messages, "Decided", *(("OutcomeIs",) if random.random() < 0.5 else ())}))
    faults = replace(plan.faults, slow_messages=slow, slow_s_max=random.choice((0.1, 0.5, 1.0)), reorder_chance=max(0.1, plan.faults.reorder_chance))
    asking = replace(plan.settings.adjudication, ask_outcome_ms=random.choice((250, 2000)), pending_wait_ms_max=random.choice((1000, 3000)))
    plan = replace(plan, faults=faults, settings=replace(plan.settings, adjudication=asking), weather_s_max=0.0)
    return _with_proof(plan, SWEEPING, proofs)


def severance(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = _with_strikes(_several_adjudicators(plan, random), "sever", "sever")
    return replace(plan, crowded=True, clients=max(plan.clients, 5), dawdle_s=random.choice((1.0, 3.0)), pause_s_max=min(plan.pause_s_max, 5.0))


def large_rows(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    journaling = replace(plan.settings.journaling, append_bytes_max=random.choice((200, 1000)), writer_bytes_max=random.choice((500, 3000)))
    faults = replace(plan.faults, sync_s_max=random.choice((0.01, 0.1)))
    settings = replace(plan.settings, journaling=journaling)
    return _with_proof(replace(plan, settings=settings, faults=faults, row_bytes=random.choice((500, 3000))), SWEEPING, proofs)


def islands(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    plan = _with_strikes(plan, "island", "island")
    append_bytes_max = random.choice((300, plan.settings.journaling.append_bytes_max))
    settings = replace(plan.settings, journaling=replace(plan.settings.journaling, append_bytes_max=append_bytes_max))
    return replace(plan, settings=settings, pace_s=min(plan.pace_s, 1.0), pause_s_max=min(plan.pause_s_max, 5.0))


def gathering(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    settings = trimmed(plan.settings)
    layout = replace(settings.layout, shards=random.choice((2, 3)))
    settings = replace(settings, layout=layout, limits=replace(settings.limits, transaction_age_s=5))
    settings = replace(settings, streaming=replace(settings.streaming, ring_bytes_max=random.choice((2000, 20_000, settings.streaming.ring_bytes_max))))
    plan = replace(plan, settings=settings, cuts=draw_cuts(random, max(layout.adjudicators, layout.shards)), dawdle_s=min(plan.dawdle_s, 1.0))
    return _with_strikes(replace(plan, pause_s_max=min(plan.pause_s_max, 5.0)), "regather", "regather")


def upkeep(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    storing = replace(plan.settings.storing, memtable_bytes_max=2000, checkpoint_idle_s=0.5, segments_max=2)
    plan = replace(plan, settings=replace(plan.settings, storing=storing), pause_s_max=min(plan.pause_s_max, 5.0))
    plan = _with_bounds(plan, "actors.storage.maintenance.SLICE_PAUSE_S", *(("actors.storage.maintenance.SLICE_ROWS",) if random.random() < 0.7 else ()))
    plan = _with_bounds(plan, "actors.storage.segment.BLOCK_ROWS_MAX", "actors.storage.upkeep.LOOK_BYTES_S", "actors.storage.upkeep.RETRY_S")
    return _with_strikes(plan, "decay", "decay", *(("wipe",) if random.random() < 0.5 else ()))


def sweeping(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    storing = replace(plan.settings.storing, memtable_bytes_max=random.choice((2000, 20_000)), checkpoint_idle_s=0.5, segments_max=2)
    limits = replace(plan.settings.limits, transaction_age_s=random.choice((5, 5, plan.settings.limits.transaction_age_s)))
    plan = replace(plan, settings=replace(plan.settings, storing=storing, limits=limits), dawdle_s=min(plan.dawdle_s, 1.0))
    plan = _with_bounds(plan, *(("actors.adjudicator.window.BULK_KEYS",) if random.random() < 0.5 else ()))
    return _with_proof(plan, SWEEPING, proofs)


Emphasis = Callable[[Plan, Random, tuple[str, ...]], Plan]
EMPHASES: dict[str, Emphasis] = {
    emphasis.__name__: emphasis for emphasis in (outcomes, severance, large_rows, islands, gathering, upkeep, sweeping)
}


def emphasised(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """`proofs`: the names to choose from."""
    chosen = tuple(name for name in EMPHASES if random.random() < SHARE)
    for name in chosen:
        plan = EMPHASES[name](plan, random, proofs)
    return replace(plan, emphases=chosen)


def _several_adjudicators(plan: Plan, random: Random) -> Plan:
    layout = plan.settings.layout
    if layout.adjudicators > 1:
        return plan
    layout = replace(layout, adjudicators=random.choice((2, 3)))
    return replace(plan, settings=replace(plan.settings, layout=layout), cuts=draw_cuts(random, max(layout.adjudicators, layout.shards)))


def _with_strikes(plan: Plan, *strikes: str) -> Plan:
    """Named twice: drawn as often as two. Of two nemeses only the first one loses disks."""
    if plan.nemeses == 1:
        return replace(plan, strikes=(*plan.strikes, *strikes))
    losing = tuple(strike for strike in strikes if strike in ALL_LOSSES)
    other = tuple(strike for strike in strikes if strike not in ALL_LOSSES)
    return replace(plan, strikes=(*plan.strikes, *other), losses=(*plan.losses, *losing))


def _with_bounds(plan: Plan, *bounds: str) -> Plan:
    return replace(plan, bounds=tuple(dict.fromkeys((*plan.bounds, *bounds))))


def _with_proof(plan: Plan, name: str, proofs: tuple[str, ...]) -> Plan:
    """In place of one of those drawn, where it may be chosen at all."""
    if name in plan.proofs or name not in proofs:
        return plan
    return replace(plan, proofs=tuple(sorted((*plan.proofs[1:], name))))
