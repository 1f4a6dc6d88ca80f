"""Calls of SQL functions (catalog/functions.py): which function a call means, and its body in the place of the call.

    area(a + 1, 2)      the body w * h over a row (w, h), with the arguments in the place of its columns: (a + 1) * 2
    total(o.id)         a body that reads tables: a subquery that depends on o (function_items.py)
    FROM lines(7) l     a query in FROM (function_items.py)

A call costs what its body costs, the executors know nothing of functions, and a condition in a body finds its index.
The body is bound among names of its own, the arguments; what comes from outside comes through them alone. An argument
that the body mentions several times is evaluated once where that could be told (tree.Apply).

Left out (0A000): bodies of several statements, and such that write; functions with columns outside of FROM; a volatile
argument that a body which reads tables mentions twice.

Bounds: CALLS_MAX calls in one statement, those within bodies included, DEPTH_MAX within one another, bodies of
BODY_CHARACTERS_MAX characters together; 54001 beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pglast import ast, enums
from pglast.parser import ParseError

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_FUNCTION_DEFINITION,
    INVALID_SCHEMA_NAME,
    PROGRAM_LIMIT_EXCEEDED,
    STATEMENT_TOO_COMPLEX,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.sql.binding.coercion import coerce, coerce_argument, type_name
from actors.sql.binding.function_kinds import ADVISORY_LOCKS, AGGREGATES, NOT_OF_ONE_ROW, SETS, WINDOW_FUNCTIONS
from actors.sql.binding.names import Level, Named, NamedColumns, Relation
from actors.sql.binding.nodes import any_call
from actors.sql.binding.parameters import Called, ParameterTypes
from actors.sql.binding.scope import EmptyScope, position_of
from actors.sql.binding.stored_names import number_of
from actors.sql.binding.substitution import Substitution, uses
from actors.sql.binding.trees import has_subquery
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS
from actors.sql.catalog.functions import VOID, Function
from actors.sql.expressions.casts import ASSIGNMENT
from actors.sql.expressions.functions import Ambiguous, expanded_for, resolve_signature
from actors.sql.expressions.tree import (
    Apply,
    Body,
    Case,
    Column,
    Constant,
    Expression,
    NullTest,
    Or,
    Parameter,
    is_volatile,
    rewrite,
    walk,
)
from actors.sql.parser import parse_expression, parse_sql
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis
    from actors.sql.catalog.snapshot import Catalog

CALLS_MAX = 500
DEPTH_MAX = 40
ANY_NAME = "array_"
"""To overload resolution: of a function whose arguments may be arrays."""
BODY_CHARACTERS_MAX = 65_536
"""Of one body, and of all that one statement takes in: they are bound where the statement is planned."""
_SYSTEM_NAMES = WINDOW_FUNCTIONS | SETS | ADVISORY_LOCKS | CATALOG_FUNCTIONS.keys()
"""The system's, whatever they are given: they are no overloads of the register. A SQL function of such a name is called
with its schema."""
_SIMPLE = (
    *("fromClause", "whereClause", "groupClause", "havingClause", "windowClause", "withClause", "valuesLists"),
    *("sortClause", "limitCount", "limitOffset", "lockingClause", "distinctClause", "intoClause"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A call: the function, and an expression for each of its inputs (None: its default)."""

    function: Function
    arguments: tuple[Expression | None, ...]


# -- which function ----------------------------------------------------------------------------------------------------


def candidates(catalog: Catalog | None, names: Sequence[Any]) -> tuple[Function, ...]:
    """The functions that a name may mean. Raises 3F000, 42501 for a schema that the role may not use."""
    if catalog is None or not catalog.has_functions:
        return ()
    number = number_of(names)
    if number is not None:
        found = catalog.function_by_id(number)
        return () if found is None else (found,)
    schema = names[-2].sval if len(names) > 1 else None
    known = catalog.functions_named(schema, names[-1].sval)
    if known:
        catalog.require_usage(schema)
    elif schema is not None and not catalog.has_schema(schema):
        raise DatabaseError(INVALID_SCHEMA_NAME, f'schema "{schema}" does not exist')
    return known


def _slots(function: Function, count: int, names: Sequence[str]) -> tuple[int | None, ...] | None:
    """For each input which of the given arguments it takes, None for its default: the first `count` by place, then
    those with `names`. None where the call does not fit."""
    inputs = function.inputs
    if count + len(names) > len(inputs):
        return None
    slots: list[int | None] = [place if place < count else None for place in range(len(inputs))]
    by_name = {argument.name: place for place, argument in enumerate(inputs) if argument.name}
    for number, name in enumerate(names, count):
        place = by_name.get(name)
        if place is None or slots[place] is not None:
            return None
        slots[place] = number
    if any(slot is None and argument.default is None for slot, argument in zip(slots, inputs, strict=True)):
        return None
    return tuple(slots)


def resolve(analysis: Analysis, node: Any, known: Sequence[Function]) -> Found | None:
    """Of a FuncCall with a name of theirs; None where it is a function of the system, if any. Raises 42883, 42725."""
    if node.func_variadic or node.over or node.agg_star or node.agg_distinct or node.agg_filter or node.agg_order:
        return None
    is_qualified = len(node.funcname) > 1
    if not is_qualified and node.funcname[0].sval in _SYSTEM_NAMES:
        return None
    given, names = [], []
    for argument in node.args or ():
        if isinstance(argument, ast.NamedArgExpr):
            if argument.name in names:
                message = f'argument name "{argument.name}" used more than once'
                raise DatabaseError(SYNTAX_ERROR, message, position=position_of(argument))
            names.append(argument.name)
            argument = argument.arg
        given.append(analysis.expression(argument))
    count = len(given) - len(names)
    types = tuple(expression.type.name for expression in given)
    own = not is_qualified and not names
    name = node.funcname[-1].sval
    if own and name in AGGREGATES and AGGREGATES[name].resolve([expression.type for expression in given]) is not None:
        return None
    fitting: list[tuple[Function | None, tuple[int | None, ...], tuple[str, ...]]] = []
    if own:  # the system's functions come first on each search path
        fitting += [(None, (), taken) for taken in expanded_for(name, len(given))]
    for function in known:
        slots = _slots(function, count, names)
        if slots is not None:
            named = [""] * len(given)
            for argument, slot in zip(function.inputs, slots, strict=True):
                if slot is not None:
                    named[slot] = argument.type.name
            fitting.append((function, slots, tuple(named)))
    # Of two that take the same, the first on the path; without its defaults rather than with them.
    fitting.sort(key=lambda one: None in one[1])
    chosen = None
    if fitting:
        try:
            signatures = tuple(dict.fromkeys(taken for _, _, taken in fitting))
            chosen = resolve_signature(ANY_NAME, signatures, types)
        except Ambiguous:
            raise _not_unique(analysis, node, given, names) from None
    if chosen is None:
        if own:
            return None
        raise analysis.no_function(_shown_call(analysis, node, given, names), position_of(node))
    found, slots, taken = next(one for one in fitting if one[2] == signatures[chosen])
    if found is None:
        return None
    if None in slots and sum(same == taken and None in other for _, other, same in fitting) > 1:
        raise _not_unique(analysis, node, given, names)
    return Found(found, tuple(None if slot is None else given[slot] for slot in slots))


def _not_unique(analysis: Analysis, node: Any, given: Sequence[Expression], names: Sequence[str]) -> DatabaseError:
    return DatabaseError(
        "42725",
        f"function {_shown_call(analysis, node, given, names)} is not unique",
        hint="Could not choose a best candidate function. You might need to add explicit type casts.",
        position=position_of(node),
    )


def _shown_call(analysis: Analysis, node: Any, given: Sequence[Expression], names: Sequence[str]) -> str:
    labels = [""] * (len(given) - len(names)) + [f"{name} => " for name in names]
    shown = [label + type_name(expression.type) for label, expression in zip(labels, given, strict=True)]
    return f"{'.'.join(part.sval for part in node.funcname)}({', '.join(shown)})"


# -- bodies ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _statements(body: str) -> tuple[Any, ...]:
    if len(body) > BODY_CHARACTERS_MAX:
        message = f"the body of a function has at most {BODY_CHARACTERS_MAX} characters"
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, message)
    try:
        return tuple(raw.stmt for raw in parse_sql(body))
    except ParseError as error:
        raise DatabaseError(SYNTAX_ERROR, str(error.args[0])) from None


def body_of(function: Function, catalog: Catalog) -> Any:
    """The SELECT of the function, under the names of now. Raises 0A000, 42P13."""
    if function.query:
        from actors.sql.binding.views import present

        return present(parse_sql(function.query)[0].stmt, function.sources, catalog)
    statements = _statements(function.body)
    if len(statements) > 1:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "SQL functions of several statements are not supported")
    if not statements:
        if function.result.name == VOID:
            return parse_sql("SELECT NULL")[0].stmt
        detail = "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING."
        raise wrong_return(function, detail)
    return checked_statement(statements[0])


def checked_statement(statement: Any) -> Any:
    """Raises 0A000 for what is no SELECT."""
    if not isinstance(statement, ast.SelectStmt) or statement.intoClause is not None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "SQL functions are supported with SELECT as their body only")
    return statement


def wrong_return(function: Function, detail: str) -> DatabaseError:
    shown = "record" if function.result.name == "record" else type_name(function.result)
    message = f"return type mismatch in function declared to return {shown}"
    return DatabaseError(INVALID_FUNCTION_DEFINITION, message, detail=detail)


class BodyParameters(ParameterTypes):
    """$1 ... within a body: the function's inputs, whose values have the positions from `offset` on."""

    def __init__(self, around: ParameterTypes, catalog: Catalog | None, function: Function, offset: int) -> None:
        super().__init__((), catalog)
        self.calls = around.calls
        self.depth = around.depth + 1
        self.reader = function.owner if function.definer else around.reader
        self._inputs, self._offset = function.inputs, offset

    def value(self, number: int, position: int = 0) -> Expression:
        if not 1 <= number <= len(self._inputs):
            raise DatabaseError("42P02", f"there is no parameter ${number}", position=position)
        return Column(self._offset + number - 1, self._inputs[number - 1].type)


def arguments_level(function: Function, offset: int) -> Level:
    """The names of the arguments, alone or behind the function's."""
    columns = [
        Named(argument.name, place, argument.type) for place, argument in enumerate(function.inputs) if argument.name
    ]
    return Level(relations=[Relation(function.name, NamedColumns(columns), offset)], is_arguments=True)


def _arguments(analysis: Analysis, found: Found) -> list[Expression]:
    """Of the inputs' types."""
    from actors.sql.binding.analysis import Analysis
    from actors.sql.binding.domains import in_domain

    parameters = analysis.parameters
    values: list[Expression] = []
    for argument, given in zip(found.function.inputs, found.arguments, strict=True):
        if given is None:
            assert argument.default is not None, "a call without it does not fit"
            given = Analysis(EmptyScope(), parameters).expression(parse_expression(argument.default))
            value = coerce(given, argument.type, parameters, ASSIGNMENT) or given
        else:
            value = coerce_argument(given, argument.type.name, parameters)
        catalog = parameters.catalog
        domain = catalog.domain_by_id(argument.domain) if catalog is not None else None
        values.append(value if domain is None or catalog is None else in_domain(value, domain, catalog))
    return values


def _enter(analysis: Analysis, function: Function, node: Any) -> Catalog:
    """Count the call, and note who needs EXECUTE. Raises 54001."""
    parameters = analysis.parameters
    assert parameters.catalog is not None, "the function was found in it"
    parameters.calls.append(Called(node, function, parameters.depth, parameters.reader))
    text = sum(len(call.function.body) + len(call.function.query) for call in parameters.calls)
    if len(parameters.calls) > CALLS_MAX or parameters.depth >= DEPTH_MAX or text > BODY_CHARACTERS_MAX:
        raise DatabaseError(
            STATEMENT_TOO_COMPLEX,
            "stack depth limit exceeded",
            hint="SQL functions call one another too deeply, or too often.",
        )
    if function.search_path is None:
        return parameters.catalog
    return parameters.catalog.on_path(function.search_path, parameters.catalog.role)


def _is_over_rows(call: Any) -> bool:
    return call.over is not None or call.agg_star or call.funcname[-1].sval in NOT_OF_ONE_ROW


def is_simple(select: Any) -> bool:
    """One expression and nothing else."""
    return (
        select.op == enums.SetOperation.SETOP_NONE
        and not any(getattr(select, clause) for clause in _SIMPLE)
        and len(select.targetList or ()) == 1
        and not has_subquery(select.targetList)
        and not any_call(select.targetList, _is_over_rows)
    )


def value_of(analysis: Analysis, node: Any, found: Found) -> Expression:
    """The value of a call in an expression. Raises 0A000 for a function of rows."""
    function = found.function
    if function.has_columns:
        message = f"function {function.name} gives rows: it is supported in FROM only"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(node))
    call = entered(analysis, node, found)
    if not is_simple(call.select):
        return analysis.query_value(call)
    value = returned(call.within.expression(call.select.targetList[0].val), function, call.catalog)
    if function.strict:
        value = strict(value, [Column(call.offset + place, one.type) for place, one in enumerate(function.inputs)])
    return _with_arguments(value, call.arguments, call.offset)


@dataclass(frozen=True, slots=True)
class Entered:
    """A call about to be bound: `select` is the body, which `within` binds; it mentions the arguments as columns from
    `offset` on."""

    function: Function
    select: Any
    arguments: Sequence[Expression]
    offset: int
    within: Any
    catalog: Catalog


def entered(analysis: Analysis, node: Any, found: Found) -> Entered:
    """Raises 54001, 0A000."""
    function = found.function
    catalog = _enter(analysis, function, node)
    arguments = _arguments(analysis, found)
    offset = analysis.argument_positions(len(arguments))
    within = analysis.within(
        arguments_level(function, offset), BodyParameters(analysis.parameters, catalog, function, offset)
    )
    return Entered(function, body_of(function, catalog), arguments, offset, within, catalog)


def returned(value: Expression, function: Function, catalog: Catalog) -> Expression:
    """As the declared result. Raises 42P13."""
    from actors.sql.binding.domains import in_domain

    if function.result.name == VOID:
        return Constant(None, ColumnType(VOID))
    result = coerce(value, function.result, None, ASSIGNMENT)
    if result is None:
        raise wrong_return(function, f"Actual return type is {type_name(value.type)}.")
    domain = catalog.domain_by_id(function.domain)
    return result if domain is None else in_domain(result, domain, catalog)


def returned_as(
    function: Function, value: Expression, type_: ColumnType, domain: int, catalog: Catalog, place: int
) -> Expression:
    """As a declared column. Raises 42P13."""
    from actors.sql.binding.domains import in_domain

    result = coerce(value, type_, None, ASSIGNMENT)
    if result is None:
        detail = f"Final statement returns {type_name(value.type)} instead of {type_name(type_)} at column {place}."
        raise wrong_return(function, detail)
    known = catalog.domain_by_id(domain)
    return result if known is None else in_domain(result, known, catalog)


def strict(value: Expression, arguments: Sequence[Expression]) -> Expression:
    """NULL where an argument is."""
    tests = tuple(NullTest(argument) for argument in arguments)
    if not tests:
        return value
    return Case((Or(tests) if len(tests) > 1 else tests[0],), (Constant(None, value.type),), value, value.type)


def _is_cheap(argument: Expression) -> bool:
    return isinstance(argument, Column | Parameter | Constant)


def _with_arguments(value: Expression, arguments: Sequence[Expression], offset: int) -> Expression:
    """The body with the arguments in the place of the columns from `offset` on."""
    counts = uses((value,), offset, len(arguments))
    if all(count <= 1 or _is_cheap(one) for count, one in zip(counts, arguments, strict=True)):
        return Substitution(arguments, offset).expression(value)
    own = range(offset, offset + len(arguments))
    if all(node.position in own for node in walk(value) if isinstance(node, Column)):

        def alone(node: Expression) -> Expression | None:
            return Column(node.position - offset, node.type) if isinstance(node, Column) else None

        return Apply(tuple(arguments), Body(rewrite(value, alone)), value.type)
    if any(count > 1 and is_volatile(one) for count, one in zip(counts, arguments, strict=True)):
        raise twice()
    return Substitution(arguments, offset).expression(value)


def twice() -> DatabaseError:
    return DatabaseError(
        FEATURE_NOT_SUPPORTED, "a volatile argument of a SQL function that mentions it several times is not supported"
    )
