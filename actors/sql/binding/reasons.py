"""Why a statement, or an expression in it, is not for the row executor: what EXPLAIN (VERBOSE) shows of a plan of the column executor."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Those down to AGGREGATE_CLAUSES are told by the statement's shape and the catalog (planner/route.py), the others by types and access paths."""

    WITH = "WITH"
    SET_OPERATION = "UNION, INTERSECT or EXCEPT"
    VALUES = "VALUES"
    DISTINCT = "DISTINCT"
    WINDOW = "a window function"
    INTO = "INTO"
    TIES = "WITH TIES"
    GROUPING = "GROUP BY or HAVING"
    FROM_ITEM = "something other than one or two tables in FROM"
    JOIN = "a join other than INNER and LEFT JOIN ... ON"
    NOT_STORED = "a relation that is not stored"
    COLUMN_ALIASES = "renamed columns in FROM"
    SUBQUERY = "a subquery"
    SETS = "a function that returns rows"
    OBJECT = "a cast from a name that the catalog is asked for"
    ARGUMENTS = "named or VARIADIC arguments"
    ORDER_OPERATOR = "ORDER BY ... USING"
    AGGREGATE = "an aggregate other than count, sum, avg, min and max of all rows"
    AGGREGATE_ALONE = "an aggregate without a table"
    AGGREGATE_CLAUSES = "an aggregate beside a join, ORDER BY or LIMIT"
    AGGREGATE_TYPE = "an aggregate over values of this type"
    JOIN_PATH = "a join without an index to look rows up by"
    LIMIT_TYPE = "a LIMIT of another type than integer"
    SLOW = "an expression that may take long"
    WHOLE_ROW = "a whole row as a value"
    FUNCTION = "a function or an operation that the row executor lacks"
    EXPRESSION = "an expression that the row executor lacks"


class NotForRows(Exception):
    """Internal: the row executor does not take this, the column executor may. `what`: the part of the statement, in the analyzer's words."""

    def __init__(self, reason: Reason = Reason.EXPRESSION, what: str = "") -> None:
        super().__init__(what or reason.value)
        self.reason = reason
        self.what = what


class NotRowStatement(NotForRows):
    """The statement's shape, its relations or their access paths."""


class NotRowExpression(NotForRows):
    """No scalar expression of one row: an aggregate, a subquery ..."""

    def __init__(self, what: str = "", reason: Reason = Reason.EXPRESSION) -> None:
        super().__init__(reason, what)
