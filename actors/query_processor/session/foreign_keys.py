"""Foreign keys: what a statement has noted is looked at when it ends, or when its transaction commits.

    after_statement(session, transaction)       rows that are referred to must be there; what refers to rows that went
                                                is changed, or must not be there
    before_commit(session, transaction)         the same of constraints that are deferred
    set_constraints(session, raw)               SET CONSTRAINTS

As in PostgreSQL, the referential actions are statements of their own (a DELETE, an UPDATE of the table that refers),
and what they write is looked at in turn, round by round, until nothing is left: a chain of cascades is no recursion.
Everything is read at the transaction's snapshot, its own writes included. What others do meanwhile is the adjudicators'
business: the reference key (common/references.py) of a row that is referred to joins the conflict check, and is written
where such a row goes.

Whether a constraint is offended is asked of the rows there are, not of the notes: a note that another statement has
made void (a row deleted again, a savepoint rolled back) says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from actors.common.errors import UNDEFINED_OBJECT, WRONG_OBJECT_TYPE, DatabaseError
from actors.common.references import reference_key
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.referring import Keys, Link, References, Removed, link_of, links_to
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.snapshot import DEFAULT_PATH
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.results import Batch, all_rows
from actors.sql.types.arrays import array_of_items, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.query_processor.session.statements import RawStatement
    from actors.query_processor.transaction import Transaction

KEYS_AT_ONCE = 256
"""Of rows that went: one statement for so many of them, where the foreign key has one column."""
CASCADE, RESTRICT, SET_NULL, SET_DEFAULT = "c", "r", "n", "d"


async def after_statement(session: Session, transaction: Transaction) -> None:
    """Raises 23503, and what the actions' statements raise."""
    references = transaction.references
    while references.is_noted:
        wanted, references.wanted = references.wanted, {}
        removed, references.removed = references.removed, []
        if references.mixed:
            link = references.mixed[0]
            raise violations.mixed_nulls(link.child, link.foreign_key)
        by_table: dict[int, list[Removed]] = {}
        for one in removed:
            by_table.setdefault(one.table, []).append(one)
        for table, rows in by_table.items():
            await _took_away(session, transaction, table, rows)
        for link, keys in wanted.items():
            if references.is_deferred(link):
                references.deferred_wanted.setdefault(link, {}).update(keys)
            else:
                await _require_present(session, transaction, link, keys)


async def before_commit(session: Session, transaction: Transaction) -> None:
    """Raises 23503; the transaction is over then."""
    try:
        await _settle(session, transaction, lambda link: True)
    except BaseException:
        session.rollback()
        raise


async def _settle(session: Session, transaction: Transaction, is_due: Any) -> None:
    references = transaction.references
    for link in [link for link in references.deferred_removed if is_due(link)]:
        await _require_unreferenced(
            session, transaction, link, references.deferred_removed.pop(link), is_restrict=False
        )
    for link in [link for link in references.deferred_wanted if is_due(link)]:
        await _require_present(session, transaction, link, references.deferred_wanted.pop(link))


# -- rows that refer ---------------------------------------------------------------------------------------------------


async def _require_present(session: Session, transaction: Transaction, link: Link, keys: Keys) -> None:
    """The rows that are referred to are there, and stay until the commit. Raises 23503."""
    found = await transaction.get(list(keys))
    for (key, values), value in zip(keys.items(), found, strict=True):
        if value is not None:
            transaction.check(reference_key(key))
        elif await _is_referred_to(session, transaction, link, [values]):
            raise violations.not_present(link.child, link.foreign_key, link.parent, values)


# -- rows that go ------------------------------------------------------------------------------------------------------


async def _took_away(session: Session, transaction: Transaction, table: int, removed: Sequence[Removed]) -> None:
    parent = transaction.catalog.table_by_id(table)
    assert parent is not None, "a statement's table is there when it ends"
    for link in links_to(parent, transaction.catalog):
        gone: Keys = {}
        moved: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
        moved_keys: Keys = {}
        for row in removed:
            key = link.parent_key(row.old)
            if key is None or (row.new is not None and link.parent_key(row.new) == key):
                continue
            transaction.delete(reference_key(key), counts=False)
            values = link.referenced_values(row.old)
            if row.new is None:
                gone[key] = values
            else:
                moved_keys[key] = values
                moved.append((values, link.referenced_values(row.new)))
        if gone:
            await _act(session, transaction, link, link.foreign_key.on_delete, gone)
        if moved and link.foreign_key.on_update == CASCADE:
            await _move(session, transaction, link, moved)
        elif moved:
            await _act(session, transaction, link, link.foreign_key.on_update, moved_keys, is_update=True)


async def _act(
    session: Session, transaction: Transaction, link: Link, action: str, keys: Keys, is_update: bool = False
) -> None:
    """What is to become of the rows that refer to rows that went. Raises 23503."""
    references = transaction.references
    if action not in (CASCADE, SET_NULL, SET_DEFAULT):
        if action != RESTRICT and references.is_deferred(link):
            references.deferred_removed.setdefault(link, {}).update(keys)
        else:
            await _require_unreferenced(session, transaction, link, keys, is_restrict=action == RESTRICT)
        return
    place = _table(link)
    values = _known(link, keys.values())
    if action == CASCADE:
        await _for_all(session, transaction, link, f"DELETE FROM {place} WHERE", values)
        return
    foreign_key = link.foreign_key
    columns = foreign_key.columns if is_update else foreign_key.delete_columns or foreign_key.columns
    word = "NULL" if action == SET_NULL else "DEFAULT"
    assigned = ", ".join(f"{_column(link, position)} = {word}" for position in columns)
    await _for_all(session, transaction, link, f"UPDATE {place} SET {assigned} WHERE", values)
    if action == SET_DEFAULT:  # the default may be what went
        await _require_unreferenced(session, transaction, link, keys, is_restrict=False)


async def _move(
    session: Session, transaction: Transaction, link: Link, moved: Sequence[tuple[tuple[Any, ...], tuple[Any, ...]]]
) -> None:
    """ON UPDATE CASCADE: one statement for each row that has another key."""
    columns = link.foreign_key.columns
    assigned = ", ".join(f"{_column(link, position)} = ${number}" for number, position in enumerate(columns, 1))
    equal = " AND ".join(
        f"{_column(link, position)} = ${number}" for number, position in enumerate(columns, 1 + len(columns))
    )
    sql = f"UPDATE {_table(link)} SET {assigned} WHERE {equal}"
    types = [link.parent.columns[position].type for position in link.foreign_key.referenced]
    for old, new in moved:
        values = link.child_values(old)
        if values is not None:
            await _run(session, transaction, sql, [*types, *link.types], [*new, *values])


async def _require_unreferenced(
    session: Session, transaction: Transaction, link: Link, keys: Keys, is_restrict: bool
) -> None:
    """No row refers to what went. RESTRICT does not care whether another row has the key by now. Raises 23503."""
    gone = list(keys.values())
    if not is_restrict:
        found = await transaction.get(list(keys))
        gone = [values for values, value in zip(keys.values(), found, strict=True) if value is None]
    for low in range(0, len(gone), KEYS_AT_ONCE):
        some = gone[low : low + KEYS_AT_ONCE]
        if await _is_referred_to(session, transaction, link, _known(link, some)):
            for values in some:
                if await _is_referred_to(session, transaction, link, _known(link, [values])):
                    raise violations.still_referenced(link.child, link.foreign_key, link.parent, values)


def _known(link: Link, values: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """As the columns that refer have them; those that they cannot have are left out."""
    return [own for one in values if (own := link.child_values(one)) is not None]


# -- statements --------------------------------------------------------------------------------------------------------


def _table(link: Link) -> str:
    return f"{quote_ident(link.child.schema)}.{quote_ident(link.child.name)}"


def _column(link: Link, position: int) -> str:
    return quote_ident(link.child.columns[position].name)


async def _is_referred_to(
    session: Session, transaction: Transaction, link: Link, values: Sequence[tuple[Any, ...]]
) -> bool:
    """A row refers to one of `values`."""
    found = await _for_all(session, transaction, link, f"SELECT 1 FROM {_table(link)} WHERE", values, " LIMIT 1")
    return found > 0


async def _for_all(
    session: Session, transaction: Transaction, link: Link, begin: str, values: Sequence[tuple[Any, ...]], end: str = ""
) -> int:
    """Run a statement for the rows that refer to `values`; the rows that it gives, until it has given one."""
    columns, types = link.foreign_key.columns, list(link.types)
    array = ColumnType(f"_{types[0].name}")
    if len(columns) == 1 and len(values) > 1 and is_array(array.name):
        for low in range(0, len(values), KEYS_AT_ONCE):
            items = array_of_items([one[0] for one in values[low : low + KEYS_AT_ONCE]])
            sql = f"{begin} {_column(link, columns[0])} = ANY ($1){end}"
            if rows := await _run(session, transaction, sql, [array], [items]):
                return rows
        return 0
    equal = " AND ".join(f"{_column(link, position)} = ${number}" for number, position in enumerate(columns, 1))
    for one in values:
        if rows := await _run(session, transaction, f"{begin} {equal}{end}", types, one):
            return rows
    return 0


async def _run(
    session: Session, transaction: Transaction, sql: str, types: Sequence[ColumnType], datums: Sequence[Any]
) -> int:
    """A statement of the system's within the client's, whatever its role may see; how many rows it gave."""
    statements, catalog = session.services.statements, transaction.catalog.on_path(DEFAULT_PATH, ADMIN_OID)
    raw = statements.parse_one(sql)
    key = (raw.text, tuple(ColumnType(type_.name) for type_ in types), catalog.sight)
    batch = await statements.planned(key, raw.node, catalog).plan.run(transaction, datums)
    return len(await all_rows(batch, transaction.memory_bytes_max))


# -- SET CONSTRAINTS ---------------------------------------------------------------------------------------------------


async def set_constraints(session: Session, raw: RawStatement) -> Batch:
    """Raises 42704, 42809, and 23503 where a constraint that is immediate from now on is offended already."""
    node = raw.node
    if not session.in_transaction:
        session.notice("WARNING", "25P01", "SET CONSTRAINTS can only be used in transaction blocks")
    transaction = session.transaction or await session.begin_transaction()
    references, deferred = transaction.references, bool(node.deferred)
    if not node.constraints:
        references.modes = {0: deferred}
        named = None
    else:
        named = {link.foreign_key.oid for relation in node.constraints for link in _named(transaction, relation)}
        references.modes.update(dict.fromkeys(named, deferred))
    if not deferred:
        await _settle(session, transaction, lambda link: not references.is_deferred(link))
    return Batch([], True, "SET CONSTRAINTS")


def _named(transaction: Transaction, relation: Any) -> list[Link]:
    catalog = transaction.catalog
    places = (relation.schemaname,) if relation.schemaname else catalog.search_path
    for place in places:
        there = [table for table in catalog.tables() if table.schema == place]
        found = [
            link_of(table, one, catalog)
            for table in there
            for one in table.foreign_keys
            if one.name == relation.relname
        ]
        if any(not link.foreign_key.deferrable for link in found):
            raise DatabaseError(WRONG_OBJECT_TYPE, f'constraint "{relation.relname}" is not deferrable')
        if found:
            return found
    raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{relation.relname}" does not exist')


__all__ = ["References", "after_statement", "before_commit", "set_constraints"]
