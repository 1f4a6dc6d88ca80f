"""Large Binds are decoded beside the loop, as small ones are, and count as their statement's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import OPEN_LIMITS, Settings
from actors.postgres.formats import decode_within, parameter_decoder
from actors.query_processor import conversation
from actors.sql.types.column_type import ColumnType
from tests.unit.postgres.server import SessionServer
from tests.unit.query_processor.support.client import make_services
from tests.unit.query_processor.support.cluster import FakeCluster

MEMORY_BYTES = 4 << 20
SETTINGS = Settings(mode="open", limits=replace(OPEN_LIMITS, statement_memory_bytes_max=MEMORY_BYTES))
TYPES = tuple(map(ColumnType, ("int4", "text", "_int4", "bool", "numeric")))
VALUES = [b"7", "é".encode(), b"{1,NULL,3}", None, b"1.50"]


def test_a_large_bind_is_decoded_as_a_small_one() -> None:
    assert (
        decode_within(TYPES * 100, b"", None, VALUES * 100, MEMORY_BYTES)
        == parameter_decoder(TYPES, b"", None)(VALUES) * 100
    )
    with pytest.raises(DatabaseError) as failed:
        decode_within(TYPES, b"", None, [b"x", *VALUES[1:]], MEMORY_BYTES)
    assert failed.value.sqlstate == "22P02"


@pytest.mark.parametrize(
    ("values", "code"), [([b"{" + b"1," * 99 + b"1}"], b""), ([b"\0" * 400], b"\0\1")], ids=["text", "binary"]
)
def test_an_arrays_items_count(values: list[bytes | None], code: bytes) -> None:
    with pytest.raises(DatabaseError) as failed:
        decode_within((ColumnType("_int4"),), code, None, values, 5000)
    assert (failed.value.sqlstate, failed.value.message) == (
        "54000",
        "query requires more than allowed temp space of 4 KB to execute",
    )


def test_parameters_beyond_a_statements_memory_are_refused() -> None:
    refused = pytest.raises(psycopg.errors.ProgramLimitExceeded, match="temp space of 4096 KB")
    with (
        SessionServer(make_services(FakeCluster(SETTINGS)), SETTINGS) as server,
        psycopg.connect(server.dsn(), autocommit=True) as connection,
    ):
        for few in ("x" * (1 << 20), [1] * 20_000):
            connection.execute("SELECT %s", [few])
        for many in ("x" * (3 << 20), [1] * 60_000):
            with refused:
                connection.execute("SELECT %s", [many])
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_large_bind_leaves_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[int] = []

    async def watched(function: Any, argument: Any) -> Any:
        went.append(len(argument))
        return function(argument)

    monkeypatch.setattr(conversation, "aside", watched)
    with (
        SessionServer(make_services(FakeCluster(SETTINGS)), SETTINGS) as server,
        psycopg.connect(server.dsn(), autocommit=True) as connection,
    ):
        connection.execute("SELECT %s", ["x"])
        assert went == []
        connection.execute("SELECT %s", ["x" * (1 << 20)])
        assert went == [1]
