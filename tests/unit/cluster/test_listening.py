from __future__ import annotations

import os
import socket

import pytest

from cluster.listening import Place, exposed, listening, parse_tcp, parse_unix

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize(
    ("line", "address", "port", "local"),
    [
        ("0: 0100007F:1539 00000000:0000 0A 0:0 0:0 0 0 0 7 1", "127.0.0.1", 5433, True),
        ("0: 0200007F:1539 00000000:0000 0A 0:0 0:0 0 0 0 7 1", "127.0.0.2", 5433, True),
        ("0: 00000000:1539 00000000:0000 0A 0:0 0:0 0 0 0 7 1", "0.0.0.0", 5433, False),
        ("0: 00000000000000000000000000000000:1539 0:0000 0A 0:0 0:0 0 0 0 7 1", "::", 5433, False),
        ("0: 00000000000000000000000001000000:1539 0:0000 0A 0:0 0:0 0 0 0 7 1", "::1", 5433, True),
        ("0: 0000000000000000FFFF00000100007F:1539 0:0000 0A 0:0 0:0 0 0 0 7 1", "::ffff:7f00:1", 5433, True),
        ("0: 0000000000000000FFFF00000100000A:1539 0:0000 0A 0:0 0:0 0 0 0 7 1", "::ffff:a00:1", 5433, False),
    ],
)
def test_the_kernels_table_is_read(line: str, address: str, port: int, local: bool) -> None:
    """A little-endian machine's: each group of four bytes is a number."""
    [(inode, place)] = parse_tcp(HEADER + line).items()
    assert inode == 7 and place.port == port and place.is_local is local
    assert place.address in (address, address.replace("7f00:1", "127.0.0.1").replace("a00:1", "10.0.0.1"))


def test_what_does_not_listen_is_no_place() -> None:
    assert parse_tcp(HEADER + "0: 00000000:1539 00000000:0000 01 0:0 0:0 0 0 0 7 1") == {}
    header = "Num       RefCount Protocol Flags    Type St Inode Path\n"
    lines = [
        "0: 00000002 00000000 00010000 0001 01 7 @abstract",
        "0: 00000002 00000000 00010000 0001 01 8 /run/a socket",
        "0: 00000003 00000000 00000000 0001 03 9 @connected",
        "0: 00000003 00000000 00000000 0001 03 10",
    ]
    assert parse_unix(header + "\n".join(lines)) == {7: Place("@abstract", 0)}


def test_a_process_that_others_can_reach_is_named() -> None:
    own = os.getpid()
    name = f"eagleray-test-{own}"
    with socket.create_server(("127.0.0.1", 0)) as local, socket.socket(socket.AF_UNIX) as abstract:
        before = exposed([own])
        port = local.getsockname()[1]
        assert (own, Place("127.0.0.1", port)) in listening([own]) and not any(
            str(port) in sentence for sentence in before
        )
        abstract.bind(f"\0{name}")
        abstract.listen()
        [sentence] = set(exposed([own])) - set(before)
        assert f"(pid {own}) listens on the abstract Unix socket @{name}" in sentence
        with socket.create_server(("0.0.0.0", 0)) as wide:
            open_port = wide.getsockname()[1]
            assert any(sentence.endswith(f"(pid {own}) listens on 0.0.0.0:{open_port}") for sentence in exposed([own]))
            assert not any(sentence.endswith(f":{open_port}") for sentence in exposed([own], {open_port}))


def test_a_process_that_has_ended_listens_nowhere() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert listening([child]) == []
