"""Functions over the catalog that are about functions: their numbers, and what pg_get_functiondef and its like show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.common.errors import (
    AMBIGUOUS_FUNCTION,
    INVALID_TEXT_REPRESENTATION,
    UNDEFINED_FUNCTION,
    DatabaseError,
)
from actors.sql.catalog.function_texts import (
    arguments_text,
    body_text,
    definition,
    identity,
    result_text,
    shown_default,
    shown_name,
    type_oid,
)
from actors.sql.catalog.functions import Function
from actors.sql.catalog.type_functions import regtype_in, type_shown
from actors.sql.types.system_functions import SystemFunction, function_with, functions_named, name_of_function

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog


def _named(catalog: Catalog, text: str) -> list[Function]:
    """The SQL functions that a name means, qualified or not."""
    parts = [part.strip().strip('"') for part in text.split(".")]
    schema = parts[-2] if len(parts) > 1 else None
    return list(catalog.functions_named(schema, parts[-1]))


def regproc_in(catalog: Catalog, _: Any, text: str | None) -> int | None:
    if text is None or text in ("-", "0"):
        return None if text is None else 0
    if text.isdigit():
        return int(text)
    name = text.removeprefix("pg_catalog.").strip('"')
    known = [function.oid for function in functions_named(name)] or [one.id for one in _named(catalog, text)]
    if len(known) > 1:
        raise DatabaseError(AMBIGUOUS_FUNCTION, f'more than one function named "{text}"')
    if not known:
        raise DatabaseError(UNDEFINED_FUNCTION, f'function "{text}" does not exist')
    return known[0]


def regproc_out(catalog: Catalog, _: Any, oid: int | None) -> str | None:
    if oid is None:
        return None
    function = catalog.function_by_id(oid)
    return name_of_function(oid) if function is None else shown_name(catalog, function)


def regprocedure_in(catalog: Catalog, environment: Any, text: str | None) -> int | None:
    if text is None or text.isdigit():
        return None if text is None else int(text)
    name, parenthesis, rest = text.partition("(")
    if not parenthesis:
        raise DatabaseError(INVALID_TEXT_REPRESENTATION, "expected a left parenthesis")
    names = [part for part in rest.rstrip(") ").split(",") if part.strip()]
    types = tuple(regtype_in(catalog, environment, part.strip()) for part in names)
    for function in functions_named(name.strip().removeprefix("pg_catalog.")):
        if function.arguments == types:
            return function.oid
    for known in _named(catalog, name):
        if tuple(type_oid(one.type, one.domain) for one in known.inputs) == types:
            return known.id
    raise DatabaseError(UNDEFINED_FUNCTION, f'function "{text}" does not exist')


def regprocedure_out(catalog: Catalog, environment: Any, oid: int | None) -> str | None:
    known = catalog.function_by_id(oid or 0)
    if known is not None:
        return identity(catalog, known)
    function = function_with(oid) if oid is not None else None
    if function is None:
        return regproc_out(catalog, environment, oid)
    return f"{function.name}({_arguments(function).replace(', ', ',')})"


def _arguments(function: SystemFunction) -> str:
    """As pg_get_function_arguments shows them."""
    return ", ".join(type_shown(oid) for oid in function.arguments)


def _result(function: SystemFunction) -> str:
    return ("SETOF " if function.returns_set else "") + type_shown(function.result)


def _text(
    own: Callable[[Catalog, Function], str | None], of_system: Callable[[SystemFunction], str | None]
) -> Callable[..., str | None]:
    def call(catalog: Catalog, _: Any, oid: int | None) -> str | None:
        known = catalog.function_by_id(oid or 0)
        if known is not None:
            return own(catalog, known)
        function = function_with(oid) if oid is not None else None
        return None if function is None else of_system(function)

    return call


def _nothing(_: SystemFunction) -> None:
    return None


FUNCTION_TEXTS: dict[str, Callable[..., str | None]] = {
    "pg_get_functiondef": _text(definition, _nothing),
    "pg_get_function_sqlbody": _text(body_text, _nothing),
    "pg_get_function_result": _text(result_text, _result),
    "pg_get_function_arguments": _text(arguments_text, _arguments),
    "pg_get_function_identity_arguments": _text(
        lambda catalog, function: arguments_text(catalog, function, identity=True), _arguments
    ),
}


def argument_default(catalog: Catalog, _: Any, oid: int | None, number: int | None) -> str | None:
    """pg_get_function_arg_default: of the argument with that number, from 1 on."""
    function = catalog.function_by_id(oid or 0)
    if function is None or number is None or not 1 <= number <= len(function.arguments):
        return None
    argument = function.arguments[number - 1]
    return shown_default(catalog, argument) if argument.default is not None else None


def function_is_visible(catalog: Catalog, _: Any, oid: int | None) -> bool | None:
    from actors.sql.binding.stored_names import is_visible

    function = catalog.function_by_id(oid or 0)
    return (None if oid is None else True) if function is None else is_visible(function, catalog)
