from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from cluster.data_folder import DataFolder, DataFolderError
from cluster.private_folders import NotPrivate, is_private, open_private, require_private

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
OTHER = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_named_folder_is_made_and_closed(tmp_path: Path) -> None:
    made = tmp_path / "a" / "b"
    open_private(made, "mark", ("mark", "own"))
    assert mode(made) == 0o700 and is_private(made)
    for content in ("mark", "own"):
        (made / content).touch()
        made.chmod(0o755)
        open_private(made, "mark", ("mark", "own"))
        assert mode(made) == 0o700
    (made / "other").touch()
    open_private(made, "mark", ("mark", "own"))


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(NotPrivate, match="not empty and holds no cluster"):
        open_private(tmp_path, "mark", ("mark",))
    assert mode(tmp_path) == 0o755


@root_only
def test_a_named_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, OTHER, OTHER)
    with pytest.raises(NotPrivate, match="another user"):
        open_private(tmp_path, "mark", ("mark",))


def test_a_folder_with_a_foreseen_name_must_be_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "foreseen"
    require_private(folder)
    require_private(folder)
    assert mode(folder) == 0o700
    folder.chmod(0o711)
    with pytest.raises(NotPrivate, match="open to other users"):
        require_private(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(NotPrivate, match="a link"):
        require_private(link)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotPrivate, match="a link"):
        require_private(link)
    (tmp_path / "file").touch()
    with pytest.raises(NotPrivate, match="no folder"):
        require_private(tmp_path / "file")
    assert not is_private(link) and not is_private(tmp_path / "file") and not is_private(tmp_path / "missing")


def test_a_folder_above_that_everybody_can_change_shelters_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(NotPrivate, match="sticky"):
        require_private(tmp_path / "foreseen")
    tmp_path.chmod(0o1777)
    require_private(tmp_path / "foreseen")


@root_only
def test_what_another_user_made_beforehand_is_neither_used_nor_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data folder with a long path has its sockets below the system's temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o1777)
    folder = DataFolder(tmp_path / ("long" * 30))
    folder.short.mkdir(mode=0o777)
    os.chown(folder.short, OTHER, OTHER)
    (folder.short / "kept").touch()
    with pytest.raises(DataFolderError, match="another user"):
        folder.create()
    folder.clear_run()
    assert (folder.short / "kept").exists()


def test_a_data_folder_is_closed_throughout(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    assert all(is_private(path) for path in (folder.root, folder.roles, folder.logs, folder.sockets, folder.ray))
    folder.write_cluster({"format": 2})
    folder.write_state({})
    assert mode(folder.root / "cluster.json") == mode(folder.state_path) == 0o600
    assert folder.read_cluster() == {"format": 2}
