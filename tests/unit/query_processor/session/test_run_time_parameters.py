"""Every run-time parameter that can be set has an effect that is seen, one behaviour only, nothing it could change, or
says that it has no effect.

The tables below name each of them once: a new parameter without a line here fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.session.parameters import RunTimeParameters
from actors.sql.settings.parameter_table import ADVICE, DEFINITIONS, FIXED, HONOURED, INTERNAL, MOOT, Definition
from actors.sql.types.styles import style_of
from actors.sql.types.time_zones import find_zone
from tests.scripts.golden import ScriptRunner


def answers(*statements: str, open_mode: bool = True) -> list[list[str]]:
    """What a session answers, statement by statement (golden.py's lines)."""

    async def run() -> list[list[str]]:
        runner = ScriptRunner(open_mode)
        return [await runner.run("a", statement) for statement in statements]

    return asyncio.run(run())


def last(*statements: str) -> str:
    """The last row, or the error, of the last statement."""
    lines = answers(*statements)[-1]
    return lines[-2] if len(lines) > 1 and not lines[0].startswith("ERROR") else lines[0]


def timeouts(**expected: int) -> Callable[[str], bool]:
    """SET reaches the session's Timeouts, which tests/unit/postgres/test_wire_timeouts.py shows to end what they
    should."""

    def check(name: str) -> bool:
        run_time = RunTimeParameters("admin", lambda *_: None)
        run_time.set(name, "1500ms")
        reached = (
            all(getattr(run_time.timeouts, slot) == value for slot, value in expected.items())
            and run_time.timeouts.used
        )
        run_time.set(name, None)
        return reached and not any(getattr(run_time.timeouts, slot) for slot in expected)

    return check


def shows(statement: str, *expected: str, given: tuple[str, ...]) -> Callable[[str], bool]:
    """`statement` answers `expected` after SET to each of `given`."""

    def check(name: str) -> bool:
        return [last(f"SET {name} = '{value}'", statement) for value in given] == list(expected)

    return check


def reads_the_past(name: str) -> bool:
    """As far back as storage has come, and no further than is allowed; and not where something may be written."""

    async def run() -> list[str]:
        runner = ScriptRunner(True)
        for statement in ("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)"):
            await runner.run("a", statement)
        runner.cluster.reached = runner.cluster.clock.time
        await runner.run("a", "INSERT INTO t VALUES (2)")
        found = []
        for value in ("1h", "0"):
            await runner.run("a", f"SET {name} = '{value}'")
            for begin in ("BEGIN READ ONLY", "BEGIN"):
                await runner.run("a", begin)
                found.append((await runner.run("a", "SELECT count(*) FROM t"))[1])
                await runner.run("a", "COMMIT")
        return found

    return asyncio.run(run()) == ["1", "2", "2", "2"]


EFFECTS: dict[str, Callable[[str], bool]] = {
    "client_encoding": lambda name: answers("SET client_encoding = 'SQL_ASCII'", "SET client_encoding = 'WIN1252'")[1][
        0
    ].startswith("ERROR 0A000"),
    "application_name": shows(
        "SELECT application_name FROM pg_stat_activity", "psql", "\\xc3\\xa4", given=("psql", "ä")
    ),
    "datestyle": shows("SELECT '02/01/2024'::date", "02/01/2024", "2024-01-02", given=("SQL, MDY", "ISO, DMY")),
    "intervalstyle": shows("SELECT interval '1 day'", "P1D", "@ 1 day", given=("iso_8601", "postgres_verbose")),
    "timezone": shows("SELECT '2024-01-01 00:00+00'::timestamptz", "2024-01-01 01:00:00+01", given=("Europe/Berlin",)),
    "default_transaction_read_only": lambda name: last(
        "CREATE TABLE t (id int PRIMARY KEY)", f"SET {name} = on", "INSERT INTO t VALUES (1)"
    ).startswith("ERROR 25006"),
    "transaction_read_only": lambda name: last(
        "CREATE TABLE t (id int PRIMARY KEY)", "BEGIN", f"SET {name} = on", "INSERT INTO t VALUES (1)"
    ).startswith("ERROR 25006"),
    "search_path": lambda name: last("CREATE SCHEMA s", f"SET {name} = s", "SELECT current_schema()") == "s",
    "extra_float_digits": shows("SELECT 0.1::float8 + 0.2::float8", "0.3", "0.30000000000000004", given=("0", "3")),
    "bytea_output": shows("SELECT '\\x00'::bytea", "\\000", "\\x00", given=("escape", "hex")),
    "statement_timeout": timeouts(statement_ms=1500),
    "idle_in_transaction_session_timeout": timeouts(idle_in_transaction_ms=1500),
    "idle_session_timeout": timeouts(idle_ms=1500),
    "transaction_timeout": timeouts(transaction_ms=1500),
    "eagleray.max_staleness": reads_the_past,
    "role": lambda name: last("CREATE ROLE r", f"SET {name} = r", "SELECT current_user") == "r",
    "session_authorization": lambda name: last("CREATE ROLE r", f"SET {name} = r", "SELECT session_user") == "r",
    "client_min_messages": lambda name: (
        answers("COMMIT") == [["WARNING: there is no transaction in progress", "COMMIT"]]
        and answers(f"SET {name} = error", "COMMIT")[1] == ["COMMIT"]
    ),
}
OTHERS = {
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "transaction_isolation": "read committed",
    "tcp_keepalives_idle": "10",
    "default_tablespace": "fast",
    "default_table_access_method": "columnar",
    "default_toast_compression": "lz4",
    "quote_all_identifiers": "on",
    "backslash_quote": "off",
    "array_nulls": "off",
    "jit": "on",
    "lc_messages": "de_DE",
    "lc_monetary": "de_DE",
    "lc_numeric": "de_DE",
    "lc_time": "de_DE",
    "timezone_abbreviations": "Australia",
    "default_text_search_config": "pg_catalog.english",
    "track_activities": "off",
    "password_encryption": "md5",
}
"""Fixed parameters, each with a value that is not its one."""
PROOFS_THAT_MOOT = {
    "transaction_deferrable": ("BEGIN ISOLATION LEVEL SERIALIZABLE", "ERROR 0A000"),
    "default_transaction_deferrable": ("BEGIN ISOLATION LEVEL SERIALIZABLE", "ERROR 0A000"),
    "check_function_bodies": ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'x'", "ERROR 42704"),
    "row_security": ("CREATE POLICY p ON t", "ERROR 0A000"),
    "xmloption": ("SELECT '<a/>'::xml", "ERROR 0A000"),
    "escape_string_warning": ("SET standard_conforming_strings = off", "ERROR 0A000"),
    "synchronous_commit": ("SHOW synchronous_commit", "on"),
    "lock_timeout": ("LOCK TABLE t", "ERROR 0A000"),
}
"""What the parameter would bear upon cannot be; synchronous_commit only ever allows less than what is done: a commit is
durable in two AZs."""


def settable(use: str) -> list[str]:
    return [name for name, definition in DEFINITIONS.items() if definition.use == use]


def test_each_parameter_is_named_once() -> None:
    assert sorted(EFFECTS) == sorted(settable(HONOURED))
    assert sorted(OTHERS) == sorted(settable(FIXED))
    assert sorted(PROOFS_THAT_MOOT) == sorted(settable(MOOT))
    uses = {definition.use for definition in DEFINITIONS.values()}
    assert uses == {HONOURED, FIXED, MOOT, ADVICE, INTERNAL}


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_its_effect_is_seen(name: str) -> None:
    assert EFFECTS[name](name)


@pytest.mark.parametrize("name", sorted(OTHERS))
@pytest.mark.parametrize("dsql", [False, True])
def test_its_one_behaviour_is_accepted_and_no_other(name: str, dsql: bool) -> None:
    run_time = RunTimeParameters("admin", lambda *_: None, dsql=dsql)
    definition = DEFINITIONS[name]
    for value in definition.values or (definition.default,):
        run_time.set(name, value)
    with pytest.raises(DatabaseError) as refused:
        run_time.set(name, OTHERS[name])
    assert refused.value.sqlstate == "0A000"


@pytest.mark.parametrize("name", sorted(PROOFS_THAT_MOOT))
def test_there_is_nothing_that_it_could_change(name: str) -> None:
    statement, expected = PROOFS_THAT_MOOT[name]
    assert last(statement).startswith(expected)
    run_time = RunTimeParameters("admin", lambda *_: None, dsql=name != "lock_timeout")
    kind = DEFINITIONS[name].kind
    for value in kind.split("|") if "|" in kind else ("0", "5000") if kind == "milliseconds" else ("on", "off"):
        run_time.set(name, value)


def test_nothing_waits_for_a_lock() -> None:
    """A row that another transaction has locked, and one that it has changed: both are read and written at once. Who
    commits second is told then."""

    async def run() -> list[list[str]]:
        runner = ScriptRunner(True)
        script = """
            a: CREATE TABLE t (id int PRIMARY KEY, n int)
            a: INSERT INTO t VALUES (1, 0), (2, 0)
            a: BEGIN
            a: UPDATE t SET n = 1 WHERE id = 1
            a: SELECT n FROM t WHERE id = 2 FOR UPDATE
            b: SET lock_timeout = '1ms'
            b: BEGIN
            b: UPDATE t SET n = 2 WHERE id = 1
            b: SELECT n FROM t WHERE id = 2 FOR UPDATE
            a: COMMIT
            b: COMMIT
            b: SHOW lock_timeout
        """
        return [await runner.run(*line.strip().split(": ", 1)) for line in script.strip().split("\n")]

    answered = asyncio.run(run())
    assert [lines[-1] for lines in answered[5:10]] == ["SET", "BEGIN", "UPDATE 1", "SELECT 1", "COMMIT"]
    assert answered[10][0].startswith("ERROR 40001") and answered[11][1] == "1ms"


def other_value(definition: Definition) -> str:
    if definition.kind == "bool":
        return "off"
    if definition.kind == "integer":
        return str(int(definition.default) + 1)
    return definition.kind.split("|")[-1] if "|" in definition.kind else "1GB"


@pytest.mark.parametrize("name", settable(ADVICE))
def test_advice_says_that_it_has_no_effect(name: str) -> None:
    notices: list[str] = []
    definition = DEFINITIONS[name]
    run_time = RunTimeParameters("admin", lambda *_: None, on_notice=notices.append)
    run_time.set(name, definition.default)
    assert notices == []
    run_time.set(name, other_value(definition))
    assert notices == [f'parameter "{definition.name}" has no effect here']
    strict = RunTimeParameters("admin", lambda *_: None, dsql=True)
    if definition.dsql:
        strict.set(name, other_value(definition))
    else:
        with pytest.raises(DatabaseError, match="not supported"):
            strict.set(name, other_value(definition))


@pytest.mark.parametrize("name", settable(INTERNAL))
def test_what_is_read_only(name: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        RunTimeParameters("admin", lambda *_: None).set(name, DEFINITIONS[name].default)
    assert refused.value.sqlstate == "55P02"


@pytest.mark.parametrize(
    "options",
    [
        {"client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "Europe/Berlin", "extra_float_digits": "2"},  # JDBC
        {"client_encoding": "'utf-8'".strip("'"), "application_name": "psql"},
        {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "IntervalStyle": "iso_8601"},
        {
            "standard_conforming_strings": "on",
            "client_min_messages": "warning",
            "bytea_output": "hex",
            "row_security": "on",
        },
        {
            "default_transaction_isolation": "repeatable read",
            "default_transaction_read_only": "off",
            "search_path": "public",
        },
        {"jit": "off", "statement_timeout": "0", "lock_timeout": "0"},
    ],
)
def test_what_drivers_send_when_they_connect(options: dict[str, str]) -> None:
    RunTimeParameters("admin", lambda *_: None, dsql=True).start(options)


def test_dsql_mode_refuses_timeouts_at_start_up_too() -> None:
    with pytest.raises(DatabaseError, match='setting configuration parameter "statement_timeout" not supported'):
        RunTimeParameters("admin", lambda *_: None, dsql=True).start({"statement_timeout": "300"})


def test_what_a_zone_shows_finds_it_again() -> None:
    for text in (
        "UTC",
        "utc",
        "GMT",
        "Europe/Berlin",
        "america/new_york",
        "+3",
        "-3.5",
        "0",
        "+02:00",
        "02:00",
        "<+05:30>-05:30",
        "UTC+3",
        "EST5EDT",
    ):
        found = find_zone(text)
        assert found is not None and find_zone(found[0]) is not None, text
        again = find_zone(found[0])
        assert again is not None and again[1] == found[1]
    assert [find_zone(text) for text in ("", "Z", "nowhere", "Europe", "../etc/passwd", "25", "+99:00", "1e3")] == [
        None
    ] * 8


def test_styles_go_with_the_zone_and_come_back() -> None:
    run_time = RunTimeParameters("admin", lambda *_: None)
    plain = run_time.zone
    run_time.set("DateStyle", "German", in_block=True)
    run_time.set("TimeZone", "Europe/Berlin", local=True, in_block=True)
    assert style_of(run_time.zone).date == "German" and str(run_time.zone.utcoffset(None)) != "0:00:00"
    run_time.end_block(False)
    assert run_time.zone is plain
