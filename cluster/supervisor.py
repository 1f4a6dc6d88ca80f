"""The supervisor: the one process behind `eagleray up`. It owns the data folder, the embedded Ray, and the actors'
creation and end.

    python -m cluster.supervisor --data DIR --ready FD [--config FILE] [--port N] [--mode M] [--address auto|HOST:PORT]

Order: lock the folder, end what a former life left behind, make a token for Ray, begin the template of the cluster's
processes (thrifty/template.py), and only then import what else is needed, which takes as long as the template's own
imports; start the cluster (supervision.py), say "ready URL" on the pipe. SIGTERM or SIGINT: the controller stops the
layers in order, then Ray ends.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from actors.common.settings_file import SettingsError
from actors.runtime import descriptors
from cluster import leftovers, local_ray
from cluster.data_folder import UNEXPECTED, DataFolder, DataFolderError
from cluster.remembered import Resolution, resolve
from cluster.thrifty import Template

PRIVATE_UMASK = 0o077
"""Files and sockets of a cluster, Ray's included, are their user's from their first moment."""

logger = logging.getLogger("supervisor")


def main() -> int:
    parser = argparse.ArgumentParser(prog="cluster.supervisor")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--mode")
    parser.add_argument("--address")
    arguments = parser.parse_args()
    os.umask(PRIVATE_UMASK)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = DataFolder(arguments.data)
    try:
        folder.lock()
        resolution = resolve(folder.read_cluster(), arguments.config, arguments.port, arguments.mode, arguments.address)
        leftovers.end(folder.root)
        folder.clear_run()
        folder.create()
    except (DataFolderError, SettingsError) as error:
        _say(arguments.ready, f"failed {error}")
        return 1
    leftovers.mark(folder.root)
    descriptors.raise_limit()
    template: Template | None = None
    if resolution.address:
        from cluster import joined_ray

        joined_ray.prepare_environment()
    else:
        local_ray.make_token(folder.token)
        local_ray.prepare_environment(folder.ray, folder.token)
        template = Template(folder.ray / "template")
    _run(folder, resolution, arguments.ready, template)


def _run(folder: DataFolder, resolution: Resolution, ready: int, template: Template | None) -> NoReturn:
    from cluster.supervision import StartError, Supervisor

    stopping: list[int] = []

    def handle_signals() -> None:
        signal.signal(signal.SIGTERM, lambda number, _: _interrupt(stopping, number))
        signal.signal(signal.SIGINT, lambda number, _: _interrupt(stopping, number))
        signal.signal(signal.SIGCHLD, lambda number, _: None)

    handle_signals()
    supervisor = Supervisor(folder, resolution, handle_signals, template)
    status = 0
    try:
        url = supervisor.start()
        _say(ready, f"ready {url}")
        while not stopping:
            signal.pause()
            supervisor.look_after_ray()
    except KeyboardInterrupt:
        pass
    except StartError as error:
        stopping.append(signal.SIGTERM)  # whoever hears of the failure may send one: stopping is under way
        _say(ready, f"failed {error}")
        status = 1
    except Exception as error:
        stopping.append(signal.SIGTERM)
        traceback.print_exc()
        _say(ready, f"failed {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
        status = UNEXPECTED
    supervisor.stop()
    leftovers.end(folder.root)
    folder.clear_run()
    # Ray's exit hooks would wait for processes that are gone.
    logging.shutdown()
    os._exit(status)


def _interrupt(stopping: list[int], number: int) -> None:
    """The first signal ends the wait, wherever it is; later ones are ignored (stopping is under way)."""
    if not stopping:
        stopping.append(number)
        raise KeyboardInterrupt


def _say(descriptor: int, line: str) -> None:
    try:
        os.write(descriptor, line.replace("\n", " ").encode() + b"\n")
        os.close(descriptor)
    except OSError as error:
        logger.warning("nobody waits for us: %s (%s)", error, json.dumps(line))


if __name__ == "__main__":
    sys.exit(main())
