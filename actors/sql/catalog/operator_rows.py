"""Rows of the relations about operators and casts, as system_rows.txt has them; which operator class an index column
is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from actors.sql.types import by_name
from actors.sql.types.system_rows import system_rows

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
BTREE_OID = "403"
TEXTS = frozenset({"castcontext", "castmethod", "oprkind", "amoppurpose"})


def _reader(column: str) -> Callable[[str], Any]:
    if column.startswith(("oprcan", "opcdefault")):
        return lambda text: text == "t"
    if column in TEXTS or column.endswith("name") or column in ("oprcode", "oprrest", "oprjoin", "amproc"):
        return str
    return int


def _maker(relation: str) -> Callable[[CatalogReader], Iterator[Row]]:
    def rows(_: CatalogReader) -> Iterator[Row]:
        columns, lines = system_rows()[relation]
        readers = [_reader(column) for column in columns]
        for line in lines:
            yield {
                column: read(text) if text else None for column, read, text in zip(columns, readers, line, strict=True)
            }

    return rows


@cache
def _default_classes() -> dict[int, int]:
    columns, lines = system_rows()["pg_opclass"]
    place = {column: number for number, column in enumerate(columns)}
    return {
        int(line[place["opcintype"]]): int(line[place["oid"]])
        for line in lines
        if line[place["opcmethod"]] == BTREE_OID and line[place["opcdefault"]] == "t"
    }


def operator_class_of(type_name: str) -> int:
    """The oid of the default operator class by which B-trees order the type; 0 where there is none."""
    name = "text" if type_name == "varchar" else type_name
    known = by_name.get(name)
    return 0 if known is None else _default_classes().get(known.oid, 0)


OPERATOR_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    relation: _maker(relation)
    for relation in ("pg_operator", "pg_cast", "pg_opclass", "pg_opfamily", "pg_amop", "pg_amproc")
}
