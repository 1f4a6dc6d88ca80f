"""A real cluster whose shards are parted and joined by hand while clients write and read, and a process with a parent
and its children in it is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from actors.reading.bulk import part_batches
from actors.reading.plan import ReadPlan
from tests.cluster.test_moving_ranges import AFTER_MOVE, KEYS, Writers
from tests.conftest import LiveCluster, eagleray, eagleray_here

CUT = 20


def shards(cluster: LiveCluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    return eagleray("shards", *arguments[:1], "--data", str(cluster.data), *arguments[1:])


class Reader:
    """Adds all rows up in one snapshot after the other: none is missing or doubled, and no sum is below the one
    before."""

    def __init__(self, url: str) -> None:
        self.wrong: list[str] = []
        self.errors: list[str] = []
        self.snapshots = 0
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)

    def _read(self) -> None:
        last = 0
        with psycopg.connect(self._url, autocommit=True) as client:
            while not self._ended.is_set():
                try:
                    rows = client.execute("SELECT k, v FROM moving").fetchall()
                    again = client.execute("SELECT count(*), sum(v) FROM moving").fetchone()
                except psycopg.Error as error:
                    self.errors.append(error.sqlstate or str(error))
                    continue
                total = sum(v for _, v in rows)
                if (
                    sorted(k for k, _ in rows) != list(range(KEYS))
                    or again is None
                    or again[0] != KEYS
                    or not last <= total <= again[1]
                ):
                    self.wrong.append(f"{len(rows)} rows, {last} <= {total} <= {again}")
                last = again[1] if again is not None else last
                self.snapshots += 1


def until_new(cluster: LiveCluster, az: str) -> int:
    """The process in this zone, once replicas of new shards run there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status = cluster.status()
        new = {f"storage/{row['shard']}/{az}" for row in status["shards"] if row["state"] == "new"}
        pids = {actor["pid"] for actor in status["actors"] if actor["name"] in new and actor["state"] == "running"}
        if new and pids:
            return int(pids.pop())
        if not new and any(row["shard"] > 2 for row in status["shards"]):
            break  # it was faster than a look at it: whoever is there is killed then
    return next(
        int(actor["pid"])
        for actor in cluster.status()["actors"]
        if actor["name"].startswith("storage/") and actor["az"] == az
    )


def test_shards_are_parted_and_joined_under_load_and_a_death(live_cluster: LiveCluster) -> None:
    with psycopg.connect(live_cluster.url, autocommit=True) as client:
        client.execute("CREATE TABLE moving (k int PRIMARY KEY, v int NOT NULL)")
        client.cursor().executemany("INSERT INTO moving VALUES (%s, 0)", [(key,) for key in range(KEYS)])
        plan = ReadPlan.of_text((client.execute("EXPLAIN (PARTS) SELECT k FROM moving").fetchone() or ("",))[0])
        before = live_cluster.status()["shards"]
        shard = before[-1]["shard"]
        with Writers(live_cluster.url) as writers, Reader(live_cluster.url) as reader:
            writers.wait(AFTER_MOVE)
            parting = threading.Thread(
                target=lambda: done.append(
                    shards(live_cluster, "split", "--at", str(CUT), "--type", "int4", str(shard))
                )
            )
            done: list[subprocess.CompletedProcess[str]] = []
            parting.start()
            os.kill(until_new(live_cluster, "c"), signal.SIGKILL)
            parting.join(120)
            assert done and done[0].returncode == 0, done
            writers.wait(AFTER_MOVE)
            children = [row["shard"] for row in live_cluster.status()["shards"]][-2:]
            joined = shards(live_cluster, "merge", *map(str, children))
            assert joined.returncode == 0, joined.stderr
            writers.wait(AFTER_MOVE)
        assert reader.wrong == [] and reader.snapshots > 0
        assert set(writers.errors + reader.errors) <= {"40001", "08006", "08007"}
        unknown = writers.errors.count("08007") + writers.errors.count("08006")
        total, count = client.execute("SELECT sum(v), count(*) FROM moving").fetchone() or (0, 0)
        assert count == KEYS and writers.commits <= total <= writers.commits + 2 * unknown
        batches = [batch for number in range(len(plan.parts)) for batch in part_batches(plan, number)]
        found = sorted(key for batch in batches for key in batch.column(0).to_pylist())
        assert found == list(range(KEYS)), "a reader that was told nothing finds the new shards"
        client.execute("DROP TABLE moving")
    after = live_cluster.status()["shards"]
    assert [(row["spans"], len(row["replicas"]), row["state"]) for row in after] == [
        (row["spans"], len(row["replicas"]), row["state"]) for row in before
    ]
    gone = [
        path
        for path in (live_cluster.data / "roles" / "storage").glob("*")
        if int(path.name) not in {row["shard"] for row in after}
    ]
    assert not [file for path in gone for az in "ab" for file in (path / az).rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("split", "77"), "there is no shard 77"),
        (("split", "--at", "xyz", "1"), "no row of hexadecimal digits"),
        (("split", "--type", "int4", "1"), "--at, which is not given"),
        (("split", "--at", "ff", "1"), "the cut does not lie inside of shard 1"),
        (("merge", "1", "1"), "named once each"),
        (("move", "77"), "there is no shard 77"),
    ],
)
def test_what_makes_no_sense_is_refused(live_cluster: LiveCluster, arguments: tuple[str, ...], message: str) -> None:
    done = eagleray_here("shards", *arguments[:1], "--data", str(live_cluster.data), *arguments[1:])
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr
