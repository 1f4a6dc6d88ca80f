"""`eagleray top`: the picture of a running cluster, drawn anew once a second; into a pipe, once, as plain text."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import click

from eagleray.command.connect import state_of
from eagleray.command.main import OneLine
from eagleray.command.show import status_of
from eagleray.top.history import History
from eagleray.top.screen import Screen, is_terminal
from eagleray.top.view import picture

POLL_S = 1.0
ANSWER_S = 3.0
"""Roles that do not answer are told of by the controller after two."""
PLAIN_LINES = 200
SILENT_S = 3.0
"""A controller that has not answered for so long is told to the onlooker."""
QUIT = ("q", "Q", "\x1b", "\x03")


class Watch:
    """Polls the cluster on `data` in a thread of its own. `ended`: it runs no more. Each poll costs the controller one
    message to each role."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.history = History()
        self.ended = False
        self._stopped = threading.Event()

    def poll(self) -> None:
        """Raises OneLine where no cluster runs, or its controller does not answer."""
        status = status_of(self._data, ANSWER_S)
        self.history.add(time.monotonic(), status)

    def run(self, screen: Screen) -> None:
        while not self._stopped.wait(POLL_S):
            try:
                self.poll()
            except OneLine:
                self.ended = not self._runs()
            screen.wake()
            if self.ended:
                return

    def _runs(self) -> bool:
        try:
            state_of(self._data)
        except OneLine:
            return False
        return True

    def stop(self) -> None:
        self._stopped.set()

    @property
    def silent_s(self) -> float:
        return time.monotonic() - self.history.now.at_s


def show_top(data: Path) -> None:
    """Raises OneLine where no cluster runs."""
    watch = Watch(data)
    watch.poll()
    if not is_terminal():
        time.sleep(POLL_S)
        watch.poll()
        click.echo(picture(watch.history, max(shutil.get_terminal_size((120, 0)).columns, 100), PLAIN_LINES).plain)
        return
    try:
        _watch(watch)
    except KeyboardInterrupt:
        pass
    if watch.ended:
        click.echo("the cluster has ended")


def _watch(watch: Watch) -> None:
    with Screen() as screen:
        thread = threading.Thread(target=watch.run, args=(screen,), daemon=True)
        thread.start()
        try:
            while not watch.ended:
                screen.show(lambda width, height: picture(watch.history, width, height, _story(watch)))
                if screen.key(POLL_S) in QUIT:
                    return
        finally:
            watch.stop()


def _story(watch: Watch) -> list[str]:
    if watch.silent_s > SILENT_S:
        return [f"the controller has not answered for {watch.silent_s:.0f} s"]
    return ["q quits"]
