"""rank, dense_rank, percent_rank and cume_dist WITHIN GROUP: the place that a row would have among those of the group.

rank(3) WITHIN GROUP (ORDER BY x)    ->    1 + count(*) FILTER (WHERE x sorts before 3)
"""

from __future__ import annotations

from actors.query_processor.column_executor.comparing import order_key
from actors.query_processor.column_executor.translator import FLOAT8, INT8, Translator, Typed
from actors.sql.binding.query import AggregateCall


def hypothetical(translator: Translator, call: AggregateCall) -> Typed:
    name = call.name
    [item] = call.order
    key, type_ = translator.expression(item.expression)
    given, given_type = translator.expression(call.arguments[0])
    value = order_key(translator.emitter, translator.cast(given, given_type, type_), type_)
    key = order_key(translator.emitter, key, type_)
    filtered = "" if call.filter is None else f" AND ({translator.text(call.filter)})"
    before = f"{key} {'>' if item.descending else '<'} {value}"
    if item.nulls_first:
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
