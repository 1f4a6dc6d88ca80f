"""What depends on what: DROP of an object that others need is refused, or takes them along.

    drop(change, "table t", dependents_of_table(change.catalog, table), node.behavior)

Dependents are found from the catalog when they are asked for (views say what they read, foreign keys what they refer
to): a list beside the descriptors would have to be kept true by everything that changes them. DDL alone asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pglast.enums import DropBehavior

from actors.common.errors import DEPENDENT_OBJECTS_STILL_EXIST, DatabaseError
from actors.query_processor.ddl import definitions, foreign_keys
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.sql.binding.domains import shown_name
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.function_texts import identity
from actors.sql.catalog.functions import Function
from actors.sql.catalog.schema import ForeignKey, Index, Other, Sequence, Table, View
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.text_functions import quote_ident


@dataclass(frozen=True)
class Dependent:
    """`what` depends on `on`, both as PostgreSQL describes objects; `id` tells it from others; `drop` takes it away."""

    id: tuple[str, int, str]
    what: str
    on: str
    drop: Callable[[SchemaChange], None]


def shown(catalog: Catalog, relation: Any) -> str:
    """A relation's name as messages have it: with its schema where the search path does not lead to it."""
    first = catalog.find(None, relation.name)
    seen = first[0] if first is not None and first[1] is None else catalog.find_other(None, relation.name)
    name = quote_ident(relation.name)
    return name if seen is not None and seen.id == relation.id else f"{quote_ident(relation.schema)}.{name}"


def described(catalog: Catalog, relation: Any) -> str:
    """`table t`, `view v`, `sequence s`, `type d`, `function f(integer)`."""
    if isinstance(relation, Function):
        return f"function {identity(catalog, relation)}"
    if isinstance(relation, Domain):
        return f"type {shown_name(relation, catalog)}"
    kind = "table" if isinstance(relation, Table) else "view" if isinstance(relation, View) else "sequence"
    return f"{kind} {shown(catalog, relation)}"


def dependents_of_table(catalog: Catalog, table: Table, position: int | None = None) -> Iterator[Dependent]:
    """Of a table, or of the column at `position` alone."""
    on = described(catalog, table)
    if position is not None:
        on = f"column {quote_ident(table.columns[position].name)} of {on}"
    for number in table.referenced_by:
        child = catalog.table_by_id(number)
        if child is None or child.id == table.id:
            continue
        for foreign_key in child.foreign_keys:
            if foreign_key.table == table.id and (position is None or position in foreign_key.referenced):
                yield _of_foreign_key(catalog, child, foreign_key, on)
    yield from dependents_of_owned(catalog, table, position)
    yield from _views_on(catalog, table.id, on, position)


def dependents_of_sequence(catalog: Catalog, sequence: Sequence) -> Iterator[Dependent]:
    """Views that read its row, and defaults that take its values."""
    yield from _views_on(catalog, sequence.id, described(catalog, sequence))
    mark = f"'{sequence.id}'::regclass"
    for table in catalog.tables():
        for column in table.live_columns():
            if column.default is not None and mark in column.default:
                what = f"default value for column {quote_ident(column.name)} of {described(catalog, table)}"
                number = ("default", table.id, column.name)
                yield Dependent(
                    number,
                    what,
                    described(catalog, sequence),
                    partial(drop_default, table=table.id, position=column.position),
                )


def drop_default(change: SchemaChange, table: int, position: int) -> None:
    present = change.catalog.table_by_id(table)
    if present is not None:
        columns = tuple(
            replace(column, default=None) if column.position == position else column for column in present.columns
        )
        change.replace_table(present, replace(present, columns=columns))


def dependents_of_owned(catalog: Catalog, table: Table, position: int | None = None) -> Iterator[Dependent]:
    """Other tables' defaults that take values of the sequences which go with a table, or with one of its columns."""
    for sequence in catalog.sequences():
        if sequence.owned_by[0] == table.id and position in (None, sequence.owned_by[1]):
            yield from (one for one in dependents_of_sequence(catalog, sequence) if one.id[:2] != ("default", table.id))


def dependents_of_index(catalog: Catalog, table: Table, index: Index) -> Iterator[Dependent]:
    """Foreign keys that refer to the columns of a unique index."""
    for number in table.referenced_by:
        child = catalog.table_by_id(number)
        for foreign_key in child.foreign_keys if child is not None else ():
            if child is not None and foreign_key.index == index.oid:
                yield _of_foreign_key(catalog, child, foreign_key, f"index {quote_ident(index.name)}")


def _of_foreign_key(catalog: Catalog, child: Table, foreign_key: ForeignKey, on: str) -> Dependent:
    what = f"constraint {quote_ident(foreign_key.name)} on {described(catalog, child)}"
    return Dependent(
        ("constraint", foreign_key.oid, ""), what, on, partial(_drop_foreign_key, table=child.id, gone=foreign_key)
    )


def _drop_foreign_key(change: SchemaChange, table: int, gone: ForeignKey) -> None:
    present = change.catalog.table_by_id(table)
    if present is not None and gone in present.foreign_keys:
        foreign_keys.without(change, present, gone)


def dependents_of_view(catalog: Catalog, view: View) -> Iterator[Dependent]:
    yield from _views_on(catalog, view.id, described(catalog, view))


def dependents_of_schema(catalog: Catalog, name: str) -> Iterator[Dependent]:
    """What is in it, each followed by what depends on that."""
    from actors.query_processor.ddl.definition_dependents import dependents_of_domain, dependents_of_function

    relations: list[Table | Other] = [*catalog.tables(), *catalog.others()]
    for relation in sorted(relations, key=lambda one: one.id):
        if relation.schema != name:
            continue
        what, on = described(catalog, relation), f"schema {quote_ident(name)}"
        if isinstance(relation, Table):
            yield Dependent(("table", relation.id, ""), what, on, partial(_drop_table, gone=relation))
            yield from dependents_of_table(catalog, relation)
        elif isinstance(relation, View):
            yield Dependent(("view", relation.id, ""), what, on, partial(drop_view, gone=relation))
            yield from dependents_of_view(catalog, relation)
        elif relation.owned_by[0] == 0:  # one that is owned goes with its table
            yield Dependent(("sequence", relation.id, ""), what, on, partial(_drop_sequence, gone=relation))
            yield from dependents_of_sequence(catalog, relation)
    for domain in [domain for domain in catalog.domains() if domain.schema == name]:
        drop = partial(definitions.drop, gone=domain)
        yield Dependent(("domain", domain.id, ""), described(catalog, domain), f"schema {quote_ident(name)}", drop)
        yield from dependents_of_domain(catalog, domain)
    for function in [function for function in catalog.functions() if function.schema == name]:
        drop = partial(definitions.drop, gone=function)
        what = described(catalog, function)
        yield Dependent(("function", function.id, ""), what, f"schema {quote_ident(name)}", drop)
        yield from dependents_of_function(catalog, function)


def _drop_sequence(change: SchemaChange, gone: Sequence) -> None:
    if change.catalog.sequence_by_id(gone.id) is not None:
        change.drop_other(gone)


def drop_relation(change: SchemaChange, gone: Table | Other) -> None:
    """Unless it is gone already."""
    if isinstance(gone, Table):
        _drop_table(change, gone)
    elif any(other.id == gone.id for other in change.catalog.others()):
        change.drop_other(gone)


def _drop_table(change: SchemaChange, gone: Table) -> None:
    present = change.catalog.table_by_id(gone.id)
    if present is not None:
        foreign_keys.settle(change, present, replace(present, foreign_keys=()))
        change.drop_table(present)
        for sequence in [one for one in change.catalog.sequences() if one.owned_by[0] == gone.id]:
            change.drop_other(sequence)


def _views_on(catalog: Catalog, number: int, on: str, position: int | None = None) -> Iterator[Dependent]:
    """Views that read the relation, each followed by those that read it in turn, and functions."""
    from actors.query_processor.ddl.definition_dependents import functions_on

    yield from functions_on(catalog, number, on, position)
    for view in catalog.views():
        for source in view.sources:
            if source.id == number and (position is None or position in source.used):
                yield Dependent(("view", view.id, ""), described(catalog, view), on, partial(drop_view, gone=view))
                yield from _views_on(catalog, view.id, described(catalog, view))


def drop_view(change: SchemaChange, gone: View) -> None:
    if change.catalog.view_by_id(gone.id) is not None:
        change.drop_other(gone)


def clear(
    change: SchemaChange,
    whats: list[str],
    dependents: Iterable[Dependent],
    behavior: DropBehavior,
    own: Iterable[tuple[str, int, str]] = (),
) -> None:
    """Before the objects `whats` are dropped: take away what depends on them (CASCADE), with a notice, or refuse.
    `own`: those that the statement drops itself.

    Raises 2BP01."""
    found: dict[tuple[str, int, str], Dependent] = {}
    skipped = set(own)
    for dependent in dependents:
        if dependent.id not in skipped:
            found.setdefault(dependent.id, dependent)
    if not found:
        return
    if behavior != DropBehavior.DROP_CASCADE:
        several = len(whats) > 1
        raise DatabaseError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f"cannot drop {'desired object(s)' if several else whats[0]} because other objects depend on "
            f"{'them' if several else 'it'}",
            detail="\n".join(f"{one.what} depends on {one.on}" for one in found.values()),
            hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )
    [first, *others] = found.values()
    change.notice(
        "00000", f"drop cascades to {first.what}" if not others else f"drop cascades to {len(found)} other objects"
    )
    for dependent in reversed(found.values()):
        dependent.drop(change)
