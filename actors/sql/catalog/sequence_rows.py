"""Sequences in the system catalogs: pg_sequence, pg_sequences, information_schema.sequences.

Where a sequence has got to (pg_sequences.last_value) is a row of its own, which these relations do not read: it is NULL
here, and SELECT last_value FROM the sequence tells it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.common.errors import DatabaseError
from actors.sql.catalog.shown_texts import shown_text
from actors.sql.types import by_name, format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
PG_CLASS_OID, PG_ATTRDEF_OID = 1259, 2604
_BY_OID = re.compile(r"'(\d+)'::regclass")


_STRING = re.compile(r"'(?:[^']|'')*'")
_LONG_NAMES = {"varchar": "character varying", "timestamptz": "timestamp with time zone"}
_CAST = re.compile(r"CAST\(('(?:[^']|'')*') AS ([\w ]+)((?:\([\d, ]+\))?)\)", re.ASCII)
"""As the parser's printer writes '...'::type."""
_NEGATIVE = re.compile(r"-\s*(\d+(?:\.\d+)?)", re.ASCII)


def shown_default(catalog: Catalog, text: str | None, type_: ColumnType) -> str | None:
    """A default of a column of this type: with its sequences under their names of now, an untyped literal with its
    type, as PostgreSQL shows it."""
    from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS

    if text is None or text.upper() == "NULL":
        return None
    text = shown_text(text, catalog)
    text = _CAST.sub(lambda found: f"{found[1]}::{_LONG_NAMES.get(found[2], found[2])}{found[3]}", text)
    if text in ("TRUE", "FALSE"):
        return text.lower()
    if _STRING.fullmatch(text):
        shown = "bpchar" if type_.name == "bpchar" else format_type(ColumnType(type_.name))
        return f"{_as_read(text, type_)}::{shown}"
    if _NEGATIVE.fullmatch(text):
        number = "numeric" if "." in text else "integer" if int(text.replace(" ", "")) >= -(2**31) else "bigint"
        return f"'{text.replace(' ', '')}'::{number}"
    if "regclass" not in text:
        return text
    (show,) = CATALOG_FUNCTIONS["regclass_out"]

    def named(found: re.Match[str]) -> str:
        name = str(show.call(catalog, None, int(found[1]))).replace("'", "''")
        return f"'{name}'::regclass"

    return _BY_OID.sub(named, text)


def _as_read(literal: str, type_: ColumnType) -> str:
    """A string literal as its type writes the value that it reads; as it is where only a session can read it."""
    known = by_name[type_.name]
    try:
        value = known.format_text(known.parse_text(literal[1:-1].replace("''", "'"), -1), -1)
    except DatabaseError:
        return literal
    return "'" + value.replace("'", "''") + "'"


def _sequences(transaction: CatalogReader) -> Iterator[Row]:
    for sequence in transaction.catalog.sequences():
        yield {
            "seqrelid": sequence.id,
            "seqtypid": by_name[sequence.type.name].oid,
            "seqstart": sequence.start,
            "seqincrement": sequence.increment,
            "seqmax": sequence.maximum,
            "seqmin": sequence.minimum,
            "seqcache": sequence.cache,
            "seqcycle": sequence.cycle,
        }


def _shown(transaction: CatalogReader) -> Iterator[Row]:
    for sequence in transaction.catalog.sequences():
        owner = transaction.catalog.roles.with_id(sequence.owner)
        yield {
            "schemaname": sequence.schema,
            "sequencename": sequence.name,
            "sequenceowner": owner.name if owner is not None else None,
            "data_type": by_name[sequence.type.name].oid,
            "start_value": sequence.start,
            "min_value": sequence.minimum,
            "max_value": sequence.maximum,
            "increment_by": sequence.increment,
            "cycle": sequence.cycle,
            "cache_size": sequence.cache,
        }


def _information(transaction: CatalogReader) -> Iterator[Row]:
    bits = {"int2": 16, "int4": 32, "int8": 64}
    for sequence in transaction.catalog.sequences():
        if sequence.internal:
            continue
        yield {
            "sequence_catalog": "postgres",
            "sequence_schema": sequence.schema,
            "sequence_name": sequence.name,
            "data_type": format_type(ColumnType(sequence.type.name)),
            "numeric_precision": bits[sequence.type.name],
            "numeric_precision_radix": 2,
            "numeric_scale": 0,
            "start_value": str(sequence.start),
            "minimum_value": str(sequence.minimum),
            "maximum_value": str(sequence.maximum),
            "increment": str(sequence.increment),
            "cycle_option": "YES" if sequence.cycle else "NO",
        }


SEQUENCE_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pg_sequence": _sequences,
    "pg_sequences": _shown,
    "sequences": _information,
}
