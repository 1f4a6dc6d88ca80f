"""pg_settings: the run-time parameters as PostgreSQL's catalog shows them, numbers in their base unit beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from actors.sql.settings.parameter_table import DEFINITIONS, INTERNAL, UNLISTED, Definition
from actors.sql.settings.parameter_values import kilobytes, milliseconds

_UNITS = {"milliseconds": "ms", "memory": "kB"}
_CUSTOM = Definition("", "", use="")


def rows(settings: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """`settings`: a session's, by name in lower case. What RESET returns to is not known here: reset_val is the
    default."""
    for key, value in sorted(settings.items()):
        if key in UNLISTED:
            continue
        definition = DEFINITIONS.get(key, _CUSTOM)
        kind, choices = definition.kind, definition.kind.split("|")
        internal = definition.use == INTERNAL and key in DEFINITIONS
        ranged = kind in ("integer", *_UNITS) and not internal
        default = definition.default if key in DEFINITIONS else None
        yield {
            "name": definition.name or key,
            "setting": _plain(kind, value),
            "unit": _UNITS.get(kind),
            "category": "Preset Options"
            if internal
            else "Client Connection Defaults"
            if key in DEFINITIONS
            else "Customized Options",
            "short_desc": definition.description,
            "context": "internal" if internal else "user",
            "vartype": "integer"
            if kind in ("integer", *_UNITS)
            else "bool"
            if kind == "bool"
            else "enum"
            if len(choices) > 1
            else "string",
            "source": "default" if value == default else "session",
            "min_val": str(definition.low) if ranged else None,
            "max_val": str(definition.high) if ranged else None,
            "enumvals": f"{{{','.join(choices)}}}" if len(choices) > 1 else None,
            "boot_val": None if default is None else _plain(kind, default),
            "reset_val": None if default is None else _plain(kind, default),
            "pending_restart": False,
        }


def _plain(kind: str, value: str) -> str:
    if kind == "milliseconds":
        return str(milliseconds(value))
    return str(kilobytes(value)) if kind == "memory" else value
