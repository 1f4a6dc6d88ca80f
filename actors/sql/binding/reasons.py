"""Why a statement, or an expression in it, is not for the row executor: what EXPLAIN (VERBOSE) shows of a plan of the
column executor."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """All but JOIN_PATH are told by the bound query (planner/route.py), that one by access paths."""

    WITH = "WITH"
    SET_OPERATION = "UNION, INTERSECT or EXCEPT"
    VALUES = "VALUES"
    DISTINCT = "DISTINCT"
    WINDOW = "a window function"
    TIES = "WITH TIES"
    GROUPING = "GROUP BY or HAVING"
    FROM_ITEM = "something other than one or two tables in FROM"
    JOIN = "a join other than INNER and LEFT JOIN"
    NOT_STORED = "a relation that is not stored"
    SUBQUERY = "a subquery"
    SETS = "a function that returns rows"
    OBJECT = "a cast from a name that the catalog is asked for"
    ARRAY_ORDER = "ORDER BY an array"
    AGGREGATE = "an aggregate other than count, sum, avg, min and max of all rows"
    AGGREGATE_ALONE = "an aggregate without a table"
    AGGREGATE_CLAUSES = "an aggregate beside a join, ORDER BY or LIMIT"
    AGGREGATE_TYPE = "an aggregate over values of this type"
    JOIN_PATH = "a join without an index to look rows up by"
    SEQUENCE = "nextval or its kin in a condition"
    SLOW = "an expression that may take long"
    FUNCTION = "a function or an operation that the row executor lacks"
    EXPRESSION = "an expression that the row executor lacks"
