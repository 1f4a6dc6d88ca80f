"""Rows of the system catalogs that every database has alike: functions, languages, range types, time zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from actors.sql.catalog.catalog_functions import OWNER_OID
from actors.sql.types.system_functions import system_functions
from actors.sql.types.time_zones import zone_names

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
PG_CATALOG_OID = 11
INTERNAL_LANGUAGE_OID, C_LANGUAGE_OID, SQL_LANGUAGE_OID = 12, 13, 14
_RANGES = (
    (3904, 23, 4451),
    (3906, 1700, 4532),
    (3908, 1114, 4533),
    (3910, 1184, 4534),
    (3912, 1082, 4535),
    (3926, 20, 4536),
)
"""(range type, element type, multirange type): pg_type names them, and no column has one."""


def _functions(_: CatalogReader) -> Iterator[Row]:
    common: Row = {
        "pronamespace": PG_CATALOG_OID,
        "proowner": OWNER_OID,
        "prolang": INTERNAL_LANGUAGE_OID,
        "procost": 1.0,
    }
    common |= {"prosupport": "-", "pronargdefaults": 0, "prosecdef": False, "proleakproof": False, "proparallel": "s"}
    for function in system_functions():
        yield {
            **common,
            "oid": function.oid,
            "proname": function.name,
            "prorows": 1000.0 if function.returns_set else 0.0,
            "provariadic": function.variadic,
            "prokind": function.kind,
            "proisstrict": function.is_strict,
            "proretset": function.returns_set,
            "provolatile": function.volatility,
            "pronargs": len(function.arguments),
            "prorettype": function.result,
            "proargtypes": " ".join(map(str, function.arguments)),
            "prosrc": function.name,
        }


def _languages(_: CatalogReader) -> Iterator[Row]:
    for oid, name in ((INTERNAL_LANGUAGE_OID, "internal"), (C_LANGUAGE_OID, "c"), (SQL_LANGUAGE_OID, "sql")):
        row: Row = {"oid": oid, "lanname": name, "lanowner": OWNER_OID, "lanispl": False, "lanpltrusted": name == "sql"}
        yield {**row, "lanplcallfoid": 0, "laninline": 0, "lanvalidator": 0}


def _ranges(_: CatalogReader) -> Iterator[Row]:
    for oid, element, multirange in _RANGES:
        row: Row = {"rngtypid": oid, "rngsubtype": element, "rngmultitypid": multirange}
        yield {**row, "rngcollation": 0, "rngsubopc": 0, "rngcanonical": "-", "rngsubdiff": "-"}


def _time_zones(transaction: CatalogReader) -> Iterator[Row]:
    moment = EPOCH + timedelta(microseconds=transaction.environment.transaction_timestamp)
    for name in zone_names():
        local = moment.astimezone(ZoneInfo(name))
        offset = local.utcoffset()
        assert offset is not None
        microseconds = int(offset.total_seconds()) * 1_000_000
        yield {"name": name, "abbrev": local.tzname(), "utc_offset": (0, 0, microseconds), "is_dst": bool(local.dst())}


BUILTIN_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pg_proc": _functions,
    "pg_language": _languages,
    "pg_range": _ranges,
    "pg_timezone_names": _time_zones,
}
