"""Catalog snapshots: names, search path, overlays, what is kept between versions; the cache; ids under concurrency."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from actors.common.errors import DatabaseError, conflict
from actors.query_processor.catalog.allocation import IdAllocator
from actors.runtime.fiber import Completion, Fiber
from actors.sql.catalog.domains import Domain, is_over, levels
from actors.sql.catalog.encoding import domain_key, encode, function_key, function_name_key, schema_key, table_key
from actors.sql.catalog.functions import Argument, Function
from actors.sql.catalog.schema import Check, Column, Index, IndexColumn, Schema, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types.column_type import ColumnType
from tests.unit.query_processor.support.cluster import FakeCluster, run


def make_table(number: int, name: str, schema: str = "public") -> Table:
    primary = Index(1, number + 1000, f"{name}_pkey", (IndexColumn(0),), True, True, True)
    return Table(number, schema, name, (Column("a", 0, ColumnType("int4"), True),), primary)


INT4 = ColumnType("int4")
ONE, TWO = make_table(20000, "one"), make_table(20001, "two", "s")
ROWS = [
    (schema_key(300), encode(Schema(300, "s"))),
    (table_key(ONE.id), encode(ONE)),
    (table_key(TWO.id), encode(TWO)),
]


def test_names() -> None:
    catalog = Catalog.from_rows(7, ROWS)
    assert catalog.version == 7
    assert catalog.table(None, "one") == ONE and catalog.table("s", "two") == TWO and catalog.table_by_id(20001) == TWO
    assert catalog.find_index("s", "two_pkey") == (TWO, TWO.primary) and catalog.find_table(None, "one_pkey") is None
    assert [schema.name for schema in catalog.schemas()] == ["pg_catalog", "s", "public", "information_schema", "sys"]
    for schema, name in ((None, "two"), ("nowhere", "one")):
        with pytest.raises(DatabaseError) as failure:
            catalog.table(schema, name)
        assert failure.value.sqlstate == "42P01"


def test_search_path() -> None:
    catalog = Catalog.from_rows(7, ROWS)
    view = catalog.on_path(("nobody", "s", "public"))
    assert view.table(None, "two") is catalog.table("s", "two") and view.creation_schema(None) == "s"
    assert catalog.on_path(("nobody", "s", "public")) is view and view.on_path(("public",)) is not view
    with pytest.raises(DatabaseError, match="no schema has been selected"):
        catalog.on_path(("nobody",)).creation_schema(None)


def test_unchanged_objects_are_the_same_in_the_next_version() -> None:
    before = Catalog.from_rows(7, ROWS)
    changed = msgspec.structs.replace(TWO, owner_oid=7)
    after = Catalog.from_rows(8, [*ROWS[:2], (table_key(TWO.id), encode(changed))], before)
    assert after.table(None, "one") is before.table(None, "one")
    assert after.table("s", "two").owner == 7 and before.table("s", "two").owner == 10


def test_overlays() -> None:
    catalog = Catalog.from_rows(7, ROWS).on_path(("s",))
    overlay = catalog.with_table(make_table(20002, "three", "s")).without_table(TWO.id)
    another = catalog.without_schema("s")
    assert overlay.find_table(None, "two") is None and overlay.find_table(None, "three") is not None
    assert catalog.find_table(None, "two") is not None and not another.has_schema("s")
    assert another.version < 0 and overlay.version < 0 and overlay.version != another.version
    assert overlay.on_path(("public",)).find_table(None, "one") is not None


def test_a_table_from_before_domains_is_read() -> None:
    fields = msgspec.msgpack.decode(encode(ONE))
    fields["columns"] = [column[:8] for column in fields["columns"]]
    before = Catalog.from_rows(1, [(table_key(ONE.id), msgspec.msgpack.encode(fields))])
    assert before.table(None, "one") == ONE and not before.has_domains and not before.has_functions


def test_domains_and_functions_by_name() -> None:
    inner = Domain(20002, "public", "positive", INT4, checks=(Check("c", "VALUE > 0"),))
    outer = Domain(20003, "s", "small", INT4, base=inner.id)
    functions = [
        Function(20004 + place, schema, "f", (Argument("a", type_),), INT4, body="SELECT 1")
        for place, (schema, type_) in enumerate((("public", INT4), ("s", INT4), ("s", ColumnType("text"))))
    ]
    rows = [(domain_key(one.id), encode(one)) for one in (inner, outer)]
    rows += [(function_key(one.id), encode(one)) for one in functions]
    catalog = Catalog.from_rows(1, [*ROWS, *rows]).on_path(("s", "public"))
    assert catalog.find_domain(None, "small") == outer and catalog.find_domain("s", "positive") is None
    assert levels(outer, catalog) == [inner, outer] and is_over(outer, inner.id, catalog)
    assert catalog.functions_named(None, "f") == (functions[1], functions[2])
    assert catalog.functions_named("public", "f") == (functions[0],)
    assert len({function_name_key(one) for one in functions}) == 3


def test_those_who_ask_at_once_wait_for_one_reading() -> None:
    """One who leaves meanwhile takes it from nobody."""
    cluster = FakeCluster()
    catalogs, failure = cluster.catalogs, DatabaseError("08006", "gone")
    reads: list[int] = []
    storage, loaded = catalogs.load, Completion[None]()

    async def load(at: int, change: int = 0) -> Catalog:
        reads.append(at)
        await loaded
        return await storage(at, change)

    catalogs.load = load  # type: ignore[method-assign]
    ended: list[BaseException | None] = []

    async def main() -> None:
        at = cluster.clock.now().latest
        fibers = [Fiber(catalogs.pinned(at), lambda _, error: ended.append(error)) for _ in range(5)]
        fibers[0].cancel(failure)
        assert ended == [failure] and reads == [at]
        loaded.succeed(None)
        while len(ended) < len(fibers):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert ended == [failure, None, None, None, None] and len(reads) == 1


def test_cache_loads_at_a_time_and_only_when_it_must() -> None:
    cluster = FakeCluster()
    cluster.begin()
    reads = len(cluster.bus.sent)
    assert cluster.begin().catalog is cluster.begin().catalog and len(cluster.bus.sent) == reads
    before = cluster.clock.now().latest
    cluster.catalog_changes.append(cluster.write(dict(ROWS)))
    cluster.catalogs.note_change(cluster.catalog_changes[-1])
    assert cluster.catalogs.pin(before) is not None, "a transaction from before the change keeps the older catalog"
    assert cluster.catalogs.pin(cluster.clock.now().latest) is None
    assert cluster.begin().catalog.table(None, "one") == ONE
    assert run(cluster.catalogs.load(before)).find_table(None, "one") is None
    assert cluster.begin().catalog.table(None, "one") == ONE, "an older snapshot does not displace the newer one"


def test_cache_survives_a_replica_that_knows_of_no_change() -> None:
    cluster = FakeCluster()
    cluster.begin()
    at = cluster.write(dict(ROWS))
    cluster.catalogs.note_change(at)
    catalog = cluster.begin().catalog
    assert catalog.version == at and cluster.begin().catalog is catalog


def test_ids_are_taken_in_blocks_and_survive_conflicts() -> None:
    cluster = FakeCluster()
    one, two = IdAllocator(cluster.services), IdAllocator(cluster.services)
    first, second = run(one.take(3)), run(two.take(100))
    assert first == [16384, 16385, 16386] and len({*first, *second}) == 103
    cluster.bus.failures["adjudicator/1"] = [conflict()] * 5
    assert not set(run(one.take(64))) & {*first, *second}
    cluster.bus.failures["adjudicator/1"] = [conflict()] * 100
    with pytest.raises(DatabaseError, match="OC000"):
        run(one.take(1000))
