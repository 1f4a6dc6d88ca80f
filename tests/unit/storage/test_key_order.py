"""The order of keys against a sorted set, with runs of a few keys."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.storage import key_order
from actors.storage.key_order import KeyOrder

keys = st.binary(min_size=1, max_size=2)


@pytest.fixture(autouse=True, scope="module")
def short_runs() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_order, "FEW_KEYS", 2)
        patch.setattr(key_order, "RUN_KEYS_MAX", 12)
        yield


@given(st.lists(st.lists(keys, unique=True), max_size=12), keys, keys, st.integers(1, 5), st.booleans())
def test_windows_are_those_of_a_sorted_set(
    batches: list[list[bytes]], start: bytes, end: bytes, keys_max: int, reverse: bool
) -> None:
    order, known = KeyOrder(), set[bytes]()
    for batch in batches:
        order.new += [key for key in batch if key not in known]
        known.update(batch)
        within = sorted((key for key in known if start <= key < end), reverse=reverse)
        assert order.window(start, end, reverse, keys_max) == within[:keys_max]
    assert list(order.all()) == sorted(known)


def test_a_load_in_order_is_one_run_and_another_has_a_few() -> None:
    numbers = [number.to_bytes(4) for number in range(2000)]
    for shuffled in (False, True):
        if shuffled:
            Random(0).shuffle(numbers)
        order = KeyOrder()
        for first in range(0, 2000, 4):
            order.new += numbers[first : first + 4]
            order.settle()
        assert (len(order._runs) == 1) is not shuffled
        assert all(len(run) <= key_order.RUN_KEYS_MAX for run in order._runs) is shuffled
        assert list(islice(order.all(), 3)) == sorted(numbers)[:3]


def test_what_is_let_go_of_goes_in_bounded_steps() -> None:
    order = KeyOrder()
    order.new += [number.to_bytes(2) for number in range(20)]
    order.settle()
    order.new += [b"\xff", b"\xfe"]
    order.settle()
    steps = 1
    while order.release(5):
        steps += 1
    assert steps == 4 and list(order.all()) == []
