"""CREATE INDEX (ASYNC or not: the answer comes when it is built) and DROP INDEX."""

from __future__ import annotations

from typing import Any

from actors.common.errors import DUPLICATE_TABLE, FEATURE_NOT_SUPPORTED, UNDEFINED_OBJECT, DatabaseError
from actors.query_processor.ddl import backfill
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import index_column
from actors.sql.catalog.schema import Index, Table


async def create_index(change: SchemaChange, node: Any, index_async: bool) -> str:
    _refuse_options(change, node, index_async)
    table = change.table(node.relation)
    change.place(table.schema)
    name = node.idxname
    if name is not None and change.catalog.find(table.schema, name) is not None:
        if node.if_not_exists:
            change.notice(DUPLICATE_TABLE, f'relation "{name}" already exists, skipping')
            return "CREATE INDEX"
        raise DatabaseError(DUPLICATE_TABLE, f'relation "{name}" already exists')
    columns = tuple(index_column(element, table) for element in node.indexParams)
    if name is None:
        name = change.free_name(table.schema, table.name, *(element.name for element in node.indexParams), suffix="idx")
    [oid] = await change.ids(1)
    index = Index(table.next_index, oid, name, columns, bool(node.unique), nulls_distinct=not node.nulls_not_distinct)
    await add_indexes(change, table, (index,))
    return "CREATE INDEX"


async def add_indexes(change: SchemaChange, table: Table, indexes: tuple[Index, ...]) -> Table:
    """The table with more secondary indexes, numbered from its `next_index` on, filled."""
    after = replace(table, indexes=(*table.indexes, *indexes), next_index=table.next_index + len(indexes))
    change.replace_table(table, after)
    await backfill.fill(change, after, indexes)
    return after


def _refuse_options(change: SchemaChange, node: Any, index_async: bool) -> None:
    directed = any(str(element.ordering.name) != "SORTBY_DEFAULT" for element in node.indexParams)
    refused = (
        (f'access method "{node.accessMethod}" is not supported', node.accessMethod not in ("btree", "btree_index", None)),
        ("INCLUDE columns are not supported", bool(node.indexIncludingParams)),
        ("partial indexes are not supported", node.whereClause is not None),
        ("tablespaces are not supported", bool(node.tableSpace)),
        ("unsupported mode. please use CREATE INDEX ASYNC.", bool(node.concurrent) and not change.limits.mixed_ddl),
        ("specifying sort order not supported for index keys", index_async and directed and not change.limits.mixed_ddl),
    )
    for message, found in refused:
        if found:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message)


async def drop_index(change: SchemaChange, node: Any) -> str:
    for names in node.objects:
        *schema, name = [part.sval for part in names]
        found = change.catalog.find(schema[-1] if schema else None, name)
        if found is None:
            if not node.missing_ok:
                raise DatabaseError(UNDEFINED_OBJECT, f'index "{name}" does not exist')
            change.notice("00000", f'index "{name}" does not exist, skipping')
            continue
        table, index = found
        if index is None:
            raise DatabaseError("42809", f'"{name}" is not an index', hint="Use DROP TABLE to remove a table.")
        if index.constraint:
            raise DatabaseError(
                "2BP01",
                f"cannot drop index {name} because constraint {name} on table {table.name} requires it",
                hint=f"You can drop constraint {name} on table {table.name} instead.",
            )
        remove_index(change, table, index)
    return "DROP INDEX"


def remove_index(change: SchemaChange, table: Table, index: Index) -> Table:
    """The table without a secondary index."""
    after = replace(table, indexes=tuple(other for other in table.indexes if other.oid != index.oid))
    change.replace_table(table, after)
    change.drop_keyspace(table, index)
    return after
