"""A seed's cluster in several regions (docs/regions.md): the zones lie far from each other, and one of them may be a
witness.

Whoever is struck as a zone is a whole region then: killed, cut off, deaf, mute, its clocks set. What waits for an
answer is given the time that it takes: a Prepare that is told of before it could have come back proves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from random import Random

from actors.common.settings import AUTO, Regions
from cluster.simulation.hostile import FAR_BOUNDS, Plan

SHARE = 0.08
ZONES = {"a": "east", "b": "west", "c": "north"}
FIVE_ZONES = {**ZONES, "d": "south", "e": "centre"}
FIVE_SHARE = 0.15
ONE_WAY_S = (0.01, 0.0375, 0.12)
WITNESS_SHARE = 0.7
RIFT_SHARE, RIFTS = 0.5, 8
"""In half of the plans that have strikes one of nine is a rift (scenes.py)."""
JITTER_SHARES = (0.0, 0.1, 1.0)
LEADS_MS = (0, 20, 80, 80, 120)
"""Shorter than a round trip, longer, and none."""
AUTO_SHARE = 0.3
PUSHES_MS = (10, 50)
LEASE_MS, PREPARE_TIMEOUT_MS, READ_WAIT_S, SILENCE_S = 500, 2000, 5.0, 2.0


def regions(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    witnesses = ("north",) if random.random() < WITNESS_SHARE else ()
    zones = FIVE_ZONES if Random(f"{random.getstate()!r}/five").random() < FIVE_SHARE else ZONES
    plan = replace(plan, settings=replace(plan.settings, layout=replace(plan.settings.layout, azs=tuple(zones))))
    distances = tuple((one, other, random.choice(ONE_WAY_S)) for one, other in combinations(zones.values(), 2))
    plan = replace(plan, distances=distances, jitter_share=random.choice(JITTER_SHARES))
    if plan.strikes and Random(f"{random.getstate()!r}/rift").random() < RIFT_SHARE:
        plan = replace(plan, strikes=(*plan.strikes, *("rift",) * max(1, len(plan.strikes) // RIFTS)))
    there = Regions(zones, witnesses, lead_ms=random.choice(LEADS_MS), push_ms=random.choice(PUSHES_MS))
    if Random(f"{random.getstate()!r}/auto").random() < AUTO_SHARE:
        there = replace(there, lead_ms=AUTO)
        plan = replace(plan, bounds=(*plan.bounds, *FAR_BOUNDS))
    return patient(replace(plan, settings=replace(plan.settings, regions=there)))


def far(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """`eagleray sim --regions`: a plan that has drawn no regions has some, too; not where clients come by gateways,
    whose sockets do not leave their host (parked.py)."""
    if plan.distances or plan.gateways:
        return plan
    return replace(regions(plan, random, proofs), emphases=(*plan.emphases, regions.__name__))


def patient(plan: Plan) -> Plan:
    """With settings under which messages between regions are not late."""
    settings = plan.settings
    adjudication = replace(
        settings.adjudication,
        lease_ms=max(LEASE_MS, settings.adjudication.lease_ms),
        prepare_timeout_ms=max(PREPARE_TIMEOUT_MS, settings.adjudication.prepare_timeout_ms),
    )
    streaming = replace(settings.streaming, silence_s=max(SILENCE_S, settings.streaming.silence_s))
    storing = replace(settings.storing, read_wait_s=max(READ_WAIT_S, settings.storing.read_wait_s))
    return replace(plan, settings=replace(settings, adjudication=adjudication, streaming=streaming, storing=storing))
