"""The type that a cast names. As a column's declared type (column_types.py), and those that only expressions have:
name, oid, "char", interval fields."""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.sql.binding.column_types import column_type
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.intervals import FULL_PRECISION, FULL_RANGE

OBJECT_TYPES = frozenset({"regclass", "regtype", "regnamespace", "regproc", "regprocedure", "regrole"})
"""Casts to them look into the catalog: the column executor's (catalog_calls.py)."""
_CATALOG_TYPES = frozenset({"name", "oid", "char", "regclass", "regtype", "regproc", "unknown"})


def cast_type(node: Any) -> ColumnType:
    """Raises as column_types.column_type does."""
    name = node.names[-1].sval
    if node.arrayBounds:
        element = cast_type(ast.TypeName(names=node.names, typmods=node.typmods, typemod=node.typemod))
        if not is_array("_" + element.name):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {name}[] not supported")
        return ColumnType("_" + element.name, element.modifier)
    if is_array(name):  # as in _int4
        return ColumnType(name)
    if name in _CATALOG_TYPES:
        return ColumnType(name)
    if name == "interval" and node.typmods:
        numbers = [modifier.val.ival for modifier in node.typmods]
        fields, digits = numbers[0], numbers[1] if len(numbers) > 1 else FULL_PRECISION
        return ColumnType(name, (fields & FULL_RANGE) << 16 | digits & FULL_PRECISION)
    return column_type(node)
