"""Many encoded rows (rows.py) as Arrow columns, without a Python object for each value: what the first scan of a
block costs.

    columns_of(values, positions, types)        values: a pyarrow binary array of encoded rows, null for no row
    -> {position: pyarrow array}                as to_arrow(...) of the decoded datums
    all_columns(values, types)                  every column of the rows, where the types may be unknown (())
    -> {position: (ColumnType, array)}          then an integer is an int8, a string a text ...: what the bytes tell
    recast(array, stored, wanted)               such a column as one of its real type

All rows advance together, a column at a time: `cursor[i]` is where row i's next value begins, its first byte says
what it is and how long it takes (MessagePack), and NumPy looks all of them up at once. A column that is asked for is
gathered on the way, the others are passed over.

Raises NotPlain where the rows hold what is decoded one by one: arrays, numerics with an exponent, values of another
type than the column's.

Source of the format: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.sql.encoding.arrow_types import arrow_type, from_integers
from actors.sql.encoding.string_arrays import buffers
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.column_type import ColumnType

NOTHING = ColumnType("nothing")
"""Of columns in which all is NULL, where no type is known."""
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "char", "unknown", "numeric", "json", "jsonb"}) | BITS
BINARIES = frozenset({"bytea"}) | ORDERED_BYTES
FLOATS = frozenset({"float4", "float8"})
INTEGERS = frozenset({"int2", "int4", "int8", "oid", "date", "time", "timestamp", "timestamptz"})

NIL, FALSE, TRUE, FLOAT64, TRIPLE = 0xC0, 0xC2, 0xC3, 0xCB, 0x93
"""TRIPLE: an array of three, as an interval is."""
_FIXED_STR = range(0xA0, 0xC0)
_INTEGERS = {
    0xCC: (1, False),
    0xCD: (2, False),
    0xCE: (4, False),
    0xCF: (8, False),
    0xD0: (1, True),
    0xD1: (2, True),
    0xD2: (4, True),
    0xD3: (8, True),
}
"""Tag -> (bytes, signed)."""
_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
"""Tag of bin and str -> bytes of the length that follows."""


_TOLD = {
    FALSE: "bool",
    TRUE: "bool",
    FLOAT64: "float8",
    TRIPLE: "interval",
    **dict.fromkeys((*_FIXED_STR, 0xD9, 0xDA, 0xDB), "text"),
    **dict.fromkeys((0xC4, 0xC5, 0xC6), "bytea"),
}
"""Tag -> the widest type whose datums are written so; any other tag is an integer's."""
_INTERVAL_US_MAX = (2**63 - 1) // 1000


class NotPlain(Exception):
    """Decode these rows one by one."""


def _sizes() -> Any:
    """What a value takes by its tag, with the length word but without what that counts; 0 for what is not plain."""
    sizes = np.zeros(256, np.int64)
    sizes[0x00:0x80] = sizes[0xE0:0x100] = sizes[[NIL, FALSE, TRUE]] = 1
    sizes[0xCA], sizes[FLOAT64] = 5, 9
    sizes[_FIXED_STR.start : _FIXED_STR.stop] = np.arange(1, 33)
    sizes[TRIPLE] = 1
    for tag, (width, _) in _INTEGERS.items():
        sizes[tag] = 1 + width
    for tag, width in _LENGTHS.items():
        sizes[tag] = 1 + width
    return sizes


_SIZES = _sizes()
_IS_INTEGER = np.zeros(256, bool)
_IS_INTEGER[[*range(0x80), *range(0xE0, 0x100), NIL, *_INTEGERS]] = True
_IS_UNSIGNED = np.zeros(256, bool)
_IS_UNSIGNED[[tag for tag, (_, signed) in _INTEGERS.items() if not signed]] = True
_LEFT = np.full(256, 56, np.uint64)
"""By an integer's tag: what lies before it in eight bytes that it ends, in bits."""
_LEFT[list(_INTEGERS)] = [64 - 8 * width for width, _ in _INTEGERS.values()]


def _windows(data: Any) -> Any:
    """Of each place in the data, and of their end, the eight bytes before it (zeros before the first) as a
    number."""
    padded = np.concatenate((np.zeros(8, np.uint8), data))
    return np.ndarray((len(data) + 1,), np.dtype(">u8"), padded, strides=(1,))


class _Values:
    """One column of all rows: where each value begins, its tag, and which rows have none."""

    def __init__(self, data: Any, windows: Any, cursor: Any, present: Any, is_part: bool = False) -> None:
        """`windows`: as `_windows`. `is_part`: of a triple, which holds no other. Raises NotPlain."""
        self.data = data
        self.windows = windows
        self.cursor = cursor
        all_present = bool(present.all())
        tags = data.take(cursor, mode="clip")
        self.tags = tags if all_present else np.where(present, tags, np.uint8(NIL))
        self.kinds = np.flatnonzero(np.bincount(self.tags, minlength=256))
        if not _SIZES[self.kinds].all():
            raise NotPlain
        self.begins = cursor + 1
        """Of strings: where their bytes begin."""
        self.sizes = _SIZES.take(self.tags) if all_present else np.where(present, _SIZES.take(self.tags), 0)
        for tag in self.kinds:
            width = _LENGTHS.get(int(tag))
            if width:
                rows = np.flatnonzero(self.tags == tag)
                self.begins[rows] += width
                self.sizes[rows] += self._unsigned(rows, width)
        self.parts: list[_Values] = []
        """Of triples."""
        if TRIPLE in self.kinds:
            if is_part:
                raise NotPlain
            is_triple = self.tags == TRIPLE
            for _ in range(3):
                self.parts.append(_Values(data, windows, cursor + self.sizes, is_triple, True))
                self.sizes = self.sizes + self.parts[-1].sizes

    def _unsigned(self, rows: Any, width: int) -> Any:
        number = np.zeros(len(rows), np.int64)
        for place in range(width):
            number = (number << 8) | self.data[self.cursor[rows] + 1 + place]
        return number

    def column(self, type_: ColumnType) -> pa.Array:
        name = type_.name
        null = self.tags == NIL
        if name in INTEGERS:
            return from_integers(pa.array(self._integers(), pa.int64(), mask=null), type_)
        if name == "bool":
            self._only({FALSE, TRUE})
            return pa.array(self.tags == TRUE, pa.bool_(), mask=null)
        if name in FLOATS:
            return pa.array(self._floats(), pa.float64(), mask=null).cast(arrow_type(type_), safe=False)
        if name in TEXTS:
            self._only({*_FIXED_STR, 0xD9, 0xDA, 0xDB})
            texts = self._bytes(null, pa.utf8())
            return _numerics(texts, arrow_type(type_)) if name == "numeric" else texts
        if name in BINARIES:
            self._only({0xC4, 0xC5, 0xC6})
            return self._bytes(null, pa.binary())
        if name == NOTHING.name:
            return pa.nulls(len(null))
        if name == "interval":
            self._only({TRIPLE})
            return self._intervals(null)
        raise NotPlain

    def told(self) -> ColumnType | None:
        """The widest type of what the tags say; `NOTHING` where all are NULL, None where they say different things."""
        tags = {int(kind) for kind in self.kinds} - {NIL}
        found = {_TOLD.get(tag, "int8") for tag in tags} or {NOTHING.name}
        return ColumnType(found.pop()) if len(found) == 1 else None

    def _only(self, tags: set[int]) -> None:
        if not {int(kind) for kind in self.kinds} <= {NIL, *tags}:
            raise NotPlain

    def _words(self) -> Any:
        """The eight bytes that each value ends with, as a big-endian number: what lies before the value is among
        them."""
        return self.windows[self.cursor + self.sizes].astype(np.uint64)

    def _integers(self) -> Any:
        tags = self.tags
        if not _IS_INTEGER[self.kinds].all():
            raise NotPlain
        left = _LEFT.take(tags)
        words = self._words() << left
        if not _IS_UNSIGNED[self.kinds].any():
            return words.view(np.int64) >> left.view(np.int64)
        if 0xCF in self.kinds and (words[tags == 0xCF] >> np.uint64(63)).any():
            raise NotPlain  # above the greatest int8
        unsigned = (words >> left).view(np.int64)
        return np.where(_IS_UNSIGNED.take(tags), unsigned, words.view(np.int64) >> left.view(np.int64))

    def _floats(self) -> Any:
        self._only({FLOAT64})
        return np.where(self.tags == FLOAT64, self._words(), np.uint64(0)).view(np.float64)

    def _intervals(self, null: Any) -> pa.Array:
        if not self.parts:
            return pa.nulls(len(self.tags), pa.month_day_nano_interval())
        months, days, microseconds = (part._integers() for part in self.parts)
        if max(np.abs(months).max(), np.abs(days).max()) >= 2**31 or np.abs(microseconds).max() > _INTERVAL_US_MAX:
            raise NotPlain
        packed = np.empty(len(null), np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")]))
        packed["months"], packed["days"], packed["nanoseconds"] = months, days, microseconds * 1000
        validity = pa.array(~null).buffers()[1] if null.any() else None
        return pa.Array.from_buffers(
            pa.month_day_nano_interval(), len(null), [validity, pa.py_buffer(packed.tobytes())]
        )

    def _bytes(self, null: Any, kind: pa.DataType) -> pa.Array:
        """The strings, copied end to end: the rows' bytes are an array of them and of what lies between, of which
        Arrow takes every other value."""
        count, size = len(null), len(self.data)
        lengths = np.where(null, 0, self.cursor + self.sizes - self.begins)
        bounds = np.empty(2 * count, np.int64)
        bounds[0::2] = np.minimum(self.begins, size)
        bounds[1::2] = bounds[0::2] + lengths
        if not count or bounds[-1] > min(np.iinfo(np.int32).max, size) or (np.diff(bounds) < 0).any():
            raise NotPlain
        between = pa.Array.from_buffers(
            pa.binary(), 2 * count - 1, [None, pa.py_buffer(bounds.astype(np.int32)), pa.py_buffer(self.data)]
        )
        _, offsets, gathered = between.take(pa.array(np.arange(0, 2 * count, 2))).buffers()
        validity = pa.array(~null).buffers()[1] if null.any() else None
        return pa.Array.from_buffers(kind, count, [validity, offsets, gathered])


def row_width(row: bytes) -> int:
    """Its columns; 0 for bytes that are no row."""
    head = row[0] if row else 0
    if head == 0xDC:
        return int.from_bytes(row[1:3], "big")
    return head & 0x0F if head & 0xF0 == 0x90 else 0


class _Rows:
    """Encoded rows, as many columns of them as have been passed."""

    def __init__(self, values: pa.Array) -> None:
        """Raises NotPlain."""
        count = len(values)
        if not count:
            raise NotPlain
        offsets, self._data = buffers(values)
        data = self._data
        if not len(data):
            raise NotPlain
        self._windows = _windows(data)
        offsets = offsets.astype(np.int64) - offsets[0]
        cursor, self._ends = offsets[:-1].copy(), offsets[1:]
        exists = np.ones(count, bool) if not values.null_count else np.asarray(values.is_valid())
        heads = np.where(exists, data[np.minimum(cursor, len(data) - 1)], 0x90)
        self._widths = widths = (heads & 0x0F).astype(np.int64)
        cursor += exists
        if not ((heads & 0xF0) == 0x90).all():
            wide = heads == 0xDC  # more than fifteen columns: their number in two bytes
            if not (((heads & 0xF0) == 0x90) | wide).all():
                raise NotPlain
            rows = np.flatnonzero(wide)
            widths[rows] = data[cursor[rows]].astype(np.int64) << 8 | data[cursor[rows] + 1]
            cursor[rows] += 2
        self._cursor = cursor
        self._exists = exists
        self._position = 0
        self.width = int(widths.max())
        """Of the widest row."""

    @property
    def ended(self) -> bool:
        """Each row ends where its last column does."""
        return bool((self._cursor == self._ends)[self._exists].all())

    def next(self) -> _Values:
        """The next column. Raises NotPlain; then what lies behind it cannot be found either."""
        column = _Values(self._data, self._windows, self._cursor, self._widths > self._position)
        self._cursor = self._cursor + column.sizes
        self._position += 1
        return column


def columns_of(values: pa.Array, positions: Sequence[int], types: Sequence[ColumnType]) -> dict[int, pa.Array]:
    """See the module. Raises NotPlain, and as `to_arrow`."""
    rows = _Rows(values)
    wanted, columns = set(positions), {}
    for position in range(max(positions) + 1):
        column = rows.next()
        if position in wanted:
            try:
                columns[position] = column.column(types[position])
            except pa.ArrowInvalid:
                raise NotPlain from None  # a value that does not fit: what decodes one by one says which
    return columns


def all_columns(values: pa.Array, types: Sequence[ColumnType]) -> dict[int, tuple[ColumnType, pa.Array]]:
    """Those that can be columns; none where the bytes are no rows. A column whose values are not what its type says
    has the type that they tell."""
    columns: dict[int, tuple[ColumnType, pa.Array]] = {}
    try:
        rows = _Rows(values)
        for position in range(rows.width):
            column = rows.next()
            expected = types[position] if position < len(types) else None
            for type_ in (expected, column.told()):
                if type_ is not None and (array := _column(column, type_)) is not None:
                    columns[position] = type_, array
                    break
    except (NotPlain, IndexError):
        return {}
    return columns if rows.ended else {}


def _column(values: _Values, type_: ColumnType) -> pa.Array | None:
    try:
        return values.column(type_)
    except (NotPlain, pa.ArrowException, DatabaseError, ValueError):
        return None


def recast(array: pa.Array, stored: ColumnType, wanted: ColumnType) -> pa.Array:
    """A column of `all_columns` as `to_arrow` of its datums would be for the type `wanted`. Raises NotPlain where it
    cannot be told from the column alone, and as `to_arrow`."""
    if stored == wanted:
        return array
    if stored == NOTHING:
        return absent(len(array), wanted)
    name = wanted.name
    try:
        if stored.name == "int8" and name in INTEGERS:
            return from_integers(array, wanted)
        if stored.name == "float8" and name in FLOATS:
            return array.cast(arrow_type(wanted), safe=False)
        if stored.name == "text" and name == "numeric":
            return _numerics(array, arrow_type(wanted))
    except pa.ArrowInvalid:
        raise NotPlain from None
    for same in (TEXTS - {"numeric"}, BINARIES):
        if stored.name in same and name in same:
            return array
    raise NotPlain


def absent(rows: int, wanted: ColumnType) -> pa.Array:
    """The column of so many rows that are shorter: they were written before it was added."""
    return pa.nulls(rows, arrow_type(wanted))


def _numerics(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    if pc.any(pc.match_substring(texts, "E")).as_py():
        raise NotPlain
    return texts if kind == pa.utf8() else texts.cast(kind)
