"""Rows and JSON: to_json(t), row_to_json(ROW(...)), json_agg(t); json_each and json_to_record in FROM.

to_json(t)                                   a call that is given t's names and columns; NULL where an outer join has no
row of t json_each(x)                                 two functions that return rows side by side: json_each.key,
json_each.value json_to_recordset(x) AS r (a int, b text)    (SELECT CAST(field(e, 'a') AS int) AS a, ... FROM
json_array_elements(x) AS e) AS r
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import SYNTAX_ERROR, UNDEFINED_FUNCTION, DatabaseError
from actors.sql.aggregates.documents import ARRAYS, OBJECTS
from actors.sql.binding.coercion import type_name
from actors.sql.binding.json import as_json
from actors.sql.binding.parameters import TEXT
from actors.sql.binding.scope import position_of
from actors.sql.expressions.json_making import MAKERS, ROW_MAKER, ROW_PRETTY
from actors.sql.expressions.json_sets import RECORD_FIELD
from actors.sql.expressions.tree import Call, Case, Column, Constant, Expression, NullTest, Or
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.query_analysis import QueryAnalysis

ROW_TAKERS = frozenset({*ARRAYS, *OBJECTS, *MAKERS, "row_to_json", "to_json", "to_jsonb"})
"""Functions whose argument may be a row."""
EACH = frozenset({"json_each", "json_each_text", "jsonb_each", "jsonb_each_text"})
PAIR_FIELDS = frozenset(f"{name}.{field}" for name in EACH for field in ("key", "value"))
ELEMENTS = frozenset(
    {"json_array_elements", "json_array_elements_text", "jsonb_array_elements", "jsonb_array_elements_text"}
)
"""Their column in FROM is named value, whatever the item's alias."""
RECORDS = frozenset({"json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset"})
HINT = "No function matches the given name and argument types. You might need to add explicit type casts."
JSON = ColumnType("json")


def row_json(analysis: QueryAnalysis, node: Any) -> Expression | None:
    """An argument that is a row, as JSON; None for any other."""
    if isinstance(node, ast.RowExpr):
        return _made(analysis, [(f"f{place}", analysis.typed(part)) for place, part in enumerate(node.args or (), 1)])
    if not isinstance(node, ast.ColumnRef):
        return None
    names = [part.sval for part in node.fields if isinstance(part, ast.String)]
    if len(names) == len(node.fields):
        if len(names) != 1 or _is_column(analysis, names) or analysis.level.find_relation(names) is None:
            return None
    elif not names:
        return None
    relation = analysis.level.relation(names)
    columns: list[tuple[str, Expression]] = []
    for found in analysis.level.star(names):
        relation.mark(found.position)
        columns.append((found.column.name, Column(found.position, found.column.type)))
    made = _made(analysis, columns)
    if not relation.nullable:
        return made
    tests = tuple(NullTest(column, True) for _, column in columns)
    return Case((Or(tests) if len(tests) > 1 else tests[0],), (made,), None, JSON)


def _is_column(analysis: QueryAnalysis, names: list[str]) -> bool:
    level = analysis.level
    while level is not None:
        if level.own_column(names) is not None:
            return True
        level = level.parent  # type: ignore[assignment]
    return False


def _made(analysis: QueryAnalysis, columns: list[tuple[str, Expression]]) -> Expression:
    arguments: list[Expression] = []
    for name, column in columns:
        arguments += [Constant(name, TEXT), as_json(analysis, column, "json")]
    return analysis.call(ROW_MAKER, arguments)


def is_row_json(expression: Expression) -> bool:
    """Whether `row_json` has made it."""
    if isinstance(expression, Case):
        expression = expression.results[0]
    return isinstance(expression, Call) and expression.name == ROW_MAKER


def row_to_json(analysis: QueryAnalysis, node: Any, rows: list[Expression | None]) -> Expression:
    """row_to_json(record [, pretty]). Raises 42883 for what is no row."""
    [row, *others] = rows
    if row is None or len(others) > 1:
        given = ", ".join(type_name(analysis.expression(argument).type) for argument in node.args)
        shown = f"function row_to_json({given}) does not exist"
        raise DatabaseError(UNDEFINED_FUNCTION, shown, hint=HINT, position=position_of(node))
    if not others:
        return row
    pretty = analysis.typed(node.args[1], ColumnType("bool"))
    return Case((pretty,), (analysis.call(ROW_PRETTY, [row]),), row, JSON)


# -- FROM --------------------------------------------------------------------------------------------------------------


def is_pair_field(node: Any, field: str) -> bool:
    """Whether (node).field is a column of json_each's rows."""
    return isinstance(node, ast.FuncCall) and f"{node.funcname[-1].sval}.{field}" in PAIR_FIELDS


def pair_field(node: Any, field: str) -> Any:
    """The call of the function that returns one column of json_each's rows."""
    name = f"{node.funcname[-1].sval}.{field}"
    return SimpleNamespace(funcname=(SimpleNamespace(sval=name),), args=node.args, location=node.location)


def query_of_records(item: ast.RangeFunction) -> Any:
    """The FROM item that json_to_record and json_to_recordset stand for; None for any other function. Raises 42601
    where no columns are defined."""
    call: Any = item.functions[0][0]
    function = call.funcname[-1].sval if isinstance(call, ast.FuncCall) else ""
    if function not in RECORDS or len(item.functions) != 1 or len(call.args or ()) != 1:
        return None
    if not item.coldeflist:
        raise DatabaseError(
            SYNTAX_ERROR,
            'a column definition list is required for functions returning "record"',
            position=position_of(call),
        )
    source: Any = call.args[0]
    rows = None
    if function.endswith("set"):
        elements = _call(function.replace("_to_recordset", "_array_elements"), source)
        rows = (ast.RangeFunction(functions=((elements, None),), alias=ast.Alias(aliasname=ELEMENT)),)
        source = ast.ColumnRef(fields=(ast.String(sval=ELEMENT), ast.String(sval="value")))
    else:
        kind = ast.TypeName(names=(ast.String(sval=function.partition("_")[0]),), typemod=-1)
        source = ast.TypeCast(arg=source, typeName=kind)
    targets = []
    for column in item.coldeflist:
        type_ = column.typeName
        kind = "array" if type_.arrayBounds else "json" if type_.names[-1].sval in ("json", "jsonb") else "text"
        field = _call(
            RECORD_FIELD,
            source,
            *(ast.A_Const(isnull=False, val=ast.String(sval=text)) for text in (column.colname, kind, function)),
        )
        targets.append(ast.ResTarget(name=column.colname, val=ast.TypeCast(arg=field, typeName=type_)))
    query = ast.SelectStmt(
        targetList=tuple(targets),
        fromClause=rows,
        limitOption=enums.LimitOption.LIMIT_OPTION_DEFAULT,
        op=enums.SetOperation.SETOP_NONE,
    )
    alias = item.alias or ast.Alias(aliasname=function)
    return SimpleNamespace(alias=alias, subquery=query, lateral=True)


ELEMENT = " element"


def _call(name: str, *arguments: Any) -> ast.FuncCall:
    return ast.FuncCall(funcname=(ast.String(sval=name),), args=arguments, agg_within_group=False, func_variadic=False)
