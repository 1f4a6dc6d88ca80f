"""Privileges between query processors, under concurrency and on the hot path. What is allowed at all is in
tests/scripts/roles."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.parked_session import decode_session, encode_session
from actors.postgres.scram import Verifier
from actors.query_processor.authentication.catalog_roles import CatalogRoles
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from actors.query_processor.session.identity import NOBODY_OID
from actors.query_processor.session.parking import park, restore
from actors.sql.catalog.roles import ADMIN_OID
from tests.unit.query_processor.support.client import OPEN, Client
from tests.unit.query_processor.support.cluster import FakeCluster, run


class Processors:
    """Query processors of one cluster, each with a catalog cache and plans of its own."""

    def __init__(self, count: int) -> None:
        self.cluster = FakeCluster(OPEN)
        self.services = [SessionServices(self.cluster.context, make_plan, make_environment) for _ in range(count)]

    def client(self, number: int, user: str = "admin") -> Client:
        services = self.services[number]
        cluster = self.cluster
        cluster.catalogs, cluster.storage, cluster.services = services.catalogs, services.storage, services.transactions
        client = Client(cluster, services, user=user)
        run(client.session.begin())
        return client


def two_processors() -> tuple[Processors, Client, Client]:
    """Processors, admin at the first, app at the second."""
    processors = Processors(2)
    admin = processors.client(0)
    admin.query("CREATE ROLE app LOGIN")
    admin.query("CREATE TABLE t (id int PRIMARY KEY, n int)")
    admin.query("INSERT INTO t VALUES (1, 10)")
    return processors, admin, processors.client(1, "app")


def test_what_one_processor_grants_and_revokes_counts_at_another() -> None:
    _, admin, app = two_processors()
    assert app.code("SELECT n FROM t WHERE id = 1") == "42501"
    admin.query("GRANT SELECT ON t TO app")
    assert app.rows("SELECT n FROM t WHERE id = 1") == [(10,)]
    app.query("PREPARE p AS SELECT n FROM t WHERE id = 1")
    assert app.rows("EXECUTE p") == [(10,)]
    admin.query("REVOKE SELECT ON t FROM app")
    assert app.code("EXECUTE p") == app.code("SELECT n FROM t WHERE id = 1") == "42501"


def test_a_write_under_a_privilege_that_is_revoked_meanwhile_does_not_commit() -> None:
    _, admin, app = two_processors()
    admin.query("GRANT INSERT ON t TO app")
    app.query("BEGIN")
    app.query("INSERT INTO t VALUES (2, 20)")
    admin.query("REVOKE INSERT ON t FROM app")
    assert app.code("COMMIT") == "40001"
    assert app.code("INSERT INTO t VALUES (2, 20)") == "42501" and admin.rows("SELECT * FROM t") == [(1, 10)]


def test_sessions_of_several_roles_share_a_plan_and_not_its_permission() -> None:
    processors, admin, _ = two_processors()
    admin.query("CREATE ROLE other LOGIN")
    admin.query("GRANT SELECT ON t TO app")
    clients = {user: processors.client(0, user) for user in ("admin", "app", "other")}
    for _ in range(2):
        assert clients["app"].rows("SELECT n FROM t WHERE id = 1") == [(10,)]
        assert clients["other"].code("SELECT n FROM t WHERE id = 1") == "42501"
        assert clients["admin"].rows("SELECT n FROM t WHERE id = 1") == [(10,)]


def test_a_role_is_not_dropped_while_something_is_granted_to_it() -> None:
    processors, admin, _ = two_processors()
    other = processors.client(0)
    admin.query("BEGIN")
    admin.query("GRANT SELECT ON t TO app")
    other.query("DROP ROLE app")
    assert admin.code("COMMIT") == "40001"
    other.query("CREATE ROLE app LOGIN")
    admin.query("BEGIN")
    admin.query("DROP ROLE app")
    other.query("GRANT SELECT ON t TO app")
    assert admin.code("COMMIT") == "40001" and other.code("DROP ROLE app") == "2BP01"


def test_two_creations_of_one_name_conflict() -> None:
    processors, admin, _ = two_processors()
    other = processors.client(0)
    admin.query("BEGIN")
    admin.query("CREATE ROLE twin")
    other.query("CREATE ROLE twin")
    assert admin.code("COMMIT") == "40001" and admin.code("CREATE ROLE twin") == "42710"


def test_a_parked_session_goes_on_as_who_it_was() -> None:
    processors, admin, app = two_processors()
    admin.query("CREATE ROLE staff")
    admin.query("GRANT staff TO app")
    app.query("SET ROLE staff")
    data = encode_session(park(app.session, None, (7, b"1234")))
    assert data is not None
    parked = decode_session(data)
    assert parked is not None
    resumed = Client(processors.cluster, processors.services[1], user="app")
    assert resumed.session.role == NOBODY_OID, "nobody before it is known who"
    restore(resumed.session, parked)
    assert resumed.rows("SELECT current_user, session_user") == [("staff", "app")]
    assert (
        resumed.session.role not in (ADMIN_OID, NOBODY_OID) and resumed.code("SELECT n FROM t WHERE id = 1") == "42501"
    )
    resumed.query("RESET ROLE")
    admin.query("GRANT SELECT ON t TO app")
    assert resumed.rows("SELECT n FROM t WHERE id = 1") == [(10,)]


def test_a_session_from_before_there_were_roles_has_nobodys_rights() -> None:
    processors, _, app = two_processors()
    parked = park(app.session, None, (7, b"1234"))
    resumed = Client(processors.cluster, processors.services[1], user="app")
    restore(resumed.session, type(parked)(process=7, secret=b"", user="app", database="postgres"))
    assert resumed.session.role == NOBODY_OID and resumed.code("SELECT n FROM t WHERE id = 1") == "42501"


def calls_of(client: Client, sql: str) -> list[str]:
    """The files of the functions that are called while a prepared statement runs once more."""
    session = client.session
    prepared = run(session.prepare(sql, [23]))

    async def once() -> None:
        await session.bind(prepared, [1]).run()
        await session.sync()

    files: list[str] = []
    for _ in range(3):
        run(once())

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            files.append(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        run(once())
    finally:
        sys.setprofile(None)
    return files


def test_a_point_read_asks_nobody_for_privileges() -> None:
    _, admin, app = two_processors()
    admin.query("GRANT SELECT ON t TO app")
    ours, theirs = (calls_of(client, "SELECT n FROM t WHERE id = $1") for client in (admin, app))
    for files in (ours, theirs):
        assert not [
            file for file in files if file.endswith(("catalog/privileges.py", "permissions.py", "catalog/roles.py"))
        ]
    assert len(theirs) == len(ours)


def test_who_a_token_or_a_password_lets_in() -> None:
    processors, admin, _ = two_processors()
    roles, arn = CatalogRoles(processors.services[1]), "arn:aws:iam::111122223333:role/example"
    assert run(roles.may_log_in("app")) and run(roles.may_log_in("admin")) and not run(roles.may_log_in("unknown"))
    assert not run(roles.is_mapped(arn, "app")) and run(roles.verifier("app")) == ""
    admin.query(f"AWS IAM GRANT app TO '{arn}'")
    admin.query("ALTER ROLE app PASSWORD 'secret'")
    assert (
        run(roles.is_mapped(arn, "app"))
        and not run(roles.is_mapped(arn, "admin"))
        and not run(roles.is_mapped(arn + "2", "app"))
    )
    assert Verifier.parse(run(roles.verifier("app"))).known
    admin.query("ALTER ROLE app VALID UNTIL '1960-01-01 00:00+00'")
    assert run(roles.verifier("app")) == "", "a password whose time has passed"
    admin.query("ALTER ROLE app VALID UNTIL 'infinity'")
    assert run(roles.verifier("app")) and admin.code("ALTER ROLE app VALID UNTIL 'soon'") == "22007"
    admin.query("ALTER ROLE app NOLOGIN")
    assert (
        not run(roles.may_log_in("app")) and not run(roles.is_mapped(arn, "app")) and run(roles.verifier("app")) == ""
    )
    admin.query("ALTER ROLE app LOGIN")
    admin.query(f"AWS IAM REVOKE app FROM '{arn}'")
    assert run(roles.may_log_in("app")) and not run(roles.is_mapped(arn, "app"))


@pytest.mark.parametrize("user", ["app", "unknown"])
def test_who_may_not_log_in(user: str) -> None:
    processors, admin, _ = two_processors()
    admin.query("ALTER ROLE app NOLOGIN")
    with pytest.raises(DatabaseError) as refused:
        processors.client(1, user)
    assert refused.value.sqlstate == "28000"
