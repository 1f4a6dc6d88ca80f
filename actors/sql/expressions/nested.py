"""Source of the nodes that evaluate expressions over rows of their own (tree.InDomain, tree.Apply), for compile.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.sql.expressions.domain_values import domain_check
from actors.sql.expressions.tree import Apply, InDomain

if TYPE_CHECKING:
    from actors.sql.expressions.compile import _Writer


def nested(writer: _Writer, node: InDomain | Apply) -> str:
    """Source of the datum, None for NULL."""
    from actors.sql.expressions.compile import compile_expression

    if isinstance(node, InDomain):
        return f"{writer.reference(domain_check(node))}({writer.value(node.argument)}, environment)"
    row = "".join(f"{writer.value(argument)}, " for argument in node.arguments)
    return f"{writer.reference(compile_expression(node.body.expression))}(({row}), parameters, environment)"
