"""Commits that are dated ahead, for readers in other regions (docs/regions.md).

    lead            how far ahead of the adjudicator's clock every commit time is; 0 where there is but one region
    before(at)      after which record a promise of `at` counts: the last one that may be committed at or below `at`
    ask(crossbar)   promises are pushed to it for a while, each a lead ahead, so that they are ahead of its region's
                    present when they arrive

A commit is dated ahead long before it is on a majority's disks, so a promise of now need not wait for the records under
way: their commit times lie above it. A promise a lead ahead pushes no later commit up, for those are dated as far ahead
anyway.

Pushed are plain promises: below the durable end of the epoch, after the last record appended (I5, I6). Nobody's clock
has a part in that. Where nobody asks there is no timer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from actors.common.messages import AskPromises, PromisedAhead
from actors.common.settings import Regions
from actors.common.timestamps import Lsn, Timestamp

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign


class Ahead:
    """One reign's."""

    def __init__(self, reign: Reign, regions: Regions) -> None:
        self._reign = reign
        self.lead_us: int = regions.lead_ms * 1000
        self._period_s = regions.push_ms / 1000
        self._commits: deque[tuple[Timestamp, Lsn]] = deque()
        """Ascending in both: commits whose time was not past yet when a promise was last asked for."""
        self._past_lsn: Lsn = reign.writer.last_lsn
        """Of the last commit before them; of EPOCH_BEGIN where there is none."""
        self._until_s: dict[str, float] = {}
        """Crossbar -> until when promises are pushed to it."""
        self._timer: asyncio.TimerHandle | None = None

    def note(self, commit_ts: Timestamp, lsn: Lsn) -> None:
        """A commit has been appended."""
        self._commits.append((commit_ts, lsn))

    def before(self, at: Timestamp) -> Lsn:
        """The last commit at or below `at`, or a later one: nobody has to wait for what comes after it, commits above
        `at` and records that commit nothing."""
        commits = self._commits
        while commits and commits[0][0] <= at:
            self._past_lsn = commits.popleft()[1]
        return self._past_lsn

    # -- pushing -------------------------------------------------------------------------------------------------------

    def ask(self, crossbar: str, message: AskPromises) -> None:
        self._until_s[crossbar] = asyncio.get_running_loop().time() + message.seconds
        if self._timer is None:
            self._push()

    def _push(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        self._until_s = {name: until_s for name, until_s in self._until_s.items() if until_s > loop.time()}
        reign = self._reign
        if not self._until_s or reign.over:
            return
        now = reign.context.clock.now().earliest
        at = now + self.lead_us
        if at <= reign.lease.durable_end:
            self._tell(at)
        if reign.lease.is_past_half(at):
            reign.covering.extend(at)
        self._timer = loop.call_later(self._period_s, self._push)

    def _tell(self, at: Timestamp) -> None:
        reign = self._reign
        promise = reign.lease.promise(at)
        last_lsn = self._commits[-1][1] if self._commits else self._past_lsn
        message = PromisedAhead(reign.number, reign.epoch, promise, last_lsn, reign.writer.set_version)
        for name in self._until_s:
            reign.context.bus.post(reign.name, name, message)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
