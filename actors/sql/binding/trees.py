"""Parser's trees changed into others: copies, never the tree itself, which the statement cache shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pglast import ast, enums

Change = Callable[[Any], Any]
_WRITING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def is_part(query: Any) -> bool:
    """Whether a query of a statement's WITH runs by itself (parts.py): it writes, or it locks rows."""
    return not isinstance(query, ast.SelectStmt) or bool(query.lockingClause)


def with_parts(node: Any, change: Change, **replaced: Any) -> Any:
    """A copy of a parser's node with its parts changed, those named in `replaced` taken as they are."""
    return type(node)(
        **{**{name: change(getattr(node, name)) for name in node.__slots__ if name not in replaced}, **replaced}
    )


def mapped(node: Any, change: Change) -> Any:
    """A copy of a tree in which `change` has replaced nodes from the outermost on; where it answers None a node's parts
    are looked at."""
    if isinstance(node, tuple):
        return tuple(mapped(item, change) for item in node)
    if not isinstance(node, ast.Node):
        return node
    found = change(node)
    return with_parts(node, lambda part: mapped(part, change)) if found is None else found


def with_relations(node: Any, change: Callable[[ast.RangeVar], Any], hidden: frozenset[str] = frozenset()) -> Any:
    """A copy of a tree in which `change` has replaced the relations that are read; names of common table expressions
    and the target of a statement that writes are none. `hidden`: the common table expressions of the statements
    around."""

    def step(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(step(item) for item in part)
        if not isinstance(part, ast.Node):
            return part
        if isinstance(part, ast.RangeVar):
            is_cte = part.schemaname is None and part.relname in hidden
            return part if is_cte else change(part)
        if part is not node and getattr(part, "withClause", None) is not None:
            return with_relations(part, change, hidden)
        kept = {"relation": part.relation} if isinstance(part, _WRITING) else {}
        if isinstance(part, ast.SelectStmt) and part.lockingClause:
            kept["lockingClause"] = part.lockingClause
        if part is node:
            kept |= replaced
        return with_parts(part, step, **kept)

    replaced: dict[str, Any] = {}
    clause = getattr(node, "withClause", None)
    if clause is not None:
        names = [cte.ctename for cte in clause.ctes]
        seen = hidden.union(names) if clause.recursive else hidden
        ctes = []
        for cte in clause.ctes:
            ctes.append(with_parts(cte, lambda part: part, ctequery=with_relations(cte.ctequery, change, seen)))
            seen = seen | {cte.ctename}
        hidden = hidden.union(names)
        replaced["withClause"] = with_parts(clause, lambda part: part, ctes=tuple(ctes))
    return step(node)


def relations_of(node: Any) -> list[ast.RangeVar]:
    """The relations that a tree reads."""
    found: list[ast.RangeVar] = []

    def note(relation: ast.RangeVar) -> ast.RangeVar:
        found.append(relation)
        return relation

    with_relations(node, note)
    return found


def has_subquery(*nodes: Any) -> bool:
    todo = list(nodes)
    while todo:
        part = todo.pop()
        if isinstance(part, tuple):
            todo += part
        elif isinstance(part, ast.SubLink):
            return True
        elif isinstance(part, ast.Node):
            todo += [getattr(part, slot) for slot in part.__slots__]
    return False


def parameters_in(*nodes: Any) -> list[int]:
    """The numbers of the parameters that a tree mentions, as they come."""
    todo, found = list(nodes), []
    while todo:
        part = todo.pop()
        if isinstance(part, tuple):
            todo += part
        elif isinstance(part, ast.ParamRef):
            found.append(part.number)
        elif isinstance(part, ast.Node):
            todo += [getattr(part, slot) for slot in part.__slots__]
    return found


def conjunction_of(conditions: list[Any]) -> Any:
    """None where there is no condition."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return ast.BoolExpr(boolop=enums.BoolExprType.AND_EXPR, args=tuple(conditions))


def mentions(node: Any, name: str) -> bool:
    """Whether a column is named so, without a relation."""
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, tuple):
            todo += part
        elif isinstance(part, ast.ColumnRef):
            if len(part.fields) == 1 and getattr(part.fields[0], "sval", None) == name:
                return True
        elif isinstance(part, ast.Node):
            todo += [getattr(part, slot) for slot in part.__slots__]
    return False


def table_of_into(statement: ast.SelectStmt) -> ast.CreateTableAsStmt | None:
    """Of SELECT ... INTO t; None for a SELECT without INTO, which stands in the first of the queries of a UNION. The
    tree stays as it is: the parser's may be shared."""
    first: Any = statement
    while first.larg is not None:
        first = first.larg
    if first.intoClause is None:
        return None
    query = _without_into(statement)
    kind = enums.ObjectType.OBJECT_TABLE
    return ast.CreateTableAsStmt(
        query=query, into=first.intoClause, objtype=kind, is_select_into=True, if_not_exists=False
    )


def _without_into(statement: Any) -> Any:
    if statement.larg is not None:
        return with_parts(statement, lambda part: part, larg=_without_into(statement.larg))
    return with_parts(statement, lambda part: part, intoClause=None)
