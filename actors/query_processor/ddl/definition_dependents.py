"""What depends on domains: columns of them, domains over them, and what the catalog keeps as text that names them by
number (stored_names.py): defaults, CHECKs and views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pglast.enums import DropBehavior

from actors.query_processor.ddl import definitions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.dependencies import Dependent, dependents_of_view, described, drop_default, drop_view
from actors.sql.binding.stored_names import numbers_in
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.schema import Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.text_functions import quote_ident


def dependents_of_domain(catalog: Catalog, domain: Domain) -> Iterator[Dependent]:
    """Each followed by what depends on that."""
    on = described(catalog, domain)
    for other in catalog.domains():
        texts = [other.default or "", *(check.expression for check in other.checks)]
        if other.base == domain.id or (other.id != domain.id and _mention(texts, domain.id)):
            drop = partial(drop_definition, gone=other)
            yield Dependent(("domain", other.id, ""), described(catalog, other), on, drop)
            yield from dependents_of_domain(catalog, other)
    for table in catalog.tables():
        for column in table.live_columns():
            if column.domain == domain.id:
                what = f"column {quote_ident(column.name)} of {described(catalog, table)}"
                drop = partial(_drop_column, table=table.id, position=column.position)
                yield Dependent(("column", table.id, column.name), what, on, drop)
    yield from dependents_by_number(catalog, domain.id, on)


def dependents_by_number(catalog: Catalog, number: int, on: str) -> Iterator[Dependent]:
    """Defaults and CHECKs of tables, and views."""
    for table in catalog.tables():
        yield from _of_table(catalog, table, number, on)
    for view in catalog.views():
        if _mention([view.query], number):
            yield Dependent(("view", view.id, ""), described(catalog, view), on, partial(drop_view, gone=view))
            yield from dependents_of_view(catalog, view)


def _mention(texts: list[str], number: int) -> bool:
    return any(number in numbers_in(text) for text in texts)


def _of_table(catalog: Catalog, table: Table, number: int, on: str) -> Iterator[Dependent]:
    for column in table.live_columns():
        if column.default is not None and _mention([column.default], number):
            what = f"default value for column {quote_ident(column.name)} of {described(catalog, table)}"
            drop = partial(drop_default, table=table.id, position=column.position)
            yield Dependent(("default", table.id, column.name), what, on, drop)
    for check in table.checks:
        if _mention([check.expression], number):
            what = f"constraint {quote_ident(check.name)} on {described(catalog, table)}"
            yield Dependent(
                ("check", table.id, check.name), what, on, partial(_drop_check, table=table.id, name=check.name)
            )


def _drop_check(change: SchemaChange, table: int, name: str) -> None:
    present = change.catalog.table_by_id(table)
    if present is not None:
        checks = tuple(check for check in present.checks if check.name != name)
        change.replace_table(present, replace(present, checks=checks))


def _drop_column(change: SchemaChange, table: int, position: int) -> None:
    from actors.query_processor.ddl.columns import drop_column

    present = change.catalog.table_by_id(table)
    if present is not None and not present.columns[position].dropped:
        drop_column(change, present, present.columns[position], DropBehavior.DROP_CASCADE)


def drop_definition(change: SchemaChange, gone: Domain) -> None:
    """Unless it is gone already."""
    if change.catalog.domain_by_id(gone.id) is not None:
        definitions.drop(change, gone)
