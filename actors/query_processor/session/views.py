"""The system views that show the session itself: pg_prepared_statements, pg_cursors, and its row of
pg_stat_activity."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.common.parked_session import ParkedStatement
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

Row = dict[str, Any]
_PREPARE = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*prepare\b", re.IGNORECASE | re.DOTALL)


def session_rows(session: Session, view: str) -> Iterator[Row]:
    """The rows of `view`, by column name; an array of texts as a list."""
    return _VIEWS[view](session)


def _prepared_statements(session: Session) -> Iterator[Row]:
    for name, prepared in session.prepared_statements.items():
        row: Row = {"name": name, "generic_plans": 0, "custom_plans": 0, "result_types": None}
        if isinstance(prepared, ParkedStatement):
            text, types = prepared.sql, [ColumnType(type_) for type_ in prepared.types]
        else:
            text, types = prepared.raw.original, prepared.parameter_types
            if prepared.fields is not None:
                row["result_types"] = _types([field.type for field in prepared.fields])
        yield {**row, "statement": text, "parameter_types": _types(types), "from_sql": _PREPARE.match(text) is not None}


def _types(types: list[ColumnType]) -> list[str]:
    """Their names, as regtype shows them."""
    return [format_type(ColumnType(type_.name)) for type_ in types]


def _cursors(session: Session) -> Iterator[Row]:
    for name, portal in session.portals.items():
        row: Row = {"name": name, "statement": portal.statement or portal.prepared.raw.original}
        yield {**row, "is_holdable": portal.holds, "is_binary": False, "is_scrollable": False}


def _activity(session: Session) -> Iterator[Row]:
    yield {"query": session.statement}


_VIEWS: dict[str, Callable[[Session], Iterator[Row]]] = {
    "pg_prepared_statements": _prepared_statements,
    "pg_cursors": _cursors,
    "pg_stat_activity": _activity,
}
