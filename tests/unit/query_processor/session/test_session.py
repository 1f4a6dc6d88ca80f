"""Sessions: transaction blocks, errors in them, parameters, named statements and cursors, COPY, plans kept and made
again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Commit
from actors.sql.results import CopyIn, CopyOut
from actors.sql.types.column_type import ColumnType
from tests.unit.query_processor.support.client import OPEN, Client, connect, make_services
from tests.unit.query_processor.support.cluster import FakeCluster, run


@pytest.fixture
def client() -> Client:
    client = connect()
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    return client


def commits(client: Client) -> int:
    return sum(isinstance(message, Commit) for _, message in client.cluster.bus.sent)


def test_an_implicit_transaction_commits_at_its_end(client: Client) -> None:
    before = commits(client)
    assert client.tag("INSERT INTO t VALUES (1, 'a'), (2, 'b')") == "INSERT 0 2"
    assert commits(client) == before + 1 and client.session.status == "I"
    assert client.rows("SELECT name, id FROM t") == [("a", 1), ("b", 2)]


def test_a_block_commits_at_commit(client: Client) -> None:
    other = Client(client.cluster, client.session.services)
    assert [batch.tag for batch in client.query("BEGIN; INSERT INTO t VALUES (1, 'a')")] == ["BEGIN", "INSERT 0 1"]
    assert client.session.status == "T"
    assert client.rows("SELECT id FROM t") == [(1,)] and other.rows("SELECT id FROM t") == []
    assert client.tag("END") == "COMMIT" and client.session.status == "I"
    assert other.rows("SELECT id FROM t") == [(1,)]


def test_nothing_is_committed_for_clients_that_are_told_their_end(client: Client) -> None:
    client.query("BEGIN; INSERT INTO t VALUES (1, 'a')")
    before = commits(client)
    client.session.services.silenced, client.session.commit_untold = True, False
    assert client.code("COMMIT") == "57P01" and client.code("INSERT INTO t VALUES (2, 'b')") == "57P01"
    assert client.code("DROP TABLE t") == "57P01"
    assert commits(client) == before and not client.session.committing and not client.session.commit_untold


def test_a_commit_is_untold_until_somebody_tells_it(client: Client) -> None:
    session = client.session
    session.commit_untold = False
    client.query("SELECT 1")
    assert not session.commit_untold, "nothing was written"
    client.query("INSERT INTO t VALUES (1, 'a')")
    assert session.commit_untold


def test_rollback_forgets(client: Client) -> None:
    client.query("START TRANSACTION; INSERT INTO t VALUES (1, 'a'); ROLLBACK")
    assert client.rows("SELECT id FROM t") == []


def test_an_error_fails_the_block(client: Client) -> None:
    client.query("BEGIN")
    client.query("INSERT INTO t VALUES (1, 'a')")
    assert client.code("SELECT x FROM nowhere") == "42P01"
    assert client.session.status == "E"
    assert client.code("SELECT 1") == "25P02" and client.code("BEGIN") == "25P02"
    with pytest.raises(DatabaseError, match="current transaction is aborted"):
        client.execute("SELECT 1")
    assert client.tag("COMMIT") == "ROLLBACK" and client.session.status == "I"
    assert client.rows("SELECT id FROM t") == []


def test_an_error_at_commit_ends_the_block(client: Client) -> None:
    other = Client(client.cluster, client.session.services)
    client.query("INSERT INTO t VALUES (1, 'a')")
    client.query("BEGIN; UPDATE t SET name = 'mine'")
    other.query("UPDATE t SET name = 'theirs'")
    error = client.error("COMMIT")
    assert error.sqlstate == "40001" and "(OC000)" in error.message and client.session.status == "I"
    assert client.rows("SELECT name FROM t") == [("theirs",)]


def test_rows_that_are_taken_back_count_no_more() -> None:
    client = connect(replace(OPEN, limits=replace(OPEN.limits, transaction_rows_max=2)))
    client.query("CREATE TABLE t (id int PRIMARY KEY)")
    client.query("BEGIN")
    client.query("SAVEPOINT a")
    client.query("INSERT INTO t VALUES (1), (2)")
    assert client.code("INSERT INTO t VALUES (3)") == "54000"
    client.query("ROLLBACK TO a")
    client.query("INSERT INTO t VALUES (4), (5)")
    client.query("COMMIT")


def test_warnings(client: Client) -> None:
    client.query("COMMIT")
    client.query("ROLLBACK")
    client.query("BEGIN; BEGIN")
    assert [notice[1] for notice in client.notices] == ["25P01", "25P01", "25001"]
    assert client.notices[0] == ("WARNING", "25P01", "there is no transaction in progress")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "0A000"),
        ("BEGIN ISOLATION LEVEL READ COMMITTED", "0A000"),
        ("SAVEPOINT s", "0A000"),
        ("SET ROLE somebody", "22023"),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE", "0A000"),
        ("PREPARE TRANSACTION 'x'", "0A000"),
        ("LOCK TABLE t", "0A000"),
        ("LISTEN x", "0A000"),
        ("COMMIT AND CHAIN", "25P01"),
        ("SELEC 1", "42601"),
        ("DECLARE c CURSOR FOR SELECT 1", "25P01"),
        ("EXECUTE nothing", "26000"),
        ("FETCH c", "34000"),
        ("SET nothing = 1", "42704"),
        ("SHOW nothing", "42704"),
        ("SET server_version = '1'", "55P02"),
        ("SET timezone = 'Nowhere/City'", "22023"),
        ("SET default_transaction_isolation = 'serializable'", "0A000"),
        ("COPY t FROM '/etc/passwd'", "0A000"),
        ("COPY nowhere FROM STDIN", "42P01"),
        ("COPY t (nothing) FROM STDIN", "42703"),
        ("COPY t FROM STDIN (FORMAT xml)", "22023"),
    ],
)
def test_refused(client: Client, sql: str, code: str) -> None:
    assert client.code(sql) == code
    assert client.session.status == "I"


def test_repeatable_read_is_accepted_and_read_only_holds() -> None:
    client = connect(OPEN)
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    assert client.rows("SHOW transaction_read_only") == [("on",)]
    error = client.error("INSERT INTO t VALUES (1, 'a')")
    assert (error.sqlstate, error.message) == ("25006", "cannot execute INSERT in a read-only transaction")
    client.query("ROLLBACK; BEGIN; SET TRANSACTION READ ONLY")
    assert client.code("CREATE TABLE u (a int)") == "25006"
    client.query("ROLLBACK; BEGIN READ ONLY; SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1, 'a'); ROLLBACK")
    client.query("BEGIN READ ONLY; SELECT id FROM t")
    assert client.code("SET TRANSACTION READ WRITE") == "25001"
    client.query("ROLLBACK; BEGIN")
    assert client.code("SET TRANSACTION SNAPSHOT 'x'") == "0A000"
    client.query("ROLLBACK; SET default_transaction_read_only = on")
    assert client.code("INSERT INTO t VALUES (1, 'a')") == "25006"


def test_chain(client: Client) -> None:
    client.query("BEGIN READ ONLY")
    assert client.tag("COMMIT AND CHAIN") == "COMMIT"
    assert client.session.status == "T" and client.code("INSERT INTO t VALUES (1, 'a')") == "25006"


def test_start_ts_is_taken_by_the_first_statement(client: Client) -> None:
    other = Client(client.cluster, client.session.services)
    client.query("BEGIN")
    other.query("INSERT INTO t VALUES (1, 'a')")
    assert client.rows("SELECT id FROM t") == [(1,)]
    other.query("INSERT INTO t VALUES (2, 'b')")
    assert client.rows("SELECT id FROM t") == [(1,)]


# -- parameters --------------------------------------------------------------------------------------------------------


def test_set_show_reset(client: Client) -> None:
    assert client.rows("SHOW server_version")[0][0].startswith("16")
    client.query("SET TimeZone TO 'Europe/Berlin'")
    assert client.rows("SHOW timezone") == [("Europe/Berlin",)] and client.told[-1] == ("TimeZone", "Europe/Berlin")
    prepared = run(client.session.prepare("SHOW timezone"))
    assert prepared.fields is not None and prepared.fields[0].name == "TimeZone"
    assert client.tag("RESET timezone") == "RESET" and client.rows("SHOW timezone") == [("UTC",)]
    client.query("SET extra_float_digits = 3; SET my.own = 'x'; SET search_path = \"Odd\", b")
    assert client.rows("SHOW extra_float_digits") == [("3",)] and client.rows("SHOW my.own") == [("x",)]
    assert client.rows("SHOW search_path") == [('"Odd", b',)]
    assert client.session.run_time.search_path == ("Odd", "b")
    assert ("transaction_isolation", "repeatable read", "") in client.rows("SHOW ALL")
    assert client.tag("DISCARD ALL") == "DISCARD ALL" and client.rows("SHOW search_path") == [('"$user", public',)]


def test_set_follows_the_transaction(client: Client) -> None:
    client.query("SET application_name = 'a'")
    client.query("BEGIN; SET application_name = 'b'; ROLLBACK")
    assert client.rows("SHOW application_name") == [("a",)]
    client.query("BEGIN; SET LOCAL application_name = 'c'")
    assert client.rows("SHOW application_name") == [("c",)]
    client.query("COMMIT")
    assert client.rows("SHOW application_name") == [("a",)]
    client.query("BEGIN; SET application_name = 'd'; COMMIT")
    assert client.rows("SHOW application_name") == [("d",)]
    assert client.told == [("application_name", name) for name in "abacad"]


def test_start_up_options() -> None:
    client = connect(options={"application_name": "psql", "search_path": "s"})
    assert client.session.parameters["application_name"] == "psql"
    client.query("SET application_name = 'x'; RESET application_name")
    assert client.rows("SHOW application_name") == [("psql",)]
    with pytest.raises(DatabaseError, match="unrecognized configuration parameter"):
        connect(options={"nothing": "1"})


# -- statements and plans ----------------------------------------------------------------------------------------------


def test_statements_that_differ_in_literals_share_a_plan(client: Client) -> None:
    planner: Any = client.session.services.statements._planner
    client.query("INSERT INTO t VALUES (1, 'it''s')")
    plans = planner.plans
    client.query("INSERT INTO t VALUES (-2, 'b')")
    client.query("INSERT INTO t VALUES (3, '')")
    assert planner.plans == plans
    assert client.rows("SELECT id, name FROM t") == [(-2, "b"), (1, "it's"), (3, "")]


def test_a_plan_is_made_again_when_the_catalog_changes(client: Client) -> None:
    other = Client(client.cluster, make_services(client.cluster))
    prepared = run(client.session.prepare("INSERT INTO t VALUES ($1, $2)"))
    assert prepared.parameter_types == [ColumnType("int4"), ColumnType("text")]
    run(client.session.bind(prepared, [1, "a"]).run())
    run(client.session.sync())
    other.query("CREATE TABLE u (a int)")
    run(client.session.bind(prepared, [2, "b"]).run())
    run(client.session.sync())
    assert client.rows("SELECT id FROM t") == [(1,), (2,)]
    assert client.rows("SELECT a FROM u") == [], "a name that this process's catalog does not know is looked up"


def test_a_changed_result_is_refused(client: Client) -> None:
    prepared = run(client.session.prepare("SELECT name FROM t"))
    client.query("DROP TABLE t")
    client.query("CREATE TABLE t (name int)")
    with pytest.raises(DatabaseError, match="cached plan must not change result type"):
        run(client.session.bind(prepared).run())


def test_a_stale_catalog_is_reloaded_before_anything_is_seen(client: Client) -> None:
    other = Client(client.cluster, make_services(client.cluster))
    other.query("ALTER TABLE t ADD COLUMN more int")
    prepared = run(client.session.prepare("SELECT id FROM t"))
    client.query("BEGIN")
    assert client.rows("SELECT id FROM t") == []
    assert client.session.transaction is not None and client.session.transaction.verified
    assert len(client.session.transaction.catalog.table(None, "t").columns) == 3
    assert prepared.fields is not None


def test_a_blind_write_under_a_stale_catalog_is_oc001(client: Client) -> None:
    other = Client(client.cluster, make_services(client.cluster))
    client.query("BEGIN; INSERT INTO t VALUES (1, 'a')")
    other.query("ALTER TABLE t ADD COLUMN more int")
    error = client.error("COMMIT")
    assert error.sqlstate == "40001" and "(OC001)" in error.message


def test_who_only_writes_is_refused_once_for_a_stale_catalog(client: Client) -> None:
    """No read tells this query processor of the other one's change: the refusal must."""
    other = Client(client.cluster, make_services(client.cluster))
    client.query("INSERT INTO t VALUES (1, 'a')")
    other.query("ALTER TABLE t ADD COLUMN more int")
    assert "(OC001)" in client.error("INSERT INTO t VALUES (2, 'b')").message
    client.query("INSERT INTO t (id, name) VALUES (3, 'c')")
    assert other.rows("SELECT id, more FROM t ORDER BY id") == [(1, None), (3, None)]


def test_prepare_execute_deallocate(client: Client) -> None:
    client.query("PREPARE ins (int, text) AS INSERT INTO t VALUES ($1, $2)")
    assert client.tag("EXECUTE ins(7, 'x')") == "INSERT 0 1"
    assert client.code("PREPARE ins AS SELECT 1") == "42P05" and client.code("EXECUTE ins(1)") == "42601"
    assert client.tag("DEALLOCATE ins") == "DEALLOCATE" and client.code("DEALLOCATE ins") == "26000"
    assert client.tag("DEALLOCATE ALL") == "DEALLOCATE ALL"
    assert client.rows("SELECT id, name FROM t") == [(7, "x")]


def test_cursors(client: Client) -> None:
    client.query("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    client.query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM t")
    [batch] = client.query("FETCH 2 FROM c")
    assert (batch.rows, batch.tag) == ([(1,), (2,)], "FETCH 2")
    assert client.rows("FETCH ALL c") == [(3,)] and client.tag("FETCH c") == "FETCH 0"
    assert client.tag("CLOSE c") == "CLOSE CURSOR"
    assert client.code("FETCH c") == "34000"


def test_portals_give_rows_in_parts(client: Client) -> None:
    client.query("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    portal = client.session.bind(run(client.session.prepare("SELECT id FROM t")))
    first, second, third = (run(portal.run(2)) for _ in range(3))
    assert (first.rows, first.done) == ([(1,), (2,)], False)
    assert (second.rows, second.done, second.tag) == ([(3,)], True, "SELECT 1")
    assert (third.rows, third.done) == ([], True)


def test_explain(client: Client) -> None:
    assert client.rows("EXPLAIN SELECT id FROM t") == [("Tiny SELECT",), ("did not run",)]
    assert client.rows("EXPLAIN (ANALYZE, SUMMARY OFF) INSERT INTO t VALUES (1, 'a')") == [("Tiny INSERT",), ("ran",)]
    assert client.rows("SELECT id FROM t") == [(1,)]


def test_copy(client: Client) -> None:
    session = client.session
    portal = session.bind(run(session.prepare("COPY t (name, id) FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';')")))
    assert isinstance(portal.copy, CopyIn) and portal.copy.columns == ("name", "id")
    assert (portal.copy.options.format, portal.copy.options.header, portal.copy.options.delimiter) == (
        "csv",
        "true",
        ";",
    )
    run(portal.copy_rows([("a", 1), ("b", 2)]))
    run(portal.copy_rows([(None, 3)]))
    assert run(portal.copy_end()) == "COPY 3"
    run(session.sync())
    portal = session.bind(run(session.prepare("COPY t TO STDOUT")))
    assert isinstance(portal.copy, CopyOut) and portal.copy.options.null == "\\N"
    batch = run(portal.run())
    assert (batch.rows, batch.tag) == ([(1, "a"), (2, "b"), (3, None)], "COPY 3")
    with pytest.raises(DatabaseError, match="COPY from stdin failed: no more"):
        session.bind(run(session.prepare("COPY t FROM STDIN"))).copy_fail("no more")


def test_empty_statements_and_many_at_once(client: Client) -> None:
    assert client.query("") == [] and client.query(" ; ") == []
    assert client.execute("").tag == ""
    with pytest.raises(DatabaseError, match="cannot insert multiple commands into a prepared statement"):
        client.execute("SELECT 1; SELECT 2")


def test_statements_after_an_error_in_one_query_are_not_run(client: Client) -> None:
    assert client.code("INSERT INTO t VALUES (1, 'a'); SELECT x FROM t") == "42703"
    assert client.rows("SELECT id FROM t") == []


def test_open_cluster_has_the_same_blocks() -> None:
    client = connect(OPEN)
    assert [batch.tag for batch in client.query("BEGIN; COMMIT")] == ["BEGIN", "COMMIT"]
    assert isinstance(client.cluster, FakeCluster)
