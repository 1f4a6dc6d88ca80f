"""ALTER TABLE; renames are in renames.py.

In dsql mode: ADD COLUMN without constraints, DROP COLUMN, DROP DEFAULT / SET DEFAULT, OWNER, renames; what adds a
constraint or rewrites the table needs open mode.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pglast.enums import AlterTableType, ConstrType, ObjectType

from actors.common.errors import (
    CHECK_VIOLATION,
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import backfill, foreign_keys, sequences
from actors.query_processor.ddl.alter_type import alter_type
from actors.query_processor.ddl.change import SchemaChange, quoted, replace
from actors.query_processor.ddl.columns import (
    column_named,
    compute,
    drop_expression,
    drop_named_column,
    set_expression,
    with_column,
)
from actors.query_processor.ddl.constraints import (
    Clauses,
    Key,
    add_table_constraint,
    column_of,
    make_checks,
    make_key,
    one_primary_key,
    sql_text,
)
from actors.query_processor.ddl.dependencies import clear, dependents_of_index, described
from actors.query_processor.ddl.foreign_keys import ForeignClause
from actors.query_processor.ddl.generated import default_by_oid, sequenced_columns
from actors.query_processor.ddl.generation import refuse_default
from actors.query_processor.ddl.indexes import add_indexes, remove_index
from actors.query_processor.ddl.owners import reowned_by
from actors.query_processor.ddl.roles import role_of
from actors.query_processor.ddl.tables import validate_expressions, with_fresh_keyspaces
from actors.query_processor.ddl.views import alter_view
from actors.query_processor.session.statements import RawStatement
from actors.sql.catalog.schema import Check, Column, ForeignKey, Sequence, Table
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.results import Batch

PG_CONSTRAINT_OID = 2606


async def alter_table(change: SchemaChange, raw: RawStatement) -> str | Batch:
    """Raises as PostgreSQL does; 0A000 for what is refused. ALTER TABLE ASYNC validates a constraint, and answers with
    the id of a job."""
    node = raw.node
    if raw.is_async and [command.subtype for command in node.cmds] != [AlterTableType.AT_ValidateConstraint]:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "ALTER TABLE ASYNC is supported for VALIDATE CONSTRAINT only")
    if node.objtype == ObjectType.OBJECT_VIEW:
        return alter_view(change, node)
    if node.objtype == ObjectType.OBJECT_SEQUENCE:
        return sequences.alter_owner(change, node)
    if node.objtype not in (ObjectType.OBJECT_TABLE,):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"unsupported statement: ALTER {node.objtype.name.removeprefix('OBJECT_')}"
        )
    if change.catalog.find(node.relation.schemaname, node.relation.relname) is None and node.missing_ok:
        change.notice("00000", f'relation "{node.relation.relname}" does not exist, skipping')
        return "ALTER TABLE"
    table = change.table(node.relation)
    if raw.is_async:
        return _validate_async(change, table, node.cmds[0])
    for command in node.cmds:
        action = _ACTIONS.get(command.subtype)
        if action is None:
            kind = command.subtype.name.removeprefix("AT_")
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported ALTER TABLE {kind} statement")
        table = await action(change, table, command)
    return "ALTER TABLE"


def _needs_open(change: SchemaChange, what: str) -> None:
    if not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported ALTER TABLE {what} statement")


# -- columns -----------------------------------------------------------------------------------------------------------


async def _add_column(change: SchemaChange, table: Table, command: Any) -> Table:
    definition = command.def_
    if any(column.name == definition.colname for column in table.live_columns()):
        message = f'column "{definition.colname}" of relation "{table.name}" already exists'
        if not command.missing_ok:
            raise DatabaseError(DUPLICATE_COLUMN, message)
        change.notice(DUPLICATE_COLUMN, f"{message}, skipping")
        return table
    clauses = Clauses(relation=table.name, is_open=change.limits.mixed_ddl, catalog=change.catalog)
    column = column_of(definition, len(table.columns), clauses)
    if definition.constraints and not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "ALTER TABLE ADD COLUMN with constraints not supported")
    if any(key.primary for key in clauses.keys):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "ADD COLUMN with PRIMARY KEY is not supported")
    # NOT NULL comes last: the rows that are there get their default first.
    numbers = await change.ids(len(clauses.generated))
    after, made = sequenced_columns(change, replace(table, columns=(*table.columns, column)), clauses, numbers)
    column = after.columns[column.position]
    for sequence in made:
        sequences.add(change, sequence)
    after = with_column(after, replace(column, not_null=False))
    change.replace_table(table, after)
    change.depend_on(clauses.domains)
    await validate_expressions(change, after, table)
    if column.default is not None or column.identity or column.domain:
        await compute(change, after, column)
    if column.not_null:
        after = await _require_not_null(change, after, after.columns[column.position])
    for key in clauses.keys:
        after = await _add_unique(change, after, key)
    if clauses.checks:
        after = await _add_checks(change, after, clauses)
    for clause in clauses.foreign:
        after = await _add_foreign_key(change, after, clause)
    return after


async def _column_default(change: SchemaChange, table: Table, command: Any) -> Table:
    column = column_named(table, command.name)
    if column.identity:
        message = f'column "{column.name}" of relation "{table.name}" is an identity column'
        hint = "" if command.def_ is not None else "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."
        raise DatabaseError(SYNTAX_ERROR, message, hint=hint)
    refuse_default(table, column, command.def_ is not None)
    default = default_by_oid(change, sql_text(command.def_)) if command.def_ is not None else None
    after = with_column(table, replace(column, default=default))
    change.replace_table(table, after)
    await validate_expressions(change, after, table)
    return after


async def _add_identity(change: SchemaChange, table: Table, command: Any) -> Table:
    """ADD GENERATED ... AS IDENTITY. Raises 55000, 22023."""
    column = column_named(table, command.name)
    what = f'column "{column.name}" of relation "{table.name}"'
    if not column.not_null:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, f"{what} must be declared NOT NULL before identity can be added"
        )
    if column.identity:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{what} is already an identity column")
    if column.default is not None:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{what} already has a default value")
    clauses = Clauses(generated=[(column.position, command.def_.generated_when, command.def_.options)])
    after, [sequence] = sequenced_columns(change, table, clauses, await change.ids(1))
    sequences.add(change, sequence)
    change.replace_table(table, after)
    return after


def _identity_of(change: SchemaChange, table: Table, command: Any) -> tuple[Column, Sequence] | None:
    """Of an identity column; None for another one that may be missing. Raises 55000."""
    column = column_named(table, command.name)
    sequence = change.catalog.sequence_by_id(column.sequence)
    if column.identity and sequence is not None:
        return column, sequence
    message = f'column "{column.name}" of relation "{table.name}" is not an identity column'
    if not command.missing_ok:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, message)
    change.notice("00000", f"{message}, skipping")
    return None


async def _set_identity(change: SchemaChange, table: Table, command: Any) -> Table:
    """SET GENERATED, SET of the sequence's options, RESTART."""
    found = _identity_of(change, table, command)
    if found is None:
        return table
    column, sequence = found
    kinds = [option.arg.ival for option in command.def_ if option.defname == "generated"]
    others = [option for option in command.def_ if option.defname != "generated"]
    if others:
        await sequences.change_sequence(change, sequence, others)
    after = with_column(table, replace(column, identity=chr(kinds[-1]))) if kinds else table
    change.replace_table(table, after)
    return after


async def _drop_identity(change: SchemaChange, table: Table, command: Any) -> Table:
    found = _identity_of(change, table, command)
    if found is None:
        return table
    column, sequence = found
    after = with_column(table, replace(column, identity="", sequence=0))
    change.replace_table(table, after)
    change.drop_other(sequence)
    return after


async def _set_not_null(change: SchemaChange, table: Table, command: Any) -> Table:
    _needs_open(change, "ALTER COLUMN ... SET NOT NULL")
    return await _require_not_null(change, table, column_named(table, command.name))


async def _require_not_null(change: SchemaChange, table: Table, column: Column) -> Table:
    if column.not_null:
        return table
    change.alone_with(table)
    if await change.query(
        f"SELECT 1 FROM {quoted(table.schema, table.name)} WHERE {quoted(column.name)} IS NULL LIMIT 1"
    ):
        raise backfill.contains_nulls(table, column.position)
    after = with_column(table, replace(column, not_null=True))
    change.replace_table(table, after)
    return after


async def _drop_not_null(change: SchemaChange, table: Table, command: Any) -> Table:
    column = column_named(table, command.name)
    if any(part.position == column.position for part in table.primary.columns):
        raise DatabaseError(INVALID_TABLE_DEFINITION, f'column "{column.name}" is in a primary key')
    after = with_column(table, replace(column, not_null=False))
    change.replace_table(table, after)
    return after


# -- constraints -------------------------------------------------------------------------------------------------------


async def _add_constraint(change: SchemaChange, table: Table, command: Any) -> Table:
    node = command.def_
    unvalidated = node.contype in (ConstrType.CONSTR_CHECK, ConstrType.CONSTR_FOREIGN) and bool(node.skip_validation)
    if not unvalidated:
        _needs_open(change, "ADD CONSTRAINT")
    clauses = Clauses()
    add_table_constraint(node, clauses)
    for name in clauses.not_null:
        table = await _require_not_null(change, table, column_named(table, name))
    for key in clauses.keys:
        table = await (_add_primary_key if key.primary else _add_unique)(change, table, key)
    for clause in clauses.foreign:
        table = await _add_foreign_key(change, table, clause)
    if unvalidated and clauses.checks:
        table = await _add_unvalidated(change, table, clauses)
    elif node.contype == ConstrType.CONSTR_CHECK:
        table = await _add_checks(change, table, clauses)
    return table


async def _add_foreign_key(change: SchemaChange, table: Table, clause: ForeignClause) -> Table:
    """Rows that are there are looked at unless it is NOT VALID. Raises 23503."""
    [oid] = await change.ids(1)
    made = foreign_keys.make(change, table, clause, oid)
    after = foreign_keys.settle(change, table, made)
    change.replace_table(table, after)
    foreign_key = after.foreign_keys[-1]
    if foreign_key.validated:
        offended = await foreign_keys.violation(change, after, foreign_key)
        if offended is not None:
            raise offended
    return after


async def _add_primary_key(change: SchemaChange, table: Table, key: Key) -> Table:
    if table.primary.columns:
        raise one_primary_key(table.name)
    fresh = with_fresh_keyspaces(table)
    primary = make_key(change, table, key, fresh.primary.id, table.primary.oid)
    places = {column.position for column in primary.columns}
    columns = tuple(replace(column, not_null=True) if column.position in places else column for column in table.columns)
    after = replace(fresh, primary=primary, columns=columns)
    change.replace_table(table, after)
    await backfill.rewrite(change, table, after)
    return after


async def _add_unique(change: SchemaChange, table: Table, key: Key) -> Table:
    [oid] = await change.ids(1)
    return await add_indexes(change, table, (make_key(change, table, key, table.next_index, oid),))


async def _add_checks(change: SchemaChange, table: Table, clauses: Clauses) -> Table:
    after = replace(table, checks=make_checks(change.catalog, table, clauses.checks))
    change.replace_table(table, after)
    change.alone_with(after)
    for check in after.checks[len(table.checks) :]:
        violation = await _violates(change, after, check)
        if violation is not None:
            raise violation
    return after


async def _add_unvalidated(change: SchemaChange, table: Table, clauses: Clauses) -> Table:
    """ADD CONSTRAINT ... CHECK ... NOT VALID: from now on rows must pass; those that are there are not looked at."""
    checks = make_checks(change.catalog, table, clauses.checks)
    added = tuple(replace(check, validated=False) for check in checks[len(table.checks) :])
    after = replace(table, checks=(*table.checks, *added))
    change.replace_table(table, after)
    await validate_expressions(change, after, table)
    return after


async def _violates(change: SchemaChange, table: Table, check: Check) -> DatabaseError | None:
    """23514 where a row does not pass. Nobody else may write the table until the commit."""
    change.alone_with(table)
    if not await change.query(
        f"SELECT 1 FROM {quoted(table.schema, table.name)} WHERE NOT ({check.expression}) LIMIT 1"
    ):
        return None
    message = f'check constraint "{check.name}" of relation "{table.name}" is violated by some row'
    return DatabaseError(CHECK_VIOLATION, message, schema=table.schema, table=table.name, constraint=check.name)


Validated = Check | ForeignKey


def constraint_named(table: Table, name: str) -> Validated:
    """A constraint that can be validated. Raises 42704, 42809."""
    constraints: list[Validated] = [*table.checks, *table.foreign_keys]
    for constraint in constraints:
        if constraint.name == name:
            return constraint
    if any(index.name == name and index.constraint for index in (table.primary, *table.indexes)):
        raise DatabaseError(
            WRONG_OBJECT_TYPE,
            f'constraint "{name}" of relation "{table.name}" is not a foreign key or check constraint',
        )
    raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{name}" of relation "{table.name}" does not exist')


async def offended(change: SchemaChange, table: Table, constraint: Validated) -> DatabaseError | None:
    if isinstance(constraint, Check):
        return await _violates(change, table, constraint)
    return await foreign_keys.violation(change, table, constraint)


def validated(table: Table, constraint: Validated) -> Table:
    checks = tuple(replace(other, validated=True) if other == constraint else other for other in table.checks)
    others = tuple(replace(other, validated=True) if other == constraint else other for other in table.foreign_keys)
    return replace(table, checks=checks, foreign_keys=others)


async def _validate(change: SchemaChange, table: Table, command: Any) -> Table:
    _needs_open(change, "VALIDATE CONSTRAINT")
    constraint = constraint_named(table, command.name)
    if constraint.validated:
        return table
    violation = await offended(change, table, constraint)
    if violation is not None:
        raise violation
    after = validated(table, constraint)
    change.replace_table(table, after)
    return after


def _validate_async(change: SchemaChange, table: Table, command: Any) -> Batch:
    """A job (query_processor/jobs.py): what is violated stands in its details."""
    constraint = constraint_named(table, command.name)
    name = f"{table.schema}.{table.name}.{constraint.name}"
    job = change.add_job(table, "VALIDATE_CONSTRAINT", PG_CONSTRAINT_OID, table.id, name, constraint.name)
    return Batch([(job,)], True, "ALTER TABLE")


async def _drop_constraint(change: SchemaChange, table: Table, command: Any) -> Table:
    if any(check.name == command.name for check in table.checks):
        after = replace(table, checks=tuple(check for check in table.checks if check.name != command.name))
        change.replace_table(table, after)
        return after
    for foreign_key in table.foreign_keys:
        if foreign_key.name == command.name:
            return foreign_keys.without(change, table, foreign_key)
    for index in table.indexes:
        if index.name == command.name and index.constraint:
            what = f"constraint {quote_ident(index.name)} on {described(change.catalog, table)}"
            clear(change, [what], dependents_of_index(change.catalog, table, index), command.behavior)
            present = change.catalog.table_by_id(table.id)
            table = present if present is not None else table
            return remove_index(change, table, index)
    if table.primary.columns and table.primary.name == command.name:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "a primary key cannot be dropped")
    message = f'constraint "{command.name}" of relation "{table.name}" does not exist'
    if not command.missing_ok:
        raise DatabaseError(UNDEFINED_OBJECT, message)
    change.notice("00000", f"{message}, skipping")
    return table


async def _alter_constraint(change: SchemaChange, table: Table, command: Any) -> Table:
    """ALTER CONSTRAINT ... [NOT] DEFERRABLE, of foreign keys alone. Raises 42704, 42809, 0A000."""
    node = command.def_
    constraint = constraint_named(table, node.conname)
    if not isinstance(constraint, ForeignKey):
        message = f'constraint "{node.conname}" of relation "{table.name}" is not a foreign key constraint'
        raise DatabaseError(WRONG_OBJECT_TYPE, message)
    if not node.alterDeferrability:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported ALTER TABLE ALTER CONSTRAINT statement")
    changed = replace(constraint, deferrable=bool(node.deferrable), deferred=bool(node.initdeferred))
    after = replace(
        table, foreign_keys=tuple(changed if other == constraint else other for other in table.foreign_keys)
    )
    change.replace_table(table, after)
    return after


async def _change_owner(change: SchemaChange, table: Table, command: Any) -> Table:
    """OWNER TO. Raises 42704, 42501."""
    after = reowned_by(change, table, role_of(change, command.newowner))
    change.put_owned(table, after)
    return after


async def _nothing(change: SchemaChange, table: Table, command: Any) -> Table:
    """SET (fillfactor), CLUSTER: accepted, and without meaning here."""
    return table


_ACTIONS: dict[AlterTableType, Callable[[SchemaChange, Table, Any], Awaitable[Table]]] = {
    AlterTableType.AT_AddColumn: _add_column,
    AlterTableType.AT_DropColumn: drop_named_column,
    AlterTableType.AT_ColumnDefault: _column_default,
    AlterTableType.AT_AlterColumnType: alter_type,
    AlterTableType.AT_SetNotNull: _set_not_null,
    AlterTableType.AT_DropNotNull: _drop_not_null,
    AlterTableType.AT_AddConstraint: _add_constraint,
    AlterTableType.AT_DropConstraint: _drop_constraint,
    AlterTableType.AT_ValidateConstraint: _validate,
    AlterTableType.AT_AlterConstraint: _alter_constraint,
    AlterTableType.AT_AddIdentity: _add_identity,
    AlterTableType.AT_SetIdentity: _set_identity,
    AlterTableType.AT_DropIdentity: _drop_identity,
    AlterTableType.AT_DropExpression: drop_expression,
    AlterTableType.AT_SetExpression: set_expression,
    AlterTableType.AT_ChangeOwner: _change_owner,
    AlterTableType.AT_SetRelOptions: _nothing,
    AlterTableType.AT_ResetRelOptions: _nothing,
    AlterTableType.AT_SetStatistics: _nothing,
}
