"""Parse trees that all query processors of a simulation share, and all runs of one process: parsing is pure, and a
cluster's clients send the same few texts.

A tree is never changed by who reads it (the planner puts back what it takes away), as it could not be shared by one
query processor's sessions either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from actors.query_processor.session import statements
from actors.sql.parser import parse_sql

TEXTS_MAX = 4096

_parse = lru_cache(TEXTS_MAX)(parse_sql)


@contextmanager
def shared_parses() -> Iterator[None]:
    """A text that was parsed before is not parsed again meanwhile. What cannot be parsed is refused anew each time."""
    usual = statements.parse_trees
    statements.parse_trees = _parse
    try:
        yield
    finally:
        statements.parse_trees = usual
