"""Which decoder and encoder a COPY's format has."""

from __future__ import annotations

from datetime import tzinfo
from typing import Protocol

from actors.query_processor.results import CopyIn, CopyOut
from actors.query_processor.wire.copy_binary import CopyBinaryDecoder, CopyBinaryEncoder
from actors.query_processor.wire.copy_csv import CopyCsvDecoder, CopyCsvEncoder
from actors.query_processor.wire.copy_text import CopyTextDecoder, CopyTextEncoder, Row


class CopyDecoder(Protocol):
    """Bytes of CopyData -> rows. `ended`: the data's own end mark was met."""

    ended: bool

    def feed(self, data: bytes) -> list[Row]: ...

    def finish(self) -> list[Row]: ...


class CopyEncoder(Protocol):
    """Rows -> payloads of CopyData messages."""

    def header(self) -> list[bytes]: ...

    def rows(self, rows: list[Row]) -> list[bytes]: ...

    def trailer(self) -> list[bytes]: ...


def copy_decoder(copy: CopyIn, zone: tzinfo | None, row_bytes_max: int) -> CopyDecoder:
    """`row_bytes_max` bounds what is held of one row."""
    decoders: dict[str, type[CopyTextDecoder] | type[CopyCsvDecoder] | type[CopyBinaryDecoder]] = {
        "text": CopyTextDecoder,
        "csv": CopyCsvDecoder,
        "binary": CopyBinaryDecoder,
    }
    return decoders[copy.options.format](copy, zone, row_bytes_max)


def copy_encoder(copy: CopyOut, zone: tzinfo | None) -> CopyEncoder:
    encoders: dict[str, type[CopyTextEncoder] | type[CopyCsvEncoder] | type[CopyBinaryEncoder]] = {
        "text": CopyTextEncoder,
        "csv": CopyCsvEncoder,
        "binary": CopyBinaryEncoder,
    }
    return encoders[copy.options.format](copy, zone)
