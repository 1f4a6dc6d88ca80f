"""The system catalogs as tables: pg_catalog, information_schema and sys, with rows made from the transaction's Catalog.

`system_relations.txt` lists every relation of PostgreSQL's two system schemas with its columns and types,
`system_types.txt` the built-in types; a relation for which `ROWS` has no maker is empty, which is the truth for what
this system does not have (triggers, publications ...). Columns are filled by name; one that a maker does not give is
NULL. Arrays and vectors are text (catalog_calls.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

from actors.sql.catalog.builtin_rows import BUILTIN_ROWS
from actors.sql.catalog.catalog_functions import OWNER_OID, index_definition, view_definition
from actors.sql.catalog.constraint_rows import constraint_rows
from actors.sql.catalog.information_schema import INFORMATION_SCHEMA_ROWS, numbered
from actors.sql.catalog.privileges import Acl, acl_texts
from actors.sql.catalog.role_rows import ROLE_ROWS
from actors.sql.catalog.schema import INVALID
from actors.sql.catalog.sequence_rows import SEQUENCE_ROWS, shown_default
from actors.sql.catalog.sequence_tables import COLUMNS as SEQUENCE_COLUMNS
from actors.sql.catalog.snapshot import DATABASE_OID
from actors.sql.catalog.table_parts import CLASS_OIDS, comments_of, indexes_of
from actors.sql.settings import pg_settings
from actors.sql.types import by_name, by_oid
from actors.sql.types.arrays import ARRAY_TYPES, array_of_items
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.expressions.environment import Environment

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: datums of timestamptz count from the former."""
BTREE_OID = 403
HEAP_OID = 2
C_COLLATION_OID = 950
DEFAULT_COLLATION_OID = 100
FIRST_VIEW_OID = 12000
"""PostgreSQL's views have an oid of their own at each initdb; its tables' are always the same (system_oids.txt)."""
COLLATED = frozenset({"text", "varchar", "bpchar", "name"})
STORED_AS = {
    "int2": 2,
    "int4": 4,
    "int8": 8,
    "float4": 4,
    "float8": 8,
    "bool": 1,
    "uuid": 16,
    "date": 4,
    "time": 8,
    "interval": 16,
}
TYPE_NAMES = {
    "sql_identifier": "name",
    "character_data": "text",
    "yes_or_no": "text",
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
        "name",
        "char",
        "timestamptz",
        "float4",
        "float8",
        "interval",
        "bytea",
    }
)
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
            "nspacl": _acl_text(transaction, schema.acl),
        }


def _schema_oids(transaction: CatalogReader) -> dict[str, int]:
    return {schema.name: schema.id for schema in transaction.catalog.schemas()}


def _relation(oid: int, name: str, namespace: int, kind: str, columns: int, owner: int) -> Row:
    flags = dict.fromkeys(
        ("relhasrules", "relhastriggers", "relhassubclass", "relrowsecurity", "relforcerowsecurity", "relisshared"),
        False,
    )
    numbers = dict.fromkeys(
        ("reltype", "reloftype", "reltablespace", "reltoastrelid", "relallvisible", "relchecks", "relrewrite"), 0
    )
    return {
        **flags,
        **numbers,
        "oid": oid,
        "relname": name,
        "relnamespace": namespace,
        "relowner": owner,
        "relam": {"r": HEAP_OID, "i": BTREE_OID}.get(kind, 0),
        "relfilenode": 0 if kind == "v" else oid,
        "relpages": 0,
        "reltuples": -1.0,
        "relhasindex": False,
        "relpersistence": "p",
        "relkind": kind,
        "relnatts": columns,
        "relispopulated": True,
        "relreplident": "d" if kind == "r" else "n",
        "relispartition": False,
    }


def _classes(transaction: CatalogReader) -> Iterator[Row]:
    oids = _schema_oids(transaction)
    for table in transaction.catalog.tables():
        namespace = oids[table.schema]
        indexes = indexes_of(table)
        row = _relation(table.id, table.name, namespace, "r", len(table.columns), table.owner)
        triggers = {"relhastriggers": bool(table.foreign_keys or table.referenced_by)}
        yield {
            **row,
            "relacl": _acl_text(transaction, table.acl),
            "relhasindex": bool(indexes),
            "relchecks": len(table.checks),
            **triggers,
        }
        for index in indexes:
            yield _relation(index.oid, index.name, namespace, "i", len(index.columns), table.owner)
    for view in transaction.catalog.views():
        row = _relation(view.id, view.name, oids[view.schema], "v", len(view.columns), view.owner)
        yield {**row, "relacl": _acl_text(transaction, view.acl), "relhasrules": True}
    yield from _sequence_classes(transaction)


def _sequence_classes(transaction: CatalogReader) -> Iterator[Row]:
    oids = _schema_oids(transaction)
    for sequence in transaction.catalog.sequences():
        row = _relation(sequence.id, sequence.name, oids[sequence.schema], "S", len(SEQUENCE_COLUMNS), sequence.owner)
        yield {**row, "relacl": _acl_text(transaction, sequence.acl)}


def _attribute(relation: int, number: int, name: str, type_: ColumnType, **more: Any) -> Row:
    known = by_name[type_.name]
    return {
        "attrelid": relation,
        "attname": name,
        "atttypid": known.oid,
        "attlen": STORED_AS.get(type_.name, -1),
        "attnum": number,
        "attndims": 0,
        "atttypmod": type_.modifier,
        "attbyval": type_.name in ("bool", "int2", "int4", "int8", "float4", "float8", "date", "time"),
        "attalign": "i",
        "attstorage": "p" if type_.name in STORED_AS else "x",
        "attcompression": "",
        "attnotnull": False,
        "atthasdef": False,
        "atthasmissing": False,
        "attidentity": "",
        "attgenerated": "",
        "attisdropped": False,
        "attislocal": True,
        "attinhcount": 0,
        "attcollation": DEFAULT_COLLATION_OID if type_.name in COLLATED else 0,
        **more,
    }


def _attributes(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for number, column in numbered(table):
            name = f"........pg.dropped.{number}........" if column.dropped else column.name
            has_default = column.default is not None and not column.dropped
            acl = _acl_text(transaction, table.column_acl(column.position) or None)
            flags = {
                "attacl": acl,
                "attnotnull": column.not_null,
                "atthasdef": has_default,
                "attisdropped": column.dropped,
                "attidentity": column.identity,
            }
            yield _attribute(table.id, number, name, column.type, **flags)
        by_position = {column.position: column for column in table.columns}
        for index in indexes_of(table):
            for place, part in enumerate(index.columns, 1):
                column = by_position[part.position]
                yield _attribute(index.oid, place, column.name, column.type)
    for view in transaction.catalog.views():
        for place, shown in enumerate(view.columns, 1):
            acl = _acl_text(transaction, view.column_acl(place - 1) or None)
            yield _attribute(view.id, place, shown.name, shown.type, attacl=acl)
    yield from _sequence_attributes(transaction)


def _sequence_attributes(transaction: CatalogReader) -> Iterator[Row]:
    for sequence in transaction.catalog.sequences():
        for place, column in enumerate(SEQUENCE_COLUMNS, 1):
            yield _attribute(sequence.id, place, column.name, column.type, attnotnull=True)


def _defaults(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for number, column in numbered(table):
            if column.default is not None and not column.dropped:
                yield {
                    "oid": table.id * 1000 % 2**31 + number,
                    "adrelid": table.id,
                    "adnum": number,
                    "adbin": shown_default(transaction.catalog, column.default),
                }


@cache
def _type_names() -> dict[int, str]:
    return {row["oid"]: row["typname"] for row in _types(None)}


def system_type_name(oid: int) -> str:
    """Of a type that pg_type shows and no value has; "" where there is none."""
    return _type_names().get(oid, "")


def system_type_named(name: str) -> int | None:
    """The oid of a type that has no other name: a pseudo-type, a range ..."""
    return next((oid for oid, known in _type_names().items() if known == name and oid not in by_oid), None)


def _types(_: CatalogReader | None) -> Iterator[Row]:
    names = [
        "oid",
        "typname",
        "typlen",
        "typbyval",
        "typtype",
        "typcategory",
        "typispreferred",
        "typdelim",
        "typelem",
        "typarray",
        "typcollation",
    ]
    numbers = {"oid", "typlen", "typelem", "typarray", "typcollation"}
    text = files("actors.sql.catalog").joinpath("system_types.txt").read_text()
    for line in text.splitlines():
        fields = line.split("|")
        row: Row = {}
        for name, field in zip(names, fields, strict=False):
            row[name] = (
                int(field) if name in numbers else field == "t" if name in ("typbyval", "typispreferred") else field
            )
        for name, field in zip(("typinput", "typoutput", "typreceive", "typsend"), fields[11:15], strict=True):
            row[name] = field
        fixed = {
            "typnamespace": 11,
            "typowner": OWNER_OID,
            "typisdefined": True,
            "typrelid": 0,
            "typbasetype": 0,
            "typtypmod": -1,
        }
        yield {
            **row,
            **fixed,
            "typnotnull": False,
            "typndims": 0,
            "typalign": "i",
            "typstorage": "p",
            "typsubscript": "-",
        }


def _option(descending: bool, nulls_first: bool) -> int:
    return (1 if descending else 0) | (2 if nulls_first else 0)


def _indexes(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for index in indexes_of(table):
            yield {
                "indexrelid": index.oid,
                "indrelid": table.id,
                "indnatts": len(index.columns),
                "indnkeyatts": len(index.columns),
                "indisunique": index.unique or index.primary,
                "indnullsnotdistinct": not index.nulls_distinct,
                "indisprimary": index.primary,
                "indisexclusion": False,
                "indimmediate": True,
                "indisclustered": False,
                "indisvalid": not index.state,
                "indcheckxmin": False,
                "indisready": index.state != INVALID,
                "indislive": True,
                "indisreplident": False,
                "indkey": " ".join(str(column.position + 1) for column in index.columns),
                "indcollation": " ".join("0" for _ in index.columns),
                "indclass": " ".join("0" for _ in index.columns),
                "indoption": " ".join(str(_option(column.descending, column.nulls_first)) for column in index.columns),
            }


def _descriptions(transaction: CatalogReader) -> Iterator[Row]:
    for oid, owner, column, text in comments_of(transaction.catalog):
        yield {"objoid": oid, "classoid": CLASS_OIDS[owner], "objsubid": column, "description": text}


def _jobs(transaction: CatalogReader) -> Iterator[Row]:
    for job in transaction.catalog.jobs():
        row: Row = {"job_id": job.id, "status": job.status, "details": job.details or None, "job_type": job.job_type}
        times = {name: getattr(job, name) - EPOCH_US for name in ("start_time", "update_time")}
        yield {**row, **times, "class_id": job.class_id, "object_id": job.object_id, "object_name": job.object_name}


def _databases(transaction: CatalogReader) -> Iterator[Row]:
    acl = _acl_text(transaction, transaction.catalog.database.acl)
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
            "setconfig": _text_array(f"{name}={value}" for name, value in settings.values),
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


def _pg_tables(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        row = {
            "schemaname": table.schema,
            "tablename": table.name,
            "tableowner": transaction.catalog.roles.name_of(table.owner),
            "hasindexes": bool(indexes_of(table)),
        }
        yield {**row, "hasrules": False, "hastriggers": False, "rowsecurity": False}


def _pg_indexes(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for index in indexes_of(table):
            row = {"schemaname": table.schema, "tablename": table.name, "indexname": index.name}
            yield {**row, "indexdef": index_definition(table, index)}


def _pg_views(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for view in catalog.views():
        yield {
            "schemaname": view.schema,
            "viewname": view.name,
            "viewowner": transaction.catalog.roles.name_of(view.owner),
            "definition": view_definition(catalog, view),
        }


def _settings(transaction: CatalogReader) -> Iterator[Row]:
    return pg_settings.rows(transaction.environment.settings)


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
        "application_name": environment.settings.get("application_name", ""),
        "xact_start": environment.transaction_timestamp,
        "query_start": environment.statement_timestamp,
        "state": "active",
        "backend_type": "client backend",
        **next(iter(environment.session_rows("pg_stat_activity")), {}),
    }


def _of_session(view: str) -> Callable[[CatalogReader], Iterator[Row]]:
    def rows(transaction: CatalogReader) -> Iterator[Row]:
        for row in transaction.environment.session_rows(view):
            yield {name: _text_array(value) if isinstance(value, list) else value for name, value in row.items()}

    return rows


def _acl_text(transaction: CatalogReader, acl: Acl | None) -> str | None:
    return None if acl is None else _text_array(acl_texts(acl, transaction.catalog.roles))


def _text_array(items: Iterable[str]) -> str:
    return by_name["_text"].format_text(array_of_items(items), -1)


ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pg_namespace": _namespaces,
    "pg_class": _classes,
    "pg_attribute": _attributes,
    "pg_attrdef": _defaults,
    "pg_type": _types,
    "pg_index": _indexes,
    "pg_constraint": constraint_rows,
    "pg_database": _databases,
    "pg_description": _descriptions,
    "jobs": _jobs,
    "pg_db_role_setting": _role_settings,
    **ROLE_ROWS,
    "pg_am": _access_methods,
    "pg_collation": _collations,
    "pg_tables": _pg_tables,
    "pg_indexes": _pg_indexes,
    "pg_views": _pg_views,
    "pg_settings": _settings,
    "pg_stat_activity": _activity,
    "pg_prepared_statements": _of_session("pg_prepared_statements"),
    "pg_cursors": _of_session("pg_cursors"),
    **BUILTIN_ROWS,
    **SEQUENCE_ROWS,
    **INFORMATION_SCHEMA_ROWS,
}
