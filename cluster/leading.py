"""Every adjudicator is asked to lead its journal, again and again until it does or runs elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.common.errors import DatabaseError
from actors.common.messages import Lead
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context

LEAD_TIMEOUT_S = 2.0
"""Before a Lead is sent again: it may have been lost, and a repeated one changes nothing."""
LEAD_RETRY_S = 0.2
"""Before a Lead that failed is sent again: the adjudicator is being restarted."""


class Leading:
    """`home`: in which process a role runs, None where it does not; `on_led` is called after each adjudicator that has
    begun to lead."""

    def __init__(self, context: Context, home: Callable[[str], str | None], on_led: Callable[[], None]) -> None:
        self._context = context
        self._home = home
        self._on_led = on_led
        self.names: set[str] = set()
        """The adjudicators that lead."""
        self.stopped = False

    def ask(self, name: str) -> None:
        """The adjudicator has just been started."""
        home = self._home(name)
        self.names.discard(name)

        def led(_: Message) -> None:
            self.names.add(name)
            self._on_led()

        def failed(_: DatabaseError) -> None:
            if home is not None and self._home(name) == home and not self.stopped:
                asyncio.get_running_loop().call_later(LEAD_RETRY_S, self.ask, name)

        self._context.bus.request(self._context.name, name, Lead(), led, failed, timeout_s=LEAD_TIMEOUT_S)
