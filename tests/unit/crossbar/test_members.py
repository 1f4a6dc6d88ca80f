"""Which journals a crossbar reads, as far as it knows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from actors.common.journal_set import JournalSet, JournalTerm
from actors.common.timestamps import TIMESTAMP_MAX
from actors.crossbar.members import Members
from actors.crossbar.merge import Merge
from actors.journal.record import COMMIT, END, RecordHeader

FIRST = JournalSet(terms=(JournalTerm(1, ("journal/1/a",)), JournalTerm(2, ("journal/2/a",))), last_number=2)
ANNOUNCED = FIRST.announced(3, ("journal/3/a",))


def counting(members: Members) -> list[int]:
    return [term.number for term in members.counting]


def test_an_announced_journal_counts_once_somebody_says_so() -> None:
    members = Members(FIRST)
    assert not members.knows(1) and members.learn(ANNOUNCED) and members.knows(1)
    assert counting(members) == [1, 2]
    members.meet(1)
    assert counting(members) == [1, 2, 3]
    assert not members.learn(FIRST), "an older set is no news"


def test_who_begins_later_reads_what_counts_by_the_state() -> None:
    term = ANNOUNCED.term(3)
    assert term is not None
    since = ANNOUNCED.with_term(replace(term, since=1000))
    assert counting(Members(ANNOUNCED)) == [1, 2] and counting(Members(since)) == [1, 2, 3]
    assert counting(Members(since.announced(4, ()))) == [1, 2, 3]


def header(lsn: int, kind: int, commit_ts: int) -> RecordHeader:
    return RecordHeader(lsn, 1, kind, commit_ts, commit_ts, 9999)


def test_the_merge_waits_for_who_has_joined_and_for_nobody_who_has_ended() -> None:
    merge = Merge([1, 2])
    merge.add(1, [(header(1, COMMIT, 100), b"x" * 12)])
    merge.add(2, [(header(1, COMMIT, 50), b"x" * 12)])
    assert [due.commit_ts for due in merge.take()] == [50] and merge.watermark == 50
    merge.join(3, 60)
    merge.add(2, [(header(2, COMMIT, 90), b"x" * 12)])
    merge.take()
    assert merge.watermark == 60
    merge.add(3, [(header(1, COMMIT, 70), b"x" * 12), (header(2, END, 70), b"x" * 12)])
    assert [(due.commit_ts, due.journal) for due in merge.take()] == [(70, 3), (90, 2)] and merge.watermark == 90
    assert merge.heads[3].has_ended and merge.heads[3].promise == TIMESTAMP_MAX and merge.furthest == 100
    with pytest.raises(AssertionError, match="I5"):
        merge.join(4, 80)
