"""Groups: where a reader may begin, and where a log may be trimmed, against a model that looks at every record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.journal.groups import Groups
from actors.journal.record import ABORT, COMMIT, EPOCH_BEGIN, LEASE, PART, RecordHeader

NAMES = [bytes([number]) * 16 for number in range(3)]


def header(lsn: int, kind: int, transaction: bytes = b"", part: int = 0) -> RecordHeader:
    return RecordHeader(lsn, 1, kind, lsn, lsn, lsn, transaction, part=part)


def noted(*records: RecordHeader) -> Groups:
    groups = Groups()
    for record in records:
        groups.note(record)
    return groups


def test_a_reader_begins_before_the_parts_that_it_needs() -> None:
    x, y = NAMES[:2]
    groups = noted(
        header(1, PART, x, 1),
        header(2, PART, y, 1),
        header(3, PART, x, 2),
        header(4, COMMIT, x, 2),
        header(5, ABORT, y),
        header(6, COMMIT),
    )
    assert [groups.begin_for(lsn) for lsn in range(1, 8)] == [1, 1, 1, 1, 1, 6, 7]
    assert [groups.is_cut_at(lsn) for lsn in range(1, 8)] == [False, True, True, True, True, False, False]


def test_what_spans_adjudicators_has_the_same_name_as_its_parts() -> None:
    groups = noted(header(1, PART, NAMES[0], 1), header(2, COMMIT, NAMES[0] + b"salt", 1), header(3, LEASE))
    assert groups.begin_for(2) == 1 and groups.begin_for(3) == 3


def test_an_open_group_holds_readers_and_trimming_up() -> None:
    groups = noted(header(1, LEASE), header(2, PART, NAMES[0], 1), header(3, LEASE))
    assert groups.begin_for(9) == 2 and groups.is_cut_at(9) and not groups.is_cut_at(2)
    groups.note(header(4, EPOCH_BEGIN))
    assert groups.begin_for(9) == 9 and not groups.is_cut_at(9)


def test_what_ended_a_group_may_be_cut_off() -> None:
    groups = noted(header(1, PART, NAMES[0], 1), header(2, EPOCH_BEGIN), header(3, LEASE))
    groups.cut(2)
    groups.note(header(2, COMMIT, NAMES[0], 1))
    assert groups.begin_for(2) == 1


RECORDS = st.lists(
    st.tuples(st.sampled_from([PART, COMMIT, ABORT, EPOCH_BEGIN, LEASE]), st.sampled_from(NAMES)), max_size=25
)


@given(RECORDS, RECORDS, st.integers(1, 26))
def test_no_reader_begins_inside_a_group(
    first: list[tuple[int, bytes]], second: list[tuple[int, bytes]], cut: int
) -> None:
    """... whatever was cut off and written in its place."""
    groups = Groups()
    log: list[tuple[int, bytes]] = []
    for records in (first, second):
        for kind, transaction in records:
            log.append((kind, transaction))
            groups.note(header(len(log), kind, transaction, 1))
        if records is first:
            del log[cut - 1 :]
            groups.cut(len(log) + 1)
    spans: list[tuple[int, int]] = []
    begun: dict[bytes, int] = {}
    for lsn, (kind, transaction) in enumerate(log, 1):
        if kind == PART:
            begun.setdefault(transaction, lsn)
        elif kind == EPOCH_BEGIN:
            spans += [(start, lsn) for start in begun.values()]
            begun.clear()
        elif kind in (COMMIT, ABORT) and transaction in begun:
            spans.append((begun.pop(transaction), lsn))
    spans += [(start, 1 << 30) for start in begun.values()]
    for lsn in range(1, len(log) + 2):
        begin = groups.begin_for(lsn)
        assert begin <= lsn and not any(start < begin <= end for start, end in spans)
        assert not any(not any(start < other <= end for start, end in spans) for other in range(begin + 1, lsn + 1))
        assert groups.is_cut_at(lsn) == any(start < lsn <= end for start, end in spans)
