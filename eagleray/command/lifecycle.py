"""`up` and `down`: the supervisor process is started here, watched until it is ready, and asked to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from actors.common.settings import Settings
from actors.common.settings_file import SettingsError
from cluster import free_ports, leftovers
from cluster.bytecode import kept
from cluster.data_folder import UNEXPECTED, DataFolder, DataFolderError, Fresh
from eagleray.command.main import OneLine

if TYPE_CHECKING:
    from cluster.remembered import Resolution

PRIVATE_UMASK = 0o077
"""What `up` makes is this user's alone."""
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
NOTIFY_SOCKET = "NOTIFY_SOCKET"
LET_GO_TIMEOUT_S = 20.0
"""How long `up` waits for a supervisor that is ending, or still starting, to be done."""


class Named(NamedTuple):
    """What `up` was given beside the data folder; None for what was not."""

    port: int | None
    config: Path | None
    mode: str | None
    address: str | None


def start(data: Path, named: Named, detach: bool) -> None:
    """Raises OneLine for everything that a person can mend."""
    folder = DataFolder(data)
    os.umask(PRIVATE_UMASK)
    try:
        fresh = Fresh(folder.root)
    except OSError as error:
        raise OneLine(f"data folder {folder.root}: {error.strerror or error}") from None
    try:
        folder.create()
        _check_free(folder)
        resolution = _resolution(folder, named)
        if resolution.settings.layout.port == 0:  # one for all gateways, wherever they are: each would take another
            named = named._replace(port=_free_port(resolution.settings))
        elif (
            not resolution.address
        ):  # else the node of each gateway is looked at, once gateways of a former life have ended
            _check_ports(resolution.settings)
    except (DataFolderError, SettingsError, OneLine) as error:
        if folder.root.is_dir() and not folder.is_locked():
            folder.clear_run()
        folder.take_back(fresh)
        raise OneLine(str(error)) from None
    process, reader = _spawn_supervisor(folder, named)
    timeout_s = READY_TIMEOUT_S + (resolution.settings.scaling.wake_s if resolution.address else 0.0)
    try:
        _await_ready(folder, process, reader, timeout_s)
    except (OneLine, click.Abort):
        with contextlib.suppress(subprocess.TimeoutExpired):
            if process.wait(STOP_TIMEOUT_S) != UNEXPECTED:  # else its log has the reason
                folder.take_back(fresh)
        raise
    state = folder.read_state() or {}
    doors = [f"region {region}: {url}" for region, url in state.get("regions", {}).items()]
    joined = [state["note"]] if state.get("note") else []
    for note in (*resolution.notes, *doors, *joined, *_about_tokens(folder, state)):
        click.echo(f"eagleray: {note}", err=True)
    if not detach:
        _stay(process)


def _about_tokens(folder: DataFolder, state: dict[str, Any]) -> list[str]:
    """How to come in, where tokens are asked for."""
    if state.get("method") != "tokens":
        return []
    from cluster.access_keys import KeysError, read_keys

    told = [f"certificate authority: {state['certificate_authority']}"] if state.get("certificate_authority") else []
    try:
        there = bool(read_keys(folder.access_keys))
    except KeysError as error:
        return [*told, f"nobody can connect: {error}"]
    if there:
        return [*told, f"clients show tokens: PGPASSWORD=$(eagleray token --data {folder.root})"]
    return [*told, f"clients show tokens, and there is no access key yet: eagleray key add --data {folder.root}"]


def _check_free(folder: DataFolder) -> None:
    """Raises OneLine where a cluster runs on the folder. One that has just been killed is given time to let go of
    it."""
    deadline = time.monotonic() + LET_GO_TIMEOUT_S
    while folder.is_locked():
        state = folder.read_state()
        if state is not None and _answers(state):
            raise OneLine(f"a cluster is already running on {folder.root}: {state['url']}")
        if time.monotonic() > deadline:
            raise OneLine(
                f"a cluster is already running on {folder.root}, but does not answer (eagleray down --data "
                f"{folder.root} ends it)"
            )
        time.sleep(0.1)


def _answers(state: dict[str, Any]) -> bool:
    from eagleray.command.connect import ask_status

    try:
        ask_status(state, timeout_s=5.0)
    except OneLine:
        return False
    return True


def _resolution(folder: DataFolder, named: Named) -> Resolution:
    """What the supervisor will find, read here first so that an error is one line at once."""
    from cluster.credentials import check_certificate
    from cluster.remembered import resolve

    resolution = resolve(folder.read_cluster(), named.config, named.port, named.mode, named.address)
    check_certificate(resolution.settings.authentication)
    return resolution


def _free_port(settings: Settings) -> int:
    """One that is free here now, and as many after it as there are further regions. Raises OneLine. (The host's address
    may be no address of this machine, where gateways are on others.)"""
    from cluster.regions import ports_of

    count = len(ports_of(settings))
    try:
        try:
            return free_ports.choose(settings.layout.host, count)
        except OSError:
            return free_ports.choose("0.0.0.0", count)
    except OSError as error:
        raise OneLine(f"a port: {error}") from None


def _check_ports(settings: Settings) -> None:
    """Of every region. Raises OneLine where one is taken."""
    from cluster.regions import ports_of

    for port in ports_of(settings).values():
        _probe(settings.layout.host, port)


def _probe(host: str, port: int) -> None:
    """Raises OneLine where it is taken."""
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    except OSError as error:
        raise OneLine(f"port {port} on {host}: {(error.strerror or str(error)).lower()}") from None
    except OverflowError:
        raise OneLine(f"port {port} on {host}: there is none above 65535") from None
    finally:
        probe.close()


def _spawn_supervisor(folder: DataFolder, named: Named) -> tuple[subprocess.Popen[bytes], int]:
    """The supervisor writes one line to the pipe: "ready URL" or "failed REASON"."""
    reader, writer = os.pipe()
    arguments = [sys.executable, "-m", "cluster.supervisor", "--data", str(folder.root), "--ready", str(writer)]
    config = named.config.absolute() if named.config is not None else None
    for flag, value in (
        ("--port", named.port),
        ("--config", config),
        ("--mode", named.mode),
        ("--address", named.address),
    ):
        if value is not None:
            arguments += [flag, str(value)]
    with open(folder.logs / "supervisor.log", "ab") as log:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
            env={
                **kept({name: value for name, value in os.environ.items() if name != NOTIFY_SOCKET}),
                leftovers.MARK: str(folder.root),
            },
        )
    os.close(writer)
    return process, reader


def _await_ready(folder: DataFolder, process: subprocess.Popen[bytes], reader: int, timeout_s: float) -> None:
    import select

    deadline = time.monotonic() + timeout_s
    answer = b""
    try:
        while not answer.endswith(b"\n"):
            readable, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(reader, 4096) if readable else b""
            if not chunk:
                break
            answer += chunk
    except KeyboardInterrupt:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
        raise click.Abort() from None
    finally:
        os.close(reader)
    word, _, rest = answer.decode(errors="replace").strip().partition(" ")
    if word != "ready":
        if process.poll() is None:
            process.terminate()
        raise OneLine(rest or f"the cluster did not start; see {folder.logs / 'supervisor.log'}")
    click.echo(rest)


def _stay(process: subprocess.Popen[bytes]) -> None:
    """In the foreground until interrupted, or asked to end by a service manager or a container's runtime: then the
    cluster stops with us."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        click.echo("Ctrl-C stops the cluster.", err=True)
        _tell_service_manager()
        status = process.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the cluster is stopping
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
        return
    if status != 0:
        raise OneLine(f"the cluster ended with status {status}")


def _tell_service_manager() -> None:
    """That clients can connect, where systemd waits for it (Type=notify; sd_notify(3))."""
    path = os.environ.pop(NOTIFY_SOCKET, "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, contextlib.suppress(OSError):
            manager.sendto(b"READY=1", "\0" + path[1:] if path.startswith("@") else path)


def stop(data: Path) -> None:
    folder = DataFolder(data)
    if not folder.root.exists():
        raise OneLine(f"no cluster on {folder.root}")
    state = folder.read_state()
    running = folder.is_locked()
    if running and state is not None:
        os.kill(int(state["supervisor"]), signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while folder.is_locked() and time.monotonic() < deadline:
            time.sleep(0.05)
    ended = _end_joined(folder) if not running else []
    left = [*ended, *leftovers.end(folder.root)]
    folder.clear_run()
    if not running and not left:
        raise OneLine(f"no cluster is running on {folder.root}")
    click.echo(f"stopped; the data stays in {folder.root}")


def _end_joined(folder: DataFolder) -> list[str]:
    """Ends the actors of a cluster that lies on the nodes of a Ray, which goes on: they have outlived their supervisor.
    Their names. Raises OneLine where that Ray does not answer."""
    from cluster.remembered import resolve

    try:
        cluster = folder.read_cluster()
        if cluster is None or not cluster.get("address"):
            return []
        settings = resolve(cluster, None, None, None).settings
    except (DataFolderError, SettingsError) as error:
        raise OneLine(str(error)) from None
    from cluster import joined_ray
    from cluster.preflight import NotJoined

    joined_ray.prepare_environment()
    try:
        ray = joined_ray.JoinedRay(cluster["address"], folder, settings, {}, {})
        ray.join()
        return ray.end()
    except NotJoined as error:
        raise OneLine(str(error)) from None
