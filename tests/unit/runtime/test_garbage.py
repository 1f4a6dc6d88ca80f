"""A look at all objects is for idle processes."""

from __future__ import annotations

from actors.runtime.garbage import OLD_LOOKS_IDLE, is_due


def test_everything_is_looked_at_when_enough_has_gathered_and_nothing_runs() -> None:
    assert is_due(OLD_LOOKS_IDLE, 5.0, 0.01)
    assert not is_due(OLD_LOOKS_IDLE, 5.0, 0.5)
    assert not is_due(OLD_LOOKS_IDLE - 1, 5.0, 0.01)
