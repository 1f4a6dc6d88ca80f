"""Columns whose values a sequence gives: identity columns, serial, and defaults that call nextval.

A default names its sequence by oid, so that the sequence may be renamed: nextval('s') is kept as
nextval('16390'::regclass), and shown with the name of now.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace
from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.ddl import sequences
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.constraints import Clauses, sql_text
from actors.sql.binding import analyze
from actors.sql.binding.parameters import Called, ParameterTypes
from actors.sql.binding.sequence_names import calls_sequence, plain_references
from actors.sql.binding.stored_expressions import refuse_beyond_values
from actors.sql.binding.stored_names import kept
from actors.sql.binding.trees import mapped, with_parts
from actors.sql.catalog.catalog_functions import regclass_in
from actors.sql.catalog.schema import Sequence, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.parser import parse_expression

_CAST = re.compile(r"CAST\('(\d+)' AS regclass\)", re.IGNORECASE)
"""As the parser's printer writes a cast."""
REGCLASS = ast.TypeName(names=(ast.String(sval="regclass"),), typemod=-1)


def default_by_oid(change: SchemaChange, text: str) -> str:
    """Raises 42P01 for a sequence that is not there, 0A000, 42803, 42P20, 42P02 for what no default is."""
    node = parse_expression(text)
    refuse_beyond_values(node)
    numbered = kept(node, change.catalog, calls_alone(node, change.catalog))
    if not calls_sequence(node):
        return text if numbered is node else sql_text(numbered)

    def by_oid(part: Any) -> Any:
        if not isinstance(part, ast.FuncCall) or not calls_sequence(part) or not part.args:
            return None
        first, *others = part.args
        if not isinstance(first, ast.A_Const) or not isinstance(first.val, ast.String):
            return None
        oid = regclass_in(change.catalog, None, first.val.sval)
        named = ast.TypeCast(arg=ast.A_Const(val=ast.String(sval=str(oid))), typeName=REGCLASS)
        return with_parts(part, lambda one: one, args=(named, *others))

    return _CAST.sub(r"'\1'::regclass", sql_text(mapped(plain_references(numbered), by_oid)))


def calls_alone(node: Any, catalog: Catalog) -> list[Called]:
    """Of SQL functions, in an expression without columns. Raises what a wrong one raises."""
    if not catalog.has_functions:
        return []
    parameters = ParameterTypes((), catalog)
    analyze(node, None, parameters)
    return [call for call in parameters.calls if not call.depth]


def sequenced_columns(
    change: SchemaChange, table: Table, clauses: Clauses, numbers: list[int]
) -> tuple[Table, list[Sequence]]:
    """(the table with what its sequences' columns need, the sequences to be made). `numbers`: fresh ids."""
    if table.temporary and clauses.generated:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "sequences of temporary tables are not supported")
    made: list[Sequence] = []
    columns = list(table.columns)
    for position, kind, options in clauses.generated:
        column = columns[position]
        if kind and column.type.name not in ("int2", "int4", "int8"):
            raise DatabaseError("22023", "identity column type must be smallint, integer, or bigint")
        taken = [table.name, *(sequence.name for sequence in made)]
        sequence = sequences.of_column(change, numbers.pop(0), table, column, options, bool(kind), taken)
        made.append(sequence)
        if kind:
            columns[position] = replace(column, identity=kind, sequence=sequence.id, not_null=True)
        else:
            columns[position] = replace(column, default=f"nextval('{sequence.id}'::regclass)", not_null=True)
    for position, column in enumerate(columns):
        if (
            column.default is not None
            and not column.generated
            and not any(position == one for one, _, _ in clauses.generated)
        ):
            columns[position] = replace(column, default=default_by_oid(change, column.default))
    return replace(table, columns=tuple(columns)), made
