"""The Bus of one life of a simulated process. See interfaces.Bus for what roles may rely on, network.py for what
befalls their messages.

Between processes every message is encoded and decoded by framing.py, as on a real socket, so that shared mutable state
and types that do not survive the wire show. Within a process messages are handed over as they are, in a later turn,
like the socket bus does. A timeout fires on time. Once the process has died nothing goes out, and no callback runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors.common.errors import DatabaseError, unavailable
from actors.common.messages.base import Failure, Message
from actors.common.messages.control import Topology
from actors.common.settings import Messaging
from actors.runtime.framing import POST, REPLY, REQUEST, Frame, decode_frame, encode_frame, error_of, failure_of
from actors.runtime.interfaces import OnFailure, OnReply, PromptService, Reply, Service, completing
from actors.runtime.simulation.loop import Owner, SimulatedLoop, Timer
from actors.runtime.simulation.network import SimulatedNetwork, Station
from actors.runtime.socket_bus import Intercept, OnCrash


class _RemoteReply:
    def __init__(self, bus: SimulatedBus, source: Station, received: Frame) -> None:
        self._bus = bus
        self._source = source
        self._received = received
        self._answered = False

    def __call__(self, message: Message) -> None:
        if not self._answered:
            self._answered = True
            received = self._received
            self._bus.observe_answer(received.sender, received.destination, received.message, message)
            try:
                self._bus.answer(self._source, received, message)
            except DatabaseError as error:
                self._bus.answer(self._source, received, failure_of(error))

    def fail(self, error: DatabaseError) -> None:
        self(failure_of(error))


class _LocalReply:
    def __init__(self, bus: SimulatedBus, request: int, sender: str, destination: str, message: Message) -> None:
        self._bus = bus
        self._request = request
        self._asked = (sender, destination, message)
        self._answered = False

    def __call__(self, message: Message) -> None:
        if not self._answered:
            self._answered = True
            self._bus.observe_answer(*self._asked, message)
            self._bus.loop.call_soon(self._bus.answered, None, self._request, message)

    def fail(self, error: DatabaseError) -> None:
        self(failure_of(error))


class SimulatedBus:
    """A HostBus (host.py) and a Station (network.py)."""

    def __init__(
        self, endpoint: str, owner: Owner, network: SimulatedNetwork, loop: SimulatedLoop, settings: Messaging
    ) -> None:
        self.endpoint = endpoint
        self.owner = owner
        self.loop = loop
        self.on_crash: OnCrash | None = None
        self._network = network
        self._settings = settings
        self._closed = False
        self.services: dict[str, Service] = {}
        """By name: of the roles that are here."""
        self._intercepts: dict[type[Message], Intercept] = {}
        self._own_routes: dict[str, str] = {}
        self._topology: Topology | None = None
        self._listeners: list[Callable[[Topology], None]] = []
        self._requests = 0
        self._outstanding: dict[int, tuple[Station | None, Timer, OnReply, OnFailure, str]] = {}

    # life

    async def start(self) -> None:
        self._network.join(self)

    async def close(self) -> None:
        if not self._closed and self.owner.alive:
            self._closed = True
            self._network.leave(self)
            for request in list(self._outstanding):
                self._fail(request, unavailable(self._outstanding[request][4], "the bus is closed"))

    def die(self) -> None:
        """The process is gone: no callback of this bus runs any more."""
        self._closed = True
        self._outstanding.clear()
        self._network.leave(self)

    # roles and routes

    def attach(self, name: str, service: Service) -> None:
        self.services[name] = service

    def serves(self, name: str) -> bool:
        return name in self.services

    def detach(self, name: str) -> None:
        self.services.pop(name, None)
        for request, entry in list(self._outstanding.items()):
            if entry[0] is None and entry[4] == name:
                self.loop.call_soon(self._fail, request, unavailable(name, "it has left"))

    def intercept(self, kind: type[Message], handler: Intercept) -> None:
        self._intercepts[kind] = handler

    def add_route(self, name: str, endpoint: str) -> None:
        self._own_routes[name] = endpoint

    def set_topology(self, topology: Topology) -> None:
        if self._topology is not None and topology.version < self._topology.version:
            return
        topology = self._topology = topology.after(self._topology)
        for listener in self._listeners:
            listener(topology)

    def on_topology(self, listener: Callable[[Topology], None]) -> None:
        self._listeners.append(listener)

    @property
    def topology(self) -> Topology | None:
        return self._topology

    def _endpoint_of(self, name: str) -> str | None:
        routed = self._topology.routes.get(name) if self._topology is not None else None
        return routed or self._own_routes.get(name)

    # sending

    def request(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_reply: OnReply,
        on_failure: OnFailure,
        timeout_s: float = 10.0,
    ) -> None:
        if not self.owner.alive:
            return
        request = self._requests = self._requests + 1
        local = destination in self.services
        endpoint = None if local else self._endpoint_of(destination)
        target = self._network.find(endpoint) if endpoint is not None else None
        timer = self.loop.call_later(timeout_s, self._time_out, request)
        self._outstanding[request] = (target, timer, on_reply, on_failure, destination)
        if self._closed or (not local and (endpoint is None or endpoint == self.endpoint)):
            self.loop.call_soon(
                self._fail,
                request,
                unavailable(destination, "the bus is closed" if self._closed else "no route", sent=False),
            )
        elif local:
            self.loop.call_soon(
                self._deliver, sender, destination, message, _LocalReply(self, request, sender, destination, message)
            )
        else:
            try:
                self.send(target, REQUEST, request, sender, destination, message)
            except DatabaseError as error:
                self.loop.call_soon(self._fail, request, error)

    def answer_now(self, sender: str, destination: str, message: Message) -> Message | None:
        service = self.services.get(destination)
        if self._closed or not self.owner.alive or not isinstance(service, PromptService):
            return None
        answer = service.answer_now(message)
        if answer is not None:
            self.observe_answer(sender, destination, message, answer)
        return answer

    def call(self, sender: str, destination: str, message: Message, timeout_s: float = 10.0) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.loop.create_future()
        self.request(sender, destination, message, *completing(future), timeout_s)
        return future

    def ask(self, sender: str, destination: str, message: Message, timeout_s: float = 10.0) -> asyncio.Future[Any]:
        """As `call`, for a checker that asks much, of roles that may be in any process: as if they were in its own.
        Nothing is encoded, delayed, lost or traced. Of a role that moves it is the place that the topology names."""
        future: asyncio.Future[Any] = self.loop.create_future()
        endpoint = self._endpoint_of(destination)
        target = self._network.find(endpoint) if endpoint is not None else None
        request = self._requests = self._requests + 1
        timer = self.loop.call_later(timeout_s, self._time_out, request)
        self._outstanding[request] = (None, timer, *completing(future), destination)
        if target is None:
            self.loop.call_soon(self._fail, request, unavailable(destination, "nobody is there", sent=False))
        else:
            reply = _LocalReply(self, request, sender, destination, message)
            self.loop.call_soon(target.receive, sender, destination, message, reply, context=target.owner.context)
        return future

    def post(self, sender: str, destination: str, message: Message) -> None:
        if self._closed or not self.owner.alive:
            return
        if destination in self.services:
            self.loop.call_soon(self._deliver, sender, destination, message, None)
            return
        endpoint = self._endpoint_of(destination)
        if endpoint is not None and endpoint != self.endpoint:
            self.send(self._network.find(endpoint), POST, 0, sender, destination, message)

    def send(
        self, target: Station | None, kind: int, request: int, sender: str, destination: str, message: Message
    ) -> None:
        """Raises DatabaseError 54000 above the frame bound."""
        if self.owner.alive and not self._closed:
            frame = encode_frame(kind, request, sender, destination, message, self._settings.frame_bytes_max)
            self._network.send(self, target, frame, kind, request, type(message).__name__, sender, destination)

    def answer(self, target: Station, asked: Frame, message: Message) -> None:
        """Raises DatabaseError 54000 above the frame bound."""
        if self.owner.alive and not self._closed:
            frame = encode_frame(REPLY, asked.request, "", "", message, self._settings.frame_bytes_max)
            name = type(message).__name__
            self._network.send(self, target, frame, REPLY, asked.request, name, asked.destination, asked.sender)

    # what the network does to us

    def arrive(self, source: Station, frame: bytes) -> None:
        if self._closed:
            return
        received = decode_frame(frame)
        if received.kind == REPLY:
            self.answered(source, received.request, received.message)
        elif received.kind == REQUEST:
            self._deliver(received.sender, received.destination, received.message, _RemoteReply(self, source, received))
        else:
            self._deliver(received.sender, received.destination, received.message, None)

    def receive(self, sender: str, destination: str, message: Message, reply: Reply) -> None:
        if not self._closed:
            self._deliver(sender, destination, message, reply)

    def refused(self, request: int, why: str, sent: bool) -> None:
        entry = self._outstanding.get(request)
        if entry is not None:
            self._fail(request, unavailable(entry[4], why, sent=sent))

    def peer_died(self, peer: Station) -> None:
        for request, entry in list(self._outstanding.items()):
            if entry[0] is peer:
                self._fail(request, unavailable(entry[4], "the connection was reset"))

    def answered(self, source: Station | None, request: int, message: Message) -> None:
        entry = self._outstanding.get(request)
        if entry is None or entry[0] is not source:
            return
        del self._outstanding[request]
        entry[1].cancel()
        try:
            if isinstance(message, Failure):
                entry[3](error_of(message))
            else:
                entry[2](message)
        except Exception as error:
            self._crash(error)

    def observe_answer(self, requester: str, role: str, request: Message, answer: Message) -> None:
        if self.owner.alive and not self._closed:
            for see in self._network.answer_seers(request, answer):
                see(requester, role, request, answer)

    def _deliver(self, sender: str, destination: str, message: Message, reply: Reply | None) -> None:
        for see in self._network.seers(message):
            see(sender, destination, message)
        try:
            intercept = self._intercepts.get(type(message))
            service = self.services.get(destination)
            if intercept is not None:
                intercept(destination, sender, message, reply)
            elif service is not None:
                service.receive(sender, message, reply)
            elif reply is not None:
                reply.fail(unavailable(destination, "it is not here"))
        except DatabaseError as error:
            if reply is not None:
                reply.fail(error)
        except Exception as error:
            self._crash(error)

    def _time_out(self, request: int) -> None:
        entry = self._outstanding.get(request)
        if entry is not None:
            self._fail(request, unavailable(entry[4], "no answer in time"))

    def _fail(self, request: int, error: DatabaseError) -> None:
        entry = self._outstanding.pop(request, None)
        if entry is not None:
            entry[1].cancel()
            try:
                entry[3](error)
            except Exception as crash:
                self._crash(crash)

    def _crash(self, error: BaseException) -> None:
        assert self.on_crash is not None, f"{self.owner.name} has no host to crash"
        self.on_crash(error)
