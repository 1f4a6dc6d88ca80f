"""What `import eagleray` offers, on a cluster: transactions, and tables as data."""

from __future__ import annotations

import asyncio
import re
import uuid
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eagleray
from tests.conftest import LiveCluster
from tests.conftest import eagleray as command

DOCUMENT = Path(__file__).parents[2] / "docs" / "python.md"


@pytest.fixture
def other(live_cluster: LiveCluster) -> psycopg.Connection:  # type: ignore[type-arg]
    """Another client, and a table of one counter."""
    with eagleray.connect(live_cluster.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS counted")
        connection.execute("CREATE TABLE counted (id int PRIMARY KEY, n int NOT NULL)")
        connection.execute("INSERT INTO counted VALUES (1, 0)")
        yield connection  # type: ignore[misc]


def total(connection: psycopg.Connection) -> int:  # type: ignore[type-arg]
    row = connection.execute("SELECT n FROM counted WHERE id = 1").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_conflict_runs_the_function_again(
    live_cluster: LiveCluster, other: psycopg.Connection, autocommit: bool
) -> None:  # type: ignore[type-arg]
    retries: list[int] = []

    @eagleray.transaction(on_retry=lambda attempt, error: retries.append(attempt))
    def add(cursor: psycopg.Cursor, amount: int) -> str:  # type: ignore[type-arg]
        cursor.execute("SELECT n FROM counted WHERE id = 1")
        if not retries:
            other.execute("UPDATE counted SET n = n + 10 WHERE id = 1")
        cursor.execute("UPDATE counted SET n = n + %s WHERE id = 1", (amount,))
        return "added"

    with eagleray.connect(live_cluster.url, autocommit=autocommit) as one:
        assert add(one, 1) == "added"
        assert (retries, total(other)) == ([1], 11)
        with one.transaction(), one.cursor() as cursor:  # a part of another transaction, which the test commits
            add(cursor, 100)
            assert total(other) == 11
            with pytest.raises(psycopg.ProgrammingError, match="in a transaction already"):
                add(one, 1)
    assert total(other) == 111


def test_an_error_that_the_function_catches_commits_nothing(
    live_cluster: LiveCluster, other: psycopg.Connection
) -> None:  # type: ignore[type-arg]
    def work(cursor: psycopg.Cursor) -> None:  # type: ignore[type-arg]
        cursor.execute("UPDATE counted SET n = 5 WHERE id = 1")
        with pytest.raises(psycopg.errors.DivisionByZero):
            cursor.execute("SELECT 1 / 0")

    with eagleray.connect(live_cluster.url) as one:
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            eagleray.transaction(one, work)
        assert total(other) == 0


def test_coroutines_run_in_transactions_too(live_cluster: LiveCluster, other: psycopg.Connection) -> None:  # type: ignore[type-arg]
    @eagleray.transaction
    async def add(cursor: psycopg.AsyncCursor) -> None:  # type: ignore[type-arg]
        await cursor.execute("SELECT n FROM counted WHERE id = 1")
        await asyncio.sleep(0)
        await cursor.execute("UPDATE counted SET n = n + 1 WHERE id = 1")

    async def one_client() -> None:
        async with eagleray.AsyncSession(live_cluster.url) as session:
            for _ in range(5):
                await add(session)

    async def clients() -> None:
        await asyncio.gather(*(one_client() for _ in range(4)))

    asyncio.run(clients())
    assert total(other) == 20


class LostAfterCommit(psycopg.Connection):  # type: ignore[type-arg]
    """The first COMMIT is made, and the connection lost before its answer: once for each test's `doubts`."""

    doubts: list[str] = []

    def commit(self) -> None:
        super().commit()
        if self.doubts:
            self.doubts.pop()
            self.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_commit_of_unknown_outcome(
    live_cluster: LiveCluster,
    other: psycopg.Connection,  # type: ignore[type-arg]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a token the caller is told; with one the call finds out that it has been committed."""
    monkeypatch.setattr("eagleray.client.connect", LostAfterCommit.connect)

    def add(cursor: psycopg.Cursor) -> uuid.UUID:  # type: ignore[type-arg]
        cursor.execute("UPDATE counted SET n = n + 1 WHERE id = 1")
        return uuid.uuid4()

    with eagleray.Session(live_cluster.url) as session:
        LostAfterCommit.doubts = ["one"]
        with pytest.raises(eagleray.UnknownOutcome):
            session.transaction(add)
        assert total(other) == 1
        other.execute("DROP TABLE IF EXISTS tokens")
        other.execute("CREATE TABLE tokens (token uuid PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())")
        LostAfterCommit.doubts = ["one"]
        assert isinstance(session.transaction(add, once="tokens"), uuid.UUID)
        assert total(other) == 2
        assert other.execute("SELECT count(*) FROM tokens").fetchone() == (1,)


# -- tables as data ----------------------------------------------------------------------------------------------------

COLUMNS = (
    "k uuid PRIMARY KEY, i int8, f float8, n numeric(10,2), free numeric, t text, b bytea, d date, at "
    "timestamptz, yes bool"
)
SCHEMA = pa.schema(
    [
        ("k", pa.binary()),
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("n", pa.decimal128(38, 2)),
        ("free", pa.string()),
        ("t", pa.string()),
        ("b", pa.binary()),
        ("d", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
        ("yes", pa.bool_()),
    ]
)


def table_of(rows: int) -> pa.Table:
    """Every type, NULL in every third row, keys on both shards."""
    numbers = range(rows)

    def nulls(values: list[object]) -> list[object]:
        return [None if number % 3 == 2 else value for number, value in enumerate(values)]

    columns = [
        [uuid.uuid5(uuid.NAMESPACE_OID, str(n)).bytes for n in numbers],
        nulls([n - 7 for n in numbers]),
        nulls([n / 8 for n in numbers]),
        nulls([Decimal(n) / 4 for n in numbers]),
        nulls([f"{n}.0" for n in numbers]),
        nulls([f"row {n}\n\u00e9" for n in numbers]),
        nulls([bytes([n % 256]) for n in numbers]),
        nulls(list(numbers)),
        nulls([n * 1_000_001 for n in numbers]),
        nulls([n % 2 == 0 for n in numbers]),
    ]
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)


@pytest.fixture
def emptied(live_cluster: LiveCluster) -> psycopg.Connection:  # type: ignore[type-arg]
    with eagleray.connect(live_cluster.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute(f"CREATE TABLE kept ({COLUMNS})")
        yield connection  # type: ignore[misc]


def test_what_is_loaded_is_read_again(live_cluster: LiveCluster, emptied: psycopg.Connection, tmp_path: Path) -> None:  # type: ignore[type-arg]
    """By either executor, and from storage, in the same types, from all kinds of sources."""
    from actors.reading.bulk import part_batches
    from actors.reading.plan import ReadPlan

    table = table_of(3000).sort_by("k")
    pq.write_table(table, tmp_path / "table.parquet")
    sources = [
        table,
        tmp_path,
        str(tmp_path / "table.parquet"),
        table.to_reader(100),
        table.combine_chunks().to_batches()[0],
    ]
    for source in sources:
        emptied.execute("DELETE FROM kept")
        assert eagleray.load("public.kept", source, url=live_cluster.url) == 3000
    assert eagleray.load("kept", table.slice(0, 0), connection=emptied) == 0
    assert eagleray.read_arrow("SELECT * FROM kept ORDER BY k;", connection=emptied).equals(table)
    one = eagleray.read_arrow(
        "SELECT * FROM kept WHERE k = %s", (uuid.UUID(bytes=table["k"][5].as_py()),), connection=emptied
    )
    assert one.equals(table.slice(5, 1))
    (text,) = emptied.execute("EXPLAIN (PARTS) SELECT * FROM kept").fetchone() or ("",)
    plan = ReadPlan.of_text(text)
    numbers = range(len(plan.parts))
    assert len(numbers) == len({row["shard"] for row in live_cluster.status()["shards"]}) > 1
    parts = [pa.Table.from_batches(list(part_batches(plan, number)), plan.schema) for number in numbers]
    assert all(part.num_rows > 0 for part in parts)
    assert pa.concat_tables(parts).combine_chunks().equals(table.combine_chunks())
    emptied.execute("DELETE FROM kept")  # the plan's snapshot stays
    assert sum(batch.num_rows for number in numbers for batch in part_batches(plan, number)) == 3000


def test_what_fails_loads_nothing(live_cluster: LiveCluster, emptied: psycopg.Connection) -> None:  # type: ignore[type-arg]
    table = table_of(3000)
    twice = pa.concat_tables([table, table.slice(0, 1)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        eagleray.load("kept", twice, url=live_cluster.url)
    with pytest.raises(psycopg.errors.UndefinedColumn, match="missing"):
        eagleray.load("kept", table.append_column("missing", table["i"]), url=live_cluster.url)
    with pytest.raises(psycopg.errors.DatatypeMismatch, match='"i" is of type bigint'):
        eagleray.load("kept", table.set_column(1, "i", table["yes"]), url=live_cluster.url)
    with pytest.raises(FileNotFoundError):
        eagleray.load("kept", "/nowhere.parquet", url=live_cluster.url)
    with pytest.raises(TypeError, match="not dict"):
        eagleray.load("kept", {}, url=live_cluster.url)  # type: ignore[arg-type]
    with pytest.raises(psycopg.errors.DivisionByZero):
        eagleray.read_arrow("SELECT i / 0 FROM (SELECT 1 AS i) x", connection=emptied)
    assert emptied.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_reader_that_is_left_early_and_a_transaction_of_ones_own(
    live_cluster: LiveCluster, emptied: psycopg.Connection
) -> None:  # type: ignore[type-arg]
    with eagleray.connect(live_cluster.url) as connection:
        eagleray.load("kept", table_of(10), connection=connection)
        assert eagleray.read_arrow("SELECT k FROM kept", connection=connection).num_rows == 10
        assert emptied.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        connection.rollback()
    with eagleray.arrow_reader("SELECT n FROM generate_series(1, 1000000) n", url=live_cluster.url) as reader:
        assert reader.read_next_batch().num_rows > 0


FAULTS = """
import msgspec, os, psycopg, pytest, tempfile
from pathlib import Path
from eagleray import ray_data
from actors.reading.plan import ReadPlan

def plan_of(query):
    return ReadPlan.of_text(connection.execute(f"EXPLAIN (PARTS) {query}").fetchone()[0])

def fails(error, work):
    with pytest.raises(Exception) as raised:
        work()
    assert error in str(raised.value), raised.value

def rows_of(plan):
    return ray.data.read_datasource(ray_data._Source(plan), override_num_blocks=len(plan.parts)).count()

staged = Path(tempfile.gettempdir())
left = {path for path in staged.glob("eagleray-staged-*")}
plan = plan_of("SELECT k, i FROM kept")
assert rows_of(plan) == 3000
# A shard whose replicas are elsewhere than the plan says: the cluster's processes know better.
lost = f"storage/{plan.topology.shard_map.shard(plan.parts[-1][0])}/"
routes = {name: route for name, route in plan.topology.routes.items() if not name.startswith(lost)}
assert len(routes) < len(plan.topology.routes)
assert rows_of(msgspec.structs.replace(plan, topology=msgspec.structs.replace(plan.topology, routes=routes))) == 3000
# A shard that no replica answers for, and nobody to ask: the whole dataset fails.
routes = {name: route for name, route in routes.items() if not name.startswith("host/")}
unrouted = msgspec.structs.replace(plan.topology, routes=routes)
fails("no replica is known", lambda: rows_of(msgspec.structs.replace(plan, topology=unrouted)))
old = msgspec.structs.replace(plan, at=plan.at - 301_000_000)
fails("transaction age limit of 300s exceeded (part", lambda: rows_of(old))
# A task that dies: nothing is loaded, and nothing is left of what was staged.
def dies(batch):
    os._exit(1) if batch["id"][0].as_py() >= 0 else None
connection.execute("DELETE FROM scores")
broken = dataset.map_batches(dies, batch_format="pyarrow", max_retries=0)
fails("", lambda: broken.write_datasink(eagleray.sink("scores")))
assert connection.execute("SELECT count(*) FROM scores").fetchone() == (0,)
assert {path for path in staged.glob("eagleray-staged-*")} == left
with pytest.raises(psycopg.errors.FeatureNotSupported, match="ORDER BY needs") as refused:
    eagleray.ray_dataset("SELECT * FROM orders ORDER BY id")
assert "read_arrow" in refused.value.diag.message_hint
print("all of it")
"""


def test_the_documents_program_and_its_faults(
    live_cluster: LiveCluster, emptied: psycopg.Connection, tmp_path: Path
) -> None:  # type: ignore[type-arg]
    """docs/python.md, as one program, on the cluster; then what goes wrong with datasets."""
    eagleray.load("kept", table_of(3000), connection=emptied)
    program = tmp_path / "document.py"
    program.write_text("\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)) + FAULTS)
    done = command("submit", "--data", str(live_cluster.data), str(program))
    assert done.returncode == 0 and done.stdout.endswith("all of it\n"), done.stderr[-3000:]
