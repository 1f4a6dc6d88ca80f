"""A storage replica's place in the cluster, by the topology: which columns its shard holds, and where its peers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.ranges import ShardMap, Span, covers
from actors.common.stored_journal import STATE_JOURNAL
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Bus


def redirected(shard: int) -> DatabaseError:
    return DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"Redirected: shard {shard} does not own the key")


class Origin(NamedTuple):
    """A shard that another one is made of: its replicas, and what it holds."""

    replicas: list[str]
    spans: tuple[Span, ...]


class Place:
    """`parents`: the shards that this one was made of, if any (docs/shards.md)."""

    def __init__(self, bus: Bus, name: str, shard: int, parents: Sequence[int]) -> None:
        self._bus = bus
        self._name = name
        self._shard = shard
        self.parents = tuple(parents)

    def peers(self) -> list[str]:
        """The shard's other replicas."""
        return [name for name in self._replicas_of(self._shard) if name != self._name]

    def origins(self) -> list[Origin]:
        """One of each parent."""
        return [Origin(self._replicas_of(shard), self._spans_of(shard)) for shard in self.parents]

    def journals(self, at: Timestamp) -> list[tuple[int, Timestamp]]:
        """Of the cluster's journals that have commits up to `at`: number, and the last time up to then at which they
        may have. One that is announced may count by now."""
        topology = self._bus.topology
        if topology is None:
            return []
        if topology.journals.version:
            terms = [term for term in topology.journals.terms if term.since is None or term.since < at]
            return [(term.number, min(at, term.until) if term.until is not None else at) for term in terms]
        return [
            (number, at)
            for number in sorted({int(name.split("/")[1]) for name in topology.azs if name.startswith("adjudicator/")})
        ]

    @property
    def set_version(self) -> int | None:
        """Of the set of journals; None where the cluster keeps no state."""
        topology = self._bus.topology
        return topology.journals.version if topology is not None and self.keepers() else None

    def keepers(self) -> list[str]:
        """The replicas of the journal that has the cluster's state; none where it keeps none."""
        topology = self._bus.topology
        names = topology.azs if topology is not None else ()
        return [name for name in sorted(names) if name.startswith(f"journal/{STATE_JOURNAL}/")]

    def _replicas_of(self, shard: int) -> list[str]:
        topology = self._bus.topology
        prefix = f"storage/{shard}/"
        return [name for name in sorted(topology.routes) if name.startswith(prefix)] if topology is not None else []

    @property
    def spans(self) -> tuple[Span, ...]:
        """The shard's columns; none, where the map does not name it."""
        return self._spans_of(self._shard)

    @property
    def is_settled(self) -> bool:
        """No shard is being made of others."""
        topology = self._bus.topology
        return topology is not None and not topology.shard_map.followers

    def _spans_of(self, shard: int) -> tuple[Span, ...]:
        topology = self._bus.topology
        return topology.shard_map.spans(shard) if topology is not None else ()

    def holds_range(self, shards: ShardMap, start: bytes, end: bytes) -> bool:
        """All of the keys [start, end), as the shard that owns them or one that follows them."""
        others = [piece for piece in shards.scan_pieces(start, end) if piece[2] != self._shard]
        if not others or not shards.followers:
            return not others
        return all(covers(shards.spans(self._shard), low, high) for low, high, _ in others)
