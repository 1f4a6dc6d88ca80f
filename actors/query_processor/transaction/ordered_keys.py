"""`ordered_keys`: the keys of a write buffer (buffer.py) in order, as pieces that are made one by one when they are
asked for, so that nobody who reads many own writes holds the loop to sort them.

    chunks    |a c e g|  |b d f|           sorted lists, which may overlap
    runs      |h i|j k|                    sealed rows, a piece at a time
    pieces    [a b c d] [e f] [g] ...      up to the least last key of what is at hand of each
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from actors.query_processor.transaction.sealed import SealedRun

SLICE_KEYS = 8192
"""At hand at a time, of all lists together, and at least so many of each:"""
OF_EACH_MIN = 64


class OrderedKeys(NamedTuple):
    """`most`: how many there are, or a few more: a key may be sealed and written again."""

    most: int
    pieces: Iterator[list[bytes]]


def ordered_keys(
    chunks: Sequence[list[bytes]], runs: Sequence[SealedRun], start: bytes, end: bytes, reverse: bool
) -> OrderedKeys:
    """`chunks`: sorted, none empty, and nobody changes them. `reverse`: the greatest first."""
    if not runs and len(chunks) == 1 and len(chunks[0]) <= SLICE_KEYS:  # as almost ever
        only = chunks[0][::-1] if reverse else chunks[0]
        return OrderedKeys(len(only), iter((only,)))
    most = sum(map(len, chunks)) + sum(run.rows for run in runs)
    size = max(OF_EACH_MIN, SLICE_KEYS // max(1, len(chunks)))
    streams: list[Iterator[list[bytes]]] = [_slices(chunk, size, reverse) for chunk in chunks]
    streams += [_sealed(run, start, end, reverse) for run in runs]
    return OrderedKeys(most, _merged(streams, reverse))


def _slices(chunk: list[bytes], size: int, reverse: bool) -> Iterator[list[bytes]]:
    places = range(0, len(chunk), size)
    for place in reversed(places) if reverse else places:
        yield chunk[place : place + size]


def _sealed(run: SealedRun, start: bytes, end: bytes, reverse: bool) -> Iterator[list[bytes]]:
    for piece in reversed(run.pieces) if reverse else run.pieces:
        if piece.last >= start and piece.first < end:
            keys = [piece.key(row) for row in range(piece.find(start), piece.find(end))]
            if keys:
                yield keys


def _merged(streams: list[Iterator[list[bytes]]], reverse: bool) -> Iterator[list[bytes]]:
    """Each stream gives sorted lists, the next one behind the last."""
    at_hand = [(first, stream) for stream in streams if (first := next(stream, None)) is not None]
    while at_hand:
        taken: list[bytes] = []
        left: list[tuple[list[bytes], Iterator[list[bytes]]]] = []
        bound = max(keys[0] for keys, _ in at_hand) if reverse else min(keys[-1] for keys, _ in at_hand)
        for keys, stream in at_hand:
            place = bisect_left(keys, bound) if reverse else bisect_right(keys, bound)
            taken += keys[place:] if reverse else keys[:place]
            rest: list[bytes] | None = keys[:place] if reverse else keys[place:]
            if not rest:
                rest = next(stream, None)
            if rest is not None:
                left.append((rest, stream))
        at_hand = left
        taken.sort(reverse=reverse)
        yield list(dict.fromkeys(taken))
