"""The system catalogs as tables: pg_catalog, information_schema and sys, with rows made from the transaction's Catalog.

`system_relations.txt` lists every relation of PostgreSQL's two system schemas with its columns and types,
`system_types.txt` the built-in types; a relation for which `ROWS` has no maker is empty, which is the truth for what
this system does not have (triggers, publications ...). Columns are filled by name; one that a maker does not give is
NULL. Arrays and vectors are text (array_texts.py). The makers of one subject have a module (relation_rows.py,
role_rows.py ...); the others are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

from actors.sql.catalog.array_texts import acl_text, text_array
from actors.sql.catalog.builtin_rows import BUILTIN_ROWS
from actors.sql.catalog.catalog_functions import OWNER_OID
from actors.sql.catalog.constraint_rows import constraint_rows
from actors.sql.catalog.dependency_rows import DEPENDENCY_ROWS
from actors.sql.catalog.domain_rows import DOMAIN_ROWS, domain_type_rows
from actors.sql.catalog.function_rows import FUNCTION_ROWS, procedure_rows
from actors.sql.catalog.information_schema import INFORMATION_SCHEMA_ROWS
from actors.sql.catalog.operator_rows import OPERATOR_ROWS
from actors.sql.catalog.relation_rows import BTREE_OID, DEFAULT_COLLATION_OID, HEAP_OID, RELATION_ROWS
from actors.sql.catalog.role_rows import ROLE_ROWS
from actors.sql.catalog.schema import DATABASE_OID, SYSTEM_SCHEMAS
from actors.sql.catalog.sequence_rows import SEQUENCE_ROWS
from actors.sql.catalog.table_parts import CLASS_OIDS, comments_of
from actors.sql.catalog.type_rows import type_rows
from actors.sql.settings import pg_settings
from actors.sql.types.arrays import ARRAY_TYPES
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.expressions.environment import Environment

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: datums of timestamptz count from the former."""
C_COLLATION_OID = 950
FIRST_VIEW_OID = 12000
"""PostgreSQL's views have an oid of their own at each initdb; its tables' are always the same (system_oids.txt)."""
TYPE_NAMES = {
    "sql_identifier": "name",
    "character_data": "varchar",
    "yes_or_no": "varchar",
    "cardinal_number": "int4",
    "time_stamp": "timestamptz",
    "char": "char",
    "xid": "int8",
    "regtype": "oid",
    "_regtype": "_text",
    "_aclitem": "_text",
}
"""System column types that are shown as another; those not known here (node trees ...) are text."""
KNOWN = frozenset(ARRAY_TYPES) | frozenset(
    {
        "int2vector",
        "regproc",
        "oidvector",
        "oid",
        "int2",
        "int4",
        "int8",
        "bool",
        "text",
        "varchar",
        "name",
        "char",
        "timestamptz",
        "float4",
        "float8",
        "interval",
        "bytea",
    }
)
NAMESPACE_OID = 2615
SCHEMA_COMMENTS = {"public": "standard public schema"}
"""As PostgreSQL begins with; pg_dump tells by it that nobody has commented on the schema."""
Row = dict[str, Any]


class CatalogReader(Protocol):
    """What the relations are made from: a transaction, whose catalog and whose session's environment they show."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def environment(self) -> Environment: ...


@dataclass(frozen=True)
class SystemTable:
    """`rows(transaction)` gives tuples of datums: one for each of `columns`, then tableoid."""

    schema: str
    name: str
    columns: tuple[tuple[str, ColumnType], ...]
    oid: int

    def rows(self, transaction: CatalogReader) -> list[tuple[Any, ...]]:
        maker = ROWS.get(self.name)
        if maker is None:
            return []
        names = [name for name, _ in self.columns]
        return [(*map(row.get, names), self.oid) for row in maker(transaction)]


@cache
def _relations() -> dict[tuple[str, str], SystemTable]:
    here = files("actors.sql.catalog")
    oids = {
        name: int(oid)
        for oid, name in (line.split("|") for line in here.joinpath("system_oids.txt").read_text().splitlines())
    }
    found: dict[tuple[str, str], SystemTable] = {}
    for number, line in enumerate(here.joinpath("system_relations.txt").read_text().splitlines()):
        schema, name, columns = line.split(" ")
        pairs = (column.split(":") for column in columns.split(","))
        oid = oids.get(name, FIRST_VIEW_OID + number)
        found[schema, name] = SystemTable(schema, name, tuple((column, _type(type_)) for column, type_ in pairs), oid)
    jobs = (
        "job_id:text,status:text,details:text,job_type:text,"
        "class_id:oid,object_id:oid,object_name:text,start_time:timestamptz,update_time:timestamptz"
    )
    mappings = (
        "iam_oid:oid,arn:text,pg_role_oid:oid,pg_role_name:name,grantor_pg_role_oid:oid,grantor_pg_role_name:name"
    )
    for name, columns in (("jobs", jobs), ("iam_pg_role_mappings", mappings)):
        typed = tuple((column.split(":")[0], _type(column.split(":")[1])) for column in columns.split(","))
        found["sys", name] = SystemTable("sys", name, typed, FIRST_VIEW_OID + len(found))
    return found


@cache
def system_table_with(oid: int) -> SystemTable | None:
    return next((table for table in _relations().values() if table.oid == oid), None)


def _type(name: str) -> ColumnType:
    name = TYPE_NAMES.get(name, name)
    return ColumnType(name if name in KNOWN else "text")


def find_system_table(schema: str | None, name: str) -> SystemTable | None:
    """`schema` None: pg_catalog, which comes first on every search path."""
    return _relations().get((schema or "pg_catalog", name))


# -- pg_catalog --------------------------------------------------------------------------------------------------------


def _namespaces(transaction: CatalogReader) -> Iterator[Row]:
    for schema in transaction.catalog.schemas():
        yield {
            "oid": schema.id,
            "nspname": schema.name,
            "nspowner": schema.owner,
            "nspacl": acl_text(schema.acl, transaction.catalog.roles),
        }


def _initial_privileges(transaction: CatalogReader) -> Iterator[Row]:
    """Of the system's schemas: pg_dump leaves out what has not changed since."""
    for schema in transaction.catalog.schemas():
        if schema.name in SYSTEM_SCHEMAS:
            acl = acl_text(schema.acl, transaction.catalog.roles)
            yield {"objoid": schema.id, "classoid": NAMESPACE_OID, "objsubid": 0, "privtype": "i", "initprivs": acl}


def _descriptions(transaction: CatalogReader) -> Iterator[Row]:
    described = {oid for oid, owner, _, _ in comments_of(transaction.catalog) if CLASS_OIDS[owner] == NAMESPACE_OID}
    for schema in transaction.catalog.schemas():
        if schema.name in SCHEMA_COMMENTS and schema.id not in described:
            row: Row = {"objoid": schema.id, "classoid": NAMESPACE_OID, "objsubid": 0}
            yield {**row, "description": SCHEMA_COMMENTS[schema.name]}
    for oid, owner, column, text in comments_of(transaction.catalog):
        yield {"objoid": oid, "classoid": CLASS_OIDS[owner], "objsubid": column, "description": text}


def _types(transaction: CatalogReader) -> Iterator[Row]:
    yield from type_rows(transaction)
    yield from domain_type_rows(transaction)


def _procedures(transaction: CatalogReader) -> Iterator[Row]:
    yield from BUILTIN_ROWS["pg_proc"](transaction)
    yield from procedure_rows(transaction)


def _jobs(transaction: CatalogReader) -> Iterator[Row]:
    """Those of the roles whose privileges the current user has; admin's are all."""
    roles = transaction.catalog.roles
    reader = roles.find(transaction.environment.user)
    for job in transaction.catalog.jobs():
        if reader is None or not roles.has_privileges_of(reader.id, job.role):
            continue
        row: Row = {"job_id": job.id, "status": job.status, "details": job.details or None, "job_type": job.job_type}
        times = {name: getattr(job, name) - EPOCH_US for name in ("start_time", "update_time")}
        yield {**row, **times, "class_id": job.class_id, "object_id": job.object_id, "object_name": job.object_name}


def _databases(transaction: CatalogReader) -> Iterator[Row]:
    acl = acl_text(transaction.catalog.database.acl, transaction.catalog.roles)
    row = {
        "oid": DATABASE_OID,
        "datname": "postgres",
        "datdba": OWNER_OID,
        "datacl": acl,
        "encoding": 6,
        "datlocprovider": "c",
        "datistemplate": False,
    }
    yield {
        **row,
        "datallowconn": True,
        "datconnlimit": -1,
        "datfrozenxid": 0,
        "datminmxid": 0,
        "dattablespace": 1663,
        "datcollate": "C",
        "datctype": "C",
    }


def _role_settings(transaction: CatalogReader) -> Iterator[Row]:
    for settings in transaction.catalog.all_role_settings():
        role = transaction.catalog.roles.find(settings.role)
        yield {
            "setdatabase": DATABASE_OID if settings.database else 0,
            "setrole": role.id if role is not None else None if settings.role else 0,
            "setconfig": text_array(f"{name}={value}" for name, value in settings.values),
        }


def _access_methods(_: CatalogReader) -> Iterator[Row]:
    yield {"oid": HEAP_OID, "amname": "heap", "amhandler": "heap_tableam_handler", "amtype": "t"}
    yield {"oid": BTREE_OID, "amname": "btree", "amhandler": "bthandler", "amtype": "i"}


def _collations(_: CatalogReader) -> Iterator[Row]:
    for oid, name in ((DEFAULT_COLLATION_OID, "default"), (C_COLLATION_OID, "C"), (951, "POSIX")):
        row = {
            "oid": oid,
            "collname": name,
            "collnamespace": 11,
            "collowner": OWNER_OID,
            "collprovider": "c" if oid > 100 else "d",
        }
        yield {**row, "collisdeterministic": True, "collencoding": -1, "collcollate": "C", "collctype": "C"}


def _settings(transaction: CatalogReader) -> Iterator[Row]:
    return pg_settings.rows(transaction.environment.settings())


def _activity(transaction: CatalogReader) -> Iterator[Row]:
    environment = transaction.environment
    found = transaction.catalog.roles.find(environment.session_user)
    role = found.id if found is not None else None
    row = {
        "datid": DATABASE_OID,
        "datname": "postgres",
        "pid": environment.backend_pid,
        "usesysid": role,
        "usename": environment.session_user,
    }
    yield {
        **row,
        "application_name": environment.settings().get("application_name", ""),
        "xact_start": environment.transaction_timestamp,
        "query_start": environment.statement_timestamp,
        "state": "active",
        "backend_type": "client backend",
        **next(iter(environment.session_rows("pg_stat_activity")), {}),
    }


def _of_session(view: str) -> Callable[[CatalogReader], Iterator[Row]]:
    def rows(transaction: CatalogReader) -> Iterator[Row]:
        for row in transaction.environment.session_rows(view):
            yield {name: text_array(value) if isinstance(value, list) else value for name, value in row.items()}

    return rows


ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pg_namespace": _namespaces,
    "pg_type": _types,
    "pg_constraint": constraint_rows,
    "pg_database": _databases,
    "pg_description": _descriptions,
    "pg_init_privs": _initial_privileges,
    "jobs": _jobs,
    "pg_db_role_setting": _role_settings,
    **RELATION_ROWS,
    **ROLE_ROWS,
    "pg_am": _access_methods,
    "pg_collation": _collations,
    "pg_settings": _settings,
    "pg_stat_activity": _activity,
    "pg_prepared_statements": _of_session("pg_prepared_statements"),
    "pg_cursors": _of_session("pg_cursors"),
    **BUILTIN_ROWS,
    **OPERATOR_ROWS,
    **SEQUENCE_ROWS,
    **DEPENDENCY_ROWS,
    **INFORMATION_SCHEMA_ROWS,
    **DOMAIN_ROWS,
    **FUNCTION_ROWS,
    "pg_proc": _procedures,
}
