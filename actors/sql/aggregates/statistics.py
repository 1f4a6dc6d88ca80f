"""variance, stddev, corr, covar_* and regr_*: of float8 digit by digit as PostgreSQL's float.c computes them (Youngs
and Cramer), of numerics as its numeric.c does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from actors.sql.aggregates.registry import Overload, Resolve, register
from actors.sql.aggregates.totals import FLOATS, INTEGERS, sum_of
from actors.sql.expressions.arithmetic import float_overflow
from actors.sql.expressions.numerics import divide, division_scale, sqrt
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import CONTEXT, NAN

FLOAT8, INT8, NUMERIC = ColumnType("float8"), ColumnType("int8"), ColumnType("numeric")
NUMBERS = INTEGERS | FLOATS | {"numeric", "unknown"}
inf, nan = math.inf, math.nan


def accumulated(values: Iterable[float]) -> tuple[int, float, float]:
    """(count, sum, sum of squared distances from the mean). Raises 22003."""
    count, total, squares = 0, 0.0, 0.0
    for value in values:
        before = total
        count += 1
        total += value
        if count == 1:
            squares = nan if not math.isfinite(value) else 0.0
            continue
        distance = value * count - total
        squares += distance * distance / (count * (count - 1))
        if math.isinf(total) or math.isinf(squares):
            if not math.isinf(before) and not math.isinf(value):
                raise float_overflow()
            squares = nan
    return count, total, squares


def variance(values: list[float], sample: bool, root: bool) -> float | None:
    count, _, squares = accumulated(values)
    if count == 0 or (sample and count == 1):
        return None
    result = squares / (count - 1 if sample else count)
    return math.sqrt(result) if root else result


class Pairs:
    """Sums over pairs (y, x), as float8_regr_accum keeps them."""

    def __init__(self, pairs: Iterable[tuple[float, float]]) -> None:
        self.count = 0
        self.x = self.y = self.xx = self.yy = self.xy = 0.0
        for y, x in pairs:
            self._add(y, x)

    def _add(self, y: float, x: float) -> None:
        before_x, before_y = self.x, self.y
        self.count += 1
        self.x += x
        self.y += y
        if self.count == 1:
            if not math.isfinite(x):
                self.xx = self.xy = nan
            if not math.isfinite(y):
                self.yy = self.xy = nan
            return
        off_x, off_y = x * self.count - self.x, y * self.count - self.y
        scale = 1.0 / (self.count * (self.count - 1))
        self.xx += off_x * off_x * scale
        self.yy += off_y * off_y * scale
        self.xy += off_x * off_y * scale
        if any(map(math.isinf, (self.x, self.xx, self.y, self.yy, self.xy))):
            given_x, given_y = math.isinf(before_x) or math.isinf(x), math.isinf(before_y) or math.isinf(y)
            of_x, of_y = math.isinf(self.x) or math.isinf(self.xx), math.isinf(self.y) or math.isinf(self.yy)
            if (
                (of_x and not given_x)
                or (of_y and not given_y)
                or (math.isinf(self.xy) and not given_x and not given_y)
            ):
                raise float_overflow()
            self.xx, self.yy, self.xy = (nan if math.isinf(value) else value for value in (self.xx, self.yy, self.xy))

    def corr(self) -> float | None:
        return None if self.xx == 0 or self.yy == 0 else self.xy / math.sqrt(self.xx * self.yy)

    def r2(self) -> float | None:
        if self.xx == 0:
            return None
        return 1.0 if self.yy == 0 else (self.xy * self.xy) / (self.xx * self.yy)


Finish = Callable[[Pairs], "float | None"]
PAIRS: dict[str, Finish] = {
    "corr": Pairs.corr,
    "covar_pop": lambda sums: sums.xy / sums.count,
    "covar_samp": lambda sums: sums.xy / (sums.count - 1) if sums.count > 1 else None,
    "regr_avgx": lambda sums: sums.x / sums.count,
    "regr_avgy": lambda sums: sums.y / sums.count,
    "regr_sxx": lambda sums: sums.xx,
    "regr_syy": lambda sums: sums.yy,
    "regr_sxy": lambda sums: sums.xy,
    "regr_r2": Pairs.r2,
    "regr_slope": lambda sums: sums.xy / sums.xx if sums.xx != 0 else None,
    "regr_intercept": lambda sums: (sums.y - sums.x * sums.xy / sums.xx) / sums.count if sums.xx != 0 else None,
}
"""Of at least one pair."""


def variance_of(values: Sequence[Decimal], sample: bool, root: bool) -> Decimal | None:
    """numeric.c's numeric_stddev_internal: from the count, the sum and the sum of squares."""
    count = len(values)
    if sample and count <= 1:
        return None
    if not all(value.is_finite() for value in values):
        return NAN
    total = sum_of(values)
    squares = sum_of([CONTEXT.multiply(value, value) for value in values])
    over = CONTEXT.subtract(CONTEXT.multiply(Decimal(count), squares), CONTEXT.multiply(total, total))
    if over <= 0:
        return Decimal(0)
    below = Decimal(count * (count - 1) if sample else count * count)
    scale = division_scale(over, below)
    quotient = divide(over, below, scale)
    return sqrt(quotient, scale) if root else quotient


def _single(name: str, sample: bool, root: bool) -> Resolve:
    def of_numerics(values: Sequence[Any]) -> Decimal | None:
        return variance_of([Decimal(value) for value in values], sample, root)

    def of_floats(values: list[float]) -> float | None:
        return variance(values, sample, root)

    def resolve(types: Sequence[ColumnType]) -> Overload | None:
        if len(types) != 1:
            return None
        if types[0].name in FLOATS:
            return Overload(name, (FLOAT8,), FLOAT8, of_floats)
        return Overload(name, (types[0],), NUMERIC, of_numerics) if types[0].name in INTEGERS | {"numeric"} else None

    return resolve


def _pair(name: str, finish: Finish) -> Resolve:
    def over(ys: list[float], xs: list[float]) -> float | None:
        return finish(Pairs(zip(ys, xs, strict=True)))

    def resolve(types: Sequence[ColumnType]) -> Overload | None:
        if len(types) != 2 or not all(type_.name in NUMBERS for type_ in types):
            return None
        return Overload(name, (FLOAT8, FLOAT8), FLOAT8, over)

    return resolve


def _regr_count(types: Sequence[ColumnType]) -> Overload | None:
    if len(types) != 2 or not all(type_.name in NUMBERS for type_ in types):
        return None
    return Overload("regr_count", (FLOAT8, FLOAT8), INT8, lambda ys, xs: len(ys), True, 0)


for _name, _sample, _root in (
    ("stddev", True, True),
    ("stddev_samp", True, True),
    ("stddev_pop", False, True),
    ("variance", True, False),
    ("var_samp", True, False),
    ("var_pop", False, False),
):
    register(_name, _single(_name, _sample, _root))
for _name, _finish in PAIRS.items():
    register(_name, _pair(_name, _finish))
register("regr_count", _regr_count)
