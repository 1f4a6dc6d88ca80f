"""Ports that nobody named are none of those that the system gives to connections."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cluster import free_ports


@pytest.mark.parametrize(
    ("first", "expected"), [("20000\t60999\n", range(10_000, 20_000)), ("", range(10_000, 32_768))]
)
def test_they_lie_below_the_systems_own(
    first: str, expected: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_ports, "SYSTEMS_OWN", tmp_path / "range")
    if first:
        free_ports.SYSTEMS_OWN.write_text(first)
    for _ in range(20):
        port = free_ports.choose("127.0.0.1", 3)
        assert port in expected and port + 2 in expected


def test_one_that_is_taken_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_ports.choose("127.0.0.1", 2)
    monkeypatch.setattr(free_ports.random, "choice", lambda ports: port)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port + 1))
        holder.listen()
        assert free_ports.choose("127.0.0.1") == port
        with pytest.raises(OSError, match="no free port"):
            free_ports.choose("127.0.0.1", 2)


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError):
        free_ports.choose("192.0.2.1")
