"""`Catalog`: what the database's objects were at one moment. Immutable; a change makes a new one that shares all that did not change.

Stored as rows of the system's tables, written by DDL transactions like any other row and read by scans at a start_ts:

    keyspace (1, 0)   kind byte + id (4 bytes)                        -> msgpack of the descriptor: "t" Table, "v" View, "q" Sequence (schema.py), "s" Schema
                      "j" + job id                                -> Job
                      "r" + role + NUL + database                 -> RoleSettings ("" is every role, every database)
    keyspace (2, 0)   "s" + name, "r" + schema + NUL + name           -> kind byte + id: taken names, so that two creations of one name conflict
    keyspace (3, 0)   "id"                                            -> the next free id (allocation.py)

Relations (tables, indexes, views and sequences) of one schema share one name space, as in PostgreSQL. `find` and its kin answer tables and indexes, `find_other` the rest: of
a name both look at the same relation, the first on the search path.

Invariants: `version` is the commit time of the newest catalog change the snapshot contains (0: none ever). Two snapshots of a process hold the
same `Table` object for a descriptor that did not change between them.
A transaction that has changed the catalog itself works on an *overlay*: a snapshot with a negative version, unique in the process.

`search_path` belongs to the session: `catalog.on_path(("public",))` is a cheap view on the same objects; unqualified names go through
pg_catalog, then the path.

Left out: roles but for their settings, privileges, functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count

import msgspec

from actors.common.errors import INVALID_SCHEMA_NAME, UNDEFINED_TABLE, DatabaseError
from actors.sql.catalog.schema import CATALOG_TABLE, NAMES_TABLE, Index, Sequence, Table, View

PUBLIC_OID = 2200
PG_CATALOG_OID = 11
INFORMATION_SCHEMA_OID = 13000
SYS_OID = 13100


class Schema(msgspec.Struct, frozen=True):
    id: int
    name: str
    owner: str = "admin"
    comment: str | None = None


class RoleSettings(msgspec.Struct, frozen=True):
    """What ALTER ROLE ... SET and ALTER DATABASE ... SET have named: (parameter in lower case, value as SHOW answers it), by name. "" as `role` or
    `database`: of all."""

    role: str
    database: str
    values: tuple[tuple[str, str], ...]


class Job(msgspec.Struct, frozen=True):
    """One asynchronous DDL statement, as sys.jobs shows it. Times in microseconds since 1970. Here a job has ended when its statement is answered."""

    id: str
    status: str
    details: str
    job_type: str
    class_id: int
    object_id: int
    object_name: str
    start_time: int
    update_time: int


IMPLIED_SCHEMAS = (
    Schema(PG_CATALOG_OID, "pg_catalog"),
    Schema(PUBLIC_OID, "public"),
    Schema(INFORMATION_SCHEMA_OID, "information_schema"),
    Schema(SYS_OID, "sys"),
)
SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "sys"})
DEFAULT_PATH = ("public",)

CATALOG_KEYSPACE = CATALOG_TABLE.to_bytes(4, "big") + b"\x00\x00"
NAMES_KEYSPACE = NAMES_TABLE.to_bytes(4, "big") + b"\x00\x00"
TABLE_KIND = b"t"
SCHEMA_KIND = b"s"
INDEX_KIND = b"i"
ROLE_KIND = b"r"
JOB_KIND = b"j"
VIEW_KIND = b"v"
SEQUENCE_KIND = b"q"

_overlay_versions = count(-1, -1)
_encoder = msgspec.msgpack.Encoder()


def table_key(table: int) -> bytes:
    return CATALOG_KEYSPACE + TABLE_KIND + table.to_bytes(4, "big")


def schema_key(schema: int) -> bytes:
    return CATALOG_KEYSPACE + SCHEMA_KIND + schema.to_bytes(4, "big")


def schema_name_key(name: str) -> bytes:
    return NAMES_KEYSPACE + b"s" + name.encode()


def relation_name_key(schema: str, name: str) -> bytes:
    return NAMES_KEYSPACE + b"r" + schema.encode() + b"\x00" + name.encode()


def role_key(role: str, database: str) -> bytes:
    return CATALOG_KEYSPACE + ROLE_KIND + role.encode() + b"\x00" + database.encode()


def job_key(job: str) -> bytes:
    return CATALOG_KEYSPACE + JOB_KIND + job.encode()


def other_key(other: Other) -> bytes:
    """Of a view's or a sequence's descriptor."""
    return CATALOG_KEYSPACE + kind_of(other) + other.id.to_bytes(4, "big")


def kind_of(other: Other) -> bytes:
    return VIEW_KIND if isinstance(other, View) else SEQUENCE_KIND


def encode(descriptor: Descriptor) -> bytes:
    return _encoder.encode(descriptor)


Other = View | Sequence
"""Relations that store no rows of their own."""
Descriptor = Table | Schema | RoleSettings | Job | Other
_decoders: dict[bytes, Callable[[bytes], Descriptor]] = {
    TABLE_KIND: msgspec.msgpack.Decoder(Table).decode,
    SCHEMA_KIND: msgspec.msgpack.Decoder(Schema).decode,
    ROLE_KIND: msgspec.msgpack.Decoder(RoleSettings).decode,
    JOB_KIND: msgspec.msgpack.Decoder(Job).decode,
    VIEW_KIND: msgspec.msgpack.Decoder(View).decode,
    SEQUENCE_KIND: msgspec.msgpack.Decoder(Sequence).decode,
}


class Catalog:
    """See the module. All lookups are dictionary reads; names are case-sensitive, as the parser folds them."""

    __slots__ = (
        *("_descriptors", "_jobs", "_other_names", "_others", "_paths", "_relations", "_roles", "_schemas", "_tables"),
        *("search_path", "version"),
    )

    version: int
    search_path: tuple[str, ...]

    def __init__(
        self,
        version: int,
        schemas: Iterable[Schema] = (),
        tables: Iterable[Table] = (),
        roles: Iterable[RoleSettings] = (),
        jobs: Iterable[Job] = (),
        others: Iterable[Other] = (),
        descriptors: dict[bytes, tuple[bytes, Descriptor]] | None = None,
    ) -> None:
        self.version = version
        self.search_path = DEFAULT_PATH
        self._schemas = {schema.name: schema for schema in (*IMPLIED_SCHEMAS, *schemas)}
        self._tables = {table.id: table for table in tables}
        self._roles = {(settings.role, settings.database): settings for settings in roles}
        self._jobs = {job.id: job for job in jobs}
        self._relations: dict[tuple[str, str], tuple[Table, Index | None]] = {}
        for table in self._tables.values():
            self._add_names(table)
        self._others = {other.id: other for other in others}
        self._other_names = {(other.schema, other.name): other for other in self._others.values()}
        self._descriptors = descriptors if descriptors is not None else {}
        self._paths: dict[tuple[str, ...], Catalog] = {}

    @classmethod
    def from_rows(cls, version: int, rows: Iterable[tuple[bytes, bytes]], before: Catalog | None = None) -> Catalog:
        """From the rows of keyspace (1, 0). `before`: an older or newer snapshot whose unchanged objects are kept."""
        known = before._descriptors if before is not None else {}
        descriptors: dict[bytes, tuple[bytes, Descriptor]] = {}
        for key, value in rows:
            seen = known.get(key)
            descriptors[key] = seen if seen is not None and seen[0] == value else (value, _decoders[key[6:7]](value))
        found = [descriptor for _, descriptor in descriptors.values()]
        return cls(
            version,
            [one for one in found if isinstance(one, Schema)],
            [one for one in found if isinstance(one, Table)],
            [one for one in found if isinstance(one, RoleSettings)],
            [one for one in found if isinstance(one, Job)],
            [one for one in found if isinstance(one, View | Sequence)],
            descriptors,
        )

    def on_path(self, path: tuple[str, ...]) -> Catalog:
        """The same catalog under another search path (without the implied pg_catalog)."""
        if path == self.search_path:
            return self
        there = self._paths.get(path)
        if there is None:
            there = object.__new__(Catalog)
            for name in Catalog.__slots__:
                setattr(there, name, getattr(self, name))
            there.search_path = path
            self._paths[path] = there
        return there

    # -- lookups -------------------------------------------------------------------------------------------------------------

    def find(self, schema: str | None, name: str) -> tuple[Table, Index | None] | None:
        """The relation of that name: a table (index None) or an index with its table. None where there is none."""
        if schema is not None:
            return self._relations.get((schema, name))
        relations, others = self._relations, self._other_names
        for place in self.search_path:
            found = relations.get((place, name))
            if found is not None:
                return found
            if others and (place, name) in others:
                return None
        return None

    def find_other(self, schema: str | None, name: str) -> Other | None:
        """The view or the sequence of that name; None where there is none, also where the name is a table's or an index's."""
        others = self._other_names
        if not others:
            return None
        if schema is not None:
            return others.get((schema, name))
        for place in self.search_path:
            if (place, name) in self._relations:
                return None
            if (place, name) in others:
                return others[place, name]
        return None

    def is_taken(self, schema: str, name: str) -> bool:
        """A relation of any kind has the name."""
        return (schema, name) in self._relations or (schema, name) in self._other_names

    def find_table(self, schema: str | None, name: str) -> Table | None:
        found = self.find(schema, name)
        return found[0] if found is not None and found[1] is None else None

    def find_index(self, schema: str | None, name: str) -> tuple[Table, Index] | None:
        found = self.find(schema, name)
        return (found[0], found[1]) if found is not None and found[1] is not None else None

    def table(self, schema: str | None, name: str) -> Table:
        """Raises 42P01 where there is no such table (also where its schema does not exist, as PostgreSQL does)."""
        table = self.find_table(schema, name)
        if table is None:
            shown = name if schema is None else f"{schema}.{name}"
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
        return table

    def table_by_id(self, table: int) -> Table | None:
        """By table id, which is its pg_class oid too."""
        return self._tables.get(table)

    def view_by_id(self, view: int) -> View | None:
        found = self._others.get(view)
        return found if isinstance(found, View) else None

    def sequence_by_id(self, sequence: int) -> Sequence | None:
        found = self._others.get(sequence)
        return found if isinstance(found, Sequence) else None

    @property
    def has_views(self) -> bool:
        return bool(self._others)

    def others(self) -> Iterator[Other]:
        """Views and sequences, by id."""
        return iter(sorted(self._others.values(), key=lambda other: other.id))

    def views(self) -> Iterator[View]:
        """By id."""
        return (other for other in self.others() if isinstance(other, View))

    def sequences(self) -> Iterator[Sequence]:
        """By id."""
        return (other for other in self.others() if isinstance(other, Sequence))

    def schema(self, name: str) -> Schema:
        """Raises 3F000 where there is no such schema."""
        found = self._schemas.get(name)
        if found is None:
            raise DatabaseError(INVALID_SCHEMA_NAME, f'schema "{name}" does not exist')
        return found

    def has_schema(self, name: str) -> bool:
        return name in self._schemas

    def creation_schema(self, schema: str | None) -> str:
        """Where CREATE puts an object: the schema named, or the first of the search path that exists. Raises 3F000."""
        if schema is not None:
            return self.schema(schema).name
        place = self.first_schema()
        if place is None:
            raise DatabaseError(INVALID_SCHEMA_NAME, "no schema has been selected to create in")
        return place

    def first_schema(self) -> str | None:
        """The first of the search path that exists."""
        return next((place for place in self.search_path if place in self._schemas), None)

    def schemas(self) -> Iterator[Schema]:
        """By id."""
        return iter(sorted(self._schemas.values(), key=lambda schema: schema.id))

    def tables(self) -> Iterator[Table]:
        """By id."""
        return iter(sorted(self._tables.values(), key=lambda table: table.id))

    @staticmethod
    def all_indexes(table: Table) -> tuple[Index, ...]:
        """The primary key's index (unless hidden) and the secondary ones: what pg_class shows."""
        return (table.primary, *table.indexes) if table.primary.columns else table.indexes

    def role_settings(self, role: str, database: str) -> RoleSettings:
        """What was set for exactly these; "" is all."""
        return self._roles.get((role, database)) or RoleSettings(role, database, ())

    def all_role_settings(self) -> list[RoleSettings]:
        """By role and database."""
        return [self._roles[key] for key in sorted(self._roles)]

    def session_settings(self, user: str, database: str) -> dict[str, str]:
        """What a session of `user` starts with: what was set for both before what was set for one, for the role before for the database."""
        found: dict[str, str] = {}
        for place in (("", ""), ("", database), (user, ""), (user, database)):
            found.update(self.role_settings(*place).values)
        return found

    def jobs(self) -> list[Job]:
        """By the time of their start."""
        return sorted(self._jobs.values(), key=lambda job: (job.start_time, job.id))

    def job(self, name: str) -> Job | None:
        return self._jobs.get(name)

    # -- overlays ------------------------------------------------------------------------------------------------------------

    def with_table(self, table: Table) -> Catalog:
        """An overlay in which `table` replaces or joins the others."""
        return self._overlay({**self._tables, table.id: table}, self._schemas)

    def without_table(self, table: int) -> Catalog:
        return self._overlay({number: other for number, other in self._tables.items() if number != table}, self._schemas)

    def with_schema(self, schema: Schema) -> Catalog:
        return self._overlay(self._tables, {**self._schemas, schema.name: schema})

    def without_schema(self, name: str) -> Catalog:
        return self._overlay(self._tables, {other: schema for other, schema in self._schemas.items() if other != name})

    def with_role(self, settings: RoleSettings) -> Catalog:
        overlay = self._overlay(self._tables, self._schemas)
        overlay._roles = {**self._roles, (settings.role, settings.database): settings}
        return overlay

    def with_job(self, job: Job, without: Iterable[str]) -> Catalog:
        """An overlay with one more job, less those named in `without`."""
        gone = set(without)
        overlay = self._overlay(self._tables, self._schemas)
        overlay._jobs = {name: other for name, other in (self._jobs | {job.id: job}).items() if name not in gone}
        return overlay

    def with_other(self, other: Other) -> Catalog:
        """An overlay in which a view or a sequence replaces the one with its id, or joins the others."""
        return self._overlay(self._tables, self._schemas, {**self._others, other.id: other})

    def without_other(self, number: int) -> Catalog:
        return self._overlay(self._tables, self._schemas, {one: other for one, other in self._others.items() if one != number})

    def _overlay(self, tables: dict[int, Table], schemas: dict[str, Schema], others: dict[int, Other] | None = None) -> Catalog:
        kept = self._others if others is None else others
        overlay = Catalog(next(_overlay_versions), schemas.values(), tables.values(), others=kept.values())
        overlay._schemas, overlay._roles, overlay._jobs = schemas, self._roles, self._jobs
        overlay.search_path = self.search_path
        return overlay

    def _add_names(self, table: Table) -> None:
        self._relations[table.schema, table.name] = (table, None)
        for index in self.all_indexes(table):
            self._relations[table.schema, index.name] = (table, index)
