"""Python programs on a cluster: `submit` and `jobs`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import eagleray
from tests.conftest import LiveCluster, eagleray_here
from tests.conftest import eagleray as command


def submit(cluster: LiveCluster, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return command("submit", "--data", str(cluster.data), *arguments, typed=typed)


def jobs(cluster: LiveCluster, what: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command("jobs", what, "--data", str(cluster.data), *arguments)


def test_submit_runs_a_program_on_the_cluster(live_cluster: LiveCluster, tmp_path: Path) -> None:
    """With the modules that lie beside it, and Ray's tasks."""
    (tmp_path / "beside.py").write_text("NAME = 'submitted'\n")
    program = tmp_path / "My program.py"
    program.write_text(
        "import os, sys, eagleray, ray\n"
        "from beside import NAME\n"
        "ray.init(logging_level='error')\n"
        "@ray.remote(num_cpus=0)\n"
        "def insert(argument):\n"
        "    with eagleray.connect(autocommit=True) as connection:\n"
        "        connection.execute(f'DROP TABLE IF EXISTS {NAME}')\n"
        "        connection.execute(f'CREATE TABLE {NAME} (node text, argument text)')\n"
        "        node = ray.get_runtime_context().get_node_id()\n"
        "        connection.execute(f'INSERT INTO {NAME} VALUES (%s, %s)', (node, argument))\n"
        "ray.get(insert.remote(sys.argv[1]))\n"
        "print('from Python', sys.argv[1], sys.stdin.read())\n"
        "print('not what was asked for', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    done = submit(live_cluster, str(program), "hello", typed="typed")
    assert (done.returncode, done.stdout) == (3, "from Python hello typed\n"), done.stderr
    assert done.stderr.splitlines()[-1] == "not what was asked for"
    with eagleray.connect(live_cluster.url) as connection:
        ((node, argument),) = connection.execute("SELECT node, argument FROM submitted").fetchall()
    assert argument == "hello" and node in {actor["node"] for actor in live_cluster.status()["actors"]}
    (line,) = (line for line in jobs(live_cluster, "list").stdout.splitlines() if str(program) in line)
    name, status, exit_status, *_ = line.split()
    assert (status, exit_status) == ("FAILED", "3") and name.startswith("my-program-")
    logs = jobs(live_cluster, "logs", "--follow", name)
    assert logs.returncode == 3 and "from Python hello typed" in logs.stdout and "not what was asked for" in logs.stdout
    ended = jobs(live_cluster, "stop", name)
    assert (ended.returncode, ended.stderr) == (1, f"eagleray: job {name} has ended already (FAILED)\n")


def test_a_job_that_nobody_waits_for_is_followed_and_stopped(live_cluster: LiveCluster, tmp_path: Path) -> None:
    """Its working directory is a copy: what it reads there is what was submitted."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "text").write_text("what was submitted")
    (tmp_path / "wait.py").write_text("import time\nprint(open('data/text').read(), flush=True)\ntime.sleep(600)\n")
    done = submit(live_cluster, "--no-wait", "--working-dir", str(tmp_path), "wait.py")
    assert done.returncode == 0, done.stderr
    name = done.stdout.strip()
    follower = [
        sys.executable,
        "-m",
        "eagleray.command.main",
        "jobs",
        "logs",
        "-f",
        "--data",
        str(live_cluster.data),
        name,
    ]
    with subprocess.Popen(follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None and following.stderr is not None
        assert following.stdout.readline() == "what was submitted\n"
        stopped = jobs(live_cluster, "stop", name)
        assert (stopped.returncode, stopped.stdout) == (0, f"{name} is stopped\n"), stopped.stderr
        assert following.wait(30) == 1 and following.stderr.read() == f"eagleray: {name}: job {name} was stopped\n"


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("poll_s", [0.2, 3.0])
def test_control_c_stops_the_program(live_cluster: LiveCluster, tmp_path: Path, poll_s: float) -> None:
    """Also before `submit` has seen that the program runs."""
    program = tmp_path / "endless.py"
    program.write_text("import time\nprint('running', flush=True)\ntime.sleep(600)\n")
    command = f"import cluster.jobs; cluster.jobs.POLL_S = {poll_s}; from eagleray.command.main import main; main()"
    waiting = [sys.executable, "-c", command, "submit", "--data", str(live_cluster.data), str(program)]
    # A shell that runs the tests in the background has them ignore SIGINT, which a child would inherit.
    with subprocess.Popen(waiting, stdout=subprocess.PIPE, text=True, preexec_fn=heed_interrupts) as submitted:
        try:
            assert submitted.stdout is not None
            assert submitted.stdout.readline() == "running\n"
            submitted.send_signal(signal.SIGINT)
            assert submitted.wait(30) == 130
        finally:
            submitted.kill()
    (line,) = (line for line in jobs(live_cluster, "list").stdout.splitlines() if str(program) in line)
    assert line.split()[1] == "STOPPED"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.py"], "missing.py: No such file or directory"),
        (["wrong.py"], "wrong.py: line 2: invalid syntax"),
        (["."], ".: Is a directory"),
        (["--working-dir", "inner", "outer.py"], "outer.py: not in the working directory inner"),
        (
            ["--requirements", "binary", "outer.py"],
            "binary: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        (
            ["--requirements", "packages", "outer.py"],
            "packages: line 3: Expected comma (within version specifier), semicolon (after version specifier) or end",
        ),
    ],
)
def test_what_cannot_be_submitted_is_one_line(
    tmp_path: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before anything is asked of the cluster: there is none here."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "outer.py").write_text("pass\n")
    (tmp_path / "wrong.py").write_text("pass\n1 +\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "packages").write_text("# what it needs\nnumpy >= 2  # any\nnumpy >= 2 or so\n")
    monkeypatch.chdir(tmp_path)
    done = eagleray_here("submit", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"eagleray: {told}\n")


def test_an_unknown_job_is_one_line(live_cluster: LiveCluster) -> None:
    done = jobs(live_cluster, "logs", "nothing")
    assert (
        done.returncode == 1 and done.stderr.startswith("eagleray: no job 'nothing' ") and done.stderr.count("\n") == 1
    )
