"""SQL functions: a query with parameters, under a name that other argument types may share.

    CREATE FUNCTION area(w int, h int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE RETURN w * h

A body that came as a string is kept as it came, and read under the search path of whoever calls; one that came as
RETURN or BEGIN ATOMIC was read when the function was made, and is kept with its relations qualified (as a view's), and
types and functions by number (binding/stored_names.py).
"""

from __future__ import annotations

import msgspec

from actors.sql.catalog.privileges import Acl
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import ViewSource
from actors.sql.types.column_type import ColumnType

IN, OUT, INOUT, COLUMN = "i", "o", "b", "t"
"""Modes of arguments, as pg_proc has them; COLUMN: of RETURNS TABLE."""
VOID, RECORD = "void", "record"


class Argument(msgspec.Struct, frozen=True, array_like=True):
    """`type`: below the domain with the id `domain`, 0 for none. `default`: SQL text."""

    name: str
    type: ColumnType
    domain: int = 0
    default: str | None = None
    mode: str = IN


class Function(msgspec.Struct, frozen=True):
    """`arguments`: of all modes, in the order in which they were written. `result`: "record" where it has columns.
    `table`: the id of the table whose rows RETURNS SETOF names, 0 for none.

    `body`: a string's; else `query` is the SELECT that RETURN or BEGIN ATOMIC made, over `sources` (as View.sources).
    """

    id: int
    schema: str
    name: str
    arguments: tuple[Argument, ...]
    result: ColumnType
    domain: int = 0
    table: int = 0
    returns_set: bool = False
    body: str = ""
    query: str = ""
    is_return: bool = False
    sources: tuple[ViewSource, ...] = ()
    volatility: str = "v"
    strict: bool = False
    definer: bool = False
    leakproof: bool = False
    parallel: str = "u"
    cost: float = 100.0
    rows: float = 0.0
    search_path: tuple[str, ...] | None = None
    """SET search_path: what the body is read under."""
    owner_oid: int = ADMIN_OID
    comment: str | None = None
    acl: Acl | None = None

    @property
    def owner(self) -> int:
        return self.owner_oid

    @property
    def inputs(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if argument.mode in (IN, INOUT))

    @property
    def columns(self) -> tuple[Argument, ...]:
        """What it gives by name: OUT arguments, RETURNS TABLE."""
        return tuple(argument for argument in self.arguments if argument.mode != IN)

    @property
    def has_columns(self) -> bool:
        """It gives rows, which stand in FROM alone."""
        return self.returns_set or self.result.name == RECORD


def signature(arguments: tuple[Argument, ...]) -> tuple[str, ...]:
    """What tells functions of one name apart: the types of the inputs; a domain's is its number."""
    return tuple(
        f"#{argument.domain}" if argument.domain else argument.type.name
        for argument in arguments
        if argument.mode in (IN, INOUT)
    )
