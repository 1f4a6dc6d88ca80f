"""Processes of the cluster import pyarrow, and no pandas; and nothing more at their first column."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from cluster.roles import load
load(["journal", "adjudicator", "crossbar", "storage", "query_processor"])
import numpy as np
import pyarrow as pa
before = set(sys.modules)
assert pa.array(np.arange(3), pa.int64(), mask=np.zeros(3, bool)).cast(pa.int32()).null_count == 0
assert set(sys.modules) == before, set(sys.modules) - before
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
