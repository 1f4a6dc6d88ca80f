"""What `make test` runs: every test once, and its last lines name what failed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests import side_by_side
from tests.side_by_side import ROOT, TESTS, Part, Run, parts

ON_PURPOSE_ALONE = "tests/hosts/"


def test_every_test_is_in_one_part() -> None:
    files = {str(path.relative_to(ROOT)) for path in TESTS.rglob("test_*.py")}
    computing, live = parts(2)
    folders = tuple(f"{name}/" for name in computing.arguments if name.startswith("tests/"))
    once = Counter(name for part in live for name in part.arguments)
    once.update(name for name in files if name.startswith(folders))
    assert set(once) == {name for name in files if not name.startswith(ON_PURPOSE_ALONE)} and set(once.values()) == {1}


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(side_by_side, "LOGS", tmp_path)
    return tmp_path


def test_a_part_tells_what_failed_and_how_many_there_were(logs: Path) -> None:
    file = logs / "test_three.py"
    file.write_text("def test_a(): pass\ndef test_b(): assert 0, 'the reason'\ndef test_c(none): pass\n")
    part = Part("three", (str(file),))
    Run().run(part)
    assert part.failed
    assert [line.partition(" ")[0] + line.partition("::")[2][:6] for line in part.told()[:-1]] == [
        "FAILEDtest_b",
        "ERRORtest_c",
    ]
    assert part.told()[-1].startswith("three: 1 failed, 1 passed, 1 error in ")


def test_a_part_that_comes_to_nothing_has_failed(logs: Path) -> None:
    part = Part("broken", ("nowhere.py",))
    Run().run(part)
    assert part.failed and any(line.startswith(("FAILED", "ERROR")) for line in part.told())


PROGRAM = """
import sys
from pathlib import Path
from tests import side_by_side
side_by_side.LOGS = Path(sys.argv[1]) / "logs"
part = side_by_side.Part
side_by_side.parts = lambda workers: (part("computing", (sys.argv[2],)), [part("live", (sys.argv[2],))])
sys.exit(side_by_side.main())
"""
ENDLESS = """
import os, pathlib, threading, pytest

@pytest.fixture
def cluster():
    pathlib.Path(__file__).with_name(f"began-{os.getpid()}").touch()
    yield
    pathlib.Path(__file__).with_name("ended").open("a").write("x")

def test_endless(cluster):
    threading.Event().wait(100)
"""


def test_who_is_interrupted_ends_its_clusters(tmp_path: Path) -> None:
    """Each pytest is, once, and what its fixtures started has ended before the program ends."""
    file = tmp_path / "test_endless.py"
    file.write_text(ENDLESS)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        while len(list(tmp_path.glob("began-*"))) < 2:
            assert program.poll() is None
            threading.Event().wait(0.05)
        program.send_signal(signal.SIGTERM)
        output, _ = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 1 and "failed: computing, live" in output
    assert (tmp_path / "ended").read_text() == "xx"
