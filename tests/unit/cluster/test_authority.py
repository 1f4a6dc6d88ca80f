"""The cluster's authority: made once, kept safe, renewed in time; what it signs, and what it does not."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from actors.runtime.certificates import ProcessKey
from cluster.authority import Authority, AuthorityError

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_it_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    old_mask = os.umask(0)
    try:
        made = Authority.open(path)
    finally:
        os.umask(old_mask)
    assert path.stat().st_mode & 0o777 == 0o600 and [file.name for file in tmp_path.iterdir()] == ["authority.pem"]
    assert Authority.open(path).cluster == made.cluster == Authority.read(path).cluster


@pytest.mark.parametrize(("days", "same"), [(365 * 8, True), (365 * 9 + 10, False), (365 * 11, False)])
def test_a_new_one_is_made_in_time(tmp_path: Path, days: int, same: bool) -> None:
    path = tmp_path / "authority.pem"
    former = Authority.open(path, NOW).cluster
    later = Authority.open(path, NOW + timedelta(days=days)).cluster
    assert (later == former) is same and Authority.read(path).cluster == later


def test_a_file_that_is_damaged_or_open_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    Authority.open(path)
    whole = path.read_bytes()
    Authority.open(tmp_path / "other.pem")
    certificate = (tmp_path / "other.pem").read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    others_certificate = whole.partition(b"-----BEGIN CERTIFICATE-----")[0] + certificate[1] + certificate[2]
    for damaged in (b"", whole[:100], whole[:-100], others_certificate, b"\xff" * 1000):
        path.write_bytes(damaged)
        with pytest.raises(AuthorityError, match=r"authority\.pem holds no authority"):
            Authority.open(path)
    path.write_bytes(whole)
    path.chmod(0o640)
    with pytest.raises(AuthorityError, match="open to other users"):
        Authority.open(path)


def test_a_certificate_names_cluster_and_process_and_is_for_both_sides() -> None:
    authority = Authority.make("c1", NOW)
    issued = authority.issue("journal-1-a", ProcessKey("whatever").request, NOW)
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["eagleray://c1/journal-1-a"]
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc <= NOW + timedelta(days=30)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(issued.authority_pem.encode()))


@pytest.mark.parametrize("process", ["", "a b", "a/b", "ä", "a" * 201, "a\n"])
def test_a_name_that_no_process_has_is_refused(process: str) -> None:
    with pytest.raises(AuthorityError, match="is refused"):
        Authority.make("c1").issue(process, ProcessKey("a").request)


def test_a_request_that_is_none_is_refused() -> None:
    authority = Authority.make("c1")
    request = ProcessKey("a").request
    body = x509.load_pem_x509_csr(request).public_bytes(Encoding.DER)
    forged = x509.load_der_x509_csr(body[:-1] + bytes([body[-1] ^ 1])).public_bytes(Encoding.PEM)
    for bad in (b"", b"junk", request[:200], forged):
        with pytest.raises(AuthorityError):
            authority.issue("a", bad)


def test_what_a_request_asks_for_beside_its_key_does_not_count() -> None:
    """Nobody becomes an authority, or another process, by asking for it."""
    wishes = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    wishes = wishes.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("eagleray://c1/controller")])
    key = ec.generate_private_key(ec.SECP256R1())
    request = wishes.add_extension(names, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    issued = Authority.make("c1").issue("a", request)
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert b"controller" not in certificate.public_bytes(Encoding.DER)


def test_a_certificate_is_renewed_at_half_of_its_time() -> None:
    issued = Authority.make("c1").issue("a", ProcessKey("a").request)
    assert issued.renew_at == pytest.approx((datetime.now(UTC) + timedelta(days=15)).timestamp(), abs=3600)


def test_a_key_fits_its_own_certificate_only() -> None:
    authority = Authority.make("c1")
    with pytest.raises(ssl.SSLError):
        ProcessKey("a").identity(authority.issue("a", ProcessKey("a").request))
