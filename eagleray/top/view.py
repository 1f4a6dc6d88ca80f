"""One picture of a cluster as lines of styled text, for a terminal of any size.

The head and the layers come first; a terminal with less room shows fewer of the sections below them, and cuts lines
that are too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from eagleray.command.regions import region_lines
from eagleray.top.history import LAYERS, History, value

BARS = " ▁▂▃▄▅▆▇█"
STATES = {"running": "bold green", "asleep": "bold blue"}
WIDTH_MIN, HEIGHT_MIN = 4, 1
LAYER_NAMES = {"query_processor": "query processor"}
RATES = {
    "gateway": (("accepted", "accepted"), ("resumed", "resumed")),
    "query_processor": (("statements", "statements"),),
    "adjudicator": (("commits", "commits"), ("conflicts", "conflicts")),
    "journal": (("syncs", "syncs"),),
    "crossbar": (("records", "records"),),
    "storage": (("gets", "gets"), ("scans", "scans")),
}
"""Counters of each layer that are shown a second."""
GAUGES = {
    "gateway": (("waiting", "waiting"), ("parked", "parked")),
    "query_processor": (("sessions", "sessions"),),
    "adjudicator": (("under way", "under_way"), ("waiting", "waiting")),
    "crossbar": (("catching up", "catching_up"),),
    "storage": (("waiting", "waiting"),),
}


def picture(history: History, width: int, height: int, story: Sequence[str] = ()) -> Text:
    """`story`: what a demo tells, the newest last; as much of it as there is room for."""
    width, height = max(width, WIDTH_MIN), max(height, HEIGHT_MIN)
    lines = [*_head(history, width), Text(), *_layers(history)]
    room = height - len(lines)
    told = [Text(line, style="cyan") for line in story][-max(room // 2, 3) :]
    regions = [Text(line) for line in region_lines(history.now.status.get("regions", []))]
    for section in (regions, _metering(history), _ranges(history), _nodes(history)):
        if section and len(lines) + 1 + len(section) + (len(told) + 1 if told else 0) <= height:
            lines += [Text(), *section]
    if told:
        lines += [Text(), *told]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines[:height])


def _head(history: History, width: int) -> list[Text]:
    status = history.now.status
    state = str(status["state"])
    first = Text.assemble(("eagleray  ", "bold"), (state, STATES.get(state, "bold red")), f"  {status['url']}")
    if not history.now.awake:
        return [first, Text(why_awake(status), style="dim"), _sessions(history), *_curve(history, width)]
    conflicts, transactions = history.rate("adjudicator", "conflicts"), history.rate("query_processor", "transactions")
    quantiles = [(name, history.latency_ms(share)) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))]
    late = "   ".join(f"{name} {milliseconds(ms)}" for name, ms in quantiles if ms is not None)
    rates = Text.assemble(
        (f"{transactions:,.0f}", "bold"),
        " transactions/s",
        f"   conflicts/s {conflicts:,.0f}",
        f"   {late} ms" if late else "   nothing is asked",
    )
    return [first, Text(why_awake(status), style="dim"), rates, _sessions(history), *_curve(history, width)]


def milliseconds(ms: float) -> str:
    return f"{ms:.2f}" if ms < 1 else f"{ms:.1f}" if ms < 100 else f"{ms:,.0f}"


def why_awake(status: dict[str, Any]) -> str:
    """Why the cluster is awake, or what it waits for; and who woke it."""
    activity = status["activity"]
    asleep = activity.get("asleep_because") or "the next connection wakes it"
    parts = [f"awake: {activity['awake_because']}" if activity["awake_because"] else f"asleep: {asleep}"]
    if activity["last_wake"] is not None:
        parts.append(f"woken at {activity['last_wake']['at'][11:19]} by {activity['last_wake']['by']}")
    return "; ".join(parts)


def _sessions(history: History) -> Text:
    running, parked = history.gauge("query_processor", "sessions"), history.gauge("gateway", "parked")
    return Text.assemble("sessions ", (f"{running:,}", "bold"), " running, ", (f"{parked:,}", "bold"), " parked")


def _curve(history: History, width: int) -> list[Text]:
    rates = [point.transactions_s for point in history.points]
    peak = max(rates)
    label = f"  peak {peak:,.0f}/s"
    return [Text.assemble((sparkline(rates, max(width - len(label), 1)), "green"), (label, "dim"))]


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as bars; what is not nothing has a bar."""
    shown = list(values)[-width:]
    peak = max(shown, default=0.0)
    if peak <= 0:
        return BARS[1] * len(shown)
    return "".join(BARS[max(1, round(value / peak * (len(BARS) - 1)))] for value in shown)


def _layers(history: History) -> list[Text]:
    zones = sorted({str(actor["az"]) for actor in history.now.actors.values()})
    lines = [Text(f"{'layer':<16} {'runs':>5}  {' '.join(f'{zone:>2}' for zone in zones)}  load", style="bold")]
    for layer in LAYERS:
        actors = history.now.of(layer)
        if not actors:
            continue
        running = [actor for actor in actors if actor["state"] == "running"]
        places = Counter(str(actor["az"]) for actor in running)
        stands = " ".join(f"{places[zone] or '.':>2}" for zone in zones)
        count = f"{len(running)}" if len(running) == len(actors) else f"{len(running)}/{len(actors)}"
        style = "" if len(running) == len(actors) else "red"
        lines.append(
            Text(f"{LAYER_NAMES.get(layer, layer):<16} {count:>5}  {stands}  {_load(history, layer)}", style=style)
        )
    return lines


def _load(history: History, layer: str) -> str:
    parts = [f"{history.rate(layer, key):,.0f} {name}/s" for name, key in RATES.get(layer, ())]
    parts += [f"{name} {total:,}" for name, key in GAUGES.get(layer, ()) if (total := history.gauge(layer, key))]
    if layer == "storage":
        shards = len({actor.get("shard") for actor in history.now.of(layer)})
        parts.insert(0, f"{shards} shards, {history.stored('rows'):,} rows, {bytes_text(history.stored('bytes'))}")
    if layer == "controller":
        parts.append(f"{history.counts()['process']} processes")
    return ", ".join(parts)


def bytes_text(size: int) -> str:
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:,.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:,.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def _metering(history: History) -> list[Text]:
    metering = history.now.status["metering"]
    dpu = metering["dpu"]
    parts = ", ".join(f"{name} {dpu[name]:,.3f}" for name in ("compute", "read", "write"))
    used = f" DPU since {metering['since'][:16].replace('T', ' ')}   ({parts})   now {history.dpu_s():,.3f}/s"
    return [Text.assemble("used ", (f"{dpu['total']:,.3f}", "bold"), used)]


def _ranges(history: History) -> list[Text]:
    status = history.now.status
    pieces, shards = status["ranges"], status.get("shards", [])
    moving = [f"{shard['shard']} {shard['state']}" for shard in shards if shard["state"]]
    parts = [f"key ranges  {history.counts()['range']}", *([f"shards  {len(shards)}"] if shards else []), *moving]
    lines = [Text(", ".join(parts), style="bold")]
    for piece in merged_ranges(pieces):
        low, high = (f"{piece['low'] or '':.16}" or "-", f"{piece['high'] or '':.16}" or "-")
        going = f" -> adjudicator/{piece['to']}" if "to" in piece else ""
        held = ", ".join(map(str, sorted(piece["shards"])))
        lines.append(Text(f"  {low:>16} .. {high:<16}  adjudicator/{piece['adjudicator']}{going}, shard {held}"))
    return lines


def merged_ranges(pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours with one owner as one range, `shards`: of all of them."""
    ranges: list[dict[str, Any]] = []
    for piece in pieces:
        if ranges and ranges[-1]["adjudicator"] == piece["adjudicator"] and ranges[-1].get("to") == piece.get("to"):
            ranges[-1] = {**ranges[-1], "high": piece["high"], "shards": ranges[-1]["shards"] | {piece["shard"]}}
        else:
            ranges.append({**piece, "shards": {piece["shard"]}})
    return ranges


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _nodes(history: History) -> list[Text]:
    nodes: dict[tuple[str, str], list[Any]] = {}
    for actor in history.now.actors.values():
        if actor["node"]:
            nodes.setdefault((str(actor["node"]), str(actor["az"])), []).append(actor)
    lines = [Text(f"nodes  {len({node for node, _ in nodes})}", style="bold")]
    for (node, az), actors in sorted(nodes.items(), key=lambda item: (item[0][1], item[0][0])):
        processes = len({actor["pid"] for actor in actors})
        sessions = sum(value(actor, "sessions") for actor in actors)
        roles = f"{_count(len(actors), 'role')} in {processes} process{'es' if processes > 1 else ''}"
        lines.append(Text(f"  {az:>2}  {node[:8]}  {roles}, {_count(sessions, 'session')}"))
    return lines
