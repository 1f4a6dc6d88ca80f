"""What is counted while a workload runs: outcomes, retries, and latencies in HDR histograms. Pure: times come in as
arguments.

Two latencies of each transaction: *response*, from when it was meant to start (in a closed loop: when it started),
with all retries and pauses, and *service*, from when a client took it up. Only those that ended as wanted (committed,
or rolled back by the workload itself) have a latency; failed ones are counted by SQLSTATE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

from hdrh.histogram import HdrHistogram

LATENCY_US_MAX = 3_600_000_000
"""An hour: an open loop that the server cannot follow has responses as long as the run."""
LATENCY_DIGITS = 3
PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 100.0)


class Latencies:
    """A histogram of seconds, three digits wide."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, LATENCY_US_MAX, LATENCY_DIGITS)
        self._seconds = 0.0
        self.count = 0

    def record(self, seconds: float) -> None:
        self._histogram.record_value(min(LATENCY_US_MAX, max(1, round(seconds * 1e6))))
        self._seconds += seconds
        self.count += 1

    def add(self, other: Latencies) -> None:
        self._histogram.add(other._histogram)
        self._seconds += other._seconds
        self.count += other.count

    def ms(self, percentile: float) -> float:
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000

    def summary(self) -> dict[str, float]:
        """Milliseconds: mean, p50 ... p99.9, max. Empty where nothing was recorded."""
        if not self.count:
            return {}
        mean = {"mean": self._seconds / self.count * 1000}
        return mean | {"max" if share == 100 else f"p{share:g}": self.ms(share) for share in PERCENTILES}

    def encoded(self) -> str:
        """HdrHistogram's own interchange format (V2, base64), microseconds: histograms of several runs can be
        added."""
        return bytes(self._histogram.encode()).decode()


def added(parts: Iterable[Latencies]) -> Latencies:
    total = Latencies()
    for part in parts:
        total.add(part)
    return total


@dataclass
class Kind:
    """One kind of transaction of the mix. In a closed loop `service` is `response`: to record is half of what the
    load generator itself computes for a transaction."""

    response: Latencies
    service: Latencies
    committed: int = 0
    rolled_back: int = 0
    unknown: int = 0
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Second:
    """What one second of a run saw. `second`: its end, from the start. Latencies are responses, in milliseconds; None
    where nothing ended."""

    second: float
    length: float
    meant: float | None
    done: int
    retries: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None

    @property
    def rate(self) -> float:
        return self.done / self.length if self.length else 0.0


class Measurements:
    """All clients' results, and those of the current second."""

    def __init__(self, kinds: Sequence[str], *, open_loop: bool = False) -> None:
        self.kinds: dict[str, Kind] = {}
        for name in kinds:
            response = Latencies()
            self.kinds[name] = Kind(response, Latencies() if open_loop else response)
        self.waited = Latencies()
        """Arrivals that no client took up: from when each was meant to start until the end."""
        self.first_errors: dict[str, str] = {}
        self._current: list[float] = []
        self._errors = 0
        self._retries_told = 0

    def done(self, name: str, response_s: float, service_s: float, *, rolled_back: bool = False) -> None:
        kind = self.kinds[name]
        if rolled_back:
            kind.rolled_back += 1
        else:
            kind.committed += 1
        kind.response.record(response_s)
        if kind.service is not kind.response:
            kind.service.record(service_s)
        self._current.append(response_s)

    def response(self) -> Latencies:
        """Of all kinds, and of what only waited."""
        return added([*(kind.response for kind in self.kinds.values()), self.waited])

    def service(self) -> Latencies:
        return added([kind.service for kind in self.kinds.values()])

    def failed(self, name: str, sqlstate: str, message: str) -> None:
        self.kinds[name].errors[sqlstate] += 1
        self.first_errors.setdefault(sqlstate, f"{name}: {message}")
        self._errors += 1

    @property
    def silent(self) -> bool:
        """Whether nothing has ended since the last turn."""
        return not self._current and not self._errors

    def unknown(self, name: str) -> None:
        self.kinds[name].unknown += 1

    def turn(self, second: float, length: float, meant: float | None, retries: int) -> Second:
        """End the current second of `length`; `retries`: all so far."""
        ordered = sorted(self._current)
        told = Second(
            second,
            length,
            meant,
            len(ordered),
            retries - self._retries_told,
            self._errors,
            quantile_ms(ordered, 0.50),
            quantile_ms(ordered, 0.99),
        )
        self._current, self._errors, self._retries_told = [], 0, retries
        return told


def quantile_ms(ordered: Sequence[float], share: float) -> float | None:
    """`quantile` of seconds, in milliseconds; None of none."""
    return quantile(ordered, share) * 1000 if ordered else None


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value of `ordered` (ascending, at least one) that at least `share` of them do not exceed."""
    rank = ceil(round(share * len(ordered), 6))  # 0.999 of 20,000 is 19,980, not a hair more
    return ordered[min(len(ordered) - 1, max(0, rank - 1))]
