"""Packaged workloads: programs that speak SQL and nothing else. `load(name, scale)` makes one, or one of a person's
own file; `describe()` lists them."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from eagleray.workload.workload import Workload, WorkloadError

NAMES = {
    "bank": ("workloads.bank", "Bank"),
    "orders": ("workloads.orders", "Orders"),
    "tpcb": ("workloads.tpcb", "TpcB"),
    "tpcc": ("workloads.tpcc", "TpcC"),
    **{f"ycsb-{letter}": ("workloads.ycsb", f"Ycsb{letter.upper()}") for letter in "abcdef"},
}
OTHER_NAMES = {"tpc-b": "tpcb", "tpc-c": "tpcc", "ycsb": "ycsb-a"} | {
    f"ycsb{letter}": f"ycsb-{letter}" for letter in "abcdef"
}


def load(name: str, scale: float = 1.0) -> Workload:
    """The workload of this name, or the one in the file of this name (`path/to/mine.py`). Raises WorkloadError."""
    if name.endswith(".py") or "/" in name:
        made = _in_file(Path(name))(scale)
    else:
        known = re.sub(r"[\s_:]", "-", name.lower())
        known = OTHER_NAMES.get(known, known)
        if known not in NAMES:
            there = ", ".join(sorted(NAMES))
            raise WorkloadError(f"no workload {name!r}; there are: {there}, or the path of a Python file of your own")
        module, workload = NAMES[known]
        made = getattr(import_module(module), workload)(scale)
    made.validate()
    return made


def describe() -> list[tuple[str, str]]:
    """(name, one line) of each, sorted."""
    return [(name, load(name).description) for name in sorted(NAMES)]


def _in_file(path: Path) -> type[Workload]:
    """The one class of this file that is a workload."""
    spec = spec_from_file_location(f"eagleray_workload_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise WorkloadError(f"{path}: no such Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file's own, whatever that is
        raise WorkloadError(f"{path}: {type(error).__name__}: {error}") from error
    found = [
        thing for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Workload) and thing.__module__ == module.__name__ and thing.mix
    ]  # fmt: skip
    if len(found) != 1:
        raise WorkloadError(f"{path}: holds {len(found)} subclasses of eagleray.Workload with a mix; one is needed")
    return found[0]
