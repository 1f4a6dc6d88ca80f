"""variance, stddev, corr, covar_* and regr_* of float8, digit by digit as PostgreSQL's float.c computes them (Youngs and Cramer), in functions of ours over DuckDB's lists of
the values: DuckDB's own (Welford) differ in the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.sql.expressions.arithmetic import float_overflow
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.udf import Udf

FLOAT8 = ColumnType("float8")
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


class _Pairs:
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
            if (of_x and not given_x) or (of_y and not given_y) or (math.isinf(self.xy) and not given_x and not given_y):
                raise float_overflow()
            self.xx, self.yy, self.xy = (nan if math.isinf(value) else value for value in (self.xx, self.yy, self.xy))

    def corr(self) -> float | None:
        return None if self.xx == 0 or self.yy == 0 else self.xy / math.sqrt(self.xx * self.yy)

    def r2(self) -> float | None:
        if self.xx == 0:
            return None
        return 1.0 if self.yy == 0 else (self.xy * self.xy) / (self.xx * self.yy)


Finish = Callable[[_Pairs], "float | None"]
PAIRS: dict[str, Finish] = {
    "corr": _Pairs.corr,
    "covar_pop": lambda sums: sums.xy / sums.count,
    "covar_samp": lambda sums: sums.xy / (sums.count - 1) if sums.count > 1 else None,
    "regr_avgx": lambda sums: sums.x / sums.count,
    "regr_avgy": lambda sums: sums.y / sums.count,
    "regr_sxx": lambda sums: sums.xx,
    "regr_syy": lambda sums: sums.yy,
    "regr_sxy": lambda sums: sums.xy,
    "regr_r2": _Pairs.r2,
    "regr_slope": lambda sums: sums.xy / sums.xx if sums.xx != 0 else None,
    "regr_intercept": lambda sums: (sums.y - sums.x * sums.xy / sums.xx) / sums.count if sums.xx != 0 else None,
}
"""Of at least one pair."""
SINGLE: dict[str, Callable[[list[float]], float | None]] = {
    "var_samp": lambda values: variance(values, True, False),
    "var_pop": lambda values: variance(values, False, False),
    "stddev_samp": lambda values: variance(values, True, True),
    "stddev_pop": lambda values: variance(values, False, True),
}


def _lists(column: Any) -> list[list[float]]:
    """Each list's values, without NULLs."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    items, start, found = whole.flatten().to_pylist(), 0, []
    for length in pc.list_value_length(whole).to_pylist():
        found.append(items[start : start + (length or 0)])
        start += length or 0
    return found


def single_udf(name: str, distinct: bool) -> Udf:
    from actors.query_processor.column_executor.udf import Udf, raised

    def make(_: Any) -> Callable[..., pa.Array]:
        def over(lists: Any) -> pa.Array:
            try:
                made = [SINGLE[name](_kept(values, distinct)) for values in _lists(lists)]
            except DatabaseError as error:
                raise raised(error) from error
            return pa.array(made, pa.float64())

        return over

    return Udf(f"eagleray_{name}_float{'_distinct' if distinct else ''}", ["DOUBLE[]"], "DOUBLE", FLOAT8, make)


def _kept(values: list[float], distinct: bool) -> list[float]:
    kept = [value for value in values if value is not None]
    return list(dict.fromkeys(kept)) if distinct else kept


def pair_udf(name: str) -> Udf:
    """Of two lists, y and x, of one length."""
    from actors.query_processor.column_executor.udf import Udf, raised

    def make(_: Any) -> Callable[..., pa.Array]:
        def over(left: Any, right: Any) -> pa.Array:
            made: list[float | None] = []
            try:
                for ys, xs in zip(_lists(left), _lists(right), strict=True):
                    sums = _Pairs([(y, x) for y, x in zip(ys, xs, strict=True) if y is not None and x is not None])
                    made.append(PAIRS[name](sums) if sums.count else None)
            except DatabaseError as error:
                raise raised(error) from error
            return pa.array(made, pa.float64())

        return over

    return Udf(f"eagleray_{name}_pairs", ["DOUBLE[]", "DOUBLE[]"], "DOUBLE", FLOAT8, make)
