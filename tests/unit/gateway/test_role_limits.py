"""A role's CONNECTION LIMIT counts its sessions wherever they are: in each query processor, and asleep in a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from actors.common.settings import OPEN_LIMITS, Sessions, Settings
from tests.unit.gateway.house import House

REFUSED = 'FATAL:  too many connections for role "app"'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, Settings(mode="open", limits=OPEN_LIMITS, sessions=Sessions(park_after_s=0))) as made:
        yield made


def connect(house: House, user: str) -> psycopg.Connection[Any]:
    return psycopg.connect(house.dsn.replace("user=admin", f"user={user}"), autocommit=True)


def limit(house: House, count: int) -> None:
    with connect(house, "admin") as admin:
        for statement in ("CREATE ROLE app LOGIN", f"ALTER ROLE app CONNECTION LIMIT {count}"):
            admin.execute(statement)


def test_sessions_of_all_query_processors_count_and_those_that_sleep(house: House) -> None:
    limit(house, 3)
    clients = [connect(house, "app") for _ in range(3)]
    assert min(house.sessions(1), house.sessions(2)) >= 1, "both have some"
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        connect(house, "app")
    for number in (1, 2):
        house.drain(number)
    house.until(lambda: house.parked == 3)
    for number in (1, 2):
        house.drain(number, False)
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        connect(house, "app")
    connect(house, "admin").close()
    assert clients[0].execute("SELECT 1").fetchone() == (1,), "one that sleeps was let in already"
    clients.pop().close()
    house.until(lambda: house.parked == 1)
    clients.append(connect(house, "app"))
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        connect(house, "app")
    with connect(house, "admin") as admin:
        admin.execute("ALTER ROLE app CONNECTION LIMIT -1")
    clients.append(connect(house, "app"))
    for client in clients:
        client.close()


def test_a_limit_of_zero_lets_nobody_in_but_a_name_that_is_refused_is_not_counted(house: House) -> None:
    limit(house, 0)
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError, match=REFUSED):
            connect(house, "app")
    with connect(house, "admin") as admin:
        admin.execute("ALTER ROLE app CONNECTION LIMIT 1")
    with connect(house, "app"):
        pass
