"""The one error type that crosses layers, and every SQLSTATE that the system uses.

A fault of a user or of a peer is a `DatabaseError` with a SQLSTATE; it travels over the bus and over the
PostgreSQL wire unchanged. An impossible state is an assertion, never a `DatabaseError`.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from actors.common.refusals import AnyRefusal, Redirected, Unanswered


class DatabaseError(Exception):
    """A failure that a client may see: SQLSTATE (5 characters), message, optional detail and hint.

    `position` is a 1-based character offset into the statement, 0 when unknown. `name` fields follow the wire
    protocol's ErrorResponse (table, column, constraint). `context` says where it happened (`COPY t, line 3`); `routine`
    is PostgreSQL's function that raises it, where drivers look for that. `refusal`: what another role is to make of it
    (refusals.py); all else is text for people.
    """

    __slots__ = (
        "column",
        "constraint",
        "context",
        "detail",
        "hint",
        "message",
        "position",
        "refusal",
        "routine",
        "schema",
        "sqlstate",
        "table",
    )

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        position: int = 0,
        schema: str = "",
        table: str = "",
        column: str = "",
        constraint: str = "",
        context: str = "",
        routine: str = "",
        refusal: AnyRefusal | None = None,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.context = context
        self.routine = routine
        self.refusal = refusal

    def __repr__(self) -> str:
        return f"DatabaseError({self.sqlstate!r}, {self.message!r})"


SUCCESSFUL_COMPLETION = "00000"
# Class 08: connection exceptions. A peer that is away (08006) did not necessarily fail to act: a commit that
# ends in 08007 may have happened.
CONNECTION_FAILURE = "08006"
TRANSACTION_RESOLUTION_UNKNOWN = "08007"
PROTOCOL_VIOLATION = "08P01"
FEATURE_NOT_SUPPORTED = "0A000"
INVALID_GRANT_OPERATION = "0LP01"
CARDINALITY_VIOLATION = "21000"
DATA_EXCEPTION = "22000"
STRING_DATA_RIGHT_TRUNCATION = "22001"
NUMERIC_VALUE_OUT_OF_RANGE = "22003"
NULL_VALUE_NOT_ALLOWED = "22004"
INVALID_DATETIME_FORMAT = "22007"
DATETIME_FIELD_OVERFLOW = "22008"
DIVISION_BY_ZERO = "22012"
INVALID_ESCAPE_SEQUENCE = "22025"
INVALID_PARAMETER_VALUE = "22023"
INVALID_ROW_COUNT_IN_LIMIT = "2201W"
INVALID_ROW_COUNT_IN_OFFSET = "2201X"
CHARACTER_NOT_IN_REPERTOIRE = "22021"
INVALID_TEXT_REPRESENTATION = "22P02"
INVALID_BINARY_REPRESENTATION = "22P03"
BAD_COPY_FILE_FORMAT = "22P04"
NOT_NULL_VIOLATION = "23502"
UNIQUE_VIOLATION = "23505"
CHECK_VIOLATION = "23514"
FOREIGN_KEY_VIOLATION = "23503"
RESTRICT_VIOLATION = "23001"
ACTIVE_SQL_TRANSACTION = "25001"
READ_ONLY_SQL_TRANSACTION = "25006"
NO_ACTIVE_SQL_TRANSACTION = "25P01"
IN_FAILED_SQL_TRANSACTION = "25P02"
WITH_CHECK_OPTION_VIOLATION = "44000"
INVALID_SQL_STATEMENT_NAME = "26000"
INVALID_AUTHORIZATION_SPECIFICATION = "28000"
INVALID_PASSWORD = "28P01"
INVALID_CURSOR_NAME = "34000"
INVALID_SAVEPOINT = "3B001"
INVALID_CATALOG_NAME = "3D000"
DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"
INVALID_SCHEMA_NAME = "3F000"
SERIALIZATION_FAILURE = "40001"
SYNTAX_ERROR = "42601"
INSUFFICIENT_PRIVILEGE = "42501"
AMBIGUOUS_COLUMN = "42702"
AMBIGUOUS_FUNCTION = "42725"
UNDEFINED_COLUMN = "42703"
UNDEFINED_OBJECT = "42704"
DUPLICATE_OBJECT = "42710"
DUPLICATE_FUNCTION = "42723"
INVALID_FUNCTION_DEFINITION = "42P13"
DUPLICATE_COLUMN = "42701"
GROUPING_ERROR = "42803"
UNDEFINED_PARAMETER = "42P02"
WINDOWING_ERROR = "42P20"
INVALID_COLUMN_DEFINITION = "42611"
DATATYPE_MISMATCH = "42804"
CANNOT_COERCE = "42846"
WRONG_OBJECT_TYPE = "42809"
GENERATED_ALWAYS = "428C9"
INVALID_FOREIGN_KEY = "42830"
UNDEFINED_FUNCTION = "42883"
RESERVED_NAME = "42939"
UNDEFINED_TABLE = "42P01"
INVALID_OBJECT_DEFINITION = "42P17"
UNDEFINED_PARAMETER = "42P02"
DUPLICATE_CURSOR = "42P03"
DUPLICATE_PREPARED_STATEMENT = "42P05"
DUPLICATE_TABLE = "42P07"
INVALID_COLUMN_REFERENCE = "42P10"
INVALID_TABLE_DEFINITION = "42P16"
INDETERMINATE_DATATYPE = "42P18"
INVALID_RECURSION = "42P19"
DISK_FULL = "53100"
OUT_OF_MEMORY = "53200"
TOO_MANY_CONNECTIONS = "53300"
CONFIGURATION_LIMIT_EXCEEDED = "53400"
PROGRAM_LIMIT_EXCEEDED = "54000"
STATEMENT_TOO_COMPLEX = "54001"
TOO_MANY_COLUMNS = "54011"
OBJECT_NOT_IN_PREREQUISITE_STATE = "55000"
OBJECT_IN_USE = "55006"
CANT_CHANGE_RUNTIME_PARAM = "55P02"
LOCK_NOT_AVAILABLE = "55P03"
QUERY_CANCELED = "57014"
ADMIN_SHUTDOWN = "57P01"
CANNOT_CONNECT_NOW = "57P03"
IDLE_SESSION_TIMEOUT = "57P05"
IDLE_IN_TRANSACTION_TIMEOUT = "25P03"
TRANSACTION_TIMEOUT = "25P04"
IO_ERROR = "58030"
UNDEFINED_FILE = "58P01"
INTERNAL_ERROR = "XX000"
DATA_CORRUPTED = "XX001"


def conflict() -> DatabaseError:
    """Another transaction wrote one of this one's keys first (DSQL's OC000)."""
    return DatabaseError(SERIALIZATION_FAILURE, "change conflicts with another transaction (OC000)")


def schema_changed() -> DatabaseError:
    """The transaction was planned under an older version of a table's schema (DSQL's OC001)."""
    return DatabaseError(SERIALIZATION_FAILURE, "schema has been updated by another transaction (OC001)")


def is_schema_changed(error: DatabaseError) -> bool:
    return error.sqlstate == SERIALIZATION_FAILURE and error.message.endswith("(OC001)")


def redirected() -> DatabaseError:
    """55000: the shard map that the query processor or the coordinator went by is not the one known here. Internal: the
    query processor sends its work again, by a newer map."""
    return DatabaseError(
        OBJECT_NOT_IN_PREREQUISITE_STATE, "the keys belong to another adjudicator", refusal=Redirected()
    )


def is_redirected(error: DatabaseError) -> bool:
    return isinstance(error.refusal, Redirected)


def statement_memory_exceeded(bytes_max: int) -> DatabaseError:
    """A statement needs more memory than one may use: sorts, hash tables, intermediates, literals and what is held of a
    result (DSQL's text)."""
    return DatabaseError(
        PROGRAM_LIMIT_EXCEEDED, f"query requires more than allowed temp space of {bytes_max >> 10} KB to execute"
    )


def unavailable(peer: str, why: str = "no connection", *, sent: bool = True) -> DatabaseError:
    """A peer cannot be reached. Internal: a layer that can turn to another peer does so before a client sees it.

    `sent` False: certainly no byte of the request has left; the refusal says so.
    """
    return DatabaseError(
        CONNECTION_FAILURE, f"{peer} is unavailable: {why}", detail="" if sent else "not sent", refusal=Unanswered(sent)
    )
