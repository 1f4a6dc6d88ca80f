"""The late witness: while nothing is wrong, whoever asks is answered in time.

    late   a watermark that a storage replica demands of the crossbar reaches it within `LATE_S`
    late   so does the answer to a read of a storage replica, at the time of its asking

Many a fault of a protocol mends itself: a stream that was forgotten is given up for its silence, a read is answered
by another replica, and no promise is broken. Where every
process is up, every link and disk as fast as it should be and no role on its way to another place, nothing is there
to be mended, and nobody may have to wait for it.

`look(seconds)` brings such a time about being judged: it waits until every replica has answered in time once, and
judges from then on. A role that is started, stopped or
asked to lead suspends the judgement for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from actors.common.errors import DatabaseError
from actors.common.messages import Deliver, DemandWatermark, Get, Lead, StartRole, StopRole
from actors.common.messages.base import Message
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World

LATE_S = 1.0
"""A hundred times what it takes: two ways across the network, and a record on a majority's disks where a lease has to
be extended."""
WAYS = 8
"""... between regions: the question and the promise, a lease, a stream's beginning, and what overtook none of them."""
CHANGED_S = 6.0
"""So long after a role has moved nobody is judged: streams begin anew."""
SETTLED_S_MAX = 60.0
"""Within this after the last fault every replica answers in time: longer than the patience with a stream that does
not speak."""
PROBE_S_MAX = 0.5
APART_S_MAX = 0.004
"""About as long as a watermark takes."""


class LateWitness:
    """An Observer (runtime/simulation/network.py). `keys`: for each storage replica that there is, one that its shard
    owns."""

    looks_at: Kinds | None = frozenset([Deliver, DemandWatermark, Lead, StartRole, StopRole])

    def __init__(self, world: World, keys: Callable[[], dict[str, bytes]], farthest_s: float = 0.0) -> None:
        self._world = world
        self._keys_of = keys
        self._keys = keys()
        self._random = world.derive("late")
        self._ask = world.bus.call
        self._late_s = LATE_S + WAYS * farthest_s
        self._judging_since: float | None = None
        self._changed_at = -CHANGED_S
        self._watermarks: dict[str, int] = {}
        self.probes = 0

    def wiped(self, role: str) -> None:
        self._watermarks.pop(role, None)

    def rotten(self, role: str) -> None:
        """Nobody is judged while it is mended."""

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """Reads are judged where they are asked."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        match message:
            case Deliver():
                self._watermarks[destination] = max(self._watermarks.get(destination, 0), message.watermark)
            case DemandWatermark() if self._judging_since is not None and sender in self._keys:
                now = self._world.loop.time()
                due_s = self._late_s + max(0, message.at - self._world.clock.true_us()) / 1e6
                self._world.loop.call_later(
                    due_s, self._judge, sender, message.at, now, context=self._world.context.copy()
                )
            case StartRole() | StopRole() | Lead():
                self._changed_at = self._world.loop.time()

    def _judge(self, replica: str, at: int, asked_at: float) -> None:
        reached = self._watermarks.get(replica, 0)
        if reached < at and self._holds_since(asked_at):
            self._fail(
                f"{replica} demanded the watermark {at}, {self._late_s} s ago, has been given {reached}, and no "
                f"fault is active"
            )

    def _holds_since(self, moment: float) -> bool:
        """Whether what was asked then is to be judged now."""
        return (
            self._judging_since is not None and self._judging_since <= moment and self._changed_at + CHANGED_S <= moment
        )

    def _fail(self, what: str) -> None:
        self._world.violated("late", what)

    # -- a time of rest ------------------------------------------------------------------------------------------------

    async def look(self, seconds: float, *, directly: bool = False) -> None:
        """Nothing is wrong from now on, for so many virtual seconds after everybody has answered in time once.
        `directly`: reads do not cross the network, which carries nobody else's any more. Raises AssertionError where
        that does not come about."""
        self._ask = self._world.bus.ask if directly else self._world.bus.call
        end = self._world.loop.time() + SETTLED_S_MAX
        while late := await self._slow():
            assert self._world.loop.time() < end, (
                f"no progress: late: {late[0]} does not answer in time, long after the last fault"
            )
            await asyncio.sleep(PROBE_S_MAX)
        await self._until_judged()
        self._judging_since = self._world.loop.time()
        end = self._judging_since + seconds
        while self._world.loop.time() < end:
            asked_at = self._world.loop.time()
            for replica in await self._slow():
                if self._holds_since(asked_at):
                    self._fail(f"{replica} has not answered a read for {self._late_s} s, and no fault is active")
            await asyncio.sleep(self._random.uniform(0, PROBE_S_MAX))
        self._judging_since = None

    async def _until_judged(self) -> None:
        """No role has moved lately: of a time in which nobody would be judged, nobody is asked."""
        while (wait_s := self._changed_at + CHANGED_S - self._world.loop.time()) > 0:
            await asyncio.sleep(wait_s)

    async def _slow(self) -> list[str]:
        """Those that there are, before and after, and that have not answered in time."""
        self._keys = self._keys_of()
        answers = zip(self._keys, await self._probe_all(), strict=True)
        there = self._keys_of()
        return [replica for replica, fast in answers if not fast and replica in there]

    async def _probe_all(self) -> Sequence[bool]:
        """Two reads of every replica, the second one while the first may wait for its watermark; whether both were
        answered in time."""
        twice = [*self._keys, *self._keys]
        answers = await asyncio.gather(
            *(self._probe(replica, self._random.uniform(0, APART_S_MAX)) for replica in twice)
        )
        return [
            one and other for one, other in zip(answers[: len(self._keys)], answers[len(self._keys) :], strict=True)
        ]

    async def _probe(self, replica: str, after_s: float) -> bool:
        await asyncio.sleep(after_s)
        self.probes += 1
        try:
            await self._ask("late", replica, Get([self._keys[replica]], self._world.clock.true_us()), self._late_s)
        except DatabaseError:
            return False
        return True
