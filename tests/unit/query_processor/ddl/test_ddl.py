"""DDL: what it makes of the catalog, its errors, index contents after a backfill, DSQL's rules and what open mode
lifts."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.errors import DatabaseError, conflict
from actors.common.messages import Commit
from actors.query_processor.ddl.change import keyspace_range
from actors.sql.catalog.schema import INVALID, IndexColumn, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types.column_type import ColumnType
from tests.unit.query_processor.support.client import OPEN, Client, connect, make_services


def catalog_of(client: Client) -> Catalog:
    client.rows("SELECT 1")
    from tests.unit.query_processor.support.cluster import run

    return run(client.session.services.catalogs.load(client.cluster.clock.now().latest))  # type: ignore[no-any-return]


def table(client: Client, name: str, schema: str | None = None) -> Table:
    return catalog_of(client).on_path(("public",)).table(schema, name)  # type: ignore[no-any-return]


def entries(client: Client, of: Table, index: int) -> list[bytes]:
    start, _ = keyspace_range(of.id, index)
    return client.cluster.keys(client.cluster.clock.now().latest, start)


@pytest.fixture
def client() -> Client:
    return connect()


@pytest.fixture
def open_client() -> Client:
    return connect(OPEN)


def test_create_table_makes_every_part(client: Client) -> None:
    assert (
        client.tag(
            "CREATE TABLE t (id int, email varchar(20) UNIQUE, n numeric(10,2) DEFAULT 1, at timestamptz(3) NOT NULL,"
            " PRIMARY KEY (id, at), CHECK (n > 0), CONSTRAINT two UNIQUE (n, email))"
        )
        == "CREATE TABLE"
    )
    made = table(client, "t")
    assert [(column.name, column.type, column.not_null, column.default) for column in made.columns] == [
        ("id", ColumnType("int4"), True, None),
        ("email", ColumnType("varchar", 24), False, None),
        ("n", ColumnType("numeric", (10 << 16 | 2) + 4), False, "1"),
        ("at", ColumnType("timestamptz", 3), True, None),
    ]
    assert (made.primary.name, made.primary.columns) == ("t_pkey", (IndexColumn(0), IndexColumn(3)))
    assert [(index.id, index.name, index.unique, index.constraint) for index in made.indexes] == [
        (2, "t_email_key", True, True),
        (3, "two", True, True),
    ]
    assert [(check.name, check.expression) for check in made.checks] == [("t_n_check", "n > 0")]
    oids = [made.id, made.primary.oid, *(index.oid for index in made.indexes)]
    assert len(set(oids)) == 4 and min(oids) >= 16384


def test_a_table_without_a_key_gets_a_hidden_one(client: Client) -> None:
    client.query("CREATE TABLE t (a int)")
    assert table(client, "t").primary.columns == ()


@pytest.mark.parametrize(
    ("sql", "code", "message"),
    [
        ("CREATE TABLE t (a int)", "42P07", 'relation "t" already exists'),
        ("CREATE TABLE u (a int, a int)", "42701", 'column "a" specified more than once'),
        (
            "CREATE TABLE u (a int PRIMARY KEY, b int PRIMARY KEY)",
            "42P16",
            'multiple primary keys for table "u" are not allowed',
        ),
        ("CREATE TABLE u (a int, PRIMARY KEY (b))", "42703", 'column "b" named in key does not exist'),
        ("CREATE TABLE u (a int, UNIQUE (a, a))", "42701", 'column "a" appears twice in unique constraint'),
        ("CREATE TABLE u (a nosuch)", "42704", 'type "nosuch" does not exist'),
        ("CREATE TABLE u (a serial)", "42704", 'type "serial" does not exist'),
        ("CREATE TABLE u (a int[])", "0A000", "datatype int4[] not supported"),
        ("CREATE TABLE u (a varchar(0))", "22023", "length for type varchar must be at least 1"),
        ("CREATE TEMP TABLE u (a int)", "0A000", "temporary tables are not supported"),
        ("CREATE TABLE nowhere.u (a int)", "3F000", 'schema "nowhere" does not exist'),
        ("CREATE TABLE pg_catalog.u (a int)", "42501", "permission denied for schema pg_catalog"),
        ("DROP TABLE u", "42P01", 'table "u" does not exist'),
        ("DROP TABLE t_pkey", "42809", '"t_pkey" is not a table'),
        ("DROP INDEX t_pkey", "2BP01", "cannot drop index t_pkey because constraint t_pkey on table t requires it"),
        ("DROP INDEX nothing", "42704", 'index "nothing" does not exist'),
        ("CREATE INDEX ASYNC ON t (nothing)", "42703", 'column "nothing" does not exist'),
        ("CREATE INDEX ASYNC ON t ((now()))", "42P17", "functions in index expression must be marked IMMUTABLE"),
        ("CREATE INDEX ASYNC t ON t (id)", "42P07", 'relation "t" already exists'),
        ("CREATE SCHEMA public", "42P06", 'schema "public" already exists'),
        ("CREATE SCHEMA pg_own", "42939", 'unacceptable schema name "pg_own"'),
        ("DROP SCHEMA nothing", "3F000", 'schema "nothing" does not exist'),
        ("ALTER TABLE t ADD COLUMN id int", "42701", 'column "id" of relation "t" already exists'),
        ("ALTER TABLE t DROP COLUMN nothing", "42703", 'column "nothing" of relation "t" does not exist'),
        ("ALTER TABLE nothing ADD COLUMN a int", "42P01", 'relation "nothing" does not exist'),
        ("ALTER TABLE t RENAME id TO name", "42701", 'column "name" of relation "t" already exists'),
        ("ALTER TABLE t RENAME TO t_pkey", "42P07", 'relation "t_pkey" already exists'),
        ("TRUNCATE t", "0A000", "unsupported statement: Truncate"),
        ("VACUUM", "0A000", "unsupported statement: Vacuum"),
        ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (name)", "0A000", "unsupported ALTER TABLE ADD CONSTRAINT statement"),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL", "0A000", "ALTER TABLE ADD COLUMN with constraints not supported"),
    ],
)
def test_errors(client: Client, sql: str, code: str, message: str) -> None:
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    before = table(client, "t")
    error = client.error(sql)
    assert (error.sqlstate, error.message) == (code, message)
    assert table(client, "t") == before and client.session.status == "I"


def test_if_exists_and_if_not_exists_notice(client: Client) -> None:
    client.query("CREATE TABLE t (a int)")
    client.query("CREATE TABLE IF NOT EXISTS t (b text)")
    client.query("DROP TABLE IF EXISTS nothing, t")
    client.query("DROP INDEX IF EXISTS nothing")
    client.query("CREATE SCHEMA IF NOT EXISTS public")
    assert [notice[2] for notice in client.notices] == [
        'relation "t" already exists, skipping',
        'table "nothing" does not exist, skipping',
        'index "nothing" does not exist, skipping',
        'schema "public" already exists, skipping',
    ]
    assert client.code("SELECT a FROM t") == "42P01"


def test_drop_table_drops_rows_and_gives_its_names_back(client: Client) -> None:
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE)")
    client.query("INSERT INTO t VALUES (1, 'a')")
    old = table(client, "t")
    client.query("DROP TABLE t")
    assert entries(client, old, old.primary.id) == []
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE)")
    assert table(client, "t").id != old.id and client.rows("SELECT id FROM t") == []


@pytest.mark.parametrize("spelling", ["CREATE INDEX ASYNC", "-- c\n create index async"])
def test_an_index_is_filled(client: Client, spelling: str) -> None:
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    client.query("INSERT INTO t VALUES (1, 'b'), (2, 'a'), (3, NULL), (4, 'a')")
    assert client.tag(f"{spelling} ON t (name)") == "CREATE INDEX"
    made = table(client, "t")
    [index] = made.indexes
    assert (index.name, index.unique) == ("t_name_idx", False)
    found = entries(client, made, index.id)
    assert len(found) == 4
    at = client.cluster.clock.now().latest
    rows = [client.cluster.value(key, at) for key in found]
    assert sorted(rows, key=lambda row: row or b"") == entries(client, made, made.primary.id)
    client.query("DROP INDEX t_name_idx")
    assert entries(client, made, index.id) == [] and table(client, "t").indexes == ()


def test_a_unique_index_over_duplicates_fails(client: Client) -> None:
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    client.query("INSERT INTO t VALUES (1, 'a'), (2, NULL), (3, NULL)")
    client.query("CREATE UNIQUE INDEX ASYNC one ON t (name)")
    client.query("INSERT INTO t VALUES (4, 'a')")
    client.query("CREATE UNIQUE INDEX ASYNC two ON t (name)")
    client.query("CREATE UNIQUE INDEX ASYNC three ON t (name) NULLS NOT DISTINCT")
    made = table(client, "t")
    assert [(index.name, index.state) for index in made.indexes] == [("one", ""), ("two", INVALID), ("three", INVALID)]
    assert not any(entries(client, made, index.id) for index in made.indexes[1:])
    assert [job.status for job in catalog_of(client).jobs()] == ["completed", "failed", "failed"]
    assert catalog_of(client).jobs()[1].details == 'could not create unique index "two": Key (name)=(a) is duplicated.'
    client.query("INSERT INTO t VALUES (6, 'a')")
    client.query("DROP INDEX two")
    assert [index.name for index in table(client, "t").indexes] == ["one", "three"]


def test_a_unique_index_fails_at_once_without_async(open_client: Client) -> None:
    open_client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    open_client.query("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    error = open_client.error("CREATE UNIQUE INDEX two ON t (name)")
    assert (error.sqlstate, error.message) == ("23505", 'could not create unique index "two"')
    assert error.detail == "Key (name)=(a) is duplicated."


def test_a_build_is_tried_again_when_it_conflicts(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    client.cluster.bus.failures["adjudicator/1"] = [conflict(), conflict()]
    client.query("CREATE INDEX i ON t (name)")
    [message, *_] = [message for _, message in reversed(client.cluster.bus.sent) if isinstance(message, Commit)]
    made = table(client, "t")
    assert message.exclusive == [made.id] == message.schema_changes
    client.cluster.bus.failures["adjudicator/1"] = [conflict()] * 100
    assert client.code("CREATE INDEX j ON t (name)") == "40001"


def test_two_creations_of_one_name_conflict(client: Client) -> None:
    other = Client(client.cluster, make_services(client.cluster))
    other.query("CREATE TABLE warm_up (a int)")
    client.query("BEGIN; CREATE TABLE t (a int)")
    other.query("CREATE TABLE t (b int)")
    assert client.code("COMMIT") == "40001"
    assert table(client, "t").columns[0].name == "b"


def test_dsql_rules(client: Client) -> None:
    client.query("CREATE TABLE t (a int)")
    client.query("BEGIN; CREATE TABLE u (a int)")
    assert client.error("CREATE TABLE v (a int)").message == "multiple ddl statements not supported in a transaction"
    client.query("ROLLBACK; BEGIN; CREATE TABLE u (a int)")
    assert client.error("INSERT INTO t VALUES (1)").message == "ddl and dml are not supported in the same transaction"
    client.query("ROLLBACK; BEGIN; INSERT INTO t VALUES (1)")
    assert client.error("CREATE TABLE u (a int)").message == "ddl and dml are not supported in the same transaction"
    client.query("ROLLBACK")
    assert client.code("SELECT a FROM u") == "42P01"


def test_ddl_in_a_block_is_seen_there_only_until_the_commit(open_client: Client) -> None:
    client = open_client
    other = Client(client.cluster, make_services(client.cluster))
    client.query(
        "BEGIN; CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b int; CREATE "
        "TABLE u (a int)"
    )
    assert client.rows("SELECT a, b FROM t") == [(1, None)] and other.code("SELECT a FROM t") == "42P01"
    client.query("COMMIT")
    assert client.rows("SELECT a, b FROM t") == [(1, None)] == other.rows("SELECT a, b FROM t")
    client.query("BEGIN; DROP TABLE t")
    assert client.code("SELECT a FROM t") == "42P01"
    client.query("ROLLBACK")
    assert client.rows("SELECT a FROM t") == [(1,)]


def test_what_pgbench_does_to_set_up(open_client: Client) -> None:
    from tests.unit.query_processor.support.cluster import run

    client = open_client
    client.query("drop table if exists pgbench_accounts, pgbench_branches")
    client.query(
        "create table pgbench_accounts(aid int not null,bid int,abalance int,filler char(84)) with (fillfactor=100)"
    )
    client.query("create table pgbench_branches(bid int not null,bbalance int,filler char(88)) with (fillfactor=100)")
    client.query("insert into pgbench_accounts(aid,bid) values (99,1)")
    client.query("begin")
    assert client.tag("truncate table pgbench_accounts, pgbench_branches") == "TRUNCATE TABLE"
    portal = client.session.bind(run(client.session.prepare("copy pgbench_accounts from stdin with (freeze on)")))
    run(portal.copy_rows([(number, 1, 0, "") for number in range(1, 1001)]))
    assert run(portal.copy_end()) == "COPY 1000"
    run(client.session.sync())
    client.query("commit")
    assert client.tag("vacuum analyze pgbench_accounts") == "VACUUM"
    client.query("alter table pgbench_accounts add primary key (aid)")
    client.query("alter table pgbench_branches add primary key (bid)")
    made = table(client, "pgbench_accounts")
    assert made.primary.name == "pgbench_accounts_pkey" and made.columns[0].not_null
    assert [row[0] for row in client.rows("select aid from pgbench_accounts")] == list(range(1, 1001))
    for index in range(1, made.primary.id):
        assert entries(client, made, index) == []
    assert client.code("alter table pgbench_accounts add primary key (bid)") == "42P16"


def test_add_primary_key_refuses_nulls_and_duplicates(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (a int, b int)")
    client.query("INSERT INTO t VALUES (1, 1), (1, NULL)")
    error = client.error("ALTER TABLE t ADD PRIMARY KEY (a)")
    assert (error.sqlstate, error.message) == ("23505", 'could not create unique index "t_pkey"')
    error = client.error("ALTER TABLE t ADD PRIMARY KEY (b)")
    assert (error.sqlstate, error.message) == ("23502", 'column "b" of relation "t" contains null values')


def test_add_primary_key_moves_secondary_indexes(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (a int, b text)")
    client.query("CREATE INDEX i ON t (b)")
    client.query("INSERT INTO t VALUES (2, 'x'), (1, 'y')")
    client.query("ALTER TABLE t ADD PRIMARY KEY (a)")
    made = table(client, "t")
    at = client.cluster.clock.now().latest
    pointers = {client.cluster.value(key, at) for key in entries(client, made, made.indexes[0].id)}
    assert pointers == set(entries(client, made, made.primary.id)) and len(pointers) == 2


def test_truncate_moves_to_fresh_keyspaces(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (a int PRIMARY KEY, b text UNIQUE)")
    client.query("INSERT INTO t VALUES (1, 'x')")
    client.query("BEGIN; INSERT INTO t VALUES (2, 'y'); TRUNCATE t; INSERT INTO t VALUES (3, 'z'); COMMIT")
    assert client.rows("SELECT a FROM t") == [(3,)]
    made = table(client, "t")
    assert (made.primary.id, made.indexes[0].id, made.next_index) == (3, 4, 5)


def test_columns_come_and_go(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (a int PRIMARY KEY, b text, c int CHECK (c > 0), UNIQUE (b))")
    client.query("INSERT INTO t VALUES (1, 'x', 1)")
    client.query("ALTER TABLE t ADD COLUMN d int DEFAULT 7 NOT NULL")
    assert client.rows("SELECT a, d FROM t") == [(1, 7)]
    client.query("ALTER TABLE t RENAME COLUMN c TO cc")
    assert [check.expression for check in table(client, "t").checks] == ["cc > 0"]
    client.query("ALTER TABLE t DROP COLUMN b, DROP COLUMN cc")
    made = table(client, "t")
    assert [column.name for column in made.live_columns()] == ["a", "d"] and made.indexes == () and made.checks == ()
    assert client.rows("SELECT a, d FROM t") == [(1, 7)]
    client.query("ALTER TABLE t ADD COLUMN b text")
    assert table(client, "t").columns[-1].position == 4
    assert client.code("ALTER TABLE t ALTER COLUMN b SET NOT NULL") == "23502"
    assert client.code("ALTER TABLE t DROP COLUMN a") == "0A000"
    client.query("ALTER TABLE t ALTER d SET DEFAULT 9, ALTER d DROP NOT NULL, ALTER b SET DEFAULT 'q'")
    assert [(column.default, column.not_null) for column in table(client, "t").live_columns()] == [
        (None, True),
        ("9", False),
        ("'q'", False),
    ]


def test_renames(open_client: Client) -> None:
    client = open_client
    client.query("CREATE SCHEMA s")
    client.query("CREATE TABLE t (a int PRIMARY KEY, b int)")
    client.query("CREATE INDEX i ON t (b)")
    client.query("ALTER TABLE t RENAME TO u")
    assert client.tag("ALTER INDEX i RENAME TO j") == "ALTER INDEX"
    client.query("ALTER TABLE u SET SCHEMA s")
    made = table(client, "u", "s")
    assert (made.primary.name, made.indexes[0].name) == ("t_pkey", "j")
    assert client.code("SELECT a FROM u") == "42P01"
    client.query("SET search_path = s")
    assert client.rows("SELECT a FROM u") == []
    client.query("CREATE TABLE t (a int)")
    assert table(client, "t", "s").schema == "s"


def test_schemas(client: Client) -> None:
    client.query("CREATE SCHEMA s")
    client.query("CREATE TABLE s.t (a int)")
    client.query("INSERT INTO s.t VALUES (1)")
    error = client.error("DROP SCHEMA s")
    assert error.sqlstate == "2BP01" and error.detail == "table s.t depends on schema s"
    client.query("DROP SCHEMA s CASCADE")
    assert client.code("SELECT a FROM s.t") == "42P01"
    assert client.code("DROP SCHEMA public") == "42501"


def test_nothing_is_created_in_a_schema_that_goes(client: Client) -> None:
    other = Client(client.cluster, client.session.services)
    client.query("CREATE SCHEMA s")
    client.query("BEGIN; CREATE TABLE s.t (a int)")
    other.query("DROP SCHEMA s")
    assert client.code("COMMIT") == "40001"
    client.query("CREATE SCHEMA s")
    client.query("BEGIN; DROP SCHEMA s")
    other.query("CREATE TABLE s.t (a int)")
    assert client.code("COMMIT") == "40001"


def test_ids_are_never_given_twice(client: Client) -> None:
    other = Client(client.cluster, make_services(client.cluster))
    oids: list[int] = []
    for number in range(60):
        who: Any = (client, other)[number % 2]
        who.query(f"CREATE TABLE t{number} (a int PRIMARY KEY, b int UNIQUE)")
    for number in range(60):
        made = table(client, f"t{number}")
        oids += [made.id, made.primary.oid, made.indexes[0].oid]
    assert len(set(oids)) == len(oids)


def test_constraints_are_added_and_dropped(open_client: Client) -> None:
    client = open_client
    client.query("CREATE TABLE t (a int PRIMARY KEY, b int)")
    client.query("ALTER TABLE t ADD CONSTRAINT u UNIQUE (b), ADD CONSTRAINT c CHECK (b > 0)")
    made = table(client, "t")
    assert [index.name for index in made.indexes] == ["u"] and [check.name for check in made.checks] == ["c"]
    assert client.code("ALTER TABLE t ADD CONSTRAINT c CHECK (b > 1)") == "42710"
    client.query("ALTER TABLE t DROP CONSTRAINT u, DROP CONSTRAINT c, DROP CONSTRAINT IF EXISTS nothing")
    made = table(client, "t")
    assert made.indexes == () and made.checks == ()
    with pytest.raises(DatabaseError, match='constraint "nothing" of relation "t" does not exist'):
        client.query("ALTER TABLE t DROP CONSTRAINT nothing")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("character varying(7)", ColumnType("varchar", 11)),
        ("char", ColumnType("bpchar", 5)),
        ("decimal", ColumnType("numeric")),
        ("numeric(5)", ColumnType("numeric", (5 << 16) + 4)),
        ("double precision", ColumnType("float8")),
        ("float(10)", ColumnType("float4")),
        ("time(9)", ColumnType("time", 6)),
        ("timestamp with time zone", ColumnType("timestamptz")),
        ("interval", ColumnType("interval")),
        ("interval(3)", ColumnType("interval", 0x7FFF << 16 | 3)),
        ("interval day to hour", ColumnType("interval", (1 << 3 | 1 << 10) << 16 | 0xFFFF)),
        ("boolean", ColumnType("bool")),
    ],
)
def test_declared_types(client: Client, declared: str, expected: ColumnType) -> None:
    client.query(f"CREATE TABLE t (a {declared})")
    assert table(client, "t").columns[0].type == expected
