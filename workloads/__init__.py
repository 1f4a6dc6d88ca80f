"""Packaged workloads: programs that speak SQL and nothing else. `load(name)` makes one; `describe()` lists them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eagleray.workload import Workload

NAMES = {"bank": ("workloads.bank", "Bank"), "orders": ("workloads.orders", "Orders")}


def load(name: str) -> Workload:
    """KeyError where there is no workload of this name."""
    module, workload = NAMES[name]
    made: Workload = getattr(import_module(module), workload)()
    return made


def describe() -> list[tuple[str, str]]:
    """(name, one line) of each, sorted."""
    return [(name, load(name).description) for name in sorted(NAMES)]
