"""What the catalog says of schemas, tables, views, sequences and jobs: immutable descriptors, stored as msgpack rows
in the system table 1 (encoding.py) and cached by every QP.

Ids. `table` ids and `index` ids are never used twice. Keyspace (table, index) holds an index's entries; the rows
themselves live in the primary key's index (`primary.id`). TRUNCATE and table rewrites give the indexes new ids and drop
the old keyspaces with one DROP_RANGE each. Table ids below 100 are the system's: 1 holds descriptors, 2 the names, 3
sequences of ids.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actors.sql.catalog.privileges import CREATE, USAGE, Acl, AclItem
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID
from actors.sql.types.column_type import ColumnType

CATALOG_TABLE = 1
NAMES_TABLE = 2
FIRST_USER_TABLE = 16384
PUBLIC_OID = 2200
PG_CATALOG_OID = 11
INFORMATION_SCHEMA_OID = 13000
SYS_OID = 13100
TEMPORARY_SCHEMA_OID = 13200
"""Of a session's own schema, which no other session sees."""
DATABASE_OID = 5


class Column(msgspec.Struct, frozen=True, array_like=True):
    """`position` is the place in the encoded row, 0-based, never reused; `default` is SQL text or None, parsed once per
    plan."""

    name: str
    position: int
    type: ColumnType
    not_null: bool = False
    default: str | None = None
    dropped: bool = False
    identity: str = ""
    """GENERATED ALWAYS ("a") or BY DEFAULT ("d") AS IDENTITY, by the sequence with the id `sequence`."""
    sequence: int = 0
    domain: int = 0
    """The id of the domain (domains.py) that it was declared as; `type` is what that is over."""
    generated: str = ""
    """GENERATED ALWAYS AS (`default`) STORED ("s"): whoever writes a row computes it from the row's other columns."""


BUILDING, INVALID = "building", "invalid"


OF_ROW = -1
"""In the place of a column's position: an expression."""


class IndexColumn(msgspec.Struct, frozen=True, array_like=True):
    position: int
    descending: bool = False
    nulls_first: bool = False
    """PostgreSQL's default: NULLS LAST ascending, NULLS FIRST descending."""
    expression: str = ""
    """SQL text over the table's row whose value is the key's part; `position` is OF_ROW then."""


class Index(msgspec.Struct, frozen=True, array_like=True):
    """A primary key or a secondary index. A hidden primary key has no columns: its key is 16 time-ordered bytes made at
    insert and kept nowhere but in the key.

    Entry of the primary index: key = columns (or the 16 bytes), value = the row (rows.py). Entry of a secondary index:
    key = columns, then the primary key's columns (or its 16 bytes) unless the index is unique and no column is NULL;
    value = the bytes of the row's primary key (the full key with its keyspace). `constraint`: made by a UNIQUE or
    PRIMARY KEY clause (named as such in errors and in \\d). `state`: BUILDING while a job fills it: whoever writes rows
    keeps its entries, and nobody reads by it; INVALID once the build has failed: nobody does either.
    """

    id: int
    oid: int
    name: str
    columns: tuple[IndexColumn, ...]
    unique: bool = False
    primary: bool = False
    constraint: bool = False
    nulls_distinct: bool = True
    state: str = ""
    predicate: str = ""
    """Of a partial index: SQL text, as pg_get_expr shows it without the parentheses around it. A row for which it is
    not true has no entry."""
    included: tuple[int, ...] = ()
    """Positions of INCLUDE's columns. They are the catalog's alone: no query is answered by entries without rows."""

    @property
    def parts(self) -> tuple[IndexColumn, ...]:
        """What pg_attribute has of it: the key's columns, then those that are included."""
        return (*self.columns, *map(IndexColumn, self.included))

    @property
    def is_plain(self) -> bool:
        """It has an entry of every row, and its keys are columns."""
        return not self.predicate and not any(column.expression for column in self.columns)


class Check(msgspec.Struct, frozen=True, array_like=True):
    name: str
    expression: str
    """SQL text, as pg_get_constraintdef would show it inside CHECK (...)."""
    validated: bool = True
    """False: rows from before it was added were not looked at (NOT VALID)."""


class ForeignKey(msgspec.Struct, frozen=True, array_like=True):
    """A FOREIGN KEY of the table that has it: `columns` (positions) refer to the columns `referenced` of the table with
    the id `table`, in the order of the columns of its unique index with the oid `index`.

    `match`: "s" SIMPLE, "f" FULL. `on_update`, `on_delete`: "a" NO ACTION, "r" RESTRICT, "c" CASCADE, "n" SET NULL, "d"
    SET DEFAULT, as in pg_constraint; `delete_columns`: those that SET NULL and SET DEFAULT of a delete set (none named:
    all).
    """

    oid: int
    name: str
    columns: tuple[int, ...]
    table: int
    referenced: tuple[int, ...]
    index: int
    match: str = "s"
    on_update: str = "a"
    on_delete: str = "a"
    delete_columns: tuple[int, ...] = ()
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True


class Comment(msgspec.Struct, frozen=True, array_like=True):
    """COMMENT ON's text. `kind` is table, column, index or constraint; `number` a column's position or an index's oid
    (also of the constraint that it is behind); `name` a CHECK's."""

    kind: str
    number: int
    name: str
    text: str


KEPT, DELETED, DROPPED_AT_COMMIT = "p", "d", "x"
"""What becomes of a temporary table's rows, or of the table, when a transaction commits."""


class Table(msgspec.Struct, frozen=True):
    """`id` doubles as the table's pg_class oid. `version` is the commit time of the last change, filled in when
    loaded."""

    id: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    primary: Index
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    owner_oid: int = ADMIN_OID
    """Not `owner`: by that name earlier descriptors had the owner's name, always admin."""
    next_index: int = 1
    comments: tuple[Comment, ...] = ()
    acl: Acl | None = None
    column_acls: tuple[tuple[int, Acl], ...] = ()
    """(a column's position, what was granted on it alone), by position."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[int, ...] = ()
    """Ids of the tables whose foreign keys refer to this one, ascending: a plan that deletes here is another where one
    is added."""
    temporary: str = ""
    """ON COMMIT of a temporary table (KEPT ...), "" of any other."""

    @property
    def owner(self) -> int:
        return self.owner_oid

    def column_acl(self, position: int) -> Acl:
        return next((acl for place, acl in self.column_acls if place == position), ())

    def column_places(self) -> list[tuple[str, int]]:
        """(name, position) of the live columns."""
        return [(column.name, column.position) for column in self.columns if not column.dropped]

    def live_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.dropped)


class ViewColumn(msgspec.Struct, frozen=True, array_like=True):
    name: str
    type: ColumnType


class ViewSource(msgspec.Struct, frozen=True, array_like=True):
    """A relation that a view's text names as `schema`.`name`: which it was when the view was made, whatever it is
    called now.

    `columns`: (name, position) of a table's columns as they were then; `used`: the positions of those that the view
    needs.
    """

    id: int
    schema: str
    name: str
    columns: tuple[tuple[str, int], ...] = ()
    used: tuple[int, ...] = ()


class View(msgspec.Struct, frozen=True):
    """`query`: a SELECT whose relations are all qualified, under their names of when it was written (`sources`).
    `check_option`: "", "local", "cascaded"."""

    id: int
    schema: str
    name: str
    columns: tuple[ViewColumn, ...]
    query: str
    sources: tuple[ViewSource, ...] = ()
    check_option: str = ""
    owner_oid: int = ADMIN_OID
    comments: tuple[Comment, ...] = ()
    acl: Acl | None = None
    column_acls: tuple[tuple[int, Acl], ...] = ()
    """(a column's place, what was granted on it alone), by place."""

    @property
    def owner(self) -> int:
        return self.owner_oid

    def column_acl(self, position: int) -> Acl:
        return next((acl for place, acl in self.column_acls if place == position), ())

    def column_places(self) -> list[tuple[str, int]]:
        return [(column.name, place) for place, column in enumerate(self.columns)]


class Sequence(msgspec.Struct, frozen=True):
    """A sequence generator. Where it has got to is no part of it: that is a row of its own (sequences.py), which
    nobody's transaction covers.

    `generation` counts its changes: values that a query processor holds of an older one are given up. `owned_by`:
    (table id, column position); (0, 0) is none. `internal`: made by an identity column, gone only with it.
    """

    id: int
    schema: str
    name: str
    type: ColumnType
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool = False
    owned_by: tuple[int, int] = (0, 0)
    internal: bool = False
    generation: int = 1
    owner_oid: int = ADMIN_OID
    comment: str | None = None
    acl: Acl | None = None

    @property
    def owner(self) -> int:
        return self.owner_oid


class RoleSettings(msgspec.Struct, frozen=True):
    """What ALTER ROLE ... SET and ALTER DATABASE ... SET have named: (parameter in lower case, value as SHOW answers
    it), by name. "" as `role` or `database`: of all."""

    role: str
    database: str
    values: tuple[tuple[str, str], ...]


SUBMITTED, PROCESSING, COMPLETED, FAILED = "submitted", "processing", "completed", "failed"


class Job(msgspec.Struct, frozen=True):
    """One asynchronous DDL statement, as sys.jobs shows it. Times are timestamps of the clock.

    `table` and `object_id` say what the job is about, `constraint` one to validate. Who runs the job
    (query_processor/jobs.py) is its `owner`, of the given `epoch`, until `lease_until` at least; `progress` is the key
    of the table from which on it has to go on. These are written without a change of the catalog: a cached snapshot has
    old ones.
    """

    id: str
    status: str
    details: str
    job_type: str
    class_id: int
    object_id: int
    object_name: str
    start_time: int
    update_time: int
    table: int = 0
    constraint: str = ""
    owner: str = ""
    epoch: int = 0
    lease_until: int = 0
    progress: bytes = b""
    role: int = 0
    """Who submitted it; 0: an earlier build, which did not say."""

    @property
    def is_open(self) -> bool:
        return self.status in (SUBMITTED, PROCESSING)


def is_any_open(jobs: Iterable[Job]) -> bool:
    return any(job.is_open for job in jobs)


decode_job = msgspec.msgpack.Decoder(Job).decode


Other = View | Sequence
"""Relations that store no rows of their own."""


class Schema(msgspec.Struct, frozen=True):
    """`owner_oid`, not `owner`: by that name earlier descriptors had the owner's name, always admin."""

    id: int
    name: str
    owner_oid: int = ADMIN_OID
    comment: str | None = None
    acl: Acl | None = None

    @property
    def owner(self) -> int:
        return self.owner_oid


class Database(msgspec.Struct, frozen=True):
    """The one that there is: what is kept of it are its privileges."""

    acl: Acl | None = None
    id: int = DATABASE_OID
    name: str = "postgres"
    owner: int = ADMIN_OID


_USED_BY_ALL = (AclItem(ADMIN_OID, ADMIN_OID, USAGE | CREATE), AclItem(PUBLIC_ROLE_OID, ADMIN_OID, USAGE))
IMPLIED_SCHEMAS = (
    Schema(PG_CATALOG_OID, "pg_catalog", acl=_USED_BY_ALL),
    Schema(PUBLIC_OID, "public", acl=_USED_BY_ALL),
    Schema(INFORMATION_SCHEMA_OID, "information_schema", acl=_USED_BY_ALL),
    Schema(SYS_OID, "sys", acl=_USED_BY_ALL),
)
"""There without a row of their own; one of them that has been changed has one."""
DATABASE_NAME = "postgres"
"""The one that there is."""
SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "sys"})
