"""Queries within a statement that writes.

`plan_within` plans one of them, the statement's parameters being shared. `take_out` makes a plain statement of one
whose subqueries do not depend on its rows: they run first, once, and their results are parameters of the rest, so that
conditions on keys still lead to points:

    UPDATE t SET n = (SELECT max(n) FROM u) WHERE id = $1
    ->  $2 := SELECT max(n) FROM u;   UPDATE t SET n = $2 WHERE id = $1
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pglast import ast, enums
from pglast.visitors import Visitor

from actors.common.errors import DatabaseError
from actors.query_processor.planner.planning import Planning
from actors.query_processor.row_executor.subqueries import Subquery, WithSubqueries
from actors.sql.binding import NotRowExpression
from actors.sql.binding.exists import without_values
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import NotRowStatement
from actors.sql.binding.trees import with_parts as with_parts
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import QueryPlan

QueryPlanner = Callable[[Planning, Any], "QueryPlan"]
"""Plans the SELECT within a statement."""

TEXT = ColumnType("text")
BOOL = ColumnType("bool")
_NAMES = frozenset({"42703", "42P01", "42702"})
"""Names that a subquery does not know: it depends on the statement around it."""


class _ParameterFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: set[int] = set()

    def visit_ParamRef(self, ancestors: Any, node: Any) -> None:
        self.numbers.add(node.number)


def parameter_numbers(node: Any) -> set[int]:
    finder = _ParameterFinder()
    finder(node)
    return finder.numbers


def plan_within(planning: Planning, query: Any, plan_query: QueryPlanner) -> QueryPlan:
    """The plan of `query`, which sees the types of the statement's parameters that are known, and adds those of its
    own."""
    used = parameter_numbers(query)
    given: list[ColumnType | None] = []
    for number in range(1, max(used, default=0) + 1):
        # One that the query does not use needs some type, and keeps none of it.
        known = planning.parameters.use(number) if number in used else TEXT
        given.append(None if known.name == "unknown" else known)
    inner = Planning(planning.catalog, given, planning.settings)
    plan = plan_query(inner, query)
    for number in sorted(used):
        planning.parameters.use(number)
        planning.parameters.decide(number, plan.parameter_types[number - 1])
    return plan


class _Extractor:
    """Replaces subqueries by parameters numbered after the statement's own."""

    def __init__(self, planning: Planning, first: int, plan_query: QueryPlanner) -> None:
        self._planning = planning
        self._first = first
        self._plan_query = plan_query
        self.queries: list[Subquery] = []

    def replaced(self, node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(self.replaced(item) for item in node)
        if not isinstance(node, ast.Node):
            return node
        if isinstance(node, ast.SubLink):
            return self._parameter(node)
        return with_parts(node, self.replaced)

    def _parameter(self, node: Any) -> ast.ParamRef:
        kind = node.subLinkType
        if kind not in (enums.SubLinkType.EXPR_SUBLINK, enums.SubLinkType.EXISTS_SUBLINK):
            raise NotRowStatement(Reason.SUBQUERY)
        exists = kind == enums.SubLinkType.EXISTS_SUBLINK
        try:
            plan = plan_within(self._planning, node.subselect, self._plan_query)
            short = without_values(node.subselect) if exists else None
            if short is not None:
                plan = plan_within(self._planning, short, self._plan_query)
        except DatabaseError as error:
            if error.sqlstate in _NAMES:
                raise NotRowStatement(Reason.SUBQUERY) from None
            raise
        if not exists and len(plan.fields) != 1:
            raise DatabaseError("42601", "subquery must return only one column")
        self.queries.append(Subquery(plan, exists))
        number = self._first + len(self.queries)
        self._planning.parameters.decide(number, BOOL if exists else plan.fields[0].type)
        return ast.ParamRef(number=number, location=node.location)


def take_out(
    planning: Planning, statement: Any, plan_query: QueryPlanner, plan_rest: Callable[[Any], Any]
) -> WithSubqueries:
    """`plan_rest(statement without its subqueries)` behind its subqueries. Raises NotRowStatement where one of them
    depends on the rows."""
    parameters = max(parameter_numbers(statement), default=0)
    parameters = max(parameters, len(planning.given))
    extractor = _Extractor(planning, parameters, plan_query)
    changed = {name: getattr(statement, name) for name in statement.__slots__}
    for name in ("targetList", "whereClause"):
        if name in changed:
            changed[name] = extractor.replaced(changed[name])
    if not extractor.queries:
        raise NotRowStatement(Reason.EXPRESSION)
    try:
        rest = plan_rest(type(statement)(**changed))
    except NotRowExpression as error:
        raise NotRowStatement(error.reason, error.what) from None
    return WithSubqueries(rest, extractor.queries, rest.parameter_types[:parameters])
