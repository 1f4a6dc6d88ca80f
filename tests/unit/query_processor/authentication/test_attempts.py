"""Wrong attempts to connect, by where they come from."""

from __future__ import annotations

import pytest

from actors.query_processor.authentication.attempts import ADDRESSES_MAX, BURST, Attempts, source_of


def test_an_address_that_fails_too_often_waits() -> None:
    attempts = Attempts(60)
    for _ in range(BURST):
        assert attempts.may_try("192.0.2.1", 100.0)
        attempts.failed("192.0.2.1", 100.0)
    assert not attempts.may_try("192.0.2.1", 100.9)
    assert attempts.may_try("192.0.2.2", 100.9)
    assert attempts.may_try("192.0.2.1", 101.0)
    attempts.failed("192.0.2.1", 101.0)
    assert not attempts.may_try("192.0.2.1", 101.9)
    assert attempts.may_try("192.0.2.1", 101.0 + BURST)


def test_no_limit() -> None:
    attempts = Attempts(0)
    for _ in range(1000):
        attempts.failed("192.0.2.1", 0.0)
    assert attempts.may_try("192.0.2.1", 0.0)


def test_addresses_are_forgotten() -> None:
    attempts = Attempts(1)
    for number in range(ADDRESSES_MAX + 1):
        for _ in range(BURST):
            attempts.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert attempts.may_try("10.0.0.0", 0.0)
    assert not attempts.may_try("10.0.0.1", 0.0)
    assert len(attempts._left) == ADDRESSES_MAX


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("somewhere", ""),
    ],
)
def test_sources(address: str, source: str) -> None:
    assert source_of(address) == source
