"""The controller: knows who is where, tells everybody, and answers for the whole cluster.

What there is, the cluster's state says (state.py). A `StateKeeper` holds it where a majority of the zones does; the
controller reads it first, has a `Launcher` create the processes that it names, and tells each process the roles to run.
A process registers when it has started (also after Ray restarted it); the controller hands every process the new
Topology and suggests to each adjudicator that it lead its journal. Where a role runs at the moment is not durable: a
restarted controller learns it again from the processes' registrations. Safety of the data depends on none of this, and
two controllers, or none, do no harm (design, section 10): of two, the one that has read the state later goes on, and
the other decides nothing more.

Adjudicators and crossbars are not bound to a process: failover.py starts them, and starts them elsewhere when theirs
dies. A range that goes from one adjudicator to another is a state that names the transfer, and one with the new map
(ranging.py, transfers.py).

Without a keeper (in the simulator's older plans) the first state stays, and processes start their fixed roles
themselves.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from msgspec.structs import replace

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import AskCluster, Done, Load, Register, Shutdown, StatusIs, Suspect, Wake, Watched
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context, Reply
from cluster.accounts import account_of, ask_everyone, cluster_account
from cluster.assembly import Assembly
from cluster.directory import Directory
from cluster.draining import ZERO_DRAIN_S, Leaving, drain, serve_again
from cluster.failover import Failover
from cluster.initial import arranged
from cluster.keepers import Keepers
from cluster.keeping import StateKeeper
from cluster.key_distribution import ABOUT_CREDENTIALS, KeyDistribution, Read
from cluster.launching import Launcher
from cluster.lost_zones import LostZones
from cluster.metering import Metering
from cluster.ranging import ABOUT_RANGES, Ranges
from cluster.reshaping import ABOUT_SHARDS, Reshaping
from cluster.retiring import Retiring
from cluster.room import Room
from cluster.scaling import Scaling, fewest, grown, query_processors, without_query_processor
from cluster.settling import checkpoint, stop_settled
from cluster.state import ClusterState, ProcessState, decode_state, encode_state, resting, stays_at_zero
from cluster.stopping import stop_journals, stop_processes, stop_roles
from cluster.wakes import ROOM, STATE, Wakes

ASLEEP = "asleep"
"""On the controller's own disk, while the cluster is at zero: the state that it had."""

logger = logging.getLogger(__name__)


class Controller:
    """`initial`: the state of a new cluster, and whose processes hold the replicas of `keeper`. `restarted`: the
    processes run already."""

    def __init__(
        self,
        context: Context,
        initial: ClusterState,
        *,
        make_keeper: Callable[[Context, Callable[[str], None]], StateKeeper] | None = None,
        processors: int = 1,
        launcher: Launcher | None = None,
        restarted: bool = False,
        is_working: Callable[[str], bool] = lambda process: False,
        read_credentials: Read | None = None,
    ) -> None:
        self._context = context
        self._state = initial
        self._make_keeper = make_keeper
        self._keeper: StateKeeper | None = None  # of this time of being awake
        self._asleep = False
        self._wanted_awake: Wake | None = None
        self._wakes = Wakes(lambda: asyncio.get_running_loop().time())
        self._metering = Metering(context)
        self._launcher = launcher
        self._room = Room(context, launcher)
        self._lost_zones = LostZones(
            context, launcher, lambda: self._state.processes if self._decides else (), self._missing
        )
        self._restarted = restarted
        self._is_working = is_working
        self._stopping = False
        self._changing = asyncio.Lock()
        self._directory = Directory(context, initial, self._homes, self._assigned)
        self._retiring = Retiring(context, self._directory, self._end)
        self.assembly = Assembly(
            context,
            self._directory,
            self._wakes,
            lambda: self._state if self._failover is not None else None,
            lambda: self._keepers.active,
            self._homes,
            self._assigned,
            self._begin_following,
        )
        self._keepers = Keepers(context, self._directory, self.assembly.refused)
        self._credentials = KeyDistribution(context, self._serving, read_credentials)
        self._directory.silent = restarted or make_keeper is not None
        """A controller that has just been restarted does not know yet who is where: what others know is better than
        what it could tell them."""
        self._failover = self._make_failover(initial) if make_keeper is None else None
        """None until the state has been read."""
        self._ranges = Ranges(context, initial, self._homes, lambda: self._decides, self.change)
        self._reshaping = Reshaping(
            context, initial, self._homes, lambda: self._decides, self.change, self._directory.all_know
        )
        self._fixed = len(query_processors(initial))
        self._leaving = Leaving(
            context, lambda name: self._decide(lambda state: without_query_processor(state, self._fixed, name))
        )
        self._scaling = Scaling(
            context.settings.scaling,
            self._fixed,
            processors,
            self._serving,
            self._resize,
            lambda: context.spawn(self.sleep()),
        )

    async def start(self) -> None:
        if self._failover is not None:
            self._directory.publish()
            self._failover.start()
        elif self._restarted and self._context.disk.exists(ASLEEP):
            self._begin_asleep(decode_state(self._context.disk.read(ASLEEP)))
        else:
            self._context.spawn(self._awake())

    async def _awake(self) -> None:
        """Read the state where a majority has it, and become what it says. Processes that hold it come first; those
        that have nothing to do before it is known start meanwhile, where no other controller has ended any."""
        assert self._make_keeper is not None
        keeper = self._keeper = self._make_keeper(self._context, self.deposed)
        for process in self._state.processes:
            if not self._restarted or self._keepers.holds(process):
                self._launch(process)
        self._keepers.begin(self._state)
        await self._keepers.there.wait()
        try:
            kept = await keeper.open()
            state = kept or self._state if self._restarted else arranged(kept, self._state)
            if state != kept:
                await keeper.write(state)
        except DatabaseError as error:
            self.deposed(error.message)
            return
        if self._context.disk.exists(ASLEEP):
            self._context.disk.remove(ASLEEP)
        for process in state.processes:
            self._launch(process)
        if self._launcher is not None:
            self._launcher.end_others([process.name for process in state.processes])
        self._keepers.end()
        self._directory.silent = self._restarted
        self._begin(state)

    def _begin(self, state: ClusterState) -> None:
        self._wakes.reached(STATE)
        self._state = state
        self._directory.follow(state)
        self._failover = self._make_failover(state)
        self._directory.publish()
        self._failover.start()
        for _, register in sorted(self._directory.registers.items()):
            self._admit(register)
        self._ranges.follow(state)
        self._reshaping.follow(state)
        self._credentials.begin()
        self._lost_zones.look_later()

    def _make_failover(self, state: ClusterState) -> Failover:
        return Failover(
            self._context,
            state,
            assigns_all=self._make_keeper is not None,
            restarted=self._restarted,
            on_change=self._directory.publish,
            on_running=self.assembly.started,
            on_refused=self.assembly.refused,
            on_settled=self._directory.settled,
            is_working=self._is_working,
            on_lost=self._lost_zones.look_later,
        )

    async def change(self, successor: Callable[[ClusterState], ClusterState]) -> None:
        """Make the cluster what `successor` makes of its state: durable first, then true. Changes come one after the
        other. Raises 55000 where another controller has taken over, the state is not known yet, or names one who is
        still being stopped."""
        async with self._changing:
            await self._change(successor)

    async def _change(self, successor: Callable[[ClusterState], ClusterState]) -> None:
        if self._failover is None or self._keeper is None or not self._decides:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "this controller does not decide")
        state = successor(self._state)
        if state != self._state:
            self._retiring.check(self._state, state)
            state = replace(state, version=self._state.version + 1)
            await self._keeper.write(state)
            self._adopt(state, self._failover)

    @property
    def _decides(self) -> bool:
        return (
            self._failover is not None
            and self._keeper is not None
            and not (self._stopping or self._asleep or self._keepers.active)
        )

    @property
    def state(self) -> ClusterState:
        """As this controller knows it."""
        return self._state

    def _decide(self, successor: Callable[[ClusterState], ClusterState]) -> None:
        """`change`, in its own time; the load will ask again for what cannot be done now."""

        async def change() -> None:
            with suppress(DatabaseError):
                await self.change(successor)

        self._context.spawn(change())

    def _resize(self, count: int) -> None:
        """As the load wants it."""
        own = [role.name for _, role in query_processors(self._state)]
        if count < len(own):
            self._leaving.begin(own[-1])
        else:
            self._leaving.stay()
            self._decide(lambda state: grown(state, count))

    def _adopt(self, state: ClusterState, failover: Failover) -> None:
        before, self._state = self._state, state
        self._directory.follow(state)
        failover.follow(state)
        for process in state.processes:
            if process not in before.processes:
                self._launch(process)
        self._retiring.follow(before, state, failover)
        self._directory.publish()
        failover.start_new()
        self._ranges.follow(state)
        self._reshaping.follow(state)

    def _launch(self, process: ProcessState) -> None:
        if self._launcher is not None:
            self._launcher.launch(process)

    def _end(self, process: str) -> None:
        self._directory.registers.pop(process, None)
        if self._launcher is not None:
            self._launcher.end(process)

    def deposed(self, why: str) -> None:
        """Another controller has read the state after this one did: it decides from now on."""
        logger.warning("this controller decides nothing more: %s", why)
        self._stop_deciding()

    async def stop(self) -> None:
        self._stop_deciding()
        if self._keeper is not None:
            self._keeper.stop()

    # -- zero ----------------------------------------------------------------------------------------------------------

    async def sleep(self) -> None:
        """To zero: every role but the gateways is stopped cleanly, and its process ended. The state stays where it is
        kept, and is noted on the controller's own disk, so that one that is restarted meanwhile wakes nobody. Sessions
        that have come are parked; query processors that came with the load do not come again. Nothing happens where the
        cluster is not whole, or a client comes before anything has ended."""
        async with self._changing:
            failover = self._failover
            if (
                failover is None
                or self._asleep
                or self._keepers.active
                or self._stopping
                or self._make_keeper is None
                or not self.assembly.complete
            ):
                self._scaling.stay_awake()
                return
            self._wanted_awake = None
            serving = [role.name for _, role in query_processors(self._state)]
            drained = await drain(self._context, serving, ZERO_DRAIN_S)
            below_ts = await checkpoint(self._context, failover.home, self._state.processes) if drained else None
            if not drained or self._wanted_awake is not None:
                serve_again(self._context, serving)
                self._scaling.stay_awake()
                return
            logger.info("the cluster goes to zero")
            with suppress(DatabaseError):  # then more processes than needed wake
                await self._change(lambda state: fewest(state, self._fixed))
            self._asleep = True
            self._scaling.stop()
            self._ranges.stop()
            self._reshaping.stop()
            homes = dict(failover.home)
            going = [process for process in self._state.processes if not stays_at_zero(process)]
            for process in going:
                failover.forget(process.name)
            failover.follow(resting(self._state))
            await self._context.disk.replace(ASLEEP, encode_state(self._state))
            await stop_settled(self._context, homes, going, below_ts)
            await self._metering.save()
            if self._keeper is not None:
                self._keeper.stop()
                self._keeper = None
            await stop_journals(self._context, homes, going)
            await stop_processes(self._context, [process.name for process in going])
            for process in going:
                self._end(process.name)
            self._room.release(going)
            for name, register in self._directory.registers.items():
                self._directory.registers[name] = replace(register, roles={})
            self.assembly.leading.names.clear()
            self._directory.follow(resting(self._state))
            self._directory.publish()
        logger.info("the cluster is at zero")
        if self._wanted_awake is not None:
            self.wake(self._wanted_awake)

    def _begin_asleep(self, state: ClusterState) -> None:
        """This controller was restarted while the cluster was at zero."""
        self._asleep = True
        self._state = state
        at_rest = resting(state)
        self._directory.follow(at_rest)
        self._failover = self._make_failover(at_rest)
        self._failover.start()
        for process in at_rest.processes:
            self._launch(process)
        self._room.release([process for process in state.processes if not stays_at_zero(process)])
        self._credentials.begin()

    def wake(self, wanted: Wake) -> None:
        """A client waits. Nothing happens where the cluster is awake; where it is about to sleep, it wakes
        afterwards."""
        self._wanted_awake = wanted
        if self._asleep and not self._changing.locked() and not self._stopping and self._room.may_be_asked:
            self._wakes.asked(wanted.client, wanted.waited_s)
            self._room.make(self._begin_waking)

    def _begin_waking(self) -> None:
        if self._stopping:
            return
        self._wakes.reached(ROOM)
        self._asleep = self._restarted = False
        if self._failover is not None:
            self._failover.stopped = True
        self._directory.follow(self._state)
        self._context.spawn(self._awake())

    # -- registrations -------------------------------------------------------------------------------------------------

    def move(self, role: str, process: str) -> None:
        """Have a movable role go on in another process that may run it (policies/homes.py); it comes back by itself
        later."""
        if self._failover is not None:
            self._failover.move(role, process)

    def _stop_deciding(self) -> None:
        self._stopping = self._directory.stopped = self.assembly.leading.stopped = self._credentials.stopped = True
        self._scaling.stop()
        self._ranges.stop()
        self._reshaping.stop()
        if self._failover is not None:
            self._failover.stopped = True

    def introduce(self, own: Register) -> None:
        """The controller's own process (its endpoint is known to whoever made it)."""
        self._directory.own = own
        self._directory.publish()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        match message:
            case Register():
                self._register(message, reply)
            case Suspect():
                if self._failover is not None:
                    self._failover.suspect(message.role)
            case Load():
                self._metering.reported(message)
                self._scaling.reported(sender, message)
            case _ if isinstance(message, ABOUT_RANGES):
                self._ranges.receive(sender, message, reply)
            case _ if isinstance(message, ABOUT_SHARDS):
                self._reshaping.receive(sender, message, reply)
            case _ if isinstance(message, ABOUT_CREDENTIALS):
                self._credentials.receive(sender, message, reply)
            case Wake():
                self.wake(message)
            case Watched():
                if self._keeper is not None:
                    self._keeper.watched(sender, message)
            case AskCluster() if reply is not None:
                self._answer_status(reply)
            case Shutdown() if reply is not None:
                self._context.spawn(self._shut_down(reply))
            case _:
                if reply is not None:
                    reply.fail(DatabaseError("XX000", f"the controller does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        return {
            "layer": "controller",
            "load": {"processes": len(self._directory.registers)},
            "epoch": self._directory.version,
        }

    def _register(self, message: Register, reply: Reply | None) -> None:
        self._directory.registered(message, reply)
        if self._failover is not None and not self._keepers.active:
            self._admit(message)
        else:
            # at a start to this process alone: the keepers are asked before anybody is told anything
            self._directory.publish()
            self._keepers.registered(message)

    def _admit(self, message: Register) -> None:
        assert self._failover is not None
        if self._asleep and message.process in {process.name for process in self._state.processes}:
            if not self._directory.knows(message.process):
                return  # it is about to end, or Ray started it once more: the cluster may wake before it is gone
        elif not self._directory.knows(message.process):
            logger.warning("%s is none of this cluster's processes any more", message.process)
            self._end(message.process)
            return
        self._failover.registered(message)
        self._directory.answer()
        self.assembly.notice()

    def _begin_following(self) -> None:
        """The cluster is complete: from now on it follows its load."""
        if not self._asleep and not self._scaling.started:
            self._scaling.start()
            self._ranges.start()
            self._reshaping.start()

    def _answer_status(self, reply: Reply) -> None:
        directory = self._directory
        state = resting(self._state) if self._asleep else self._state
        ask_everyone(
            self._context, state, self._homes(), directory.registers, directory.own, partial(self._accounted, reply)
        )

    def _accounted(self, reply: Reply, actors: list[dict[str, Any]]) -> None:
        known = "asleep" if self._asleep else "degraded" if self._directory.registers else "starting"
        activity = self._wakes.activity("" if self._asleep else self._scaling.awake_because(), self._room.why)
        account = {
            "activity": activity,
            "metering": self._metering.account(),
            **account_of(self._state),
        }
        reply(StatusIs(json=json.dumps({**account, **cluster_account(actors, self.assembly.complete, known)}).encode()))

    async def _shut_down(self, reply: Reply) -> None:
        """Everything stops, the layers one after the other. What does not answer is left to whoever ends the
        processes."""
        self._stop_deciding()
        await stop_roles(self._context, dict(self._homes()), self._state.processes)
        await self._metering.save()
        await stop_processes(self._context, sorted(self._directory.registers))
        reply(Done())

    def _serving(self) -> list[str]:
        """The query processors of the cluster's state; at zero, none."""
        return [] if self._asleep else [role.name for _, role in query_processors(self._state)]

    def _missing(self) -> Collection[str]:
        return self._failover.missing if self._failover is not None else ()

    def _homes(self) -> Mapping[str, str]:
        return self._failover.home if self._failover is not None else {}

    def _assigned(self) -> Collection[str]:
        return self._failover.assigned if self._failover is not None else ()
