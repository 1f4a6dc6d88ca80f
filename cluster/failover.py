"""Where the movable roles run, and what happens when a process dies: the controller's part that must be fast.

    watch        every process holds one request that is never answered: kill -9 breaks its connection, and the
                 controller hears of it at once
    suspect      who misses an answer says so (a commit that is late, a watermark that does not come): stalled processes
                 and cut links break no connection
    doubt        either way the process is asked for a sign of life, `PINGS` times `PING_S`; only then is it given up,
                 and not while it is seen to be at work (working.py), for up to `WORKING_S_MAX`; if it lives, it says
                 what it runs, and what is missing is started
    move         each of its movable roles is started at the next of its homes (policies/homes.py), the new topology is
                 published, an adjudicator is told to lead

Safety does not hang on any of this: a false alarm costs the transactions under way (40001) and a new epoch. A process
that was given up and answers again is told the topology, by which it stops what has moved. Nothing is sent while
nothing happens, but for a watch in `WATCH_S`.

A role goes back to the first of its homes once that process has been there for `RESTORE_S`, stopped cleanly where it
was. So processes normally host only their own roles, and the death of a storage replica does not end a guest
adjudicator. A restarted controller takes roles for where the processes that register say they run, and assigns what
nobody claims when all have registered, or after `CLAIMS_S`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, KeysView

from actors.common.errors import DatabaseError
from actors.common.messages import Message, Ping, Pong, Register, StartRole, StopRole, Watch
from actors.runtime.interfaces import Context
from cluster.policies.homes import homes
from cluster.state import ClusterState, RoleState

WATCH_S = 600.0
PING_S = 0.25
FAR_PING_S = 0.6
"""Between regions: twice the round trip to the other side of the earth."""
PINGS = 2
"""Half a second without a sign of life, on a machine whose processors are busy, is short; a false alarm is cheap."""
WORKING_S_MAX = 5.0
"""A process at work that answers nothing for so long is of no use to anybody, whatever the reason."""
CALM_S = 1.0
"""After a sign of life a process is not doubted again for so long: suspicions that come in numbers are one."""
LOST_PING_S = 1.0
"""How often a process that was given up is asked again."""
START_S = 3.0
"""For a role to be made. The process is asked again after this: one that has much to read from its disk goes on
meanwhile."""
RESTORE_S = 10.0
"""A process that dies again and again must not take its roles with it each time."""
RETRY_S = 0.2
CREATED_S_MAX = 10.0
"""A new process that has not registered by then is not waited for: its movable roles run elsewhere."""
CLAIMS_S = 1.5
FIRST_CLAIMS_S = 90.0
"""A new cluster's processes take so long to start, on a slow machine."""

logger = logging.getLogger(__name__)


class Failover:
    """`state`: which roles and processes are expected. `assigns_all`: processes start with no role but keepers, and are
    told all others; else they start their fixed roles themselves. `on_change`: the topology is to be published (gives
    its version); `on_running`: a role has just been started somewhere; `on_refused`: a process could not start a role,
    and why; `on_settled`: once, when it is known which processes are there; `is_working`: whether a process has been at
    work since it was asked about last; `on_lost`: a process has been given up."""

    def __init__(
        self,
        context: Context,
        state: ClusterState,
        *,
        assigns_all: bool,
        restarted: bool,
        on_change: Callable[[], int],
        on_running: Callable[[str], None],
        on_refused: Callable[[str, DatabaseError], None],
        on_settled: Callable[[], None],
        is_working: Callable[[str], bool] = lambda process: False,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._context = context
        self._assigns_all = assigns_all
        self._homes: dict[str, list[str]] = {}
        """Role -> the processes that may run it, the preferred first."""
        self._azs: dict[str, str] = {}
        self._roles: dict[str, RoleState] = {}
        self._follow(state)
        self._claims_s = CLAIMS_S if restarted else FIRST_CLAIMS_S
        self._on_change = on_change
        self._on_running = on_running
        self._on_refused = on_refused
        self._on_settled = on_settled
        self._is_working = is_working
        self._on_lost = on_lost
        self._doubted_at: dict[str, float] = {}
        self._registers: dict[str, Register] = {}
        self._alive: set[str] = set()
        self._doubted: set[str] = set()
        self._unwatched: set[str] = set()
        """Their watch has broken; it is renewed when they live."""
        self._calm_until: dict[str, float] = {}
        self._moving: set[str] = set()
        self._assigning = False
        self._awaited: set[str] = set()
        """Processes that are new in the state, and are being created: their movable roles wait for them."""
        self.home: dict[str, str] = {}
        """Role -> the process that runs it. Missing: nobody does, or not yet."""
        self.stopped = False

    def follow(self, state: ClusterState) -> None:
        """The cluster's state has changed."""
        known = self._azs.keys()
        self._follow(state)
        created = {name for name in self._azs.keys() - known if name not in self._alive}
        if created:
            self._awaited |= created
            asyncio.get_running_loop().call_later(CREATED_S_MAX, self._await_no_more, created)

    def _await_no_more(self, processes: set[str]) -> None:
        if self._awaited & processes:
            self._awaited -= processes
            self._assign_all()

    def _follow(self, state: ClusterState) -> None:
        self._homes = homes(state.processes, state.regions)
        if self._assigns_all:
            self._homes |= {role.name: [process.name] for process in state.processes for role in process.fixed}
        self._azs = {process.name: process.az for process in state.processes}
        self._ping_s = FAR_PING_S if state.regions else PING_S
        self._roles = state.roles

    def start_new(self) -> None:
        """What the state has come to name, in processes that are there already."""
        if self._assigning:
            self._assign_all()
            return
        for process in sorted(self._alive):
            self._assign_own(process)

    def forget(self, process: str) -> None:
        """It is to be ended, and none of the cluster's any more."""
        self._alive.discard(process)
        self._doubted.discard(process)
        self._registers.pop(process, None)
        for role in [role for role, home in self.home.items() if home == process]:
            del self.home[role]

    @property
    def missing(self) -> set[str]:
        """Processes that are to be there, and are not."""
        return self._azs.keys() - self._alive

    @property
    def assigned(self) -> KeysView[str]:
        """Names of the roles that run where this says, and nowhere else."""
        return self._homes.keys()

    def start(self) -> None:
        asyncio.get_running_loop().call_later(self._claims_s, self._assign_all)

    # -- who is there --------------------------------------------------------------------------------------------------

    def registered(self, message: Register) -> None:
        """A process has started, or a living one answers a new controller."""
        process = message.process
        self._registers[process] = message
        self._alive.add(process)
        self._awaited.discard(process)
        claimed = [role for role in sorted(self._homes) if role in message.roles and role not in self.home]
        for role in sorted(role for role, home in self.home.items() if home == process and role not in message.roles):
            del self.home[role]  # it was restarted, and runs it no more
        self.home.update(dict.fromkeys(claimed, process))
        self._on_change()
        for role in claimed:
            self._on_running(role)
        self._watch(message)
        self._restore_later(message)
        if self._assigning or self._azs.keys() <= self._alive:
            self._assign_all()
        else:
            self._assign_own(process)

    def _watch(self, message: Register) -> None:
        process = message.process
        self._unwatched.discard(process)
        ends_at = asyncio.get_running_loop().time() + WATCH_S

        def broken(_: object) -> None:
            if self._registers.get(process) is not message or self.stopped:
                return
            if asyncio.get_running_loop().time() < ends_at:
                self._unwatched.add(process)
            else:  # nothing has happened to the process: a busy one must not lose what is_working says for it
                self._watch(message)
            self.doubt(process)

        self._context.bus.request(self._context.name, f"host/{process}", Watch(), broken, broken, timeout_s=WATCH_S)

    def _watch_again(self, register: Register) -> None:
        if register.process in self._unwatched:
            self._watch(register)

    def suspect(self, role: str) -> None:
        process = self.home.get(role)
        if process is not None:
            self.doubt(process)

    def doubt(self, process: str) -> None:
        calm = process not in self._unwatched and asyncio.get_running_loop().time() < self._calm_until.get(process, 0.0)
        if process not in self._alive or process in self._doubted or calm:
            return
        self._doubted.add(process)
        self._doubted_at[process] = asyncio.get_running_loop().time()
        self._is_working(process)  # what changes from now on is a sign
        self._ask(process, PINGS)

    def _ask(self, process: str, pings: int) -> None:
        register = self._registers[process]

        def alive(answer: Message) -> None:
            assert isinstance(answer, Pong)
            self._doubted.discard(process)
            self._calm_until[process] = asyncio.get_running_loop().time() + CALM_S
            if self._registers.get(process) is register:
                self._watch_again(register)
                self._start_missing(process, answer.roles)

        def silent(_: DatabaseError) -> None:
            if self._registers.get(process) is not register:  # it has been restarted meanwhile, and registered
                self._doubted.discard(process)
            elif self._works_on(process):
                self._ask(process, PINGS)
            elif pings > 1:
                self._ask(process, pings - 1)
            else:
                self._doubted.discard(process)
                self._lose(process)

        self._context.bus.request(self._context.name, f"host/{process}", Ping(), alive, silent, timeout_s=self._ping_s)

    def _works_on(self, process: str) -> bool:
        since_s = asyncio.get_running_loop().time() - self._doubted_at[process]
        return process not in self._unwatched and since_s < WORKING_S_MAX and self._is_working(process)

    def _start_missing(self, process: str, running: list[str]) -> None:
        """It lives; what it was taken to run and does not (it stopped that by an older topology, just after it had told
        us) is started again."""
        for role in sorted(
            role
            for role, home in self.home.items()
            if home == process and role not in running and role not in self._moving
        ):
            logger.warning("%s does not run %s", process, role)
            del self.home[role]
            self._assign(role)

    def _lose(self, process: str) -> None:
        if self.stopped:
            return
        logger.warning("%s gives no sign of life", process)
        self._alive.discard(process)
        for role in sorted(role for role, home in self.home.items() if home == process):
            del self.home[role]
        self._assign_all()
        self._await_return(process, self._registers[process])
        self._on_lost()

    def _await_return(self, process: str, register: Register) -> None:
        """It may be stalled, or cut off: ask until it answers or is restarted."""

        def back(_: Message) -> None:
            if self._registers.get(process) is register:
                logger.warning("%s is back", process)
                self._alive.add(process)
                self._watch_again(register)
                self._on_change()
                self._assign_all()
                self._restore_later(register)

        def again(_: DatabaseError) -> None:
            if not self.stopped and self._registers.get(process) is register:
                asyncio.get_running_loop().call_later(LOST_PING_S, ask)

        def ask() -> None:
            self._context.bus.request(self._context.name, f"host/{process}", Ping(), back, again, timeout_s=LOST_PING_S)

        asyncio.get_running_loop().call_later(LOST_PING_S, ask)

    # -- who runs what -------------------------------------------------------------------------------------------------

    def _assign_all(self) -> None:
        """Start what runs nowhere. From now on what is lost is assigned at once."""
        if not self._assigning:
            self._assigning = True
            self._on_settled()
        self._assign_missing(self._homes)

    def _assign_missing(self, roles: Iterable[str]) -> None:
        for role in roles:
            is_awaited = self._homes[role][0] in self._awaited
            if role not in self.home and role not in self._moving and not is_awaited and not self.stopped:
                self._assign(role)

    def _assign_own(self, process: str) -> None:
        """Roles that only this process may run need not wait for the others."""
        for role, places in self._homes.items():
            if places == [process] and role not in self.home and role not in self._moving and not self.stopped:
                self._assign(role)

    def _assign(self, role: str, target: str = "") -> None:
        """To `target`, or to the first of its homes that is there."""
        self._moving.discard(role)
        if role not in self._homes:  # it has left the cluster
            return
        self._moving.add(role)
        process = next(
            (name for name in (target, *self._homes[role]) if name in self._alive and name not in self._doubted), None
        )
        if process is None:
            self._later(role)
            return
        register = self._registers[process]

        def running(_: Message) -> None:
            self._moving.discard(role)
            if role not in self._homes:
                return
            if self._registers.get(process) is register and process in self._alive:
                self.home[role] = process
                self._on_change()
                self._on_running(role)
                if self._homes[role][0] in self._alive:
                    self._restore_later(self._registers[self._homes[role][0]])
            else:
                self._assign(role)

        def failed(error: DatabaseError) -> None:
            logger.warning("%s cannot be started in %s: %s", role, process, error.message)
            self._on_refused(role, error)
            self.doubt(process)
            self._later(role)

        state = self._roles[role]
        message = StartRole(role, state.kind, state.arguments, self._azs[process], self._on_change())
        self._context.bus.request(self._context.name, f"host/{process}", message, running, failed, timeout_s=START_S)

    def _restore_later(self, register: Register) -> None:
        """`register`'s process is there: what belongs to it comes back when it has stayed."""

        def restore() -> None:
            process = register.process
            if (
                self.stopped
                or self._registers.get(process) is not register
                or process not in self._alive
                or process in self._doubted
            ):
                return
            for role, places in self._homes.items():
                if places[0] == process and self.home.get(role, process) != process:
                    self.move(role, process)

        asyncio.get_running_loop().call_later(RESTORE_S, restore)

    def move(self, role: str, target: str) -> None:
        """From where it runs to `target`, one of its homes; it is stopped cleanly before. Nothing happens to a role
        that is on its way already."""
        process = self.home.get(role)
        if process is None or process == target or role in self._moving:
            return
        self._moving.add(role)
        logger.info("%s goes from %s to %s", role, process, target)

        def stopped(_: object) -> None:
            """Or not, in time: then it hears of its successor by the topology."""
            if self.home.get(role) == process:
                del self.home[role]
            if self.stopped:
                self._moving.discard(role)
            else:
                self._assign(role, target)

        self._context.bus.request(
            self._context.name, f"host/{process}", StopRole(role), stopped, stopped, timeout_s=START_S
        )

    def _later(self, role: str) -> None:
        def again() -> None:
            self._moving.discard(role)
            if role in self._homes and role not in self.home and not self.stopped:
                self._assign(role)

        asyncio.get_running_loop().call_later(RETRY_S, again)
