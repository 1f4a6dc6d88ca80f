"""Statements that define: a DDL statement is a transaction whose commit every adjudicator takes part in.

    KINDS                       the parser's statement classes that `run` knows
    await run(session, raw, types, parameters)     -> Batch with the command tag

A lone DDL statement commits at once, and is run again (at most `ATTEMPTS_MAX` times) when another transaction's commit
got in its way: index builds read the whole table and want it for themselves. In a block, explicit or implicit (several
statements in one query, or before one Sync), it changes the transaction's catalog for the statements after it.

DSQL's rules (limits.mixed_ddl False): one DDL statement a transaction, never with DML, no TRUNCATE, no VACUUM, few
kinds of ALTER TABLE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast.enums import ObjectType, TransactionStmtKind

from actors.common.errors import (
    ACTIVE_SQL_TRANSACTION,
    FEATURE_NOT_SUPPORTED,
    READ_ONLY_SQL_TRANSACTION,
    SERIALIZATION_FAILURE,
    DatabaseError,
    schema_changed,
)
from actors.query_processor.transaction import CatalogStale, Transaction
from actors.sql.binding.permissions import check_schemas
from actors.sql.binding.stored_names import numbers_of
from actors.sql.results import Batch
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.query_processor.session.statements import RawStatement
    from actors.sql.catalog.snapshot import Catalog

ATTEMPTS_MAX = 8
"""Of one DDL statement outside a block: a build under steady writes gives up with 40001 after so many conflicts."""
CATALOG_RELOADS_MAX = 3

_CHANGING = {
    "CreateStmt": "CREATE TABLE",
    "CreateTableAsStmt": "CREATE TABLE AS",
    "IndexStmt": "CREATE INDEX",
    "DropStmt": "DROP",
    "TruncateStmt": "TRUNCATE TABLE",
    "AlterTableStmt": "ALTER TABLE",
    "RenameStmt": "ALTER TABLE",
    "AlterObjectSchemaStmt": "ALTER TABLE",
    "CreateSchemaStmt": "CREATE SCHEMA",
    "ViewStmt": "CREATE VIEW",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "CommentStmt": "COMMENT",
    "AlterRoleSetStmt": "ALTER ROLE",
    "CreateRoleStmt": "CREATE ROLE",
    "AlterRoleStmt": "ALTER ROLE",
    "DropRoleStmt": "DROP ROLE",
    "GrantRoleStmt": "GRANT ROLE",
    "GrantStmt": "GRANT",
    "AlterOwnerStmt": "ALTER TABLE",
    "IamStmt": "AWS IAM",
    "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
    "ReassignOwnedStmt": "REASSIGN OWNED",
    "DropOwnedStmt": "DROP OWNED",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "CreateDomainStmt": "CREATE DOMAIN",
    "AlterDomainStmt": "ALTER DOMAIN",
    "CreateFunctionStmt": "CREATE FUNCTION",
    "AlterFunctionStmt": "ALTER FUNCTION",
}
_WRITING = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_ENDS = (TransactionStmtKind.TRANS_STMT_COMMIT, TransactionStmtKind.TRANS_STMT_ROLLBACK)
_OF_ROLES = frozenset(
    {
        *(
            "AlterRoleSetStmt",
            "AlterDatabaseSetStmt",
            "CreateRoleStmt",
            "AlterRoleStmt",
            "DropRoleStmt",
            "GrantRoleStmt",
        ),
        *("IamStmt", "GrantStmt", "AlterDefaultPrivilegesStmt", "ReassignOwnedStmt", "DropOwnedStmt", "AlterOwnerStmt"),
    }
)
_MAKES = {"CreateStmt": "relation", "ViewStmt": "view", "CreateSeqStmt": "sequence"}
KINDS = frozenset({*_CHANGING, "VacuumStmt"})


async def run(
    session: Session, raw: RawStatement, types: Sequence[ColumnType] = (), parameters: Sequence[Any] = ()
) -> Batch:
    """`parameters`: of a query within the statement, of `types`. Raises what PostgreSQL raises; 0A000 for what is
    refused; 40001 when conflicts do not end."""
    if raw.kind == "VacuumStmt":
        return _vacuum(session, raw.node)
    if session.in_transaction:
        is_first = session.transaction is None and not session.in_block
        transaction = session.transaction or await session.begin_transaction()
        _check_rules(session, transaction, raw)
        if is_first and not session.settings.limits.mixed_ddl:
            transaction.lift_size_limits()  # nothing else that writes can follow it
        return await _apply(session, transaction, raw, types, parameters)
    for attempt in range(ATTEMPTS_MAX):
        transaction = await session.begin_transaction()
        _check_rules(session, transaction, raw)
        transaction.lift_size_limits()
        try:
            batch = await _apply(session, transaction, raw, types, parameters)
            await session.commit()
        except DatabaseError as error:
            session.rollback()
            if error.sqlstate != SERIALIZATION_FAILURE or attempt + 1 == ATTEMPTS_MAX:
                raise
        else:
            return batch
    raise AssertionError("the last attempt returns or raises")


def _check_rules(session: Session, transaction: Transaction, raw: RawStatement) -> None:
    if transaction.read_only:
        raise DatabaseError(
            READ_ONLY_SQL_TRANSACTION, f"cannot execute {_CHANGING[raw.kind]} in a read-only transaction"
        )
    if not session.settings.limits.mixed_ddl:
        if transaction.has_ddl:
            raise multiple_ddl()
        if transaction.has_dml:
            raise mixed_ddl()


def check_mixture(statements: Sequence[RawStatement], transaction: Transaction | None) -> None:
    """DSQL's rules for the statements of one string that follow what `transaction` has done. Raises 0A000 before
    anything of the string has run."""
    has_ddl = transaction is not None and transaction.has_ddl
    has_dml = transaction is not None and transaction.has_dml
    for raw in statements:
        if raw.kind == "TransactionStmt" and raw.node.kind in _ENDS:
            has_ddl = has_dml = False
        elif raw.kind in _CHANGING:
            if has_ddl:
                raise multiple_ddl()
            if has_dml:
                raise mixed_ddl()
            has_ddl = True
        elif raw.kind in _WRITING or (raw.kind == "CopyStmt" and raw.node.is_from):
            if has_ddl:
                raise mixed_ddl()
            has_dml = True


def multiple_ddl() -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, "multiple ddl statements not supported in a transaction")


def mixed_ddl() -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, "ddl and dml are not supported in the same transaction")


def refuse_table_as(session: Session, node: Any) -> None:
    """CREATE TABLE AS: raises 0A000 in DSQL's mode, and for materialized views."""
    if node.objtype == ObjectType.OBJECT_MATVIEW:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "materialized views are not supported")
    if not session.settings.limits.mixed_ddl:
        shown = "SELECT INTO is not supported" if node.is_select_into else "unsupported statement: CreateTableAs"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, shown)


async def _apply(
    session: Session,
    transaction: Transaction,
    raw: RawStatement,
    types: Sequence[ColumnType],
    parameters: Sequence[Any],
) -> Batch:
    """Run the statement under the catalog of start_ts."""
    from actors.query_processor.ddl.change import SchemaChange

    for _ in range(CATALOG_RELOADS_MAX):
        try:
            await transaction.verify_catalog()
            break
        except CatalogStale as stale:
            await transaction.reload_catalog(stale.catalog_ts)
    else:
        raise schema_changed()
    change, before = SchemaChange(session, transaction), transaction.catalog
    if raw.kind == "CreateTableAsStmt":
        from actors.query_processor.ddl.create_table_as import create_table_as

        answer = await create_table_as(change, raw, types, parameters)
    else:
        answer = await _dispatch(change, raw)
    await transaction.buffer.finish_drops()
    if transaction.temporary is not None:
        await transaction.temporary.finish_drops()
    if transaction.schema_changes or transaction.catalog is before:  # else it was about temporary tables alone
        transaction.has_ddl = True
        transaction.schema_changes |= _mentioned(transaction)
    return answer if isinstance(answer, Batch) else Batch([], True, answer)


def _mentioned(transaction: Transaction) -> set[int]:
    """Ids of the domains and functions that what has changed mentions: who drops one of them meanwhile is refused."""
    catalog = transaction.catalog
    if not (catalog.has_domains or catalog.has_functions):
        return set()
    things = [
        find(number)
        for number in transaction.schema_changes
        for find in (catalog.table_by_id, catalog.view_by_id, catalog.domain_by_id, catalog.function_by_id)
    ]
    return {number for thing in things for number in numbers_of(thing)}


async def _dispatch(change: Any, raw: RawStatement) -> str | Batch:
    """The command tag, or what a job's statement answers."""
    from actors.query_processor.ddl import (
        alter,
        comments,
        domains,
        functions,
        indexes,
        renames,
        schemas,
        sequences,
        tables,
        views,
    )

    node = raw.node
    if change.catalog.hides:
        _check_schemas(change.catalog, raw)
    match raw.kind:
        case "CreateStmt":
            return await tables.create_table(change, node)
        case "IndexStmt":
            return await indexes.create_index(change, raw)
        case "TruncateStmt":
            return await tables.truncate(change, node)
        case "AlterTableStmt":
            return await alter.alter_table(change, raw)
        case "RenameStmt":
            return await renames.rename(change, node)
        case "AlterObjectSchemaStmt":
            return await renames.set_schema(change, node)
        case "ViewStmt":
            return await views.create_view(change, node)
        case "CreateSeqStmt":
            return await sequences.create_sequence(change, node)
        case "AlterSeqStmt":
            return await sequences.alter_sequence(change, node)
        case "CreateSchemaStmt":
            return await schemas.create_schema(change, node)
        case "CreateDomainStmt":
            return await domains.create_domain(change, node)
        case "AlterDomainStmt":
            return await domains.alter_domain(change, node)
        case "CreateFunctionStmt":
            return await functions.create_function(change, node)
        case "AlterFunctionStmt":
            return functions.alter_function(change, node)
        case "CommentStmt":
            return await comments.comment(change, node)
        case kind if kind in _OF_ROLES:
            return await _dispatch_roles(change, kind, node)
    match node.removeType:
        case ObjectType.OBJECT_TABLE:
            return await tables.drop_table(change, node)
        case ObjectType.OBJECT_INDEX:
            return await indexes.drop_index(change, node)
        case ObjectType.OBJECT_SEQUENCE:
            return await sequences.drop_sequence(change, node)
        case ObjectType.OBJECT_VIEW:
            return await views.drop_view(change, node)
        case ObjectType.OBJECT_SCHEMA:
            return await schemas.drop_schema(change, node)
        case ObjectType.OBJECT_DOMAIN | ObjectType.OBJECT_TYPE:
            return await domains.drop_domain(change, node)
        case ObjectType.OBJECT_FUNCTION | ObjectType.OBJECT_ROUTINE:
            return functions.drop_function(change, node)
    kind = node.removeType.name.removeprefix("OBJECT_").replace("_", " ")
    raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: DROP {kind}")


async def _dispatch_roles(change: Any, kind: str, node: Any) -> str:
    """Of roles, owners and privileges."""
    from actors.query_processor.ddl import default_privileges, grants, owned, owners, role_settings, roles

    match kind:
        case "AlterRoleSetStmt":
            return await role_settings.alter_role(change, node)
        case "AlterDatabaseSetStmt":
            return await role_settings.alter_database(change, node)
        case "CreateRoleStmt":
            return await roles.create_role(change, node)
        case "AlterRoleStmt":
            return await roles.alter_role(change, node)
        case "DropRoleStmt":
            return await roles.drop_roles(change, node)
        case "GrantRoleStmt":
            return await roles.grant_roles(change, node)
        case "IamStmt":
            return await roles.map_identity(change, node)
        case "GrantStmt":
            return await grants.grant(change, node)
        case "AlterDefaultPrivilegesStmt":
            return await default_privileges.alter_default_privileges(change, node)
        case "ReassignOwnedStmt":
            return await owned.reassign_owned(change, node)
        case "DropOwnedStmt":
            return await owned.drop_owned(change, node)
        case "AlterOwnerStmt":
            return await owners.alter_owner(change, node)
    raise AssertionError(f"no statement of roles: {kind}")


def _check_schemas(catalog: Catalog, raw: RawStatement) -> None:
    """Raises 42501 where the statement names what is in a schema that its role may not use; what it creates there is
    another matter (CREATE)."""
    made = getattr(raw.node, _MAKES.get(raw.kind, ""), None)
    check_schemas(raw.node, catalog, but=made)
    if raw.kind in ("DropStmt", "CommentStmt"):
        objects = raw.node.objects if raw.kind == "DropStmt" else (raw.node.object,)
        depth = (
            3
            if getattr(raw.node, "objtype", None) in (ObjectType.OBJECT_COLUMN, ObjectType.OBJECT_TABCONSTRAINT)
            else 2
        )
        for names in objects:
            if isinstance(names, tuple) and len(names) >= depth:
                catalog.require_usage(names[-depth].sval)


def _vacuum(session: Session, node: Any) -> Batch:
    """VACUUM and ANALYZE: versions and statistics look after themselves."""
    if not node.is_vacuumcmd:
        return Batch([], True, "ANALYZE")
    if not session.settings.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: Vacuum")
    if session.in_transaction:
        raise DatabaseError(ACTIVE_SQL_TRANSACTION, "VACUUM cannot run inside a transaction block")
    return Batch([], True, "VACUUM")
