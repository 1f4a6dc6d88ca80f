"""`Type`: what the system knows of one SQL type, and the errors that its readers share.

A reader takes text or bytes and a type modifier and gives a datum (docs/contracts.md), or raises a DatabaseError with
PostgreSQL's message. NULL never comes here. Types of the date/time family take two more arguments: the session's time
zone, and the transaction's time for 'now' and 'today'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.common.errors import (
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    DatabaseError,
)


class Type:
    """`name` is the key of `by_name`, `sql_name` what messages show, `size` PostgreSQL's typlen, `category` its
    typcategory.

    `parse_text(text, modifier)`, `format_text(datum, modifier)`, `parse_binary(data, modifier)`, `format_binary(datum,
    modifier)`.
    """

    __slots__ = (
        "array_oid",
        "category",
        "format_binary",
        "format_text",
        "name",
        "oid",
        "parse_binary",
        "parse_text",
        "preferred",
        "size",
        "sql_name",
    )

    def __init__(
        self,
        name: str,
        sql_name: str,
        oid: int,
        array_oid: int,
        size: int,
        category: str,
        parse_text: Callable[..., Any],
        format_text: Callable[..., str],
        parse_binary: Callable[..., Any],
        format_binary: Callable[..., bytes],
        *,
        preferred: bool = False,
    ) -> None:
        self.name = name
        self.sql_name = sql_name
        self.oid = oid
        self.array_oid = array_oid
        self.size = size
        self.category = category
        self.preferred = preferred
        self.parse_text = parse_text
        self.format_text = format_text
        self.parse_binary = parse_binary
        self.format_binary = format_binary

    def __repr__(self) -> str:
        return f"Type({self.name})"


ORDERED_BYTES = frozenset({"uuid", "timetz", "inet", "cidr", "macaddr", "macaddr8"})
"""Types whose datums are bytes whose order is SQL's: every layer carries and compares them as such."""
BITS = frozenset({"bit", "varbit"})
"""Types whose datums are strings of 0 and 1 whose order is SQL's."""
SHOWN = (ORDERED_BYTES - {"uuid"}) | BITS
"""Types that a client's Arrow has no word for: it gets PostgreSQL's text."""
WHITESPACE = " \t\n\r\v\f"
"""What PostgreSQL's isspace skips around numbers and words."""


def invalid_text(sql_name: str, text: str, sqlstate: str = INVALID_TEXT_REPRESENTATION) -> DatabaseError:
    return DatabaseError(sqlstate, f'invalid input syntax for type {sql_name}: "{text}"')


def out_of_range(sql_name: str, text: str) -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type {sql_name}')


def invalid_binary(what: str = "incorrect binary data format") -> DatabaseError:
    return DatabaseError(INVALID_BINARY_REPRESENTATION, what)
