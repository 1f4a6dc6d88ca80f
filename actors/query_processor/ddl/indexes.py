"""CREATE INDEX and DROP INDEX. CREATE INDEX ASYNC answers with the id of a job that fills the index later
(query_processor/jobs.py); DROP INDEX ends the job."""

from __future__ import annotations

import re
from typing import Any

from pglast import ast
from pglast.enums import SortByDir, SortByNulls

from actors.common.errors import (
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.query_processor.ddl import backfill
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import refuse_unkeyed
from actors.query_processor.ddl.dependencies import clear, dependents_of_index
from actors.query_processor.ddl.views import right_drop
from actors.query_processor.session.statements import RawStatement
from actors.sql.binding.stored_expressions import INDEX, PREDICATE, kept_text, key_part, predicate_of, refuse_beyond_row
from actors.sql.catalog.schema import BUILDING, OF_ROW, Index, IndexColumn, Table
from actors.sql.catalog.table_parts import part_names
from actors.sql.encoding.keys import has_keys
from actors.sql.expressions.tree import Expression, is_immutable
from actors.sql.results import Batch
from actors.sql.types import format_type

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
    columns = tuple(_index_column(change, element, table) for element in node.indexParams)
    included = tuple(_included(element, table) for element in node.indexIncludingParams or ())
    index = Index(table.next_index, 0, name or "", columns, bool(node.unique), included=included)
    if name is None:
        name = change.free_name(table.schema, table.name, *part_names(table, index.parts), suffix="idx")
    [oid] = await change.ids(1)
    index = replace(index, oid=oid, name=name, nulls_distinct=not node.nulls_not_distinct)
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


OPERATOR_CLASSES = frozenset(
    f"{name}_ops"
    for name in (
        "text",
        "varchar",
        "bpchar",
        "text_pattern",
        "varchar_pattern",
        "bpchar_pattern",
        "int2",
        "int4",
        "int8",
        "numeric",
    )
) | frozenset(
    f"{name}_ops"
    for name in (
        *("uuid", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "float4", "float8"),
        *("bool", "bytea"),
        *("bit", "varbit", "inet", "cidr", "macaddr", "macaddr8"),
    )
)
"""Those that order as indexes here do: by bytes, as the C collation, which pattern_ops are too (Django asks for
them)."""


def _index_column(change: SchemaChange, element: Any, table: Table) -> IndexColumn:
    """One element of CREATE INDEX's list; in dsql mode no operator class is named. Raises 42703, 0A000, 42704, and what
    _computed raises."""
    strict = not change.limits.mixed_ddl
    if element.opclass and (strict or element.opclass[-1].sval not in OPERATOR_CLASSES):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "opclass not supported for index keys")
    name = element.name or _plain_name(element.expr)
    if name is None:
        part = _computed(change, table, element.expr)
    else:
        place = _place(table, name)
        refuse_unkeyed([table.columns[place].type])
        part = IndexColumn(place)
    descending = element.ordering == SortByDir.SORTBY_DESC
    nulls_first = descending
    if element.nulls_ordering != SortByNulls.SORTBY_NULLS_DEFAULT:
        nulls_first = element.nulls_ordering == SortByNulls.SORTBY_NULLS_FIRST
    return replace(part, descending=descending, nulls_first=nulls_first)


def _included(element: Any, table: Table) -> int:
    """A column of INCLUDE. Raises 0A000, 42P17, 42703."""
    if element.name is None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "expressions are not supported in included columns")
    refused = (
        ("a collation", bool(element.collation)),
        ("an operator class", bool(element.opclass)),
        ("ASC/DESC options", element.ordering != SortByDir.SORTBY_DEFAULT),
        ("NULLS FIRST/LAST options", element.nulls_ordering != SortByNulls.SORTBY_NULLS_DEFAULT),
    )
    for what, found in refused:
        if found:
            raise DatabaseError(INVALID_OBJECT_DEFINITION, f"including column does not support {what}")
    return _place(table, element.name)


def _place(table: Table, name: str) -> int:
    """Raises 42703."""
    for column in table.live_columns():
        if column.name == name:
            return column.position
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" does not exist')


def _plain_name(node: Any) -> str | None:
    """Of a column in parentheses, which is no expression."""
    return node.fields[0].sval if isinstance(node, ast.ColumnRef) and len(node.fields) == 1 else None


def _computed(change: SchemaChange, table: Table, node: Any) -> IndexColumn:
    """Raises 42P17 for what does not depend on the row alone, 42803, 42P20, 0A000, 42703, 42704."""
    refuse_beyond_row(node, INDEX)
    part = IndexColumn(OF_ROW, expression=kept_text(node, table.name, change.catalog, INDEX))
    check_computed(key_part(table, part))
    return part


def check_computed(bound: Expression) -> None:
    """Raises 42P17, 42704, 0A000."""
    if not is_immutable(bound):
        raise DatabaseError(INVALID_OBJECT_DEFINITION, "functions in index expression must be marked IMMUTABLE")
    refuse_unkeyed([bound.type])
    if not has_keys(bound.type):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"index keys of type {format_type(bound.type)} are not supported")


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
