"""What a statement hands to whoever shows it: column descriptions, batches of rows, and the shape of a COPY.

The session and the plans make these; the wire layer formats them. Rows are tuples of datums (docs/contracts.md), never text.

    Field("id", ColumnType("int4"))                 one output column, as RowDescription shows it
    Batch([(1, "a"), (2, "b")], True, "SELECT 2")   rows of one Execute; `done` False: the row limit was reached, more to come
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.common.schema import ColumnType


@dataclass(frozen=True, slots=True)
class Field:
    """One output column. `table_oid` and `attribute` (1-based) name the table's column it came from, 0 where it is an expression."""

    name: str
    type: ColumnType
    table_oid: int = 0
    attribute: int = 0


@dataclass(slots=True)
class Batch:
    """`tag` is the command tag ("SELECT 3", "INSERT 0 1"), complete once `done`."""

    rows: list[tuple[object, ...]]
    done: bool
    tag: str


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """COPY's options with PostgreSQL's defaults filled in for the format. `header`: "false", "true" or "match"."""

    format: str = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: str = "false"
    quote: str = '"'
    escape: str = '"'
    default: str | None = None
    """Text that stands for the column's default, None: none does."""
    force_quote: frozenset[str] = frozenset()
    """Column names; all of the copied columns where the statement says `*`."""
    force_not_null: frozenset[str] = frozenset()
    force_null: frozenset[str] = frozenset()
    freeze: bool = False


@dataclass(frozen=True, slots=True)
class CopyIn:
    """COPY ... FROM STDIN: the client sends rows of these columns; they go to Portal.copy_rows as tuples of datums, in this order.

    The datum USE_DEFAULT (a field that matched `options.default`) stands for the column's default.
    """

    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]
    options: CopyOptions = field(default_factory=CopyOptions)
    table: str = ""
    """For errors' context."""


@dataclass(frozen=True, slots=True)
class CopyOut:
    """COPY ... TO STDOUT: Portal.run gives the rows, the wire layer formats them by these options."""

    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]
    options: CopyOptions = field(default_factory=CopyOptions)


class UseDefault:
    """The type of USE_DEFAULT."""

    def __repr__(self) -> str:
        return "USE_DEFAULT"


USE_DEFAULT = UseDefault()
