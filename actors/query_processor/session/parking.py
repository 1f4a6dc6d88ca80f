"""A session put into a ParkedSession (actors/common/parked_session.py) and made again from it.

    park(session, unnamed, (process, secret)) -> ParkedSession            in one query processor
    restore(session, parked)                                              in another one, or the same: a new session
                                                                          becomes this one

Making a session again plans nothing and asks nobody: a prepared statement stays a ParkedStatement until its first use,
when `revived` plans it under the catalog of then, with the parameter types that its client knows. Where its columns are
others meanwhile, the statement fails as PostgreSQL's cached plans do.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.common.parked_session import ParkedSession, ParkedStatement
from actors.query_processor.session import identity
from actors.query_processor.session.parameter_types import prepared_oids
from actors.query_processor.session.statements import PreparedStatement, RawStatement
from actors.sql.types import by_name

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.sql.results import Field

SHAPE_BYTES = 8


def may_park(session: Session) -> bool:
    """Whether nothing of the session is bound to this process: no transaction, portal, cursor, result or
    temporary table."""
    return not (
        session.in_transaction
        or session.failed
        or session.committing
        or session.portals
        or session.streams
        or session.block_read_only
        or (session.temporary is not None and session.temporary.tables)
    )


def park(
    session: Session, unnamed: PreparedStatement | ParkedStatement | None, key: tuple[int, bytes]
) -> ParkedSession:
    """`key`: (process, secret) of the cancel key. The connection adds what its own timers leave."""
    prepared = session.prepared_statements if unnamed is None else {**session.prepared_statements, "": unnamed}
    values, defaults = session.run_time.parked()
    process, secret = key
    return ParkedSession(
        process=process,
        secret=secret,
        user=session.user,
        database=session.database,
        roles=session.role_oids,
        values=values,
        session_defaults=defaults,
        statements={name: _parked(statement) for name, statement in prepared.items()},
        newest_commit_ts=session.services.transactions.newest_commit_ts,
        sequence_values=session.sequences.values,
        last_sequence=session.sequences.last,
    )


def restore(session: Session, parked: ParkedSession) -> None:
    """`session` is new, of the same user and process id. The unnamed statement is the connection's."""
    session.role_oids.update(parked.roles)
    session.run_time.restore(parked.values, parked.session_defaults)
    identity.changed(session)
    session.prepared_statements.update((name, statement) for name, statement in parked.statements.items() if name)
    session.sequences.values.update(parked.sequence_values)
    session.sequences.last = parked.last_sequence
    transactions = session.services.transactions
    transactions.newest_commit_ts = max(transactions.newest_commit_ts, parked.newest_commit_ts)


def _parked(prepared: PreparedStatement | ParkedStatement) -> ParkedStatement:
    if isinstance(prepared, ParkedStatement):  # it was not used since the session was resumed
        return prepared
    raw = prepared.raw
    given = tuple(type_.name if type_ is not None else "" for type_ in prepared.key[1]) if prepared.key else ()
    types = tuple(type_.name for type_ in prepared.parameter_types)
    return ParkedStatement(raw.original, raw.kind, given, types, _shape(prepared.fields))


def _shape(fields: list[Field] | None) -> bytes:
    if fields is None:
        return b""
    digest = blake2b(digest_size=SHAPE_BYTES)
    for field in fields:
        digest.update(f"{field.name}\0{field.type.name}\0{field.type.modifier}\n".encode())
    return digest.digest()


async def revived(session: Session, parked: ParkedStatement) -> PreparedStatement:
    """Raises what Parse would, and 0A000 where the statement's columns have changed."""
    raw = session.services.statements.parse_one(parked.sql)
    oids: list[int] = []
    if raw.kind == "PrepareStmt" and parked.kind != raw.kind:
        oids = await prepared_oids(session, raw.node)
        raw = RawStatement(raw.text, raw.node.query)
    else:
        oids = _oids(parked.given)
    prepared = await session.prepare(raw, oids)
    if tuple(type_.name for type_ in prepared.parameter_types) != parked.types:
        prepared = await session.prepare(raw, _oids(parked.types))
    if _shape(prepared.fields) != parked.shape:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, "cached plan must not change result type", routine="RevalidateCachedQuery"
        )
    return prepared


def _oids(names: tuple[str, ...]) -> list[int]:
    known: Any = by_name
    return [known[name].oid if name else 0 for name in names]
