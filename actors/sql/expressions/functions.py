"""Which overload a call means: PostgreSQL's rules for functions and operators (its manual, chapter 10).

    resolve_operator("+", ["int4", "unknown"]) -> the Function `int4 + int4`
    resolve_function("round", ["int4"])        -> the Function `round(float8)`, by implicit cast

"unknown" stands for an untyped literal. None: no such function; `Ambiguous`: several, none the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from actors.sql.expressions import (  # noqa: F401  (they register their functions)
    arithmetic,
    array_functions,
    bit_functions,
    bytes_functions,
    comparisons,
    datetime_fields,
    datetime_functions,
    datetime_parsing,
    datetime_spans,
    float_functions,
    formatting,
    hash_functions,
    json_changes,
    json_functions,
    json_making,
    json_sets,
    network_functions,
    numerics,
    operator_functions,
    pattern_functions,
    sequence_functions,
    session_functions,
    text_formats,
    text_functions,
    timetz_functions,
)
from actors.sql.expressions.casts import IMPLICIT, context
from actors.sql.expressions.registry import Function, find
from actors.sql.types import by_name
from actors.sql.types.arrays import VECTORS, is_array

Chosen = TypeVar("Chosen")
OF_ONE_ARRAY_TYPE = frozenset({*comparisons.COMPARISONS, "@>", "<@", "&&"})
"""Operators of anyarray: nothing is converted."""
OF_PATHS = frozenset({"#>", "#>>", "#-", "?|", "?&"})
"""Operators of a JSON value and an array of texts."""


class Ambiguous(Exception):
    """More than one overload fits equally well: 42725."""


def _expanded(function: Function, count: int) -> tuple[str, ...] | None:
    """The argument types for a call with `count` arguments, None where it takes another number."""
    if not function.variadic:
        return function.arguments if len(function.arguments) == count else None
    fixed = len(function.arguments) - 1
    if count <= fixed:
        return None
    return function.arguments[:fixed] + (function.arguments[-1],) * (count - fixed)


def expanded_for(name: str, count: int) -> list[tuple[str, ...]]:
    """The argument types of each overload that a call with so many arguments may mean."""
    found = (_expanded(function, count) for function in find(name))
    return [expanded for expanded in found if expanded is not None]


def _accepts(declared: str, given: str) -> bool:
    return declared in ("any", given) or context(given, declared) == IMPLICIT


@lru_cache(maxsize=8192)
def _resolve(name: str, given: tuple[str, ...]) -> Function | None:
    candidates = [
        (function, expanded) for function in find(name) if (expanded := _expanded(function, len(given))) is not None
    ]
    return _chosen(name, candidates, given)


@lru_cache(maxsize=1024)
def resolve_signature(name: str, signatures: tuple[tuple[str, ...], ...], given: tuple[str, ...]) -> int | None:
    """As resolve_function, of a function that the register does not have: which of its `signatures`. Raises
    Ambiguous."""
    return _chosen(name, [pair for pair in enumerate(signatures) if len(pair[1]) == len(given)], given)


_Candidates = list[tuple[Chosen, tuple[str, ...]]]


def _chosen(name: str, candidates: _Candidates[Chosen], given: tuple[str, ...]) -> Chosen | None:
    for one, expanded in candidates:
        if expanded == given:
            return one
    candidates = [pair for pair in candidates if all(map(_accepts, pair[1], given))]
    if not name.startswith("array_") and not any(is_array(type_) or type_ in VECTORS for type_ in given):
        # An untyped literal alone is no array, unless it can only be a path or a list of keys.
        scalar = [pair for pair in candidates if not any(map(is_array, pair[1]))]
        candidates = scalar if scalar or not (name in OF_PATHS or name.startswith("json")) else candidates
    if len(candidates) <= 1:
        return candidates[0][0] if candidates else None
    candidates = _most(candidates, lambda declared, type_: declared == type_, given)
    if len(candidates) > 1:
        candidates = _most(candidates, _exact_or_preferred, given)
    if len(candidates) > 1 and "unknown" in given:
        candidates = _by_unknowns(candidates, given)
    if len(candidates) > 1:
        raise Ambiguous
    return candidates[0][0]


def _exact_or_preferred(declared: str, given: str) -> bool:
    if given == "unknown":
        return False
    return declared == given or (
        declared != "any" and by_name[declared].preferred and by_name[declared].category == by_name[given].category
    )


def _most(
    candidates: _Candidates[Chosen], good: Callable[[str, str], bool], given: tuple[str, ...]
) -> _Candidates[Chosen]:
    """Those with the most good arguments."""
    counts = [
        sum(1 for declared, type_ in zip(expanded, given, strict=True) if good(declared, type_))
        for _, expanded in candidates
    ]
    best = max(counts)
    return [pair for pair, count in zip(candidates, counts, strict=True) if count == best]


def _category(declared: str) -> str:
    return "P" if declared == "any" else by_name[declared].category


def _by_unknowns(candidates: _Candidates[Chosen], given: tuple[str, ...]) -> _Candidates[Chosen]:
    """For each untyped literal: text if any candidate takes it there, else the one category that all take; preferred
    types first."""
    left = candidates
    for place in (place for place, type_ in enumerate(given) if type_ == "unknown"):
        categories = {_category(expanded[place]) for _, expanded in candidates}
        wanted = "S" if "S" in categories else categories.pop() if len(categories) == 1 else None
        if wanted is None:
            left = candidates
            break
        left = [pair for pair in left if _category(pair[1][place]) == wanted]
        preferred = [pair for pair in left if pair[1][place] != "any" and by_name[pair[1][place]].preferred]
        left = preferred or left
    if len(left) == 1:
        return left
    known = {type_ for type_ in given if type_ != "unknown"}
    if len(known) == 1:
        same = known.pop()
        fitting = [pair for pair in candidates if all(_accepts(declared, same) for declared in pair[1])]
        if len(fitting) == 1:
            return fitting
    return left or candidates


def resolve_function(name: str, given: Sequence[str]) -> Function | None:
    """Raises Ambiguous."""
    return _resolve(name, tuple(given))


def resolve_operator(name: str, given: Sequence[str]) -> Function | None:
    """As resolve_function, but of a binary operator an untyped literal is first taken to be of the other side's type.
    Raises Ambiguous."""
    if name in OF_ONE_ARRAY_TYPE and len(given) == 2 and given[0] != given[1] and all(map(is_array, given)):
        return None
    if len(given) == 2 and "unknown" in given and given[0] != given[1]:
        known = given[0] if given[1] == "unknown" else given[1]
        for function in find(name):
            if function.arguments == (known, known):
                return function
        if known == given[0] == "bpchar":
            for function in find(name):
                if function.arguments == ("bpchar", "text"):
                    return function
        if by_name[known].category == "S" and known != "text":
            for function in find(name):
                if function.arguments == ("text", "text"):
                    return function
    return _resolve(name, tuple(given))
