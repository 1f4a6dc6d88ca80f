"""asyncpg against a live cluster: its binary protocol, prepared statements, cursors, COPY of records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg


def with_connection(url: str, body: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    async def main() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("DROP TABLE IF EXISTS asyncpg_items")
            await connection.execute("CREATE TABLE asyncpg_items (id int PRIMARY KEY, name text, made timestamp)")
            await body(connection)
            await connection.execute("DROP TABLE asyncpg_items")
        finally:
            await connection.close()

    asyncio.run(main())


def test_values_there_and_back(cluster_url: str) -> None:
    values = {
        "int8": 2**62,
        "float8": -0.25,
        "numeric": Decimal("1.500"),
        "text": "ü",
        "bytea": b"\0\xff",
        "bool": False,
        "uuid": UUID(int=7),
        "date": date(2024, 2, 29),
        "timestamp": datetime(2024, 2, 29, 12, 30, 1, 5),
        "interval": timedelta(days=3, microseconds=7),
    }

    async def body(connection: asyncpg.Connection) -> None:
        for name, value in values.items():
            assert await connection.fetchval(f"SELECT $1::{name}", value) == value

    with_connection(cluster_url, body)


def test_statements_cursors_and_copy(cluster_url: str) -> None:
    async def body(connection: asyncpg.Connection) -> None:
        rows = [(number, f"item {number}", datetime(2024, 1, 1) + timedelta(hours=number)) for number in range(500)]
        await connection.copy_records_to_table("asyncpg_items", records=rows)
        statement = await connection.prepare("SELECT name FROM asyncpg_items WHERE id = $1")
        assert await statement.fetchval(77) == "item 77"
        async with connection.transaction():
            cursor = await connection.cursor("SELECT id FROM asyncpg_items ORDER BY id")
            assert [row[0] for row in await cursor.fetch(10)] == list(range(10))
            assert [row[0] for row in await cursor.fetch(5)] == list(range(10, 15))
        await connection.executemany(
            "UPDATE asyncpg_items SET name = $2 WHERE id = $1", [(number, "new") for number in range(10)]
        )
        assert await connection.fetchval("SELECT count(*) FROM asyncpg_items WHERE name = 'new'") == 10
        assert (await connection.execute("DELETE FROM asyncpg_items WHERE id < 100")) == "DELETE 100"

    with_connection(cluster_url, body)
