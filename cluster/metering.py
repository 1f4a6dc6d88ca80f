"""What the cluster has used since it was created (docs/metering.md), as `eagleray status` shows it.

Query processors report what they have used since their start (messages.Load); the controller adds up what is new in
each report. The sum and the last report of each query processor are a file on the controller's own disk, so that zero,
a restart and another day change nothing:

    written    SAVE_S after the first report that it lacks, when the cluster goes to zero, and when it stops
    lost       what a query processor that is killed has used since its last report: a second's work

A controller that dies between two writes loses nothing, as long as the query processors live: their next reports have
it all.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.common.messages import Load
from actors.common.metering import Usage, units_of
from actors.common.settings import Metering as Rates
from actors.runtime.interfaces import Context

FILE = "metering"
SAVE_S = 10.0
LIVES_MAX = 256
"""Starts of query processors that are remembered. An older one reports no more."""

logger = logging.getLogger(__name__)


class Totals(msgspec.Struct):
    """Pure. `since`: when counting began, microseconds since 1970; `lives`: what each start of a query processor has
    reported last, the latest report last."""

    since: int
    used: Usage = Usage()
    lives: dict[int, Usage] = {}

    def reported(self, load: Load) -> bool:
        """Whether there was anything new in it."""
        before = self.lives.pop(load.life, Usage())
        if load.usage.statements < before.statements:  # an older report, on a slower way
            self.lives[load.life] = before
            return False
        self.lives[load.life] = load.usage
        while len(self.lives) > LIVES_MAX:
            del self.lives[next(iter(self.lives))]
        new = load.usage.minus(before)
        self.used = self.used.plus(new)
        return new != Usage()

    def account(self, rates: Rates) -> dict[str, Any]:
        """As `status` shows it."""
        used, units = self.used, units_of(self.used, rates)
        return {
            "since": datetime.fromtimestamp(self.since // 1_000_000, UTC).isoformat(),
            "compute_s": round(used.compute_ns / 1e9, 3),
            "bytes_read": used.bytes_read,
            "bytes_written": used.bytes_written,
            "statements": used.statements,
            "transactions": used.transactions,
            "conflicts": used.conflicts,
            "dpu": {
                **{name: round(value, 5) for name, value in units._asdict().items()},
                "total": round(units.total, 5),
            },
        }


class Metering:
    """The controller's."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._totals = self._read() or Totals(context.clock.now().latest)
        self._saving: asyncio.TimerHandle | None = None

    def _read(self) -> Totals | None:
        disk = self._context.disk
        try:
            return msgspec.msgpack.decode(disk.read(FILE), type=Totals) if disk.exists(FILE) else None
        except msgspec.DecodeError:  # the disk has lost a part of it
            return None

    def reported(self, load: Load) -> None:
        if self._totals.reported(load) and self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_S, lambda: self._context.spawn(self.save()))

    async def save(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        try:
            await self._context.disk.replace(FILE, msgspec.msgpack.encode(self._totals))
        except OSError as error:  # a full disk stops nobody's work; the next report tries again
            logger.warning("what the cluster has used could not be written: %s", error)

    def account(self) -> dict[str, Any]:
        return self._totals.account(self._context.settings.metering)
