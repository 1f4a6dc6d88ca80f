"""Processes whose loop is held (held_process.py), ended with the test."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Hold = Callable[..., contextlib.AbstractContextManager["subprocess.Popen[str]"]]


@contextlib.contextmanager
def process(tmp_path: Path, how: str, name: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        str(Path(__file__).parent / "held_process.py"),
        str(tmp_path / f"{name}.beat"),
        str(tmp_path / f"{name}.log"),
        how,
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as started:
        try:
            assert started.stdout is not None and started.stdout.readline() == "up\n"
            yield started
        finally:
            started.kill()


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    """hold(how, name="p") starts one; its heartbeat and its log are p.beat and p.log in `tmp_path`."""
    return lambda how, name="p": process(tmp_path, how, name)
