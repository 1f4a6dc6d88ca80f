"""Aggregates."""
from __future__ import annotations

from typing import Any

from pglast.visitors import Visitor

from actors.query_processor.analyzer.analysis import AGGREGATES
from actors.query_processor.planner.scope import NotRowStatement


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_FuncCall(self, ancestors: Any, node: Any) -> None:
        if node.funcname[-1].sval in AGGREGATES:
            self.found = True


def find_aggregates(statement: Any) -> bool:
    finder = _Finder()
    for part in (statement.targetList, statement.sortClause):
        for node in part or ():
            finder(node)
    return finder.found or bool(statement.groupClause)


def plan_aggregate(planning: Any, statement: Any, scope: Any) -> Any:
    raise NotRowStatement
