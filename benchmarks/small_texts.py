"""Small SELECTs as texts that all differ, drawn as the files of SQLite's sqllogictest are (random/groupby,
random/aggregates, index/between, select4): each is parsed, bound and planned for itself unless its literals alone are
new.

    statements("groupby", seed=1, count=1000) -> (statements that make the tables, queries)
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

KINDS = ("groupby", "aggregates", "between", "select4")


def statements(kind: str, seed: int = 1, count: int = 1000) -> tuple[list[str], list[str]]:
    """(what makes the tables, the queries) of one kind."""
    draw = Random(f"{kind} {seed}")
    make, query = _KINDS[kind]
    made = make(draw)
    return made, [query(draw) for _ in range(count)]


# -- three rows of three columns ---------------------------------------------------------------------------------------


def _three_tables(draw: Random) -> list[str]:
    made = []
    for table in range(3):
        made.append(f"CREATE TABLE tab{table}(col0 INTEGER, col1 INTEGER, col2 INTEGER)")
        made += [f"INSERT INTO tab{table} VALUES({', '.join(str(_number(draw)) for _ in range(3))})" for _ in range(3)]
    return made


def _number(draw: Random) -> int:
    return draw.randrange(100)


def _signs(draw: Random) -> str:
    return draw.choice(["", "", "", "- ", "+ ", "- + ", "+ - ", "- - "])


def _sum(draw: Random, columns: list[str], depth: int = 2) -> str:
    terms = [_term(draw, columns, depth)]
    while draw.random() < 0.45:
        terms += [draw.choice(["+", "-", "*"]), _term(draw, columns, depth)]
    return " ".join(terms)


def _term(draw: Random, columns: list[str], depth: int) -> str:
    chance = draw.random()
    if chance < 0.1 and depth:
        return f"{_signs(draw)}( {_sum(draw, columns, depth - 1)} )"
    if chance < 0.14:
        return f"{_signs(draw)}CAST ( {draw.choice(['NULL', *columns, str(_number(draw))])} AS INTEGER )"
    return _signs(draw) + (draw.choice(columns) if columns and chance < 0.65 else str(_number(draw)))


def _group(draw: Random) -> str:
    table, alias = f"tab{draw.randrange(3)}", draw.choice([" AS cor0", " cor0", ""])
    name = "cor0" if alias else table
    others = "".join(f"tab{draw.randrange(3)} AS cor{place}, " for place in (1, 2) if draw.random() < 0.06)
    grouped = draw.sample(["col0", "col1", "col2"], draw.choice([1, 1, 1, 2]))
    columns = [f"{name}.{column}" for column in grouped]
    what = "ALL " if draw.random() < 0.3 else "DISTINCT " if draw.random() < 0.3 else ""
    target = draw.choice(columns) if draw.random() < 0.35 else _sum(draw, columns, 1)
    name_of = f" AS col{draw.randrange(3)}" if draw.random() < 0.5 else ""
    having = f" HAVING {_condition(draw, columns)}" if draw.random() < 0.1 else ""
    return f"SELECT {what}{target}{name_of} FROM {others}{table}{alias} GROUP BY {', '.join(columns)}{having}"


def _condition(draw: Random, columns: list[str]) -> str:
    left, right = _sum(draw, columns, 1), _sum(draw, columns, 1)
    no = draw.choice(["", "NOT "])
    return draw.choice(
        [
            f"{no}{left} IS NOT NULL",
            f"{no}( {left} ) {draw.choice(['<', '<=', '>', '>=', '=', '<>'])} {right}",
            f"{no}{left} BETWEEN {right} AND {_signs(draw)}{_number(draw)}",
            f"{no}{left} IN ( {right}, {_number(draw)} )",
            f"{no}( NULL ) IS NULL",
        ]
    )


def _aggregate(draw: Random) -> str:
    columns = ["col0", "col1", "col2"]
    source = f"tab{draw.randrange(3)}{draw.choice([' AS cor0', ' cor0', ''])}"
    where = f" WHERE {_condition(draw, columns)}" if draw.random() < 0.4 else ""
    what = draw.choice(["", "ALL ", "DISTINCT "])
    if draw.random() < 0.4:
        function = draw.choice(["COUNT ( * )", "COUNT", "SUM", "MIN", "MAX"])
        if not function.endswith(")"):
            function = f"{function} ( {draw.choice(['', 'DISTINCT ', 'ALL '])}{_sum(draw, columns, 1)} )"
        target = f"{_signs(draw)}{function}"
        if draw.random() < 0.4:
            target = f"{_signs(draw)}{_number(draw)} {draw.choice('+-*')} {target}"
    elif draw.random() < 0.2:
        target = "*"
    else:
        target = ", ".join(_sum(draw, columns) for _ in range(draw.choice([1, 1, 2])))
    return f"SELECT {what}{target} FROM {source}{where}"


# -- rows found by ranges ----------------------------------------------------------------------------------------------

ROWS = 10
_COPIES = 5


def _indexed_tables(draw: Random) -> list[str]:
    columns = "pk INTEGER PRIMARY KEY, col0 INTEGER, col1 FLOAT, col2 TEXT, col3 INTEGER, col4 FLOAT, col5 TEXT"
    made = []
    for table in range(_COPIES):
        made.append(f"CREATE TABLE tab{table}({columns})")
        for row in range(ROWS):
            texts = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(2)]
            values = [row, _number(draw), f"{draw.uniform(0, 99):.2f}", f"'{texts[0]}'"]
            values += [_number(draw), f"{draw.uniform(0, 99):.2f}", f"'{texts[1]}'"]
            made.append(f"INSERT INTO tab{table} VALUES({','.join(map(str, values))})")
    return made


def _ranges(draw: Random, table: str, depth: int) -> str:
    parts = [_range(draw, table, depth)]
    while draw.random() < 0.6:
        parts += [draw.choice(["AND", "OR"]), _range(draw, table, depth)]
    return " ".join(parts)


def _range(draw: Random, table: str, depth: int) -> str:
    chance = draw.random()
    if depth and chance < 0.3:
        return f"({_ranges(draw, table, depth - 1)})"
    column = draw.choice(["col0", "col1", "col3", "col4"])

    def value() -> str:
        return str(_number(draw)) if column in ("col0", "col3") else f"{draw.uniform(0, 99):.2f}"

    if depth and chance < 0.35:
        other = {"col0": "col3", "col3": "col0", "col1": "col4", "col4": "col1"}[column]
        return f"{column} IN (SELECT {other} FROM {table} WHERE {_ranges(draw, table, 0)})"
    if chance < 0.5:
        return f"{column} BETWEEN {value()} AND {value()}"
    if chance < 0.6:
        return f"{column} IN ({','.join(value() for _ in range(draw.randrange(1, 7)))})"
    if chance < 0.65:
        return f"({column} IS NULL)"
    return f"{column} {draw.choice(['<', '<=', '>', '>=', '='])} {value()}"


def _between(draw: Random) -> str:
    table = f"tab{draw.randrange(_COPIES)}"
    order = draw.choice(["", "", " ORDER BY 1 DESC", " ORDER BY 1, 2"])
    columns = "pk, col0" if order.endswith("2") else "pk"
    return f"SELECT {columns} FROM {table} WHERE {_ranges(draw, table, 2)}{order}"


# -- nine tables of some hundred rows ----------------------------------------------------------------------------------

_TABLES = range(1, 10)


def _nine_tables(draw: Random) -> list[str]:
    made = []
    for table in _TABLES:
        columns = ", ".join(f"{letter}{table} INTEGER" for letter in "abcde")
        made.append(f"CREATE TABLE t{table}({columns}, x{table} VARCHAR(30))")
        for row in range(100):
            values = ",".join(str(draw.randrange(1000)) for _ in range(5))
            made.append(f"INSERT INTO t{table} VALUES({values},'table t{table} row {row}')")
    return made


def _arm(draw: Random, table: int, negated: bool) -> str:
    terms = []
    for _ in range(draw.randrange(1, 4)):
        letters = draw.sample("abcde", draw.randrange(1, 6))
        numbers = [draw.randrange(1000) for _ in range(14)]
        if draw.random() < 0.4:
            chosen = ",".join(map(str, numbers[: draw.randrange(3, 14)]))
            terms.append(f"{letters[0]}{table} in ({chosen})")
            continue
        word = " AND " if len(letters) > 3 or draw.random() < 0.5 else " OR "
        pairs = [f"{letter}{table}={number}" for letter, number in zip(letters, numbers, strict=False)]
        terms.append(f"({word.join(pairs)})")
    joined = "\n      OR ".join(terms)
    where = f"NOT ({joined})" if negated else joined
    return f"  SELECT {draw.choice('abcde')}{table} FROM t{table}\n   WHERE {where}"


def _combined(draw: Random) -> str:
    tables = draw.sample(_TABLES, draw.randrange(2, 9))
    text = _arm(draw, tables[0], False)
    for table in tables[1:]:
        word = draw.choice(["UNION", "UNION ALL", "EXCEPT", "EXCEPT", "INTERSECT"])
        text += f"\n{word}\n{_arm(draw, table, word in ('EXCEPT', 'INTERSECT'))}"
    return text


_KINDS: dict[str, tuple[Callable[[Random], list[str]], Callable[[Random], str]]] = {
    "groupby": (_three_tables, _group),
    "aggregates": (_three_tables, _aggregate),
    "between": (_indexed_tables, _between),
    "select4": (_nine_tables, _combined),
}
