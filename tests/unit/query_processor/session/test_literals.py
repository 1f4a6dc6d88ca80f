"""Lifting literals: what is lifted, as which type, and what is left alone."""

from __future__ import annotations

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.query_processor.session.literals import Literal, lift
from actors.sql.types.column_type import ColumnType

INT4, INT8, NUMERIC = ColumnType("int4"), ColumnType("int8"), ColumnType("numeric")


@pytest.mark.parametrize(
    ("sql", "text", "literals"),
    [
        (
            "UPDATE t SET n = n + -7 WHERE name = 'it''s' AND a1 = 5;",
            "UPDATE t SET n = n + $1 WHERE name = $2 AND a1 = $3;",
            [("-7", INT4), ("it's", None), ("5", INT4)],
        ),
        ("select 1-2", "select $1-$2", [("1", INT4), ("2", INT4)]),
        (
            "select a -2, -3 from t where b=-.5",
            "select a -$1, $2 from t where b=$3",
            [("2", INT4), ("-3", INT4), ("-.5", NUMERIC)],
        ),
        ("select 'a'-1", "select $1-$2", [("a", None), ("1", INT4)]),
        ("SELECT t1.c2 FROM t1 LIMIT 10", "SELECT t1.c2 FROM t1 LIMIT $1", [("10", INT4)]),
        (
            "insert into t values (2147483648, 2.50, .5, 1e3, 'b')",
            "insert into t values ($1, $2, $3, $4, $5)",
            [("2147483648", INT8), ("2.50", NUMERIC), (".5", NUMERIC), ("1e3", NUMERIC), ("b", None)],
        ),
        ("select '1'::int, \"a 'b 1\" from t", 'select $1::int, "a \'b 1" from t', [("1", None)]),
        (
            "SELECT a, 1 FROM t WHERE b = 3 ORDER BY 2, 1 DESC LIMIT 5",
            "SELECT a, $1 FROM t WHERE b = $2 ORDER BY 2, 1 DESC LIMIT $3",
            [("1", INT4), ("3", INT4), ("5", INT4)],
        ),
        (
            "SELECT DISTINCT 'x', n+1 FROM (SELECT n FROM t GROUP BY n HAVING count(*) > 2) AS s WHERE n < 9",
            "SELECT DISTINCT $1, n+$2 FROM (SELECT n FROM t GROUP BY n HAVING count(*) > $3) AS s WHERE n < $4",
            [("x", None), ("1", INT4), ("2", INT4), ("9", INT4)],
        ),
        (
            "SELECT string_agg(a, ',' ORDER BY a), 5 FROM t ORDER BY max(b), 1",
            "SELECT string_agg(a, $1 ORDER BY a), $2 FROM t ORDER BY max(b), 1",
            [(",", None), ("5", INT4)],
        ),
        (
            "SELECT a, 7 FROM t GROUP BY a ORDER BY (SELECT max(b) FROM u ORDER BY x), 1 LIMIT 3",
            "SELECT a, $1 FROM t GROUP BY a ORDER BY (SELECT max(b) FROM u ORDER BY x), 1 LIMIT $2",
            [("7", INT4), ("3", INT4)],
        ),
        (
            "SELECT mode() WITHIN GROUP (ORDER BY a), 7 FROM t WHERE b > 2 ORDER BY array_agg(a ORDER BY b), 2",
            "SELECT mode() WITHIN GROUP (ORDER BY a), $1 FROM t WHERE b > $2 ORDER BY array_agg(a ORDER BY b), 2",
            [("7", INT4), ("2", INT4)],
        ),
        ("select a - 2147483647, -2147483648", "select a - $1, $2", [("2147483647", INT4), ("-2147483648", INT4)]),
        ("select 'order by 1', 2 from t", "select $1, $2 from t", [("order by 1", None), ("2", INT4)]),
        ("select 9223372036854775808", "select $1", [("9223372036854775808", NUMERIC)]),
    ],
)
def test_lifted(sql: str, text: str, literals: list[tuple[str, ColumnType | None]]) -> None:
    lifted = lift(sql)
    assert lifted is not None and lifted.text == text
    assert lifted.literals == tuple(Literal(*literal) for literal in literals)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t",
        "SELECT a FROM t ORDER BY 1",
        "SELECT a + 1 FROM t GROUP BY a + 1",
        "SELECT a + 1 FROM t WHERE b = 2 ORDER BY a + 1",
        "SELECT a FROM t WHERE b = 2 ORDER BY 1 + a",
        "SELECT a FROM t WHERE b = 2 GROUP BY coalesce(a, 2)",
        "SELECT a FROM t WHERE b = 2 ORDER BY 'a'",
        "SELECT a FROM t WHERE b = 2 GROUP BY a ORDER BY string_agg(c, ',' ORDER BY c), 1",
        "SELECT a FROM t WHERE b = 2 ORDER BY (SELECT max(b) FROM u ORDER BY 1), 1",
        "SELECT DISTINCT ON (a) a, 1 FROM t",
        "SELECT 1 UNION SELECT 2",
        "SELECT date '2020-01-01'",
        "SELECT E'a\\n'",
        "SELECT x'1f'",
        "SELECT U&'a'",
        "SELECT uuid 'a'",
        "SELECT 'a' 'b'",
        "SELECT $1 + 1",
        "SELECT 1 -- comment",
        "SELECT 1 /* comment */",
        "SELECT 1; SELECT 2",
        "SELECT a::varchar(10) FROM t",
        "SELECT interval '1 day'",
        "SELECT 1a",
        "SELECT - 2147483648",
        "SELECT n - -2147483648",
        "SELECT n - 9223372036854775808",
        "SET x = 1",
        "CREATE TABLE t (a int DEFAULT 5)",
        "SELECT " + "1," * 10_000 + "1",
    ],
)
def test_left_alone(sql: str) -> None:
    assert lift(sql) is None


@given(
    st.lists(
        st.one_of(
            st.integers(-(2**70), 2**70), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
        )
    )
)
def test_what_is_lifted_reads_back(values: list[int | str]) -> None:
    shown = ["'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value) for value in values]
    sql = f"INSERT INTO t VALUES ({', '.join(shown)})"
    lifted = lift(sql)
    if lifted is not None:
        assert [literal.text for literal in lifted.literals] == [str(value) for value in values]
        [original], [parsed] = pglast.parse_sql(sql), pglast.parse_sql(lifted.text)
        assert len(original.stmt.selectStmt.valuesLists[0]) == len(parsed.stmt.selectStmt.valuesLists[0])
