"""The rows of pg_constraint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.schema import ForeignKey, Index
from actors.sql.catalog.table_parts import checked_expression, constraints_of, domain_constraints

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]


def _constraint_keys(index: Index | None) -> str | None:
    return None if index is None else "{" + ",".join(str(column.position + 1) for column in index.columns) + "}"


def constraint_rows(transaction: CatalogReader) -> Iterator[Row]:
    oids = {schema.name: schema.id for schema in transaction.catalog.schemas()}
    zeros = dict.fromkeys(("contypid", "conparentid", "confrelid", "coninhcount"), 0)
    yield from _of_domains(transaction, oids)
    for table in transaction.catalog.tables():
        foreign_keys = {foreign_key.oid: foreign_key for foreign_key in table.foreign_keys}
        for oid, name, kind, index, definition in constraints_of(table, transaction.catalog):
            foreign_key = foreign_keys.get(oid) if kind == "f" else None
            yield {
                **zeros,
                "oid": oid,
                "conname": name,
                "connamespace": oids[table.schema],
                "contype": kind,
                "condeferrable": False,
                "condeferred": False,
                "convalidated": not definition.endswith(" NOT VALID"),
                "conrelid": table.id,
                "conindid": index.oid if index is not None else 0,
                "confupdtype": " ",
                "confdeltype": " ",
                "confmatchtype": " ",
                "conislocal": True,
                "connoinherit": kind != "c",
                "conkey": _constraint_keys(index),
                "conbin": checked_expression(definition) if kind == "c" else None,
                **(_foreign_key(foreign_key) if foreign_key is not None else {}),
            }


def _of_domains(transaction: CatalogReader, oids: dict[str, int]) -> Iterator[Row]:
    zeros = dict.fromkeys(("conrelid", "conparentid", "confrelid", "coninhcount", "conindid"), 0)
    letters = dict.fromkeys(("confupdtype", "confdeltype", "confmatchtype"), " ")
    for domain in transaction.catalog.domains():
        for oid, name, kind, definition in domain_constraints(domain, transaction.catalog):
            yield {
                **zeros,
                **letters,
                "oid": oid,
                "conname": name,
                "connamespace": oids[domain.schema],
                "contype": kind,
                "contypid": domain.id,
                "condeferrable": False,
                "condeferred": False,
                "conenforced": True,
                "convalidated": not definition.endswith(" NOT VALID"),
                "conislocal": True,
                "connoinherit": False,
                "conbin": checked_expression(definition) if kind == "c" else None,
            }


def _foreign_key(foreign_key: ForeignKey) -> Row:
    """What pg_constraint says of foreign keys alone."""

    def listed(positions: Iterable[int]) -> str:
        return "{" + ",".join(str(position + 1) for position in positions) + "}"

    return {
        "confrelid": foreign_key.table,
        "confupdtype": foreign_key.on_update,
        "confdeltype": foreign_key.on_delete,
        "confmatchtype": foreign_key.match,
        "condeferrable": foreign_key.deferrable,
        "condeferred": foreign_key.deferred,
        "convalidated": foreign_key.validated,
        "conkey": listed(foreign_key.columns),
        "confkey": listed(foreign_key.referenced),
        "confdelsetcols": listed(foreign_key.delete_columns) if foreign_key.delete_columns else None,
    }
