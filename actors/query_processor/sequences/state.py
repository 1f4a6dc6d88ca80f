"""A sequence's row: which table it looks like, and how it moves on. Pure.

sequence_table(sequence)        a Table (last_value, log_cnt, is_called) for everybody who reads
advance(sequence, state, 5)     -> (five values, the state afterwards)
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from actors.common.errors import DatabaseError
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.sql.catalog.schema import Sequence, Table
from actors.sql.catalog.sequence_tables import sequence_table

EXHAUSTED = "2200H"
TABLES_MAX = 1024


class State(NamedTuple):
    """`last_value` was the last one given, or (not `is_called`) is the first one to be given."""

    last_value: int
    is_called: bool


@lru_cache(maxsize=TABLES_MAX)
def _stored(sequence_id: int, table: Table) -> StoredTable:
    return stored_table(table)


def _table_of(sequence: Sequence) -> StoredTable:
    return _stored(sequence.id, sequence_table(sequence))


def state_key(sequence: Sequence) -> bytes:
    """The first bit of a hidden key is set (hidden_keys.py)."""
    return _table_of(sequence).primary.space + b"\x80" + bytes(15)


def encode_state(sequence: Sequence, state: State) -> bytes:
    return _table_of(sequence).encode((state.last_value, 0, state.is_called))


def decode_state(sequence: Sequence, value: bytes) -> State:
    last_value, _, is_called = _table_of(sequence).decode(value)
    return State(last_value, is_called)


def first_state(sequence: Sequence) -> State:
    return State(sequence.start, False)


def advance(sequence: Sequence, state: State, count: int) -> tuple[range, State]:
    """The next values, `count` of them or fewer where the bound is near, and the state once they are taken. Raises
    2200H at the bound, unless it cycles."""
    step = sequence.increment
    first = state.last_value + step if state.is_called else state.last_value
    if not sequence.minimum <= first <= sequence.maximum:
        if not sequence.cycle:
            raise exhausted(sequence)
        first = sequence.minimum if step > 0 else sequence.maximum
    room = (sequence.maximum - first) // step if step > 0 else (first - sequence.minimum) // -step
    number = min(count, room + 1)
    values = range(first, first + number * step, step)
    return values, State(values[-1], True)


def exhausted(sequence: Sequence) -> DatabaseError:
    what, bound = ("maximum", sequence.maximum) if sequence.increment > 0 else ("minimum", sequence.minimum)
    return DatabaseError(EXHAUSTED, f'nextval: reached {what} value of sequence "{sequence.name}" ({bound})')
