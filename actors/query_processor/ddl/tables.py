"""CREATE TABLE, DROP TABLE, TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pglast import ast
from pglast.enums import DropBehavior

from actors.common.errors import (
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_SCHEMA_NAME,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import foreign_keys, sequences
from actors.query_processor.ddl.change import SchemaChange, quoted, replace
from actors.query_processor.ddl.constraints import (
    Clauses,
    add_table_constraint,
    column_of,
    make_checks,
    make_key,
    one_primary_key,
    positions,
)
from actors.query_processor.ddl.dependencies import clear, dependents_of_table, described
from actors.query_processor.ddl.generated import sequenced_columns
from actors.query_processor.ddl.generation import check_generation
from actors.query_processor.ddl.like import Likeness, refuse_twice
from actors.query_processor.ddl.views import right_drop
from actors.sql.catalog.privileges import TABLE, TRUNCATE, owns, require
from actors.sql.catalog.schema import Column, Index, Other, Table

FIRST_INDEX = 1
"""The primary key's index, hidden or not, of a table that was never rewritten."""


async def create_table(change: SchemaChange, node: Any) -> str:
    relation = node.relation
    _refuse_forms(node)
    refuse_options(change, relation, node.tablespacename)
    schema, temporary = await change.place_of(relation, node.oncommit)
    if change.catalog.is_taken(schema, relation.relname):
        if node.if_not_exists:
            change.notice(DUPLICATE_TABLE, f'relation "{relation.relname}" already exists, skipping')
            return "CREATE TABLE"
        raise DatabaseError(DUPLICATE_TABLE, f'relation "{relation.relname}" already exists')
    clauses = Clauses(relation=relation.relname, is_open=change.limits.mixed_ddl, catalog=change.catalog)
    columns, likenesses = _columns(change, node, clauses)
    primary_keys = [key for key in clauses.keys if key.primary]
    if len(primary_keys) > 1:
        raise one_primary_key(relation.relname)
    numbers = await change.ids(2 + len(clauses.keys) + len(clauses.foreign) + len(clauses.generated))
    table = Table(
        numbers.pop(0),
        schema,
        relation.relname,
        columns,
        Index(FIRST_INDEX, numbers.pop(0), "", ()),
        owner_oid=change.role,
        acl=change.catalog.initial_acl(TABLE, change.role, schema),
        temporary=temporary,
    )
    not_null = set(positions(columns, clauses.not_null, "not-null")) if clauses.not_null else set()
    indexes: list[Index] = []
    primary = table.primary
    taken = [relation.relname]
    # The primary key takes its name first, as PostgreSQL does.
    for key in sorted(clauses.keys, key=lambda key: not key.primary):
        number = FIRST_INDEX if key.primary else FIRST_INDEX + 1 + len(indexes)
        index = make_key(change, table, key, number, numbers.pop(0), taken)
        taken.append(index.name)
        if key.primary:
            primary = index
            not_null |= {column.position for column in index.columns}
        else:
            indexes.append(index)
    table = replace(
        table,
        columns=tuple(replace(column, not_null=column.not_null or column.position in not_null) for column in columns),
        primary=primary,
        indexes=tuple(indexes),
        checks=make_checks(change.catalog, table, clauses.checks),
        next_index=FIRST_INDEX + 1 + len(indexes),
    )
    table, made = sequenced_columns(change, table, clauses, numbers)
    for clause in clauses.foreign:
        table = foreign_keys.make(change, table, clause, numbers.pop(0))
    table = foreign_keys.settle(change, None, table)
    change.create_table(table)
    change.depend_on(clauses.domains)
    for sequence in made:
        sequences.add(change, sequence)
    await validate_expressions(change, table)
    for likeness in likenesses:
        table = await likeness.finish(table)
    return "CREATE TABLE"


def refuse_options(change: SchemaChange, relation: Any, tablespace: str | None) -> None:
    """Raises 0A000 for what only PostgreSQL has of tables named so. Storage parameters (fillfactor ...) mean nothing
    here and are let pass."""
    refused = (
        ("unlogged tables are not supported", relation.relpersistence == "u" and not change.limits.mixed_ddl),
        ("tablespaces are not supported", bool(tablespace)),
    )
    _refuse(refused)


def _refuse_forms(node: Any) -> None:
    refused = (
        ("inherited tables are not supported", bool(node.inhRelations)),
        ("partitioned tables are not supported", node.partspec is not None or node.partbound is not None),
        ("typed tables are not supported", node.ofTypename is not None),
    )
    _refuse(refused)


def _refuse(refused: Iterable[tuple[str, bool]]) -> None:
    for message, found in refused:
        if found:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message)


def _columns(change: SchemaChange, node: Any, clauses: Clauses) -> tuple[tuple[Column, ...], list[Likeness]]:
    columns: list[Column] = []
    likenesses: list[Likeness] = []
    for element in node.tableElts or ():
        if isinstance(element, ast.ColumnDef):
            columns.append(column_of(element, len(columns), clauses))
        elif isinstance(element, ast.Constraint):
            add_table_constraint(element, clauses)
        else:
            likenesses.append(Likeness(change, element, len(columns)))
            columns += likenesses[-1].columns(clauses)
        refuse_twice(columns)
    for constraint in node.constraints or ():
        add_table_constraint(constraint, clauses)
    return tuple(columns), likenesses


async def validate_expressions(change: SchemaChange, table: Table, before: Table | None = None) -> None:
    """Plan every default, generation expression and check that `before` has not, for the errors that PostgreSQL gives
    at their definition."""
    place = quoted(table.schema, table.name)
    known = {column.position: column.default for column in before.columns} if before is not None else {}
    for column in table.live_columns():
        if column.default is None or known.get(column.position) == column.default:
            continue
        if column.generated:
            check_generation(table, column)
        else:
            await change.validate(f"INSERT INTO {place} ({quoted(column.name)}) VALUES ({column.default})")
    for check in table.checks:
        if before is None or check not in before.checks:
            await change.validate(f"SELECT 1 FROM {place} WHERE ({check.expression})")


async def drop_table(change: SchemaChange, node: Any) -> str:
    tables: list[Table] = []
    for names in node.objects:
        table = _to_drop(change, [part.sval for part in names], node.missing_ok)
        if table is not None and table not in tables:
            tables.append(table)
    drop_tables(change, tables, node.behavior)
    return "DROP TABLE"


def drop_tables(change: SchemaChange, tables: list[Table], behavior: DropBehavior) -> None:
    """Raises 2BP01 where other objects need them, and `behavior` is not CASCADE."""
    catalog = change.catalog
    dependents = [dependent for table in tables for dependent in dependents_of_table(catalog, table)]
    own = [("constraint", one.oid, "") for table in tables for one in table.foreign_keys]
    clear(change, [described(catalog, table) for table in tables], dependents, behavior, own)
    for table in tables:
        present = change.catalog.table_by_id(table.id)
        assert present is not None, "nothing that a table's dependents take along is a table"
        foreign_keys.settle(change, present, replace(present, foreign_keys=()))
        change.drop_table(present)
        for sequence in sequences.owned(change, table):
            change.drop_other(sequence)


def require_droppable(change: SchemaChange, relation: Table | Other) -> None:
    """Raises 42501 unless the statement's role owns the relation or its schema."""
    if not owns(change.catalog, change.role, change.catalog.schema(relation.schema)):
        change.require_owner(relation)


def _to_drop(change: SchemaChange, names: list[str], missing_ok: bool) -> Table | None:
    """Raises 42P01, 3F000, 42809."""
    *schema, name = names
    place = schema[-1] if schema else None
    found = change.catalog.find(place, name)
    if found is not None and found[1] is None:
        require_droppable(change, found[0])
        return found[0]
    if found is not None or change.catalog.find_other(place, name) is not None:
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{name}" is not a table', hint=right_drop(change.catalog, place, name))
    if place is not None and not change.catalog.has_schema(place):
        sqlstate, message = INVALID_SCHEMA_NAME, f'schema "{place}" does not exist'
    else:
        sqlstate, message = UNDEFINED_TABLE, f'table "{name}" does not exist'
    if not missing_ok:
        raise DatabaseError(sqlstate, message)
    change.notice("00000", f"{message}, skipping")
    return None


async def truncate(change: SchemaChange, node: Any) -> str:
    if not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: Truncate")
    tables = _truncated(change, [change.relation(relation) for relation in node.relations], node.behavior)
    for before in tables:
        require(change.catalog, change.role, before, TRUNCATE)
        change.replace_table(before, with_fresh_keyspaces(before))
        if node.restart_seqs:
            sequences.restart_owned(change, before)
        for index in (before.primary, *before.indexes):
            change.drop_keyspace(before, index)
    return "TRUNCATE TABLE"


def _truncated(change: SchemaChange, named: list[Table], behavior: DropBehavior) -> list[Table]:
    """With the tables that refer to them (CASCADE). Raises 0A000 where such a table is not named."""
    tables = list(dict.fromkeys(named))
    for table in tables:
        for number in table.referenced_by:
            child = change.catalog.table_by_id(number)
            if child is None or child in tables:
                continue
            if behavior != DropBehavior.DROP_CASCADE:
                raise DatabaseError(
                    FEATURE_NOT_SUPPORTED,
                    "cannot truncate a table referenced in a foreign key constraint",
                    detail=f'Table "{child.name}" references "{table.name}".',
                    hint=f'Truncate table "{child.name}" at the same time, or use TRUNCATE ... CASCADE.',
                )
            change.notice("00000", f'truncate cascades to table "{child.name}"')
            tables.append(child)
    return tables


def with_fresh_keyspaces(table: Table) -> Table:
    """The same table with index ids that nothing is stored under."""
    number = table.next_index
    return replace(
        table,
        primary=replace(table.primary, id=number),
        indexes=tuple(replace(index, id=number + 1 + place) for place, index in enumerate(table.indexes)),
        next_index=number + 1 + len(table.indexes),
    )
