"""Which functions have no value in one row: aggregates, window functions, and functions whose result is a set of rows."""

from __future__ import annotations

AGGREGATES = frozenset(
    [
        "any_value",
        "array_agg",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "corr",
        "count",
        "covar_pop",
        "covar_samp",
        "every",
        "max",
        "min",
        "mode",
        "percentile_cont",
        "percentile_disc",
        "regr_avgx",
        "regr_avgy",
        "regr_count",
        "regr_intercept",
        "regr_r2",
        "regr_slope",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "var_pop",
        "var_samp",
        "variance",
    ]
)
WINDOW_FUNCTIONS = frozenset(
    ["cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank", "rank", "row_number"]
)
"""They need an OVER clause."""
SETS = frozenset(
    [
        "_pg_expandarray",
        "generate_series",
        "generate_subscripts",
        "pg_partition_ancestors",
        "regexp_matches",
        "regexp_split_to_table",
        "string_to_table",
        "unnest",
    ]
)
NOT_OF_ONE_ROW = AGGREGATES | WINDOW_FUNCTIONS | SETS | {"json_agg", "jsonb_agg"}
