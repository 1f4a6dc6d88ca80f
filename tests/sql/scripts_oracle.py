"""Golden scripts (tests/scripts) held beside PostgreSQL: what it answers to the same statements of the same roles.

python -m tests.sql.scripts_oracle tests/scripts/roles/privileges.sql ...

It prints a diff for each block that differs, and says how many do. `admin` is a superuser there. What only Aurora DSQL
has differs, and so may what plans look like; each difference is to be looked at, none is a failure by itself.
"""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq

from actors.common.settings import ADMIN
from tests.scripts.golden import parse_script, statements_of
from tests.sql.oracle import Oracle

Fields = pq.DiagnosticField


class Clients:
    """Sessions by name, as statements_of gives it: `b@app` logs in as app."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sessions: dict[str, psycopg.Connection[Any]] = {}
        self._notices: list[str] = []

    def _session(self, name: str) -> psycopg.Connection[Any]:
        if name not in self._sessions:
            session = psycopg.connect(self._url, user=name.partition("@")[2] or ADMIN, autocommit=True)
            session.add_notice_handler(
                lambda notice: self._notices.append(f"{notice.severity}: {notice.message_primary}")
            )
            self._sessions[name] = session
        return self._sessions[name]

    def ask(self, name: str, sql: str) -> list[str]:
        """In the form of the scripts."""
        self._notices = lines = []
        try:
            connection = self._session(name).pgconn
        except psycopg.OperationalError as error:
            return [f"ERROR 28000: {str(error).rsplit('FATAL:', 1)[-1].strip()}"]
        result = connection.exec_(sql.encode())
        if result.status == pq.ExecStatus.COPY_OUT:
            rows = 0
            while connection.get_copy_data(0)[0] > 0:
                rows += 1
            while connection.get_result() is not None:
                pass
            return [*lines, f"COPY {rows}"]
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return lines + _error(result)
        if result.nfields:
            columns = range(result.nfields)
            lines.append("|".join((result.fname(column) or b"").decode() for column in columns))
            for row in range(result.ntuples):
                values = (result.get_value(row, column) for column in columns)
                lines.append("|".join("NULL" if value is None else value.decode() for value in values))
        return [*lines, (result.command_status or b"").decode()]

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()


def _error(result: Any) -> list[str]:
    def field(name: pq.DiagnosticField) -> str:
        return (result.error_field(name) or b"").decode()

    lines = [f"ERROR {field(Fields.SQLSTATE)}: {field(Fields.MESSAGE_PRIMARY)}"]
    for name, which in (("detail", Fields.MESSAGE_DETAIL), ("hint", Fields.MESSAGE_HINT)):
        if field(which):
            lines += f"  {name}: {field(which)}".split("\n")
    return lines


def compare(path: Path, url: str) -> int:
    """How many blocks of the script PostgreSQL answers otherwise."""
    clients = Clients(url)
    different = 0
    for block in parse_script(path.read_text()):
        answered: list[str] = []
        for name, sql in statements_of(block.statements):
            prefix = "" if name == "a" else f"{name.partition('@')[0]}: "
            answered += [prefix + line for line in clients.ask(name, sql)]
        if answered != block.expected:
            different += 1
            print("\n".join([f"-- {path.stem}", *block.comments]))
            print("\n".join(unified_diff(block.expected, answered, "ours", "PostgreSQL", lineterm="", n=1)))
    clients.close()
    return different


def main() -> None:
    for name in sys.argv[1:]:
        with Oracle() as oracle:
            oracle.ask(f"CREATE ROLE {ADMIN} SUPERUSER LOGIN")
            oracle.ask("ALTER DATABASE postgres OWNER TO admin")
            oracle.ask("ALTER SCHEMA public OWNER TO admin")
            print(f"{name}: {compare(Path(name), oracle.url)} blocks differ")


if __name__ == "__main__":
    main()
