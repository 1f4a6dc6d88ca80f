"""What a query processor's statements use, counted as they run (actors/common/metering.py turns it into units).

Processor time is measured three ways, by what a look at the thread's clock (a system call, half a microsecond and more)
may cost:

    sessions' fibers      one turn in SAMPLE, at irregular distances, counts for all of them (MeteredFiber): right in
                          the sum
    threads beside them   each step (workers.py): DuckDB's, large parses
    one statement         each turn of its own (Tally, measured): EXPLAIN (ANALYZE, VERBOSE)

The first two are the process's. Where several query processors share one, each takes what has come since the last was
asked: the sum is right. Sockets are read and written outside of the fibers, so that does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from random import Random
from time import thread_time_ns
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from actors.common.metering import Usage
from actors.common.settings import Metering
from actors.runtime.fiber import Fiber

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

SAMPLE = 32
"""Turns of fibers for each that is timed."""

T = TypeVar("T")


class ProcessCompute:
    """Processor time that this process's statements took and nobody has taken yet."""

    __slots__ = ("_random", "due", "ns")

    def __init__(self) -> None:
        self.ns = 0
        self.due = SAMPLE
        """Turns until the next one that is timed."""
        self._random = Random(SAMPLE)

    def sampled(self, ns: int) -> None:
        self.ns += SAMPLE * ns
        self.due = self._random.randrange(1, 2 * SAMPLE)

    def take(self) -> int:
        ns, self.ns = self.ns, 0
        return ns


process = ProcessCompute()


class MeteredFiber(Fiber):
    """A Fiber whose turns are sampled."""

    __slots__ = ()

    def _step(self, error: BaseException | None) -> None:
        process.due -= 1
        if process.due > 0:
            Fiber._step(self, error)
            return
        begun = thread_time_ns()
        try:
            Fiber._step(self, error)
        finally:
            process.sampled(thread_time_ns() - begun)


def prompt_turn(answers: Callable[[], bool]) -> bool:
    """`answers()`, a turn without a fiber where it is true."""
    if process.due > 1:
        answered = answers()
        process.due -= answered
        return answered
    begun = thread_time_ns()
    answered = answers()
    if answered:
        process.sampled(thread_time_ns() - begun)
    return answered


class Tally:
    """Processor time of one statement, whoever spends it."""

    __slots__ = ("ns",)

    def __init__(self) -> None:
        self.ns = 0


current: Tally | None = None
"""Of the statement that runs in this turn, where it is measured: work that it hands to threads remembers it."""


@coroutine
def measured(measures: Coroutine[Any, Any, T], tally: Tally) -> Generator[Any, Any, T]:
    """`await measured(coroutine, tally)`: each turn of the coroutine is timed, and what it hands to threads."""
    error: BaseException | None = None
    while True:
        try:
            waiting = _turn(measures, error, tally)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            yield waiting
            error = None
        except BaseException as thrown:
            error = thrown


def _turn(measures: Coroutine[Any, Any, Any], error: BaseException | None, tally: Tally) -> Any:
    global current
    before, current = current, tally
    begun = thread_time_ns()
    try:
        return measures.send(None) if error is None else measures.throw(error)
    finally:
        tally.ns += thread_time_ns() - begun
        current = before


class Meter:
    """Of one query processor: what its transactions have used since it was started."""

    __slots__ = (
        "_read_min",
        "_shard_read_min",
        "_write_min",
        "bytes_read",
        "bytes_written",
        "compute_ns",
        "read_billed",
        "write_billed",
    )

    def __init__(self, rates: Metering) -> None:
        self._shard_read_min = rates.shard_bytes_read_min
        self._read_min = rates.transaction_bytes_read_min
        self._write_min = rates.transaction_bytes_written_min
        self.compute_ns = self.bytes_read = self.bytes_written = self.read_billed = self.write_billed = 0

    def read_one(self, size: int) -> None:
        """A transaction of one point read has ended, which found so many bytes."""
        read = size if size > self._shard_read_min else self._shard_read_min
        self.bytes_read += read
        self.read_billed += read if read > self._read_min else self._read_min

    def settle(self, transaction: Transaction, committed: bool) -> None:
        """It has ended."""
        read = transaction.bytes_read
        if read:
            self.bytes_read += read
            self.read_billed += read if read > self._read_min else self._read_min
        if committed and transaction.buffer.bytes:
            buffer = transaction.buffer
            self.bytes_written += buffer.bytes
            self.write_billed += max(buffer.bytes + buffer.padding, self._write_min)

    def usage(self, computed_ns: int, statements: int, transactions: int, conflicts: int) -> Usage:
        """`computed_ns`: since the last time."""
        self.compute_ns += computed_ns
        billed = self.read_billed, self.write_billed
        return Usage(self.compute_ns, self.bytes_read, self.bytes_written, *billed, statements, transactions, conflicts)
