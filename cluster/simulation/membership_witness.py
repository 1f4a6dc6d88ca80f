"""The witness of journals that are born and retired: holds what controllers have made to count against the journals'
records and storage's disks.

    I5   a journal has no commit at or below the time from which it counts, and none above the one at which it has ended
    I10  no number is given to two journals
    I12  when a journal is given up, every storage replica has on its disk what was committed there, and every
         adjudicator that had a part in it has heard of it

What a reader may not miss between the two times, the verdict holds against all that storage has (I4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actors.adjudicator.adjudicator import Adjudicator
from actors.common.journal_set import JournalSet
from actors.common.timestamps import Timestamp
from actors.journal.record import COMMIT, RecordHeader
from actors.runtime.simulation.world import World
from cluster.state import ClusterState


class MembershipWitness:
    """`unstored(at)`: a storage replica whose disk lacks what was committed up to `at`, and its checkpoint; None where
    there is none. `headers`: of a journal's committed records."""

    def __init__(
        self,
        world: World,
        unstored: Callable[[Timestamp], tuple[str, Timestamp] | None],
        headers: Callable[[int], Iterable[RecordHeader]],
    ) -> None:
        self._world = world
        self._headers = headers
        self._unstored = unstored
        self._newest = JournalSet()
        self._since: dict[int, Timestamp] = {}
        self._until: dict[int, Timestamp] = {}
        self._given: set[int] = set()
        self.births = 0
        self.ends = 0

    def acknowledged(self, state: ClusterState) -> None:
        """To a controller."""
        journals, before = state.journals, self._newest
        if journals.version <= before.version:
            return
        self._newest = journals
        for term in journals.terms:
            if term.since is not None and self._since.setdefault(term.number, term.since) != term.since:
                self._world.violated(
                    "I5", f"journal {term.number} counts from {term.since} on, and from {self._since[term.number]} on"
                )
            if term.until is not None:
                self._until[term.number] = term.until
            if before.term(term.number) is None:
                self.births += bool(before.version)
                if term.number in self._given:
                    self._world.violated("I10", f"journal {term.number} has been there before")
            self._given.add(term.number)
        for term in before.terms:
            if journals.term(term.number) is None:
                self.ends += 1
                self._given_up(term.number)

    def _given_up(self, number: int) -> None:
        lacking = self._unstored(self._until.get(number, 0))
        if lacking is not None:
            self._world.violated(
                "I12",
                f"journal {number} goes, which ends at {self._until[number]}: {lacking[0]} has checkpointed "
                f"{lacking[1]}",
            )
        committed = {header.transaction for header in self._headers(number) if header.kind == COMMIT}
        for process in self._world.processes.values():
            for name in process.role_names:
                role = process.role(name)
                reign = role._reign if isinstance(role, Adjudicator) else None
                if reign is not None and not reign.over and not committed.isdisjoint(reign.participant._pending):
                    self._world.violated(
                        "I12", f"journal {number} goes, and {name} has not heard of all that was committed there"
                    )

    def check(self, journals: Iterable[int]) -> None:
        """At the end. Raises AssertionError."""
        for number in journals:
            since, until = self._since.get(number, 0), self._until.get(number)
            for header in self._headers(number):
                if header.kind == COMMIT:
                    assert header.commit_ts > since, f"I5: journal {number} counts from {since} on: {header}"
                    assert until is None or header.commit_ts <= until, (
                        f"I5: journal {number} has ended at {until}: {header}"
                    )
