"""Real clients against the protocol with fake sessions: psycopg, asyncpg, psql, pgbench; TLS, SCRAM, sockets passed by
another process."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from actors.common.settings import Authentication
from actors.postgres.scram import Verifier
from actors.query_processor.authentication.attempts import BURST
from tests.conftest import program
from tests.unit.postgres.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_psycopg(server: Server) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert connection.execute("select 7").fetchone() == (7,)
        raw = psycopg.RawCursor(connection)
        assert raw.execute("echo int8,text,bool", (2**40, "ü\n", True)).fetchone() == (2**40, "ü\n", True)
        assert raw.execute("echo int4,float8", (None, 1.5), binary=True, prepare=True).fetchone() == (None, 1.5)
        with connection.pipeline():
            cursors = [connection.execute(f"select {number}") for number in range(1, 50)]
        assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(1, 50)]
        with pytest.raises(psycopg.errors.DivisionByZero) as caught:
            connection.execute("fail 22012")
        told = caught.value.diag
        assert (told.severity, told.message_detail, told.message_hint, told.table_name, told.constraint_name) == (
            "ERROR", "a detail", "a hint", "t", "c",
        )  # fmt: skip
        assert len(connection.execute("rows 20000").fetchall()) == 20000


def test_psycopg_pipeline_error(server: Server) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.SerializationFailure), connection.pipeline() as pipeline:
            connection.execute("select 1")
            pipeline.sync()
            connection.execute("breakcommit")
        assert connection.execute("select 3").fetchone() == (3,)


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_psycopg_copy(server: Server, form: str) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        cursor = connection.cursor()
        rows = [(number, f'text "{number}",\t\\') for number in range(3000)] + [(None, None)]
        if form != "csv":
            with cursor.copy(f"copyin {form}") as copy:
                copy.set_types(["int4", "text"])
                for row in rows:
                    copy.write_row(row)
            with cursor.copy(f"copyout {form}") as copy:
                copy.set_types(["int4", "text"])
                assert list(copy.rows()) == rows
        else:
            with cursor.copy("copyin csv") as copy:
                copy.write('1,"a ""b"""\n2,\n')
            with cursor.copy("copyout csv") as copy:
                assert b"".join(bytes(piece) for piece in copy) == b'1,"a ""b"""\n2,\n'
        with pytest.raises(ZeroDivisionError), cursor.copy(f"copyin {form}"):
            raise ZeroDivisionError
        assert connection.execute("select 7").fetchone() == (7,)


def test_psycopg_cancel(server: Server) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("select 1")
        stopper = threading.Event()

        def cancel_until_done() -> None:
            while not stopper.wait(0.02):
                connection.cancel_safe()

        helper = threading.Thread(target=cancel_until_done)
        helper.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("wait")
        stopper.set()
        helper.join()


def test_asyncpg(server: Server) -> None:
    async def main() -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=server.port, user="admin", database="postgres", statement_cache_size=10
        )
        assert await connection.fetchval("echo int4", 41) == 41
        assert [tuple(row) for row in await connection.fetch("rows 2")] == [(0, None), (1, "row 1")]
        await connection.executemany("echo int4", [(number,) for number in range(100)])
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetch("fail 22012")
        assert await connection.fetchval("select 3") == 3
        await connection.close()

    asyncio.run(main())


def test_psql(server: Server) -> None:
    script = "select 5;\nfail 22012;\nbegin;\nselect 6;\ncommit;\nrows 3;\n"
    done = subprocess.run(
        [program("psql"), "-X", "-A", "-t", server.dsn()], input=script, capture_output=True, text=True, timeout=20
    )
    assert done.stdout == "5\nBEGIN\n6\nCOMMIT\n0|\n1|row 1\n2|row 2\n"
    assert "ERROR:  told to fail" in done.stderr and "DETAIL:  a detail" in done.stderr


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench(server: Server, mode: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("\\set n random(1, 100000)\nselect :n;\n")
    arguments = [
        "-n",
        "-f",
        str(script),
        "-M",
        mode,
        "-c",
        "4",
        "-t",
        "50",
        "-h",
        "127.0.0.1",
        "-p",
        str(server.port),
        "-U",
        "admin",
        "postgres",
    ]
    done = subprocess.run([program("pgbench"), *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 200/200" in done.stdout


def test_tls_and_scram(certificate: tuple[str, str]) -> None:
    verifier = Verifier.from_password("a secret", b"0123456789abcdef").format()
    authentication = Authentication(
        "scram-sha-256", {"admin": verifier, "plain": "other"}, *certificate, tls_required=True
    )
    with Server(authentication) as server:
        good = server.dsn(f"password='a secret' sslmode=verify-ca sslrootcert={certificate[0]}")
        with psycopg.connect(f"{good} channel_binding=require", autocommit=True) as connection:
            assert connection.pgconn.ssl_in_use
            assert len(connection.execute("rows 30000").fetchall()) == 30000
        with psycopg.connect(
            server.dsn("password=other sslmode=require").replace("user=admin", "user=plain")
        ) as connection:
            assert connection.execute("select 2").fetchone() == (2,)
        for wrong in ("password=wrong sslmode=require", "password=wrong sslmode=require user=nobody"):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed for user"):
                psycopg.connect(server.dsn(wrong))
        with pytest.raises(psycopg.OperationalError, match="SSL is required"):
            psycopg.connect(server.dsn("password='a secret' sslmode=disable"))

        async def other() -> None:
            trusting = ssl.create_default_context(cafile=certificate[0])
            connection = await asyncpg.connect(
                host="localhost", port=server.port, user="admin", password="a secret", database="postgres", ssl=trusting
            )
            assert await connection.fetchval("select 3") == 3
            await connection.close()

        asyncio.run(other())


def test_an_address_that_guesses_passwords_is_not_listened_to(caplog: pytest.LogCaptureFixture) -> None:
    verifier = Verifier.from_password("a secret", b"0123456789abcdef", 4096).format()
    with Server(Authentication("scram-sha-256", {"admin": verifier}, failures_per_minute=1)) as server:
        for user in ("admin", "nobody") * (BURST // 2):
            psycopg.connect(server.dsn("password='a secret'")).close()
            with pytest.raises(psycopg.OperationalError, match=f'password authentication failed for user "{user}"'):
                psycopg.connect(server.dsn("password=wrong"), user=user)
        with pytest.raises(psycopg.OperationalError, match="rate exceeded"):
            psycopg.connect(server.dsn("password='a secret'"))
    assert (
        "a client at 127.0.0.1 is refused as user 'nobody': a wrong password, or no such user" in caplog.text
        and "wrong'" not in caplog.text
    )


def test_direct_tls(certificate: tuple[str, str]) -> None:
    """A client that begins with TLS must ask for the protocol by ALPN."""
    startup = b"\0\0\0\x14\0\3\0\0user\0admin\0\0"
    with Server(Authentication("trust", {}, *certificate)) as server:
        for protocols in (["postgresql"], []):
            trusting = ssl.create_default_context(cafile=certificate[0])
            if protocols:
                trusting.set_alpn_protocols(protocols)
            with (
                socket.create_connection(("127.0.0.1", server.port), 5) as plain,
                trusting.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=True) as client,
            ):
                assert _answer(client, startup) == (b"R" if protocols else b"")


def _answer(client: ssl.SSLSocket, message: bytes) -> bytes:
    """Its first byte; nothing where the server has closed, before the message or after it."""
    try:
        client.sendall(message)
        return client.recv(1)
    except (ConnectionError, ssl.SSLError):
        return b""


def test_bytes_after_the_tls_request_are_refused(certificate: tuple[str, str]) -> None:
    with (
        Server(Authentication("trust", {}, *certificate)) as server,
        socket.create_connection(("127.0.0.1", server.port), 5) as client,
    ):
        client.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f" + b"injected")
        answer = b""
        while piece := client.recv(1000):
            answer += piece
        assert answer[:1] == b"E" and b"08P01" in answer


def test_stop_tells_the_clients() -> None:
    with Server() as server:
        connection = psycopg.connect(server.dsn(), autocommit=True)
        connection.execute("select 1")
        server.stop()
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute("select 1")
        assert server.sessions[0].closed


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_a_message_that_is_too_long_is_refused_and_the_client_is_told(server: Server, protocol: str) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        literal = "x" * (40 << 20)
        with pytest.raises(psycopg.OperationalError, match="message size limit 10mb exceeded"):
            if protocol == "simple":
                connection.execute(f"select '{literal}'")
            else:
                psycopg.RawCursor(connection).execute("echo text", (literal,))
        assert connection.closed
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_rubbish_on_the_port(server: Server) -> None:
    for data in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02",
        bytes(range(256)) * 10,
        base64.b64decode("AAAACQADAAAA"),
    ):
        with socket.create_connection(("127.0.0.1", server.port), 5) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
