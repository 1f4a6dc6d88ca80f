"""What PostgreSQL says of texts that are no JSON: SQLSTATE, message, DETAIL and CONTEXT (json_errors.golden), and how
to ask it anew.

    python -m tests.unit.sql.json_errors "host=... user=postgres"

A block is the type and the text as a Python literal, then what PostgreSQL says: `ok`, or the four on lines of their
own.
"""

from __future__ import annotations

import sys
from ast import literal_eval
from pathlib import Path

FILE = Path(__file__).with_name("json_errors.golden")
TEXTS = (
    "", " ", "{", "[", "}", "]", ",", ":", "nul", "nulll", "true1", "tru", "x", "'a'", "\"", '"a', '"a\\', '"a\\"',
    '"\\x"', '"\\u12"', '"\\u12g4"', '"\\u"', '"a\nb"',
    '"a\tb"', '"\x01"', "01", "-", "1.", ".5", "1.e5", "1e", "1e+", "-0", "+1", "0x1", "1_000", "1.5.2", "1 2", "NaN",
    "Infinity", "-Infinity", "1é", "é", "\ufeff1", "\xa01",
    "[1,", "[1 2]", "[1,]", "[,1]", "[}", "[1}", "[1]]", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1', '{"a":1]', '{a:1}',
    "{1:1}", '{"a" 1}', '{"a":1 "b":2}', '{,}', '{"a":1,,}',
    '{"a":1}}', '{"a":1} x', '{"a":{"b":[1,{"c":nope}]}}', '"\\u0000"', '"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"',
    '"\\ud800x"', '"\\ud83d\\ude00"', '"\\ud800\\u0041"',
    '"\\ud800\\n"', '{"\\u0000":1}', '{"a":"\\u0000"}', '["\\ud800"]', '{"a":1,\n"b":2,\n"c":oops,\n"d":3}', "\n\n  x",
    '{"a":1,\r\n"b":}',
    '{"long":"' + "x" * 100 + '","bad":nope,"after":1}', "[" + "1," * 60 + "]", '"' + "ä" * 60 + '\\q"',
    "[1,2,3,\n" + " " * 60 + "oops]", "1e131072", "1e-16384", "1e400", "1e-400",
    '{"a":1}{"b":2}', "[1] [2]", "\x00".replace("\x00", "\\u0000"), "nullx", "null,", "  12  ", '  "a"  ',
)  # fmt: skip


def read() -> list[tuple[str, str, str]]:
    """(type, text, what PostgreSQL says)."""
    blocks = FILE.read_text().split("\n\n")
    found = []
    for block in blocks:
        head, *said = block.strip("\n").split("\n")
        type_, text = head.split(" ", 1)
        found.append((type_, literal_eval(text), "\n".join(said)))
    return found


def said(sqlstate: str, message: str, detail: str, context: str) -> str:
    return "\n".join(f"  {line!r}" for line in (sqlstate, message, detail, context))


def record(dsn: str) -> None:
    import psycopg

    blocks = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        for type_ in ("json", "jsonb"):
            for text in TEXTS:
                try:
                    connection.execute(f"SELECT %s::{type_}", [text])
                    answer = "  'ok'"
                except psycopg.Error as error:
                    diag = error.diag
                    context = (diag.context or "").split("\n")[0]
                    context = "" if context.startswith("unnamed portal") else context
                    answer = said(error.sqlstate or "", diag.message_primary or "", diag.message_detail or "", context)
                blocks.append(f"{type_} {text!r}\n{answer}")
    FILE.write_text("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
