"""What Ray imports and a cluster's processes do not use, which is a third of the time that it takes to import Ray.

Ray needs `requests` where a machine is a cloud's, `jsonschema` where it checks a runtime environment, and looks for
pydantic to register how that one's classes travel. A module that is put off (`put_off`) is imported when somebody first
uses something in it; a hidden one (`hidden`) seems not to be installed meanwhile.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

UNUSED = ("jsonschema", "requests")


class PutOff(ModuleType):
    """Stands for the module of its name until somebody looks for something in it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def put_off(*names: str) -> None:
    """Modules that have been imported, and those that are not installed, stay as they are."""
    for name in names:
        if name not in sys.modules and importlib.util.find_spec(name) is not None:
            sys.modules[name] = PutOff(name)


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Whoever imports the module hears that it is not installed. One that has been imported stays as it is."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what `import` takes for a module that does not exist
    try:
        yield
    finally:
        del sys.modules[name]
