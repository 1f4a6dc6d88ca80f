"""`Environment`: all that an expression may depend on besides its row and parameters."""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any


def _no_clock() -> int:
    raise AssertionError("this environment has no clock: storage evaluates immutable functions only")


def _no_settings(name: str, value: str | None, local: bool) -> None:
    raise AssertionError("this environment has no session whose settings could be changed")


@dataclass(slots=True)
class Environment:
    """One a transaction (statement_timestamp is set anew by each statement). Times are timestamptz datums: microseconds since 2000-01-01 UTC.

    `clock()` gives the present; `settings` the run-time parameters by name in lower case, for current_setting; `set_setting(name, value, local)` is SET's.
    """

    transaction_timestamp: int = 0
    statement_timestamp: int = 0
    clock: Callable[[], int] = _no_clock
    time_zone: tzinfo = UTC
    random: random_module.Random = field(default_factory=lambda: random_module.Random(0))
    user: str = "admin"
    session_user: str = "admin"
    database: str = "postgres"
    schema: str = "public"
    backend_pid: int = 0
    settings: dict[str, str] = field(default_factory=dict)
    set_setting: Callable[[str, str | None, bool], None] = _no_settings
    run_values: dict[Any, tuple[Any, Any]] = field(default_factory=dict)
    """What compiled expressions evaluate once a run (compile.py): (the run's parameters, the datum)."""


IMMUTABLE_ENVIRONMENT = Environment()
"""For expressions of constants: what an immutable function sees of its environment has no influence on its result."""
