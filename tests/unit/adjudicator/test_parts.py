"""Lease, ownership, outcomes and the waiting room."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adjudicator.lease import Lease
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.ownership import Ownership, read_write_set
from actors.adjudicator.waiting import WaitingRoom
from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.ranges import ShardMap
from actors.runtime.simulation.loop import SimulatedLoop

MAP = ShardMap(version=1, cuts=(b"\x40", b"\x80", b"\xc0"), adjudicators=(1, 2, 1, 3), shards=(1, 2, 3, 4))


def test_commit_times_increase_and_stay_above_promises_and_starts() -> None:
    lease = Lease(begin=1000, end=1500, length_us=500)
    assert [lease.pick(900, 1100), lease.pick(900, 1100), lease.pick(1200, 1100), lease.pick(0, 0)] == [
        1100,
        1101,
        1201,
        1202,
    ]
    assert lease.promise(1300) == 1300 and lease.pick(0, 1250) == 1301
    assert lease.promise(1250) == 1301
    lease.raise_last(1400)
    assert lease.pick(0, 0) == 1401
    with pytest.raises(AssertionError, match="I6"):
        lease.promise(1501)


def test_the_end_is_extended_past_half_and_counts_when_durable() -> None:
    lease = Lease(begin=1000, end=1500, length_us=500)
    assert lease.end_for(1200, 1200) == 1500 and lease.end_for(1251, 1251) == 1751
    assert lease.durable_end == 1500
    lease.became_durable(1751)
    assert lease.durable_end == 1751
    late = lease.pick(0, 5000)
    assert lease.end_for(late, 5000) == 5500 >= late, "a commit's own record covers it"
    assert lease.promise(1700) == 1751, "no promise above the durable end, though no commit time below 5000 is left"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=3)), max_size=600, unique=True))
def test_bisection_and_one_by_one_agree(places: list[tuple[int, bytes]]) -> None:
    keys = sorted(table.to_bytes(6, "big") + rest for table, rest in places)
    expected: dict[int, list[bytes]] = {}
    for key in keys:
        expected.setdefault(MAP.adjudicator(key), []).append(key)
    ownership = Ownership(MAP)
    assert ownership.split(keys) == expected
    padded = sorted({*keys, *((7).to_bytes(6, "big") + number.to_bytes(2, "big") for number in range(0, 65536, 199))})
    parts = ownership.split(padded)
    assert sorted(parts) == [1, 2, 3] and sorted(key for part in parts.values() for key in part) == padded
    assert all(MAP.adjudicator(key) == owner for owner, part in parts.items() for key in part)
    if keys:
        assert ownership.sole_owner(keys) == (next(iter(expected)) if len(expected) == 1 else None)


def test_large_write_sets_must_be_sorted() -> None:
    keys = [(1).to_bytes(6, "big") + number.to_bytes(4, "big") for number in range(300)]
    with pytest.raises(DatabaseError) as error:
        Ownership(MAP).split(keys[::-1])
    assert error.value.sqlstate == "08P01"
    assert Ownership(MAP).sole_owner(keys) == 1


def test_write_sets_are_read_and_bad_ones_refused() -> None:
    table = (9).to_bytes(4, "big")
    rows = write_set.encode(
        [table + b"\0\1", table + b"\0\1k"], [(10).to_bytes(4, "big"), b"v"], [write_set.DROP_RANGE, write_set.PUT]
    )
    assert read_write_set(rows) == ([table + b"\0\1k"], [table])
    assert read_write_set(write_set.encode([b"k"], [None], [write_set.DELETE])) == ([b"k"], [])
    bad = [
        b"nonsense",
        rows[:60],
        write_set.encode([b"b"], [b"a"], [write_set.DROP_RANGE]),
        write_set.encode([b"a"], [b"\xff"], [write_set.DROP_RANGE]),
    ]
    for payload in bad:
        with pytest.raises(DatabaseError) as error:
            read_write_set(payload)
        assert error.value.sqlstate == "08P01"


def test_outcomes_are_kept_for_their_time() -> None:
    outcomes = Outcomes(100)
    outcomes.remember(b"a", 7, 1000)
    outcomes.remember(b"a", 8, 1001)
    outcomes.remember(b"b", 9, 1100)
    assert (outcomes.get(b"a"), outcomes.get(b"b"), outcomes.get(b"c")) == (7, 9, None)
    outcomes.remember(b"c", 10, 1101)
    assert outcomes.get(b"a") is None and len(outcomes) == 2
    outcomes.forget(b"b")
    outcomes.forget(b"b")
    outcomes.remember(b"d", 11, 2000)
    assert len(outcomes) == 1


def in_virtual_time(scenario) -> list[str]:  # type: ignore[no-untyped-def]
    loop = SimulatedLoop()
    events: list[str] = []
    room = WaitingRoom(1.0)

    def wait(name: str, holder: str, then=None) -> None:  # type: ignore[no-untyped-def]
        room.wait(
            name.encode(),
            holder.encode(),
            then or (lambda: events.append(f"{name} retries")),
            lambda: events.append(f"{name} gives up"),
        )

    loop.run_until_complete(scenario(room, wait, events))
    assert len(room) == 0 and not room._by_holder
    loop.close()
    return events


def test_waiters_are_woken_in_order_or_give_up() -> None:
    async def scenario(room: WaitingRoom, wait, events: list[str]) -> None:  # type: ignore[no-untyped-def]
        wait("a", "h")
        wait("b", "h")
        wait("c", "i")
        room.wake(b"h")
        room.wake(b"h")
        assert b"c" in room and b"a" not in room
        await asyncio.sleep(1.01)

    assert in_virtual_time(scenario) == ["a retries", "b retries", "c gives up"]


def test_a_waiter_may_wait_on_but_its_time_runs_from_the_first() -> None:
    async def scenario(room: WaitingRoom, wait, events: list[str]) -> None:  # type: ignore[no-untyped-def]
        wait("a", "h", lambda: wait("a", "i"))
        wait("b", "h", lambda: room.leave(b"c"))
        wait("c", "h")
        await asyncio.sleep(0.9)
        room.wake(b"h")
        assert b"a" in room and b"c" not in room
        await asyncio.sleep(0.2)

    assert in_virtual_time(scenario) == ["a gives up"]


def test_when_the_room_is_closed_everybody_gives_up() -> None:
    async def scenario(room: WaitingRoom, wait, events: list[str]) -> None:  # type: ignore[no-untyped-def]
        wait("a", "h")
        room.close()
        room.wake(b"h")
        await asyncio.sleep(2)

    assert in_virtual_time(scenario) == ["a gives up"]
