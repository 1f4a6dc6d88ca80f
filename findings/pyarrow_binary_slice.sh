#!/usr/bin/env bash
# pyarrow 26.0.1: binary_slice without a stop, which takes off the first bytes of each value, works on a few values and fails on many:
# "Negative buffer resize". With a stop that no value reaches it gives what the other should.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import pyarrow as pa
import pyarrow.compute as pc

seen = {}
for count in (1, 1000):
    values = pa.array([b"0123456789"] * count, pa.binary())
    for stop in (None, 100):
        try:
            right = pc.binary_slice(values, 6, stop).to_pylist() == [b"6789"] * count
            seen[count, stop] = "right" if right else "wrong"
        except pa.ArrowInvalid as error:
            seen[count, stop] = str(error)
print("pyarrow", pa.__version__, seen)
expected = seen[1, None] == seen[1, 100] == seen[1000, 100] == "right" and "Negative buffer resize" in seen[1000, None]
sys.exit(0 if expected else "the behaviour has changed")
PY
