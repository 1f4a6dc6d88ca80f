"""rank, dense_rank, percent_rank and cume_dist WITHIN GROUP: the place that a row would have among those of the group.

rank(3) WITHIN GROUP (ORDER BY x)    ->    1 + count(*) FILTER (WHERE x sorts before 3)
"""

from __future__ import annotations

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.column_executor.comparing import order_key
from actors.query_processor.column_executor.names import Level
from actors.query_processor.column_executor.translator import INT8, Translator
from actors.sql.types.column_type import ColumnType

FLOAT8 = ColumnType("float8")
HYPOTHETICAL = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})


def is_hypothetical(call: ast.FuncCall) -> bool:
    return call.agg_within_group and call.funcname[-1].sval in HYPOTHETICAL


def hypothetical(translator: Translator, call: ast.FuncCall, level: Level) -> tuple[str, ColumnType]:
    """(SQL, type). Raises 0A000 for several keys."""
    name = call.funcname[-1].sval
    if len(call.args or ()) != 1 or len(call.agg_order) != 1:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} WITHIN GROUP of several expressions is not supported")
    [clause] = call.agg_order
    key, type_ = translator.expression(clause.node, level)
    given, given_type = translator.expression(call.args[0], level, type_)
    value = order_key(translator.emitter, translator.cast(given, given_type, type_), type_)
    key = order_key(translator.emitter, key, type_)
    descending = clause.sortby_dir == enums.SortByDir.SORTBY_DESC
    nulls_first = descending
    if clause.sortby_nulls != enums.SortByNulls.SORTBY_NULLS_DEFAULT:
        nulls_first = clause.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_FIRST
    filtered = ""
    if call.agg_filter is not None:
        filtered = f" AND ({translator.condition(call.agg_filter, level, 'FILTER')})"
    before = f"{key} {'>' if descending else '<'} {value}"
    if nulls_first:
        before = f"(({key} IS NULL AND {value} IS NOT NULL) OR coalesce({before}, FALSE))"
    else:
        before = f"({key} IS NOT NULL AND ({value} IS NULL OR {before}))"
    ahead = f"count(*) FILTER (WHERE {before}{filtered})"
    if name == "rank":
        return f"(1 + {ahead})", INT8
    if name == "dense_rank":
        null_ahead = f" + max(CASE WHEN {key} IS NULL AND {before}{filtered} THEN 1 ELSE 0 END)"
        return f"CAST(1 + count(DISTINCT {key}) FILTER (WHERE {before}{filtered}){null_ahead} AS BIGINT)", INT8
    every = f"count(*) FILTER (WHERE TRUE{filtered})"
    if name == "percent_rank":
        return f"CASE WHEN {every} = 0 THEN 0.0::DOUBLE ELSE CAST({ahead} AS DOUBLE) / {every} END", FLOAT8
    same = f"count(*) FILTER (WHERE {key} IS NOT DISTINCT FROM {value}{filtered})"
    return f"(CAST({ahead} + {same} + 1 AS DOUBLE) / ({every} + 1))", FLOAT8
