"""`SequenceAllocator`: values of sequences for the sessions of one query processor.

    values = await allocator.take(sequence, 3)
    await allocator.set(sequence, State(100, True))         setval

What the block that is held lacks is taken from the sequence's row by a small transaction of its own, through the same
commit protocol as everything else: at least CACHE values, and where CACHE is 1 exactly those that are wanted. First
committer wins; who loses tries again after a pause of random length, so somebody always gets on. Sessions of this query
processor never compete: those that come while a transaction is under way are served together by the next one. A commit
whose outcome is unknown counts as done: its values are lost, and nobody gets any twice.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import (
    SERIALIZATION_FAILURE,
    TRANSACTION_RESOLUTION_UNKNOWN,
    UNDEFINED_TABLE,
    DatabaseError,
)
from actors.query_processor.sequences.state import State, advance, decode_state, encode_state, exhausted, state_key
from actors.query_processor.transaction.services import TransactionServices
from actors.query_processor.transaction.transaction import Transaction
from actors.reading.pause import pause
from actors.runtime.fiber import Completion, as_future
from actors.sql.catalog.schema import Sequence
from actors.sql.catalog.snapshot import Catalog

ATTEMPTS_MAX = 500
"""Of one transaction: each that is lost was somebody's gain, so so many in a row do not happen."""
PAUSE_S, PAUSE_S_MAX = 0.001, 0.05
_RETRIED = (SERIALIZATION_FAILURE, TRANSACTION_RESOLUTION_UNKNOWN)


_Move = Callable[[State], tuple[range, State]]


class _Waiting:
    """A session that wants `count` values; gets them by and by."""

    __slots__ = ("completion", "count", "values")

    def __init__(self, count: int) -> None:
        self.count = count
        self.values: list[int] = []
        self.completion: Completion[None] = Completion()


class _Line:
    """Of one sequence as it was defined at one time: the values held, and who waits for more."""

    __slots__ = ("held", "is_served", "waiting")

    def __init__(self) -> None:
        self.held: range = range(0)
        self.waiting: list[_Waiting] = []
        self.is_served = False

    def give(self, count: int) -> list[int]:
        given, self.held = self.held[:count], self.held[count:]
        return list(given)


class SequenceAllocator:
    """One for each query processor."""

    def __init__(self, services: TransactionServices) -> None:
        self._services = services
        self._lines: dict[int, tuple[int, _Line]] = {}
        """By sequence: (generation, line). What is held of an older generation is given up."""

    def _line(self, sequence: Sequence) -> _Line:
        known = self._lines.get(sequence.id)
        if known is not None and known[0] == sequence.generation:
            return known[1]
        line = _Line()
        if known is None or known[0] < sequence.generation:
            self._lines[sequence.id] = (sequence.generation, line)
        return line

    def held(self, sequence: Sequence) -> list[int]:
        """One value of those that are held, without waiting; [] where there is none."""
        line = self._line(sequence)
        return line.give(1) if line.held else []

    async def take(self, sequence: Sequence, count: int) -> list[int]:
        """The next `count` values. Raises 2200H, 42P01 for a sequence that is gone, 08006."""
        line = self._line(sequence)
        if len(line.held) >= count and not line.waiting:
            return line.give(count)
        waiting = _Waiting(count)
        line.waiting.append(waiting)
        if not line.is_served:
            line.is_served = True
            as_future(self._serve(sequence, line))
        await waiting.completion
        return waiting.values

    async def _serve(self, sequence: Sequence, line: _Line) -> None:
        """Until nobody waits."""
        while line.waiting:
            served, line.waiting = line.waiting, []
            try:
                for waiting in served:
                    waiting.values += line.give(waiting.count)
                while (missing := sum(waiting.count - len(waiting.values) for waiting in served)) > 0:
                    line.held = await self._reserve(sequence, max(missing, sequence.cache))
                    for waiting in served:
                        waiting.values += line.give(waiting.count - len(waiting.values))
            except DatabaseError as error:
                for waiting in served:
                    waiting.completion.fail(error)
            else:
                for waiting in served:
                    waiting.completion.succeed(None)
        line.is_served = False

    async def _reserve(self, sequence: Sequence, count: int) -> range:
        """Up to `count` values that nobody else gets."""

        def move(state: State) -> tuple[range, State]:
            return advance(sequence, state, count)

        return await self._change(sequence, move)

    async def set(self, sequence: Sequence, state: State) -> None:
        """setval: what this query processor holds is given up; others go on with what they hold, as PostgreSQL's
        sessions do."""
        self._line(sequence).held = range(0)
        await self._change(sequence, lambda _: (range(0), state))

    async def _change(self, sequence: Sequence, move: _Move) -> range:
        services = self._services
        key = state_key(sequence)
        for attempt in range(ATTEMPTS_MAX):
            transaction = Transaction(services, Catalog(2**62), services.now())
            value = await transaction.get_one(key)
            if value is None:
                raise DatabaseError(UNDEFINED_TABLE, f'relation "{sequence.name}" does not exist')
            values, state = move(decode_state(sequence, value))
            transaction.put(key, encode_state(sequence, state))
            try:
                await transaction.commit()
            except DatabaseError as error:
                if error.sqlstate not in _RETRIED or attempt + 1 == ATTEMPTS_MAX:
                    raise
                longest = min(PAUSE_S * 2 ** min(attempt, 10), PAUSE_S_MAX)
                await pause(services.random.uniform(0, longest))
            else:
                return values
        raise exhausted(sequence)
