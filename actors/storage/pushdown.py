"""A scan program compiled: filter, projection and aggregation over the rows that a scan sees.

A `CompiledProgram` is made once for a program (parameters apart) and kept; each answer gets a fresh `Output`, which
takes rows in two forms:

- `add_rows(keys, values, limit)`: encoded rows, in scan order; they are decoded, filtered and projected one by one
- `add_part(part)`: a block (block_scan.py) where the program is `vectorized`: typed columns from the cache, Arrow
  kernels for filter and aggregates. A block whose values do not allow it (NotVectorized, or a datum that its Arrow type
  cannot hold) goes through `add_rows`.

Row order is kept: where a block's rows and newer rows interleave, the answer is sorted by key again. Columns of the
answers: "rows" key, value; "columns" `key` (where asked for) and c0, c1 ...; "aggregates" g0 ... (groups) and a0 ...
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from actors.sql.encoding.arrow_types import arrow_type
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import ScanProgram
from actors.sql.expressions import tree
from actors.storage.aggregates import (
    Accumulator,
    accumulator,
    group_identity,
    result_arrow_type,
)
from actors.storage.block_scan import BlockPart, ColumnCache
from actors.storage.expression_binding import Filter, RowFunction, parameter_types, revive_parameters
from actors.storage.outputs import ROWS_SCHEMA, AggregatesOutput, ColumnsOutput, FirstRowsOutput, Output, RowsOutput
from actors.storage.zone_filter import Skipped, zone_filter


class CompiledProgram:
    """What a program's bytes are compiled to, less its parameters: statements that are executed again differ in these
    only.

    `row_cost_us`: what looking at one row costs, about, for cutting answers to bounded work.
    """

    def __init__(self, program: ScanProgram, cache: ColumnCache) -> None:
        self.program = program
        self.cache = cache
        self.types = program.columns
        self.codec = RowCodec(program.columns)
        self.filter = None if program.filter is None else Filter(program.filter)
        self.zone_test = None if program.filter is None else zone_filter(tree.decode_expression(program.filter))
        self.arguments = [
            None if aggregate.argument is None else RowFunction(aggregate.argument) for aggregate in program.aggregates
        ]
        self.parameter_types = parameter_types(
            [program.filter, *(aggregate.argument for aggregate in program.aggregates)]
        )
        self.positions = list(program.project) if program.project is not None else list(range(len(program.columns)))
        self.vectorized = self._is_vectorized()
        self.row_cost_us = 3.0
        self.schema = self._schema()
        self.head: bytes = self.schema.serialize().to_pybytes()
        """The schema message, with which every answer begins."""
        self._nothing: pa.RecordBatch | None = None

    def _is_vectorized(self) -> bool:
        if self.filter is not None and self.filter.vector is None:
            return False
        if self.program.output == "rows":
            return self.program.project is None
        if self.program.output == "columns":
            return True
        columns_only = all(argument is None or argument.position is not None for argument in self.arguments)
        return columns_only and all(
            group_identity(self.types[position]) is None or self._is_decimal(position)
            for position in self.program.group_by
        )

    def _is_decimal(self, position: int) -> bool:
        return bool(pa.types.is_decimal(arrow_type(self.types[position])))

    def accumulators(self) -> list[Accumulator]:
        return [
            accumulator(aggregate.function, None if argument is None else argument.type)
            for aggregate, argument in zip(self.program.aggregates, self.arguments, strict=True)
        ]

    def _schema(self) -> pa.Schema:
        program = self.program
        if program.output == "rows":
            return ROWS_SCHEMA
        if program.output == "columns":
            fields = [pa.field("key", pa.binary())] if program.with_key else []
            return pa.schema(
                fields
                + [
                    pa.field(f"c{place}", arrow_type(self.types[position]))
                    for place, position in enumerate(self.positions)
                ]
            )
        groups = [
            pa.field(f"g{place}", arrow_type(self.types[position])) for place, position in enumerate(program.group_by)
        ]
        return pa.schema(
            groups + [pa.field(f"a{place}", result_arrow_type(made)) for place, made in enumerate(self.accumulators())]
        )

    def nothing(self) -> pa.RecordBatch:
        """No rows: of a small table on several shards most answers have none."""
        if self._nothing is None:
            self._nothing = pa.record_batch([pa.array([], field.type) for field in self.schema], schema=self.schema)
        return self._nothing

    def skipped(self, parameters: tuple[Any, ...], keyspace: bytes) -> Skipped | None:
        """Which blocks the filter lets a scan of the keyspace pass over; None where it cannot tell."""
        if self.zone_test is None:
            return None
        return Skipped(self.zone_test, revive_parameters(parameters, self.parameter_types), keyspace)

    def output(self, parameters: tuple[Any, ...], order_rows: int = 0) -> Output:
        """`parameters` as they came over the bus; `order_rows` as in ScanProgram."""
        bound = BoundProgram(self, revive_parameters(parameters, self.parameter_types))
        if self.program.output == "rows":
            return FirstRowsOutput(bound, order_rows) if order_rows else RowsOutput(bound)
        return ColumnsOutput(bound) if self.program.output == "columns" else AggregatesOutput(bound)


class BoundProgram:
    """A compiled program with its parameters: one answer's."""

    __slots__ = ("compiled", "parameters")

    def __init__(self, compiled: CompiledProgram, parameters: tuple[Any, ...]) -> None:
        self.compiled = compiled
        self.parameters = parameters

    def part_columns(self, part: BlockPart, positions: list[int]) -> tuple[dict[int, pa.Array], pa.Array | None]:
        """The columns at `positions` for the part's base rows that pass the filter, and which of the base rows these
        are, as a mask (None: all). Raises NotVectorized or DatabaseError where the block's values do not allow it."""
        compiled = self.compiled
        vector = compiled.filter.vector if compiled.filter is not None else None
        needed = sorted({*positions, *(vector.positions if vector is not None else ())})
        columns: dict[int, pa.Array] = {}
        if needed:
            whole = compiled.cache.columns(part.block, part.keyspace, needed, compiled.types, compiled.codec.decode)
            columns = {position: part.pick(column) for position, column in whole.items()}
        if vector is None:
            return columns, None
        mask = vector.mask(columns, self.parameters)
        return {position: columns[position].filter(mask) for position in positions}, mask

    def filtered(
        self, keys: list[bytes], values: list[bytes], limit: int
    ) -> tuple[list[bytes], list[bytes], list[list[Any]]]:
        """Those that pass: keys, encoded rows, decoded rows."""
        decode = self.compiled.codec.decode
        rows = [decode(value) for value in values]
        if self.compiled.filter is not None:
            passes, parameters = self.compiled.filter.passes, self.parameters
            kept = [place for place, row in enumerate(rows) if passes(row, parameters)]
            if len(kept) < len(rows):
                keys = [keys[place] for place in kept]
                values = [values[place] for place in kept]
                rows = [rows[place] for place in kept]
        return (keys[:limit], values[:limit], rows[:limit]) if limit else (keys, values, rows)
