"""What depends on domains and functions: columns of them, domains over them, and what the catalog keeps as text that
names them by number (stored_names.py): defaults, CHECKs, views and functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pglast.enums import DropBehavior

from actors.query_processor.ddl import definitions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.dependencies import Dependent, dependents_of_view, described, drop_default, drop_view
from actors.sql.binding.stored_names import numbers_in, numbers_of
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.functions import Function
from actors.sql.catalog.schema import Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.text_functions import quote_ident


def dependents_of_domain(catalog: Catalog, domain: Domain) -> Iterator[Dependent]:
    """Each followed by what depends on that."""
    on = described(catalog, domain)
    for other in catalog.domains():
        if other.base == domain.id or (other.id != domain.id and domain.id in numbers_of(other)):
            drop = partial(definitions.drop, gone=other)
            yield Dependent(("domain", other.id, ""), described(catalog, other), on, drop)
            yield from dependents_of_domain(catalog, other)
    for table in catalog.tables():
        for column in table.live_columns():
            if column.domain == domain.id:
                what = f"column {quote_ident(column.name)} of {described(catalog, table)}"
                drop = partial(_drop_column, table=table.id, position=column.position)
                yield Dependent(("column", table.id, column.name), what, on, drop)
    for function in catalog.functions():
        if domain.id in (function.domain, *(argument.domain for argument in function.arguments)):
            yield from _function_and_more(catalog, function, on)
    yield from dependents_by_number(catalog, domain.id, on)


def dependents_of_function(catalog: Catalog, function: Function) -> Iterator[Dependent]:
    on = described(catalog, function)
    for domain in catalog.domains():
        if _mention([domain.default or ""], function.id):
            drop = partial(definitions.drop, gone=domain)
            yield Dependent(("domain", domain.id, ""), described(catalog, domain), on, drop)
            yield from dependents_of_domain(catalog, domain)
    yield from dependents_by_number(catalog, function.id, on)
    for domain in catalog.domains():
        for check in domain.checks:
            if _mention([check.expression], function.id):
                drop = partial(_drop_domain_check, domain=domain.id, name=check.name)
                yield Dependent(("check", domain.id, check.name), f"constraint {quote_ident(check.name)}", on, drop)


def functions_on(catalog: Catalog, relation: int, on: str, position: int | None = None) -> Iterator[Dependent]:
    """Functions whose bodies were read when they were made, or which give a table's rows."""
    for function in catalog.functions():
        reads = any(source.id == relation for source in function.sources)
        if (reads and position is None) or function.table == relation:
            yield from _function_and_more(catalog, function, on)


def _function_and_more(catalog: Catalog, function: Function, on: str) -> Iterator[Dependent]:
    drop = partial(definitions.drop, gone=function)
    yield Dependent(("function", function.id, ""), described(catalog, function), on, drop)
    yield from dependents_of_function(catalog, function)


def dependents_by_number(catalog: Catalog, number: int, on: str) -> Iterator[Dependent]:
    """Defaults and CHECKs of tables, views, and functions."""
    for table in catalog.tables():
        yield from _of_table(catalog, table, number, on)
    for view in catalog.views():
        if number in numbers_of(view):
            yield Dependent(("view", view.id, ""), described(catalog, view), on, partial(drop_view, gone=view))
            yield from dependents_of_view(catalog, view)
    for function in catalog.functions():
        if function.id != number and number in numbers_of(function):
            yield from _function_and_more(catalog, function, on)


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


def _drop_domain_check(change: SchemaChange, domain: int, name: str) -> None:
    present = change.catalog.domain_by_id(domain)
    if present is not None:
        checks = tuple(check for check in present.checks if check.name != name)
        definitions.replace(change, present, replace(present, checks=checks))


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
