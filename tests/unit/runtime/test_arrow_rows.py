"""Record batches in a message: handed over as they are, or as a stream."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Scanned
from actors.common.messages.arrow_rows import ArrowRows
from actors.runtime.framing import REPLY, decode_frame, encode_frame

SCHEMA = pa.schema([("key", pa.binary()), ("n", pa.int64())])
BATCHES = [pa.record_batch([[b"a", b"b"], [1, None]], schema=SCHEMA), pa.record_batch([[b"c"], [3]], schema=SCHEMA)]
HEAD = SCHEMA.serialize().to_pybytes()


def across(rows: ArrowRows) -> ArrowRows:
    frame = encode_frame(REPLY, 1, "", "", Scanned(rows, 3, None, 0), 1 << 20)
    message = decode_frame(frame).message
    assert isinstance(message, Scanned) and message.count == 3
    return message.rows


def test_in_one_process_the_batches_are_the_same() -> None:
    rows = ArrowRows.made(HEAD, BATCHES)
    assert rows.batches is BATCHES
    assert rows.batch.to_pylist() == pa.Table.from_batches(BATCHES).to_pylist()


def test_on_the_wire_they_are_a_stream() -> None:
    sent = ArrowRows.made(HEAD, [batch.slice(1) for batch in BATCHES[:1]] + BATCHES[1:])
    assert sent.data == across(sent).data
    assert pa.ipc.open_stream(sent.data).read_all().to_pylist() == sent.batch.to_pylist()
    assert across(sent).batch.equals(sent.batch)
    assert across(ArrowRows.made(HEAD, BATCHES[:1])).batch_of(SCHEMA).equals(BATCHES[0])


def test_what_is_no_rows_is_refused() -> None:
    with pytest.raises(DatabaseError):
        across("text")  # type: ignore[arg-type]
    with pytest.raises(pa.ArrowInvalid):
        _ = across(ArrowRows.received(b"no stream")).batches


def test_messages_do_without_pyarrow() -> None:
    code = "import sys, actors.common.messages, actors.runtime.framing; assert 'pyarrow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
