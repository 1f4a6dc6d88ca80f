"""`eagleray bench park`: what sessions that sleep at zero cost, and how soon each goes on.

A cluster of this machine's own, in a temporary folder; `sessions` connections, each with a named prepared statement and
a setting of its own, are left alone until all are parked in the gateways and the cluster is at zero. Then

    one by one    at the client's next statement the session goes on; the first one wakes the cluster
    all at once   all clients send at the same time, from zero again

Memory is the gateways' own (private, and as a share of pages that processes have in common), as the kernel tells it;
what the kernel itself holds for a socket is not in it. Linux; the clients are psycopg's connections, spoken to by
libpq, in this process. Raises WakeFailed where a session does not go on as it was.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import ExecStatus

from eagleray.bench_wake import WakeFailed, await_zero, spares_of, status_of
from eagleray.own_cluster import NotStarted, own_cluster
from eagleray.workload.measure import quantile

SETTINGS = """
mode = "open"
[scaling]
zero_after_s = 2.0
[sessions]
park_after_s = 0.5
"""
CONNECTING = 4
"""Connections that are made at a time."""
STORM_S_MAX = 120.0
SPARE_DESCRIPTORS = 100
STATEMENT = b"by_key"


@dataclass
class Memory:
    """Of all gateways' processes, bytes."""

    private: int = 0
    proportional: int = 0


@dataclass
class Report:
    """`one_by_one` and `at_once`: milliseconds from a session's next statement to its row, the former without `first`,
    which woke the cluster."""

    sessions: int
    gateways: int
    bare: Memory
    parked: Memory
    first: float
    one_by_one: list[float]
    at_once: list[float]

    def text(self) -> str:
        each = (self.parked.private - self.bare.private) / self.sessions
        rows = [("one by one", self.one_by_one), ("all at once", self.at_once)]
        lines = [f"{'ms from the statement to its row':34}{'median':>9}{'90 %':>9}{'99 %':>9}{'max':>9}"]
        for name, all_ms in rows:
            ms = sorted(all_ms)
            lines.append(f"{name:34}" + "".join(f"{quantile(ms, share):9.1f}" for share in (0.5, 0.9, 0.99, 1.0)))
        return "\n".join(
            [
                f"{self.sessions} sessions parked in {self.gateways} gateways; the first one woke the "
                f"cluster and had its row after {self.first:.0f} ms",
                f"gateways together, private memory: {_mb(self.bare.private)} bare, "
                f"{_mb(self.parked.private)} with the sessions, {each:.0f} bytes a session"
                f" (with their share of common pages: {_mb(self.bare.proportional)}, {_mb(self.parked.proportional)})",
                *lines,
            ]
        )


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"


def measure(sessions: int) -> Report:
    """Raises WakeFailed, NotStarted."""
    _make_room(sessions + SPARE_DESCRIPTORS)
    clients: list[psycopg.Connection] = []
    with own_cluster("park", SETTINGS, quiet=True) as data:
        url = str(status_of(data)["url"])
        try:
            with psycopg.connect(url, autocommit=True) as client:
                client.execute("CREATE TABLE park (k bigint PRIMARY KEY, v text)")
                with client.cursor().copy("COPY park FROM STDIN") as copy:
                    copy.write("".join(f"{row}\trow {row}\n" for row in range(sessions)))
            spares = spares_of(data)
            bare = _memory(await_zero(data, spares))
            with ThreadPoolExecutor(CONNECTING) as pool:
                clients += pool.map(lambda number: _connect(url, number), range(sessions))
            status = await_zero(data, spares)
            gateways = _gateways(status)
            found = sum(gateway["load"]["parked"] for gateway in gateways)
            if found != sessions:
                raise WakeFailed(f"{found} of {sessions} sessions are parked")
            parked = _memory(status)
            order = list(range(sessions))
            random.Random(1).shuffle(order)
            first, *others = [_resume(clients[number], number) for number in order]
            for number in order[:: max(1, sessions // 100)]:
                _check(clients[number], number)
            await_zero(data, spares)
            at_once = _storm(clients)
            return Report(sessions, len(gateways), bare, parked, first, others, at_once)
        finally:
            for client in clients:
                client.close()


def _make_room(descriptors: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < descriptors:
        raise WakeFailed(f"{descriptors} files are to be open, the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, descriptors), hard))


def _connect(url: str, number: int) -> psycopg.Connection:
    try:
        client = psycopg.connect(url, autocommit=True, application_name=f"client {number}")
    except psycopg.Error as error:
        raise WakeFailed(f"connection {number}: {error}") from None
    result = client.pgconn.prepare(STATEMENT, b"SELECT v FROM park WHERE k = $1")
    if result.status != ExecStatus.COMMAND_OK:
        raise WakeFailed(result.error_message.decode())
    _resume(client, number)
    return client


def _resume(client: psycopg.Connection, number: int) -> float:
    begun_s = time.perf_counter()
    result = client.pgconn.exec_prepared(STATEMENT, [str(number).encode()])
    took_ms = (time.perf_counter() - begun_s) * 1000
    _expect(result, number)
    return took_ms


def _expect(result: Any, number: int) -> None:
    if result.status != ExecStatus.TUPLES_OK:
        raise WakeFailed(f"session {number}: {result.error_message.decode()}")
    if (result.ntuples, result.get_value(0, 0)) != (1, f"row {number}".encode()):
        raise WakeFailed(f"session {number} was given {result.get_value(0, 0)}")


def _check(client: psycopg.Connection, number: int) -> None:
    row = client.execute("SELECT current_setting('application_name'), pg_backend_pid()").fetchone()
    if row != (f"client {number}", client.info.backend_pid):
        raise WakeFailed(f"session {number} is {row}")


def _storm(clients: list[psycopg.Connection]) -> list[float]:
    """All send, then each is waited for."""
    poll = select.poll()
    sent_s: dict[int, tuple[int, float]] = {}
    for number, client in enumerate(clients):
        sent_s[client.fileno()] = number, time.perf_counter()
        client.pgconn.send_query_prepared(STATEMENT, [str(number).encode()])
        client.pgconn.flush()
        poll.register(client.fileno(), select.POLLIN)
    took: list[float] = []
    end = time.monotonic() + STORM_S_MAX
    while sent_s:
        if time.monotonic() > end:
            raise WakeFailed(f"{len(sent_s)} sessions have had no answer in {STORM_S_MAX:.0f} s")
        for descriptor, _ in poll.poll(1000):
            number, begun_s = sent_s[descriptor]
            connection = clients[number].pgconn
            try:
                connection.consume_input()
            except psycopg.Error as error:
                raise WakeFailed(f"session {number}, after {len(took)} others had their rows: {error}") from None
            if connection.is_busy():
                continue
            took.append((time.perf_counter() - begun_s) * 1000)
            _expect(connection.get_result(), number)
            while connection.get_result() is not None:
                pass
            del sent_s[descriptor]
            poll.unregister(descriptor)
    return took


def _gateways(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [actor for actor in status["actors"] if actor["layer"] == "gateway"]


def _memory(status: dict[str, Any]) -> Memory:
    memory = Memory()
    for gateway in _gateways(status):
        for line in Path(f"/proc/{gateway['pid']}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in ("Private_Dirty", "Private_Clean"):
                memory.private += int(rest.split()[0]) << 10
            elif name == "Pss":
                memory.proportional += int(rest.split()[0]) << 10
    return memory


def main(sessions: int, out: Path | None) -> None:
    """Prints; writes JSON to `out`."""
    print(f"a cluster is started, {sessions} sessions are opened", flush=True)
    try:
        report = measure(sessions)
    except NotStarted:
        raise WakeFailed("the cluster did not start") from None
    print(f"\n{os.cpu_count()} processors")
    print(report.text())
    if out is not None:
        out.write_text(json.dumps(asdict(report)) + "\n")
