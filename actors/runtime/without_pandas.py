"""Keeps pyarrow from importing pandas in processes of the cluster, none of which uses it.

The first array that pyarrow makes of Python's values has it look for pandas, to tell whether they are pandas' own.
Where pandas is installed, as on most Ray clusters, that imports it: 0.4 s of computing and 30 MB of its own memory in
every process, at a start that somebody waits for. pyarrow looks once; for that once there is none.

The first array that pyarrow makes of one of numpy's has numpy import numpy.ma. That would hold an event loop for 15 ms,
and 90 ms on a busy machine, in the middle of the first checkpoint or split, and is done here, too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = "pandas"


class _Hidden:
    """A finder that finds no pandas."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == NAME:
            raise ModuleNotFoundError(f"No module named {NAME!r}: it is hidden from pyarrow here", name=NAME)
        return None


def import_arrow() -> None:
    """pyarrow is there, and has looked for pandas. Whoever has imported pandas before keeps it."""
    if NAME in sys.modules:
        return
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        import numpy
        import pyarrow

        pyarrow.array([0])
        pyarrow.array(numpy.zeros(1))
    finally:
        sys.meta_path.remove(hidden)
