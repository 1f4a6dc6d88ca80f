"""The witness of ranges: who decided about a key, and at what commit time, against the maps that controllers have made
to count.

    I10  of the conflict windows, only that of the key's owner takes its commit: the source's up to the time that the
         map names, the target's above it
    I6   ... so the times at which two adjudicators decide about one key never overlap

A commit is judged at the end of a run, when all maps are known: a key's owners follow from each map's `since`, as the
last state (state_witness.py) has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from actors.adjudicator.claim import Claim
from actors.adjudicator.reign import Reign
from actors.adjudicator.window import ConflictWindow
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.common.timestamps import Timestamp


class RangeWitness:
    """`watching()` puts it between adjudicators and their windows."""

    def __init__(self) -> None:
        self._numbers: dict[ConflictWindow, int] = {}
        self._commits: dict[bytes, dict[Timestamp, set[int]]] = {}
        """Column bytes -> commit time -> adjudicators whose window has taken it."""
        self.checked = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        begin, commit, gather = Reign.__init__, ConflictWindow.commit, ConflictWindow.gather
        pieces: dict[Claim, set[bytes]] = {}

        def begun(reign: Reign, *arguments: Any) -> None:
            begin(reign, *arguments)
            self._numbers[reign.window] = reign.number

        def committed(window: ConflictWindow, claim: Claim, commit_ts: Timestamp) -> None:
            commit(window, claim, commit_ts)
            self._note(window, pieces.pop(claim, claim.written), commit_ts)

        def gathered(window: ConflictWindow, claim: Any, written: list[bytes], checked: list[bytes]) -> None:
            gather(window, claim, written, checked)
            pieces.setdefault(claim, set()).update(written)

        usual = (
            (Reign, "__init__", begin, begun),
            (ConflictWindow, "commit", commit, committed),
            (ConflictWindow, "gather", gather, gathered),
        )
        for home, name, _, telling in usual:
            setattr(home, name, telling)
        try:
            yield
        finally:
            for home, name, method, _ in usual:
                setattr(home, name, method)

    def _note(self, window: ConflictWindow, keys: Iterable[bytes], commit_ts: Timestamp) -> None:
        number = self._numbers[window]
        for key in keys:
            self._commits.setdefault(key[KEYSPACE_BYTES:], {}).setdefault(commit_ts, set()).add(number)

    def check(self, maps: list[ShardMap], is_committed: Callable[[Timestamp], bool]) -> None:
        """`maps`: all that counted, in their order. `is_committed`: whether a journal has a commit of this time; a
        window may have taken one that its journal never did. Raises AssertionError."""
        for key, commits in self._commits.items():
            owners = _owners(maps, key)
            for commit_ts, numbers in commits.items():
                if is_committed(commit_ts):
                    self.checked += 1
                    owner = next(number for since, number in reversed(owners) if since < commit_ts)
                    assert numbers == {owner}, (
                        f"I10: {numbers} have decided about {key.hex()} at {commit_ts}, its owners were {owners}"
                    )


def _owners(maps: list[ShardMap], key: bytes) -> list[tuple[Timestamp, int]]:
    """(since when, who) of a key, in their order."""
    owners: list[tuple[Timestamp, int]] = [(-1, maps[0].adjudicator(bytes(KEYSPACE_BYTES) + key))]
    for shard_map in maps[1:]:
        piece = shard_map.piece(bytes(KEYSPACE_BYTES) + key)
        number = shard_map.adjudicators[piece]
        if number != owners[-1][1]:
            since = shard_map.beginning(piece)
            assert since >= owners[-1][0], (
                f"I6: {number} begins at {since}, before its predecessor's reign over {key.hex()}: {owners}"
            )
            owners.append((since, number))
    return owners
