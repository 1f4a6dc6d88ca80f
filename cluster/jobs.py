"""Python programs on the cluster's Ray, through Ray Jobs: submitted, listed, followed, stopped.

    with Jobs(state) as jobs:
        name = jobs.submit(Program(file, arguments))
        jobs.wait(name)             Job("transfer-4f0a9c", "SUCCEEDED", exit_status=0, ...)

The cluster's own Ray has no dashboard (one more process and port, and web packages that nothing else here needs), so
this does what the dashboard does for `ray job submit`: Ray's JobManager runs in the command itself. It starts a
detached JobSupervisor, which outlives the command; what is known of a job lies in Ray's control store until the cluster
stops, and its output in Ray's log folder.

The program finds in its environment EAGLERAY_URL and EAGLERAY_DATA_DIR, and RAY_ADDRESS: `ray.init()` joins this Ray.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import shlex
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cluster import joined_ray
from cluster.local_ray import guard, prepare_environment
from cluster.submission import Streams
from cluster.without_arrow import make_context

T = TypeVar("T")

POLL_S = 0.1
"""How often a command that waits looks at its job."""
STOP_S_MAX = 10.0
"""Ray's job supervisor gives a program three seconds between SIGTERM and SIGKILL."""
MARK = b"Running entrypoint for job "
"""Begins the last line that Ray writes to a job's log before the program's own."""
NAMESPACE = "submissions"


class JobError(Exception):
    """One line for the person at the terminal."""


@dataclass(frozen=True)
class Program:
    """`file` relative to `working_dir` where there is one, which is copied to the cluster; else it runs in
    `directory`. `packages`: what pip is to install for it."""

    file: str
    arguments: tuple[str, ...] = ()
    directory: str = ""
    working_dir: Path | None = None
    packages: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """`status`: PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED. `exit_status`: None where the program never ran or
    was stopped. Times in seconds since 1970."""

    name: str
    status: str
    program: str
    begun_s: float
    ended_s: float | None
    exit_status: int | None
    message: str

    @property
    def ended(self) -> bool:
        return self.status in ("SUCCEEDED", "FAILED", "STOPPED")


class Jobs:
    """The jobs of the cluster with this state file (data_folder.py). Raises JobError where its Ray does not answer."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        os.umask(0o077)  # Ray's files of this driver lie in the cluster's folder
        if state["joined"]:
            joined_ray.prepare_environment()
        else:
            prepare_environment(Path(state["ray_temporary"]), Path(state["ray_token"]))
        import ray

        guard()
        self._ray = ray
        try:
            ray.init(address=state["ray_address"], log_to_driver=False, configure_logging=False, namespace=NAMESPACE)
        except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
            raise JobError(
                f"the cluster's Ray does not answer at {state['ray_address']}: {str(error).splitlines()[0]}"
            ) from None
        make_context()
        self._loop = asyncio.new_event_loop()
        self._manager: Any = self._do(self._make())

    async def _make(self) -> Any:
        from ray.dashboard.modules.job import job_manager

        job_manager.logger.setLevel(logging.CRITICAL)  # what it would log, a Job's message says
        worker: Any = self._ray._private.worker.global_worker
        self._logs = Path(worker.node.get_logs_dir_path())
        return job_manager.JobManager(worker.gcs_client, str(self._logs))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        """Leave Ray; jobs go on. The JobManager's own tasks are neither ended nor cancelled: answers of Ray's are
        under way to them, and Ray complains where nobody takes one."""
        for task in asyncio.all_tasks(self._loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._ray.shutdown()

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- submitting ----------------------------------------------------------------------------------------------------

    def submit(self, program: Program, streams: Streams | None = None) -> str:
        """Start a program; its job's name, once the program runs or has failed to. Raises JobError where its files
        cannot be sent."""
        environment: dict[str, Any] = {"env_vars": {"EAGLERAY_URL": self._state["url"], **program.environment}}
        if program.working_dir is not None:
            environment["working_dir"] = self._uploaded(program.working_dir)
        if program.packages:
            environment["pip"] = list(program.packages)
        # Ray makes an environment with pip of its own, and puts its Python first in PATH.
        command = ["python" if program.packages else sys.executable, "-m", "cluster.job_program"]
        if streams is not None:
            command += ["--streams", str(streams.path)]
        if program.directory:
            command += ["--directory", program.directory]
        command += ["--", program.file, *program.arguments]
        stem = re.sub(r"[^a-z0-9]+", "-", Path(program.file).stem.lower()).strip("-")[:40] or "job"
        name = f"{stem}-{secrets.token_hex(3)}"
        shown = shlex.join([program.file, *program.arguments])
        entry = shlex.join(command)
        try:
            self._do(
                self._manager.submit_job(
                    entrypoint=entry, submission_id=name, runtime_env=environment, metadata={"program": shown}
                )
            )
            # Until then the supervisor has no order to run: it would be lost with this process.
            while self.job(name).status == "PENDING":
                self._do(asyncio.sleep(POLL_S))
        except KeyboardInterrupt:
            # The program may run already, and nobody else knows its name yet.
            with suppress(JobError):
                self.stop(name)
            raise
        return name

    def _uploaded(self, folder: Path) -> str:
        from ray._private.runtime_env.working_dir import upload_working_dir_if_needed

        try:
            return str(
                upload_working_dir_if_needed({"working_dir": str(folder)}, include_gitignore=True)["working_dir"]
            )
        except Exception as error:  # too large (Ray's bound is 500 MiB), unreadable
            raise JobError(f"{folder}: {str(error).splitlines()[0]}") from None

    # -- looking -------------------------------------------------------------------------------------------------------

    def job(self, name: str) -> Job:
        """Raises JobError for a name that no job has."""
        info = self._do(self._manager.get_job_info(name))
        if info is None:
            raise JobError(f"no job {name!r} (eagleray jobs list shows them; a cluster forgets its jobs when it stops)")
        return _job(name, info)

    def all(self) -> list[Job]:
        """The oldest first."""
        jobs = [_job(name, info) for name, info in self._do(self._manager.list_jobs()).items()]
        return sorted(jobs, key=lambda job: (job.begun_s, job.name))

    def wait(self, name: str) -> Job:
        """Until the job has ended. A supervisor that dies is noticed, too: Ray's JobManager looks after it here
        meanwhile."""
        while not (job := self.job(name)).ended:
            self._do(asyncio.sleep(POLL_S))
        return job

    def stop(self, name: str) -> Job:
        """SIGTERM to all processes of the program, and three seconds later SIGKILL. Raises JobError for one that has
        ended."""
        job = self.job(name)
        if job.ended:
            raise JobError(f"job {name} has ended already ({job.status})")
        self._manager.stop_job(name)
        end_s = time.monotonic() + STOP_S_MAX
        while not (job := self.job(name)).ended and time.monotonic() < end_s:
            self._do(asyncio.sleep(POLL_S))
        if not job.ended:
            raise JobError(f"job {name} does not stop ({job.status})")
        return job

    def output(self, name: str, follow: bool) -> Iterator[bytes]:
        """What the program has written, pieces of it; with `follow`, until the job has ended."""
        job = self.job(name)
        path, place = self._logs / f"job-driver-{name}.log", 0
        while True:
            data = b""
            with suppress(FileNotFoundError), path.open("rb") as log:
                if not place:
                    place = _program_begins(log.read())
                if place:
                    log.seek(place)
                    data = log.read()
            place += len(data)
            if data:
                yield data
            elif job.ended or not follow:
                return
            elif not data:
                self._do(asyncio.sleep(POLL_S))
                job = self.job(name)


def _program_begins(log: bytes) -> int:
    """Where in a job's log Ray's own lines end; 0 where they have not."""
    found = 0 if log.startswith(MARK) else log.find(b"\n" + MARK) + 1
    if not found and not log.startswith(MARK):
        return 0
    return log.find(b"\n", found) + 1


def _job(name: str, info: Any) -> Job:
    metadata = info.metadata or {}
    return Job(
        name=name,
        status=str(info.status),
        program=metadata.get("program", info.entrypoint),
        begun_s=info.start_time / 1000,
        ended_s=info.end_time / 1000 if info.end_time else None,
        exit_status=info.driver_exit_code,
        message=info.message or "",
    )
