"""Connection and Conversation over a transport in memory: what each message is answered, and what happens when
something goes wrong."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterator
from random import Random

import pytest

from actors.common.messages import Cancel
from actors.common.settings import Authentication, Limits, Settings
from actors.query_processor import connection as connection_module
from actors.query_processor.role import QueryProcessor
from tests.unit.postgres.raw_client import (
    FLUSH,
    SYNC,
    Client,
    bind,
    describe,
    execute,
    in_loop,
    kinds,
    message,
    parse,
    query,
    sqlstate,
)
from tests.unit.postgres.server import NoBus


def test_greeting() -> None:
    def check(processor: QueryProcessor) -> None:
        assert kinds(Client(processor).greeting) == "RSSSSSSSKZ"
        newer = Client(processor, 3 << 16 | 2)
        [key] = [body for kind, body in newer.greeting if kind == "K"]
        assert len(key) == 12 and newer.greeting[0][0] == "R"
        newest = Client(processor, 3 << 16 | 9)
        assert newest.greeting[0] == ("v", struct.pack("!II", 3 << 16 | 2, 0))
        assert processor.status()["sessions"] == 3

    in_loop(check)


def test_simple_queries() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert kinds(client.send(query("select 5"))) == "TDCZ"
        assert kinds(client.send(query("select 5; rows 2; begin"))) == "TDCTDDCCZ"
        assert client.send(query("rollback"))[-1] == ("Z", b"I")
        assert kinds(client.send(query(""))) == "IZ"
        answers = client.send(query("select 1; fail 22012; select 2"))
        assert kinds(answers) == "TDCEZ" and sqlstate(answers) == "22012"
        assert kinds(client.send(query("select 1"))) == "TDCZ"
        assert kinds(client.send(message("F", b"\0\0\0\1"))) == "EZ"

    in_loop(check)


def test_extended_queries_and_portals() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert kinds(client.send(parse("rows 5", "s"), describe("S", "s"), SYNC)) == "1tTZ"
        answers = client.send(bind("s", "p"), execute("p", 2), execute("p", 2), execute("p", 2), SYNC)
        assert kinds(answers) == "2DDsDDsDCZ"
        assert client.send(execute("p"), SYNC)[0][0] == "E", "portals end with their transaction"
        assert kinds(client.send(query("begin"))) == "CZ"
        assert kinds(client.send(bind("s", "p"), execute("p", 2), SYNC)) == "2DDsZ"
        assert kinds(client.send(execute("p", 2), message("C", b"Pp\0"), SYNC)) == "DDs3Z"
        assert sqlstate(client.send(execute("p"), SYNC)) == "34000"

    in_loop(check)


def test_names() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert sqlstate(client.send(bind("none"), SYNC)) == "26000"
        assert sqlstate(client.send(bind(), SYNC)) == "26000"
        assert sqlstate(client.send(describe("P"), SYNC)) == "34000"
        assert kinds(client.send(parse("select 1", "s"), SYNC)) == "1Z"
        assert sqlstate(client.send(parse("select 2", "s"), SYNC)) == "42P05"
        assert sqlstate(client.send(bind("s", "p"), bind("s", "p"), SYNC)) == "42P03"
        assert (
            kinds(client.send(message("C", b"Ss\0"), message("C", b"Snone\0"), parse("select 2", "s"), SYNC)) == "331Z"
        )
        assert kinds(client.send(parse("select 1"), parse("select 1"), bind(), bind(), execute(), SYNC)) == "1122DCZ"
        client.send(query("select 1"))
        assert sqlstate(client.send(bind(), SYNC)) == "26000", "a simple query ends the unnamed statement"
        assert sqlstate(client.send(bind("s", values=(b"1",)), SYNC)) == "08P01"
        assert sqlstate(client.send(bind("s", results=b"\0\2\0\0\0\0"), execute(), SYNC)) == "08P01"
        assert sqlstate(client.send(bind("s", results=b"\0\1\0\7"), describe("P"), SYNC)) == "22023"

    in_loop(check)


def test_an_error_skips_to_sync() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        answers = client.send(
            parse("fail 22012"),
            bind(),
            execute(),
            parse("select 1"),
            query("select 1"),
            FLUSH,
            SYNC,
            parse("select 2"),
            SYNC,
        )
        assert kinds(answers) == "12EZ1Z" and sqlstate(answers) == "22012"
        assert client.transport.writes <= 3, "a batch is written at once"
        answers = client.send(query("begin"), parse("fail 22012"), bind(), execute(), SYNC)
        assert answers[-1] == ("Z", b"E")
        assert sqlstate(client.send(query("select 1"))) == "25P02"
        assert client.send(query("rollback"))[-1] == ("Z", b"I")
        assert kinds(client.send(parse("syntax"), SYNC)) == "EZ"

    in_loop(check)


def test_a_bug_is_one_clients() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert sqlstate(client.send(query("bug"))) == "XX000"
        assert kinds(client.send(query("select 1"))) == "TDCZ"

    in_loop(check)


def test_success_is_told_after_the_commit() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert kinds(client.send(query("breakcommit"))) == "EZ"
        assert kinds(client.send(parse("breakcommit"), bind(), describe("P"), execute(), SYNC)) == "12nEZ"
        assert kinds(client.send(parse("select 1"), bind(), execute(), FLUSH)) == "12DC"
        assert kinds(client.send(SYNC)) == "Z"
        assert kinds(client.send(parse("breakcommit"), bind(), execute())) == "12", (
            "not before Flush or Sync, whenever that comes"
        )
        assert kinds(client.send(SYNC)) == "EZ"
        assert processor.status()["conflicts"] == 3

    in_loop(check)


def test_empty_statement() -> None:
    def check(processor: QueryProcessor) -> None:
        assert kinds(Client(processor).send(parse(""), bind(), describe("P"), execute(), SYNC)) == "12nIZ"

    in_loop(check)


def test_cancel() -> None:
    bus = NoBus()

    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        [key] = [body for kind, body in client.greeting if kind == "K"]
        process, secret = struct.unpack("!I", key[:4])[0], key[4:]

        def cancel(process: int, secret: bytes) -> None:
            other = Client(processor, start=False)
            body = struct.pack("!II", 80877102, process) + secret
            other.connection.data_received(struct.pack("!I", len(body) + 4) + body)
            assert other.transport.closed

        cancel(process, secret)
        assert client.answers() == [], "an idle session is not cancelled"
        assert client.send(query("wait 1")) == []
        cancel(process, bytes(4) if secret != bytes(4) else b"1234")
        cancel(process + 1, secret)
        assert client.answers() == [], "the wrong secret, the wrong session"
        cancel(process, secret)
        answers = client.answers()
        assert kinds(answers) == "EZ" and sqlstate(answers) == "57014"
        client.send(parse("wait"), bind(), execute(), SYNC)
        processor.receive("query_processor/2", Cancel(process, int.from_bytes(secret, "big")), None)
        assert kinds(client.answers()) == "12EZ"
        cancel(7 << 20 | 1, b"abcd")
        _, destination, sent = bus.posted[-1]
        assert destination == "query_processor/7" and sent == Cancel(7 << 20 | 1, int.from_bytes(b"abcd", "big"))
        client.send(query("copyin text"))
        cancel(process, secret)
        assert kinds(client.answers()) == "EZ"
        assert kinds(client.send(message("d", b"1\tx\n"), message("c"), query("select 1"))) == "TDCZ"

    in_loop(check, bus=bus)


def test_a_client_that_leaves_and_a_stop() -> None:
    async def check(processor: QueryProcessor) -> None:
        gone = Client(processor)
        session = gone.session
        gone.send(query("wait"))
        gone.connection.connection_lost(None)
        assert session.closed and processor.status()["sessions"] == 0
        idle, busy = Client(processor), Client(processor)
        busy.send(query("wait"))
        sessions = [idle.session, busy.session]
        await processor.stop()
        for client in (idle, busy):
            answers = client.answers()
            assert sqlstate(answers) == "57P01" and b"FATAL" in answers[-1][1]
        assert all(session.closed for session in sessions)

    in_loop(check)


def test_terminate() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert client.send(query("select 1"), message("X"))[-1][0] == "Z"
        assert client.transport.closed and client.session.closed

    in_loop(check)


def test_copy_in() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        assert client.send(query("copyin text")) == [("G", b"\0\0\2\0\0\0\0")]
        lines = [message("d", line) for line in (b"1\tone\n", b"2\t", b"\\N\n")]
        assert kinds(client.send(*lines, FLUSH, SYNC, message("c"))) == "CZ"
        assert client.session.copied == [(1, "one"), (2, None)]
        answers = client.send(
            parse("copyin csv"),
            bind(),
            execute(),
            SYNC,
            message("d", b"x,y\n"),
            message("d", b"1,y\n"),
            message("c"),
            SYNC,
        )
        assert kinds(answers) == "12GEZ" and sqlstate(answers) == "22P02"
        answers = client.send(parse("copyin csv"), bind(), execute(), message("d", b"3,z\n"), message("c"), SYNC)
        assert kinds(answers) == "12GCZ" and client.session.copied[-1] == (3, "z")
        assert sqlstate(client.send(query("copyin text"), message("f", b"no more\0"))) == "57014"
        answers = client.send(parse("copyin text"), bind(), execute(), query("select 1"), message("d", b"?"), SYNC)
        assert kinds(answers) == "12GEZ" and sqlstate(answers) == "08P01"
        assert kinds(client.send(query("select 1"))) == "TDCZ"
        client.send(query("copyin text"))
        client.connection.connection_lost(None)
        assert client.session.closed

    in_loop(check)


def test_copy_out() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        client.session.copied = [(1, "a\tb"), (None, "x")]
        answers = client.send(query("copyout text"))
        assert kinds(answers) == "HddcCZ" and answers[1][1] == b"1\ta\\tb\n"
        assert kinds(client.send(parse("copyout binary"), bind(), describe("P"), execute(), SYNC)) == "12nHdddcCZ"

    in_loop(check)


def test_rows_wait_for_a_slow_client() -> None:
    async def turns(until: Callable[[], bool]) -> None:
        while not until():
            await asyncio.sleep(0)

    async def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        client.connection.pause_writing()
        client.connection.data_received(query("rows 100000"))
        await turns(lambda: bool(client.transport.written))
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(client.transport.written) < 300_000
        client.connection.data_received(query("select 1"))
        client.connection.data_received(b"Q" + struct.pack("!I", 3 << 20) + b"x" * (2 << 20))
        assert client.transport.paused, "what a busy connection is sent ahead is bounded"
        client.connection.resume_writing()
        await turns(lambda: not client.transport.paused)
        answers = client.answers()
        assert kinds(answers).count("D") == 100_001 and answers[-1][0] == "Z"
        client.connection.pause_writing()
        client.send(query("rows 100000"))
        client.connection.connection_lost(None)
        assert client.session.closed

    in_loop(check)


def test_connections_have_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "TURN_MESSAGES_MAX", 10)

    async def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        first = kinds(client.send(*[query("select 1")] * 25))
        assert first.count("Z") == 10
        client.connection.data_received(query("select 1"))
        rest = ""
        while rest.count("Z") < 16:
            await asyncio.sleep(0)
            rest += kinds(client.answers())

    in_loop(check)


def test_limits() -> None:
    def check(processor: QueryProcessor) -> None:
        first = Client(processor)
        second = Client(processor)
        assert sqlstate(second.greeting) == "53300" and second.transport.closed
        assert sqlstate(first.send(b"Q" + struct.pack("!I", 1001))) == "54000" and not first.transport.closed
        assert first.send(b"x" * 996) == [] and not first.transport.closed
        assert first.send(b"x") == [] and first.transport.closed

    in_loop(check, Settings(limits=Limits(connections_max=1, message_bytes_max=1000)))


@pytest.mark.parametrize(
    ("parameters", "state"),
    [
        (b"", "28000"),
        (b"user\0u\0", "28000"),
        (b"user\0Admin\0", "28000"),
        (b"user\0u\0database\0other\0", "28000"),
        (b"user\0admin\0database\0other\0", "3D000"),
        (b"user\0admin\0replication\0true\0", "0A000"),
        (b"user", "08P01"),
    ],
)
def test_refused_at_the_door(parameters: bytes, state: str) -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor, start=False)
        body = struct.pack("!I", 3 << 16) + parameters + b"\0"
        answers = client.send(struct.pack("!I", len(body) + 4) + body)
        assert sqlstate(answers) == state and client.transport.closed

    in_loop(check)


@pytest.mark.parametrize(
    ("mode", "text"), [("open", 'role "u" does not exist'), ("dsql", "unable to accept connection, access denied")]
)
def test_trust_lets_in_the_users_there_are(mode: str, text: str) -> None:
    def check(processor: QueryProcessor) -> None:
        body = struct.pack("!I", 3 << 16) + b"user\0%s\0\0"
        for user, known in ((b"admin", True), (b"u", False)):
            client = Client(processor, start=False)
            [*_, (kind, answer)] = client.send(struct.pack("!I", len(body % user) + 4) + body % user)
            assert kind == ("Z" if known else "E") and client.transport.closed is not known
            assert known or f"\0M{text}\0".encode() in answer

    in_loop(check, Settings(mode=mode, authentication=Authentication("trust", {"named": "a password"})))


def test_byte_at_a_time() -> None:
    def check(processor: QueryProcessor) -> None:
        client = Client(processor)
        data = (
            parse("rows 3", "s")
            + bind("s")
            + describe("P")
            + execute()
            + SYNC
            + query("select 1")
            + query("copyin text")
        )
        data += message("d", b"1\tx\n") + message("c") + message("X")
        for byte in data:
            client.connection.data_received(bytes((byte,)))
        assert kinds(client.answers()) == "12TDDDCZTDCZGCZ" and client.transport.closed

    in_loop(check)


def mutations(random: Random) -> Iterator[bytes]:
    pieces = [
        parse("rows 3", "s"),
        bind("s"),
        describe("P"),
        execute(),
        SYNC,
        query("begin"),
        query("copyin text"),
        message("d", b"1\tx\n"),
    ]
    pieces += [
        message("c"),
        query("fail 22012"),
        FLUSH,
        query("copyin binary"),
        message("p", b"x"),
        query("wait"),
        message("C", b"Ss\0"),
    ]
    for _ in range(400):
        data = bytearray(b"".join(random.choices(pieces, k=random.randrange(1, 12))))
        for _ in range(random.randrange(4)):
            data[random.randrange(len(data))] = random.randrange(256)
        yield bytes(data)
        yield random.randbytes(random.randrange(1, 60))


def test_random_bytes_end_in_an_answer_or_a_closed_connection() -> None:
    """Whatever comes: no exception leaves the connection, and it is answered, waiting for more, or closed with
    08P01."""

    async def check(processor: QueryProcessor) -> None:
        for data in mutations(Random(5)):
            for start in (True, False):
                client = Client(processor, start=start)
                client.connection.data_received(data)
                if client.transport.closed:
                    answers = client.answers()
                    fatal = [body for kind, body in answers if kind == "E" and b"FATAL" in body]
                    assert len(fatal) <= 1
                else:
                    client.connection.connection_lost(None)
                await asyncio.sleep(0)
                if client.session is not None:
                    assert client.session.closed
        assert processor.status()["sessions"] == 0

    in_loop(check)
