"""Casts from and to object identifier types, which psql's \\d family and drivers' introspection abound in.

A regclass or regtype is carried as its oid and shown as its name; 'name'::regnamespace gives the oid, oid::regnamespace
the name (as text), likewise regproc and regrole. The catalog's functions do both (catalog/catalog_functions.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from pglast import ast

from actors.sql.binding.coercion import coerce
from actors.sql.binding.query import CatalogCall
from actors.sql.binding.type_names import OBJECT_TYPES
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS
from actors.sql.expressions.casts import EXPLICIT
from actors.sql.expressions.tree import Cast, Column, Constant, Expression
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

if TYPE_CHECKING:
    from actors.sql.binding.query_analysis import QueryAnalysis

TEXT, OID = ColumnType("text"), ColumnType("oid")
TEXTS = frozenset({"text", "varchar", "name", "bpchar"})
UNCARRIED = OBJECT_TYPES - OBJECTS
"""Those whose name gives an oid and whose oid gives a name, with no values of their own."""
INTEGERS = frozenset({"int2", "int4", "int8", "oid"})


def is_identifier(node: Any) -> bool:
    """A cast to an object identifier type that has no values of its own here."""
    return (
        isinstance(node, ast.TypeCast) and not node.typeName.arrayBounds and node.typeName.names[-1].sval in UNCARRIED
    )


def object_cast(analysis: QueryAnalysis, node: Any) -> Expression | None:
    """The expression of such a cast; None for any other."""
    name = node.typeName.names[-1].sval
    if name in TEXTS and not node.typeName.arrayBounds:
        if not is_identifier(node.arg):
            return None
        shown = shown_identifier(analysis, node.arg, TEXT)
        return None if shown is None else coerce(shown, ColumnType(name), analysis.parameters, EXPLICIT)
    if name == "regtype" and node.typeName.arrayBounds:  # proargtypes::regtype[], by pgcli
        argument = analysis.typed(node.arg)
        (function,) = CATALOG_FUNCTIONS["regtype_array_out"]
        oids = coerce(argument, function.arguments[0], analysis.parameters, EXPLICIT) or argument
        return analysis.value(CatalogCall("regtype_array_out", function, (oids,), function.result))
    if node.typeName.arrayBounds or name not in OBJECT_TYPES:
        return None
    inner = node.arg
    if isinstance(inner, ast.TypeCast) and inner.typeName.names[-1].sval == name and not inner.typeName.arrayBounds:
        return object_cast(analysis, inner)  # CAST($1::regclass AS regclass), by SQLAlchemy
    argument = analysis.typed(inner)
    if name in OBJECTS and argument.type.name in (*INTEGERS, *OBJECTS):
        return Cast(argument, ColumnType(name), True)
    if argument.type.name == name:
        return Cast(argument, OID, True)
    direction = "out" if argument.type.name in INTEGERS else "in"
    (function,) = CATALOG_FUNCTIONS[f"{name}_{direction}"]
    result = ColumnType(name) if name in OBJECTS else function.result
    return analysis.value(CatalogCall(f"{name}_{direction}", function, (argument,), result))


def type_named(analysis: QueryAnalysis, name: str) -> Expression:
    """'name'::regtype"""
    (function,) = CATALOG_FUNCTIONS["regtype_in"]
    return analysis.value(CatalogCall("regtype_in", function, (Constant(name, TEXT),), ColumnType("regtype")))


def as_oid(analysis: QueryAnalysis, node: Any) -> Expression:
    """Object identifiers are compared as the oids that they are."""
    argument = analysis.typed(node.arg)
    if argument.type.name in INTEGERS:
        return argument if argument.type == OID else coerce(argument, OID, analysis.parameters, EXPLICIT) or argument
    found = object_cast(analysis, node)
    assert found is not None
    return found


def shown_identifier(analysis: QueryAnalysis, node: Any, type_: ColumnType | None = None) -> Expression | None:
    """'name'::regproc and its like as a result: the name, by which PostgreSQL shows an oid of these types, of `type_`
    or the object's type. None for any other cast."""
    if not is_identifier(node):
        return None
    name = node.typeName.names[-1].sval
    if isinstance(node.arg, ast.ColumnRef):
        argument = analysis.typed(node.arg)
        if argument.type.name == name and type_ is None:
            return argument
    type_ = type_ or (ColumnType(name) if name in by_name else TEXT)
    found = object_cast(analysis, node)
    assert isinstance(found, Column)
    if found.type == OID:
        (function,) = CATALOG_FUNCTIONS[f"{name}_out"]
        return analysis.value(CatalogCall(f"{name}_out", function, (found,), type_))
    call = analysis.binder.values.calls[found.position]
    assert isinstance(call, CatalogCall)
    return analysis.value(replace(call, type=type_))
