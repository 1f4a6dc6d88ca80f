"""pg_proc's rows of the functions that there are, with PostgreSQL 18's own oids: those of types (int4in ...), and those
that expressions know.

`system_functions.txt` has a function a line: oid, name, kind (f, a, w), whether it returns a set, volatility,
strictness, the oid of its variadic element, of its result, and of its arguments. The value of a regproc is the
function's name.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class SystemFunction(NamedTuple):
    oid: int
    name: str
    kind: str
    returns_set: bool
    volatility: str
    is_strict: bool
    variadic: int
    result: int
    arguments: tuple[int, ...]


@cache
def system_functions() -> tuple[SystemFunction, ...]:
    """By oid."""
    found = []
    for line in files("actors.sql.types").joinpath("system_functions.txt").read_text().splitlines():
        oid, name, kind, is_set, volatility, strict, variadic, result, arguments = line.split("|")
        types = tuple(map(int, arguments.split()))
        found.append(
            SystemFunction(
                int(oid), name, kind, is_set == "t", volatility, strict == "t", int(variadic), int(result), types
            )
        )
    return tuple(found)


@cache
def _by_name() -> dict[str, list[SystemFunction]]:
    found: dict[str, list[SystemFunction]] = {}
    for function in system_functions():
        found.setdefault(function.name, []).append(function)
    return found


def functions_named(name: str) -> list[SystemFunction]:
    return _by_name().get(name, [])


def oid_of_function(name: str) -> int:
    """A regproc's oid; 0 for "-", which is none."""
    known = functions_named(name)
    return known[0].oid if known else 0


@cache
def _by_oid() -> dict[int, SystemFunction]:
    return {function.oid: function for function in system_functions()}


def function_with(oid: int) -> SystemFunction | None:
    return _by_oid().get(oid)


def name_of_function(oid: int) -> str:
    """What shows a regproc: "-" for 0, the number where there is no such function."""
    known = function_with(oid)
    return known.name if known is not None else "-" if oid == 0 else str(oid)
