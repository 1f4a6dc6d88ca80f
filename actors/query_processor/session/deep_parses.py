"""Parses of long texts: `parse_deep(text)` is pglast's parse_sql on a stack that holds the deepest tree that the text
may be.

pglast makes Python's objects of PostgreSQL's tree by recursion in C, so a deep tree needs a large stack. A level takes
two characters of text at least: the stack is chosen by the text's length, and the system gives it memory only where it
is used. Texts of up to LARGE_CHARACTERS (aside.py) fit any thread's. What is too deep for the planner is refused there
(54001).
"""

from __future__ import annotations

import threading
from typing import Any

from actors.common.errors import STATEMENT_TOO_COMPLEX, DatabaseError
from actors.sql.parser import parse_sql

STACK_BYTES_PER_CHARACTER = 512
"""More than twice what was measured."""
STACK_BYTES_MIN = 16 << 20
NON_ASCII_MAX = 64 << 10
"""Characters outside of literals and comments. pglast looks at each of them, and holds Python's lock meanwhile."""

_creating = threading.Lock()


def parse_deep(text: str) -> tuple[Any, ...]:
    """Raises pglast's ParseError, and 54001 for a text that would take too long. The calling thread waits."""
    if not text.isascii() and len(text.encode()) - len(text) > NON_ASCII_MAX * 3:
        raise DatabaseError(STATEMENT_TOO_COMPLEX, "statement is too long")
    result: list[tuple[Any, ...]] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(parse_sql(text))
        except BaseException as error:
            failure.append(error)

    _started(work, stack_bytes(len(text))).join()
    if failure:
        raise failure[0]
    return result[0]


def stack_bytes(characters: int) -> int:
    """For a text of so many."""
    return STACK_BYTES_MIN + characters * STACK_BYTES_PER_CHARACTER


def _started(work: Any, size: int) -> threading.Thread:
    """The size is the process's for threads that are made meanwhile: one that gets more than it needs has lost
    nothing."""
    thread = threading.Thread(target=work, name="parse", daemon=True)
    with _creating:
        usual = threading.stack_size(size & ~0xFFFF)
        try:
            thread.start()
        except RuntimeError:
            raise DatabaseError(
                STATEMENT_TOO_COMPLEX, "stack depth limit exceeded", detail="No memory is left for a stack."
            ) from None
        finally:
            threading.stack_size(usual)
    return thread
