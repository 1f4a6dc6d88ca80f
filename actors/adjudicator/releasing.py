"""The end of a reign over some keys, which go on in another adjudicator's (docs/ranges.md): its beginning is a
`Release`, its end a RELEASE record.

    Release(map v + 1) --nothing new on the keys--> what is under way is decided, within DRAIN_S
        --RELEASE record--> durable --> Released(until)

From the Release on the reign goes by the new map. What had been let in before goes on for a while, since it would have
to begin anew elsewhere: a transaction that began before `until` conflicts there. `until` is above all that was
committed here or may be yet: marks of transactions that others coordinate are no data that would have to be moved,
since nothing of them is committed above what was offered for them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.adjudicator.claim import Claim, GatheredClaim
from actors.adjudicator.ownership import Ownership
from actors.adjudicator.refusals import not_committed
from actors.common.messages import Release, Released
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.journal.record import RELEASE
from actors.runtime.interfaces import Reply

if TYPE_CHECKING:
    from actors.adjudicator.reign import Reign

DRAIN_S = 0.1
"""A decision takes some milliseconds. One whose coordinator is away is not waited for: the keys' writers wait all the
while."""
LOOK_S = 0.002


class Releasing:
    """One reign's. One release at a time: the controller asks for the next one after the answer."""

    def __init__(self, reign: Reign) -> None:
        self._reign = reign
        self._replies: list[Reply] = []
        self._version = 0
        """Of the map of the release under way; 0: none is."""
        self._until: Timestamp = TIMESTAMP_MIN
        self._timer: asyncio.TimerHandle | None = None

    def release(self, message: Release, reply: Reply) -> None:
        """Answered once it is durable. Raises 08006 where the reign is over."""
        reign = self._reign
        if reign.over:
            raise not_committed("the epoch is over")
        version = message.shard_map.version
        if version == self._version:
            self._replies.append(reply)
        elif version <= reign.writer.map_version:  # here, or in an earlier epoch, whose end this one is above
            reply(Released(max(self._until, reign.lease.last)))
        else:
            self._refuse("another release has come")
            self._version = version
            self._replies = [reply]
            if reign.ownership is None or reign.ownership.version < version:
                reign.follow(Ownership(message.shard_map))
            self._drain(asyncio.get_running_loop().time() + DRAIN_S)

    def _drain(self, end_s: float) -> None:
        loop = asyncio.get_running_loop()
        if self._is_under_way() and loop.time() < end_s:
            self._timer = loop.call_later(LOOK_S, self._drain, end_s)
        else:
            self._finish()

    def _is_under_way(self) -> bool:
        reign = self._reign
        claims = [*reign.undecided(), *reign.coordinator.undecided(), *reign.participant.undecided()]
        return any(self.reaches_out(claim) for claim in claims)

    def reaches_out(self, claim: Claim) -> bool:
        """Whether the claim may be of keys that are others' by the map that this reign goes by now."""
        if isinstance(claim, GatheredClaim) or claim.schema_changes or claim.exclusive:
            return True
        reign = self._reign
        return reign.ownership is None or not reign.ownership.owns(reign.number, claim.written, claim.checked)

    def _finish(self) -> None:
        """In one turn: what is undecided can commit here no more, or not above `until`."""
        self._timer = None
        reign, version = self._reign, self._version
        reign.refuse_released(self.reaches_out)
        reign.coordinator.refuse_released(self.reaches_out)
        reign.gatherings.drop_all()
        offered = reign.participant.bar(self.reaches_out)
        until = self._until = max(self._until, reign.lease.last, offered)
        reign.writer.map_version = version

        def durable() -> None:
            if self._version == version:
                self._version = 0
            replies, self._replies = self._replies, []
            for reply in replies:
                reply(Released(until))

        reign.covering.append_note(RELEASE, durable)

    def _refuse(self, why: str) -> None:
        replies, self._replies = self._replies, []
        for reply in replies:
            reply.fail(not_committed(why))

    def end(self) -> None:
        """The reign is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._refuse("the epoch is over")
