"""Sockets passed between processes: whole, with the bytes read before, and never to one that does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime import socket_passing
from actors.runtime.passed_packets import SOCKET, SOCKETS_MAX, pack, pieces_of
from actors.runtime.socket_passing import Outcome, SocketSender
from actors.runtime.socket_receiver import SocketReceiver


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "clients.sock")


@contextlib.contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end of a connection, and the client's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


def not_lost(client: socket.socket, data: bytes) -> None:
    raise AssertionError("a socket was lost")


async def offered(sender: SocketSender, client: socket.socket, already_read: bytes = b"", insist: bool = False) -> bool:
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    sender.offer(client, ended.set_result, not_lost, already_read, insist=insist)
    return await ended is Outcome.TAKEN


class Echo:
    """Keeps what it is given, and sends it the bytes that came with it."""

    def __init__(self, path: str) -> None:
        self.clients: list[socket.socket] = []
        self.receiver = SocketReceiver(path, self.take)
        self.receiver.start()

    def take(self, client: socket.socket, already_read: bytes) -> None:
        client.send(b"served " + already_read)
        self.clients.append(client)

    def stop(self) -> None:
        self.receiver.stop()
        for client in self.clients:
            client.close()


def test_a_client_that_is_on_its_way_is_taken_whatever_becomes_of_its_sender(path: str) -> None:
    """A gateway that was too busy to read its answers was dropped, and with it the sessions that it had sent
    already."""

    async def main() -> None:
        echo = Echo(path)
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asking.setblocking(False)
        asking.connect(path)
        with asking, pair() as (ours, theirs):
            while not echo.receiver._senders:
                await asyncio.sleep(0)
            [taken] = echo.receiver._senders
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            for _ in range(50):  # more than there is room for answers
                asking.send(b"?")
            socket.send_fds(asking, pack(SOCKET, b"hello"), [ours.fileno()])
            while not echo.clients:
                await asyncio.sleep(0)
            assert theirs.recv(100) == b"served hello"
            assert not echo.receiver._senders, "it is to connect again"
        echo.stop()

    asyncio.run(asyncio.wait_for(main(), 5))


def test_the_answers_to_all_offers_fit_into_the_sockets_buffer(path: str) -> None:
    """Whoever offers is asked nothing by a full one: it could not answer, and what is on its way would have to be given
    up."""

    async def main() -> None:
        echo = Echo(path)
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asking.setblocking(False)
        asking.connect(path)
        with asking:
            for _ in range(socket_passing.OFFERS_MAX):
                asking.send(b"&")
                await asyncio.sleep(0)
            for _ in range(socket_passing.OFFERS_MAX):
                await asyncio.sleep(0)
            assert echo.receiver._senders
        echo.stop()

    asyncio.run(asyncio.wait_for(main(), 5))


def test_a_socket_goes_with_the_bytes_that_were_read(path: str) -> None:
    async def main() -> None:
        sender = SocketSender(path)
        for _ in range(2):  # a receiver that was started again is found
            with pair() as (ours, theirs):
                assert not await offered(sender, ours), "nobody there"
                echo = Echo(path)
                assert await offered(sender, ours, b"hello")
                ours.close()
                assert await asyncio.to_thread(theirs.recv, 100) == b"served hello"
                echo.stop()
        many = [socket.socketpair() for _ in range(50)]
        echo = Echo(path)
        assert all(await asyncio.gather(*(offered(sender, ours) for ours, _ in many)))
        sender.close()
        while len(echo.clients) < len(many):
            await asyncio.sleep(0)
        for ours, theirs in many:
            assert theirs.recv(100) == b"served "
            ours.close()
            theirs.close()
        echo.stop()

    asyncio.run(main())


def test_what_is_offered_in_one_turn_goes_in_few_packets(path: str) -> None:
    """One question for all of them, and as many packets as they need; each gets its own answer."""

    async def main() -> None:
        peer_of = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with peer_of, contextlib.ExitStack() as stack:
            peer_of.bind(path)
            peer_of.listen()
            sender = SocketSender(path)
            pairs = [stack.enter_context(pair()) for _ in range(SOCKETS_MAX + 4)]
            ends: list[tuple[int, Outcome]] = []
            for number, (ours, _) in enumerate(pairs):
                data = number.to_bytes(1, "big")
                sender.offer(ours, lambda outcome, number=number: ends.append((number, outcome)), not_lost, data)
            assert not ends
            await asyncio.sleep(0)
            peer, _ = peer_of.accept()
            with peer:
                peer.settimeout(5)
                assert peer.recv(1000) == b"?" * len(pairs)
                peer.send(b"#-" + b"!" * (len(pairs) - 2))
                while len(ends) < len(pairs):
                    await asyncio.sleep(0)
                assert ends[:2] == [(0, Outcome.FULL), (1, Outcome.AWAY)]
                assert ends[2:] == [(number, Outcome.TAKEN) for number in range(2, len(pairs))]
                came = []
                for count in (SOCKETS_MAX, 2):
                    packet, descriptors, _, _ = socket.recv_fds(peer, 1000, 100)
                    pieces = pieces_of(packet)
                    assert len(pieces) == len(descriptors) == count
                    for descriptor, (_, data) in zip(descriptors, pieces, strict=True):
                        os.write(descriptor, data)
                        os.close(descriptor)
                        came.append(data[0])
                assert came == list(range(2, len(pairs)))
                assert [theirs.recv(10)[0] for _, theirs in pairs[2:]] == came
                sender.close()

    asyncio.run(asyncio.wait_for(main(), 5))


def test_a_full_receiver_gets_only_what_it_is_pressed_to_take(path: str) -> None:
    async def main() -> None:
        sender, room, taken = SocketSender(path), [True, False, False], []
        receiver = SocketReceiver(path, lambda client, _: taken.append(client), lambda: room.pop(0))
        receiver.start()
        with pair() as (ours, _):
            assert await offered(sender, ours)
            ends: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            sender.offer(ours, ends.set_result, not_lost)
            assert await ends is Outcome.FULL
            assert await offered(sender, ours, insist=True)
            while len(taken) < 2:
                await asyncio.sleep(0)
        sender.close()
        receiver.stop()
        for client in taken:
            client.close()

    asyncio.run(main())


def test_a_stalled_receiver_gets_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_passing, "ANSWER_S", 0.01)

    async def main() -> None:
        stalled = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stalled.bind(path)
        stalled.listen()
        sender = SocketSender(path)
        with pair() as (first, _), pair() as (second, theirs), pair() as (third, _):
            assert not await offered(sender, first), "no answer in time"
            ends: list[Outcome] = []
            sender.offer(second, ends.append, not_lost)
            assert ends == [Outcome.AWAY], "not asked again, and nobody waits"
            peer, _ = stalled.accept()
            assert peer.recv(10) == b"?"
            peer.send(b"!")  # it has been resumed
            monkeypatch.setattr(socket_passing, "ANSWER_S", 5)
            loop = asyncio.get_running_loop()
            while True:
                ends.clear()
                sender.offer(second, ends.append, not_lost)
                if not ends:  # the late answer has been counted, and this is another question
                    break
                await asyncio.sleep(0)
            peer.setblocking(False)
            assert await loop.sock_recv(peer, 10) == b"?", "the first was not passed"
            peer.send(b"!")
            while not ends:
                await asyncio.sleep(0)
            data, descriptors, _, _ = socket.recv_fds(peer, 10, 1)
            assert ends == [Outcome.TAKEN] and pieces_of(data) == [(SOCKET, b"")]
            os.write(descriptors[0], b"second")
            assert theirs.recv(10) == b"second"
            os.close(descriptors[0])
            gone: list[Outcome] = []
            sender.offer(third, gone.append, not_lost)
            peer.close()
            while not gone:
                await asyncio.sleep(0)
            assert gone == [Outcome.AWAY], "the receiver died with an offer"
        sender.close()
        stalled.close()

    asyncio.run(main())


@pytest.mark.parametrize("then", ["nothing", "asks again", "is closed"])
def test_what_is_on_its_way_to_a_receiver_that_is_stopped_comes_back(path: str, then: str) -> None:
    """It was closed: a session that had just been handed to a query processor that was being stopped ended without a
    word."""

    async def main() -> None:
        echo = Echo(path)
        sender = SocketSender(path)
        with pair() as (ours, theirs), pair() as (first, _):
            assert await offered(sender, first), "it is connected from now on"
            while sender.passing:
                await asyncio.sleep(0)
            back: asyncio.Future[tuple[socket.socket, bytes]] = asyncio.get_running_loop().create_future()
            others: list[Outcome] = []

            def passed(outcome: Outcome) -> None:
                """The packet is sent, and the receiver has had no turn to read it."""
                assert outcome is Outcome.TAKEN
                ours.close()
                echo.stop()
                if then == "asks again":
                    sender.offer(first, others.append, not_lost)
                elif then == "is closed":
                    sender.close()

            sender.offer(ours, passed, lambda client, data: back.set_result((client, data)), b"read")
            copy, data = await back
            with copy:
                copy.send(b"unharmed")
                assert (data, theirs.recv(100)) == (b"read", b"unharmed")
            assert others == ([Outcome.AWAY] if then == "asks again" else [])
        sender.close()

    asyncio.run(asyncio.wait_for(main(), 5))


WITHOUT_DESCRIPTORS = """
    import asyncio, os, resource, sys

    from actors.runtime.socket_receiver import SocketReceiver

    async def main():
        loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        taken = []
        receiver = SocketReceiver(sys.argv[1], lambda client, read: (client.send(b"served"), taken.append(client)))
        receiver.start()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        print("listens", flush=True)
        while line := await lines.readline():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            free = [os.dup(0) for _ in range(3)]
            for descriptor in free:
                os.close(descriptor)
            limit = {b"none\\n": 3, b"two\\n": sorted(free)[1] + 1}.get(line, soft)
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            print("done", flush=True)

    asyncio.run(main())
"""


def test_a_socket_for_which_the_receiver_has_no_descriptor_comes_back(path: str) -> None:
    """The kernel drops it on the way, and the client waited for ever."""
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT_DESCRIPTORS), path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        commands, answers = process.stdin, process.stdout

        def have(descriptors: str) -> None:
            commands.write(f"{descriptors}\n")
            commands.flush()
            assert answers.readline() == "done\n"

        async def main() -> None:
            sender = SocketSender(path)
            with pair() as (ours, theirs), pair() as (first, _):
                assert await offered(sender, first), "it is connected from now on"
                have("none")
                back: asyncio.Future[tuple[socket.socket, bytes]] = asyncio.get_running_loop().create_future()
                outcomes: list[Outcome] = []
                sender.offer(ours, outcomes.append, lambda client, data: back.set_result((client, data)), b"read")
                while not outcomes:
                    await asyncio.sleep(0)
                ours.close()
                copy, data = await back
                assert (outcomes, data, sender.passing) == ([Outcome.TAKEN], b"read", False)
                have("some")
                with copy:
                    assert await offered(sender, copy, data)
                assert await asyncio.to_thread(theirs.recv, 100) == b"served"
                while sender.passing:
                    await asyncio.sleep(0)
            sender.close()

        try:
            assert answers.readline() == "listens\n"
            asyncio.run(asyncio.wait_for(main(), 20))
        finally:
            process.kill()


def test_those_of_a_packet_for_which_there_is_no_descriptor_come_back(path: str) -> None:
    """The kernel gives the first ones, and drops the rest."""
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT_DESCRIPTORS), path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        commands, answers = process.stdin, process.stdout

        async def main() -> None:
            sender = SocketSender(path)
            with contextlib.ExitStack() as stack:
                pairs = [stack.enter_context(pair()) for _ in range(6)]
                assert await offered(sender, pairs[0][0]), "it is connected from now on"
                commands.write("two\n")
                commands.flush()
                assert answers.readline() == "done\n"
                outcomes: list[Outcome] = []
                lost: list[tuple[int, bytes]] = []
                for number, (ours, _) in enumerate(pairs[1:], 1):

                    def back(client: socket.socket, data: bytes, number: int = number) -> None:
                        lost.append((number, data))
                        client.send(b"back")
                        client.close()

                    sender.offer(ours, outcomes.append, back, b"%d" % number)
                while sender.passing or len(outcomes) < 5:
                    await asyncio.sleep(0)
                assert outcomes == [Outcome.TAKEN] * 5
                assert lost == [(number, b"%d" % number) for number in (3, 4, 5)]
                told = [await asyncio.to_thread(theirs.recv, 100) for _, theirs in pairs[1:]]
                assert told == [b"served"] * 2 + [b"back"] * 3
            sender.close()

        try:
            assert answers.readline() == "listens\n"
            asyncio.run(asyncio.wait_for(main(), 20))
        finally:
            process.kill()
