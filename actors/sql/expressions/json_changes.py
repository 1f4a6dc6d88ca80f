"""Changing a jsonb: || - #-, jsonb_set, jsonb_insert and assignment to a subscript (jsonfuncs.c's setPath)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.common.errors import (
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NULL_VALUE_NOT_ALLOWED,
    DatabaseError,
)
from actors.sql.expressions.json_functions import INT4_MAX, INT4_MIN, MISSING
from actors.sql.expressions.registry import register
from actors.sql.types.arrays import Array
from actors.sql.types.json_values import parse, sorted_object, write

SUBSCRIPT_GAP_MAX = 1 << 20
"""NULLs that an assignment beyond an array's end may add."""


def _invalid(message: str, hint: str = "") -> DatabaseError:
    return DatabaseError(INVALID_PARAMETER_VALUE, message, hint=hint)


def concatenated(one: str, other: str) -> str:
    left, right = parse(one), parse(other)
    if type(left) is dict and type(right) is dict:
        return write(sorted_object({**left, **right}))
    first = left if type(left) is list else [left]
    return write([*first, *(right if type(right) is list else [right])])


def without_key(datum: str, name: str) -> str:
    value = parse(datum)
    if type(value) is dict:
        return write({key: part for key, part in value.items() if key != name})
    if type(value) is list:
        return write([part for part in value if not (type(part) is str and part == name)])
    raise _invalid("cannot delete from scalar")


def without_keys(datum: str, names: Array) -> str:
    value = parse(datum)
    gone = {name for name in names.items if name is not None}
    if type(value) is dict:
        return write({key: part for key, part in value.items() if key not in gone})
    if type(value) is list:
        return write([part for part in value if not (type(part) is str and part in gone)])
    raise _invalid("cannot delete from scalar")


def without_item(datum: str, index: int) -> str:
    value = parse(datum)
    if type(value) is dict:
        raise _invalid("cannot delete from object using integer index")
    if type(value) is not list:
        raise _invalid("cannot delete from scalar")
    place = index + len(value) if index < 0 else index
    return write([part for at, part in enumerate(value) if at != place])


class Change:
    """What to do at the end of a path. `create`: where there is nothing; `before`, `after`: insert, and replace no key;
    `delete`; `fill`: an assignment to a subscript, which makes what is missing on the way."""

    __slots__ = ("after", "before", "create", "delete", "fill", "new")

    def __init__(
        self,
        new: Any = None,
        *,
        create: bool = False,
        before: bool = False,
        after: bool = False,
        delete: bool = False,
        fill: bool = False,
    ) -> None:
        self.new = new
        self.create = create
        self.before = before
        self.after = after
        self.delete = delete
        self.fill = fill


def changed(value: Any, path: Sequence[str | None], level: int, change: Change) -> Any:
    """`value` with the change at `path[level:]`. Raises 22004, 22P02, 22023."""
    step = path[level]
    if step is None:
        raise DatabaseError(NULL_VALUE_NOT_ALLOWED, f"path element at position {level + 1} is null")
    last = level == len(path) - 1
    if type(value) is dict:
        return _changed_object(value, step, last, path, level, change)
    if type(value) is list:
        return _changed_array(value, _number(step, level), last, path, level, change)
    if change.fill:
        detail = "The path assumes key is a composite object, but it is a scalar value."
        raise DatabaseError(INVALID_PARAMETER_VALUE, "cannot replace existing key", detail=detail)
    return value


def _number(step: str, level: int) -> int:
    try:
        number = int(step)
    except ValueError:
        number = INT4_MAX + 1
    if not INT4_MIN <= number <= INT4_MAX:
        raise DatabaseError(
            INVALID_TEXT_REPRESENTATION, f'path element at position {level + 1} is not an integer: "{step}"'
        )
    return number


def _fresh(path: Sequence[str | None], level: int, change: Change) -> Any:
    """What an assignment makes where nothing is: objects and arrays for the steps that are left."""
    made = change.new
    for step in reversed(path[level:]):
        if step is not None and step.lstrip("-").isdigit():
            made = [None] * _gap(int(step)) + [made]
        else:
            made = {step: made}
    return made


def _gap(count: int) -> int:
    if count < 0:
        raise _invalid("path element at position 1 is out of range: -1")
    if count > SUBSCRIPT_GAP_MAX:
        raise DatabaseError("54000", f"a jsonb array is filled up by {SUBSCRIPT_GAP_MAX} items at most")
    return count


def _changed_object(
    value: dict[str, Any], step: str, last: bool, path: Sequence[str | None], level: int, change: Change
) -> Any:
    if step not in value:
        if last and not change.delete and (change.create or change.before or change.after or change.fill):
            return sorted_object({**value, step: change.new})
        return sorted_object({**value, step: _fresh(path, level + 1, change)}) if change.fill else value
    if not last:
        return {**value, step: changed(value[step], path, level + 1, change)}
    if change.delete:
        return {key: part for key, part in value.items() if key != step}
    if change.before or change.after:
        raise _invalid("cannot replace existing key", "Try using the function jsonb_set to replace key value.")
    return {**value, step: change.new}


def _changed_array(
    value: list[Any], index: int, last: bool, path: Sequence[str | None], level: int, change: Change
) -> Any:
    place = index + len(value) if index < 0 else index
    if change.fill and place < 0:
        raise _invalid(f"path element at position {level + 1} is out of range: {index}")
    if 0 <= place < len(value):
        if not last:
            return [*value[:place], changed(value[place], path, level + 1, change), *value[place + 1 :]]
        if change.delete:
            return value[:place] + value[place + 1 :]
        kept = [value[place]] if change.before or change.after else []
        new = [change.new, *kept] if change.before else [*kept, change.new]
        return value[:place] + new + value[place + 1 :]
    if change.fill:
        return [*value, *[None] * _gap(place - len(value)), change.new if last else _fresh(path, level + 1, change)]
    if not last or change.delete or not (change.create or change.before or change.after):
        return value
    return [change.new, *value] if place < 0 else [*value, change.new]


def _at(datum: str, path: Array, change: Change, what: str) -> str:
    if len(path.lengths) > 1:
        raise DatabaseError("2202E", "wrong number of array subscripts")
    value = parse(datum)
    if type(value) not in (dict, list):
        raise _invalid(f"cannot {what} path in scalar")
    if not value and change.delete:
        return datum
    return write(changed(value, path.items, 0, change)) if path.items else datum


def set_path(datum: str, path: Array, new: str, create: bool = True) -> str:
    value = parse(datum)
    if not value and type(value) in (dict, list) and not create:
        return datum
    return _at(datum, path, Change(parse(new), create=create), "set")


def insert_path(datum: str, path: Array, new: str, after: bool = False) -> str:
    return _at(datum, path, Change(parse(new), before=not after, after=after), "set")


def delete_path(datum: str, path: Array) -> str:
    return _at(datum, path, Change(delete=True), "delete")


def set_lax(
    datum: str | None,
    path: Array | None,
    new: str | None,
    create: bool | None = True,
    treatment: str | None = "use_json_null",
) -> str | None:
    """jsonb_set_lax: what is done with a NULL is said."""
    if datum is None or path is None or create is None:
        return None
    if treatment is None:
        raise _invalid(
            'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
        )
    if new is not None:
        return set_path(datum, path, new, create)
    if treatment == "raise_exception":
        raise DatabaseError(
            NULL_VALUE_NOT_ALLOWED,
            "JSON value must not be null",
            detail='Exception was raised because null_value_treatment is "raise_exception".',
            hint="To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
        )
    if treatment == "use_json_null":
        return set_path(datum, path, "null", create)
    if treatment == "delete_key":
        return delete_path(datum, path)
    if treatment == "return_target":
        return datum
    raise _invalid('null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"')


def assigned(datum: str | None, path: Array, new: str | None) -> str:
    """`column[subscript] ... = new`: a NULL column begins as an object, or as an array where the first subscript is an
    integer."""
    value = MISSING if datum is None else parse(datum)
    change = Change(None if new is None else parse(new), fill=True)
    if value is MISSING:
        return write(_fresh(path.items, 0, change))
    return write(changed(value, path.items, 0, change))


ASSIGNED = " jsonb_assigned"
"""What the planner writes for an assignment to a subscript; no client's name begins with a blank unless it is
quoted."""


def _register() -> None:
    register(ASSIGNED, "jsonb _text jsonb", "jsonb", assigned, strict=False)
    register("||", "jsonb jsonb", "jsonb", concatenated)
    register("jsonb_concat", "jsonb jsonb", "jsonb", concatenated)
    register("-", "jsonb text", "jsonb", without_key)
    register("-", "jsonb _text", "jsonb", without_keys)
    register("-", "jsonb int4", "jsonb", without_item)
    register("#-", "jsonb _text", "jsonb", delete_path)
    register("jsonb_delete_path", "jsonb _text", "jsonb", delete_path)
    register("jsonb_set", "jsonb _text jsonb", "jsonb", set_path)
    register("jsonb_set", "jsonb _text jsonb bool", "jsonb", set_path)
    for arguments in ("jsonb _text jsonb", "jsonb _text jsonb bool", "jsonb _text jsonb bool text"):
        register("jsonb_set_lax", arguments, "jsonb", set_lax, strict=False)
    register("jsonb_insert", "jsonb _text jsonb", "jsonb", insert_path)
    register("jsonb_insert", "jsonb _text jsonb bool", "jsonb", insert_path)


_register()
