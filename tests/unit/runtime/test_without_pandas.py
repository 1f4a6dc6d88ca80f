"""Processes of the cluster import pyarrow, and no pandas."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from cluster.roles import load
load(["journal", "adjudicator", "crossbar", "storage", "query_processor"])
import pyarrow as pa
assert pa.table({"a": [1, None]}).num_rows == 2
print("pandas" in sys.modules, any("without_pandas" in type(finder).__module__ for finder in sys.meta_path))
import pandas
print(pandas.__name__)
"""


def test_no_role_imports_pandas_and_a_program_still_may() -> None:
    if importlib.util.find_spec("pandas") is None:
        pytest.skip("pandas is not installed")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "False", "pandas"], done.stderr
