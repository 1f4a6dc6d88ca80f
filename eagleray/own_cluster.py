"""A cluster of one's own in a temporary folder, for a demo or a measurement: it is taken down and its folder removed at
the end, whatever happens."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def end_in_order() -> None:
    """From now on SIGTERM ends this process as an error would: what it has begun is stopped on the way. Nothing happens
    in another thread than the main one."""

    def end(number: int, frame: object) -> None:
        is_ending()
        sys.exit(128 + number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def is_ending() -> None:
    """What was begun is being stopped: SIGTERM is to keep nobody from that."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


class NotStarted(Exception):
    """`up` has said why."""


def eagleray(*arguments: str, quiet: bool = False) -> int:
    """The exit status of a command. `quiet`: what it says of a success is not shown."""
    return subprocess.call(
        [sys.executable, "-m", "eagleray.command.main", *arguments], stdout=subprocess.DEVNULL if quiet else None
    )


@contextmanager
def own_cluster(purpose: str, settings: str = "", *, quiet: bool = False, address: str = "") -> Iterator[Path]:
    """Its data folder; files beside it go with it. `settings`: as in a settings file. `address`: of a Ray to join, ""
    to bring one along. SIGTERM ends it, too. Raises NotStarted."""
    from cluster.data_folder import DataFolder

    end_in_order()
    folder = Path(tempfile.mkdtemp(prefix=f"eagleray-{purpose}-"))
    data, config = folder / "data", folder / "settings.toml"
    config.write_text(settings)
    try:
        joined = ("--address", address) if address else ()
        place = ("--data", str(data), "--config", str(config), "--port", "0", *joined)
        if eagleray("up", "--detach", *place, quiet=quiet) != 0:
            raise NotStarted
        yield data
    finally:
        is_ending()
        if (data / "run" / "state.json").exists() or DataFolder(data).is_locked():  # it runs, or is about to
            eagleray("down", "--data", str(data), quiet=quiet)
        shutil.rmtree(folder, ignore_errors=True)
