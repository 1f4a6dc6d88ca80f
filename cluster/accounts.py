"""The whole cluster's status: every role's own account, with what the registrations tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import to_builtins

from actors.common.messages import AskStatus, Register
from actors.runtime.interfaces import Context
from cluster.membership import journals_of
from cluster.shards import replicas
from cluster.state import ClusterState

TIMEOUT_S = 2.0
"""A role that does not account for itself within this is shown as unreachable."""

Row = dict[str, Any]
"""One role, with the keys of `eagleray status --json`."""


def ask_everyone(
    context: Context,
    state: ClusterState,
    homes: Mapping[str, str],
    registers: Mapping[str, Register],
    own: Register | None,
    on_answered: Callable[[list[Row]], None],
) -> None:
    """`homes`: role -> process, for roles that run elsewhere than the state puts them; `registers`: by process; `own`:
    the controller's. `on_answered`: a row for each role, by name."""
    rows: dict[str, Row] = {}
    for process in state.processes:
        for role in process.roles:
            home = homes.get(role.name, process.name)
            rows[role.name] = _row(role.kind, role.name, home, state.process(home).az, registers.get(home))
    if own is not None:
        controller = _row("controller", "controller", "controller", own.roles["controller"], own)
        rows["controller"] = controller | {"state": "running", "load": {"processes": len(registers)}}
    waiting = set(state.roles)

    def settle(name: str, account: Row | None) -> None:
        waiting.discard(name)
        row = rows[name]
        if account is None:
            row["state"] = "unreachable"
        else:
            row.update({key: value for key, value in account.items() if value is not None or key not in row})
            row["state"] = account.get("state") or "running"
        if not waiting:
            on_answered([rows[name] for name in sorted(rows)])

    for name in sorted(waiting):
        context.bus.request(
            context.name,
            name,
            AskStatus(),
            partial(lambda role, answer: settle(role, json.loads(answer.json)), name),
            partial(lambda role, _: settle(role, None), name),
            timeout_s=TIMEOUT_S,
        )


def cluster_account(actors: list[Row], is_complete: bool, otherwise: str) -> Row:
    """`otherwise`: the cluster's state where not everything runs."""
    running = is_complete and all(actor["state"] == "running" for actor in actors)
    return {"state": "running" if running else otherwise, "actors": actors}


def account_of(state: ClusterState) -> Row:
    """What `status` shows of the state itself."""
    return {
        "placement": to_builtins(state.placement),
        "regions": regions_of(state),
        "ranges": ranges_of(state),
        "pins": [{"low": pin.low.hex(), "high": (pin.high or b"").hex(), "region": pin.region} for pin in state.pins],
        "shards": shards_of(state),
        "adjudicators": adjudicators_of(state),
        "next_adjudicator": journals_of(state).last_number + 1,
    }


def regions_of(state: ClusterState) -> list[Row]:
    """A row for each region, where there are several: its `zones`, and whether it `serves` or is a witness."""
    azs = list(dict.fromkeys(process.az for process in state.processes))
    regions = state.regions
    return [
        {"region": regions.of(az), "zones": sorted(regions.beside(az, azs)), "serves": regions.serves(az)}
        for az in sorted(regions.sites(azs) if regions else [], key=regions.of)
    ]


def adjudicators_of(state: ClusterState) -> list[Row]:
    """A row for each adjudicator, by number: `state` is new (ranges cannot go to it yet), ready, leaving (its ranges go
    to others) or ended (until storage has all of its journal); `ranges`: how many it owns."""
    rows = []
    for term in journals_of(state).terms:
        known = (
            "ended"
            if term.until is not None
            else "leaving"
            if term.leaving
            else "new"
            if term.since is None
            else "ready"
        )
        owned = sum(number == term.number for number in state.shard_map.adjudicators)
        rows.append({"number": term.number, "state": known, "ranges": owned, "replicas": list(term.replicas)})
    return rows


def shards_of(state: ClusterState) -> list[Row]:
    """A row for each shard: its number, `spans` ([low, high] of its columns, as in `ranges`), `replicas` by name, and
    `state`: "" as usual, "new" or "leaving" while others take
    the place of some."""
    children = state.reshape.children if state.reshape is not None else ()
    rows = []
    for shard in state.shard_map.all_shards():
        known = "" if shard in state.shard_map.shards else "new" if shard in children else "leaving"
        spans = [[low.hex(), (high or b"").hex()] for low, high in state.shard_map.spans(shard)]
        rows.append({"shard": shard, "spans": spans, "replicas": replicas(state, [shard]), "state": known})
    return rows


def ranges_of(state: ClusterState) -> list[Row]:
    """A row for each piece of the shard map, ascending: `low` and `high` of its columns in hexadecimal ("": where
    keyspaces begin and end), its owners, and `since` when its adjudicator is no other (microseconds since 1970; 0: from
    the beginning on). `to`: where it goes to, if it is on its way."""
    shard_map, transfer = state.shard_map, state.transfer
    rows = []
    for piece, (adjudicator, shard) in enumerate(zip(shard_map.adjudicators, shard_map.shards, strict=True)):
        low, high = shard_map.bounds(piece)
        row: Row = {
            "low": low.hex(),
            "high": (high or b"").hex(),
            "adjudicator": adjudicator,
            "shard": shard,
            "since": shard_map.beginning(piece),
        }
        if (
            transfer is not None
            and (high is None or transfer.low < high)
            and (transfer.high is None or low < transfer.high)
        ):
            row["to"] = transfer.target
        rows.append(row)
    return rows


def _row(layer: str, name: str, actor: str, az: str, register: Register | None) -> Row:
    return {
        "layer": layer,
        "name": name,
        "actor": actor,
        "az": az,
        "node": register.node if register else None,
        "pid": register.pid if register else None,
        "state": "starting",
        "range": None,
        "epoch": None,
        "watermark": None,
        "load": {},
    }
