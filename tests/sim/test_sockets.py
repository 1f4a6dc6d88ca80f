"""The simulated kernel: what goes with a packet, what a death leaves, and that it sees a descriptor that is closed
while it is watched. Sender and receiver are the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from random import Random
from typing import Any

from actors.runtime.simulation.loop import Owner, SimulatedLoop
from actors.runtime.simulation.socket_files import ClientSocket
from actors.runtime.simulation.sockets import SimulatedKernel, SimulatedSockets
from actors.runtime.socket_passing import Outcome, SocketSender
from actors.runtime.socket_receiver import SocketReceiver


class Host:
    """Two processes, a gateway and a query processor, and a client that the gateway has taken in."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop()
        self.wrong: list[str] = []
        self.kernel = SimulatedKernel(self.loop, Random(1), lambda _, what: self.wrong.append(what))
        self.owners = {name: Owner(name) for name in ("gateway", "processor")}
        self.tables = {name: self.kernel.begin(owner) for name, owner in self.owners.items()}
        self.heard: list[bytes | None] = []
        self.outcomes: list[Outcome] = []
        self.lost: list[bytes] = []
        self.taken: list[tuple[Any, bytes]] = []

    def run(self, scenario: Callable[[], Any], seconds: float = 1.0) -> None:
        async def for_a_while() -> None:
            self.listener = self.within("gateway", lambda: self.tables["gateway"].listen_on_port("", 1, 1))
            self.client = self.kernel.connect_client(1, self.heard.append)
            scenario()
            await asyncio.sleep(seconds)

        self.loop.run_until_complete(for_a_while())
        self.loop.close()

    def within(self, name: str, callback: Callable[[], Any]) -> Any:
        return self.owners[name].context.copy().run(callback)

    def die(self, name: str) -> None:
        self.owners[name].die()
        for callback in self.owners[name].when_dead:
            callback()

    def serve(self) -> None:
        def start() -> None:
            receiver = SocketReceiver(
                "path",
                lambda client, _: client.close(),
                on_session=lambda client, session: self.taken.append((client, session)),
                sockets=self.tables["processor"],
            )
            receiver.start()

        self.within("processor", start)

    def offer(self, on_end: Callable[[Outcome], None] | None = None) -> None:
        def begin() -> None:
            table: SimulatedSockets = self.tables["gateway"]
            client, _ = self.listener.accept()

            def ended(outcome: Outcome) -> None:
                self.outcomes.append(outcome)
                client.close()
                if on_end is not None:
                    on_end(outcome)

            SocketSender("path", sockets=table).offer_session(
                lambda: (client.fileno(), b"session"), ended, lambda copy, data: self.lost.append(data)
            )

        self.within("gateway", begin)


def test_a_session_goes_with_its_socket_to_the_other_process() -> None:
    host = Host()
    host.run(lambda: (host.serve(), host.offer()))
    assert host.outcomes == [Outcome.TAKEN] and [data for _, data in host.taken] == [b"session"]
    assert isinstance(host.taken[0][0].file, ClientSocket) and host.client.references == 1 and not host.heard


def test_what_was_sent_outlives_its_sender() -> None:
    host = Host()
    host.run(
        lambda: (host.serve(), host.offer(lambda _: host.loop.call_soon(host.die, "gateway", context=copy_context())))
    )
    assert [data for _, data in host.taken] == [b"session"] and not host.heard


def test_a_client_is_gone_with_the_last_process_that_has_it() -> None:
    host = Host()
    host.run(
        lambda: (host.serve(), host.offer(), host.loop.call_later(0.5, host.die, "processor", context=copy_context()))
    )
    assert host.taken and host.client.mourned and host.heard == [None]


def test_a_socket_for_which_no_descriptor_is_left_stays_the_senders() -> None:
    host = Host()

    def scenario() -> None:
        host.serve()
        host.offer(lambda _: setattr(host.kernel, "lost_share", 1.0))

    host.run(scenario)
    assert host.lost == [b"session"] and not host.taken and host.client.references == 1 and not host.heard


def test_of_several_sockets_in_a_packet_those_without_a_descriptor_stay_the_senders() -> None:
    """The kernel gives the first ones, and none behind one that it has lost."""
    host = Host()
    host.kernel.lost_share = 0.0
    drawn = iter((False, True, False, False))

    def scenario() -> None:
        host.serve()
        others = [host.kernel.connect_client(1, host.heard.append) for _ in range(3)]
        assert len(others) == 3

        def begin() -> None:
            sender = SocketSender("path", sockets=host.tables["gateway"])
            for number in range(4):
                client, _ = host.listener.accept()
                data = b"session %d" % number
                sender.offer_session(
                    lambda client=client, data=data: (client.fileno(), data),
                    lambda outcome, client=client: (host.outcomes.append(outcome), client.close()),
                    lambda _, data: host.lost.append(data),
                )

        host.within("gateway", begin)

    def exhausted() -> bool:
        return next(drawn, False) if host.outcomes else False

    host.kernel.is_exhausted = exhausted  # type: ignore[method-assign]
    host.run(scenario)
    assert host.outcomes == [Outcome.TAKEN] * 4
    assert [data for _, data in host.taken] == [b"session 0"]
    assert host.lost == [b"session 1", b"session 2", b"session 3"]
    assert not host.heard


def test_closing_what_is_watched_is_wrong() -> None:
    host = Host()

    def scenario() -> None:
        def careless() -> None:
            client, _ = host.listener.accept()
            host.loop.add_reader(client.fileno(), lambda: None)
            client.close()

        host.within("gateway", careless)

    host.run(scenario)
    assert host.wrong == ["gateway closes descriptor 4, which it watches"]
