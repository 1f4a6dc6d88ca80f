"""What `eagleray status --json` told, poll after poll: rates, quantiles and counts of what runs.

    history = History()
    history.add(now_s, status)          once a second
    history.rate("query_processor", "transactions"), history.latency_ms(0.99), history.counts()

Counters begin anew where a role does, so each role's are compared with its own of the poll before: one that fell has
begun anew.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from actors.common.latency import Account, merged, quantile

LAYERS = ("gateway", "query_processor", "adjudicator", "journal", "crossbar", "storage", "controller")
POLLS_MAX = 600
"""Remembered: ten minutes."""

Status = dict[str, Any]
"""As `eagleray status --json` prints it."""


@dataclass(frozen=True)
class Poll:
    """One look: when, and what was told. `actors`: by name."""

    at_s: float
    status: Status
    actors: dict[str, Status]

    def of(self, layer: str) -> list[Status]:
        return [actor for actor in self.actors.values() if actor["layer"] == layer]

    @property
    def awake(self) -> bool:
        return str(self.status["state"]) != "asleep"


@dataclass(frozen=True)
class Point:
    """What is drawn of a poll later."""

    at_s: float
    transactions_s: float
    counts: dict[str, int]


@dataclass
class History:
    polls: deque[Poll] = field(default_factory=lambda: deque(maxlen=2))
    points: deque[Point] = field(default_factory=lambda: deque(maxlen=POLLS_MAX))

    def add(self, at_s: float, status: Status) -> None:
        self.polls.append(Poll(at_s, status, {str(actor["name"]): actor for actor in status["actors"]}))
        self.points.append(Point(at_s, self.rate("query_processor", "transactions"), self.counts()))

    @property
    def now(self) -> Poll:
        return self.polls[-1]

    @property
    def elapsed_s(self) -> float:
        """Between the last two polls; 0 where there is one."""
        return self.polls[-1].at_s - self.polls[0].at_s

    def rate(self, layer: str, key: str) -> float:
        """Of a counter, a second, over all roles of a layer."""
        elapsed_s = self.elapsed_s
        if elapsed_s <= 0:
            return 0.0
        before, now = self.polls
        return (
            sum(
                _grown(value(actor, key), value(before.actors.get(name), key))
                for name, actor in _of(now, layer, before)
            )
            / elapsed_s
        )

    def gauge(self, layer: str, key: str) -> int:
        """The sum over all roles of a layer, as of now."""
        return sum(value(actor, key) for actor in self.now.of(layer))

    def stored(self, key: str) -> int:
        """Of storage, each shard once: its fullest replica's."""
        shards: dict[Any, int] = {}
        for actor in self.now.of("storage"):
            shards[actor.get("shard")] = max(shards.get(actor.get("shard"), 0), value(actor, key))
        return sum(shards.values())

    def latency_ms(self, share: float) -> float | None:
        """A quantile of what was answered between the last two polls; None where nothing was."""
        if len(self.polls) < 2:
            return None
        before, now = self.polls
        new = merged(_difference(actor, before.actors.get(name)) for name, actor in _of(now, "query_processor", before))
        us = quantile(new, share)
        return None if us is None else us / 1000

    def counts(self) -> dict[str, int]:
        """Roles that run, by layer; `shard`s, key `range`s (pieces of neighbours with one owner count once) and
        `process`es beside."""
        actors = self.now.actors.values()
        counts = Counter(str(actor["layer"]) for actor in actors if actor["state"] == "running")
        pieces = self.now.status["ranges"]
        counts["range"] = (
            1 + sum(one["adjudicator"] != other["adjudicator"] for one, other in pairwise(pieces)) if pieces else 0
        )
        counts["shard"] = len(
            {actor.get("shard") for actor in actors if actor["layer"] == "storage" and actor["state"] == "running"}
        )
        counts["process"] = len(
            {actor["pid"] for actor in actors if actor["pid"] is not None and actor["state"] == "running"}
        )
        return dict(counts)

    def dpu_s(self) -> float:
        """Units a second, between the last two polls."""
        if self.elapsed_s <= 0:
            return 0.0
        before, now = (float(poll.status["metering"]["dpu"]["total"]) for poll in self.polls)
        return max(now - before, 0.0) / self.elapsed_s


def value(actor: Status | None, key: str) -> int:
    """A count of a role's, in its account or in the `load` of it; 0 where it has none."""
    if actor is None:
        return 0
    found = actor.get(key)
    if not isinstance(found, int):
        found = (actor.get("load") or {}).get(key)
    return int(found) if isinstance(found, int) else 0


def _of(now: Poll, layer: str, before: Poll) -> list[tuple[str, Status]]:
    """Roles of a layer that have been there in the poll before; one that has just come has counted since it began, not
    since then."""
    return [(name, actor) for name, actor in now.actors.items() if actor["layer"] == layer and name in before.actors]


def _grown(now: int, before: int) -> int:
    return now - before if now >= before else now


def _difference(actor: Status, before: Status | None) -> Account:
    now = actor.get("latency_us") or {}
    past = (before or {}).get("latency_us") or {}
    if any(count > now.get(bound, 0) for bound, count in past.items()):
        past = {}
    return {bound: count - past.get(bound, 0) for bound, count in now.items() if count > past.get(bound, 0)}
