"""Shares of the cluster's limits: how many sessions, how many a second."""

from __future__ import annotations

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Layout, Limits, Settings
from actors.query_processor.admission import Admission, share
from actors.runtime.descriptors import FILES, for_clients

MANY = 1 << 20


def admission(number: int = 1, descriptors: int = MANY, mode: str = "dsql", parts: int = 2, **limits: int) -> Admission:
    return Admission(
        Settings(mode=mode, limits=Limits(**limits), layout=Layout(query_processors=parts)), number, descriptors
    )


def refused(made: Admission, sessions: int, now_s: float = 0.0) -> tuple[str, str]:
    with pytest.raises(DatabaseError) as caught:
        made.enter(sessions, now_s)
    return caught.value.sqlstate, caught.value.message


@pytest.mark.parametrize(("total", "parts"), [(10_000, 2), (7, 3), (1, 2), (2, 3), (5, 1)])
def test_shares_add_up(total: int, parts: int) -> None:
    shares = [share(total, parts, number) for number in range(1, parts + 1)]
    assert sum(shares) == total and max(shares) - min(shares) <= 1


def test_the_limit_is_the_sum_of_the_shares() -> None:
    first, second = (admission(number, connections_max=5) for number in (1, 2))
    assert (first.sessions_max, second.sessions_max) == (3, 2)
    first.enter(2, 0.0)
    assert refused(first, 3) == ("53300", "Unable to accept connection, too many open connections.")
    assert refused(admission(mode="open", connections_max=5), 3) == ("53300", "sorry, too many clients already")
    assert first.has_room(2, 2, 0.0) and not first.has_room(3, 0, 0.0)


def test_clients_leave_descriptors_to_files() -> None:
    assert for_clients(1024) == 512 and for_clients(20_000) == 20_000 - FILES
    small = admission(descriptors=for_clients(1024))
    assert small.sessions_max + small.arriving_max == 512
    assert admission(descriptors=for_clients(1024), connections_max=0).sessions_max == small.sessions_max
    assert admission(connections_max=100).sessions_max == 50


def test_new_connections_a_second() -> None:
    made = admission(connection_rate_per_s=100, connection_burst=20)
    for taken in range(10):
        assert made.has_room(taken, 0, 0.0)
        made.enter(taken, 0.0)
    assert not made.has_room(10, 0, 0.0)
    assert refused(made, 10) == ("53400", "Unable to accept connection, rate exceeded.")
    assert not made.has_room(10, 0, 0.019) and made.has_room(10, 0, 0.021), "50 a second: half of the rate"
    assert not made.has_room(10, 1, 0.021), "one is on its way"
    made.enter(10, 0.021)
    assert refused(made, 11, 0.022)[0] == "53400"
    for taken in range(10):
        made.enter(taken, 100.0)
    assert refused(made, 10, 100.0)[0] == "53400", "no more than a burst is saved up"


def test_no_rate_in_open_mode() -> None:
    made = admission(connection_rate_per_s=0)
    for taken in range(4000):
        assert made.has_room(taken, taken, 0.0)
        made.enter(taken, 0.0)


def test_one_query_processor_has_it_all() -> None:
    assert admission(parts=1, connections_max=10).sessions_max == 10
