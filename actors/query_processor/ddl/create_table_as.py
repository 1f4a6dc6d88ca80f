"""CREATE TABLE ... AS, and SELECT ... INTO, whose tree is made one of the former (trees.py).

    CREATE TABLE t (a) AS SELECT n, s FROM u
    the columns of the query, by the names given        CREATE TABLE t (a integer, s text)
    and in the same transaction                         INSERT INTO t SELECT n, s FROM u

So the rows take the way of INSERT ... SELECT, large ones too, and either all of it commits or nothing. Open mode alone:
a transaction of DSQL's has either one schema change or rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    DUPLICATE_COLUMN,
    DUPLICATE_TABLE,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.query_processor.ddl import refuse_table_as
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.tables import FIRST_INDEX, refuse_options
from actors.query_processor.session.statements import RawStatement
from actors.sql.binding.column_types import require_storable
from actors.sql.binding.parts import WRITES
from actors.sql.binding.trees import with_parts
from actors.sql.catalog.privileges import TABLE
from actors.sql.catalog.schema import Column, Index, Table
from actors.sql.results import Batch, Field
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

TAG = "CREATE TABLE AS"


async def create_table_as(
    change: SchemaChange, raw: RawStatement, types: Sequence[ColumnType], parameters: Sequence[Any]
) -> str | Batch:
    """`parameters`: of the query, of `types`. Raises as PostgreSQL does; 0A000 for a column of a type that is not
    stored."""
    session, node = change.session, raw.node
    refuse_table_as(session, node)
    into = node.into
    refuse_options(change, into.rel, into.tableSpaceName)
    query = node.query
    if isinstance(query, ast.ExecuteStmt):
        from actors.query_processor.session import named

        query, types, parameters = await named.source(session, query)
    oids = [by_name[type_.name].oid for type_ in types]
    prepared = await session.prepare(RawStatement(raw.text, query), oids)
    name = into.rel.relname
    schema, temporary = await change.place_of(into.rel, into.onCommit)
    if change.catalog.is_taken(schema, name):
        if not node.if_not_exists:
            raise DatabaseError(DUPLICATE_TABLE, f'relation "{name}" already exists')
        change.notice(DUPLICATE_TABLE, f'relation "{name}" already exists, skipping')
        return TAG
    columns = _columns(prepared.fields or [], [given.sval for given in into.colNames or ()])
    number, hidden_key = await change.ids(2)
    primary = Index(FIRST_INDEX, hidden_key, "", ())
    acl = change.catalog.initial_acl(TABLE, change.role, schema)
    table = Table(number, schema, name, columns, primary, owner_oid=change.role, acl=acl, temporary=temporary)
    change.create_table(replace(table, next_index=FIRST_INDEX + 1))
    if into.skipData:
        return TAG
    target = ast.RangeVar(schemaname=schema, relname=name, inh=True, relpersistence=into.rel.relpersistence)
    insert = RawStatement(f"rows of {raw.text}", _insert(target, query), original=raw.original)
    batch = await session.bind(await session.prepare(insert, oids), parameters).run()
    return Batch([], True, f"SELECT {batch.tag.rpartition(' ')[2]}")


def _columns(fields: Sequence[Field], names: Sequence[str]) -> tuple[Column, ...]:
    """Raises 42601 for more names than columns, 42701, 42P16, 0A000."""
    if len(names) > len(fields):
        raise DatabaseError(SYNTAX_ERROR, "too many column names were specified")
    columns: list[Column] = []
    for place, field in enumerate(fields):
        name = names[place] if place < len(names) else field.name
        if any(column.name == name for column in columns):
            raise DatabaseError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        if field.type.name in ("record", "void"):
            message = f'column "{name}" has pseudo-type {field.type.name}'
            raise DatabaseError(INVALID_TABLE_DEFINITION, message)
        require_storable(field.type)
        columns.append(Column(name, place, field.type))
    return tuple(columns)


def _insert(target: ast.RangeVar, query: Any) -> ast.InsertStmt:
    """Parts of the query's WITH that write stand at the top of a statement, so they are the INSERT's."""
    clause = query.withClause
    if clause is not None and any(isinstance(cte.ctequery, WRITES) for cte in clause.ctes):
        query = with_parts(query, lambda part: part, withClause=None)
    else:
        clause = None
    override = enums.OverridingKind.OVERRIDING_NOT_SET
    return ast.InsertStmt(relation=target, selectStmt=query, withClause=clause, override=override)
