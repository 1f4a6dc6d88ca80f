"""Which tests cost the most processor time, whatever else the machine does meanwhile.

    pytest --dearest 30 tests/unit          the thirty dearest and the sum of all, after the summary; with xdist, too

A test's time is that of its process and of those children that it has waited for. A live cluster is none of these: it
has detached itself. `python -m tests.side_by_side` counts all of them together.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import pytest

SPENT = "processor_s"


def _spent_s() -> float:
    children = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Dearest:
    """A plugin of pytest: measures each test where that runs, and tells where all reports come together."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._begun_s = 0.0
        self._spent: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[Any]:
        self._begun_s = _spent_s()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
        if call.when == "teardown":
            item.user_properties.append((SPENT, _spent_s() - self._begun_s))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._spent[report.nodeid] = float(dict(report.user_properties).get(SPENT, 0.0))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        dearest = sorted(self._spent.items(), key=lambda entry: -entry[1])
        files: Counter[str] = Counter()
        for name, spent_s in dearest:
            files[name.partition("::")[0]] += spent_s  # type: ignore[assignment]
        terminalreporter.write_line(f"{sum(self._spent.values()):8.1f} s of processors, {len(dearest)} tests")
        for name, spent_s in [*files.most_common(self._count), *dearest[: self._count]]:
            terminalreporter.write_line(f"{spent_s:8.2f} {name}")
