"""A program in another process has the standard streams of the command, and tells how it ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The command, and beside it the process that runs the program: its own streams lead nowhere, and are its own again afterwards.
COMMAND = """
import os, sys
from pathlib import Path
from cluster.submission import Streams, run_source

path = sys.argv[1]
listening, told = os.pipe()
child = os.fork()
if not child:
    os.read(listening, 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    status = run_source(sys.argv[2], "program.py", ["an argument"], "a url", path)
    os.write(1, b"nobody reads this")
    os._exit(status)
streams = Streams(Path(path))
os.write(told, b"!")
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
streams.close()
sys.exit(status)
"""


def run(tmp_path: Path, program: str, typed: str | None = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "s.sock"), program]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=30, check=False, cwd=Path(__file__).parents[3])
    assert not list(tmp_path.iterdir()), "its socket is gone"
    return done


def test_its_streams_are_the_commands(tmp_path: Path) -> None:
    done = run(
        tmp_path, "import os, sys\nprint(sys.argv, os.environ['EAGLERAY_URL'], input())\nos.system('echo child')\nsys.exit(7)", "typed\n"
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert sorted(done.stdout.splitlines()) == ["['program.py', 'an argument'] a url typed", "child"]


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        ("pass", 0, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('enough')", 1, "enough\n"),
        ("print(input())", 1, "EOFError: EOF when reading a line\n"),
        ("1 +", 1, "SyntaxError: invalid syntax\n"),
        ("import sys\nsys.stdout.close()", 0, ""),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt\n"),
    ],
)
def test_how_it_ends(tmp_path: Path, program: str, status: int, told: str) -> None:
    done = run(tmp_path, program)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.endswith(told) if told else done.stderr == ""
    assert "submission.py" not in done.stderr


def test_a_reader_that_leaves(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "s.sock"), "for n in range(10**6): print(n)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline() == "0\n"
        running.stdout.close()
        assert running.wait(30) == 1 and "BrokenPipeError" in running.stderr.read()
