"""What this process knows of transactions that cannot commit any more: somebody has committed one of their keys since
they began (first committer wins, I3).

    losing.note(keys, commit_ts)      a transaction of this query processor has committed
    losing.look(key, start_ts)        raises 40001 where one that began at start_ts, and writes the key, has lost
    losing.is_overwritten(...)        whether it has

A loser that is told when it writes the row, rather than at COMMIT, has not done the rest of its work in vain. Nothing
is asked over the bus for it: what is known here are the last commits of this query processor's own sessions, and what
an adjudicator of the same process has decided. It may be less than the adjudicators know, and never more than what they
would refuse: OC000, as at COMMIT. (Of a commit that was decided and then lost with its epoch a loser is told in vain,
and tries again.)

Told in open mode alone, where an UPDATE fails as PostgreSQL's does; DSQL tells at COMMIT, and so does the other mode.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from actors.common.errors import conflict
from actors.common.messages.committing import AskOverwritten

if TYPE_CHECKING:
    from actors.runtime.interfaces import Bus

KEYS_MAX = 4096
"""Keys remembered, at least the newest half of them."""
TRANSACTION_KEYS_MAX = 64
"""Of larger transactions nothing is remembered: it is few rows at which many meet."""


class Losing:
    """Of one query processor, `name`. `tells`: whether losers are told."""

    __slots__ = ("_bus", "_former", "_last", "_name", "_tells")

    def __init__(self, bus: Bus, name: str, tells: bool) -> None:
        self._tells = tells
        self._bus = bus
        self._name = name
        self._last: dict[bytes, int] = {}
        """Key -> its last commit; and those before, of keys that have not been committed since."""
        self._former: dict[bytes, int] = {}

    def note(self, keys: Collection[bytes], commit_ts: int) -> None:
        """Answers of several adjudicators may come out of the order of their times."""
        if len(keys) > TRANSACTION_KEYS_MAX:
            return
        last = self._last
        for key in keys:
            if commit_ts > last.get(key, 0):
                last[key] = commit_ts
        if len(last) > KEYS_MAX // 2:
            self._former, self._last = last, {}

    def look(self, key: bytes, start_ts: int) -> None:
        """A transaction is about to write the key. Raises 40001."""
        if self._tells and self.is_overwritten(key, start_ts):
            raise conflict()

    def is_overwritten(self, key: bytes, start_ts: int) -> bool:
        if self._last.get(key, 0) > start_ts or self._former.get(key, 0) > start_ts:
            return True
        topology = self._bus.topology
        if topology is None:
            return False
        adjudicator = f"adjudicator/{topology.shard_map.adjudicator(key)}"
        return self._bus.answer_now(self._name, adjudicator, AskOverwritten(key, start_ts)) is not None
