"""A scan program's filter, applied to the transaction's own rows as storage applies it to stored ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from actors.sql.encoding import scan_program
from actors.sql.encoding.rows import RowCodec
from actors.sql.expressions.tree import Parameter, decode_expression, revive, walk

PROGRAMS_MAX = 256
"""Compiled filters kept: as many as a busy session has distinct scans over rows it has written itself."""


def row_filter(program: bytes, environment: Any) -> Callable[[bytes], bool] | None:
    """`passes(encoded row) -> bool`, or None where the program lets every row pass."""
    compiled = _compile(program)
    if compiled is None:
        return None
    decode, passes, parameters = compiled
    return lambda value: passes(decode(value), parameters, environment)


@lru_cache(maxsize=PROGRAMS_MAX)
def _compile(program: bytes) -> tuple[Callable[[bytes], list[Any]], Callable[..., bool], tuple[Any, ...]] | None:
    from actors.sql.expressions.compile import compile_filter

    parsed = scan_program.decode(program)
    if parsed.filter is None:
        return None
    expression = decode_expression(parsed.filter)
    types = {node.number: node.type for node in walk(expression) if isinstance(node, Parameter)}
    parameters = tuple(
        revive(value, types[number]) if number in types else value
        for number, value in enumerate(parsed.parameters, start=1)
    )
    return RowCodec(parsed.columns).decode, compile_filter(expression), parameters
