"""The walk over the parser's tree: `Analysis(scope, parameters).expression(node)` gives the typed expression of a node.

Errors carry PostgreSQL's message and the position in the statement. What a row expression cannot be (aggregates, window
calls, subqueries) is refused here; within a query it is query_analysis.py's. Arrays are in arrays.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pglast import ast, enums

from actors.common.errors import (
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.sql.binding import arrays, domains, json, lists, sql_functions
from actors.sql.binding.coercion import (
    cannot_cast,
    coerce,
    coerce_argument,
    coerce_boolean,
    coerce_to_common,
    fold,
    is_unknown,
    trimmed,
    type_name,
)
from actors.sql.binding.function_kinds import NOT_OF_ONE_ROW
from actors.sql.binding.named_arguments import interval_arguments
from actors.sql.binding.parameters import TEXT, UNKNOWN, ParameterTypes
from actors.sql.binding.scope import Scope, position_of, unsupported
from actors.sql.binding.sequence_names import sequence_name
from actors.sql.binding.stored_names import find_domain
from actors.sql.binding.type_names import OBJECT_TYPES, cast_type
from actors.sql.expressions.casts import EXPLICIT, context
from actors.sql.expressions.comparisons import COMPARISONS
from actors.sql.expressions.functions import Ambiguous, resolve_function, resolve_operator
from actors.sql.expressions.json_making import MAKERS
from actors.sql.expressions.registry import Function
from actors.sql.expressions.tree import (
    SEQUENCE_FUNCTIONS,
    And,
    BooleanTest,
    Call,
    Case,
    Coalesce,
    Column,
    Constant,
    Distinct,
    Expression,
    MinMax,
    Not,
    NullIf,
    NullTest,
    Or,
    Parameter,
)
from actors.sql.types import by_name
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

Kind = enums.A_Expr_Kind
BOOL = ColumnType("bool")
INT4 = ColumnType("int4")
ARGUMENTS_MAX = 100
"""Of one function call, as in PostgreSQL."""


_VALUE_FUNCTIONS = {
    name: name.removeprefix("SVFOP_").removesuffix("_N").lower() for name in enums.SQLValueFunctionOp.__members__
}


class Analysis:
    """One expression's names and types. `parameters` is shared by the whole statement."""

    handlers: ClassVar[dict[Any, Callable[[Any, Any], Expression]]] = {}
    """By the node's class."""

    def __init__(self, scope: Scope, parameters: ParameterTypes) -> None:
        self._scope = scope
        self.parameters = parameters

    def expression(self, node: Any) -> Expression:
        handler = self.handlers.get(type(node))
        if handler is None:
            raise unsupported(type(node).__name__)
        return handler(self, node)

    def all(self, nodes: Sequence[Any] | None) -> list[Expression]:
        return [self.expression(node) for node in nodes or ()]

    # leaves

    def constant(self, node: Any) -> Expression:
        value = node.val
        if node.isnull or value is None:
            return Constant(None, UNKNOWN)
        if isinstance(value, ast.Integer):
            return Constant(value.ival or 0, INT4)
        if isinstance(value, ast.String):
            return Constant(value.sval or "", UNKNOWN)
        if isinstance(value, ast.Boolean):
            return Constant(bool(value.boolval), BOOL)
        if isinstance(value, ast.Float):
            text = str(value.fval)
            if text.lstrip("-").isdigit() and -(2**63) <= int(text) < 2**63:
                return Constant(int(text), INT4 if int(text) == -(2**31) else ColumnType("int8"))
            if text.lstrip("-").isalnum() and text.lstrip("-")[:2].lower() in ("0x", "0o", "0b"):
                text = str(int(text, 0))
            return Constant(by_name["numeric"].parse_text(text, -1), ColumnType("numeric"))
        assert isinstance(value, ast.BitString)
        return Constant(by_name["bit"].parse_text(value.bsval, -1), ColumnType("bit"))

    def column(self, node: Any) -> Expression:
        if not all(isinstance(field, ast.String) for field in node.fields):
            raise unsupported("*")
        try:
            position, type_ = self._scope.resolve(tuple(field.sval for field in node.fields))
        except DatabaseError as error:
            error.position = error.position or position_of(node)
            raise
        return Column(position, type_)

    def parameter(self, node: Any) -> Expression:
        return self.parameters.value(node.number, position_of(node))

    # calls

    def call(self, name: str, arguments: Sequence[Expression], position: int = 0) -> Expression:
        """A function by PostgreSQL's overload resolution. Raises 42883, 42725."""
        # pgjdbc's {? = call f(?)} has a parameter of type void where the result goes.
        arguments = [each for each in arguments if not (isinstance(each, Parameter) and each.type.name == "void")]
        if name == "pg_typeof" and len(arguments) == 1:
            return self.type_of(arguments[0])
        if name in MAKERS:
            arguments = json.values(self, name, arguments, position)
        given = [argument.type.name for argument in arguments]
        try:
            found = resolve_function(name, given)
        except Ambiguous:
            raise DatabaseError(
                "42725",
                f"function {name}({self._shown(arguments)}) is not unique",
                hint="Could not choose a best candidate function. You might need to add explicit type casts.",
                position=position,
            ) from None
        if found is None:
            cast = self._cast_by_name(name, arguments)
            if cast is not None:
                return cast
            raise self.no_function(f"{name}({self._shown(arguments)})", position)
        return self._bound(found, arguments)

    def no_function(self, shown: str, position: int) -> DatabaseError:
        hint = "No function matches the given name and argument types. You might need to add explicit type casts."
        return DatabaseError(UNDEFINED_FUNCTION, f"function {shown} does not exist", hint=hint, position=position)

    def type_of(self, value: Expression) -> Expression:
        return Constant(type_name(value.type), ColumnType("regtype"))

    def _shown(self, arguments: Sequence[Expression]) -> str:
        return ", ".join(type_name(argument.type) for argument in arguments)

    def _cast_by_name(self, name: str, arguments: Sequence[Expression]) -> Expression | None:
        """`date(x)`, `float8(x)`: a type's name used as a function."""
        if len(arguments) != 1 or name not in by_name or context(arguments[0].type.name, name) is None:
            return None
        return coerce(arguments[0], ColumnType(name), self.parameters, EXPLICIT)

    def _bound(self, found: Function, arguments: Sequence[Expression]) -> Expression:
        fixed = found.arguments
        declared = list(fixed)
        if found.variadic:
            declared = [*fixed[:-1], *[fixed[-1]] * (len(arguments) - len(fixed) + 1)]
        bound = tuple(
            coerce_argument(argument, type_, self.parameters)
            for argument, type_ in zip(arguments, declared, strict=True)
        )
        if found.name in COMPARISONS and fixed == ("bpchar", "bpchar"):
            bound = tuple(
                trimmed(argument if argument.type.name == "bpchar" else bare)
                for argument, bare in zip(arguments, bound, strict=True)
            )
        return fold(Call(found.name, tuple(declared), bound, ColumnType(found.result)))

    def operator(self, name: str, arguments: Sequence[Expression], position: int = 0) -> Expression:
        """Raises 42883, 42725."""
        if name == "!=":
            name = "<>"
        given = [argument.type.name for argument in arguments]
        try:
            found = resolve_operator(name, given)
        except Ambiguous:
            raise DatabaseError(
                "42725",
                f"operator is not unique: {self._operator_shown(name, arguments)}",
                hint="Could not choose a best candidate operator. You might need to add explicit type casts.",
                position=position,
            ) from None
        if found is None and name == "||":
            return self._concatenation(arguments, position)
        if found is None:
            raise self._no_operator(name, arguments, position)
        return self._bound(found, arguments)

    def _operator_shown(self, name: str, arguments: Sequence[Expression]) -> str:
        names = [type_name(argument.type) for argument in arguments]
        return f"{name} {names[0]}" if len(names) == 1 else f"{names[0]} {name} {names[1]}"

    def _no_operator(self, name: str, arguments: Sequence[Expression], position: int) -> DatabaseError:
        return DatabaseError(
            UNDEFINED_FUNCTION,
            f"operator does not exist: {self._operator_shown(name, arguments)}",
            hint="No operator matches the given name and argument types. You might need to add explicit type casts.",
            position=position,
        )

    def _concatenation(self, arguments: Sequence[Expression], position: int) -> Expression:
        """text || anything."""
        strings = [by_name[argument.type.name].category in "SX" for argument in arguments]
        if not any(strings):
            raise self._no_operator("||", arguments, position)
        texts: list[Expression] = []
        for argument in arguments:
            text = coerce(argument, TEXT, self.parameters, EXPLICIT)
            if text is None:
                raise self._no_operator("||", arguments, position)
            texts.append(text)
        return fold(Call("||", ("text", "text"), tuple(texts), TEXT))

    def function_call(self, node: Any) -> Expression:
        known = sql_functions.candidates(self.parameters.catalog, node.funcname)
        found = sql_functions.resolve(self, node, known) if known else None
        return self.system_call(node) if found is None else sql_functions.value_of(self, node, found)

    def argument_positions(self, count: int) -> int:
        """The first of the positions that a function's body mentions its arguments by."""
        return 0

    def within(self, level: Any, parameters: ParameterTypes) -> Analysis:
        """The analysis of a function's body, whose names are those of `level`."""
        return Analysis(level, parameters)

    def query_value(self, call: Any) -> Expression:
        """Of a function whose body is a query."""
        raise unsupported(f"a SQL function that reads tables ({call.function.name})")

    def system_call(self, node: Any) -> Expression:
        name = node.funcname[-1].sval
        if (
            node.over is not None
            or node.agg_star
            or node.agg_distinct
            or node.agg_filter is not None
            or node.agg_order
            or node.agg_within_group
            or name in NOT_OF_ONE_ROW
        ):
            return self.call_over_rows(node, name)
        if node.func_variadic or len(node.args or ()) > ARGUMENTS_MAX:
            raise unsupported(name)
        if len(node.funcname) == 2 and node.funcname[0].sval != "pg_catalog":
            shown = ".".join(part.sval for part in node.funcname)
            raise DatabaseError(UNDEFINED_FUNCTION, f"function {shown} does not exist", position=position_of(node))
        if name == "make_interval":
            return self.call(name, self.all(interval_arguments(node)), position_of(node))
        if any(isinstance(argument, ast.NamedArgExpr) for argument in node.args or ()):
            raise unsupported(name)
        arguments = list(node.args or ())
        if name in SEQUENCE_FUNCTIONS:
            arguments[:1] = [sequence_name(argument) for argument in arguments[:1]]
        return self.call(name, self.all(arguments), position_of(node))

    def call_over_rows(self, node: Any, name: str) -> Expression:
        """Of a function that has no value in one row."""
        raise unsupported(name)

    def value_function(self, node: Any) -> Expression:
        member = enums.SQLValueFunctionOp(node.op).name
        arguments = [Constant(node.typmod, INT4)] if member.endswith("_N") else []
        return self.call(_VALUE_FUNCTIONS[member], arguments, position_of(node))

    def cast(self, node: Any) -> Expression:
        domain = None if node.typeName.arrayBounds else find_domain(self.parameters.catalog, node.typeName.names)
        if domain is not None:
            return domains.cast_to(self, node, domain)
        try:
            if not node.typeName.arrayBounds and node.typeName.names[-1].sval in OBJECT_TYPES:
                raise unsupported(node.typeName.names[-1].sval)  # the column executor knows the catalog's names
            target = cast_type(node.typeName)
        except DatabaseError as error:
            error.position = error.position or position_of(node.typeName)
            raise
        if target.name in ("regclass", "regtype"):
            raise unsupported(target.name)  # looked up in the catalog
        if isinstance(node.arg, ast.A_ArrayExpr) and is_array(target.name):
            return arrays.constructor(self, node.arg, target)
        argument = self.expression(node.arg)
        # The parser's literals do not say where they stand: an error in one has no position.
        result = coerce(argument, target, self.parameters, EXPLICIT)
        if result is None:
            raise cannot_cast(argument.type, target, position_of(node))
        return result

    def collate(self, node: Any) -> Expression:
        name = node.collname[-1].sval
        if name not in ("C", "POSIX", "default", "ucs_basic"):
            raise DatabaseError(
                UNDEFINED_OBJECT, f'collation "{name}" for encoding "UTF8" does not exist', position=position_of(node)
            )
        return self.expression(node.arg)

    # logic

    def boolean(self, node: Any) -> Expression:
        word = {
            enums.BoolExprType.AND_EXPR: "AND",
            enums.BoolExprType.OR_EXPR: "OR",
            enums.BoolExprType.NOT_EXPR: "NOT",
        }[node.boolop]
        arguments = tuple(
            coerce_boolean(self.expression(part), word, self.parameters, position_of(part)) for part in node.args
        )
        if word == "NOT":
            return Not(arguments[0])
        if len(arguments) > lists.LONG_LIST and (listed := lists.of_comparisons(arguments, word == "AND")) is not None:
            return listed
        return And(arguments) if word == "AND" else Or(arguments)

    def null_test(self, node: Any) -> Expression:
        negated = node.nulltesttype == enums.NullTestType.IS_NOT_NULL
        if isinstance(node.arg, ast.RowExpr):
            return And(tuple(NullTest(self.expression(part), negated) for part in node.arg.args or ()))
        tested = self.expression(node.arg)
        if isinstance(node.arg, ast.ColumnRef) and tested.type.name == "record":  # a relation's name: its whole row
            row = tested.results[0] if isinstance(tested, Case) else tested
            if isinstance(row, Call) and row.arguments:
                return And(tuple(NullTest(column, negated) for column in row.arguments))
        return NullTest(tested, negated)

    def boolean_test(self, node: Any) -> Expression:
        name = enums.BoolTestType(node.booltesttype).name
        words = name.removeprefix("IS_").replace("_", " ")
        argument = coerce_boolean(self.expression(node.arg), f"IS {words}", self.parameters, position_of(node.arg))
        value = {"TRUE": True, "FALSE": False, "UNKNOWN": None}[words.removeprefix("NOT ")]
        return BooleanTest(argument, value, words.startswith("NOT "))

    def case(self, node: Any) -> Expression:
        conditions: list[Expression] = []
        results: list[Expression] = []
        operand = None if node.arg is None else self.expression(node.arg)
        if operand is not None and is_unknown(operand):
            operand = coerce(operand, TEXT, self.parameters)
        for when in node.args:
            condition = self.expression(when.expr)
            if operand is not None:
                condition = self.operator("=", (operand, condition), position_of(when))
            conditions.append(coerce_boolean(condition, "CASE/WHEN", self.parameters, position_of(when.expr)))
            results.append(self.expression(when.result))
        default = None if node.defresult is None else self.expression(node.defresult)
        # PostgreSQL looks at the ELSE first.
        every = results if default is None else [default, *results]
        type_, coerced = coerce_to_common(every, "CASE", self.parameters, position_of(node))
        if default is not None:
            default, *coerced = coerced
        return Case(tuple(conditions), tuple(coerced), default, type_)

    def coalesce(self, node: Any) -> Expression:
        type_, arguments = coerce_to_common(self.all(node.args), "COALESCE", self.parameters, position_of(node))
        return Coalesce(tuple(arguments), type_) if len(arguments) > 1 else arguments[0]

    def min_max(self, node: Any) -> Expression:
        greatest = node.op == enums.MinMaxOp.IS_GREATEST
        type_, arguments = coerce_to_common(
            self.all(node.args), "GREATEST" if greatest else "LEAST", self.parameters, position_of(node)
        )
        return MinMax(greatest, tuple(arguments), type_)

    # operators

    def operator_expression(self, node: Any) -> Expression:
        kind, position = node.kind, position_of(node)
        if kind == Kind.AEXPR_OP:
            if isinstance(node.lexpr, ast.RowExpr) and isinstance(node.rexpr, ast.RowExpr):
                return lists.row_comparison(self, node.name[-1].sval, node.lexpr, node.rexpr, position)
            sides = [node.rexpr] if node.lexpr is None else [node.lexpr, node.rexpr]
            return self.operator(node.name[-1].sval, self.all(sides), position)
        if kind in (Kind.AEXPR_LIKE, Kind.AEXPR_ILIKE, Kind.AEXPR_SIMILAR):
            return self.operator(node.name[-1].sval, self.all((node.lexpr, node.rexpr)), position)
        if kind == Kind.AEXPR_IN:
            return lists.in_list(self, node, node.rexpr, node.name[-1].sval == "<>")
        if kind in (Kind.AEXPR_OP_ANY, Kind.AEXPR_OP_ALL):
            return lists.quantified(self, node, kind == Kind.AEXPR_OP_ALL)
        if kind in (Kind.AEXPR_DISTINCT, Kind.AEXPR_NOT_DISTINCT):
            return self._distinct(node, kind == Kind.AEXPR_NOT_DISTINCT)
        if kind == Kind.AEXPR_NULLIF:
            return self._null_if(node)
        if kind in (Kind.AEXPR_BETWEEN, Kind.AEXPR_NOT_BETWEEN, Kind.AEXPR_BETWEEN_SYM, Kind.AEXPR_NOT_BETWEEN_SYM):
            return self._between(node)
        raise unsupported(str(kind))

    def _equal(self, left: Expression, right: Expression, position: int) -> Expression:
        return self.operator("=", (left, right), position)

    def _distinct(self, node: Any, negated: bool) -> Expression:
        left, right = self.all((node.lexpr, node.rexpr))
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Constant) and one.value is None:
                return NullTest(other, not negated)
        equal = self._equal(left, right, position_of(node))
        if isinstance(equal, Constant):
            return Constant(bool(equal.value) is negated, BOOL)
        assert isinstance(equal, Call)
        return Distinct(equal, negated)

    def _null_if(self, node: Any) -> Expression:
        left, right = self.all((node.lexpr, node.rexpr))
        equal = self._equal(left, right, position_of(node))
        type_ = lists.compared_type(left.type, right.type)
        left = coerce(left, type_, self.parameters) or left
        if isinstance(equal, Constant):
            return Constant(None, left.type) if equal.value else left
        assert isinstance(equal, Call)
        return NullIf(left, equal, left.type)

    def _between(self, node: Any) -> Expression:
        position = position_of(node)
        negated = node.kind in (Kind.AEXPR_NOT_BETWEEN, Kind.AEXPR_NOT_BETWEEN_SYM)

        def within(low: Any, high: Any) -> Expression:
            # Analyzed twice, as PostgreSQL does: each comparison decides untyped literals for itself.
            value, again, bottom, top = self.all((node.lexpr, node.lexpr, low, high))
            if negated:
                return Or((self.operator("<", (value, bottom), position), self.operator(">", (again, top), position)))
            return And((self.operator(">=", (value, bottom), position), self.operator("<=", (again, top), position)))

        low, high = node.rexpr
        if node.kind in (Kind.AEXPR_BETWEEN, Kind.AEXPR_NOT_BETWEEN):
            return within(low, high)
        both = (within(low, high), within(high, low))
        return And(both) if negated else Or(both)

    def row(self, node: Any) -> Expression:
        """A row as a value: its text."""
        if not node.args:
            raise unsupported("RowExpr")
        return self.call("row", self.all(node.args), position_of(node))


HANDLERS: dict[Any, Callable[[Any, Any], Expression]] = {
    ast.A_Const: Analysis.constant,
    ast.ColumnRef: Analysis.column,
    ast.ParamRef: Analysis.parameter,
    ast.FuncCall: Analysis.function_call,
    ast.SQLValueFunction: Analysis.value_function,
    ast.TypeCast: Analysis.cast,
    ast.CollateClause: Analysis.collate,
    ast.BoolExpr: Analysis.boolean,
    ast.NullTest: Analysis.null_test,
    ast.BooleanTest: Analysis.boolean_test,
    ast.CaseExpr: Analysis.case,
    ast.CoalesceExpr: Analysis.coalesce,
    ast.MinMaxExpr: Analysis.min_max,
    ast.A_Expr: Analysis.operator_expression,
    ast.A_ArrayExpr: arrays.constructor,
    ast.A_Indirection: arrays.subscript,
    ast.RowExpr: Analysis.row,
    ast.JsonIsPredicate: json.is_json,
}
Analysis.handlers = HANDLERS
