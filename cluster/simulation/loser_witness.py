"""The losers' witness: who is told early that it has lost (query_processor/transaction/losing.py) has lost.

    I3  a transaction is told OC000 when it writes a row only if an adjudicator has committed that row after it began

Held against every commit that any adjudicator has decided, whatever has become of it since: the keys that its window
has taken, and those of others' that its record names. That somebody who could have committed is told to try again is
seen by nobody else: he does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from actors.adjudicator.claim import Claim
from actors.adjudicator.reign import Flight, Reign
from actors.adjudicator.window import ConflictWindow
from actors.common.small_write_set import rows
from actors.query_processor.transaction.losing import Losing
from actors.runtime.simulation.world import World


@contextmanager
def watched_losers(world: World) -> Iterator[None]:
    """Every early word to a loser is looked at, meanwhile."""
    usual_commit, usual_append, usual_answer = ConflictWindow.commit, Reign.append, Losing.is_overwritten
    last: dict[bytes, int] = {}

    def note(keys: Iterable[bytes], commit_ts: int) -> None:
        for key in keys:
            last[key] = max(commit_ts, last.get(key, 0))

    def commit(self: ConflictWindow, claim: Claim, commit_ts: int) -> None:
        usual_commit(self, claim, commit_ts)
        note(claim.written, commit_ts)

    def append(
        self: Reign, flight: Flight, name: bytes, commit_ts: int, now: int, then: Callable[[], None] | None
    ) -> None:
        note((key for key, _, _ in rows(flight.message.write_set)), commit_ts)
        usual_append(self, flight, name, commit_ts, now, then)

    def has_lost(self: Losing, key: bytes, start_ts: int) -> bool:
        lost = usual_answer(self, key, start_ts)
        if lost and last.get(key, 0) <= start_ts:
            world.violated("I3", f"one that began at {start_ts} is told that it has lost {key.hex()}, which it has not")
        return lost

    ConflictWindow.commit = commit  # type: ignore[method-assign]
    Reign.append = append  # type: ignore[method-assign]
    Losing.is_overwritten = has_lost  # type: ignore[method-assign]
    try:
        yield
    finally:
        ConflictWindow.commit = usual_commit  # type: ignore[method-assign]
        Reign.append = usual_append  # type: ignore[method-assign]
        Losing.is_overwritten = usual_answer  # type: ignore[method-assign]
