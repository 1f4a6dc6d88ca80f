"""`argument IN (items)`: as a set of values, where Python's equality is SQL's, or as equalities."""

from __future__ import annotations

from actors.sql.expressions.tree import BOOL, Call, Constant, Expression, InList, Not, Or
from actors.sql.types.base import BITS, ORDERED_BYTES

_COMPARED_AS = {"varchar": "text", "cidr": "inet"}
"""Types without comparisons of their own."""
IN_LIST_SET_MIN = 4
"""From as many constants on, IN looks them up in a set."""
HASHED_TYPES = frozenset(
    {"bool", "int2", "int4", "int8", "text", "bytea", "date", "time", "timestamp", "timestamptz", *ORDERED_BYTES, *BITS}
)


def is_hashed(node: InList) -> bool:
    """Whether its values are looked up in a set."""
    constants = sum(isinstance(item, Constant) for item in node.items)
    return constants == len(node.items) >= IN_LIST_SET_MIN and node.argument.type.name in HASHED_TYPES


def in_equalities(node: InList) -> Expression:
    equalities = tuple(equality(node.argument, item) for item in node.items)
    either: Expression = equalities[0] if len(equalities) == 1 else Or(equalities)
    return Not(either) if node.negated else either


def equality(left: Expression, right: Expression) -> Call:
    names = tuple(_COMPARED_AS.get(side.type.name, side.type.name) for side in (left, right))
    return Call("=", names, (left, right), BOOL)
