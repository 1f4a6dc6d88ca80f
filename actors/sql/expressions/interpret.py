"""Expressions as Python closures, one a node: made in a microsecond a node, where Python source (compile.py) takes a
tenth of a millisecond to be written and compiled, and evaluated three times as slowly. What runs a few times is best
made like this.

    with first_runs():
        passes = compile_filter(condition)      closures; from COMPILED_AFTER calls on Python source of its own

    evaluated(Call("+", ("int4", "int4"), (Constant(1, INT4), Constant(2, INT4)), INT4), environment) -> 3

Values, order of evaluation and errors are compile.py's, which makes the kinds of nodes that are not made here. A
template is compiled once in a process, as a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from operator import itemgetter
from typing import Any, cast

from actors.sql.expressions import compile
from actors.sql.expressions.casts import converter
from actors.sql.expressions.compile import Evaluator
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.membership import in_equalities, is_hashed
from actors.sql.expressions.registry import HELPERS, Function, function
from actors.sql.expressions.tree import (
    And,
    BooleanTest,
    Call,
    Case,
    Cast,
    Coalesce,
    Column,
    Constant,
    Expression,
    InList,
    Not,
    NullIf,
    NullTest,
    Or,
    Parameter,
    children,
)
from actors.sql.types.arrays import is_array

COMPILED_AFTER = 512
"""Calls: about as long as the source's compilation takes."""

DEPTH_MAX = 60
"""Deeper expressions are compiled: each level of closures takes a frame of Python's stack, one of source none."""
_operations: dict[Function, Callable[..., Any]] = {}
"""Of functions that are given as templates."""


@contextmanager
def first_runs() -> Iterator[None]:
    """What compile.py is asked for meanwhile, in this thread, runs as closures at first."""
    token = compile.first_made.set(_FIRST_MADE)
    try:
        yield
    finally:
        compile.first_made.reset(token)


def first_filter(expression: Expression) -> Evaluator:
    """As compile_filter gives it for its first runs."""
    return _FIRST_MADE.filter(expression)


def evaluated(expression: Expression, environment: Environment) -> Any:
    """The datum of an expression without columns and parameters. Raises what it raises."""
    return _value(expression)((), (), environment)


class _FirstMade:
    """As compile.py's functions of these names."""

    def expression(self, expression: Expression) -> Evaluator:
        if _is_deep((expression,)):
            return compile.compiled_expression(expression)
        return _replaced_later(_value(expression), lambda: compile.compiled_expression(expression))

    def filter(self, expression: Expression) -> Evaluator:
        if _is_deep((expression,)):
            return compile.compiled_filter(expression)
        return _replaced_later(_truth(expression, True), lambda: compile.compiled_filter(expression))

    def tuple(self, expressions: tuple[Expression, ...]) -> Evaluator:
        if _is_deep(expressions):
            return compile.compiled_tuple(expressions)
        return _replaced_later(_tuple(expressions), lambda: compile.compiled_tuple(expressions))


_FIRST_MADE = _FirstMade()


def _is_deep(expressions: Sequence[Expression]) -> bool:
    level = expressions
    for _ in range(DEPTH_MAX):
        level = [part for node in level for part in children(node)]
        if not level:
            return False
    return True


def _replaced_later(first: Evaluator, make: Callable[[], Evaluator]) -> Evaluator:
    evaluate, left = first, COMPILED_AFTER

    def counted(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        nonlocal evaluate, left
        if left:
            left -= 1
            if not left:
                evaluate = make()
        return evaluate(row, parameters, environment)

    return counted


# -- values ------------------------------------------------------------------------------------------------------------


def _value(node: Expression) -> Evaluator:
    maker = _VALUES.get(node.__class__)
    return compile.compiled_expression(node) if maker is None else maker(node)


def _column(node: Column) -> Evaluator:
    position = node.position
    return lambda row, parameters, environment: row[position]


def _parameter(node: Parameter) -> Evaluator:
    place, name = node.number - 1, node.type.name
    if name == "interval" or is_array(name):
        return compile.compiled_expression(node)
    if name != "numeric":
        return lambda row, parameters, environment: parameters[place]

    def numeric(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        datum = parameters[place]
        return Decimal(datum) if datum.__class__ is str else datum

    return numeric


def _constant(node: Constant) -> Evaluator:
    datum = node.datum
    return lambda row, parameters, environment: datum


def _operation(known: Function) -> Callable[..., Any]:
    """The function of datums alone."""
    if known.template is None:
        return cast(Callable[..., Any], known.implementation)
    found = _operations.get(known)
    if found is None:
        names = [f"a{place}" for place in range(len(known.arguments))]
        globals_ = dict(HELPERS)
        exec(f"def made({', '.join(names)}):\n    return {known.template.format(*names, t='t')}", globals_)
        found = _operations[known] = cast(Callable[..., Any], globals_.pop("made"))
    return found


def _call(node: Call) -> Evaluator:
    known = function(node.name, node.signature)
    if known.template is not None and known.variadic:
        return compile.compiled_expression(node)
    operation, arguments = _operation(known), [_value(argument) for argument in node.arguments]
    if known.environment and known.template is None:
        return _call_in_environment(operation, arguments, known.strict)
    if not known.strict:
        return lambda row, parameters, environment: operation(
            *[argument(row, parameters, environment) for argument in arguments]
        )
    if len(arguments) == 2:
        left, right = arguments

        def of_two(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
            one, other = left(row, parameters, environment), right(row, parameters, environment)
            return None if one is None or other is None else operation(one, other)

        return of_two
    if len(arguments) == 1:
        return _of_one(operation, arguments[0])

    def of_many(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        values = [argument(row, parameters, environment) for argument in arguments]
        return None if None in values else operation(*values)

    return of_many


def _of_one(operation: Callable[..., Any], argument: Evaluator) -> Evaluator:
    def of_one(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        value = argument(row, parameters, environment)
        return None if value is None else operation(value)

    return of_one


def _call_in_environment(operation: Callable[..., Any], arguments: Sequence[Evaluator], strict: bool) -> Evaluator:
    def call(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        values = [argument(row, parameters, environment) for argument in arguments]
        if strict and any(value is None for value in values):
            return None
        return operation(environment, *values)

    return call


def _cast(node: Cast) -> Evaluator:
    convert = converter(node.argument.type, node.type)
    argument = _value(node.argument)
    if convert is None:
        return argument
    made, modifier, explicit = convert, node.type.modifier, node.explicit

    def cast_value(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        value = argument(row, parameters, environment)
        return None if value is None else made(value, modifier, explicit, environment)

    return cast_value


def _connective(node: And | Or) -> Evaluator:
    deciding = isinstance(node, Or)
    terms = [_value(argument) for argument in node.arguments]

    def connective(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        unknown = False
        for term in terms:
            value = term(row, parameters, environment)
            if value is deciding:
                return deciding
            unknown = unknown or value is None
        return None if unknown else not deciding

    return connective


def _not(node: Not) -> Evaluator:
    return _of_one(lambda value: not value, _value(node.argument))


def _test(node: NullTest | BooleanTest) -> Evaluator:
    argument, negated = _value(node.argument), node.negated
    wanted = None if isinstance(node, NullTest) else node.value
    return lambda row, parameters, environment: (argument(row, parameters, environment) is wanted) is not negated


def _case(node: Case) -> Evaluator:
    branches = [
        (_truth(condition, True), _value(result))
        for condition, result in zip(node.conditions, node.results, strict=True)
    ]
    default = None if node.default is None else _value(node.default)

    def case(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        for holds, result in branches:
            if holds(row, parameters, environment):
                return result(row, parameters, environment)
        return None if default is None else default(row, parameters, environment)

    return case


def _coalesce(node: Coalesce) -> Evaluator:
    arguments = [_value(argument) for argument in node.arguments]

    def coalesce(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> Any:
        for argument in arguments:
            value = argument(row, parameters, environment)
            if value is not None:
                return value
        return None

    return coalesce


def _null_if(node: NullIf) -> Evaluator:
    equal, argument = _truth(node.equal, True), _value(node.argument)
    return lambda row, parameters, environment: (
        None if equal(row, parameters, environment) else argument(row, parameters, environment)
    )


def _in_list(node: InList) -> Evaluator:
    if not is_hashed(node):
        return _value(in_equalities(node))
    constants = [item.datum for item in node.items if isinstance(item, Constant)]
    values = frozenset(value for value in constants if value is not None)
    found, missing = not node.negated, None if None in constants else node.negated
    return _of_one(lambda value: found if value in values else missing, _value(node.argument))


_VALUES: dict[Any, Callable[[Any], Evaluator]] = {
    Column: _column,
    Parameter: _parameter,
    Constant: _constant,
    Call: _call,
    Cast: _cast,
    And: _connective,
    Or: _connective,
    Not: _not,
    NullTest: _test,
    BooleanTest: _test,
    Case: _case,
    Coalesce: _coalesce,
    NullIf: _null_if,
    InList: _in_list,
}


# -- truth -------------------------------------------------------------------------------------------------------------


def _truth(node: Expression, wanted: bool) -> Evaluator:
    """Whether the node is TRUE (`wanted`) or FALSE; as in compile.py no term is evaluated behind one that decides."""
    if isinstance(node, Not):
        return _truth(node.argument, not wanted)
    if isinstance(node, InList) and not is_hashed(node):
        return _truth(in_equalities(node), wanted)
    if not isinstance(node, And | Or):
        value = _value(node)
        return lambda row, parameters, environment: value(row, parameters, environment) is wanted
    terms = [_truth(argument, wanted) for argument in node.arguments]
    if isinstance(node, And) == wanted:

        def every(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> bool:
            for term in terms:  # noqa: SIM110 - a generator takes as long as two terms
                if not term(row, parameters, environment):
                    return False
            return True

        return every

    def some(row: Sequence[Any], parameters: Sequence[Any], environment: Environment) -> bool:
        for term in terms:  # noqa: SIM110
            if term(row, parameters, environment):
                return True
        return False

    return some


def _tuple(expressions: tuple[Expression, ...]) -> Evaluator:
    positions = [expression.position for expression in expressions if isinstance(expression, Column)]
    if len(positions) == len(expressions) > 1:
        pick = itemgetter(*positions)
        return lambda row, parameters, environment: pick(row)
    values = [_value(expression) for expression in expressions]
    if len(values) == 1:
        [only] = values
        return lambda row, parameters, environment: (only(row, parameters, environment),)
    return lambda row, parameters, environment: tuple([value(row, parameters, environment) for value in values])
