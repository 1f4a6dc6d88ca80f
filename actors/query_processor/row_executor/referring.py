"""What statements that write note for foreign keys: the rows that are referred to, and the rows that go.
session/foreign_keys.py looks at them when the statement ends.

    watch = watch_of(table, catalog, assigned)      None for a table without foreign keys, in either direction: nothing
                                                    is noted
    watch.written(transaction, row)                 a new version of a row: what it refers to
    watch.removed(transaction, old, new)            a row is deleted (new None) or has another key: who refers to it

`References` is a transaction's: what has been noted and not looked at. Of rows that refer to one, one note is kept for
each foreign key and each row that is referred to, so that a bulk load's notes grow with what it refers to and not with
its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.sql.catalog.schema import ForeignKey, Index, Table

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction
    from actors.sql.catalog.snapshot import Catalog

Row = Sequence[Any]
LINKS_MAX = 4096
"""Foreign keys whose codecs are kept."""


class Removed(NamedTuple):
    """A row that is gone (`new` None) or has changed."""

    table: int
    old: Row
    new: Row | None


Keys = dict[bytes, tuple[Any, ...]]
"""Unique keys of rows that are referred to, with the values that refer to them, in the foreign key's order."""


class References:
    """What a transaction has noted.

    `wanted`: rows that are referred to; `mixed`: foreign keys whose MATCH FULL a row offends; `removed`: rows that
    others may refer to, as they went. They are looked at when the statement ends. `deferred_wanted` and
    `deferred_removed` wait for COMMIT: where either is true then depends on the rows there are then, so that ROLLBACK
    TO a savepoint need not touch them. `modes`: what SET CONSTRAINTS has said, by oid (0: of all)."""

    __slots__ = ("deferred_removed", "deferred_wanted", "mixed", "modes", "removed", "wanted")

    def __init__(self) -> None:
        self.wanted: dict[Link, Keys] = {}
        self.mixed: list[Link] = []
        self.removed: list[Removed] = []
        self.deferred_wanted: dict[Link, Keys] = {}
        self.deferred_removed: dict[Link, Keys] = {}
        self.modes: dict[int, bool] = {}

    def forget_statement(self) -> None:
        """A statement has failed, and what it has written is undone: what it has noted is nobody's business. What is
        deferred is asked of the rows there are."""
        for notes in (self.wanted, self.mixed, self.removed):
            notes.clear()

    def forget(self) -> None:
        """Nothing that the transaction has written is left."""
        for notes in (self.wanted, self.mixed, self.removed, self.deferred_wanted, self.deferred_removed):
            notes.clear()

    @property
    def is_noted(self) -> bool:
        """The statement that ends has something to be looked at."""
        return bool(self.wanted or self.removed or self.mixed)

    def is_deferred(self, link: Link) -> bool:
        foreign_key = link.foreign_key
        return foreign_key.deferrable and self.modes.get(foreign_key.oid, self.modes.get(0, foreign_key.deferred))


class Link:
    """A foreign key with both of its tables: how values of the one are keys of the other."""

    __slots__ = ("_own", "_to_child", "_to_parent", "child", "foreign_key", "index", "parent", "types")

    def __init__(self, child: Table, foreign_key: ForeignKey, parent: Table, index: Index) -> None:
        self.child = child
        self.foreign_key = foreign_key
        self.parent = parent
        self.index = StoredIndex(parent, index)
        by_referenced = dict(zip(foreign_key.referenced, foreign_key.columns, strict=True))
        self._own = tuple(by_referenced[position] for position in self.index.positions)
        self._to_parent = tuple(
            _converter(child.columns[own].type.name, parent.columns[position].type.name)
            for own, position in zip(self._own, self.index.positions, strict=True)
        )
        self._to_child = tuple(
            _converter(parent.columns[position].type.name, child.columns[own].type.name)
            for own, position in zip(foreign_key.columns, foreign_key.referenced, strict=True)
        )
        self.types = tuple(child.columns[position].type for position in foreign_key.columns)
        """Of the values in the foreign key's order."""

    def values(self, row: Row) -> tuple[Any, ...]:
        """Of the columns that refer, in the foreign key's order."""
        return tuple([row[position] for position in self.foreign_key.columns])

    def key(self, row: Row) -> bytes | None:
        """The unique key that the row refers to; None where one of its columns is NULL."""
        datums = [row[position] for position in self._own]
        if None in datums:
            return None
        converted = [
            datum if convert is None else convert(datum) for convert, datum in zip(self._to_parent, datums, strict=True)
        ]
        if None in converted:
            return self.index.space  # a value that the column referred to cannot have: nothing lies under this key
        return self.index.space + self.index.codec.encode(converted)

    def parent_key(self, row: Row) -> bytes | None:
        """The unique key of a row that may be referred to; None where one of its columns is NULL, so that nothing
        refers to it."""
        datums = self.index.key_datums(row)
        return None if None in datums else self.index.space + self.index.codec.encode(datums)

    def referenced_values(self, row: Row) -> tuple[Any, ...]:
        """Of the columns referred to, in the foreign key's order."""
        return tuple([row[position] for position in self.foreign_key.referenced])

    def child_values(self, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """Values of the columns referred to as the columns that refer have them; None where they cannot have them."""
        converted = [
            value if convert is None else convert(value) for convert, value in zip(self._to_child, values, strict=True)
        ]
        return None if None in converted else tuple(converted)


_INTEGERS = {"int2": 15, "int4": 31, "int8": 63}
"""Bits of a value."""
_TEXTS = frozenset({"text", "varchar"})


def are_comparable(child: str, parent: str) -> bool:
    """A column of one type may refer to one of the other."""
    if child == parent or {child, parent} <= _TEXTS:
        return True
    return child in _INTEGERS and (parent in _INTEGERS or parent == "numeric")


def _converter(source: str, target: str) -> Callable[[Any], Any] | None:
    """From a datum of one type to the equal one of the other, None where there is none; None altogether where they are
    the same."""
    if source == target or source not in {*_INTEGERS, "numeric"}:
        return None
    if target == "numeric":
        return Decimal
    limit = 1 << _INTEGERS[target]

    def to_integer(datum: Any) -> int | None:
        if source == "numeric" and (not datum.is_finite() or datum != datum.to_integral_value()):
            return None
        return int(datum) if -limit <= datum < limit else None

    return to_integer


@lru_cache(maxsize=LINKS_MAX)
def _link(child: Table, foreign_key: ForeignKey, parent: Table) -> Link:
    index = next(index for index in (parent.primary, *parent.indexes) if index.oid == foreign_key.index)
    return Link(child, foreign_key, parent, index)


def link_of(child: Table, foreign_key: ForeignKey, catalog: Catalog) -> Link:
    parent = catalog.table_by_id(foreign_key.table)
    assert parent is not None, "a table that is referred to cannot be dropped alone"
    return _link(child, foreign_key, parent)


def links_to(parent: Table, catalog: Catalog) -> list[Link]:
    """The foreign keys that refer to a table, oldest first: the order in which PostgreSQL looks at them."""
    found = []
    for number in parent.referenced_by:
        child = catalog.table_by_id(number)
        assert child is not None, "a table that refers to another takes its foreign keys along"
        found += [
            link_of(child, foreign_key, catalog) for foreign_key in child.foreign_keys if foreign_key.table == parent.id
        ]
    return sorted(found, key=lambda link: link.foreign_key.oid)


class Watch:
    """See the module. `own`: the foreign keys that the statement can touch; `notes_removed`: others refer to columns
    that it can change."""

    __slots__ = ("_own", "_referenced", "_table", "notes_removed")

    def __init__(self, table: Table, own: Sequence[Link], referenced: frozenset[int]) -> None:
        self._table = table
        self._own = tuple(own)
        self._referenced = tuple(sorted(referenced))
        self.notes_removed = bool(referenced)

    async def begin(self, transaction: Transaction) -> None:
        """Before anything is written: foreign keys are looked at afterwards, and a catalog that is too old must show
        itself now."""
        if not transaction.verified:
            await transaction.verify_catalog()

    def written(self, transaction: Transaction, row: Row, old: Row | None = None) -> None:
        """`old`: what the row was before; a foreign key whose values stay is not looked at."""
        for link in self._own:
            values = link.values(row)
            if old is not None and link.values(old) == values:
                continue
            key = link.key(row)
            if key is not None:
                transaction.references.wanted.setdefault(link, {}).setdefault(key, values)
            elif link.foreign_key.match == "f" and any(value is not None for value in values):
                transaction.references.mixed.append(link)

    def changed(self, transaction: Transaction, old: Row, new: Row) -> None:
        self.written(transaction, new, old)
        self.removed(transaction, old, new)

    def removed(self, transaction: Transaction, old: Row, new: Row | None = None) -> None:
        if self.notes_removed and (new is None or any(old[position] != new[position] for position in self._referenced)):
            transaction.references.removed.append(Removed(self._table.id, old, new))


def watch_of(table: Table, catalog: Catalog, assigned: frozenset[int] | None = None) -> Watch | None:
    """`assigned`: the columns that the statement may change; None: rows come or go whole."""
    if not table.foreign_keys and not table.referenced_by:
        return None
    own = [
        link_of(table, foreign_key, catalog)
        for foreign_key in table.foreign_keys
        if assigned is None or not assigned.isdisjoint(foreign_key.columns)
    ]
    links = links_to(table, catalog)
    referenced = frozenset(position for link in links for position in link.foreign_key.referenced)
    if assigned is not None:
        referenced &= assigned
    return Watch(table, own, referenced) if own or referenced else None
