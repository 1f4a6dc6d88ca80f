"""EXPLAIN (PARTS): a SELECT as a plan of scans that another process makes (actors/reading/plan.py).

What can be split: columns of one table, WHERE conditions that storage evaluates. Anything else would need rows of
several shards in one place, or an expression that storage does not compute; it is refused (0A000) with the clause
that is in the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.column_executor.feeding import conjunction, row_types
from actors.query_processor.column_executor.plan import ColumnPlan, plan_columns
from actors.query_processor.planner.facts import conjuncts
from actors.reading.plan import FORMAT, ReadPlan
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import Select
from actors.sql.binding.select import bind_statement
from actors.sql.encoding import scan_program
from actors.sql.encoding.keys import keyspace, prefix_end
from actors.sql.types.arrays import is_array
from actors.sql.types.base import SHOWN

if TYPE_CHECKING:
    from actors.common.messages.control import Topology
    from actors.common.settings import Settings
    from actors.query_processor.column_executor.sources import Source
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.results import Field
    from actors.sql.types.column_type import ColumnType

CLAUSES = {
    "distinctClause": "DISTINCT",
    "groupClause": "GROUP BY",
    "havingClause": "HAVING",
    "windowClause": "WINDOW",
    "valuesLists": "VALUES",
    "sortClause": "ORDER BY",
    "limitOffset": "OFFSET",
    "limitCount": "LIMIT",
    "lockingClause": "FOR UPDATE",
    "withClause": "WITH",
    "larg": "UNION, INTERSECT and EXCEPT",
}
"""Fields of a SELECT's tree that must be empty."""


@dataclass(frozen=True, slots=True)
class Split:
    """A SELECT that can be split. `positions`: of its columns in the table's row."""

    source: Source
    fields: list[Field]
    positions: tuple[int, ...]
    parameter_types: tuple[ColumnType, ...]


def split(statement: Any, catalog: Catalog) -> Split:
    """Raises 0A000 for what cannot be split, and what planning raises."""
    if not isinstance(statement, ast.SelectStmt):
        raise _refused("only a SELECT reads")
    for name, shown in CLAUSES.items():
        if getattr(statement, name):
            raise _refused(f"{shown} needs the rows of all parts in one place")
    if len(statement.fromClause or ()) != 1 or not isinstance(statement.fromClause[0], ast.RangeVar):
        raise _refused("it does not read exactly one table")
    parameters = ParameterTypes((), catalog)
    bound = bind_statement(statement, catalog, parameters)
    plan = plan_columns(bound, parameters)
    source = _source_of(plan)
    where = bound.query.body.where if isinstance(bound.query.body, Select) else None
    if len(source.filters) != (0 if where is None else len(conjuncts(where))):
        raise _refused("storage cannot evaluate all of its conditions")
    positions = []
    for field in plan.fields:
        if not field.table_oid:
            raise _refused(f'column "{field.name}" is no column of the table')
        if is_array(field.type.name):
            raise _refused(f'column "{field.name}" is an array')
        if field.type.name in SHOWN:
            raise _refused(f'column "{field.name}" is of a type that Arrow does not have')
        positions.append(field.attribute - 1)
    return Split(source, plan.fields, tuple(positions), plan.parameter_types)


def read_plan(statement: Any, catalog: Catalog, settings: Settings, at: int, topology: Topology) -> ReadPlan:
    """Raises 0A000 for what cannot be split, and what planning raises."""
    found = split(statement, catalog)
    table = found.source.table
    assert table is not None
    program = scan_program.ScanProgram(
        columns=row_types(table), filter=conjunction(found.source.filters), output="columns", project=found.positions
    )
    start = keyspace(table.id, table.primary.id)
    parts = topology.shard_map.scan_pieces(start, prefix_end(start))
    return ReadPlan(
        format=FORMAT,
        at=at,
        catalog_ts=catalog.version,
        age_s_max=settings.limits.transaction_age_s,
        names=tuple(field.name for field in found.fields),
        types=tuple(field.type for field in found.fields),
        program=scan_program.encode(program),
        parts=tuple((low, high) for low, high, _ in parts),
        topology=topology,
    )


def _source_of(plan: ColumnPlan) -> Source:
    """The one table. Raises 0A000."""
    if len(plan.sources.all) != 1 or plan.sources.all[0].table is None:
        raise _refused("it does not read exactly one table")
    return plan.sources.all[0]


def _refused(why: str) -> DatabaseError:
    return DatabaseError(
        FEATURE_NOT_SUPPORTED,
        f"the query cannot be read in parts: {why}",
        hint="Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).",
    )
