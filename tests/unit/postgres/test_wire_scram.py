"""SCRAM-SHA-256 against an independent client, and settings of authentication that a query processor does not start
with."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest
from scramp import ScramClient

from actors.common.errors import DatabaseError
from actors.common.settings import Settings
from actors.postgres.frontend import ProtocolViolation
from actors.postgres.scram import ScramServer, Verifier, initial_response
from actors.query_processor.role import QueryProcessor
from tests.unit.postgres.fake_session import FakeSession
from tests.unit.postgres.server import context

SALT = b"0123456789abcdef"
NONCE = b"eighteen bytes of."


def exchange(verifier: Verifier, password: str) -> None:
    client = ScramClient(["SCRAM-SHA-256"], "user", password)
    server = ScramServer(verifier, NONCE, None)
    client.set_server_first(server.first(client.get_client_first().encode()).decode())
    client.set_server_final(server.final(client.get_client_final().encode()).decode())


@pytest.mark.parametrize("password", ["secret", "", "pässwörd", "Ⅸ", "with,comma=equals"])
def test_right_password(password: str) -> None:
    if password:
        exchange(Verifier.from_password(password, SALT), password)
    verifier = Verifier.from_password(password, SALT)
    assert Verifier.parse(verifier.format()) == verifier


def test_wrong_password_and_nobody() -> None:
    for verifier in (Verifier.from_password("right", SALT), Verifier.decoy("nobody", b"secret of the process")):
        with pytest.raises(DatabaseError) as caught:
            exchange(verifier, "wrong")
        assert caught.value.sqlstate == "28P01"
    assert (
        Verifier.decoy("nobody", b"k").salt == Verifier.decoy("nobody", b"k").salt != Verifier.decoy("other", b"k").salt
    )


def test_postgresql_verifier() -> None:
    """Made by PostgreSQL for the password `foo` (RFC 7677's example has 4096 iterations too)."""
    keys = "$" + base64.b64encode(b"s" * 32).decode() + ":" + base64.b64encode(b"v" * 32).decode()
    verifier = Verifier.parse("SCRAM-SHA-256$4096:" + base64.b64encode(SALT).decode() + keys)
    assert verifier.iterations == 4096 and verifier.salt == SALT
    for broken in ("md5abc", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$0:" + base64.b64encode(SALT).decode() + keys):
        with pytest.raises(ValueError):
            Verifier.parse(broken)


def test_rfc_7677_example() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    server = ScramServer(Verifier.from_password("pencil", salt), b"", None)
    server._nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    first = server.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert server.final(final) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    "message",
    [b"", b"n,,", b"n,,n=,r=", b"x,,n=,r=abc", b"n,a=other,n=,r=abc", b"p=tls-unique,,n=,r=abc", b"\xff,,n=,r=abc"],
)
def test_malformed_first(message: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        ScramServer(Verifier.from_password("x", SALT), NONCE, None).first(message)


@pytest.mark.parametrize(
    "message",
    [b"", b"c=biws,r=wrong,p=AAAA", b"c=biws,r={nonce},p=*", b"c=AAAA,r={nonce},p=AAAA", b"c=biws,r={nonce},p=AAAA"],
)
def test_malformed_final(message: bytes) -> None:
    server = ScramServer(Verifier.from_password("x", SALT), NONCE, None)
    server.first(b"n,,n=,r=abc")
    nonce = b"abc" + base64.b64encode(NONCE)
    with pytest.raises(ProtocolViolation):
        server.final(message.replace(b"{nonce}", nonce))


def test_downgrade_is_noticed() -> None:
    """A client that could bind the channel, told by someone between that the server cannot."""
    with pytest.raises(ProtocolViolation):
        ScramServer(Verifier.from_password("x", SALT), NONCE, b"certificate").first(b"y,,n=,r=abc")


def test_initial_response() -> None:
    assert initial_response(b"SCRAM-SHA-256\0\0\0\0\3abc") == ("SCRAM-SHA-256", b"abc")
    for broken in (b"", b"SCRAM-SHA-256", b"SCRAM-SHA-256\0\0\0\0\4abc", b"x\0\xff\xff\xff\xff"):
        with pytest.raises(ProtocolViolation):
            initial_response(broken)


def test_settings_that_cannot_be_used() -> None:
    async def main() -> None:
        settings = Settings()
        for changed in ({"method": "password"}, {"users": {"u": "SCRAM-SHA-256$1:"}}, {"tls_certificate": "nowhere"}):
            broken = replace(settings, authentication=replace(settings.authentication, **changed))
            with pytest.raises(DatabaseError, match="authentication settings"):
                await QueryProcessor(context(broken), 1, make_session=lambda *_: FakeSession()).start()  # type: ignore[arg-type,return-value]

    asyncio.run(main())
