"""What the analyzer needs to know of names: `Scope`, which the levels of a query are; and where errors are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, UNDEFINED_TABLE, DatabaseError
from actors.sql.types.column_type import ColumnType


def position_of(node: Any) -> int:
    """Of a parser's node in the statement, from 1 on; 0 where it does not say."""
    location = getattr(node, "location", None)
    return 0 if location is None or location < 0 else location + 1


def unsupported(what: str) -> DatabaseError:
    """0A000 for a form of expression that is not supported where it stands; `what`: in the analyzer's words."""
    return DatabaseError(FEATURE_NOT_SUPPORTED, f"this kind of expression is not supported here: {what}")


@contextmanager
def located(node: Any) -> Iterator[None]:
    """A DatabaseError from within is about `node`, unless it says about what: clients point at it."""
    try:
        yield
    except DatabaseError as error:
        error.position = error.position or position_of(node)
        raise


class Scope(Protocol):
    """Who knows the columns. Raises 42703 for an undefined name, 42702 for an ambiguous one."""

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]: ...


class EmptyScope:
    """No columns: defaults, VALUES, LIMIT."""

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        if len(names) > 1:
            raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{names[-2]}"')
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[-1]}" does not exist')
