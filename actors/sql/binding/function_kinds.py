"""Which functions have no value in one row: aggregates, window functions, and functions whose result is a set of
rows."""

from __future__ import annotations

from actors.sql.aggregates import AGGREGATES

WINDOW_FUNCTIONS = frozenset(
    [
        "cume_dist",
        "dense_rank",
        "first_value",
        "lag",
        "last_value",
        "lead",
        "nth_value",
        "ntile",
        "percent_rank",
        "rank",
        "row_number",
    ]
)
"""They need an OVER clause."""
SETS = frozenset(
    [
        "_pg_expandarray",
        "generate_series",
        "generate_subscripts",
        "json_array_elements",
        "json_array_elements_text",
        "json_each",
        "json_each_text",
        "json_object_keys",
        "jsonb_array_elements",
        "jsonb_array_elements_text",
        "jsonb_each",
        "jsonb_each_text",
        "jsonb_object_keys",
        "pg_partition_ancestors",
        "regexp_matches",
        "regexp_split_to_table",
        "string_to_table",
        "unnest",
    ]
)
NOT_OF_ONE_ROW = frozenset({*AGGREGATES, *WINDOW_FUNCTIONS, *SETS})

__all__ = ["AGGREGATES", "NOT_OF_ONE_ROW", "SETS", "WINDOW_FUNCTIONS"]
ADVISORY_LOCKS = frozenset(
    {
        f"pg_{verb}advisory_{kind}{shared}"
        for verb in ("", "try_")
        for kind in ("lock", "xact_lock")
        for shared in ("", "_shared")
    }
    | {"pg_advisory_unlock", "pg_advisory_unlock_shared"}
)
"""Refused by name: nobody waits for a lock here, and one that others do not see would be none."""
