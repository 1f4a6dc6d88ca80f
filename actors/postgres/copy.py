"""Which decoder and encoder a COPY's format has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Protocol

from actors.postgres.copy_arrow import CopyArrowDecoder, CopyArrowEncoder
from actors.postgres.copy_binary import CopyBinaryDecoder, CopyBinaryEncoder
from actors.postgres.copy_csv import CopyCsvDecoder, CopyCsvEncoder
from actors.postgres.copy_text import CopyTextDecoder, CopyTextEncoder, Row
from actors.sql.results import CopyIn, CopyOut, Piece


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


BINARY_FORMATS = ("binary", "arrow")
"""Of which the protocol says that they are no text."""


def copy_decoder(copy: CopyIn, zone: tzinfo | None, row_bytes_max: int) -> CopyDecoder:
    """`row_bytes_max` bounds what is held of one row, or of one batch of them."""
    decoders: dict[str, Callable[[CopyIn, tzinfo | None, int], CopyDecoder]] = {
        "text": CopyTextDecoder,
        "csv": CopyCsvDecoder,
        "binary": CopyBinaryDecoder,
        "arrow": CopyArrowDecoder,
    }
    return decoders[copy.options.format](copy, zone, row_bytes_max)


def copy_encoder(copy: CopyOut, zone: tzinfo | None) -> CopyEncoder:
    encoders: dict[str, Callable[[CopyOut, tzinfo | None], CopyEncoder]] = {
        "text": CopyTextEncoder,
        "csv": CopyCsvEncoder,
        "binary": CopyBinaryEncoder,
        "arrow": CopyArrowEncoder,
    }
    return encoders[copy.options.format](copy, zone)


def encode_piece(encoder: CopyEncoder, piece: Piece) -> list[bytes]:
    """Its payloads, as columns where the format has such."""
    return encoder.piece(piece) if isinstance(encoder, CopyArrowEncoder) else encoder.rows(piece.rows())


def has_more(decoder: CopyDecoder) -> bool:
    """Whether `feed(b"")` gives more rows of what was fed already."""
    return isinstance(decoder, CopyArrowDecoder) and decoder.held
