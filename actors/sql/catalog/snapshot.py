"""`Catalog`: what the database's objects were at one moment. Immutable; a change makes a new one that shares all that
did not change. encoding.py says how it is stored.

Relations (tables, indexes, views and sequences) of one schema share one name space, as in PostgreSQL. `find` and its
kin answer tables and indexes, `find_other` the rest: of a name both look at the same relation, the first on the search
path.

Invariants: `version` is the commit time of the newest catalog change the snapshot contains (0: none ever). Two
snapshots of a process hold the same `Table` object for a descriptor that did not change between them. A transaction
that has changed the catalog itself works on an *overlay*: a snapshot with a negative version, unique in the process.

A session sees a catalog as its role does, on its search path: `catalog.on_path(("public",), role)` is a cheap view on
the same objects. Unqualified names go through pg_catalog, then those schemas of the path that the role may use; a name
in another schema is refused (42501). Two views that show the same have one `sight`: what is planned under one is good
under the other, but for privileges on the objects themselves (privileges.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from actors.common.errors import INVALID_SCHEMA_NAME, UNDEFINED_TABLE, WRONG_OBJECT_TYPE, DatabaseError
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.encoding import Descriptor, decode
from actors.sql.catalog.functions import Function, signature
from actors.sql.catalog.privileges import USAGE, Acl, DefaultAcl, Kind, allows, denied, initial_acl
from actors.sql.catalog.roles import ADMIN_OID, Role, Roles
from actors.sql.catalog.schema import (
    IMPLIED_SCHEMAS,
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
from actors.sql.catalog.sequence_tables import sequence_table

DEFAULT_PATH = ("public",)
MY_TEMPORARY = "pg_temp"
"""What statements call the session's own schema."""

_overlay_versions = count(-1, -1)


class Catalog:
    """See the module. All lookups are dictionary reads; names are case-sensitive, as the parser folds them."""

    __slots__ = (
        *(
            "_default_acls",
            "_descriptors",
            "_domain_names",
            "_domains",
            "_function_names",
            "_functions",
            "_hidden",
            "_jobs",
            "_other_names",
            "_others",
            "_relations",
            "_role_settings",
            "_schemas",
            "_sights",
        ),
        *("_tables", "_views", "database", "path", "role", "roles", "search_path", "sight", "temporary", "version"),
    )

    version: int
    path: tuple[str, ...]
    """The session's search path, and `search_path` what of it `role` may use."""
    role: int
    search_path: tuple[str, ...]
    temporary: str
    """The session's own schema, which comes first of all; "" where it has none."""
    sight: tuple[tuple[str, ...], frozenset[str]]
    """Equal for views that show the same names, the same object for those of one catalog."""

    def __init__(
        self,
        version: int,
        descriptors: Iterable[Descriptor] = (),
        rows: dict[bytes, tuple[bytes, Descriptor]] | None = None,
    ) -> None:
        self.version = version
        self._schemas = {schema.name: schema for schema in IMPLIED_SCHEMAS}
        self._tables: dict[int, Table] = {}
        self._role_settings: dict[tuple[str, str], RoleSettings] = {}
        self._jobs: dict[str, Job] = {}
        self.database = Database()
        self._others: dict[int, Other] = {}
        self._domains: dict[int, Domain] = {}
        self._functions: dict[int, Function] = {}
        self._default_acls: dict[tuple[int, int, str], DefaultAcl] = {}
        self.temporary = ""
        roles: list[Role] = []
        for descriptor in descriptors:
            match descriptor:
                case Table():
                    self._tables[descriptor.id] = descriptor
                case Schema():
                    self._schemas[descriptor.name] = descriptor
                case RoleSettings():
                    self._role_settings[descriptor.role, descriptor.database] = descriptor
                case Job():
                    self._jobs[descriptor.id] = descriptor
                case Role():
                    roles.append(descriptor)
                case Database():
                    self.database = descriptor
                case DefaultAcl():
                    self._default_acls[descriptor.role, descriptor.schema, descriptor.letter] = descriptor
                case View() | Sequence():
                    self._others[descriptor.id] = descriptor
                case Domain():
                    self._domains[descriptor.id] = descriptor
                case Function():
                    self._functions[descriptor.id] = descriptor
        self.roles = Roles(roles)
        self._descriptors = rows if rows is not None else {}
        self._begin_views(DEFAULT_PATH, ADMIN_OID)

    def _begin_views(self, path: tuple[str, ...], role: int) -> None:
        """The objects are complete: names, and the first view on them."""
        self._relations: dict[tuple[str, str], tuple[Table, Index | None]] = {}
        for table in self._tables.values():
            self._add_names(table)
        self._other_names = {(other.schema, other.name): other for other in self._others.values()}
        self._domain_names = {(domain.schema, domain.name): domain for domain in self._domains.values()}
        self._function_names: dict[tuple[str, str], list[Function]] = {}
        for function in self.functions():
            self._function_names.setdefault((function.schema, function.name), []).append(function)
        self._views: dict[tuple[tuple[str, ...], int], Catalog] = {}
        self._sights: dict[tuple[tuple[str, ...], frozenset[str]], tuple[tuple[str, ...], frozenset[str]]] = {}
        self._see(path, role)

    def _see(self, path: tuple[str, ...], role: int) -> None:
        self.path, self.role = path, role
        schemas = self._schemas.items()
        unusable = (
            () if role == ADMIN_OID else (name for name, schema in schemas if not allows(self, role, schema, USAGE))
        )
        self._hidden = frozenset(unusable)
        self.search_path = tuple(name for name in path if name not in self._hidden) if self._hidden else path
        if self.temporary and self.temporary not in self.search_path:
            self.search_path = (self.temporary, *self.search_path)
        sight = (self.search_path, self._hidden)
        self.sight = self._sights.setdefault(sight, sight)

    @classmethod
    def from_rows(cls, version: int, rows: Iterable[tuple[bytes, bytes]], before: Catalog | None = None) -> Catalog:
        """From the rows of keyspace (1, 0). `before`: an older or newer snapshot whose unchanged objects are kept."""
        known = before._descriptors if before is not None else {}
        descriptors: dict[bytes, tuple[bytes, Descriptor]] = {}
        for key, value in rows:
            seen = known.get(key)
            descriptors[key] = seen if seen is not None and seen[0] == value else (value, decode(key, value))
        return cls(version, [descriptor for _, descriptor in descriptors.values()], descriptors)

    def on_path(self, path: tuple[str, ...], role: int = ADMIN_OID) -> Catalog:
        """The same catalog under another search path (without the implied pg_catalog), as `role` sees it."""
        if role == self.role and path == self.path:
            return self
        view = self._views.get((path, role))
        if view is None:
            view = self._copy()
            view._see(path, role)
            self._views[path, role] = view
        return view

    def _copy(self) -> Catalog:
        copy = object.__new__(Catalog)
        for slot in Catalog.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    # -- lookups -------------------------------------------------------------------------------------------------------

    def require_usage(self, schema: str | None) -> None:
        """Whoever takes a schema's name from a statement asks. Raises 42501 for one that the role may not use."""
        if schema is not None and schema in self._hidden:
            raise denied("schema", schema)

    @property
    def hides(self) -> bool:
        """There are schemas that the role may not use."""
        return bool(self._hidden)

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
        """The view or the sequence of that name; None where there is none, also where the name is a table's or an
        index's."""
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

    def find_readable(self, schema: str | None, name: str) -> Table | None:
        """What SELECT reads under a name: a table, or a sequence as a table of one row."""
        other = self.find_other(schema, name)
        return sequence_table(other) if isinstance(other, Sequence) else self.find_table(schema, name)

    def find_index(self, schema: str | None, name: str) -> tuple[Table, Index] | None:
        found = self.find(schema, name)
        return (found[0], found[1]) if found is not None and found[1] is not None else None

    def table(self, schema: str | None, name: str) -> Table:
        """Raises 42P01 where there is no such table (also where its schema does not exist, as PostgreSQL does)."""
        table = self.find_table(schema, name)
        if table is None:
            if isinstance(self.find_other(schema, name), Sequence):
                raise DatabaseError(WRONG_OBJECT_TYPE, f'cannot change sequence "{name}"')
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

    def find_domain(self, schema: str | None, name: str) -> Domain | None:
        """The domain of that name; `schema` None: the first on the search path."""
        names = self._domain_names
        if not names:
            return None
        if schema is not None:
            return names.get((schema, name))
        return next((names[place, name] for place in self.search_path if (place, name) in names), None)

    @property
    def has_domains(self) -> bool:
        return bool(self._domains)

    def domain_by_id(self, domain: int) -> Domain | None:
        return self._domains.get(domain)

    def domains(self) -> Iterator[Domain]:
        """By id."""
        return iter(sorted(self._domains.values(), key=lambda domain: domain.id))

    @property
    def has_functions(self) -> bool:
        return bool(self._functions)

    def functions_named(self, schema: str | None, name: str) -> tuple[Function, ...]:
        """`schema` None: those on the search path, of each signature the first."""
        if schema is not None:
            return tuple(self._function_names.get((schema, name), ()))
        found: dict[tuple[str, ...], Function] = {}
        for place in self.search_path:
            for function in self._function_names.get((place, name), ()):
                found.setdefault(signature(function.arguments), function)
        return tuple(found.values())

    def function_by_id(self, function: int) -> Function | None:
        return self._functions.get(function)

    def functions(self) -> Iterator[Function]:
        """By id."""
        return iter(sorted(self._functions.values(), key=lambda function: function.id))

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
        return next((place for place in self.search_path if place in self._schemas and place != self.temporary), None)

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
        return self._role_settings.get((role, database)) or RoleSettings(role, database, ())

    def all_role_settings(self) -> list[RoleSettings]:
        """By role and database."""
        return [self._role_settings[key] for key in sorted(self._role_settings)]

    def session_settings(self, user: str, database: str) -> dict[str, str]:
        """What a session of `user` starts with: what was set for both before what was set for one, for the role before
        for the database."""
        found: dict[str, str] = {}
        for place in (("", ""), ("", database), (user, ""), (user, database)):
            found.update(self.role_settings(*place).values)
        return found

    def default_acl(self, role: int, schema: int, kind: Kind) -> Acl | None:
        found = self._default_acls.get((role, schema, kind.letter))
        return found.acl if found is not None else None

    def default_acls(self) -> list[DefaultAcl]:
        """By role, schema (id) and kind."""
        return [self._default_acls[key] for key in sorted(self._default_acls)]

    def initial_acl(self, kind: Kind, owner: int, schema: str | None = None) -> Acl | None:
        """Of a new object, which `owner` makes in `schema`."""
        if not self._default_acls:
            return None
        here = self.default_acl(owner, self.schema(schema).id, kind) if schema is not None else None
        return initial_acl(kind, owner, self.default_acl(owner, 0, kind), here)

    def jobs(self) -> list[Job]:
        """By the time of their start."""
        return sorted(self._jobs.values(), key=lambda job: (job.start_time, job.id))

    def job(self, name: str) -> Job | None:
        return self._jobs.get(name)

    # -- overlays ------------------------------------------------------------------------------------------------------

    def with_table(self, table: Table) -> Catalog:
        """An overlay in which `table` replaces or joins the others."""
        return self._overlay(_tables={**self._tables, table.id: table})

    def with_temporary(self, schema: Schema, tables: Iterable[Table]) -> Catalog:
        """An overlay with a session's temporary tables, in a schema of its own, and no others."""
        kept = {number: table for number, table in self._tables.items() if not table.temporary}
        kept.update((table.id, table) for table in tables)
        schemas = {**self._schemas, schema.name: schema}
        return self._overlay(_schemas=schemas, _tables=kept, temporary=schema.name)

    def with_temporary_of(self, other: Catalog) -> Catalog:
        """With the temporary tables of another catalog of the same session: the same object where they are those."""
        own, others = self.temporary_tables(), other.temporary_tables()
        if own == others:
            return self
        return self.with_temporary(other.schema(other.temporary), others)

    def temporary_tables(self) -> list[Table]:
        """By id."""
        if not self.temporary:
            return []
        return [table for table in self.tables() if table.temporary]

    def without_table(self, table: int) -> Catalog:
        return self._overlay(_tables={number: other for number, other in self._tables.items() if number != table})

    def with_schema(self, schema: Schema) -> Catalog:
        """In the place of the schema of its id."""
        others = {other.name: other for other in self._schemas.values() if other.id != schema.id}
        return self._overlay(_schemas={**others, schema.name: schema})

    def without_schema(self, name: str) -> Catalog:
        return self._overlay(_schemas={other: schema for other, schema in self._schemas.items() if other != name})

    def with_settings(self, settings: RoleSettings) -> Catalog:
        return self._overlay(_role_settings={**self._role_settings, (settings.role, settings.database): settings})

    def with_roles(self, changed: Iterable[Role], gone: Iterable[int] = ()) -> Catalog:
        """An overlay in which the roles of `changed` replace or join the others, less those of `gone`."""
        kept = {role.id: role for role in self.roles} | {role.id: role for role in changed}
        return self._overlay(roles=Roles(kept[number] for number in kept.keys() - set(gone)))

    def with_default_acl(self, default: DefaultAcl, gone: bool) -> Catalog:
        key = (default.role, default.schema, default.letter)
        others = {place: other for place, other in self._default_acls.items() if place != key}
        return self._overlay(_default_acls=others if gone else {**others, key: default})

    def with_database(self, database: Database) -> Catalog:
        return self._overlay(database=database)

    def with_job(self, job: Job, without: Iterable[str]) -> Catalog:
        """An overlay with one more job, less those named in `without`."""
        gone = set(without)
        return self._overlay(
            _jobs={name: other for name, other in (self._jobs | {job.id: job}).items() if name not in gone}
        )

    def with_other(self, other: Other) -> Catalog:
        """An overlay in which a view or a sequence replaces the one with its id, or joins the others."""
        return self._overlay(_others={**self._others, other.id: other})

    def without_other(self, number: int) -> Catalog:
        return self._overlay(_others={one: other for one, other in self._others.items() if one != number})

    def with_domain(self, domain: Domain) -> Catalog:
        """An overlay in which the domain replaces the one with its id, or joins the others."""
        return self._overlay(_domains={**self._domains, domain.id: domain})

    def without_domain(self, number: int) -> Catalog:
        return self._overlay(_domains={one: other for one, other in self._domains.items() if one != number})

    def with_function(self, function: Function) -> Catalog:
        return self._overlay(_functions={**self._functions, function.id: function})

    def without_function(self, number: int) -> Catalog:
        return self._overlay(_functions={one: other for one, other in self._functions.items() if one != number})

    def _overlay(self, **changed: object) -> Catalog:
        overlay = self._copy()
        overlay.version = next(_overlay_versions)
        for slot, value in changed.items():
            setattr(overlay, slot, value)
        overlay._descriptors = {}
        overlay._begin_views(self.path, self.role)
        return overlay

    def _add_names(self, table: Table) -> None:
        for schema in (table.schema, MY_TEMPORARY) if table.temporary else (table.schema,):
            self._relations[schema, table.name] = (table, None)
            for index in self.all_indexes(table):
                self._relations[schema, index.name] = (table, index)
