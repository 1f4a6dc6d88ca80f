"""CREATE [OR REPLACE] VIEW, DROP VIEW, and the forms of ALTER VIEW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast
from pglast.enums import AlterTableType, ViewCheckOption

from actors.common.errors import (
    DUPLICATE_COLUMN,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_SCHEMA_NAME,
    INVALID_TABLE_DEFINITION,
    PROGRAM_LIMIT_EXCEEDED,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_PARAMETER,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.dependencies import clear, dependents_of_view, described
from actors.query_processor.ddl.owners import reowned_by
from actors.query_processor.ddl.roles import role_of
from actors.query_processor.session.statements import RawStatement
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.select import bind_statement
from actors.sql.binding.trees import mapped, relations_of
from actors.sql.binding.view_changes import Change
from actors.sql.binding.views import Expansion, defined, expanded, with_used
from actors.sql.catalog.privileges import VIEW, owns
from actors.sql.catalog.schema import View, ViewColumn
from actors.sql.catalog.snapshot import Catalog
from actors.sql.results import Field
from actors.sql.types import format_type


async def create_view(change: SchemaChange, node: Any) -> str:
    """Raises as PostgreSQL does; 0A000 for what is refused; 54000 beyond DSQL's number of views."""
    relation = node.view
    _refuse(node)
    schema = change.place(relation.schemaname)
    before = change.catalog.find_other(schema, relation.relname)
    if change.catalog.is_taken(schema, relation.relname) and not (node.replace and isinstance(before, View)):
        if node.replace:
            raise DatabaseError(WRONG_OBJECT_TYPE, f'"{relation.relname}" is not a view')
        raise DatabaseError(DUPLICATE_TABLE, f'relation "{relation.relname}" already exists')
    text, sources = defined(node.query, change.catalog)
    for source in sources:
        if (table := change.catalog.table_by_id(source.id)) is not None and table.temporary:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "views of temporary tables are not supported")
    fields, used = await _planned(change, node.query, text)
    columns = _columns(fields, [name.sval for name in node.aliases or ()])
    check_option = {ViewCheckOption.LOCAL_CHECK_OPTION: "local", ViewCheckOption.CASCADED_CHECK_OPTION: "cascaded"}.get(
        node.withCheckOption, ""
    )
    sources = with_used(sources, used)
    if check_option:
        _check_option(change.catalog, View(0, schema, relation.relname, columns, text, sources, check_option))
    if isinstance(before, View):
        _check_replaced(before, columns)
        after = replace(before, columns=columns, query=text, sources=sources, check_option=check_option)
        change.require_owner(before)
        change.replace_other(before, after)
        Expansion(change.catalog).query(after)  # raises 42P17 for one that reads itself, 54001 for too many
    else:
        limit = change.limits.views_max
        if limit and sum(1 for _ in change.catalog.views()) >= limit:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"more than {limit} views are not supported")
        [number] = await change.ids(1)
        acl = change.catalog.initial_acl(VIEW, change.role, schema)
        view = View(
            number, schema, relation.relname, columns, text, sources, check_option, owner_oid=change.role, acl=acl
        )
        change.create_other(view)
        Expansion(change.catalog).query(view)
    change.depend_on(source.id for source in sources if source.id)
    return "CREATE VIEW"


def _refuse(node: Any) -> None:
    if node.view.relpersistence == "t":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "temporary views are not supported")
    for option in node.options or ():
        if option.defname not in ("check_option", "security_barrier", "security_invoker"):
            raise DatabaseError("22023", f'unrecognized parameter "{option.defname}"')
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f'the view option "{option.defname}" is not supported')
    if node.query.intoClause is not None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO")
    for cte in node.query.withClause.ctes if node.query.withClause is not None else ():
        if not isinstance(cte.ctequery, ast.SelectStmt):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH")


def _check_option(catalog: Catalog, view: View) -> None:
    """Raises 0A000 where the view takes no writes, so that there is nothing to check, and for LOCAL upon another view,
    which is not done here."""
    try:
        Change(catalog, view, "update")
    except DatabaseError as error:
        message = "WITH CHECK OPTION is supported only on automatically updatable views"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, message, hint=error.detail) from None
    if view.check_option == "local" and any(catalog.view_by_id(source.id) is not None for source in view.sources):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "WITH LOCAL CHECK OPTION on a view of another view is not supported")


async def _planned(change: SchemaChange, query: Any, text: str) -> tuple[Sequence[Field], dict[int, set[int]]]:
    """What the query gives, and the columns that it needs of the tables that it names itself. Raises 42P02."""
    numbers: list[int] = []

    def note(node: Any) -> None:
        if isinstance(node, ast.ParamRef):
            numbers.append(node.number)

    mapped(query, note)
    if numbers:
        raise DatabaseError(UNDEFINED_PARAMETER, f"there is no parameter ${numbers[0]}")
    prepared = await change.session.prepare(RawStatement(f"CREATE VIEW AS {text}", query))
    own = {
        table.id
        for relation in relations_of(query)
        if (table := change.catalog.find_table(relation.schemaname, relation.relname)) is not None
    }
    used = {table: positions for table, positions in _columns_used(change, query).items() if table in own}
    return prepared.fields or [], used


def _columns_used(change: SchemaChange, query: Any) -> dict[int, set[int]]:
    """Positions by table id, of everything that the query reads."""
    used: dict[int, set[int]] = {}
    catalog = change.catalog
    for item in bind_statement(expanded(query, catalog), catalog, ParameterTypes((), catalog)).tables:
        used.setdefault(item.table.id, set()).update(item.read)
    return used


def _columns(fields: Sequence[Field], names: list[str]) -> tuple[ViewColumn, ...]:
    if len(names) > len(fields):
        raise DatabaseError(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns")
    columns: list[ViewColumn] = []
    for number, field in enumerate(fields):
        name = names[number] if number < len(names) else field.name
        if any(other.name == name for other in columns):
            raise DatabaseError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        columns.append(ViewColumn(name, field.type))
    return tuple(columns)


def _check_replaced(before: View, columns: tuple[ViewColumn, ...]) -> None:
    """The columns of before stay; others may follow. Raises 42P16."""
    if len(columns) < len(before.columns):
        raise DatabaseError(INVALID_TABLE_DEFINITION, "cannot drop columns from view")
    for old, new in zip(before.columns, columns, strict=False):
        if old.name != new.name:
            raise DatabaseError(
                INVALID_TABLE_DEFINITION,
                f'cannot change name of view column "{old.name}" to "{new.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )
        if old.type != new.type:
            message = (
                f'cannot change data type of view column "{old.name}" from {format_type(old.type)} to '
                f"{format_type(new.type)}"
            )
            raise DatabaseError(INVALID_TABLE_DEFINITION, message)


async def drop_view(change: SchemaChange, node: Any) -> str:
    views: list[View] = []
    for names in node.objects:
        view = _named(change, [part.sval for part in names], node.missing_ok)
        if view is not None and view not in views:
            views.append(view)
    catalog = change.catalog
    dependents = [dependent for view in views for dependent in dependents_of_view(catalog, view)]
    clear(
        change,
        [described(catalog, view) for view in views],
        dependents,
        node.behavior,
        [("view", view.id, "") for view in views],
    )
    for view in views:
        change.drop_other(view)
    return "DROP VIEW"


def _named(change: SchemaChange, names: list[str], missing_ok: bool) -> View | None:
    """Raises 42P01, 3F000, 42809."""
    *schema, name = names
    place = schema[-1] if schema else None
    other = change.catalog.find_other(place, name)
    if isinstance(other, View):
        if not owns(change.catalog, change.role, change.catalog.schema(other.schema)):
            change.require_owner(other)
        return other
    found = change.catalog.find(place, name)
    if other is not None or found is not None:
        hint = right_drop(change.catalog, place, name)
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{name}" is not a view', hint=hint)
    if place is not None and not change.catalog.has_schema(place):
        sqlstate, message = INVALID_SCHEMA_NAME, f'schema "{place}" does not exist'
    else:
        sqlstate, message = UNDEFINED_TABLE, f'view "{name}" does not exist'
    if not missing_ok:
        raise DatabaseError(sqlstate, message)
    change.notice("00000", f"{message}, skipping")
    return None


def right_drop(catalog: Catalog, schema: str | None, name: str) -> str:
    """PostgreSQL's hint for the DROP of another kind of relation."""
    found = catalog.find(schema, name)
    if found is not None:
        return "Use DROP TABLE to remove a table." if found[1] is None else "Use DROP INDEX to remove an index."
    return (
        "Use DROP VIEW to remove a view."
        if isinstance(catalog.find_other(schema, name), View)
        else "Use DROP SEQUENCE to remove a sequence."
    )


def renamed_column(view: View, old: str, new: str) -> View:
    """ALTER VIEW ... RENAME COLUMN. Raises 42703, 42701."""
    if all(column.name != old for column in view.columns):
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{old}" does not exist')
    if any(column.name == new for column in view.columns):
        raise DatabaseError(DUPLICATE_COLUMN, f'column "{new}" of relation "{view.name}" already exists')
    return replace(
        view, columns=tuple(ViewColumn(new, column.type) if column.name == old else column for column in view.columns)
    )


def alter_view(change: SchemaChange, node: Any) -> str:
    """ALTER VIEW ... OWNER TO; DSQL has no other of these forms. Raises 42P01, 42809, 0A000."""
    relation = node.relation
    view = _named(change, [name for name in (relation.schemaname, relation.relname) if name], node.missing_ok)
    for command in node.cmds:
        if command.subtype != AlterTableType.AT_ChangeOwner:
            kind = command.subtype.name.removeprefix("AT_")
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported ALTER VIEW {kind} statement")
        if view is not None:
            change.put_owned(view, reowned_by(change, view, role_of(change, command.newowner)))
    return "ALTER VIEW"
