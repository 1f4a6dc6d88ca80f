"""pg_depend, and pg_rewrite, whose rules are what depends on a view's relations: tools that drop and rename relations
ask which views go with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.schema import View

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
PG_CLASS_OID, PG_REWRITE_OID, PG_TYPE_OID, PG_PROC_OID = 1259, 2618, 1247, 1255
_RULES = 1 << 30
"""What a rule's oid has beyond its view's, which is smaller."""


def _dependencies(transaction: CatalogReader) -> Iterator[Row]:
    """Sequences on the columns that they belong to, "a" for automatic, "i" for those of identity columns; a view's rule
    on the view, "i", and on the columns that it reads, "n"."""
    for sequence in transaction.catalog.sequences():
        table, position = sequence.owned_by
        if table:
            row = {"classid": PG_CLASS_OID, "objid": sequence.id, "objsubid": 0, "refclassid": PG_CLASS_OID}
            kind = "i" if sequence.internal else "a"
            yield {**row, "refobjid": table, "refobjsubid": position + 1, "deptype": kind}
    yield from _of_definitions(transaction.catalog)
    for view in transaction.catalog.views():
        rule = {"classid": PG_REWRITE_OID, "objid": rule_of(view), "objsubid": 0, "refclassid": PG_CLASS_OID}
        yield {**rule, "refobjid": view.id, "refobjsubid": 0, "deptype": "i"}
        for source in view.sources:
            if source.id:
                for position in source.used or (-1,):
                    yield {**rule, "refobjid": source.id, "refobjsubid": position + 1, "deptype": "n"}


def _of_definitions(catalog: Catalog) -> Iterator[Row]:
    """What domains and functions need, and views of them: pg_dump makes that first."""
    from actors.sql.binding.stored_names import numbers_of

    def row(class_: int, number: int, needed_class: int, needed: int) -> Row:
        place = {"classid": class_, "objid": number, "objsubid": 0, "refclassid": needed_class, "refobjid": needed}
        return {**place, "refobjsubid": 0, "deptype": "n"}

    for class_, things in (
        (PG_TYPE_OID, catalog.domains()),
        (PG_PROC_OID, catalog.functions()),
        (PG_REWRITE_OID, catalog.views()),
        (PG_CLASS_OID, catalog.tables()),
    ):
        for thing in things:
            number = rule_of(thing) if isinstance(thing, View) else thing.id
            for needed in sorted(numbers_of(thing)):
                known = catalog.function_by_id(needed) is not None
                yield row(class_, number, PG_PROC_OID if known else PG_TYPE_OID, needed)
    for function in catalog.functions():
        for relation in sorted({source.id for source in function.sources} | {function.table}):
            if relation:
                yield row(PG_PROC_OID, function.id, PG_CLASS_OID, relation)


def rule_of(view: View) -> int:
    """The oid of the rule that makes a view one."""
    return view.id | _RULES


def _rules(transaction: CatalogReader) -> Iterator[Row]:
    for view in transaction.catalog.views():
        yield {
            "oid": rule_of(view),
            "rulename": "_RETURN",
            "ev_class": view.id,
            "ev_type": "1",
            "ev_enabled": "O",
            "is_instead": True,
            "ev_qual": "<>",
            "ev_action": "<>",
        }


DEPENDENCY_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {"pg_depend": _dependencies, "pg_rewrite": _rules}
