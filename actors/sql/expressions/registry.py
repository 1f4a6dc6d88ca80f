"""The register of functions and operators: `find(name)` gives the overloads, `function(name, signature)` one of them.

A `Function` has a Python implementation of datums, or a template: Python source with {0}, {1} for the arguments (each a
name or a literal, so it may occur twice) and {t} for a scratch name, which compile.py writes in line. Strict functions
are never called with NULL.

Volatility as PostgreSQL's: "immutable", "stable" (the same within a statement), "volatile". Only immutable ones may be
pushed to storage.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

IMMUTABLE, STABLE, VOLATILE = "immutable", "stable", "volatile"


class Function:
    """One overload. `environment`: the implementation's first argument is the Environment. `variadic`: the last
    argument may be repeated; its type "any" takes every type (the implementation gets the datums as text). `slow`: one
    call over a long text may take a large part of a second, so no event loop evaluates it where a thread can."""

    __slots__ = (
        "arguments",
        "environment",
        "implementation",
        "name",
        "result",
        "slow",
        "strict",
        "template",
        "variadic",
        "volatility",
    )

    def __init__(
        self,
        name: str,
        arguments: tuple[str, ...],
        result: str,
        implementation: Callable[..., Any] | None,
        template: str | None,
        strict: bool,
        volatility: str,
        environment: bool,
        variadic: bool,
        slow: bool,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.result = result
        self.implementation = implementation
        self.template = template
        self.strict = strict
        self.volatility = volatility
        self.environment = environment
        self.variadic = variadic
        self.slow = slow

    def matches(self, signature: tuple[str, ...]) -> bool:
        if not self.variadic:
            return self.arguments == signature
        fixed = len(self.arguments) - 1
        return signature[:fixed] == self.arguments[:fixed] and all(
            name == self.arguments[-1] for name in signature[fixed:]
        )


OVERLOADS_MAX = 10_000
"""Of those that were asked for, that are remembered: variadic ones have a signature for each number of arguments."""
_functions: dict[str, list[Function]] = {}
_overloads: dict[tuple[str, tuple[str, ...]], Function] = {}
HELPERS: dict[str, Any] = {}
"""Names that templates may use."""


def register(
    name: str,
    arguments: str,
    result: str,
    implementation: Callable[..., Any] | None = None,
    *,
    template: str | None = None,
    strict: bool = True,
    volatility: str = IMMUTABLE,
    environment: bool = False,
    variadic: bool = False,
    slow: bool = False,
) -> None:
    """`arguments`: type names separated by blanks."""
    assert (implementation is None) != (template is None)
    made = Function(
        name,
        tuple(arguments.split()),
        result,
        implementation,
        template,
        strict,
        volatility,
        environment,
        variadic,
        slow,
    )
    known = _functions.setdefault(name, [])
    assert all(other.arguments != made.arguments for other in known), f"{name}({arguments}) is registered twice"
    known.append(made)


def register_as(name: str, known: Function) -> None:
    """A registered function under one more name."""
    made = copy(known)
    made.name = name
    _functions.setdefault(name, []).append(made)


def find(name: str) -> list[Function]:
    """Every overload of a function or operator."""
    return _functions.get(name, [])


def function(name: str, signature: tuple[str, ...]) -> Function:
    """The overload that a Call names."""
    found = _overloads.get((name, signature))
    if found is None:
        for known in _functions.get(name, ()):
            if known.matches(signature):
                if len(_overloads) >= OVERLOADS_MAX:
                    _overloads.clear()
                found = _overloads[name, signature] = known
                break
        else:
            raise AssertionError(f"no function {name}{signature}")
    return found


def names() -> list[str]:
    return sorted(_functions)
