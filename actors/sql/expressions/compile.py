"""Expressions to Python: source text generated once a plan, so that a row costs a function call and what the expression
really does.

    matches = compile_filter(And((aid = $1, abalance > 10)))
    matches([7, 1, 12], (7,), environment) -> True

    def f(row, parameters, environment):
        r0 = row[0]; r1 = row[2]; p1 = parameters[0]
        return (r0 is not None and p1 is not None and (r0 == p1)) and ...

Two ways to write a node. `_Writer.value` gives source of the datum or None (NULL). `_Writer.truth(node, wanted)` gives
source that is true exactly when the node is TRUE (or FALSE); a filter uses it: NULL needs no representation there, AND
and OR are Python's own.

Evaluation is left to right and stops as soon as the result is known, as in PostgreSQL; CASE and COALESCE evaluate no
branch that is not taken. Functions of casts.py and functions.py are called by reference or, where they have a template,
written in line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Protocol

from actors.common.errors import STATEMENT_TOO_COMPLEX, DatabaseError
from actors.sql.expressions import functions as functions  # registers every function
from actors.sql.expressions.array_functions import made_of_arrays, quantified
from actors.sql.expressions.casts import converter
from actors.sql.expressions.comparisons import order_key
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.membership import HASHED_TYPES, in_equalities, is_hashed
from actors.sql.expressions.nested import nested
from actors.sql.expressions.registry import HELPERS, function
from actors.sql.expressions.tree import (
    And,
    Apply,
    ArrayOf,
    BooleanTest,
    Call,
    Case,
    Cast,
    Coalesce,
    Column,
    Constant,
    Distinct,
    Expression,
    InDomain,
    InList,
    MinMax,
    Not,
    NullIf,
    NullTest,
    Or,
    Parameter,
    Quantified,
    columns_of,
    is_immutable,
    revive,
    walk,
)
from actors.sql.types.arrays import Array, array_of_items, element_of, is_array
from actors.sql.types.column_type import ColumnType

Evaluator = Callable[[Sequence[Any], Sequence[Any], Environment], Any]


class FirstMade(Protocol):
    """What makes an evaluator for its first runs (interpret.py)."""

    def expression(self, expression: Expression) -> Evaluator: ...

    def filter(self, expression: Expression) -> Evaluator: ...

    def tuple(self, expressions: tuple[Expression, ...]) -> Evaluator: ...


first_made: ContextVar[FirstMade | None] = ContextVar("first_made", default=None)

COMPILED_MAX = 1024
"""Compiled expressions kept by a process, by their trees."""
KEPT_NODES_MAX = 2000
KEPT_CONSTANT_MAX = 4096
"""Larger expressions are compiled anew for each plan, and the cache holds no large literals."""
PART_EXPRESSIONS = 128
"""Longer lists of expressions are compiled in parts: Python's compiler holds its lock for all of a function's source,
some milliseconds for so many."""
NESTED_MAX = 32
"""More terms of AND and OR are written side by side, since Python's parser nests parentheses 200 deep."""
RUN_VALUES_MAX = 16
"""Kept with an environment."""
_INTEGERS = frozenset({"int2", "int4", "int8"})
_NAN_TYPES = frozenset({"float4", "float8", "numeric"})
"""Equal by Python's equality, and hashed by it, but for NaN."""


class _Writer:
    """Writes the nodes of one function and collects what they need around them."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = dict(HELPERS)
        self.columns: dict[int, str] = {}
        self.parameters: dict[int, str] = {}
        self._conversions: dict[int, str] = {}
        self._count = 0

    def fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}_"

    def reference(self, value: Any, letter: str = "f") -> str:
        """A global name for an object."""
        name = self.fresh(letter)
        self.names[name] = value
        return name

    def prologue(self) -> list[str]:
        lines = [f"    {name} = row[{position}]" for position, name in self.columns.items()]
        for number, name in self.parameters.items():
            lines.append(f"    {name} = parameters[{number - 1}]")
            if number in self._conversions:
                lines.append(f"    {self._conversions[number]}")
        return lines

    # leaves

    def _column(self, node: Column) -> str:
        return self.columns.setdefault(node.position, f"r{node.position}")

    def _parameter(self, node: Parameter) -> str:
        name = self.parameters.setdefault(node.number, f"p{node.number}")
        if node.type.name == "numeric":  # msgpack has carried it to storage as text
            self.names["Decimal"] = Decimal
            self._conversions[node.number] = f"if {name}.__class__ is str: {name} = Decimal({name})"
        elif node.type.name == "interval":
            self._conversions[node.number] = f"if {name}.__class__ is list: {name} = tuple({name})"
        elif is_array(node.type.name):
            revived = self.reference(partial(revive, type_=node.type))
            self._conversions[node.number] = f"if {name}.__class__ is list: {name} = {revived}({name})"
        return name

    def _constant(self, node: Constant) -> str:
        datum = node.datum
        if datum is None or isinstance(datum, bool | int):
            return f"({datum})" if isinstance(datum, int) and datum < 0 else repr(datum)
        return self.reference(datum, "c")

    # values

    def value(self, node: Expression) -> str:
        """Source of the datum, None for NULL."""
        if isinstance(node, Column):
            return self._column(node)
        if isinstance(node, Parameter):
            return self._parameter(node)
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Cast):
            return self._cast(node)
        if isinstance(node, NullTest | BooleanTest | Distinct):
            return self._never_null(node)
        if isinstance(node, And | Or):
            return self._connective(node)
        if isinstance(node, Not):
            return self._guarded((node.argument,), lambda names: f"not {names[0]}")
        if isinstance(node, Case):
            return self._case(node)
        if isinstance(node, Coalesce):
            return self._coalesce(node.arguments)
        if isinstance(node, MinMax):
            return self._min_max(node)
        if isinstance(node, InList):
            return self._in_list(node)
        if isinstance(node, Quantified):
            return (
                f"{self.reference(_quantifier(node))}({self.value(node.argument)}, {self.value(node.array)}, "
                f"environment)"
            )
        if isinstance(node, ArrayOf):
            return self._array(node)
        if isinstance(node, InDomain | Apply):
            return nested(self, node)
        return self._null_if(node)

    def _array(self, node: ArrayOf) -> str:
        made = made_of_arrays if node.nested else array_of_items
        if len(node.items) <= PART_EXPRESSIONS:
            return f"{self.reference(made)}([{', '.join(map(self.value, node.items))}])"
        items = compile_tuple(node.items)
        if columns_of(node) or not is_immutable(node):
            return f"{self.reference(made)}({self.reference(items)}(row, parameters, environment))"
        return f"{self.reference(_OnceARun(lambda *run: made(items((), *run))))}(parameters, environment)"

    def _parts(
        self, nodes: Sequence[Expression], join: Callable[[tuple[Expression, ...]], Expression]
    ) -> list[str] | None:
        """Source of many nodes in parts that are functions of their own; None where there are not that many."""
        if len(nodes) <= PART_EXPRESSIONS:
            return None
        parts = [
            join(tuple(nodes[start : start + PART_EXPRESSIONS])) for start in range(0, len(nodes), PART_EXPRESSIONS)
        ]
        return [f"{self.reference(compile_expression(part))}(row, parameters, environment)" for part in parts]

    def _evaluated(self, arguments: Sequence[Expression]) -> tuple[list[str], list[str]]:
        """(names or literals that hold the arguments, source of the conditions under which none of them is NULL).

        As in PostgreSQL every argument is evaluated before any is looked at: an error in the second is raised though
        the first is NULL.
        """
        names: list[str] = []
        assignments: list[str] = []
        checks: list[str] = []
        for argument in arguments:
            source = self.value(argument)
            if isinstance(argument, Constant):
                if argument.value is None:
                    checks.append("False")
            elif isinstance(argument, Column | Parameter):
                checks.append(f"{source} is not None")
            else:
                name = self.fresh("t")
                assignments.append(f"{name} := {source}")
                checks.append(f"{name} is not None")
                source = name
            names.append(source)
        if len(assignments) == 1:
            place = next(
                place for place, check in enumerate(checks) if check.startswith(assignments[0].split(" ", 1)[0] + " ")
            )
            checks.insert(0, f"({assignments[0]}) is not None")
            del checks[place + 1]
        elif assignments:
            checks.insert(0, "(" + ", ".join(f"({assignment})" for assignment in assignments) + ",)")
        return names, list(dict.fromkeys(checks))

    def _guarded(self, arguments: Sequence[Expression], body: Callable[[list[str]], str]) -> str:
        """`body` of the arguments' names, None where one of them is NULL."""
        names, conditions = self._evaluated(arguments)
        source = body(names)
        if not conditions:
            return f"({source})"
        return f"(({source}) if {' and '.join(conditions)} else None)"

    def _call_body(self, node: Call, names: list[str]) -> str:
        known = function(node.name, node.signature)
        if known.template is not None:
            return known.template.format(*names, t=self.fresh("t") if "{t}" in known.template else "")
        arguments = ["environment", *names] if known.environment else names
        return f"{self.reference(known.implementation)}({', '.join(arguments)})"

    def _call(self, node: Call) -> str:
        if not function(node.name, node.signature).strict:
            return self._call_body(node, [self.value(argument) for argument in node.arguments])
        return self._guarded(node.arguments, lambda names: self._call_body(node, names))

    def _cast(self, node: Cast) -> str:
        convert = converter(node.argument.type, node.type)
        if convert is None:
            return self.value(node.argument)
        name = self.reference(convert)
        return self._guarded(
            (node.argument,), lambda names: f"{name}({names[0]}, {node.type.modifier}, {node.explicit}, environment)"
        )

    def _connective(self, node: And | Or) -> str:
        """AND: False as soon as one is False, else None if one was NULL. OR likewise with True."""
        deciding = isinstance(node, Or)
        sources = self._parts(node.arguments, type(node)) or [self.value(argument) for argument in node.arguments]
        if len(sources) > NESTED_MAX:
            return f"{self.reference(_joined(deciding))}([{', '.join(f'lambda: {source}' for source in sources)}])"
        names = [self.fresh("t") for _ in sources]
        nulls = " or ".join(f"{name} is None" for name in names)
        result = f"(None if {nulls} else {not deciding})"
        for name, source in reversed(list(zip(names, sources, strict=True))):
            result = f"({deciding} if ({name} := {source}) is {deciding} else {result})"
        return result

    def _never_null(self, node: NullTest | BooleanTest | Distinct) -> str:
        return f"({self.truth(node, True)})"

    def _case(self, node: Case) -> str:
        result = "None" if node.default is None else self.value(node.default)
        for condition, outcome in reversed(list(zip(node.conditions, node.results, strict=True))):
            result = f"({self.value(outcome)} if {self.truth(condition, True)} else {result})"
        return result

    def _coalesce(self, arguments: Sequence[Expression]) -> str:
        result = self.value(arguments[-1])
        for argument in reversed(arguments[:-1]):
            name = self.fresh("t")
            result = f"({name} if ({name} := {self.value(argument)}) is not None else {result})"
        return result

    def _min_max(self, node: MinMax) -> str:
        key = order_key(node.type.name)
        choose = max if node.greatest else min

        def pick(*values: Any) -> Any:
            present = [value for value in values if value is not None]
            return choose(present, key=key) if present else None

        return f"{self.reference(pick)}({', '.join(map(self.value, node.arguments))})"

    def _null_if(self, node: NullIf) -> str:
        return f"(None if {self.truth(node.equal, True)} else {self.value(node.argument)})"

    def _in_list(self, node: InList) -> str:
        found, missing = not node.negated, node.negated
        constants = [item.datum for item in node.items if isinstance(item, Constant)]
        if is_hashed(node):
            values = self.reference(frozenset(value for value in constants if value is not None), "c")
            otherwise = None if None in constants else missing
            return self._guarded((node.argument,), lambda names: f"{found} if {names[0]} in {values} else {otherwise}")
        return self.value(in_equalities(node))

    # truth

    def truth(self, node: Expression, wanted: bool) -> str:
        """Source that is true exactly when the node is TRUE (`wanted`) or FALSE (not `wanted`); falsy otherwise."""
        if isinstance(node, Not):
            return self.truth(node.argument, not wanted)
        if isinstance(node, And | Or):
            joint = " and " if isinstance(node, And) == wanted else " or "
            parts = self._parts(node.arguments, type(node))
            if parts is not None:
                return "(" + joint.join(f"{part} is {wanted}" for part in parts) + ")"
            return "(" + joint.join(self.truth(argument, wanted) for argument in node.arguments) + ")"
        if isinstance(node, Constant):
            return str(node.value is wanted)
        if isinstance(node, NullTest):
            _, conditions = self._evaluated((node.argument,))
            held = " and ".join(conditions) or "True"
            return f"({held})" if node.negated == wanted else f"(not ({held}))"
        if isinstance(node, BooleanTest):
            test = f"({self.value(node.argument)} is {node.value})"
            return test if node.negated != wanted else f"(not {test})"
        if isinstance(node, Distinct):
            return self._distinct(node, wanted)
        if isinstance(node, InList) and not is_hashed(node):
            return self.truth(in_equalities(node), wanted)  # flat, however long the list is
        if isinstance(node, Call) and function(node.name, node.signature).strict:
            names, conditions = self._evaluated(node.arguments)
            body = self._call_body(node, names)
            return "(" + " and ".join([*conditions, body if wanted else f"not {body}"]) + ")"
        return f"({self.value(node)} is {wanted})"

    def _distinct(self, node: Distinct, wanted: bool) -> str:
        left, right = self.fresh("t"), self.fresh("t")
        body = self._call_body(node.equal, [left, right])
        first, second = map(self.value, node.equal.arguments)
        # Both are evaluated (a tuple of two is true); then equal: both NULL, or neither and `=`.
        same = (
            f"(({left} := {first}, {right} := {second}) and ({left} is {right} if {left} is None or {right} is "
            f"None else {body}))"
        )
        return same if node.negated == wanted else f"(not {same})"


def _quantifier(node: Quantified) -> Callable[..., bool | None]:
    """What applies the operator to the elements; by a set of them where Python's equality is the operator's."""
    left, right = node.signature
    hashed = left in HASHED_TYPES | _NAN_TYPES and (left == right or {left, right} <= _INTEGERS)
    if hashed and node.operator == ("<>" if node.every else "="):
        return quantified(None, node.every)
    element = ColumnType(element_of(node.array.type.name))
    test = compile_expression(
        Call(node.operator, node.signature, (Column(0, node.argument.type), Column(1, element)), node.type)
    )
    return quantified(lambda value, item, environment: test((value, item), (), environment), node.every)


class _OnceARun:
    """A value that depends on a run's parameters alone. Many rows ask for it; it is kept with the transaction's
    environment."""

    __slots__ = ("_evaluate",)

    def __init__(self, evaluate: Callable[..., Any]) -> None:
        self._evaluate = evaluate

    def __call__(self, parameters: Sequence[Any], environment: Environment) -> Any:
        values = environment.run_values
        known = values.get(self)
        if known is not None and known[0] is parameters:
            return known[1]
        value = self._evaluate(parameters, environment)
        if len(values) >= RUN_VALUES_MAX:
            values.clear()
        values[self] = (parameters, value)
        return value


def _joined(deciding: bool) -> Callable[..., bool | None]:
    """AND or OR of many terms, each of them a function."""

    def join(terms: Sequence[Callable[[], bool | None]]) -> bool | None:
        unknown = False
        for term in terms:
            value = term()
            if value is deciding:
                return deciding
            unknown = unknown or value is None
        return None if unknown else not deciding

    return join


def _build(writer: _Writer, result: str) -> Evaluator:
    lines = ["def evaluate(row, parameters, environment):", *writer.prologue(), f"    return {result}"]
    try:
        exec("\n".join(lines), writer.names)
    except (SyntaxError, RecursionError, MemoryError):  # Python's parser nests no deeper
        raise DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None
    return writer.names.pop("evaluate")  # type: ignore[no-any-return]  # which would hold itself by its globals


def _is_kept(expressions: Iterable[Expression]) -> bool:
    """Whether they are small enough for the cache."""
    nodes = 0
    for expression in expressions:
        for node in walk(expression):
            nodes += 1
            if nodes > KEPT_NODES_MAX:
                return False
            if isinstance(node, Constant) and _size(node.value) > KEPT_CONSTANT_MAX:
                return False
    return True


def _size(value: Any) -> int:
    if isinstance(value, Array):
        return len(value.items)
    return len(value) if isinstance(value, str | bytes) else 0


def compile_expression(expression: Expression) -> Evaluator:
    """`f(row, parameters, environment) -> datum`. Raises DatabaseError when called, as PostgreSQL would."""
    made = first_made.get()
    return compiled_expression(expression) if made is None else made.expression(expression)


def compiled_expression(expression: Expression) -> Evaluator:
    return _kept_expression(expression) if _is_kept((expression,)) else _make_expression(expression)


def _make_expression(expression: Expression) -> Evaluator:
    writer = _Writer()
    return _build(writer, writer.value(expression))


_kept_expression = lru_cache(maxsize=COMPILED_MAX)(_make_expression)


def compile_filter(expression: Expression) -> Callable[[Sequence[Any], Sequence[Any], Environment], bool]:
    """`f(row, parameters, environment) -> bool`: NULL is False."""
    made = first_made.get()
    return compiled_filter(expression) if made is None else made.filter(expression)


def compiled_filter(expression: Expression) -> Callable[[Sequence[Any], Sequence[Any], Environment], bool]:
    return _kept_filter(expression) if _is_kept((expression,)) else _make_filter(expression)


def _make_filter(expression: Expression) -> Callable[[Sequence[Any], Sequence[Any], Environment], bool]:
    writer = _Writer()
    return _build(writer, writer.truth(expression, True))


_kept_filter = lru_cache(maxsize=COMPILED_MAX)(_make_filter)


def compile_tuple(
    expressions: Sequence[Expression],
) -> Callable[[Sequence[Any], Sequence[Any], Environment], tuple[Any, ...]]:
    """`f(row, parameters, environment) -> tuple` of all of them."""
    made = first_made.get()
    return compiled_tuple(tuple(expressions)) if made is None else made.tuple(tuple(expressions))


def compiled_tuple(expressions: tuple[Expression, ...]) -> Evaluator:
    return _kept_tuple(expressions) if _is_kept(expressions) else _make_tuple(expressions)


def _make_tuple(expressions: tuple[Expression, ...]) -> Evaluator:
    if len(expressions) > PART_EXPRESSIONS:
        starts = range(0, len(expressions), PART_EXPRESSIONS)
        parts = [_make_tuple(expressions[start : start + PART_EXPRESSIONS]) for start in starts]
        return lambda row, parameters, environment: tuple(
            [datum for part in parts for datum in part(row, parameters, environment)]
        )
    writer = _Writer()
    return _build(writer, "(" + "".join(writer.value(expression) + ", " for expression in expressions) + ")")


_kept_tuple = lru_cache(maxsize=COMPILED_MAX)(_make_tuple)
