"""A real cluster whose ranges move by hand while clients write: no error but 40001, and no row lost or doubled."""

from __future__ import annotations

import subprocess
import threading

import psycopg
import pytest

from tests.conftest import LiveCluster, eagleray, eagleray_here

KEYS = 40
WRITERS = 4
AFTER_MOVE = 60
"""Commits before the next move."""


def move(cluster: LiveCluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    return eagleray("ranges", "move", "--data", str(cluster.data), *arguments)


class Writers:
    """Each adds one to rows of its own and of all, one transaction each; `wanted` holds what was acknowledged."""

    def __init__(self, url: str) -> None:
        self.commits = 0
        self.errors: list[str] = []
        self._url = url
        self._ended = threading.Event()
        self._lock = threading.Condition()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, number: int) -> None:
        with psycopg.connect(self._url, autocommit=True) as client:
            step = number
            while not self._ended.is_set():
                step += WRITERS + 1
                try:
                    client.execute(
                        "UPDATE moving SET v = v + 1 WHERE k IN (%s, %s)", (step % KEYS, (step * 7 + 3) % KEYS)
                    )
                except psycopg.Error as error:
                    with self._lock:
                        self.errors.append(error.sqlstate or str(error))
                else:
                    with self._lock:
                        self.commits += 1 if step % KEYS == (step * 7 + 3) % KEYS else 2
                        self._lock.notify_all()

    def wait(self, commits: int) -> None:
        with self._lock:
            wanted = self.commits + commits
            assert self._lock.wait_for(lambda: self.commits >= wanted, 60), self.errors[-5:]


def test_a_range_moves_to_and_fro_under_load(live_cluster: LiveCluster) -> None:
    with psycopg.connect(live_cluster.url, autocommit=True) as client:
        client.execute("CREATE TABLE moving (k int PRIMARY KEY, v int NOT NULL)")
        client.cursor().executemany("INSERT INTO moving VALUES (%s, 0)", [(key,) for key in range(KEYS)])
        before = live_cluster.status()["ranges"]
        owner = before[-1]["adjudicator"]
        other = next(row["adjudicator"] for row in before if row["adjudicator"] != owner)
        with Writers(live_cluster.url) as writers:
            for target in (other, owner, other, owner):
                writers.wait(AFTER_MOVE)
                done = move(live_cluster, "--from", "20", "--type", "int4", str(target))
                assert done.returncode == 0, done.stderr
                row = next(
                    row for row in live_cluster.status()["ranges"] if row["low"] == "80000014" or not row["high"]
                )
                assert row["adjudicator"] == target and row["since"] > 0 and "to" not in row
            writers.wait(AFTER_MOVE)
        assert set(writers.errors) <= {"40001"}
        assert client.execute("SELECT sum(v), count(*) FROM moving").fetchone() == (writers.commits, KEYS)
        client.execute("DROP TABLE moving")
    after = live_cluster.status()["ranges"]
    assert [{**row, "since": 0} for row in after] == [{**row, "since": 0} for row in before], "as it was"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "20", "--type", "int4", "9"), "there is no adjudicator/9"),
        (("1",), "the range is of several adjudicators"),
        (("--from", "20", "--to", "10", "--type", "int4", "1"), "a range ends above its beginning"),
        (("--from", "xyz", "1"), "no row of hexadecimal digits"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(
    live_cluster: LiveCluster, arguments: tuple[str, ...], message: str
) -> None:
    done = eagleray_here("ranges", "move", "--data", str(live_cluster.data), *arguments)
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1
