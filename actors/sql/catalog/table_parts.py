"""What belongs to tables and has no descriptor of its own: the indexes that clients see, constraints, comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.domains import Domain
from actors.sql.catalog.schema import Column, ForeignKey, Index, IndexColumn, Table
from actors.sql.catalog.shown_texts import shown_text
from actors.sql.expressions.text_functions import quote_ident

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

CHECK_OID_STEP = 100_000_000
"""Oids of CHECK constraints are made up: table oid * 24 + place, above this (descriptors give them none)."""
CONSTRAINT_OID_BASE = 2_000_000_000


def indexes_of(table: Table) -> list[Index]:
    """The indexes that a client may see: not the hidden primary key."""
    return [*([table.primary] if table.primary.columns else []), *table.indexes]


def constraint_oid(table: Table, place: int) -> int:
    """A made-up oid for a table's constraint: its indexes' constraints first, then its CHECKs."""
    return CONSTRAINT_OID_BASE + (table.id % CHECK_OID_STEP) * 20 + place


_CHECK = re.compile(r"CHECK \((.*)\)((?: NOT VALID)?)", re.DOTALL)
_CALL = re.compile(r"(?!(?:not|exists)\b)[a-z_][\w.]*\(", re.IGNORECASE)


def constraints_of(table: Table, catalog: Catalog) -> list[tuple[int, str, str, Index | None, str]]:
    """(oid, name, contype, index, definition) of every constraint; a foreign key's index is the one that it refers
    to."""
    found: list[tuple[int, str, str, Index | None, str]] = []
    place = 0
    for index in indexes_of(table):
        if index.primary or index.constraint:
            columns = ", ".join(quote_ident(column_name(table, column.position)) for column in index.columns)
            word = "PRIMARY KEY" if index.primary else "UNIQUE" if index.nulls_distinct else "UNIQUE NULLS NOT DISTINCT"
            found.append(
                (constraint_oid(table, place), index.name, "p" if index.primary else "u", index, f"{word} ({columns})")
            )
            place += 1
    for check in table.checks:
        definition = f"CHECK ({shown_text(check.expression, catalog)}){'' if check.validated else ' NOT VALID'}"
        found.append((constraint_oid(table, place), check.name, "c", None, definition))
        place += 1
    for foreign_key in table.foreign_keys:
        parent = catalog.table_by_id(foreign_key.table)
        if parent is not None:
            index = next(index for index in (parent.primary, *parent.indexes) if index.oid == foreign_key.index)
            found.append(
                (
                    foreign_key.oid,
                    foreign_key.name,
                    "f",
                    index,
                    foreign_key_definition(table, foreign_key, parent, catalog),
                )
            )
    return found


def plain_definition(definition: str) -> str:
    """As pg_get_constraintdef without `pretty`: an operator's expression stands in parentheses of its own."""
    found = _CHECK.fullmatch(definition)
    return definition if found is None else f"CHECK ({parenthesized(found[1])}){found[2]}"


def domain_constraints(domain: Domain, catalog: Catalog) -> list[tuple[int, str, str, str]]:
    """(oid, name, contype, definition) of every CHECK of a domain itself."""
    found: list[tuple[int, str, str, str]] = []
    place = CONSTRAINT_OID_BASE + (domain.id % CHECK_OID_STEP) * 20
    for number, check in enumerate(domain.checks):
        definition = f"CHECK ({shown_text(check.expression, catalog)}){'' if check.validated else ' NOT VALID'}"
        found.append((place + number, check.name, "c", definition))
    return found


def constraint_definition(catalog: Catalog, _: Any, oid: int | None, pretty: bool | None = False) -> str | None:
    for table in catalog.tables():
        for number, _name, _kind, _index, definition in constraints_of(table, catalog):
            if number == oid:
                return definition if pretty else plain_definition(definition)
    for domain in catalog.domains():
        for number, _name, _kind, definition in domain_constraints(domain, catalog):
            if number == oid:
                return definition if pretty else plain_definition(definition)
    return None


def checked_expression(definition: str) -> str:
    """As pg_get_expr shows a CHECK's."""
    found = _CHECK.fullmatch(definition)
    assert found is not None
    return parenthesized(found[1])


def shown_generation(column: Column) -> str | None:
    """What a generated column is computed from, as pg_get_expr shows it; None: it is none."""
    return parenthesized(column.default) if column.generated and column.default is not None else None


def part_text(table: Table, part: IndexColumn) -> str:
    """A part of an index's key, as errors name it."""
    return parenthesized(part.expression) if part.expression else table.columns[part.position].name


def part_names(table: Table, parts: Iterable[IndexColumn]) -> list[str]:
    """The names of an index's columns: an expression's is that of its function, or expr; numbers tell them apart."""
    from actors.sql.binding.column_names import UNNAMED, figure_name
    from actors.sql.parser import parse_expression

    names: list[str] = []
    for part in parts:
        name = figure_name(parse_expression(part.expression)) if part.expression else column_name(table, part.position)
        stem, number = "expr" if name == UNNAMED else name, 0
        name = stem
        while name in names:
            number += 1
            name = f"{stem}{number}"
        names.append(name)
    return names


def is_call(expression: str) -> bool:
    """f(...), and nothing around it."""
    called = _CALL.match(expression)
    return called is not None and _closes(expression, called.end() - 1) == len(expression) - 1


def parenthesized(expression: str) -> str:
    """In parentheses, unless it is a name, a number, a call, or a CASE."""
    if expression.isidentifier() or expression.isdecimal() or (expression[:5] == "CASE " and expression[-4:] == " END"):
        return expression
    return expression if is_call(expression) else f"({expression})"


def _closes(text: str, start: int) -> int:
    """Where the parenthesis that opens at `start` is closed; quoted parts hold none. -1: nowhere."""
    depth = 0
    quote = ""
    for place in range(start, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return place
    return -1


_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def foreign_key_definition(table: Table, foreign_key: ForeignKey, parent: Table, catalog: Catalog) -> str:
    """As pg_get_constraintdef."""
    own = ", ".join(quote_ident(column_name(table, position)) for position in foreign_key.columns)
    theirs = ", ".join(quote_ident(column_name(parent, position)) for position in foreign_key.referenced)
    seen = catalog.find_table(None, parent.name)
    shown = quote_ident(parent.name)
    if seen is None or seen.id != parent.id:
        shown = f"{quote_ident(parent.schema)}.{shown}"
    parts = [f"FOREIGN KEY ({own}) REFERENCES {shown}({theirs})"]
    if foreign_key.match == "f":
        parts.append("MATCH FULL")
    if foreign_key.on_update in _ACTIONS:
        parts.append(f"ON UPDATE {_ACTIONS[foreign_key.on_update]}")
    if foreign_key.on_delete in _ACTIONS:
        columns = ", ".join(quote_ident(column_name(table, position)) for position in foreign_key.delete_columns)
        parts.append(f"ON DELETE {_ACTIONS[foreign_key.on_delete]}" + (f" ({columns})" if columns else ""))
    if foreign_key.deferrable:
        parts.append("DEFERRABLE" + (" INITIALLY DEFERRED" if foreign_key.deferred else ""))
    if not foreign_key.validated:
        parts.append("NOT VALID")
    return " ".join(parts)


def column_name(table: Table, position: int) -> str:
    return next(column.name for column in table.columns if column.position == position)


CLASS_OIDS = {"pg_class": 1259, "pg_constraint": 2606, "pg_namespace": 2615, "pg_type": 1247, "pg_proc": 1255}


def comments_of(catalog: Catalog) -> Iterator[tuple[int, str, int, str]]:
    """(object's oid, its catalog, its column's number or 0, text) of every comment."""
    for schema in catalog.schemas():
        if schema.comment is not None:
            yield schema.id, "pg_namespace", 0, schema.comment
    for sequence in catalog.sequences():
        if sequence.comment is not None:
            yield sequence.id, "pg_class", 0, sequence.comment
    for domain in catalog.domains():
        if domain.comment is not None:
            yield domain.id, "pg_type", 0, domain.comment
        oids_by_name = {name: oid for oid, name, _, _ in domain_constraints(domain, catalog)}
        for name, text in domain.check_comments:
            yield oids_by_name[name], "pg_constraint", 0, text
    for function in catalog.functions():
        if function.comment is not None:
            yield function.id, "pg_proc", 0, function.comment
    for view in catalog.views():
        for comment in view.comments:
            yield view.id, "pg_class", comment.number + 1 if comment.kind == "column" else 0, comment.text
    for table in catalog.tables():
        if not table.comments:
            continue
        oids = {
            index.oid if index is not None and kind != "f" else name: oid
            for oid, name, kind, index, _ in constraints_of(table, catalog)
        }
        for comment in table.comments:
            if comment.kind == "table":
                yield table.id, "pg_class", 0, comment.text
            elif comment.kind == "column":
                yield table.id, "pg_class", comment.number + 1, comment.text
            elif comment.kind == "index":
                yield comment.number, "pg_class", 0, comment.text
            else:
                yield oids[comment.number or comment.name], "pg_constraint", 0, comment.text


def object_comment(catalog: Catalog, _: Any, oid: int | None, owner: str | None = "") -> str | None:
    """obj_description: `owner` names the object's catalog, "" is any."""
    found = (
        text
        for number, kind, column, text in comments_of(catalog)
        if number == oid and not column and owner in ("", kind)
    )
    return next(found, None)


def column_comment(catalog: Catalog, _: Any, oid: int | None, number: int | None) -> str | None:
    return next(
        (text for one, _kind, column, text in comments_of(catalog) if one == oid and column == number and column), None
    )
