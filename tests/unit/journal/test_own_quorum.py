"""What a replica may take for committed by its own disk and what its writer tells of others'."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from actors.journal.log import JournalLog
from actors.journal.own_quorum import OwnQuorum


def log(epochs: list[int], voter: bool = True) -> JournalLog:
    """Record n is of epoch epochs[n - 1]."""
    epoch_at = lambda lsn: epochs[lsn - 1] if 0 < lsn <= len(epochs) else 0  # noqa: E731
    return cast(JournalLog, SimpleNamespace(epoch_at=epoch_at, promise=SimpleNamespace(voter=voter)))


def quorum(stored: int, elsewhere: int, epoch: int = 2) -> OwnQuorum:
    known = OwnQuorum()
    known.stored(epoch, stored)
    known.elsewhere(epoch, elsewhere)
    return known


def test_what_is_here_and_elsewhere_is_committed() -> None:
    kept = log([1, 2, 2, 2])
    assert quorum(4, 3).committed(kept, 2) == 3
    assert quorum(2, 4).committed(kept, 2) == 2
    assert quorum(0, 4).committed(kept, 2) == quorum(4, 0).committed(kept, 2) == 0


def test_a_majority_s_older_records_wait_for_one_of_the_writer_s_own() -> None:
    assert quorum(3, 3).committed(log([1, 1, 1]), 2) == 0
    assert quorum(4, 4).committed(log([1, 1, 1, 2]), 2) == 4


def test_a_learner_s_disk_does_not_count() -> None:
    assert quorum(4, 4).committed(log([2, 2, 2, 2], voter=False), 2) == 0


def test_nothing_of_a_writer_counts_once_a_later_one_was_promised() -> None:
    kept = log([2, 2, 2, 2])
    assert quorum(4, 4).committed(kept, 3) == 0
    known = quorum(4, 4)
    known.elsewhere(3, 4)
    assert known.committed(kept, 3) == 0, "what is stored of an older writer's log may not be the newer one's"
    known.stored(2, 4)
    known.elsewhere(2, 4)
    assert known.committed(kept, 3) == 0


def test_of_five_two_other_disks_are_needed_by_whoever_s_word() -> None:
    kept = log([2, 2, 2, 2])
    known = quorum(4, 1)
    known.kept("b", 2, 4)
    assert known.committed(kept, 2) == 1, "it has not been told how many are a majority"
    known.majority = 3
    known.kept("b", 2, 4)
    assert known.committed(kept, 2) == 1
    known.kept("b", 2, 4)
    assert known.committed(kept, 2) == 1, "the same one's word twice is one disk"
    known.kept("c", 2, 3)
    assert known.committed(kept, 2) == 3
    known.kept("d", 1, 4)
    assert known.committed(kept, 2) == 3, "of an older writer's log"
    known.elsewhere(3, 0)
    assert known.committed(kept, 3) == 0, "what others had of the last writer's log is forgotten with it"
