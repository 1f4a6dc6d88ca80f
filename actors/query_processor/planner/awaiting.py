"""SELECT pg_sleep(1), SELECT sys.wait_for_job('...'): statements that wait. The session's fiber waits, so that nobody's
loop is held, and a cancel request ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.query_processor.jobs import wait_for_job
from actors.query_processor.planner.planning import Planning
from actors.reading.pause import pause
from actors.sql.binding import EmptyScope, analyze, coerce
from actors.sql.binding.column_names import figure_name
from actors.sql.expressions.comparisons import interval_span
from actors.sql.expressions.compile import compile_expression
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

SLEEP_S_MAX = 100 * 365.25 * 86400
"""Nobody has waited longer."""


async def _sleep(transaction: Transaction, seconds: float) -> str:
    if seconds > 0:
        await pause(min(seconds, SLEEP_S_MAX))
    return ""


async def _sleep_for(transaction: Transaction, interval: tuple[int, int, int]) -> str:
    return await _sleep(transaction, interval_span(interval) / 1e6)


async def _sleep_until(transaction: Transaction, moment: int) -> str:
    return await _sleep(transaction, (moment - transaction.environment.clock()) / 1e6)


async def _job(transaction: Transaction, name: str) -> bool:
    return await wait_for_job(transaction.services, name)


VOID = ColumnType("void")
_WAITS: dict[str, tuple[ColumnType, ColumnType, Callable[[Transaction, Any], Awaitable[Any]]]] = {
    "pg_sleep": (ColumnType("float8"), VOID, _sleep),
    "pg_sleep_for": (ColumnType("interval"), VOID, _sleep_for),
    "pg_sleep_until": (ColumnType("timestamptz"), VOID, _sleep_until),
    "wait_for_job": (ColumnType("text"), ColumnType("bool"), _job),
}


class WaitingPlan:
    kind = "SELECT"

    def __init__(self, planning: Planning, target: ast.ResTarget, call: Any) -> None:
        wanted, result, self._wait = _WAITS[call.funcname[-1].sval]
        argument = coerce(analyze(call.args[0], EmptyScope(), planning.parameters, wanted), wanted, planning.parameters)
        if argument is None:
            raise DatabaseError(
                UNDEFINED_FUNCTION, f"function {call.funcname[-1].sval} does not exist with this argument"
            )
        self._argument = compile_expression(argument)
        self._planning = planning
        self.fields = [Field(target.name or figure_name(call), result)]

    @property
    def parameter_types(self) -> Sequence[ColumnType]:
        return self._planning.parameter_types()

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        argument = self._argument((), parameters, transaction.environment)
        return Batch([(None if argument is None else await self._wait(transaction, argument),)], True, "SELECT 1")

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return ["Result"]


def plan_waiting(planning: Planning, statement: ast.SelectStmt) -> WaitingPlan | None:
    """None for any other statement."""
    targets: Any = statement.targetList or ()
    call = targets[0].val if len(targets) == 1 else None
    if not isinstance(call, ast.FuncCall) or call.funcname[-1].sval not in _WAITS or len(call.args or ()) != 1:
        return None
    others = (
        statement.fromClause,
        statement.withClause,
        statement.groupClause,
        statement.lockingClause,
        statement.whereClause,
        statement.sortClause,
        statement.limitCount,
        statement.limitOffset,
        call.over,
        call.agg_filter,
    )
    return WaitingPlan(planning, targets[0], call) if not any(others) else None
