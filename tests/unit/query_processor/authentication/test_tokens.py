"""Connection tokens: botocore's are accepted, ours are botocore's to the letter, and every variation of one is
refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import quote

import botocore.auth
import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.access_key import AccessKey
from actors.common.connection_token import canonical_query, encoded, sign, signature
from actors.query_processor.authentication.tokens import TOKEN_BYTES_MAX, Refused, TokenVerifier

HOST = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
NOW_S = 1_795_989_200.0
NOW = "20261129T215320Z"
KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "admin")
TEMPORARY = AccessKey(
    "ASIDEXAMPLE", "uJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "admin", session_token="IQoJb3JpZ2lu//+a b=é"
)


def verifier(*keys: AccessKey) -> TokenVerifier:
    made = TokenVerifier([HOST, "localhost", "::1"], "us-east-1", "0" * 64)
    made.take_keys(keys or (KEY, TEMPORARY))
    return made


def by_botocore(
    key: AccessKey, user: str = "admin", host: str = HOST, region: str = "us-east-1", expires_s: int = 900
) -> str:
    session = botocore.session.get_session()
    client: Any = session.create_client("dsql", region, aws_access_key_id=key.id, aws_secret_access_key=key.secret,
                                        aws_session_token=key.session_token or None)  # fmt: skip
    make = client.generate_db_connect_admin_auth_token if user == "admin" else client.generate_db_connect_auth_token
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: datetime.fromtimestamp(NOW_S, UTC)):
        return str(make(host, region, expires_s))


def refusal(
    token: str | bytes, user: str = "admin", now_s: float = NOW_S, verifying: TokenVerifier | None = None
) -> Refused:
    with pytest.raises(Refused) as told:
        (verifying or verifier()).verify(token if isinstance(token, bytes) else token.encode(), user, now_s)
    return told.value


@pytest.mark.parametrize("key", [KEY, TEMPORARY])
@pytest.mark.parametrize("user", ["admin", "app"])
def test_botocores_tokens_are_ours(key: AccessKey, user: str) -> None:
    token = by_botocore(key, user)
    assert NOW in token
    assert token == sign(key, HOST, "us-east-1", user, NOW_S)
    assert verifier().verify(token.encode(), user, NOW_S) is key
    assert verifier().verify(token.encode(), user, NOW_S + 900) is key
    assert (
        refusal(token, user, NOW_S + 901).hint
        == "Signature expired: 20261129T220820Z is now earlier than 20261129T220821Z"
    )


@pytest.mark.parametrize("host", ["LOCALHOST", "[::1]", HOST.upper()])
def test_hosts_as_they_are_written(host: str) -> None:
    """botocore signs a host's small letters; other signers sign it as it stands."""
    assert verifier().verify(by_botocore(KEY, host=host).encode(), "admin", NOW_S) is KEY
    token = sign(KEY, host, "us-east-1", "admin", NOW_S)
    parameters = [pair.partition("=")[::2] for pair in token.partition("/?")[2].split("&")[:-1]]
    as_it_stands = signature(
        KEY.secret, host, NOW, "us-east-1", canonical_query((name, value) for name, value in parameters)
    )
    assert verifier().verify(f"{token[:-64]}{as_it_stands}".encode(), "admin", NOW_S) is KEY


def test_who_signs_must_be_known() -> None:
    token = by_botocore(KEY)
    others = AccessKey("AKIDEXAMPLE", KEY.secret[::-1], "admin")
    assert refusal(token, verifying=verifier(others)).reason == "its signature is wrong"
    assert refusal(token, verifying=verifier(TEMPORARY)).reason == "its key is not known"
    assert refusal(token, verifying=verifier(TEMPORARY)).key_id == KEY.id
    decoy = AccessKey(KEY.id, "0" * 64, "admin")
    assert (
        refusal(sign(decoy, HOST, "us-east-1", "admin", NOW_S), verifying=verifier(TEMPORARY)).reason
        == "its key is not known"
    )


def test_security_tokens() -> None:
    key = AccessKey(KEY.id, KEY.secret, "admin", session_token="one")
    for signer in (KEY, AccessKey(KEY.id, KEY.secret, "admin", session_token="two")):
        assert "security token" in refusal(by_botocore(signer), verifying=verifier(key)).reason
    assert "security token" in refusal(by_botocore(key), verifying=verifier(KEY)).reason


@pytest.mark.parametrize(
    ("ahead_s", "hint"),
    [
        (300, None),
        (
            301,
            "Signature not yet current: 20261129T215320Z is still later than 20261129T215319Z "
            "(20261129T214819Z + 5 min.)",
        ),
    ],
)
def test_a_clock_that_is_ahead(ahead_s: int, hint: str | None) -> None:
    token = by_botocore(KEY)
    if hint is None:
        assert verifier().verify(token.encode(), "admin", NOW_S - ahead_s) is KEY
    else:
        assert refusal(token, now_s=NOW_S - ahead_s).hint == hint


@pytest.mark.parametrize("expires_s", [1, 604_800])
def test_how_long_a_token_may_last(expires_s: int) -> None:
    token = by_botocore(KEY, expires_s=expires_s).encode()
    assert verifier().verify(token, "admin", NOW_S + expires_s) is KEY
    refusal(token, now_s=NOW_S + expires_s + 1)


def test_elsewhere_and_as_somebody_else() -> None:
    for host in ("example.org", "localhost.example.org", "localhost:5433", f"x{HOST}", "127.0.0.1"):
        assert "another host" in refusal(sign(KEY, host, "us-east-1", "admin", NOW_S)).reason
    assert "another region" in refusal(by_botocore(KEY, region="eu-west-1")).reason
    assert "action" in refusal(by_botocore(KEY, "admin"), "app").reason
    assert "action" in refusal(by_botocore(KEY, "app"), "admin").reason


def resigned(change: Callable[[list[tuple[str, str]]], None]) -> str:
    """A token whose signature is right for what `change` has made of its parameters."""
    parameters = [("Action", "DbConnectAdmin"), ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                  ("X-Amz-Credential", f"{KEY.id}/20261129/us-east-1/dsql/aws4_request"), ("X-Amz-Date", NOW),
                  ("X-Amz-Expires", "900"), ("X-Amz-SignedHeaders", "host")]  # fmt: skip
    change(parameters)
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)
    canonical = canonical_query((encoded(name), encoded(value)) for name, value in parameters)
    return f"{HOST}/?{query}&X-Amz-Signature={signature(KEY.secret, HOST, NOW, 'us-east-1', canonical)}"


def set_to(name: str, value: str) -> Callable[[list[tuple[str, str]]], None]:
    def change(parameters: list[tuple[str, str]]) -> None:
        parameters[:] = [(own, value if own == name else old) for own, old in parameters]

    return change


def test_what_is_signed_is_still_looked_at() -> None:
    assert verifier().verify(resigned(lambda parameters: None).encode(), "admin", NOW_S) is KEY
    assert verifier().verify(resigned(lambda parameters: parameters.reverse()).encode(), "admin", NOW_S) is KEY
    assert (
        verifier().verify(resigned(lambda parameters: parameters.append(("x-id", "é/~"))).encode(), "admin", NOW_S)
        is KEY
    )
    day = f"{KEY.id}/20261129/us-east-1"
    for name, value, reason in [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA1", "algorithm"),
        ("X-Amz-Algorithm", "aws4-hmac-sha256", "algorithm"),
        ("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", "algorithm"),
        ("X-Amz-SignedHeaders", "host;x-amz-date", "headers"),
        ("X-Amz-SignedHeaders", "", "headers"),
        ("X-Amz-SignedHeaders", "Host", "headers"),
        ("X-Amz-Credential", KEY.id, "scope"),
        ("X-Amz-Credential", "", "scope"),
        ("X-Amz-Credential", f"{day}/dsql/aws4_request/", "scope"),
        ("X-Amz-Credential", f"{day}/dsql/aws4", "scope"),
        ("X-Amz-Credential", f"{day}/rds-db/aws4_request", "service"),
        ("X-Amz-Credential", f"{day}/DSQL/aws4_request", "service"),
        ("X-Amz-Credential", f"{KEY.id}/20261128/us-east-1/dsql/aws4_request", "day"),
        ("X-Amz-Credential", f"{KEY.id}/20261129/us-east-2/dsql/aws4_request", "region"),
        ("X-Amz-Date", "", "date"),
        ("X-Amz-Date", "20261131T215320Z", "day"),
        ("X-Amz-Date", "20261129T255320Z", "date"),
        ("X-Amz-Date", "20261129T215320", "date"),
        ("X-Amz-Date", "20261129T21532\u0660Z", "date"),
        ("X-Amz-Date", "00000129T215320Z", "day"),
        ("X-Amz-Expires", "0", "Expires"),
        ("X-Amz-Expires", "-1", "Expires"),
        ("X-Amz-Expires", "604801", "Expires"),
        ("X-Amz-Expires", "9" * 400, "Expires"),
        ("X-Amz-Expires", "9e2", "Expires"),
        ("X-Amz-Expires", " 900", "Expires"),
        ("X-Amz-Expires", "\u0669\u0660\u0660", "Expires"),
        ("Action", "dbconnectadmin", "action"),
        ("Action", "", "action"),
    ]:  # fmt: skip
        assert reason in refusal(resigned(set_to(name, value))).reason, (name, value)


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("%2F", "/"),
        ("%2F", "%2f"),
        ("DbConnectAdmin", "%44b%43onnectAdmin"),
        ("X-Amz-Date", "X%2DAmz%2dDate"),
        ("host", "%68%6F%73%74"),
    ],
)
def test_other_ways_to_write_the_same(written: str, otherwise: str) -> None:
    """Whatever a client makes of the query, its canonical form is what is signed."""
    assert written in GOOD and verifier().verify(GOOD.replace(written, otherwise).encode(), "admin", NOW_S) is KEY


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_every_character_is_encoded_as_it_should_be(first: int) -> None:
    text = "".join(map(chr, range(first, first + 50)))
    token = resigned(lambda parameters: parameters.append(("x-id", text)))
    assert verifier().verify(token.encode(), "admin", NOW_S) is KEY
    for form in ("%{:02x}", "%{:02X}"):
        rewritten = token.replace("=" + quote(text, safe=""), "=" + "".join(map(form.format, text.encode())))
        assert verifier().verify(rewritten.encode(), "admin", NOW_S) is KEY
    for character in text:
        alone = resigned(lambda parameters, one=character: parameters.append(("x-id", one)))  # type: ignore[misc]
        rewritten = alone.replace(
            "=" + quote(character, safe="") + "&", "=" + "".join(map("%{:02X}".format, character.encode())) + "&"
        )
        assert verifier().verify(rewritten.encode(), "admin", NOW_S) is KEY, character
    for changed in (
        token.replace("&x-id=", "&x-id=+"),
        token.replace("&x-id=", "&x-id=%20"),
        token.replace("&x-id=", "&x-id=%2B"),
    ):
        assert changed != token and "signature" in refusal(changed).reason


@pytest.mark.parametrize(
    "name", ["Action", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"]
)
def test_nothing_may_be_missing_or_doubled(name: str) -> None:
    def without(parameters: list[tuple[str, str]]) -> None:
        parameters[:] = [pair for pair in parameters if pair[0] != name]

    def twice(parameters: list[tuple[str, str]]) -> None:
        parameters.append(next(pair for pair in parameters if pair[0] == name))

    def twice_in_small_letters(parameters: list[tuple[str, str]]) -> None:
        parameters.append((name.lower(), "x"))

    def in_small_letters(parameters: list[tuple[str, str]]) -> None:
        parameters[:] = [(own.lower() if own == name else own, value) for own, value in parameters]

    assert "missing" in refusal(resigned(without)).reason
    assert "missing" in refusal(resigned(in_small_letters)).reason
    assert "twice" in refusal(resigned(twice)).reason
    assert "twice" in refusal(resigned(twice_in_small_letters)).reason


def test_how_long_a_token_may_be() -> None:
    for length, fits in ((15_000, True), (TOKEN_BYTES_MAX, False)):
        token = resigned(lambda parameters, length=length: parameters.append(("x-id", "a" * length)))  # type: ignore[misc]
        if fits:
            assert verifier().verify(token.encode(), "admin", NOW_S) is KEY
        else:
            assert "bytes" in refusal(token).reason
    long = resigned(lambda parameters: parameters.extend((f"x-id-{number}", "/" * 300) for number in range(4)))
    assert verifier().verify(long.encode(), "admin", NOW_S) is KEY
    assert "as it should be" in refusal(long.replace("%2F", "%2f")).reason


GOOD = sign(KEY, HOST, "us-east-1", "admin", NOW_S)


@pytest.mark.parametrize(
    "token",
    [
        b"", b"\0", b"postgres", b"/?", b"?", HOST.encode(), f"{HOST}/?".encode(), f"https://{GOOD}".encode(),
        f" {GOOD}".encode(),
        f"{GOOD} ".encode(), f"{GOOD}\n".encode(), f"{GOOD}\0".encode(), GOOD.replace("/?", "?").encode(),
        GOOD.replace("/?", "/x?").encode(),
        f"{GOOD}&".encode(), f"{GOOD}&a".encode(), f"{GOOD}&=b".encode(), f"{GOOD}&X-Amz-Signature={'0' * 64}".encode(),
        GOOD[:-1].encode(), f"{GOOD}0".encode(),
        f"{GOOD[:-64]}{GOOD[-64:].upper()}".encode(), f"{GOOD[:-64]}{'0' * 64}".encode(), GOOD.replace("900",
        "901").encode(),
        GOOD.replace("%2F", "%2f%").encode(), GOOD.replace("%2F", "%ff").encode(), GOOD.replace("Admin",
        "Ädmin").encode(),
        GOOD.replace("Action", "Acti\xf6n").encode("latin-1"), GOOD.encode("utf-16"), b"a" * (1 << 20),
        (GOOD + "&a=b" * (1 << 18)).encode(),
        f"{GOOD}&a={'b' * TOKEN_BYTES_MAX}".encode(),
        (GOOD + "".join(f"&a{number}=b" for number in range(40))).encode(), b"%" * 4096,
    ],
)  # fmt: skip
def test_rubbish_is_refused(token: bytes) -> None:
    assert token != GOOD.encode()
    refused = refusal(token)
    assert refused.reason and not refused.hint


@given(position=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_no_byte_of_a_token_can_be_another(position: int, byte: int) -> None:
    """Only the letters' size in the host and in the escapes is nobody's business."""
    changed = bytearray(GOOD.encode())
    changed[position] = byte
    decoded = bytes(changed)
    if decoded.lower() == GOOD.lower().encode() and (
        position < len(HOST) or decoded[position - 2 : position] in (b"%2", b"%F")
    ):
        return
    if decoded == GOOD.encode():
        return
    refusal(decoded)
