"""The values that SET, ALTER ROLE ... SET and ALTER DATABASE ... SET name, as text."""

from __future__ import annotations

from typing import Any

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.binding.type_names import cast_type
from actors.sql.types.calendar import SECOND_US
from actors.sql.types.intervals import format_interval, parse_interval
from actors.sql.types.time_zones import offset_zone


def values_text(name: str, arguments: Any) -> str:
    """SET's arguments as the text that SHOW answers; names of a list are quoted where they need it."""
    parts = []
    for argument in arguments:
        if type(argument).__name__ == "TypeCast":
            return _interval_zone(argument)
        value = argument.val
        text = value.sval if hasattr(value, "sval") else str(value.ival if hasattr(value, "ival") else value.fval)
        if name == "search_path":
            quoted = text.isidentifier() and text == text.lower()
            text = text if quoted else '"' + text.replace('"', '""') + '"'
        parts.append(text)
    return ", ".join(parts)


def _interval_zone(argument: Any) -> str:
    """SET TIME ZONE INTERVAL '...' [HOUR TO MINUTE]: hours east of Greenwich. Raises 22007, 22023."""
    text = argument.arg.val.sval
    months, days, microseconds = parse_interval(text, cast_type(argument.typeName).modifier)
    part = "months" if months else "days" if days else ""
    zone = offset_zone(round(microseconds / SECOND_US)) if not part else None
    if zone is None:
        shown = format_interval((months, days, microseconds))
        detail = f"Cannot specify {part} in time zone interval." if part else ""
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, f'invalid value for parameter "TimeZone": "INTERVAL \'{shown}\'"', detail=detail
        )
    return zone[0]
