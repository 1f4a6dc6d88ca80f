"""A cluster that asks for tokens: keys that come and go while it runs and through what dies, and Aurora DSQL's own
connectors, unchanged.

The connectors look the cluster's name up; here it is this machine's (psycopg: `hostaddr`; asyncpg: the look-up of the
test's process).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aurora_dsql_asyncpg
import aurora_dsql_psycopg
import boto3
import psycopg
import pytest
from aurora_dsql_sqlalchemy import create_dsql_engine
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from cluster import leftovers
from tests.conftest import LiveCluster, discard, eagleray, eagleray_here, make_cluster

HOST = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
DENIED = "unable to accept connection, access denied"


class TokenCluster:
    def __init__(self, cluster: LiveCluster) -> None:
        self.live = cluster
        self.ca = str(cluster.data / "tls" / "ca.pem")
        self.place: dict[str, Any] = {
            "host": HOST,
            "port": cluster.port,
            "sslmode": "verify-full",
            "sslrootcert": self.ca,
        }

    def add_key(self, *arguments: str) -> dict[str, str]:
        """Of the environment: boto3's."""
        done = eagleray("key", "add", "--data", str(self.live.data), *arguments)
        assert done.returncode == 0, done.stderr
        return dict(re.findall(r"^(AWS_\w+)=(.+)$", done.stdout, re.MULTILINE))

    def connect(self, password: str, **other: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(
            **{
                **self.place,
                "hostaddr": "127.0.0.1",
                "user": "admin",
                "dbname": "postgres",
                "password": password,
                **other,
            }
        )

    def refusal(self, password: str, **other: Any) -> str:
        with pytest.raises(psycopg.OperationalError) as told:
            self.connect(password, **other)
        return str(told.value)

    def token(self, *arguments: str) -> str:
        done = eagleray_here("token", "--data", str(self.live.data), "--host", HOST, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def kill(self, layer: str) -> None:
        for pid in {actor["pid"] for actor in self.live.status()["actors"] if actor["layer"] == layer}:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenCluster]:
    live = make_cluster("dsql")
    live.config = tmp_path_factory.mktemp("settings") / "settings.toml"
    live.config.write_text(f'[authentication]\nmethod = "tokens"\nhosts = ["{HOST}", "localhost"]\n')
    try:
        notes = live.start()
        assert "certificate authority: " in notes and "there is no access key yet: eagleray key add" in notes
        assert eagleray("sql", "-c", "select 1", "--data", str(live.data)).stderr.startswith(
            "eagleray: no access key lets admin in"
        )
        yield TokenCluster(live)
    finally:
        discard(live)


@pytest.fixture(scope="module")
def pair(cluster: TokenCluster) -> dict[str, str]:
    return cluster.add_key()


@pytest.fixture
def as_aws(pair: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Where AWS's own tools look for a key."""
    for name, value in {
        **pair,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    return pair


def test_boto3s_tokens(cluster: TokenCluster, as_aws: dict[str, str]) -> None:
    client = boto3.client("dsql", region_name="us-east-1")
    with cluster.connect(client.generate_db_connect_admin_auth_token(HOST, "us-east-1")) as connection:
        assert connection.execute("select current_user").fetchone() == ("admin",)
    assert DENIED in cluster.refusal(client.generate_db_connect_auth_token(HOST, "us-east-1"))
    assert DENIED in cluster.refusal(client.generate_db_connect_admin_auth_token("example.org", "us-east-1"))
    assert "SSL is required" in cluster.refusal("x", sslmode="disable")


def test_the_python_connector(cluster: TokenCluster, as_aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with aurora_dsql_psycopg.connect(**cluster.place, hostaddr="127.0.0.1") as connection:
        assert connection.execute("select current_user").fetchone() == ("admin",)
    with aurora_dsql_psycopg.connect(**cluster.place, hostaddr="127.0.0.1", sslnegotiation="direct") as connection:
        assert connection.execute("select 2").fetchone() == (2,)
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *other, **more: look_up("127.0.0.1" if name == HOST else name, *other, **more),
    )
    trusting = ssl.create_default_context(cafile=cluster.ca)

    async def by_asyncpg() -> None:
        connection = await aurora_dsql_asyncpg.connect(host=HOST, port=cluster.live.port, ssl=trusting)
        assert await connection.fetchval("select current_user") == "admin"
        await connection.close()

    asyncio.run(by_asyncpg())


class Base(DeclarativeBase):
    pass


class Pet(Base):
    __tablename__ = "pet"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]


def test_the_sqlalchemy_adapter(cluster: TokenCluster, as_aws: dict[str, str]) -> None:
    engine = create_dsql_engine(
        HOST, "admin", sslrootcert=cluster.ca, connect_args={"hostaddr": "127.0.0.1", "port": cluster.live.port}
    )
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Pet(name="rex"), Pet(name="ada")])
        session.commit()
        assert sorted(session.scalars(select(Pet.name))) == ["ada", "rex"]
    engine.dispose()


def test_our_own_commands(cluster: TokenCluster, pair: dict[str, str]) -> None:
    data = str(cluster.live.data)
    done = eagleray("sql", "-c", "select current_user", "--data", data)
    assert done.returncode == 0 and "admin" in done.stdout, done.stderr
    with cluster.connect(cluster.token("--expires", "60")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert cluster.live.status()["certificate_authority"] == cluster.ca
    listed = eagleray("key", "list", "--data", data).stdout
    assert pair["AWS_ACCESS_KEY_ID"] in listed and pair["AWS_SECRET_ACCESS_KEY"] not in listed
    missing = eagleray("token", "--data", data, "--user", "nobody")
    assert missing.returncode == 1 and missing.stderr.startswith("eagleray: there is no access key that lets nobody in")


def test_roles_and_identities(cluster: TokenCluster, pair: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By AWS IAM GRANT, from the next connection on and for as long as it counts; and by a key that belongs to a
    role."""
    arn = "arn:aws:iam::123456789012:role/shop"
    identity, other, own = (
        cluster.add_key("--arn", arn),
        cluster.add_key("--arn", f"{arn}s"),
        cluster.add_key("--user", "shop"),
    )

    def enter(key: dict[str, str], user: str = "shop") -> psycopg.Connection[Any]:
        return cluster.connect(cluster.token("--key", key["AWS_ACCESS_KEY_ID"], "--user", user), user=user)

    def refused(key: dict[str, str], user: str = "shop") -> bool:
        return DENIED in cluster.refusal(cluster.token("--key", key["AWS_ACCESS_KEY_ID"], "--user", user), user=user)

    with cluster.connect(cluster.token()) as admin:
        admin.autocommit = True
        assert refused(identity) and refused(own), "there is no such role"
        admin.execute("CREATE ROLE shop")
        admin.execute(f"AWS IAM GRANT shop TO '{arn}'")
        assert refused(identity) and refused(own), "it may not log in"
        admin.execute("ALTER ROLE shop LOGIN")
        for key in (identity, own):
            with enter(key) as connection:
                assert connection.execute("select current_user, session_user").fetchone() == ("shop", "shop")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("CREATE ROLE another")
        assert (
            refused(other)
            and refused(identity, "admin")
            and refused(own, "admin")
            and refused(pair)
            and refused(identity, "shops")
        )
        for name, value in identity.items():
            monkeypatch.setenv(name, value)
        with aurora_dsql_psycopg.connect(**cluster.place, hostaddr="127.0.0.1", user="shop") as connection:
            assert connection.execute("select current_user").fetchone() == ("shop",)
        admin.execute(f"AWS IAM REVOKE shop FROM '{arn}'")
        assert refused(identity)
        enter(own).close()
        admin.execute("ALTER ROLE shop NOLOGIN")
        assert refused(own)


def test_a_program_that_is_submitted_connects(cluster: TokenCluster, pair: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import eagleray\nwith eagleray.connect() as c:\n    print(c.execute('select current_user').fetchone()[0])\n"
    )
    done = eagleray("submit", "--data", str(cluster.live.data), str(program))
    assert done.returncode == 0 and done.stdout.strip() == "admin", done.stderr


def test_a_key_that_is_removed_lets_nobody_in(cluster: TokenCluster, pair: dict[str, str]) -> None:
    """At once, at every query processor; sessions that have begun go on."""
    own = cluster.add_key()["AWS_ACCESS_KEY_ID"]
    token = cluster.token("--key", own)
    held = [cluster.connect(token) for _ in range(4)]
    assert eagleray("key", "remove", own, "--data", str(cluster.live.data)).returncode == 0
    for _ in range(8):
        assert DENIED in cluster.refusal(token)
    for connection in held:
        assert connection.execute("select 1").fetchone() == (1,)
        connection.close()
    assert (
        eagleray("key", "remove", own, "--data", str(cluster.live.data)).stderr
        == f"eagleray: there is no access key {own}\n"
    )


def until_running(live: LiveCluster) -> None:
    end = time.monotonic() + 60
    while live.status()["state"] != "running":
        assert time.monotonic() < end, live.logs()
        threading.Event().wait(0.1)


@pytest.mark.parametrize("layer", ["query_processor", "controller"])
def test_keys_are_known_after_a_death(cluster: TokenCluster, pair: dict[str, str], layer: str) -> None:
    cluster.kill(layer)
    until_running(cluster.live)
    added = cluster.add_key()["AWS_ACCESS_KEY_ID"]
    for key in (pair["AWS_ACCESS_KEY_ID"], added):
        for _ in range(3):
            cluster.connect(cluster.token("--key", key)).close()
    assert eagleray("key", "remove", added, "--data", str(cluster.live.data)).returncode == 0
    assert DENIED in cluster.refusal(cluster.token("--key", pair["AWS_ACCESS_KEY_ID"])[:-1] + "g")


def test_no_secret_is_where_others_could_see_it(cluster: TokenCluster, pair: dict[str, str]) -> None:
    secret, token = pair["AWS_SECRET_ACCESS_KEY"].encode(), cluster.token()
    cluster.connect(token).close()
    data = cluster.live.data
    assert not [
        path
        for path in data.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o077 and "ray" not in path.parts
    ]
    holders = {
        path.name
        for path in data.rglob("*")
        if path.is_file() and not path.is_symlink() and secret in path.read_bytes()
    }
    assert holders == {"access_keys.json"}
    for path in (data / "logs").glob("*.log"):
        assert b"X-Amz-Signature" not in path.read_bytes()
    for process in leftovers.find(data):
        for name in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{process}/{name}").read_bytes()


def test_it_is_remembered(cluster: TokenCluster, pair: dict[str, str]) -> None:
    """Without the settings file: the method, the keys, the certificate's authority."""
    authority = Path(cluster.ca).read_text()
    cluster.live.stop()
    cluster.live.config = None
    notes = cluster.live.start()
    assert "WARNING" not in notes and "clients show tokens" in notes and Path(cluster.ca).read_text() == authority
    cluster.connect(cluster.token("--key", pair["AWS_ACCESS_KEY_ID"])).close()
    assert DENIED in cluster.refusal("password")
