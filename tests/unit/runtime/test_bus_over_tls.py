"""The socket bus over TLS: what works as on a Unix socket, and who is not let in."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from cluster_of_two import LOCAL, Echo, identity, started

from actors.common.errors import DatabaseError
from actors.common.messages import Done, Get, Got
from actors.common.settings import Messaging
from actors.runtime import tls_listener
from actors.runtime.certificates import ProcessKey
from actors.runtime.endpoints import parse_address
from actors.runtime.framing import POST, encode_frame
from actors.runtime.socket_bus import SocketBus
from actors.runtime.tls import TlsIdentity
from cluster.authority import Authority

OURS = Authority.make("ours")
BOUND_S = 20.0
"""Of a test that would hang: nothing here takes a second."""


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(BOUND_S):
            await main()

    uvloop.run(bounded())


async def answered(bus: SocketBus, name: str, sender: str = "me") -> None:
    """Requests fail at once for a moment after a failed attempt, so they are repeated."""
    while True:
        try:
            assert await bus.call(sender, name, Get([b"k"], 1)) == Got([b"k"], 1)
            return
        except DatabaseError as error:
            assert error.sqlstate == "08006"
        await asyncio.sleep(0)


async def refused(bus: SocketBus, reason: str) -> None:
    while not any(reason in known for known in bus.refused):
        await asyncio.sleep(0)


def place(bus: SocketBus) -> tuple[str, int]:
    endpoint = parse_address(bus.endpoint)[0]
    return endpoint.host, endpoint.port


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_requests_both_ways_and_large_frames(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        async with started(OURS, "a", "b") as (a, b):
            await answered(a, "echo/b")
            await answered(b, "echo/a")
            keys = [os.urandom(8 << 20) for _ in range(3)]
            assert await a.call("me", "echo/b", Get(keys, 1)) == Got(keys, 1)
            answers = await asyncio.gather(*(a.call("me", "echo/b", Get([b"%d" % i], i)) for i in range(1000)))
            assert answers == [Got([b"%d" % i], i) for i in range(1000)]
            (link,) = a._links.values()
            assert link.transport is not None and link.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
            connection = link.transport.get_extra_info("socket")
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
            assert not a.refused and not b.refused

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


def test_a_peer_that_reads_nothing_is_closed_at_the_bound() -> None:
    async def main() -> None:
        async with started(OURS, "a", settings=Messaging(outbound_bytes_max=4 << 20)) as (a,):
            door = await asyncio.get_running_loop().create_server(Mute, LOCAL, 0, ssl=identity(OURS, "b").server)
            a.add_route("mute", f"tls:b@{LOCAL}:{door.sockets[0].getsockname()[1]}")
            first = a.call("me", "mute", Get([], 1), timeout_s=3600)
            while not (link := next(iter(a._links.values()))).transport:
                await asyncio.sleep(0)
            futures = [first, *(a.call("me", "mute", Get([bytes(1 << 20)], 1), timeout_s=3600) for _ in range(60))]
            answers = await asyncio.gather(*futures, return_exceptions=True)
            assert {error.sqlstate for error in answers if isinstance(error, DatabaseError)} == {"08006"} and len(
                answers
            ) == 61
            assert link.closed
            door.close()

    run(main)


class Mute(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport) or hasattr(transport, "pause_reading")
        transport.pause_reading()  # type: ignore[attr-defined]


def test_a_process_that_comes_back_with_a_new_certificate_is_found() -> None:
    async def main() -> None:
        async with started(OURS, "a", "b") as (a, b):
            await answered(a, "echo/b")
            at = b.endpoint
            await b.close()
            again = SocketBus(at, Messaging(), identity=identity(OURS, "b"))
            again.attach("echo/b", Echo())
            await again.start()
            await answered(a, "echo/b")
            await again.close()

    run(main)


def test_a_renewed_certificate_counts_for_new_connections() -> None:
    async def main() -> None:
        async with started(OURS, "a", "b") as (a, b):
            before = await shown_serial(b)
            await answered(a, "echo/b")
            (standing,) = a._links.values()
            b.renew(identity(OURS, "b"))
            a.renew(identity(OURS, "a"))
            await answered(a, "echo/b")
            assert list(a._links.values()) == [standing], "a connection that stands stays"
            assert await shown_serial(b) != before
            standing.close("so that a new one is opened")
            await answered(a, "echo/b")
            await answered(b, "echo/a")
            assert not a.refused and not b.refused

    run(main)


async def shown_serial(bus: SocketBus) -> str:
    host, port = place(bus)
    _, writer = await asyncio.open_connection(host, port, ssl=identity(OURS, "x").client, server_hostname="")
    serial = str(writer.get_extra_info("peercert")["serialNumber"])
    writer.close()
    return serial


def test_processes_of_one_host_use_the_unix_socket_and_others_do_not() -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            unix = {"a": f"unix@one:{folder}/a", "b": f"unix@one:{folder}/b", "c": f"unix@two:{folder}/c"}
            async with started(OURS, "a", "b", "c", unix=unix) as (a, _, c):
                await answered(a, "echo/b")
                await answered(a, "echo/c")
                await answered(c, "echo/a")
                assert [endpoint.scheme for endpoint in a._links] == ["unix", "tls"]
                assert [endpoint.scheme for endpoint in c._links] == ["tls"]

    run(main)


# who is not let in


def theirs(**changes: object) -> TlsIdentity:
    return identity(**{"authority": OURS, "process": "b", **changes})  # type: ignore[arg-type]


YEAR = timedelta(days=365)
STRANGERS = {
    "another authority": (lambda: theirs(authority=Authority.make("ours")), "its certificate is refused"),
    "another cluster of the same authority's key": (lambda: renamed("theirs"), "names no process of this cluster"),
    "expired": (lambda: theirs(now=datetime.now(UTC) - YEAR), "certificate has expired"),
    "not valid yet": (lambda: theirs(now=datetime.now(UTC) + YEAR), "certificate is not yet valid"),
}


def renamed(cluster: str) -> TlsIdentity:
    """What our authority would issue if it took itself for another cluster's."""
    other = Authority(OURS._key, OURS._certificate)
    other.cluster = cluster
    return identity(other, "b")


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_stranger_is_let_in_by_neither_side(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    make, reason = STRANGERS[kind]

    async def main() -> None:
        async with started(OURS, "a", "c") as (a, c):
            stranger = make()
            for client in (stranger.client, trusting(stranger)):
                for _ in range(3):
                    assert await sent_and_closed(client, place(a))
            await refused(a, reason)
            await answered(c, "echo/a")
            assert echo(a).senders == ["me"], "nothing that a stranger sent was taken"
            door = await asyncio.get_running_loop().create_server(asyncio.Protocol, LOCAL, 0, ssl=stranger.server)
            a.add_route("echo/b", f"tls:b@{LOCAL}:{door.sockets[0].getsockname()[1]}")
            with pytest.raises(DatabaseError) as failure:
                await a.call("me", "echo/b", Get([], 1))
            assert failure.value.sqlstate == "08006"
            door.close()

    run(main)
    logged = [record.message for record in caplog.records if reason in record.message]
    assert len(logged) == 1, "logged once a reason"


def echo(bus: SocketBus) -> Echo:
    name = next(name for name in bus._services if name.startswith("echo/"))
    service = bus._services[name]
    assert isinstance(service, Echo)
    return service


def trusting(stranger: TlsIdentity) -> ssl.SSLContext:
    """A client that does not care whom it talks to: then the server's refusal is what counts."""
    stranger.client.verify_mode = ssl.CERT_NONE
    return stranger.client


async def sent_and_closed(context: ssl.SSLContext, where: tuple[str, int]) -> bool:
    """Whether the other side ended the connection, on which a good frame was sent, without a word."""
    frame = encode_frame(POST, 0, "stranger", "echo/a", Done(), 1 << 20)
    try:
        reader, writer = await asyncio.open_connection(*where, ssl=context, server_hostname="")
        writer.write(frame)
        data = await reader.read()
        writer.close()
        return data == b""
    except OSError:
        return True


def test_a_peer_without_a_certificate_is_refused() -> None:
    async def main() -> None:
        async with started(OURS, "a", "c") as (a, c):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            assert await sent_and_closed(context, place(a))
            await refused(a, "peer did not return a certificate")
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            assert await sent_and_closed(context, place(a))
            await refused(a, "unsupported protocol")
            await answered(c, "echo/a")
            assert echo(a).senders == ["me"]

    run(main)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x05hello", bytes(range(256)) * 256, b"\x16\x03\x01", b""]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    async def main() -> None:
        async with started(OURS, "a", "c") as (a, c):
            reader, writer = await asyncio.open_connection(*place(a))
            writer.write(data)
            writer.write_eof()
            with suppress(ConnectionError):
                await reader.read()
            writer.close()
            await refused(a, "handshake")
            await answered(c, "echo/a")
            assert echo(a).senders == ["me"]

    run(main)


def test_a_peer_at_another_process_address_is_not_taken_for_it() -> None:
    async def main() -> None:
        async with started(OURS, "a", "b") as (a, b):
            a.add_route("echo/c", b.endpoint.replace("tls:b@", "tls:c@"))
            with pytest.raises(DatabaseError, match="that of b, not of c"):
                await a.call("me", "echo/c", Get([], 1))
            assert echo(b).senders == []

    run(main)


def test_no_process_speaks_for_another_host() -> None:
    async def main() -> None:
        async with started(OURS, "a", "b") as (a, b):
            await answered(a, "echo/b", sender="host/a")
            with pytest.raises(DatabaseError, match=r"closed the connection|reset"):
                await a.call("host/c", "echo/b", Get([], 1))
            assert echo(b).senders == ["host/a"]
            await answered(a, "echo/b")

    run(main)


def test_handshakes_held_open_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than there is room for: the oldest are given up, and honest peers get in meanwhile."""
    monkeypatch.setattr(tls_listener, "HANDSHAKES_MAX", 8)
    monkeypatch.setattr(tls_listener, "HANDSHAKE_S", 3600.0)

    async def main() -> None:
        async with started(OURS, "a", "c") as (a, c):
            before = len(os.listdir("/proc/self/fd"))
            held = []
            for number in range(30):
                reader, writer = await asyncio.open_connection(*place(a))
                writer.write(b"\x16\x03\x01\x02\x00"[: number % 6])
                held.append((reader, writer))
                if number % 10 == 0:
                    await answered(c, "echo/a")
                    next(iter(c._links.values())).close("to shake hands again")
            await refused(a, "given up for newer ones")
            await answered(c, "echo/a")
            for reader, _ in held[:20]:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            for _, writer in held:
                writer.close()
            while len(os.listdir("/proc/self/fd")) > before + 4:
                await asyncio.sleep(0)

    run(main)


def test_a_handshake_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_listener, "HANDSHAKE_S", 0.05)

    async def main() -> None:
        async with started(OURS, "a") as (a,):
            reader, writer = await asyncio.open_connection(*place(a))
            writer.write(b"\x16\x03\x01")
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            await refused(a, "its handshake was not finished")

    run(main)


def test_a_tls_endpoint_needs_a_certificate_of_its_own_key() -> None:
    with pytest.raises(ValueError, match="needs a certificate"):
        SocketBus(f"tls:a@{LOCAL}:0", Messaging())
    key, other = ProcessKey("a"), ProcessKey("a")
    with pytest.raises(ssl.SSLError):
        key.identity(OURS.issue("a", other.request))


def test_a_key_is_on_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    identity(OURS, "a")
    assert list(tmp_path.iterdir()) == []
