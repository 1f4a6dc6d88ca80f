"""Which records of a log belong together: the parts of a large transaction and the COMMIT that counts them. Plain and
synchronous.

    lsn    1        2        3        4         5         6
           PART x   PART y   PART x   COMMIT x  ABORT y   COMMIT z

A *group* begins with its first part and ends with its COMMIT, or with the ABORT or EPOCH_BEGIN that makes it void; it
is open where the log ends before that. A reader must never begin inside a group, and a log must never be trimmed inside
one: the COMMIT would meet too few parts. That holds for void groups too, since a log whose tail is cut may yet get a
COMMIT in the place of what made the group void.

    groups.begin_for(4) -> 1 (of x)         groups.is_cut_at(2) -> True         groups.begin_for(6) -> 6
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.common.timestamps import Lsn
from actors.journal.record import ABORT, COMMIT, EPOCH_BEGIN, PART, RecordHeader


@dataclass(slots=True)
class _Ended:
    transaction: bytes
    first: Lsn
    last: Lsn
    """Of the record that ended it."""


class Groups:
    def __init__(self) -> None:
        self._open: dict[bytes, Lsn] = {}
        """Transaction -> its first part."""
        self._ended: list[_Ended] = []
        """In the order of their ends."""

    def note(self, header: RecordHeader) -> None:
        """The next record of the log."""
        kind, lsn = header.kind, header.lsn
        if kind == PART:
            self._open.setdefault(header.group, lsn)
        elif kind == EPOCH_BEGIN:
            for transaction in list(self._open):
                self._end(transaction, lsn)
        elif kind == ABORT or (kind == COMMIT and header.part):
            self._end(header.group, lsn)

    def _end(self, transaction: bytes, lsn: Lsn) -> None:
        first = self._open.pop(transaction, None)
        if first is not None:
            self._ended.append(_Ended(transaction, first, lsn))

    def cut(self, lsn: Lsn) -> None:
        """Record `lsn` and all after it are no part of the log any more."""
        while self._ended and self._ended[-1].last >= lsn:
            ended = self._ended.pop()
            self._open[ended.transaction] = ended.first
        for transaction in [transaction for transaction, first in self._open.items() if first >= lsn]:
            del self._open[transaction]

    def trim(self, first_lsn: Lsn) -> None:
        """The log begins with `first_lsn` now."""
        self._ended = [ended for ended in self._ended if ended.last >= first_lsn]

    def clear(self) -> None:
        self._open.clear()
        self._ended.clear()

    def _spans(self) -> list[tuple[Lsn, Lsn | None]]:
        """(first, last) of each group; last None: it is open."""
        spans: list[tuple[Lsn, Lsn | None]] = [(ended.first, ended.last) for ended in self._ended]
        spans += [(first, None) for first in self._open.values()]
        return spans

    def is_cut_at(self, lsn: Lsn) -> bool:
        """Whether some group has parts below `lsn`, and its end at or above `lsn`, or nowhere yet."""
        return any(first < lsn and (last is None or last >= lsn) for first, last in self._spans())

    def begin_for(self, lsn: Lsn) -> Lsn:
        """The highest record at or below `lsn` that lies inside no group."""
        spans = self._spans()
        while True:
            lower = min((first for first, last in spans if first < lsn and (last is None or last >= lsn)), default=lsn)
            if lower == lsn:
                return lsn
            lsn = lower
