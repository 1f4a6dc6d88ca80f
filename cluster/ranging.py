"""The controller's part that knows of ranges and of those who own them: a transfer, a birth or a retirement is begun by
a person or by the load, and brought to its end (docs/ranges.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from actors.common.errors import DatabaseError
from actors.common.messages import AddAdjudicator, Done, MoveRange, PinRange, RangeLoad, RemoveAdjudicator
from actors.runtime.interfaces import Context, Reply
from cluster.adjudicators import Adjudicators
from cluster.membership import journals_of, with_adjudicator, with_farewell
from cluster.policies.leadership import Follow
from cluster.policies.ranges import Birth, Decision, Move, Retirement
from cluster.range_balancing import RangeBalancing
from cluster.state import ClusterState, with_pin, with_transfer
from cluster.transfers import Change, Transfers

ABOUT_RANGES = (RangeLoad, MoveRange, PinRange, AddAdjudicator, RemoveAdjudicator)
"""What `Ranges.receive` takes."""


class Ranges:
    """`first`: the state with which the cluster began; `homes`, `decides`, `change`: the controller's."""

    def __init__(
        self,
        context: Context,
        first: ClusterState,
        homes: Callable[[], Mapping[str, str]],
        decides: Callable[[], bool],
        change: Change,
    ) -> None:
        self._context = context
        self._change = change
        self._state = first
        self._transfers = Transfers(context, decides, change)
        self._adjudicators = Adjudicators(context, decides, change)
        self._balancing = RangeBalancing(context.settings, first, lambda: self._state, homes, self._by_load)

    def start(self) -> None:
        """The cluster is complete."""
        self._balancing.start()

    def stop(self) -> None:
        """It goes to zero, or another controller has taken over."""
        self._balancing.stop()

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed, or is known now."""
        self._state = state
        self._transfers.follow(state)
        self._adjudicators.follow(state)
        self._balancing.follow()

    def receive(
        self,
        sender: str,
        message: RangeLoad | MoveRange | PinRange | AddAdjudicator | RemoveAdjudicator,
        reply: Reply | None,
    ) -> None:
        if isinstance(message, RangeLoad):
            self._balancing.reported(sender, message)
        elif reply is not None:
            asked = (
                self._transfers.move(message, reply)
                if isinstance(message, MoveRange)
                else self._pin(message, reply)
                if isinstance(message, PinRange)
                else self._adjudicators.receive(message, reply)
            )
            self._context.spawn(asked)

    async def _pin(self, message: PinRange, reply: Reply) -> None:
        try:
            await self._change(lambda state: with_pin(state, message.low, message.high, message.region))
        except DatabaseError as error:
            reply.fail(error)
        else:
            reply(Done())

    def _by_load(self, decision: Decision | Follow) -> None:
        def successor(state: ClusterState) -> ClusterState:
            match decision:
                case Birth():
                    return with_adjudicator(state, journals_of(state).last_number + 1, by_load=True)
                case Retirement():
                    return with_farewell(state, decision.number)
                case Move():
                    return with_transfer(state, *decision, by_load=True)
                case Follow():
                    return with_transfer(state, *decision)

        async def change() -> None:
            with suppress(DatabaseError):  # the load will ask again
                await self._change(successor)

        self._context.spawn(change())
