"""Workloads: programs with setup, clients and a check, which speak SQL and nothing else.

A workload subclasses `Workload` and says what one client does once (`step`); the runner gives each client a thread, a connection and a random
source of its own, counts commits, conflicts and retries, and measures latency. The check runs after all clients have ended, on the database alone and on
what the clients know to be acknowledged.

    class Counter(Workload):
        def setup(self, connection): connection.execute("CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)")
        def step(self, client):      client.transaction("add", lambda c: c.execute("UPDATE counter SET n = n + 1 WHERE id = 1"))
        def check(self, connection): ...return a list of what is wrong
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from hdrh.histogram import HdrHistogram

from eagleray.client import UnknownOutcome, connect, transaction

T = TypeVar("T")

LATENCY_US_MAX = 60_000_000
LATENCY_DIGITS = 3


class Client:
    """One of a workload's concurrent clients: its connection, random source and measurements."""

    def __init__(self, number: int, url: str, seed: int) -> None:
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.connection = connect(url)
        self.commits: Counter[str] = Counter()
        self.retries = 0
        self.unknown = 0
        self.latency = HdrHistogram(1, LATENCY_US_MAX, LATENCY_DIGITS)

    def transaction(self, name: str, work: Callable[[psycopg.Cursor[Any]], T]) -> T:
        """Run and commit `work`, retried on 40001; counted under `name`, its latency that of the successful whole with retries."""
        begun = time.perf_counter()
        result = transaction(self.connection, work, on_retry=self._retried, jitter=self.random)
        self.latency.record_value(min(LATENCY_US_MAX, max(1, int((time.perf_counter() - begun) * 1e6))))
        self.commits[name] += 1
        return result

    def _retried(self, attempt: int, error: psycopg.Error) -> None:
        self.retries += 1


@dataclass
class Report:
    """What a run measured. Latencies in milliseconds; `problems` empty: every check held."""

    name: str
    clients: int
    seconds: float
    commits: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    retried_share: float = 0.0
    unknown: int = 0
    latency_ms: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        return sum(self.commits.values()) / self.seconds if self.seconds else 0.0


class Workload:
    """Subclass this. `parameters` are free for the subclass."""

    name = "workload"
    description = ""
    clients_default = 8
    seconds_default = 10.0

    def setup(self, connection: psycopg.Connection[Any]) -> None:
        """Create and load what the clients need. The connection is in autocommit mode."""

    def step(self, client: Client) -> None:
        """One unit of one client's work."""
        raise TypeError("a workload must define step")

    def check(self, connection: psycopg.Connection[Any]) -> tuple[list[str], list[str]]:
        """(what was checked and held, what is wrong), each a sentence. The connection is in autocommit mode."""
        return [], []

    def run(
        self,
        url: str,
        *,
        clients: int | None = None,
        seconds: float | None = None,
        seed: int = 1,
        progress: Callable[[float, int], None] | None = None,
    ) -> Report:
        """Setup, `clients` threads for `seconds`, check. `progress(share of the time, commits so far)` is called about ten times a second.

        Raises the first error that a client could not handle.
        """
        count = clients or self.clients_default
        duration = seconds or self.seconds_default
        with connect(url, autocommit=True) as connection:
            self.setup(connection)
        crew = [Client(number, url, seed) for number in range(count)]
        failures: list[BaseException] = []
        elapsed = self._drive(crew, duration, failures, progress)
        if failures:
            raise failures[0]
        report = self._report(crew, elapsed)
        with connect(url, autocommit=True) as connection:
            report.checks, report.problems = self.check(connection)
        return report

    def _drive(
        self, crew: list[Client], duration: float, failures: list[BaseException], progress: Callable[[float, int], None] | None
    ) -> float:
        stop = threading.Event()
        threads = [threading.Thread(target=self._client_loop, args=(client, stop, failures), daemon=True) for client in crew]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        while (elapsed := time.perf_counter() - begun) < duration and not stop.is_set():
            stop.wait(min(0.1, duration - elapsed))
            if progress is not None:
                progress(min(1.0, (time.perf_counter() - begun) / duration), sum(sum(client.commits.values()) for client in crew))
        stop.set()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - begun
        for client in crew:
            client.connection.close()
        return elapsed

    def _client_loop(self, client: Client, stop: threading.Event, failures: list[BaseException]) -> None:
        try:
            while not stop.is_set():
                try:
                    self.step(client)
                except UnknownOutcome:
                    client.unknown += 1
                    client.connection = connect(client.connection.info.dsn)
        except BaseException as error:
            failures.append(error)
            stop.set()

    def _report(self, crew: list[Client], elapsed: float) -> Report:
        latency = HdrHistogram(1, LATENCY_US_MAX, LATENCY_DIGITS)
        report = Report(self.name, len(crew), elapsed)
        for client in crew:
            latency.add(client.latency)
            report.commits += client.commits
            report.conflicts += client.retries
            report.unknown += client.unknown
        total = sum(report.commits.values())
        report.retried_share = report.conflicts / (total + report.conflicts) if total else 0.0
        report.latency_ms = {f"p{point:g}": latency.get_value_at_percentile(point) / 1000 for point in (50, 90, 99, 99.9)}
        report.latency_ms["mean"] = latency.get_mean_value() / 1000
        return report
