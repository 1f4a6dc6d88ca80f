"""Which adjudicators lead their journals, as far as they have said; each that has been started is asked to, until it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from actors.common.errors import DatabaseError
from actors.common.messages import Lead
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context

LEAD_TIMEOUT_S = 2.0
"""Before a Lead is sent again: it may have been lost, and a repeated one changes nothing."""
LEAD_RETRY_S = 0.2
"""Before a Lead that failed is sent again: the adjudicator is being restarted."""


class Leading:
    """`homes`: role -> the process that runs it. `on_led`: one leads now. `stopped`: nobody is asked any more."""

    def __init__(self, context: Context, homes: Callable[[], Mapping[str, str]], on_led: Callable[[], None]) -> None:
        self._context = context
        self._homes = homes
        self._on_led = on_led
        self.names: set[str] = set()
        self.stopped = False

    def started(self, role: str, kind: str) -> None:
        """It runs (again): an adjudicator is to lead."""
        self.names.discard(role)
        if kind == "adjudicator":
            self._lead(role)

    def _lead(self, name: str) -> None:
        home = self._homes().get(name)

        def led(_: Message) -> None:
            self.names.add(name)
            self._on_led()

        def failed(_: DatabaseError) -> None:
            if self._homes().get(name) == home and home is not None and not self.stopped:
                asyncio.get_running_loop().call_later(LEAD_RETRY_S, self._lead, name)

        self._context.bus.request("controller", name, Lead(), led, failed, timeout_s=LEAD_TIMEOUT_S)
