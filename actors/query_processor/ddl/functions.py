"""CREATE [OR REPLACE] FUNCTION ... LANGUAGE sql, ALTER and DROP FUNCTION.

A function's body is bound when it is made, for its errors, and again in each statement that calls it
(binding/sql_functions.py). What RETURN and BEGIN ATOMIC mention cannot be dropped alone; what stands in a string can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast
from pglast.enums import FunctionParameterMode as Mode
from pglast.enums import LimitOption, ObjectType, SetOperation, VariableSetKind

from actors.common.errors import (
    AMBIGUOUS_FUNCTION,
    FEATURE_NOT_SUPPORTED,
    INVALID_FUNCTION_DEFINITION,
    INVALID_PARAMETER_VALUE,
    SYNTAX_ERROR,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.query_processor.ddl import definitions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import sql_text
from actors.query_processor.ddl.definition_dependents import dependents_of_function
from actors.query_processor.ddl.dependencies import clear, described
from actors.query_processor.ddl.generated import calls_alone
from actors.query_processor.ddl.owners import reowned_by
from actors.query_processor.ddl.roles import role_of
from actors.sql.binding import analyze, coerce_assignment
from actors.sql.binding.function_bodies import kept_body, validate
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.scope import position_of
from actors.sql.binding.sql_functions import wrong_return
from actors.sql.binding.stored_names import find_domain, kept
from actors.sql.binding.type_names import cast_type
from actors.sql.catalog.function_texts import identity, shown_type
from actors.sql.catalog.functions import COLUMN, IN, INOUT, OUT, RECORD, VOID, Argument, Function, signature
from actors.sql.catalog.privileges import FUNCTION, USAGE, owns, require
from actors.sql.catalog.snapshot import Catalog
from actors.sql.types.column_type import ColumnType

_MODES = {
    Mode.FUNC_PARAM_DEFAULT: IN,
    Mode.FUNC_PARAM_IN: IN,
    Mode.FUNC_PARAM_OUT: OUT,
    Mode.FUNC_PARAM_INOUT: INOUT,
    Mode.FUNC_PARAM_TABLE: COLUMN,
}
ROWS = 1000.0
"""That a function of rows is thought to give."""


# -- CREATE ------------------------------------------------------------------------------------------------------------


async def create_function(change: SchemaChange, node: Any) -> str:
    """Raises as PostgreSQL does; 0A000 for what there is not."""
    if node.is_procedure:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: CREATE PROCEDURE")
    *schema, name = [part.sval for part in node.funcname]
    place = change.place(schema[-1] if schema else None)
    options = _Options(node)
    arguments = _arguments(change, node.parameters or ())
    result = _Result(change, node.returnType, arguments)
    mine = signature(arguments)
    before = next(
        (one for one in change.catalog.functions_named(place, name) if signature(one.arguments) == mine), None
    )
    if before is not None and not node.replace:
        raise definitions.function_exists(name)
    if before is not None:
        change.require_owner(before)
    number = before.id if before is not None else (await change.ids(1))[0]
    made = Function(number, place, name, arguments, result.type, result.domain, result.table, result.is_set)
    made = options.over(replace(made, rows=ROWS if result.is_set else 0.0))
    if before is not None:
        _refuse_other_shape(change.catalog, before, made)
        made = replace(made, owner_oid=before.owner_oid, acl=before.acl, comment=before.comment)
    else:
        acl = change.catalog.initial_acl(FUNCTION, change.role, place)
        made = replace(made, owner_oid=change.role, acl=acl)
    made = _with_body(change, made, node, options.body)
    change.depend_on({*result.needed, *(argument.domain for argument in arguments if argument.domain)})
    if before is None:
        definitions.create(change, made)
    else:
        definitions.replace(change, before, made)
    return "CREATE FUNCTION"


def _with_body(change: SchemaChange, function: Function, node: Any, body: str | None) -> Function:
    """Raises what binding it raises, unless check_function_bodies is off."""
    if node.sql_body is not None and body is not None:
        raise DatabaseError(INVALID_FUNCTION_DEFINITION, "duplicate function body specified")
    if node.sql_body is None:
        if body is None:
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, "no function body specified")
        function = replace(function, body=body)
        if change.session.run_time.values.get("check_function_bodies", "on") == "on":
            validate(function, change.catalog)
        return function
    is_return = isinstance(node.sql_body, ast.ReturnStmt)
    if is_return:
        target = ast.ResTarget(val=node.sql_body.returnval)
        select: Any = ast.SelectStmt(
            targetList=(target,), op=SetOperation.SETOP_NONE, limitOption=LimitOption.LIMIT_OPTION_DEFAULT
        )
    else:
        statements = node.sql_body[0]
        if len(statements) > 1:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "SQL functions of several statements are not supported")
        if not statements:
            raise wrong_return(
                function, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING."
            )
        select = statements[0]
    query, sources = kept_body(function, select, change.catalog)
    change.depend_on(source.id for source in sources)
    return replace(function, query=query, is_return=is_return, sources=sources)


def _arguments(change: SchemaChange, nodes: Sequence[Any]) -> tuple[Argument, ...]:
    made: list[Argument] = []
    has_default = False
    for node in nodes:
        mode = _MODES.get(node.mode)
        if mode is None:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "VARIADIC arguments are not supported")
        if node.argType.setof:
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, "functions cannot accept set arguments")
        type_, domain = _type(change, node.argType)
        default = None
        if node.defexpr is not None:
            if mode in (OUT, COLUMN):
                raise DatabaseError(INVALID_FUNCTION_DEFINITION, "only input parameters can have default values")
            default, has_default = _default(change, type_, node.defexpr), True
        elif has_default and mode in (IN, INOUT):
            message = "input parameters after one with a default value must also have defaults"
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, message, position=position_of(node))
        if node.name and any(other.name == node.name and _are_together(other.mode, mode) for other in made):
            message = f'parameter name "{node.name}" used more than once'
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, message, position=position_of(node))
        made.append(Argument(node.name or "", type_, domain, default, mode))
    return tuple(made)


def _are_together(one: str, other: str) -> bool:
    """Two of these modes may not have one name: an input and an output may."""
    return {one, other} != {IN, OUT}


def _type(change: SchemaChange, node: Any) -> tuple[ColumnType, int]:
    """Without its modifier, as PostgreSQL takes it. Raises 42704, 0A000, 42501."""
    if node.pct_type:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "%TYPE is not supported")
    domain = None if node.arrayBounds else find_domain(change.catalog, node.names)
    if domain is not None:
        require(change.catalog, change.role, domain, USAGE)
        return domain.type, domain.id
    try:
        return ColumnType(cast_type(node).name), 0
    except DatabaseError as error:
        if error.sqlstate == UNDEFINED_OBJECT:
            error.message = f"type {'.'.join(part.sval for part in node.names)} does not exist"
        raise


def _default(change: SchemaChange, type_: ColumnType, node: Any) -> str:
    catalog = change.catalog
    parameters = ParameterTypes((), catalog)
    value = analyze(node, None, parameters, type_)
    coerce_assignment(value, type_, "", parameters)
    return sql_text(kept(node, catalog, calls_alone(node, catalog)))


class _Result:
    """What RETURNS says, or the OUT arguments. `needed`: ids of what it names."""

    def __init__(self, change: SchemaChange, node: Any, arguments: Sequence[Argument]) -> None:
        self.is_set = node is not None and bool(node.setof)
        self.domain = self.table = 0
        self.needed: list[int] = []
        columns = [argument for argument in arguments if argument.mode != IN]
        if columns:
            first = columns[0]
            self.type, self.domain = (first.type, first.domain) if len(columns) == 1 else (ColumnType(RECORD), 0)
            self._check(change, node, columns)
        elif node is None:
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, "function result type must be specified")
        else:
            self.type, self.domain, self.table = self._named(change, node)
            self.needed += [self.table] if self.table else []

    def _check(self, change: SchemaChange, node: Any, columns: Sequence[Argument]) -> None:
        if node is None or all(column.mode == COLUMN for column in columns):
            return
        said = ColumnType(RECORD) if node.names[-1].sval == RECORD else _type(change, node)[0]
        if said.name != self.type.name:
            shown = shown_type(change.catalog, self.type, self.domain)
            message = f"function result type must be {shown} because of OUT parameters"
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, message)

    @staticmethod
    def _named(change: SchemaChange, node: Any) -> tuple[ColumnType, int, int]:
        name, schema = node.names[-1].sval, node.names[-2].sval if len(node.names) > 1 else None
        if name == VOID:
            return ColumnType(VOID), 0, 0
        if name == RECORD:
            message = "functions that return record need OUT parameters or RETURNS TABLE"
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message)
        table = change.catalog.find_table(schema, name) if schema != "pg_catalog" else None
        if table is not None and not node.arrayBounds and find_domain(change.catalog, node.names) is None:
            return ColumnType(RECORD), 0, table.id
        return *_type(change, node), 0


class _Options:
    """Each at most once. Raises 42601, 42704, 0A000."""

    def __init__(self, node: Any) -> None:
        self._given: dict[str, Any] = {}
        for option in node.options or ():
            if option.defname in self._given:
                raise DatabaseError(SYNTAX_ERROR, "conflicting or redundant options", position=position_of(option))
            self._given[option.defname] = option.arg
        language = self._given.pop("language", None)
        if language is None and node.sql_body is None:
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, "no language specified")
        name = language.sval.lower() if language is not None else "sql"
        if name != "sql":
            raise DatabaseError(UNDEFINED_OBJECT, f'language "{name}" does not exist')
        body = self._given.pop("as", None)
        if body is not None and len(body) > 1:
            message = 'only one AS item needed for language "sql"'
            raise DatabaseError(INVALID_FUNCTION_DEFINITION, message)
        self.body: str | None = body[0].sval if body else None

    def over(self, function: Function) -> Function:
        return altered(function, self._given)


def altered(function: Function, options: dict[str, Any]) -> Function:
    """With the options of CREATE or ALTER FUNCTION. Raises 0A000, 22023."""
    changes: dict[str, Any] = {}
    for name, value in options.items():
        match name:
            case "volatility":
                changes["volatility"] = value.sval[0]
            case "strict" | "leakproof":
                changes[name] = bool(value.boolval)
            case "security":
                changes["definer"] = bool(value.boolval)
            case "parallel":
                changes["parallel"] = _parallel(value.sval)
            case "cost" | "rows":
                changes[name] = _number(name, value)
            case "set":
                changes["search_path"] = _search_path(value)
            case _:
                raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name.upper()} of a function is not supported")
    if "rows" in changes and not function.returns_set:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "ROWS is not applicable when function does not return a set")
    return replace(function, **changes)


def _parallel(word: str) -> str:
    if word not in ("safe", "restricted", "unsafe"):
        raise DatabaseError(SYNTAX_ERROR, 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE')
    return word[0]


def _number(name: str, value: Any) -> float:
    number = float(value.ival or 0) if isinstance(value, ast.Integer) else float(value.fval)
    if number <= 0:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"{name.upper()} must be positive")
    return number


def _search_path(statement: Any) -> tuple[str, ...] | None:
    if statement.name is not None and statement.name.lower() != "search_path":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "functions can SET search_path only")
    if statement.kind in (VariableSetKind.VAR_RESET, VariableSetKind.VAR_RESET_ALL):
        return None
    if statement.kind != VariableSetKind.VAR_SET_VALUE:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "functions can SET search_path to a value only")
    return tuple(name for item in statement.args if (name := item.val.sval))


def _refuse_other_shape(catalog: Catalog, before: Function, after: Function) -> None:
    """OR REPLACE changes no result, no names of inputs, and takes no default away. Raises 42P13."""
    hint = f"Use DROP FUNCTION {identity(catalog, before)} first."

    def refuse(message: str, **more: Any) -> None:
        raise DatabaseError(INVALID_FUNCTION_DEFINITION, message, hint=hint, **more)

    if (before.result, before.domain, before.table, before.returns_set) != (
        after.result,
        after.domain,
        after.table,
        after.returns_set,
    ):
        refuse("cannot change return type of existing function")
    shapes = [[(one.name, one.type, one.mode) for one in function.columns] for function in (before, after)]
    if shapes[0] != shapes[1]:
        detail = "Row type defined by OUT parameters is different."
        refuse("cannot change return type of existing function", detail=detail)
    for old, new in zip(before.inputs, after.inputs, strict=True):
        if old.name and old.name != new.name:
            refuse(f'cannot change name of input parameter "{old.name}"')
        if old.default is not None and new.default is None:
            refuse("cannot remove parameter defaults from existing function")


# -- finding -----------------------------------------------------------------------------------------------------------


def named(change: SchemaChange, node: Any, missing_ok: bool = False) -> Function | None:
    """The function that an ObjectWithArgs means. Raises 42883, 42725, 3F000."""
    catalog = change.catalog
    schema = node.objname[-2].sval if len(node.objname) > 1 else None
    name = ".".join(part.sval for part in node.objname)
    catalog.require_usage(schema)
    known = catalog.functions_named(schema, node.objname[-1].sval)
    if schema is not None and not catalog.has_schema(schema):
        error = DatabaseError("3F000", f'schema "{schema}" does not exist')
    elif node.args_unspecified:
        if len(known) == 1:
            return known[0]
        if known:
            hint = "Specify the argument list to select the function unambiguously."
            raise DatabaseError(AMBIGUOUS_FUNCTION, f'function name "{name}" is not unique', hint=hint)
        error = DatabaseError(UNDEFINED_FUNCTION, f'could not find a function named "{name}"')
    else:
        nodes = [
            one.argType
            for one in node.objfuncargs or ()
            if one.mode not in (Mode.FUNC_PARAM_OUT, Mode.FUNC_PARAM_TABLE)
        ]
        types = [_type(change, one) for one in nodes or node.objargs or ()]
        mine = tuple(f"#{domain}" if domain else type_.name for type_, domain in types)
        for function in known:
            if signature(function.arguments) == mine:
                return function
        shown = ", ".join(shown_type(catalog, *one) for one in types)
        error = DatabaseError(UNDEFINED_FUNCTION, f"function {name}({shown}) does not exist")
    if not missing_ok:
        raise error
    message = f"function {name}() does not exist" if node.args_unspecified and known == () else error.message
    change.notice("00000", f"{message}, skipping")
    return None


def own(change: SchemaChange, node: Any) -> Function:
    """Raises 42883, 42725, 42501."""
    function = named(change, node)
    assert function is not None
    change.require_owner(function)
    return function


# -- ALTER, DROP -------------------------------------------------------------------------------------------------------


def alter_function(change: SchemaChange, node: Any) -> str:
    before = own(change, node.func)
    options: dict[str, Any] = {}
    for action in node.actions:
        if action.defname in options:
            raise DatabaseError(SYNTAX_ERROR, "conflicting or redundant options", position=position_of(action))
        options[action.defname] = action.arg
    definitions.replace(change, before, altered(before, options))
    return _tag(node.objtype)


def _tag(kind: ObjectType) -> str:
    return "ALTER ROUTINE" if kind == ObjectType.OBJECT_ROUTINE else "ALTER FUNCTION"


def rename_function(change: SchemaChange, node: Any) -> str:
    before = own(change, node.object)
    change.require_create(before.schema)
    definitions.replace(change, before, replace(before, name=node.newname))
    return _tag(node.renameType)


def set_schema(change: SchemaChange, node: Any) -> str:
    before = own(change, node.object)
    schema = change.place(node.newschema)
    if schema != before.schema:
        definitions.replace(change, before, replace(before, schema=schema))
    return _tag(node.objectType)


def change_owner(change: SchemaChange, node: Any) -> str:
    function = own(change, node.object)
    change.put_owned(function, reowned_by(change, function, role_of(change, node.newowner)))
    return _tag(node.objectType)


def comment(change: SchemaChange, node: Any) -> None:
    before = own(change, node.object)
    definitions.replace(change, before, replace(before, comment=node.comment or None))


def drop_function(change: SchemaChange, node: Any) -> str:
    """Raises 42883, 42725, 42501, 2BP01."""
    functions: list[Function] = []
    for item in node.objects:
        function = named(change, item, node.missing_ok)
        if function is not None and function not in functions:
            if not owns(change.catalog, change.role, change.catalog.schema(function.schema)):
                change.require_owner(function)
            functions.append(function)
    catalog = change.catalog
    dependents = [dependent for function in functions for dependent in dependents_of_function(catalog, function)]
    own_ids = [("function", function.id, "") for function in functions]
    clear(change, [described(catalog, function) for function in functions], dependents, node.behavior, own_ids)
    for function in functions:
        definitions.drop(change, function)
    return f"DROP {node.removeType.name.removeprefix('OBJECT_')}"
