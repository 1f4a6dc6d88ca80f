"""The snapshots' witness: nobody is told that he has read before his snapshot is past, where clocks keep their bounds.

    I11  a transaction that has only read ends when the true time has reached its start_ts: else one that begins after
         it, on a slower clock, would not see what it has seen

That such a successor comes along, for the same key and in time, is rare; that the reader did not wait is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.query_processor.transaction.transaction import Transaction
from actors.runtime.simulation.world import World

ROUNDED_US = 2
"""Virtual time is a float of seconds."""


@contextmanager
def watched_snapshots(world: World) -> Iterator[None]:
    """Every end of a transaction is looked at, meanwhile."""
    usual = Transaction.commit
    honest = world.faults.clock_honest

    async def commit(self: Transaction) -> int | None:
        commit_ts = await usual(self)
        now = world.clock.true_us()
        if honest and commit_ts is None and now + ROUNDED_US < self.start_ts:
            world.violated("I11", f"a reader of {self.start_ts} was told of its end at {now}")
        return commit_ts

    Transaction.commit = commit  # type: ignore[method-assign]
    try:
        yield
    finally:
        Transaction.commit = usual  # type: ignore[method-assign]
