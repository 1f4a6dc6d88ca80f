"""What the demo saw of its day, and what that cost (pure)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True)
class Sample:
    """The cluster at `second` of the demo. `processes`: those that hold roles, by the operating system. `counts`: of
    roles that run, by layer, of shards and of key ranges (top/history.py). `whole`: everything runs that is to run.
    `dpu`: used so far, by kind."""

    second: float
    processes: int
    counts: dict[str, int]
    parked: int
    awake: bool
    whole: bool
    dpu: dict[str, float]


@dataclass
class Day:
    """`rates`: (second of the demo, orders a second meant, done, p99 in milliseconds); `marks`: (second, what
    happened)."""

    begun_s: float
    samples: list[Sample] = field(default_factory=list)
    rates: list[tuple[float, float, float, float | None]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)

    @property
    def second(self) -> float:
        return time.monotonic() - self.begun_s

    @property
    def process_seconds(self) -> float:
        """The area below the number of processes."""
        return sum((later.second - one.second) * one.processes for one, later in pairwise(self.samples))

    @property
    def node_seconds(self) -> float:
        """Likewise, of Ray's nodes."""
        return sum((later.second - one.second) * one.counts.get("node", 0) for one, later in pairwise(self.samples))

    @property
    def nodes_peak(self) -> int:
        """0 where the demo's nodes stay."""
        return max(sample.counts.get("node", 0) for sample in self.samples)

    @property
    def peak(self) -> int:
        return max(sample.processes for sample in self.samples)

    def changing(self) -> list[str]:
        """What there was more and less of while the cluster was whole, besides processes; query processors in any
        case."""
        seen: dict[str, set[int]] = {"query_processor": set()}
        for sample in self.samples:
            for kind, count in sample.counts.items():
                if count and (sample.whole or kind == "node"):
                    seen.setdefault(kind, set()).add(count)
        return [
            kind
            for kind, counts in seen.items()
            if kind == "query_processor" or (len(counts) > 1 and kind != "process")
        ]


def cost(day: Day) -> str:
    """In one line: what ran and what was used, against a cluster that is as large as the peak all day."""
    fixed = day.peak * (day.samples[-1].second - day.samples[0].second)
    dpu = day.samples[-1].dpu
    parts = ", ".join(f"{kind} {dpu[kind]:,.2f}" for kind in ("compute", "read", "write"))
    seconds = day.samples[-1].second - day.samples[0].second
    nodes = f", and {day.node_seconds:,.0f} node-seconds of {day.nodes_peak * seconds:,.0f}" if day.nodes_peak else ""
    return (
        f"cost: {day.process_seconds:,.0f} process-seconds and {dpu['total']:,.2f} DPU ({parts}); a fixed "
        f"cluster of the peak's size "
        f"({day.peak} processes) would have taken {fixed:,.0f} process-seconds, "
        f"{fixed / max(day.process_seconds, 1e-9):.1f} times as many{nodes}"
    )
