"""Many values' texts read at once: what COPY's fields become, without a Python object for each value.

    column_of(texts, type, read)        texts: a pyarrow utf8 array, NULL where the value is
    -> pyarrow array                    as to_arrow(...) of the datums that `read` gives for each text

A type's kernel takes the texts that most data are made of (plain decimal numbers, ISO dates and times with at most a
numeric zone, words for booleans, hyphenated uuids) and is sure that they mean for PostgreSQL what they mean for Arrow:
it looks at the characters first, and at ranges afterwards. A column with any other text in it is read value by value by
`read`, the type's own reader, which also raises the errors.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.sql.encoding.arrow_types import arrow_type, to_arrow
from actors.sql.encoding.row_columns import NotPlain
from actors.sql.encoding.string_arrays import buffers, from_matrix, matrix_of
from actors.sql.types.column_type import ColumnType

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_ZERO = ord("0")


def _table(characters: bytes) -> Any:
    table = np.zeros(256, bool)
    table[list(characters)] = True
    return table


_INTEGER = _table(b"0123456789-")
_DECIMAL = _table(b"0123456789-.")
_FLOAT = _table(b"0123456789-.eE+")
_ZEROS = _table(b"0-.")
_HEXADECIMAL = np.full(256, 255, np.uint8)
for _digit, _character in enumerate(b"0123456789abcdef"):
    _HEXADECIMAL[_character] = _digit
_HYPHENS = (8, 13, 18, 23)
_DIGITS_OF_UUID = [place for place in range(36) if place not in _HYPHENS]
_TRUE, _FALSE = pa.array(["t", "true", "1", "y", "yes", "on"]), pa.array(["f", "false", "0", "n", "no", "off"])
_CANONICAL_NUMERIC = r"^(0|-?[1-9][0-9]{0,30}|-?[1-9][0-9]{0,30}\.[0-9]{1,6}|0\.[0-9]{1,6}|-0\.[0-9]{0,5}[1-9])$"
"""What shows as it is written: no zeros before, no sign before a zero, no exponent."""
LENGTHS_MAX = 16
"""Of a column of times: more shapes than that are no common column."""


def column_of(texts: pa.Array, type_: ColumnType, read: Callable[[str], Any], zone: tzinfo | None = None) -> pa.Array:
    """See the module. `zone`: of the session, for times without a zone. Raises what `read` and `to_arrow` raise."""
    try:
        kernel = _KERNELS.get(type_.name)
        if kernel is not None:
            return kernel(texts, type_, zone)
    except (NotPlain, pa.ArrowInvalid):
        pass
    return to_arrow([None if text is None else read(text) for text in texts.to_pylist()], type_)


def _only(texts: pa.Array, characters: Any) -> None:
    """The bytes under a NULL count, too: they are none, or a NULL's text, which makes the column not plain."""
    if not characters[buffers(texts)[1]].all():
        raise NotPlain


def _integers(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    _only(texts, _INTEGER)
    return texts.cast(arrow_type(type_))


def _floats(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    _only(texts, _FLOAT)
    numbers = texts.cast(pa.float64())
    if type_.name == "float4":
        numbers = numbers.cast(pa.float32(), safe=False)
    values = numbers.drop_null().to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all():
        raise NotPlain
    zeros = pc.fill_null(pc.equal(numbers, pa.scalar(0, numbers.type)), pa.scalar(False, pa.bool_()))
    if pc.any(zeros).as_py():  # a zero, or too small a number?
        _only(texts.filter(zeros), _ZEROS)
    return numbers


def _numerics(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    kind = arrow_type(type_)
    if not pa.types.is_decimal(kind):
        if type_.modifier >= 0 or not pc.all(pc.match_substring_regex(texts, _CANONICAL_NUMERIC)).as_py():
            raise NotPlain
        return texts
    _only(texts, _DECIMAL)
    numbers = texts.cast(kind)
    precision = ((type_.modifier - 4) >> 16) & 0xFFFF
    bounds = pc.min_max(numbers)
    limit = 10 ** (precision - kind.scale)
    if bounds["max"].is_valid and not -limit < bounds["min"].as_py() <= bounds["max"].as_py() < limit:
        raise NotPlain
    return numbers


def _booleans(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    true = pc.is_in(texts, value_set=_TRUE)
    if not pc.all(pc.or_(pc.or_(true, pc.is_in(texts, value_set=_FALSE)), texts.is_null())).as_py():
        raise NotPlain
    return pc.if_else(texts.is_null(), pa.scalar(None, pa.bool_()), true) if texts.null_count else true


def _texts(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    if type_.modifier >= 0:
        longest = pc.max(pc.utf8_length(texts)).as_py()
        if longest is not None and longest > type_.modifier - 4:
            raise NotPlain
        if type_.name == "bpchar":
            return pc.utf8_rtrim(texts, " ")
    return texts


def _uuids(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    present = texts.drop_null()
    matrix = _matrix(present, 36)
    if not (matrix[:, list(_HYPHENS)] == ord("-")).all():
        raise NotPlain
    digits = _HEXADECIMAL[matrix[:, _DIGITS_OF_UUID]]
    if digits.size and digits.max() > 15:
        raise NotPlain
    found = from_matrix(digits[:, 0::2] << 4 | digits[:, 1::2])
    return found if not texts.null_count else _spread(found, texts)


def _spread(found: pa.Array, texts: pa.Array) -> pa.Array:
    """The values of those texts that are not NULL, at their places."""
    valid = np.asarray(texts.is_valid())
    return found.take(pa.array(np.cumsum(valid) - 1, mask=~valid))


def _matrix(texts: pa.Array, length: int) -> Any:
    """The characters of texts (no NULL) of one length, a row a text."""
    if not pc.all(pc.equal(pc.binary_length(texts), pa.scalar(length, pa.int32()))).as_py():
        raise NotPlain
    return matrix_of(texts, length)


def _dates(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    present = texts.drop_null()
    days = _days(_matrix(present, 10))
    found = pa.array(days, pa.int32()).view(pa.date32())
    return found if not texts.null_count else _spread(found, texts)


def _times(texts: pa.Array, type_: ColumnType, zone: tzinfo | None) -> pa.Array:
    """timestamp and timestamptz, text by text's length."""
    present = texts.drop_null()
    lengths = pc.binary_length(present).to_numpy(zero_copy_only=False)
    moments = np.zeros(len(present), np.int64)
    kinds = np.flatnonzero(np.bincount(lengths)) if len(lengths) else ()
    if len(kinds) > LENGTHS_MAX:
        raise NotPlain
    for length in kinds:
        if len(kinds) == 1:
            moments = _moments(_matrix(present, int(length)), type_, zone)
        else:
            rows = lengths == length
            moments[rows] = _moments(_matrix(present.filter(pa.array(rows)), int(length)), type_, zone)
    found = pa.array(moments, pa.int64()).view(arrow_type(type_))
    return found if not texts.null_count else _spread(found, texts)


def _number(matrix: Any, start: int, end: int) -> Any:
    """Of the decimal digits [start, end) of each row."""
    number = np.zeros(len(matrix), np.int64)
    for place in range(start, end):
        digit = matrix[:, place] - np.uint8(_ZERO)  # what is below "0" wraps around
        if (digit > 9).any():
            raise NotPlain
        number = number * 10 + digit
    return number


_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _days(matrix: Any) -> Any:
    """YYYY-MM-DD -> days since 1970 (proleptic Gregorian; Hinnant's days_from_civil)."""
    if not (matrix[:, [4, 7]] == ord("-")).all():
        raise NotPlain
    year, month, day = _number(matrix, 0, 4), _number(matrix, 5, 7), _number(matrix, 8, 10)
    if not ((year > 0) & (month > 0) & (month < 13) & (day > 0)).all():
        raise NotPlain
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if (day > _MONTH_DAYS[month] + leap).any():
        raise NotPlain
    year = year - (month <= 2)
    era, year_of_era = np.divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def _moments(matrix: Any, type_: ColumnType, zone: tzinfo | None) -> Any:
    """YYYY-MM-DD HH:MM:SS, perhaps a fraction of up to six digits, perhaps a zone -> microseconds since 1970."""
    length = matrix.shape[1]
    if length < 19 or not (matrix[:, [13, 16]] == ord(":")).all() or not (matrix[:, 10] == ord(" ")).all():
        raise NotPlain
    days = _days(matrix[:, :10])
    hour, minute, second = _number(matrix, 11, 13), _number(matrix, 14, 16), _number(matrix, 17, 19)
    if not ((hour < 24) & (minute < 60) & (second < 60)).all():
        raise NotPlain
    end, shift = _zone_of(matrix, zone) if type_.name == "timestamptz" else (length, 0)
    fraction: Any = 0
    if end > 19:
        digits = end - 20
        if not (matrix[:, 19] == ord(".")).all() or not 0 < digits <= 6 or 0 <= type_.modifier < digits:
            raise NotPlain
        fraction = _number(matrix, 20, end) * 10 ** (6 - digits)
    return days * _DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction - shift


def _zone_of(matrix: Any, zone: tzinfo | None) -> tuple[int, Any]:
    """(where +HH or -HH begins, by how many microseconds it is ahead of UTC)."""
    length = matrix.shape[1]
    if length >= 22:
        sign = matrix[:, length - 3]
        positive, negative = sign == ord("+"), sign == ord("-")
        if (positive | negative).all():
            hours = _number(matrix, length - 2, length)
            if (hours > 15).any():
                raise NotPlain
            return length - 3, np.where(positive, hours, -hours) * _HOUR_US
        if (positive | negative).any():
            raise NotPlain
    if not _is_utc(zone):
        raise NotPlain
    return length, 0


def _is_utc(zone: tzinfo | None) -> bool:
    if isinstance(zone, timezone):
        return zone.utcoffset(None) == timedelta(0)
    return getattr(zone, "key", "") in ("UTC", "Etc/UTC")


_KERNELS: dict[str, Callable[[pa.Array, ColumnType, tzinfo | None], pa.Array]] = {
    "int2": _integers,
    "int4": _integers,
    "int8": _integers,
    "float4": _floats,
    "float8": _floats,
    "numeric": _numerics,
    "bool": _booleans,
    "text": _texts,
    "varchar": _texts,
    "bpchar": _texts,
    "uuid": _uuids,
    "date": _dates,
    "timestamp": _times,
    "timestamptz": _times,
}
