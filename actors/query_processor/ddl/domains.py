"""CREATE, ALTER and DROP DOMAIN.

What a domain demands is looked up by whoever writes, when the statement is planned; so a change of the domain is a
change of every table that has a column of it, for the commits that are under way. A demand that is added holds for the
rows that are there: they are looked at, and nobody else writes the tables meanwhile.

DROP ... CASCADE takes the columns along, as PostgreSQL does, and the domains that are over this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pglast.enums import ConstrType, DropBehavior

from actors.common.errors import (
    CHECK_VIOLATION,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    NOT_NULL_VIOLATION,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import definitions
from actors.query_processor.ddl.change import SchemaChange, quoted, replace
from actors.query_processor.ddl.constraints import refuse_collation, sql_text
from actors.query_processor.ddl.definition_dependents import dependents_of_domain
from actors.query_processor.ddl.dependencies import clear, described
from actors.query_processor.ddl.generated import default_by_oid
from actors.sql.binding import analyze, coerce_assignment
from actors.sql.binding.column_types import OPEN_ONLY
from actors.sql.binding.domains import bind_check, check_text, declared_type, with_values
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.stored_names import find_domain, kept
from actors.sql.catalog.domains import Domain, is_over
from actors.sql.catalog.privileges import TYPE, USAGE, owns, require
from actors.sql.catalog.schema import Check, Column, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types import by_name, format_type
from actors.sql.types.column_type import ColumnType

_REFUSED = {
    ConstrType.CONSTR_PRIMARY: "primary key constraints not possible for domains",
    ConstrType.CONSTR_UNIQUE: "unique constraints not possible for domains",
    ConstrType.CONSTR_EXCLUSION: "exclusion constraints not possible for domains",
    ConstrType.CONSTR_FOREIGN: "foreign key constraints not possible for domains",
    ConstrType.CONSTR_IDENTITY: "specifying GENERATED not supported for domains",
    ConstrType.CONSTR_GENERATED: "specifying GENERATED not supported for domains",
}


# -- finding -----------------------------------------------------------------------------------------------------------


def named(change: SchemaChange, names: Any, missing_ok: bool = False, as_written: bool = False) -> Domain | None:
    """The domain that a statement is about. Raises 42704, 3F000, 42809 for another type, shown `as_written`."""
    shown = ".".join(name.sval for name in names)
    domain = find_domain(change.catalog, names)
    if domain is not None:
        return domain
    if len(names) > 1 and not change.catalog.has_schema(names[-2].sval):
        message = f'schema "{names[-2].sval}" does not exist'
        sqlstate = "3F000"
    else:
        message, sqlstate = f'type "{shown}" does not exist', UNDEFINED_OBJECT
        if _is_another_type(change.catalog, names):
            other = f'"{names[-1].sval}"' if as_written else format_type(ColumnType(names[-1].sval))
            raise DatabaseError(WRONG_OBJECT_TYPE, f"{other} is not a domain")
    if not missing_ok:
        raise DatabaseError(sqlstate, message)
    change.notice("00000", f"{message}, skipping")
    return None


def _is_another_type(catalog: Catalog, names: Any) -> bool:
    return names[-1].sval in by_name and (len(names) == 1 or names[-2].sval == "pg_catalog")


def own(change: SchemaChange, names: Any) -> Domain:
    """One that the statement's role owns. Raises 42704, 42501."""
    domain = named(change, names)
    assert domain is not None
    change.require_owner(domain, "type", domain.name)
    return domain


def using_columns(catalog: Catalog, domain: Domain) -> Iterator[tuple[Table, Column]]:
    """The columns of the domain, or of one that is over it."""
    for table in catalog.tables():
        for column in table.live_columns():
            used = catalog.domain_by_id(column.domain)
            if used is not None and is_over(used, domain.id, catalog):
                yield table, column


# -- CREATE ------------------------------------------------------------------------------------------------------------


async def create_domain(change: SchemaChange, node: Any) -> str:
    """Raises 42710, 42704, 3F000, 42601, and what a wrong default or CHECK raises."""
    *schema, name = [part.sval for part in node.domainname]
    place = change.place(schema[-1] if schema else None)
    type_, base = declared_type(node.typeName, change.catalog)
    if type_.name in OPEN_ONLY and not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {type_.name} not supported")
    refuse_collation(node.collClause)
    if base is not None:
        require(change.catalog, change.role, base, USAGE)
        change.depend_on([base.id])
    [number] = await change.ids(1)
    acl = change.catalog.initial_acl(TYPE, change.role, place)
    domain = Domain(number, place, name, type_, base.id if base is not None else 0, owner_oid=change.role, acl=acl)
    domain = _with_constraints(change, domain, node.constraints or (), base)
    definitions.create(change, domain)
    return "CREATE DOMAIN"


def _with_constraints(change: SchemaChange, domain: Domain, nodes: Any, base: Domain | None) -> Domain:
    nullable: bool | None = None
    default = None
    for node in nodes:
        if node.contype in (ConstrType.CONSTR_NOTNULL, ConstrType.CONSTR_NULL):
            is_null = node.contype == ConstrType.CONSTR_NULL
            if nullable is not None and nullable != is_null:
                raise DatabaseError(SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints")
            nullable = is_null
        elif node.contype == ConstrType.CONSTR_DEFAULT:
            if default is not None:
                raise DatabaseError(SYNTAX_ERROR, "multiple default expressions")
            default = node.raw_expr
        elif node.contype == ConstrType.CONSTR_CHECK:
            domain = _with_check(change, domain, node)
        else:
            raise _refusal(node)
    text = _default(change, domain, default) if default is not None else base.default if base is not None else None
    return replace(domain, not_null=nullable is False, default=text)


def _refusal(node: Any) -> DatabaseError:
    message = _REFUSED.get(node.contype)
    if message is None:
        return DatabaseError(FEATURE_NOT_SUPPORTED, "specifying constraint deferrability not supported for domains")
    is_syntax = node.contype not in (ConstrType.CONSTR_IDENTITY, ConstrType.CONSTR_GENERATED)
    return DatabaseError(SYNTAX_ERROR if is_syntax else FEATURE_NOT_SUPPORTED, message)


def _default(change: SchemaChange, domain: Domain, node: Any) -> str:
    """A default's text, which gives a value of the type below."""
    parameters = ParameterTypes((), change.catalog)
    value = analyze(node, None, parameters, domain.type)
    try:
        coerce_assignment(value, domain.type, domain.name, parameters)
    except DatabaseError as error:
        error.message = error.message.replace(f'column "{domain.name}" is of type', "default for domain is of type")
        raise
    return default_by_oid(change, sql_text(node))


def _with_check(change: SchemaChange, domain: Domain, node: Any) -> Domain:
    """Raises 42710 for a name that is taken."""
    if node.is_no_inherit:
        raise DatabaseError("42P17", "check constraints for domains cannot be marked NO INHERIT")
    taken = {check.name for check in domain.checks}
    name = node.conname
    if name is None:
        stem, number = f"{domain.name}_check", 0
        name = stem
        while name in taken:
            number += 1
            name = f"{stem}{number}"
    elif name in taken:
        raise DatabaseError(DUPLICATE_OBJECT, f'constraint "{name}" for domain "{domain.name}" already exists')
    parameters = ParameterTypes((), change.catalog)
    bind_check(node.raw_expr, domain.type, parameters)
    calls = [call for call in parameters.calls if not call.depth]
    check = Check(name, check_text(kept(node.raw_expr, change.catalog, calls)), not node.skip_validation)
    return replace(domain, checks=(*domain.checks, check))


# -- ALTER -------------------------------------------------------------------------------------------------------------


async def alter_domain(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42501, 42710, 23514, 23502."""
    before = own(change, node.typeName)
    match node.subtype:
        case "T":
            default = _default(change, before, node.def_) if node.def_ is not None else None
            _put(change, before, replace(before, default=default))
        case "N":
            _put(change, before, replace(before, not_null=False))
        case "O":
            await _set_not_null(change, before)
        case "C":
            await _add_constraint(change, before, node.def_)
        case "X":
            _drop_constraint(change, before, node)
        case "V":
            await _validate_constraint(change, before, node.name)
    return "ALTER DOMAIN"


def _put(change: SchemaChange, before: Domain, after: Domain) -> None:
    """Statements that write a column of the domain are planned anew, and commits under way refused."""
    definitions.replace(change, before, after)
    change.depend_on({table.id for table, _ in using_columns(change.catalog, after) if not table.temporary})


async def _set_not_null(change: SchemaChange, before: Domain) -> None:
    if before.not_null:
        return
    after = replace(before, not_null=True)
    _put(change, before, after)
    for table, column in list(using_columns(change.catalog, after)):
        if await _any_row(change, table, f"{quoted(column.name)} IS NULL"):
            message = f'column "{column.name}" of table "{table.name}" contains null values'
            raise DatabaseError(NOT_NULL_VIOLATION, message, schema=table.schema, table=table.name, column=column.name)


async def _any_row(change: SchemaChange, table: Table, condition: str) -> bool:
    """Nobody else may write the table until the commit."""
    change.alone_with(table)
    return bool(await change.query(f"SELECT 1 FROM {quoted(table.schema, table.name)} WHERE {condition} LIMIT 1"))


async def _add_constraint(change: SchemaChange, before: Domain, node: Any) -> None:
    if node.contype == ConstrType.CONSTR_NOTNULL:
        await _set_not_null(change, before)
        return
    if node.contype != ConstrType.CONSTR_CHECK:
        raise _refusal(node)
    after = _with_check(change, before, node)
    _put(change, before, after)
    if after.checks[-1].validated:
        await _look_at_rows(change, after, after.checks[-1])


async def _look_at_rows(change: SchemaChange, domain: Domain, check: Check) -> None:
    for table, column in list(using_columns(change.catalog, domain)):
        condition = with_values(check.expression, partial(quoted, column.name))
        if await _any_row(change, table, f"NOT ({condition})"):
            message = f'column "{column.name}" of table "{table.name}" contains values that violate the new constraint'
            raise DatabaseError(CHECK_VIOLATION, message, schema=table.schema, table=table.name, column=column.name)


def _check_named(domain: Domain, name: str) -> Check | None:
    return next((check for check in domain.checks if check.name == name), None)


def _no_constraint(domain: Domain, name: str) -> DatabaseError:
    return DatabaseError(UNDEFINED_OBJECT, f'constraint "{name}" of domain "{domain.name}" does not exist')


def _drop_constraint(change: SchemaChange, before: Domain, node: Any) -> None:
    if _check_named(before, node.name) is None:
        error = _no_constraint(before, node.name)
        if not node.missing_ok:
            raise error
        change.notice("00000", f"{error.message}, skipping")
        return
    checks = tuple(check for check in before.checks if check.name != node.name)
    comments = tuple(comment for comment in before.check_comments if comment[0] != node.name)
    _put(change, before, replace(before, checks=checks, check_comments=comments))


async def _validate_constraint(change: SchemaChange, before: Domain, name: str) -> None:
    check = _check_named(before, name)
    if check is None:
        raise _no_constraint(before, name)
    if check.validated:
        return
    await _look_at_rows(change, before, check)
    checks = tuple(replace(one, validated=True) if one == check else one for one in before.checks)
    _put(change, before, replace(before, checks=checks))


def rename_domain(change: SchemaChange, node: Any) -> str:
    before = own(change, node.object)
    change.require_create(before.schema)
    definitions.replace(change, before, replace(before, name=node.newname))
    return "ALTER DOMAIN"


def rename_constraint(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42710."""
    before = own(change, node.object)
    check = _check_named(before, node.subname)
    if check is None:
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{node.subname}" for domain {before.name} does not exist')
    if _check_named(before, node.newname) is not None:
        message = f'constraint "{node.newname}" for domain {before.name} already exists'
        raise DatabaseError(DUPLICATE_OBJECT, message)
    checks = tuple(replace(one, name=node.newname) if one == check else one for one in before.checks)
    comments = tuple((node.newname if name == check.name else name, text) for name, text in before.check_comments)
    _put(change, before, replace(before, checks=checks, check_comments=comments))
    return "ALTER DOMAIN"


def set_schema(change: SchemaChange, node: Any) -> str:
    before = own(change, node.object)
    schema = change.place(node.newschema)
    if schema != before.schema:
        definitions.replace(change, before, replace(before, schema=schema))
    return "ALTER DOMAIN"


def comment(change: SchemaChange, node: Any) -> None:
    """COMMENT ON DOMAIN, ON TYPE, ON CONSTRAINT ... ON DOMAIN. Raises 42704."""
    text = node.comment or None
    if not isinstance(node.object, tuple):
        before = own(change, node.object.names)
        definitions.replace(change, before, replace(before, comment=text))
        return
    type_name, constraint = node.object
    before = own(change, type_name.names)
    if _check_named(before, constraint.sval) is None:
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{constraint.sval}" for domain {before.name} does not exist')
    others = tuple(one for one in before.check_comments if one[0] != constraint.sval)
    added = () if text is None else ((constraint.sval, text),)
    definitions.replace(change, before, replace(before, check_comments=(*others, *added)))


# -- DROP --------------------------------------------------------------------------------------------------------------


async def drop_domain(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42501, 2BP01."""
    domains: list[Domain] = []
    for item in node.objects:
        domain = named(change, item.names, node.missing_ok, as_written=True)
        if domain is not None and domain not in domains:
            if not owns(change.catalog, change.role, change.catalog.schema(domain.schema)):
                change.require_owner(domain, "type", domain.name)
            domains.append(domain)
    drop_domains(change, domains, node.behavior)
    return f"DROP {node.removeType.name.removeprefix('OBJECT_')}"


def drop_domains(change: SchemaChange, domains: list[Domain], behavior: DropBehavior) -> None:
    catalog = change.catalog
    dependents = [dependent for domain in domains for dependent in dependents_of_domain(catalog, domain)]
    own_ids = [("domain", domain.id, "") for domain in domains]
    clear(change, [described(catalog, domain) for domain in domains], dependents, behavior, own_ids)
    for domain in domains:
        definitions.drop(change, domain)
