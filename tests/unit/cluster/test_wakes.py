"""What the controller remembers of a wake."""

from __future__ import annotations

from cluster.wakes import LEADING, ROLES, STATE, Wakes


def test_steps_count_from_the_clients_first_byte_and_once_each() -> None:
    now_s = 100.0
    wakes = Wakes(lambda: now_s)
    wakes.reached(LEADING)
    assert wakes.last is None, "a start wakes nobody"
    wakes.asked("a new connection at gateway/1", 0.05)
    wakes.runs("storage/1/a")
    for step, s in ((STATE, 100.1), (ROLES, 100.2), (ROLES, 100.3), (LEADING, 100.4), (ROLES, 100.5)):
        now_s = s
        wakes.reached(step)
    account = wakes.last
    assert account is not None
    assert account["by"] == "a new connection at gateway/1"
    assert account["steps_ms"] == {STATE: 150.0, ROLES: 250.0, LEADING: 450.0}
    assert account["runs_ms"] == {"storage/1/a": 50.0}
    wakes.asked("another", 0.0)
    assert wakes.count == 2
    assert wakes.last is not None
    assert wakes.last["steps_ms"] == {}  # type: ignore[index]
