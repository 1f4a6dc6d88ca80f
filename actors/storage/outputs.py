"""What one answer of a scan collects: rows, the first rows of an order, typed columns, or partial aggregates.

Each takes encoded rows (`add_rows`) and blocks as typed columns (`add_part`); see pushdown.py.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Any, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.sql.encoding.arrow_types import from_arrow, to_arrow
from actors.storage.aggregates import Accumulator, FloatSum, NotVectorized, group_identity
from actors.storage.block_scan import BlockPart
from actors.storage.first_rows import FirstRows

if TYPE_CHECKING:
    from actors.storage.pushdown import BoundProgram

ROWS_SCHEMA = pa.schema([pa.field("key", pa.binary(), nullable=False), pa.field("value", pa.binary(), nullable=False)])

Rows = tuple[list[bytes], list[bytes]]

_BINARY = pa.binary()
LOOSE_ROWS_MAX = 1024
"""Rows that may be among the first are gathered until they are so many more than wanted."""


class Output(Protocol):
    """What one scan answer collects. `count`: rows of the answer so far; `size_bytes`: theirs, about."""

    size_bytes: int

    @property
    def count(self) -> int: ...

    def add_rows(self, keys: list[bytes], values: list[bytes], limit: int) -> None:
        """`limit`: take at most so many of those that pass (0: all)."""

    def add_part(self, part: BlockPart) -> None: ...

    def truncate(self, rows: int) -> None:
        """Leave the first so many, of a scan with a limit."""

    def finish(self) -> list[pa.RecordBatch]:
        """At least one."""


def base_rows(part: BlockPart) -> Rows:
    """The part's base rows as lists."""
    batch = part.block.batch
    return part.pick(batch.column(0)).to_pylist(), part.pick(batch.column(2)).to_pylist()


def all_rows(part: BlockPart) -> Rows:
    """The part's rows as lists, in key order."""
    keys, values = base_rows(part)
    if not part.overlay_keys:
        return keys, values
    merged = dict(zip(keys, values, strict=True))
    merged.update(zip(part.overlay_keys, part.overlay_values, strict=True))
    ordered = sorted(merged)
    return ordered, [merged[key] for key in ordered]


def in_key_order(batches: list[pa.RecordBatch], keys: list[pa.Array]) -> pa.RecordBatch:
    """Batches of one schema joined and sorted by their rows' keys."""
    table = pa.Table.from_batches(batches)
    order = pc.sort_indices(pa.concat_arrays(keys))
    return table.take(order).combine_chunks().to_batches()[0] if len(order) else batches[0]


class _BatchOutput:
    """Collects record batches."""

    def __init__(self, bound: BoundProgram) -> None:
        self.bound = bound
        self.compiled = bound.compiled
        self.program = bound.compiled.program
        self.count = 0
        self.size_bytes = 0
        self._batches: list[pa.RecordBatch] = []

    def _keep(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._batches.append(batch)
            self.count += batch.num_rows
            self.size_bytes += batch.nbytes

    def truncate(self, rows: int) -> None:
        surplus = self.count - rows
        while surplus > 0 and self._batches:
            batch = self._batches.pop()
            if batch.num_rows > surplus:
                self._batches.append(batch.slice(0, batch.num_rows - surplus))
            surplus -= batch.num_rows
        self.count = rows

    def finish(self) -> list[pa.RecordBatch]:
        if not self._batches:
            return [self.compiled.nothing()]
        return self._batches if self.compiled.schema else [_without_columns(self.count)]


def _passed(mask: pa.Array) -> int:
    return pc.sum(mask).as_py() or 0


def _without_columns(rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))


class RowsOutput(_BatchOutput):
    """key, value. A projected row has None in the positions that were not asked for."""

    def __init__(self, bound: BoundProgram) -> None:
        super().__init__(bound)
        self._keys: list[bytes] = []
        """Rows not yet made into a batch: Arrow arrays cost 5 us each, however small."""
        self._values: list[bytes] = []

    def add_rows(self, keys: list[bytes], values: list[bytes], limit: int) -> None:
        if self.compiled.filter is not None or self.program.project is not None:
            keys, values, rows = self.bound.filtered(keys, values, limit)
            if self.program.project is not None:
                values = [self._project(row) for row in rows]
        elif limit:
            keys, values = keys[:limit], values[:limit]
        self._keys += keys
        self._values += values
        self.count += len(keys)
        self.size_bytes += sum(map(len, keys)) + sum(map(len, values))

    def truncate(self, rows: int) -> None:
        self._flush()
        super().truncate(rows)

    def keep_row(self, key: bytes, value: bytes) -> None:
        """As it is."""
        self._keys.append(key)
        self._values.append(value)

    def _flush(self) -> None:
        if self._keys:
            self._batches.append(
                pa.record_batch([pa.array(self._keys, _BINARY), pa.array(self._values, _BINARY)], schema=ROWS_SCHEMA)
            )
            self._keys, self._values = [], []

    def finish(self) -> list[pa.RecordBatch]:
        """One."""
        self._flush()
        batches = super().finish()
        return batches if len(batches) == 1 else [pa.concat_batches(batches)]

    def _project(self, row: list[Any]) -> bytes:
        positions = self.compiled.positions
        projected: list[Any] = [None] * (max(positions, default=-1) + 1)
        for position in positions:
            projected[position] = row[position]
        return self.compiled.codec.encode(projected)

    def add_part(self, part: BlockPart) -> None:
        try:
            _, mask = self.bound.part_columns(part, [])
        except (NotVectorized, DatabaseError):
            self.add_rows(*all_rows(part), 0)
            return
        self._flush()
        columns = [part.pick(part.block.batch.column(0)), part.pick(part.block.batch.column(2))]
        if mask is not None:
            columns = [column.filter(mask) for column in columns]
        base = pa.record_batch(columns, schema=ROWS_SCHEMA)
        if not part.overlay_keys:
            self._keep(base)
            return
        newer = RowsOutput(self.bound)
        newer.add_rows(part.overlay_keys, part.overlay_values, 0)
        [overlay] = newer.finish()
        self._keep(in_key_order([base, overlay], [base.column(0), overlay.column(0)]))


class FirstRowsOutput(_BatchOutput):
    """key, value of the rows that come first in the program's order, at most `rows_max`; in key order."""

    def __init__(self, bound: BoundProgram, rows_max: int) -> None:
        super().__init__(bound)
        self._rows_max = rows_max
        self._first = FirstRows(self.program.order, self.compiled.types, rows_max)
        self._loose: list[tuple[bytes, bytes, bytes]] = []
        """Rows that came one by one: sort key, key, value."""

    def add_rows(self, keys: list[bytes], values: list[bytes], limit: int) -> None:
        keys, values, rows = self.bound.filtered(keys, values, 0)
        self._loose += zip(map(self._first.sort_key, rows), keys, values, strict=True)
        if len(self._loose) > max(LOOSE_ROWS_MAX, 2 * self._rows_max):
            self._loose = nsmallest(self._rows_max, self._loose)

    def add_part(self, part: BlockPart) -> None:
        try:
            columns, mask = self.bound.part_columns(part, self._first.positions)
            first = self._first.of(columns)
        except (NotVectorized, DatabaseError):
            self.add_rows(*all_rows(part), 0)
            return
        picked = first if mask is None else pc.indices_nonzero(mask).take(first)
        arrays = [part.pick_some(part.block.batch.column(place), picked) for place in (0, 2)]
        arrays += [columns[position].take(first) for position in self._first.positions]
        self._keep(pa.record_batch(arrays, names=["key", "value", *map(str, self._first.positions)]))
        self.add_rows(part.overlay_keys, part.overlay_values, 0)

    def finish(self) -> list[pa.RecordBatch]:
        loose = RowsOutput(self.bound)
        for _, key, value in nsmallest(self._rows_max, self._loose):
            loose.keep_row(key, value)
        made = loose.finish()
        if self._batches:
            batch = pa.Table.from_batches(self._batches).combine_chunks().to_batches()[0]
            if batch.num_rows > self._rows_max:
                batch = batch.take(self._first.of(dict(zip(self._first.positions, batch.columns[2:], strict=True))))
            made.append(pa.record_batch(batch.columns[:2], schema=ROWS_SCHEMA))
        self.count = sum(batch.num_rows for batch in made)
        return [in_key_order(made, [batch.column(0) for batch in made])]


class ColumnsOutput(_BatchOutput):
    """Typed columns. Raises 0A000 or 22008 (arrow_types.py) for a datum that its column cannot hold."""

    def add_rows(self, keys: list[bytes], values: list[bytes], limit: int) -> None:
        keys, _, rows = self.bound.filtered(keys, values, limit)
        self._keep(self._batch(keys, rows))

    def _batch(self, keys: list[bytes], rows: list[list[Any]]) -> pa.RecordBatch:
        compiled = self.compiled
        if not compiled.schema:
            return _without_columns(len(rows))
        arrays = [pa.array(keys, pa.binary())] if self.program.with_key else []
        arrays += [
            to_arrow([row[position] for row in rows], compiled.types[position]) for position in compiled.positions
        ]
        return pa.record_batch(arrays, schema=compiled.schema)

    def add_part(self, part: BlockPart) -> None:
        compiled = self.compiled
        try:
            columns, mask = self.bound.part_columns(part, compiled.positions)
        except (NotVectorized, DatabaseError):
            self.add_rows(*all_rows(part), 0)
            return
        if not compiled.schema:
            self._keep(_without_columns(part.base_rows if mask is None else _passed(mask)))
            self.add_rows(part.overlay_keys, part.overlay_values, 0)
            return
        keys: pa.Array | None = None
        if self.program.with_key or part.overlay_keys:
            keys = part.pick(part.block.batch.column(0))
            keys = keys if mask is None else keys.filter(mask)
        arrays = [keys] if self.program.with_key else []
        base = pa.record_batch(arrays + [columns[position] for position in compiled.positions], schema=compiled.schema)
        if not part.overlay_keys:
            self._keep(base)
            return
        overlay_keys, _, decoded = self.bound.filtered(part.overlay_keys, part.overlay_values, 0)
        self._keep(
            in_key_order([base, self._batch(overlay_keys, decoded)], [keys, pa.array(overlay_keys, pa.binary())])
        )


class _Group:
    """A group's own datums (as first seen) and its accumulators."""

    __slots__ = ("accumulators", "datums")

    def __init__(self, datums: tuple[Any, ...], accumulators: list[Accumulator]) -> None:
        self.datums = datums
        self.accumulators = accumulators


class AggregatesOutput:
    """One row, or a row for each group; the groups in no order that means anything (that of their first rows)."""

    def __init__(self, bound: BoundProgram) -> None:
        self.bound = bound
        self.compiled = bound.compiled
        self.size_bytes = 0
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._group_by = bound.compiled.program.group_by
        self._identities = [group_identity(self.compiled.types[position]) for position in self._group_by]
        if not self._group_by:
            self._groups[()] = _Group((), self.compiled.accumulators())

    @property
    def count(self) -> int:
        return len(self._groups)

    def truncate(self, rows: int) -> None:
        raise AssertionError("aggregates know no limit")

    def add_rows(self, keys: list[bytes], values: list[bytes], limit: int) -> None:
        _, _, rows = self.bound.filtered(keys, values, limit)
        if not self._group_by:
            self._accumulate(self._groups[()], rows)
            return
        members: dict[tuple[Any, ...], list[list[Any]]] = {}
        for row in rows:
            members.setdefault(self._identity_of(tuple(row[position] for position in self._group_by)), []).append(row)
        for identity, group_rows in members.items():
            group = self._group(identity, tuple(group_rows[0][position] for position in self._group_by))
            self._accumulate(group, group_rows)

    def _group(self, identity: tuple[Any, ...], datums: tuple[Any, ...]) -> _Group:
        group = self._groups.get(identity)
        if group is None:
            group = self._groups[identity] = _Group(datums, self.compiled.accumulators())
            self.size_bytes += 64 + sum(len(datum) if isinstance(datum, (str, bytes)) else 8 for datum in datums)
        return group

    def _identity_of(self, datums: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            datum if same is None or datum is None else same(datum)
            for datum, same in zip(datums, self._identities, strict=True)
        )

    def _accumulate(self, group: _Group, rows: list[list[Any]]) -> None:
        for made, argument in zip(group.accumulators, self.compiled.arguments, strict=True):
            if argument is None:
                made.add(rows)
            else:
                evaluate, parameters = argument.evaluate, self.bound.parameters
                made.add([datum for row in rows if (datum := evaluate(row, parameters)) is not None])

    def add_part(self, part: BlockPart) -> None:
        used = [
            argument.position
            for argument in self.compiled.arguments
            if argument is not None and argument.position is not None
        ]
        try:
            columns, mask = self.bound.part_columns(part, sorted({*used, *self._group_by}))
            if self._group_by:
                self._add_groups(columns)
            else:
                self._add_columns(columns, part.base_rows if mask is None else _passed(mask))
        except (NotVectorized, DatabaseError, pa.ArrowException):
            self.add_rows(*all_rows(part), 0)
            return
        self.add_rows(part.overlay_keys, part.overlay_values, 0)

    def _add_columns(self, columns: dict[int, pa.Array], rows: int) -> None:
        fresh = self.compiled.accumulators()
        for made, argument in zip(fresh, self.compiled.arguments, strict=True):
            if argument is None:
                made.add_partial(rows)
            else:
                made.add_array(columns[argument.position])  # type: ignore[index]
        group = self._groups[()]
        merged = self.compiled.accumulators()
        for total, former, made in zip(merged, group.accumulators, fresh, strict=True):
            total.merge(former)
            total.merge(made)
        group.accumulators = merged  # once none has refused: else the block is added again, row by row

    def _add_groups(self, columns: dict[int, pa.Array]) -> None:
        """By Arrow's hash aggregation. What may raise comes before anything is added."""
        names = [f"c{position}" for position in self._group_by]
        wanted: list[tuple[Any, str]] = []
        fresh = self.compiled.accumulators()
        for made, aggregate, argument in zip(
            fresh, self.compiled.program.aggregates, self.compiled.arguments, strict=True
        ):
            if argument is None:
                wanted.append(([], "count_all"))
            else:
                made.check(columns[argument.position])  # type: ignore[index]
                wanted.append((f"c{argument.position}", aggregate.function))
        table = pa.table({f"c{position}": column for position, column in columns.items()})
        grouped = pa.TableGroupBy(table, names, use_threads=False).aggregate(wanted)
        keys = [
            from_arrow(grouped.column(name), self.compiled.types[position])
            for name, position in zip(names, self._group_by, strict=True)
        ]
        results = []
        for made, (name, function) in zip(fresh, wanted, strict=True):
            column = grouped.column(f"{name}_{function}" if name else function)
            results.append(from_arrow(column, made.result_type) if function in ("min", "max") else column.to_pylist())
        groups = [self._group(self._identity_of(datums), datums) for datums in zip(*keys, strict=True)]
        sums = [number for number, made in enumerate(fresh) if isinstance(made, FloatSum)]
        if any(cast(FloatSum, group.accumulators[number]).may_overflow for number in sums for group in groups):
            raise NotVectorized
        for place, group in enumerate(groups):
            for made, result in zip(group.accumulators, results, strict=True):
                if result[place] is not None:
                    made.add_partial(result[place])

    def finish(self) -> list[pa.RecordBatch]:
        groups = list(self._groups.values())
        arrays = [
            to_arrow([group.datums[place] for group in groups], self.compiled.types[position])
            for place, position in enumerate(self._group_by)
        ]
        for place, made in enumerate(self.compiled.accumulators()):
            arrays.append(to_arrow([group.accumulators[place].result() for group in groups], made.result_type))
        return [pa.record_batch(arrays, schema=self.compiled.schema)]
