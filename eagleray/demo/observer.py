"""Looks at the demo's cluster twice a second, from outside: `status`, and the operating system's list of processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from eagleray.command.main import OneLine
from eagleray.demo.day import Day, Sample
from eagleray.demo.processes import role_processes
from eagleray.demo.stage import Stage
from eagleray.top.history import History

SAMPLE_S = 0.5
SEEN_S_MAX = 90.0
NAMES = {
    "node": "Ray nodes",
    "query_processor": "query processors",
    "adjudicator": "adjudicators",
    "shard": "shards",
    "range": "key ranges",
    "storage": "storage replicas",
}


class NotSeen(Exception):
    """What the demo waits for did not come."""


class Observer:
    """Samples the cluster in a thread of its own until it is closed."""

    def __init__(self, data: Path, day: Day, stage: Stage, raylets: Callable[[], list[int]]) -> None:
        """`raylets`: ids of the processes that are the nodes of a Ray that nodes come to and go from; none where they
        stay."""
        self._data = data
        self._raylets = raylets
        self._day = day
        self._stage = stage
        self.history = History()
        self._whole: Sample | None = None
        """The last time that everything ran, since the cluster woke."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Observer:
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            try:
                self._sample()
            except OneLine:  # the controller has other things to do: the next look will tell
                continue

    def _sample(self) -> None:
        from eagleray.command.show import status_of

        history, day, raylets = self.history, self._day, self._raylets()
        history.add(time.monotonic(), status_of(self._data))
        sample = Sample(
            second=day.second,
            processes=len(role_processes(self._data.absolute(), raylets)),
            counts={**history.counts(), **({"node": len(raylets)} if raylets else {})},
            parked=history.gauge("gateway", "parked"),
            awake=history.now.awake,
            whole=str(history.now.status["state"]) == "running"
            and history.gauge("query_processor", "sessions_max") > 0,
            dpu={kind: float(units) for kind, units in history.now.status["metering"]["dpu"].items()},
        )
        day.samples.append(sample)
        if sample.whole:
            if self._whole is not None and (told := changes(self._whole, sample)):
                self._stage.mark(f"{told}; processes: {sample.processes}")
            self._whole = sample
        elif not sample.awake:
            self._whole = None
        self._stage.draw(history)

    def until(self, condition: Callable[[Sample], bool], what: str) -> Sample:
        """The first sample that is so. Raises NotSeen."""
        end_s = time.monotonic() + SEEN_S_MAX
        while not condition(sample := self._day.samples[-1]):
            if time.monotonic() > end_s:
                raise NotSeen(f"{what} was not seen in {SEEN_S_MAX:.0f} s: {sample}")
            self.wait(SAMPLE_S)
        return sample

    def wait(self, seconds: float) -> None:
        self._ended.wait(seconds)


def changes(before: Sample, now: Sample) -> str:
    """Of what there is more or less, in words; "" where nothing has changed."""
    pairs = [(name, before.counts.get(kind, 0), now.counts.get(kind, 0)) for kind, name in NAMES.items()]
    return ", ".join(f"{name}: {then} -> {count}" for name, then, count in pairs if then != count)
