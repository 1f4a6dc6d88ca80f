"""Where bytecode goes that must not lie beside the source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cluster.bytecode import CACHE_HOME, ELSEWHERE, FORBIDDEN, kept


def test_a_second_start_compiles_nothing_and_the_source_folder_stays_clean(tmp_path: Path) -> None:
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    (source / "imported.py").write_text("")
    environment = kept({FORBIDDEN: "1", CACHE_HOME: str(cache), "PYTHONPATH": str(source)})
    subprocess.run([sys.executable, "-c", "import imported"], check=True, env=environment)
    assert [path.name for path in source.iterdir()] == ["imported.py"]
    assert list((cache / "eagleray").glob("**/imported.*.pyc"))
    assert (cache / "eagleray" / "bytecode").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("given", [{}, {FORBIDDEN: ""}, {FORBIDDEN: "1", ELSEWHERE: "/own"}])
def test_what_a_person_has_chosen_stays(given: dict[str, str], tmp_path: Path) -> None:
    given = {**given, CACHE_HOME: str(tmp_path / "cache")}
    assert kept(given) == given and not (tmp_path / "cache").exists()


def test_where_nothing_can_be_kept_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given = {FORBIDDEN: "1", CACHE_HOME: str(tmp_path / "file")}
    assert kept(given) == given
