"""Which silent processes are at work: those that compute, or would if they got a processor, and not those that are
stopped, dead or wait for what does not come."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.runtime.heartbeat import Beat, read_beat
from actors.runtime.process_stat import stat_of
from cluster.loop_watch import Activity
from cluster.working import Look, Working, is_at_work

if TYPE_CHECKING:
    from tests.unit.cluster.conftest import Hold

BEAT = Beat(10, 20, 30, 40)
ASLEEP = Activity("S", 1.0, False, 5.0)


def at_work(now: Activity, before: Activity | None = ASLEEP, beat: Beat = BEAT) -> bool:
    return is_at_work(Look(BEAT, before) if before is not None else None, Look(beat, now))


def test_asleep() -> None:
    assert not at_work(ASLEEP), "a deadlock, or a peer that lost the question"
    assert not at_work(ASLEEP, None)
    assert at_work(ASLEEP._replace(thread_cpu_s=1.01)), "it slept just now"
    assert at_work(ASLEEP, beat=BEAT._replace(beats=41)), "its loop turns"
    assert not at_work(ASLEEP._replace(cpu_s=9.0)), "other threads' work is not the loop's"
    assert at_work(ASLEEP._replace(runnable=True)), "one of them has the interpreter"


def test_computing_and_starved() -> None:
    assert at_work(ASLEEP._replace(state="R")), "it wants a processor, and gets none"
    assert at_work(ASLEEP._replace(state="R"), None)


def test_waiting_for_a_disk() -> None:
    waiting = ASLEEP._replace(state="D")
    assert not at_work(waiting)
    assert not at_work(waiting, waiting)
    assert not at_work(waiting._replace(runnable=True)), "what other threads do does not end the loop's wait"
    assert at_work(waiting._replace(thread_cpu_s=1.01), waiting), "one short wait after the other"
    assert at_work(waiting, waiting, BEAT._replace(beats=41))


@pytest.mark.parametrize("state", list("TtZX"))
def test_stopped_or_dead(state: str) -> None:
    assert not at_work(ASLEEP._replace(state=state, thread_cpu_s=2.0, runnable=True), beat=BEAT._replace(beats=50))


@pytest.mark.parametrize("other", [{"pid": 11}, {"started": 21}, {"thread": 31}])
def test_what_a_former_process_did_is_no_sign(other: dict[str, int]) -> None:
    """It was restarted: its counters begin anew, or are higher for another reason."""
    assert not at_work(ASLEEP._replace(thread_cpu_s=2.0), beat=BEAT._replace(**other, beats=50))


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.01)


def state_of(beat: Beat) -> str:
    stat = stat_of(beat.pid, beat.thread)
    return stat.state if stat is not None else ""


def test_of_real_processes(tmp_path: Path, hold: Hold) -> None:
    """One that computes in its loop, without a beat, is at work at every look; then it is stopped, goes on, and is
    killed."""
    working = Working(lambda name: tmp_path / f"{name}.beat")
    assert not working("p"), "there is none"
    with hold("compute") as busy:
        beat = read_beat(tmp_path / "p.beat")
        assert beat is not None
        until(lambda: (stat := stat_of(beat.pid, beat.thread)) is not None and stat.cpu_s > 0.3)
        for _ in range(20):
            assert working("p")
        assert not Working(lambda name: tmp_path / f"{name}.beat", lambda name: name != "p")("p"), (
            "it is not to be seen"
        )
        os.kill(busy.pid, signal.SIGSTOP)
        until(lambda: state_of(beat) == "T")
        assert not working("p") and not working("p")
        os.kill(busy.pid, signal.SIGCONT)
        until(lambda: state_of(beat) == "R")
        assert working("p")
        os.kill(busy.pid, signal.SIGKILL)
        until(lambda: (stat := stat_of(beat.pid)) is not None and stat.state == "Z")
        assert not working("p"), "its parent has not heard of it yet"
    assert not working("p")
    with hold("sleep"):  # in the place of the former
        beat = read_beat(tmp_path / "p.beat")
        assert beat is not None
        until(lambda: state_of(beat) == "S" and (stat := stat_of(beat.pid, beat.thread)) is not None and stat.cpu_s > 0)
        working("p")
        until(lambda: not working("p"))
