"""What `make` begins with: the newest Python that fits and is not slow, one line where there is none, and a virtual
environment of this Python in this place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MINOR = sys.version_info[1]
BASE = Path(sys._base_executable)  # type: ignore[attr-defined]
TOOLS = ("sh", "dirname", "sed", "readlink", "cat")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder that is a whole PATH: what the scripts use, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def script(name: str, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        [str(ROOT / ".ci" / name), *arguments], capture_output=True, text=True, check=False, env=environment
    )


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def same(found: str, wanted: Path) -> bool:
    return found.count("\n") == 1 and Path(found.strip()).samefile(wanted)


def test_the_newest_that_runs_is_taken_and_a_shim_that_does_not_run_is_none(bare: Path, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        program(shims / name, f"echo 'pyenv: {name}: command not found' >&2; exit 127")
    (bare / f"python3.{MINOR}").symlink_to(BASE)
    assert same(script("find-python", path=f"{shims}:{bare}").stdout, BASE)
    (bare / f"python3.{MINOR}").rename(bare / "python3")
    assert same(script("find-python", path=f"{shims}:{bare}").stdout, BASE)


def test_a_python_of_an_environment_answers_with_the_one_under_it(bare: Path) -> None:
    found = script("find-python", path=f"{Path(sys.executable).parent}:{bare}")
    assert same(found.stdout, BASE) and found.stdout.strip() != sys.executable


def test_one_that_is_slower_by_more_than_a_quarter_is_left_alone_unless_it_is_named(bare: Path) -> None:
    program(bare / "python3.11", "echo '11|/fast/python3.11|1000|'")
    program(bare / "python3.12", "echo '12|/near/python3.12|1250|'")
    program(bare / "python3.13", "echo '13|/slow/python3.13|1251|'")
    assert script("find-python", path=str(bare)).stdout == "/near/python3.12\n"
    assert script("find-python", str(bare / "python3.13"), path=str(bare)).stdout == "/slow/python3.13\n"
    (bare / "python3.12").unlink()
    assert script("find-python", path=str(bare)).stdout == "/fast/python3.11\n"


@pytest.mark.parametrize(
    "answer", ["9|/usr/bin/python3|0|too old", "15|/usr/bin/python3|0|too new", "13|/usr/bin/python3|0|without venv"]
)
def test_where_none_fits_one_line_says_what_is_there_and_what_to_do(bare: Path, answer: str) -> None:
    none = script("find-python", path=str(bare))
    program(bare / "python3", f"echo '{answer}'")
    unfit = script("find-python", path=str(bare))
    for refused in (none, unfit, script("find-python", "/nowhere/python3", path=str(bare))):
        assert refused.returncode == 1 and refused.stdout == "" and refused.stderr.count("\n") == 1
        assert "Eagleray needs Python 3." in refused.stderr and "make PYTHON=" in refused.stderr
    assert "there is none on PATH" in none.stderr and answer.split("|")[3] in unfit.stderr


def test_an_environment_stays_until_it_is_moved_or_its_python_goes(bare: Path, tmp_path: Path) -> None:
    """With no Python on PATH, what has to be made anew is refused and what is whole stays: no second environment has to
    be made here."""
    folder = tmp_path / "checkout" / ".venv"
    folder.parent.mkdir()
    subprocess.run(
        [BASE, "-m", "venv", "--without-pip", folder], check=True
    )  # pip is the slow part, and not what is judged
    assert (
        script("make-venv", str(folder), path=str(bare)).returncode != 0
    )  # half made: nothing says that it was finished
    (folder / ".python").write_text(f"{folder.resolve()} {sys.base_prefix} 3.{MINOR}\n")
    made = (folder / ".python").stat().st_mtime_ns
    assert script("make-venv", str(folder), path=str(bare)).returncode == 0
    assert script("make-venv", str(folder), str(BASE), path=str(bare)).returncode == 0
    assert (folder / ".python").stat().st_mtime_ns == made

    moved = folder.parent.rename(tmp_path / "moved") / ".venv"
    refused = script("make-venv", str(moved), path=str(bare))
    assert refused.returncode != 0 and "Eagleray needs Python" in refused.stderr

    back = moved.parent.rename(folder.parent) / ".venv"
    assert script("make-venv", str(back), path=str(bare)).returncode == 0
    (back / "bin" / "python").unlink()
    assert script("make-venv", str(back), path=str(bare)).returncode != 0
