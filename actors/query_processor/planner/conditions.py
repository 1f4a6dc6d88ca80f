"""From WHERE's conjuncts to an access path: which index, which part of the conjuncts it enforces, what storage filters,
what is left.

    WHERE a = $1 AND b IN (2, 3) AND c > $2 AND length(d) = 5          index (a, b, c)
    equalities [[$1], [2, 3]], bounds [(">", $2)]                        enforced by the key ranges
    length(d) = 5                                                        pushed to storage, or evaluated here behind a
                                                                         secondary index

An index is judged by how it is used, best first: a unique one with equality on every column (the primary key before
others), then more equality columns, then a bound, then the order that ORDER BY wants. Without statistics that is all
there is to go by.

A condition is used where its comparison agrees with the byte order of the column's keys: same type, any two integer
types, text and varchar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from actors.query_processor.planner.facts import is_value
from actors.query_processor.row_executor.key_ranges import (
    MATCHES_NULL,
    POINTS_MAX,
    PREFIXES_MAX,
    Bound,
    alternatives,
    is_single,
)
from actors.query_processor.row_executor.stored_table import StoredIndex, StoredTable
from actors.sql.expressions.tree import Call, Column, Expression, InList, NullTest, Quantified
from actors.sql.types.arrays import element_of

_INTEGERS = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Order:
    """One item of ORDER BY that is a plain column."""

    position: int
    descending: bool
    nulls_first: bool


@dataclass(slots=True)
class Equality:
    """`values`: one expression for each alternative, or an array's alone, which is expanded when the plan runs."""

    conjunct: int
    values: tuple[Expression, ...]


@dataclass(slots=True)
class ColumnConditions:
    """What the conjuncts say of one column."""

    equalities: list[Equality] = field(default_factory=list)
    bounds: list[tuple[int, Bound]] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    """An index and how it is used. `enforced`: numbers of the conjuncts that the key ranges make true. `order`: None,
    "forward" or "backward"."""

    index: StoredIndex
    equalities: list[tuple[Expression, ...]]
    bounds: list[Bound]
    enforced: frozenset[int]
    order: str | None = None

    @property
    def whole(self) -> bool:
        """Not narrowed at all."""
        return not self.equalities and not self.bounds

    @property
    def unique(self) -> bool:
        """Equality on every column of a unique index: each combination of values is at most one row."""
        index = self.index.index
        if not (index.unique or index.primary) or not index.columns or len(self.equalities) != len(index.columns):
            return False
        return not index.nulls_distinct or not any(
            MATCHES_NULL is value for values in self.equalities for value in values
        )


def _usable(column: Column, value: str, signature: tuple[str, ...]) -> bool:
    """Whether `column = value` under that operator means equality of key bytes; `value`: its type's name."""
    name, left, right = column.type.name, signature[0], signature[1]
    if name in _INTEGERS:
        return left in _INTEGERS and right in _INTEGERS
    if name in _TEXTS:
        return left in _TEXTS and right in _TEXTS
    return left == right == name == value


def _comparison(expression: Expression) -> tuple[Column, str, Expression] | None:
    if not isinstance(expression, Call) or expression.name not in _FLIPPED or len(expression.arguments) != 2:
        return None
    left, right = expression.arguments
    if isinstance(left, Column) and is_value(right) and _usable(left, right.type.name, expression.signature):
        return left, expression.name, right
    if isinstance(right, Column) and is_value(left) and _usable(right, left.type.name, expression.signature[::-1]):
        return right, _FLIPPED[expression.name], left
    return None


def column_conditions(conjuncts: Sequence[Expression]) -> dict[int, ColumnConditions]:
    """By position."""
    found: dict[int, ColumnConditions] = {}
    for number, conjunct in enumerate(conjuncts):
        comparison = _comparison(conjunct)
        if comparison is not None:
            column, operator, value = comparison
            conditions = found.setdefault(column.position, ColumnConditions())
            if operator == "=":
                conditions.equalities.append(Equality(number, (value,)))
            else:
                conditions.bounds.append((number, (operator, value)))
        elif isinstance(conjunct, InList) and not conjunct.negated and isinstance(conjunct.argument, Column):
            column = conjunct.argument
            if all(
                is_value(item) and _usable(column, item.type.name, (column.type.name, item.type.name))
                for item in conjunct.items
            ):
                found.setdefault(column.position, ColumnConditions()).equalities.append(
                    Equality(number, conjunct.items)
                )
        elif isinstance(conjunct, Quantified) and conjunct.is_membership and isinstance(conjunct.argument, Column):
            column = conjunct.argument
            if is_value(conjunct.array) and _usable(column, element_of(conjunct.array.type.name), conjunct.signature):
                found.setdefault(column.position, ColumnConditions()).equalities.append(
                    Equality(number, (conjunct.array,))
                )
        elif isinstance(conjunct, NullTest) and not conjunct.negated and isinstance(conjunct.argument, Column):
            position = conjunct.argument.position
            found.setdefault(position, ColumnConditions()).equalities.append(Equality(number, (MATCHES_NULL,)))
    return found


def _use(index: StoredIndex, conditions: dict[int, ColumnConditions]) -> Choice:
    """As many leading columns as have equalities, then bounds on the next one."""
    equalities: list[tuple[Expression, ...]] = []
    bounds: list[Bound] = []
    enforced: set[int] = set()
    unique = index.index.unique or index.index.primary
    points = unique and all(position in conditions and conditions[position].equalities for position in index.positions)
    combinations_max = POINTS_MAX if points else PREFIXES_MAX
    for position in index.positions:
        known = conditions.get(position)
        if known is None:
            break
        if known.equalities:
            equality = min(known.equalities, key=lambda item: alternatives(item.values))
            if prod(map(alternatives, equalities)) * alternatives(equality.values) > combinations_max:
                break
            equalities.append(equality.values)
            enforced.add(equality.conjunct)
            continue
        bounds = [bound for _, bound in known.bounds]
        enforced.update(number for number, _ in known.bounds)
        break
    return Choice(index, equalities, bounds, frozenset(enforced))


def narrowed(index: StoredIndex, conjuncts: Sequence[Expression]) -> Choice:
    """How far the conjuncts narrow `index`."""
    return _use(index, column_conditions(conjuncts))


def _order(choice: Choice, stored: StoredTable, wanted: Sequence[Order]) -> str | None:
    """Whether the index gives its rows in the order wanted: "forward", "backward" or None."""
    if not all(map(is_single, choice.equalities)):
        return None
    fixed = set(choice.index.positions[: len(choice.equalities)])
    columns = choice.index.index.columns[len(choice.equalities) :]
    directions: set[str] = set()
    place = 0
    for item in wanted:
        if item.position in fixed:
            continue
        if place == len(columns):
            if (choice.index.index.primary or choice.index.index.unique) and all(
                stored.table.columns[column.position].not_null for column in choice.index.index.columns
            ):
                break
            return None
        column = columns[place]
        if column.position != item.position:
            return None
        place += 1
        not_null = stored.table.columns[column.position].not_null
        same_nulls = not_null or column.nulls_first == item.nulls_first
        flipped_nulls = not_null or column.nulls_first != item.nulls_first
        if column.descending == item.descending and same_nulls:
            directions.add("forward")
        elif column.descending != item.descending and flipped_nulls:
            directions.add("backward")
        else:
            return None
        fixed.add(item.position)
    if len(directions) > 1:
        return None
    return directions.pop() if directions else "forward"


def choose(
    stored: StoredTable, conjuncts: Sequence[Expression], wanted: Sequence[Order] | None = (), limited: bool = False
) -> Choice:
    """The best use of an index. `wanted`: ORDER BY, None where it is no list of plain columns; `limited`: there is a
    LIMIT."""
    conditions = column_conditions(conjuncts)
    partial = [index for index in stored.partial if all(one in conjuncts for one in index.conditions)]
    choices = [_use(index, conditions) for index in (stored.primary, *stored.readable, *partial)]
    if wanted is not None:
        for choice in choices:
            choice.order = _order(choice, stored, wanted)

    def rank(choice: Choice) -> tuple[int, ...]:
        primary = choice.index is stored.primary
        ordered = bool(wanted) and choice.order is not None
        return (
            2 if choice.unique and primary else 1 if choice.unique else 0,
            len(choice.equalities),
            int(bool(choice.bounds)),
            int(ordered and (limited or primary)),
            int(primary),
        )

    return max(choices, key=rank)
