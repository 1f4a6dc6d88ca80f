"""A process's membership of a bus over TLS: its address, its certificate, and the renewal of it for as long as the
process lives.

    membership = Membership("journal-1-a", ask)          ask(process, request) -> Issued: whatever brings a request to
                                                         the authority
    identity = await membership.join()                   the first certificate; `membership.controller` is where the
                                                         controller listens
    spawn(membership.keep(bus))                          for life

A renewal that fails is tried again: half of the validity is left for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from actors.runtime.endpoints import Endpoint, format_address, host_identity, parse_endpoint
from actors.runtime.tls import TlsIdentity

if TYPE_CHECKING:
    from pathlib import Path

    from actors.runtime.certificates import Issued

RETRY_S = 60.0
"""After a renewal that failed."""
LOOK_S = 3600.0
"""The clock is looked at so often: a machine that slept, or whose clock was set, makes a long sleep end at a wrong
time."""

Ask = Callable[[str, bytes], Awaitable["Issued"]]

logger = logging.getLogger(__name__)


class Renewed(Protocol):
    def renew(self, identity: TlsIdentity) -> None: ...


def tls_address(process: str, ip: str, unix_endpoint: str, folder: Path) -> str:
    """Where `process` is to listen: at a port of `ip` that the kernel picks, and, for processes of its host (those that
    share `folder`), at its Unix socket. Raises OSError."""
    near = parse_endpoint(unix_endpoint)
    return format_address(
        [Endpoint("tls", ip, process=process), Endpoint("unix", host_identity(folder), path=near.path)]
    )


class Membership:
    """See the module."""

    def __init__(self, process: str, ask: Ask) -> None:
        self._process = process
        self._ask = ask
        self._renew_at = 0.0
        self.controller = ""
        """The controller's address, as of the last certificate."""

    async def join(self) -> TlsIdentity:
        """A new key and a certificate for it. Raises what `ask` raises."""
        from actors.runtime.certificates import ProcessKey  # clusters on Unix sockets start without it

        key = ProcessKey(self._process)
        issued = await self._ask(self._process, key.request)
        self._renew_at = issued.renew_at
        self.controller = issued.controller
        return key.identity(issued)

    async def keep(self, bus: Renewed) -> None:
        """Never returns."""
        while True:
            left_s = self._renew_at - time.time()
            if left_s > 0:
                await asyncio.sleep(min(left_s, LOOK_S))
                continue
            try:
                bus.renew(await self.join())
            except Exception as error:  # of Ray: its classes are not known here
                logger.warning("%s: its certificate was not renewed: %s", self._process, error)
                await asyncio.sleep(RETRY_S)
