"""For tests of the bus over TLS: an authority, processes' identities, and buses that have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from actors.common.messages import Get, Got
from actors.common.messages.base import Message
from actors.common.settings import Messaging
from actors.runtime.certificates import ProcessKey
from actors.runtime.interfaces import Reply
from actors.runtime.socket_bus import SocketBus
from actors.runtime.tls import TlsIdentity
from cluster.authority import Authority

LOCAL = "127.0.0.1"


def identity(
    authority: Authority, process: str, now: datetime | None = None, validity: timedelta = timedelta(days=1)
) -> TlsIdentity:
    key = ProcessKey(process)
    return key.identity(authority.issue(process, key.request, now, validity))


class Echo:
    """Answers a Get with its keys; holds what it is not to answer."""

    def __init__(self) -> None:
        self.senders: list[str] = []

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        self.senders.append(sender)
        if reply is not None and isinstance(message, Get):
            reply(Got(list(message.keys), message.at))


@asynccontextmanager
async def started(
    authority: Authority, *processes: str, settings: Messaging | None = None, unix: dict[str, str] | None = None
) -> AsyncIterator[list[SocketBus]]:
    """A bus for each process, each with an Echo named echo/<process> and routes to the others. `unix`: process -> a
    further endpoint."""
    buses: list[SocketBus] = []
    try:
        for process in processes:
            further = f" {unix[process]}" if unix and process in unix else ""
            bus = SocketBus(
                f"tls:{process}@{LOCAL}:0{further}", settings or Messaging(), identity=identity(authority, process)
            )
            bus.attach(f"echo/{process}", Echo())
            await bus.start()
            buses.append(bus)
        for bus in buses:
            for process, other in zip(processes, buses, strict=True):
                bus.add_route(f"echo/{process}", other.endpoint)
        yield buses
    finally:
        for bus in buses:
            await bus.close()
