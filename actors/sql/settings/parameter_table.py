"""The run-time parameters that there are: name, default, what values they take, who reads them.

No parameter is accepted and then ignored in silence. Its `use` says how it is kept:

    honoured   something reads it (tests/unit/query_processor/session/test_run_time_parameters.py shows the effect of
               each)
    fixed      there is one behaviour: the values that mean it are accepted, others are refused with 0A000
    moot       PostgreSQL's effect concerns what cannot be here, so that every value is kept to (row_security without
               policies, lock_timeout where no statement waits for a lock)
    advice     a hint to a planner or an allocator that changes no result; a value other than the present one is
               answered with a NOTICE
    internal   read-only

DSQL knows the parameters of `dsql` and refuses others; in dsql mode timeouts and advice beyond its list are refused
with its text, unless the value is the one that holds anyway. What drivers send when they connect goes on to be accepted
there.
"""

from __future__ import annotations

from typing import NamedTuple

SERVER_VERSION = "16.10"
"""What DSQL presents: a PostgreSQL 16. Clients choose their catalog queries by it."""
SERVER_VERSION_NUMBER = "160010"

HONOURED, FIXED, MOOT, ADVICE, INTERNAL = "honoured", "fixed", "moot", "advice", "internal"


class Definition(NamedTuple):
    name: str
    default: str
    kind: str = "string"
    """string, bool, integer, milliseconds, a | separated choice, or one with a reader of its own
    (parameter_values.py)."""
    use: str = INTERNAL
    reported: bool = False
    """ParameterStatus tells it."""
    dsql: bool = False
    """DSQL lets a session set it."""
    values: tuple[str, ...] = ()
    """Of a fixed parameter: what is accepted, in lower case; () for the default alone."""
    low: int = 0
    high: int = 2**31 - 1
    """Of an integer or milliseconds."""
    description: str = ""


_LEVELS = "debug5|debug4|debug3|debug2|debug1|log|notice|warning|error"
_DURABLE = "on|off|local|remote_write|remote_apply"

_DEFINITIONS = (
    Definition("server_version", SERVER_VERSION, reported=True, description="Shows the server version."),
    Definition("server_version_num", SERVER_VERSION_NUMBER, "integer",
    description="Shows the server version as an integer."),
    Definition("server_encoding", "UTF8", reported=True, description="Shows the server (database) character set "
            "encoding."),
    Definition("integer_datetimes", "on", "bool", reported=True, description="Shows whether datetimes are integer "
            "based."),
    Definition("in_hot_standby", "off", "bool", reported=True, description="Shows whether hot standby is currently "
            "active."),
    Definition("is_superuser", "off", "bool", reported=True, description="Shows whether the current user is a "
            "superuser."),
    Definition(
        "session_authorization", "admin", "identity", HONOURED, reported=True,
        description="Sets the session user name.",
    ),
    Definition("role", "none", "identity", HONOURED, dsql=True, description="Sets the current role."),
    Definition("lc_collate", "C"),
    Definition("lc_ctype", "C"),
    Definition("block_size", "8192", "integer"),
    Definition("max_identifier_length", "63", "integer"),
    Definition("max_index_keys", "8", "integer"),
    Definition("data_checksums", "on", "bool"),
    Definition("ssl", "off", "bool"),
    Definition("max_connections", "10000", "integer"),
    Definition("wal_level", "logical"),
    Definition("max_prepared_transactions", "0", "integer"),
    Definition(
        "client_encoding", "UTF8", "encoding", HONOURED, True, True, description="Sets the client's character set "
                "encoding."
    ),
    Definition(
        "application_name", "", "name", HONOURED, True, True, description="Sets the application name to be reported "
                "in statistics and logs."
    ),
    Definition(
        "DateStyle", "ISO, MDY", "datestyle", HONOURED, True, True, description="Sets the display format for date "
                "and time values."
    ),
    Definition(
        "IntervalStyle", "postgres", "postgres|postgres_verbose|sql_standard|iso_8601", HONOURED, True, True,
        description="Sets the display format for interval values.",
    ),
    Definition(
        "TimeZone", "UTC", "timezone", HONOURED, True, True,
        description="Sets the time zone for displaying and interpreting time stamps.",
    ),
    Definition("standard_conforming_strings", "on", "bool", FIXED, True),
    Definition("default_transaction_read_only", "off", "bool", HONOURED, True),
    Definition("transaction_read_only", "off", "bool", HONOURED),
    Definition("default_transaction_isolation", "repeatable read", "isolation", FIXED),
    Definition("transaction_isolation", "repeatable read", "isolation", FIXED),
    Definition("transaction_deferrable", "off", "bool", MOOT),
    Definition("default_transaction_deferrable", "off", "bool", MOOT),
    Definition(
        "search_path", '"$user", public', "string", HONOURED, False, True,
        description="Sets the schema search order for names that are not schema-qualified.",
    ),
    Definition(
        "extra_float_digits", "1", "integer", HONOURED, False, True, low=-15, high=3,
        description="Sets the number of digits displayed for floating-point values.",
    ),
    Definition("bytea_output", "hex", "escape|hex", HONOURED, description="Sets the output format for bytea."),
    Definition(
        "eagleray.max_staleness", "0", "milliseconds", HONOURED, dsql=True,
        description="Sets how old the snapshot of a READ ONLY transaction may be.",
    ),
    Definition(
        "statement_timeout", "0", "milliseconds", HONOURED, description="Sets the maximum allowed duration of any "
                "statement."
    ),
    Definition("lock_timeout", "0", "milliseconds", MOOT, description="Sets the maximum allowed duration of any wait "
            "for a lock."),
    Definition(
        "idle_in_transaction_session_timeout", "0", "milliseconds", HONOURED,
        description="Sets the maximum allowed idle time between queries, when in a transaction.",
    ),
    Definition(
        "idle_session_timeout", "0", "milliseconds", HONOURED,
        description="Sets the maximum allowed idle time between queries, when not in a transaction.",
    ),
    Definition(
        "transaction_timeout", "0", "milliseconds", HONOURED,
        description="Sets the maximum allowed duration of any transaction within a session (not a prepared "
                "transaction).",
    ),
    Definition("client_min_messages", "notice", _LEVELS, HONOURED, description="Sets the message levels that are "
            "sent to the client."),
    Definition("tcp_keepalives_idle", "0", "integer", FIXED),
    Definition("check_function_bodies", "on", "bool", MOOT),
    Definition("row_security", "on", "bool", MOOT),
    Definition("xmloption", "content", "content|document", MOOT),
    Definition("escape_string_warning", "on", "bool", MOOT),
    Definition("synchronous_commit", "on", _DURABLE, MOOT),
    Definition("default_tablespace", "", "string", FIXED, values=("", "pg_default")),
    Definition("default_table_access_method", "heap", "string", FIXED),
    Definition("default_toast_compression", "pglz", "string", FIXED),
    Definition("quote_all_identifiers", "off", "bool", FIXED),
    Definition("backslash_quote", "safe_encoding", "string", FIXED, values=("safe_encoding", "on")),
    Definition("array_nulls", "on", "bool", FIXED),
    Definition("jit", "off", "bool", FIXED),
    Definition("lc_messages", "C", "string", FIXED, values=("c", "posix", "c.utf-8", "c.utf8", "en_us.utf-8",
    "en_us.utf8", "")),
    Definition("lc_monetary", "C", "string", FIXED, values=("c", "posix", "c.utf-8", "c.utf8")),
    Definition("lc_numeric", "C", "string", FIXED, values=("c", "posix", "c.utf-8", "c.utf8")),
    Definition("lc_time", "C", "string", FIXED, values=("c", "posix", "c.utf-8", "c.utf8")),
    Definition("timezone_abbreviations", "Default", "string", FIXED),
    Definition("default_text_search_config", "pg_catalog.simple", "string", FIXED, values=("pg_catalog.simple",
    "simple")),
    Definition("plan_cache_mode", "auto", "auto|force_custom_plan|force_generic_plan", ADVICE),
    Definition("work_mem", "4MB", "memory", ADVICE, low=64),
    Definition("maintenance_work_mem", "64MB", "memory", ADVICE, low=64),
    Definition("synchronize_seqscans", "on", "bool", ADVICE),
    Definition("geqo", "on", "bool", ADVICE),
    Definition("geqo_threshold", "12", "integer", ADVICE, low=2),
    Definition("from_collapse_limit", "8", "integer", ADVICE, low=1),
    Definition("join_collapse_limit", "8", "integer", ADVICE, low=1),
    Definition("default_statistics_target", "100", "integer", ADVICE, low=1, high=10000),
    Definition("effective_io_concurrency", "1", "integer", ADVICE, high=1000),
    Definition("max_parallel_workers", "8", "integer", ADVICE, high=1024),
    Definition("max_parallel_workers_per_gather", "2", "integer", ADVICE, high=1024),
    Definition("max_parallel_maintenance_workers", "2", "integer", ADVICE, high=1024),
    Definition("effective_cache_size", "4GB", "memory", ADVICE, low=8),
    Definition("temp_buffers", "8MB", "memory", ADVICE, low=800),
    Definition("track_activities", "on", "bool", FIXED),
    Definition("password_encryption", "scram-sha-256", "string", FIXED),
    *(
        Definition(f"enable_{way}", "on", "bool", ADVICE, False, True)
        for way in (
            "seqscan", "indexscan", "indexonlyscan", "bitmapscan", "tidscan", "sort", "incremental_sort", "hashagg",
            "material", "memoize",
            "nestloop", "mergejoin", "hashjoin", "gathermerge", "parallel_append", "parallel_hash", "async_append",
            "partition_pruning",
        )
    ),
)  # fmt: skip
DEFINITIONS = {definition.name.lower(): definition for definition in _DEFINITIONS}
UNLISTED = frozenset({"is_superuser", "role", "session_authorization"})
"""SHOW ALL and pg_settings leave them out."""
DEFAULTS = {name: definition.default for name, definition in DEFINITIONS.items()}
