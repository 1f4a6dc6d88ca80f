"""Asking adjudicators for promises, one question to each at a time, and looking for whoever owes what a promise waits
for.

    pursue(demand)               asks those whose promise is below it
    ask(journal)                 --AskPromise--> adjudicator      late, or out of reach: the controller hears whom to
                                                                  suspect
                                 --AskPromise--> a journal replica of a third region --> adjudicator      (detour.py)
    wait_for_records(journal)    a promise is there, the records before it are not: the replica that should bring them
                                 is asked whether it lives, and between regions, whether it has them
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

from actors.common.answer_times import AnswerTimes
from actors.common.errors import CONNECTION_FAILURE, DatabaseError
from actors.common.messages import AskPromise, Fetch, Fetched, Promised
from actors.common.messages.base import Message
from actors.common.messages.control import Suspect
from actors.common.refusals import Unanswered
from actors.common.timestamps import Timestamp
from actors.crossbar.detour import Detours
from actors.crossbar.feed import Feed
from actors.crossbar.merge import Head
from actors.crossbar.timers import Timers
from actors.runtime.interfaces import Context, OnReply

PROMISE_TIMEOUT_S = 1.0
LATE_S = 0.3
"""For a promise, which may cost a write to disk."""
PROBE_S = 0.1
"""How long a promise may wait for its records before the replica that should bring them is asked whether it lives."""
SIGN_S = 0.3
"""... and for its answer, before the records are read from another one."""
LACK_S = 0.5
"""Between regions: a replica that still has none of the records after this is cut off from the writer, most likely."""
PROMISE_RETRY_S = 0.02
"""An adjudicator that fails over is asked again after this."""


class Asking:
    """`on_promised(journal, answer)`: False where the promise cannot be counted yet. `go_on()`: something that was
    waited for is over; what is wanted still is to be asked for."""

    def __init__(
        self, context: Context, on_promised: Callable[[int, Promised], bool], go_on: Callable[[], None]
    ) -> None:
        self._context = context
        self._on_promised = on_promised
        self._go_on = go_on
        self._timers = Timers()
        self._asked_at: dict[int, tuple[float, str]] = {}
        """By journal: when its adjudicator was asked, and the adjudicator's name."""
        self._waiting_since: dict[int, float] = {}
        self._answers, self._detours = None, None
        if context.settings.regions.zones:
            self._answers, self._detours = AnswerTimes(), Detours(context)
        self._stopped = False

    def stop(self) -> None:
        """Nobody is asked anything any more."""
        self._stopped = True
        self._timers.stop()

    def came(self, journal: int) -> None:
        """Records, or word of where the journal stands."""
        self._waiting_since.pop(journal, None)

    def came_anywhere(self) -> None:
        self._waiting_since.clear()

    def pursue(
        self, demand: Timestamp, heads: Mapping[int, Head], adjudicators: Mapping[int, str], feeds: Mapping[int, Feed]
    ) -> None:
        """Ask each adjudicator whose promise is below the demand, unless one is being asked already."""
        for journal, name in adjudicators.items():
            head = heads[journal]
            if head.promise >= demand:
                continue
            if head.pending and any(promise >= demand for _, promise, _ in head.pending):
                self.wait_for_records(journal, feeds[journal])
            else:
                self.ask(journal, name, demand, feeds[journal])

    def heard(self, journal: int) -> None:
        """Its adjudicator has spoken without having been asked."""
        if self._detours is not None:
            self._detours.arrived(journal)

    def ask(self, journal: int, name: str, demand: Timestamp, feed: Feed) -> None:
        """Nothing happens while the adjudicator is being asked."""
        if journal in self._asked_at:
            return
        self._asked_at[journal] = asyncio.get_running_loop().time(), name
        if "late" not in self._timers:
            self._timers.after("late", LATE_S, self._check_late)

        def promised(answer: Message) -> None:
            assert isinstance(answer, Promised)
            if self._stopped:
                return
            self._asked_at.pop(journal, None)
            if not self._on_promised(journal, answer):
                self._asked_at[journal] = asyncio.get_running_loop().time(), name
                self._timers.after(f"ask {journal}", PROMISE_RETRY_S, again)

        def failed(error: DatabaseError) -> None:
            if self._stopped:
                return
            if error.refusal is None or isinstance(
                error.refusal, Unanswered
            ):  # the bus could not reach it, or not its role
                self._context.bus.post(self._context.name, "controller", Suspect(name))
                if self._detours is not None:
                    self._detours.turn(journal, name, feed.elsewhere)
            self._timers.after(f"ask {journal}", PROMISE_RETRY_S, again)

        def again() -> None:
            self._asked_at.pop(journal, None)
            self._go_on()

        by, on_reply = name, cast(OnReply, promised)
        if self._detours is not None and self._answers is not None:
            by = self._detours.way(journal, name)
            on_reply = self._answers.timed(name, promised)
        self._context.bus.request(self._context.name, by, AskPromise(demand), on_reply, failed, PROMISE_TIMEOUT_S)

    def _check_late(self) -> None:
        """Who owes a promise for too long is suspect: the controller looks whether it lives."""
        now_s = asyncio.get_running_loop().time()
        for asked_at, name in self._asked_at.values():
            if now_s - asked_at >= LATE_S and (self._answers is None or self._answers.is_late(name, asked_at, LATE_S)):
                self._context.bus.post(self._context.name, "controller", Suspect(name))
        if self._asked_at:
            self._timers.after("late", LATE_S, self._check_late)

    def wait_for_records(self, journal: int, feed: Feed) -> None:
        """A promise waits for records that the feed has not brought. After PROBE_S the replica is asked for a sign of
        life; a dead one fails that at once, a silent one is left after silence_s: read at another replica then. Between
        regions so is one that lives and has nothing of them LACK_S later."""
        if journal in self._waiting_since:
            return
        silence_s = self._context.settings.streaming.silence_s
        since = self._waiting_since[journal] = asyncio.get_running_loop().time()

        def leave(*_: object) -> None:
            if self._waiting_since.get(journal) == since and not self._stopped:
                del self._waiting_since[journal]
                feed.turn()
                self._go_on()

        def probe() -> None:
            if self._waiting_since.get(journal) == since:
                sign_of_life = Fetch(feed.next_lsn, 1)
                self._context.bus.request(
                    self._context.name, feed.replica, sign_of_life, lives, failed, min(SIGN_S, silence_s)
                )

        def lives(answer: Message) -> None:
            assert isinstance(answer, Fetched)
            if self._answers is None or answer.end_lsn >= feed.next_lsn or self._waiting_since.get(journal) != since:
                return
            if asyncio.get_running_loop().time() - since >= LACK_S:
                leave()
            else:
                self._timers.after(f"probe {journal}", LACK_S, probe)

        def failed(error: DatabaseError) -> None:
            if error.sqlstate == CONNECTION_FAILURE:
                leave()

        self._timers.after(f"probe {journal}", PROBE_S, probe)
        self._timers.after(f"leave {journal}", silence_s, leave)
