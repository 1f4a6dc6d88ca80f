"""Clients that show tokens: real drivers over TLS, the certificate from the controller, and what all others are
told."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from actors.common.access_key import AccessKey
from actors.common.connection_token import sign
from actors.common.messages import Credentials, Informed
from actors.common.settings import Authentication, Limits, Settings
from actors.query_processor.authentication.attempts import BURST
from cluster.server_certificate import make_certificate, read_certificate
from tests.unit.postgres.server import Server

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "admin")
APP = AccessKey("AKIDAPP", "uJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "app")
IDENTITY = AccessKey("AKIDARN", "vJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "arn:aws:iam::123456789012:role/app")
POWERFUL = AccessKey(
    "AKIDPOWER", "xJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "arn:aws:iam::123456789012:role/dba", admin=True
)
DENIED = "FATAL:  unable to accept connection, access denied"


class TokenServer(Server):
    def __init__(self, folder: Path, *keys: AccessKey, **authentication: Any) -> None:
        super().__init__(Authentication("tokens", **authentication))
        make_certificate(folder, ["localhost", "127.0.0.1"])
        self.ca = folder / "ca.pem"
        self.bus.credentials = Credentials(1, keys, read_certificate(folder))

    def connect(self, token: str, extra: str = "", user: str = "admin") -> psycopg.Connection[Any]:
        """The last of two words counts."""
        return psycopg.connect(
            self.dsn(f"sslmode=verify-full sslrootcert={self.ca} {extra}"), user=user, password=token
        )

    def refusal(self, token: str, extra: str = "", user: str = "admin") -> str:
        with pytest.raises(psycopg.OperationalError) as told:
            self.connect(token, extra, user)
        text = str(told.value).strip()
        return text[max(text.find("FATAL:"), 0) :]

    def take(self, credentials: Credentials) -> int:
        """The version that the role goes by after that."""
        answers: list[Any] = []
        there = threading.Event()

        def reply(answer: Any) -> None:
            answers.append(answer)
            there.set()

        self.tell(credentials, reply)
        assert there.wait(10) and isinstance(answers[0], Informed)
        return answers[0].version


def token_of(key: AccessKey, user: str = "admin", host: str = "localhost", ago_s: float = 0.0) -> str:
    return sign(key, host, "us-east-1", user, time.time() - ago_s)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(tmp_path_factory.mktemp("tls"), KEY, APP, IDENTITY, POWERFUL, failures_per_minute=0) as server:
        yield server


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
def test_psycopg(server: TokenServer, negotiation: str) -> None:
    with server.connect(token_of(KEY), f"sslnegotiation={negotiation}") as connection:
        assert connection.pgconn.ssl_in_use and connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("direct", [False, True])
def test_asyncpg(server: TokenServer, direct: bool) -> None:
    async def scenario() -> None:
        trusting = ssl.create_default_context(cafile=str(server.ca))
        trusting.set_alpn_protocols(["postgresql"])
        connection = await asyncpg.connect(host="localhost", port=server.port, user="admin", database="postgres",
        ssl=trusting,
                                           password=lambda: token_of(KEY), direct_tls=direct)  # fmt: skip
        assert await connection.fetchval("select 3") == 3
        await connection.close()

    asyncio.run(scenario())


def test_who_may_connect_as_whom(server: TokenServer) -> None:
    server.connect(token_of(POWERFUL)).close()
    for key, user in (
        (APP, "admin"),
        (IDENTITY, "admin"),
        (KEY, "app"),
        (IDENTITY, "app"),
        (POWERFUL, "app"),
        (APP, "app"),
    ):
        assert server.refusal(token_of(key, user), user=user) == DENIED, "these roles are nobody's here"


def test_all_that_is_wrong_looks_alike(server: TokenServer) -> None:
    good = token_of(KEY)
    unknown = AccessKey("AKIDNOBODY", KEY.secret, "admin")
    for token in ("", "password", token_of(unknown), good[:-1] + ("0" if good[-1] != "0" else "1"), token_of(KEY,
    host="example.org"),
                  token_of(KEY, "app"), sign(KEY, "localhost", "eu-west-1", "admin", time.time()), f"{good}é",
                  "a" * 60_000):  # fmt: skip
        assert server.refusal(token or "''") == DENIED
    for key in (KEY, unknown):
        assert server.refusal(token_of(key, ago_s=1000)).startswith(f"{DENIED}\nHINT:  Signature expired: 2")
        assert server.refusal(token_of(key, ago_s=-1000)).startswith(f"{DENIED}\nHINT:  Signature not yet current: 2")
    assert "invalid message length" in server.refusal("a" * 1_000_000)


def test_tls_is_asked_for(server: TokenServer) -> None:
    assert server.refusal(token_of(KEY), "sslmode=disable") == "FATAL:  unable to accept connection, SSL is required"


def test_the_log_has_the_reason_and_never_the_token(server: TokenServer, caplog: pytest.LogCaptureFixture) -> None:
    token = token_of(KEY)
    with caplog.at_level(logging.DEBUG):
        server.refusal(token, user="x\ny")
        server.refusal(token[:-2] + "zz")
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("actors.query_processor.authentication")
    ]
    assert (
        "127.0.0.1" in lines[0]
        and r"'x\ny'" in lines[0]
        and "action" in lines[0]
        and KEY.id in lines[0]
        and "\n" not in lines[0]
    )
    assert len(lines) == 2 and not [
        line for line in caplog.text.splitlines() if token[-30:-2] in line or KEY.secret in line
    ]


def test_an_address_that_fails_too_often_is_not_listened_to(tmp_path: Path) -> None:
    with TokenServer(tmp_path / "tls", KEY, failures_per_minute=1) as server:
        for _ in range(BURST):
            assert server.refusal("wrong") == DENIED
        assert server.refusal(token_of(KEY)) == "FATAL:  Unable to accept connection, rate exceeded."


def test_keys_and_certificate_change_while_it_runs(tmp_path: Path) -> None:
    with TokenServer(tmp_path / "tls", KEY) as server:
        held = server.connect(token_of(KEY))
        make_certificate(tmp_path / "other", ["localhost", "127.0.0.1"])
        assert server.take(Credentials(3, (POWERFUL,), read_certificate(tmp_path / "other"))) == 3
        assert "certificate verify failed" in server.refusal(token_of(POWERFUL))
        server.ca = tmp_path / "other" / "ca.pem"
        assert server.refusal(token_of(KEY)) == DENIED
        server.connect(token_of(POWERFUL)).close()
        assert server.take(Credentials(2, (KEY,))) == 3, "an older word, on a slower way"
        assert server.take(Credentials(4, (KEY,), "no certificate")) == 4
        server.connect(token_of(KEY)).close()
        assert held.execute("select 1").fetchone() == (1,), "sessions that have begun go on"
        held.close()


def test_a_session_ends_with_its_hour_and_not_with_its_token(tmp_path: Path) -> None:
    server = TokenServer(tmp_path / "tls", KEY)
    server.settings = replace(server.settings, limits=replace(Limits(), connection_age_s=1))
    with server:
        connection = server.connect(sign(KEY, "localhost", "us-east-1", "admin", time.time(), 1), "connect_timeout=5")
        assert isinstance(server.settings, Settings)
        notified = connection.pgconn.socket
        import select

        assert select.select([notified], [], [], 20)[0]
        with pytest.raises(psycopg.OperationalError, match="connection age limit"):
            connection.execute("select 1")
