"""psycopg 3 against a live cluster: text and binary, prepared, pipeline, COPY in all formats, conflicts, cancel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

VALUES = {
    "bool": True,
    "int2": -7,
    "int4": 2**31 - 1,
    "int8": -(2**63),
    "float8": 1.5e300,
    "numeric": Decimal("-12345678901234567890.50"),
    "text": "ü\n\t'\"\\",
    "bytea": bytes(range(256)),
    "uuid": UUID("12345678-1234-5678-1234-567812345678"),
}


@pytest.fixture
def connection(cluster_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster_url, autocommit=True) as made:
        made.execute("DROP TABLE IF EXISTS psycopg_items")
        made.execute("CREATE TABLE psycopg_items (id int PRIMARY KEY, name text, amount numeric(12, 2))")
        yield made
        made.execute("DROP TABLE psycopg_items")


@pytest.mark.parametrize("binary", [False, True])
def test_values_there_and_back(connection: psycopg.Connection, binary: bool) -> None:
    for type_name, value in VALUES.items():
        cursor = connection.cursor(binary=binary)
        assert cursor.execute(f"SELECT %s::{type_name}", (value,), prepare=True).fetchone() == (value,)
        assert cursor.execute(f"SELECT %s::{type_name}", (None,)).fetchone() == (None,)


def test_rows(connection: psycopg.Connection) -> None:
    connection.cursor().executemany(
        "INSERT INTO psycopg_items VALUES (%s, %s, %s)", [(n, f"item {n}", Decimal(n) / 4) for n in range(100)]
    )
    assert connection.execute("SELECT count(*), sum(amount) FROM psycopg_items").fetchone() == (100, Decimal("1237.50"))
    updated = connection.execute("UPDATE psycopg_items SET name = %s WHERE id = %s RETURNING id, name", ("new", 7))
    assert updated.fetchall() == [(7, "new")]
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("INSERT INTO psycopg_items VALUES (7, 'again', 0)")


def test_pipeline(connection: psycopg.Connection) -> None:
    with connection.pipeline():
        for number in range(20):
            connection.execute("INSERT INTO psycopg_items VALUES (%s, 'x', 0)", (number,))
        counted = connection.execute("SELECT count(*) FROM psycopg_items")
    assert counted.fetchone() == (20,)


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_copy(connection: psycopg.Connection, form: str) -> None:
    with connection.transaction():
        connection.cursor().executemany(
            "INSERT INTO psycopg_items VALUES (%s, %s, 1.25)",
            [(n, f'"{n}",\t\\' if n % 2 else None) for n in range(50)],
        )
    cursor = connection.cursor()
    with cursor.copy(f"COPY psycopg_items TO STDOUT (FORMAT {form})") as copy:
        data = b"".join(bytes(piece) for piece in copy)
    before = connection.execute("SELECT * FROM psycopg_items ORDER BY id").fetchall()
    connection.execute("DELETE FROM psycopg_items")
    with cursor.copy(f"COPY psycopg_items FROM STDIN (FORMAT {form})") as copy:
        for start in range(0, len(data), 37):
            copy.write(data[start : start + 37])
    assert cursor.rowcount == 50
    assert connection.execute("SELECT * FROM psycopg_items ORDER BY id").fetchall() == before


def test_conflict(connection: psycopg.Connection, cluster_url: str) -> None:
    connection.execute("INSERT INTO psycopg_items VALUES (1, 'x', 0)")
    with psycopg.connect(cluster_url) as first, psycopg.connect(cluster_url) as second:
        for other in (first, second):
            other.execute("UPDATE psycopg_items SET amount = amount + 1 WHERE id = 1")
        first.commit()
        with pytest.raises(psycopg.errors.SerializationFailure, match="OC000"):
            second.commit()
    assert connection.execute("SELECT amount FROM psycopg_items").fetchone() == (Decimal("1.00"),)


def test_failed_block(connection: psycopg.Connection) -> None:
    connection.execute("BEGIN")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("SELECT 1")
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_server_side_portal(connection: psycopg.Connection) -> None:
    """Execute with a row limit, through libpq's chunked rows being absent: a stream of single rows."""
    rows = list(connection.cursor().stream("SELECT * FROM generate_series(1, 1000)"))
    assert rows == [(number,) for number in range(1, 1001)]


def test_cancel(connection: psycopg.Connection) -> None:
    done = threading.Event()

    def cancel_until_done() -> None:
        while not done.wait(0.05):
            connection.cancel_safe()

    helper = threading.Thread(target=cancel_until_done)
    helper.start()
    try:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b")
    finally:
        done.set()
        helper.join()
    assert connection.execute("SELECT 1").fetchone() == (1,)
