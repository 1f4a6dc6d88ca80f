"""Giving an expression another type: untyped literals and parameters, implicit, assignment and explicit casts, common
types.

Conversions of constants happen here and now where their result depends on nothing else, so that `numeric_column = 5`
compares with a numeric constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

from actors.common.errors import CANNOT_COERCE, DATATYPE_MISMATCH, DatabaseError
from actors.sql.binding.parameters import TEXT, ParameterTypes
from actors.sql.expressions.casts import (
    ASSIGNMENT,
    EXPLICIT,
    IMPLICIT,
    STRINGS,
    ZONED_ARRAYS,
    context,
    converter,
    is_stable,
)
from actors.sql.expressions.comparisons import COMPARISONS
from actors.sql.expressions.environment import IMMUTABLE_ENVIRONMENT
from actors.sql.expressions.interpret import evaluated
from actors.sql.expressions.registry import function
from actors.sql.expressions.tree import Call, Cast, Constant, Expression, Parameter, is_immutable
from actors.sql.types import by_name, format_type
from actors.sql.types.column_type import ColumnType
from actors.sql.types.datetime_input import parse_moment
from actors.sql.types.datetimes import NeedsNow
from actors.sql.types.styles import Style, styled

_RANK = {EXPLICIT: (IMPLICIT, ASSIGNMENT, EXPLICIT), ASSIGNMENT: (IMPLICIT, ASSIGNMENT), IMPLICIT: (IMPLICIT,)}


def type_name(type_: ColumnType) -> str:
    """As messages show it, without modifier."""
    return "character" if type_.name == "bpchar" else format_type(ColumnType(type_.name))


def is_unknown(expression: Expression) -> bool:
    return expression.type.name == "unknown"


def coerce(
    expression: Expression, target: ColumnType, parameters: ParameterTypes | None = None, allowed: str = IMPLICIT
) -> Expression | None:
    """`expression` as `target`, None where PostgreSQL has no such cast in this context."""
    if is_unknown(expression) and target.name != "unknown":
        if isinstance(expression, Constant):
            return _literal(expression, target, allowed)
        if isinstance(expression, Parameter):
            decided = target if parameters is None else parameters.decide(expression.number, target)
            expression = Parameter(expression.number, ColumnType(decided.name))
    if expression.type.name == "bpchar" and expression.type.modifier >= 0 and target.name == "bytea":
        expression = fold(Call("bpchar_out", ("bpchar",), (fold(Cast(expression, ColumnType("bpchar"))),), TEXT))
    source = expression.type
    if source.name == target.name and target.modifier in (-1, source.modifier) and not _loses_blanks(source, target):
        return expression
    if context(source.name, target.name) not in _RANK[allowed]:
        return None
    return fold(Cast(expression, target, allowed == EXPLICIT))


def _loses_blanks(source: ColumnType, target: ColumnType) -> bool:
    """char(n) as char without a length has the blanks that char(n) shows (types/strings.py)."""
    return source.name == "bpchar" and source.modifier >= 0 > target.modifier


def _literal(literal: Constant, target: ColumnType, allowed: str) -> Expression:
    """An untyped literal read as `target`. What depends on the session's time zone or on now stays text until it
    runs."""
    if literal.value is None:
        return Constant(None, target)
    text: str = literal.value
    plain = target if target.name == "interval" else ColumnType(target.name)
    try:
        datum = by_name[target.name].parse_text(text, plain.modifier)
    except NeedsNow:
        return Cast(Constant(text, TEXT), target, allowed == EXPLICIT)
    except DatabaseError:
        if target.name in ZONED_ARRAYS or _depends_on_style(text, target.name, plain.modifier, None):
            return Cast(Constant(text, TEXT), target, allowed == EXPLICIT)
        raise
    if target.name in ZONED_ARRAYS or _depends_on_style(text, target.name, plain.modifier, datum):
        return Cast(Constant(text, TEXT), target, allowed == EXPLICIT)
    if target.name == "timestamptz":
        moment = parse_moment(text, "timestamp with time zone")
        if moment.zone is None and moment.word is None:
            return Cast(Constant(text, TEXT), target, allowed == EXPLICIT)
    constant = Constant(datum, plain)
    if target.modifier in (-1, plain.modifier):
        return constant
    return fold(Cast(constant, target, allowed == EXPLICIT))


_OTHER_STYLES = tuple(styled(UTC, Style(order=order, interval="sql_standard")) for order in ("DMY", "YMD"))


def _depends_on_style(text: str, name: str, modifier: int, datum: Any) -> bool:
    """Whether a session with another DateStyle or IntervalStyle reads the text otherwise than the default ones do: as
    `datum`, None: not at all."""
    if name not in ("date", "timestamp", "timestamptz", "interval") or text[:4].isdigit():
        return False

    def read(zone: tzinfo) -> Any:
        try:
            return by_name[name].parse_text(text, modifier, zone, 0)
        except DatabaseError:
            return None

    return any(read(zone) != datum for zone in _OTHER_STYLES)


def fold(expression: Expression) -> Expression:
    """A Cast or Call of constants evaluated, if nothing but they decide the result. One that fails is left to fail when
    it runs."""
    if isinstance(expression, Cast):
        argument = expression.argument
        if not isinstance(argument, Constant) or is_stable(argument.type.name, expression.type.name):
            return expression
        if argument.value is None:
            return Constant(None, expression.type)
        convert = converter(argument.type, expression.type)
        if convert is None:
            return Constant(argument.value, expression.type)
        try:
            value = convert(argument.datum, expression.type.modifier, expression.explicit, IMMUTABLE_ENVIRONMENT)
        except DatabaseError:
            return expression
        return Constant(value, expression.type)
    if isinstance(expression, Call) and _is_null_for_sure(expression):
        return Constant(None, expression.type)
    if isinstance(expression, Call) and expression.arguments:
        if not all(isinstance(argument, Constant) for argument in expression.arguments) or not is_immutable(expression):
            return expression
        try:
            return Constant(evaluated(expression, IMMUTABLE_ENVIRONMENT), expression.type)
        except DatabaseError:
            return expression
    return expression


def _is_null_for_sure(call: Call) -> bool:
    """A strict function with a NULL among its arguments: PostgreSQL does not evaluate the others. A comparison stays:
    it says that no key is read."""
    if call.name in COMPARISONS:
        return False
    strict = function(call.name, call.signature).strict
    return strict and any(isinstance(argument, Constant) and argument.value is None for argument in call.arguments)


def coerce_argument(expression: Expression, declared: str, parameters: ParameterTypes | None) -> Expression:
    """An argument for a declared type that it is known to fit. Strings of any kind serve as text as they are."""
    if declared == "any":
        return as_output_text(expression, parameters)
    if declared == "text" and expression.type.name in STRINGS:
        return trimmed(expression) if expression.type.name == "bpchar" else expression
    result = coerce(expression, ColumnType(declared), parameters)
    if result is None:
        raise cannot_cast(expression.type, ColumnType(declared))
    return result


def trimmed(expression: Expression) -> Expression:
    """A char without the blanks at its end: as it is compared, and as text."""
    if expression.type.modifier >= 0:
        return expression
    return fold(Call("bpchar_trimmed", ("bpchar",), (expression,), expression.type))


def as_output_text(expression: Expression, parameters: ParameterTypes | None) -> Expression:
    """As the type's output function writes it, which for bool is t and f."""
    if expression.type.name == "bool":
        return fold(Call("bool_out", ("bool",), (expression,), TEXT))
    if expression.type.name in ("inet", "cidr"):
        return fold(Call("inet_out", (expression.type.name,), (expression,), TEXT))
    if expression.type.name == "bpchar":
        return fold(
            Call("bpchar_out", ("bpchar",), (coerce(expression, ColumnType("bpchar"), parameters) or expression,), TEXT)
        )
    result = coerce(expression, TEXT, parameters, EXPLICIT)
    if result is None:
        raise cannot_cast(expression.type, TEXT)
    return result


def cannot_cast(source: ColumnType, target: ColumnType, position: int = 0) -> DatabaseError:
    return DatabaseError(
        CANNOT_COERCE, f"cannot cast type {type_name(source)} to {type_name(target)}", position=position
    )


def coerce_unknown(expression: Expression, parameters: ParameterTypes | None = None) -> Expression:
    """An untyped literal or parameter that stands alone becomes text."""
    if not is_unknown(expression):
        return expression
    result = coerce(expression, TEXT, parameters)
    assert result is not None
    return result


def common_type(types: Sequence[ColumnType], where: str, position: int = 0) -> ColumnType:
    """The type that UNION, CASE, VALUES, COALESCE ... give to values of these. Raises 42804 in the name of `where`."""
    known = [type_ for type_ in types if type_.name != "unknown"]
    if not known:
        return TEXT
    chosen = known[0]
    for type_ in known[1:]:
        if type_.name == chosen.name:
            continue
        here, there = by_name[chosen.name], by_name[type_.name]
        if here.category != there.category:
            raise DatabaseError(
                DATATYPE_MISMATCH,
                f"{where} types {type_name(chosen)} and {type_name(type_)} cannot be matched",
                position=position,
            )
        if (
            not here.preferred
            and context(chosen.name, type_.name) == IMPLICIT
            and context(type_.name, chosen.name) != IMPLICIT
        ):
            chosen = type_
    same_modifier = all(type_ == chosen for type_ in types)
    return chosen if same_modifier else ColumnType(chosen.name)


def coerce_to_common(
    expressions: Sequence[Expression], where: str, parameters: ParameterTypes | None, position: int = 0
) -> tuple[ColumnType, list[Expression]]:
    """(type, the expressions of that type)."""
    target = common_type([expression.type for expression in expressions], where, position)
    results: list[Expression] = []
    for expression in expressions:
        result = coerce(expression, target, parameters)
        if result is None:
            raise DatabaseError(
                CANNOT_COERCE,
                f"{where} could not convert type {type_name(expression.type)} to {type_name(target)}",
                position=position,
            )
        results.append(result)
    return target, results


def coerce_assignment(
    expression: Expression,
    target: ColumnType,
    column_name: str,
    parameters: ParameterTypes | None = None,
    position: int = 0,
) -> Expression:
    """For an INSERT or UPDATE target, its modifier included. Raises 42804 where even an assignment does not convert."""
    result = coerce(expression, target, parameters, ASSIGNMENT)
    if result is None:
        raise DatabaseError(
            DATATYPE_MISMATCH,
            f'column "{column_name}" is of type {type_name(target)} but expression is of type '
            f"{type_name(expression.type)}",
            hint="You will need to rewrite or cast the expression.",
            position=position,
        )
    return result


def coerce_boolean(
    expression: Expression, where: str, parameters: ParameterTypes | None, position: int = 0
) -> Expression:
    """An argument of AND, WHERE ... Raises 42804."""
    result = coerce(expression, ColumnType("bool"), parameters)
    if result is None:
        raise DatabaseError(
            DATATYPE_MISMATCH,
            f"argument of {where} must be type boolean, not type {type_name(expression.type)}",
            position=position,
        )
    return result
