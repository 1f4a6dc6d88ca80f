"""A rush at noon: everybody wants one of the same few tickets' numbers, a hot key range, for a part of the demo's
day."""

from __future__ import annotations

import time
from functools import partial
from typing import Self

import psycopg

from eagleray.demo.crowd import Crowd

CLIENTS = 3
PAUSE_S = 0.03
"""Of each client, between two tickets."""


class Rush(Crowd):
    """`CLIENTS` threads that buy tickets from `begin_s` to `end_s` seconds after it was entered. `sold`: numbers whose
    sale was acknowledged; `unknown`: of which nobody knows."""

    def __init__(self, url: str, begin_s: float, end_s: float) -> None:
        self._url = url
        self._span_s = (begin_s, end_s)
        self.sold: set[int] = set()
        self.unknown: set[int] = set()
        self.errors: list[str] = []
        super().__init__([partial(self._buy, number) for number in range(CLIENTS)])

    def __enter__(self) -> Self:
        with psycopg.connect(self._url, autocommit=True) as client:
            client.execute("CREATE TABLE tickets (number int PRIMARY KEY, buyer int NOT NULL)")
        self._began_s = time.monotonic()
        return super().__enter__()

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
