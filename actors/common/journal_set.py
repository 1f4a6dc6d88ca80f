"""Which journals there are: what a reader must know before its watermark may pass the time from which a new one counts
(docs/ranges.md).

Journal n is adjudicator n's. A set is immutable and versioned; its version rises with every change. A journal is first
*announced*: it is in the set, and does not count yet (`since` is None). Then one of the journals that count writes an
ANNOUNCE record, and each later record and each later promise of that journal carry the set's version. Who reads them
and does not know a set of that version reads no further; whoever knows it reads the new journal too from there. So no
watermark passes the time of the ANNOUNCE record in ignorance of the new journal, and nothing is committed there at or
below that time.

No number is given twice: a reader that knows an old set must not take another journal for the one that it knows.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from actors.common.timestamps import TIMESTAMP_MIN, Timestamp


class JournalTerm(msgspec.Struct, frozen=True):
    """One journal. `version`: of the first set that names it. `since`: nothing is committed there at or below this
    time; None: it does not count yet. `until`: nothing is committed there above this time, ever; None: it goes on.
    `leaving`: its ranges are on their way to others, and it is to end."""

    number: int
    replicas: tuple[str, ...]
    version: int = 0
    since: Timestamp | None = TIMESTAMP_MIN
    until: Timestamp | None = None
    leaving: bool = False
    by_load: bool = False
    """Nobody has asked for it: when the load has gone, it goes."""

    @property
    def adjudicator(self) -> str:
        return f"adjudicator/{self.number}"


class JournalSet(msgspec.Struct, frozen=True):
    """`terms` ascend by number. `gone_ts`: the latest `until` of the journals that are no more. `last_number`: the
    highest that was ever given."""

    version: int = 0
    terms: tuple[JournalTerm, ...] = ()
    gone_ts: Timestamp = TIMESTAMP_MIN
    last_number: int = 0

    def term(self, number: int) -> JournalTerm | None:
        return next((term for term in self.terms if term.number == number), None)

    def with_term(self, changed: JournalTerm) -> JournalSet:
        """The next version, in which `changed` takes the place of the term of its number."""
        terms = tuple(changed if term.number == changed.number else term for term in self.terms)
        return replace(self, version=self.version + 1, terms=terms)

    def announced(self, number: int, replicas: tuple[str, ...], *, by_load: bool = False) -> JournalSet:
        """The next version, with one journal more, which does not count yet."""
        assert number > self.last_number, "no number is given twice"
        version = self.version + 1
        term = JournalTerm(number, replicas, version, since=None, by_load=by_load)
        return replace(self, version=version, terms=(*self.terms, term), last_number=number)

    def without(self, number: int) -> JournalSet:
        """The next version, without a journal that has ended and that nobody has to read any more."""
        term = self.term(number)
        assert term is not None and term.until is not None
        terms = tuple(other for other in self.terms if other is not term)
        return replace(self, version=self.version + 1, terms=terms, gone_ts=max(self.gone_ts, term.until))
