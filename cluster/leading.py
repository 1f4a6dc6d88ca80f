"""`Leading`: has adjudicators lead their journals, and knows which do. A Lead is sent again where it was lost, or the adjudicator is being restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.common.errors import DatabaseError
from actors.common.messages import Lead
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context

TIMEOUT_S = 2.0
"""Before a Lead is sent again: it may have been lost, and a repeated one changes nothing."""
RETRY_S = 0.2
"""Before a Lead that failed is sent again: the adjudicator is being restarted."""


class Leading:
    """`home(adjudicator)`: the process that runs it; None where nobody does, or it is to be left alone. `on_led()`: one more leads."""

    def __init__(self, context: Context, home: Callable[[str], str | None], on_led: Callable[[], None]) -> None:
        self._context = context
        self._home = home
        self._on_led = on_led
        self.names: set[str] = set()

    def begin(self, name: str) -> None:
        home = self._home(name)

        def led(_: Message) -> None:
            self.names.add(name)
            self._on_led()

        def failed(_: DatabaseError) -> None:
            if home is not None and self._home(name) == home:
                asyncio.get_running_loop().call_later(RETRY_S, self.begin, name)

        self._context.bus.request("controller", name, Lead(), led, failed, timeout_s=TIMEOUT_S)
