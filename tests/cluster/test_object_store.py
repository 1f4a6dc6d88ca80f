"""A cluster whose checkpoints lie in S3, too: what comes back when every storage disk is lost, and what happens when
the store refuses."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from actors.runtime.object_store import open_objects
from cluster import leftovers
from tests.cluster.s3_server import CREDENTIALS, S3Server
from tests.conftest import LiveCluster, discard, eagleray, free_port, make_cluster

ROWS = 40_000
BATCH_ROWS = 1000
AWAIT_S_MAX = 60.0
SETTINGS = """
[layout]
placement = "az"
adjudicators = 1
shards = 1
query_processors = 1

[limits]
transaction_age_s = 2

[journaling]
segment_bytes = 65536

[storing]
checkpoint_idle_s = 0.5
memtable_bytes_max = 200000
object_store = "{uri}"
object_store_journal_s = 0.5
"""


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        with S3Server() as server:
            yield server


@pytest.fixture(scope="module")
def stored(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    cluster = make_cluster("open")
    cluster.config = settings(tmp_path_factory.mktemp("stored"), server.uri("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        discard(cluster)


def settings(folder: Path, uri: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(SETTINGS.format(uri=uri))
    return path


def await_true(condition: Callable[[], Any], what: str, seconds: float = AWAIT_S_MAX) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def accounts(cluster: LiveCluster) -> list[dict[str, Any]]:
    """What storage replicas tell of the store."""
    return [actor["object_store"] for actor in cluster.status()["actors"] if actor["layer"] == "storage"]


def journals_bytes(cluster: LiveCluster) -> int:
    return max(actor["load"]["bytes"] for actor in cluster.status()["actors"] if actor["name"].startswith("journal/1/"))


@pytest.mark.timeout(240)
def test_every_row_is_there_after_all_storage_disks_are_lost(stored: LiveCluster) -> None:
    with psycopg.connect(stored.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE stock (id int PRIMARY KEY, what text)")
        batches = iter(range(10_000))

        def load(rows: int) -> None:
            first = next(batches) * ROWS
            with connection.cursor().copy("COPY stock FROM STDIN") as copy:
                copy.write("".join(f"{first + number}\t{'x' * 80}\n" for number in range(rows)))

        load(ROWS)
        full = journals_bytes(stored)
        assert full > ROWS * 80

        def trimmed() -> bool:
            """Journals let go of the first rows, once they are in the store, while others come."""
            load(BATCH_ROWS)
            return journals_bytes(stored) < full / 2

        await_true(trimmed, "the journals are kept")
        [(rows,)] = connection.execute("SELECT count(*) FROM stock").fetchall()
    assert stored.stop().returncode == 0
    lost = sorted(stored.data.glob("roles/storage/*"))
    assert len(lost) == 1
    for folder in lost:
        shutil.rmtree(folder)
    stored.start()
    with psycopg.connect(stored.url, autocommit=True) as connection:
        assert rows > ROWS
        assert connection.execute("SELECT count(*), count(DISTINCT id) FROM stock").fetchone() == (rows, rows)
        assert connection.execute("SELECT what FROM stock WHERE id = 7").fetchone() == ("x" * 80,)
    logs = "".join(path.read_text() for path in stored.data.glob("logs/az-*.log"))
    assert "opened from the object store" in logs


@pytest.mark.timeout(240)
def test_a_store_that_is_away_delays_no_commit_and_status_says_so(stored: LiveCluster, server: S3Server) -> None:
    server.stop()
    with psycopg.connect(stored.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE away (id int PRIMARY KEY, what text)")
        numbers = iter(range(10**6))

        def insert() -> None:
            """As much as is sent at once to a replica that nobody reads."""
            connection.execute("INSERT INTO away VALUES (%s, repeat('x', 70000))", [next(numbers)])

        def told() -> bool:
            insert()
            return any("refused" in account for account in accounts(stored))

        await_true(told, "status says nothing")
        shown = eagleray("status", "--data", str(stored.data)).stdout
        assert "object store: since " in shown and "the object store refuses" in shown
        server.start()  # what was there is gone: all of it is uploaded again

        def uploaded() -> bool:
            """Once whose turn it is has its next checkpoint, for which others' rows come."""
            insert()
            return all(account["stored"] and "refused" not in account for account in accounts(stored))

        await_true(uploaded, "nothing is uploaded again")
        [(rows,)] = connection.execute("SELECT count(*) FROM away").fetchall()
        assert rows == next(numbers)


def test_what_refuses_at_up_is_one_line_and_nothing_is_left(server: S3Server, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()[1]
        cases = {
            f"s3://bucket/x?endpoint_override=127.0.0.1:{closed}&scheme=http&region=us-east-1": "could not connect",
            server.uri("x").replace("s3://eagleray", "s3://nobucket"): "bucket",
            f"file://{tmp_path / 'file'}/below": "file exists",
            "s3://key:secret@bucket/x": "credentials do not belong here",
            "ftp://host/x": "expected file:///folder",
        }
        (tmp_path / "file").touch()
        data = tmp_path / "data"
        for uri, expected in cases.items():
            up = eagleray(
                "up",
                "--detach",
                "--data",
                str(data),
                "--port",
                str(free_port()),
                "--config",
                str(settings(tmp_path, uri)),
            )
            assert up.returncode != 0 and up.stderr.count("\n") == 1, up.stderr
            assert "object_store" in up.stderr and expected in up.stderr.lower(), up.stderr
            assert "secret" not in up.stderr
            assert not data.exists(), "nothing half made"
            await_true(lambda: not leftovers.find(data), "a process is left")


def test_an_upload_that_breaks_off_leaves_nothing(server: S3Server) -> None:
    objects = open_objects(server.uri("broken"))

    def breaks_off() -> Iterator[bytes]:
        yield b"half"
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        objects.write("a/b", breaks_off())
    assert objects.list("") == []
    objects.write("a/b", iter([b"one", b"two"]))
    assert objects.read("a/b", 0, -1) == b"onetwo" and objects.read("a/b", 2, 2) == b"et"
    assert [(found.key, found.size) for found in objects.list("a/")] == [("a/b", 6)]


@pytest.mark.timeout(300)
def test_a_cluster_comes_back_from_the_store_alone(server: S3Server, tmp_path: Path) -> None:
    """Every disk is lost: what was committed before the store's moment is there, and nothing of what came later;
    sessions of the new cluster commit, and it may be lost likewise."""
    (tmp_path / "first").mkdir()
    lost, uri = make_cluster("open"), server.uri("lost")
    lost.config = settings(tmp_path / "first", uri)
    try:
        lost.start()
        with psycopg.connect(lost.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE ledger (id int PRIMARY KEY, what text)")
            job = connection.execute("CREATE INDEX ASYNC ON ledger (what)").fetchone()
            assert connection.execute("SELECT sys.wait_for_job(%s)", job).fetchone() == (True,)
            for number in range(20):
                rows = "SELECT g, 'x' FROM generate_series(%s::int, %s::int) g"  # of smallints there are several
                connection.execute(f"INSERT INTO ledger {rows}", (number * 100, number * 100 + 99))
            await_true(lambda: any(account["stored"] for account in accounts(lost)), "no checkpoint is stored")
            connection.execute("INSERT INTO ledger VALUES (1000000, 'the last that counts')")
            counted = pieces(uri)
            connection.execute("INSERT INTO ledger VALUES (1000001, 'so that the moment passes it')")
            await_true(lambda: pieces(uri) > counted, "no piece is stored")
    finally:
        discard(lost)
    restored = make_cluster("open")
    try:
        done = eagleray("restore", uri, "--data", str(restored.data))
        assert done.returncode == 0 and "everything that was committed by" in done.stdout, done.stderr
        again = eagleray("restore", uri, "--data", str(restored.data))
        assert again.returncode != 0 and "holds a cluster already" in again.stderr
        restored.start()
        with psycopg.connect(restored.url, autocommit=True) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM ledger ORDER BY id").fetchall()]
            assert ids[:2001] == [*range(2000), 1000000] and set(ids[2001:]) <= {1000001}
            assert connection.execute("SELECT count(*) FROM ledger WHERE what = 'x'").fetchone() == (2000,)
            connection.execute("INSERT INTO ledger VALUES (3000000, 'after')")
        assert restored.stop().returncode == 0
        restored.start()
        with psycopg.connect(restored.url) as connection:
            assert connection.execute("SELECT what FROM ledger WHERE id = 3000000").fetchone() == ("after",)
    finally:
        discard(restored)
    refused = eagleray("restore", uri, "--data", str(tmp_path / "other"))
    assert refused.returncode != 0 and "name one" in refused.stderr, "the store has both"


def pieces(uri: str) -> int:
    """Of journal 1, in the only cluster there."""
    return sum("/journals/1/" in f"/{found.key}" for found in open_objects(uri).list(""))
