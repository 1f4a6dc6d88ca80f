"""Which processes belong to a cluster's data folder: by the mark, or by Ray's title and the logs it writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import leftovers
from cluster.data_folder import DataFolder

Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `sleep` under a title, with an environment, and a file that it holds open; returns its process id."""
    started: list[subprocess.Popen[bytes]] = []

    def run(title: str, environment: dict[str, str], log: Path, mode: str = "ab") -> int:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        with log.open(mode) as stream:
            process = subprocess.Popen(
                [title, "600"], executable="/bin/sleep", env=environment, stdin=stream, start_new_session=True
            )
        started.append(process)
        titled = Path("/proc", str(process.pid), "cmdline")
        while process.poll() is None and not titled.read_bytes():  # the kernel is still about to load it
            pass
        return process.pid

    try:
        yield run
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_process_is_found_by_the_mark(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "elsewhere" / "log"
    mine = start("a program", {leftovers.MARK: str(tmp_path / "data")}, log)
    start("a program", {leftovers.MARK: str(tmp_path / "data2")}, log)
    assert leftovers.find(tmp_path / "data") == [mine]


@pytest.mark.parametrize("name", ["data", "d" * 90], ids=["Ray's folder is inside", "Ray's folder is the short one"])
def test_a_process_of_ray_is_found_without_the_mark(start: Start, tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    ray = DataFolder(root).ray
    log = ray / "session" / "logs" / "agent.log"
    try:
        agent = start("ray::RuntimeEnvAgent", {}, log)
        assert leftovers.find(root) == [agent]
        assert leftovers.end(root) == [agent]
        assert leftovers.find(root) == []
    finally:
        log.unlink()
        for folder in (log.parent, log.parent.parent):
            folder.rmdir()
        if not ray.is_relative_to(root):
            os.removedirs(ray)


def test_others_are_left_alone(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "data"
    log = DataFolder(root).ray / "session" / "logs" / "agent.log"
    start("tail", {}, log)  # no title of Ray's
    start("ray::RuntimeEnvAgent", {}, log, "rb")  # it reads
    start("ray::RuntimeEnvAgent", {}, tmp_path / "data2" / "ray" / "agent.log")  # another cluster's
    assert leftovers.find(root) == []
