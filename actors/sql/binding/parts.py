"""A statement's parts: those in WITH that write, and the statement itself.

    WITH gone AS (DELETE FROM a WHERE old RETURNING *), named AS (SELECT id FROM gone) INSERT INTO b SELECT * FROM gone
    parts     DELETE FROM a ..., number 0                    INSERT INTO b ..., which reads the rows that 0 gives

Each part is bound with positions of its own, and brings the common table expressions before it that it reads. All see
the same rows, and none sees what another writes but by its RETURNING; each runs to its end, whether or not anything
reads it, in the order in which they are written.

Left out: WITH RECURSIVE parts that mention later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.sql.binding.change import bind_change
from actors.sql.binding.insert import bind_insert
from actors.sql.binding.query import BoundStatement, Cte
from actors.sql.binding.scope import position_of
from actors.sql.binding.select import Binder, bind_query
from actors.sql.binding.statements import BoundWrite
from actors.sql.binding.with_clause import renamed_fields

Part = BoundStatement | BoundWrite
MakeBinder = Callable[[Any, Mapping[int, Cte]], Binder]
"""Of the part's tree, and what the parts before it give."""
WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)


def bind_parts(statement: Any, make_binder: MakeBinder) -> list[Part]:
    """The statement is the last one. Raises DatabaseError as PostgreSQL would."""
    given: dict[int, Cte] = {}
    parts: list[Part] = []
    clause = statement.withClause
    for place, node in enumerate(() if clause is None else clause.ctes):
        if isinstance(node.ctequery, ast.SelectStmt):
            continue
        if not isinstance(node.ctequery, WRITES):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "MERGE is not supported in WITH", position=position_of(node))
        around = ast.WithClause(ctes=clause.ctes[:place], recursive=clause.recursive)
        part = _write(node.ctequery, make_binder(node.ctequery, dict(given)), around)
        names = [name.sval for name in node.aliascolnames or ()]
        columns = None
        if part.returning is not None:
            columns = renamed_fields(part.returning.fields, names, node.ctename)
        given[id(node)] = Cte(node.ctename, columns, None, given=len(parts))
        parts.append(part)
    binder = make_binder(statement, given)
    last = bind_query(binder, statement) if isinstance(statement, ast.SelectStmt) else _write(statement, binder)
    return [*parts, last]


def _write(statement: Any, binder: Binder, around: Any = None) -> BoundWrite:
    binder.locking = []
    bind = bind_insert if isinstance(statement, ast.InsertStmt) else bind_change
    return bind(binder, statement, around)
