"""Filters as questions about zones (zones.py): may a row of this block pass?

    zone_filter(tree)(zones, parameters)        a boolean for each block of a section: false where certainly no row does

`column < 5` may be true where the least value is below 5; a conjunction where each of its parts may be; what is not
translated may always be true. A comparison is true of no NULL, so it is false where a block has nothing else.
Translated: comparisons of a column with a constant or a parameter, IN and = ANY, boolean columns, IS [NOT] NULL, AND,
OR, and NOT of comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.sql.expressions import tree
from actors.sql.types.arrays import element_of
from actors.sql.types.column_type import ColumnType
from actors.storage.aggregates import NotVectorized
from actors.storage.expression_binding import Known, Parameters, checked, comparable, known_datum, of_one_scale, scalar
from actors.storage.segment import Segment
from actors.storage.zones import Bounds, Zones

ITEMS_MAX = 256
"""Of an IN list, that are looked for one by one."""

ZoneTest = Callable[[Zones, Parameters], pa.Array]
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def zone_filter(expression: tree.Expression) -> ZoneTest | None:
    """None where it can tell nothing, whatever the zones."""
    test = _may(expression)
    if test is None:
        return None

    def evaluate(zones: Zones, parameters: Parameters) -> pa.Array:
        try:
            return test(zones, parameters)
        except (NotVectorized, DatabaseError, pa.ArrowException, OverflowError, TypeError, ValueError):
            return _all(zones)  # the filter itself will see to it

    return evaluate


class Skipped:
    """Which blocks a scan of one keyspace may pass over. Of one answer: it keeps what it has found out of a segment."""

    def __init__(self, test: ZoneTest, parameters: Parameters, keyspace: bytes) -> None:
        self._test = test
        self._parameters = parameters
        self._keyspace = keyspace
        self._blocks: dict[str, frozenset[int]] = {}

    def __call__(self, segment: Segment, number: int) -> bool:
        """No row of the block passes."""
        found = self._blocks.get(segment.name)
        if found is None:
            found = self._blocks[segment.name] = frozenset(self._of(segment))
        return number in found

    def _of(self, segment: Segment) -> Iterator[int]:
        for place, section in enumerate(segment.sections):
            if section.keyspace == self._keyspace and (zones := segment.zones(place)) is not None:
                may = self._test(zones, self._parameters).to_pylist()
                yield from (number for number, one in zip(segment.numbers(place), may, strict=True) if not one)


def _all(zones: Zones) -> pa.Array:
    return pa.repeat(pa.scalar(True), len(zones.rows))


def _may(node: tree.Expression) -> ZoneTest | None:
    if isinstance(node, tree.And):
        return _combined([test for part in node.arguments if (test := _may(part)) is not None], pc.and_)
    if isinstance(node, tree.Or):
        tests = [_may(part) for part in node.arguments]
        return None if None in tests else _combined([test for test in tests if test is not None], pc.or_)
    if isinstance(node, tree.Column) and node.type.name == "bool":
        return _compared(node, "=", lambda parameters: True, node.type)
    if isinstance(node, tree.Not):
        return _denied(node.argument)
    if isinstance(node, tree.NullTest) and isinstance(node.argument, tree.Column):
        column, negated = node.argument, node.negated
        return _of_bounds(column, lambda bounds, _: bounds.has_value if negated else bounds.has_null)
    if isinstance(node, tree.InList) and not node.negated:
        known = [known_datum(item) for item in node.items]
        return None if None in known else _among(node.argument, _list_of(known), node.items[0].type)
    if isinstance(node, tree.Quantified) and not node.every and node.operator == "=":
        array = known_datum(node.array)
        element = ColumnType(element_of(node.array.type.name))
        return None if array is None else _among(node.argument, _items_of(array), element)
    return _comparison(node, False)


def _combined(tests: list[ZoneTest], combine: Any) -> ZoneTest | None:
    if not tests:
        return None

    def evaluate(zones: Zones, parameters: Parameters) -> pa.Array:
        result = tests[0](zones, parameters)
        for test in tests[1:]:
            result = combine(result, test(zones, parameters))
        return result

    return evaluate


def _denied(node: tree.Expression) -> ZoneTest | None:
    if isinstance(node, tree.Column) and node.type.name == "bool":
        return _compared(node, "=", lambda parameters: False, node.type)
    return _comparison(node, True)


def _comparison(node: tree.Expression, negated: bool) -> ZoneTest | None:
    if not isinstance(node, tree.Call) or len(node.arguments) != 2 or node.name not in _TURNED:
        return None
    left, right = node.arguments
    operator = _NEGATED[node.name] if negated else node.name
    if not isinstance(left, tree.Column):
        left, right, operator = right, left, _TURNED[operator]
    known = known_datum(right)
    if not isinstance(left, tree.Column) or known is None or not comparable(left.type, right.type):
        return None
    return _compared(left, operator, known, right.type)


def _of_bounds(column: tree.Column, test: Callable[[Bounds, Parameters], pa.Array]) -> ZoneTest:
    def evaluate(zones: Zones, parameters: Parameters) -> pa.Array:
        bounds = zones.bounds(column.position, column.type)
        if bounds is None:
            return _all(zones)
        if pa.types.is_decimal(bounds.least.type):
            bounds.least, bounds.greatest = (checked(one, column.type) for one in (bounds.least, bounds.greatest))
        return test(bounds, parameters)

    return evaluate


def _compared(column: tree.Column, operator: str, known: Known, type_: ColumnType) -> ZoneTest:
    def test(bounds: Bounds, parameters: Parameters) -> pa.Array:
        datum = known(parameters)
        return _within(bounds, operator, scalar(datum, type_)) if datum is not None else _none(bounds)

    return _of_bounds(column, test)


def _none(bounds: Bounds) -> pa.Array:
    return pa.repeat(pa.scalar(False), len(bounds.has_value))


def _within(bounds: Bounds, operator: str, wanted: pa.Scalar) -> pa.Array:
    """Blocks in which `column operator wanted` may be true of some row."""
    least, greatest = bounds.least, bounds.greatest
    if pa.types.is_null(least.type):
        return bounds.has_value
    tests = {
        "<": lambda: [_held(pc.less, least, wanted)],
        "<=": lambda: [_held(pc.less_equal, least, wanted)],
        ">": lambda: [_held(pc.greater, greatest, wanted)],
        ">=": lambda: [_held(pc.greater_equal, greatest, wanted)],
        "=": lambda: [_held(pc.less_equal, least, wanted), _held(pc.greater_equal, greatest, wanted)],
        "<>": lambda: [pc.or_(_held(pc.not_equal, least, wanted), _held(pc.not_equal, greatest, wanted))],
    }[operator]()
    result = bounds.has_value
    for test in tests:
        result = pc.and_(result, test)
    return result


def _held(kernel: Any, bound: pa.Array, wanted: pa.Scalar) -> pa.Array:
    """True, too, where there is no bound."""
    return pc.fill_null(kernel(*of_one_scale(bound, wanted)), True)


def _list_of(known: Iterable[Known | None]) -> Callable[[Parameters], list[Any]]:
    items = [item for item in known if item is not None]
    return lambda parameters: [item(parameters) for item in items]


def _items_of(known: Known) -> Callable[[Parameters], list[Any]]:
    def items(parameters: Parameters) -> list[Any]:
        array = known(parameters)
        return [] if array is None else list(array.items)

    return items


def _among(node: tree.Expression, items: Callable[[Parameters], list[Any]], type_: ColumnType) -> ZoneTest | None:
    if not isinstance(node, tree.Column) or not comparable(node.type, type_):
        return None

    def test(bounds: Bounds, parameters: Parameters) -> pa.Array:
        wanted = [item for item in items(parameters) if item is not None]
        if len(wanted) > ITEMS_MAX:
            return bounds.has_value
        result = _none(bounds)
        for item in wanted:
            result = pc.or_(result, _within(bounds, "=", scalar(item, type_)))
        return result

    return _of_bounds(node, test)
