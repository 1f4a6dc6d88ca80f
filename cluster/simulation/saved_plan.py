"""A drawn plan as JSON: what is kept of a seed beside its number, so that a later change of the draw leaves its run
the one that it was.

    as_json(plan)          {"settings": {"layout": {"shards": 3}}, "strikes": ["kill"], ...}
                           only what differs from `CALM`
    plan_from(found)       the plan; raises ValueError for a field that no plan has, or a value of another type

A field that is added to plans later is its default in what was saved before.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from actors.common.settings import Adjudication, Layout, Settings
from actors.runtime.simulation.faults import Faults
from cluster.simulation.hostile import BOUNDS, Plan

CALM = Plan(
    settings=Settings(adjudication=Adjudication(foresight_ms=0), layout=Layout(placement="role")),
    faults=Faults(),
    proofs=(),
    clients=2,
    pace_s=1.0,
    strikes=(),
    pause_s_max=1.0,
    strike_s_max=1.0,
)
"""Saved plans are differences from this one: it may not change. What is younger than some of them is absent
from it."""
MOVED = {
    f"actors.query_processor.transaction.storage_client.{name}": f"actors.reading.storage_client.{name}"
    for name in ("GET_KEYS_MAX", "PIECES_AHEAD")
}
"""Bounds as older plans name them."""


def as_json(plan: Plan) -> dict[str, Any]:
    """As msgspec writes it: tuples as lists, bytes in base64."""
    told: dict[str, Any] = _difference(msgspec.to_builtins(asdict(plan)), msgspec.to_builtins(asdict(CALM)))
    return told


def plan_from(found: dict[str, Any]) -> Plan:
    whole = _filled(found, msgspec.to_builtins(asdict(CALM)), "")
    bounds = [MOVED.get(name, name) for name in whole["bounds"]]
    whole["bounds"] = [name for name in bounds if name in BOUNDS]  # a constant that is gone bounds nothing
    try:
        return msgspec.convert(whole, type=Plan)
    except msgspec.ValidationError as error:
        raise ValueError(f"no plan: {error}") from None


def _difference(value: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    different: dict[str, Any] = {}
    for name, one in value.items():
        other = usual[name]
        if isinstance(one, dict) and isinstance(other, dict) and other:
            one, other = _difference(one, other), {}
        if one != other:
            different[name] = one
    return different


def _filled(found: dict[str, Any], usual: dict[str, Any], place: str) -> dict[str, Any]:
    unknown = sorted(found.keys() - usual.keys())
    if unknown:
        raise ValueError(f"no plan has {place}{unknown[0]}")
    return {
        name: _filled(found[name], other, f"{place}{name}.")
        if name in found and isinstance(other, dict) and other
        else found.get(name, other)
        for name, other in usual.items()
    }
