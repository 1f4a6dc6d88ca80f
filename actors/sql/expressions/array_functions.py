"""Functions and operators of arrays, an overload for each element type; and what ANY, ALL and ARRAY[...] do when they
run (compile.py).

Elements are compared by their type's own `=` and order; NULLs are equal to each other here and greater than everything
else, as in PostgreSQL's array_eq and array_cmp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

from actors.common.errors import NULL_VALUE_NOT_ALLOWED, DatabaseError
from actors.sql.expressions.casts import STYLED
from actors.sql.expressions.comparisons import order_key
from actors.sql.expressions.registry import register
from actors.sql.types import by_name
from actors.sql.types.arrays import ARRAY_SUBSCRIPT_ERROR, ARRAY_TYPES, EMPTY, Array, array_of_items, element_of

Test = Callable[[Any, Any], Any]
UNORDERED_EQUALITY = frozenset({"numeric", "float4", "float8", "interval", "bpchar"})
"""Element types of which equal datums may differ for Python (NaN, 1 mon and 30 days)."""


def equality(element: str) -> Test:
    """`=` of two elements that are not NULL."""
    if element not in UNORDERED_EQUALITY:
        return lambda one, other: one == other
    key = order_key(element)
    assert key is not None
    return lambda one, other: key(one) == key(other)


def ordering(element: str) -> Callable[[Array, Array], int]:
    """array_cmp: -1, 0 or 1."""
    key = order_key(element) or (lambda item: item)

    def compare(one: Array, other: Array) -> int:
        for left, right in zip(one.items, other.items, strict=False):
            if left is None or right is None:
                if left is not right:
                    return 1 if left is None else -1
                continue
            first, second = key(left), key(right)
            if first != second:
                return 1 if first > second else -1
        here = (len(one.items), len(one.lengths), one.lengths, one.lowers)
        there = (len(other.items), len(other.lengths), other.lengths, other.lowers)
        return (here > there) - (here < there)

    return compare


def array_order_key(element: str) -> Callable[[Any], Any]:
    """Under which Python orders arrays of these elements as `ordering` does; equal arrays have equal hashes."""
    key = order_key(element) or (lambda item: item)

    def of(array: Array) -> tuple[Any, ...]:
        items = tuple([(True, None) if item is None else (False, key(item)) for item in array.items])
        return items, len(array.lengths), array.lengths, array.lowers

    return of


# -- constructors and quantifiers --------------------------------------------------------------------------------------


def made_of_arrays(parts: Sequence[Array | None]) -> Array:
    """ARRAY[[1, 2], [3, 4]]: one dimension more than its parts. Raises 2202E unless all are of one shape."""
    shapes = {(part.lengths, part.lowers) if part is not None else ((), ()) for part in parts}
    if len(shapes) != 1 or None in parts:
        raise DatabaseError(
            ARRAY_SUBSCRIPT_ERROR, "multidimensional arrays must have array expressions with matching dimensions"
        )
    [(lengths, lowers)] = shapes
    if not lengths:
        return EMPTY
    items = tuple(item for part in parts if part is not None for item in part.items)
    return Array(items, (len(parts), *lengths), (1, *lowers))


def accumulated(parts: Sequence[Array | None]) -> Array:
    """The arrays that array_agg or ARRAY(SELECT ...) has met, as one of a dimension more. Raises 22004, 2202E."""
    if not parts:
        return EMPTY
    if None in parts:
        raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays")
    if any(part is not None and not part.lengths for part in parts):
        raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays")
    if len({part.lengths for part in parts if part is not None}) > 1:
        raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate arrays of different dimensionality")
    return made_of_arrays(parts)


def quantified(
    test: Callable[[Any, Any, Any], Any] | None, every: bool
) -> Callable[[Any, Array | None, Any], bool | None]:
    """`value op ANY (array)`, or with `every` ALL: `f(value, array, environment)`. `test(value, item, environment)` is
    the operator, strict; None: it is `=` for ANY and `<>` for ALL, and Python's equality is the elements'."""

    def by_members(value: Any, array: Array | None, environment: Any) -> bool | None:
        if array is None:
            return None
        if not array.items:
            return every
        if value is None:
            return None
        if value in array.members:
            return not every
        if value != value and array.has_nan:
            return not every
        return None if array.has_null else every

    def one_by_one(value: Any, array: Array | None, environment: Any) -> bool | None:
        if array is None:
            return None
        if not array.items:
            return every
        if value is None:
            return None
        assert test is not None
        unknown = False
        for item in array.items:
            result = None if item is None else test(value, item, environment)
            if result is None:
                unknown = True
            elif result is not every:
                return not every
        return None if unknown else every

    return by_members if test is None else one_by_one


# -- functions ---------------------------------------------------------------------------------------------------------


def _bound(array: Array, dimension: int, bounds: Sequence[int]) -> int | None:
    return bounds[dimension - 1] if 1 <= dimension <= len(array.lengths) else None


def _upper(array: Array, dimension: int) -> int | None:
    if not 1 <= dimension <= len(array.lengths):
        return None
    return array.lowers[dimension - 1] + array.lengths[dimension - 1] - 1


def _dimensions(array: Array) -> str | None:
    pairs = zip(array.lowers, array.lengths, strict=True)
    return "".join(f"[{lower}:{lower + length - 1}]" for lower, length in pairs) or None


def subscript(array: Array, *places: int) -> Any:
    """array[i], array[i][j] ...: NULL beyond the bounds, and where the number of dimensions is another."""
    if len(places) != len(array.lengths):
        return None
    at = 0
    for place, lower, length in zip(places, array.lowers, array.lengths, strict=True):
        if not lower <= place < lower + length:
            return None
        at = at * length + place - lower
    return array.items[at]


def _incompatible(detail: str) -> DatabaseError:
    return DatabaseError(ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays", detail=detail)


def concatenated(one: Array | None, other: Array | None) -> Array | None:
    """array_cat: NULL and empty arrays add nothing; a row may be added to a matrix."""
    if one is None or other is None:
        return other if one is None else one
    if not one.lengths or not other.lengths:
        return one if one.lengths else other
    if len(one.lengths) == len(other.lengths):
        if one.lengths[1:] != other.lengths[1:]:
            raise _incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
        shape, lowers = (one.lengths[0] + other.lengths[0], *one.lengths[1:]), one.lowers
    elif len(one.lengths) == len(other.lengths) + 1:
        if one.lengths[1:] != other.lengths:
            raise _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        shape, lowers = (one.lengths[0] + 1, *one.lengths[1:]), one.lowers
    elif len(one.lengths) + 1 == len(other.lengths):
        if one.lengths != other.lengths[1:]:
            raise _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        shape, lowers = (other.lengths[0] + 1, *other.lengths[1:]), other.lowers
    else:
        shown = (
            f"Arrays of {len(one.lengths)} and {len(other.lengths)} dimensions are not compatible for concatenation."
        )
        raise _incompatible(shown)
    return Array((*one.items, *other.items), shape, lowers)


def _needs_one_dimension(array: Array) -> None:
    if len(array.lengths) > 1:
        raise DatabaseError("22000", "argument must be empty or one-dimensional array")


def appended(array: Array | None, item: Any) -> Array:
    if array is None or not array.lengths:
        return array_of_items([item])
    _needs_one_dimension(array)
    return Array((*array.items, item), (array.lengths[0] + 1,), array.lowers)


def prepended(item: Any, array: Array | None) -> Array:
    if array is None or not array.lengths:
        return array_of_items([item])
    _needs_one_dimension(array)
    return Array((item, *array.items), (array.lengths[0] + 1,), array.lowers)


FILLED_MAX = 1 << 20
"""Items of array_fill."""


def filled(item: Any, lengths: Array | None, lowers: Array | None = None) -> Array:
    """Raises 22004, 2202E, 54000."""
    if lengths is None or (lowers is not None and lowers is lengths):
        raise DatabaseError("22004", "dimension array or low bound array cannot be null")
    if None in lengths.items or (lowers is not None and None in lowers.items):
        raise DatabaseError("22004", "dimension values cannot be null")
    if lowers is not None and len(lowers.items) != len(lengths.items):
        detail = "Low bound array has different size than dimensions array."
        raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts", detail=detail)
    count = 1
    for length in lengths.items:
        if length < 0:
            raise DatabaseError("54000", f"invalid array size: {length}")
        count *= length
    if count > FILLED_MAX:
        raise DatabaseError("54000", f"array size exceeds the maximum allowed ({FILLED_MAX})")
    if not lengths.items or not count:
        return EMPTY
    return Array((item,) * count, lengths.items, lowers.items if lowers is not None else (1,) * len(lengths.items))


def trimmed(array: Array, count: int) -> Array:
    """Without the last rows. Raises 2202E."""
    rows = array.lengths[0] if array.lengths else 0
    if not 0 <= count <= rows:
        raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, f"number of elements to trim must be between 0 and {rows}")
    if count == rows:
        return EMPTY
    size = len(array.items) // rows
    return Array(array.items[: (rows - count) * size], (rows - count, *array.lengths[1:]), (1,) * len(array.lengths))


def _rows(array: Array) -> list[tuple[Any, ...]]:
    size = len(array.items) // array.lengths[0]
    return [array.items[place : place + size] for place in range(0, len(array.items), size)]


def reversed_rows(array: Array) -> Array:
    if not array.lengths:
        return array
    return Array(tuple(item for row in reversed(_rows(array)) for item in row), array.lengths, array.lowers)


def _sorter(element: str) -> Callable[..., Array]:
    """array_sort(array [, descending [, nulls first]]): NULLs are greater than all unless said otherwise; rows of a
    matrix by their items."""
    compare = ordering(element)

    def compare_rows(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
        return compare(array_of_items(one), array_of_items(other))

    def sort(array: Array, descending: bool = False, nulls_first: bool | None = None) -> Array:
        if not array.lengths:
            return array
        first = descending if nulls_first is None else nulls_first
        rows = _rows(array)
        nulls = [row for row in rows if row == (None,)]
        known = sorted((row for row in rows if row != (None,)), key=cmp_to_key(compare_rows), reverse=descending)
        ordered = [*nulls, *known] if first else [*known, *nulls]
        return Array(tuple(item for row in ordered for item in row), array.lengths, array.lowers)

    return sort


def _searcher(element: str) -> Callable[[Array, Any], list[int]]:
    same = equality(element)

    def places(array: Array, wanted: Any) -> list[int]:
        """Subscripts at which the item is."""
        if len(array.lengths) > 1:
            raise DatabaseError("0A000", "searching for elements in multidimensional arrays is not supported")
        lower = array.lowers[0] if array.lowers else 1
        return [
            lower + place
            for place, item in enumerate(array.items)
            if (item is wanted if item is None or wanted is None else same(item, wanted))
        ]

    return places


def _register_all(name: str, element: str) -> None:
    """`name` is the array type's."""
    same, places = equality(element), _searcher(element)

    def remove(array: Array | None, wanted: Any) -> Array | None:
        if array is None or not array.lengths:
            return array
        if len(array.lengths) > 1:
            raise DatabaseError("0A000", "removing elements from multidimensional arrays is not supported")
        gone = {place - array.lowers[0] for place in places(array, wanted)}
        kept = tuple(has for place, has in enumerate(array.items) if place not in gone)
        return Array(kept, (len(kept),), array.lowers) if kept else EMPTY

    def position(array: Array | None, wanted: Any) -> int | None:
        return next(iter(places(array, wanted)), None) if array is not None else None

    def positions(array: Array | None, wanted: Any) -> Array | None:
        return array_of_items(places(array, wanted)) if array is not None else None

    def replaced(array: Array | None, wanted: Any, by: Any) -> Array | None:
        if array is None:
            return None
        items = tuple(
            by if (has is wanted if has is None or wanted is None else same(has, wanted)) else has
            for has in array.items
        )
        return Array(items, array.lengths, array.lowers)

    both = f"{name} {name}"
    _register_comparisons(both, element)
    register("||", both, name, concatenated, strict=False)
    register("array_cat", both, name, concatenated, strict=False)
    for append in ("||", "array_append"):
        register(append, f"{name} {element}", name, appended, strict=False)
    for prepend in ("||", "array_prepend"):
        register(prepend, f"{element} {name}", name, prepended, strict=False)
    register("array_length", f"{name} int4", "int4", lambda array, dimension: _bound(array, dimension, array.lengths))
    register("array_lower", f"{name} int4", "int4", lambda array, dimension: _bound(array, dimension, array.lowers))
    register("array_upper", f"{name} int4", "int4", _upper)
    register("array_ndims", name, "int4", lambda array: len(array.lengths) or None)
    register("array_dims", name, "text", _dimensions)
    register("cardinality", name, "int4", lambda array: len(array.items))
    register("array_position", f"{name} {element}", "int4", position, strict=False)
    register("array_positions", f"{name} {element}", "_int4", positions, strict=False)
    register("array_remove", f"{name} {element}", name, remove, strict=False)
    register("array_replace", f"{name} {element} {element}", name, replaced, strict=False)
    register("array_fill", f"{element} _int4", name, filled, strict=False)
    register("array_fill", f"{element} _int4 _int4", name, filled, strict=False)
    register("trim_array", f"{name} int4", name, trimmed)
    register("array_reverse", name, name, reversed_rows)
    sort = _sorter(element)
    for flags in ("", " bool", " bool bool"):
        register("array_sort", f"{name}{flags}", name, sort)
    register("array_subscript", f"{name} int4", element, subscript)
    register("array_subscript", f"{name} int4 int4", element, subscript)
    register("array_slice", f"{name} int4 int4", name, _slice)
    register("array_slice", f"{name} int4 int4 int4 int4", name, _slice)
    _register_to_string(name, element)


def _register_comparisons(both: str, element: str) -> None:
    """`both`: the array type's name, twice."""
    same, compare = equality(element), ordering(element)

    def contains(one: Array, other: Array) -> bool:
        return all(
            wanted is not None and any(has is not None and same(has, wanted) for has in one.items)
            for wanted in other.items
        )

    def overlap(one: Array, other: Array) -> bool:
        return any(
            has is not None and wanted is not None and same(has, wanted) for wanted in other.items for has in one.items
        )

    register("=", both, "bool", lambda one, other: compare(one, other) == 0)
    register("<>", both, "bool", lambda one, other: compare(one, other) != 0)
    register("<", both, "bool", lambda one, other: compare(one, other) < 0)
    register("<=", both, "bool", lambda one, other: compare(one, other) <= 0)
    register(">", both, "bool", lambda one, other: compare(one, other) > 0)
    register(">=", both, "bool", lambda one, other: compare(one, other) >= 0)
    register("@>", both, "bool", contains)
    register("<@", both, "bool", lambda one, other: contains(other, one))
    register("&&", both, "bool", overlap)


def _register_to_string(name: str, element: str) -> None:
    shown = by_name[element].format_text

    def joined(environment: Any, array: Array | None, separator: str | None, null: str | None = None) -> str | None:
        if array is None or separator is None:
            return None
        around = (environment.time_zone,) if element in STYLED else ()
        texts = [null if item is None else shown(item, -1, *around) for item in array.items]
        return separator.join(text for text in texts if text is not None)

    register("array_to_string", f"{name} text", "text", joined, strict=False, volatility="stable", environment=True)
    register(
        "array_to_string", f"{name} text text", "text", joined, strict=False, volatility="stable", environment=True
    )


def _slice(array: Array, *bounds: int) -> Array:
    """array[a:b] or array[a:b][c:d]: dimensions that are not named are whole; counted from 1."""
    pairs = list(zip(bounds[::2], bounds[1::2], strict=True))
    if not array.lengths or len(pairs) > len(array.lengths):
        return EMPTY
    places: list[range] = []
    for dimension, (length, lower) in enumerate(zip(array.lengths, array.lowers, strict=True)):
        low, high = pairs[dimension] if dimension < len(pairs) else (lower, lower + length - 1)
        places.append(range(max(low, lower) - lower, min(high, lower + length - 1) - lower + 1))
    offsets = [0]
    for length, chosen in zip(array.lengths, places, strict=True):
        offsets = [offset * length + place for offset in offsets for place in chosen]
    if not offsets:
        return EMPTY
    return Array(tuple(array.items[offset] for offset in offsets), tuple(map(len, places)), (1,) * len(places))


def string_to_array(text: str | None, separator: str | None, null: str | None = None) -> Array | None:
    if text is None:
        return None
    if not text:
        return EMPTY
    parts = list(text) if separator is None else text.split(separator) if separator else [text]
    return array_of_items(None if null is not None and part == null else part for part in parts)


for _name in ARRAY_TYPES:
    _register_all(_name, element_of(_name))
register("string_to_array", "text text", "_text", string_to_array, strict=False)
register("string_to_array", "text text text", "_text", string_to_array, strict=False)
