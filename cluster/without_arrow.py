"""Ray without Arrow, in processes that send and get no rows.

Ray imports pyarrow and numpy (a third of a processor second, 11 MB of a process's own memory) when a process serializes
or deserializes its first value, to register how Ray Data's classes travel. `make_context` makes Ray's serialization
context first, while pyarrow cannot be found.
"""

from __future__ import annotations

import sys

from cluster.thrifty.modules import hidden

ARROW = "pyarrow"
PYDANTIC = "pydantic"


class _Unknown:
    """Ray has no serializer of its own for this class."""


def make_context() -> None:
    """Once Ray has been joined, and before its first value. Nothing is done in a process that has Arrow already."""
    import ray

    if ARROW not in sys.modules:
        with hidden(ARROW), hidden(PYDANTIC):
            ray.util.deregister_serializer(_Unknown)  # makes the context, and has no other effect
