"""`SchemaChange`: one DDL statement's hands: the catalog it sees, and what it may do to it within its transaction.

Every change writes the object's row in system table 1 and its name's row in table 2, replaces the transaction's catalog
by an overlay, and names the object in `schema_changes`, which makes the commit a schema change for every adjudicator.
The catalog rows are ordinary keys: two transactions that change one table, or take one name, conflict (OC000).

A schema of one's own is checked (not written) by whoever creates in it, and DROP SCHEMA takes the table of names
exclusively, so nothing is created in a schema while it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from pglast.enums import OnCommitAction

from actors.common.errors import (
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    PROGRAM_LIMIT_EXCEEDED,
    TOO_MANY_COLUMNS,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import definitions
from actors.query_processor.transaction import Transaction
from actors.sql.catalog.encoding import (
    INDEX_KIND,
    ROLE_KIND,
    SCHEMA_KIND,
    TABLE_KIND,
    database_key,
    default_acl_key,
    encode,
    job_key,
    kind_of,
    other_key,
    relation_name_key,
    role_key,
    role_name_key,
    schema_key,
    schema_name_key,
    settings_key,
    table_key,
)
from actors.sql.catalog.privileges import CREATE, DefaultAcl, Owned, denied, require, require_owner
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID, Role
from actors.sql.catalog.schema import (
    CATALOG_TABLE,
    DELETED,
    DROPPED_AT_COMMIT,
    FAILED,
    IMPLIED_SCHEMAS,
    KEPT,
    SUBMITTED,
    SYSTEM_SCHEMAS,
    Comment,
    Database,
    Index,
    Job,
    Other,
    RoleSettings,
    Schema,
    Sequence,
    Table,
    View,
)
from actors.sql.catalog.snapshot import MY_TEMPORARY, Catalog

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

IDENTIFIER_BYTES_MAX = 63
JOB_BITS = 130
JOB_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
DROPPED = "the index was dropped"
"""What stands in the details of a job that has nothing to build any more."""
JOB_KEPT_US = 30 * 60 * 1_000_000
"""For so long sys.jobs shows a job that has ended, as DSQL's does."""
ROLE_SETTINGS = CATALOG_TABLE
"""Names a change of them among a commit's schema changes: no session's statement depends on it, so it is no table that
any of them has used."""
_ON_COMMIT = {OnCommitAction.ONCOMMIT_DELETE_ROWS: DELETED, OnCommitAction.ONCOMMIT_DROP: DROPPED_AT_COMMIT}
_IMPLIED = frozenset(schema.name for schema in IMPLIED_SCHEMAS)


def keyspace_range(table: int, index: int) -> tuple[bytes, bytes]:
    """[start, end) of an index's keys."""
    number = table << 16 | index
    return number.to_bytes(6, "big"), (number + 1).to_bytes(6, "big")


class SchemaChange:
    def __init__(self, session: Session, transaction: Transaction) -> None:
        self.session = session
        self.transaction = transaction
        self.limits = session.settings.limits

    @property
    def catalog(self) -> Catalog:
        return self.transaction.catalog

    @property
    def role(self) -> int:
        """The oid of the role whose statement it is."""
        return self.session.role

    async def ids(self, count: int) -> list[int]:
        return await self.session.services.ids.take(count)

    def notice(self, sqlstate: str, message: str) -> None:
        self.session.notice("NOTICE", sqlstate, message)

    # -- finding -------------------------------------------------------------------------------------------------------

    def table(self, relation: Any) -> Table:
        """The table that a RangeVar names, to be changed. Raises 42P01, 42809 for another kind of relation, 42501 for
        another's."""
        found = self.relation(relation)
        self.require_owner(found)
        return found

    def relation(self, relation: Any) -> Table:
        """The table that a RangeVar names, whoever owns it. Raises 42P01, 42809."""
        found = self.catalog.find(relation.schemaname, relation.relname)
        if found is None and self.catalog.find_other(relation.schemaname, relation.relname) is not None:
            raise DatabaseError(WRONG_OBJECT_TYPE, f'"{relation.relname}" is not a table')
        if found is None:
            shown = f"{relation.schemaname}.{relation.relname}" if relation.schemaname else relation.relname
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
        if found[1] is not None:
            raise DatabaseError(WRONG_OBJECT_TYPE, f'"{relation.relname}" is not a table')
        return found[0]

    def require_owner(self, thing: Owned, noun: str = "", name: str = "") -> None:
        """Raises 42501 where the statement's role does not own the object; `noun` and `name` as in
        privileges.require_owner."""
        require_owner(self.catalog, self.role, thing, noun, name)

    def require_create(self, schema: str) -> None:
        """Raises 42501 where the statement's role may create nothing in the schema."""
        require(self.catalog, self.role, self.catalog.schema(schema), CREATE)

    async def place_of(self, relation: Any, on_commit: OnCommitAction) -> tuple[str, str]:
        """(the schema that a table is created in, ON COMMIT of a temporary one, "" of any other). Raises 3F000, 42501,
        42P16, 0A000."""
        schema = relation.schemaname
        is_mine = schema is not None and schema in (MY_TEMPORARY, self.catalog.temporary)
        if relation.relpersistence != "t" and not is_mine:
            if on_commit != OnCommitAction.ONCOMMIT_NOOP:
                raise DatabaseError(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables")
            return self.place(schema), ""
        if not self.limits.mixed_ddl:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "temporary tables are not supported")
        if schema is not None and not is_mine:
            message = "cannot create temporary relation in non-temporary schema"
            raise DatabaseError(INVALID_TABLE_DEFINITION, message)
        return await self._temporary_schema(), _ON_COMMIT.get(on_commit, KEPT)

    async def _temporary_schema(self) -> str:
        session, transaction = self.session, self.transaction
        if session.temporary is None:
            from actors.query_processor.session.temporary import TemporaryTables

            session.temporary = TemporaryTables(session.process)
            await session.temporary.join(transaction)
        transaction.catalog = session.temporary.over(transaction.catalog)
        return session.temporary.schema.name

    def is_temporary(self, schema: str) -> bool:
        return schema == self.catalog.temporary

    def place(self, schema: str | None) -> str:
        """The schema that an object is created in. Raises 3F000, 42501, 0A000 for the session's own."""
        if schema is not None and schema in (MY_TEMPORARY, self.catalog.temporary):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "only tables can be temporary")
        name = self.catalog.creation_schema(schema)
        if name in SYSTEM_SCHEMAS:
            raise denied("schema", name)
        self.require_create(name)
        self.depend_on_role(self.role)
        if name not in _IMPLIED:
            self.transaction.check(schema_name_key(name))
        return name

    def free_name(self, schema: str, *parts: str, suffix: str, taken: Iterable[str] = ()) -> str:
        """A name for an index or a constraint, as PostgreSQL makes them: parts and suffix joined by `_`, numbered where
        taken."""
        used = set(taken)
        number = 0
        while True:
            ending = f"_{suffix}{number or ''}"
            stem = "_".join(parts).encode()[: IDENTIFIER_BYTES_MAX - len(ending)].decode(errors="ignore")
            name = stem + ending
            if name not in used and not self.catalog.is_taken(schema, name):
                return name
            number += 1

    def require_free(self, schema: str, name: str) -> None:
        """Raises 42P07 where a relation has the name."""
        if self.catalog.is_taken(schema, name):
            raise DatabaseError(DUPLICATE_TABLE, f'relation "{name}" already exists')

    # -- changing ------------------------------------------------------------------------------------------------------

    def create_table(self, table: Table) -> None:
        if table.temporary:
            assert self.session.temporary is not None
            self.session.temporary.add(table.id)
        self._take_name(table.schema, table.name, TABLE_KIND, table.id)
        for index in Catalog.all_indexes(table):
            self._take_name(table.schema, index.name, INDEX_KIND, index.oid)
        self._put(table)

    def replace_table(self, before: Table, after: Table) -> None:
        """`after` takes the place of `before`: names are given back and taken as they differ. A CHECK that is renamed
        has renamed its comment."""
        after = _without_stale_comments(after)
        old = _names(before)
        new = _names(after)
        for schema, name in sorted(old.keys() - new.keys()):
            self._give_back(schema, name)
        for schema, name in sorted(new.keys() - old.keys()):
            self._take_name(schema, name, *new[schema, name])
        self._put(after)

    def _put(self, table: Table) -> None:
        self._check_limits(table)
        if table.temporary:
            self.transaction.catalog = self.catalog.with_table(table)
            return
        self.transaction.put(table_key(table.id), encode(table), counts=False)
        self._changed(table.id, self.catalog.with_table(table))

    def drop_table(self, table: Table) -> None:
        for index in (table.primary, *table.indexes):
            self.drop_keyspace(table, index)
        if table.temporary:
            self.transaction.catalog = self.catalog.without_table(table.id)
            return
        self.transaction.delete(table_key(table.id), counts=False)
        for schema, name in sorted(_names(table)):
            self._give_back(schema, name)
        self._changed(table.id, self.catalog.without_table(table.id))

    def drop_keyspace(self, table: Table, index: Index) -> None:
        self.transaction.drop_range(*keyspace_range(table.id, index.id))

    def create_other(self, other: Other) -> None:
        """A view or a sequence."""
        self._take_name(other.schema, other.name, kind_of(other), other.id)
        self._put_other(other)

    def replace_other(self, before: Other, after: Other) -> None:
        """`after` takes the place of `before`, under another name perhaps."""
        if (before.schema, before.name) != (after.schema, after.name):
            self.transaction.delete(relation_name_key(before.schema, before.name), counts=False)
            self._take_name(after.schema, after.name, kind_of(after), after.id)
        self._put_other(after)

    def _put_other(self, other: Other) -> None:
        self.transaction.put(other_key(other), encode(other), counts=False)
        self._changed(other.id, self.catalog.with_other(other))

    def drop_other(self, other: Other) -> None:
        """A sequence goes with its state."""
        if isinstance(other, Sequence):
            self.transaction.drop_range(*keyspace_range(other.id, 1))
        self.transaction.delete(other_key(other), counts=False)
        self.transaction.delete(relation_name_key(other.schema, other.name), counts=False)
        self._changed(other.id, self.catalog.without_other(other.id))

    def depend_on(self, numbers: Iterable[int]) -> None:
        """What this statement defines needs these relations: whoever drops or changes one of them meanwhile is refused,
        or this statement is."""
        self.transaction.schema_changes.update(numbers)

    def create_schema(self, schema: Schema) -> None:
        self.transaction.put(schema_key(schema.id), encode(schema), counts=False)
        self.transaction.put(schema_name_key(schema.name), SCHEMA_KIND + schema.id.to_bytes(4, "big"), counts=False)
        self._changed(schema.id, self.catalog.with_schema(schema))

    def put_schema(self, schema: Schema) -> None:
        """In the place of the schema of its id and name."""
        self._refuse_own(schema)
        self.transaction.put(schema_key(schema.id), encode(schema), counts=False)
        self._changed(schema.id, self.catalog.with_schema(schema))

    def drop_schema(self, schema: Schema) -> None:
        self._refuse_own(schema)
        for default in self.catalog.default_acls():
            if default.schema == schema.id:
                self.put_default_acl(default, gone=True)
        self.transaction.delete(schema_key(schema.id), counts=False)
        self.transaction.delete(schema_name_key(schema.name), counts=False)
        self._changed(schema.id, self.catalog.without_schema(schema.name))

    def _refuse_own(self, schema: Schema) -> None:
        if self.is_temporary(schema.name):
            raise denied("schema", schema.name)

    def put_roles(self, *roles: Role) -> None:
        """New ones, or others in the place of those of their ids: names are given back and taken as they differ. Raises
        42710 for a taken name."""
        for role in roles:
            before = self.catalog.roles.with_id(role.id)
            if before is None or before.name != role.name:
                self._take_role_name(role)
                if before is not None:
                    self.transaction.delete(role_name_key(before.name), counts=False)
            self.transaction.put(role_key(role.id), encode(role), counts=False)
        self._changed(CATALOG_TABLE, self.catalog.with_roles(roles))

    def _take_role_name(self, role: Role) -> None:
        if self.catalog.roles.find(role.name) is not None:
            raise DatabaseError(DUPLICATE_OBJECT, f'role "{role.name}" already exists')
        self.transaction.put(role_name_key(role.name), ROLE_KIND + role.id.to_bytes(4, "big"), counts=False)

    def drop_role(self, role: Role) -> None:
        """Nothing else may change in the catalog meanwhile: what the role owns and was granted was looked for."""
        self.transaction.delete(role_key(role.id), counts=False)
        self.transaction.delete(role_name_key(role.name), counts=False)
        self.transaction.exclusive.add(CATALOG_TABLE)
        self._changed(CATALOG_TABLE, self.catalog.with_roles((), [role.id]))

    def put_default_acl(self, default: DefaultAcl, gone: bool) -> None:
        """`gone`: it says no more than there is without it."""
        key = default_acl_key(default)
        if gone:
            self.transaction.delete(key, counts=False)
        else:
            self.transaction.put(key, encode(default), counts=False)
        self._changed(CATALOG_TABLE, self.catalog.with_default_acl(default, gone))

    def depend_on_role(self, role: int) -> None:
        """What the statement writes names the role: it may not be dropped meanwhile."""
        if role not in (PUBLIC_ROLE_OID, ADMIN_OID):
            self.transaction.check(role_key(role))

    def put_owned(self, before: Owned, after: Owned) -> None:
        """Another owner, or other privileges."""
        match before, after:
            case Table(), Table():
                self.replace_table(before, after)
            case Schema(), Schema():
                self.put_schema(after)
            case View() | Sequence(), View() | Sequence():
                self.replace_other(before, after)
            case _, Database():
                self.transaction.put(database_key(), encode(after), counts=False)
                self._changed(CATALOG_TABLE, self.catalog.with_database(after))
            case _:
                definitions.replace(self, before, after)

    def set_settings(self, settings: RoleSettings) -> None:
        key = settings_key(settings.role, settings.database)
        if settings.values:
            self.transaction.put(key, encode(settings), counts=False)
        else:
            self.transaction.delete(key, counts=False)
        self._changed(ROLE_SETTINGS, self.catalog.with_settings(settings))

    def add_job(
        self, table: Table, job_type: str, class_id: int, object_id: int, object_name: str, constraint: str = ""
    ) -> str:
        """Note a job on `table`; its id. It begins when this transaction has committed (jobs.py). Jobs that ended long
        ago are forgotten."""
        services = self.session.services
        number = services.context.random.getrandbits(JOB_BITS)
        name = "".join(JOB_LETTERS[number >> 5 * place & 31] for place in range(JOB_BITS // 5))
        now = services.clock.now().latest
        job = Job(
            name,
            SUBMITTED,
            "",
            job_type,
            class_id,
            object_id,
            object_name,
            self.transaction.start_ts,
            now,
            table.id,
            constraint,
            role=self.session.role,
        )
        old = [other.id for other in self.catalog.jobs() if not other.is_open and other.update_time < now - JOB_KEPT_US]
        for other in old:
            self.transaction.delete(job_key(other), counts=False)
        self.transaction.put(job_key(name), encode(job), counts=False)
        self._changed(table.id, self.catalog.with_job(job, old))
        return name

    def cancel_jobs(self, table: Table, object_id: int) -> None:
        """What a job was to build is dropped: it has failed."""
        for job in self.catalog.jobs():
            if job.is_open and (job.table, job.object_id) == (table.id, object_id):
                ended = replace(
                    job, status=FAILED, details=DROPPED, update_time=self.session.services.clock.now().latest
                )
                self.transaction.put(job_key(job.id), encode(ended), counts=False)
                self._changed(table.id, self.catalog.with_job(ended, ()))

    def alone_with(self, table: Table) -> None:
        """What was read of the table's rows must still hold at the commit: nobody else may write them meanwhile."""
        if not table.temporary:
            self.transaction.exclusive.add(table.id)

    def _take_name(self, schema: str, name: str, kind: bytes, number: int) -> None:
        self.require_free(schema, name)
        if self.is_temporary(schema):
            return
        if kind != INDEX_KIND and self.catalog.find_domain(schema, name) is not None:
            raise definitions.type_exists(name)
        self.transaction.put(relation_name_key(schema, name), kind + number.to_bytes(4, "big"), counts=False)

    def _give_back(self, schema: str, name: str) -> None:
        if not self.is_temporary(schema):
            self.transaction.delete(relation_name_key(schema, name), counts=False)

    def _changed(self, number: int, catalog: Catalog) -> None:
        self.transaction.schema_changes.add(number)
        self.transaction.catalog = catalog

    def _check_limits(self, table: Table) -> None:
        limits = self.limits
        if len(table.live_columns()) > limits.table_columns_max:
            raise DatabaseError(TOO_MANY_COLUMNS, f"tables can have at most {limits.table_columns_max} columns")
        if len(Catalog.all_indexes(table)) > limits.table_indexes_max:
            raise DatabaseError(
                PROGRAM_LIMIT_EXCEEDED, f"more than {limits.table_indexes_max} indexes per table are not allowed"
            )
        if any(len(index.columns) > limits.key_columns_max for index in Catalog.all_indexes(table)):
            raise DatabaseError(
                TOO_MANY_COLUMNS, f"more than {limits.key_columns_max} column keys in an index are not supported"
            )

    # -- statements within the statement -------------------------------------------------------------------------------

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one planned statement in this transaction, under the changed catalog, for the system: whoever may change
        an object may have it looked at."""
        session = self.session
        [raw] = session.split(sql)
        with self._as_system():
            return (await session.bind(await session.prepare(raw), []).run()).rows

    async def validate(self, sql: str) -> None:
        """Plan one statement under the changed catalog, for its errors."""
        [raw] = self.session.split(sql)
        with self._as_system():
            await self.session.prepare(raw)

    @contextmanager
    def _as_system(self) -> Iterator[None]:
        session, transaction, role, view = self.session, self.transaction, self.role, self.catalog
        session.role = ADMIN_OID
        transaction.catalog = view.on_path(view.search_path, ADMIN_OID)
        try:
            yield
        finally:
            session.role = role
            transaction.catalog = transaction.catalog.on_path(view.path, role)


def _names(table: Table) -> dict[tuple[str, str], tuple[bytes, int]]:
    names = {(table.schema, table.name): (TABLE_KIND, table.id)}
    for index in Catalog.all_indexes(table):
        names[table.schema, index.name] = (INDEX_KIND, index.oid)
    return names


def _without_stale_comments(table: Table) -> Table:
    """The table less the comments of what it has no more."""
    if not table.comments:
        return table
    positions = {column.position for column in table.live_columns()}
    oids = {index.oid for index in Catalog.all_indexes(table)}
    names = {check.name for check in table.checks} | {foreign_key.name for foreign_key in table.foreign_keys}

    def stays(one: Comment) -> bool:
        if one.kind == "column":
            return one.number in positions
        return one.kind == "table" or (one.number in oids if one.number else one.name in names)

    return replace(table, comments=tuple(filter(stays, table.comments)))


def quoted(*names: str) -> str:
    """A qualified identifier, as SQL text."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


replace = msgspec.structs.replace
