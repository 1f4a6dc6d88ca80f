"""Records of sqllogictest (sqlite.org/sqllogictest): a statement that must succeed or fail, or a query with its result.

    statement ok                            statement error 22012
    CREATE TABLE t (a int)                  SELECT 1 / 0

    query IT rowsort
    SELECT a, b FROM t
    ----
    1
    x

A query's line names a type for each column (I integer, R three digits after the point, T text as the client prints it)
and the order: nosort, rowsort, valuesort. Values stand one a line; a long result may stand as the MD5 of its values. An
SQLSTATE after `error` is our addition. Records of SQLite's files name the systems they are for (`skipif`, `onlyif`).
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg


def records(path: Path) -> Iterator[list[str]]:
    """Blocks of lines, without comments."""
    block: list[str] = []
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        for line in file:
            text = line.rstrip("\n")
            if text.startswith("#"):
                continue
            if text.strip():
                block.append(text)
            elif block:
                yield block
                block = []
    if block:
        yield block


def for_postgresql(block: list[str]) -> list[str]:
    """The record without its conditions; empty where it is not for PostgreSQL or says nothing to run."""
    while block and block[0].split()[0] in ("skipif", "onlyif", "hash-threshold", "halt"):
        word, *rest = block[0].split()
        if (word == "skipif" and "postgresql" in rest) or (word == "onlyif" and "postgresql" not in rest):
            return []
        block = block[1:]
    return block


def shown(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    if kind == "I":
        return str(int(value))
    if kind == "R":
        return f"{float(value):.3f}"
    return str(value) or "(empty)"


def values_of(rows: Sequence[Sequence[Any]], kinds: str, order: str) -> list[str]:
    lines = [[shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]
    if order == "rowsort":
        lines.sort()
    values = [value for line in lines for value in line]
    if order == "valuesort":
        values.sort()
    return values


def check(connection: psycopg.Connection[Any], block: list[str]) -> None:
    """Run one record on the connection. Raises AssertionError where the answer differs from the record's."""
    if block[0].startswith("statement"):
        _check_statement(connection, block)
        return
    kinds, order = block[0].split()[1], [*block[0].split(), "nosort"][2]
    place = block.index("----") if "----" in block else len(block)
    sql = "\n".join(block[1:place])
    values = values_of(connection.execute(sql).fetchall(), kinds, order)  # type: ignore[arg-type]
    expected = block[place + 1 :]
    if len(expected) == 1 and "values hashing to" in expected[0]:
        digest = hashlib.md5(("\n".join(values) + "\n").encode()).hexdigest()
        values = [f"{len(values)} values hashing to {digest}"]
    assert values == expected, sql


def _check_statement(connection: psycopg.Connection[Any], block: list[str]) -> None:
    _, wanted, *sqlstate = block[0].split()
    try:
        connection.execute("\n".join(block[1:]))  # type: ignore[arg-type]
    except psycopg.Error as error:
        assert wanted == "error" and sqlstate in ([], [error.sqlstate]), (block, error.sqlstate, str(error))
    else:
        assert wanted == "ok", block
