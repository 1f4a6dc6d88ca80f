"""What a statement does with domains (catalog/domains.py): the types that it names, casts to them, and what a column of
one demands of its rows.

    declared_type(node, catalog)             -> (ColumnType of the type below, the domain, None for another type)
    in_domain(value, domain, parameters)     -> the value, checked (tree.InDomain)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pglast.parser import scan
from pglast.stream import RawStream

from actors.common.errors import UNDEFINED_COLUMN, UNDEFINED_TABLE, DatabaseError
from actors.sql.binding.coercion import cannot_cast, coerce, coerce_boolean
from actors.sql.binding.column_types import column_type
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.scope import located, position_of
from actors.sql.binding.stored_names import find_domain, is_visible
from actors.sql.catalog.domains import VALUE, Domain, levels
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.casts import EXPLICIT
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.expressions.tree import Body, Expression, InDomain
from actors.sql.parser import parse_expression
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis


def declared_type(node: Any, catalog: Catalog | None) -> tuple[ColumnType, Domain | None]:
    """Of a TypeName. Raises as column_types.column_type does, 42601 for a domain with a length."""
    domain = None if node.arrayBounds else find_domain(catalog, node.names)
    if domain is None:
        return column_type(node), None
    if node.typmods:
        with located(node):
            raise DatabaseError("42601", f'type modifier is not allowed for type "{domain.name}"')
    return domain.type, domain


def shown_name(domain: Domain, catalog: Catalog) -> str:
    """As format_type shows it."""
    name = quote_ident(domain.name)
    return name if is_visible(domain, catalog) else f"{quote_ident(domain.schema)}.{name}"


class _ValueScope:
    """A CHECK's: VALUE alone."""

    def __init__(self, type_: ColumnType) -> None:
        self._type = type_

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        if names == (VALUE,):
            return 0, self._type
        if len(names) > 1:
            raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{names[-2]}"')
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[-1]}" does not exist')


def bind_check(node: Any, type_: ColumnType, parameters: ParameterTypes) -> Expression:
    """A CHECK's tree, over a row of the value alone. Raises what a wrong one raises."""
    from actors.sql.binding import analyze

    bound = analyze(node, _ValueScope(type_), parameters, ColumnType("bool"))
    return coerce_boolean(bound, "CHECK", parameters, position_of(node))


def in_domain(value: Expression, domain: Domain, catalog: Catalog) -> Expression:
    """A value of the type below as one of the domain; itself where the domain demands nothing."""
    rules = levels(domain, catalog)
    not_null = any(level.not_null for level in rules)
    checks = tuple(
        Body(bind_check(parse_expression(check.expression), domain.type, ParameterTypes((), catalog)), check.name)
        for level in rules
        for check in sorted(level.checks, key=lambda check: check.name)
    )
    if not checks and not not_null:
        return value
    return InDomain(value, shown_name(domain, catalog), not_null, checks, domain.type, domain.schema)


def cast_to(analysis: Analysis, node: Any, domain: Domain) -> Expression:
    """`node`, a TypeCast. Raises 42846."""
    argument = analysis.expression(node.arg)
    value = coerce(argument, domain.type, analysis.parameters, EXPLICIT)
    catalog = analysis.parameters.catalog
    assert catalog is not None, "the domain was found in it"
    if value is None:
        error = cannot_cast(argument.type, domain.type, position_of(node))
        raise DatabaseError(
            error.sqlstate, error.message.rpartition(" to ")[0] + f" to {domain.name}", position=error.position
        )
    return in_domain(value, domain, catalog)


def check_text(node: Any) -> str:
    """A CHECK's tree as SQL, with VALUE as PostgreSQL writes it."""
    return with_values(str(RawStream()(node)), lambda: "VALUE")


def with_values(text: str, replaced: Callable[[], str]) -> str:
    """A CHECK's text with something else in the place of each VALUE."""
    parts, last = [], 0
    for token in scan(text):
        if token.name == "VALUE_P":
            parts.append(text[last : token.start] + replaced())
            last = token.end + 1
    return "".join(parts) + text[last:]
