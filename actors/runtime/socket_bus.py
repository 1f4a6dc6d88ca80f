"""The real bus: named roles talk over one Unix or TLS connection for each peer process and direction.

What it promises, beyond interfaces.Bus:

- No future, no task and no timer for each request: a request is an entry in one dict; its answer calls the caller
  straight from the receiving callback. Timeouts are found by one sweep every SWEEP_S seconds, which runs only while
  requests are outstanding, so a timeout fires up to SWEEP_S late and an idle bus does nothing at all.
- A connection is opened when a request first needs it. Until it stands, frames queue (at most `CONNECTING_BYTES_MAX`,
  socket_link.py). When it cannot be opened or breaks, every request outstanding on it fails at once with 08006, and the
  next one opens it again (after a failed attempt, requests fail at once for REOPEN_S, so that a dead peer costs no
  storm of attempts).
- An answer goes back on the connection its request came in on; if that is gone, so is the answer. An answer counts only
  on the connection that the request went out on.
- What is sent in one turn of the loop to one peer goes out as one write at the end of the turn, whichever roles and
  connections caused it: a write that wakes a sleeping process costs more than all else here (uvloop, too, writes at
  once when left to itself).
- Roles of this process are delivered to later, never within the sender's call, in order, without encoding (messages are
  immutable). What they send each other in answer is delivered in the same turn of the loop, up to LOCAL_ROUNDS_MAX
  times: a read that demands a watermark takes five such steps.
- A frame that cannot be decoded, or is above the bound, closes the connection; an exception other than DatabaseError
  from a role or a callback is an impossible state and goes to `on_crash`.

    one process                                        another
    bus.request("query_processor/1", "storage/1/a", Get(...), on_reply, on_failure)
      routes: name -> endpoint -> Link --frame--> Link -> services["storage/1/a"].receive(sender, message, reply)
      on_reply(Got) <---------------------frame-- reply(Got)

A process listens at one or several endpoints, its address (endpoints.py): a Unix socket, readable and writable by its
owner only, for its host's processes, and TCP with mutual TLS for all others of the cluster. Peers use the nearest.
Routes come from the Topology; `add_route` gives a process the few it needs before it has one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError, unavailable
from actors.common.messages.base import Failure, Message
from actors.common.messages.control import Topology
from actors.common.settings import Messaging
from actors.runtime.connections import Listeners, connect
from actors.runtime.endpoints import Endpoint, nearest, parse_address
from actors.runtime.far_links import FarLinks
from actors.runtime.framing import POST, REQUEST, error_of, failure_of
from actors.runtime.interfaces import OnFailure, OnReply, PromptService, Reply, Service, completing
from actors.runtime.socket_link import Link
from actors.runtime.tls import TlsIdentity

SWEEP_S = 0.1
"""How late a timeout may fire. A sweep looks at every outstanding request, 0.1 us each."""
REOPEN_S = 0.05
"""How long requests to an endpoint fail at once after it could not be reached."""
LOCAL_ROUNDS_MAX = 16
LOCAL_S_MAX = 0.005
"""Then sockets have their turn, however much the roles of this process have to say to each other."""

OnCrash = Callable[[BaseException], None]
Intercept = Callable[[str, str, Message, Reply | None], None]
"""(destination, sender, message, reply)"""


class LocalReply:
    """Answers a request of a role in this process."""

    __slots__ = ("_bus", "_request")

    def __init__(self, bus: SocketBus, request: int) -> None:
        self._bus: SocketBus | None = bus
        self._request = request

    def __call__(self, message: Message) -> None:
        bus = self._bus
        if bus is not None:
            self._bus = None
            if bus._local_scheduled:
                bus._local.append((bus.answered, (None, self._request, message)))
            else:
                bus.deliver_later(bus.answered, None, self._request, message)

    def fail(self, error: DatabaseError) -> None:
        self(failure_of(error))


class SocketBus:
    """See the module. `on_crash(error)` hears of an exception that no DatabaseError explains (default: the event loop's
    handler).

    `endpoint` is the process's whole address. `identity`: its certificate, without which there are no connections over
    TLS. `over_unix` False: peers of this host, too, are reached over TLS wherever they have such an endpoint. `far`:
    makes links to processes of other regions slow (far_links.py). Raises ValueError for an address that is none.
    """

    def __init__(
        self,
        endpoint: str,
        settings: Messaging,
        on_crash: OnCrash | None = None,
        *,
        identity: TlsIdentity | None = None,
        over_unix: bool = True,
        far: FarLinks | None = None,
    ) -> None:
        endpoints = parse_address(endpoint)
        self.endpoint = endpoint
        self.settings = settings
        self.sent_messages = 0
        self.sent_bytes = 0
        self._listeners_at = Listeners(endpoints, self._accept, identity)
        self._over_unix = over_unix
        self._far = far
        self._make_link: Callable[[SocketBus, Endpoint], Link] = Link if far is None else far.link
        self._host_identity = next((own.host for own in endpoints if own.scheme == "unix"), "")
        self.on_crash = on_crash
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._services: dict[str, Service] = {}
        self._prompt: dict[str, Callable[[Message], Message | None]] = {}
        self._intercepts: dict[type[Message], Intercept] = {}
        self._topology: Topology | None = None
        self._listeners: list[Callable[[Topology], None]] = []
        self._own_routes: dict[str, str] = {}
        self._news: dict[str, str] = {}
        """Of the former, those that came after the topology."""
        self._links: dict[Endpoint, Link] = {}
        self._link_by_name: dict[str, Link] = {}
        self._inbound: dict[Link, None] = {}
        self._unreachable_until: dict[Endpoint, float] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._requests = 0
        self._outstanding: dict[int, tuple[Link | None, float, OnReply, OnFailure, str]] = {}
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._unflushed: list[Link] = []
        self._local: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._local_scheduled = False

    # life

    async def start(self) -> None:
        """Listen. Raises OSError (address in use, no permission)."""
        self._loop = asyncio.get_running_loop()
        self.endpoint = await self._listeners_at.start()
        if self._far is not None:
            self._far.start()

    async def close(self) -> None:
        """Stop listening and close every connection; what is outstanding fails with 08006. Nothing can be sent
        afterwards."""
        if self._closed:
            return
        self._closed = True
        self._listeners_at.close()
        if self._far is not None:
            self._far.close()
        for link in [*self._links.values(), *self._inbound]:
            link.close("the bus is closed", after_writing=True)
        for task in list(self._opening):
            task.cancel()
        for request in list(self._outstanding):
            self._fail(request, unavailable(self._outstanding[request][4], "the bus is closed"))
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()

    def renew(self, identity: TlsIdentity) -> None:
        """Show this certificate on connections to come; those that stand keep the one that they began with."""
        self._listeners_at.identity = identity

    @property
    def refused(self) -> Counter[str]:
        """Reason -> connections at the bus port that were not let in."""
        return self._listeners_at.refused

    # roles and routes

    def attach(self, name: str, service: Service) -> None:
        self._services[name] = service
        if isinstance(service, PromptService):
            self._prompt[name] = service.answer_now

    def detach(self, name: str) -> None:
        self._services.pop(name, None)
        self._prompt.pop(name, None)
        for request, entry in list(self._outstanding.items()):
            if entry[0] is None and entry[4] == name:
                self._fail_later(request, unavailable(name, "it has left"))

    def intercept(self, kind: type[Message], handler: Intercept) -> None:
        """Messages of this class go to `handler`, whichever role of this process they are addressed to (Host: status,
        topology)."""
        self._intercepts[kind] = handler

    def add_route(self, name: str, endpoint: str) -> None:
        """A route from outside the topology: it counts more than topologies that came before it, and less than those
        that come after it."""
        parse_address(endpoint)
        self._own_routes[name] = self._news[name] = endpoint
        self._link_by_name.pop(name, None)

    def set_topology(self, topology: Topology) -> None:
        if self._topology is not None and topology.version < self._topology.version:
            return
        topology = self._topology = topology.after(self._topology)
        self._news.clear()
        self._link_by_name.clear()
        for listener in self._listeners:
            listener(topology)

    def on_topology(self, listener: Callable[[Topology], None]) -> None:
        self._listeners.append(listener)

    @property
    def topology(self) -> Topology | None:
        return self._topology

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
        loop = self._loop
        assert loop is not None, "the bus is not started"
        request = self._requests = self._requests + 1
        local = destination in self._services
        link = None if local else (self._link_by_name.get(destination) or self._link_to(destination))
        self._outstanding[request] = (link, loop.time() + timeout_s, on_reply, on_failure, destination)
        if self._sweep_timer is None and not self._closed:
            self._sweep_timer = loop.call_later(SWEEP_S, self._sweep)
        if link is not None:
            try:
                link.send(REQUEST, request, sender, destination, message)
            except DatabaseError as error:
                self._fail_later(request, error)
        elif local and not self._closed:
            arguments = (sender, destination, message, LocalReply(self, request))
            if self._local_scheduled:
                self._local.append((self.deliver, arguments))
            else:
                self.deliver_later(self.deliver, *arguments)
        else:
            self._fail_later(
                request, unavailable(destination, "the bus is closed" if self._closed else "no route", sent=False)
            )

    def answer_now(self, sender: str, destination: str, message: Message) -> Message | None:
        answer = self._prompt.get(destination)
        return answer(message) if answer is not None else None

    def call(self, sender: str, destination: str, message: Message, timeout_s: float = 10.0) -> asyncio.Future[Any]:
        assert self._loop is not None, "the bus is not started"
        future: asyncio.Future[Any] = self._loop.create_future()
        self.request(sender, destination, message, *completing(future), timeout_s)
        return future

    def post(self, sender: str, destination: str, message: Message) -> None:
        """One-way, best effort. Raises DatabaseError 54000 when the message is above the frame bound."""
        if destination in self._services:
            if not self._closed:
                self.deliver_later(self.deliver, sender, destination, message, None)
            return
        link = self._link_by_name.get(destination) or self._link_to(destination)
        if link is None:
            return
        try:
            link.send(POST, 0, sender, destination, message)
        except DatabaseError as error:
            if error.sqlstate == PROGRAM_LIMIT_EXCEEDED:
                raise

    # streams (streams.py)

    def is_near(self, name: str) -> bool:
        """By the role's address, whichever way to it is taken."""
        address = self._address_of(name)
        hosts = [endpoint.host for endpoint in parse_address(address) if endpoint.scheme == "unix"] if address else []
        return not hosts or hosts[0] in ("", self._host_identity)

    def open_stream(
        self,
        sender: str,
        destination: str,
        message: Message,
        on_open: Callable[[asyncio.Transport], None],
        on_failure: OnFailure,
        timeout_s: float,
    ) -> None:
        assert self._loop is not None, "the bus is not started"
        endpoint = self._way_to(destination)
        if endpoint is None:
            on_failure(unavailable(destination, "no route", sent=False))
            return
        link = Link(self, endpoint)
        request = self._requests = self._requests + 1

        def answered(_: Message) -> None:
            transport = link.detach()
            if transport is None:
                on_failure(unavailable(destination, "the connection broke"))
            else:
                on_open(transport)

        def failed(error: DatabaseError) -> None:
            link.close("no stream has come of it")
            on_failure(error)

        self._outstanding[request] = (link, self._loop.time() + timeout_s, answered, failed, destination)
        if self._sweep_timer is None and not self._closed:
            self._sweep_timer = self._loop.call_later(SWEEP_S, self._sweep)
        link.send(REQUEST, request, sender, destination, message)
        self._open_later(link, endpoint)

    # receiving

    def deliver(self, sender: str, destination: str, message: Message, reply: Reply | None) -> None:
        """Hand a message to its role here."""
        try:
            intercept = self._intercepts.get(type(message))
            if intercept is not None:
                intercept(destination, sender, message, reply)
                return
            service = self._services.get(destination)
            if service is not None:
                service.receive(sender, message, reply)
            elif reply is not None:
                reply.fail(unavailable(destination, "it is not here"))
        except DatabaseError as error:
            if reply is not None:
                reply.fail(error)
        except Exception as error:
            self._crash(error)

    def answered(self, link: Link | None, request: int, message: Message) -> None:
        """The answer to a request of ours; a late or forged one is dropped."""
        entry = self._outstanding.get(request)
        if entry is None or entry[0] is not link:
            return
        del self._outstanding[request]
        try:
            if type(message) is Failure:
                entry[3](error_of(message))
            else:
                entry[2](message)
        except Exception as error:
            self._crash(error)

    def deliver_later(self, function: Callable[..., None], *arguments: Any) -> None:
        """Once the caller and what was to be delivered before are through, in order."""
        if not self._local_scheduled:
            assert self._loop is not None
            self._local_scheduled = True
            self._loop.call_soon(self._run_local)
        self._local.append((function, arguments))

    def _run_local(self) -> None:
        until_s = perf_counter() + LOCAL_S_MAX
        try:
            for _ in range(LOCAL_ROUNDS_MAX):
                items = self._local
                if not items:
                    break
                self._local = []
                for place, (function, arguments) in enumerate(items, 1):
                    function(*arguments)
                    if perf_counter() > until_s:
                        self._local[:0] = items[place:]
                        return
        finally:
            self._local_scheduled = bool(self._local)
            if self._local_scheduled:
                assert self._loop is not None
                self._loop.call_soon(self._run_local)

    # failing

    def _fail(self, request: int, error: DatabaseError) -> None:
        entry = self._outstanding.pop(request, None)
        if entry is not None:
            try:
                entry[3](error)
            except Exception as crash:
                self._crash(crash)

    def _fail_later(self, request: int, error: DatabaseError) -> None:
        self.deliver_later(self._fail, request, error)

    def _sweep(self) -> None:
        self._sweep_timer = None
        assert self._loop is not None
        now = self._loop.time()
        for request in [number for number, entry in self._outstanding.items() if entry[1] <= now]:
            entry = self._outstanding.get(request)
            if entry is not None:
                self._fail(request, unavailable(entry[4], "no answer in time"))
        if self._outstanding and self._sweep_timer is None and not self._closed:
            self._sweep_timer = self._loop.call_later(SWEEP_S, self._sweep)

    def _crash(self, error: BaseException) -> None:
        if self.on_crash is not None:
            self.on_crash(error)
        else:
            assert self._loop is not None
            self._loop.call_exception_handler({"message": "a role raised in a bus callback", "exception": error})

    def on_protocol_error(self, error: DatabaseError) -> None:
        assert self._loop is not None
        self._loop.call_exception_handler(
            {"message": f"a peer broke the framing, its connection is closed: {error.message}"}
        )

    # writing

    def flush_later(self, link: Link) -> None:
        """Write what `link` holds at the end of this turn of the loop."""
        if not self._unflushed:
            assert self._loop is not None
            self._loop.call_soon(self._flush)
        self._unflushed.append(link)

    def _flush(self) -> None:
        links = self._unflushed
        self._unflushed = []
        for link in links:
            link.flush()

    # connections

    def _accept(self) -> Link:
        return Link(self)

    def _address_of(self, destination: str) -> str | None:
        routes = self._topology.routes if self._topology is not None else {}
        return self._news.get(destination) or routes.get(destination) or self._own_routes.get(destination)

    def _way_to(self, destination: str) -> Endpoint | None:
        address = self._address_of(destination)
        if address is None or address == self.endpoint or self._closed:
            return None
        over_tls = self._listeners_at.identity is not None
        return nearest(address, self._host_identity, over_unix=self._over_unix, over_tls=over_tls)

    def _link_to(self, destination: str) -> Link | None:
        """The connection for a name, opened if need be; None when there is no way."""
        endpoint = self._way_to(destination)
        if endpoint is None:
            return None
        link = self._links.get(endpoint)
        if link is None:
            assert self._loop is not None
            if self._loop.time() < self._unreachable_until.get(endpoint, 0.0):
                return None
            link = self._links[endpoint] = self._make_link(self, endpoint)
            self._open_later(link, endpoint)
        self._link_by_name[destination] = link
        return link

    def _open_later(self, link: Link, endpoint: Endpoint) -> None:
        assert self._loop is not None
        task = self._loop.create_task(self._open(link, endpoint))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, link: Link, endpoint: Endpoint) -> None:
        try:
            await connect(endpoint, link, self._listeners_at.identity, self.settings.request_timeout_s)
        except OSError as error:
            link.close(f"cannot connect: {error or 'timeout'}")

    def link_opened(self, link: Link) -> None:
        if link.endpoint is None:
            self._inbound[link] = None
        else:
            self._unreachable_until.pop(link.endpoint, None)

    def link_closed(self, link: Link, why: str) -> None:
        """Everything outstanding on this connection fails, in the next turn (this may be running inside a caller's
        `request`)."""
        self._inbound.pop(link, None)
        if link.endpoint is not None and self._links.get(link.endpoint) is link:
            del self._links[link.endpoint]
            if link.transport is None or (link.peer and not link.heard):
                assert self._loop is not None
                self._unreachable_until[link.endpoint] = self._loop.time() + REOPEN_S
            for name in [name for name, known in self._link_by_name.items() if known is link]:
                del self._link_by_name[name]
        for request, entry in self._outstanding.items():
            if entry[0] is link:
                self._fail_later(request, unavailable(entry[4], why, sent=link.transport is not None))
