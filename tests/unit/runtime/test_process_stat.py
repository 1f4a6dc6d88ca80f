"""Lines of /proc as kernels write them, and as others would have them."""

from __future__ import annotations

import os
import threading

import pytest

from actors.runtime.process_stat import TICKS_A_SECOND, Stat, parse_stat, stat_of, threads_of

# Recorded on Linux 6.1: a role's process, one that has been stopped, and a zombie.
RUNNING = (
    b"31818 (ray::RoleProces) R 31301 31301 31301 0 -1 4194368 48417 0 12 0 1234 266 0 0 20 0 43 0 8351702 "
    b"1894195200 52103 18446744073709551615"
    b" 4194304 7253317 140726012300064 0 0 0 0 16781312 17610 0 0 0 17 1 0 0 0 0 0 9350120 9625024 27897856 0 0 0 0 0\n"
)
STOPPED = RUNNING.replace(b" R ", b" T ")
ZOMBIE = (
    b"31900 (sh) Z 1 31900 31301 0 -1 4227084 95 0 0 0 0 0 0 0 20 0 1 0 8351999 0 0 18446744073709551615 0 0 0 0 "
    b"0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)


def test_a_line() -> None:
    assert parse_stat(RUNNING) == Stat("R", 1500 / TICKS_A_SECOND, 8351702)
    stopped, zombie = parse_stat(STOPPED), parse_stat(ZOMBIE)
    assert stopped is not None and stopped.state == "T"
    assert zombie is not None and (zombie.state, zombie.started) == ("Z", 8351999)


@pytest.mark.parametrize("name", [b"a b", b"x) Z 1 1", b"((", b"))", b"\xff\xfe", "é".encode(), b"\n", b""])
def test_a_process_may_call_itself_anything(name: bytes) -> None:
    assert parse_stat(RUNNING.replace(b"ray::RoleProces", name)) == parse_stat(RUNNING)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"1", b"1 (sh)", b"1 (sh) R 1 2 3", RUNNING[:60], RUNNING.replace(b" 1234 ", b" x "), b"\0" * 40],
)
def test_what_is_no_such_line_is_nothing(line: bytes) -> None:
    assert parse_stat(line) is None


def test_of_this_process() -> None:
    mine = stat_of(os.getpid())
    assert mine is not None and mine.state in "RS" and mine.started > 0
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        threads = threads_of(os.getpid())
        assert {threading.get_native_id(), other.native_id} <= threads.keys()
    finally:
        over.set()
        other.join()
    gone = 1 << 30  # above the greatest number that Linux gives
    assert stat_of(gone) is None and threads_of(gone) == {} and stat_of(os.getpid(), gone) is None
