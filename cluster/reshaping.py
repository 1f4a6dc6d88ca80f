"""The controller's part that knows of shards: has them end and others take their place, by a person's wish or the
load's (docs/shards.md).

    begun        until all processes know the map, and every child's replicas answer a read at the time of then
    handed on    until all processes know the map
    ended

Until the first of these maps is known everywhere, some crossbar may have journals trimmed that does not know the
children. After the second one it is a matter of courtesy. The time of the read is chosen once: where a watermark takes
longer than a replica lets a read wait (slow disks, `storing.read_wait_s` short), a time that moved on with each attempt
would be ahead of every replica for ever.

The state names the reshape from its beginning to its end, so a controller that takes over goes on with it, from where
it stands. All that is asked for on the way may be asked again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.common.messages import AskMiddle, Done, Get, Middle, ReshapeShards, SetReplicas, ShardLoad
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Context, Reply
from cluster.policies.shards import Reshape as Act
from cluster.shard_balancing import ShardBalancing
from cluster.shards import begun, ended, handed_on, replicas, resized
from cluster.state import ClusterState, Reshape
from cluster.transfers import Change

ANSWER_S = 2.0
"""For a replica that is to show that it has everything."""
RETRY_S = 0.1
PATIENCE_S = 10.0
"""So long a child's replica that is not there is waited for, where most of them are; and a process that does not tell
whether it knows the map."""

ABOUT_SHARDS = (ReshapeShards, SetReplicas, ShardLoad)
"""Messages that are for `Reshaping.receive`."""

logger = logging.getLogger(__name__)


class Reshaping:
    """`first`: the state with which the cluster began; `homes`: where roles run. `decides`: whether this controller
    does, now. `change`: the controller's, which raises 55000 where it does not. `all_know(version)`: whether every
    process that is
    registered has a map of that version, or a later one."""

    def __init__(
        self,
        context: Context,
        first: ClusterState,
        homes: Callable[[], Mapping[str, str]],
        decides: Callable[[], bool],
        change: Change,
        all_know: Callable[[int], bool],
    ) -> None:
        self._context = context
        self._decides = decides
        self._change = change
        self._all_know = all_know
        self._state = first
        self._balancing = ShardBalancing(context.settings.scaling, first, lambda: self._state, homes, self._by_load)
        self._pursued: Reshape | None = None
        self._waiting: list[Reply] = []
        """Owed to those who asked for the reshape under way."""

    def start(self) -> None:
        """The cluster is complete."""
        self._balancing.start()

    def stop(self) -> None:
        """It goes to zero, or another controller has taken over."""
        self._balancing.stop()

    def receive(self, sender: str, message: ReshapeShards | SetReplicas | ShardLoad, reply: Reply | None) -> None:
        if isinstance(message, ShardLoad):
            self._balancing.reported(sender, message)
        elif reply is not None:
            begin = self._begin(message, reply) if isinstance(message, ReshapeShards) else self._resize(message, reply)
            self._context.spawn(begin)

    async def _resize(self, message: SetReplicas, reply: Reply) -> None:
        try:
            await self._change(lambda state: resized(state, message.shard, message.count))
        except DatabaseError as error:
            reply.fail(error)
        else:
            reply(Done())

    def _by_load(self, act: Act) -> None:
        async def change() -> None:
            with suppress(DatabaseError):  # the load will ask again
                cut = act.cut if act.cut != b"" else await self._middle(act.shards)
                await self._change(lambda state: begun(state, act.shards, cut))

        self._context.spawn(change())

    async def _begin(self, message: ReshapeShards, reply: Reply) -> None:
        try:
            cut = message.cut if message.cut != b"" else await self._middle(message.shards)
            await self._change(lambda state: begun(state, message.shards, cut))
        except DatabaseError as error:
            reply.fail(error)
            return
        self._waiting.append(reply)
        self._answer()

    async def _middle(self, shards: Sequence[int]) -> bytes:
        """Where the first of its replicas that answers would part it. Raises 22023 where nobody can."""
        names = replicas(self._state, shards)
        for name in names:
            with suppress(DatabaseError):
                answer: Middle = await self._context.bus.call(self._context.name, name, AskMiddle(), ANSWER_S)
                if answer.cut is not None:
                    return answer.cut
        why = (
            f"all of shard {shards[0]} lies in one place: it cannot be parted"
            if names
            else f"there is no shard {shards[0]}"
        )
        raise DatabaseError(INVALID_PARAMETER_VALUE, why)

    def _answer(self) -> None:
        if self._state.reshape is None:
            waiting, self._waiting = self._waiting, []
            for reply in waiting:
                reply(Done())

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed, or is known now."""
        self._state = state
        if state.reshape is None:
            self._pursued = None
        elif state.reshape is not self._pursued:
            self._pursued = state.reshape
            self._context.spawn(self._pursue(state.reshape))
        self._answer()

    def _counts(self, reshape: Reshape) -> bool:
        if self._pursued is reshape and not self._decides():
            self._pursued = None  # whoever decides next follows its state again
        return self._pursued is reshape

    async def _pursue(self, reshape: Reshape) -> None:
        """From its step to the next one."""
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        at = 0
        while self._counts(reshape):
            waits = loop.time() - begun_at < PATIENCE_S
            if reshape.is_handed_on:
                if not waits or self._all_know(self._state.shard_map.version):
                    await self._step(ended, reshape)
            elif self._all_know(self._state.shard_map.version):
                at = at or self._context.clock.now().latest
                if await self._are_there(reshape, at, waits):
                    await self._step(handed_on, reshape)
            if self._counts(reshape):
                await asyncio.sleep(RETRY_S)

    async def _step(self, step: Callable[[ClusterState, Reshape], ClusterState], reshape: Reshape) -> None:
        with suppress(DatabaseError):  # a range is on its way, or another controller decides: it is tried again
            await self._change(lambda state: step(state, reshape))

    async def _are_there(self, reshape: Reshape, at: Timestamp, all_of_them: bool) -> bool:
        """Whether replicas of every child have all that has been committed up to `at`."""
        for child in reshape.children:
            names = replicas(self._state, [child])
            there = sum(await asyncio.gather(*(self._is_there(name, at) for name in names)))
            if there < (len(names) if all_of_them else len(names) // 2 + 1):
                return False
        return True

    async def _is_there(self, replica: str, at: Timestamp) -> bool:
        """It answers a read at `at`, of no key: so it holds what was committed up to there (I4)."""
        try:
            await self._context.bus.call(self._context.name, replica, Get([], at), ANSWER_S)
        except DatabaseError as error:
            logger.info("%s is not there yet: %s", replica, error.message)
            return False
        return True
