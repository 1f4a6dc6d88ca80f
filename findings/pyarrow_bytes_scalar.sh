#!/usr/bin/env bash
# pyarrow 26.0.1: each scalar whose type is inferred from a bytes, str or int value tries to import dateutil. Where dateutil is not installed, Python does not
# remember that, so every such scalar searches sys.path on the disk: also pc.if_else(..., b"x") and pc.binary_join_element_wise(..., b"").
# A scalar that is given its type does no such thing. Seen on Python 3.11: 100 scalars, 100 searches; 0 with the type.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import pyarrow as pa


class Counter:
    searches = 0

    def find_spec(self, name, path=None, target=None):
        Counter.searches += name.partition(".")[0] == "dateutil"


sys.meta_path.insert(0, Counter())
counts = {}
for kind, make in {"bytes": lambda: pa.scalar(b"x"), "typed bytes": lambda: pa.scalar(b"x", pa.binary()), "str": lambda: pa.scalar("x"), "int": lambda: pa.scalar(1)}.items():
    Counter.searches = 0
    for _ in range(100):
        make()
    counts[kind] = Counter.searches
print("pyarrow", pa.__version__, "searches for dateutil, of 100 scalars:", counts)
sys.exit(0 if counts["bytes"] == 100 and counts["typed bytes"] == 0 else "the behaviour has changed")
PY
