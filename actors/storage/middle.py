"""The middle of a shard: the columns below which half of its bytes lie, where it is best parted.

Blocks are weighed whole, by their first and last keys; where there are few of them, and in memory, some of their rows
are. Of a shard's bytes that is as exact as is of use.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.common.ranges import KEYSPACE_BYTES, Span
from actors.storage.clipping import is_inside
from actors.storage.memtable import Memtable
from actors.storage.segment import Segment
from actors.storage.store import Store

BLOCKS_FEW = 16
ROWS_EACH = 32
"""Of each of few blocks."""
KEYS_MAX = 1024
"""Of a memtable."""


def middle(store: Store, spans: Sequence[Span]) -> bytes | None:
    """Of what lies in `spans`, which are the shard's. None where all lies in one place. Raises XX001."""
    weighed = sorted(one for one in _weighed(store) if is_inside(bytes(KEYSPACE_BYTES) + one[0], spans))
    if not weighed or weighed[0][0] == weighed[-1][0]:
        return None
    half = sum(weight for _, weight in weighed) / 2
    below = 0.0
    for columns, weight in weighed:
        if below >= half and columns > weighed[0][0]:
            return columns
        below += weight
    return weighed[-1][0]


def _weighed(store: Store) -> list[tuple[bytes, float]]:
    """(columns, bytes that they stand for)."""
    found: list[tuple[bytes, float]] = []
    for source in store.sources:
        found += _of_memtable(source) if isinstance(source, Memtable) else _of_segment(source)
    return [(key[KEYSPACE_BYTES:], weight) for key, weight in found]


def _of_memtable(memtable: Memtable) -> list[tuple[bytes, float]]:
    keys = list(memtable.versions)
    stride = len(keys) // KEYS_MAX + 1
    some = keys[::stride]
    return [(key, memtable.bytes / len(some)) for key in some]


def _of_segment(segment: Segment) -> list[tuple[bytes, float]]:
    blocks = segment.footer.blocks
    if len(blocks) > BLOCKS_FEW:
        return [(key, block.length / 2) for block in blocks for key in (block.first_key, block.last_key)]
    found: list[tuple[bytes, float]] = []
    for number, footer in enumerate(blocks):
        rows = range(0, footer.rows, footer.rows // ROWS_EACH + 1)
        block = segment.block(number)
        found += [(block.key(row), footer.length / len(rows)) for row in rows]
    return found
