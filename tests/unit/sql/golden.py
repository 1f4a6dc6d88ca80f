"""The golden file of expressions: what PostgreSQL answers to `SELECT expression`, and how to ask it anew.

    python -m tests.unit.sql.golden "host=... user=postgres" [more expressions, a file [golden file]]

A block is an expression, then `  type: text`, `  type is NULL` or `  error SQLSTATE: message`. Recorded with TimeZone
UTC and the C locale. Expressions whose value depends on when they run are written so that it does not (`now() =
current_timestamp`).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

Case = TypeVar("Case")
Answer = TypeVar("Answer")

FILE = Path(__file__).with_name("expressions.golden")


def read(path: Path = FILE) -> list[tuple[str, str]]:
    """(expression, expected outcome)."""
    lines = path.read_text().splitlines()
    return list(zip(lines[::2], (line[2:] for line in lines[1::2]), strict=True))


def differences(cases: Iterable[tuple[Case, Answer]], answer: Callable[[Case], Answer]) -> list[str]:
    """Of all cases, each with what it must answer: those that answer something else or fail, one a line. A test of
    thousands of cases costs a tenth of thousands of tests, and tells as much."""
    found = []
    for case, expected in cases:
        try:
            given = answer(case)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            found.append(f"{case!r}: {error!r} at {where.filename}:{where.lineno}, wanted {expected!r}")
        else:
            if given != expected:
                found.append(f"{case!r}: {given!r}, wanted {expected!r}")
    return found


def outcome(type_name: str, text: str | None) -> str:
    return f"{type_name} is NULL" if text is None else f"{type_name}: {text}".replace("\n", "\\n")


def failure(sqlstate: str, message: str) -> str:
    return f"error {sqlstate}: {message}"


def record(expressions: list[str], dsn: str) -> str:
    import psycopg

    from actors.sql.types import by_oid

    blocks: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for expression in expressions:
            cursor = connection.cursor()
            try:
                cursor.execute(f"SELECT {expression}".encode())
            except psycopg.Error as error:
                answer = failure(error.sqlstate or "", error.diag.message_primary or "")
            else:
                result = cursor.pgresult
                assert result is not None
                value = result.get_value(0, 0)
                answer = outcome(by_oid[result.ftype(0)].name, None if value is None else value.decode())
            blocks.append(f"{expression}\n  {answer}\n")
    return "".join(blocks)


if __name__ == "__main__":
    file = Path(sys.argv[3]) if len(sys.argv) > 3 else FILE
    known = [expression for expression, _ in read(file)] if file.exists() else []
    added = (
        [line for line in Path(sys.argv[2]).read_text().splitlines() if line and line not in known]
        if len(sys.argv) > 2
        else []
    )
    file.write_text(record(known + added, sys.argv[1]))
