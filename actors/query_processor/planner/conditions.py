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

from collections.abc import Sequence, Set
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
from actors.query_processor.row_executor.literal_parts import require_literals
from actors.query_processor.row_executor.stored_table import Key, StoredIndex, StoredTable
from actors.sql.expressions.tree import Call, Column, Expression, InList, NullTest, Quantified
from actors.sql.types.arrays import element_of

_INTEGERS = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Order:
    """One item of ORDER BY: a column's position, or an expression."""

    key: Key
    descending: bool
    nulls_first: bool


@dataclass(slots=True)
class Equality:
    """`values`: one expression for each alternative, or an array's alone, which is expanded when the plan runs."""

    conjunct: int
    values: tuple[Expression, ...]


@dataclass(slots=True)
class ColumnConditions:
    """What the conjuncts say of one column, or of an expression that is a part of some index's key."""

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


def _usable(name: str, value: str, signature: tuple[str, ...]) -> bool:
    """Whether `key = value` under that operator means equality of key bytes; `name` and `value`: their types'."""
    left, right = signature
    if name in _INTEGERS:
        return left in _INTEGERS and right in _INTEGERS
    if name in _TEXTS:
        return left in _TEXTS and right in _TEXTS
    return left == right == name == value


def _key_of(expression: Expression, computed: Set[Expression]) -> Key | None:
    """What part of a key an expression may be."""
    if isinstance(expression, Column):
        return expression.position
    return expression if computed and expression in computed else None


def _comparison(expression: Expression, computed: Set[Expression]) -> tuple[Key, str, Expression] | None:
    if not isinstance(expression, Call) or expression.name not in _FLIPPED or len(expression.arguments) != 2:
        return None
    left, right = expression.arguments
    signature, types = expression.signature, (left.type.name, right.type.name)
    key = _key_of(left, computed)
    if key is not None and is_value(right) and _usable(*types, signature):
        return key, expression.name, right
    key = _key_of(right, computed)
    if key is not None and is_value(left) and _usable(*types[::-1], signature[::-1]):
        return key, _FLIPPED[expression.name], left
    return None


def column_conditions(
    conjuncts: Sequence[Expression], computed: Set[Expression] = frozenset()
) -> dict[Key, ColumnConditions]:
    """By position, or by the expression that is `computed` for some index."""
    found: dict[Key, ColumnConditions] = {}
    for number, conjunct in enumerate(conjuncts):
        comparison = _comparison(conjunct, computed)
        if comparison is not None:
            key, operator, value = comparison
            conditions = found.setdefault(key, ColumnConditions())
            if operator == "=":
                conditions.equalities.append(Equality(number, (value,)))
            else:
                conditions.bounds.append((number, (operator, value)))
        elif isinstance(conjunct, InList | Quantified | NullTest):
            argument, values = _key_of(conjunct.argument, computed), _alternatives(conjunct)
            if argument is not None and values:
                found.setdefault(argument, ColumnConditions()).equalities.append(Equality(number, values))
    return found


def _alternatives(conjunct: InList | Quantified | NullTest) -> tuple[Expression, ...]:
    """What its argument is equal to one of; () where it says something else."""
    name = conjunct.argument.type.name
    if isinstance(conjunct, NullTest):
        return () if conjunct.negated else (MATCHES_NULL,)
    if isinstance(conjunct, Quantified):
        array = conjunct.array
        usable = conjunct.is_membership and _usable(name, element_of(array.type.name), conjunct.signature)
        return (array,) if usable and is_value(array) else ()
    usable = not conjunct.negated and all(
        is_value(item) and _usable(name, item.type.name, (name, item.type.name)) for item in conjunct.items
    )
    return conjunct.items if usable else ()


def _use(index: StoredIndex, conditions: dict[Key, ColumnConditions]) -> Choice:
    """As many leading columns as have equalities, then bounds on the next one."""
    equalities: list[tuple[Expression, ...]] = []
    bounds: list[Bound] = []
    enforced: set[int] = set()
    unique = index.index.unique or index.index.primary
    points = unique and all(key in conditions and conditions[key].equalities for key in index.keys)
    combinations_max = POINTS_MAX if points else PREFIXES_MAX
    for key in index.keys:
        known = conditions.get(key)
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
    keys, columns = choice.index.keys, choice.index.index.columns

    def is_not_null(key: Key) -> bool:
        return isinstance(key, int) and stored.table.columns[key].not_null

    place = len(choice.equalities)
    fixed = set(keys[:place])
    directions: set[str] = set()
    for item in wanted:
        if item.key in fixed:
            continue
        if place == len(columns):
            if (choice.index.index.primary or choice.index.index.unique) and all(map(is_not_null, keys)):
                break
            return None
        column, key = columns[place], keys[place]
        if key != item.key:
            return None
        place += 1
        not_null = is_not_null(key)
        same_nulls = not_null or column.nulls_first == item.nulls_first
        flipped_nulls = not_null or column.nulls_first != item.nulls_first
        if column.descending == item.descending and same_nulls:
            directions.add("forward")
        elif column.descending != item.descending and flipped_nulls:
            directions.add("backward")
        else:
            return None
        fixed.add(item.key)
    if len(directions) > 1:
        return None
    return directions.pop() if directions else "forward"


def choose(
    stored: StoredTable, conjuncts: Sequence[Expression], wanted: Sequence[Order] | None = (), limited: bool = False
) -> Choice:
    """The best use of an index. `wanted`: ORDER BY, None where it does not matter; `limited`: there is a LIMIT. Raises
    LiteralsMatter (literal_parts.py)."""
    conditions = column_conditions(conjuncts, stored.computed)
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

    best = max(choices, key=rank)
    if stored.literal_parts and not best.unique:
        require_literals(stored.literal_parts, conjuncts)
    return best
