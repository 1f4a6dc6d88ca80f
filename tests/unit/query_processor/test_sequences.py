"""How a sequence moves on, and that query processors which race for its values get different ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.parked_session import ParkedSession, decode_session, encode_session
from actors.query_processor.sequences.allocation import SequenceAllocator
from actors.query_processor.sequences.state import State, advance, encode_state, first_state, state_key
from actors.query_processor.transaction.transaction import Transaction
from actors.runtime.fiber import as_future
from actors.sql.catalog.schema import Sequence
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types.column_type import ColumnType
from tests.scripts.golden import ScriptRunner


def sequence(
    increment: int = 1, low: int = 1, high: int = 10, start: int = 1, cache: int = 1, cycle: bool = False
) -> Sequence:
    return Sequence(20_000, "public", "s", ColumnType("int8"), start, increment, low, high, cache, cycle)


def taken(one: Sequence, state: State, count: int) -> tuple[list[int], State]:
    values, after = advance(one, state, count)
    return list(values), after


def test_values_follow_one_another_from_the_start() -> None:
    one = sequence()
    assert taken(one, first_state(one), 3) == ([1, 2, 3], State(3, True))
    assert taken(one, State(3, True), 2) == ([4, 5], State(5, True))
    down = sequence(-3, -10, -1, -1)
    assert taken(down, first_state(down), 3) == ([-1, -4, -7], State(-7, True))


def test_the_bound_is_given_and_nothing_beyond() -> None:
    one = sequence(4, 1, 10)
    assert taken(one, first_state(one), 5) == ([1, 5, 9], State(9, True)), "fewer, where the bound is near"
    with pytest.raises(DatabaseError, match=r'reached maximum value of sequence "s" \(10\)') as raised:
        advance(one, State(9, True), 1)
    assert raised.value.sqlstate == "2200H"
    with pytest.raises(DatabaseError, match="reached minimum value"):
        advance(sequence(-1, -2, -1, -1), State(-2, True), 1)


def test_one_that_cycles_begins_anew_at_its_other_bound() -> None:
    up, down = sequence(start=5, cycle=True), sequence(-1, cycle=True, start=5)
    assert taken(up, State(10, True), 2) == ([1, 2], State(2, True))
    assert taken(down, State(1, True), 2) == ([10, 9], State(9, True))


async def race(cache: int) -> list[list[int]]:
    runner = ScriptRunner(True)
    services = runner.services.transactions
    one = sequence(high=2**40, cache=cache)
    transaction = Transaction(services, Catalog(2**62), services.now())
    transaction.put(state_key(one), encode_state(one, first_state(one)))
    await as_future(transaction.commit())
    read = Transaction.get_one

    async def slowly(self: Transaction, key: bytes) -> Any:
        value = await read(self, key)
        from actors.runtime.fiber import turn

        await turn()
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "get_one", slowly)
        allocators = [SequenceAllocator(services) for _ in range(3)]
        wanted = [as_future(allocator.take(one, 1 + number % 3)) for number in range(12) for allocator in allocators]
        return list(await asyncio.gather(*wanted))


@pytest.mark.parametrize("cache", [1, 7])
def test_query_processors_that_race_get_different_values(cache: int) -> None:
    lists = asyncio.run(race(cache))
    values = [value for some in lists for value in some]
    assert [len(some) for some in lists] == [1 + number % 3 for number in range(12) for _ in range(3)]
    assert len(values) == len(set(values))
    if cache == 1:
        assert sorted(values) == list(range(1, len(values) + 1)), "without a cache no value is lost"


def test_what_currval_answers_is_parked_with_its_session() -> None:
    parked = ParkedSession(
        process=1, secret=b"", user="admin", database="postgres", sequence_values={20_000: 7}, last_sequence=20_000
    )
    data = encode_session(parked)
    assert data is not None and decode_session(data) == parked
