"""Random statements, typed right: none may end in XX000. By hand for as long as one likes, also beside PostgreSQL:
`python -m tests.sql.fuzz`."""

from __future__ import annotations

import asyncio
import os

from tests.sql.fuzz import run

STATEMENTS = int(os.environ.get("FUZZ_STATEMENTS", "150"))
SECONDS_MAX = 600.0


def test_no_statement_is_an_internal_error() -> None:
    assert asyncio.run(run(20261129, STATEMENTS, SECONDS_MAX)) == []
