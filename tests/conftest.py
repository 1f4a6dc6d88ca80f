"""Live clusters for tests: started by the command line, as a person would, and ended with the tests, even when they
fail."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cluster import free_ports
from eagleray.command.show import status_of
from tests.dearest import Dearest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dearest", type=int, default=0, metavar="N", help="tell which N tests cost the most processor time"
    )


def pytest_configure(config: pytest.Config) -> None:
    if count := config.getoption("--dearest"):
        config.pluginmanager.register(Dearest(count))


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """What starts a cluster sets its process's umask: it is the tests' process, where they call it without a process of
    its own."""
    before = os.umask(0o022)
    yield
    os.umask(before)


SHARED = "live_cluster"
"""The fixture whose processes run on until the last test has ended."""


LONGEST = ("tests/sim/test_campaign.py", "tests/sim/planted/")
"""Whose tests take seconds each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the shared cluster come after all that do without: its processes would run beside them for nothing. The
    longest come first: no worker is left with one of them when the others have ended."""

    def rank(item: pytest.Item) -> tuple[bool, int]:
        long = [place for place, prefix in enumerate(LONGEST) if item.nodeid.startswith(prefix)]
        return SHARED in getattr(item, "fixturenames", ()), long[0] if long else len(LONGEST)

    items.sort(key=rank)


# -- garbage -----------------------------------------------------------------------------------------------------------
# A simulated world collects its garbage at its end. To look at all that the tests' process has imported and collected,
# too, takes a third of a second, which is more than most tests take: it is no garbage, and is set aside.


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """DuckDB's instances are closed: those that wait for their next statement, and those that a test left in the middle
    of one. Else nanobind, as the interpreter ends, lists what is left of them, below the names of the tests that
    failed."""
    gc.unfreeze()
    module = sys.modules.get("actors.query_processor.column_executor.instance")
    if module is not None:
        for instance in [found for found in gc.get_objects() if isinstance(found, module.Instance)]:
            instance.close()
        module._idle.clear()


@cache
def program(name: str) -> str:
    """The path of one of PostgreSQL's programs, psql or pgbench. Debian has a wrapper of pgbench beside psql that runs
    nothing without a server."""
    package = {"psql": "postgresql-client", "pgbench": "postgresql"}[name]
    path = shutil.which(name)
    works = path is not None and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
    assert path is not None and works, f"{name} is missing; on Debian: apt-get install {package}"
    return path


def free_port() -> int:
    return free_ports.choose("127.0.0.1")


def eagleray(*arguments: str, timeout_s: float = 150.0, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, with `typed` as its input; its output as text."""
    command = [sys.executable, "-m", "eagleray.command.main", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=timeout_s, check=False)


def eagleray_here(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As `eagleray`, in this process: a Python of its own costs a third of a processor second, and most of what a
    command that is refused costs. Not from several threads at a time."""
    from eagleray.command.main import main

    output, error, status = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(error):
        patch.setattr(sys, "argv", ["eagleray", *arguments])
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    return subprocess.CompletedProcess(arguments, status, output.getvalue(), error.getvalue())


@dataclass
class LiveCluster:
    """A cluster on a data folder. `start` and `stop` may be called again and again."""

    data: Path
    port: int
    mode: str = "open"
    config: Path | None = None

    @property
    def url(self) -> str:
        return f"postgresql://admin@localhost:{self.port}/postgres"

    def start(self, *arguments: str) -> str:
        """What `up` said beside the connection string."""
        config = ["--config", str(self.config)] if self.config is not None else []
        place = ["--data", str(self.data), "--port", str(self.port)]
        done = eagleray("up", "--detach", *place, "--mode", self.mode, *config, *arguments)
        assert done.returncode == 0, f"{done.stderr}\n{self.logs()}"
        return done.stderr

    def stop(self) -> subprocess.CompletedProcess[str]:
        return eagleray("down", "--data", str(self.data))

    def status(self) -> dict[str, Any]:
        """What `status --json` prints, without a process of its own: tests ask until all is up again, and each process
        would take half a second of the processors that the cluster starts on."""
        return status_of(self.data)

    def logs(self) -> str:
        path = self.data / "logs" / "supervisor.log"
        return path.read_text()[-4000:] if path.exists() else ""


def make_cluster(mode: str = "open") -> LiveCluster:
    return LiveCluster(Path(tempfile.mkdtemp(prefix="eagleray-test-")), free_port(), mode)


def discard(cluster: LiveCluster) -> None:
    cluster.stop()
    shutil.rmtree(cluster.data, ignore_errors=True)


@pytest.fixture(scope="session")
def live_cluster() -> Iterator[LiveCluster]:
    """One cluster in open mode for all tests that only need some cluster. On few cores its placement, which is the
    default, has few processes."""
    cluster = make_cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        discard(cluster)


@pytest.fixture(scope="session")
def cluster_url(live_cluster: LiveCluster) -> str:
    return live_cluster.url
