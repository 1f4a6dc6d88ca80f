"""Statements made from PostgreSQL's own catalog: every operator, function, aggregate and cast of the types that this
system knows, on drawn values.

Each comes in shapes that reach both executors: of literals (evaluated once), of VALUES in FROM and of a derived table
(the column executor), of a stored row (the row executor).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.sql.oracle import Oracle

VALUES = {
    "bool": ["true", "false"],
    "int2": ["0::int2", "7::int2", "'-3'::int2", "32767::int2"],
    "int4": ["0", "5", "-3", "2", "2147483647"],
    "int8": ["0::int8", "12345678901", "'-7'::int8", "9223372036854775807"],
    "float4": ["0::float4", "1.5::float4", "'-0.1'::float4", "'NaN'::float4", "3.25e10::float4"],
    "float8": [
        "0::float8",
        "1.5::float8",
        "'-2.25'::float8",
        "'NaN'::float8",
        "'Infinity'::float8",
        "0.1::float8",
        "1e23::float8",
    ],
    "numeric": ["0.0", "1.10", "'-12.345'::numeric", "100", "1234567890123.4567", "0.00012", "2.5"],
    "text": [
        "''::text",
        "'abc'::text",
        "'Äb c'::text",
        "'a%c_'::text",
        "'12'::text",
        "'  pad '::text",
        "'aXbXc'::text",
    ],
    "varchar": ["'abc'::varchar", "'Xy z'::varchar(4)", "''::varchar"],
    "bpchar": ["'ab'::char(5)", "'abc'::char(3)", "'  x'::char(4)"],
    "name": ["'abc'::name", "'Other'::name"],
    "date": ["date '2024-02-29'", "date '1999-12-31'", "date '0044-03-15 BC'", "date 'infinity'"],
    "time": ["time '00:00'", "time '13:45:06.789'", "time '23:59:59.999999'"],
    "timestamp": [
        "timestamp '2024-02-29 12:34:56.789'",
        "timestamp '1969-12-31 23:59:59'",
        "timestamp '-infinity'",
        "timestamp '2024-01-01'",
    ],
    "timestamptz": [
        "timestamptz '2024-03-10 06:30:00+00'",
        "timestamptz '1900-01-01 00:00:00+05:30'",
        "timestamptz '2024-12-31 23:59:59.5+00'",
    ],
    "interval": [
        "interval '1 month'",
        "interval '-3 days 04:05:06.7'",
        "interval '1 year 2 mons'",
        "interval '36:00:00'",
        "interval '30 days'",
    ],
    "timetz": [
        "timetz '00:00+00'",
        "timetz '13:45:06.789+02'",
        "timetz '23:59:59-08:30'",
        "timetz '11:45:06.789+00'",
    ],
    "bit": ["b'101'", "b'0'", "x'1f'", "'10101010101'::bit(11)", "b'110'"],
    "varbit": ["'101'::varbit", "''::varbit", "'11110000111100001'::varbit(20)"],
    "inet": ["inet '10.1.2.3/8'", "inet '192.168.0.1'", "inet '::1'", "inet '2001:db8::ff00:42:8329/64'"],
    "cidr": ["cidr '10/8'", "cidr '192.168.0.0/16'", "cidr '2001:db8::/32'", "cidr '1.2.3.4'"],
    "macaddr": ["macaddr '08:00:2b:01:02:03'", "macaddr '08002b-010203'"],
    "macaddr8": ["macaddr8 '08:00:2b:ff:fe:01:02:03'", "macaddr8 '08002b01020304ff'"],
    "char": ["'a'::\"char\"", "''::\"char\""],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'00000000-0000-0000-0000-000000000001'::uuid"],
    "bytea": ["'\\x'::bytea", "'\\x00ff10'::bytea", "'abc'::bytea"],
    "oid": ["23::oid", "4294967295::oid", "0::oid"],
    "_int4": ["'{1,2,3}'::int[]", "'{}'::int[]", "'{NULL,5}'::int[]"],
    "_text": ["'{a,b}'::text[]", '\'{"x y",NULL,""}\'::text[]'],
    "_inet": ["'{10.0.0.1/8,::1,NULL}'::inet[]"],
    "_bit": ["array[b'101', b'0']"],
    "_timetz": ["'{10:00+02,11:00+03}'::timetz[]"],
    "_numeric": ["'{1.10,2.5}'::numeric[]"],
    "_float8": ["'{1.5,NaN}'::float8[]"],
}
"""By type: expressions that PostgreSQL and this system both read."""
SKIPPED_NAMES = (
    "pg_%", "ts%", "%lquery%", "has\\_%", "txid%", "current\\_%", "inet\\_client%", "inet\\_server%",
    "lo\\_%", "lo%", "json%", "xml%",
    "to\\_json%", "row\\_to%",
    "set\\_config", "setseed", "setval", "nextval", "currval", "lastval", "random%", "gen\\_random%", "uuidv%",
    "system%", "tid%", "xid%", "range%", "%range",
    "col\\_description", "obj\\_description", "shobj%", "database\\_to%", "table\\_to%", "query\\_to%", "schema\\_to%",
    "cursor\\_to%", "binary\\_upgrade%",
    "brin%", "gin%", "gist%", "spg%", "amvalidate", "array\\_to\\_ts%", "format\\_type", "getdatabase%", "icu\\_%",
    "unicode\\_%", "current\\_setting", "convert",
    "%\\_transform", "in\\_range", "array\\_to\\_json", "array\\_sample", "array\\_shuffle", "nameconcatoid",
    "to\\_ts%", "websearch%", "phraseto%", "plainto%",
    "length", "numeric\\_inc", "mxid\\_age", "age", "version", "timeofday", "get\\_bit", "set\\_bit",
    "oidrand", "dense%", "suppress%", "similar\\_escape",
)  # fmt: skip
OF_TYPES = "array(SELECT oid FROM pg_type WHERE typname = any(%s))"


def catalog_statements(oracle: Oracle, count: int, seed: int = 1) -> Iterator[str]:
    """`count` statements at most for each of the catalog's entries."""
    random = Random(seed)
    yield (
        "CREATE TABLE drawn (id int PRIMARY KEY, "
        + ", ".join(f"c_{name} {name}" for name in VALUES if name[0] != "_" and name not in ("name", "oid", "char"))
        + ")"
    )
    yield (
        "INSERT INTO drawn (id, c_int4, c_text, c_numeric, c_date, c_timestamp, c_float8) VALUES (1, 5, 'abc', "
        "1.10, '2024-02-29', '2024-02-29 12:34', 0.1), (2, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    for left, name, right in _operators(oracle):
        yield from _shapes(
            random,
            [left, right] if left else [right],
            lambda texts, name=name: f" {name} ".join(texts) if len(texts) > 1 else f"{name} {texts[0]}",
            count,
        )
    for name, types in _functions(oracle):
        yield from _shapes(random, types, lambda texts, name=name: f"{name}({', '.join(texts)})", count)
    for source, target in _casts(oracle):
        yield from _shapes(random, [source], lambda texts, target=target: f"({texts[0]})::{target}", count)
    for name, types in _aggregates(oracle):
        for _ in range(count):
            rows = ", ".join("(" + ", ".join(random.choice(VALUES[type_]) for type_ in types) + ")" for _ in range(3))
            names = ", ".join("abc"[: len(types)])
            yield f"SELECT {name}({names}) FROM (VALUES {rows}) t({names})"


def _shapes(random: Random, types: list[str], call, count: int) -> Iterator[str]:  # type: ignore[no-untyped-def]
    names = "abcdefgh"[: len(types)]
    for number in range(count):
        drawn = [random.choice(VALUES[type_]) for type_ in types]
        if number % 2 == 0 or not types:
            yield f"SELECT {call(drawn)}"
        else:
            others = [random.choice(VALUES[type_]) for type_ in types]
            listed = ", ".join(names)
            yield f"SELECT {call(list(names))} FROM (VALUES ({', '.join(drawn)}), ({', '.join(others)})) t({listed})"


def _known() -> str:
    return "'{" + ",".join(f'"{name}"' for name in VALUES) + "}'::text[]"


def _operators(oracle: Oracle) -> list[tuple[str, str, str]]:
    answer = oracle.ask(
        f"""SELECT l.typname, o.oprname, r.typname FROM pg_operator o
        LEFT JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright
        WHERE (o.oprleft = 0 OR l.typname = ANY ({_known()})) AND r.typname = ANY ({_known()})
        AND o.oprname NOT IN ('~<~', '~<=~', '~>~', '~>=~', '^@', '@@', '@@@')
        ORDER BY 2, 1, 3"""
    )
    # Of arrays' operators, which are of any element: some.
    made = [(left or "", name or "", right or "") for left, name, right in answer.rows]
    for name in ("=", "<>", "<", ">=", "||", "@>", "<@", "&&"):
        made += [(array, name, array) for array in ("_int4", "_text", "_numeric")]
    return [*made, ("_int4", "||", "int4"), ("text", "||", "_text"), ("_numeric", "||", "numeric")]


def _functions(oracle: Oracle) -> list[tuple[str, list[str]]]:
    skipped = " AND ".join(f"p.proname NOT LIKE '{pattern}'" for pattern in SKIPPED_NAMES)
    answer = oracle.ask(
        f"""SELECT p.proname, (SELECT string_agg(t.typname, ',' ORDER BY n)
            FROM unnest(p.proargtypes) WITH ORDINALITY a(oid, n)
            JOIN pg_type t ON t.oid = a.oid)
        FROM pg_proc p WHERE p.prokind = 'f' AND p.provolatile <> 'v' AND NOT p.proretset AND p.pronargs BETWEEN 1 AND 4
        AND p.pronamespace = 'pg_catalog'::regnamespace
        AND {skipped}
        AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a(oid) JOIN pg_type t ON t.oid = a.oid
            WHERE t.typname <> ALL ({_known()}))
        AND p.prorettype IN (SELECT oid FROM pg_type WHERE typname = ANY ({_known()})
            OR typname IN ('float4', '_text', 'char'))
        AND NOT EXISTS (SELECT FROM pg_operator WHERE oprcode = p.oid)
        AND NOT EXISTS (SELECT FROM pg_amproc WHERE amproc = p.oid)
        AND NOT EXISTS (SELECT FROM pg_aggregate WHERE
            p.oid IN (aggtransfn, aggfinalfn, aggcombinefn, aggmtransfn, aggminvtransfn, aggmfinalfn))
        AND NOT EXISTS (SELECT FROM pg_cast WHERE castfunc = p.oid AND castsource <> casttarget
            AND p.proname = (SELECT typname FROM pg_type WHERE oid = casttarget))
        AND p.proname !~
            '(in|out|recv|send|larger|smaller|typmodin|typmodout|joinsel|sel|_support|_sortsupport|_cmp|eq|ne|lt|le|gt|ge)$'
        ORDER BY 1, 2"""
    )
    return [(name or "", (types or "").split(",")) for name, types in answer.rows]


def _casts(oracle: Oracle) -> list[tuple[str, str]]:
    names = [name for name in VALUES if name not in ("_float8",)]
    return [(source, target) for source in names for target in names]


def _aggregates(oracle: Oracle) -> list[tuple[str, list[str]]]:
    answer = oracle.ask(
        f"""SELECT p.proname, (SELECT string_agg(t.typname, ',' ORDER BY n)
            FROM unnest(p.proargtypes) WITH ORDINALITY a(oid, n)
            JOIN pg_type t ON t.oid = a.oid)
        FROM pg_proc p WHERE p.prokind = 'a' AND p.pronargs BETWEEN 1 AND 2
        AND p.proname !~ 'json|xml|range' AND p.proname !~ '^(percent|mode|rank|dense|cume)'
        AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a(oid) JOIN pg_type t ON t.oid = a.oid
            WHERE t.typname <> ALL ({_known()})) ORDER BY 1, 2"""
    )
    found = [(name or "", (types or "").split(",")) for name, types in answer.rows]
    return [*found, *((name, [type_]) for name in ("array_agg", "count", "any_value") for type_ in VALUES)]
