"""Who woke the cluster, when, and how long each step of it took: for the log, `eagleray status` and `eagleray bench
wake`.

    wakes.asked("gateway/1: a new connection", waited_s)      a gateway's Wake
    wakes.reached(STATE), reached(ROLES), reached(LEADING)    in this order
    wakes.runs("storage/1/a")                                 each role's own end of its start
    wakes.reached(ROOM), reached(STATE), ROLES, LEADING       in this order
    wakes.last                                                that one, as `status --json` shows it

Steps are milliseconds since the client's first byte, as far as its gateway has told; times of day are the host's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

ROOM, STATE, ROLES, LEADING = "room_made", "state_read", "roles_run", "adjudicators_lead"

logger = logging.getLogger(__name__)


class Wakes:
    """`now_s`: the loop's time."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._begun_s: float | None = None
        """While the cluster wakes."""
        self.last: dict[str, Any] | None = None
        self.count = 0

    def asked(self, by: str, waited_s: float) -> None:
        self._begun_s = self._now_s() - waited_s
        self.count += 1
        self.last = {
            "by": by,
            "at": datetime.fromtimestamp(time.time() - waited_s, UTC).isoformat(timespec="milliseconds"),
            "steps_ms": {},
            "runs_ms": {},
        }
        logger.info("the cluster wakes for %s", by)

    def reached(self, step: str) -> None:
        """Each step counts once, in a cluster that wakes."""
        if self._begun_s is None or self.last is None or step in self.last["steps_ms"]:
            return
        ms = self.last["steps_ms"][step] = round((self._now_s() - self._begun_s) * 1000, 1)
        if step == LEADING:
            self._begun_s = None
            logger.info("the cluster is awake after %.0f ms", ms)

    def runs(self, role: str) -> None:
        """It has started."""
        if self._begun_s is not None and self.last is not None:
            self.last["runs_ms"].setdefault(role, round((self._now_s() - self._begun_s) * 1000, 1))

    def activity(self, awake_because: str, asleep_because: str) -> dict[str, Any]:
        """As `status` shows it."""
        return {
            "awake_because": awake_because,
            "asleep_because": asleep_because,
            "wakes": self.count,
            "last_wake": self.last,
        }
