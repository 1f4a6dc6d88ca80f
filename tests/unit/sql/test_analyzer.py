"""Names, parameters, assignments and refusals of the analyzer; expressions over columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pglast
import pytest

from actors.common.errors import DatabaseError
from actors.sql.binding import ParameterTypes, analyze, coerce_assignment, coerce_unknown, common_type
from actors.sql.encoding import scan_program
from actors.sql.expressions.compile import compile_expression, compile_filter, compile_tuple
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import (
    Call,
    Cast,
    Column,
    Constant,
    Expression,
    InList,
    Parameter,
    columns_of,
    is_immutable,
    is_volatile,
)
from actors.sql.types import by_name
from actors.sql.types.calendar import UNIX_EPOCH_US
from actors.sql.types.column_type import ColumnType

INT4, INT8, TEXT, NUMERIC, BOOL = map(ColumnType, ("int4", "int8", "text", "numeric", "bool"))
COLUMNS = {
    "a": INT4,
    "b": INT8,
    "n": ColumnType("numeric", ((10 << 16) | 2) + 4),
    "s": TEXT,
    "v": ColumnType("varchar", 9),
    "d": ColumnType("date"),
    "z": ColumnType("timestamptz"),
    "t": BOOL,
}


class Names:
    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        if names[-1] == "twice":
            raise DatabaseError("42702", 'column reference "twice" is ambiguous')
        if names[-1] not in COLUMNS:
            raise DatabaseError("42703", f'column "{names[-1]}" does not exist')
        return list(COLUMNS).index(names[-1]), COLUMNS[names[-1]]


def parse(sql: str) -> Any:
    return pglast.parse_sql(f"SELECT {sql}")[0].stmt.targetList[0].val


def tree(sql: str, parameters: ParameterTypes | None = None, expected: ColumnType | None = None) -> Expression:
    return analyze(parse(sql), Names(), parameters, expected)


def row(**values: Any) -> list[Any]:
    return [values.get(name) for name in COLUMNS]


def test_columns_stay_bare_in_comparisons_so_that_keys_can_be_found() -> None:
    assert tree("a = 7") == Call("=", ("int4", "int4"), (Column(0, INT4), Constant(7, INT4)), BOOL)
    assert tree("b = 7") == Call("=", ("int8", "int4"), (Column(1, INT8), Constant(7, INT4)), BOOL)
    assert tree("b in (1, 2)") == InList(Column(1, INT8), (Constant(1, INT8), Constant(2, INT8)))
    for sql, datum in (("n = 7", Decimal(7)), ("s = 'x'", "x"), ("v = 'x'", "x"), ("d = '2000-01-02'", 1)):
        compared = tree(sql)
        assert isinstance(compared, Call) and isinstance(compared.arguments[0], Column)
        assert isinstance(compared.arguments[1], Constant) and compared.arguments[1].value == datum


def test_what_depends_on_the_session_is_not_decided_while_planning() -> None:
    local, fixed = tree("z > '2024-01-01'"), tree("z > '2024-01-01 00:00+00'")
    assert isinstance(local, Call) and isinstance(local.arguments[1], Cast) and not is_immutable(local)
    assert isinstance(fixed, Call) and isinstance(fixed.arguments[1], Constant) and is_immutable(fixed)
    assert not is_immutable(tree("z::date = d")) and not is_immutable(tree("now() > z"))
    assert is_volatile(tree("random() < 0.5")) and not is_volatile(tree("now() > z"))
    assert columns_of(tree("a + b > 3 or s is null")) == {0, 1, 3}


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("a = $1", ["int4"]),
        ("$1 = a and $2 like s", ["int4", "text"]),
        ("a + $1 > $2", ["int4", "int4"]),
        ("n * $1", ["numeric"]),
        ("a in ($1, $2)", ["int4", "int4"]),
        ("$1::int8 + $2", ["int8", "int8"]),
        ("coalesce(s, $1)", ["text"]),
        ("case when $1 then $2 else a end", ["bool", "int4"]),
        ("$1 is null or a = $1", ["int4"]),
        ("d between $1 and $2", ["date", "date"]),
        ("length($1)", ["text"]),
        ("$1", ["text"]),
        ("z - $1", ["timestamptz"]),
    ],
)
def test_parameters_take_the_type_of_their_place(sql: str, types: list[str]) -> None:
    parameters = ParameterTypes()
    analyzed = tree(sql, parameters)
    assert [type_.name for type_ in parameters.resolved()] == types
    if not isinstance(analyzed, Parameter):
        compile_expression(analyzed)


def test_parameter_types_that_the_client_gave_and_that_nothing_gives() -> None:
    given = ParameterTypes([INT8, None])
    assert tree("a = $1 and s = $2", given).type == BOOL
    assert given.resolved() == [INT8, TEXT]
    undecided = ParameterTypes()
    tree("$1 is null", undecided)
    with pytest.raises(DatabaseError, match="could not determine data type of parameter \\$1") as caught:
        undecided.resolved()
    assert caught.value.sqlstate == "42P18"
    expected = ParameterTypes()
    assert tree("$1", expected, INT8) == Parameter(1, INT8)
    assert expected.resolved() == [INT8]


@pytest.mark.parametrize(
    ("sql", "sqlstate", "position"),
    [
        ("1 + nothing", "42703", 12),
        ("twice = 1", "42702", 8),
        ("a + s", "42883", 10),
        ("nosuch(a)", "42883", 8),
        ("a::nosuch", "42704", 11),
        ("t and a", "42804", 14),
        ("'1' + '2'", "42725", 12),
        ("a::uuid", "42846", 9),
        ('s collate "xx"', "42704", 10),
    ],
)
def test_errors_say_where(sql: str, sqlstate: str, position: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        tree(sql)
    assert (caught.value.sqlstate, caught.value.position) == (sqlstate, position)


@pytest.mark.parametrize(
    "sql", ["count(*)", "sum(a)", "a + max(b)", "(select 1)", "exists (select 1)", "rank() over ()"]
)
def test_what_is_no_value_of_one_row_is_refused_outside_of_queries(sql: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        tree(sql)
    assert caught.value.sqlstate == "0A000"


def assigned(sql: str, target: ColumnType, **values: Any) -> Any:
    parameters = ParameterTypes()
    expression = coerce_assignment(tree(sql, parameters), target, "x", parameters)
    assert expression.type == target or target.modifier == -1
    return compile_expression(expression)(row(**values), (), Environment())


def test_assignments() -> None:
    assert assigned("'5'", INT4) == 5
    assert assigned("2.5", INT4) == 3
    assert assigned("a", COLUMNS["n"], a=3) == Decimal("3.00")
    assert assigned("a", TEXT, a=3) == "3"
    assert assigned("'abc'", ColumnType("bpchar", 9)) == "abc"
    assert assigned("null", INT4) is None
    assert assigned("s", COLUMNS["v"], s="abcde   ") == "abcde"
    for sql, target, sqlstate in (
        ("'abcdef'", COLUMNS["v"], "22001"),
        ("s", COLUMNS["v"], "22001"),
        ("123456789.5", COLUMNS["n"], "22003"),
        ("b", INT4, "22003"),
        ("'x'", INT4, "22P02"),
        ("s", INT4, "42804"),
        ("true", INT4, "42804"),
    ):
        with pytest.raises(DatabaseError) as caught:
            assigned(sql, target, s="abcdef", b=2**40)
        assert caught.value.sqlstate == sqlstate
    with pytest.raises(DatabaseError, match='column "x" is of type integer but expression is of type text'):
        assigned("s", INT4)


def test_parameters_are_assigned_as_the_column_wants_them() -> None:
    parameters = ParameterTypes()
    expression = coerce_assignment(tree("$1", parameters), COLUMNS["v"], "v", parameters)
    assert [type_.name for type_ in parameters.resolved()] == ["varchar"]
    with pytest.raises(DatabaseError, match="value too long for type character varying\\(5\\)"):
        compile_expression(expression)((), ("abcdef",), Environment())


def test_filters_travel_in_scan_programs() -> None:
    parameters = ParameterTypes()
    condition = tree("n > 1.50 and n < $1 and s like 'a%'", parameters)
    program = scan_program.ScanProgram(columns=tuple(COLUMNS.values()), filter=condition, parameters=(Decimal("9.5"),))
    travelled = scan_program.decode(scan_program.encode(program))
    matches = compile_filter(msgspec.convert(travelled.filter, Expression))
    environment = Environment()
    assert matches(row(n=Decimal("2.00"), s="abc"), travelled.parameters, environment) is True
    assert not matches(row(n=Decimal("1.50"), s="abc"), travelled.parameters, environment)
    assert not matches(row(n=Decimal("9.50"), s="abc"), travelled.parameters, environment)
    assert not matches(row(n=None, s="abc"), travelled.parameters, environment)
    assert not matches(row(n=Decimal("2.00"), s="b"), travelled.parameters, environment)


def test_null_in_filters_and_values() -> None:
    environment = Environment()
    for sql, outcome in (
        ("not (a = 1)", None),
        ("not (a = 1 or b = 2)", False),
        ("a = 1 or b = 2", True),
        ("a = 1 and b = 2", None),
        ("a = 1 and b = 3", False),
        ("(a = 1) is not true", True),
        ("a not in (1, 2)", None),
        ("case when a = 1 then true end", None),
    ):
        values = row(a=None, b=2)
        assert compile_expression(tree(sql))(values, (), environment) is outcome
        assert bool(compile_filter(tree(sql))(values, (), environment)) is (outcome is True)


def test_errors_come_in_the_order_of_evaluation() -> None:
    environment = Environment()
    guarded = compile_filter(tree("a <> 0 and b / a > 1"))
    assert not guarded(row(a=0, b=5), (), environment)
    with pytest.raises(DatabaseError, match="division by zero"):
        compile_filter(tree("b / a > 1 and a <> 0"))(row(a=0, b=5), (), environment)
    with pytest.raises(DatabaseError, match="division by zero"):
        compile_expression(tree("n + b / a"))(row(n=None, a=0, b=5), (), environment)


def test_tuples_and_uuids() -> None:
    environment = Environment(clock=lambda: UNIX_EPOCH_US + 1_700_000_000_123_456)
    make = compile_tuple([tree("a + 1"), tree("gen_random_uuid()"), tree("uuidv7()"), coerce_unknown(tree("'x'"))])
    number, random_uuid, timed, text = make(row(a=4), (), environment)
    assert (number, text) == (5, "x")
    assert random_uuid[6] >> 4 == 4 and timed[6] >> 4 == 7 and random_uuid[8] >> 6 == timed[8] >> 6 == 2
    assert int.from_bytes(timed[:6], "big") == 1_700_000_000_123
    assert make(row(a=4), (), environment)[1] != random_uuid


def test_common_types() -> None:
    assert common_type([INT4, INT8, NUMERIC], "UNION") == NUMERIC
    assert common_type([ColumnType("unknown"), INT4], "UNION") == INT4
    assert common_type([ColumnType("unknown")], "UNION") == TEXT
    assert common_type([COLUMNS["n"], COLUMNS["n"]], "UNION") == COLUMNS["n"]
    with pytest.raises(DatabaseError, match="UNION types integer and text cannot be matched"):
        common_type([INT4, TEXT], "UNION")


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("timestamptz '2024-03-10 02:30'", "2024-03-10 03:30:00-04"),
        ("timestamptz '2024-11-03 01:30'", "2024-11-03 01:30:00-05"),
        ("timestamptz '2024-03-09 12:00' + interval '1 day'", "2024-03-10 12:00:00-04"),
        ("timestamptz '2024-03-09 12:00' + interval '24 hours'", "2024-03-10 13:00:00-04"),
        ("date_trunc('day', timestamptz '2024-06-01 02:00+00')", "2024-05-31 00:00:00-04"),
        ("date_trunc('hour', timestamptz '2024-11-03 05:30+00')", "2024-11-03 01:00:00-04"),
        ("date_trunc('hour', timestamptz '2024-11-03 06:30+00')", "2024-11-03 01:00:00-05"),
        ("date '2024-07-01'::timestamptz", "2024-07-01 00:00:00-04"),
    ],
)
def test_time_zones_of_the_session(sql: str, shown: str) -> None:
    zone = ZoneInfo("America/New_York")
    value = compile_expression(tree(sql))((), (), Environment(time_zone=zone))
    assert by_name["timestamptz"].format_text(value, -1, zone) == shown
