"""nextval and its kin in the parser's trees: they name their sequence by text alone."""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.sql.binding.nodes import any_call
from actors.sql.binding.trees import mapped, with_parts
from actors.sql.expressions.tree import SEQUENCE_FUNCTIONS


def calls_sequence(nodes: Any) -> bool:
    """Of expressions themselves, not of their subqueries."""
    return any_call(nodes, lambda call: call.funcname[-1].sval in SEQUENCE_FUNCTIONS)


def sequence_name(node: Any) -> Any:
    """The first argument of such a call: nextval('s'::regclass) is nextval('s')."""
    while isinstance(node, ast.TypeCast) and node.typeName.names[-1].sval in ("regclass", "text"):
        node = node.arg
    return node


def plain_references(node: Any) -> Any:
    """A tree in which all of them do."""

    def change(part: Any) -> Any:
        if not isinstance(part, ast.FuncCall) or part.funcname[-1].sval not in SEQUENCE_FUNCTIONS or not part.args:
            return None
        first, *others = part.args
        arguments = tuple(mapped(one, change) for one in (sequence_name(first), *others))
        return with_parts(part, lambda one: one, funcname=part.funcname[-1:], args=arguments)

    return mapped(node, change)
