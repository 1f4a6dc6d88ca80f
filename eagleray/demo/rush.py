"""A rush at noon: everybody wants one of the same few tickets' numbers, a hot key range, for a part of the demo's
day."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import psycopg

CLIENTS = 3
PAUSE_S = 0.03
"""Of each client, between two tickets."""


class Rush:
    """`CLIENTS` threads that buy tickets from `begin_s` to `end_s` seconds after it was entered. `sold`: numbers whose
    sale was acknowledged; `unknown`: of which nobody knows."""

    def __init__(self, url: str, begin_s: float, end_s: float) -> None:
        self._url = url
        self._span_s = (begin_s, end_s)
        self._over = threading.Event()
        self.sold: set[int] = set()
        self.unknown: set[int] = set()
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._buy, args=(number,), daemon=True) for number in range(CLIENTS)]

    def __enter__(self) -> Rush:
        with psycopg.connect(self._url, autocommit=True) as client:
            client.execute("CREATE TABLE tickets (number int PRIMARY KEY, buyer int NOT NULL)")
        self._began_s = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def _second(self) -> float:
        return time.monotonic() - self._began_s

    def _buy(self, buyer: int) -> None:
        begin_s, end_s = self._span_s
        self._over.wait(begin_s)
        number = buyer
        client: psycopg.Connection | None = None
        while self._second < end_s and not self._over.is_set():
            try:
                client = client or psycopg.connect(self._url, autocommit=True)
                client.execute("INSERT INTO tickets VALUES (%s, %s)", (number, buyer))
                self.sold.add(number)
            except psycopg.Error as error:
                state = error.sqlstate or "08006"
                if state == "40001":
                    continue
                self.unknown.add(number)
                if not state.startswith("08"):
                    self.errors.append(f"{state} {error}")
                if client is not None and client.closed:
                    client = None
            number += CLIENTS
            self._over.wait(PAUSE_S)
        if client is not None:
            client.close()

    def check(self, client: psycopg.Connection) -> str:
        """What is wrong with the tickets that are there; "": nothing."""
        there = {int(row[0]) for row in client.execute("SELECT number FROM tickets").fetchall()}
        if self.sold - there:
            return f"{len(self.sold - there)} of {len(self.sold)} tickets that were sold are lost"
        if there - self.sold - self.unknown:
            return f"{len(there - self.sold - self.unknown)} tickets were never sold"
        return "; ".join(self.errors[:1])
