"""SELECT ... FOR UPDATE and its kin: the rows that a query selects join the conflict check of COMMIT, or the query is
refused. None is left out silently.

Under optimistic concurrency control nobody holds a row before COMMIT and nobody waits for one:

- FOR UPDATE and FOR KEY SHARE do the same: whoever wrote a locked row after this transaction began, and committed
  first, makes its COMMIT fail (40001). FOR SHARE and FOR NO KEY UPDATE too, outside of dsql mode, which refuses them.
- NOWAIT is granted as it stands: there is nothing to wait for. SKIP LOCKED finds no row locked, so it skips none: of
  two consumers that take the same row one is told so at COMMIT.

The row executor locks: on one table, and in joins by look-up, also for a query in the statement's WITH
(binding/parts.py) and for one that a writing statement compares with (subquery.py). A lock in any other query is
refused (0A000), with PostgreSQL's words where PostgreSQL refuses it, too. As there, a lock around a query of WITH or a
function's rows locks nothing of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, UNDEFINED_TABLE, DatabaseError
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.nodes import any_call
from actors.sql.binding.query import BoundQuery, CteItem, FunctionItem, Select, leaves
from actors.sql.binding.relations import Relation, Scope

Strength = enums.LockClauseStrength
NAMES = {
    Strength.LCS_FORKEYSHARE: "FOR KEY SHARE",
    Strength.LCS_FORSHARE: "FOR SHARE",
    Strength.LCS_FORNOKEYUPDATE: "FOR NO KEY UPDATE",
    Strength.LCS_FORUPDATE: "FOR UPDATE",
}
_IN_DSQL_MODE = (Strength.LCS_FORKEYSHARE, Strength.LCS_FORUPDATE)


def lock_name(clauses: Sequence[Any]) -> str:
    """Of the first locking clause, as PostgreSQL's messages have it."""
    return NAMES[Strength(clauses[0].strength)]


def command_of(clauses: Sequence[Any]) -> str:
    """What a read-only transaction must not execute is "SELECT FOR UPDATE"; a mere "SELECT" it may."""
    return f"SELECT {lock_name(clauses)}" if clauses else "SELECT"


def check_locking(statement: ast.SelectStmt, mode: str) -> None:
    """Raises 0A000 where there are no rows of tables to lock, or (dsql mode) for another strength than DSQL has."""
    if mode == "dsql" and any(Strength(clause.strength) not in _IN_DSQL_MODE for clause in statement.lockingClause):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported"
        )
    name = lock_name(statement.lockingClause)
    if statement.valuesLists:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} cannot be applied to VALUES")
    for is_there, what in (
        (statement.op != enums.SetOperation.SETOP_NONE, "UNION/INTERSECT/EXCEPT"),
        (statement.distinctClause, "DISTINCT clause"),
        (statement.groupClause, "GROUP BY clause"),
        (statement.havingClause is not None, "HAVING clause"),
        (any_call((statement.targetList, statement.sortClause), _is_aggregate), "aggregate functions"),
        (statement.windowClause, "window functions"),
    ):
        if is_there:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} is not allowed with {what}")


def locks_rows(query: BoundQuery, statement: ast.SelectStmt) -> bool:
    """Whether there may be rows to lock: of a query in WITH, or of a function, there are none; where one of these is
    named that is an error."""
    if not isinstance(query.body, Select) or any(clause.lockedRels for clause in statement.lockingClause):
        return True
    return not all(isinstance(leaf, CteItem | FunctionItem) for leaf in leaves(query.body.items))


def refused(statement: ast.SelectStmt) -> DatabaseError:
    """0A000 for a query whose rows have no keys here: subqueries and WITH, joins other than by look-up, the system's
    tables ..."""
    return DatabaseError(
        FEATURE_NOT_SUPPORTED, f"{lock_name(statement.lockingClause)} is not supported in a query of this kind"
    )


def locked_relations(clauses: Sequence[Any], scope: Scope) -> list[Relation]:
    """The relations of FROM whose rows are locked. Raises 42P01 for one that is not there, 42601 for a qualified
    name."""
    found: dict[str, Relation] = {}
    relations = {relation.alias: relation for relation in scope.relations}
    for clause in clauses:
        name = NAMES[Strength(clause.strength)]
        if clause.lockedRels is None:
            found |= relations
        for locked in clause.lockedRels or ():
            if locked.schemaname or locked.catalogname:
                raise DatabaseError(SYNTAX_ERROR, f"{name} must specify unqualified relation names")
            if locked.relname not in relations:
                raise DatabaseError(
                    UNDEFINED_TABLE, f'relation "{locked.relname}" in {name} clause not found in FROM clause'
                )
            found[locked.relname] = relations[locked.relname]
    return list(found.values())


def _is_aggregate(call: ast.FuncCall) -> bool:
    return call.over is None and call.funcname[-1].sval in AGGREGATES
