"""What a domain demands of a value, as a function of the value: made once for all values of a plan.

checked = domain_check(InDomain(argument, "positive", False, (Body(VALUE > 0, "positive_check"),), INT4))
checked(7, environment) -> 7
checked(-7, environment)        23514 value for domain positive violates check constraint "positive_check"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.common.errors import CHECK_VIOLATION, NOT_NULL_VIOLATION, DatabaseError
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import InDomain


def domain_check(node: InDomain) -> Callable[[Any, Environment], Any]:
    """The value as it came. Raises 23502, 23514."""
    from actors.sql.expressions.compile import compile_expression

    checks = [(compile_expression(body.expression), body.name) for body in node.checks]

    def checked(value: Any, environment: Environment) -> Any:
        if value is None and node.not_null:
            raise DatabaseError(NOT_NULL_VIOLATION, f"domain {node.name} does not allow null values")
        for holds, name in checks:
            if holds((value,), (), environment) is False:
                message = f'value for domain {node.name} violates check constraint "{name}"'
                raise DatabaseError(CHECK_VIOLATION, message, constraint=name)
        return value

    return checked
