"""Data that others have published, for tests to read from where it lies: it's no part of this project.

    path = published("elle/paper-example.edn")

The data is the folder that EAGLERAY_PUBLISHED names, or `shared/data` beside the checkout. Where a file is missing, the
test that needs it is skipped and says so in one line.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("EAGLERAY_PUBLISHED") or CHECKOUT.parent / "shared" / "data")


def published(name: str) -> Path:
    """The file's path; the running test is skipped without it."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} isn't in {FOLDER}: published data that tests read where it lies (EAGLERAY_PUBLISHED)")
    return path
