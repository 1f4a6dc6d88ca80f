"""Endpoints and addresses: what they may look like, and which endpoint of a peer is the nearest."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime import endpoints
from actors.runtime.endpoints import Endpoint, format_address, host_identity, nearest, parse_address, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("unix:/run/a b.sock", Endpoint("unix", "", path="/run/a b.sock")),
        ("unix@f0-1:/run/x:y", Endpoint("unix", "f0-1", path="/run/x:y")),
        ("tls:az-a@10.0.0.5:40123", Endpoint("tls", "10.0.0.5", 40123, process="az-a")),
        ("tls:az-a@[fd00::5]:7", Endpoint("tls", "fd00::5", 7, process="az-a")),
        ("tcp:127.0.0.1:0", Endpoint("tcp", "127.0.0.1", 0)),
    ],
)
def test_an_endpoint_and_its_text(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint and str(endpoint) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:",
        "unix@:/x",
        "unix@h:",
        "tcp:x",
        "tcp:x:99999",
        "tcp:a@x:1",
        "tls:x:1",
        "tls:@x:1",
        "tls:a@:1",
        "tls:a@x:",
        "http://x",
        "unix:/" + "x" * 107,
    ],
)
def test_bad_endpoints(text: str) -> None:
    with pytest.raises(ValueError):
        parse_endpoint(text)


@pytest.mark.parametrize("text", ["", " ", "tls:a@x:1  tls:b@x:1", "tls:a@x:1 http://x", "unix"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def test_an_address_holds_several_endpoints_and_a_path_with_blanks() -> None:
    text = "tls:a@10.0.0.5:1 tls:a@[fd00::5]:1 unix@h:/my data/tls:b@x:1 y.sock"
    assert [endpoint.scheme for endpoint in parse_address(text)] == ["tls", "tls", "unix"]
    assert format_address(list(reversed(parse_address("tls:a@10.0.0.5:1 unix:/x y")))) == "tls:a@10.0.0.5:1 unix:/x y"


@pytest.mark.parametrize(
    ("address", "options", "scheme"),
    [
        ("tls:a@10.0.0.5:1 unix@here:/x", {}, "unix"),
        ("tls:a@10.0.0.5:1 unix@elsewhere:/x", {}, "tls"),
        ("tls:a@10.0.0.5:1 unix@here:/x", {"over_unix": False}, "tls"),
        ("tls:a@10.0.0.5:1 unix@here:/x", {"over_tls": False}, "unix"),
        ("unix:/x", {"over_unix": False}, "unix"),
        ("unix@elsewhere:/x", {}, None),
        ("tls:a@10.0.0.5:1 unix@elsewhere:/x", {"over_tls": False}, None),
    ],
)
def test_the_nearest_endpoint_is_used(address: str, options: dict[str, bool], scheme: str | None) -> None:
    found = nearest(address, "here", **options)
    assert (found.scheme if found is not None else None) == scheme


def test_a_host_is_told_by_its_folder_and_its_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    here = host_identity(one)
    assert host_identity(one) == here != host_identity(other)
    assert [file.name for file in one.iterdir()] == ["host_id"] and (one / "host_id").stat().st_mode & 0o077 == 0
    another_machine = tmp_path / "boot_id"
    another_machine.write_text("00000000-0000-0000-0000-000000000000\n")
    monkeypatch.setattr(endpoints, "BOOT_ID", another_machine)
    assert host_identity(one) != here
