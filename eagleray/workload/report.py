"""What a run says of itself: for people in lines, for programs as JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from eagleray.workload.measure import Kind, Measurements, Second

SATURATED_SHARE = 0.9
"""Of one processor. The loop that sends is one thread: above this share a client's own queue, not the server, may be
what is measured."""

BARS = " ▁▂▃▄▅▆▇█"
BARS_MAX = 60
TOLD = ("mean", "p50", "p90", "p99", "p99.9", "max")


@dataclass
class Generator:
    """How the load generator itself fared: CPU of its process as a share of one core, and how late its event loop
    woke for a timer, in milliseconds."""

    cpu_share: float
    late_ms: dict[str, float]

    @property
    def saturated(self) -> bool:
        return self.cpu_share >= SATURATED_SHARE


@dataclass
class Report:
    """A finished run. `loop`: "closed", "open" or "none" (a check alone). `problems` empty: every check held and no
    transaction failed."""

    name: str
    url: str
    scale: float
    server: str = ""
    note: str = ""
    loop: str = "none"
    clients: int = 0
    isolation: str = ""
    seed: int = 0
    seconds: float = 0.0
    measurements: Measurements = field(default_factory=lambda: Measurements(()))
    retries: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0
    unstarted: int = 0
    """Arrivals of an open loop that no client was free for before the end; their waiting until then is in the
    responses, as a lower bound."""
    generator: Generator = field(default_factory=lambda: Generator(0.0, {}))
    timeline: list[Second] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, Kind]:
        return self.measurements.kinds

    @property
    def done(self) -> int:
        return sum(kind.committed + kind.rolled_back for kind in self.kinds.values())

    @property
    def throughput(self) -> float:
        """Transactions a second that ended as wanted."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def retried_share(self) -> float:
        """Of all attempts."""
        retried = sum(self.retries.values())
        return retried / (self.done + retried) if retried else 0.0

    @property
    def errors(self) -> Counter[str]:
        return sum((kind.errors for kind in self.kinds.values()), Counter())

    @property
    def unknown(self) -> int:
        return sum(kind.unknown for kind in self.kinds.values())

    def to_json(self) -> dict[str, Any]:
        """Latencies in milliseconds; "hdr_us": HdrHistogram V2, microseconds. No password of the URL."""
        return {
            "workload": self.name,
            "note": self.note,
            "server": self.server,
            "url": without_password(self.url),
            "scale": self.scale,
            "loop": self.loop,
            "clients": self.clients,
            "isolation": self.isolation,
            "seed": self.seed,
            "seconds": self.seconds,
            "transactions_per_second": self.throughput,
            "retries": dict(self.retries),
            "retried_share": self.retried_share,
            "reconnects": self.reconnects,
            "unknown": self.unknown,
            "errors": dict(self.errors),
            "unstarted": self.unstarted,
            "response_ms": self.measurements.response().summary(),
            "service_ms": self.measurements.service().summary(),
            "hdr_us": self.measurements.response().encoded(),
            "kinds": {
                name: {
                    "committed": kind.committed,
                    "rolled_back": kind.rolled_back,
                    "unknown": kind.unknown,
                    "errors": dict(kind.errors),
                    "response_ms": kind.response.summary(),
                    "service_ms": kind.service.summary(),
                }
                for name, kind in self.kinds.items()
            },
            "generator": {**asdict(self.generator), "saturated": self.generator.saturated},
            "timeline": [asdict(second) for second in self.timeline],
            "checks": self.checks,
            "problems": self.problems,
        }

    def lines(self) -> Iterator[str]:
        if self.loop != "none":
            yield from self._run_lines()
        else:
            yield f"{self.name}: scale {self.scale:g}, {self.server}"
        if self.note:
            yield f"  note        {self.note}"
        for sentence in self.checks:
            yield f"  ok          {sentence}"
        for sentence in self.problems:
            yield f"  WRONG       {sentence}"

    def _run_lines(self) -> Iterator[str]:
        size = f"scale {self.scale:g}, {self.clients} clients"
        yield f"{self.name}: {size}, {self.loop} loop, {self.seconds:.1f} s, {self.server}"
        yield f"  throughput  {self.throughput:,.0f} transactions/s, {self.done:,} in all"
        yield "  latency     " + _milliseconds(self.measurements.response().summary())
        if self.loop == "open":
            service = _milliseconds(self.measurements.service().summary())
            yield f"  service     {service}  (from when a client took it up)"
        yield from over_time(self.timeline)
        retried = ", ".join(f"{count:,} x {state}" for state, count in sorted(self.retries.items())) or "0"
        yield f"  conflicts   {retried} (each retried; {self.retried_share:.1%} of attempts), unknown {self.unknown}"
        if self.reconnects:
            yield f"  reconnects  {self.reconnects:,} (connections that broke before a COMMIT)"
        if self.unstarted:
            yield (
                f"  UNSTARTED   {self.unstarted:,} arrivals had no free client before the end:"
                " the rate is too high for this server or these clients"
            )
        width = max(map(len, self.kinds), default=0)
        for name, kind in self.kinds.items():
            extra = f"  {kind.rolled_back:,} rolled back as wanted" if kind.rolled_back else ""
            latency = _milliseconds(kind.response.summary(), ("p50", "p99", "max"))
            yield f"    {name:<{width}} {kind.committed:>9,}  {latency}{extra}"
        late = self.generator.late_ms.get("p99", 0.0)
        yield f"  generator   {self.generator.cpu_share:.0%} of a core, its loop late by {late:.1f} ms at 99 %"
        if self.generator.saturated:
            yield "  SATURATED   the load generator used up its core: these figures say as much of it as of the server"


def over_time(timeline: Sequence[Second]) -> Iterator[str]:
    """Throughput, and in an open loop what was meant, drawn to one scale. The end, in which clients finish one by one,
    is left out."""
    whole = [second for second in timeline if second.length > 0.5]
    if len(whole) < 3:
        return
    meant = [second.meant for second in whole if second.meant is not None]
    done = [second.rate for second in whole]
    top = max(*done, *meant, 1.0)
    if meant:
        yield f"  meant       {bars(meant, top)}  {min(meant):,.0f} to {max(meant):,.0f} a second"
    yield f"  by second   {bars(done, top)}  {min(done):,.0f} to {max(done):,.0f} a second"


def bars(values: Sequence[float], top: float) -> str:
    """A character for each value, at most BARS_MAX (then each is a mean of its neighbours): empty for 0, full for
    `top`."""
    count = min(len(values), BARS_MAX)
    cuts = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[start:end]) / (end - start) for start, end in pairwise(cuts)]
    return "".join(BARS[min(len(BARS) - 1, ceil(mean / top * (len(BARS) - 1)))] for mean in means)


def _milliseconds(summary: dict[str, float], names: tuple[str, ...] = TOLD) -> str:
    return "  ".join(f"{name} {summary[name]:.2f} ms" for name in names if name in summary) or "none"


def without_password(url: str) -> str:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"
