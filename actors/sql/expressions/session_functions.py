"""Functions of the session and its surroundings: times of the transaction, random identifiers, names, settings."""

from __future__ import annotations

from typing import Any

from actors.common.errors import NULL_VALUE_NOT_ALLOWED, UNDEFINED_OBJECT, DatabaseError
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.registry import STABLE, VOLATILE, register
from actors.sql.types import format_type
from actors.sql.types.calendar import DAY_US, UNIX_EPOCH_US, to_local
from actors.sql.types.datetimes import round_fraction

UUID_VERSION_4, UUID_VERSION_7 = 0x40, 0x70
UUID_VARIANT = 0x80


def gen_random_uuid(environment: Environment) -> bytes:
    """Version 4: random but for its version and variant bits."""
    raw = bytearray(environment.random.randbytes(16))
    raw[6] = raw[6] & 0x0F | UUID_VERSION_4
    raw[8] = raw[8] & 0x3F | UUID_VARIANT
    return bytes(raw)


def uuidv7(environment: Environment) -> bytes:
    """Version 7: milliseconds since the Unix epoch, then the microseconds' part in 12 bits, then random."""
    milliseconds, rest = divmod(environment.clock() - UNIX_EPOCH_US, 1000)
    raw = bytearray(milliseconds.to_bytes(6, "big") + environment.random.randbytes(10))
    fraction = rest * 4096 // 1000
    raw[6] = UUID_VERSION_7 | fraction >> 8
    raw[7] = fraction & 0xFF
    raw[8] = raw[8] & 0x3F | UUID_VARIANT
    return bytes(raw)


def _local_now(environment: Environment) -> int:
    return to_local(environment.transaction_timestamp, environment.time_zone)


def current_setting(environment: Environment, name: str, missing_ok: bool = False) -> str | None:
    value = environment.settings().get(name.lower())
    if value is None and not missing_ok:
        raise DatabaseError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')
    return value


def _set_config(environment: Environment, name: str | None, value: str | None, local: bool | None) -> str | None:
    if name is None:
        raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "SET requires parameter name")
    environment.set_setting(name, value, bool(local))
    return environment.settings().get(name.lower())


def _version(environment: Environment) -> str:
    number = environment.settings().get("server_version", "16")
    return f"PostgreSQL {number} (Eagleray)"


def _register(name: str, arguments: str, result: str, implementation: Any, volatility: str = STABLE) -> None:
    register(name, arguments, result, implementation, volatility=volatility, environment=True)


for _name in ("now", "transaction_timestamp", "current_timestamp"):
    _register(_name, "", "timestamptz", lambda environment: environment.transaction_timestamp)
_register(
    "current_timestamp",
    "int4",
    "timestamptz",
    lambda environment, digits: round_fraction(environment.transaction_timestamp, digits),
)
_register("statement_timestamp", "", "timestamptz", lambda environment: environment.statement_timestamp)
_register("clock_timestamp", "", "timestamptz", lambda environment: environment.clock(), VOLATILE)
_register("localtimestamp", "", "timestamp", _local_now)
_register(
    "localtimestamp", "int4", "timestamp", lambda environment, digits: round_fraction(_local_now(environment), digits)
)
_register("current_date", "", "date", lambda environment: _local_now(environment) // DAY_US)
_register("localtime", "", "time", lambda environment: _local_now(environment) % DAY_US)
_register(
    "localtime", "int4", "time", lambda environment, digits: round_fraction(_local_now(environment) % DAY_US, digits)
)
_register("gen_random_uuid", "", "uuid", gen_random_uuid, VOLATILE)
_register("uuidv4", "", "uuid", gen_random_uuid, VOLATILE)
_register("uuidv7", "", "uuid", uuidv7, VOLATILE)
for _name in ("current_user", "current_role", "user"):
    _register(_name, "", "name", lambda environment: environment.user)
_register("session_user", "", "name", lambda environment: environment.session_user)
for _name in ("current_database", "current_catalog"):
    _register(_name, "", "name", lambda environment: environment.database)
_register("current_schema", "", "name", lambda environment: environment.schema())
_register("pg_backend_pid", "", "int4", lambda environment: environment.backend_pid)
_register("version", "", "text", _version)
_register("current_setting", "text", "text", current_setting)
_register("current_setting", "text bool", "text", current_setting)
register("set_config", "text text bool", "text", _set_config, volatility=VOLATILE, environment=True, strict=False)
_register("pg_advisory_unlock_all", "", "void", lambda environment: "", VOLATILE)
register("bool_out", "bool", "text", lambda value: "t" if value else "f")


def format_type_of(oid: int | None, modifier: int | None) -> str | None:
    from actors.sql.types import by_oid
    from actors.sql.types.column_type import ColumnType

    if oid is None:
        return None
    known = by_oid.get(oid)
    if known is None:
        return "???"
    return (
        format_type(ColumnType(known.name, -1 if modifier is None else modifier))
        if modifier is not None
        else known.sql_name
    )


register("format_type", "oid int4", "text", format_type_of, strict=False, volatility=STABLE)
