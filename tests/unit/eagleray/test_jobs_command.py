"""What `submit` says of a program that never began."""

from __future__ import annotations

import pytest

from eagleray.command.jobs import why

PIP = """runtime_env setup failed: Failed to set up runtime environment.
Could not create the actor because its associated runtime env failed to be created.
    WARNING: Requirement './nothing-there.whl' looks like a filename, but the file does not exist
    ERROR: Could not find a version that satisfies the requirement nothing-there
    ERROR: No matching distribution found for nothing-there
"""


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (PIP, "Could not find a version that satisfies the requirement nothing-there"),
        ("\n  runtime_env setup failed: no room\nmore", "runtime_env setup failed: no room"),
        ("", "its process is gone"),
    ],
)
def test_one_line_that_tells_most(message: str, told: str) -> None:
    assert why(message) == told
