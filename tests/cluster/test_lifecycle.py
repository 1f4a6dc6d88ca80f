"""A cluster's life as a person sees it: up, status, down, what goes wrong in one line, and that acknowledged rows
survive."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cluster import leftovers
from tests.conftest import LiveCluster, discard, eagleray, eagleray_here, free_port, make_cluster

PACKED = Path(__file__).resolve().parents[2] / "configs" / "packed.toml"
LAYERS = {
    "query_processor": 2,
    "adjudicator": 2,
    "journal": 9,
    "crossbar": 1,
    "storage": 6,
    "controller": 1,
    "gateway": 2,
}
"""journal: three replicas of each adjudicator's, and of the one that keeps the state of the cluster."""


@pytest.fixture(scope="module")
def own() -> Iterator[LiveCluster]:
    """A cluster that these tests may stop and kill, with DSQL's limits. It starts thrice, so it is of few processes."""
    cluster = make_cluster("dsql")
    try:
        cluster.start("--config", str(PACKED))
        yield cluster
    finally:
        discard(cluster)


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def test_status_shows_every_actor_of_every_layer(own: LiveCluster) -> None:
    asked = eagleray("status", "--json", "--data", str(own.data))
    assert asked.returncode == 0, asked.stderr
    status = json.loads(asked.stdout)
    assert status["state"] == "running" and status["url"] == own.url
    for layer, count in LAYERS.items():
        actors = [actor for actor in status["actors"] if actor["layer"] == layer]
        assert len(actors) == count, layer
        for actor in actors:
            assert {"name", "pid", "node", "az", "range", "epoch", "watermark"} <= actor.keys()
            os.kill(actor["pid"], 0)
    assert len({actor["az"] for actor in status["actors"] if actor["layer"] == "journal"}) == 3
    assert len({actor["node"] for actor in status["actors"] if actor["layer"] == "storage"}) == 3
    ranges = {actor["range"] for actor in status["actors"] if actor["layer"] == "adjudicator"}
    assert len(ranges) == 2
    shown = eagleray("status", "--data", str(own.data))
    assert shown.returncode == 0 and "adjudicator/2" in shown.stdout
    assert status["placement"] == {"kind": "az", "why": "the settings say so"}
    assert "placement: an actor an availability zone (the settings say so)\n" in re.sub(" +\n", "\n", shown.stdout)
    watched = eagleray("top", "--data", str(own.data))
    assert watched.returncode == 0 and watched.stderr == "" and "\x1b" not in watched.stdout
    assert (
        re.search(r"^query processor +2 .*statements/s", watched.stdout, re.MULTILINE)
        and "key ranges  2" in watched.stdout
    )


def test_what_goes_wrong_is_one_line(own: LiveCluster, tmp_path: Path) -> None:
    again = eagleray("up", "--detach", "--data", str(own.data))
    assert again.returncode != 0 and one_line(again.stderr) and "already running" in again.stderr
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        taken = eagleray("up", "--detach", "--data", str(tmp_path / "taken"), "--port", str(port))
    assert taken.returncode != 0 and one_line(taken.stderr) and str(port) in taken.stderr
    assert not (tmp_path / "taken").exists()
    file = tmp_path / "file"
    file.touch()
    unwritable = eagleray("up", "--detach", "--data", str(file / "data"), "--port", str(free_port()))
    assert unwritable.returncode != 0 and one_line(unwritable.stderr) and str(file) in unwritable.stderr
    nothing = eagleray_here("down", "--data", str(tmp_path / "nothing"))
    assert nothing.returncode != 0 and one_line(nothing.stderr)
    nowhere = eagleray_here("status", "--data", str(tmp_path / "nothing"))
    assert nowhere.returncode != 0 and one_line(nowhere.stderr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[layout]\nporrt = 1\n", ("layout.porrt", "line 2")),
        ('mode = "dsql"\n\n[layout]\nport = "x"\n', ("layout.port", "line 4")),
        ("mode = \n", ("line 1",)),
        ('mode = "fast"\n', ("mode", "line 1")),
    ],
)
def test_a_broken_settings_file_names_key_and_line(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    done = eagleray_here("up", "--detach", "--data", str(tmp_path / "data"), "--config", str(path))
    assert done.returncode != 0 and one_line(done.stderr)
    assert all(part in done.stderr for part in expected), done.stderr
    assert not (tmp_path / "data").exists(), "nothing half made"


def ids(cluster: LiveCluster) -> set[int]:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM kept").fetchall()}


def test_rows_and_passwords_survive_down_and_kill(
    own: LiveCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(own.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY, filler text)")
        for number in range(50):
            connection.execute("INSERT INTO kept VALUES (%s, %s)", (number, "x" * 100))
        estimate = connection.execute("EXPLAIN (ANALYZE, VERBOSE) SELECT count(filler) FROM kept").fetchall()
        assert any(
            float(match[1]) > 50 * 100 * 0.0000018
            for (line,) in estimate
            if (match := re.match("  Read: ([0-9.]+) DPU", line))
        )
    assert own.stop().returncode == 0
    assert leftovers.find(own.data) == []
    settings = tmp_path / "passwords.toml"
    settings.write_text('[authentication]\nmethod = "scram-sha-256"\n[authentication.users]\nadmin = "open sesame"\n')
    said = own.start("--config", str(settings))
    assert "authentication.method scram-sha-256 (was trust)" in said and "sesame" not in said
    settings.unlink()
    used = json.loads(eagleray("status", "--json", "--data", str(own.data)).stdout)["metering"]
    assert used["transactions"] >= 51 and used["bytes_written"] >= 50 * 100 and used["dpu"]["write"] >= 50 * 0.05, (
        "what was used is known after a stop"
    )
    monkeypatch.setenv("PGPASSWORD", "open sesame")
    assert ids(own) == set(range(50))
    acknowledged = killed_under_load(own)
    assert "trust" not in own.start()
    for password in ("", "shut sesame"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(own.url, password=password)
    assert all(
        b"sesame" not in path.read_bytes() for path in own.data.rglob("*") if path.is_file() and path.suffix != ".sock"
    )
    found = ids(own)
    assert acknowledged <= found, f"lost: {sorted(acknowledged - found)[:10]}"
    assert len(acknowledged) > 0


def killed_under_load(cluster: LiveCluster) -> set[int]:
    """Insert from several connections, kill -9 every process of the cluster at once, and tell which inserts were
    acknowledged."""
    acknowledged: set[int] = set()
    enough = threading.Event()

    def insert(first: int) -> None:
        try:
            with psycopg.connect(cluster.url, autocommit=True) as connection:
                for number in range(first, first + 100_000):
                    connection.execute("INSERT INTO kept VALUES (%s, 'y')", (number,))
                    acknowledged.add(number)
                    if len(acknowledged) > 300:
                        enough.set()
        except psycopg.Error:
            return

    threads = [threading.Thread(target=insert, args=(1_000_000 * place,)) for place in range(1, 5)]
    for thread in threads:
        thread.start()
    enough.wait(60)
    for process in leftovers.find(cluster.data):
        os.kill(process, signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    return acknowledged
