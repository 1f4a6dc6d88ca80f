"""SQLite's sqllogictest corpus (public domain) against a live cluster: answers that thousands of others have agreed on.

A record is a statement that must succeed or fail, or a query with its result (in full or as an MD5 of the values). Records for PostgreSQL are chosen by
`skipif` and `onlyif`. RECORDS_MAX of each file run here; SLT_RECORDS=1000000 runs all.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

DATA = Path(__file__).parent / "data"
RECORDS_MAX = int(os.environ.get("SLT_RECORDS", "600"))


def records(path: Path) -> Iterator[list[str]]:
    """Blocks of lines, without comments."""
    block: list[str] = []
    with gzip.open(path, "rt") as file:
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


def check_query(connection: psycopg.Connection[Any], block: list[str]) -> None:
    kinds, order = block[0].split()[1], [*block[0].split(), "nosort"][2]
    place = block.index("----") if "----" in block else len(block)
    sql = "\n".join(block[1:place])
    rows = [[shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in connection.execute(sql).fetchall()]  # type: ignore[arg-type]
    if order == "rowsort":
        rows.sort()
    values = [value for row in rows for value in row]
    if order == "valuesort":
        values.sort()
    expected = block[place + 1 :]
    if len(expected) == 1 and "values hashing to" in expected[0]:
        digest = hashlib.md5(("\n".join(values) + "\n").encode()).hexdigest()
        values = [f"{len(values)} values hashing to {digest}"]
    assert values == expected, sql


@pytest.mark.parametrize("path", sorted(DATA.glob("*.test.gz")), ids=lambda path: path.name.partition(".")[0])
def test_answers(cluster_url: str, path: Path) -> None:
    ran = 0
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'tab_' OR tablename LIKE 't_'").fetchall():
            connection.execute(f"DROP TABLE {name}")
        for record in records(path):
            block = for_postgresql(record)
            if not block:
                continue
            ran += 1
            if ran > RECORDS_MAX:
                break
            if block[0].startswith("statement"):
                try:
                    connection.execute("\n".join(block[1:]))  # type: ignore[arg-type]
                    assert "error" not in block[0], block
                except psycopg.Error:
                    assert "error" in block[0], block
            else:
                check_query(connection, block)
    assert ran > 100
