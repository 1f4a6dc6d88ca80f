"""A statement's parts: those in WITH that write, or lock rows, and the statement itself.

    WITH gone AS (DELETE FROM a WHERE old RETURNING *), named AS (SELECT id FROM gone) INSERT INTO b SELECT * FROM gone
    parts     DELETE FROM a ..., number 0                    INSERT INTO b ..., which reads the rows that 0 gives

Each part is bound with positions of its own, and brings the common table expressions before it that it reads. All see
the same rows, and none sees what another writes but by its RETURNING; each runs to its end, whether or not anything
reads it. As in PostgreSQL the statement asks the parts for their rows as it reads them, and those that nobody has read
run after it, the last one first (`in_order`), which shows where two of them change one row, or one key.

Left out: WITH RECURSIVE parts that mention later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from pglast import ast

from actors.common.errors import INVALID_RECURSION, DatabaseError
from actors.sql.binding.change import bind_change
from actors.sql.binding.insert import bind_insert
from actors.sql.binding.merge import bind_merge
from actors.sql.binding.query import BoundStatement, Cte
from actors.sql.binding.scope import position_of
from actors.sql.binding.select import Binder, bind_query
from actors.sql.binding.statements import BoundWrite
from actors.sql.binding.trees import is_part
from actors.sql.binding.with_clause import mentions_relation, renamed_fields

Part = BoundStatement | BoundWrite
MakeBinder = Callable[[Any, Mapping[int, Cte]], Binder]
"""Of the part's tree, and what the parts before it give."""
WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def bind_parts(statement: Any, make_binder: MakeBinder) -> list[Part]:
    """The statement is the last one. Raises DatabaseError as PostgreSQL would."""
    given: dict[int, Cte] = {}
    parts: list[Part] = []
    clause = statement.withClause
    for place, node in enumerate(() if clause is None else clause.ctes):
        if not is_part(node.ctequery):
            continue
        if (
            clause.recursive
            and not isinstance(node.ctequery, ast.SelectStmt)
            and mentions_relation(node.ctequery, node.ctename)
        ):
            message = f'recursive query "{node.ctename}" must not contain data-modifying statements'
            raise DatabaseError(INVALID_RECURSION, message, position=position_of(node))
        around = ast.WithClause(ctes=clause.ctes[:place], recursive=clause.recursive)
        binder = make_binder(node.ctequery, dict(given))
        names = [name.sval for name in node.aliascolnames or ()]
        columns = None
        part: Part
        if isinstance(node.ctequery, ast.SelectStmt):
            part = bind_query(binder, node.ctequery, around)
            columns = renamed_fields(part.query.columns, names, node.ctename)
        else:
            part = _write(node.ctequery, binder, around)
            if part.returning is not None:
                columns = renamed_fields(part.returning.fields, names, node.ctename)
        given[id(node)] = Cte(node.ctename, columns, None, given=len(parts))
        parts.append(part)
    binder = make_binder(statement, given)
    last = bind_query(binder, statement) if isinstance(statement, ast.SelectStmt) else _write(statement, binder)
    return [*parts, last]


def in_order(reads: Sequence[Set[int]], queries: Set[int] = frozenset()) -> tuple[list[int], list[int]]:
    """Numbers of the parts that run before the statement, and of those that run after it. `reads`: which parts each
    one reads, the statement's at the end. `queries`: those that write nothing, which run where they are read."""
    needed: list[set[int]] = []  # of each: it, those that it reads, and those that these read, all of them before it
    for number, read in enumerate(reads):
        needed.append({number}.union(*(needed[other] for other in read)))
    last = len(reads) - 1
    before = sorted(needed[last] - {last})
    after: list[int] = []
    for number in reversed([number for number in range(last) if number not in queries]):
        after += sorted(needed[number].difference(before, after))
    return before, after


def _write(statement: Any, binder: Binder, around: Any = None) -> BoundWrite:
    binder.locking = []
    if isinstance(statement, ast.MergeStmt):
        return bind_merge(binder, statement, around)
    bind = bind_insert if isinstance(statement, ast.InsertStmt) else bind_change
    return bind(binder, statement, around)
