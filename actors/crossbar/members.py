"""Which journals a crossbar reads, as far as it knows: the set that it began with, and newer ones as the controller
tells of them (common/journal_set.py).

A journal that is only announced is not read before another one says so: a record or a promise of a set that names it
has been met. What was said in a set that is not known here is not taken before that set is known.

    members.learn(set version 4)     journal 3 is announced
    members.knows(4)                 True: records of version 4 may be taken
    members.meet(4)                  one has come: [the term of journal 3], which counts from now on
"""

from __future__ import annotations

from actors.common.journal_set import JournalSet, JournalTerm
from actors.common.timestamps import Timestamp


class Members:
    """`known`: the newest set. `met`: every journal that a set up to this version names counts."""

    def __init__(self, known: JournalSet) -> None:
        self.known = known
        self.met = _counted(known)

    def learn(self, told: JournalSet) -> bool:
        """Whether it is news."""
        if told.version <= self.known.version:
            return False
        self.known = told
        self.met = max(self.met, _counted(told))
        return True

    def knows(self, version: int) -> bool:
        return version <= self.known.version

    def meet(self, version: int) -> None:
        """A record or a promise that goes by a set of this version."""
        assert version <= self.known.version, "what is said in an unknown set is not taken"
        self.met = max(self.met, version)

    @property
    def counting(self) -> list[JournalTerm]:
        """What has to be read."""
        return [term for term in self.known.terms if term.version <= self.met]

    def ended_above(self, after_ts: Timestamp) -> set[int]:
        """Journals that have ended, with commits above `after_ts`."""
        return {term.number for term in self.counting if term.until is not None and term.until > after_ts}

    def replicas(self, journal: int) -> list[str]:
        term = self.known.term(journal)
        assert term is not None, f"journal {journal} is gone"
        return list(term.replicas)


def _counted(known: JournalSet) -> int:
    """Journals are announced one after the other, each once the former counts."""
    return max((term.version for term in known.terms if term.since is not None), default=0)
