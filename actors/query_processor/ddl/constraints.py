"""Column and table constraints of CREATE TABLE and ALTER TABLE: what the parser gives -> columns, index and check
descriptors to be made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pglast.enums import ConstrType
from pglast.stream import RawStream
from pglast.visitors import Visitor

from actors.common.errors import (
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.foreign_keys import ForeignClause, clause_of
from actors.sql.binding.arbiters import unqualified_text
from actors.sql.binding.column_types import OPEN_ONLY
from actors.sql.binding.domains import declared_type
from actors.sql.binding.parameters import Called, ParameterTypes
from actors.sql.binding.stored_expressions import CHECK, GENERATION, kept_text, refuse_beyond_row
from actors.sql.binding.stored_names import kept
from actors.sql.binding.targets import bind_row_expression
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.privileges import USAGE, require
from actors.sql.catalog.schema import Check, Column, Index, IndexColumn, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.parser import parse_expression
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import JSON_TYPES


@dataclass
class Key:
    """A PRIMARY KEY or UNIQUE clause, columns by name."""

    columns: list[str]
    name: str | None
    primary: bool
    nulls_distinct: bool = True


@dataclass
class Clauses:
    """The constraints of one statement, sorted out. Check: (name or None, column it stands at or None, expression)."""

    keys: list[Key] = field(default_factory=list)
    checks: list[tuple[str | None, str | None, Any]] = field(default_factory=list)
    not_null: list[str] = field(default_factory=list)
    foreign: list[ForeignClause] = field(default_factory=list)
    generated: list[tuple[int, str, Any]] = field(default_factory=list)
    """(column's position, "a" or "d" for GENERATED ALWAYS or BY DEFAULT AS IDENTITY, "" for serial; the sequence's
    options)."""
    relation: str = ""
    is_open: bool = False
    """Not as DSQL: serial is a type, and columns may be of types that DSQL has in expressions only."""
    catalog: Catalog | None = None
    """Whose domains columns may be of, as its role; the ids of those that are: `domains`."""
    domains: list[int] = field(default_factory=list)

    def use(self, domain: Domain) -> None:
        """Columns are of the domain. Raises 42501."""
        if self.catalog is not None:
            require(self.catalog, self.catalog.role, domain, USAGE)
        self.domains.append(domain.id)


def sql_text(node: Any) -> str:
    """An expression's tree as SQL."""
    return str(RawStream()(node))


def column_of(node: Any, position: int, clauses: Clauses) -> Column:
    """A ColumnDef; its constraints go to `clauses`. Raises 0A000 for what there is not, 42601 for contradictions."""
    type_ = _serial_type(node.typeName) if clauses.is_open else None
    domain: Domain | None = None
    if type_ is not None:
        clauses.generated.append((position, "", None))
    else:
        type_, domain = declared_type(node.typeName, clauses.catalog)
        if domain is not None:
            clauses.use(domain)
        if type_.name in OPEN_ONLY and not clauses.is_open:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {type_.name} not supported")
    refuse_collation(node.collClause)
    not_null, nullable = bool(node.is_not_null), False
    default: str | None = None
    generated = expression = ""
    where = f'column "{node.colname}" of table "{clauses.relation}"'
    for constraint in node.constraints or ():
        kind = constraint.contype
        if kind == ConstrType.CONSTR_NOTNULL:
            not_null = True
        elif kind == ConstrType.CONSTR_NULL:
            nullable = True
        elif kind == ConstrType.CONSTR_DEFAULT:
            if default is not None:
                raise DatabaseError(SYNTAX_ERROR, f"multiple default values specified for {where}")
            default = sql_text(constraint.raw_expr)
        elif kind == ConstrType.CONSTR_PRIMARY:
            clauses.keys.append(Key([node.colname], constraint.conname, True))
        elif kind == ConstrType.CONSTR_UNIQUE:
            clauses.keys.append(Key([node.colname], constraint.conname, False, not constraint.nulls_not_distinct))
        elif kind == ConstrType.CONSTR_CHECK:
            clauses.checks.append((constraint.conname, node.colname, constraint.raw_expr))
        elif kind == ConstrType.CONSTR_FOREIGN:
            clauses.foreign.append(clause_of(constraint, [node.colname]))
        elif kind == ConstrType.CONSTR_IDENTITY:
            if any(place == position for place, _, _ in clauses.generated):
                raise DatabaseError(SYNTAX_ERROR, f"multiple identity specifications for {where}")
            clauses.generated.append((position, constraint.generated_when, constraint.options))
        elif kind == ConstrType.CONSTR_GENERATED:
            if generated:
                raise DatabaseError(SYNTAX_ERROR, f"multiple generation clauses specified for {where}")
            generated = _generation_kind(constraint)
            expression = kept_text(constraint.raw_expr, clauses.relation, clauses.catalog, GENERATION)
        elif kind in _DEFERRING and clauses.foreign and clauses.foreign[-1].node in node.constraints:
            _defer(clauses.foreign[-1], kind)
        else:
            refuse(constraint)
    is_identity = any(place == position for place, _, _ in clauses.generated)
    contradictions = (
        ("both default and identity specified for", default is not None and is_identity),
        ("both default and generation expression specified for", default is not None and bool(generated)),
        ("both identity and generation expression specified for", is_identity and bool(generated)),
        ("conflicting NULL/NOT NULL declarations for", not_null and nullable),
    )
    for message, found in contradictions:
        if found:
            raise DatabaseError(SYNTAX_ERROR, f"{message} {where}")
    text = expression if generated else default
    number = domain.id if domain is not None else 0
    return Column(node.colname, position, type_, not_null, text, domain=number, generated=generated)


def refuse_collation(clause: Any) -> None:
    """Raises 0A000 for another one than C."""
    if clause is not None and clause.collname[-1].sval not in ("C", "POSIX", "default", "ucs_basic"):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "the only collation is C")


def _generation_kind(constraint: Any) -> str:
    """Raises 0A000 for a column that is computed when it is read."""
    if constraint.generated_kind != "s":
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "virtual generated columns are not supported",
            hint="Use GENERATED ALWAYS AS (...) STORED.",
        )
    return "s"


_SERIAL = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}


def _serial_type(node: Any) -> ColumnType | None:
    names = [name.sval for name in node.names]
    return ColumnType(_SERIAL[names[-1]]) if len(names) == 1 and names[0] in _SERIAL and not node.arrayBounds else None


_DEFERRING = (ConstrType.CONSTR_ATTR_DEFERRABLE, ConstrType.CONSTR_ATTR_DEFERRED)


def _defer(clause: ForeignClause, kind: ConstrType) -> None:
    """DEFERRABLE, INITIALLY DEFERRED after a column's REFERENCES."""
    clause.deferrable = True
    clause.deferred = clause.deferred or kind == ConstrType.CONSTR_ATTR_DEFERRED


def add_table_constraint(node: Any, clauses: Clauses) -> None:
    """A Constraint that stands by itself."""
    kind = node.contype
    if kind in (ConstrType.CONSTR_PRIMARY, ConstrType.CONSTR_UNIQUE):
        if node.indexname:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "constraints USING INDEX are not supported")
        if node.including:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "INCLUDE columns are not supported")
        primary = kind == ConstrType.CONSTR_PRIMARY
        clauses.keys.append(Key([key.sval for key in node.keys], node.conname, primary, not node.nulls_not_distinct))
    elif kind == ConstrType.CONSTR_CHECK:
        clauses.checks.append((node.conname, None, node.raw_expr))
    elif kind == ConstrType.CONSTR_FOREIGN:
        clauses.foreign.append(clause_of(node, [name.sval for name in node.fk_attrs]))
    elif kind == ConstrType.CONSTR_NOTNULL:
        clauses.not_null.extend(key.sval for key in node.keys)
    else:
        refuse(node)


_REFUSED = {
    ConstrType.CONSTR_EXCLUSION: "EXCLUDE constraints are not supported",
}


def refuse(constraint: Any) -> None:
    """Raises 0A000, except for the attributes that change nothing (NOT DEFERRABLE, INITIALLY IMMEDIATE)."""
    if constraint.contype in (ConstrType.CONSTR_ATTR_NOT_DEFERRABLE, ConstrType.CONSTR_ATTR_IMMEDIATE):
        return
    raise DatabaseError(
        FEATURE_NOT_SUPPORTED, _REFUSED.get(constraint.contype, "deferrable constraints are not supported")
    )


def positions(table_columns: Sequence[Column], names: Sequence[str], what: str) -> tuple[int, ...]:
    """The columns that a key names. Raises 42703, 42701."""
    by_name = {column.name: column.position for column in table_columns if not column.dropped}
    seen: set[str] = set()
    for name in names:
        if name not in by_name:
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" named in key does not exist')
        if name in seen:
            raise DatabaseError(DUPLICATE_COLUMN, f'column "{name}" appears twice in {what} constraint')
        seen.add(name)
    return tuple(by_name[name] for name in names)


def make_key(change: SchemaChange, table: Table, key: Key, number: int, oid: int, taken: Sequence[str] = ()) -> Index:
    """The index of a PRIMARY KEY or UNIQUE clause."""
    places = positions(table.columns, key.columns, "primary key" if key.primary else "unique")
    refuse_unkeyed(table.columns[place].type for place in places)
    name = key.name
    if name is None:
        parts = (table.name,) if key.primary else (table.name, *key.columns)
        name = change.free_name(table.schema, *parts, suffix="pkey" if key.primary else "key", taken=taken)
    elif name in taken:
        raise DatabaseError("42P07", f'relation "{name}" already exists')
    columns = tuple(IndexColumn(place) for place in places)
    return Index(number, oid, name, columns, True, key.primary, True, key.nulls_distinct)


def refuse_unkeyed(types: Iterable[ColumnType]) -> None:
    """Raises 42704 for a type that has no order."""
    for type_ in types:
        if type_.name in JSON_TYPES:
            raise DatabaseError(
                UNDEFINED_OBJECT,
                f'data type {type_.name} has no default operator class for access method "btree"',
                hint="You must specify an operator class for the index or define a default operator class for the "
                "data type.",
            )


def make_checks(
    catalog: Catalog, table: Table, checks: Sequence[tuple[str | None, str | None, Any]]
) -> tuple[Check, ...]:
    """The table's checks with the new ones. Raises 42710 for a name that is taken, 0A000, 42803, 42P20, 42P02."""
    made = list(table.checks)
    for name, column, expression in checks:
        refuse_beyond_row(expression, CHECK)
        names = {check.name for check in made}
        if name is None:
            mentioned = sorted(set(mentioned_columns(expression)))
            column = column or (mentioned[0] if len(mentioned) == 1 else None)
            stem = f"{table.name}_{column}_check" if column else f"{table.name}_check"
            name, number = stem, 0
            while name in names:
                number += 1
                name = f"{stem}{number}"
        elif name in names:
            raise DatabaseError(DUPLICATE_OBJECT, f'constraint "{name}" for relation "{table.name}" already exists')
        numbered = kept(expression, catalog, _calls(catalog, table, expression))
        made.append(Check(name, unqualified_text(numbered, table.name)))
    return tuple(made)


def _calls(catalog: Catalog, table: Table, expression: Any) -> list[Called]:
    """Of SQL functions. Raises what a wrong CHECK raises."""
    if not catalog.has_functions:
        return []
    parameters = ParameterTypes((), catalog)
    bind_row_expression(expression, table, table.name, parameters)
    return [call for call in parameters.calls if not call.depth]


def parsed_check(check: Check) -> Any:
    """A CHECK's tree."""
    return parse_expression(check.expression)


class _Columns(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def visit_ColumnRef(self, ancestors: Any, node: Any) -> None:
        if hasattr(node.fields[-1], "sval"):
            self.names.append(node.fields[-1].sval)


def mentioned_columns(expression: Any) -> list[str]:
    """The names of the columns in an expression's tree."""
    visitor = _Columns()
    visitor(expression)
    return visitor.names


def one_primary_key(name: str) -> DatabaseError:
    return DatabaseError(INVALID_TABLE_DEFINITION, f'multiple primary keys for table "{name}" are not allowed')
