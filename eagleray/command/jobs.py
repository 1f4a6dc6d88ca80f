"""`submit` and `jobs`: Python programs that run on the cluster's Ray, beside the data."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eagleray.command.connect import state_of
from eagleray.command.main import OneLine
from eagleray.command.tokens import use_token

if TYPE_CHECKING:
    from cluster.jobs import Job, Jobs, Program

PIP_ERROR = "ERROR: "
INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""


@contextmanager
def _jobs(data: Path) -> Iterator[Jobs]:
    state = state_of(data)
    from cluster.jobs import JobError, Jobs

    try:
        with Jobs(state) as jobs:
            yield jobs
    except JobError as error:
        raise OneLine(str(error)) from None


def submit_program(
    data: Path, file: Path, arguments: tuple[str, ...], working_dir: Path | None, requirements: Path | None, wait: bool
) -> int:
    """Run FILE as a job. Waits for its end with this process's standard input and outputs and returns its exit
    status, or prints the job's name at once."""
    program = _program(data, file, arguments, working_dir, requirements)
    use_token(data, state_of(data), program.environment)
    with _jobs(data) as jobs:
        if not wait:
            name = jobs.submit(program)
            _report(file, jobs.job(name))
            print(name)
            return 0
        from cluster.submission import Streams

        streams = Streams(Path(state_of(data)["sockets"]) / f"submit-{os.getpid()}.sock")
        name = ""
        try:
            name = jobs.submit(program, streams)
            return _report(file, jobs.wait(name))
        except KeyboardInterrupt:
            if name:
                jobs.stop(name)
            return INTERRUPTED
        finally:
            streams.close()


def _program(
    data: Path, file: Path, arguments: tuple[str, ...], working_dir: Path | None, requirements: Path | None
) -> Program:
    """Raises OneLine where the program cannot be read or is no Python, lies outside of its folder, or its
    requirements cannot be had."""
    from cluster.jobs import Program

    place = file.absolute() if working_dir is None or file.is_absolute() else (working_dir / file).absolute()
    if working_dir is not None and not place.exists():
        place = file.absolute()
    try:
        compile(place.read_bytes(), str(file), "exec", dont_inherit=True)
    except OSError as error:
        raise OneLine(f"{file}: {error.strerror or error}") from None
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise OneLine(f"{file}: {where}{error.msg}") from None
    except ValueError as error:  # a null byte
        raise OneLine(f"{file}: {error}") from None
    environment = {"EAGLERAY_DATA_DIR": str(data.absolute())}
    packages = () if requirements is None else _packages(requirements)
    if working_dir is None:
        return Program(str(place), arguments, directory=str(Path.cwd()), packages=packages, environment=environment)
    try:
        inside = place.resolve().relative_to(working_dir.resolve())
    except ValueError:
        raise OneLine(f"{file}: not in the working directory {working_dir}") from None
    return Program(
        str(inside), arguments, working_dir=working_dir.absolute(), packages=packages, environment=environment
    )


def _packages(requirements: Path) -> tuple[str, ...]:
    """The lines of a requirements file. Raises OneLine where it cannot be read, names what can be no package, and where
    pip is missing, with which Ray installs them."""
    from importlib.util import find_spec

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        lines = [line.partition(" #")[0].strip() for line in requirements.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise OneLine(f"{requirements}: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line or line[0] in "#-" or "/" in line or line.endswith("\\"):
            continue  # options of pip, addresses, files: pip's to understand
        try:
            Requirement(line.partition(" --")[0])
        except InvalidRequirement as error:
            raise OneLine(f"{requirements}: line {number}: {str(error).splitlines()[0]}") from None
    packages = tuple(line for line in lines if line and not line.startswith("#"))
    if packages and find_spec("pip") is None:
        raise OneLine(
            f"{requirements}: Ray installs packages with pip, which this Python does not have (python -m ensurepip)"
        )
    return packages


def _report(file: Path, job: Job) -> int:
    """The command's exit status for a job that runs or has ended. Raises OneLine where the program never began, was
    stopped, or was lost."""
    if job.status == "STOPPED":
        raise OneLine(f"{file}: job {job.name} was stopped")
    if job.status == "FAILED" and job.exit_status is None:
        raise OneLine(f"{file}: {why(job.message)}")
    return job.exit_status or 0


def why(message: str) -> str:
    """One line of what Ray tells of a program that never began: pip's own word where it has refused a package, else the
    first."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    refused = (line for line in lines if line.startswith(PIP_ERROR))
    return next(refused, lines[0] if lines else "its process is gone").removeprefix(PIP_ERROR)


def list_jobs(data: Path) -> None:
    """One line a job, the oldest first."""
    with _jobs(data) as jobs:
        known = jobs.all()
    width = max((len(job.name) for job in known), default=3)
    print(f"{'JOB':<{width}}  {'STATUS':<9}  {'EXIT':>4}  {'BEGUN':<19}  {'TOOK':>9}  PROGRAM")
    for job in known:
        begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(job.begun_s))
        took = f"{(job.ended_s or time.time()) - job.begun_s:.1f} s"
        shown = "" if job.exit_status is None else job.exit_status
        print(f"{job.name:<{width}}  {job.status:<9}  {shown:>4}  {begun}  {took:>9}  {job.program}")


def show_logs(data: Path, name: str, follow: bool) -> int:
    """A job's output so far; with `follow` all of it, and the job's exit status."""
    with _jobs(data) as jobs:
        for piece in jobs.output(name, follow):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        return _report(Path(name), jobs.job(name)) if follow else 0


def stop_job(data: Path, name: str) -> None:
    """End a job that runs."""
    with _jobs(data) as jobs:
        jobs.stop(name)
    print(f"{name} is stopped")
