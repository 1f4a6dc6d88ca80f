"""The certificate that clients are shown: made once, for the cluster's names, and anew when it must be."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from actors.common.settings import Authentication, Layout, Settings
from actors.postgres.tls import TlsSettings
from cluster.authority import Authority, AuthorityError
from cluster.server_certificate import RENEWED_AFTER, make_certificate, names_of, read_certificate

NAMES = ("localhost", "127.0.0.1", "::1", "abc.dsql.us-east-1.on.aws")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_it_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    assert read_certificate(folder) == ""
    make_certificate(folder, NAMES)
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert sorted(files) == ["authority.pem", "ca.pem", "server.pem"] and folder.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in folder.iterdir()) and b"PRIVATE" not in files["ca.pem"]
    make_certificate(folder, NAMES)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == files
    TlsSettings.from_pem(read_certificate(folder))


def test_clients_know_it_by_every_name_and_no_other(tmp_path: Path) -> None:
    make_certificate(tmp_path, NAMES)
    server = TlsSettings.from_pem(read_certificate(tmp_path)).context
    for name, known in [*((name, True) for name in NAMES), ("example.org", False), ("127.0.0.2", False)]:
        client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours, theirs = (
            client.wrap_bio(to_client, to_server, server_hostname=name),
            server.wrap_bio(to_server, to_client, server_side=True),
        )
        verified = True
        for _ in range(4):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLCertVerificationError:
                    verified = False
                except ssl.SSLError:
                    assert not verified
        assert verified is known, name


@pytest.mark.parametrize("why", ["names", "age", "authority", "damage", "another key"])
def test_it_is_made_anew(tmp_path: Path, why: str) -> None:
    make_certificate(tmp_path, NAMES, NOW)
    former, authority = read_certificate(tmp_path), (tmp_path / "ca.pem").read_text()
    names, now = NAMES, NOW
    if why == "names":
        names = (*NAMES, "more")
    elif why == "age":
        now += RENEWED_AFTER
    elif why == "authority":
        (tmp_path / "authority.pem").unlink()
    elif why == "damage":
        (tmp_path / "server.pem").write_text(former[:400])
    else:
        make_certificate(tmp_path / "other", NAMES, NOW)
        key = (tmp_path / "other" / "server.pem").read_text().partition("-----BEGIN CERTIFICATE")[0]
        (tmp_path / "server.pem").write_text(
            key + "-----BEGIN CERTIFICATE" + former.partition("-----BEGIN CERTIFICATE")[2]
        )
    make_certificate(tmp_path, names, now)
    assert read_certificate(tmp_path) != former
    assert ((tmp_path / "ca.pem").read_text() == authority) is (why != "authority")
    made = x509.load_pem_x509_certificate(read_certificate(tmp_path).encode())
    assert Authority.read(tmp_path / "authority.pem").has_signed(made) and made.not_valid_after_utc > now + timedelta(
        days=1000
    )


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="bücher"):
        make_certificate(tmp_path, ["bücher"])
    make_certificate(tmp_path, NAMES)
    (tmp_path / "server.pem").chmod(0o644)
    with pytest.raises(AuthorityError, match=r"server\.pem is open to other users"):
        make_certificate(tmp_path, NAMES)


def test_names_of_a_cluster() -> None:
    own = names_of(Settings(authentication=Authentication("tokens", hosts=("DB.example.org", "localhost"))))
    assert own[:4] == ("db.example.org", "localhost", "127.0.0.1", "::1") and len(set(own)) == len(own)
    assert "10.0.0.7" in names_of(Settings(layout=Layout(host="10.0.0.7")))
    assert "0.0.0.0" not in names_of(Settings(layout=Layout(host="0.0.0.0")))
