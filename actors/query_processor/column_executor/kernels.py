"""Operators and casts of ours as Arrow kernels: what functions inside DuckDB (udf.py) ask before they go through their
rows one by one.

    kernel = kernel_of(Call("/", ("numeric", "numeric"), (Column(0), Column(1))))      None: there is none
    kernel([dividends, divisors])   ->   the function's result column, or NotPlain

- numeric / numeric, with PostgreSQL's scale for each quotient
- a cast of a numeric or an integer to numeric(p, s)
- an interval of time times a number
- a timestamp and an interval of time (of days as well, where there is no time zone)

What a kernel promises: each value is, to the digit, what the row's own function gives. It refuses (NotPlain) a column
with a value for which that is not sure, or that the function would refuse: an infinity, a zero divisor, what is out of
range. Then the rows' function goes through them, and raises the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.query_processor.column_executor.values import POSTGRES_EPOCH_US
from actors.sql.encoding.row_columns import NotPlain
from actors.sql.encoding.string_arrays import buffers, right_ends
from actors.sql.expressions import tree
from actors.sql.expressions.numerics import SIGNIFICANT_DIGITS_MIN
from actors.sql.types.calendar import DAY_US, TIMESTAMP_MIN
from actors.sql.types.numeric import precision_and_scale

Kernel = Callable[[Sequence[Any]], pa.Array]
"""The arguments that are no constants, as DuckDB gives them -> the result as DuckDB takes it. Raises NotPlain, and
pa.ArrowInvalid, which means the same."""

DECIMAL_DIGITS_MAX = 38
PLAIN_SCALE_MAX = 6
"""Arrow writes decimals of a larger scale with an exponent where they are small."""
MANTISSA_END = 10**15
"""Digits of a quotient's numbers: in base 10000 they are eight bytes."""
INTEGER_DIGITS_MAX = 19
_BASE = 10_000
_BASES = np.array([_BASE**power for power in range(5)], np.int64)
_SMALL_INTEGERS = frozenset({"int2", "int4", "int8"})
_TIMESTAMPS = frozenset({"timestamp", "timestamptz"})
_OF_NUMBER = np.zeros(256, bool)
_OF_NUMBER[list(b"0123456789-.")] = True
_INTERVAL = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])
_INTERVAL_US_END = 2**63 // 1000
NEAR_US = 2**60
"""Around 1970: three such add up without overflow, and are no infinity and no moment beyond the last one."""
DAYS_END = NEAR_US // DAY_US
FIRST_US = TIMESTAMP_MIN + POSTGRES_EPOCH_US
"""The first moment, since 1970."""
_ZERO, _POINT, _MINUS = b"0.-"


def kernel_of(plain: Any) -> Kernel | None:
    """`plain`: a Call or a Cast whose arguments are Column(0), Column(1) ... or constant intervals."""
    if isinstance(plain, tree.Cast):
        return _cast_kernel(plain)
    if not isinstance(plain, tree.Call) or len(plain.arguments) != 2:
        return None
    name, signature = plain.name, plain.signature
    if (name, signature) == ("/", ("numeric", "numeric")):
        return lambda arrays: quotients(*arrays)
    if name == "*" and sorted(signature) == ["float8", "interval"]:
        place = signature.index("interval")
        return partial(_with_interval, _products, place, plain.arguments[place])
    if name in ("+", "-") and "interval" in signature and not _TIMESTAMPS.isdisjoint(signature):
        place = signature.index("interval")
        add = partial(_sums, 1 if name == "+" else -1, "timestamptz" in signature)
        return partial(_with_interval, add, place, plain.arguments[place])
    return None


# -- numerics ----------------------------------------------------------------------------------------------------------


def _cast_kernel(cast: tree.Cast) -> Kernel | None:
    source, target = cast.argument.type.name, cast.type
    if target.name != "numeric" or target.modifier < 0 or source not in _SMALL_INTEGERS | {"numeric"}:
        return None
    precision, scale = precision_and_scale(target.modifier)
    if not 0 <= scale <= min(precision, PLAIN_SCALE_MAX) or precision > DECIMAL_DIGITS_MAX - 1:
        return None
    return lambda arrays: rounded(arrays[0], precision, scale)


def rounded(numbers: Any, precision: int, scale: int) -> pa.Array:
    """Texts of numerics, or integers, as texts of numeric(precision, scale), rounded half away from zero."""
    numbers = _whole(numbers)
    if pa.types.is_integer(numbers.type):
        exact = numbers.cast(pa.decimal128(INTEGER_DIGITS_MAX, 0))
    else:
        scales = _scales(numbers)
        most = int(scales.max(initial=0))
        if most > DECIMAL_DIGITS_MAX:
            raise NotPlain
        exact = numbers.cast(pa.decimal128(DECIMAL_DIGITS_MAX, most))
    if exact.type.scale > scale:
        exact = pc.round(exact, scale, "half_towards_infinity")
    made = exact.cast(pa.decimal128(DECIMAL_DIGITS_MAX, scale))
    bounds = pc.min_max(made).as_py()
    limit = 10 ** (precision - scale)
    if bounds["max"] is not None and not -limit < bounds["min"] <= bounds["max"] < limit:
        raise NotPlain
    return made.cast(pa.utf8())


def quotients(dividends: Any, divisors: Any) -> pa.Array:
    """Texts of numerics, each column with one scale."""
    dividends, divisors = _whole(dividends), _whole(divisors)
    absent = np.asarray(dividends.is_null()) | np.asarray(divisors.is_null())
    one, one_scale = _mantissas(dividends)
    other, other_scale = _mantissas(divisors)
    other[absent] = 1
    if not other.all():
        raise NotPlain
    negative = (one < 0) != (other < 0)
    one, other = np.abs(one), np.abs(other)
    one_weight, one_digit = _weights(one, one_scale)
    other_weight, other_digit = _weights(other, other_scale)
    weight = one_weight - other_weight - (one_digit <= other_digit)
    scales = np.maximum(SIGNIFICANT_DIGITS_MIN - 4 * weight, max(one_scale, other_scale))
    parts: list[pa.Array] = []
    order: list[Any] = []
    for scale in np.unique(scales):
        rows = np.flatnonzero(scales == scale)
        shift = int(scale) + other_scale - one_scale
        if shift < 0:
            raise NotPlain
        digits = _digits(one[rows], other[rows], shift)
        parts.append(_texts(digits, int(scale), negative[rows]))
        order.append(rows)
    if not parts:
        return pa.array([], pa.utf8())
    places = np.empty(len(absent), np.int64)
    places[np.concatenate(order)] = np.arange(len(absent))
    return pa.concat_arrays(parts).take(pa.array(places, mask=absent)).view(pa.utf8())


def _whole(column: Any) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if pa.types.is_integer(column.type) or column.type == pa.utf8() else column.cast(pa.utf8())


def _scales(texts: pa.Array) -> Any:
    """Of each text that is not NULL."""
    if not _OF_NUMBER[buffers(texts)[1]].all():
        raise NotPlain  # NaN, an infinity
    present = texts.drop_null()
    points = pc.find_substring(present, ".").to_numpy()
    return np.where(points < 0, 0, pc.binary_length(present).to_numpy() - points - 1)


def _mantissas(texts: pa.Array) -> tuple[Any, int]:
    """(the numbers' digits as integers, 0 for NULL; the scale that all have)."""
    scales = _scales(texts)
    scale = int(scales.max(initial=0))
    if scale > DECIMAL_DIGITS_MAX or (len(scales) and int(scales.min()) != scale):
        raise NotPlain
    decimals = texts.cast(pa.decimal128(DECIMAL_DIGITS_MAX, scale))
    words = np.frombuffer(decimals.buffers()[1], np.int64).reshape(-1, 2)[decimals.offset :][: len(texts)]
    numbers, heads = words[:, 0].copy(), words[:, 1]
    if texts.null_count:
        null = np.asarray(texts.is_null())
        numbers[null], heads = 0, np.where(null, 0, heads)
    if (numbers >> 63 != heads).any() or (np.abs(numbers) >= MANTISSA_END).any():
        raise NotPlain
    return numbers, scale


def _weights(numbers: Any, scale: int) -> tuple[Any, Any]:
    """(weight, first digit) in base 10000 of numbers of this scale, as PostgreSQL keeps them; (0, 0) of zero."""
    groups, rest = divmod(scale, 4)
    groups += rest > 0
    aligned = numbers * 10 ** (4 * groups - scale)
    count = np.searchsorted(_BASES, aligned, "right")
    first = aligned // _BASES[np.maximum(count - 1, 0)]
    return np.where(count > 0, count - 1 - groups, 0), first


def _digits(dividends: Any, divisors: Any, shift: int) -> Any:
    """The decimal digits of dividend * 10^shift / divisor, rounded half up, a row a quotient, by long division."""
    step = INTEGER_DIGITS_MAX - 1 - len(str(int(divisors.max(initial=1))))
    quotient, rest = np.divmod(dividends, divisors)
    chunks = [(quotient, INTEGER_DIGITS_MAX)]
    left = shift
    while left:
        width = min(step, left)
        quotient, rest = np.divmod(rest * 10**width, divisors)
        chunks.append((quotient, width))
        left -= width
    carry = (2 * rest >= divisors).astype(np.int64)
    digits = np.empty((len(dividends), INTEGER_DIGITS_MAX + shift), np.uint8)
    end = digits.shape[1]
    for numbers, width in reversed(chunks):
        numbers = numbers + carry
        carry = numbers // 10**width if width < INTEGER_DIGITS_MAX else np.zeros_like(numbers)
        for place in range(end - 1, end - width - 1, -1):
            numbers, digit = np.divmod(numbers, 10)
            digits[:, place] = digit
        end -= width
    return digits


def _texts(digits: Any, scale: int, negative: Any) -> pa.Array:
    """The numbers of these digits, the last `scale` of them behind the point, as binary texts."""
    count, width = digits.shape
    before = max(width - scale, 1)
    if width < scale + 1:
        digits = np.concatenate([np.zeros((count, scale + 1 - width), np.uint8), digits], axis=1)
    fields = np.full((count, 1 + digits.shape[1] + (scale > 0)), _POINT, np.uint8)
    fields[:, 1 : 1 + before] = digits[:, :before] + _ZERO
    if scale:
        fields[:, 2 + before :] = digits[:, before:] + _ZERO
    nonzero = digits != 0
    begins = np.minimum(np.where(nonzero.any(axis=1), nonzero.argmax(axis=1), before - 1), before - 1)
    sizes = fields.shape[1] - 1 - begins
    signed = np.flatnonzero(negative & nonzero.any(axis=1))
    fields[signed, begins[signed]] = _MINUS
    sizes[signed] += 1
    return right_ends(fields, sizes)


# -- intervals and timestamps ------------------------------------------------------------------------------------------


def _with_interval(
    compute: Callable[[Any, Any, Any, Any], pa.Array], place: int, interval: Any, arrays: Sequence[Any]
) -> pa.Array:
    """`compute` of the other argument, and of each row's days, microseconds and whether one of both is NULL.
    `interval`: the argument at `place`, a constant or a column."""
    if isinstance(interval, tree.Constant):
        [other] = arrays
        months, days, microseconds = interval.datum
        null = np.zeros(len(other), bool)
    else:
        other, column = arrays[1 - place], arrays[place]
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        null = np.asarray(column.is_null())
        parts = np.frombuffer(column.buffers()[1], _INTERVAL)[column.offset :][: len(column)]
        months, days = (np.where(null, 0, parts[name]) for name in ("months", "days"))
        microseconds = np.where(null, 0, parts["nanoseconds"]) // 1000
    if np.any(months):
        raise NotPlain
    if isinstance(other, pa.ChunkedArray):
        other = other.combine_chunks()
    return compute(other, days, microseconds, null | np.asarray(other.is_null()))


def _products(factors: pa.Array, days: Any, microseconds: Any, null: Any) -> pa.Array:
    numbers = np.where(null, 0.0, factors.fill_null(pa.scalar(0.0, factors.type)).to_numpy(zero_copy_only=False))
    if np.any(days) or not np.isfinite(numbers).all():
        raise NotPlain
    products = np.rint(microseconds * numbers)
    if (np.abs(products) >= _INTERVAL_US_END).any():
        raise NotPlain
    made = np.zeros(len(numbers), _INTERVAL)
    made["nanoseconds"] = products.astype(np.int64) * 1000
    validity = pa.array(~null).buffers()[1] if null.any() else None
    return pa.Array.from_buffers(pa.month_day_nano_interval(), len(numbers), [validity, pa.py_buffer(made.tobytes())])


def _sums(sign: int, zoned: bool, moments: pa.Array, days: Any, microseconds: Any, null: Any) -> pa.Array:
    if zoned and np.any(days):
        raise NotPlain  # a day of the session's zone has 23 to 25 hours
    since_1970 = moments.cast(pa.timestamp("us")).view(pa.int64()).fill_null(pa.scalar(0, pa.int64()))
    begins = np.where(null, 0, since_1970.to_numpy(zero_copy_only=False))
    if np.any(np.abs(days) >= DAYS_END) or np.any(np.abs(microseconds) >= NEAR_US) or np.any(np.abs(begins) >= NEAR_US):
        raise NotPlain
    first = begins + sign * DAY_US * np.asarray(days, np.int64)
    sums = first + sign * microseconds
    for each in (begins, first, sums):
        if len(each) and each.min() < FIRST_US:
            raise NotPlain
    return pa.array(sums, pa.int64(), mask=null).view(pa.timestamp("us"))
