"""Indexes filled from columns are those that are filled row by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.query_processor.ddl import backfill, entries
from actors.sql.catalog.schema import Index, Table
from tests.unit.query_processor.planner.test_copy import Copier
from tests.unit.query_processor.support.cluster import run

SPACE = b"\0\0\0\x01\0\x02"
ENDS = st.binary(max_size=20) | st.lists(st.sampled_from([b"\0", b"\1", b"\xff"]), max_size=80).map(b"".join)


@given(st.lists(ENDS, min_size=1, max_size=30, unique=True), st.integers(0, 2))
def test_keys_are_sorted_as_bytes(ends: list[bytes], skipped: int) -> None:
    keys = [SPACE + end for end in ends]
    given_keys = pa.array([*[b"z"] * skipped, *keys], pa.binary()).slice(skipped)
    values = pa.array([b"of " + key for key in keys], pa.binary())
    ordered, moved = entries.in_order((given_keys, values))
    assert ordered.to_pylist() == sorted(keys)
    assert entries.primary_keys_of(given_keys).to_pylist() == ends
    assert moved.to_pylist() == [b"of " + key for key in sorted(keys)]


@pytest.fixture
def copier(monkeypatch: pytest.MonkeyPatch) -> Copier:
    monkeypatch.setattr(entries, "SLICE_ROWS", 7)
    made = Copier()
    made.client.query("CREATE TABLE t (a int, s text, n numeric, i interval, u uuid, at timestamptz, gone int)")
    made.client.query("ALTER TABLE t DROP COLUMN gone")
    made.client.query(
        "INSERT INTO t SELECT n % 9, CASE WHEN n % 5 > 0 THEN 's' || n % 4 END, n / 3.0, n * interval '1 day', "
        "lpad(to_hex(n * 7919 % 100), 32, '0')::uuid, timestamptz '2025-01-01' + n * interval '1 s' "
        "FROM generate_series(1, 40) AS n"
    )
    made.client.query("ALTER TABLE t ADD COLUMN later text DEFAULT 'x'")
    return made


def written(copier: Copier, statement: str) -> list[tuple[bytes, bytes | None, int]]:
    """What the statement writes into its transaction, table ids apart."""
    copier.client.query("BEGIN")
    copier.client.query(statement)
    transaction = copier.client.session.transaction
    assert transaction is not None
    table = transaction.catalog.table(None, "t").id
    rows = [row for piece in transaction.buffer.pieces() for row in write_set.rows(piece)]
    copier.client.query("ROLLBACK")
    return [row for row in rows if int.from_bytes(row[0][:4], "big") == table]


STATEMENTS = [
    "CREATE INDEX ON t (a)",
    "CREATE INDEX ON t (s DESC NULLS LAST, a)",
    "CREATE INDEX ON t (later, s)",
    "CREATE INDEX ON t (n, i)",
    "CREATE UNIQUE INDEX ON t (at, s)",
    "CREATE UNIQUE INDEX ON t (u, s) NULLS NOT DISTINCT",
    "ALTER TABLE t ADD PRIMARY KEY (u)",
    "ALTER TABLE t ADD PRIMARY KEY (a, at)",
    "CREATE INDEX ON t (a); ALTER TABLE t ADD PRIMARY KEY (at)",
    "INSERT INTO t (a) VALUES (3); CREATE INDEX ON t (a)",
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=range(len(STATEMENTS)))
def test_the_same_entries(copier: Copier, statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    together = written(copier, statement)

    async def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(backfill, "_fill_together", refuse)
    monkeypatch.setattr(backfill, "_rewrite_together", refuse)
    one_by_one = written(copier, statement)
    if "INSERT" in statement:  # whose row has another hidden key
        assert len(together) == len(one_by_one)
    else:
        assert together == one_by_one
    assert len(together) >= 40


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("CREATE UNIQUE INDEX x ON t (a)", "23505", "is duplicated"),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", "23505", "is duplicated"),
        ("ALTER TABLE t ADD PRIMARY KEY (s)", "23502", 'column "s"'),
    ],
)
def test_refused_rows_are_named(copier: Copier, statement: str, code: str, words: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        copier.client.query(statement)
    assert caught.value.sqlstate == code and words in f"{caught.value.message} {caught.value.detail}"


def test_more_than_an_array_holds_is_filled_row_by_row(copier: Copier, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = "CREATE INDEX ON t (s, a); ALTER TABLE t ADD PRIMARY KEY (at)"
    expected = written(copier, statement)
    monkeypatch.setattr(entries, "BYTES_MAX", 500)
    assert written(copier, statement) == expected


def test_an_array_holds_two_gibibytes() -> None:
    table = Table(1, "public", "t", (), Index(1, 7, "t_pkey", (), True, True))
    offsets, data = np.array([0, 1 << 30], np.int32), np.zeros(1 << 30, np.uint8)
    many = pa.Array.from_buffers(pa.binary(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    filled = entries.Entries(table, table.primary)
    assert [filled.add(many, many) for _ in range(2)] == [True, False]
    with pytest.raises(pa.ArrowInvalid, match="offset overflow"):
        run(filled.sort())


def test_a_fill_makes_no_object_of_a_row(copier: Copier, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise AssertionError("row by row")

    monkeypatch.setattr(backfill, "_fill_one_by_one", refuse)
    monkeypatch.setattr(backfill, "_rewrite_one_by_one", refuse)
    copier.client.query("CREATE INDEX ON t (s, a)")
    copier.client.query("ALTER TABLE t ADD PRIMARY KEY (at)")
    assert copier.client.rows("SELECT count(*) FROM t WHERE s = 's1' AND a > 3") == copier.client.rows(
        "SELECT count(*) FROM (SELECT * FROM t OFFSET 0) x WHERE s = 's1' AND a > 3"
    )
