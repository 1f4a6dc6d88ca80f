"""`restore` where there is nothing to restore: one line, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import eagleray_here


@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("file://{folder}/nothing", "the store has no cluster"),
        ("gopher://{folder}", "expected file:///FOLDER or s3://BUCKET/PREFIX"),
        ("file://{folder}/a-file", "the store has no cluster"),
    ],
)
@pytest.mark.parametrize("existing", [True, False])
def test_what_cannot_be_restored_is_one_line_and_leaves_nothing(
    store: str, told: str, existing: bool, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    data = tmp_path / "outer" / "data"
    if existing:
        data.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    done = eagleray_here("restore", store.format(folder=tmp_path), "--data", str(data))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    assert told in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
