"""Run-time parameters of a session: SET, SHOW, RESET, SET LOCAL, with PostgreSQL's names, defaults and errors.

A SET inside a transaction block lasts if the block commits, SET LOCAL until it ends either way. Reported ones are told through
`on_parameter(name, value)` whenever their value changes, as ParameterStatus wants it.

Values are kept as the text that SHOW answers. Parameters that PostgreSQL knows and nothing here depends on are accepted where clients and
dump files set them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from actors.common.errors import (
    CANT_CHANGE_RUNTIME_PARAM,
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    UNDEFINED_OBJECT,
    DatabaseError,
)

SERVER_VERSION = "16.10"
"""What DSQL presents: a PostgreSQL 16. Clients choose their catalog queries by it."""
SERVER_VERSION_NUMBER = "160010"
CUSTOM_PARAMETERS_MAX = 256
"""Own parameters (with a dot in the name) of one session."""


class Definition(NamedTuple):
    name: str
    default: str
    kind: str = "string"
    """string, bool, integer, milliseconds, "internal" (read-only), "accepted" (any value), or a | separated choice."""
    reported: bool = False
    description: str = ""


_DEFINITIONS = (
    Definition("server_version", SERVER_VERSION, "internal", True),
    Definition("server_version_num", SERVER_VERSION_NUMBER, "internal"),
    Definition("server_encoding", "UTF8", "internal", True),
    Definition("integer_datetimes", "on", "internal", True),
    Definition("in_hot_standby", "off", "internal", True),
    Definition("is_superuser", "off", "internal", True),
    Definition("session_authorization", "admin", "internal", True),
    Definition("lc_collate", "C", "internal"),
    Definition("lc_ctype", "C", "internal"),
    Definition("block_size", "8192", "internal"),
    Definition("max_identifier_length", "63", "internal"),
    Definition("max_index_keys", "8", "internal"),
    Definition("data_checksums", "on", "internal"),
    Definition("ssl", "off", "internal"),
    Definition("max_connections", "10000", "internal"),
    Definition("wal_level", "logical", "internal"),
    Definition("max_prepared_transactions", "0", "internal"),
    Definition("client_encoding", "UTF8", "encoding", True),
    Definition("application_name", "", "string", True),
    Definition("DateStyle", "ISO, MDY", "datestyle", True),
    Definition("IntervalStyle", "postgres", "intervalstyle", True),
    Definition("TimeZone", "UTC", "timezone", True),
    Definition("standard_conforming_strings", "on", "always_on", True),
    Definition("default_transaction_read_only", "off", "bool", True),
    Definition("transaction_read_only", "off", "bool"),
    Definition("default_transaction_isolation", "repeatable read", "isolation"),
    Definition("transaction_isolation", "repeatable read", "isolation"),
    Definition("transaction_deferrable", "off", "bool"),
    Definition("default_transaction_deferrable", "off", "bool"),
    Definition("search_path", '"$user", public', "string"),
    Definition("extra_float_digits", "1", "integer"),
    Definition("bytea_output", "hex", "hex"),
    Definition("statement_timeout", "0", "milliseconds"),
    Definition("lock_timeout", "0", "milliseconds"),
    Definition("idle_in_transaction_session_timeout", "0", "milliseconds"),
    Definition("idle_session_timeout", "0", "milliseconds"),
    Definition("transaction_timeout", "0", "milliseconds"),
    Definition("tcp_keepalives_idle", "0", "integer"),
    Definition("client_min_messages", "notice", "debug5|debug4|debug3|debug2|debug1|log|notice|warning|error"),
    Definition("check_function_bodies", "on", "bool"),
    Definition("row_security", "on", "bool"),
    Definition("xmloption", "content", "content|document"),
    Definition("default_tablespace", "", "string"),
    Definition("default_table_access_method", "heap", "string"),
    Definition("default_toast_compression", "pglz", "string"),
    Definition("synchronize_seqscans", "on", "bool"),
    Definition("synchronous_commit", "on", "accepted"),
    Definition("quote_all_identifiers", "off", "bool"),
    Definition("escape_string_warning", "on", "bool"),
    Definition("backslash_quote", "safe_encoding", "accepted"),
    Definition("array_nulls", "on", "bool"),
    Definition("plan_cache_mode", "auto", "auto|force_custom_plan|force_generic_plan"),
    Definition("jit", "off", "bool"),
    Definition("work_mem", "4MB", "accepted"),
    Definition("maintenance_work_mem", "64MB", "accepted"),
    Definition("lc_messages", "C", "accepted"),
    Definition("lc_monetary", "C", "accepted"),
    Definition("lc_numeric", "C", "accepted"),
    Definition("lc_time", "C", "accepted"),
    Definition("timezone_abbreviations", "Default", "accepted"),
    Definition("default_text_search_config", "pg_catalog.simple", "accepted"),
    Definition("enable_seqscan", "on", "bool"),
    Definition("enable_indexscan", "on", "bool"),
    Definition("enable_bitmapscan", "on", "bool"),
    Definition("enable_hashjoin", "on", "bool"),
    Definition("enable_mergejoin", "on", "bool"),
    Definition("enable_nestloop", "on", "bool"),
    Definition("enable_sort", "on", "bool"),
)
DEFINITIONS = {definition.name.lower(): definition for definition in _DEFINITIONS}
DEFAULTS = {name: definition.default for name, definition in DEFINITIONS.items()}

_BOOLS = {"on": "on", "true": "on", "yes": "on", "1": "on", "t": "on", "y": "on"} | {
    "off": "off", "false": "off", "no": "off", "0": "off", "f": "off", "n": "off"
}  # fmt: skip
_DURATION = re.compile(r"\s*(-?\d+)\s*(us|ms|s|min|h|d)?\s*")
_DURATION_MS = {None: 1.0, "us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_ENCODINGS = {"utf8": "UTF8", "utf-8": "UTF8", "unicode": "UTF8"}


class RunTimeParameters:
    """One session's. `values` is keyed by lower-case name."""

    __slots__ = ("_before", "_local", "_on_parameter", "_session_defaults", "search_path", "user", "values", "zone")

    def __init__(self, user: str, on_parameter: Callable[[str, str], None]) -> None:
        self.user = user
        self.values: dict[str, str] = dict(DEFAULTS, session_authorization=user)
        self._session_defaults = dict(self.values)
        self._on_parameter = on_parameter
        self._before: dict[str, str] = {}
        """Values from before the transaction block, of what it has set."""
        self._local: dict[str, str] = {}
        """Values to return to at a commit, of what it has SET LOCAL."""
        self.search_path: tuple[str, ...] = ()
        self.zone: ZoneInfo = ZoneInfo("UTC")
        self._derive("search_path", self.values["search_path"])

    def start(self, options: dict[str, str]) -> None:
        """Values from the start-up message or the settings: the session's defaults, what RESET returns to. Raises as SET does."""
        for name, value in options.items():
            self._change(name.lower(), self.checked(name, value))
        self._session_defaults = dict(self.values)

    def reported(self) -> dict[str, str]:
        """Name -> value of what ParameterStatus tells at the start."""
        return {definition.name: self.values[name] for name, definition in DEFINITIONS.items() if definition.reported}

    def show(self, name: str) -> tuple[str, str]:
        """(the name as PostgreSQL writes it, value). Raises 42704."""
        value = self.values.get(name.lower())
        if value is None:
            raise _unknown(name)
        return (DEFINITIONS[name.lower()].name if name.lower() in DEFINITIONS else name), value

    def set(self, name: str, value: str | None, *, local: bool = False, in_block: bool = False) -> None:
        """SET; None is DEFAULT (and RESET). Raises 42704, 55P02, 22023."""
        lower = name.lower()
        text = self._session_defaults.get(lower) if value is None else None
        if text is None or (lower in DEFINITIONS and DEFINITIONS[lower].kind == "internal"):
            text = self.checked(name, value if value is not None else "")
        if in_block:
            self._before.setdefault(lower, self.values.get(lower, ""))
            if local:
                self._local.setdefault(lower, self.values.get(lower, ""))
            else:
                self._local.pop(lower, None)
        elif local:
            return
        self._change(lower, text)

    def reset_all(self, in_block: bool) -> None:
        for name in sorted(self.values):
            if self.values[name] != self._session_defaults.get(name, ""):
                self.set(name, self._session_defaults.get(name, ""), in_block=in_block)

    def end_block(self, committed: bool) -> None:
        """The transaction block ended."""
        if self._before:
            back = self._local if committed else self._before
            for name, value in back.items():
                self._change(name, value)
            self._before, self._local = {}, {}

    def checked(self, name: str, value: str) -> str:
        """`value` as SHOW would answer it. Raises 42704, 55P02, 22023, 0A000."""
        lower = name.lower()
        definition = DEFINITIONS.get(lower)
        if definition is None:
            if "." not in name:
                raise _unknown(name)
            if lower not in self.values and len(self.values) >= len(DEFINITIONS) + CUSTOM_PARAMETERS_MAX:
                raise DatabaseError(INVALID_PARAMETER_VALUE, "too many customized parameters in this session")
            return value
        if definition.kind == "internal":
            raise DatabaseError(CANT_CHANGE_RUNTIME_PARAM, f'parameter "{definition.name}" cannot be changed')
        return _canonical(definition, value)

    def _change(self, name: str, value: str) -> None:
        if self.values.get(name) == value:
            return
        self.values[name] = value
        self._derive(name, value)
        definition = DEFINITIONS.get(name)
        if definition is not None and definition.reported:
            self._on_parameter(definition.name, value)

    def _derive(self, name: str, value: str) -> None:
        if name == "search_path":
            names = [part.strip() for part in value.split(",")]
            unquoted = [part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in names if part]
            self.search_path = tuple(self.user if part == "$user" else part for part in unquoted)
        elif name == "timezone":
            self.zone = _zone(value)


def _unknown(name: str) -> DatabaseError:
    return DatabaseError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')


def _invalid(definition: Definition, value: str, hint: str = "") -> DatabaseError:
    return DatabaseError(INVALID_PARAMETER_VALUE, f'invalid value for parameter "{definition.name}": "{value}"', hint=hint)


def _zone(value: str) -> ZoneInfo:
    return ZoneInfo("UTC" if value.upper() in ("UTC", "GMT", "Z") else value)


def _canonical(definition: Definition, value: str) -> str:
    """`value` as SHOW answers it. Raises 22023 where the parameter cannot have it, 0A000 where only PostgreSQL could."""
    kind, lower = definition.kind, value.strip().lower()
    if kind == "bool" or kind == "always_on":
        if lower not in _BOOLS:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f'parameter "{definition.name}" requires a Boolean value')
        if kind == "always_on" and _BOOLS[lower] == "off":
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f'parameter "{definition.name}" cannot be turned off')
        return _BOOLS[lower]
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", lower):
            raise _invalid(definition, value)
        return str(int(lower))
    if kind == "milliseconds":
        return _duration(definition, value)
    if kind == "timezone":
        return _time_zone(definition, value)
    if kind == "encoding":
        if lower not in _ENCODINGS:
            raise _invalid(definition, value)
        return _ENCODINGS[lower]
    if kind == "datestyle":
        order = next((part.strip().upper() for part in lower.split(",") if part.strip() in ("mdy", "dmy", "ymd")), "MDY")
        if any(part.strip() not in ("iso", "mdy", "dmy", "ymd", "default") for part in lower.split(",")):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f'DateStyle "{value}" is not supported', hint="Use ISO.")
        return f"ISO, {order}"
    if kind == "isolation":
        if lower != "repeatable read":
            raise unsupported_isolation(value)
        return lower
    only = {"intervalstyle": "postgres", "hex": "hex"}.get(kind)
    choices = [only] if only else kind.split("|") if "|" in kind else None
    if choices is not None:
        if lower not in choices:
            raise _invalid(definition, value, hint=f"Available values: {', '.join(choices)}.")
        return lower
    return value


def unsupported_isolation(level: str) -> DatabaseError:
    return DatabaseError(
        FEATURE_NOT_SUPPORTED, f"isolation level {level.upper()} is not supported", hint="The only isolation level is REPEATABLE READ."
    )


def _time_zone(definition: Definition, value: str) -> str:
    try:
        zone = _zone(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _invalid(definition, value) from None
    return zone.key if value.upper() not in ("GMT", "Z") else value.upper()


def _duration(definition: Definition, value: str) -> str:
    match = _DURATION.fullmatch(value)
    if match is None or int(match[1]) < 0:
        raise _invalid(definition, value, hint='Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".')
    milliseconds = int(int(match[1]) * _DURATION_MS[match[2]])
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0"


def milliseconds(value: str) -> int:
    """A duration as SHOW answers it, in milliseconds."""
    match = _DURATION.fullmatch(value)
    assert match is not None
    return int(int(match[1]) * _DURATION_MS[match[2]])
