"""A node's data folder: made once, known again, and refused where the data in it is of the past."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.data_folder import DataFolder
from cluster.node_folder import Look, Looked, NotItsDisk, Wanted, enter, look_at, made_ready


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    root = tmp_path / "data"
    return Wanted(root, DataFolder(root).sockets, "b", True, {}, None)


def test_a_folder_is_made_once_and_known_again(wanted: Wanted) -> None:
    look = Look(wanted.root, ("a", "b"))
    assert look_at(look) == Looked("", ()) and not wanted.root.exists()
    ready = made_ready(wanted)
    assert ready.disk and not ready.problem and made_ready(wanted) == ready
    assert look_at(look) == Looked(ready.disk, ())
    assert not stat.S_IMODE(wanted.root.stat().st_mode) & 0o077
    (wanted.root / "roles" / "journal" / "0" / "b").mkdir(parents=True)
    assert look_at(look) == Looked(ready.disk, ("b",))
    assert made_ready(replace(wanted, new=False)) == ready
    assert "holds data of another cluster's zone b already" in made_ready(wanted).problem


def test_a_process_begins_on_its_own_disk_or_on_an_empty_one(wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    enter(wanted.root, wanted.sockets, "")
    assert look_at(Look(wanted.root, ())).disk == ""
    enter(wanted.root, wanted.sockets, "d1")
    enter(wanted.root, wanted.sockets, "d1")
    assert (wanted.root / "disk").read_text() == "d1"
    with pytest.raises(NotItsDisk):
        enter(wanted.root, wanted.sockets, "d2")
    assert os.umask(0o022) == 0o077


def test_what_a_node_lacks_is_said(wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.node_folder.DOOR_S_MAX", 0.0)
    lacking = made_ready(
        replace(wanted, packages={"pytest": pytest.__version__, "msgspec": "0.0.1", "no-such-package-here": "1"})
    ).problem
    assert "msgspec 0.0.1 (it has" in lacking and "no-such-package-here 1" in lacking and "pytest" not in lacking
    assert not wanted.root.exists()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert (
            f"port {port} on 127.0.0.1: address already in use"
            in made_ready(replace(wanted, door=("127.0.0.1", port))).problem
        )
    (tmp_path / "file").touch()
    assert "file" in made_ready(replace(wanted, root=tmp_path / "file" / "data")).problem
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letters").touch()
    assert "is not empty and holds no cluster" in made_ready(replace(wanted, root=tmp_path / "other")).problem
