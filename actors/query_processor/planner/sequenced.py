"""SELECT whose list calls nextval or its kin: the query without these calls, planned as any other, and the calls over
its rows.

    SELECT nextval('s'), a + 1 FROM t WHERE b ORDER BY c        SELECT NULL, a + 1 FROM t WHERE b ORDER BY c, then
                                                                nextval('s') of each row
    SELECT setval('s', max(id)) FROM t                          SELECT NULL, max(id) FROM t

So neither executor waits within an expression, and a sequence is asked after sorting, for the rows that are given out
alone, as in PostgreSQL. In WHERE, GROUP BY, ORDER BY and in subqueries these functions are refused (0A000) when they
are called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.planning import Planning
from actors.query_processor.row_executor.modifying import in_turns
from actors.query_processor.row_executor.selecting import TupleOf
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.nodes import any_call
from actors.sql.binding.trees import mapped, with_parts
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import SEQUENCE_FUNCTIONS
from actors.sql.results import Batch, Field, all_rows
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import QueryPlan
    from actors.query_processor.transaction import Transaction

_MARK = "\x00of the query"
_SYNTAX = (ast.TypeName, ast.String, ast.Integer, ast.A_Const, ast.ParamRef, ast.Float, ast.Boolean, ast.SortBy)
NULL = ast.A_Const(isnull=True)


def calls_sequence(nodes: Any) -> bool:
    """Of expressions themselves, not of their subqueries."""
    return any_call(nodes, lambda call: call.funcname[-1].sval in SEQUENCE_FUNCTIONS)


def plain_references(node: Any) -> Any:
    """A tree in which nextval and its kin name their sequence by text alone: nextval('s'::regclass) is nextval('s')."""

    def change(part: Any) -> Any:
        if not isinstance(part, ast.FuncCall) or part.funcname[-1].sval not in SEQUENCE_FUNCTIONS or not part.args:
            return None
        first, *others = part.args
        while isinstance(first, ast.TypeCast) and first.typeName.names[-1].sval in ("regclass", "text"):
            first = first.arg
        arguments = tuple(mapped(one, change) for one in (first, *others))
        return with_parts(part, lambda one: one, funcname=part.funcname[-1:], args=arguments)

    return mapped(node, change)


class SequencedPlan:
    """`make` sees a row of `query` and gives one of the result."""

    kind = "SELECT"

    def __init__(self, parameter_types: list[ColumnType], query: QueryPlan, make: TupleOf, fields: list[Field]) -> None:
        self.parameter_types = parameter_types
        self.fields = fields
        self._query = query
        self._make = make

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what the query raises, 2200H, 55000 and what else sequences raise."""
        found = await all_rows(await self._query.run(transaction, parameters), transaction.memory_bytes_max)
        environment = transaction.environment
        rows = await in_turns(found, lambda row: self._make(row, parameters, environment), environment)
        return Batch(rows, True, f"SELECT {len(rows)}")

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return ["Sequence Values", *(f"  {line}" for line in self._query.explain(analyze, verbose))]


class _Scope:
    """The rows of the query, by the places of their columns."""

    def __init__(self, fields: Sequence[Field], place_of: Callable[[int], int]) -> None:
        self._fields = fields
        self._place_of = place_of

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        assert names[0] == _MARK, "everything else is the query's"
        place = self._place_of(int(names[1]))
        return place, self._fields[place].type


def plan_sequenced(
    planning: Planning, statement: ast.SelectStmt, plan_query: Callable[[Any], QueryPlan]
) -> SequencedPlan:
    """Raises 0A000 where the list is one of distinct rows, or calls stand beside several stars."""
    if statement.distinctClause or statement.op != enums.SetOperation.SETOP_NONE:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "nextval() and its like are not supported with DISTINCT")
    parts: list[Any] = []
    targets: list[Any] = []
    outer: list[Any] = []
    for target in statement.targetList or ():
        if calls_sequence(target.val):
            outer.append(_without_queried(plain_references(target.val), parts))
            targets.append(ast.ResTarget(val=NULL))
        else:
            outer.append(None)
            targets.append(target)
    stars = [place for place, target in enumerate(targets) if _is_star(target)]
    if len(stars) > 1:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "nextval() and its like are not supported beside several stars")
    listed = (*targets, *(ast.ResTarget(val=part) for part in parts))
    query = plan_query(with_parts(statement, lambda part: part, targetList=listed))
    fields = query.fields
    shift = len(fields) - len(listed)

    def place_of(number: int) -> int:
        """Of the query's n-th target in its rows: a star is several columns."""
        return number + shift if stars and number > stars[0] else number

    scope: Any = _Scope(fields, lambda part: place_of(len(targets) + part))
    expressions, shown = [], []
    for number, (target, own) in enumerate(zip(statement.targetList or (), outer, strict=True)):
        if own is not None:
            expression = planning.expression(own, scope)
            expressions.append(expression)
            shown.append(Field(target.name or figure_name(target.val), expression.type))
            continue
        width = shift + 1 if _is_star(target) else 1
        for place in range(place_of(number), place_of(number) + width):
            expressions.append(_column(place, fields[place].type))
            shown.append(fields[place])
    return SequencedPlan(planning.parameter_types(), query, compile_tuple(tuple(expressions)), shown)


def _column(place: int, type_: ColumnType) -> Any:
    from actors.sql.expressions.tree import Column

    return Column(place, type_)


def _is_star(target: Any) -> bool:
    return isinstance(target.val, ast.ColumnRef) and isinstance(target.val.fields[-1], ast.A_Star)


def _without_queried(node: Any, parts: list[Any]) -> Any:
    """An expression whose largest parts without such a call are columns of the query, noted in `parts`."""
    if isinstance(node, tuple):
        return tuple(_without_queried(item, parts) for item in node)
    if not isinstance(node, ast.Node) or isinstance(node, _SYNTAX):
        return node
    if not calls_sequence(node):
        parts.append(node)
        return ast.ColumnRef(fields=(ast.String(sval=_MARK), ast.String(sval=str(len(parts) - 1))))
    return with_parts(node, lambda part: _without_queried(part, parts))
