"""What a run has met: which message came upon a role in which state, what that role was in the middle of, what it
answered, and what came before.

A feature is a line such as

    storage checkpointing,merging < Deliver           a message, and the state of the role that it came to
    journal < Seal during Append                      ... and what the role had not answered yet
    adjudicator standing by: Commit -> 55000          an answer
    journal: Promote, then Trim                       two rare messages to roles of one group, one after the other
    crossbar < Lead with 2 down                       processes that were down, and links that were cut, meanwhile

with how often a run met it, roughly (once, a few times, often, all the time). Lines of code say little here: nearly all
of them run in nearly every seed. A campaign prefers plans that met what few others did (steering.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from actors.adjudicator.adjudicator import Adjudicator
from actors.common.messages.base import Failure, Message
from actors.crossbar.crossbar import Crossbar
from actors.journal.replica import JournalReplica
from actors.runtime.interfaces import Role
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import Process, World
from actors.storage.replica import StorageReplica

USUAL = frozenset(
    [
        "Append",
        "AskOutcome",
        "AskPromise",
        "Commit",
        "Decided",
        "Deliver",
        "DemandWatermark",
        "Get",
        "JournalRecords",
        "Ping",
        "Prepare",
        "Register",
        "Scan",
        "StreamAck",
        "Suspect",
        "Topology",
        "Watch",
        "Watched",
    ]
)
"""Messages of an undisturbed cluster: that one follows another says nothing."""
YOUNG_S = 0.5
"""A role's process that has started no longer ago is young."""
DOWN_MAX = 3
"""More processes that are down are as many."""


def state_of(role: Role) -> str:
    """What a role is doing, in a few words; "" for one that does nothing out of the ordinary."""
    words: list[str] = []
    if isinstance(role, StorageReplica):
        upkeep = role._upkeep
        words = [
            *(["checkpointing"] if upkeep._checkpointing else []),
            *(["merging"] if upkeep._merging else []),
            *(["filling"] if upkeep._filling else []),
            *(["looking"] if upkeep.looking else []),
            *(["demanding"] if role._demanded else []),
            *(["stranded"] if role._stranded else []),
            *(["damaged"] if role._damage else []),
            *([] if role._open else ["without a stream"]),
        ]
    elif isinstance(role, JournalReplica):
        words = [
            *([] if role._promises.voter else ["learning"]),
            *(["promising"] if role._promises.is_storing else []),
            *(["damaged"] if role._damaged else []),
            *([f"{min(len(role._subscriptions), 3)} read"] if role._subscriptions else []),
        ]
    elif isinstance(role, Adjudicator):
        reign = role._reign
        if reign is None:
            words = ["recovering" if role._leading is not None else "standing by"]
        else:
            words = [
                *(["pending"] if reign.window.pending else []),
                *(["waiting"] if reign.waiting else []),
                *(["under way"] if reign.under_way else []),
            ]
    elif isinstance(role, Crossbar):
        words = [f"{min(len(role._catch_ups), 3)} catching up"] if role._catch_ups else []
    return ",".join(words)


class Coverage:
    """An Observer (runtime/simulation/network.py) that judges nothing."""

    looks_at: Kinds | None = None

    def __init__(self, world: World) -> None:
        self._world = world
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._open: dict[str, Counter[str]] = {}
        """By role: messages that it has been given and has not answered, by class. Of one-way messages nothing is
        known."""
        self._answered: set[str] = set()
        """Classes of messages that are answered."""
        self._last: dict[str, str] = {}
        self._places: dict[str, tuple[Process, object, Role]] = {}
        self._started_at: dict[str, float] = {}
        world.on_started.append(self._started)

    def features(self) -> frozenset[str]:
        """With how often each was met: once, up to seven times, up to 63, more."""
        return frozenset(
            f"{' '.join(what)} #{min((count.bit_length() + 1) // 3, 3)}" for what, count in self._counts.items()
        )

    def wiped(self, role: str) -> None:
        self._counts["wiped", *self._situation(role)] += 1

    def rotten(self, role: str) -> None:
        self._counts["rotten", *self._situation(role)] += 1

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        counts = self._counts
        name = type(message).__name__
        kind, state = self._situation(destination)
        counts[kind, state, "<", name] += 1
        opened = self._open.get(destination)
        if opened is None:
            opened = self._open[destination] = Counter()
        for other in opened:
            if opened[other] > 0 and other in self._answered:
                counts[kind, "<", name, "during", other] += 1
        opened[name] += 1
        if name not in USUAL:
            self._met_rare(destination, kind, name)

    def _met_rare(self, destination: str, kind: str, name: str) -> None:
        counts, world = self._counts, self._world
        group = destination.rpartition("/")[0] if kind in ("journal", "storage") else kind
        counts[kind + ":", self._last.get(group, "nothing") + ", then", name] += 1
        self._last[group] = name
        down = sum(1 for process in world.processes.values() if process.life is None)
        if down:
            counts[kind, "<", name, f"with {min(down, DOWN_MAX)} down"] += 1
        if not world.network.is_connected:
            counts[kind, "<", name, "with links cut"] += 1
        place = self._places.get(destination)
        if place is not None and world.loop.time() - self._started_at.get(place[0].name, -YOUNG_S) < YOUNG_S:
            counts[kind, "young <", name] += 1

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        name = type(request).__name__
        self._answered.add(name)
        opened = self._open.get(role)
        if opened is not None and opened[name] > 0:
            opened[name] -= 1
        kind, state = self._situation(role)
        told: Any = answer.sqlstate if isinstance(answer, Failure) else type(answer).__name__
        if getattr(answer, "conflict", False):
            told = "conflict"
        self._counts[kind, state + ":", name, "->", told] += 1

    def _situation(self, name: str) -> tuple[str, str]:
        role = self._role(name)
        return name.partition("/")[0], state_of(role) if role is not None else "away"

    def _role(self, name: str) -> Role | None:
        """Where it runs now; looked for again only once it has gone from where it was."""
        place = self._places.get(name)
        if place is not None and place[0].life is place[1] and place[0].runs(name):
            return place[2]
        for process in self._world.processes.values():
            if process.runs(name):
                role = process.role(name)
                self._places[name] = (process, process.life, role)
                self._open.pop(name, None)
                return role
        self._places.pop(name, None)
        return None

    def _started(self, process: str) -> None:
        self._started_at[process] = self._world.loop.time()
