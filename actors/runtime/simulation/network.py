"""The simulated network between processes.

Every frame takes a delay drawn from the seed, stays behind those sent before it on its link (as on one TCP connection)
unless the faults reorder it, and may be lost or repeated. On top of that a test can cut links, one way or both, and
clog them.

    network.partition(["journal-1-a"], ["adjudicator-1"])            neither hears the other
    network.partition(["x"], ["y"], one_way=True)                    x's frames do not reach y
    network.isolate("x"); network.heal()
    network.clog("x", "y", until_s=9.5)                              x's frames to y arrive from then on, in order
    network.sever(["adjudicator/1"], ["adjudicator/2"])              what these roles send each other is lost, wherever
                                                                     they run; `join_again` undoes it
    network.distances = Distances(region_of, {("east", "west"): 0.0375}, jitter_share=0.1)
                                                                     what goes from one region to another takes longer

A cut link drops what is sent and what is under way, without a word to the sender. A process that is not there refuses
requests at once; those that wait for one that dies hear of it at once or never (`reset_chance`). Everything is traced:
who sent what to whom, and its fate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol
from zlib import crc32

from actors.common.messages.base import Message
from actors.runtime.distances import Distances
from actors.runtime.framing import POST, REPLY, REQUEST
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner, SimulatedLoop
from actors.runtime.simulation.trace import Trace

SAME_STREAM = {"Stage": "Deliver"}
"""Classes of messages that are numbered in one stream with others. One of them that was slow for ever would end each
stream at its first message, which no connection does."""


class Station(Protocol):
    """One life of a process, as the network sees it (its bus)."""

    owner: Owner
    endpoint: str

    def arrive(self, source: Station, frame: bytes) -> None: ...

    def receive(self, sender: str, destination: str, message: Message, reply: Reply) -> None:
        """What no network has carried."""

    def refused(self, request: int, why: str, sent: bool) -> None: ...

    def peer_died(self, peer: Station) -> None: ...


_WORDS = {REQUEST: "request", REPLY: "reply", POST: "post"}

Kinds = frozenset[type[Message]]


class Observer(Protocol):
    """Sees messages between roles, for checkers; it changes nothing. An assertion that it raises ends the run."""

    looks_at: Kinds | None
    """The classes of messages that it is shown, and those of requests and of answers; None: all."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        """`message` (a request or a one-way message) is about to be handled by `destination`."""

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """`role` answers `request`; the answer may yet be lost."""

    def wiped(self, role: str) -> None:
        """The role's disk was lost, and whatever it had promised with it."""

    def rotten(self, role: str) -> None:
        """Some bit of the role's disk is wrong."""


OnDelivered = Callable[[str, str, Message], None]
OnAnswered = Callable[[str, str, Message, Message], None]


class SimulatedNetwork:
    def __init__(self, loop: SimulatedLoop, random: Random, faults: Faults, trace: Trace) -> None:
        self._set_faults(faults)
        self.distances: Distances | None = None
        self.observers: list[Observer] = []
        self._seers: dict[type[Message], tuple[OnDelivered, ...]] = {}
        self._answer_seers: dict[tuple[type[Message], type[Message]], tuple[OnAnswered, ...]] = {}
        self._loop = loop
        self._random = random
        self._chance = random.random
        self._trace = trace
        self._stations: dict[str, Station] = {}
        self._cut: dict[tuple[str, str], None] = {}
        self._clogged: dict[tuple[str, str], float] = {}
        self._severed: dict[tuple[str, str], None] = {}
        """(sender, destination): roles, not processes."""
        self._last_arrival: dict[tuple[str, str], float] = {}

    # checkers

    def observe(self, *observers: Observer) -> None:
        """Show them messages from now on, in this order, after those that look on already."""
        self.observers += observers
        self._seers.clear()
        self._answer_seers.clear()

    def seers(self, message: Message) -> tuple[OnDelivered, ...]:
        """The observers' `delivered` for a message of this class: half of all messages interest none of them, and most
        of the others only one."""
        kind = type(message)
        found = self._seers.get(kind)
        if found is None:
            looking = (one for one in self.observers if one.looks_at is None or kind in one.looks_at)
            found = self._seers[kind] = tuple(observer.delivered for observer in looking)
        return found

    def answer_seers(self, request: Message, answer: Message) -> tuple[OnAnswered, ...]:
        """The observers' `answered`, likewise."""
        kinds = (type(request), type(answer))
        found = self._answer_seers.get(kinds)
        if found is None:
            looking = (one for one in self.observers if one.looks_at is None or not one.looks_at.isdisjoint(kinds))
            found = self._answer_seers[kinds] = tuple(observer.answered for observer in looking)
        return found

    # faults

    @property
    def faults(self) -> Faults:
        """They may be replaced at any time."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._set_faults(faults)

    def _set_faults(self, faults: Faults) -> None:
        self._faults = faults
        self._slow = frozenset(SAME_STREAM.get(name, name) for name in faults.slow_messages)

    def partition(self, one: Sequence[str], other: Sequence[str], one_way: bool = False) -> None:
        """Cut every link from a process of `one` to one of `other`, and back unless `one_way`. Cuts add up until
        `heal`."""
        self._trace.add("partition", f"{','.join(one)} {'->' if one_way else '<->'} {','.join(other)}")
        for a in one:
            for b in other:
                if a != b:
                    self._cut[(a, b)] = None
                    if not one_way:
                        self._cut[(b, a)] = None

    def isolate(self, name: str) -> None:
        """Cut a process off from all others that are up."""
        self.partition([name], [station.owner.name for station in self._stations.values()])

    @property
    def is_connected(self) -> bool:
        """No link is cut."""
        return not self._cut

    def mend(self, one: Sequence[str], other: Sequence[str]) -> None:
        """Undo the cuts between these, both ways; all others stay."""
        self._trace.add("mend", f"{','.join(one)} <-> {','.join(other)}")
        for a in one:
            for b in other:
                self._cut.pop((a, b), None)
                self._cut.pop((b, a), None)

    def sever(self, one: Sequence[str], other: Sequence[str], one_way: bool = False) -> None:
        """As `partition`, of roles: their processes' other roles hear each other as before."""
        self._trace.add("sever", f"{','.join(one)} {'->' if one_way else '<->'} {','.join(other)}")
        for a in one:
            for b in other:
                self._severed[(a, b)] = None
                if not one_way:
                    self._severed[(b, a)] = None

    def join_again(self, one: Sequence[str], other: Sequence[str]) -> None:
        """Undo `sever` between these, both ways."""
        self._trace.add("join again", f"{','.join(one)} <-> {','.join(other)}")
        for a in one:
            for b in other:
                self._severed.pop((a, b), None)
                self._severed.pop((b, a), None)

    @property
    def is_whole(self) -> bool:
        """Nothing is cut, severed or clogged."""
        now = self._loop.time()
        return not self._cut and not self._severed and all(until <= now for until in self._clogged.values())

    def heal(self) -> None:
        """No link is cut or clogged any more."""
        self._trace.add("heal", "")
        self._severed.clear()
        self._cut.clear()
        self._clogged.clear()

    def clog(self, source: str, destination: str, until_s: float) -> None:
        self._trace.add("clog", f"{source} -> {destination} until {round(until_s * 1e6)}")
        self._clogged[(source, destination)] = until_s

    # stations

    def join(self, station: Station) -> None:
        assert station.endpoint not in self._stations, f"{station.endpoint} is in use"
        self._stations[station.endpoint] = station

    def leave(self, station: Station) -> None:
        """The process died or closed its bus. Those who wait for it may hear of it."""
        if self._stations.get(station.endpoint) is not station:
            return
        del self._stations[station.endpoint]
        for other in list(self._stations.values()):
            if self._random.random() < self.faults.reset_chance and not self._is_cut(station, other):
                self._later(other, self._delay_s(station, other), other.peer_died, station)

    def find(self, endpoint: str) -> Station | None:
        return self._stations.get(endpoint)

    # frames

    def send(
        self,
        source: Station,
        target: Station | None,
        frame: bytes,
        kind: int,
        request: int,
        name: str,
        sender: str,
        destination: str,
    ) -> None:
        """`target` None: nobody is there. `name`: of the message's class. `sender`, `destination`: roles."""
        faults, chance = self._faults, self._chance
        if target is None or not target.owner.alive:
            label = f"{_WORDS[kind]} {request} {name} {sender}>{destination}"
            self._trace.add("send", f"{source.owner.name} -> nobody {label}")
            if kind == REQUEST:
                self._later(source, self._delay_s(), source.refused, request, "nobody is there", False)
            return
        here, there = link = (source.owner.name, target.owner.name)
        description = (
            f"{here} -> {there} {_WORDS[kind]} {request} {name} {sender}>{destination} {len(frame)} {crc32(frame):08x}"
        )
        if self._severed and (sender, destination) in self._severed:
            self._trace.add("severed", description)
            return
        if chance() < faults.loss_chance:
            self._trace.add("lost", description)
            if kind == REQUEST and chance() < 0.5:
                self._later(
                    source, self._delay_s(target, source), source.refused, request, "the connection was reset", True
                )
            return
        for _ in range(2 if chance() < faults.repeat_chance else 1):
            when = self._arrival(link, name)
            self._trace.add("send", f"{description} at {round(when * 1e6)}")
            self._loop.call_at(when, self._arrive, source, target, frame, description, context=target.owner.context)

    def _arrive(self, source: Station, target: Station, frame: bytes, description: str) -> None:
        if self._cut and self._is_cut(source, target):
            self._trace.add("cut", description)
        else:
            target.arrive(source, frame)

    def _is_cut(self, source: Station, target: Station) -> bool:
        return (source.owner.name, target.owner.name) in self._cut

    def _arrival(self, link: tuple[str, str], name: str) -> float:
        faults, chance = self._faults, self._chance
        when = self._loop.time() + self._delay_s()
        if self.distances is not None:
            when += self.distances.delay_s(*link, chance)
        if self._clogged:
            when = max(when, self._clogged.get(link, 0.0))
        if self._slow and (name := SAME_STREAM.get(name, name)) in self._slow:
            when += self._random.uniform(0, faults.slow_s_max)
            link = (link[0], f"{link[1]} {name}")  # overtaken by others, but not by its like
        if chance() < faults.reorder_chance:
            return when
        earliest = self._last_arrival.get(link, 0.0) + 1e-7
        if when < earliest:
            when = earliest
        self._last_arrival[link] = when
        return when

    def _delay_s(self, source: Station | None = None, target: Station | None = None) -> float:
        """On the way from one to the other, where that is asked for."""
        faults, chance = self._faults, self._chance
        if source is not None and target is not None and self.distances is not None:
            return self._delay_s() + self.distances.delay_s(source.owner.name, target.owner.name, chance)
        if chance() < faults.delay_spike_chance:
            return self._random.uniform(faults.delay_s_max, faults.delay_spike_s_max)
        return faults.delay_s_min + (faults.delay_s_max - faults.delay_s_min) * chance()  # as Random.uniform

    def _later(self, station: Station, delay_s: float, callback: Callable[..., None], *arguments: object) -> None:
        self._loop.call_later(delay_s, callback, *arguments, context=station.owner.context)
