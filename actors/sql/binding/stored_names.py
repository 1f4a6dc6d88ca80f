"""Domains and functions in texts that the catalog keeps (defaults, CHECKs, views, functions): named by number, so that
they may be renamed, and DROP finds what needs them.

    kept(tree, catalog, calls)          area(x::side)    ->  pg_oid."16400"(x::pg_oid."16390")
    shown_text(text, catalog)           ... and back, under the names of now
    numbers_in(text)                    {16390, 16400}

No schema is called pg_oid: names that begin with pg_ are the system's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast
from pglast.stream import RawStream

from actors.sql.binding.trees import mapped, with_parts
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.functions import Function
from actors.sql.catalog.schema import Table, View
from actors.sql.parser import parse_expression
from actors.sql.types import by_name

if TYPE_CHECKING:
    from actors.sql.binding.parameters import Called
    from actors.sql.catalog.snapshot import Catalog

SCHEMA = "pg_oid"
_NUMBERED = re.compile(r'pg_oid\."(\d+)"')


def number_of(names: Any) -> int | None:
    """The number that a qualified name (strings of the parser's) is; None where it is a name."""
    if len(names) == 2 and names[0].sval == SCHEMA and names[1].sval.isdigit():
        return int(names[1].sval)
    return None


def numbers_in(text: str) -> set[int]:
    return {int(number) for number in _NUMBERED.findall(text)} if SCHEMA in text else set()


def numbers_of(thing: Any) -> set[int]:
    """What the texts of a descriptor name by number; nothing of what has no such texts."""
    match thing:
        case Table():
            texts = [*(column.default for column in thing.columns), *(check.expression for check in thing.checks)]
        case View():
            texts = [thing.query]
        case Domain():
            texts = [thing.default, *(check.expression for check in thing.checks)]
        case Function():
            texts = [thing.query, *(argument.default for argument in thing.arguments)]
        case _:
            texts = []
    return {number for text in texts if text is not None for number in numbers_in(text)}


def find_domain(catalog: Catalog | None, names: Any) -> Domain | None:
    """The domain that a type's name means: the system's types come first. Raises 42501 for a schema that the role may
    not use."""
    if catalog is None or not catalog.has_domains:
        return None
    number = number_of(names)
    if number is not None:
        return catalog.domain_by_id(number)
    name, schema = names[-1].sval, names[-2].sval if len(names) > 1 else None
    if schema is None and name in by_name:
        return None
    found = catalog.find_domain(schema, name)
    if found is not None:
        catalog.require_usage(schema)
    return found


def _numbered(number: int) -> tuple[ast.String, ast.String]:
    return ast.String(sval=SCHEMA), ast.String(sval=str(number))


def kept(tree: Any, catalog: Catalog, calls: Sequence[Called] = ()) -> Any:
    """A copy of the tree with numbers in the place of names; the tree itself where it has none of these. `calls`: what
    binding the tree itself has told of its calls."""
    if not catalog.has_domains and not calls:
        return tree
    called = {id(call.node): call.function.id for call in calls}

    def change(node: Any) -> Any:
        if isinstance(node, ast.TypeName):
            domain = find_domain(catalog, node.names)
            return None if domain is None else with_parts(node, lambda part: part, names=_numbered(domain.id))
        if isinstance(node, ast.FuncCall) and (number := called.get(id(node))) is not None:
            return with_parts(node, lambda part: mapped(part, change), funcname=_numbered(number))
        return None

    return mapped(tree, change)


def shown(tree: Any, catalog: Catalog) -> Any:
    """A copy of the tree with the names of now, qualified where the search path does not lead to them."""

    def change(node: Any) -> Any:
        if isinstance(node, ast.TypeName) and (number := number_of(node.names)) is not None:
            domain = catalog.domain_by_id(number)
            return None if domain is None else with_parts(node, lambda part: part, names=_name_of(domain, catalog))
        if isinstance(node, ast.FuncCall) and (number := number_of(node.funcname)) is not None:
            function = catalog.function_by_id(number)
            if function is not None:
                return with_parts(node, lambda part: mapped(part, change), funcname=_name_of(function, catalog))
        return None

    return mapped(tree, change)


def _name_of(thing: Domain | Function, catalog: Catalog) -> tuple[ast.String, ...]:
    name = ast.String(sval=thing.name)
    return (name,) if is_visible(thing, catalog) else (ast.String(sval=thing.schema), name)


def is_visible(thing: Domain | Function, catalog: Catalog) -> bool:
    if isinstance(thing, Function):
        return any(known is thing for known in catalog.functions_named(None, thing.name))
    return thing.name not in by_name and catalog.find_domain(None, thing.name) is thing


def shown_text(text: str, catalog: Catalog) -> str:
    """Of an expression that the catalog keeps."""
    if SCHEMA not in text:
        return text
    return str(RawStream()(shown(parse_expression(text), catalog)))
