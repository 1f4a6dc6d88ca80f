"""How the catalog is stored: one row for each descriptor, and one for each name that is taken.

They are rows of the system's tables, written by DDL transactions like any other row and read by scans at a start_ts:

    keyspace (1, 0)   kind byte + id (4 bytes)                        -> msgpack of the descriptor: "t" Table, "v" View,
                                                                      "q" Sequence (schema.py), "s" Schema,
                                                                      "y" Domain (domains.py),
                                                                      "f" Function (functions.py)
                      "j" + job id                                -> Job
                      "u" + id (4 bytes)                          -> Role (roles.py)
                      "d"                                         -> Database: its privileges
                      "a" + role, schema (4 bytes each) + kind    -> DefaultAcl (privileges.py)
                      "r" + role + NUL + database                 -> RoleSettings ("" is every role, every database)
    keyspace (2, 0)   "s" + name, "u" + name,                     -> kind byte + id: taken names, so that two creations
                      "r" or "y" + schema + NUL + name,              of one name conflict
                      "f" + schema + NUL + name + NUL + types
    keyspace (3, 0)   "id"                                            -> the next free id (allocation.py)
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from actors.sql.catalog.domains import Domain
from actors.sql.catalog.functions import Function, signature
from actors.sql.catalog.privileges import DefaultAcl
from actors.sql.catalog.roles import Role
from actors.sql.catalog.schema import (
    CATALOG_TABLE,
    NAMES_TABLE,
    Database,
    Job,
    Other,
    RoleSettings,
    Schema,
    Sequence,
    Table,
    View,
)

CATALOG_KEYSPACE = CATALOG_TABLE.to_bytes(4, "big") + b"\x00\x00"
NAMES_KEYSPACE = NAMES_TABLE.to_bytes(4, "big") + b"\x00\x00"
TABLE_KIND = b"t"
SCHEMA_KIND = b"s"
INDEX_KIND = b"i"
SETTINGS_KIND = b"r"
JOB_KIND = b"j"
ROLE_KIND = b"u"
DATABASE_KIND = b"d"
DEFAULT_ACL_KIND = b"a"
VIEW_KIND = b"v"
SEQUENCE_KIND = b"q"
DOMAIN_KIND = b"y"
FUNCTION_KIND = b"f"

_encoder = msgspec.msgpack.Encoder()


def table_key(table: int) -> bytes:
    return CATALOG_KEYSPACE + TABLE_KIND + table.to_bytes(4, "big")


def schema_key(schema: int) -> bytes:
    return CATALOG_KEYSPACE + SCHEMA_KIND + schema.to_bytes(4, "big")


def schema_name_key(name: str) -> bytes:
    return NAMES_KEYSPACE + b"s" + name.encode()


def relation_name_key(schema: str, name: str) -> bytes:
    return NAMES_KEYSPACE + b"r" + schema.encode() + b"\x00" + name.encode()


def settings_key(role: str, database: str) -> bytes:
    return CATALOG_KEYSPACE + SETTINGS_KIND + role.encode() + b"\x00" + database.encode()


def role_key(role: int) -> bytes:
    return CATALOG_KEYSPACE + ROLE_KIND + role.to_bytes(4, "big")


def role_name_key(name: str) -> bytes:
    return NAMES_KEYSPACE + ROLE_KIND + name.encode()


def default_acl_key(default: DefaultAcl) -> bytes:
    place = default.role.to_bytes(4, "big") + default.schema.to_bytes(4, "big")
    return CATALOG_KEYSPACE + DEFAULT_ACL_KIND + place + default.letter.encode()


def database_key() -> bytes:
    return CATALOG_KEYSPACE + DATABASE_KIND


def job_key(job: str) -> bytes:
    return CATALOG_KEYSPACE + JOB_KIND + job.encode()


def other_key(other: Other) -> bytes:
    """Of a view's or a sequence's descriptor."""
    return CATALOG_KEYSPACE + kind_of(other) + other.id.to_bytes(4, "big")


def kind_of(other: Other) -> bytes:
    return VIEW_KIND if isinstance(other, View) else SEQUENCE_KIND


def domain_key(domain: int) -> bytes:
    return CATALOG_KEYSPACE + DOMAIN_KIND + domain.to_bytes(4, "big")


def domain_name_key(schema: str, name: str) -> bytes:
    return NAMES_KEYSPACE + DOMAIN_KIND + schema.encode() + b"\x00" + name.encode()


def function_key(function: int) -> bytes:
    return CATALOG_KEYSPACE + FUNCTION_KIND + function.to_bytes(4, "big")


def function_name_key(function: Function) -> bytes:
    types = ",".join(signature(function.arguments))
    return (
        NAMES_KEYSPACE + FUNCTION_KIND + b"\x00".join(part.encode() for part in (function.schema, function.name, types))
    )


Descriptor = Table | Schema | RoleSettings | Job | Role | Database | DefaultAcl | Domain | Function | Other
_decoders: dict[bytes, Callable[[bytes], Descriptor]] = {
    TABLE_KIND: msgspec.msgpack.Decoder(Table).decode,
    SCHEMA_KIND: msgspec.msgpack.Decoder(Schema).decode,
    SETTINGS_KIND: msgspec.msgpack.Decoder(RoleSettings).decode,
    JOB_KIND: msgspec.msgpack.Decoder(Job).decode,
    ROLE_KIND: msgspec.msgpack.Decoder(Role).decode,
    DEFAULT_ACL_KIND: msgspec.msgpack.Decoder(DefaultAcl).decode,
    DATABASE_KIND: msgspec.msgpack.Decoder(Database).decode,
    VIEW_KIND: msgspec.msgpack.Decoder(View).decode,
    SEQUENCE_KIND: msgspec.msgpack.Decoder(Sequence).decode,
    FUNCTION_KIND: msgspec.msgpack.Decoder(Function).decode,
    DOMAIN_KIND: msgspec.msgpack.Decoder(Domain).decode,
}


def encode(descriptor: Descriptor) -> bytes:
    return _encoder.encode(descriptor)


def decode(key: bytes, value: bytes) -> Descriptor:
    """Of a row of keyspace (1, 0)."""
    return _decoders[key[6:7]](value)
