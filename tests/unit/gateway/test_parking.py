"""Sessions are parked and go on elsewhere, and their clients do not notice: real clients and sockets, byte by byte."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.pq import ExecStatus

from actors.common.parked_session import FORMAT, ParkedSession, ParkedStatement, decode_session, encode_session, later
from actors.common.settings import OPEN_LIMITS, Sessions, Settings
from actors.query_processor.catalog.cache import CatalogCache
from actors.runtime import passed_packets, socket_passing
from actors.runtime.fiber import turn
from tests.unit.gateway.house import NAMES, PATIENCE_S, House
from tests.unit.postgres.raw_client import SYNC, bind, execute, parse, query

SETTINGS = Settings(mode="open", limits=OPEN_LIMITS, sessions=Sessions(park_after_s=0))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, SETTINGS) as made:
        yield made


def connect(house: House) -> psycopg.Connection[Any]:
    return psycopg.connect(house.dsn, autocommit=True, prepare_threshold=0)


# -- the encoding ------------------------------------------------------------------------------------------------------

MOVES, TURNS, TURNS_MAX = 20, 200, 20_000
"""How often a session is to move, and in how many messages at least and at most."""
SESSION = ParkedSession(
    process=7,
    secret=b"1234",
    user="u",
    database="postgres",
    values={"a.b": "c"},
    statements={"s": ParkedStatement("SELECT 1", "SelectStmt")},
)


def test_a_session_is_encoded_and_decoded() -> None:
    data = encode_session(SESSION)
    assert data is not None and decode_session(data) == SESSION
    aged = later(msgspec.structs.replace(SESSION, idle_left_s=5.0, age_left_s=2.0), 3.0)
    assert (aged.idle_left_s, aged.age_left_s) == (2.0, 0.0)


def test_fields_of_other_builds_are_passed_over_and_other_formats_refused() -> None:
    fields = msgspec.to_builtins(SESSION) | {"secret": b"1234"}
    fields["statements"] = {}
    newer = msgspec.msgpack.encode(fields | {"colour": "red"})
    known = decode_session(newer)
    assert known is not None and known.process == 7
    older = msgspec.msgpack.encode({name: fields[name] for name in ("process", "secret", "user", "database")})
    assert decode_session(older) == ParkedSession(process=7, secret=b"1234", user="u", database="postgres")
    assert decode_session(msgspec.msgpack.encode(fields | {"format": FORMAT + 1})) is None
    assert decode_session(b"\xc1") is None and decode_session(b"") is None


def test_a_session_with_much_state_is_not_encoded() -> None:
    large = {f"s{number}": ParkedStatement("SELECT " + "1" * 1000, "SelectStmt") for number in range(100)}
    assert encode_session(msgspec.structs.replace(SESSION, statements=large)) is None


# -- what travels ------------------------------------------------------------------------------------------------------


def test_a_session_goes_on_elsewhere_as_it_was(house: House) -> None:
    with connect(house) as client:
        client.execute("CREATE SCHEMA s")
        client.execute("CREATE TABLE s.t (a int PRIMARY KEY, b text)")
        client.execute("SET search_path TO s")
        client.execute("SET timezone TO 'Asia/Tokyo'")
        client.execute("SET application_name TO 'parked'")
        client.execute("SET my.own TO 'kept'")
        client.execute("PREPARE p (int) AS SELECT b FROM t WHERE a = $1")
        insert = "INSERT INTO t VALUES (%s, %s)"
        client.execute(insert, (1, "one"))
        process = client.info.backend_pid
        assert client.execute("SELECT pg_backend_pid()").fetchone() == (process,)
        for round_ in range(2, 5):
            before = house.move()
            client.execute(insert, (round_, f"row {round_}"))
            assert house.home() == 3 - before
            assert client.execute("SELECT count(*) FROM t").fetchone() == (round_,)
            assert client.execute("EXECUTE p (1)").fetchone() == ("one",)
            shown = [
                client.execute(f"SHOW {name}").fetchone()
                for name in ("search_path", "timezone", "application_name", "my.own")
            ]
            assert shown == [("s",), ("Asia/Tokyo",), ("parked",), ("kept",)]
            assert client.execute("SELECT pg_backend_pid()").fetchone() == (process,)
        client.execute("RESET ALL")
        assert client.execute("SHOW timezone").fetchone() == ("UTC",)


def test_a_cancel_request_finds_a_session_that_moved(house: House) -> None:
    with connect(house) as client:
        house.move()
        client.cancel_safe()
        assert house.parked == 1, "a parked session has nothing to cancel"
        ended: list[str | None] = []

        def run() -> None:
            with pytest.raises(psycopg.Error) as raised:
                client.execute(
                    "WITH RECURSIVE t(n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"
                )
            ended.append(raised.value.sqlstate)

        thread = threading.Thread(target=run)
        thread.start()
        house.until(lambda: house.parked == 0 and bool(house.sessions(1) or house.sessions(2)))
        while thread.is_alive():
            client.cancel_safe()
            thread.join(0.05)
        assert ended == ["57014"]
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_statement_whose_columns_have_changed_fails_as_cached_plans_do(house: House) -> None:
    with connect(house) as client:
        client.execute("CREATE TABLE t (a int PRIMARY KEY)")
        client.execute("PREPARE p AS SELECT * FROM t")
        house.move()
        with connect(house) as other:
            other.execute("ALTER TABLE t ADD COLUMN b int")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="cached plan must not change result type"):
            client.execute("EXECUTE p")
        client.execute("DEALLOCATE p")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            client.execute("EXECUTE p")


# -- when --------------------------------------------------------------------------------------------------------------


def test_a_session_stays_until_its_transaction_ends(house: House) -> None:
    with connect(house) as client:
        client.execute("CREATE TABLE t (a int PRIMARY KEY)")
        client.execute("BEGIN")
        client.execute("INSERT INTO t VALUES (1)")
        number = house.home()
        house.drain(number)
        client.execute("INSERT INTO t VALUES (2)")
        assert (house.sessions(number), house.parked) == (1, 0)
        client.execute("COMMIT")
        house.until(lambda: house.parked == 1)
        assert client.execute("SELECT count(*) FROM t").fetchone() == (2,)
        assert house.home() == 3 - number


def test_a_busy_session_leaves_a_query_processor_that_is_drained(house: House) -> None:
    with connect(house) as client:
        number = house.home()
        house.drain(number)
        for value in range(2000):
            assert client.execute("SELECT %s::int", (value,)).fetchone() == (value,)
            if house.sessions(3 - number):
                break
        assert house.home() == 3 - number


def test_new_clients_go_elsewhere_while_one_is_drained(house: House) -> None:
    house.drain(1)
    with connect(house), connect(house):
        assert (house.sessions(1), house.sessions(2)) == (0, 2)
        house.drain(1, False)
        with connect(house), connect(house):
            assert house.sessions(1) > 0


def test_a_session_that_rests_is_parked_after_a_time(tmp_path: Path) -> None:
    settings = Settings(mode="open", limits=OPEN_LIMITS, sessions=Sessions(park_after_s=0.05))
    with House(tmp_path, settings) as house, connect(house) as client:
        house.until(lambda: house.parked == 1)
        client.execute("BEGIN")
        assert house.parked == 0
        client.execute("COMMIT")
        house.until(lambda: house.parked == 1)


def test_a_client_that_authenticates_counts_as_load(house: House) -> None:
    """Else the cluster goes to zero below it, and wakes again for it."""
    with socket.create_connection(("127.0.0.1", house.port)):
        house.until(lambda: bool(house.bus.loads))
        assert house.bus.loads[0].sessions == 1
        assert house.sessions(1) + house.sessions(2) == 0
    house.until(lambda: house.bus.loads[-1].sessions == 0)


def test_sessions_that_come_together_read_the_catalog_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand that woke a cluster read it a thousand times, and each waited for all."""
    clients = [connect(house) for _ in range(20)]
    house.drain(1)
    house.drain(2)
    house.until(lambda: house.parked == len(clients))
    loads = 0
    load = CatalogCache.load

    async def counted(cache: CatalogCache, at: int, change: int = 0) -> Any:
        nonlocal loads
        loads += 1
        for _ in range(TURNS):  # storage takes its time
            await turn()
        return await load(cache, at, change)

    monkeypatch.setattr(CatalogCache, "load", counted)
    house.call(lambda: [setattr(house.roles[name]._session_services.catalogs, "_current", None) for name in NAMES])
    for client in clients:
        client.pgconn.send_query(b"SELECT count(*) FROM pg_class")
        client.pgconn.flush()
    house.drain(1, False)
    for client in clients:
        while client.pgconn.is_busy():
            select.select([client.fileno()], [], [], PATIENCE_S)
            client.pgconn.consume_input()
        result = client.pgconn.get_result()
        assert result is not None and result.status == ExecStatus.TUPLES_OK
        client.close()
    assert loads == 1


def test_timeouts_end_parked_sessions(house: House) -> None:
    with connect(house) as client:
        client.execute("SET idle_session_timeout TO 300")
        house.move()
        house.until(lambda: house.parked == 0)
        with pytest.raises(psycopg.errors.IdleSessionTimeout):
            client.execute("SELECT 1")


def test_a_client_that_leaves_wakes_nobody(house: House) -> None:
    clients = [connect(house), connect(house)]
    house.drain(1)
    house.drain(2)
    house.until(lambda: house.parked == 2)
    clients[0].close()  # says Terminate
    closing = socket.socket(fileno=socket.dup(clients[1].fileno()))
    closing.shutdown(socket.SHUT_RDWR)
    closing.close()
    house.until(lambda: house.parked == 0)
    assert house.call(lambda: house.gateway.status()["load"]["resumed"]) == 0
    clients[1].close()


def test_a_gateway_that_is_away_or_full_leaves_sessions_where_they_are(house: House) -> None:
    with connect(house) as client:
        house.call(lambda: setattr(house.gateway, "_parked_max", 0))
        number = house.home()
        house.drain(number)
        assert client.execute("SELECT 1").fetchone() == (1,)
        house.call(lambda: house.gateway._receiver.stop())
        assert client.execute("SELECT 1").fetchone() == (1,)
        assert house.home() == number


def test_a_session_whose_socket_the_gateway_did_not_get_goes_on(house: House) -> None:
    """This test is the gateway: it reads the packet without the socket, which the kernel closes, as it does where a
    process has no descriptor left for it."""
    client = Raw(house)
    expected = client.ask(QUESTION)
    number = house.home()
    house.call(lambda: house.gateway._receiver.stop())
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(house._path("gateway/1"))
        listener.listen(1)
        listener.settimeout(10)
        ended: list[object] = []
        house.call(lambda: house.roles[NAMES[number - 1]]._parking.drain(True, ended.append))
        asking, _ = listener.accept()
        with asking:
            assert asking.recv(1) == b"&"
            asking.send(b"!")
            assert asking.recv(1 << 17)[:1] == b"\2"
            assert house.sessions(number) == 0
            house.call(lambda: house.roles[NAMES[number - 1]]._parking._look())
            assert not ended, "it is not drained while it may get the session back"
            asking.send(b"x")
            assert client.ask(QUESTION) == expected
            assert house.home() == number
    client.socket.close()


def test_a_gateway_that_stops_tells_the_parked(house: House) -> None:
    with connect(house) as client:
        house.move()
        house.stop_gateway()
        with pytest.raises(psycopg.errors.AdminShutdown):
            client.execute("SELECT 1")


def test_at_a_parked_sessions_byte_a_sleeping_cluster_wakes(house: House) -> None:
    with connect(house) as client:
        house.move()
        house.drain(1)
        house.drain(2)
        done = threading.Thread(target=client.execute, args=("SELECT 1",))
        done.start()
        house.until(lambda: house.bus.wakes > 0)
        house.drain(1, False)
        done.join(5)
        assert not done.is_alive() and house.home() == 1


# -- byte by byte ------------------------------------------------------------------------------------------------------

READY = b"Z\0\0\0\5I"


class Raw:
    """A client of bytes."""

    def __init__(self, house: House) -> None:
        self.socket = socket.create_connection(("127.0.0.1", house.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        parameters = b"user\0admin\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
        self.until_ready()

    def until_ready(self) -> bytes:
        received = b""
        while not received.endswith(READY):
            piece = self.socket.recv(1 << 16)
            assert piece, f"the connection ended after {received!r}"
            received += piece
        return received

    def ask(self, data: bytes) -> bytes:
        self.socket.sendall(data)
        return self.until_ready()


QUESTION = parse("SELECT $1::int") + bind(values=(b"42",)) + execute() + SYNC


@pytest.mark.parametrize("question", [query("SELECT 42"), QUESTION], ids=["simple", "extended"])
def test_a_message_divided_anywhere_around_the_hand_over(house: House, question: bytes) -> None:
    client = Raw(house)
    expected = client.ask(question)
    for place in range(1, len(question)):
        # the first part is there before the session may leave: it stays until the message is answered
        number = house.home()
        before = house.call(lambda number=number: house.roles[f"query_processor/{number}"]._parking.parked)  # type: ignore[misc]
        client.socket.sendall(question[:place])
        connection = house.call(
            lambda number=number: next(iter(house.roles[f"query_processor/{number}"]._sessions.values()))
        )  # type: ignore[misc]
        house.until(lambda connection=connection: not house.call(lambda: connection.reader.at_rest))  # type: ignore[misc]
        house.drain(number)
        assert client.ask(question[place:]) == expected
        house.until(lambda: house.parked == 1)
        assert house.call(lambda number=number: house.roles[f"query_processor/{number}"]._parking.parked) == before + 1  # type: ignore[misc]
        # the first part comes while the session is parked
        house.drain(number, False)
        client.socket.sendall(question[:place])
        house.until(lambda: house.parked == 0)
        assert client.ask(question[place:]) == expected
    client.socket.close()


def test_messages_that_come_while_the_session_is_handed_over(house: House) -> None:
    """The client never waits between its message and the drain: whoever reads first, no byte is lost or doubled."""
    client = Raw(house)
    expected = client.ask(QUESTION)
    moves = turn = 0
    while moves <= MOVES or turn < TURNS:
        turn += 1
        assert turn < TURNS_MAX, "the session hardly moves"
        number = 1 + turn % 2
        house._loop.call_soon_threadsafe(house.roles[f"query_processor/{3 - number}"]._parking.drain, False, None)
        house._loop.call_soon_threadsafe(house.roles[f"query_processor/{number}"]._parking.drain, True, None)
        assert client.ask(QUESTION) == expected
        if turn % 50 == 0:
            moves = sum(house.call(lambda name=name: house.roles[name]._parking.parked) for name in NAMES)  # type: ignore[misc]
    client.socket.close()


@pytest.mark.parametrize("place", [1, 4, 5, len(QUESTION) - 1])
def test_a_client_that_is_faster_than_the_gateways_answer_is_answered_here(
    house: House, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This test is the gateway: it lets the query processor wait for its answer until the client has sent something."""
    client = Raw(house)
    expected = client.ask(QUESTION)
    number = house.home()
    house.call(lambda: house.gateway._receiver.stop())
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(house._path("gateway/1"))
        listener.listen(1)
        listener.settimeout(10)
        monkeypatch.setattr(socket_passing, "ANSWER_S", 10.0)
        connection = house.call(lambda: next(iter(house.roles[f"query_processor/{number}"]._sessions.values())))
        house.drain(number)
        asking, _ = listener.accept()
        with asking:
            assert asking.recv(1) == b"&"
            client.socket.sendall(QUESTION[:place])
            house.until(lambda: not house.call(lambda: connection.reader.at_rest))
            asking.send(b"!")
            assert client.ask(QUESTION[place:]) == expected, (
                "the query processor has read its beginning, so all of it is its own"
            )
            data, descriptors, _, _ = socket.recv_fds(asking, 1 << 17, 1)
            [(kind, encoded)] = passed_packets.pieces_of(data)
            session = decode_session(encoded)
            assert kind == passed_packets.SESSION and session is not None and "" in session.statements
            with socket.socket(fileno=descriptors[0]) as ours:
                ours.setblocking(True)
                client.socket.sendall(QUESTION)
                assert ours.recv(1 << 16) == QUESTION, "it is read by whoever has the session, once"
    client.socket.close()
