"""CREATE INDEX and DROP INDEX. CREATE INDEX ASYNC answers with the id of a job that fills the index later
(query_processor/jobs.py); DROP INDEX ends the job."""

from __future__ import annotations

import re
from typing import Any

from actors.common.errors import (
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.query_processor.ddl import backfill
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import index_column
from actors.query_processor.ddl.dependencies import clear, dependents_of_index
from actors.query_processor.ddl.views import right_drop
from actors.query_processor.session.statements import RawStatement
from actors.sql.binding.stored_expressions import PREDICATE, kept_text, predicate_of, refuse_beyond_row
from actors.sql.catalog.schema import BUILDING, Index, Table
from actors.sql.expressions.tree import is_immutable
from actors.sql.results import Batch

PG_CLASS_OID = 1259
_USING = re.compile(r"\busing\s+\"?btree\"?\s*\(", re.IGNORECASE)
"""The parser names btree where nothing is said, too."""


async def create_index(change: SchemaChange, raw: RawStatement) -> Batch:
    """Raises 42P07, 42703 and what a build raises; 0A000 for what is refused, in dsql mode each index that is not made
    ASYNC."""
    node = raw.node
    _refuse_options(change, raw)
    table = change.table(node.relation)
    if not table.temporary:
        change.place(table.schema)
    elif raw.is_async:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "asynchronous indexes of temporary tables are not supported")
    name = node.idxname
    if name is not None and change.catalog.is_taken(table.schema, name):
        if node.if_not_exists:
            change.notice(DUPLICATE_TABLE, f'relation "{name}" already exists, skipping')
            return Batch([], True, "CREATE INDEX")
        raise DatabaseError(DUPLICATE_TABLE, f'relation "{name}" already exists')
    columns = tuple(index_column(element, table, not change.limits.mixed_ddl) for element in node.indexParams)
    if name is None:
        name = change.free_name(table.schema, table.name, *(element.name for element in node.indexParams), suffix="idx")
    [oid] = await change.ids(1)
    index = Index(table.next_index, oid, name, columns, bool(node.unique), nulls_distinct=not node.nulls_not_distinct)
    if node.whereClause is not None:
        index = replace(index, predicate=_predicate(change, table, index, node.whereClause))
    if not raw.is_async:
        await add_indexes(change, table, (index,))
        return Batch([], True, "CREATE INDEX")
    index = replace(index, state=BUILDING)
    change.replace_table(table, replace(table, indexes=(*table.indexes, index), next_index=table.next_index + 1))
    job = change.add_job(table, "INDEX_BUILD", PG_CLASS_OID, oid, f"{table.schema}.{name}")
    return Batch([(job,)], True, "CREATE INDEX")


def _predicate(change: SchemaChange, table: Table, index: Index, node: Any) -> str:
    """Raises 42P17 for what does not depend on the row alone, 42803, 0A000, 42703, 42804."""
    refuse_beyond_row(node, PREDICATE)
    text = kept_text(node, table.name, change.catalog, PREDICATE)
    bound = predicate_of(table, replace(index, predicate=text))
    if bound is None or not is_immutable(bound):
        raise DatabaseError(INVALID_OBJECT_DEFINITION, "functions in index predicate must be marked IMMUTABLE")
    return text


async def add_indexes(change: SchemaChange, table: Table, indexes: tuple[Index, ...]) -> Table:
    """The table with more secondary indexes, numbered from its `next_index` on, filled."""
    after = replace(table, indexes=(*table.indexes, *indexes), next_index=table.next_index + len(indexes))
    change.replace_table(table, after)
    await backfill.fill(change, after, indexes)
    return after


def _refuse_options(change: SchemaChange, raw: RawStatement) -> None:
    node, strict = raw.node, not change.limits.mixed_ddl
    directed = any(str(element.ordering.name) != "SORTBY_DEFAULT" for element in node.indexParams)
    refused = (
        (
            f'access method "{node.accessMethod}" is not supported',
            node.accessMethod not in ("btree", "btree_index", None),
        ),
        ("INCLUDE columns are not supported", bool(node.indexIncludingParams)),
        ("tablespaces are not supported", bool(node.tableSpace)),
        ("unsupported mode. please use CREATE INDEX ASYNC.", strict and not raw.is_async),
        ("specifying an index access method is not supported", strict and _USING.search(raw.text) is not None),
        ("specifying sort order not supported for index keys", strict and directed),
    )
    for message, found in refused:
        if found:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message)


async def drop_index(change: SchemaChange, node: Any) -> str:
    for names in node.objects:
        *schema, name = [part.sval for part in names]
        found = change.catalog.find(schema[-1] if schema else None, name)
        if found is None:
            if change.catalog.find_other(schema[-1] if schema else None, name) is not None:
                raise DatabaseError(
                    "42809",
                    f'"{name}" is not an index',
                    hint=right_drop(change.catalog, schema[-1] if schema else None, name),
                )
            if not node.missing_ok:
                raise DatabaseError(UNDEFINED_OBJECT, f'index "{name}" does not exist')
            change.notice("00000", f'index "{name}" does not exist, skipping')
            continue
        table, index = found
        if index is None:
            raise DatabaseError("42809", f'"{name}" is not an index', hint="Use DROP TABLE to remove a table.")
        change.require_owner(table, "index", name)
        if index.constraint:
            raise DatabaseError(
                "2BP01",
                f"cannot drop index {name} because constraint {name} on table {table.name} requires it",
                hint=f"You can drop constraint {name} on table {table.name} instead.",
            )
        clear(change, [f"index {name}"], dependents_of_index(change.catalog, table, index), node.behavior)
        present = change.catalog.table_by_id(table.id)
        remove_index(change, present if present is not None else table, index)
    return "DROP INDEX"


def remove_index(change: SchemaChange, table: Table, index: Index) -> Table:
    """The table without a secondary index."""
    after = replace(table, indexes=tuple(other for other in table.indexes if other.oid != index.oid))
    change.replace_table(table, after)
    change.drop_keyspace(table, index)
    change.cancel_jobs(table, index.oid)
    return after
