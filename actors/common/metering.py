"""Metering: what statements and transactions used, and how many units that is (docs/metering.md).

The formulas are those of Aurora DSQL's user guide (page "How billing works in Aurora DSQL"); what goes into them is
measured here. A Distributed Processing Unit (DPU) is the sum of three:

    compute   seconds of processor time that query processors spent
    read      bytes of the rows that storage looked at, at least 128 for each answer of a shard, at least 2,048 for a
              transaction that reads
    write     bytes of the rows and index entries that were committed, each at least 128, at least 1,024 for a
              transaction that writes

A transaction's minimum counts once, when it ends; a statement shows its own share without it.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from actors.common.settings import Metering


class Usage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What one query processor, or a whole cluster, has used so far. Bytes come twice: as they were, and with the
    transactions' minimums."""

    compute_ns: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    read_billed: int = 0
    write_billed: int = 0
    statements: int = 0
    transactions: int = 0
    conflicts: int = 0

    def plus(self, other: Usage) -> Usage:
        mine, its = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Usage(*(one + another for one, another in zip(mine, its, strict=True)))

    def minus(self, other: Usage) -> Usage:
        mine, its = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Usage(*(one - another for one, another in zip(mine, its, strict=True)))


class Units(NamedTuple):
    """In DPU."""

    compute: float
    read: float
    write: float

    @property
    def total(self) -> float:
        return self.compute + self.read + self.write


def units_of(usage: Usage, rates: Metering) -> Units:
    return Units(
        usage.compute_ns / 1e9 * rates.dpu_per_compute_s,
        usage.read_billed * rates.dpu_per_byte_read,
        usage.write_billed * rates.dpu_per_byte_written,
    )


def statement_estimate(compute_ns: int, bytes_read: int, bytes_written: int, rates: Metering) -> list[str]:
    """The last lines of EXPLAIN (ANALYZE, VERBOSE), as Aurora DSQL writes them. A minimum is named where a transaction
    of this statement alone would be billed by it."""
    compute, read, write = units = units_of(Usage(compute_ns, 0, 0, bytes_read, bytes_written), rates)
    read_min = rates.transaction_bytes_read_min * rates.dpu_per_byte_read
    write_min = rates.transaction_bytes_written_min * rates.dpu_per_byte_written
    return [
        "Statement DPU Estimate:",
        f"  Compute: {compute:.5f} DPU",
        f"  Read: {read:.5f} DPU{_minimum(read, read_min)}",
        f"  Write: {write:.5f} DPU{_minimum(write, write_min)}",
        f"  Total: {units.total:.5f} DPU",
    ]


def _minimum(units: float, least: float) -> str:
    return f" (Transaction minimum: {least:.5f})" if 0 < units < least else ""
