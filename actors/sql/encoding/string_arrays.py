"""Arrow arrays of strings or bytes (32-bit offsets) as NumPy arrays of their bytes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa


def buffers(strings: pa.Array) -> tuple[Any, Any]:
    """(int32 offsets, one more than there are strings; the bytes from the first offset to the last). What lies under a
    NULL is among the bytes."""
    _, offset_buffer, data_buffer = strings.buffers()
    if not len(strings):
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[strings.offset : strings.offset + len(strings) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    return offsets, data[offsets[0] : offsets[-1]]


def matrix_of(strings: pa.Array, width: int) -> Any:
    """The bytes of strings that are all `width` long, a row a string."""
    return buffers(strings)[1].reshape(len(strings), width)


def from_matrix(matrix: Any) -> pa.Array:
    """A binary array, a value a row of the matrix of bytes."""
    count, width = matrix.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(matrix)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def right_ends(fields: Any, sizes: Any) -> pa.Array:
    """A binary array: the last so many bytes of each row of a matrix."""
    count, width = fields.shape
    ends = np.zeros(count + 1, np.int32)
    np.cumsum(sizes, out=ends[1:])
    least, most = (int(sizes.min()), int(sizes.max())) if count else (0, 0)
    if least == most:
        data = np.ascontiguousarray(fields[:, width - most :])
    else:
        fields = fields[:, width - most :]
        kept = np.arange(most) >= most - np.arange(most + 1)[:, None]  # by a row's size
        data = np.compress(kept.take(sizes, axis=0).ravel(), fields.ravel())
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(data)])
