"""`Environment`: all that an expression may depend on besides its row and parameters."""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


def _no_clock() -> int:
    raise AssertionError("this environment has no clock: storage evaluates immutable functions only")


def _no_settings(name: str, value: str | None, local: bool) -> None:
    raise AssertionError("this environment has no session whose settings could be changed")


def _no_rows(view: str) -> Iterable[dict[str, Any]]:
    return ()


class Sequences(Protocol):
    """Where nextval and its kin are answered; `reference`: a sequence's oid, or its name as regclass reads it."""

    def nextval(self, reference: str | int) -> int: ...

    def setval(self, reference: str | int, value: int, is_called: bool = True) -> int: ...

    def currval(self, reference: str | int) -> int: ...

    def lastval(self) -> int: ...

    async def evaluated(self, make: Callable[[], T]) -> T:
        """What `make` gives, once everything that its calls of nextval need is there."""
        ...


class NoSequences:
    """Of expressions that no session evaluates."""

    def nextval(self, reference: str | int) -> int:
        raise AssertionError("this environment has no session that could take a sequence's values")

    def setval(self, reference: str | int, value: int, is_called: bool = True) -> int:
        return self.nextval(reference)

    def currval(self, reference: str | int) -> int:
        return self.nextval(reference)

    def lastval(self) -> int:
        return self.nextval(0)

    async def evaluated(self, make: Callable[[], T]) -> T:
        return make()


NO_SEQUENCES = NoSequences()


@dataclass(slots=True)
class Environment:
    """One a transaction (statement_timestamp is set anew by each statement). Times are timestamptz datums: microseconds
    since 2000-01-01 UTC.

    `clock()` gives the present; `settings()` the run-time parameters of now by name in lower case, for current_setting;
    `schema()` is current_schema's answer; `set_setting(name, value, local)` is SET's; `session_rows(name)` gives the
    rows of a system view of the session itself: pg_prepared_statements, pg_cursors, pg_stat_activity.
    """

    transaction_timestamp: int = 0
    statement_timestamp: int = 0
    clock: Callable[[], int] = _no_clock
    time_zone: tzinfo = UTC
    random: random_module.Random = field(default_factory=lambda: random_module.Random(0))
    user: str = "admin"
    session_user: str = "admin"
    database: str = "postgres"
    schema: Callable[[], str | None] = lambda: "public"
    backend_pid: int = 0
    settings: Callable[[], Mapping[str, str]] = dict
    set_setting: Callable[[str, str | None, bool], None] = _no_settings
    session_rows: Callable[[str], Iterable[dict[str, Any]]] = _no_rows
    sequences: Sequences = NO_SEQUENCES
    run_values: dict[Any, tuple[Any, Any]] = field(default_factory=dict)
    """What compiled expressions evaluate once a run (compile.py): (the run's parameters, the datum)."""


IMMUTABLE_ENVIRONMENT = Environment()
"""For expressions of constants: what an immutable function sees of its environment has no influence on its result."""
