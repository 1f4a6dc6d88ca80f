"""pg_type's rows: PostgreSQL 18's own types that there are here, as system_types.txt has them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.catalog_functions import OWNER_OID
from actors.sql.types import by_oid

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
_TYPE_TEXTS = (
    *("typinput", "typoutput", "typreceive", "typsend", "typalign", "typstorage", "typmodin", "typmodout"),
    *("typanalyze", "typsubscript"),
)


@cache
def _type_names() -> dict[int, str]:
    return {row["oid"]: row["typname"] for row in type_rows(None)}


def system_type_name(oid: int) -> str:
    """Of a type that pg_type shows and no value has; "" where there is none."""
    return _type_names().get(oid, "")


def system_type_named(name: str) -> int | None:
    """The oid of a type that has no other name: a pseudo-type, a range ..."""
    return next((oid for oid, known in _type_names().items() if known == name and oid not in by_oid), None)


def type_rows(_: CatalogReader | None) -> Iterator[Row]:
    names = [
        "oid",
        "typname",
        "typlen",
        "typbyval",
        "typtype",
        "typcategory",
        "typispreferred",
        "typdelim",
        "typelem",
        "typarray",
        "typcollation",
    ]
    numbers = {"oid", "typlen", "typelem", "typarray", "typcollation"}
    text = files("actors.sql.catalog").joinpath("system_types.txt").read_text()
    for line in text.splitlines():
        fields = line.split("|")
        row: Row = {}
        for name, field in zip(names, fields, strict=False):
            row[name] = (
                int(field) if name in numbers else field == "t" if name in ("typbyval", "typispreferred") else field
            )
        for name, field in zip(_TYPE_TEXTS, fields[11:], strict=True):
            row[name] = field
        fixed = {
            "typnamespace": 11,
            "typowner": OWNER_OID,
            "typisdefined": True,
            "typrelid": 0,
            "typbasetype": 0,
            "typtypmod": -1,
        }
        yield {
            **row,
            **fixed,
            "typnotnull": False,
            "typndims": 0,
        }


@cache
def _storage() -> dict[int, Row]:
    return {row["oid"]: row for row in type_rows(None)}


def storage_of(oid: int) -> Row:
    """A type's row: how its values lie in a row of PostgreSQL's."""
    return _storage()[oid]
