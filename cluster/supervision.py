"""Class Supervisor: creates the cluster that `supervisor.py` was asked for, looks after its Ray, and ends it.

Order: start Ray (a raylet an AZ), write down what the cluster is, create the controller as a Ray actor, which creates
all others, wait until it calls the cluster complete, look that nothing listens to other machines, write state.json.
While the cluster runs, Ray restarts actors that die (max_restarts = -1); a thread watches their event loops and ends
those that are held (loop_watch.py; on a Ray that was joined: node_watch.py).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.runtime.endpoints import socket_name
from actors.runtime.region_cuts import cuts_path, write_cuts
from cluster import leftovers
from cluster.connection import connection_url, region_urls
from cluster.data_folder import DataFolder
from cluster.listening import exposed
from cluster.local_ray import LocalRay, NotProtected
from cluster.loop_watch import LoopWatch, Replacements
from cluster.policies.placement import Placement, placement
from cluster.preflight import NotJoined
from cluster.regions import controller_az, ports_of
from cluster.remembered import LIE, RESTORING, Resolution
from cluster.thrifty import Template

if TYPE_CHECKING:
    from cluster.joined_ray import JoinedRay

COMPLETE_TIMEOUT_S = 110.0

logger = logging.getLogger("supervisor")


class StartError(Exception):
    """Why the cluster cannot start, in one line."""


class Supervisor:
    """`template`: of the processes of a cluster with a Ray of its own."""

    def __init__(
        self,
        folder: DataFolder,
        resolution: Resolution,
        handle_signals: Callable[[], None],
        template: Template | None,
    ) -> None:
        self._template = template
        self._handle_signals = handle_signals
        self._folder = folder
        self._remembered = resolution.cluster
        self._settings = resolution.settings
        self._watch = LoopWatch(
            folder.sockets, self._settings.supervision.stall_s, Replacements(folder.replacements_path)
        )
        self._ray: LocalRay | JoinedRay | None = None
        self._controller: Any = None
        self._ca: Path | None = None
        """By which clients know the certificate that was made for the cluster."""
        self._ray_is_dead = False

    def start(self) -> str:
        """Returns the connection string. Raises StartError."""
        self._ask_object_store()
        self._make_authority()
        self._ray = self._make_ray()
        try:
            address = self._ray.start()
        except (NotProtected, NotJoined) as error:
            raise StartError(str(error)) from None
        finally:
            # Ray puts its own handler of SIGTERM in the place of ours: it prints a stack, and ends the process at once
            self._handle_signals()
        self._remembered |= self._ray.remembered
        self._make_certificate(self._ray.host)
        self._require_nothing_exposed()
        with self._remembering():
            self._create_actors(self._ray)
            self._await_complete()
            self._ray.close_folders()
            self._require_nothing_exposed()
            self._tell_object_store()
        url, regions = connection_url(self._settings, self._ray.host, self._ca), self._settings.regions
        self._folder.write_state(
            {
                "url": url,
                "regions": region_urls(self._settings, self._ray.gateways, self._ca),
                "far_regions": sorted(set(regions.zones.values())) if regions.delay_ms else [],
                "supervisor": os.getpid(),
                "ray_address": address,
                "ray_temporary": str(self._folder.ray),
                "ray_token": str(self._folder.token),
                "joined": self._ray.is_joined,
                "note": self._ray.note,
                "sockets": str(self._folder.sockets),
                "controller": f"unix:{self._folder.sockets / self._controller_socket(self._ray)}",
                "mode": self._settings.mode,
                "method": self._settings.authentication.method,
                "certificate_authority": str(self._ca) if self._ca is not None else "",
            }
        )
        if not self._ray.is_joined:  # its nodes have watches of their own (node_watch.py)
            self._watch.start()
        return url

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """What the cluster is goes to disk before a role writes there: data is never without the settings that say who
        may read it. A start that fails changes nothing of a cluster that was there before, but for which disks its
        zones lie on: something may have been written there."""
        former = self._folder.read_cluster()
        self._folder.write_cluster(self._remembered)
        try:
            yield
        except BaseException:
            if former is not None:
                lie = {key: self._remembered[key] for key in LIE if key in self._remembered}
                self._folder.write_cluster({**former, **lie})
            raise
        if former is None:
            logger.info("created a cluster in %s", self._folder.root)

    def _ask_object_store(self) -> None:
        """From now on the settings name the cluster's own place in it. Raises StartError where it refuses."""
        storing = self._settings.storing
        if not storing.object_store:
            return
        from cluster import object_store

        own = object_store.place(
            storing.object_store, self._remembered.setdefault("identity", object_store.new_identity())
        )
        try:
            object_store.check(own)
        except object_store.StoreRefused as error:
            raise StartError(str(error)) from None
        self._settings = replace(self._settings, storing=replace(storing, object_store=own))

    def _tell_object_store(self) -> None:
        """What a restored cluster has begun with it has, and the settings with which the next may be restored are
        there. Raises StartError where it refuses."""
        own = self._settings.storing.object_store
        if not own:
            return
        from cluster import restoring

        try:
            restoring.keep_settings(own, self._remembered)
            if self._remembered.pop(RESTORING, None):
                restoring.end_restoring(own)
                self._folder.write_cluster(self._remembered)
        except Exception as error:  # Arrow's are of many classes
            raise StartError(f"the object store refuses: {error}") from None

    def _make_ray(self) -> LocalRay | JoinedRay:
        layout = self._settings.layout
        disks, seats = self._remembered.get("disks", {}), self._remembered.get("seats", {})
        if self._template is not None:
            return LocalRay(layout.azs, controller_az(layout.azs), self._folder.ray, seats, self._template)
        from cluster.joined_ray import JoinedRay

        return JoinedRay(self._remembered["address"], self._folder, self._settings, disks, seats)

    def _controller_socket(self, joined: LocalRay | JoinedRay) -> str:
        return socket_name("controller", joined.places.controller_az, self._settings.regions)

    def _require_nothing_exposed(self) -> None:
        """Nothing of the cluster can be reached from other machines, but the PostgreSQL port where the settings say
        so. (A Ray that was joined is others', and has been seen to ask for its token.) Raises StartError."""
        if self._ray is not None and self._ray.is_joined:
            return
        is_open = self._settings.authentication.method != "trust"
        open_ports = tuple(ports_of(self._settings).values()) if is_open else ()
        if found := exposed([os.getpid(), *leftovers.find(self._folder.root)], open_ports):
            raise StartError(f"{found[0]}, where others could reach the cluster; it was ended")

    def _make_authority(self) -> None:
        """Raises StartError."""
        if self._settings.bus.transport == "unix":
            return
        from cluster.authority import Authority, AuthorityError

        try:
            Authority.open(self._folder.authority)
        except (AuthorityError, OSError) as error:
            raise StartError(str(error)) from None

    def _make_certificate(self, gateway: str) -> None:
        """What clients are shown, where they are asked for tokens and the settings name none. `gateway`: a host where
        one listens. Raises StartError, also where the access keys cannot be read."""
        authentication = self._settings.authentication
        if authentication.method != "tokens":
            return
        from cluster.access_keys import KeysError, read_keys
        from cluster.authority import AuthorityError
        from cluster.server_certificate import CA_FILE, make_certificate, names_of

        try:
            read_keys(self._folder.access_keys)
            if authentication.tls_certificate:
                return
            make_certificate(self._folder.tls, (*names_of(self._settings), gateway))
        except (AuthorityError, KeysError, OSError) as error:
            raise StartError(str(error)) from None
        self._ca = self._folder.tls / CA_FILE

    def _place(self) -> Placement:
        """By the cores of all nodes; from now on the settings say what came of it."""
        from cluster.initial import placed
        from cluster.ray_launcher import cores

        layout = self._settings.layout
        chosen = placement(layout.placement, cores(), len(layout.azs))
        self._settings = placed(self._settings, chosen)
        return chosen

    def _create_actors(self, joined: LocalRay | JoinedRay) -> None:
        """The controller, which creates whatever process the cluster's state names; those of a new cluster start beside
        it."""
        from cluster.controller_process import ControllerProcess
        from cluster.initial import initial_state, with_keepers
        from cluster.process_files import CONTROLLER, ProcessFiles
        from cluster.ray_launcher import OPTIONS, actor_class, create
        from cluster.without_arrow import make_context

        make_context()
        disks, seats = self._remembered.get("disks", {}), self._remembered.get("seats", {})
        folder, restoring = self._folder, RESTORING in self._remembered
        files = ProcessFiles(folder.sockets, folder.roles, folder.logs, folder.root, disks, seats, restoring)
        chosen, places = self._place(), joined.places
        self._controller = (
            actor_class(ControllerProcess)
            .options(name=CONTROLLER, **OPTIONS, **places.controller_options())
            .remote(files, self._settings, chosen, places, self._folder.authority)
        )
        for process in with_keepers(initial_state(self._settings, chosen)).processes:
            create(process, files, self._settings, places)

    def _await_complete(self) -> None:
        import ray

        from cluster.controller_process import NotComplete
        from cluster.ray_launcher import why_not_started

        try:
            ray.get(self._controller.complete.remote(), timeout=COMPLETE_TIMEOUT_S)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, NotComplete) else None
            raise StartError(str(cause) if cause is not None else why_not_started("controller", error)) from error
        except ray.exceptions.GetTimeoutError as error:
            raise StartError(f"the cluster did not become ready in {COMPLETE_TIMEOUT_S:.0f} s") from error
        except ray.exceptions.RayError as error:
            raise StartError(why_not_started("controller", error)) from error

    def look_after_ray(self) -> None:
        """A child has died: a raylet is replaced (its actors come back on the new one); without Ray's own control
        process all is over.

        Raises StartError then.
        """
        if self._ray is not None and not self._ray.mend():
            self._ray_is_dead = True
            raise StartError("the embedded Ray has died")

    def stop(self) -> None:
        """Stop the layers in order (best effort: what does not answer is killed), then Ray."""
        self._watch.stop()
        if self._ray is None:
            return  # it had not begun
        import ray

        if self._controller is not None and ray.is_initialized() and not self._ray_is_dead:
            if (cuts := cuts_path(self._folder.sockets)).exists():
                write_cuts(cuts, frozenset())  # a region that is cut off could not be told to stop
            try:
                ray.get(self._controller.shut_down.remote(), timeout=COMPLETE_TIMEOUT_S)
            except ray.exceptions.RayError as error:
                logger.warning("the cluster did not stop cleanly: %s", error)
        if not self._ray_is_dead:
            self._ray.end()
        if ray.is_initialized():
            ray.shutdown()
        self._ray.stop()
