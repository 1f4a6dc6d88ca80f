"""The supervisor: the one process behind `eagleray up`. It owns the data folder, the embedded Ray, and the actors'
creation and end.

    python -m cluster.supervisor --data DIR --ready FD [--config FILE] [--port N] [--mode M]

Order: lock the folder, end what a former life left behind, start Ray (a raylet an AZ) with a token of its own, write
down what the cluster is, create the controller and every process of the plan as Ray actors, wait until the controller
calls the cluster complete, look that nothing listens to other machines, write state.json, say "ready URL" on the
pipe. SIGTERM or SIGINT: the controller stops the layers in order, then Ray ends. While it runs, Ray restarts actors
that die (max_restarts = -1); a thread watches their event loops and ends those that are held (loop_watch.py).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from actors.common.settings import ADMIN, Settings
from actors.common.settings_file import SettingsError
from actors.runtime import descriptors
from cluster import leftovers
from cluster.data_folder import DataFolder, DataFolderError
from cluster.listening import exposed
from cluster.local_ray import LocalRay, NotProtected, make_token, prepare_environment
from cluster.loop_watch import LoopWatch, Replacements
from cluster.plan import ProcessPlan, controller_az, make_plan
from cluster.remembered import Resolution, resolve

if TYPE_CHECKING:
    from actors.runtime.host import RoleSpec
    from actors.runtime.ray_shell import ProcessSpec

NAMESPACE = "eagleray"
COMPLETE_TIMEOUT_S = 110.0
PRIVATE_UMASK = 0o077
"""Files and sockets of a cluster, Ray's included, are their user's from their first moment."""

logger = logging.getLogger("supervisor")


class StartError(Exception):
    """Why the cluster cannot start, in one line."""


def connection_url(settings: Settings) -> str:
    """How to connect from this machine."""
    host, users = settings.layout.host, sorted(settings.authentication.users)
    host = {"127.0.0.1": "localhost", "0.0.0.0": "localhost", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    user = ADMIN if settings.authentication.method == "trust" or ADMIN in users else quote(users[0], safe="")
    return f"postgresql://{user}@{host}:{settings.layout.port}/postgres"


class Supervisor:
    def __init__(self, folder: DataFolder, resolution: Resolution, handle_signals: Callable[[], None]) -> None:
        self._handle_signals = handle_signals
        self._folder = folder
        self._remembered = resolution.cluster
        self._settings = resolution.settings
        self._plan = make_plan(self._settings)
        names = ["controller", *(process.name for process in self._plan)]
        self._watch = LoopWatch(
            {name: self._heartbeat_path(name) for name in names},
            self._settings.supervision.stall_s,
            Replacements(folder.replacements_path),
        )
        self._ray: LocalRay | None = None
        self._actors: dict[str, Any] = {}
        self._ray_is_dead = False

    def start(self) -> str:
        """Returns the connection string. Raises StartError."""
        self._ray = LocalRay(self._settings.layout.azs, self._folder.ray)
        try:
            address = self._ray.start()
        except NotProtected as error:
            raise StartError(str(error)) from None
        import ray

        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        self._handle_signals()  # Ray has put its own handler of SIGTERM in the place of ours: it prints a stack, and ends the process at once
        self._require_nothing_exposed()
        with self._remembering():
            self._make_authority()
            self._create_actors()
            self._await_complete()
            self._ray.close_folders()
            self._require_nothing_exposed()
        url = connection_url(self._settings)
        self._folder.write_state(
            {
                "url": url,
                "supervisor": os.getpid(),
                "ray_address": address,
                "ray_temporary": str(self._folder.ray),
                "ray_token": str(self._folder.token),
                "sockets": str(self._folder.sockets),
                "controller": self._endpoint("controller"),
                "mode": self._settings.mode,
            }
        )
        self._watch.start()
        return url

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """What the cluster is goes to disk before a role writes there: data is never without the settings that say
        who may read it. A start that fails changes nothing of a cluster that was there before."""
        former = self._folder.read_cluster()
        self._folder.write_cluster(self._remembered)
        try:
            yield
        except BaseException:
            if former is not None:
                self._folder.write_cluster(former)
            raise
        if former is None:
            logger.info("created a cluster in %s", self._folder.root)

    def _require_nothing_exposed(self) -> None:
        """Nothing of the cluster can be reached from other machines, but the PostgreSQL port where the settings say
        so. Raises StartError."""
        port = self._settings.layout.port
        open_ports = () if self._settings.authentication.method == "trust" else (port,)
        if found := exposed([os.getpid(), *leftovers.find(self._folder.root)], open_ports):
            raise StartError(f"{found[0]}, where others could reach the cluster; it was ended")

    def _endpoint(self, process: str) -> str:
        return f"unix:{self._folder.sockets}/{process}.sock"

    def _heartbeat_path(self, process: str) -> Path:
        return self._folder.sockets / f"{process}.beat"

    def _spec(self, process: ProcessPlan, roles: Any) -> ProcessSpec:
        from actors.runtime.ray_shell import ProcessSpec

        return ProcessSpec(
            name=process.name,
            endpoint=self._endpoint(process.name),
            controller_endpoint=self._endpoint("controller"),
            data_dir=self._folder.roles,
            log_path=self._folder.logs / f"{process.name}.log",
            heartbeat_path=self._heartbeat_path(process.name),
            settings=self._settings,
            roles=roles,
        )

    def _make_authority(self) -> None:
        """Raises StartError."""
        if self._settings.bus.transport == "unix":
            return
        from cluster.authority import Authority, AuthorityError

        try:
            Authority.open(self._folder.authority)
        except (AuthorityError, OSError) as error:
            raise StartError(str(error)) from None

    def _create_actors(self) -> None:
        import ray

        from actors.runtime.ray_shell import RoleProcess
        from cluster.controller_process import ControllerProcess

        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0, "resources": {"eagleray": 1}, "namespace": NAMESPACE}
        controller = ProcessPlan("controller", controller_az(self._settings), ())
        self._actors["controller"] = (
            ray.remote(ControllerProcess)
            .options(name="controller", label_selector={"az": controller.az}, **options)
            .remote(self._spec(controller, None), self._plan, connection_url(self._settings), self._folder.authority)
        )
        actor = ray.remote(RoleProcess)
        for process in self._plan:
            roles = _Roles(process, self._settings, str(self._folder.sockets))
            self._actors[process.name] = actor.options(name=process.name, label_selector={"az": process.az}, **options).remote(
                self._spec(process, roles)
            )

    def _await_complete(self) -> None:
        import ray

        started = {name: handle.process_id.remote() for name, handle in self._actors.items()}
        names = {reference: name for name, reference in started.items()}
        waiting = list(started.values())
        while waiting:
            done, waiting = ray.wait(waiting, num_returns=1, timeout=COMPLETE_TIMEOUT_S)
            if not done:
                raise StartError(
                    f"{', '.join(sorted(names[reference] for reference in waiting))} did not start in {COMPLETE_TIMEOUT_S:.0f} s"
                )
            try:
                ray.get(done[0])
            except ray.exceptions.RayError as error:
                raise StartError(_why(names[done[0]], error)) from error
        try:
            ray.get(self._actors["controller"].complete.remote(), timeout=COMPLETE_TIMEOUT_S)
        except ray.exceptions.RayError as error:
            raise StartError(f"the cluster did not become ready in {COMPLETE_TIMEOUT_S:.0f} s: {error}") from error

    def look_after_ray(self) -> None:
        """A child has died: a raylet is replaced (its actors come back on the new one); without Ray's own control process all is over.

        Raises StartError then.
        """
        if self._ray is not None and not self._ray.mend():
            self._ray_is_dead = True
            raise StartError("the embedded Ray has died")

    def stop(self) -> None:
        """Stop the layers in order (best effort: what does not answer is killed), then Ray."""
        import ray

        self._watch.stop()
        if ray.is_initialized() and not self._ray_is_dead:
            try:
                ray.get(self._actors["controller"].shut_down.remote(), timeout=COMPLETE_TIMEOUT_S)
            except (ray.exceptions.RayError, KeyError) as error:
                logger.warning("the cluster did not stop cleanly: %s", error)
            ray.shutdown()
        if self._ray is not None:
            self._ray.stop()


class _Roles:
    """ray_shell.Roles of one process."""

    def __init__(self, process: ProcessPlan, settings: Settings, sockets: str) -> None:
        self._process = process
        self._settings = settings
        self._sockets = sockets

    def fixed(self) -> list[RoleSpec]:
        from cluster.roles import role_specs

        return role_specs(self._process, self._settings, self._sockets)

    def assigned(self, role: str, az: str) -> RoleSpec:
        from cluster.roles import role_spec

        return role_spec(role, az, self._settings, self._sockets)


def _why(name: str, error: Exception) -> str:
    """The innermost reason that an actor's constructor gave, in one line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    last = lines[-1].strip() if lines else repr(error)
    return f"{name} did not start: {last}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="cluster.supervisor")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--mode")
    arguments = parser.parse_args()
    os.umask(PRIVATE_UMASK)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = DataFolder(arguments.data)
    try:
        folder.lock()
        resolution = resolve(folder.read_cluster(), arguments.config, arguments.port, arguments.mode)
        leftovers.end(folder.root)
        folder.clear_run()
        folder.create()
    except (DataFolderError, SettingsError) as error:
        _say(arguments.ready, f"failed {error}")
        return 1
    leftovers.mark(folder.root)
    descriptors.raise_limit()
    make_token(folder.token)
    prepare_environment(folder.ray, folder.token)
    _run(folder, resolution, arguments.ready)


def _run(folder: DataFolder, resolution: Resolution, ready: int) -> NoReturn:
    stopping: list[int] = []

    def handle_signals() -> None:
        signal.signal(signal.SIGTERM, lambda number, _: _interrupt(stopping, number))
        signal.signal(signal.SIGINT, lambda number, _: _interrupt(stopping, number))
        signal.signal(signal.SIGCHLD, lambda number, _: None)

    handle_signals()
    supervisor = Supervisor(folder, resolution, handle_signals)
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
        status = 1
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
