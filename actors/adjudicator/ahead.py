"""Commits that are dated ahead, for readers in other regions (docs/regions.md).

    lead            how far ahead of the adjudicator's clock every commit time is; 0 where there is but one region
    before(at)      after which record a promise of `at` counts: the last one that may be committed at or below `at`
    committed()     the oldest commit that was noted has a majority: where the lead is to follow that, it is measured
                    (lead.py)
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

from actors.adjudicator.lead import SAMPLE_MIN, Wish, decide, wanted
from actors.common.messages import AskPromises, PromisedAhead
from actors.common.settings import AUTO, LEADS_A_LEASE, Regions
from actors.common.timestamps import Lsn, Timestamp

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

LOOK_S = 0.5
"""Between two looks at what quorums take, while commits come."""


class Ahead:
    """One reign's."""

    def __init__(self, reign: Reign, regions: Regions) -> None:
        self._reign = reign
        self.is_on = regions.is_ahead
        self.measures = regions.lead_ms == AUTO
        self.lead_us = regions.lead_ms * 1000 if isinstance(regions.lead_ms, int) else 0
        self._most_us = reign.lease.length_us // LEADS_A_LEASE
        self._appended_s: deque[float] = deque()
        """When those commits were appended whose quorum is measured and has not come."""
        self._taken_us: list[int] = []
        """By commits, since the last look."""
        self._look_at_s = 0.0
        self._wish = Wish()
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
        if self.measures:
            self._appended_s.append(asyncio.get_running_loop().time())

    def begin(self, taken_s: float) -> None:
        """The epoch's first record has taken so long."""
        if self.measures:
            self._lead(wanted([int(taken_s * 1e6)], self._most_us))

    def committed(self) -> None:
        now_s = asyncio.get_running_loop().time()
        self._taken_us.append(int((now_s - self._appended_s.popleft()) * 1e6))
        if now_s >= self._look_at_s and len(self._taken_us) >= SAMPLE_MIN:
            taken_us, self._taken_us = self._taken_us, []
            self._look_at_s = now_s + LOOK_S
            lead_us, self._wish = decide(self.lead_us, taken_us, now_s, self._wish, self._most_us)
            if lead_us != self.lead_us:
                self._lead(lead_us)

    def _lead(self, lead_us: int) -> None:
        self.lead_us = self._reign.lead_us = lead_us

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
