"""Typed scalar expressions, as planned by a query processor and evaluated by it or by storage.

    Call("=", ("int4", "int4"), (Column(0, INT4), Parameter(1, INT4)), BOOL)            aid = $1

Every node has a `type`. Nodes are immutable, hashable and travel as msgpack arrays with a tag (`encode_expression`,
`decode_expression`), so that ScanProgram.filter may hold one. All implicit conversions are explicit `Cast` nodes; an
argument whose datum needs no conversion (varchar for text) goes without. Names of functions and operators are
PostgreSQL's; `signature` says which overload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import is_not
from typing import Any, cast

import msgspec

from actors.sql.expressions import functions as functions  # registers every function
from actors.sql.expressions.casts import is_stable
from actors.sql.expressions.registry import IMMUTABLE, VOLATILE, function
from actors.sql.types.arrays import Array, element_of, is_array
from actors.sql.types.column_type import ColumnType

BOOL = ColumnType("bool")

SEQUENCE_FUNCTIONS = frozenset({"nextval", "setval", "currval", "lastval"})


class Column(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="column"):
    """The datum at a position of the row."""

    position: int
    type: ColumnType


class Parameter(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="parameter"):
    """`number` from 1 on, as $1."""

    number: int
    type: ColumnType


class Constant(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="constant"):
    """`value` is a datum; after a decode a numeric is still text and an interval a list: read `datum`. Type "unknown"
    (datum a str, or None): an untyped literal that nothing has given a type yet."""

    value: Any
    type: ColumnType

    @property
    def datum(self) -> Any:
        return revive(self.value, self.type)

    def __hash__(self) -> int:
        return hash((repr(self.value), self.type))


class Call(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="call"):
    """A function or an operator; a prefix operator has one argument. `signature` holds the declared argument types'
    names of the overload (a variadic function's repeated as often as there are arguments)."""

    name: str
    signature: tuple[str, ...]
    arguments: tuple[Expression, ...]
    type: ColumnType


class Cast(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="cast"):
    """Conversion to `type`, its modifier included. `explicit`: written as a cast, which truncates silently where an
    assignment fails (22001)."""

    argument: Expression
    type: ColumnType
    explicit: bool = False


class And(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="and"):
    arguments: tuple[Expression, ...]
    type: ColumnType = BOOL


class Or(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="or"):
    arguments: tuple[Expression, ...]
    type: ColumnType = BOOL


class Not(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="not"):
    argument: Expression
    type: ColumnType = BOOL


class NullTest(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="null_test"):
    """IS NULL, or with `negated` IS NOT NULL."""

    argument: Expression
    negated: bool = False
    type: ColumnType = BOOL


class BooleanTest(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="boolean_test"):
    """IS [NOT] TRUE, FALSE (`value` a bool) or UNKNOWN (`value` None)."""

    argument: Expression
    value: bool | None
    negated: bool = False
    type: ColumnType = BOOL


class Distinct(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="distinct"):
    """IS DISTINCT FROM; `equal` is the `=` of both arguments. Negated: IS NOT DISTINCT FROM."""

    equal: Call
    negated: bool = False
    type: ColumnType = BOOL


class InList(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="in_list"):
    """`argument IN (items)`, all of one type, compared by its `=`; with `negated` NOT IN."""

    argument: Expression
    items: tuple[Expression, ...]
    negated: bool = False
    type: ColumnType = BOOL


class Quantified(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="quantified"):
    """`argument operator ANY (array)`, or with `every` ALL; `signature` is the operator's: the argument's type and the
    elements'."""

    argument: Expression
    array: Expression
    operator: str
    signature: tuple[str, str]
    every: bool = False
    type: ColumnType = BOOL

    @property
    def is_membership(self) -> bool:
        """= ANY: whether the argument is among the elements."""
        return self.operator == "=" and not self.every


class ArrayOf(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="array_of"):
    """ARRAY[...]: of elements, or (`nested`) of arrays."""

    items: tuple[Expression, ...]
    type: ColumnType
    nested: bool = False


class Case(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="case"):
    """`conditions[i]` decides for `results[i]`; a CASE with an operand has been rewritten to equalities. No default:
    NULL."""

    conditions: tuple[Expression, ...]
    results: tuple[Expression, ...]
    default: Expression | None
    type: ColumnType


class Coalesce(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="coalesce"):
    arguments: tuple[Expression, ...]
    type: ColumnType


class MinMax(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="min_max"):
    """GREATEST or LEAST: NULLs are skipped."""

    greatest: bool
    arguments: tuple[Expression, ...]
    type: ColumnType


class NullIf(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="null_if"):
    """`argument` unless `equal`, a call of `=`, is true."""

    argument: Expression
    equal: Call
    type: ColumnType


class Body(msgspec.Struct, frozen=True, array_like=True):
    """An expression over a row of its own: what changes the expression around it does not look into it. `name`: a
    domain's CHECK's."""

    expression: Expression
    name: str = ""


class Apply(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="apply"):
    """`body` for the row of the arguments' values: each argument is evaluated once, however often it is mentioned."""

    arguments: tuple[Expression, ...]
    body: Body
    type: ColumnType


class InDomain(msgspec.Struct, frozen=True, array_like=True, tag_field="node", tag="in_domain"):
    """`argument`, which must be a value of the domain `name` (domains.py): each of `checks` is over a row of the value
    alone, and must not be false; NULL must be allowed. Raises 23502, 23514."""

    argument: Expression
    name: str
    not_null: bool
    checks: tuple[Body, ...]
    type: ColumnType


Expression = (
    Column | Parameter | Constant | Call | Cast | And | Or | Not | NullTest | BooleanTest | Distinct | InList
    | Quantified | ArrayOf | Case | Coalesce
    | MinMax | NullIf | InDomain | Apply
)  # fmt: skip

_DECODER: Any = msgspec.msgpack.Decoder(Expression)


def encode_expression(expression: Expression) -> bytes:
    return msgspec.msgpack.encode(expression)


def decode_expression(source: Any) -> Expression:
    """From bytes, or from the plain lists that a surrounding structure was decoded to (ScanProgram.filter)."""
    if isinstance(source, bytes | bytearray | memoryview):
        return cast(Expression, _DECODER.decode(source))
    return cast(Expression, msgspec.convert(source, Expression))


def revive(value: Any, type_: ColumnType) -> Any:
    """The datum that msgpack carried: it has no numerics and no tuples."""
    if type_.name == "numeric" and isinstance(value, str):
        return Decimal(value)
    if type_.name == "interval" and isinstance(value, list):
        return tuple(value)
    if isinstance(value, list) and is_array(type_.name):
        items, lengths, lowers = value
        element = ColumnType(element_of(type_.name))
        return Array(tuple(revive(item, element) for item in items), tuple(lengths), tuple(lowers))
    return value


def _no_children(expression: Any) -> tuple[Expression, ...]:
    return ()


def _arguments(expression: Any) -> tuple[Expression, ...]:
    return cast(tuple[Expression, ...], expression.arguments)


def _argument(expression: Any) -> tuple[Expression, ...]:
    return (expression.argument,)


def _branches(expression: Case) -> tuple[Expression, ...]:
    pairs = tuple(part for pair in zip(expression.conditions, expression.results, strict=True) for part in pair)
    return pairs if expression.default is None else (*pairs, expression.default)


_CHILDREN: dict[Any, Callable[[Any], tuple[Expression, ...]]] = {
    **dict.fromkeys((Column, Parameter, Constant), _no_children),
    **dict.fromkeys((Call, And, Or, Coalesce, MinMax, Apply), _arguments),
    **dict.fromkeys((Cast, Not, NullTest, BooleanTest, InDomain), _argument),
    Distinct: lambda expression: (expression.equal,),
    InList: lambda expression: (expression.argument, *expression.items),
    Quantified: lambda expression: (expression.argument, expression.array),
    ArrayOf: lambda expression: expression.items,
    NullIf: lambda expression: (expression.argument, expression.equal),
    Case: _branches,
}


NODES = tuple(_CHILDREN)
"""The same as `Expression`, for isinstance."""


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct subexpressions, in order of evaluation."""
    return _CHILDREN[expression.__class__](expression)


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all within it, outer ones first."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        if parts := _CHILDREN[node.__class__](node):
            waiting += parts[::-1]


def rewrite(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """The expression with those nodes replaced that `change` gives another for, from the root down (what it replaced is
    not entered); it answers None to leave a node."""
    changed = change(expression)
    if changed is not None:
        return changed
    if not _CHILDREN[expression.__class__](expression):
        return expression
    fields: dict[str, Any] = {}
    for name in expression.__struct_fields__:
        value = getattr(expression, name)
        if value.__class__ is tuple:
            items = tuple([rewrite(item, change) if item.__class__ in _CHILDREN else item for item in value])
            if any(map(is_not, items, value)):
                fields[name] = items
        elif value.__class__ in _CHILDREN and (made := rewrite(value, change)) is not value:
            fields[name] = made
    return msgspec.structs.replace(expression, **fields) if fields else expression


def columns_of(expression: Expression) -> set[int]:
    """Positions of the columns that it reads."""
    if expression.__class__ is Column:
        return {expression.position}
    return {node.position for node in walk(expression) if node.__class__ is Column}


def is_immutable(expression: Expression) -> bool:
    """Whether the value depends on row and parameters only: what may be evaluated by storage, or once and for all."""
    for node in walk(expression):
        if isinstance(node, Call) and function(node.name, node.signature).volatility != IMMUTABLE:
            return False
        if isinstance(node, Cast) and is_stable(node.argument.type.name, node.type.name):
            return False
        if isinstance(node, InDomain):  # another transaction may see the domain changed
            return False
        if isinstance(node, Apply) and not is_immutable(node.body.expression):
            return False
    return True


BULKY_NODES = 1000
"""An expression with more of them takes more than some ten milliseconds to compile, and each row much to evaluate."""


def is_slow(expression: Expression) -> bool:
    """Whether no event loop should compile and evaluate it: for a function that may take a large part of a second
    (registry.Function.slow), or for its size. An array of values counts as one."""
    waiting, nodes = [expression], 0
    while waiting:
        node = waiting.pop()
        nodes += 1
        if nodes > BULKY_NODES or (isinstance(node, Call) and function(node.name, node.signature).slow):
            return True
        if isinstance(node, Apply):
            waiting.append(node.body.expression)
        elif isinstance(node, InDomain):
            waiting += [check.expression for check in node.checks]
        if not isinstance(node, ArrayOf):
            waiting += children(node)
    return False


def calls_sequences(expression: Expression) -> bool:
    """Whether a call of nextval or its kin stands in it: it is evaluated by `Sequences.evaluated` (environment.py)."""
    return any(
        (isinstance(node, Call) and node.name in SEQUENCE_FUNCTIONS)
        or (isinstance(node, Apply) and calls_sequences(node.body.expression))
        for node in walk(expression)
    )


def is_volatile(expression: Expression) -> bool:
    """Whether two evaluations in one statement may differ (random(), gen_random_uuid())."""
    return any(
        (isinstance(node, Call) and function(node.name, node.signature).volatility == VOLATILE)
        or (isinstance(node, Apply) and is_volatile(node.body.expression))
        for node in walk(expression)
    )
