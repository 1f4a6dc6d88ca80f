#!/usr/bin/env bash
# DuckDB 2.0.0: a DECIMAL all of whose digits stand after the point has no zero before it in its text: CAST(0.25::DECIMAL(2,2) AS VARCHAR) is .25, and so it is in
# concat, string_agg and ||. With one digit more (DECIMAL(3,2)) it is 0.25. PostgreSQL writes 0.25 for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.0
"$folder/venv/bin/python" - <<'PY'
import sys

import duckdb

[row] = duckdb.sql("SELECT CAST(0.25::DECIMAL(2,2) AS VARCHAR), CAST(0.25::DECIMAL(3,2) AS VARCHAR), concat(-0.5::DECIMAL(1,1))").fetchall()
print("duckdb", duckdb.__version__, "DECIMAL(2,2), DECIMAL(3,2), concat of DECIMAL(1,1):", row)
sys.exit(0 if row == (".25", "0.25", "-.5") else "the behaviour has changed")
PY
