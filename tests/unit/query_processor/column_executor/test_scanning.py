"""COPY ... TO STDOUT (FORMAT arrow) of what storage answers alone: the rows that the executors would give, in the same
Arrow types, also among a transaction's own writes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from actors.postgres.copy import copy_encoder, encode_piece
from actors.query_processor.column_executor.scanning import PIECE_BYTES, StoredColumns
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from actors.sql.results import all_rows
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client
from tests.unit.query_processor.support.cluster import run

COLUMNS = (
    "id int8 PRIMARY KEY, b bool, s int2, i int4, f float4, d float8, n numeric, p numeric(8,2), t text, v varchar(9), "
    "c char(3), x bytea, u uuid, day date, at time, ts timestamp, tz timestamptz, span interval"
)
ROW = (
    "{0}, {0} % 2 = 0, {0} % 100, {0}, {0} / 4.0, {0} / 3.0, {0}.50, {0} / 7.0, 'text ' || {0}, 'v{1}', 'c{1}', "
    "'\\x00ff', '00000000-0000-0000-0000-00000000000{1}', '2026-11-30', '10:00', '2026-11-30 10:00', "
    "'2026-11-30 10:00+02', '1 day {0} seconds'"
)


@pytest.fixture
def client() -> Client:
    cluster = StoredCluster(OPEN)
    opened = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    opened.query(f"CREATE TABLE t ({COLUMNS})")
    opened.query(f"INSERT INTO t VALUES {', '.join(f'({ROW.format(n, n % 10)})' for n in range(60))}")
    opened.query("INSERT INTO t (id) VALUES (-1)")
    return opened


def copied(client: Client, query: str) -> tuple[pa.Table, bool]:
    """As a client has it, and whether storage's columns went out as they were."""
    prepared = run(client.session.prepare(f"COPY {query} TO STDOUT (FORMAT arrow)"))
    portal = client.session.bind(prepared)
    encoder = copy_encoder(portal.copy, None)
    batch = run(portal.start())
    sent = list(encoder.header())
    if batch.stream is None:
        sent += encoder.rows(batch.rows)
    else:
        while (piece := run(batch.stream.next())) is not None:
            sent += encode_piece(encoder, piece)
    run(client.session.sync())
    data = b"".join([*sent, *encoder.trailer()])
    return pa.ipc.open_stream(data).read_all(), isinstance(prepared.source.planned.plan, StoredColumns)


def by_rows(client: Client, query: str) -> pa.Table:
    prepared = run(client.session.prepare(f"COPY ({query}) TO STDOUT (FORMAT arrow)"))
    encoder = copy_encoder(prepared.copy, None)
    plain = run(client.session.prepare(query))
    rows: list[Any] = run(all_rows(run(client.session.bind(plain).start()), 1 << 30))
    run(client.session.sync())
    return pa.ipc.open_stream(b"".join([*encoder.header(), *encoder.rows(rows), *encoder.trailer()])).read_all()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t",
        "SELECT t, id, t AS again FROM t",
        "SELECT p, u FROM t WHERE id BETWEEN 10 AND 20 AND b",
        "SELECT tz, span FROM t WHERE t LIKE 'text 1%'",
        "SELECT id FROM t WHERE id > 1000",
    ],
)
def test_storage_s_columns_are_the_rows(client: Client, query: str) -> None:
    found, as_they_are = copied(client, f"({query})")
    assert as_they_are
    assert found.combine_chunks().equals(by_rows(client, query))


def test_a_whole_table_by_its_name(client: Client) -> None:
    assert copied(client, "t") == (by_rows(client, "SELECT * FROM t"), True)
    assert copied(client, "t (s, id)")[0].column_names == ["s", "id"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id + 1 FROM t",
        "SELECT id FROM t ORDER BY d",
        "SELECT id FROM t LIMIT 3",
        "SELECT count(*) FROM t",
        "SELECT a.id FROM t a JOIN t b USING (id)",
        "SELECT id FROM t WHERE random() < 2",
    ],
)
def test_others_are_computed_as_ever(client: Client, query: str) -> None:
    found, as_they_are = copied(client, f"({query})")
    assert not as_they_are and found.num_rows > 0


def test_own_writes_are_among_them(client: Client) -> None:
    client.query("BEGIN")
    client.query("DELETE FROM t WHERE id >= 0")
    client.query("INSERT INTO t (id, p) VALUES (7, 1.5)")
    assert copied(client, "(SELECT id, p FROM t)") == (by_rows(client, "SELECT id, p FROM t"), True)
    client.query("ROLLBACK")
    assert copied(client, "t")[0].num_rows == 61


def test_pieces_are_bounded(client: Client) -> None:
    client.query("CREATE TABLE large (id int8 PRIMARY KEY, t text)")
    for number in range(6):
        client.query(f"INSERT INTO large VALUES ({number}, repeat('x', {PIECE_BYTES // 2}))")
    portal = client.session.bind(run(client.session.prepare("COPY large TO STDOUT (FORMAT arrow)")))
    batch = run(portal.start())
    sizes = []
    while (piece := run(batch.stream.next())) is not None:
        sizes.append(len(piece))
    assert sum(sizes) == 6 and max(sizes) <= 2
