"""The last words of a process whose event loop is held: what its roles still have to tell their clients before the
process is ended.

    LastWords(path, speak)          in the process: a thread that sleeps until somebody asks; then speak(), and SIGABRT
    ask_for_last_words(path)        from outside (cluster/loop_watch.py): False where nobody listens

The thread runs beside a loop that waits or computes in Python. Where the interpreter itself is held it cannot; who asks
ends the process without it after a while.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)


def last_words_path(heartbeat_path: Path) -> Path:
    return heartbeat_path.with_suffix(".last.sock")


class LastWords:
    """`speak` is called at most once, in a thread of its own, and the process ends when it returns."""

    def __init__(self, path: Path, speak: Callable[[], None]) -> None:
        """Raises OSError. What a former process left at `path` is replaced."""
        self._speak = speak
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        path.chmod(0o600)
        threading.Thread(target=self._run, name="last-words", daemon=True).start()

    def _run(self) -> None:
        self._socket.recv(1)
        try:
            self._speak()
        except Exception:
            logger.exception("the last words were not all said")
        finally:
            os.abort()


def ask_for_last_words(path: Path) -> bool:
    """Never blocks."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as asking:
        asking.setblocking(False)
        try:
            asking.sendto(b"?", str(path))
        except OSError:
            return False
    return True
