"""A data folder in which a cluster was to begin, and has not."""

from __future__ import annotations

from pathlib import Path

from cluster.data_folder import DataFolder, Fresh


def begun(root: Path) -> tuple[DataFolder, Fresh]:
    """As `up` begins one."""
    fresh, folder = Fresh(root), DataFolder(root)
    folder.create()
    folder.authority.touch()
    (folder.logs / "supervisor.log").touch()
    return folder, fresh


def test_what_was_made_in_vain_is_taken_back(tmp_path: Path) -> None:
    folder, fresh = begun(tmp_path / "a" / "b")
    folder.take_back(fresh)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    folder, fresh = begun(tmp_path / "empty")
    folder.take_back(fresh)
    assert list(folder.root.iterdir()) == [], "the folder was there, and stays"


def test_a_cluster_and_what_was_there_before_stay(tmp_path: Path) -> None:
    folder, fresh = begun(tmp_path / "whole")
    folder.write_cluster({"format": 2})
    folder.take_back(fresh)
    assert folder.read_cluster() == {"format": 2} and folder.authority.exists()
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "access_keys.json").touch()
    folder, fresh = begun(keys)
    folder.take_back(fresh)
    assert folder.access_keys.exists() and folder.authority.exists()


def test_the_folder_of_another_process_stays(tmp_path: Path) -> None:
    folder, fresh = begun(tmp_path / "new")
    other = DataFolder(folder.root)
    other.lock()
    folder.take_back(fresh)
    assert folder.authority.exists()
