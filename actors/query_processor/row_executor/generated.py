"""Generated columns: what is computed of a row whenever it is written.

    [Generated(2, {0, 1}, compute)]             c int GENERATED ALWAYS AS (a + b) STORED, the third column
    row[2] = compute(row, (), environment)

A statement's own values come first, then these, then NOT NULL and CHECK: constraints.py's `check` does both, so that
whatever writes a row, in whichever way, passes it with them. A generated column reads no other one, so their order is
of no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from actors.sql.binding.stored_expressions import generation_of
from actors.sql.catalog.schema import Table
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import columns_of


class Generated(NamedTuple):
    """`reads`: positions of the columns that it is computed from; `compute(row, (), environment)` gives its datum."""

    position: int
    reads: frozenset[int]
    compute: Callable[[Sequence[Any], Sequence[Any], Environment], Any]


def generated_columns(table: Table) -> tuple[Generated, ...]:
    made = []
    for column in table.columns:
        if column.generated and not column.dropped:
            bound = generation_of(table, column)
            made.append(Generated(column.position, frozenset(columns_of(bound)), compile_expression(bound)))
    return tuple(made)
