"""SQL against a live cluster, record by record: statements of our own with PostgreSQL 18's answers (own.test, made by
record.py), and SQLite's sqllogictest corpus (public domain, read from where it lies), on which thousands have agreed.

RECORDS_MAX of a file of the corpus run here; SLT_RECORDS=1000000 runs all of all files.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from tests.published import published
from tests.sql.records import check, for_postgresql, records

OWN = Path(__file__).with_name("own.test")
ALWAYS = ("select1", "select3", "random_expr_0")
BY_HAND = ("select2", "random_expr_1", "random_expr_2")
RECORDS_MAX = int(os.environ.get("SLT_RECORDS", "600"))
CREATE_TABLE = re.compile(r"CREATE TABLE (\w+)", re.IGNORECASE)
CORPUS = (*ALWAYS, *(BY_HAND if "SLT_RECORDS" in os.environ else ()))


def run(url: str, path: Path, records_max: int | None) -> int:
    """How many records of the file ran, each in a transaction of its own. Tables that it creates begin anew."""
    blocks = list(islice(filter(None, map(for_postgresql, records(path))), records_max))
    with psycopg.connect(url, autocommit=True) as connection:
        for block in blocks:
            if created := CREATE_TABLE.match("\n".join(block[1:])):
                connection.execute(f"DROP TABLE IF EXISTS {created[1]}")
        for block in blocks:
            check(connection, block)
    return len(blocks)


def test_our_own_statements_have_postgresqls_answers(cluster_url: str) -> None:
    assert run(cluster_url, OWN, None) > 400


@pytest.mark.parametrize("name", CORPUS)
def test_the_published_corpus(cluster_url: str, name: str) -> None:
    assert run(cluster_url, published(f"sqllogictest/{name}.test.gz"), RECORDS_MAX) > 100
