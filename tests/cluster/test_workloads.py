"""Programs on a cluster: packaged workloads, `submit`, and what the public module offers."""

from __future__ import annotations

from pathlib import Path

import pytest

import eagleray
from tests.conftest import LiveCluster
from tests.conftest import eagleray as command


@pytest.mark.parametrize("name", ["orders", "bank"])
def test_a_workload_runs_and_its_checks_hold(live_cluster: LiveCluster, name: str) -> None:
    done = command("workload", "run", name, "--data", str(live_cluster.data), "--seconds", "3", "--clients", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "throughput" in done.stdout and "conflicts" in done.stdout and "WRONG" not in done.stdout


def test_an_unknown_workload_is_one_line(live_cluster: LiveCluster) -> None:
    done = command("workload", "run", "nothing", "--data", str(live_cluster.data))
    assert done.returncode != 0 and done.stderr.count("\n") == 1 and "orders" in done.stderr


def test_submit_runs_a_program_on_the_cluster(live_cluster: LiveCluster, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, subprocess, sys, eagleray, ray\n"
        "with eagleray.connect(autocommit=True) as connection:\n"
        "    connection.execute('DROP TABLE IF EXISTS submitted')\n"
        "    connection.execute('CREATE TABLE submitted (node text, argument text)')\n"
        "    connection.execute('INSERT INTO submitted VALUES (%s, %s)', (ray.get_runtime_context().get_node_id(), sys.argv[1]))\n"
        "print('from Python', sys.argv[1], sys.stdin.read())\n"
        "sys.stdout.flush()\n"
        "os.write(1, b'from below\\n')\n"
        "subprocess.run(['echo', 'from a child'])\n"
        "print('not what was asked for', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    done = command("submit", "--data", str(live_cluster.data), str(program), "hello", typed="typed")
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["from Python hello typed", "from below", "from a child"]
    assert done.stderr == "not what was asked for\n"
    with eagleray.connect(live_cluster.url) as connection:
        ((node, argument),) = connection.execute("SELECT node, argument FROM submitted").fetchall()
    assert argument == "hello" and node in {actor["node"] for actor in live_cluster.status()["actors"]}


def test_a_submitted_program_that_ends_its_process(live_cluster: LiveCluster, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import os\nos.write(2, b'so far\\n')\nos._exit(9)\n")
    done = command("submit", "--data", str(live_cluster.data), str(program))
    assert done.returncode == 1
    so_far, why = done.stderr.splitlines()
    assert so_far == "so far" and why.startswith(f"eagleray: {program}: ")


def test_transaction_retries_conflicts(live_cluster: LiveCluster) -> None:
    retries: list[int] = []
    with eagleray.connect(live_cluster.url) as one, eagleray.connect(live_cluster.url, autocommit=True) as other:
        other.execute("DROP TABLE IF EXISTS retried")
        other.execute("CREATE TABLE retried (id int PRIMARY KEY, n int NOT NULL)")
        other.execute("INSERT INTO retried VALUES (1, 0)")

        def work(cursor: object) -> None:
            cursor.execute("SELECT n FROM retried WHERE id = 1")  # type: ignore[attr-defined]
            if not retries:
                other.execute("UPDATE retried SET n = n + 10 WHERE id = 1")
            cursor.execute("UPDATE retried SET n = n + 1 WHERE id = 1")  # type: ignore[attr-defined]

        eagleray.transaction(one, work, on_retry=lambda attempt, error: retries.append(attempt))
        assert retries == [1]
        assert other.execute("SELECT n FROM retried WHERE id = 1").fetchone() == (11,)
