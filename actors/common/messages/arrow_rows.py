"""`ArrowRows`: record batches in a message. Between roles of one process they are handed over as they are; on the wire
they are an Arrow IPC stream, made where a frame is encoded (framing.py).

    ArrowRows.made(head, batches)     head: the schema's message, with which a stream begins
    ArrowRows.received(data)          a stream

Gateways and the controller, which know messages and no rows, do without pyarrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_STREAM_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""What pa.ipc.new_stream writes is the schema's message, the batches', and this; put together here it takes a tenth of
the time."""


class ArrowRows:
    """Either form gives the other when it is asked for. At least one batch, which may be empty."""

    __slots__ = ("_batches", "_data", "_head")

    def __init__(self, head: bytes, batches: Sequence[pa.RecordBatch] | None, data: bytes | None) -> None:
        self._head = head
        self._batches = batches
        self._data = data

    @classmethod
    def made(cls, head: bytes, batches: Sequence[pa.RecordBatch]) -> ArrowRows:
        return cls(head, batches, None)

    @classmethod
    def received(cls, data: bytes) -> ArrowRows:
        return cls(b"", None, data)

    @property
    def data(self) -> bytes:
        """The stream."""
        if self._data is None:
            assert self._batches is not None
            self._data = b"".join((self._head, *[batch.serialize() for batch in self._batches], _STREAM_END))
        return self._data

    @property
    def batches(self) -> Sequence[pa.RecordBatch]:
        """Raises pa.ArrowInvalid for what is no stream."""
        if self._batches is None:
            import pyarrow as pa

            self._batches = list(pa.ipc.open_stream(self._data))
        return self._batches

    @property
    def batch(self) -> pa.RecordBatch:
        """All rows as one."""
        batches = self.batches
        if len(batches) == 1:
            return batches[0]
        import pyarrow as pa

        return pa.concat_batches(batches)

    def batch_of(self, schema: pa.Schema) -> pa.RecordBatch:
        """The same, of one batch whose schema is known: its message at the head of the stream is passed over."""
        if self._batches is not None:
            return self.batch
        import pyarrow as pa

        data = self.data
        head = 8 + int.from_bytes(data[4:8], "little")
        batch = pa.ipc.read_record_batch(pa.py_buffer(data)[head:], schema)
        self._batches = [batch]
        return batch

    @property
    def nbytes(self) -> int:
        """As a stream, or of the values."""
        return len(self._data) if self._data is not None else sum(batch.nbytes for batch in self._batches or ())

    def __repr__(self) -> str:
        return f"ArrowRows({self.nbytes} bytes)"
