"""Which processes are replaced: those whose loop is held, and not those that are stopped, starved, or were asleep with
their watcher."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.runtime.heartbeat import Beat, read_beat
from cluster import node_watch
from cluster.loop_watch import Activity, LoopWatch, Replacements, Stall, activity_of, read_replacements

if TYPE_CHECKING:
    from tests.unit.cluster.conftest import Hold

BEAT = Beat(1, 2, 3, 4)


def stalled(*looks: tuple[float, Activity]) -> float:
    """What counts after looks at a loop that does not beat."""
    stall = Stall()
    assert stall.look(0.0, BEAT, lambda: None) == 0.0
    counted = 0.0
    for at_s, activity in looks:
        counted = stall.look(at_s, BEAT, lambda seen=activity: seen)
    return round(counted, 3)


def computing(share: float, seconds: int = 10) -> list[tuple[float, Activity]]:
    return [(float(at), Activity("R", at * share, True, at * share)) for at in range(1, seconds + 2)]


def sleeping(state: str = "S", runnable: bool = False, cpu_s: float = 0.0) -> list[tuple[float, Activity]]:
    return [(float(at), Activity(state, 0.0, runnable, at * cpu_s)) for at in range(1, 12)]


def test_what_counts() -> None:
    assert stalled(*computing(1.0)) == 10, "it computes all the time"
    assert stalled(*computing(0.02)) == 0.2, "a starved machine: it got hardly any processor"
    assert stalled(*sleeping()) == 10, "it waits for what never comes"
    assert stalled(*sleeping(runnable=True)) == 0, "another thread has the interpreter, and gets no processor"
    assert stalled(*sleeping(runnable=True, cpu_s=1.0)) == 10
    assert stalled(*sleeping("T")) == stalled(*sleeping("D")) == stalled(*sleeping("Z")) == 0
    asleep = Activity("S", 0.0, False, 0.0)
    assert stalled((1.0, asleep), (3601.0, asleep)) == 2, (
        "the watch itself slept: the machine was suspended, or starved"
    )
    assert stalled((1.0, asleep), (2.0, Activity("T", 0.0, False, 0.0)), (900.0, asleep)) == 0


def test_a_beat_ends_it() -> None:
    stall, asleep = Stall(), Activity("S", 0.0, False, 0.0)
    for at_s in range(5):
        stall.look(float(at_s), BEAT, lambda: asleep)
    assert stall.stalled_s == 3
    assert stall.look(5.0, BEAT._replace(beats=5), lambda: asleep) == 0
    assert stall.look(6.0, BEAT._replace(beats=5, pid=9), lambda: asleep) == 0


@pytest.fixture
def fast_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.loop_watch.LOOK_S", 0.7)


@pytest.mark.parametrize("how", ["sleep", "compute"])
def test_a_held_loop_is_ended_with_its_stacks_in_the_log(
    tmp_path: Path, fast_looks: None, hold: Hold, how: str
) -> None:
    watch = LoopWatch(tmp_path, 1.0, Replacements(tmp_path / "replaced.json"))
    with hold(how) as held:
        watch.start()
        assert held.wait(30) == -signal.SIGABRT
    watch.stop()
    assert "in hold" in (tmp_path / "p.log").read_text()
    noted = read_replacements(tmp_path / "replaced.json")["p"]
    assert "did not turn" in noted["why"] and noted["times"] == 1


def test_a_loop_that_turns_and_a_stopped_process_live(tmp_path: Path, fast_looks: None, hold: Hold) -> None:
    looked = threading.Event()
    seen: list[str] = []

    class Watch(LoopWatch):
        def _look(self, path: Path, beat: Beat) -> None:
            super()._look(path, beat)
            activity = activity_of(beat)
            assert activity is not None
            seen.append(activity.state)
            if seen.count("T") >= 4:
                looked.set()

    watch = Watch(tmp_path, 1.0, Replacements(tmp_path / "replaced.json"))
    with hold("none") as living:
        watch.start()
        while len(seen) < 4:
            assert living.poll() is None
        os.kill(living.pid, signal.SIGSTOP)
        assert looked.wait(30)
        os.kill(living.pid, signal.SIGCONT)
        watch.stop()
        assert living.poll() is None and read_replacements(tmp_path / "replaced.json") == {}
        beat = read_beat(tmp_path / "p.beat")
        assert beat is not None and beat.pid == living.pid
    assert activity_of(beat) is None, "gone, or another's number"


def test_a_node_without_a_supervisor_has_a_watch_that_ends_when_nobody_is_left(tmp_path: Path, hold: Hold) -> None:
    log, replaced = tmp_path / "watch.log", tmp_path / "replaced.json"
    with hold("none") as living, hold("sleep", "q") as held:
        for _ in range(2):  # each process that starts asks for one
            node_watch.begin(tmp_path, log, replaced, 1.0)
        assert held.wait(30) == -signal.SIGABRT
        assert living.poll() is None and list(read_replacements(replaced)) == ["q"]
        assert not node_watch.is_deserted(tmp_path)
    assert node_watch.is_deserted(tmp_path)
    with open(tmp_path / node_watch.LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the one watch has ended
    assert log.read_text().count("is replaced") == 1
