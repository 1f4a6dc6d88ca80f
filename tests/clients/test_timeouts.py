"""Timeouts with a real client on a live cluster in open mode: set in every way, seen in every way, and ending what they
should."""

from __future__ import annotations

import select
from collections.abc import Iterator

import psycopg
import pytest

ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"


@pytest.fixture
def connection(cluster_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster_url, autocommit=True) as made:
        made.execute("CREATE TABLE IF NOT EXISTS timeouts (id int PRIMARY KEY)")
        yield made


def test_shown_as_postgresql_shows_them(connection: psycopg.Connection) -> None:
    for given, shown in (
        ("1s", "1s"),
        ("500ms", "500ms"),
        ("2min", "2min"),
        (1500, "1500ms"),
        ("90 s", "90s"),
        (0, "0"),
    ):
        connection.execute(f"SET statement_timeout = '{given}'")
        assert connection.execute("SHOW statement_timeout").fetchone() == (shown,)
        assert connection.execute("SELECT current_setting('statement_timeout')").fetchone() == (shown,)
    connection.execute("SET statement_timeout = '1min'")
    row = connection.execute(
        "SELECT setting, unit, vartype, reset_val FROM pg_settings WHERE name = 'statement_timeout'"
    ).fetchone()
    assert row == ("60000", "ms", "integer", "0")
    connection.execute("RESET statement_timeout")
    assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_set_follows_the_transaction(connection: psycopg.Connection) -> None:
    connection.execute("SET statement_timeout = '1min'")
    connection.execute("BEGIN; SET LOCAL statement_timeout = '2s'")
    assert connection.execute("SHOW statement_timeout").fetchone() == ("2s",)
    connection.execute("COMMIT")
    connection.execute("BEGIN; SET statement_timeout = '3s'; ROLLBACK")
    assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",)


def test_a_statement_is_ended(connection: psycopg.Connection, cluster_url: str) -> None:
    connection.execute("SET statement_timeout = '300ms'")
    for prepare in (False, True):
        with pytest.raises(psycopg.errors.QueryCanceled, match="canceling statement due to statement timeout"):
            connection.execute(ENDLESS, prepare=prepare)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with psycopg.connect(cluster_url, options="-c statement_timeout=300") as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("300ms",)
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute(ENDLESS)


@pytest.mark.parametrize(
    ("setting", "before", "text"),
    [
        ("idle_session_timeout", "", "57P05 terminating connection due to idle-session timeout"),
        (
            "idle_in_transaction_session_timeout",
            "BEGIN",
            "25P03 terminating connection due to idle-in-transaction timeout",
        ),
        (
            "transaction_timeout",
            "BEGIN; INSERT INTO timeouts VALUES (1)",
            "25P04 terminating connection due to transaction timeout",
        ),
    ],
)
def test_a_session_is_ended(connection: psycopg.Connection, setting: str, before: str, text: str) -> None:
    last_words: list[str] = []
    connection.add_notice_handler(
        lambda diagnostic: last_words.append(f"{diagnostic.sqlstate} {diagnostic.message_primary}")
    )
    connection.execute(f"SET {setting} = '200ms'; {before}")
    select.select([connection], [], [], 30)  # the session's end is the next that comes
    with pytest.raises(psycopg.OperationalError):
        while True:  # libpq takes an error that nobody has asked for as a notice, and then meets the end of the stream
            connection.pgconn.consume_input()
            connection.pgconn.is_busy()
    assert last_words == [text]


def test_values_out_of_range(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="is outside the valid range"):
        connection.execute("SET statement_timeout = -1")
    connection.execute("SET lock_timeout = '1s'")  # Django's, Rails' and Hibernate's migrations
    assert connection.execute("SHOW lock_timeout").fetchone() == ("1s",)
    connection.execute("SET lock_timeout = 0")
