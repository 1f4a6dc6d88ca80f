"""Sets of characters as sorted, disjoint ranges of code points; the classes are those of collation C: ASCII."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges, sorted, neither touching nor overlapping."""

CODE_POINT_MAX = 0x10FFFF
EVERYTHING: Ranges = ((0, CODE_POINT_MAX),)
NEWLINE = 10


def normalized(ranges: Iterable[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            result.append((start, low - 1))
        start = high + 1
    if start <= CODE_POINT_MAX:
        result.append((start, CODE_POINT_MAX))
    return tuple(result)


def without_newline(ranges: Ranges) -> Ranges:
    return complement(normalized((*complement(ranges), (NEWLINE, NEWLINE))))


def both_cases(ranges: Ranges) -> Ranges:
    """With the other case of every ASCII letter."""
    added: list[tuple[int, int]] = list(ranges)
    for start, shift in ((0x41, 32), (0x61, -32)):
        for low, high in ranges:
            first, last = max(low, start), min(high, start + 25)
            if first <= last:
                added.append((first + shift, last + shift))
    return normalized(added)


def is_subset(one: Ranges, other: Ranges) -> bool:
    return all(any(low <= first and last <= high for low, high in other) for first, last in one)


def is_disjoint(one: Ranges, other: Ranges) -> bool:
    return all(last < low or high < first for first, last in one for low, high in other)


_DIGIT, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
CLASSES: dict[str, Ranges] = {
    "alnum": (_DIGIT, _UPPER, _LOWER),
    "alpha": (_UPPER, _LOWER),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": (_DIGIT,),
    "graph": ((33, 126),),
    "lower": (_LOWER,),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": (_UPPER,),
    "xdigit": (_DIGIT, (0x41, 0x46), (0x61, 0x66)),
    "word": (_DIGIT, _UPPER, (0x5F, 0x5F), _LOWER),
}
WORD = CLASSES["word"]
