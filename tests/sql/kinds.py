"""Statements made by kind: every pair of types that meets somewhere in SQL, in every place where two types meet.

    python -m tests.sql.differential --kinds 2 --show wrong,type         (differential.py; --columns for DuckDB)

A pair is two types of one family, a type and NULL, or a type and an untyped literal. A place is a set operation, a
CASE, a list, a join, a recursive term, an assignment and the like (`PLACES`). `count` statements of each place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.sql.catalog_statements import VALUES as PLAIN

VALUES = PLAIN | {
    "numeric(8,2)": ["1.5::numeric(8,2)", "100::numeric(8,2)", "'-12.345'::numeric(8,2)"],
    "numeric": [*PLAIN["numeric"], "'NaN'::numeric", "1.00000", "2.50"],
    "jsonb": ["'{\"a\": 1}'::jsonb", "'[1, 2.50]'::jsonb", "'null'::jsonb", "'\"x\"'::jsonb"],
    "_numeric": [*PLAIN["_numeric"], "array[1.5, 2.50, NULL]"],
    "_bpchar": ["array['ab'::char(4), 'c'::char(4)]"],
    "time(2)": ["time(2) '13:45:06.789'", "time(2) '00:00'"],
    "timestamp(0)": ["timestamp(0) '2024-02-29 12:34:56.789'", "timestamp(0) '2024-01-01'"],
    "interval day": ["interval '1 day 02:03' day", "interval '40' day"],
}
FAMILIES = (
    ("int2", "int4", "int8", "numeric", "numeric(8,2)", "float4", "float8"),
    ("text", "varchar", "bpchar", "name"),
    ("date", "timestamp", "timestamptz", "timestamp(0)"),
    ("time", "timetz", "time(2)"),
    ("interval", "interval day"),
    ("bit", "varbit"),
    ("inet", "cidr"),
    ("macaddr",),
    ("bool",),
    ("uuid",),
    ("bytea",),
    ("jsonb",),
    ("oid", "int4"),
    ("_int4",),
    ("_text",),
    ("_numeric",),
    ("_bpchar", "_text"),
)
UNTYPED = {
    "int2": "'3'", "int4": "'4'", "int8": "'5'", "numeric": "'2.50'", "numeric(8,2)": "'7.125'", "float4": "'0.1'",
    "float8": "'1e3'", "text": "'abc'", "varchar": "'abc '", "bpchar": "'ab'", "name": "'abc'", "date": "'2024-02-29'",
    "timestamp": "'2024-02-29 01:00'", "timestamptz": "'2024-02-29 01:00+02'", "timestamp(0)": "'2024-01-01'",
    "time": "'13:45:06.789'", "timetz": "'10:00+02'", "time(2)": "'13:45:06.789'", "interval": "'1 mon'",
    "interval day": "'1 day 03:00'", "bit": "'101'", "varbit": "'101'", "inet": "'10.1.2.3/8'", "cidr": "'10.0.0.0/8'",
    "macaddr": "'08:00:2b:01:02:03'", "bool": "'yes'", "uuid": "'00000000-0000-0000-0000-000000000001'",
    "bytea": "'\\x00ff10'", "jsonb": "'[1,2.50]'", "oid": "'23'", "_int4": "'{1,2,3}'", "_text": "'{a,b}'",
    "_numeric": "'{1.1,2.5}'", "_bpchar": "'{ab,c}'",
}  # fmt: skip
UNSTORED = frozenset({"name", "oid"})
Place = Callable[[str, str, str], list[str]]


def _sets(a: str, b: str, c: str) -> list[str]:
    made = [f"SELECT {a} AS x {word} SELECT {b}" for word in ("UNION", "UNION ALL", "INTERSECT", "EXCEPT")]
    made += [
        f"SELECT {a} AS x UNION ALL SELECT {b} UNION ALL SELECT {c} ORDER BY 1",
        f"(SELECT {a} AS x UNION ALL SELECT {c}) INTERSECT ALL (SELECT {b} UNION ALL SELECT {c})",
        f"SELECT x, count(*) FROM (SELECT {a} AS x UNION ALL SELECT {b}) q GROUP BY x ORDER BY x",
        f"VALUES ({a}), ({b}), ({c}) ORDER BY 1",
        f"SELECT DISTINCT x FROM (VALUES ({a}), ({b}), ({c})) t(x) ORDER BY x",
        f"SELECT x FROM (VALUES ({a}), ({b})) t(x) WHERE x IN (SELECT {c} UNION SELECT {b})",
    ]
    return made


def _choices(a: str, b: str, c: str) -> list[str]:
    return [
        f"SELECT CASE WHEN {a} IS NULL THEN {b} ELSE {a} END, coalesce({a}, {b}), coalesce(NULL, {b}, {c})",
        f"SELECT greatest({a}, {b}), least({a}, {b}, {c})",
        f"SELECT nullif({a}, {b}), nullif({b}, {a}), nullif({a}, {c})",
        f"SELECT CASE {a} WHEN {b} THEN 1 WHEN {c} THEN 2 ELSE 3 END",
        f"SELECT {a} IN ({b}, {c}), {a} NOT IN ({b}, {c}), {a} IN ({b}), {a} BETWEEN {b} AND {c}",
        f"SELECT {a} IS DISTINCT FROM {b}, {a} IS NOT DISTINCT FROM {c}, {a} BETWEEN SYMMETRIC {b} AND {c}",
        f"SELECT {a} = {b}, {a} <> {b}, {a} < {b}, {a} >= {b}",
        f"SELECT ({a}, 1) = ({b}, 1), ({a}, 2) < ({b}, 1), ({a}, {b}) IN (({b}, {a}), ({a}, {c}))",
        f"SELECT ARRAY[{a}, {b}, {c}], array_length(ARRAY[{a}, {b}], 1), {b} = ANY (ARRAY[{a}, {c}])",
        f"SELECT coalesce(x, y), CASE WHEN x < y THEN x ELSE y END, greatest(x, y), nullif(x, y) "
        f"FROM (VALUES ({a}, {b}), (NULL, {b}), ({a}, NULL)) t(x, y)",
        f"SELECT x = y, x < y, x IN (y, {c}), x IS DISTINCT FROM y FROM (VALUES ({a}, {b}), ({b}, {b})) t(x, y)",
        f"SELECT x::text, y::text, concat(x, y), x::text || y, to_jsonb(x), pg_typeof(x), pg_typeof(coalesce(x, y)) "
        f"FROM (VALUES ({a}, {b})) t(x, y)",
    ]


def _joins(a: str, b: str, c: str) -> list[str]:
    left, right = f"(VALUES ({a}, 1), ({c}, 2)) l(x, n)", f"(VALUES ({b}, 3), ({c}, 4)) r(x, m)"
    return [
        f"SELECT l.x, r.x, n, m FROM {left} JOIN {right} ON l.x = r.x",
        f"SELECT * FROM {left} FULL JOIN {right} USING (x) ORDER BY 1, 2, 3",
        f"SELECT * FROM {left} NATURAL LEFT JOIN {right} ORDER BY 1, 2, 3",
        f"SELECT n, m FROM {left}, {right} WHERE l.x >= r.x ORDER BY 1, 2",
        f"SELECT x, (SELECT max(m) FROM {right} WHERE r.x = l.x) FROM {left} ORDER BY n",
        f"SELECT n FROM {left} WHERE x NOT IN (SELECT x FROM {right}) OR EXISTS (SELECT FROM {right} WHERE m < n)",
        f"SELECT n FROM {left} WHERE x = ANY (SELECT r.x FROM {right}) AND x >= ALL (SELECT {b})",
        f"SELECT n, (x, n) IN (SELECT x, m - 2 FROM {right}) FROM {left} ORDER BY 1",
        f"SELECT n, z FROM {left}, LATERAL (SELECT m, coalesce(l.x, r.x) AS z FROM {right} WHERE r.x <> l.x) q",
    ]


def _groups(a: str, b: str, c: str) -> list[str]:
    rows = f"(VALUES ({a}, 1, 'u'), ({b}, 2, 'v'), ({c}, 3, 'u'), (NULL, 4, NULL), ({a}, 5, 'v')) t(x, n, s)"
    return [
        f"SELECT x, count(*), sum(n), min(n) FROM {rows} GROUP BY x ORDER BY x NULLS FIRST",
        f"SELECT count(x), count(DISTINCT x), min(n) FILTER (WHERE x = {b}) FROM {rows}",
        f"SELECT s, array_agg(x ORDER BY n), array_agg(DISTINCT x) FROM {rows} GROUP BY s ORDER BY s",
        f"SELECT s, min(x), max(x) FROM {rows} GROUP BY s ORDER BY s",
        f"SELECT sum(x), avg(x) FROM {rows}",
        f"SELECT s, sum(x) FILTER (WHERE n > 1), sum(DISTINCT x) FROM {rows} GROUP BY ROLLUP (s) ORDER BY s",
        f"SELECT s, x, count(*), grouping(s, x) FROM {rows} GROUP BY GROUPING SETS ((s), (x), ()) ORDER BY 1, 2, 3",
        f"SELECT mode() WITHIN GROUP (ORDER BY x), percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM {rows}",
        f"SELECT string_agg(x::text, ',' ORDER BY x DESC, n), json_agg(x ORDER BY n) FROM {rows}",
        f"SELECT s, max(x) FROM {rows} GROUP BY s HAVING max(x) >= {b} ORDER BY s",
        f"SELECT DISTINCT ON (x) x, n FROM {rows} ORDER BY x DESC NULLS LAST, n DESC",
        f"SELECT n FROM {rows} ORDER BY x, n LIMIT 3",
        f"SELECT n, lag(x) OVER w, lead(x, 2, {b}) OVER w, first_value(x) OVER w, nth_value(x, 2) OVER w FROM {rows} "
        "WINDOW w AS (ORDER BY n) ORDER BY n",
        f"SELECT n, rank() OVER (ORDER BY x), dense_rank() OVER (ORDER BY x DESC), count(*) OVER (PARTITION BY x) "
        f"FROM {rows} ORDER BY n",
        f"SELECT n, max(x) OVER (ORDER BY n ROWS 1 PRECEDING), min(x) OVER (PARTITION BY s) FROM {rows} ORDER BY n",
        f"SELECT n, sum(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), avg(x) OVER (PARTITION BY s) "
        f"FROM {rows} ORDER BY n",
        f"SELECT s, avg(x) + 1, sum(x) * 2, max(x)::text FROM {rows} GROUP BY s ORDER BY s",
    ]


def _queries(a: str, b: str, c: str) -> list[str]:
    return [
        f"WITH RECURSIVE r(n, v) AS (SELECT 1, {a} UNION ALL SELECT n + 1, {b} FROM r WHERE n < 3) SELECT * FROM r",
        f"WITH RECURSIVE r(n, v) AS (SELECT 1, {a} UNION ALL SELECT n + 1, v FROM r WHERE n < 3) "
        "SELECT v, count(*) FROM r GROUP BY v",
        f"WITH w AS (SELECT {a} AS x), z AS MATERIALIZED (SELECT {b} AS y) SELECT x, y, x = y, "
        "coalesce(x, y) FROM w, z",
        f"SELECT (SELECT {a}), (SELECT {b} WHERE false), ARRAY(SELECT {c} UNION ALL SELECT {b})",
        f"SELECT * FROM unnest(ARRAY[{a}, {b}]) WITH ORDINALITY u(x, n) ORDER BY n",
        f"SELECT q.x, q.x IS NULL, (q).x FROM (SELECT {a} AS x) q",
        f"SELECT row({a}, {b})::text, row_to_json(q) FROM (SELECT {a} AS x, {b} AS y) q",
        f"SELECT x AS y FROM (SELECT {a} AS x LIMIT 1) q WHERE x = {b} OR x IS NOT NULL",
    ]


def _stored(a: str, b: str, c: str, column: str) -> list[str]:
    return [
        "DROP TABLE IF EXISTS kept",
        f"CREATE TABLE kept (id int PRIMARY KEY, x {column}, y {column} DEFAULT {a})",
        f"INSERT INTO kept VALUES (1, {a}), (2, {b}), (3, NULL) RETURNING *",
        f"INSERT INTO kept (id, x) SELECT 4, {b} RETURNING id, x, y, x = y",
        f"INSERT INTO kept SELECT 5, x, {c} FROM kept WHERE id = 1",
        f"UPDATE kept SET x = {b}, y = {c} WHERE id = 1 RETURNING x, y",
        f"UPDATE kept SET y = coalesce(x, {b}) WHERE x = {c} OR x IS NULL RETURNING id, y",
        f"INSERT INTO kept VALUES (1, {c}) ON CONFLICT (id) DO UPDATE SET x = EXCLUDED.x, y = {b} RETURNING *",
        f"SELECT id, x = {b}, x < {c}, coalesce(x, {b}), x IN ({a}, {b}), x::text FROM kept ORDER BY id",
        f"SELECT id FROM kept WHERE x = {b} ORDER BY id",
        f"SELECT id FROM kept WHERE x <> {b} OR y IN ({a}, {c}) ORDER BY id",
        f"SELECT x, y FROM kept UNION SELECT {b}, {c} ORDER BY 1, 2",
        "SELECT max(x), min(y), count(DISTINCT x) FROM kept",
        "SELECT k.id, l.id FROM kept k JOIN kept l ON k.x = l.y ORDER BY 1, 2",
        "SELECT * FROM kept WHERE id = 1",
        "SELECT id, x FROM kept ORDER BY x DESC, id LIMIT 3",
        "CREATE INDEX ON kept (x)",
        f"SELECT id FROM kept WHERE x = {b} ORDER BY id",
        f"SELECT id FROM kept WHERE x >= {b} ORDER BY id",
        f"DELETE FROM kept WHERE x = {c} OR y = {b} RETURNING *",
    ]


PLACES: tuple[Place, ...] = (_sets, _choices, _joins, _groups, _queries)


def kind_statements(count: int, seed: int = 1) -> Iterator[str]:
    """`count` statements of each place for each pair of types; every fourth pair is stored, too."""
    random = Random(seed)
    for number, (one, others, thirds) in enumerate(_pairs()):
        for place in PLACES:
            for _ in range(count):
                drawn = random.choice(VALUES[one]), random.choice(others), random.choice(thirds)
                yield random.choice(place(*drawn))
        if (number + seed) % 4 == 0 and one not in UNSTORED:
            drawn = random.choice(VALUES[one]), random.choice(others), random.choice(thirds)
            yield from _stored(*drawn, _column(one))


def _pairs() -> Iterator[tuple[str, list[str], list[str]]]:
    """A type, and what meets its values."""
    for family in FAMILIES:
        for one in family:
            yield from ((one, VALUES[other], VALUES[other]) for other in family)
            yield from (
                (one, [UNTYPED[one]], VALUES[one]),
                (one, ["NULL"], VALUES[one]),
                (one, [UNTYPED[one]], ["NULL"]),
            )


def _column(type_: str) -> str:
    return {"_numeric": "text", "_int4": "text", "_text": "text", "_bpchar": "text", "bit": "bit(3)"}.get(type_, type_)
