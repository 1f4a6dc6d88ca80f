"""A program in another process has the input and outputs of the command, the log has all that it writes, and its end
is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cluster.jobs import _program_begins

ROOT = Path(__file__).parents[3]
COMMAND = """
import os, subprocess, sys
from pathlib import Path
from cluster.submission import Streams

socket, log, file = sys.argv[1:4]
streams = Streams(Path(socket))
with open(log, "wb") as output:
    job = [sys.executable, "-m", "cluster.job_program", "--streams", socket, "--", file, "an argument", "-x"]
    status = subprocess.call(job, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
streams.close()
sys.exit(status)
"""
"""The command, and beside it the job, whose own streams lead to its log."""


def begin(tmp_path: Path, program: str, **options: int) -> subprocess.Popen[str]:
    file = tmp_path / "program.py"
    file.write_text(program)
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "s.sock"), str(tmp_path / "log"), str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options)


def run(tmp_path: Path, program: str, typed: str = "") -> tuple[int, str, str, str]:
    """Exit status, output, errors, log."""
    with begin(tmp_path, program, stdin=subprocess.PIPE) as job:
        output, errors = job.communicate(typed, timeout=30)
    assert not (tmp_path / "s.sock").exists()
    return job.returncode, output, errors, (tmp_path / "log").read_text()


def test_its_streams_are_the_commands(tmp_path: Path) -> None:
    program = (
        "import os, sys\nprint(sys.argv[1:], input())\nsys.stdout.flush()\nos.system('echo child')\nos.write(2, "
        "b'wrong')\nsys.exit(7)"
    )
    status, output, errors, log = run(tmp_path, program, "typed\n")
    assert (status, output, errors) == (7, "['an argument', '-x'] typed\nchild\n", "wrong")
    assert log.replace("wrong", "") == output and "wrong" in log


def test_the_log_has_whole_lines(tmp_path: Path) -> None:
    """Though a line of the output comes in two parts, and one of the errors between them."""
    program = "import os\nos.write(1, b'a ')\ninput()\nos.write(2, b'wrong\\n')\ninput()\nos.write(1, b'line\\n')"
    with begin(tmp_path, program, stdin=subprocess.PIPE) as job:
        assert job.stdin is not None and job.stdout is not None and job.stderr is not None
        assert job.stdout.read(2) == "a "
        job.stdin.write("1\n")
        job.stdin.flush()
        assert job.stderr.readline() == "wrong\n"
        job.stdin.write("2\n")
        job.stdin.flush()
        assert job.stdout.readline() == "line\n"
        assert job.wait(30) == 0
    assert sorted((tmp_path / "log").read_text().splitlines()) == ["a line", "wrong"]


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        ("pass", 0, ""),
        ("raise SystemExit('enough')", 1, "enough\n"),
        ("print(input())", 1, "EOFError: EOF when reading a line\n"),
        ("import nowhere", 1, "ModuleNotFoundError: No module named 'nowhere'\n"),
        ("import sys\nsys.stdout.close()", 0, ""),
        ("import os\nos._exit(9)", 9, ""),
        ("import os\nos.kill(os.getpid(), 9)", 137, "its process was ended by signal 9 (SIGKILL)\n"),
    ],
)
def test_how_it_ends(tmp_path: Path, program: str, status: int, told: str) -> None:
    ended, output, errors, log = run(tmp_path, program)
    assert (ended, output) == (status, "")
    assert errors.endswith(told) if told else errors == ""
    assert log == errors and "submission.py" not in errors


def test_a_reader_that_leaves_ends_no_job(tmp_path: Path) -> None:
    with begin(tmp_path, "for n in range(10**5): print(n)\nprint('done')") as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "0\n"
        job.stdout.close()
        assert job.wait(30) == 0
    assert (tmp_path / "log").read_text().endswith("99999\ndone\n")


def test_a_job_without_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("import os, sys\nprint(os.getcwd(), repr(sys.stdin.read()))")
    command = [sys.executable, "-m", "cluster.job_program", "--directory", str(tmp_path), "--", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path} ''\n")


@pytest.mark.parametrize("program", [b"", b"a\nb", b"Running entrypoint for job x: mine\n"])
def test_rays_own_lines_are_not_the_programs(program: bytes) -> None:
    for before in (b"", b"2026 INFO Runtime env is setting up.\n"):
        log = before + b"Running entrypoint for job a-1: python -m x\n" + program
        assert log[_program_begins(log) :] == program
    assert _program_begins(b"") == _program_begins(b"2026 INFO Runtime env is setting up.\n") == 0
