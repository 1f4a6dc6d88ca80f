"""All tests, side by side (`make test`): those that compute, a process a processor, and beside them those of live
clusters, which mostly wait.

    python -m tests.side_by_side                all of them
    python -m tests.side_by_side computing      without live clusters (`make check`)

    one pytest with a worker a processor (xdist), nice      tests/unit tests/scripts tests/sim
    LANES lanes, a pytest after the other in each           the tests of the shared cluster; each file of tests/cluster
                                                            that starts clusters of its own

Live clusters come first where both want a processor, so that they are not judged by what computes beside them. What
computes is shown as it comes; the others' output lies in .venv/tests, and follows at the end where something failed.
The last lines name all that failed, and count each part: who keeps the end of the output alone has the whole answer.

SIGINT and SIGTERM reach every pytest as one Ctrl-C, and each ends its clusters before this program ends.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
LOGS = Path(sys.prefix) / "tests"
LANES_MAX = 4
"""A cluster takes two gigabytes."""
NICE = 10
COMPUTING = ("tests/sim", "tests/scripts", "tests/unit")
SHARED = re.compile(r"\b(live_cluster|cluster_url)\b")
"""Who names one of these fixtures shares the cluster of its process."""
LONGEST_FIRST = (
    "test_joined",
    "test_tokens",
    "test_failover",
    "test_autoscaling",
    "test_object_store",
    "test_elastic",
    "test_lifecycle",
)
"""Of the files with clusters of their own, after the shared cluster's, which are the longest; others follow."""
TOLD = re.compile(
    r"^(?:(?:FAILED|ERROR) \S+\.py.*|.*\b\d+ (?:passed|failed|error|errors|skipped)\b.* in [\d.]+s.*|no tests ran.*)$",
    re.MULTILINE,
)


@dataclass
class Part:
    """One pytest. `status`: its exit status once it has ended."""

    name: str
    arguments: tuple[str, ...]
    nice: int = 0
    shown: bool = False
    status: int | None = None

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    @property
    def failed(self) -> bool:
        return self.status != 0

    def told(self) -> list[str]:
        """What failed, and how many there were. A pytest that has not come so far leaves its exit status."""
        found = TOLD.findall(self.log.read_text(errors="replace")) if self.log.exists() else []
        if self.failed and not any(line.startswith(("FAILED", "ERROR")) for line in found):
            found.append(f"FAILED {self.name}: exit status {self.status}; its output: {self.log}")
        return [line if line.startswith(("FAILED", "ERROR")) else f"{self.name}: {line.strip('= ')}" for line in found]


def processors() -> int:
    """As many as the container may use at a time, where it is one."""
    from ray._private.utils import get_num_cpus

    return max(1, min(int(get_num_cpus(override_docker_cpu_warning=True)), len(os.sched_getaffinity(0))))


def parts(workers: int) -> tuple[Part, list[Part]]:
    """What computes, and what lives, the longest first."""
    live = [path for folder in ("clients", "cluster", "sql") for path in sorted((TESTS / folder).glob("test_*.py"))]
    shared = [str(path.relative_to(ROOT)) for path in live if SHARED.search(path.read_text())]
    own = [path for path in live if str(path.relative_to(ROOT)) not in shared]
    own.sort(key=lambda path: (*LONGEST_FIRST, path.stem).index(path.stem))
    computing = Part("computing", ("-n", str(workers), "--dist", "worksteal", *COMPUTING), NICE, shown=True)
    return computing, [
        Part("shared_cluster", tuple(shared)),
        *(Part(path.stem, (str(path.relative_to(ROOT)),)) for path in own),
    ]


class Run:
    def __init__(self) -> None:
        self.running: set[subprocess.Popen[bytes]] = set()
        self.stopped = False
        self._lock = threading.Lock()

    def lane(self, waiting: deque[Part]) -> None:
        while waiting and not self.stopped:
            try:
                part = waiting.popleft()
            except IndexError:
                return
            self.run(part)

    def run(self, part: Part) -> None:
        command = [sys.executable, "-m", "pytest", *part.arguments]
        with self._lock:
            if self.stopped:
                return
            # A process group of its own: a Ctrl-C of the terminal comes once, from here.
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
            self.running.add(process)
        if part.nice:
            os.setpriority(os.PRIO_PROCESS, process.pid, part.nice)
        assert process.stdout is not None
        with part.log.open("wb") as log:
            while piece := os.read(process.stdout.fileno(), 1 << 16):
                log.write(piece)
                log.flush()
                if part.shown:
                    sys.stdout.buffer.write(piece)
                    sys.stdout.buffer.flush()
        part.status = process.wait()
        with self._lock:
            self.running.discard(process)
        if not part.shown:
            print(f"\n[{part.told()[-1] if part.told() else part.name}]", flush=True)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        for process in list(self.running):
            process.send_signal(signal.SIGINT)


def main() -> int:
    begun = time.monotonic()
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir()
    run = Run()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, run.stop
        )  # children begin with the default, also where a shell in the background ignores SIGINT
    workers = processors()
    computing, live = parts(workers)
    if "computing" in sys.argv[1:]:
        live = []
    waiting = deque(live)
    lanes = [threading.Thread(target=run.lane, args=(waiting,)) for _ in range(min(workers, LANES_MAX))]
    lanes.append(threading.Thread(target=run.run, args=(computing,)))
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    every = [computing, *live]
    for part in every:
        if part.failed and not part.shown and part.log.exists():
            print(f"\n{'=' * 20} {part.name} {'=' * 20}\n{part.log.read_text(errors='replace')}")
    print("\n" + "\n".join(line for part in sorted(every, key=lambda part: part.failed) for line in part.told()))
    failed = [part.name for part in every if part.failed]
    print(f"{'failed: ' + ', '.join(failed) if failed else 'all passed'}, {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
